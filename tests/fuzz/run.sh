#!/bin/bash
# Fuzzes each target for some time, from its corpus. What it finds is kept in FOLDER/found.
# usage: run.sh FOLDER SECONDS
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
folder=$1
seconds=$2
failed=0
mkdir -p "$folder/found" "$folder/log"
for target in "$folder"/fuzz_*; do
    [[ -x $target ]] || continue
    name=$(basename "$target")
    # New inputs go to a folder of their own, so that the corpus in the tree stays small and chosen.
    mkdir -p "$folder/corpus/$name"
    if ! "$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$folder/found/$name-" "$folder/corpus/$name" \
        "tests/fuzz/corpus/${name#fuzz_}" >"$folder/log/$name" 2>&1; then
        failed=1
        tail -n 40 "$folder/log/$name"
        echo "$name: FOUND something, kept in $folder/found"
    else
        echo "$name: $(sed -n 's/^stat::number_of_executed_units: //p' "$folder/log/$name")" \
            "inputs in $seconds s, nothing found"
    fi
done
exit $failed
