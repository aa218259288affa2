# SPDX-License-Identifier: AGPL-3.0-or-later
"""A homeserver that fails: every call of ours once in every way that the fake can fail, transactions
that no homeserver should send, and homeservers that go away. In the end every text is in the room once
and on the phone once, in order."""
import concurrent.futures
import itertools
import os
import random
import subprocess
import time

import pytest

from daemon import binary
from fake_homeserver import FakeHomeserver
from matrix_ledger import Ground
from matrix_slots import Slots
from servers import wait_until
from synapse import Synapse, request

EPOCH = r"[0-9a-f]{8}\."  # what our transaction ids begin with
CALLS = {
    "room": [r"/register$", r"/devices/ROOMLINE$", r"/displayname$"],
    "thread": [r"/m\.room\.message/card\."],
    "both": [r"/createRoom$", r"/rooms/[^/]+/join$", r"/rooms/[^/]+/state$", r"/state/m\.space\.child/",
             r"/invite$", rf"/m\.room\.message/{EPOCH}", rf"/m\.reaction/{EPOCH}",
             r"/relations/", r"/receipt/", rf"/redact/.*/{EPOCH}"],
}
ONLY = {"thread": [], "room": [r"/rooms/[^/]+/join$"]}  # nobody joins a desk but people


def calls(shape):
    return [c for c in CALLS[shape] + CALLS["both"]
            if not (shape == "thread" and c in ONLY["room"])]


KINDS = {
    "told to wait by the header": lambda server, path: server.fail(
        path, 429, body={"errcode": "M_LIMIT_EXCEEDED", "error": "later"}, headers={"Retry-After": "1"}),
    "told to wait by the body": lambda server, path: server.fail(
        path, 429, body={"errcode": "M_LIMIT_EXCEEDED", "error": "x", "retry_after_ms": 700}),
    "internal error": lambda server, path: server.fail(path, 500),
    "a page of a proxy": lambda server, path: server.fail(path, 502, html=True),
    "no JSON": lambda server, path: server.fail(path, 200, body='{"event_id": "$x'),
    "broken off": lambda server, path: server.drop(path, count=2),
    "broken off after it was done": lambda server, path: server.drop_after(path, count=2),
    "slow": lambda server, path: server.slow(path, 0.7),
}


@pytest.fixture(scope="module")
def grounds():
    """One of each shape. A desk holds one conversation, so that each begins with a new one."""
    slots = {shape: Slots(1) for shape in ("room", "thread")}
    servers = {shape: FakeHomeserver(registrations=slots[shape].paths) for shape in slots}
    for shape, server in servers.items():
        server.slots = slots[shape]
    with servers["room"] as room, servers["thread"] as thread, Ground(room, shape="room") as r, \
            Ground(thread, shape="thread", desk_max=1) as t:
        r.carrier.delay = t.carrier.delay = 0.3  # there is a mark before and one after
        yield {"room": r, "thread": t}


@pytest.fixture(scope="module", autouse=True)
def poisoned():
    """Its trouble takes minutes; the other tests go on meanwhile."""
    slots = Slots(1)
    with FakeHomeserver(registrations=slots.paths) as server:
        server.slots = slots
        with Ground(server, shape="thread") as ground:
            talks = [ground.talk(f"+1415555190{n}", f"hello {n}") for n in range(3)]
            server.fail("/send/m.room.message/", text="poison", count=-1)
            for talk in talks[:2]:
                talk.hears("before")
                talk.hears("poison")
                talk.hears("after")
            yield ground, talks
    slots.close()


def converse(ground, shape, kind, phone):
    server = ground.server
    for path in calls(shape):
        KINDS[kind](server, path)
    talk = ground.talk(phone)
    talk.hears(f"one, {kind}")
    talk.hears(f"two, {kind}")
    talk.sit()
    talk.says(f"three, {kind}")
    talk.hears(f"four, {kind}")
    talk.says(f"five, {kind}")
    ground.settle()
    talk.says(f"six, {kind}")  # the first with no marks behind it that overtake its own
    ground.settle()
    for words in talk.said:
        ground.alice.wait_marks(talk.room, talk.events[words], "✅", timeout=30)
    talk.check()
    # On a busy machine the second mark may overtake the first, which then is not taken away.
    unmet = [f["path"] for f in server.faults() if f["hits"] == 0 and "/redact/" not in f["path"]]
    assert not unmet, unmet
    server.clear()


@pytest.mark.parametrize("kind", KINDS)
def test_every_call_fails_once(grounds, kind, number):
    with concurrent.futures.ThreadPoolExecutor() as pool:
        for run in [pool.submit(converse, grounds[shape], shape, kind, number) for shape in grounds]:
            run.result()


def test_what_is_to_wait_waits_and_nothing_else(grounds, number):
    ground = grounds["thread"]
    talk = ground.talk(number, "hello")
    begun = ground.server.requests()[-1]["at"]
    ground.server.limit(rf"/m\.room\.message/{EPOCH}", 1500)
    talk.hears("waits")
    other = ground.talk(number.replace("+1415", "+1628"), "hello too")
    ground.settle().check()
    sent = [r for r in ground.server.requests(rf"/m\.room\.message/{EPOCH}") if r["at"] > begun]
    assert [r["status"] for r in sent][:3] == [429, 200, 200]
    assert sent[1]["at"] - sent[0]["at"] >= 1.5 and sent[2]["at"] >= sent[1]["at"]
    made = [r for r in ground.server.requests("/createRoom") if r["at"] > begun]
    assert made[0]["at"] < sent[1]["at"]  # another limit: not held up


@pytest.mark.parametrize("shape", ["room", "thread"])
def test_the_token_is_refused_for_a_while(grounds, shape, number):
    ground = grounds[shape]
    talk = ground.talk(number, "hello")
    ground.server.unknown_token(rf"/m\.room\.message/{EPOCH}", count=2)
    for words in ("one", "two", "three"):
        talk.hears(words)
        talk.says("to " + words)
    ground.settle().check()
    assert "matrix.down" in ground.roomline.log()


# ---- transactions as no homeserver should send them


@pytest.fixture(scope="module", params=["synapse", "fake"])
def ground(request):
    slots = Slots(1)
    make = Synapse if request.param == "synapse" else FakeHomeserver
    with make(registrations=slots.paths) as server:
        server.slots = slots
        with Ground(server, shape="thread") as found:
            yield found
    slots.close()


def push(ground, id, events=None, raw=None):
    return request(ground.roomline.port, "PUT", f"/_matrix/app/v1/transactions/{id}",
                   None if raw else {"events": events}, ground.roomline.slot.hs_token, raw=raw)


def forged(talk, words, minutes=0, **more):
    """An event that the homeserver does not know."""
    return {"type": "m.room.message", "room_id": talk.room, "sender": talk.ground.alice.mxid,
            "event_id": "$" + os.urandom(32).hex()[:43],
            "origin_server_ts": int((time.time() - 60 * minutes) * 1000),
            "content": {"msgtype": "m.text", "body": words, "m.relates_to": {
                "rel_type": "m.thread", "event_id": talk.thread}}, **more}


def test_all_is_told_again(ground, number):
    talk = ground.talk(number, "hello")
    talk.says("hi")
    ground.say(talk.room, "!help", talk.thread)
    ground.settle()
    wait_until(lambda: any("!claim" in n for n in talk.notices()), 20, "the help")
    told = len(talk.notices())
    events = ground.history(talk.room)
    for id in ("again1", "again1", "again2"):
        assert push(ground, id, events).status == 200
    for event in events:
        assert push(ground, "again3", [event]).status == 200
    talk.hears("and now?")
    ground.settle().check()
    assert len(talk.notices()) == told


def test_an_id_used_again_for_other_events(ground, number):
    talk = ground.talk(number, "hello")
    for words in ("one", "two"):
        talk.said.append(words)
        assert push(ground, "same", [forged(talk, words)]).status == 200
    twice = forged(talk, "three")
    talk.said.append("three")
    assert push(ground, "same", [twice, twice]).status == 200
    ground.settle().check()


def test_what_comes_too_late_is_not_texted_and_told(ground, number):
    talk = ground.talk(number, "hello")
    assert push(ground, "late", [forged(talk, "two hours old", 120),
                                 forged(talk, "!close", 120)]).status == 200
    wait_until(lambda: len([n for n in talk.notices() if "reached me so late" in n]) == 2, 20,
               lambda: f"told; {talk.notices()}")
    talk.said.append("of the hour")
    assert push(ground, "late2", [forged(talk, "of the hour", 50)]).status == 200
    talk.said.append("from a clock that is ahead")
    assert push(ground, "late3", [forged(talk, "from a clock that is ahead", -90)]).status == 200
    ground.settle().check()


@pytest.mark.parametrize("raw", [b'{"events": [{"type": "m.room.mess', b"[]", b"\x00\xff<html>"])
def test_what_cannot_be_read_is_put_aside(ground, number, raw):
    talk = ground.talk(number, "hello")
    id = f"broken{number}"
    control = ground.roomline.control
    before = len(ground.as_bot(control))
    assert [push(ground, id, raw=raw).status for _ in range(2)] == [400, 400]
    assert push(ground, id + "other", [forged(talk, "good")]).status == 200
    talk.said.append("good")
    ground.settle()
    tries = iter(lambda: push(ground, id, raw=raw).status, 200)
    assert list(itertools.islice(tries, 10)) in ([400] * n for n in (2, 3, 4))  # others may be between
    wait_until(lambda: any("put aside" in e["content"].get("body", "") for e in
                           ground.as_bot(control)[before:]), 20,
               lambda: [e["content"].get("body") for e in ground.as_bot(control)[before:]])
    talk.says("after it")
    ground.settle().check()


def test_nothing_is_texted_twice_after_a_restore(ground, number):
    def command(*args):
        subprocess.run([binary(), args[0], "-c", ground.roomline.path("roomline.yaml"), *args[1:]],
                       timeout=60, check=True)
    talk = ground.talk(number, "hello")
    talk.says("before the copy")
    ground.settle()
    copy = ground.roomline.path(f"copy{number}.db")
    command("backup", copy)
    talk.says("after the copy")
    other = ground.talk(number.replace("+1415", "+1628"), "hello too")
    other.says("to a room that the copy does not know")
    ground.settle()
    ground.roomline.kill()
    talk.says("while it was down")
    command("restore", copy)
    ground.roomline.start().wait_chat()
    talk.says("and at last")
    ground.settle(talks=[talk])
    assert (talk.received(), other.received()) == (talk.said, other.said)


# ---- homeservers that go away


@pytest.mark.parametrize("seconds", [0, 18], ids=["shortly", "long enough to be noticed"])
def test_the_homeserver_is_killed_and_comes_back(ground, number, seconds):
    talks = [ground.talk(number.replace("+1415", area), "hello") for area in ("+1415", "+1628")]
    for n in range(12):
        for talk in talks:
            talk.hears(f"in {n}")
            talk.says(f"out {n}")
        if n == 4:
            ground.server.kill()
            new = ground.talk(number.replace("+1415", "+1650"))
            new.hears("while it was away")
            time.sleep(seconds)
            ground.server.start()
        time.sleep(0.05)
    new.sit()
    ground.settle(180).check()


def test_an_answer_is_lost_and_the_memory_with_it(number):
    """What was said and not heard of is known again by the device, after the homeserver's memory of
    transactions is gone."""
    slots = Slots(2)
    with FakeHomeserver(registrations=slots.paths) as server:
        server.slots = slots
        for shape in ("room", "thread"):
            with Ground(server, shape=shape) as ground:
                talk = ground.talk(number, f"hello, {shape}")
                for path in (rf"/m\.room\.message/{EPOCH}", "/createRoom"):
                    server.drop_after(path)
                talk.hears("said and not heard of")
                wait_until(lambda: "said and not heard of" in talk.shown(), 20, "said", 0.005)
                server.restart()
                talk.hears("next")
                other = ground.talk(number.replace("+1415", "+1628"))
                other.hears("a new one")
                other.sit()
                ground.settle().check()


def test_a_homeserver_that_has_forgotten_everything(number):
    slots = Slots(1)
    with FakeHomeserver(registrations=slots.paths, persist=False) as server:
        server.slots = slots
        with Ground(server, shape="room") as ground:
            talk = ground.talk(number, "hello")
            talk.says("hi")
            ground.settle().check()
            server.restart()
            ground.alice.drop()
            ground.alice.login()
            talk.texted, talk.said, talk.room = [], [], None
            ground.carrier.got.clear()
            talk.hears("are you there?")
            talk.sit().says("yes")
            ground.settle().check()


# ---- all of it at once


def storm(ground, shape, number, dice):
    server = ground.server
    talks = [ground.talk(number.replace("+1415", area)) for area in ("+1415", "+1628", "+1650")]
    for talk in talks:
        talk.hears("hello")
        talk.sit()
    for n in range(15):
        for talk in talks:
            talk.hears(f"in {n}")
            talk.says(f"out {n}")
        for path in dice.sample(calls(shape), 4):
            KINDS[dice.choice(list(KINDS))](server, path)
        time.sleep(0.2)
        if n == 7:
            server.kill()
            server.start()
    server.clear()
    ground.settle().check()


def test_order_is_kept_in_a_storm(grounds, number):
    with concurrent.futures.ThreadPoolExecutor() as pool:
        for run in [pool.submit(storm, grounds[shape], shape, number, random.Random(n))
                    for n, shape in enumerate(grounds)]:
            run.result()


def test_words_on_which_the_homeserver_fails(poisoned):
    """Two texts that it never takes are given up and told; the others only wait for their turn."""
    ground, talks = poisoned
    for talk in talks[:2]:
        talk.texted.remove("poison")
    talks[2].hears("and me?")
    talks[2].says("you too")
    wait_until(lambda: talks[2].received(), 30, "the others go on")
    ground.settle(200).check()
    told = [e["content"]["body"] for e in ground.as_bot(ground.roomline.control)
            if "does not take what" in e["content"].get("body", "")]
    assert len(told) == 2, told
    assert ground.roomline.log().count("matrix.down") == 1
