#!/usr/bin/env bash
# Arrows point one way: process -> runtime -> schema. No process crate depends on another, and none
# on what is another's work.
set -euo pipefail
status=0

# depends FROM ON: whether crate FROM links crate ON. A tree that cannot be made is a failure, not a no.
depends() {
  local tree
  tree=$(cargo tree --locked --edges normal --prefix none -p "$1") || exit 1
  grep -qE "^$2 v" <<< "$tree"
}

forbid() {
  if depends "$1" "$2"; then
    echo "$1 depends on $2: $3" >&2
    status=1
  fi
}

for from in supervisor scraper-worker sync-worker api; do
  for to in supervisor scraper-worker sync-worker api; do
    [ "$from" = "$to" ] || forbid "$from" "$to" "what both need belongs in runtime or schema"
  done
done
forbid schema actix-web "schema starts nothing"
forbid schema runtime "schema is what runtime stands on"
forbid supervisor actix-web "HTTP for people is api's work"
forbid supervisor reqwest "the supervisor talks to sockets only"
forbid api reqwest "api asks other processes, not sites"

# A guard that finds nothing where there is something guards nothing.
depends api actix-web || { echo "the guard does not see that api depends on actix-web" >&2; status=1; }
exit $status
