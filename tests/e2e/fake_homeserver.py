# SPDX-License-Identifier: AGPL-3.0-or-later
"""A small homeserver that fails on demand, which Synapse cannot be made to do.

    with FakeHomeserver(registrations=["/tmp/x/registration.yaml"]) as server:
        server.limit("/send/", 300)                   # the next one: 429, again in 300 ms
        server.drop_after("/createRoom")              # done, but the answer is lost
        server.fail("/send/", 502, html=True, count=3)
        server.slow("/sync", 2, count=-1)             # for ever; server.clear() ends all
        server.replay("roomline", 7)                  # transaction 7 to the application service again
        server.kill(); server.start()                 # what Synapse forgets it forgets too

It is a Homeserver as Synapse is (synapse.py): a test that takes one runs on both. Faults are for
requests whose path (decoded, such as /_matrix/client/v3/rooms/!x:y/send/m.room.message/17) matches a
regular expression; of those that fit, the first that is not used up counts; count=-1 never is.
test_fake_homeserver.py runs the same scenarios on this and on Synapse, so that it stays honest.
"""
import json
import os
import re
import urllib.parse

from servers import USERS, Process, port_open
from synapse import PYTHON, SHARED_SECRET, Homeserver, request

HERE = os.path.dirname(os.path.abspath(__file__))
HTML = "<html><head><title>Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>"


class FakeHomeserver(Homeserver):
    """registrations, room_version: as for Synapse. persist: a restart finds what was there (else
    all is lost). knobs: as knob() sets them, from the start."""

    def __init__(self, folder=None, registrations=(), room_version="12", persist=True, **knobs):
        super().__init__(folder)
        self.registrations = list(registrations)
        self.room_version, self.persist, self.knobs = room_version, persist, knobs
        self.ports = [self.port]
        self.new = True
        self.parts = [Process([], self.path("fake.log"), env={
            **os.environ, "PYTHONDONTWRITEBYTECODE": "1"})]

    def start(self):
        options = {"port": self.port, "domain": self.domain, "room_version": self.room_version,
                   "registrations": self.registrations, "shared_secret": SHARED_SECRET,
                   "journal": self.path("journal") if self.persist else ""}
        self.parts[0].argv = [PYTHON, os.path.join(HERE, "fake_server.py"), json.dumps(options)]
        super().start()
        if self.knobs:
            self.knob()
        if self.new or not self.persist:
            self.new = False
            self.tokens.clear()
            for user in USERS:
                self.token(user)
        return self

    def ready(self):
        return port_open(self.port) and self.call("GET", "/_matrix/client/versions").status == 200

    # ---- knobs

    def knob(self, **knobs):
        """retry_unit: seconds (0.05) that double with each failed transaction. timeline_limit: events
        in a /sync (1000). service_timeout: seconds (60) for an application service to answer. hold:
        True keeps all transactions back. media_limit: bytes of an upload."""
        self.knobs.update(knobs)
        return self.ask("POST", "/_fake/knobs", self.knobs)

    # ---- faults

    def fault(self, path, do, count=1, method=None, skip=0, **more):
        """do: "status" (status, body, headers), "drop" (before anything is done), "drop_after"
        (all is done, the connection breaks), "pass". seconds: waits first. skip: lets some pass.
        text: only requests whose body holds these words."""
        return self.ask("POST", "/_fake/faults", {
            "path": path, "do": do, "count": count, "method": method, "skip": skip, **more})

    def limit(self, path, ms, **more):
        """429, as Synapse says it."""
        return self.fault(path, "status", status=429, body={
            "errcode": "M_LIMIT_EXCEEDED", "error": "Too Many Requests", "retry_after_ms": ms},
            headers={"Retry-After": str(-(-ms // 1000))}, **more)

    def fail(self, path, status=500, html=False, body=None, **more):
        """A status, with Matrix's words for it, a page of some proxy, or a body of your own."""
        if body is None:
            body = HTML if html else {"errcode": "M_UNKNOWN", "error": "Internal server error"}
        return self.fault(path, "status", status=status, body=body, **more)

    def unknown_token(self, path, soft=False, **more):
        return self.fault(path, "status", status=401, body={
            "errcode": "M_UNKNOWN_TOKEN", "error": "Access token has expired", "soft_logout": soft},
            **more)

    def drop(self, path, **more):
        """The connection breaks before anything is done."""
        return self.fault(path, "drop", **more)

    def drop_after(self, path, **more):
        """It is done and remembered, but the connection breaks before the answer."""
        return self.fault(path, "drop_after", **more)

    def slow(self, path, seconds, **more):
        return self.fault(path, "pass", seconds=seconds, **more)

    def clear(self):
        self.call("DELETE", "/_fake/faults")

    def faults(self):
        """All that were asked for, with left (how often still) and hits."""
        return self.ask("GET", "/_fake/faults")["faults"]

    def expire(self, user, soft=False):
        """All access tokens of this user end."""
        return self.ask("POST", "/_fake/expire", {"user": self.mxid(user), "soft": soft})["ended"]

    # ---- what happened

    def requests(self, path="", method=None):
        """What was asked so far, oldest first: dicts of method, path, query, user, status (0: not
        answered), at."""
        return [r for r in self.ask("GET", "/_fake/requests")["requests"]
                if re.search(path, r["path"]) and method in (None, r["method"])]

    def transactions(self, service):
        """All made for this application service so far: dicts of id, done, body."""
        return self.ask("GET", "/_fake/transactions/" + service)["transactions"]

    # ---- what homeservers should not do, but did

    def put_transaction(self, service, id, body=None, raw=None):
        """Hands the service anything as a transaction; returns its Answer."""
        known = self.ask("GET", "/_fake/services")["services"][service]
        url = urllib.parse.urlsplit(known["url"])
        return request(url.port, "PUT", f"{url.path}/_matrix/app/v1/transactions/{id}", body,
                       known["hs_token"], raw=raw)

    def replay(self, service, id):
        """The same transaction again, word for word."""
        body = next(t["body"] for t in self.transactions(service) if t["id"] == id)
        return self.put_transaction(service, id, body)

    def replay_all(self, service, first_id=None):
        """The full history again; with first_id under new transaction ids, as after its loss."""
        answers = []
        for n, transaction in enumerate(self.transactions(service)):
            id = transaction["id"] if first_id is None else first_id + n
            answers.append(self.put_transaction(service, id, transaction["body"]))
        return answers

    def inject(self, room, sender, type, content, key=None, ts=None):
        """An event that nothing is checked of; ts: when it claims to be from. Returns its id."""
        return self.ask("POST", "/_fake/event", {
            "room": room, "sender": sender, "type": type, "content": content, "key": key,
            "ts": ts})["event_id"]
