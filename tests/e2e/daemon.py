# SPDX-License-Identifier: AGPL-3.0-or-later
"""The daemon under test and the phones of its sandbox.

    server: an XMPP server, a homeserver with slots (matrix_slots.py), or a list of both.

    with Prosody() as server, Roomline(server) as roomline, Volunteer(server, "alice") as alice:
        roomline.phone("+14155550111").text("Hi, who is this?")
        room = alice.wait_invite()

Each has its own folder, port and database. kill() is SIGKILL, start() brings it back on the same
data; crash_at="outbox.committed:3" starts a build with crash points that dies at that step.
"""
import base64
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import urllib.error
import urllib.request

import servers
from servers import HOST, Process, wait_until

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
SECRET = "hook-secret-0123456789"
SENDER = "+14155550100"


def binary():
    return os.environ.get("ROOMLINE_BIN") or os.path.join(ROOT, "build/gcc-san/roomline")


SANDBOX = {"name": "sandbox", "driver": "sandbox"}
MAIN = {"name": "main", "provider": "sandbox", "number": SENDER, "per_minute": 6000}


def basic(key):
    return "Basic " + base64.b64encode(b"anybody:" + key.encode()).decode()


def yaml_value(value):
    return json.dumps(value, ensure_ascii=False)


def yaml_lines(value, indent=""):
    """YAML of dicts, lists of dicts or texts; enough for a configuration."""
    for key, item in value.items():
        if isinstance(item, dict):
            yield f"{indent}{key}:"
            yield from yaml_lines(item, indent + "  ")
        elif isinstance(item, list) and item and isinstance(item[0], dict):
            yield f"{indent}{key}:"
            for entry in item:
                lines = list(yaml_lines(entry, indent + "    "))
                yield f"{indent}  - {lines[0].strip()}"
                yield from lines[1:]
        else:
            yield f"{indent}{key}: {yaml_value(item)}"


class Roomline:
    def __init__(self, server=None, providers=None, senders=None, organizers=("organizer",),
                 inbox=("alice",), sections=None, env=None, folder=None, matrix=None):
        self.own_folder = folder is None
        self.folder = folder or tempfile.mkdtemp(prefix="roomline-daemon-")
        chats = server if isinstance(server, (list, tuple)) else [server] if server else []
        # A homeserver knows on which port it finds each of its application services.
        self.slot = next((s.slots.take() for s in chats if hasattr(s, "slots")), None)
        self.port = self.slot.port if self.slot else servers.free_ports(1)[0]
        self.url = f"http://{HOST}:{self.port}"
        self.chats = chats
        self.server = chats[0] if chats else None
        asan = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=1:exitcode=99"
        self.env = {**os.environ, "ASAN_OPTIONS": asan.lstrip(":"),
                    "UBSAN_OPTIONS": "print_stacktrace=1", **(env or {})}
        self.config = {
            "organisation": {"name": "Riverside", "help_contact": "help@example.org"},
            "store": {"path": "roomline.db"},
            "http": {"listen": f"{HOST}:{self.port}", "public_url": self.url,
                     "hook_secret": SECRET},
            "log": {"level": "debug"},
            "providers": providers or [SANDBOX],
            "senders": senders or [MAIN],
        }
        if chats:
            self.config["team"] = {
                "organizers": [c.user(u) for c in chats for u in organizers],
                "inbox": [c.user(u) for c in chats for u in inbox],
            }
        for chat in chats:
            name, section = chat.section(self.slot)
            self.config[name] = {**section, **((matrix or {}) if name == "matrix" else {})}
        for name, keys in (sections or {}).items():
            self.config.setdefault(name, {}).update(keys)
        self.process = None
        self.starts = 0

    def path(self, name):
        return os.path.join(self.folder, name)

    @property
    def db(self):
        return self.path("roomline.db")

    def write_config(self):
        with open(self.path("roomline.yaml"), "w", encoding="utf-8") as f:
            f.write("\n".join(yaml_lines(self.config)) + "\n")
        os.chmod(self.path("roomline.yaml"), 0o600)
        return self.path("roomline.yaml")

    def start(self, crash_at=None, wait=True):
        self.write_config()
        env = dict(self.env)
        if crash_at:
            env["ROOMLINE_CRASH_AT"] = crash_at
        self.process = Process([binary(), "run", "-c", self.path("roomline.yaml")],
                               self.path("roomline.log"), env=env, cwd=self.folder)
        self.process.start()
        self.starts += 1
        if wait:
            wait_until(self._up, 30, lambda: "daemon up: " + self.log()[-3000:])
        return self

    def _up(self):
        if not self.process.running:
            raise RuntimeError("the daemon ended: " + self.log()[-3000:])
        return servers.port_open(self.port)

    def wait_chat(self, timeout=30):
        """Until it is connected to the chat networks and the control rooms are there."""
        wait_until(lambda: len(self.query("select 1 from place where kind=1 and address<>''"))
                   >= max(1, len(self.chats)), timeout,
                   lambda: "control room: " + self.log()[-3000:])
        return self

    def stop(self, timeout=20):
        """A clean end; fails when the daemon did not take it well (also on sanitizer reports)."""
        if self.process and self.process.running:
            os.kill(self.process.child.pid, signal.SIGTERM)
            code = self.process.child.wait(timeout)
            assert code == 0, f"exit {code}: {self.log()[-5000:]}"

    def kill(self):
        if self.process:
            self.process.kill()

    def wait_dead(self, timeout=30):
        """Until a crash point has killed it; returns False if it lives on."""
        try:
            self.process.child.wait(timeout)
            return True
        except subprocess.TimeoutExpired:
            return False

    def reload(self):
        self.write_config()
        os.kill(self.process.child.pid, signal.SIGHUP)

    def log(self):
        with open(self.path("roomline.log"), encoding="utf-8", errors="replace") as f:
            return f.read()

    def wait_log(self, words, times=1, timeout=30):
        wait_until(lambda: self.log().count(words) >= times, timeout,
                   lambda: f"{words!r}, {times} times, in {self.log()[-3000:]}")

    def close(self):
        self.kill()
        if self.own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        try:
            if kind is None:
                self.stop()
            else:
                print("---- the daemon's log\n" + self.log()[-6000:])
        finally:
            self.close()

    # ---- looking at the truth

    def query(self, sql, *values):
        if not os.path.exists(self.db):
            return []
        connection = sqlite3.connect(f"file:{self.db}?mode=ro", uri=True, timeout=5)
        try:
            return connection.execute(sql, values).fetchall()
        except sqlite3.OperationalError as e:
            if "no such table" in str(e):
                return []
            raise
        finally:
            connection.close()

    # ---- the sandbox

    @property
    def sandbox_key(self):
        return next((p.get("key", "") for p in self.config["providers"]
                     if p["driver"] == "sandbox"), "")

    def api(self, path, body=None):
        request = urllib.request.Request(
            self.url + "/sandbox/api/" + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json",
                     "Authorization": basic(self.sandbox_key)})
        with urllib.request.urlopen(request, timeout=20) as answer:
            text = answer.read().decode()
            return json.loads(text) if text.strip() else None

    def api_file(self, data):
        request = urllib.request.Request(
            self.url + "/sandbox/api/file", data=data,
            headers={"Content-Type": "application/octet-stream",
                     "Authorization": basic(self.sandbox_key)})
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.loads(answer.read())

    def phone(self, number):
        return Phone(self, number)

    @property
    def control(self):
        return self.control_of(self.server)

    def control_of(self, chat):
        """The address of the control room on that server."""
        return self.query("select address from place where kind=1 and network=?",
                          chat.network)[0][0]


class Phone:
    """A simulated phone of the sandbox."""

    def __init__(self, roomline, number):
        self.roomline, self.number = roomline, number

    def text(self, text, to=SENDER, **more):
        return self.roomline.api("text", {"from": self.number, "to": to, "text": text, **more})

    def picture(self, data, text="", **more):
        """Texts with a picture, or several."""
        files = data if isinstance(data, list) else [data]
        return self.text(text, media=[self.roomline.api_file(f)["url"] for f in files], **more)

    def texts(self):
        """All that it has got, oldest first, as the sandbox tells it."""
        answer = self.roomline.api("phone/" + self.number.replace("+", "%2B") + "/texts")
        return [t for t in answer["texts"] if t["direction"] == "in"]

    def received(self):
        """The texts it has got, oldest first."""
        try:
            answer = self.roomline.api("phone/" + self.number.replace("+", "%2B") + "/texts")
        except urllib.error.HTTPError as e:
            if e.code == 404:
                return []
            raise
        return [t["text"] for t in answer["texts"] if t.get("direction", "in") != "out"]

    def wait_received(self, text, timeout=15):
        wait_until(lambda: text in self.received(), timeout,
                   lambda: f"{text!r} on {self.number}; got {self.received()}")
        return self.received()
