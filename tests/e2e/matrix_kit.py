# SPDX-License-Identifier: AGPL-3.0-or-later
"""A volunteer at a Matrix client, driven from plain test code like the one for XMPP in chat.py.

    with Volunteer(server, "alice") as alice:              # matrix-nio; or client="js": matrix-js-sdk
        room = alice.wait_invite()                         # joined by itself
        alice.say(room, "Hello", thread=root)              # returns the event's id
        alice.wait_for(lambda e: e.room == room and e.text == "Hi, who is this?")
        alice.wait_marks(room, sent, "✅")

The client is a program of its own (matrix_nio.py in the virtual environment, npm/matrix_client.js in
Node), because neither library is for the Python that runs the tests. One program of each kind serves
all volunteers of a run. What arrives is kept in .events, .invites, .receipts; waiting also finds what
came before. What a person would see is asked of the client itself: rooms(), threads(), may_send().

The programs are spoken to in lines of JSON. To them: {"n": 1, "who": "alice#1", "do": "send", ...};
from them: {"n": 1, "ok": ...} or {"n": 1, "error": words, "errcode": "M_FORBIDDEN", "status": 403};
and as it comes: {"who": ..., "event": raw event, "room": id}, {"who": ..., "membership": "join",
"room": id}, {"who": ..., "receipt": {"room", "event", "user", "thread"}}.
"""
import atexit
import dataclasses
import itertools
import json
import os
import shutil
import subprocess
import tempfile
import threading
import time

from servers import password
from synapse import PYTHON, ROOT, escape

HERE = os.path.dirname(os.path.abspath(__file__))
NODE_MODULES = os.path.join(os.environ.get("NODE_PREFIX") or os.path.join(ROOT, "build", "npm"),
                            "node_modules")
CLIENTS = {
    "nio": [PYTHON, os.path.join(HERE, "matrix_nio.py")],
    "js": ["node", os.path.join(HERE, "npm", "matrix_client.js")],
}
PIXEL = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
                      "0000000d4944415478da63fccf50cf0000050001012775c1a90000000049454e44ae426082")


class MatrixError(RuntimeError):
    """What the homeserver refused."""

    def __init__(self, status, errcode, words):
        super().__init__(f"{status} {errcode}: {words}")
        self.status, self.errcode, self.words = status, errcode, words


@dataclasses.dataclass
class Event:
    room: str
    type: str
    sender: str
    id: str
    key: str  # state key; None when it is no state
    content: dict
    at: int  # origin_server_ts
    raw: dict
    came: float = dataclasses.field(default_factory=time.monotonic)  # to us

    def _relation(self):
        relation = self.content.get("m.relates_to")
        return relation if isinstance(relation, dict) else {}

    @property
    def kind(self):
        """text, notice, emote, image, file ..., edit, reaction, redaction, sticker, encrypted,
        state, or else the type."""
        if self.key is not None:
            return "state"
        if self._relation().get("rel_type") == "m.replace":
            return "edit"
        if self.type == "m.room.message":
            return str(self.content.get("msgtype", "")).removeprefix("m.")
        return {"m.reaction": "reaction", "m.room.redaction": "redaction", "m.sticker": "sticker",
                "m.room.encrypted": "encrypted"}.get(self.type, self.type)

    @property
    def text(self):
        content = self.content.get("m.new_content") if self.kind == "edit" else self.content
        body = content.get("body", "") if isinstance(content, dict) else ""
        return body if isinstance(body, str) else ""

    @property
    def thread(self):
        """The event at the root of the thread that it is in, or ""."""
        relation = self._relation()
        return relation.get("event_id", "") if relation.get("rel_type") == "m.thread" else ""

    @property
    def reply_to(self):
        """What it answers; "" also when that is only for clients that know no threads."""
        relation = self._relation()
        if relation.get("is_falling_back"):
            return ""
        return (relation.get("m.in_reply_to") or {}).get("event_id", "")

    @property
    def target(self):
        """What a reaction, an edit or a redaction is about."""
        if self.type == "m.room.redaction":
            return self.content.get("redacts") or self.raw.get("redacts", "")
        return self._relation().get("event_id", "") if self.kind in ("reaction", "edit") else ""

    @property
    def emoji(self):
        return self._relation().get("key", "") if self.kind == "reaction" else ""

    @property
    def mentions(self):
        mentions = self.content.get("m.mentions")
        return mentions.get("user_ids", []) if isinstance(mentions, dict) else []

    def __str__(self):
        words = self.emoji or self.text or (self.key is not None and json.dumps(self.content)) or ""
        where = f" in {self.thread[:8]}" if self.thread else ""
        return f"{self.room[:8]} {self.id[:8]}{where} {self.sender} {self.kind} {self.type}: {words!r}"


class Client:
    """A running client program. Client.of("nio") is the one that all share."""

    running = {}
    starting = threading.Lock()

    @classmethod
    def of(cls, kind):
        with cls.starting:
            if kind not in cls.running or cls.running[kind].child.poll() is not None:
                if not cls.running:
                    atexit.register(cls.end_all)
                cls.running[kind] = cls(kind)
            return cls.running[kind]

    @classmethod
    def end_all(cls):
        for client in cls.running.values():
            client.end()

    def __init__(self, kind):
        self.kind = kind
        assert shutil.which(CLIENTS[kind][0]), f"{CLIENTS[kind][0]} is missing: make deps"
        self.errors = tempfile.TemporaryFile("w+", prefix="matrix-client-", encoding="utf-8")
        self.child = subprocess.Popen(
            CLIENTS[kind], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors,
            text=True, encoding="utf-8", bufsize=1, start_new_session=True,
            env={**os.environ, "NODE_PATH": NODE_MODULES, "PYTHONDONTWRITEBYTECODE": "1"})
        self.numbers = itertools.count(1)
        self.volunteers, self.answers = {}, {}
        self.writing, self.changed = threading.Lock(), threading.Condition()
        threading.Thread(target=self._read, name=f"matrix {kind}", daemon=True).start()

    def _read(self):
        for line in self.child.stdout:
            said = json.loads(line)
            if "n" in said:
                with self.changed:
                    self.answers[said["n"]] = said
                    self.changed.notify_all()
            elif said.get("who") in self.volunteers:
                self.volunteers[said["who"]].heard(said)
        with self.changed:
            self.changed.notify_all()

    def words(self):
        self.errors.seek(0)
        return self.errors.read()[-3000:]

    def ask(self, who, do, timeout=60, **more):
        n = next(self.numbers)
        try:
            with self.writing:
                self.child.stdin.write(json.dumps({"n": n, "who": who, "do": do, **more}) + "\n")
        except BrokenPipeError:
            raise RuntimeError(f"the {self.kind} client ended: {self.words()}") from None
        end = time.monotonic() + timeout
        with self.changed:
            while n not in self.answers:
                if self.child.poll() is not None:
                    raise RuntimeError(f"the {self.kind} client ended: {self.words()}")
                if not self.changed.wait(min(1, end - time.monotonic())) and time.monotonic() > end:
                    raise TimeoutError(f"{do} of {who}: not in {timeout} s; {self.words()}")
            answer = self.answers.pop(n)
        if "error" in answer:
            raise MatrixError(answer.get("status", 0), answer.get("errcode", ""), answer["error"])
        return answer["ok"]

    def end(self):
        self.child.kill()
        self.child.wait()


class Volunteer:
    """client: "nio" or "js". join_invites: takes every invitation. secret: when it is not the usual
    password. A user who has no account yet gets one."""

    count = itertools.count(1)

    def __init__(self, server, user, join_invites=True, client="nio", secret=None):
        self.server, self.user, self.mxid = server, user, server.mxid(user)
        self.join_invites = join_invites
        self.kind, self.secret = client, secret or password(user)
        self.who = f"{user}#{next(self.count)}"
        self.client = None
        self.token = self.device = ""
        self.events, self.receipts = [], []
        self.invites, self.joined = [], set()
        self.memberships = {}  # room -> invite, join or leave: ours
        self.seen, self.redacted = set(), set()
        self.changed = threading.Condition()

    # ---- connection

    def login(self, timeout=60):
        """A new session (the old events are kept); returns when the first sync is done."""
        if self.user not in self.server.tokens:
            self.server.token(self.user)
        self.client = Client.of(self.kind)
        self.client.volunteers[self.who] = self
        answer = self.client.ask(self.who, "login", timeout, url=self.server.url, user=self.user,
                                 password=self.secret, join=self.join_invites)
        self.token, self.device = answer["access_token"], answer["device_id"]
        return self

    def drop(self):
        """Goes away without a goodbye; login() comes back with what was said meanwhile."""
        self.client.ask(self.who, "stop")
        with self.changed:
            self.memberships.clear()
            self.joined.clear()

    def __enter__(self):
        return self.login()

    def __exit__(self, *_):
        try:
            self.drop()
        except (TimeoutError, RuntimeError):  # the program is gone: nothing to say goodbye to
            pass
        self.client.volunteers.pop(self.who, None)

    def call(self, method, path, body=None, **more):
        """Asks the homeserver as this user; see Homeserver.call()."""
        return self.server.call(method, path, body, self.token, **more)

    def ask(self, method, path, body=None, **more):
        return self.server.ask(method, path, body, self.token, **more)

    # ---- what arrives

    def heard(self, said):
        with self.changed:
            room = said.get("room")
            if "event" in said:
                self._keep(room, said["event"])
            elif "receipt" in said:
                self.receipts.append(said["receipt"])
            elif self.memberships.get(room) != said["membership"]:
                self.memberships[room] = said["membership"]
                self.joined = {r for r, m in self.memberships.items() if m == "join"}
                if said["membership"] == "invite":
                    self.invites.append(room)
            self.changed.notify_all()

    def _keep(self, room, raw):
        event = Event(room, raw.get("type", ""), raw.get("sender", ""), raw.get("event_id", ""),
                      raw.get("state_key"), raw.get("content") or {},
                      raw.get("origin_server_ts", 0), raw)
        if event.id in self.seen:
            return
        self.seen.add(event.id)
        self.events.append(event)
        if event.kind == "redaction":
            self.redacted.add(event.target)
        elif "redacted_because" in (raw.get("unsigned") or {}):
            self.redacted.add(event.id)

    # ---- waiting

    def _wait(self, condition, timeout, what):
        end = time.monotonic() + timeout
        with self.changed:
            while True:
                value = condition()
                if value:
                    return value
                left = end - time.monotonic()
                if left <= 0:
                    raise TimeoutError(f"{what() if callable(what) else what}: not in {timeout} s")
                self.changed.wait(left)

    def _events(self, what):
        return lambda: f"{what} for {self.user}; there were\n  " + "\n  ".join(
            str(e) for e in self.events[-25:])

    def wait_for(self, condition, timeout=15):
        """The first event, old or new, for which condition(event) holds."""
        return self._wait(lambda: next((e for e in self.events if condition(e)), None), timeout,
                          self._events("event"))

    def wait_text(self, room, text, thread=None, timeout=15):
        """A message (of any kind, not an edit) with just these words; thread: its root, "" for none."""
        return self.wait_for(lambda e: e.room == room and e.text == text and e.kind != "edit"
                             and thread in (None, e.thread), timeout)

    def wait_reaction(self, room, emoji, target=None, timeout=15):
        return self.wait_for(lambda e: e.room == room and e.emoji == emoji
                             and target in (None, e.target), timeout)

    def wait_marks(self, room, target, *emoji, timeout=15):
        """Until the reactions on an event are just these: redacted ones are gone."""
        return self._wait(lambda: sorted(self.reactions(room, target)) == sorted(emoji), timeout,
                          self._events(f"marks {emoji} on {target}"))

    def wait_redacted(self, room, event_id, timeout=15):
        self._wait(lambda: event_id in self.redacted, timeout,
                   self._events(f"redaction of {event_id} in {room}"))

    def wait_state(self, room, type, condition=bool, key="", timeout=15):
        """Until the newest state of this type that arrived fits; returns its content."""
        def newest():
            found = [e for e in self.events if (e.room, e.type, e.key) == (room, type, key)]
            return found and condition(found[-1].content) and found[-1]
        return self._wait(newest, timeout, self._events(f"state {type}")).content

    def wait_receipt(self, room, event_id, user, timeout=15):
        return self._wait(lambda: next((r for r in self.receipts if (r["room"], r["event"], r["user"])
                                        == (room, event_id, user)), None), timeout,
                          lambda: f"receipt of {user}; there were {self.receipts[-10:]}")

    def wait_invite(self, room=None, timeout=20):
        """Waits to be asked into a room (any, or this one) and to be in it; returns its id."""
        found = self._wait(lambda: next((r for r in self.invites if room in (None, r)), None),
                           timeout, lambda: f"invitation for {self.user}; there were {self.invites}")
        if self.join_invites:
            self.wait_joined(found, timeout)
        return found

    def wait_joined(self, room, timeout=15):
        self._wait(lambda: room in self.joined, timeout, f"{self.user} in {room}")

    def wait_out(self, room, timeout=15):
        self._wait(lambda: room not in self.joined, timeout, f"{self.user} out of {room}")

    # ---- what has arrived

    def of_room(self, room):
        """What was said in a room: no state, no reactions."""
        return [e for e in self.events if e.room == room
                and e.type in ("m.room.message", "m.sticker", "m.room.encrypted")]

    def texts(self, room, thread=None):
        return [e.text for e in self.of_room(room) if e.kind != "edit" and thread in (None, e.thread)]

    def reactions(self, room, target):
        """Those that stand: a list with the emoji of each."""
        return [e.emoji for e in self.events if e.kind == "reaction" and e.room == room
                and e.target == target and e.id not in self.redacted]

    # ---- what a person sees, in the words of the client

    def rooms(self):
        """The joined rooms, by id: {name, topic, members: {mxid: name}, invited, space, encrypted}."""
        return {r["id"]: r for r in self.client.ask(self.who, "rooms")}

    def threads(self, room):
        """[{"root": id, "text": ..., "replies": [{"id", "sender", "text"}]}], by age of the root."""
        return self.client.ask(self.who, "threads", room=room)

    def main_timeline(self, room):
        """The ids of what the room shows outside threads."""
        return self.client.ask(self.who, "timeline", room=room)

    def may_send(self, room, type="m.room.message"):
        """Whether the client offers it, by the power levels that it knows."""
        return self.client.ask(self.who, "may_send", room=room, type=type)

    # ---- what a volunteer does

    def send(self, room, type, content, thread=None, reply_to=None, txn=None):
        """Any event; the relations for thread (a root) and reply_to are made by the client."""
        return self.client.ask(self.who, "send", room=room, type=type, content=content,
                               thread=thread, reply_to=reply_to, txn=txn)

    def say(self, room, text, thread=None, reply_to=None, msgtype="m.text", **more):
        """more: other keys of the content."""
        return self.send(room, "m.room.message", {"msgtype": msgtype, "body": text, **more},
                         thread, reply_to)

    def edit(self, room, event_id, text):
        content = {"msgtype": "m.text", "body": text, "m.mentions": {}}
        return self.send(room, "m.room.message", {
            **content, "body": "* " + text, "m.new_content": content,
            "m.relates_to": {"rel_type": "m.replace", "event_id": event_id}})

    def react(self, room, target, emoji):
        return self.send(room, "m.reaction", {
            "m.relates_to": {"rel_type": "m.annotation", "event_id": target, "key": emoji}})

    def redact(self, room, event_id, reason=None):
        return self.client.ask(self.who, "redact", room=room, event=event_id, reason=reason)

    def upload(self, data=PIXEL, type="image/png", name="picture.png"):
        """Returns the mxc address."""
        with tempfile.NamedTemporaryFile(prefix="matrix-upload-") as f:
            f.write(data)
            f.flush()
            return self.client.ask(self.who, "upload", path=f.name, type=type, name=name)

    def send_file(self, room, data=PIXEL, type="image/png", name="picture.png", thread=None, **more):
        """An image, or another file by its type; more: as caption and filename."""
        kind = type.partition("/")[0]
        return self.say(room, name, thread, msgtype="m." + (
            kind if kind in ("image", "audio", "video") else "file"),
            url=self.upload(data, type, name), info={"mimetype": type, "size": len(data)}, **more)

    def sticker(self, room, text="a cat", thread=None):
        return self.send(room, "m.sticker", {"body": text, "info": {"mimetype": "image/png"},
                                             "url": self.upload()}, thread)

    def send_encrypted(self, room, thread=None):
        """What a client with encryption sends to those who cannot read it."""
        return self.send(room, "m.room.encrypted", {
            "algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "AwgAEnACgAkLmt6q", "device_id": "X",
            "sender_key": "k" * 43, "session_id": "s" * 43}, thread)

    def set_state(self, room, type, content, key=""):
        path = f"/rooms/{escape(room)}/state/{escape(type)}/{escape(key)}"
        return self._must("PUT", path, content)["event_id"]

    def create_room(self, **options):
        """The options of /createRoom; returns the id."""
        room = self._must("POST", "/createRoom", options)["room_id"]
        self.wait_joined(room)
        return room

    def join(self, room, timeout=15):
        if room not in self.joined:
            self.client.ask(self.who, "join", room=room)
            self.wait_joined(room, timeout)

    def leave(self, room):
        self._must("POST", f"/rooms/{escape(room)}/leave", {})
        self.wait_out(room)

    def invite(self, room, user):
        self._must("POST", f"/rooms/{escape(room)}/invite", {"user_id": user})

    def kick(self, room, user):
        self._must("POST", f"/rooms/{escape(room)}/kick", {"user_id": user})

    def ban(self, room, user):
        self._must("POST", f"/rooms/{escape(room)}/ban", {"user_id": user})

    def upgrade(self, room, version):
        """Returns the id of the room that takes its place."""
        return self._must("POST", f"/rooms/{escape(room)}/upgrade",
                          {"new_version": version})["replacement_room"]

    def _must(self, method, path, body):
        answer = self.call(method, path, body)
        if answer.status != 200:
            raise MatrixError(answer.status, answer.errcode, answer.error)
        return answer.body
