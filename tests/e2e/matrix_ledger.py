# SPDX-License-Identifier: AGPL-3.0-or-later
"""Conversations of which every text is counted, both ways, while all around them fails.

    with Ground(server, shape="thread") as ground:
        talk = ground.talk("+14155552001")       # one conversation
        talk.hears("from the phone")             # a text comes in
        talk.says("from the volunteer")          # the volunteer answers it
        ground.settle()                          # until all has arrived; then it is counted
        talk.check()                             # each once, and in order

The provider (Carrier) and the volunteer's sending live in the test and not in the daemon or in a
client, so that they outlive both: each repeats what was not taken, one after the other, as a provider
and a client do. What the room holds is read from the homeserver's history and not from a client.
"""
import http.server
import itertools
import json
import os
import queue
import threading
import time
import urllib.parse
import urllib.request

from daemon import SECRET, SENDER, Roomline
from matrix_kit import Volunteer
from servers import HOST, wait_until
from synapse import escape

STEP = 0.05  # seconds between two tries of what was not taken


class Courier:
    """Does jobs in order, each until it says that it is done."""

    def __init__(self):
        self.jobs = queue.Queue()
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def do(self, job):
        self.jobs.put(job)

    def _run(self):
        while not self.ended.is_set():
            job = self.jobs.get()
            while not self.ended.is_set() and not self._try(job):
                time.sleep(STEP)
            self.jobs.task_done()

    @staticmethod
    def _try(job):
        try:
            return job()
        except OSError:  # nobody answers, or not to the end
            return False

    @property
    def idle(self):
        return self.jobs.unfinished_tasks == 0

    def close(self):
        self.ended.set()
        self.jobs.put(lambda: True)
        self.thread.join(10)


class Carrier:
    """An SMS provider: keeps what it is sent, reports each text as delivered, and hands over what
    phones text until it is taken."""

    def __init__(self):
        self.got = []  # (to, text), of each request
        self.delay = 0  # seconds until a text is taken
        self.ids = itertools.count(1)
        self.roomline = None
        self.courier = Courier()
        carrier = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                text = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                time.sleep(carrier.delay)
                carrier.take(text)
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"OK")

            def log_message(self, *_):
                """The tests show what they need."""

        class Quiet(http.server.ThreadingHTTPServer):
            def handle_error(self, request, client_address):
                """The daemon was killed."""

        self.server = Quiet((HOST, 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def serve(self, roomline):
        self.roomline = roomline
        roomline.config["providers"] = [{
            "name": "carrier", "driver": "generic",
            "send_url": f"http://{HOST}:{self.server.server_port}/send",
            "send_body": '{"ref":"${ref}","to":"${to}","text":"${text}"}', "hook_type": "form",
            "in_id": "id", "in_from": "from", "in_to": "to", "in_text": "text",
            "report_ref": "ref", "report_status": "status", "report_map": ["there: delivered"],
            "caps": ["reports"]}]
        roomline.config["senders"] = [
            {"name": "main", "provider": "carrier", "number": SENDER, "per_minute": 60000}]

    def take(self, text):
        self.got.append((text["to"], text["text"]))
        self.hook("status", {"ref": text["ref"], "status": "there"})

    def hook(self, what, fields):
        data = urllib.parse.urlencode(fields).encode()
        url = f"{self.roomline.url}/hook/{SECRET}/carrier/{what}"

        def post():
            with urllib.request.urlopen(url, data, timeout=10) as answer:
                return answer.status == 200
        self.courier.do(post)

    def text(self, phone, words):
        self.hook("in", {"id": next(self.ids), "from": phone, "to": SENDER, "text": words})

    def received(self, phone):
        return [text for to, text in self.got if to == phone]

    def close(self):
        self.courier.close()
        self.server.shutdown()
        self.server.server_close()


class Talk:
    """One conversation: where it is shown, and what was said in it both ways."""

    def __init__(self, ground, phone):
        self.ground, self.phone = ground, phone
        self.texted, self.said = [], []
        self.events = {}  # words -> event id, of what the volunteer said
        self.room = self.thread = None

    def hears(self, words):
        self.texted.append(words)
        self.ground.carrier.text(self.phone, words)

    def is_first(self, event):
        return event.text.endswith(self.texted[0]) and event.kind == "text" and \
            self.ground.ours(event.sender) and \
            (event.room, event.thread) not in {(t.room, t.thread) for t in self.ground.talks}

    def sit(self, timeout=60):
        """Until its first text is shown where no other conversation is."""
        if not self.room:
            came = self.ground.alice.wait_for(self.is_first, timeout)
            self.room, self.thread = came.room, came.thread
        return self

    def seen(self):
        """Whether it is shown by now."""
        if not self.room and any(self.is_first(e) for e in list(self.ground.alice.events)):
            self.sit()
        return self.room is not None

    def says(self, words):
        self.said.append(words)
        self.ground.say(self.room, words, self.thread, self.events)

    # ---- the reckoning

    def shown(self):
        """What the contact said, as it stands in the room."""
        shown = []
        for event in self.ground.history(self.room):
            content = event["content"]
            related = content.get("m.relates_to", {})
            if event["type"] != "m.room.message" or content.get("msgtype") != "m.text" or \
                    not self.ground.ours(event["sender"]) or related.get("rel_type") == "m.replace":
                continue
            here = (related.get("event_id", "") if related.get("rel_type") == "m.thread" else "") \
                == self.thread
            # Where the bot speaks for the contact, it says whose words they are.
            name, colon, words = content["body"].rpartition(": ")
            if here and (event["sender"] != self.ground.bot or (colon and name.startswith("Contact"))):
                shown.append(words)
        return shown

    def notices(self):
        """What the bot said to it."""
        return [e["content"]["body"] for e in self.ground.history(self.room)
                if e["content"].get("msgtype") == "m.notice" and e["sender"] == self.ground.bot]

    def received(self):
        return self.ground.carrier.received(self.phone)

    def settled(self):
        return len(self.received()) >= len(self.said) and len(self.shown()) >= len(self.texted)

    def check(self):
        assert self.shown() == self.texted
        assert self.received() == self.said


class Ground:
    """A daemon on a homeserver, with a carrier and a volunteer. start: False leaves the daemon off."""

    def __init__(self, server, start=True, client="nio", env=None, **matrix):
        self.server = server
        self.roomline = Roomline(server, matrix=matrix, env=env)
        self.bot = self.bot_of(matrix)
        self.carrier = Carrier()
        self.carrier.serve(self.roomline)
        self.alice = Volunteer(server, "alice", client=client)
        self.courier = Courier()
        self.start = start
        self.talks = []

    def bot_of(self, matrix):
        return matrix.get("user") or self.roomline.slot.bot

    def ours(self, user):
        prefix = self.roomline.slot and self.roomline.slot.prefix
        return user == self.bot or bool(prefix and user.startswith("@" + prefix))

    def __enter__(self):
        if self.start:
            self.roomline.start().wait_chat()
        self.alice.login()
        return self

    def __exit__(self, kind, *_):
        try:
            self.courier.close()
            self.alice.__exit__()
            if kind is None:
                self.roomline.stop()
            else:
                print("---- the daemon's log\n" + self.roomline.log()[-6000:])
        finally:
            self.carrier.close()
            self.roomline.close()

    def talk(self, phone, words=None):
        """With words: begun by the phone, and shown."""
        talk = Talk(self, phone)
        self.talks.append(talk)
        if words:
            talk.hears(words)
            talk.sit()
        return talk

    def say(self, room, words, thread="", events=None):
        """As a client does: the same request until it is answered."""
        content = {"msgtype": "m.text", "body": words}
        if thread:
            content["m.relates_to"] = {"rel_type": "m.thread", "event_id": thread,
                                       "is_falling_back": True, "m.in_reply_to": {"event_id": thread}}
        path = f"/rooms/{escape(room)}/send/m.room.message/{os.urandom(8).hex()}"

        def put():
            answer = self.server.call("PUT", path, content, self.alice.token)
            assert answer.status in (200, 429, 500, 502, 503), answer
            if answer.status == 200 and events is not None:
                events[words] = answer.body["event_id"]
            return answer.status == 200
        self.courier.do(put)

    def history(self, room):
        return self.server.history(room, self.alice.token)

    def as_bot(self, room):
        return self.server.history(room, self.roomline.slot.as_token, self.roomline.slot.bot)

    def settle(self, timeout=90, talks=None):
        """Until all that was said (in these) has arrived, and all is told of it."""
        wait_until(lambda: self.courier.idle and self.carrier.courier.idle, timeout,
                   "all is handed over", 0.1)
        for talk in talks or self.talks:
            wait_until(talk.settled, timeout, lambda t=talk: (
                f"{len(t.texted)} shown; {t.shown()}; {len(t.said)} received; {t.received()}; "
                f"{self.roomline.log()[-3000:]}"), 0.2)
        wait_until(lambda: self.roomline.query("select count(*) from relay") == [(0,)], timeout,
                   lambda: f"all is told; {self.roomline.log()[-3000:]}", 0.1)
        return self

    def check(self):
        for talk in self.talks:
            talk.check()
