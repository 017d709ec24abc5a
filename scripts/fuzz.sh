#!/usr/bin/env bash
# Runs every fuzz target of the module for FUZZTIME (default 60s), one after the other,
# because `go test -fuzz` takes one target of one package at a time.
set -euo pipefail

time=${FUZZTIME:-60s}
# `go test -list` prints a package's targets, then its "ok" line.
list=$(go test -list '^Fuzz' ./... |
  awk '/^Fuzz/ { targets = targets " " $1; next }
       /^ok/   { if (targets != "") print $2 targets; targets = "" }')
ran=0
while read -r package targets; do
  for target in $targets; do
    echo "fuzz: $package $target for $time"
    go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" "$package"
    ran=$((ran + 1))
  done
done <<<"$list"
if [ "$ran" -eq 0 ]; then
  echo "fuzz: found no fuzz target" >&2
  exit 1
fi
echo "fuzz: $ran targets ran for $time each"
