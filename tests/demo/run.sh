#!/bin/bash
# The demo: real Prosody, the daemon, a volunteer over XMPP, phones of the sandbox.
# usage: run.sh BINARY      ONCE=1 ends after the transcript
set -euo pipefail
cd "$(dirname "$0")/../.."
binary=$(realpath "$1")
exec env ROOMLINE_BIN="$binary" PYTHONPATH=tests/e2e PYTHONDONTWRITEBYTECODE=1 \
    /usr/bin/python3 tests/demo/demo.py
