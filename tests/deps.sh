#!/bin/bash
# Install what building, testing and the demo need: Debian packages, and in build/ what Debian does
# not have: a Matrix homeserver with a client (Python), and packages of npm. Quick when all is there.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(
    # to build
    build-essential pkg-config libstrophe-dev libexpat1-dev libcurl4-openssl-dev libcjson-dev
    libsqlite3-dev libevent-dev libssl-dev libutf8proc-dev libcyaml-dev libyaml-dev tzdata ca-certificates
    # to check
    clang-14 clang-format-14 clang-tidy-14 libclang-rt-14-dev cppcheck libcmocka-dev shellcheck git
    # real servers and clients for the end to end tests and the demo
    prosody prosody-modules lua-dbi-sqlite3 ejabberd kannel kannel-extras
    python3 python3-pytest python3-slixmpp python3-aiohttp python3-venv openssl curl sqlite3 procps
)
command -v node >/dev/null && command -v npm >/dev/null || packages+=(nodejs npm)

# Older ones are wrong: four Canadian provinces changed their clocks, eight holes were closed; or not
# what runs out there: newer ones of expat keep back what came in parts.
declare -A at_least=(
    [tzdata]=2026f [libevent-dev]=2.1.12-stable-8+deb12u1 [libexpat1-dev]=2.5.0-1+deb12u2
)

policy=/usr/sbin/policy-rc.d
missing=()
for p in "${packages[@]}"; do
    read -r status version < <(dpkg-query -W -f '${db:Status-Status} ${Version}\n' "$p" 2>/dev/null) || true
    if [ "${status:-}" != installed ] ||
        dpkg --compare-versions "$version" lt "${at_least[$p]:-0}"; then
        missing+=("$p")
    fi
done

install_missing() {
    local sudo=
    if [ "$(id -u)" -ne 0 ]; then
        sudo=$(command -v sudo) || {
            echo "These packages are missing; install them as root: ${missing[*]}" >&2
            exit 1
        }
    fi
    echo "Installing: ${missing[*]}"
    # The servers are started by the tests on ports of their own; nothing may start by itself.
    if [ ! -e $policy ]; then
        printf '#!/bin/sh\nexit 101\n' | $sudo tee $policy >/dev/null
        $sudo chmod 755 $policy
        # shellcheck disable=SC2064 # as it is now
        trap "$sudo rm -f $policy" EXIT
    fi
    export DEBIAN_FRONTEND=noninteractive
    $sudo apt-get update -qq
    $sudo apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# The copy of the list is put beside what it asked for when all is there.
up_to_date() { cmp -s "$1" "$2"; } # LIST COPY

install_matrix() { # for Debian's own Python, which runs the tests
    local list=tests/e2e/matrix-requirements.txt venv=build/matrix-venv
    up_to_date $list $venv/installed.txt && return
    echo "Installing a Matrix homeserver into $venv"
    rm -rf $venv
    /usr/bin/python3 -m venv $venv
    $venv/bin/python -m pip install -q --disable-pip-version-check --no-deps -r $list
    cp $list $venv/installed.txt
}

install_npm() {
    local list=tests/e2e/npm/package.json folder=build/npm
    up_to_date $list $folder/installed.json && return
    echo "Installing packages of npm into $folder"
    rm -rf $folder
    mkdir -p $folder
    cp $list $folder/package.json
    npm install --prefix $folder --no-package-lock --no-audit --no-fund --ignore-scripts --silent
    cp $list $folder/installed.json
}

[ ${#missing[@]} -eq 0 ] || install_missing
mkdir -p build
exec 9>build/deps.lock
flock 9 # two at once would take each other's files away
install_matrix
install_npm
