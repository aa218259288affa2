#!/bin/bash
# The demo: a real chat server, the daemon, a volunteer at a real client, phones of the sandbox.
# usage: run.sh BINARY      NETWORK=xmpp|matrix, SHAPE=room|thread, ONCE=1: see demo.py
set -euo pipefail
cd "$(dirname "$0")/../.."
binary=$(realpath "$1")
exec env ROOMLINE_BIN="$binary" PYTHONPATH=tests/e2e PYTHONDONTWRITEBYTECODE=1 \
    /usr/bin/python3 tests/demo/demo.py
