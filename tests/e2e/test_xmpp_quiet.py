# SPDX-License-Identifier: AGPL-3.0-or-later
"""Rooms in which nothing happens for long, and what is said there all the same."""
import pytest

from chat import Volunteer
from daemon import Roomline
from servers import Ejabberd, wait_until
from xmpp_kit import Between

UNAVAILABLE = rb"<presence\b[^>]*\btype=['\"]unavailable['\"][^>]*>.*?</presence>"


def closed(alice, room):
    return [m for m in alice.of_room(room) if "this conversation is closed" in m.text]


def test_in_the_room_of_a_closed_conversation_somebody_answers_after_a_restart(
        server, roomline, number):
    with Volunteer(server, "alice") as alice:
        phone = roomline.phone(number)
        phone.text("hello")
        room = alice.wait_invite()
        alice.say(room, "!close")
        alice.wait_for(lambda m: m.room == room and m.text.startswith("Closed"))
        roomline.stop()
        alice.say(room, "while you were away")
        roomline.start()
        alice.wait_for(lambda m: closed(alice, room))
        alice.say(room, "anybody?")
        alice.wait_for(lambda m: len(closed(alice, room)) == 2)
        alice.say(room, "!claim")
        alice.say(room, "and now?")
        phone.wait_received("and now?")
        assert phone.received() == ["and now?"]


@pytest.mark.parametrize("kind", ["conversation", "control"])
def test_a_room_that_forgot_us_without_a_word_is_joined_again(server, number, kind):
    with Between(server) as between, Volunteer(server, "alice") as alice, \
            Volunteer(server, "organizer") as olga, \
            Roomline(server, sections={"xmpp": {"port": between.port, "room_check_s": 2}}) as roomline:
        roomline.wait_chat()
        phone = roomline.phone(number)
        phone.text("hello")
        room = alice.wait_invite()
        alice.wait_text(room, "hello")
        olga.join(roomline.control)
        gone = room if kind == "conversation" else roomline.control
        between.withhold = UNAVAILABLE
        between.say(f"<presence type='unavailable' from='bot@{server.component}/b' to='{gone}/roomline'/>")
        wait_until(lambda: any(b"bot@" in w for w in between.withheld), 10, "the bot is out")
        if kind == "conversation":
            alice.say(room, "are you there?")
            phone.wait_received("are you there?", 30)
        else:
            olga.say(gone, "!status")
            olga.wait_for(lambda m: m.room == gone and not m.delayed and "sending" in m.text, 30)
        assert roomline.log().count("xmpp.room_lost") == 1


def test_where_the_server_lets_us_into_few_rooms_those_of_closed_conversations_give_way(number):
    with Ejabberd(conferences=3) as server, Volunteer(server, "alice") as alice, \
            Roomline(server) as roomline:  # the control room is one of the three
        roomline.wait_chat()
        for i in range(4):
            phone = roomline.phone(f"{number[:-1]}{i}")
            phone.text(f"hello {i}")
            room = alice.wait_for(lambda m: m.text == f"hello {i}").room
            alice.say(room, "!close")
            alice.wait_for(lambda m: m.room == room and m.text.startswith("Closed"))
            if i < 3:
                alice.leave(room)  # she may not be in more of them either
        phone.text("once more")
        alice.wait_text(room, "once more")
        alice.say(room, "yes?")
        phone.wait_received("yes?")
