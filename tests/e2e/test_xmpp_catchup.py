# SPDX-License-Identifier: AGPL-3.0-or-later
"""What was said while we were away, or while a room was being opened."""
import threading
import time

from chat import Volunteer
from probe import Probe
from servers import Prosody
from xmpp_kit import MEMBERS, ScriptedRoom
from xmpp_kit import alice, bob, control, probe, token  # fixtures, which need each other


def test_what_was_said_while_we_were_away_is_told_in_order(server, token, alice):
    room = f"c{token}@rooms.localhost"
    with Probe(server) as probe:
        probe.open(1, token, members=MEMBERS)
        alice.wait_invite()
        alice.say(room, "before")
        cursor = probe.wait("said", text="before").event
        probe.say(5, 1, "ours, acknowledged to nobody", voice="contact", wait=True)
        probe.kill()
    texts = [f"away {i}" for i in range(120)]  # more than two pages
    for text in texts:
        alice.say(room, text)
    alice.wait_text(room, texts[-1], 60)
    with Probe(server) as probe:
        probe.open(1, token, members=MEMBERS, cursor=cursor)
        ready = probe.all("ready")[0].at_time
        said = probe.all("said")
        assert [t.text for t in said] == texts
        assert all(t.at_time <= ready for t in said)
        assert all(abs(t.at / 1000 - time.time()) < 120 for t in said)
        done = probe.wait("done", 5)
        assert done.at_time <= said[0].at_time and done.event
        assert len({t.event for t in said}) == len(texts)
        probe.say(6, 1, "back", voice="contact", wait=True)
        assert len(probe.all("done", relay=5)) == 1


def test_without_cursor_a_conversation_is_told_from_the_start(server, token, alice):
    room = f"c{token}@rooms.localhost"
    with Probe(server) as probe:
        probe.open(1, token, members=MEMBERS)
        alice.wait_invite()
        alice.say(room, "first")
        probe.wait("said")
        probe.kill()
    with Probe(server) as probe:
        probe.open(1, token, members=MEMBERS)
        assert [t.text for t in probe.all("said")] == ["first"]


def test_a_cursor_that_the_archive_forgot_is_survived(server, token, alice):
    room = f"c{token}@rooms.localhost"
    with Probe(server) as probe:
        probe.open(1, token, members=MEMBERS)
        alice.wait_invite()
        alice.say(room, "still there")
        probe.wait("said")
        probe.kill()
    for cursor, told in (("00000000-gone", ["still there"]), ("~0000-1~x", [])):
        with Probe(server) as probe:
            probe.open(1, token, members=MEMBERS, cursor=cursor)
            assert [t.text for t in probe.all("said")] == told
            probe.kill()


def test_what_is_said_during_catching_up_comes_in_order_and_is_not_lost(server, token, alice):
    room = f"c{token}@rooms.localhost"
    with Probe(server) as probe:
        probe.open(1, token, members=MEMBERS)
        alice.wait_invite()
        probe.kill()
    sent = []
    stop = threading.Event()

    def talk():
        while not stop.is_set():
            sent.append(f"n{len(sent)}")
            alice.say(room, sent[-1])
            time.sleep(0.04)

    talker = threading.Thread(target=talk)
    talker.start()
    try:
        time.sleep(1)
        with Probe(server) as probe:
            for place in range(3):  # opened three times, in the middle of it
                probe.open(1, token, members=MEMBERS)
                time.sleep(0.3)
            stop.set()
            talker.join()
            probe.wait("said", text=sent[-1], timeout=30)
            said = {t.event: t.text for t in probe.all("said")}
            assert list(said.values()) == sent
    finally:
        stop.set()
        talker.join()


def test_rooms_without_archive_work(token):
    with Prosody(mam=False) as server, Volunteer(server, "alice") as alice, \
            Probe(server) as probe:
        room = probe.open(1, token, members=MEMBERS)
        alice.wait_invite()
        alice.say(room, "same", id="1")
        alice.say(room, "same", id="1")
        second = probe.wait("said", count=2)
        assert second.event != probe.all("said")[0].event
        probe.say(7, 1, "hi", voice="contact", wait=True)
        probe.mark(8, 1, second.event, "delivered", wait=True)
        alice.wait_reaction(room, "✅", "1")
        assert any("xmpp.no_archive" in line for line in probe.log)


def test_what_is_said_just_before_the_last_page_ends_is_told_after_it():
    said = ScriptedRoom.said
    script = {"disco": [said("in the page, which is asked for later"),
                        said("in no archive", stanza_id=False)],
              "page1": [said("one"), said("two")]}
    with ScriptedRoom(script) as server, Probe(server) as probe:
        probe.open(1, "aa11", members=MEMBERS)
        assert [t.text for t in probe.all("said")] == ["in no archive", "one", "two"]
        assert probe.all("said")[-1].at_time <= probe.all("ready")[0].at_time


def test_nothing_is_lost_while_a_room_without_archive_is_opened():
    said = ScriptedRoom.said
    script = {step: [said(step, stanza_id=False)] for step in ("disco", "list")}
    with ScriptedRoom(script, archive=False) as server, Probe(server) as probe:
        probe.open(1, "aa11", members=MEMBERS)
        assert [t.text for t in probe.all("said")] == ["disco", "list"]


def test_more_than_can_be_held_is_asked_for_again():
    flood = [ScriptedRoom.said(f"n{i}") for i in range(700)]
    with ScriptedRoom({"page1": flood, "page2": []}) as server, Probe(server) as probe:
        probe.open(1, "aa11", members=MEMBERS)
        assert "page2" not in server.script  # it came to that
