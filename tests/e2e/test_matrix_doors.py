# SPDX-License-Identifier: AGPL-3.0-or-later
"""What comes in from a homeserver: as an application service (it calls us) and as a bot (we ask it).
Nothing is lost and nothing is texted twice, whatever dies or is forgotten in between."""
import http.client
import itertools
import json
import sqlite3
import time
from contextlib import closing

import pytest

from daemon import Roomline
from fake_homeserver import FakeHomeserver
from matrix_kit import Volunteer
from matrix_ledger import Ground
from servers import HOST, password, wait_until

TRANSACTIONS = "/_matrix/app/v1/transactions/"
bots = itertools.count(1)


class Seat:
    """Where a volunteer sees one conversation: a room, or a thread on a desk."""

    def __init__(self, who, number, roomline):
        self.who, self.phone = who, roomline.phone(number)
        first = f"hello from {number}"
        self.phone.text(first)
        came = who.wait_for(lambda e: e.type == "m.room.message" and e.text.endswith(first)
                            and e.kind == "text", 30)
        self.room, self.thread = came.room, came.thread

    def say(self, text):
        return self.who.say(self.room, text, thread=self.thread or None)

    def wait_texted(self, texts, timeout=60):
        """Until the phone has got these, each once and in this order, and for a moment no more."""
        wait_until(lambda: len(self.phone.received()) >= len(texts), timeout,
                   lambda: f"{texts} on the phone; got {self.phone.received()}")
        time.sleep(0.5)
        assert self.phone.received() == texts


# ---- the homeserver calls us

@pytest.fixture
def roomline(homeserver):
    with Roomline(homeserver) as daemon:
        yield daemon.wait_chat()


def put(roomline, path, body, token=None):
    connection = http.client.HTTPConnection(HOST, roomline.port, timeout=60)
    headers = {"Authorization": "Bearer " + token} if token else {}
    try:
        try:
            connection.request("PUT", path, body, headers)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before all of it was sent
        reply = connection.getresponse()
        return reply.status, json.loads(reply.read() or b"null") if reply.status != 413 else None
    finally:
        connection.close()


def event(n, body="x"):
    return {"type": "m.room.message", "event_id": f"$made-up-{n}", "sender": "@nobody:matrix.localhost",
            "room_id": "!nowhere:matrix.localhost", "origin_server_ts": int(time.time() * 1000),
            "content": {"msgtype": "m.text", "body": body}}


def test_only_its_homeserver_may_tell_it_anything(homeserver, roomline):
    token = roomline.slot.hs_token
    body = json.dumps({"events": [event(i) for i in range(3)]}).encode()
    assert put(roomline, TRANSACTIONS + "x1", body)[0] == 401
    assert put(roomline, TRANSACTIONS + "x1", body, token + "x")[1]["errcode"] == "M_FORBIDDEN"
    assert put(roomline, TRANSACTIONS + "x1", body, token) == (200, {})
    long = json.dumps({"events": [event(i, "y" * 60000) for i in range(100)]}).encode()
    assert put(roomline, TRANSACTIONS + "x2", long)[0] == 413
    assert put(roomline, TRANSACTIONS + "x2", long, token + "x")[0] == 413
    assert put(roomline, TRANSACTIONS + "x2", long, token) == (200, {})
    too_long = b" " * (16 * 1024 * 1024 + 1)
    assert put(roomline, TRANSACTIONS + "x3", too_long, token)[0] == 413


def test_what_nobody_can_read_is_put_aside_and_told(homeserver, roomline, number):
    token = roomline.slot.hs_token
    with Volunteer(homeserver, "organizer") as olga, Volunteer(homeserver, "alice") as alice:
        seat = Seat(alice, number, roomline)
        # The third time in a row; what the homeserver tells meanwhile begins the count anew.
        statuses = [put(roomline, TRANSACTIONS + "poison", b'{"events":[', token)[0]]
        while statuses[-1] == 400 and len(statuses) < 20:
            statuses.append(put(roomline, TRANSACTIONS + "poison", b'{"events":[', token)[0])
        assert statuses[-1] == 200 and len(statuses) >= 3
        assert roomline.query("select what, bytes from quarantine") == [
            ("a transaction", b'{"events":[')]
        control = roomline.control
        olga.wait_for(lambda e: e.room == control and "something I cannot read" in e.text)
        seat.say("life goes on")
        seat.wait_texted(["life goes on"])


@pytest.mark.parametrize("step", ["matrix.received", "matrix.stored", "matrix.committed"])
def test_killed_while_it_is_told(homeserver, number, step):
    words = "once and only once"
    with Ground(homeserver) as ground:
        talk, roomline = ground.talk(number, "hello"), ground.roomline
        roomline.stop()
        roomline.start(crash_at=step, wait=False)  # it may be told of something else at once
        talk.says(words)
        assert roomline.wait_dead()
        roomline.start()
        # It catches up before it is told: what it dies of may find the text sent, or on its way.
        rows = f"select state from message where outbound = 1 and text = '{words}'"
        wait_until(lambda: len(roomline.query(rows)) == 1 and roomline.query(rows)[0][0] >= 25, 60,
                   "it was taken and sent, once")
        marks = wait_until(lambda: [m for m in ground.alice.reactions(talk.room, talk.events[words])
                                    if m in "✅❓"], 30, "its mark")
        assert talk.received() == [words] or (talk.received(), marks) == ([], ["❓"])


# ---- we ask the homeserver

@pytest.fixture(params=["room", "thread"])
def shape(request):
    return request.param


@pytest.fixture
def bot(homeserver, shape):
    name = f"bot{next(bots)}-{homeserver.port}"
    homeserver.register(name)
    matrix = {"mode": "bot", "shape": shape, "user": homeserver.mxid(name),
              "password": password(name), "prefix": name + "_"}
    with Roomline(homeserver, matrix=matrix) as daemon:
        yield daemon.wait_chat()


def test_a_bot_carries_a_conversation(homeserver, bot, number):
    with Volunteer(homeserver, "alice") as alice:
        seat = Seat(alice, number, bot)
        sent = seat.say("Alice of Riverside. How are you?")
        seat.wait_texted(["Alice of Riverside. How are you?"])
        alice.wait_marks(seat.room, sent, "✅")
        seat.phone.text("fine")
        alice.wait_for(lambda e: e.room == seat.room and e.thread == seat.thread
                       and e.text.endswith(": fine"))


def test_a_bot_catches_up(homeserver, bot, number):
    with Volunteer(homeserver, "alice") as alice:
        seat = Seat(alice, number, bot)
        seat.say("before")
        seat.wait_texted(["before"])
        bot.kill()
        texts = [f"while you were away {i}" for i in range(45)]  # more than an answer holds
        for text in texts:
            seat.say(text)
        bot.start()
        seat.wait_texted(texts)  # the phone is as new as the daemon
        # The fake tells all at once.
        assert "matrix.caught_up" in bot.log() or isinstance(homeserver, FakeHomeserver)
        assert bot.query("select count(*) from kept_value where key = 'matrix.next_batch'") == [(1,)]


def test_a_bot_loses_nothing_when_its_place_is_forgotten(homeserver, bot, number):
    with Volunteer(homeserver, "alice") as alice:
        seat = Seat(alice, number, bot)
        seat.say("before")
        seat.wait_texted(["before"])
        bot.stop()
        texts = [f"meanwhile {i}" for i in range(25)]
        for text in texts:
            seat.say(text)
        with closing(sqlite3.connect(bot.db)) as db:
            place, = db.execute("select value from kept_value where key = 'matrix.next_batch'").fetchone()
            tag, at, _ = place.split(" ", 2)
            db.execute("update kept_value set value = ? where key = 'matrix.next_batch'",
                       (f"{tag} {at} no-such-place",))
            db.commit()
        bot.start()
        seat.wait_texted(texts)
        assert "matrix.sync_anew" in bot.log()


def test_a_bot_is_asked_into_a_room_and_put_out_of_it(homeserver, bot, number):
    with Volunteer(homeserver, "alice") as alice, Volunteer(homeserver, "organizer") as olga:
        Seat(alice, number, bot)
        room = olga.create_room(preset="private_chat")
        olga.say(room, "!help")  # said before it came: not for it
        mxid = bot.config["matrix"]["user"]
        olga.invite(room, mxid)
        olga.wait_for(lambda e: e.room == room and e.key == mxid
                      and e.content.get("membership") == "join")
        time.sleep(1)
        assert [e.text for e in olga.of_room(room) if e.sender == mxid] == []
        olga.say(room, "!help")
        olga.wait_for(lambda e: e.room == room and e.sender == mxid and "!" in e.text)
        olga.kick(room, mxid)
