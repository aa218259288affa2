# SPDX-License-Identifier: AGPL-3.0-or-later
"""The fake homeserver does what Synapse does: the same scenarios on both, as an application service
and as its users see them. And the faults that only the fake has."""
import http.client
import http.server
import itertools
import json
import os
import socket
import threading
import time
import urllib.parse

import pytest

from fake_homeserver import FakeHomeserver
from servers import HOST, wait_until
from synapse import Synapse, escape

AS = "as-token"
HS = "hs-token"
BOT = "@_sms_bot:matrix.localhost"
TEXT = {"msgtype": "m.text", "body": "x"}
numbers = itertools.count(1)


class Receiver:
    """A tiny application service: keeps what it is sent, answers as told."""

    def __init__(self):
        self.requests = []  # (path, body, headers)
        self.changed = threading.Condition()
        self.answers = []  # (status, bytes) for the next transactions, then 200 {}
        self.known = set()  # users and aliases that it answers for
        self.gate = threading.Event()  # transactions are answered while it is set
        self.gate.set()
        self.on_alias = lambda alias: None
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                receiver.connections.add(self.connection)

            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, text = receiver.got(self.path, body, self.headers)
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_PUT = do_POST = answer

            def log_message(self, *_):
                """The tests show what they need."""

        class Quiet(http.server.ThreadingHTTPServer):
            def handle_error(self, request, client_address):
                """The homeserver was killed."""

        self.ping = 200, b"{}"
        self.connections = set()
        self.make = lambda port: Quiet((HOST, port), Handler)
        self.server = None
        self.listen()
        self.url = f"http://{HOST}:{self.server.server_port}"

    def listen(self):
        """Begins, or begins again on the same port."""
        self.server = self.make(self.server.server_port if self.server else 0)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        while self.connections:
            try:
                self.connections.pop().shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it has ended by itself

    def got(self, path, body, headers):
        path = urllib.parse.unquote(path)
        with self.changed:
            self.requests.append((path, json.loads(body) if body else None, dict(headers)))
            self.changed.notify_all()
        kind, _, name = path.removeprefix("/_matrix/app/v1/").partition("/")
        if kind in ("users", "rooms"):
            if name in self.known:
                if kind == "rooms":
                    self.on_alias(name)
                return 200, b"{}"
            return 404, b'{"errcode": "M_NOT_FOUND", "error": "no"}'
        if kind == "ping":
            return self.ping
        if kind == "transactions":
            self.gate.wait(20)
            with self.changed:
                if self.answers:
                    return self.answers.pop(0)
        return 200, b"{}"

    def transactions(self):
        with self.changed:
            return [(int(p.rpartition("/")[2]), b) for p, b, _ in self.requests
                    if "/transactions/" in p]

    def events(self):
        return [e for _, body in self.transactions() for e in body["events"]]

    def wait(self, condition, timeout=20):
        end = time.monotonic() + timeout
        with self.changed:
            while not condition():
                assert self.changed.wait(max(0, end - time.monotonic())), self.transactions()[-5:]
        return condition()

    def wait_event(self, event_id):
        return self.wait(lambda: next((e for e in self.events() if e["event_id"] == event_id), None))


class Bed:
    """A homeserver, an application service, and short words for what the tests do."""

    def __init__(self, make, folder):
        self.receiver = Receiver()
        self.registration = os.path.join(folder, "registration.yaml")
        with open(self.registration, "w", encoding="utf-8") as f:
            json.dump({"id": "roomline", "url": self.receiver.url, "as_token": AS, "hs_token": HS,
                       "sender_localpart": "_sms_bot", "rate_limited": False,
                       "receive_ephemeral": True, "namespaces": {
                           "users": [{"regex": r"^@_sms_.*:matrix\.localhost$", "exclusive": True}],
                           "aliases": [{"regex": r"^#_sms_.*:matrix\.localhost$",
                                        "exclusive": True}], "rooms": []}}, f)
        self.server = make(registrations=[self.registration])
        self.mxid, self.ghosts = self.server.mxid, set()

    def call(self, method, path, body=None, user=BOT, **more):
        """As a user ("alice"), or as somebody of the application service ("@_sms_1:...")."""
        query = dict(more.pop("query", None) or {})
        if user.startswith("@"):
            return self.server.call(method, path, body, AS, query={"user_id": user, **query}, **more)
        return self.server.call(method, path, body, self.server.token(user), query=query, **more)

    def ask(self, *args, **more):
        answer = self.call(*args, **more)
        assert answer.status in (200, 201), answer
        return answer.body

    def ghost(self):
        user = f"_sms_{next(numbers)}"
        self.ask("POST", "/register", {"type": "m.login.application_service", "username": user,
                                       "inhibit_login": True})
        return self.mxid(user)

    def room(self, *members, by=BOT, **options):
        """A room made by the bot with these in it; returns the path of its API and its id."""
        invite = [m if m.startswith("@") else self.mxid(m) for m in members]
        room = self.ask("POST", "/createRoom", {"invite": invite, **options}, user=by)["room_id"]
        for member in members:
            self.ask("POST", "/join/" + escape(room), {}, user=member)
        return "/rooms/" + escape(room), room

    def put(self, path, content, user=BOT, type="m.room.message", txn=None, **more):
        txn = txn or os.urandom(6).hex()
        return self.call("PUT", f"{path}/send/{type}/{txn}", content, user=user, **more)

    def send(self, path, content=None, user=BOT, **more):
        answer = self.put(path, content or TEXT, user, **more)
        assert answer.status == 200, answer
        return answer.body["event_id"]

    def sync(self, user, since=None, **query):
        # Synapse answers a first sync from a cache, unless the question differs.
        query = {"since": since, **query} if since else {"timeout": next(numbers)}
        return self.ask("GET", "/sync", user=user, query=query)


def said(answer):
    return answer.status, answer.errcode


def make_synapse(**more):
    return Synapse(settings={"enable_registration": True,
                             "enable_registration_without_verification": True}, **more)


KINDS = {"fake": FakeHomeserver, "synapse": make_synapse}


@pytest.fixture(scope="module", params=list(KINDS))
def bed(request, tmp_path_factory):
    bed = Bed(KINDS[request.param], str(tmp_path_factory.mktemp("bed")))
    with bed.server:
        bed.ask("POST", "/register", {"type": "m.login.application_service",
                                      "username": "_sms_bot", "inhibit_login": True})
        yield bed


@pytest.fixture(params=["11", "12"])
def version(request):
    return request.param


# ---- accounts


def test_versions_and_limits(bed):
    assert "v1.11" in bed.server.ask("GET", "/_matrix/client/versions")["versions"]
    room_versions = bed.ask("GET", "/capabilities")["capabilities"]["m.room_versions"]
    assert room_versions["default"] == "12" and room_versions["available"]["11"] == "stable"
    assert bed.ask("GET", "/_matrix/client/v1/media/config")["m.upload.size"] == 50 << 20


def test_who_am_i(bed):
    ghost = bed.ghost()
    assert bed.server.ask("GET", "/account/whoami", token=AS)["user_id"] == BOT
    assert bed.ask("GET", "/account/whoami", user=ghost)["user_id"] == ghost
    assert bed.ask("GET", "/account/whoami", user="alice")["user_id"] == bed.mxid("alice")
    for user, words in ((bed.mxid("_sms_nobody"), "has not registered this user"),
                        (bed.mxid("alice"), "cannot masquerade")):
        answer = bed.call("GET", "/account/whoami", user=user)
        assert said(answer) == (403, "M_FORBIDDEN") and words in answer.error
    answer = bed.server.call("GET", "/account/whoami")
    assert said(answer) == (401, "M_MISSING_TOKEN")
    answer = bed.server.call("GET", "/account/whoami", token="wrong")
    assert said(answer) == (401, "M_UNKNOWN_TOKEN") and answer.body["soft_logout"] is False
    assert said(bed.call("GET", "/nothing/here")) == (404, "M_UNRECOGNIZED")
    assert said(bed.call("DELETE", "/createRoom")) == (405, "M_UNRECOGNIZED")


def test_registering_ghosts(bed):
    def register(name, token=AS, **more):
        return bed.server.call("POST", "/register", {
            "type": "m.login.application_service", "username": name, "inhibit_login": True, **more},
            token)

    name = f"_sms_{next(numbers)}"
    answer = register(name)
    assert answer.status == 200 and answer.body["user_id"] == bed.mxid(name)
    assert "access_token" not in answer.body
    assert said(register(name)) == (400, "M_USER_IN_USE")
    assert said(register("_sms_bot")) == (400, "M_USER_IN_USE")
    assert said(register("somebody")) == (400, "M_EXCLUSIVE")
    assert said(register(name, token="wrong")) == (401, "M_UNKNOWN_TOKEN")
    assert said(register(None)) == (400, "M_UNKNOWN")
    assert "access_token" in register(f"_sms_{next(numbers)}", inhibit_login=False).body


def test_registering_and_logging_in_as_people_do(bed):
    name = f"zoe{next(numbers)}"
    new = {"username": name, "password": "secret"}
    answer = bed.server.call("POST", "/register", new)
    assert answer.status == 401 and answer.body["flows"] == [{"stages": ["m.login.dummy"]}]
    new["auth"] = {"type": "m.login.dummy"}
    assert bed.server.ask("POST", "/register", new)["user_id"] == bed.mxid(name)
    assert said(bed.server.call("POST", "/register", new)) == (400, "M_USER_IN_USE")
    answer = bed.server.login(name, "secret", device_id="PHONE")
    assert answer["device_id"] == "PHONE" and answer["user_id"] == bed.mxid(name)
    who = bed.server.ask("GET", "/account/whoami", token=answer["access_token"])
    assert who["device_id"] == "PHONE"
    bad = {"type": "m.login.password", "identifier": {"type": "m.id.user", "user": name},
           "password": "wrong"}
    assert said(bed.server.call("POST", "/login", bad)) == (403, "M_FORBIDDEN")
    bad["identifier"]["user"] = "nobody"
    assert said(bed.server.call("POST", "/login", bad)) == (403, "M_FORBIDDEN")
    assert said(bed.server.call("POST", "/login", {"type": "x"})) == (400, "M_INVALID_PARAM")
    bed.server.ask("POST", "/logout", {}, token=answer["access_token"])
    again = bed.server.call("GET", "/account/whoami", token=answer["access_token"])
    assert said(again) == (401, "M_UNKNOWN_TOKEN")


def test_devices_of_a_service(bed):
    ghost = bed.ghost()
    assert bed.call("PUT", "/devices/BRIDGE", {"display_name": "bridge"}, user=ghost).status == 201
    assert bed.call("PUT", "/devices/BRIDGE", {}, user=ghost).status == 200
    as_device = {"query": {"device_id": "BRIDGE"}}
    assert bed.ask("GET", "/account/whoami", user=ghost, **as_device)["device_id"] == "BRIDGE"
    answer = bed.call("GET", "/account/whoami", user=ghost, query={"device_id": "OTHER"})
    assert said(answer) == (400, "M_UNKNOWN_DEVICE")
    # Without user_id it is an error of Synapse's.
    answer = bed.server.call("GET", "/account/whoami", token=AS, query={"device_id": "BRIDGE"})
    assert answer.status == 500


def test_profiles(bed):
    ghost = bed.ghost()
    path, room = bed.room(ghost)
    assert bed.ask("GET", f"/profile/{escape(ghost)}")["displayname"] == ghost[1:].partition(":")[0]
    bed.ask("PUT", f"/profile/{escape(ghost)}/displayname", {"displayname": "Pat"}, user=ghost)
    assert bed.ask("GET", f"/profile/{escape(ghost)}/displayname") == {"displayname": "Pat"}
    wait_until(lambda: bed.server.state(room, "m.room.member", ghost, AS)["displayname"] == "Pat")
    _, later = bed.room(ghost)
    assert bed.server.state(later, "m.room.member", ghost, AS)["displayname"] == "Pat"
    assert bed.ask("GET", f"{path}/joined_members")["joined"][ghost]["display_name"] == "Pat"
    answer = bed.call("PUT", f"/profile/{escape(bed.mxid('alice'))}/displayname", {"displayname": "x"})
    assert said(answer) == (400, "M_FORBIDDEN")
    answer = bed.call("GET", f"/profile/{escape(bed.mxid('nobody'))}/displayname")
    assert said(answer) == (404, "M_NOT_FOUND")


# ---- rooms


def test_a_new_room(bed, version):
    name = f"_sms_room{next(numbers)}"
    options = {
        "room_version": version, "preset": "private_chat", "name": "Pat", "topic": "about",
        "room_alias_name": name, "is_direct": True, "invite": [bed.mxid("alice")],
        "power_level_content_override": {"events": {"m.reaction": 50}, "invite": 25},
        "creation_content": {"m.federate": False}, "initial_state": [
            {"type": "org.example", "state_key": "k", "content": {"a": 1}},
            {"type": "m.room.history_visibility", "content": {"history_visibility": "invited"}}]}
    room = bed.ask("POST", "/createRoom", options)["room_id"]
    assert room.startswith("!") and (":" in room) == (version == "11")
    state = bed.ask("GET", f"/rooms/{escape(room)}/state")
    found = {(e["type"], e["state_key"]): e["content"] for e in state}
    assert found == {
        ("m.room.create", ""): {"m.federate": False, "room_version": version},
        ("m.room.member", BOT): {"membership": "join", "displayname": "_sms_bot"},
        ("m.room.member", bed.mxid("alice")): {"membership": "invite", "displayname": "alice",
                                               "is_direct": True},
        ("m.room.power_levels", ""): {
            "users": {BOT: 100} if version == "11" else {}, "users_default": 0,
            "events": {"m.reaction": 50}, "events_default": 0, "state_default": 50, "invite": 25,
            "kick": 50, "ban": 50, "redact": 50, "historical": 100},
        ("m.room.canonical_alias", ""): {"alias": f"#{name}:matrix.localhost"},
        ("m.room.join_rules", ""): {"join_rule": "invite"},
        ("m.room.history_visibility", ""): {"history_visibility": "invited"},
        ("m.room.guest_access", ""): {"guest_access": "can_join"},
        ("org.example", "k"): {"a": 1}, ("m.room.name", ""): {"name": "Pat"},
        ("m.room.topic", ""): {"topic": "about", "m.topic": {"m.text": [{"body": "about"}]}}}
    history = bed.server.history(room, AS)
    assert [e["type"].removeprefix("m.room.") for e in history] == [
        "create", "member", "power_levels", "canonical_alias", "join_rules", "guest_access",
        "org.example", "history_visibility", "name", "topic", "member"]
    if version == "12":
        assert "$" + room[1:] == history[0]["event_id"]
    assert said(bed.call("POST", "/createRoom", options)) == (400, "M_ROOM_IN_USE")
    alias = escape(f"#{name}:matrix.localhost")
    assert bed.ask("GET", f"/directory/room/{alias}") == {"room_id": room,
                                                          "servers": ["matrix.localhost"]}


def test_creators_and_power_levels(bed, version):
    def create(users):
        return bed.call("POST", "/createRoom", {
            "room_version": version, "power_level_content_override": {"users": users}})

    without, within = create({bed.mxid("alice"): 50}), create({BOT: 100})
    assert {"11": without, "12": within}[version].status == 400
    assert {"11": "did not contain", "12": "must not appear"}[version] in \
        {"11": without, "12": within}[version].error
    assert {"11": within, "12": without}[version].status == 200
    path, _ = bed.room("alice", room_version=version)
    levels = bed.ask("GET", path + "/state/m.room.power_levels/")
    assert levels["events"]["m.room.tombstone"] == {"11": 100, "12": 150}[version]
    assert levels["invite"] == 0
    # Who made a room of version 12 can do everything, in 11 the levels say.
    answer = bed.call("PUT", path + "/state/m.room.power_levels/", {
        **levels, "users": {bed.mxid("alice"): 100}})
    assert answer.status == 200
    answer = bed.call("PUT", path + "/state/m.room.topic/", {"topic": "still?"})
    assert answer.status == {"11": 403, "12": 200}[version]


def test_rooms_that_cannot_be(bed):
    for options, errcode in (({"room_version": "99"}, "M_UNSUPPORTED_ROOM_VERSION"),
                             ({"room_version": 11}, "M_BAD_JSON"), ({"invite": ["x"]}, "M_UNKNOWN")):
        assert said(bed.call("POST", "/createRoom", options)) == (400, errcode)
    _, room = bed.room("alice", preset="trusted_private_chat")
    assert bed.server.state(room, "m.room.create", token=AS)["additional_creators"] == \
        [bed.mxid("alice")]


def test_coming_and_going(bed, version):
    path, room = bed.room(room_version=version)
    here, alice, bob = "/join/" + escape(room), bed.mxid("alice"), bed.mxid("bob")

    def refused(errcode, words, *args, **more):
        answer = bed.call(*args, **more)
        assert said(answer) == (403, errcode) and words in answer.error, answer

    no = "M_FORBIDDEN"
    refused(no, "not invited", "POST", here, {}, user="alice")
    refused(no, "not invited", "POST", path + "/join", {}, user="alice")
    refused(no, "not in room", "POST", path + "/invite", {"user_id": bob}, user="alice")
    refused(no, "not in room", "PUT", path + "/send/m.room.message/1", TEXT, user="alice")
    refused(no, "not in room", "GET", path + "/state", user="alice")
    refused(no, "not in room", "GET", path + "/joined_members", user="alice")
    refused(no, "not in room", "POST", path + "/leave", {}, user="alice")
    bed.ask("POST", path + "/invite", {"user_id": alice})
    refused(no, "not in room", "GET", path + "/state", user="alice")
    for _ in range(2):
        assert bed.ask("POST", here, {}, user="alice") == {"room_id": room}
    assert set(bed.ask("GET", path + "/joined_members")["joined"]) == {BOT, alice}
    refused(no, "already in the room", "POST", path + "/invite", {"user_id": alice})
    refused(no, "cannot kick", "POST", path + "/kick", {"user_id": BOT}, user="alice")
    refused(no, "permission to ban", "POST", path + "/ban", {"user_id": BOT}, user="alice")
    bed.ask("POST", path + "/kick", {"user_id": alice, "reason": "why"})
    assert bed.server.state(room, "m.room.member", alice, AS) == {"membership": "leave",
                                                                  "reason": "why"}
    refused(no, "not in the room", "POST", path + "/kick", {"user_id": alice})
    refused(no, "not in room", "PUT", path + "/send/m.room.message/2", TEXT, user="alice")
    bed.ask("POST", path + "/ban", {"user_id": alice})
    refused("M_BAD_STATE", "banned", "POST", here, {}, user="alice")
    refused("M_BAD_STATE", "banned", "POST", path + "/invite", {"user_id": alice})
    bed.ask("POST", path + "/unban", {"user_id": alice})
    bed.ask("POST", path + "/invite", {"user_id": alice})
    for _ in range(2):
        bed.ask("POST", path + "/leave", {}, user="alice")
    assert said(bed.call("POST", path + "/invite", {"user_id": "x"})) == (400, "M_INVALID_PARAM")
    assert said(bed.call("POST", path + "/invite", {})) == (400, "M_MISSING_PARAM")
    assert said(bed.call("POST", "/join/%21none%3Amatrix.localhost", {})) == (404, "M_UNKNOWN")


def test_a_ghost_needs_an_invitation(bed):
    path, room = bed.room()
    ghost = bed.ghost()
    assert said(bed.call("POST", "/join/" + escape(room), {}, user=ghost)) == (403, "M_FORBIDDEN")
    assert said(bed.put(path, TEXT, ghost)) == (403, "M_FORBIDDEN")
    bed.ask("POST", path + "/invite", {"user_id": ghost})
    bed.ask("POST", "/join/" + escape(room), {}, user=ghost)
    bed.send(path, user=ghost)


def test_state(bed):
    path, _ = bed.room("alice")

    def put(content, key="k", user=BOT, type="org.example"):
        return bed.call("PUT", f"{path}/state/{type}/{escape(key)}", content, user=user)

    first = put({"a": 1}).body["event_id"]
    assert put({"a": 1}).body["event_id"] == first
    assert put({"a": 2}).body["event_id"] != first
    assert bed.ask("GET", path + "/state/org.example/k") == {"a": 2}
    assert bed.ask("GET", path + "/state/m.room.create") == bed.ask("GET",
                                                                    path + "/state/m.room.create/")
    assert said(bed.call("GET", path + "/state/org.example/other")) == (404, "M_NOT_FOUND")
    assert said(bed.call("GET", path + "/event/" + escape("$none"))) == (404, "M_NOT_FOUND")
    assert said(put({"name": 5}, "", type="m.room.name")) == (400, "M_UNKNOWN")
    answer = put({"a": 1}, bed.mxid("alice"))
    assert said(answer) == (403, "M_FORBIDDEN") and "others state" in answer.error
    answer = put({"topic": "x"}, "", "alice", "m.room.topic")
    assert said(answer) == (403, "M_FORBIDDEN") and "user_level (0) < send_level (50)" in answer.error


def test_power_levels_guard_what_is_sent(bed):
    path, _ = bed.room("alice", power_level_content_override={
        "events": {"m.reaction": 50, "m.room.encryption": 200}, "events_default": 0})
    event = bed.send(path, user="alice")
    reaction = {"m.relates_to": {"rel_type": "m.annotation", "event_id": event, "key": "x"}}
    answer = bed.put(path, reaction, "alice", "m.reaction")
    assert said(answer) == (403, "M_FORBIDDEN")
    assert answer.error == ("You don't have permission to post that to the room. "
                            "user_level (0) < send_level (50)")
    levels = bed.ask("GET", path + "/state/m.room.power_levels/")
    bed.ask("PUT", path + "/state/m.room.power_levels/", {**levels, "events_default": 50})
    assert said(bed.put(path, TEXT, "alice")) == (403, "M_FORBIDDEN")
    bed.send(path)
    answer = bed.call("PUT", path + "/state/m.room.power_levels/", {**levels, "ban": "50"})
    assert said(answer) == (400, "M_BAD_JSON")


def test_aliases(bed):
    name = f"#_sms_a{next(numbers)}:matrix.localhost"
    here = "/directory/room/" + escape(name)
    _, room = bed.room()
    _, theirs = bed.room(by="bob")
    assert said(bed.call("GET", here)) == (404, "M_NOT_FOUND")
    assert said(bed.call("PUT", here, {"room_id": theirs}, user="bob")) == (400, "M_EXCLUSIVE")
    other = "/directory/room/" + escape(f"#a{next(numbers)}:matrix.localhost")
    assert said(bed.call("PUT", other, {"room_id": room}, user="bob")) == (403, "M_FORBIDDEN")
    bed.ask("PUT", here, {"room_id": room})
    assert bed.call("PUT", here, {"room_id": room}).status == 409
    assert bed.ask("GET", here)["room_id"] == room
    bed.ask("DELETE", here)
    assert said(bed.call("GET", here)) == (404, "M_NOT_FOUND")
    assert said(bed.call("POST", "/join/" + escape(name), {})) == (404, "M_NOT_FOUND")


def test_upgrade(bed):
    path, room = bed.room("alice", room_version="11", name="Old", power_level_content_override={
        "users": {BOT: 100, bed.mxid("alice"): 100}})
    new = bed.ask("POST", path + "/upgrade", {"new_version": "12"}, user="alice")["replacement_room"]
    alice = bed.server.token("alice")
    assert bed.server.state(room, "m.room.tombstone", token=AS)["replacement_room"] == new
    create = bed.server.state(new, "m.room.create", token=alice)
    assert create["predecessor"]["room_id"] == room and create["room_version"] == "12"
    assert bed.server.state(new, "m.room.name", token=alice) == {"name": "Old"}
    assert bed.server.state(room, "m.room.power_levels", token=AS)["events_default"] == 50
    assert said(bed.call("POST", "/join/" + escape(new), {})) == (403, "M_FORBIDDEN")
    answer = bed.call("POST", path + "/upgrade", {"new_version": "99"}, user="alice")
    assert said(answer) == (400, "M_UNSUPPORTED_ROOM_VERSION")


# ---- events


@pytest.mark.parametrize("raw, status, errcode", [
    (b'{"msgtype": "m.text", "body": "x", "a": 1.5}', 400, "M_BAD_JSON"),
    (b'{"msgtype": "m.text", "body": "x", "a": 1e2}', 400, "M_BAD_JSON"),
    (b'{"msgtype": "m.text", "body": "x", "a": [{"b": 9007199254740992}]}', 400, "M_BAD_JSON"),
    (b'{"msgtype": "m.text", "body": "x", "a": -9007199254740991}', 200, ""),
    (b'{"msgtype": "m.text", "body": "\\ud83d"}', 500, "M_UNKNOWN"),
    (b'{"msgtype": "m.text", "body": "a\\u0000b"}', 200, ""),
    (b'{"msgtype": "m.text", "body": "a", "body": "b"}', 200, ""),
    (b'{"msgtype": "m.text", "body": "\xff"}', 400, "M_NOT_JSON"),
    (b'{"msgtype": "m.text", "body": "x", "a": NaN}', 400, "M_NOT_JSON"),
    (b"{", 400, "M_NOT_JSON"), (b"", 400, "M_NOT_JSON"), (b"[]", 400, "M_BAD_JSON"),
    (b'{"msgtype": "m.text"}', 400, "M_UNKNOWN"), (b'{"body": "x"}', 400, "M_UNKNOWN"),
    (b'{"msgtype": "m.text", "body": 7}', 400, "M_UNKNOWN"),
    (b'{"msgtype": "m.text", "body": "x", "m.mentions": 5}', 400, "M_BAD_JSON"),
    (b'{"msgtype": "m.text", "body": "x", "m.relates_to": null}', 200, ""),
    (b'{"msgtype": "m.text", "body": "x", "m.relates_to": 5}', 200, ""),
    (b'{"msgtype": "m.text", "body": "x", "m.relates_to": {"rel_type": "m.thread", "event_id": 7}}',
     200, ""),
    (b'{"msgtype": "m.text", "body": "x", "formatted_body": 7}', 200, ""),
    (b'{"msgtype": "m.text", "body": "' + b"x" * 60000 + b'"}', 200, ""),
    (b'{"msgtype": "m.text", "body": "' + b"x" * 66000 + b'"}', 413, "M_TOO_LARGE"),
])
def test_what_content_is_taken(bed, raw, status, errcode):
    path, _ = bed.room()
    assert said(bed.put(path, None, raw=raw)) == (status, errcode)


def test_what_types_are_taken(bed):
    path, _ = bed.room()
    assert said(bed.put(path, {}, type="x" * 256)) == (413, "M_TOO_LARGE")
    assert said(bed.put(path, {"name": "x"}, type="m.room.name")) == (400, "M_UNKNOWN")
    assert bed.put(path, {"membership": "join"}, type="m.room.member").status == 500
    assert bed.put(path, {}, type="m.reaction").status == 200


def thread(root, latest=None):
    return {**TEXT, "m.relates_to": {"rel_type": "m.thread", "event_id": root, "is_falling_back": True,
                                     "m.in_reply_to": {"event_id": latest or root}}}


def test_threads(bed, version):
    path, _ = bed.room("alice", room_version=version)
    other, _ = bed.room(room_version=version)
    root = bed.send(path)
    assert "m.relations" not in bed.ask("GET", f"{path}/event/{escape(root)}")["unsigned"]
    child = bed.send(path, thread(root))
    last = bed.send(path, thread(root, child), "alice")
    for content, words in ((thread(child), "Cannot start threads"),
                           (thread("$none"), "unknown event"),
                           (thread(bed.send(other)), "same room")):
        answer = bed.put(path, content)
        assert said(answer) == (400, "M_UNKNOWN") and words in answer.error
    reply = bed.send(path, {**TEXT, "m.relates_to": {"m.in_reply_to": {"event_id": root}}})
    bed.send(path, thread(reply))  # a plain reply is no relation to the homeserver
    shown = bed.ask("GET", f"{path}/event/{escape(root)}")["unsigned"]["m.relations"]["m.thread"]
    assert (shown["count"], shown["latest_event"]["event_id"]) == (2, last)
    assert shown["current_user_participated"] is True
    v1 = "/_matrix/client/v1" + path
    assert [e["event_id"] for e in bed.ask("GET", v1 + "/threads")["chunk"]] == [reply, root]
    related = bed.ask("GET", f"{v1}/relations/{escape(root)}/m.thread", query={"dir": "f"})
    assert [e["event_id"] for e in related["chunk"]] == [child, last]


def test_reactions(bed):
    path, _ = bed.room("alice")
    event = bed.send(path)
    here = f"/_matrix/client/v1{path}/relations/{escape(event)}/m.annotation/m.reaction"

    def react(key="⏳", target=event, user=BOT):
        return bed.put(path, {"m.relates_to": {"rel_type": "m.annotation", "event_id": target,
                                               "key": key}}, user, "m.reaction")

    def marks():
        return sorted((e["sender"], e["content"]["m.relates_to"]["key"])
                      for e in bed.ask("GET", here)["chunk"])

    first = react().body["event_id"]
    assert said(react()) == (400, "M_DUPLICATE_ANNOTATION")
    assert react(user="alice").status == react("✅").status == 200
    assert said(react(target="$none")) == (400, "M_UNKNOWN")
    answer = bed.put(path, {"m.relates_to": {"rel_type": "m.annotation", "event_id": event}},
                     type="m.reaction")
    assert said(answer) == (400, "M_UNKNOWN")
    assert marks() == [(BOT, "⏳"), (BOT, "✅"), (bed.mxid("alice"), "⏳")]
    bed.ask("PUT", f"{path}/redact/{escape(first)}/r1", {})
    assert marks() == [(BOT, "✅"), (bed.mxid("alice"), "⏳")]
    assert react().status == 200


@pytest.mark.parametrize("room_version", ["10", "11", "12"])
def test_redactions(bed, room_version):
    path, room = bed.room("alice", room_version=room_version)
    event, theirs = bed.send(path), bed.send(path, user="alice")
    here = f"{path}/redact/{escape(event)}/"
    answer = bed.call("PUT", here + "1", {}, user="alice")
    assert said(answer) == (403, "M_FORBIDDEN") and "permission to redact" in answer.error
    first = bed.ask("PUT", here + "2", {"reason": "why"})["event_id"]
    assert bed.ask("PUT", here + "2", {"reason": "why"})["event_id"] == first
    assert bed.ask("PUT", here + "3", {})["event_id"] != first
    bed.ask("PUT", f"{path}/redact/{escape(theirs)}/4", {})
    assert bed.call("PUT", f"{path}/redact/{escape('$none')}/5", {}).status == 200
    for seen in (bed.receiver.wait_event(first),
                 next(e for e in bed.server.history(room, AS) if e["event_id"] == first)):
        assert seen["redacts"] == seen["content"]["redacts"] == event
        assert seen["content"]["reason"] == "why"
    gone = bed.ask("GET", f"{path}/event/{escape(event)}", user="alice")
    assert gone["content"] == {} and gone["unsigned"]["redacted_because"]["event_id"] == first
    bed.send(path, thread(event))  # its thread goes on


def test_what_was_done_is_not_done_twice(bed):
    bed.call("PUT", "/devices/BRIDGE", {})
    ghost = bed.ghost()
    path, _ = bed.room(ghost, "alice")
    as_device = {"query": {"device_id": "BRIDGE"}}
    first = bed.send(path, txn="t1")
    assert bed.send(path, txn="t1", user=ghost) == first  # the text of the ghost is lost
    assert bed.send(path, txn="t1", **as_device) == first
    assert bed.send(path, txn="t1", type="org.example") != first
    assert bed.send(path, txn="t1", user="alice") != first
    durable = bed.send(path, txn="t2", **as_device)
    assert bed.send(path, txn="t2") == durable
    own = bed.send(path, txn="t3", user="alice")
    assert said(bed.put(path, {}, txn="t4"))[0] == 400
    last = bed.send(path, txn="t4")  # a refusal is not remembered
    bed.receiver.wait_event(last)
    bed.server.kill()
    bed.server.start()
    assert bed.send(path, txn="t2", **as_device) == durable
    assert bed.send(path, txn="t3", user="alice") == own
    assert bed.send(path, txn="t1") != first


def test_a_service_may_say_when_it_was(bed):
    path, room = bed.room("alice")
    old = bed.send(path, query={"ts": 1500000000000})
    bed.send(path, user="alice", query={"ts": 1500000000000})
    assert [e["origin_server_ts"] == 1500000000000 for e in bed.server.history(room, AS)[-2:]] == \
        [True, False]
    assert bed.receiver.wait_event(old)["origin_server_ts"] == 1500000000000


def test_receipts(bed):
    path, room = bed.room("alice")
    root = bed.send(path)
    child = bed.send(path, thread(root), "alice")
    since = bed.sync("alice")["next_batch"]

    def read(event, type="m.read", user=BOT, **body):
        return bed.call("POST", f"{path}/receipt/{type}/{escape(event)}", body, user=user)

    assert read(child, thread_id=root).status == 200
    assert said(read(child, thread_id="main")) == (400, "M_INVALID_PARAM")
    assert said(read(child, thread_id="")) == (400, "M_INVALID_PARAM")
    assert said(read(child, "m.other")) == (400, "M_UNKNOWN")
    assert said(read(child, user="bob")) == (403, "M_FORBIDDEN")
    assert read("$none").status == 200
    seen = bed.sync("alice", since)["rooms"]["join"][room]["ephemeral"]["events"]
    assert [e["type"] for e in seen] == ["m.receipt"]
    assert seen[0]["content"][child]["m.read"][BOT]["thread_id"] == root
    assert read(child, user="alice", thread_id=root).status == 200
    alice = bed.mxid("alice")
    bed.receiver.wait(lambda: any(alice in e["content"].get(child, {}).get("m.read", {})
                                  for _, t in bed.receiver.transactions()
                                  for e in t.get("ephemeral", [])))


# ---- /sync


def test_sync_follows_a_room(bed):
    path, room = bed.room(name="Pat")
    bed.ask("POST", path + "/invite", {"user_id": bed.mxid("carol")})
    first = bed.sync("carol")
    stripped = {e["type"]: e for e in first["rooms"]["invite"][room]["invite_state"]["events"]}
    assert stripped["m.room.name"]["content"] == {"name": "Pat"}
    assert stripped["m.room.member"]["content"]["membership"] in ("invite", "join")
    bed.ask("POST", "/join/" + escape(room), {}, user="carol")
    second = bed.sync("carol", first["next_batch"])
    joined = second["rooms"]["join"][room]
    types = [e["type"] for e in joined["state"]["events"] + joined["timeline"]["events"]]
    assert {"m.room.create", "m.room.name", "m.room.power_levels"} <= set(types)
    event = bed.send(path, txn="echo", user="carol")
    third = bed.sync("carol", second["next_batch"])
    timeline = third["rooms"]["join"][room]["timeline"]
    assert [(e["event_id"], e["unsigned"]["transaction_id"]) for e in timeline["events"]] == \
        [(event, "echo")]
    assert timeline["limited"] is False and "room_id" not in timeline["events"][0]
    bed.ask("POST", path + "/kick", {"user_id": bed.mxid("carol")})
    bed.send(path)
    left = bed.sync("carol", third["next_batch"])["rooms"]["leave"][room]["timeline"]["events"]
    assert [e["content"].get("membership") for e in left] == ["leave"]


def test_sync_waits(bed):
    path, room = bed.room("carol")
    since = bed.sync("carol")["next_batch"]
    since = bed.sync("carol", since, timeout=0)["next_batch"]
    begun = time.monotonic()
    timer = threading.Timer(0.3, lambda: bed.send(path))
    timer.start()
    found = bed.sync("carol", since, timeout=20000)
    while room not in found.get("rooms", {}).get("join", {}):
        found = bed.sync("carol", found["next_batch"], timeout=20000)
    assert 0.2 < time.monotonic() - begun < 10
    begun = time.monotonic()
    bed.sync("carol", found["next_batch"], timeout=300)
    assert 0.2 < time.monotonic() - begun < 5
    assert said(bed.call("GET", "/sync", user="carol", query={"since": "zzz"})) == (400, "M_UNKNOWN")


def test_a_gap_can_be_filled(bed):
    path, room = bed.room("carol")
    since = bed.sync("carol")["next_batch"]
    sent = [bed.send(path) for _ in range(15)]
    bed.ask("PUT", path + "/state/m.room.topic/", {"topic": "in the gap"})
    sent += [bed.send(path) for _ in range(15)]
    if isinstance(bed.server, FakeHomeserver):
        bed.server.knob(timeline_limit=10)
    part = bed.sync("carol", since, filter='{"room":{"timeline":{"limit":10}}}')["rooms"]["join"][room]
    if isinstance(bed.server, FakeHomeserver):
        bed.server.knob(timeline_limit=1000)
    got = [e["event_id"] for e in part["timeline"]["events"]]
    assert part["timeline"]["limited"] is True and got == sent[-10:]
    assert [e["type"] for e in part["state"]["events"]] == ["m.room.topic"]
    fill = bed.ask("GET", path + "/messages", user="carol", query={
        "dir": "b", "from": part["timeline"]["prev_batch"], "to": since, "limit": 100})
    filled = [e["event_id"] for e in fill["chunk"] if e["type"] == "m.room.message"]
    assert filled[::-1] + got == sent


def test_messages(bed):
    path, room = bed.room("alice")
    for n in range(5):
        bed.send(path, {**TEXT, "body": str(n)})
    page = bed.ask("GET", path + "/messages", user="alice", query={"dir": "b", "limit": 3})
    assert [e["content"]["body"] for e in page["chunk"]] == ["4", "3", "2"]
    page = bed.ask("GET", path + "/messages", user="alice",
                   query={"dir": "b", "limit": 2, "from": page["end"]})
    assert [e["content"]["body"] for e in page["chunk"]] == ["1", "0"]
    page = bed.ask("GET", path + "/messages", user="alice", query={"dir": "f", "limit": 2})
    assert [e["type"] for e in page["chunk"]] == ["m.room.create", "m.room.member"]
    assert [e["event_id"] for e in bed.server.history(room, AS, limit=2)] == \
        [e["event_id"] for e in bed.server.history(room, AS)]
    answer = bed.call("GET", path + "/messages", user="bob", query={"dir": "b"})
    assert said(answer) == (403, "M_FORBIDDEN")
    answer = bed.call("GET", path + "/messages", user="alice", query={"dir": "x"})
    assert said(answer) == (400, "M_INVALID_PARAM")


def test_history_is_for_those_who_were_there(bed):
    hidden = [{"type": "m.room.history_visibility", "content": {"history_visibility": "joined"}}]
    path, room = bed.room(initial_state=hidden)
    bed.send(path, {**TEXT, "body": "before"})
    bed.ask("POST", path + "/invite", {"user_id": bed.mxid("alice")})
    bed.ask("POST", "/join/" + escape(room), {}, user="alice")
    bed.send(path, {**TEXT, "body": "after"})
    seen = bed.server.history(room, bed.server.token("alice"))
    assert [e["content"]["body"] for e in seen if e["type"] == "m.room.message"] == ["after"]


# ---- media


def test_media(bed):
    def get(path, user="bob", **more):
        return bed.call("GET", path, user=user, **more)

    uri = bed.ask("POST", "/_matrix/media/v3/upload", user="alice", raw=b"hello",
                  content_type="text/plain", query={"filename": "a b.txt"})["content_uri"]
    assert uri.startswith("mxc://matrix.localhost/")
    here = "/_matrix/client/v1/media/download/" + uri.removeprefix("mxc://")
    answer = get(here)
    assert (answer.status, answer.body) == (200, b"hello")
    assert answer.headers["content-type"].startswith("text/plain")
    assert "a%20b.txt" in answer.headers["content-disposition"]
    assert get(here + "/other.txt").body == b"hello"
    assert said(bed.server.call("GET", here)) == (401, "M_MISSING_TOKEN")
    legacy = "/_matrix/media/v3/download/" + uri.removeprefix("mxc://")
    assert said(get(legacy)) == (404, "M_NOT_FOUND")
    none = "/_matrix/client/v1/media/download/matrix.localhost/none"
    assert said(get(none)) == (404, "M_NOT_FOUND")
    assert said(bed.server.call("POST", "/_matrix/media/v3/upload", raw=b"x")) == \
        (401, "M_MISSING_TOKEN")


# ---- the application service


def test_events_come_in_order(bed):
    path, room = bed.room("alice")
    bed.receiver.wait_event(bed.send(path))
    before = len(bed.receiver.transactions())
    sent = [bed.send(path, {**TEXT, "body": str(n)}, "alice") for n in range(10)]
    bed.receiver.wait_event(sent[-1])
    assert [e["event_id"] for e in bed.receiver.events() if e["event_id"] in sent] == sent
    ids = [i for i, _ in bed.receiver.transactions()[before:]]
    assert ids == list(range(ids[0], ids[0] + len(ids)))
    event = bed.receiver.wait_event(sent[0])
    assert (event["type"], event["sender"], event["room_id"], event["content"]["body"]) == \
        ("m.room.message", bed.mxid("alice"), room, "0")
    assert "state_key" not in event
    path, _, headers = next(r for r in bed.receiver.requests if "/transactions/" in r[0])
    assert headers["Authorization"] == "Bearer " + HS and "access_token" not in path


def test_rooms_of_others_are_not_told(bed):
    path, _ = bed.room("alice", by="bob")
    other = bed.send(path, user="bob")
    mine, _ = bed.room()
    bed.receiver.wait_event(bed.send(mine))
    assert other not in [e["event_id"] for e in bed.receiver.events()]


def test_while_it_is_slow_the_rest_comes_together(bed):
    path, _ = bed.room("alice")
    bed.receiver.wait_event(bed.send(path))
    bed.receiver.gate.clear()
    try:
        first = bed.send(path)
        bed.receiver.wait_event(first)
        rest = [bed.send(path, user="alice") for _ in range(7)]
        count = len(bed.receiver.transactions())
        time.sleep(0.3)
        assert len(bed.receiver.transactions()) == count
    finally:
        bed.receiver.gate.set()
    bed.receiver.wait_event(rest[-1])
    piles = [[e["event_id"] for e in b["events"]] for _, b in bed.receiver.transactions()]
    assert rest in piles


@pytest.mark.parametrize("answer", [(200, b""), (200, b"OK"), (500, b"{}"), (404, b"{}")])
def test_it_is_sent_again_until_it_is_taken(bed, answer):
    path, _ = bed.room("alice")
    bed.receiver.wait_event(bed.send(path))
    bed.receiver.answers.append(answer)
    event = bed.send(path, user="alice")
    bed.receiver.wait(lambda: [e["event_id"] for e in bed.receiver.events()].count(event) == 2)
    twice = [t for t in bed.receiver.transactions() if event in [e["event_id"] for e in t[1]["events"]]]
    assert twice[0][0] == twice[1][0]
    same = [[e["event_id"] for e in t[1]["events"]] for t in twice]
    assert same[0] == same[1]
    later = bed.send(path, user="alice")
    bed.receiver.wait_event(later)


def test_a_ping_hurries_it(bed):
    slow = isinstance(bed.server, FakeHomeserver)
    if slow:
        bed.server.knob(retry_unit=100)
    path, _ = bed.room("alice")
    bed.receiver.wait_event(bed.send(path))
    # Synapse waits 2, 4, 8 s: after the third refusal the ping must come first.
    bed.receiver.answers += [(500, b"{}")] * (1 if slow else 3)
    event = bed.send(path, user="alice")
    times = 1 if slow else 3
    bed.receiver.wait(lambda: [e["event_id"] for e in bed.receiver.events()].count(event) == times)
    late = bed.send(path, user="alice")
    begun = time.monotonic()
    bed.ask("POST", "/_matrix/client/v1/appservice/roomline/ping", {"transaction_id": "p"})
    bed.receiver.wait_event(late)
    assert time.monotonic() - begun < 4
    if slow:
        bed.server.knob(retry_unit=0.05)
    order = [e["event_id"] for e in bed.receiver.events()]
    assert order.index(event) < order.index(late)


def test_ping(bed):
    def ping(service="roomline", **more):
        return bed.call("POST", f"/_matrix/client/v1/appservice/{service}/ping",
                        {"transaction_id": "p1"}, **more)

    # While Synapse is trying again because of another ping, it says "AlreadyCancelled" with 502.
    wait_until(lambda: ping().status == 200, 10, lambda: f"a ping that is taken; {ping()}")
    assert isinstance(ping().body["duration_ms"], int)
    path, body, headers = [r for r in bed.receiver.requests if r[0].endswith("/ping")][-1]
    assert (path, body) == ("/_matrix/app/v1/ping", {"transaction_id": "p1"})
    assert headers["Authorization"] == "Bearer " + HS
    assert said(ping("other")) == (403, "M_FORBIDDEN")
    assert said(ping(user="alice")) == (403, "M_FORBIDDEN")


def test_ping_without_an_answer(bed):
    here = "/_matrix/client/v1/appservice/roomline/ping"
    bed.receiver.ping = (403, b'{"errcode": "M_FORBIDDEN"}')
    answer = bed.call("POST", here, {})
    assert said(answer) == (502, "M_BAD_STATUS")
    assert answer.body["status"] == 403 and "M_FORBIDDEN" in answer.body["body"]
    bed.receiver.ping = (200, b"no JSON")
    assert said(bed.call("POST", here, {})) == (502, "M_CONNECTION_FAILED")
    bed.receiver.ping = (200, b"{}")
    bed.receiver.close()
    try:
        assert said(bed.call("POST", here, {})) == (502, "M_CONNECTION_FAILED")
    finally:
        bed.receiver.listen()
    wait_until(lambda: bed.call("POST", here, {}).status == 200, 10, "a ping that is taken")


def test_it_is_asked_about_its_users_and_aliases(bed):
    path, _ = bed.room("alice")
    ghost = bed.mxid(f"_sms_{next(numbers)}")
    bed.ask("POST", path + "/invite", {"user_id": ghost}, user="alice")
    bed.receiver.wait(lambda: any(r[0] == f"/_matrix/app/v1/users/{ghost}"
                                  for r in bed.receiver.requests))
    name = f"_sms_q{next(numbers)}"
    alias = f"#{name}:matrix.localhost"
    assert said(bed.call("POST", "/join/" + escape(alias), {}, user="alice")) == (404, "M_NOT_FOUND")
    bed.receiver.known.add(alias)
    bed.receiver.on_alias = lambda _: bed.ask(
        "POST", "/createRoom", {"room_alias_name": name, "preset": "public_chat"})
    room = bed.ask("POST", "/join/" + escape(alias), {}, user="alice")["room_id"]
    assert bed.ask("GET", "/directory/room/" + escape(alias))["room_id"] == room


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_what_a_restart_loses(bed, end):
    """Events that wait behind a transaction when the homeserver ends never come to the application
    service, though clients were told that they are sent: they are in the room all the same."""
    path, room = bed.room("alice")
    bed.receiver.wait_event(bed.send(path))
    since = bed.sync("alice")["next_batch"]
    bed.receiver.gate.clear()
    try:
        waiting = bed.send(path, user="alice")
        bed.receiver.wait_event(waiting)
        lost = [bed.send(path, user="alice") for _ in range(3)]
        time.sleep(0.3)  # until the last is queued too, which nothing shows
        getattr(bed.server, end)()
    finally:
        bed.receiver.gate.set()
    bed.server.start()
    after = bed.send(path, user="alice")
    bed.receiver.wait_event(after)
    # What was under way comes again at once when the end was orderly, else after the next refusal.
    if end == "kill":
        assert [e["event_id"] for e in bed.receiver.events()].count(waiting) == 1
        bed.receiver.answers.append((500, b"{}"))
        bed.receiver.wait_event(bed.send(path, user="alice"))
    bed.receiver.wait(lambda: [e["event_id"] for e in bed.receiver.events()].count(waiting) == 2)
    time.sleep(0.3)
    assert not set(lost) & {e["event_id"] for e in bed.receiver.events()}
    seen = bed.sync("alice", since)["rooms"]["join"][room]["timeline"]["events"]
    assert [e["event_id"] for e in seen][:5] == [waiting, *lost, after]
    assert {*lost} <= {e["event_id"] for e in bed.server.history(room, AS)}
    ids = [i for i, _ in bed.receiver.transactions()]
    assert ids[-1] == max(ids) or end == "kill"


# ---- rate limits


def test_how_a_limit_is_told(tmp_path):
    """Both say it alike; Synapse at its default limits, by the eleventh message or so."""
    for kind in KINDS:
        bed = Bed(FakeHomeserver if kind == "fake" else
                  lambda **more: Synapse(limits="default", **more), str(tmp_path))
        with bed.server:
            path, _ = bed.room(by="alice")
            if kind == "fake":
                bed.server.limit("/send/", 4321, skip=8)
            answers = [bed.put(path, TEXT, "alice") for _ in range(14)]
            answer = next(a for a in answers if a.status != 200)
            assert said(answer) == (429, "M_LIMIT_EXCEEDED"), kind
            wait = answer.body["retry_after_ms"]
            assert isinstance(wait, int) and 0 < wait < 10000
            assert int(answer.headers["retry-after"]) == -(-wait // 1000)


# ---- what only the fake does


@pytest.fixture
def fake(tmp_path):
    bed = Bed(FakeHomeserver, str(tmp_path))
    with bed.server:
        yield bed


def test_faults(fake):
    server = fake.server
    path, room = fake.room("alice")
    server.fail("/send/", 500, count=2)
    assert [said(fake.put(path, TEXT)) for _ in range(3)] == [(500, "M_UNKNOWN")] * 2 + [(200, "")]
    server.fail("/send/", 502, html=True)
    answer = fake.put(path, TEXT)
    assert answer.status == 502 and answer.body.startswith(b"<html>")
    server.limit("/send/", 1500)
    answer = fake.put(path, TEXT)
    assert said(answer) == (429, "M_LIMIT_EXCEEDED") and answer.headers["retry-after"] == "2"
    server.unknown_token("/whoami", soft=True)
    answer = fake.call("GET", "/account/whoami")
    assert said(answer) == (401, "M_UNKNOWN_TOKEN") and answer.body["soft_logout"] is True
    server.slow("/whoami", 0.3)
    begun = time.monotonic()
    fake.ask("GET", "/account/whoami")
    assert time.monotonic() - begun > 0.25
    server.fail("/whoami", 503, method="POST", count=-1)
    fake.ask("GET", "/account/whoami")
    assert [f["hits"] for f in server.faults()] == [2, 1, 1, 1, 1, 0]
    server.clear()
    assert server.faults() == []
    assert len([r for r in server.requests("/send/", "PUT") if r["status"] == 200]) == 1
    assert room in server.requests("/send/")[0]["path"]


def test_lost_answers(fake):
    path, room = fake.room("alice")
    before = len(fake.server.history(room, AS))
    gone = (http.client.RemoteDisconnected, ConnectionResetError)
    fake.server.drop("/send/")
    with pytest.raises(gone):
        fake.put(path, TEXT, txn="a")
    assert len(fake.server.history(room, AS)) == before
    fake.server.drop_after("/send/")
    with pytest.raises(gone):
        fake.put(path, TEXT, txn="b")
    assert len(fake.server.history(room, AS)) == before + 1
    assert fake.send(path, txn="b") == fake.server.history(room, AS)[-1]["event_id"]
    assert len(fake.server.history(room, AS)) == before + 1


def test_what_homeservers_should_not_do(fake):
    path, room = fake.room("alice")
    event = fake.send(path, user="alice")
    fake.receiver.wait_event(event)
    wait_until(lambda: all(t["done"] for t in fake.server.transactions("roomline")))
    last = fake.server.transactions("roomline")[-1]
    count = len(fake.receiver.transactions())
    assert fake.server.replay("roomline", last["id"]).status == 200
    assert [i for i, _ in fake.receiver.transactions()[count:]] == [last["id"]]
    assert fake.receiver.transactions()[-1][1]["events"][-1]["event_id"] == event
    fake.server.put_transaction("roomline", last["id"], {"events": []})
    assert fake.receiver.transactions()[-1] == (last["id"], {"events": []})
    answers = fake.server.replay_all("roomline", first_id=1000)
    assert {a.status for a in answers} == {200}
    assert [i for i, _ in fake.receiver.transactions()[-len(answers):]][0] == 1000
    assert [e["event_id"] for e in fake.receiver.events()].count(event) == 3
    old = fake.server.inject(room, fake.mxid("alice"), "m.room.message", TEXT, ts=1)
    assert fake.receiver.wait_event(old)["origin_server_ts"] == 1
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        fake.server.put_transaction("roomline", 1, raw=b"no JSON")  # as this receiver takes it


def test_tokens_end(fake):
    assert fake.server.expire("alice", soft=True) > 0
    answer = fake.call("GET", "/account/whoami", user="alice")
    assert said(answer) == (401, "M_UNKNOWN_TOKEN") and answer.body["soft_logout"] is True
    token = fake.server.login("alice")["access_token"]
    assert fake.server.call("GET", "/account/whoami", token=token).status == 200


def test_transactions_can_be_held_back(fake):
    path, _ = fake.room("alice")
    fake.receiver.wait_event(fake.send(path))
    fake.server.knob(hold=True)
    event = fake.send(path, user="alice")
    time.sleep(0.2)
    assert event not in [e["event_id"] for e in fake.receiver.events()]
    fake.server.knob(hold=False)
    fake.receiver.wait_event(event)


def test_without_memory_all_is_lost(tmp_path):
    with FakeHomeserver(persist=False) as server:
        alice = server.token("alice")
        room = server.ask("POST", "/createRoom", {}, token=alice)["room_id"]
        server.restart()
        answer = server.call("GET", f"/rooms/{escape(room)}/state", token=server.token("alice"))
        assert said(answer) == (403, "M_FORBIDDEN")
        assert server.call("GET", "/account/whoami", token=alice).status == 401
