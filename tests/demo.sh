#!/usr/bin/env bash
# `make demo`: builds ListSync, starts it with a demo world beside it, adds the sample lists, runs a
# sync, prints what became of every title, and stays up until Ctrl-C. Needs no internet once built,
# except for a browser where there is none: chromium-headless-shell is then installed, saying so.
set -euo pipefail
cd "$(dirname "$0")/.."

seerr_port=${DEMO_SEERR_PORT:-5055}
sites_port=${DEMO_SITES_PORT:-5056}
api_port=${LISTSYNC_API_PORT:-4222}
dashboard_port=${LISTSYNC_DASHBOARD_PORT:-3222}

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
[ -t 1 ] || say() { printf '\n%s\n' "$*"; }

# Two of the sample lists are pages that only a browser can read.
has_browser() { command -v chromium-headless-shell || command -v chromium; } > /dev/null
install_browser() {
  local install='apt-get install -y --no-install-recommends chromium-headless-shell'
  local as_root=
  if ! command -v apt-get > /dev/null; then
    say "No browser found. The two lists that need one will say so; install chromium-headless-shell or chromium to see them work"
    return
  fi
  if [ "$(id -u)" -ne 0 ]; then
    if ! sudo -n true 2> /dev/null; then
      say "No browser found. The two lists that need one will say so; to see them work: sudo $install"
      return
    fi
    as_root=sudo
  fi
  say "No browser found: installing chromium-headless-shell ($install)"
  # Package lists may be older than the packages.
  $as_root apt-get update -q < /dev/null || true
  DEBIAN_FRONTEND=noninteractive $as_root $install < /dev/null \
    || say "It could not be installed. The two lists that need it will say so, everything else works"
}
has_browser || install_browser

command -v cargo >/dev/null || { echo "make demo needs Rust: https://rustup.rs" >&2; exit 1; }
say "Building ListSync (the first time takes a few minutes)"
export CARGO_TARGET_DIR=$PWD/target
cargo build --locked -p supervisor -p scraper-worker -p sync-worker -p api -p tests --bins

binaries=$PWD/target/debug
home=$PWD/target/demo
mkdir -p "$PWD/target"
exec 9> "$PWD/target/demo.lock"
flock -n 9 || { echo "make demo runs already in this checkout; stop it with Ctrl-C first" >&2; exit 1; }
rm -rf "$home"
mkdir -p "$home"
# Paths of sockets must be short; a deep checkout is none of the demo's business.
run_dir=$(mktemp -d "${TMPDIR:-/tmp}/listsync-demo.XXXXXX")

# Nothing of the caller's own ListSync may reach the demo: neither variables nor a `.env`, which is
# read from the working directory. The demo's requests must never end in a real Seerr.
cd "$home"
LISTSYNC_CONFIG=$home/listsync.toml
export=$home/letterboxd-anna-2026-11-01-08-00-utc.zip
clean=(
  env -i PATH="$PATH" HOME="$home" TERM="${TERM:-dumb}" LANG="${LANG:-C.UTF-8}" ${NO_COLOR:+NO_COLOR="$NO_COLOR"}
  LISTSYNC_DATA_DIR="$home/data" LISTSYNC_LOG_DIR="$home/logs" LISTSYNC_RUN_DIR="$run_dir"
  LISTSYNC_CONFIG="$LISTSYNC_CONFIG" LISTSYNC_BIND=127.0.0.1
  LISTSYNC_API_PORT="$api_port" LISTSYNC_DASHBOARD_PORT="$dashboard_port"
  OVERSEERR_URL="http://127.0.0.1:$seerr_port" OVERSEERR_API_KEY=demo-seerr-key
  TRAKT_CLIENT_ID=fake-trakt-client-id
  AUTOMATED_MODE=false LOG_LEVEL=info
)
listsync() { "${clean[@]}" "$binaries/listsync" "$@"; }

cat > "$LISTSYNC_CONFIG" <<TOML
[providers.imdb]
url = "http://127.0.0.1:$sites_port"

[providers.stevenlu]
url = "http://127.0.0.1:$sites_port"

[providers.trakt]
url = "http://127.0.0.1:$sites_port"

# By another name: Letterboxd is asked once in two seconds, and the pace is kept by host.
[providers.letterboxd]
url = "http://localhost:$sites_port"

[providers.tmdb]
url = "http://127.0.0.1:$sites_port"

# The sample web page is on this machine, where real lists never are.
[providers]
allow_private_addresses = true

[program.demo-world]
command = "$binaries/demo-world"
args = ["--seerr-port", "$seerr_port", "--sites-port", "$sites_port", "--export", "$export"]
ready = "notify"
TOML

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
"${clean[@]}" setsid "$binaries/listsync" run > "$home/demo.log" 2>&1 < /dev/null 9>&- &
supervisor=$!

# `start all` waits until every program is ready, or says which is not.
for _ in $(seq 100); do
  [ -S "$run_dir/supervisor.sock" ] && break
  kill -0 "$supervisor" 2>/dev/null || { cat "$home/demo.log" >&2; exit 1; }
  read -r -t 0.05 _ <> <(:) || true
done
if ! listsync start all > "$home/start.log" 2>&1; then
  cat "$home/start.log" "$home/demo.log" >&2
  exit 1
fi
listsync status

say "Adding the sample lists"
listsync lists add --type imdb top
listsync lists add https://www.imdb.com/list/ls000000001/
listsync lists add https://www.imdb.com/user/ur00000001/watchlist
listsync lists add --type stevenlu movies
listsync lists add https://trakt.tv/users/anna/lists/rainy-days
listsync lists add https://letterboxd.com/anna/watchlist/
listsync lists add "$export"
listsync lists add https://www.themoviedb.org/list/8136
listsync lists add "http://127.0.0.1:$sites_port/pages/staff-picks"

say "Syncing"
listsync sync --wait

key=$(cat "$home/data/api-key")
say "Up until Ctrl-C"
cat <<TEXT
  status page    http://localhost:$dashboard_port/#key=$key
  API            http://localhost:$api_port/api/lists     (header X-Api-Key: $key)
  sample Seerr   http://localhost:$seerr_port/
  command line   export LISTSYNC_RUN_DIR=$run_dir LISTSYNC_DATA_DIR=$home/data
                 $binaries/listsync status
TEXT
if [ -n "${DEMO_ONCE:-}" ]; then exit 0; fi
wait "$supervisor"
