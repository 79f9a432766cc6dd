#!/usr/bin/env bash
# `make demo`: builds ListSync, starts it with a demo world beside it, adds the sample lists, runs a
# sync, prints what became of every title, and stays up until Ctrl-C. Needs no internet once built.
set -euo pipefail
cd "$(dirname "$0")/.."

seerr_port=${DEMO_SEERR_PORT:-5055}
sites_port=${DEMO_SITES_PORT:-5056}
api_port=${LISTSYNC_API_PORT:-4222}
dashboard_port=${LISTSYNC_DASHBOARD_PORT:-3222}

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
[ -t 1 ] || say() { printf '\n%s\n' "$*"; }

command -v cargo >/dev/null || { echo "make demo needs Rust: https://rustup.rs" >&2; exit 1; }
say "Building ListSync (the first time takes a few minutes)"
cargo build --locked -p supervisor -p scraper-worker -p sync-worker -p api -p tests --bins

binaries=$PWD/target/debug
home=$PWD/target/demo
rm -rf "$home"
mkdir -p "$home"

# Nothing of the caller's own ListSync settings may reach the demo.
for name in $(compgen -e | grep -E '^(LISTSYNC_|OVERSEERR_|SEERR_|JELLYSEERR_|TRAKT_|TMDB_|SIMKL_|TVDB_)|_LISTS$' || true); do
  unset "$name"
done
export LISTSYNC_DATA_DIR=$home/data LISTSYNC_LOG_DIR=$home/logs LISTSYNC_CONFIG=$home/listsync.toml
# Paths of sockets must be short; a deep checkout is none of the demo's business.
run_dir=$(mktemp -d "${TMPDIR:-/tmp}/listsync-demo.XXXXXX")
export LISTSYNC_RUN_DIR=$run_dir
export LISTSYNC_API_PORT=$api_port LISTSYNC_DASHBOARD_PORT=$dashboard_port LISTSYNC_BIND=127.0.0.1
export AUTOMATED_MODE=false LOG_LEVEL=info

cat > "$LISTSYNC_CONFIG" <<TOML
[seerr]
url = "http://127.0.0.1:$seerr_port"
api_key = "demo-seerr-key"

[providers.imdb]
url = "http://127.0.0.1:$sites_port"

[providers.stevenlu]
url = "http://127.0.0.1:$sites_port"

[program.demo-world]
command = "$binaries/demo-world"
args = ["--seerr-port", "$seerr_port", "--sites-port", "$sites_port"]
ready = "notify"
TOML

listsync=$binaries/listsync
supervisor=
finish() {
  trap - INT TERM HUP EXIT
  if [ -n "$supervisor" ] && kill -0 "$supervisor" 2>/dev/null; then
    kill -TERM "$supervisor" 2>/dev/null || true
    wait "$supervisor" 2>/dev/null || true
  fi
  rm -rf "$run_dir"
}
trap 'finish; exit 130' INT
trap 'finish; exit 143' TERM
trap 'finish; exit 129' HUP
trap finish EXIT

say "Starting ListSync and the demo world (log: $home/demo.log)"
# In a session of its own: Ctrl-C reaches this script, which then asks it to stop, once.
setsid "$listsync" run > "$home/demo.log" 2>&1 < /dev/null &
supervisor=$!

# `start all` waits until every program is ready, or says which is not.
for _ in $(seq 100); do
  [ -S "$run_dir/supervisor.sock" ] && break
  kill -0 "$supervisor" 2>/dev/null || { cat "$home/demo.log" >&2; exit 1; }
  read -r -t 0.05 _ <> <(:) || true
done
if ! "$listsync" start all > "$home/start.log" 2>&1; then
  cat "$home/start.log" "$home/demo.log" >&2
  exit 1
fi
"$listsync" status

say "Adding the sample lists"
"$listsync" lists add --type imdb top
"$listsync" lists add https://www.imdb.com/list/ls000000001/
"$listsync" lists add https://www.imdb.com/user/ur00000001/watchlist
"$listsync" lists add --type stevenlu movies

say "Syncing"
"$listsync" sync --wait

key=$(cat "$LISTSYNC_DATA_DIR/api-key")
say "Up until Ctrl-C"
cat <<TEXT
  status page    http://localhost:$dashboard_port/#key=$key
  API            http://localhost:$api_port/api/lists     (header X-Api-Key: $key)
  sample Seerr   http://localhost:$seerr_port/
  command line   export LISTSYNC_CONFIG=$LISTSYNC_CONFIG LISTSYNC_DATA_DIR=$LISTSYNC_DATA_DIR LISTSYNC_RUN_DIR=$run_dir
                 $listsync status
TEXT
if [ -n "${DEMO_ONCE:-}" ]; then exit 0; fi
wait "$supervisor"
