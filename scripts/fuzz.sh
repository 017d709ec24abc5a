#!/usr/bin/env bash
# Runs every fuzz target of the module for FUZZTIME (default 60s), one after the other,
# because `go test -fuzz` takes one target of one package at a time. All of them run,
# whatever one finds; what was found is in testdata/fuzz of its package, to be kept.
set -euo pipefail

time=${FUZZTIME:-60s}
# `go test -list` prints a package's targets, then its "ok" line.
list=$(go test -list '^Fuzz' ./... |
  awk '/^Fuzz/ { targets = targets " " $1; next }
       /^ok/   { if (targets != "") print $2 targets; targets = "" }')
ran=0
failed=()
while read -r package targets; do
  for target in $targets; do
    echo "fuzz: $package $target for $time"
    go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" "$package" </dev/null || failed+=("$package $target")
    ran=$((ran + 1))
  done
done <<<"$list"
if [ "$ran" -eq 0 ]; then
  echo "fuzz: found no fuzz target" >&2
  exit 1
fi
echo "fuzz: $ran targets ran for $time each, $((SECONDS / 60)) min $((SECONDS % 60)) s in all"
if [ ${#failed[@]} -gt 0 ]; then
  printf 'fuzz: %s found something\n' "${failed[@]}" >&2
  exit 1
fi
