#!/bin/bash
# `make docker-check`: builds the images of docker/ and carries a conversation through them.
# With a Docker engine by that; else, as root on Debian, with buildah and podman, which need neither
# a daemon nor a registry: the base image is then made with debootstrap. What it makes it removes,
# but for the base image and the layers of the build, so that the next time is quick (PURGE=1: all).
set -euo pipefail
cd "$(dirname "$0")/.."

base=docker.io/library/debian:bookworm-slim
images=(roomline-check roomline-check-prosody roomline-check-synapse)
packages=(python3 python3-yaml python3-slixmpp)
options=

engine=docker
docker info >/dev/null 2>&1 || engine=podman
[ $engine = docker ] || packages+=(buildah podman runc debootstrap fuse-overlayfs netavark)

install_missing() {
    local missing=() p
    for p in "${packages[@]}"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] ||
            missing+=("$p")
    done
    [ ${#missing[@]} -ne 0 ] || return 0
    echo "# installing ${missing[*]}"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        "${missing[@]}" >/dev/null
}

make_base() { # the same packages and archives as the official image has
    local root suite
    podman image exists $base && return
    echo "# making $base"
    root=$(mktemp -d)
    debootstrap --variant=minbase bookworm "$root" >/dev/null
    for suite in debian:bookworm debian:bookworm-updates debian-security:bookworm-security; do
        echo "deb http://deb.debian.org/${suite%:*} ${suite#*:} main"
    done >"$root/etc/apt/sources.list"
    tar -C "$root" -c . | podman import - $base >/dev/null
    rm -rf "$root"
}

build() { # TAG DOCKERFILE CONTEXT
    local log authority=()
    log=$(mktemp)
    # Where a proxy with a certificate authority of its own stands before the packages of Python.
    [ -z "${PIP_CERT:-}" ] ||
        authority=(--volume "$PIP_CERT:/etc/pip-authority:ro" --build-arg PIP_CERT=/etc/pip-authority)
    echo "# building $1"
    if [ $engine = docker ]; then
        docker build -t "$1" -f "$2" "$3" >"$log" 2>&1
    else # the format that keeps HEALTHCHECK
        buildah bud --isolation chroot --network host --pull-never --format docker --layers \
            "${authority[@]}" -t "localhost/$1" -f "$2" "$3" >"$log" 2>&1
    fi || {
        tail -n 40 "$log"
        echo "not ok - $2 builds"
        exit 1
    }
    rm -f "$log"
    echo "ok - $2 builds"
}

clean_up() {
    $engine rmi -f "${images[@]}" >/dev/null 2>&1 || true
    [ -z "${PURGE:-}" ] || [ "$engine" = docker ] || podman system prune -af >/dev/null
}

if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then install_missing; fi
if [ $engine = podman ]; then
    [ "$(id -u)" -eq 0 ] || {
        echo "There is no Docker engine; without one this must run as root." >&2
        exit 1
    }
    # Low limits: where this is a container itself, they may not be raised. No timer for the health
    # check: that needs systemd; the check runs it. No tmpfs of Podman's own: Docker has none.
    options="--ulimit=nofile=1024:1024 --ulimit=nproc=4096:4096 --health-interval=disable
        --read-only-tmpfs=false"
    make_base
fi
trap clean_up EXIT
build "${images[0]}" docker/Dockerfile .
build "${images[1]}" docker/prosody/Dockerfile docker/prosody
build "${images[2]}" docker/synapse/Dockerfile .

export PYTHONPATH=tests/e2e PYTHONDONTWRITEBYTECODE=1
[ $engine = docker ] || engine="podman --runtime runc"
ENGINE=$engine RUN_OPTIONS=$options /usr/bin/python3 tests/e2e/docker_check.py "${images[@]}"
