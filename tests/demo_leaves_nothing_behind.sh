#!/usr/bin/env bash
# Runs the demo once, with settings of somebody's real Seerr in reach, and looks that it used none of
# them, did its work, and left no process and no socket behind.
set -euo pipefail
cd "$(dirname "$0")/.."
out=$(mktemp)
trap 'rm -f "$out"' EXIT
export OVERSEERR_URL=http://127.0.0.1:1 IMDB_LISTS=ls999999999 DEMO_ONCE=1
DEMO_SEERR_PORT=${DEMO_SEERR_PORT:-15055} DEMO_SITES_PORT=${DEMO_SITES_PORT:-15056} \
  LISTSYNC_API_PORT=14222 LISTSYNC_DASHBOARD_PORT=13222 tests/demo.sh > "$out" 2>&1 \
  || { cat "$out"; echo "the demo failed" >&2; exit 1; }
# Six titles are on pages only that want a browser.
requested=39
if command -v chromium-headless-shell || command -v chromium; then requested=45; fi > /dev/null
grep -q "$requested requested" "$out" || { cat "$out"; echo "the demo requested something else" >&2; exit 1; }
# The tests' own binaries are not the demo's.
if left=$(pgrep -af 'target/debug/(listsync|demo-world)|user-data-dir=[^ ]*listsync-demo' | grep -v -e '-under-test'); then
  echo "left behind: $left" >&2
  exit 1
fi
echo "the demo did its work and left nothing behind"
