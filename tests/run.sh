#!/bin/bash
# The whole `make test`: builds with warnings as errors (gcc, clang, sanitizers), lint, units under
# sanitizers, the corpora of the fuzz targets, and end to end against real servers.
# Ends in the one line "N passed, N failed"; exits 1 when anything failed.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

jobs=-j$(nproc)
passed=0
failed=0
logs=build/test-logs
mkdir -p "$logs"

ok() { passed=$((passed + ${1:-1})); }
not_ok() {
    failed=$((failed + 1))
    echo "not ok - $1"
    [ -z "${2:-}" ] || tail -n 60 "$2"
}

step() { # NAME COMMAND...: one check by its exit code, its output kept and shown when it fails
    local name=$1 log
    shift
    log=$logs/${name//[^a-z0-9]/-}.log
    echo "# $name"
    if "$@" >"$log" 2>&1; then ok; else not_ok "$name" "$log"; fi
}

count_tap() { # LOG: adds the lines of a test program's TAP output
    ok "$(grep -c '^ok ' "$1")"
    local bad
    bad=$(grep -c '^not ok ' "$1")
    failed=$((failed + bad))
    [ "$bad" -eq 0 ] || grep -A12 '^not ok ' "$1"
    return "$bad"
}

step "build gcc" make -s $jobs WERROR=1 all bench-build
step "build clang" make -s $jobs WERROR=1 CC=clang-14 all
step "build sanitizers" make -s -k $jobs WERROR=1 SAN=1 all unit replay

echo "# lint"
tests/lint.sh >"$logs/lint.log" 2>&1 || true
count_tap "$logs/lint.log" || true
grep -q '^1\.\.' "$logs/lint.log" || not_ok "lint did not run to its end" "$logs/lint.log"

echo "# units"
for source in $(find tests/unit -name 'test_*.c' | sort); do
    name=${source#tests/unit/}
    name=${name%.c}
    log=$logs/unit-${name//\//-}.log
    CMOCKA_MESSAGE_OUTPUT=TAP timeout 300 "build/gcc-san/unit/$name" >"$log" 2>&1
    code=$?
    if count_tap "$log" && [ $code -ne 0 ]; then not_ok "$name ended with $code" "$log"; fi
    grep -q '^ok \|^not ok ' "$log" || not_ok "$name ran no test" "$log"
done

echo "# fuzz corpora"
for source in $(find tests/fuzz -name 'fuzz_*.c' | sort); do
    name=$(basename "$source" .c)
    mapfile -t inputs < <(find "tests/fuzz/corpus/${name#fuzz_}" -type f 2>/dev/null)
    if [ ${#inputs[@]} -eq 0 ]; then
        not_ok "$name has no corpus"
    else
        step "replay $name" timeout 300 "build/gcc-san/fuzz/$name" "${inputs[@]}"
    fi
done

echo "# end to end"
export ROOMLINE_BIN=$PWD/build/gcc-san/roomline PYTHONDONTWRITEBYTECODE=1
# A daemon that a test did not look at may have something to report too.
rm -f "$logs"/sanitizer.*
export ASAN_OPTIONS=log_path=$PWD/$logs/sanitizer
timeout 3600 /usr/bin/python3 -m pytest -p no:cacheprovider -q --maxfail=50 \
    --junitxml="$logs/e2e.xml" tests/e2e 2>&1 | tee "$logs/e2e.log" | grep -vE '^(\.|$)'
counts=$(/usr/bin/python3 - "$logs/e2e.xml" <<'PY'
import sys
import xml.etree.ElementTree as ET
suite = ET.parse(sys.argv[1]).getroot().find("testsuite")
n = {k: int(suite.get(k)) for k in ("tests", "failures", "errors", "skipped")}
bad = n["failures"] + n["errors"] + n["skipped"]
print(n["tests"] - bad, bad)
PY
) || counts="0 1"
read -r good bad <<<"$counts"
ok "$good"
failed=$((failed + bad))
[ "$good" -gt 0 ] || not_ok "end to end ran no test"
for report in "$logs"/sanitizer.*; do
    [ ! -e "$report" ] || not_ok "a sanitizer reported" "$report"
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
