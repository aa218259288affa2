#!/bin/sh
# Makes the secrets that compose.yml hands to the containers as files; keeps those that exist.
set -eu
cd "$(dirname "$0")"
mkdir -p secrets
chmod 700 secrets
for name in xmpp_secret hook_secret matrix_as_token matrix_hs_token; do
    [ -s "secrets/$name" ] && continue
    od -An -N24 -tx1 /dev/urandom | tr -d ' \n' >"secrets/$name"
    # Read by the containers' own users, who are not this one.
    chmod 644 "secrets/$name"
    echo "made docker/secrets/$name"
done
