#!/bin/bash
# Fuzzes each target for some time, from its corpus; what it finds is kept under build/fuzz-found.
# usage: run.sh FOLDER SECONDS
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
folder=$1
seconds=$2
found=build/fuzz-found
failed=0
for target in "$folder"/fuzz_*; do
    [[ -x $target && $target != *.* ]] || continue
    name=$(basename "$target")
    # New inputs go to a folder of their own, so that the corpus in the tree stays small and chosen.
    mkdir -p "build/fuzz-corpus/$name" "$found"
    echo "# $name for $seconds s"
    if ! "$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$found/$name-" "build/fuzz-corpus/$name" \
        "tests/fuzz/corpus/${name#fuzz_}" >"build/$name.log" 2>&1; then
        failed=1
        tail -n 40 "build/$name.log"
    fi
    grep -E 'stat::number_of_executed_units' "build/$name.log"
done
exit $failed
