#!/bin/bash
# All measurements, each as a ratio or against a bound, with its reference in the same run.
# usage: run.sh FOLDER-OF-THE-BUILD
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
out=$(realpath "$1")
export ROOMLINE_BIN=$out/roomline PYTHONPATH=tests/e2e PYTHONDONTWRITEBYTECODE=1
failed=0
"$out/bench/throughput" || failed=1
for part in latency idle matrix_rate matrix_latency matrix_many; do
    /usr/bin/python3 tests/bench/$part.py || failed=1
done
[ $failed -eq 0 ] && echo "All within their bounds." || echo "Something is outside its bounds."
exit $failed
