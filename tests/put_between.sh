#!/usr/bin/env bash
# put_between.sh FILE BEGIN END INSERT: replaces what stands between the two marker lines of FILE.
set -euo pipefail
file=$1 begin=$2 end=$3 insert=$4
grep -qF -- "$begin" "$file" || { echo "$file has no line $begin" >&2; exit 1; }
awk -v begin="$begin" -v end="$end" -v insert="$insert" '
  index($0, begin) { print; while ((getline line < insert) > 0) print line; skipping = 1; next }
  index($0, end) { skipping = 0 }
  !skipping { print }
' "$file" > "$file.new"
cat "$file.new" > "$file"
rm "$file.new"
