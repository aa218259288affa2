#!/bin/bash
# Install the Debian packages that building, testing and the demo need. Quick when all are there.
set -euo pipefail

packages=(
    # to build
    build-essential pkg-config libstrophe-dev libcurl4-openssl-dev libcjson-dev libsqlite3-dev
    libevent-dev libssl-dev libutf8proc-dev libcyaml-dev libyaml-dev tzdata ca-certificates
    # to check
    clang-14 clang-format-14 clang-tidy-14 libclang-rt-14-dev cppcheck libcmocka-dev shellcheck git
    # real servers and clients for the end to end tests and the demo
    prosody prosody-modules lua-dbi-sqlite3 ejabberd kannel kannel-extras
    python3 python3-pytest python3-slixmpp python3-aiohttp openssl curl sqlite3 procps
)
command -v node >/dev/null && command -v npm >/dev/null || packages+=(nodejs npm)

# Older ones are wrong: four Canadian provinces changed their clocks, eight holes were closed.
declare -A at_least=([tzdata]=2026f [libevent-dev]=2.1.12-stable-8+deb12u1)

missing=()
for p in "${packages[@]}"; do
    read -r status version < <(dpkg-query -W -f '${db:Status-Status} ${Version}\n' "$p" 2>/dev/null) || true
    if [ "${status:-}" != installed ] ||
        dpkg --compare-versions "$version" lt "${at_least[$p]:-0}"; then
        missing+=("$p")
    fi
done
[ ${#missing[@]} -eq 0 ] && exit 0

sudo=
if [ "$(id -u)" -ne 0 ]; then
    sudo=$(command -v sudo) || {
        echo "These packages are missing; install them as root: ${missing[*]}" >&2
        exit 1
    }
fi
echo "Installing: ${missing[*]}"
# The servers are started by the tests on ports of their own; nothing may start by itself.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' | $sudo tee $policy >/dev/null
    $sudo chmod 755 $policy
    trap '$sudo rm -f $policy' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get update -qq
$sudo apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
