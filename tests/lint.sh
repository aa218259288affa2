#!/bin/bash
# The rules of the tree, each as one "ok - name" or "not ok - name" line; exits 1 when any is broken.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

build=${LINT_BUILD:-build}/gcc # where the objects to look at are, made if need be
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

tidy_one() { # a file that passed is looked at again when it, a header or the rules have changed
    local flags seen
    read -ra flags < <(pkg-config --cflags libstrophe libcurl libcjson sqlite3 libevent openssl \
        libutf8proc libcyaml)
    flags+=(-std=gnu17 -Iinclude -Isrc -include src/base/banned.h '-DROOMLINE_VERSION="0"')
    seen=build/lint/$( (clang-14 -E -CC "${flags[@]}" "$1" && cat .clang-tidy) | sha256sum | cut -c1-40)
    [ -e "$seen" ] && return
    clang-tidy-14 --quiet "$1" -- "${flags[@]}" 2>/dev/null || return 1
    mkdir -p build/lint && touch "$seen"
}
export -f tidy_one

tidy() { sources 'src/*.c' | xargs -P2 -I{} bash -c 'tidy_one {}'; }

cpp() {
    cppcheck --enable=warning,performance,portability --inline-suppr --error-exitcode=1 -q -j2 \
        --std=c11 -Iinclude -Isrc -DROOMLINE_VERSION='"0"' --suppress=missingIncludeSystem \
        --suppress=uninitvar --suppress=syntaxError src
}

io_free() { # what the pure parts call must not come from a library that does I/O
    find "$build/src/core" "$build/src/bridge" -name '*.o' -exec nm -u {} + |
        grep -E ' U (curl_|xmpp_|sqlite3_|cJSON_|event_|evhttp_|evbuffer_|bufferevent_|chat_xmpp|twilio|sandbox)' || true
}

defined() { nm -g --defined-only "$@" | awk 'NF == 3 {print $3}' | sort -u; }

inward() { # base calls base, core calls base; the rest of each other only what a contract declares
    local from to folders="base core bridge chat sms store http cmd app" contract allowed
    contract=$(grep -ohE '[a-z_0-9]+' include/roomline/*.h | sort -u)
    for from in $folders; do
        [ "$from" != app ] || continue # it wires everything
        for to in $folders; do
            case $from:$to in
            "$to:$to" | *:base | bridge:core | sms:core | cmd:core) continue ;;
            base:* | core:*) allowed= ;;
            *) allowed=$contract ;;
            esac
            find "$build/src/$from" -name '*.o' -exec nm -u {} + | awk 'NF == 2 {print $2}' | sort -u |
                comm -12 - <(find "$build/src/$to" -name '*.o' -print0 | xargs -0 nm -g --defined-only |
                    awk 'NF == 3 {print $3}' | sort -u) |
                comm -23 - <(echo "$allowed") | sed "s/^/$from calls $to: /"
        done
    done
}

replaced="XML_SetElementHandler" # on purpose; src/chat/xmpp/xmpp_library.c says why
names_of_others() { # a function of ours would be called in place of a library's of the same name
    ldd "$build/roomline" | awk '$3 ~ /^\// {print $3}' | xargs -n1 nm -D --defined-only |
        awk 'NF == 3 {sub(/@.*/, "", $3); print $3}' | sort -u |
        comm -12 - <(defined "$build/libroomline.a") | comm -23 - <(echo "$replaced")
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

scripts() { sources '*.sh' .ci/run docker/{prosody,synapse}/{entrypoint,add-user} | xargs shellcheck -S warning; }

example() {
    "$build/roomline" init --example | diff - config/roomline.yaml.example
}

make -s "-j$(nproc)" "BUILD=$(dirname "$build")" all >&2 || exit 1

rule "format" formatted
rule "clang-tidy" tidy
rule "cppcheck" cpp
rule "core and bridge call no library that does I/O" nothing io_free
rule "folders call each other inward and by contract only" nothing inward
rule "no name is one that a linked library exports" nothing names_of_others
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
