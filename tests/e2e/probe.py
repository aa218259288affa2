# SPDX-License-Identifier: AGPL-3.0-or-later
"""The XMPP network without the rest of the daemon: tests/unit/chat/xmpp_probe.c as a child.

    with Probe(server) as probe:                      # connected
        room = probe.open(1, "aa11", members=["alice@localhost"])
        probe.say(7, 1, "Hi", voice="contact")
        done = probe.wait("done", 7)                  # .event is the message's id in the room
"""
import dataclasses
import itertools
import os
import subprocess
import threading
import time

from daemon import ROOT
from servers import HOST

NAMES = {
    "down": ["why"],
    "ready": ["place", "address"],
    "lost": ["place", "why"],
    "done": ["relay", "event"],
    "failed": ["relay", "why"],
    "joined": ["place", "user"],
    "left": ["place", "user"],
    "said": ["kind", "place", "user", "organizer", "what", "text", "event", "target", "at", "file"],
    "describe": ["text"],
    "refused": ["why"],
}
NUMBERS = {"place", "relay", "organizer", "at"}
MARKS = ["queued", "handed over", "delivered", "failed", "unknown"]


def binary():
    return os.environ.get("XMPP_PROBE") or os.path.join(ROOT, "build/gcc-san/unit/chat/xmpp_probe")


def escape(text):
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")


def unescape(text):
    out, i = [], 0
    while i < len(text):
        if text[i] == "\\" and i + 1 < len(text):
            out.append({"t": "\t", "n": "\n"}.get(text[i + 1], text[i + 1]))
            i += 2
        else:
            out.append(text[i])
            i += 1
    return "".join(out)


@dataclasses.dataclass
class Told:
    """One thing the network told the bridge; the fields that go with its word are attributes."""
    word: str
    at_time: float
    fields: dict

    def __getattr__(self, name):
        try:
            return self.fields[name]
        except KeyError:
            raise AttributeError(name) from None


class Probe:
    def __init__(self, server, /, control="control", start=True, wait=True, env=None, **settings):
        self.server = server
        self.settings = dict(
            domain=server.component, secret=server.secret, host=HOST, port=server.component_port,
            muc_service=server.muc, control_room=control) | settings
        self.start_it, self.wait_up = start, wait
        self.env = dict(os.environ, **(env or {}))
        self.told, self.log = [], []
        self.changed = threading.Condition()
        self.relays = itertools.count(1)
        self.child = None
        self.killed = False

    # ---- life

    def run(self):
        self.killed = False
        self.child = subprocess.Popen(
            [binary()] + [f"{k}={v}" for k, v in self.settings.items()],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=self.env, start_new_session=True)
        for stream, take in ((self.child.stdout, self._take), (self.child.stderr, self._log)):
            threading.Thread(target=self._read, args=(stream, take), daemon=True).start()
        if self.start_it:
            self.send("start")
            if self.wait_up:
                self.wait("up")
        return self

    __enter__ = run

    def __exit__(self, kind, *_):
        if self.child.poll() is None:
            self.send("quit")
        try:
            code = self.child.wait(20)
        except subprocess.TimeoutExpired:
            self.child.kill()
            raise
        if kind is None and not self.killed:
            assert code == 0, f"the probe ended with {code}:\n" + "\n".join(self.log[-60:])

    def kill(self):
        """As a power cut; nothing is said to the server."""
        self.killed = True
        self.child.kill()
        self.child.wait()

    def _read(self, stream, take):
        for line in stream:
            take(line.decode("utf-8", "replace").rstrip("\n"))
        with self.changed:
            self.changed.notify_all()

    def _log(self, line):
        self.log.append(line)

    def _take(self, line):
        word, *values = line.split("\t")
        fields = {}
        for name, value in zip(NAMES.get(word, []), values):
            fields[name] = int(value) if name in NUMBERS else unescape(value)
        with self.changed:
            self.told.append(Told(word, time.monotonic(), fields))
            self.changed.notify_all()

    def send(self, *fields):
        self.child.stdin.write(("\t".join(escape(str(f)) for f in fields) + "\n").encode())
        self.child.stdin.flush()

    # ---- waiting

    def all(self, word, /, **fields):
        return [t for t in self.told if t.word == word
                and all(t.fields.get(k) == v for k, v in fields.items())]

    def wait(self, word, first=None, /, timeout=20, count=1, **fields):
        """The count-th thing told with this word whose fields are as given; `first` is the value of
        its first field."""
        if first is not None:
            fields[NAMES[word][0]] = first
        end = time.monotonic() + timeout
        with self.changed:
            while True:
                found = self.all(word, **fields)
                if len(found) >= count:
                    return found[count - 1]
                left = end - time.monotonic()
                if left <= 0 or self.child.poll() is not None:
                    raise TimeoutError(
                        f"{word} {fields} not told in {timeout} s (code {self.child.poll()}); were\n"
                        + "\n".join(f"  {t.word} {t.fields}" for t in self.told[-20:])
                        + "\nlog\n" + "\n".join(self.log[-30:]))
                self.changed.wait(left)

    def forget(self):
        with self.changed:
            self.told.clear()

    # ---- the operations

    def _place(self, op, place, token="", kind="conversation", address="", cursor="", title="Pat R.",
               topic="", name="Pat R.", invite=True, members=()):
        self.send(op, place, kind, token, address, cursor, title, topic, name, int(invite),
                  ",".join(members))

    def open(self, place, token="", wait=True, **fields):
        """Opens a place and returns its address when it is ready."""
        before = len(self.all("ready", place=place))
        self._place("open", place, token, **fields)
        return self.wait("ready", place, count=before + 1).address if wait else None

    def update(self, place, token="", **fields):
        self._place("update", place, token, **fields)

    def close(self, place):
        self.send("close", place)

    def say(self, relay, place, text, voice="bot", stamp=0, wait=False):
        self.send("say", relay, place, voice, stamp, text)
        return self.wait("done", relay) if wait else None

    def mark(self, relay, place, event, mark, wait=False):
        self.send("mark", relay, place, event, MARKS.index(mark))
        return self.wait("done", relay) if wait else None

    def describe(self):
        before = len(self.all("describe"))
        self.send("describe")
        return self.wait("describe", count=before + 1).text

    def _stat(self):
        with open(f"/proc/{self.child.pid}/stat", encoding="ascii") as f:
            return f.read().rpartition(")")[2].split()

    def state(self):
        """As the kernel says it: R, S, T for stopped."""
        return self._stat()[0]

    def cpu_seconds(self):
        fields = self._stat()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
