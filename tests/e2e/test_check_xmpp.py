# SPDX-License-Identifier: AGPL-3.0-or-later
"""What `roomline check` says of the XMPP server: by a handshake of its own where no daemon runs, and
else by what the running daemon says, whose connection must live on."""
import json
import subprocess
import urllib.request

import pytest

from daemon import Roomline, binary
from servers import Ejabberd, Prosody

OK, CONFIG, NETWORK = 0, 3, 5


@pytest.fixture(scope="module", params=[Prosody, Ejabberd], ids=["prosody", "ejabberd"])
def server(request):
    with request.param() as running:
        yield running


def check(roomline):
    answer = subprocess.run([binary(), "check", "-c", roomline.path("roomline.yaml")],
                            capture_output=True, text=True, timeout=60, check=False)
    return answer.returncode, [l for l in answer.stdout.splitlines() if " xmpp: " in l]


def checked(server, **changes):
    roomline = Roomline(server)
    try:
        roomline.config["xmpp"].update(changes)
        roomline.write_config()
        code, lines = check(roomline)
        assert len(lines) == 1
        return code, lines[0]
    finally:
        roomline.close()


def test_what_is_right_is_ok(server):
    assert checked(server) == (
        OK, f"ok   xmpp: the server takes the component {server.component}, and {server.muc} answers")


@pytest.mark.parametrize("key, value, says", [
    ("secret", "wrong", "xmpp.secret must be the same"),
    ("secret", "<&\"'>", "xmpp.secret must be the same"),
    ("domain", "smss.localhost", "xmpp.domain"),
    ("domain", "sms.localhost'/>", "xmpp.domain must be a domain"),
    ("muc_service", "roms.localhost", "xmpp.muc_service"),
    ("muc_service", "localhost", "no service for chat rooms"),
])
def test_what_is_wrong_is_named(server, key, value, says):
    code, line = checked(server, **{key: value})
    assert code == CONFIG
    assert line.startswith("FAIL xmpp: ") and says in line


def test_a_port_of_something_else_is_told(server):
    code, line = checked(server, port=server.http_port)
    assert code == NETWORK
    assert "does not answer as XMPP does" in line


def test_a_running_daemon_is_asked_and_keeps_its_connection(server):
    with Roomline(server) as roomline:
        roomline.wait_chat()
        code, lines = check(roomline)
        assert code == OK
        assert lines[0].startswith("ok   xmpp: the running daemon is connected to ")
        assert "xmpp.down" not in roomline.log()
        with urllib.request.urlopen(roomline.url + "/health", timeout=20) as answer:
            network, = json.load(answer)["networks"]
        assert (network["name"], network["up"]) == ("xmpp", True)
        assert network["state"].startswith("connected to ")
        # Also where it cannot be asked: the lock tells that it runs.
        roomline.config["http"]["listen"] = "127.0.0.1:1"
        roomline.write_config()
        _, lines = check(roomline)
        assert lines[0].startswith("warn xmpp: not tried")
        assert "xmpp.down" not in roomline.log()


def test_a_running_daemon_without_its_server_is_not_well(server):
    with Roomline(server, sections={"xmpp": {"secret": "wrong"}}) as roomline:
        code, lines = check(roomline)
        assert code == NETWORK
        assert lines[0].startswith("FAIL xmpp: the running daemon is ")
