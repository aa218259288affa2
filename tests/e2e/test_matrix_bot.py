# SPDX-License-Identifier: AGPL-3.0-or-later
"""Bot mode: an account like any other, on a Synapse whose admin does nothing for it. The main job in both
shapes, what was said while one of both was away, tokens that end, and the limits that Synapse has by
default."""
import concurrent.futures

import pytest

from fake_homeserver import FakeHomeserver
from matrix_kit import Volunteer
from matrix_ledger import Ground
from servers import password, wait_until
from synapse import Synapse, escape

BOT = "roomline"
CONFIRMATION = ("Riverside: You are unsubscribed and will get no more texts from us. "
                "Reply START to undo.")


@pytest.fixture(scope="module")
def bots():
    """Synapse with many accounts for bots, one for each test: rooms outlive a test."""
    with Synapse() as server:
        yield server


def live_with_limits():
    """Five seconds for each event: slow, but nothing is lost, and !status tells why."""
    number = "+14155551950"
    with Synapse(limits="default") as server, Volunteer(server, "organizer") as olga, \
            bot_ground(server, number, shape="thread") as ground:
        control = ground.roomline.control
        olga.join(control, 60)
        talk = ground.talk(number)
        for n in range(11):
            talk.hears(f"in {n} {number[-4:]}")
        talk.sit(60)
        talk.says("one")
        ground.roomline.wait_log("matrix.wait limit=send", timeout=60)
        olga.say(control, "!status")
        told = olga.wait_for(lambda e: e.room == control and "which makes us wait" in e.text, 120)
        assert told.sender == ground.bot
        ground.settle(240).check()
        waits = ground.roomline.log().count("matrix.wait")
        assert 0 < waits < 40, waits  # it waits as long as it is told, and does not try again and again


@pytest.fixture(scope="module", autouse=True)
def slowly():
    """It waits most of the time; the other tests go on meanwhile."""
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        yield pool.submit(live_with_limits)


@pytest.fixture(params=["room", "thread"])
def shape(request):
    return request.param


def bot_ground(server, number, start=True, **matrix):
    name = BOT + number[-4:]
    token = server.register(name)
    if "access_token" in matrix:
        matrix["access_token"] = token
    else:
        matrix["password"] = password(name)
    ground = Ground(server, start=start, mode="bot", user=server.mxid(name), **matrix)
    ground.bot_name = name
    return ground


@pytest.fixture
def ground(bots, shape, number):
    with bot_ground(bots, number, shape=shape) as found:
        yield found


def test_the_main_job(ground, shape, number):
    talk = ground.talk(number, f"Hi, who is this? {number[-4:]}")
    talk.says("Alice of Riverside")
    ground.settle().check()
    assert talk.received() == ["Alice of Riverside"]
    ground.alice.wait_marks(talk.room, talk.events["Alice of Riverside"], "✅")
    ground.alice.wait_receipt(talk.room, talk.events["Alice of Riverside"], ground.bot)
    first = ground.alice.wait_for(lambda e: e.room == talk.room and "Hi, who" in e.text)
    assert (first.sender, first.text) == (ground.bot, f"Contact …{number[-4:]}: {talk.texted[0]}")
    assert bool(first.thread) == (shape == "thread")
    talk.hears("Stop")
    wait_until(lambda: CONFIRMATION in talk.received(), 20, lambda: talk.received())
    ground.alice.wait_for(lambda e: e.room == talk.room and "opted out" in e.text)
    if shape == "room":
        wait_until(lambda: not ground.alice.may_send(talk.room), 15, "the right to write is gone")
    else:
        ground.alice.wait_reaction(talk.room, "⛔", talk.thread)


def test_a_chat_with_the_bot(bots, number):
    with bot_ground(bots, number) as ground, Volunteer(bots, "carol") as carol:
        room = ground.alice.create_room(invite=[ground.bot], is_direct=True)
        ground.alice.wait_state(room, "m.room.member", lambda c: c["membership"] == "join",
                                key=ground.bot)
        ground.alice.say(room, "!help")
        ground.alice.wait_for(lambda e: e.room == room and "!mine" in e.text)
        strange = carol.create_room(invite=[ground.bot], is_direct=True)
        carol.wait_state(strange, "m.room.member", lambda c: c["membership"] == "leave",
                         key=ground.bot)


def test_much_was_said_while_the_daemon_was_away(ground, shape, number):
    """More than one answer of /sync holds of a room, and more than a page of what is missing."""
    talk = ground.talk(number, f"hello {number[-4:]}")
    talk.says("before")
    ground.settle()
    getattr(ground.roomline, "stop" if shape == "room" else "kill")()
    for n in range(130):
        talk.says(f"while you were away {n}")
    wait_until(lambda: ground.courier.idle, 60, "all is said")
    ground.roomline.start()
    for n in range(3):
        talk.says(f"now that you are back {n}")
        talk.hears(f"yes {n}")
    ground.settle(120).check()


def test_the_homeserver_is_killed(ground, number):
    talk = ground.talk(number, f"hello {number[-4:]}")
    for n in range(12):
        talk.hears(f"in {n}")
        talk.says(f"out {n}")
        if n == 5:
            ground.server.kill()
            ground.server.start()
    ground.settle(90).check()


def test_the_token_ends(bots, number):
    """Somebody has logged the account out everywhere: it logs in again by itself."""
    with bot_ground(bots, number, shape="thread") as ground:
        talk = ground.talk(number, f"hello {number[-4:]}")
        other = bots.login(ground.bot_name)["access_token"]
        for n in range(2):
            talk.says(f"before {n}")
        bots.ask("POST", "/logout/all", {}, other)
        talk.says("after")
        talk.hears("after too")
        ground.settle().check()


def test_the_token_ends_softly(number):
    with FakeHomeserver() as server, bot_ground(server, number, shape="thread") as ground:
        talk = ground.talk(number, f"hello {number[-4:]}")
        for n in range(3):
            talk.says(f"out {n}")
            talk.hears(f"in {n}")
            ground.settle()
            assert server.expire(ground.bot_name, soft=True) > 0
        talk.says("the last")
        ground.settle().check()


def test_a_room_of_others_under_our_alias(bots, number):
    """Anybody may have an alias like ours: who is in that room is no organizer for it."""
    prefix = f"_p{number[-4:]}_"
    with Volunteer(bots, "carol") as carol:
        trap = carol.create_room(room_alias_name=prefix + "control", preset="public_chat")
        with bot_ground(bots, number, prefix=prefix) as ground:
            assert ground.roomline.control != trap
            carol.say(trap, f"!text {number} hello from Carol")
            ground.talk(number, f"hello {number[-4:]}").says("hi")
            ground.settle().check()
            assert ground.bot not in bots.ask("GET", f"/rooms/{escape(trap)}/joined_members",
                                              token=carol.token)["joined"]


def test_a_pasted_token(bots, number):
    with bot_ground(bots, number, access_token=True) as ground:
        talk = ground.talk(number, f"hello {number[-4:]}")
        talk.says("hi")
        ground.settle().check()


def test_limits_as_they_are_by_default(slowly):
    slowly.result()
