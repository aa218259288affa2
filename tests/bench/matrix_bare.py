# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the Matrix measurements share: the bare loop, which sends to the homeserver what Roomline would
send and does nothing else, a client that listens, and a desk or rooms to send into.

The bare loop and the listening client are as cheap as they can be, so that they take no time from
the homeserver on the same machine: kept connections, one write for a request.
"""
import contextlib
import itertools
import json
import queue
import socket
import threading
import time
import urllib.parse

from daemon import Roomline
from hook import Hook, twilio
from matrix_slots import Slots
from servers import HOST, wait_until
from synapse import Synapse, escape

AT_ONCE = 8
CONTENT = "m.room.message"
HELLO = "Hello, who is this?"


def contact(i):
    return f"+1415557{i:04d}"


class Wire:
    """One kept connection to a homeserver, with somebody's token."""

    def __init__(self, server, token):
        self.socket = socket.create_connection((HOST, server.port), 60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.rest = b""
        self.head = f"Host: {HOST}:{server.port}\r\nAuthorization: Bearer {token}\r\n"

    def ask(self, method, path, body=b""):
        """Returns the answer's body, as bytes."""
        self.socket.sendall((f"{method} {path} HTTP/1.1\r\n{self.head}"
                             "Content-Type: application/json\r\n"
                             f"Content-Length: {len(body)}\r\n\r\n").encode() + body)
        while b"\r\n\r\n" not in self.rest:
            self._read()
        head, _, self.rest = self.rest.partition(b"\r\n\r\n")
        status, *lines = head.decode().lower().split("\r\n")
        fields = dict(line.split(": ", 1) for line in lines)
        body = self._chunks() if "chunked" in fields.get("transfer-encoding", "") \
            else self._take(int(fields["content-length"]))
        if status.split()[1] != "200":
            raise RuntimeError(f"{method} {path}: {status} {body[:300]!r}")
        return body

    def _read(self):
        more = self.socket.recv(1 << 20)
        if not more:
            raise RuntimeError("the homeserver has hung up")
        self.rest += more

    def _take(self, size):
        while len(self.rest) < size:
            self._read()
        taken, self.rest = self.rest[:size], self.rest[size:]
        return taken

    def _chunks(self):
        out = b""
        while True:
            while b"\r\n" not in self.rest:
                self._read()
            size, _, self.rest = self.rest.partition(b"\r\n")
            chunk = self._take(int(size, 16) + 2)[:-2]
            if not chunk:
                return out
            out += chunk

    def close(self):
        self.socket.close()


class Scene:
    """A daemon with conversations in places that are there, and what the bare loop needs to send
    the same into the same places."""

    def __init__(self, server, shape, stack, user="alice", **matrix):
        self.server = server
        self.roomline = stack.enter_context(Roomline(
            server, inbox=(user,), matrix={"shape": shape, **matrix},
            sections={"log": {"level": "warn"}}, **twilio())).wait_chat()
        self.slot = self.roomline.slot
        self.hook = Hook(self.roomline)
        self.token = server.token(user)
        self.serial = itertools.count()
        self.places, self.joined = [], set()  # room, root, token

    def open(self, count):
        """Until there are so many conversations, each with one text; returns the seconds it took."""
        self.hook.connect()
        start = time.monotonic()
        for i in range(len(self.places), count):
            self.hook.text(contact(i), HELLO)
        self.wait_shown()
        took = time.monotonic() - start
        found = self.roomline.query("select address, token from place where kind=0 order by id")
        assert len(found) == count, found
        self.places = [(*address.partition("/")[::2], token) for address, token in found]
        for room in self.rooms() - self.joined:  # as somebody who is at no client
            self.server.ask("POST", f"/rooms/{escape(room)}/join", token=self.token)
            self.joined.add(room)
        self.wait_shown()  # whoever comes into a room has the conversation, and is told so
        return took

    def rooms(self):
        return {room for room, _, _ in self.places}

    def wait_shown(self, timeout=600):
        """Until the homeserver has answered for everything, and it is noted."""
        wait_until(lambda: self.roomline.query("select count(*) from relay") == [(0,)], timeout,
                   lambda: f"all shown, {self.roomline.query('select count(*) from relay')} left")

    def message(self, i, words):
        """Path and body of what Roomline sends for a text of that contact's; see matrix_say.c."""
        room, root, token = self.places[i]
        name = "Contact …" + contact(i)[-4:]
        body = {"msgtype": "m.text", "body": words, "m.mentions": {}}
        query = {"user_id": self.slot.bot, "device_id": "ROOMLINE", "ts": int(time.time() * 1000)}
        if root:
            body.update({
                "body": f"{name}: {words}", "format": "org.matrix.custom.html",
                "formatted_body": f"<strong>{name}:</strong> {words}",
                "m.relates_to": {"rel_type": "m.thread", "event_id": root, "is_falling_back": True,
                                 "m.in_reply_to": {"event_id": root}}})
        else:
            query["user_id"] = f"@{self.slot.prefix}{token}:{self.server.domain}"
        path = (f"/_matrix/client/v3/rooms/{escape(room)}/send/{CONTENT}/bare.{next(self.serial)}"
                f"?{urllib.parse.urlencode(query)}")
        return path, json.dumps(body, ensure_ascii=False).encode()

    def bare(self):
        return Wire(self.server, self.slot.as_token)

    def shown(self):
        """The words of all texts, place by place."""
        history = {room: [e for e in self.server.history(room, self.token)
                          if e["type"] == CONTENT and e["content"]["msgtype"] == "m.text"]
                   for room in self.rooms()}
        return [[e["content"]["body"].rpartition(": ")[2] for e in history[room]
                 if e["content"].get("m.relates_to", {}).get("event_id", "") == root
                 and e["event_id"] != root] for room, root, _ in self.places]


class BareLoop:
    """AT_ONCE connections that take requests from one list, each the next when it is answered."""

    def __init__(self, scene):
        self.wires = [scene.bare() for _ in range(AT_ONCE)]

    def send(self, requests):
        """Returns the seconds until all were answered."""
        waiting = queue.SimpleQueue()
        for request in requests:
            waiting.put(request)

        def work(wire):
            with contextlib.suppress(queue.Empty):
                while True:
                    path, body = waiting.get_nowait()
                    wire.ask("PUT", path, body)

        threads = [threading.Thread(target=work, args=(wire,)) for wire in self.wires]
        start = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert waiting.empty(), "the bare loop has failed"
        return time.monotonic() - start


@contextlib.contextmanager
def synapse(daemons):
    """With room for so many daemons, one after the other."""
    slots = Slots(daemons)
    with Synapse(registrations=slots.paths) as server:
        server.slots = slots
        yield server
    slots.close()
