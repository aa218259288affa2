# SPDX-License-Identifier: AGPL-3.0-or-later
"""The main job for people at Matrix clients: in rooms and in threads, on Synapse and on the fake."""
import time

import pytest

from daemon import Roomline
from matrix_kit import Volunteer
from servers import wait_until

CONFIRMATION = ("Riverside: You are unsubscribed and will get no more texts from us. "
                "Reply START to undo.")


@pytest.fixture(params=["room", "thread"])
def shape(request):
    return request.param


@pytest.fixture(params=["nio", "js"])
def client(request):
    """The volunteer's: each makes and shows threads in its own way."""
    return request.param


@pytest.fixture
def roomline(homeserver, shape):
    with Roomline(homeserver, matrix={"shape": shape}) as daemon:
        yield daemon.wait_chat()


class Seat:
    """Where a volunteer sees one conversation: a room, or a thread on a desk."""

    def __init__(self, who, came):
        self.who, self.room, self.thread = who, came.room, came.thread
        self.first = came

    def say(self, text, **more):
        return self.who.say(self.room, text, thread=self.thread or None, **more)

    def here(self, event):
        return event.room == self.room and event.thread == self.thread and event.kind != "edit"

    def sees(self, words, timeout=15):
        """Words of the contact or of the bot."""
        return self.who.wait_for(lambda e: self.here(e) and words in e.text
                                 and e.sender != self.who.mxid, timeout)

    def texts(self):
        return [e.text for e in self.who.of_room(self.room) if self.here(e)]


def wait_contact(roomline, who, words, timeout=20):
    """Only what this daemon shows: accounts and their rooms outlive a test."""
    ours = (roomline.slot.bot, "@" + roomline.slot.prefix)
    came = who.wait_for(lambda e: e.type == "m.room.message" and e.text.endswith(words)
                        and e.sender.startswith(ours) and e.kind == "text", timeout)
    return Seat(who, came)


def test_text_is_shown_and_answer_is_texted(homeserver, roomline, shape, client, number):
    with Volunteer(homeserver, "alice", client=client) as alice:
        phone = roomline.phone(number)
        phone.text("Hi, who is this?")
        seat = wait_contact(roomline, alice, "Hi, who is this?")
        assert number[1:] not in seat.room + seat.first.sender
        said = seat.say("Alice of Riverside. How are you?")
        phone.wait_received("Alice of Riverside. How are you?")
        alice.wait_marks(seat.room, said, "✅")
        assert phone.received() == ["Alice of Riverside. How are you?"]
        phone.text("fine & <well> \"you\"?\nsecond line")
        seat.sees("fine & <well> \"you\"?\nsecond line")
        if shape == "room":
            assert seat.first.sender.startswith("@" + roomline.slot.prefix)
            assert seat.first.text == "Hi, who is this?"
        else:
            assert seat.first.sender == roomline.slot.bot
            assert seat.first.text == f"Contact …{number[-4:]}: Hi, who is this?"


def test_stop_wins(homeserver, roomline, shape, client, number):
    with Volunteer(homeserver, "alice", client=client) as alice:
        phone = roomline.phone(number)
        phone.text("hello")
        seat = wait_contact(roomline, alice, "hello")
        seat.say("hi")
        phone.wait_received("hi")
        phone.text("Stop")
        phone.wait_received(CONFIRMATION)
        seat.sees("opted out")
        if shape == "room":
            wait_until(lambda: not alice.may_send(seat.room), 15, "the right to write is gone")
        else:
            alice.wait_reaction(seat.room, "⛔", seat.thread)
            seat.say("but wait")
            seat.sees("Not sent: they have opted out")
        phone.text("START")
        seat.sees("opted in again")
        wait_until(lambda: alice.may_send(seat.room), 15, "the right to write is back")
        seat.say("welcome back")
        phone.wait_received("welcome back")
        assert phone.received()[:2] == ["hi", CONFIRMATION]


def test_what_an_sms_cannot_carry_is_explained(homeserver, roomline, shape, client, number):
    with Volunteer(homeserver, "alice", client=client) as alice:
        phone = roomline.phone(number)
        phone.text("hello")
        seat = wait_contact(roomline, alice, "hello")
        first = seat.say("first")
        phone.wait_received("first")
        alice.edit(seat.room, first, "First!")
        seat.sees("Write it as a new message")
        alice.redact(seat.room, first)
        seat.sees("cannot be taken back")
        if shape == "thread":  # in a room the power levels keep people from it
            alice.react(seat.room, seat.first.id, "👍")
            seat.sees("reaction is not texted")
            alice.sticker(seat.room, thread=seat.thread)
            seat.sees("cannot carry a sticker")
            alice.send_encrypted(seat.room, thread=seat.thread)
            seat.sees("cannot read encrypted")
        else:
            for kind in ("m.reaction", "m.sticker", "m.call.invite", "m.room.encrypted",
                         "m.room.encryption"):
                assert not alice.may_send(seat.room, kind), kind
        seat.say("waves", msgtype="m.emote")
        seat.sees("an action")
        seat.say("I am a program", msgtype="m.notice")
        seat.sees("what a program says")
        seat.say("here", msgtype="m.location", geo_uri="geo:1,2")
        seat.sees("a location")
        seat.say("// only for us")
        seat.say("!note only for us too")
        seat.say("second")
        phone.wait_received("second")
        assert phone.received() == ["first", "second"]


def test_failures_are_told_in_words(homeserver, roomline, number):
    with Volunteer(homeserver, "alice") as alice:
        phone = roomline.phone(number)
        phone.text("hello")
        seat = wait_contact(roomline, alice, "hello")
        said = seat.say("this gives error30006 today")
        notice = seat.sees("did not reach them")
        assert "30006" in notice.text and "landline" in notice.text and notice.kind == "notice"
        alice.wait_marks(seat.room, said, "❌")


def test_queued_text_is_edited_or_taken_back(homeserver, roomline, number):
    with Volunteer(homeserver, "alice") as alice, Volunteer(homeserver, "organizer") as olga:
        control = roomline.control
        olga.join(control)
        phone = roomline.phone(number)
        phone.text("hello")
        seat = wait_contact(roomline, alice, "hello")
        olga.say(control, "!pause")
        olga.wait_for(lambda e: e.room == control and "has paused everything" in e.text)
        typo, oops = seat.say("typo"), seat.say("oops")
        seat.sees("paused all texting")
        wait_until(lambda: roomline.query("select count(*) from message where state=0") == [(2,)],
                   15, "both queued")
        alice.redact(seat.room, oops)
        seat.sees("“oops” was not sent")
        alice.edit(seat.room, typo, "right")
        seat.sees("Changed in time")
        olga.say(control, "!resume")
        phone.wait_received("right")
        seat.say("last")
        phone.wait_received("last")
        assert phone.received() == ["right", "last"]


def test_taken_back_after_a_restart(homeserver, roomline, number):
    with Volunteer(homeserver, "alice") as alice, Volunteer(homeserver, "organizer") as olga:
        control = roomline.control
        olga.join(control)
        phone = roomline.phone(number)
        phone.text("hello")
        seat = wait_contact(roomline, alice, "hello")
        olga.say(control, "!pause")
        olga.wait_for(lambda e: e.room == control and "has paused everything" in e.text)
        oops = seat.say("oops")
        seat.sees("paused all texting")
        roomline.stop()
        roomline.start()
        alice.redact(seat.room, oops)
        wait_until(lambda: roomline.query("select state from message where text='oops'") == [(94,)],
                   30, "cancelled")


def test_control_room(homeserver, roomline, number):
    with Volunteer(homeserver, "organizer") as olga:
        control = roomline.control
        olga.join(control)

        def ask(command, answer):
            olga.say(control, command)
            return olga.wait_for(lambda e: e.room == control and answer in e.text
                                 and e.sender == roomline.slot.bot).text

        assert "!pause" in ask("!help", "!stuck")
        assert "Example: !assign 12 alice" in ask("!help assign", "Example:")
        ask("!stats", "Did you mean `!status`?")
        ask("!text 12 hello", "no telephone number")
        assert "connected to http://127.0.0.1" in ask("!status", "conversations:")
        ask(f"!text {number} Hello from Olga", "Queued in conversation")
        phone = roomline.phone(number)
        phone.wait_received("Hello from Olga")
        phone.text("thank you")
        seat = wait_contact(roomline, olga, "thank you")
        ask("!pause", "has paused everything")
        seat.say("while paused")
        seat.sees("paused all texting")
        time.sleep(0.5)
        assert "while paused" not in phone.received()
        ask("!resume", "has resumed")
        phone.wait_received("while paused")
        seat.say("!close")
        seat.sees("Closed")
        seat.say("anybody?")
        seat.sees("is closed")
        phone.text("one more thing")
        seat.sees("one more thing")
        seat.say("yes?")
        phone.wait_received("yes?")


def test_strangers_in_the_control_room_command_nothing(homeserver, roomline, number):
    with Volunteer(homeserver, "organizer") as olga, Volunteer(homeserver, "carol") as carol:
        control = roomline.control
        olga.join(control)
        # Whom an organizer lets in is one.
        olga.invite(control, carol.mxid)
        carol.wait_joined(control)
        carol.say(control, f"!text {number} Hello from Carol")
        roomline.phone(number).wait_received("Hello from Carol")
        olga.wait_for(lambda e: e.room == control and "Queued in conversation" in e.text)
        carol.leave(control)


def test_conversation_goes_to_another_volunteer(homeserver, roomline, shape, number):
    with Volunteer(homeserver, "alice") as alice, Volunteer(homeserver, "bob") as bob, \
            Volunteer(homeserver, "organizer") as olga:
        control = roomline.control
        olga.join(control)
        phone = roomline.phone(number)
        phone.text("hello")
        seat = wait_contact(roomline, alice, "hello")
        seat.say("hi")
        phone.wait_received("hi")
        olga.say(control, f"!assign 1 {bob.mxid}")
        olga.wait_for(lambda e: e.room == control and "now with" in e.text)
        phone.text("still there?")
        other = wait_contact(roomline, bob, "still there?")
        other.say("Bob here")
        phone.wait_received("Bob here")
        if shape == "room":
            assert other.room == seat.room
            alice.wait_out(seat.room)
        else:
            assert other.room != seat.room
            seat.say("and me?")
            alice.wait_for(lambda e: e.room == seat.room and "Nothing that is written here" in e.text)
        assert "and me?" not in phone.received()


def test_chat_with_the_bot(homeserver, roomline, number):
    with Volunteer(homeserver, "alice") as alice, Volunteer(homeserver, "carol") as carol:
        room = alice.create_room(invite=[roomline.slot.bot], is_direct=True)
        alice.wait_state(room, "m.room.member", lambda c: c["membership"] == "join",
                         key=roomline.slot.bot)
        alice.say(room, "!help")
        alice.wait_for(lambda e: e.room == room and "!mine" in e.text)
        alice.say(room, "hello")
        alice.wait_for(lambda e: e.room == room and "Nothing that is written here" in e.text)
        strange = carol.create_room(invite=[roomline.slot.bot], is_direct=True)
        carol.wait_state(strange, "m.room.member", lambda c: c["membership"] == "leave",
                         key=roomline.slot.bot)


def test_said_while_the_daemon_was_down(homeserver, roomline, number):
    with Volunteer(homeserver, "alice") as alice:
        phone = roomline.phone(number)
        phone.text("hello")
        seat = wait_contact(roomline, alice, "hello")
        seat.say("before")
        phone.wait_received("before")
        roomline.stop()
        seat.say("while you were away")
        roomline.start()
        phone.wait_received("while you were away", timeout=60)
        time.sleep(1)
        assert phone.received() == ["while you were away"]
        assert len([t for t in seat.texts() if t.endswith("hello")]) == 1
        phone.text("welcome back")
        seat.sees("welcome back")
