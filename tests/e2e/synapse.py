# SPDX-License-Identifier: AGPL-3.0-or-later
"""A real Matrix homeserver, Synapse, in a temporary folder on a free loopback port.

    with Synapse(registrations=["/tmp/x/roomline.registration.yaml"]) as server:
        alice = server.token("alice")                       # one of servers.USERS
        room = server.ask("POST", "/createRoom", {"name": "x"}, token=alice)["room_id"]
        server.kill(); server.start()                       # as after a power cut: same data

Domain matrix.localhost; users alice, bob, carol, organizer (password "pw-" + name). It needs what
tests/deps.sh installs into build/matrix-venv. Homeserver is what the fake one (fake_homeserver.py)
has in common with it: a test that takes a Homeserver runs on both.
"""
import hashlib
import hmac
import http.client
import json
import os
import urllib.parse
from typing import NamedTuple

from servers import HOST, USERS, Process, Server, free_ports, password, port_open

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
# MATRIX_VENV: another place for it, such as that of a second checkout.
PYTHON = os.path.join(os.environ.get("MATRIX_VENV") or os.path.join(ROOT, "build", "matrix-venv"),
                      "bin", "python")
DOMAIN = "matrix.localhost"
SHARED_SECRET = "registration-secret"
ONE = {"per_second": 10000, "burst_count": 10000}
LIFTED = {
    "rc_message": ONE, "rc_registration": ONE, "rc_joins_per_room": ONE, "rc_room_creation": ONE,
    "rc_media_create": ONE, "rc_admin_redaction": ONE, "rc_profile": ONE,
    "rc_login": {"address": ONE, "account": ONE, "failed_attempts": ONE},
    "rc_joins": {"local": ONE, "remote": ONE},
    "rc_invites": {"per_room": ONE, "per_user": ONE, "per_issuer": ONE},
}


class Answer(NamedTuple):
    status: int
    body: object  # parsed JSON; bytes when it is none
    headers: dict  # names in lower case

    @property
    def errcode(self):
        return self.body.get("errcode", "") if isinstance(self.body, dict) else ""

    @property
    def error(self):
        return self.body.get("error", "") if isinstance(self.body, dict) else ""


def escape(segment):
    """One segment of a path: ids of rooms, users and events hold characters that mean something."""
    return urllib.parse.quote(segment, safe="")


def request(port, method, path, body=None, token=None, query=None, raw=None,
            content_type="application/json", timeout=60):
    if query:
        path += "?" + urllib.parse.urlencode(query, doseq=True)
    headers = {"Authorization": "Bearer " + token} if token else {}
    data = raw
    if data is None and body is not None:
        data = json.dumps(body).encode()
    elif data is None and method in ("POST", "PUT"):
        data = b"{}"
    if data is not None:
        headers["Content-Type"] = content_type
    connection = http.client.HTTPConnection(HOST, port, timeout=timeout)
    try:
        connection.request(method, path, data, headers)
        reply = connection.getresponse()
        text = reply.read()
    finally:
        connection.close()
    try:
        text = json.loads(text)
    except ValueError:
        pass
    return Answer(reply.status, text, {k.lower(): v for k, v in reply.getheaders()})


class Homeserver(Server):
    """What a test may ask of any homeserver. Paths are below /_matrix/client/v3 unless they begin
    with /_: "/rooms/!x/state", "/_matrix/client/v1/media/config", "/_synapse/admin/v1/rooms"."""

    domain = DOMAIN

    def __init__(self, folder=None):
        super().__init__(folder)
        self.port = free_ports(1)[0]
        self.url = f"http://{HOST}:{self.port}"
        self.tokens = {}

    def mxid(self, user):
        return f"@{user}:{self.domain}"

    # ---- for the daemon's configuration

    network = "matrix"

    def user(self, user):
        return f"matrix:{self.mxid(user)}"

    def section(self, slot):
        """slot: of an application service; None for a bot, which has an account."""
        return self.network, slot.section(self) if slot else {
            "homeserver": self.url, "domain": self.domain}

    def call(self, method, path, body=None, token=None, **more):
        """Asks and returns an Answer whatever it is. more: query, raw, content_type, timeout."""
        if not path.startswith("/_"):
            path = "/_matrix/client/v3" + path
        return request(self.port, method, path, body, token, **more)

    def ask(self, method, path, body=None, token=None, **more):
        """The same, for what must succeed: returns the body."""
        answer = self.call(method, path, body, token, **more)
        assert answer.status == 200, f"{method} {path}: {answer.status} {answer.body}"
        return answer.body

    def register(self, user, secret=None, admin=False):
        """Makes an account, or takes the one that is there; returns an access token for it."""
        path, secret = "/_synapse/admin/v1/register", secret or password(user)
        nonce = self.ask("GET", path)["nonce"]
        words = [nonce, user, secret, "admin" if admin else "notadmin"]
        mac = hmac.new(SHARED_SECRET.encode(), "\0".join(words).encode(), hashlib.sha1)
        answer = self.call("POST", path, {"nonce": nonce, "username": user, "password": secret,
                                          "admin": admin, "mac": mac.hexdigest()})
        if answer.errcode == "M_USER_IN_USE":
            return self.login(user, secret)["access_token"]
        assert answer.status == 200, answer
        return answer.body["access_token"]

    def login(self, user, secret=None, **more):
        """A new device; more: device_id, refresh_token ... Returns the whole answer."""
        return self.ask("POST", "/login", {
            "type": "m.login.password", "identifier": {"type": "m.id.user", "user": user},
            "password": secret or password(user), **more})

    def token(self, user):
        """An access token of this user, the same each time; makes an account that is not there."""
        if user not in self.tokens:
            self.tokens[user] = self.register(user, admin=user == "admin")
        return self.tokens[user]

    def admin(self, method, path, body=None, **more):
        """Asks the admin API: admin("POST", "/v1/users/@x:y/override_ratelimit", {...})."""
        return self.ask(method, "/_synapse/admin" + path, body, self.token("admin"), **more)

    def send(self, room, type, content, token, txn=None, query=None):
        """Sends an event as it is and returns its id."""
        txn = txn or os.urandom(8).hex()
        path = f"/rooms/{escape(room)}/send/{escape(type)}/{escape(txn)}"
        return self.ask("PUT", path, content, token, query=query)["event_id"]

    def state(self, room, type, key="", token=None):
        """The content of a state event, or None when there is none."""
        answer = self.call("GET", f"/rooms/{escape(room)}/state/{escape(type)}/{escape(key)}",
                           token=token)
        if answer.status == 404:
            return None
        assert answer.status == 200, answer
        return answer.body

    def history(self, room, token, user=None, limit=1000):
        """All events of a room that this user may see, oldest first. user: one of a service's, when
        the token is the service's."""
        events, start = [], None
        while True:
            query = {"dir": "b", "limit": limit, **({"from": start} if start else {}),
                     **({"user_id": user} if user else {})}
            page = self.ask("GET", f"/rooms/{escape(room)}/messages", token=token, query=query)
            events += page["chunk"]
            start = page.get("end")
            if not start or not page["chunk"]:
                return events[::-1]


class Synapse(Homeserver):
    """registrations: paths of application services' registration files; more can be added to the
    list, they are read at each start(). room_version: of rooms made without one. limits: "lifted",
    "default" (as an administrator gets them), or settings by name. settings: more of homeserver.yaml.
    """

    def __init__(self, folder=None, registrations=(), room_version=None, limits="lifted",
                 settings=None):
        super().__init__(folder)
        assert os.path.exists(PYTHON), f"{PYTHON} is missing: make deps"
        self.registrations = list(registrations)
        self.ports = [self.port]
        self.settings = {
            "server_name": self.domain, "public_baseurl": self.url + "/", "report_stats": False,
            "listeners": [{"port": self.port, "bind_addresses": [HOST], "type": "http", "tls": False,
                           "resources": [{"names": ["client"], "compress": False}]}],
            "database": {"name": "sqlite3", "args": {"database": self.path("homeserver.db")}},
            "media_store_path": self.path("media"), "pid_file": self.path("homeserver.pid"),
            "signing_key": "ed25519 test " + "A" * 43, "macaroon_secret_key": "m",
            "form_secret": "f", "registration_shared_secret": SHARED_SECRET,
            "trusted_key_servers": [], "suppress_key_server_warning": True,
            "federation_domain_whitelist": [], "bcrypt_rounds": 4, "presence": {"enabled": False},
            **(LIFTED if limits == "lifted" else {} if limits == "default" else limits),
            **({"default_room_version": room_version} if room_version else {}), **(settings or {}),
        }
        self.parts = [Process([PYTHON, "-m", "synapse.app.homeserver", "-c",
                               self.path("homeserver.yaml")], self.path("synapse.log"),
                              cwd=self.folder)]
        self.new = True

    def start(self):
        # JSON is YAML.
        self.write("homeserver.yaml", json.dumps(
            {**self.settings, "app_service_config_files": self.registrations}, indent=1))
        super().start()
        if self.new:
            self.new = False
            for user in USERS:
                self.token(user)
        return self

    def ready(self):
        return port_open(self.port) and self.call("GET", "/_matrix/client/versions").status == 200
