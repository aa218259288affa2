#!/bin/bash
# The rules of the tree, each as one "ok - name" or "not ok - name" line; exits 1 when any is broken.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

failed=0
n=0

rule() { # NAME COMMAND...: holds when the command exits with 0
    local name=$1 out
    shift
    n=$((n + 1))
    if out=$("$@" 2>&1); then
        echo "ok - $name"
    else
        echo "not ok - $name"
        head -n 40 <<<"$out" | sed 's/^/    /'
        failed=$((failed + 1))
    fi
}

sources() { git ls-files --cached --others --exclude-standard "$@"; }

nothing() { # holds when the pipeline before it printed nothing
    local out
    out=$("$@")
    [ -z "$out" ] || {
        echo "$out"
        return 1
    }
}

only_in() { # REGEX WHERE...: only files under WHERE include a header like that
    local regex=$1 where
    shift
    where=$(printf '|%s' "$@")
    git grep -lE --untracked "#include [<\"]$regex" -- src include | grep -vE "^(${where:1})" || true
}

formatted() { sources 'src/*.[ch]' 'include/*.h' 'tests/*.[ch]' | xargs clang-format-14 --dry-run -Werror; }

tidy() {
    local flags
    flags="-std=gnu17 -Iinclude -Isrc -include src/base/banned.h -DROOMLINE_VERSION='\"0\"' \
$(pkg-config --cflags libstrophe libcurl libcjson sqlite3 libevent openssl libutf8proc libcyaml)"
    sources 'src/*.c' | xargs -P2 -I{} sh -c "clang-tidy-14 --quiet {} -- $flags" 2>/dev/null
}

# The lists of sys/queue.h are beyond cppcheck 2.10: it takes their heads for syntax errors and what
# they link for uninitialized. The compilers and the sanitizers look for the same.
cpp() {
    cppcheck --enable=warning,performance,portability --inline-suppr --error-exitcode=1 -q -j2 \
        --std=c11 -Iinclude -Isrc -DROOMLINE_VERSION='"0"' --suppress=missingIncludeSystem \
        --suppress=uninitvar --suppress=syntaxError src
}

layers() { # what the pure parts call must not come from a library that does I/O
    local objects
    objects=$(find build/gcc/src/core build/gcc/src/bridge -name '*.o' 2>/dev/null)
    [ -n "$objects" ] || make -s -j2 all || return 1
    find build/gcc/src/core build/gcc/src/bridge -name '*.o' -exec nm -u {} + |
        grep -E ' U (curl_|xmpp_|sqlite3_|cJSON_|event_|evhttp_|evbuffer_|bufferevent_|chat_xmpp|twilio|sandbox)' || true
}

headers_alone() {
    local h
    for h in include/roomline/*.h; do
        gcc -std=gnu17 -Wall -Wextra -Werror -Iinclude -fsyntax-only -x c "$h" || return 1
    done
}

third_party() {
    git grep -nE --untracked '#include <(curl|strophe|sqlite3|cjson|event|evhttp|openssl|utf8proc|cyaml)' -- include || true
}

too_long() { sources 'src/*.c' | xargs wc -l | awk '$1 > 600 && $2 != "total" {print $2, $1}'; }
raw_xml() { git grep -nE --untracked 'xmpp_send_raw|xmpp_stanza_new_from_string' -- src | grep -v ':[0-9]*: \*' || true; }

unmapped() { # every source file has its line in the map
    local f
    sources 'src/*.c' | while read -r f; do
        grep -qF "$(basename "$f")" src/README.md || echo "src/README.md lacks $f"
    done
}

scripts() { sources '*.sh' .ci/run docker/prosody/entrypoint docker/prosody/add-user | xargs shellcheck -S warning; }

example() {
    build/gcc/roomline init --example | diff - config/roomline.yaml.example
}

rule "format" formatted
rule "clang-tidy" tidy
rule "cppcheck" cpp
rule "core and bridge call no library that does I/O" nothing layers
rule "contracts compile alone" headers_alone
rule "contracts name no third party" nothing third_party
rule "sqlite3.h only in store" nothing only_in 'sqlite3\.h' src/store/
rule "curl.h only in http/client.c" nothing only_in 'curl/' src/http/client.c
rule "libevent only in the loop and the server" nothing only_in 'event' src/app/loop.c src/http/ src/app/loop
rule "strophe.h only in chat/xmpp" nothing only_in 'strophe\.h' src/chat/xmpp/
rule "cyaml only in the configuration" nothing only_in 'cyaml' src/app/config
rule "no raw XML is sent" nothing raw_xml
rule "no source file over 600 lines" nothing too_long
rule "the map names every source file" nothing unmapped
rule "shellcheck" scripts
rule "the example configuration is what init prints" example
echo "1..$n"
[ "$failed" -eq 0 ]
