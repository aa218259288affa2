# SPDX-License-Identifier: AGPL-3.0-or-later
"""SMS both ways and delivery reports through a real Kannel, with a provider by configuration only."""
import pytest

from chat import Volunteer
from daemon import SENDER
from kannel import requests_for, roomline_on_kannel


@pytest.fixture(scope="module")
def pair(prosody):
    with roomline_on_kannel(prosody) as (roomline, kannel):
        yield roomline, kannel


def room_of(pair, alice, number, text="hello"):
    _, kannel = pair
    kannel.mo(number, SENDER, text)
    alice.wait_for(lambda m: m.text == text, 30)
    return alice.wait_for(lambda m: m.text == text).room


def test_both_ways_and_delivered(prosody, pair, number):
    _, kannel = pair
    with Volunteer(prosody, "alice") as alice:
        room = room_of(pair, alice, number, f"Hi, I am {number}")
        alice.say(room, "Glad to hear from you")
        got = kannel.wait_received(lambda s: s["text"] == "Glad to hear from you")
        assert (got["from"], got["to"]) == (SENDER, number)
        said = alice.wait_text(room, "Glad to hear from you")
        alice.wait_reaction(room, "✅", said.stanza_id, 30)
        assert requests_for(kannel, "Glad to hear from you") == 1


@pytest.mark.parametrize("text", [
    "Grüße & 100% <ok>? a+b=c; \"x\" 'y' #1 /~",
    "Привет! Как дела? 你好 😀",
    "a" * 400,
    ("два " * 60).strip(),
    "line one\nline two",
])
def test_any_text_arrives_as_it_was_said(prosody, pair, number, text):
    _, kannel = pair
    with Volunteer(prosody, "alice") as alice:
        room = room_of(pair, alice, number, f"from {number}")
        alice.say(room, text)
        kannel.wait_received(lambda s: s["to"] == number and s["text"] == text)
        said = alice.wait_text(room, text)
        alice.wait_reaction(room, "✅", said.stanza_id, 30)


@pytest.mark.parametrize("text", ["Ça va? Ünïcode & <b>", "Здравствуйте", "ok 👍🏽", "100% +1 a=b;c"])
def test_any_text_is_shown_as_it_was_sent(prosody, pair, number, text):
    _, kannel = pair
    with Volunteer(prosody, "alice") as alice:
        room = room_of(pair, alice, number, f"from {number}")
        kannel.mo(number, SENDER, text)
        alice.wait_text(room, text, 30)


def test_stop_is_answered_by_us_once(prosody, pair, number):
    _, kannel = pair
    with Volunteer(prosody, "alice") as alice:
        room = room_of(pair, alice, number, f"from {number}")
        kannel.mo(number, SENDER, "STOP please")
        alice.wait_for(lambda m: m.room == room and "opted out" in m.text, 30)
        kannel.wait_received(lambda s: s["to"] == number and "unsubscribed" in s["text"])
        kannel.mo(number, SENDER, "stop")
        alice.wait_for(lambda m: m.room == room and "stop again" in m.text, 30)
        assert len([s for s in kannel.received() if s["to"] == number]) == 1


def test_kannel_away_and_back(prosody, pair, number):
    _, kannel = pair
    with Volunteer(prosody, "alice") as alice:
        room = room_of(pair, alice, number, f"from {number}")
        kannel.kill()
        alice.say(room, "sent while it was away")
        alice.wait_text(room, "sent while it was away")
        kannel.start()
        kannel.wait_received(lambda s: s["text"] == "sent while it was away", 60)
        assert requests_for(kannel, "sent while it was away") == 1
