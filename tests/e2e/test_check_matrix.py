# SPDX-License-Identifier: AGPL-3.0-or-later
"""`roomline registration` and `roomline check` with a real homeserver, and how the daemon ends when an
admin has to act first. What is wrong is named, with a code of its own and with what to do."""
import http.server
import json
import os
import subprocess
import threading

import pytest

from daemon import binary
from servers import HOST, Process, free_ports, password, port_open, wait_until
from synapse import DOMAIN, Synapse

OK, CONFIG, NETWORK, SERVER, SECRET, NAME, ROAD = 0, 3, 5, 7, 8, 9, 10
BOT = f"@roomline:{DOMAIN}"


class Installed:
    """A folder in which `roomline init` was called, and a homeserver that has the registration."""

    def __init__(self, folder):
        self.folder, self.port = str(folder), free_ports(1)[0]
        self.server = Synapse()
        assert self.roomline("init", "--network", "matrix").returncode == OK
        self.config = self.read("roomline.yaml")
        self.change("http://127.0.0.1:8008", self.server.url)
        self.change("127.0.0.1:8080", f"{HOST}:{self.port}")
        self.change("domain: example.org", "domain: " + DOMAIN)
        self.change("@olga:example.org", f"@organizer:{DOMAIN}")
        self.write(self.config)
        assert self.roomline("registration", "-o", "registration.yaml").returncode == OK
        self.server.registrations.append(self.path("registration.yaml"))
        self.server.start()

    def path(self, name):
        return os.path.join(self.folder, name)

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as f:
            return f.read()

    def write(self, text, name="roomline.yaml"):
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(self.path(name), 0o600)

    def change(self, old, new):
        assert old in self.config
        self.config = self.config.replace(old, new)

    def value(self, key):
        return [l for l in self.config.splitlines() if l.startswith(f"  {key}: ")][0].split(": ")[1]

    def with_values(self, **values):
        """The configuration with other values in it; a key that is a comment is taken in."""
        text = self.config
        for key, value in values.items():
            lines = [l for l in text.splitlines() if l.startswith((f"  {key}:", f"  #{key}:"))]
            assert len(lines) == 1, (key, lines)
            text = text.replace(lines[0] + "\n", f"  {key}: {json.dumps(value)}\n")
        return text

    def roomline(self, *args):
        return subprocess.run([binary(), *args], cwd=self.folder, capture_output=True, text=True,
                              timeout=60, check=False)

    def check(self, **values):
        """The exit code, and the lines about Matrix."""
        self.write(self.with_values(**values), "other.yaml")
        answer = self.roomline("check", "-c", "other.yaml")
        return answer.returncode, [l for l in answer.stdout.splitlines() if " matrix: " in l]

    def checked(self, **values):
        code, lines = self.check(**values)
        assert len(lines) == 1, lines
        return code, lines[0]

    def run(self, **values):
        """`roomline run`; the log is in "log"."""
        self.write(self.with_values(**values), "other.yaml")
        if os.path.exists(self.path("log")):
            os.unlink(self.path("log"))
        process = Process([binary(), "run", "-c", "other.yaml"], self.path("log"), cwd=self.folder)
        process.start()
        return process

    def log(self):
        return self.read("log")


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    here = Installed(tmp_path_factory.mktemp("check-matrix"))
    yield here
    here.server.close()


class Stranger:
    """An HTTP server that answers everything the same way, and is no homeserver."""

    def __init__(self, status, body, port=0, kind="text/html"):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

            do_POST = do_PUT = do_GET

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer((HOST, port), Handler)
        self.url = f"http://{HOST}:{self.server.server_port}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


# ---- an application service

def test_what_is_right_is_ok(installed):
    assert installed.checked() == (
        OK, f"ok   matrix: the homeserver takes us for {BOT}, and reaches us")


@pytest.mark.parametrize("values, code, says", [
    ({"as_token": "wrong" * 10}, SECRET, "install the file that `roomline registration` writes"),
    ({"hs_token": "wrong" * 10}, SECRET, "another token than matrix.hs_token"),
    ({"domain": "other.localhost"}, NAME, f"takes us for @_sms_service:{DOMAIN}, not for @_sms_service:other.localhost"),
    ({"bot": "other"}, NAME, f"does not let us be @other:{DOMAIN}"),
    ({"registration_id": "other"}, NAME, "another name than matrix.registration_id"),
    ({"appservice_url": "ftp://x"}, CONFIG, "matrix.appservice_url must be"),
])
def test_what_is_wrong_is_named(installed, values, code, says):
    result, line = installed.checked(**values)
    assert line.startswith("FAIL matrix: ") and says in line, line
    assert result == code


def test_a_homeserver_that_does_not_reach_us_is_told(installed):
    elsewhere = f"{HOST}:{free_ports(1)[0]}"
    code, line = installed.checked(listen=elsewhere)
    assert code == ROAD
    assert "does not reach us" in line and f"now http://{HOST}:{installed.port}" in line
    with Stranger(404, "no", port=installed.port):
        code, line = installed.checked(listen=elsewhere)
        assert code == ROAD
        assert "something else than Roomline answers the homeserver (status 404)" in line
        # Where it has our own port, we cannot be reached there either.
        code, lines = installed.check()
        assert code == NETWORK # the port
        assert "was not tried" in lines[0]


@pytest.mark.parametrize("status, body, code, says", [
    (200, "<html>Welcome!</html>", SERVER, "no Matrix homeserver answers"),
    (404, "<html>Nothing</html>", SERVER, "no Matrix homeserver answers"),
    (200, '{"versions": {}}', SERVER, "no Matrix homeserver answers"),
    (200, '{"versions": ["r0.6.1", "v1.3"]}', SERVER, "too old"),
    (502, "<html>Bad gateway</html>", NETWORK, ""),
])
def test_what_is_no_homeserver_is_told(installed, status, body, code, says):
    with Stranger(status, body, kind="application/json") as stranger:
        result, line = installed.checked(homeserver=stranger.url)
    assert says in line
    assert result == code, line


def test_a_homeserver_that_is_away_is_told(installed):
    code, line = installed.checked(homeserver=f"http://{HOST}:{free_ports(1)[0]}")
    assert code == NETWORK
    assert "did not answer" in line and "matrix.homeserver" in line


# ---- a bot

def as_bot(**values):
    return {"mode": "bot", "user": f"@carol:{DOMAIN}", **values}


def test_a_bot_is_ok_by_password_and_leaves_no_trace(installed):
    code, line = installed.checked(**as_bot(password=password("carol")))
    assert (code, line) == (OK, f"ok   matrix: the homeserver takes us for @carol:{DOMAIN}")
    devices = installed.server.ask("GET", "/devices", token=installed.server.token("carol"))
    assert "ROOMLINE-CHECK" not in [d["device_id"] for d in devices["devices"]]


def test_a_bot_is_ok_by_token(installed):
    assert installed.checked(**as_bot(access_token=installed.server.token("carol")))[0] == OK
    code, line = installed.checked(**as_bot(access_token=installed.server.token("alice")))
    assert code == NAME
    assert f"takes us for @alice:{DOMAIN}" in line and "correct matrix.user" in line


@pytest.mark.parametrize("values, says", [
    ({"password": "wrong"}, "the bot cannot log in"),
    ({"access_token": "wrong"}, "does not take matrix.access_token"),
])
def test_a_bot_that_is_not_let_in_is_told(installed, values, says):
    code, line = installed.checked(**as_bot(**values))
    assert code == SECRET
    assert says in line


# ---- the daemon

def test_a_running_daemon_is_asked_and_not_disturbed(installed):
    process = installed.run()
    wait_until(lambda: "matrix.up" in installed.log(), 30, installed.log)
    code, lines = installed.check()
    assert code == OK, lines
    assert lines[0].startswith("ok   matrix: the running daemon is connected to ")
    assert lines[1] == f"ok   matrix: the homeserver takes us for {BOT}, and reaches us"
    process.stop()
    assert process.child.returncode == OK
    assert "matrix.down" not in installed.log().split("app.stopping")[0]


@pytest.mark.parametrize("values, code", [
    ({"as_token": "wrong" * 10}, SECRET),
    ({"domain": "other.localhost"}, NAME),
])
def test_the_daemon_ends_where_an_admin_must_act(installed, values, code):
    process = installed.run(**values)
    assert process.child.wait(30) == code, installed.log()
    assert "\nroomline: matrix: " in installed.log()
    assert "registration" in installed.log().split("\nroomline: matrix: ")[1].split("\n")[0]


@pytest.mark.parametrize("status, body, says", [
    (404, "<html>Nothing</html>", "matrix: what answered is no homeserver"),
    (200, '{"versions": ["r0.6.1", "v1.3"]}', "matrix: The homeserver is too old"),
])
def test_the_daemon_ends_where_no_homeserver_is(installed, status, body, says):
    with Stranger(status, body) as stranger:
        process = installed.run(homeserver=stranger.url)
        assert process.child.wait(30) == SERVER, installed.log()
    assert "\nroomline: " + says in installed.log()


def test_the_daemon_waits_for_a_homeserver_that_is_away(installed):
    installed.server.stop()
    try:
        process = installed.run()
        wait_until(lambda: "matrix.down" in installed.log(), 30, installed.log)
        assert port_open(installed.port) and process.running
    finally:
        installed.server.start()
    wait_until(lambda: "matrix.up" in installed.log(), 90, installed.log)
    process.stop()
    assert process.child.returncode == OK
