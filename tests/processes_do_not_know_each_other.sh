#!/usr/bin/env bash
# Arrows point one way: process -> runtime -> schema. No process crate depends on another.
set -euo pipefail
status=0
for from in supervisor scraper-worker sync-worker api; do
  for to in supervisor scraper-worker sync-worker api; do
    [ "$from" = "$to" ] && continue
    if cargo tree --locked --edges normal -p "$from" -i "$to" >/dev/null 2>&1; then
      echo "$from depends on $to; what both need belongs in runtime or schema" >&2
      status=1
    fi
  done
done
exit $status
