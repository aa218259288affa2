# SPDX-License-Identifier: AGPL-3.0-or-later
"""The main job, on real Prosody and real ejabberd, with slixmpp as volunteer and organizer."""
import time

from chat import Volunteer
from daemon import SENDER, Roomline
from servers import wait_until


def test_text_becomes_room_and_answer_becomes_text(server, roomline, number):
    with Volunteer(server, "alice") as alice:
        phone = roomline.phone(number)
        phone.text("Hi, who is this?")
        room = alice.wait_invite()
        came = alice.wait_text(room, "Hi, who is this?")
        assert came.nick.startswith("Contact")
        assert number not in room and number[1:] not in room
        alice.say(room, "Alice of Riverside. How are you?")
        phone.wait_received("Alice of Riverside. How are you?")
        said = alice.wait_text(room, "Alice of Riverside. How are you?")
        alice.wait_reaction(room, "✅", said.stanza_id)
        assert phone.received() == ["Alice of Riverside. How are you?"]


def test_stop_wins(server, roomline, number):
    with Volunteer(server, "alice") as alice:
        phone = roomline.phone(number)
        phone.text("hello")
        room = alice.wait_invite()
        phone.text("Stop")
        phone.wait_received(
            "Riverside: You are unsubscribed and will get no more texts from us. Reply START to undo.")
        alice.wait_for(lambda m: m.room == room and "opted out" in m.text)
        alice.say(room, "but wait")
        alice.wait_for(lambda m: m.room == room and "Not sent: they have opted out" in m.text)
        phone.text("STOP")
        alice.wait_for(lambda m: m.room == room and "stop again" in m.text)
        assert len(phone.received()) == 1
        phone.text("START")
        alice.wait_for(lambda m: m.room == room and "opted in again" in m.text)
        alice.say(room, "welcome back")
        phone.wait_received("welcome back")


def test_stop_of_a_number_never_seen(server, roomline, number):
    with Volunteer(server, "organizer", join_invites=True) as olga:
        olga.join(roomline.control)
        phone = roomline.phone(number)
        phone.text("please stop texting me")
        phone.wait_received(
            "Riverside: You are unsubscribed and will get no more texts from us. Reply START to undo.")
        olga.say(roomline.control, f"!text {number} Hello there")
        olga.wait_for(lambda m: "they have opted out" in m.text)
        assert len(phone.received()) == 1


def test_suggestion_holds_and_is_decided(server, roomline, number):
    with Volunteer(server, "alice") as alice:
        phone = roomline.phone(number)
        phone.text("who gave you my number?")
        room = alice.wait_invite()
        alice.wait_for(lambda m: m.room == room and "!keep" in m.text)
        alice.say(room, "A friend of yours")  # an answer may go
        phone.wait_received("A friend of yours")
        alice.say(room, "!optout")
        alice.wait_for(lambda m: m.room == room and "Opted out by alice" in m.text)
        wait_until(lambda: len(phone.received()) == 2, 15, "confirmation")
        alice.say(room, "!keep")
        alice.wait_for(lambda m: m.room == room and "Only they can undo that" in m.text)


def test_wrong_number(server, roomline, number):
    with Volunteer(server, "alice") as alice:
        phone = roomline.phone(number)
        phone.text("Sorry, wrong number")
        room = alice.wait_invite()
        alice.wait_for(lambda m: m.room == room and "wrong number" in m.text and "!keep" in m.text)
        alice.say(room, "oh")
        alice.wait_for(lambda m: m.room == room and "Not sent: this is a wrong number" in m.text)
        alice.say(room, "!keep")
        alice.wait_for(lambda m: m.room == room and m.text.startswith("Kept"))
        alice.say(room, "fine then")
        phone.wait_received("fine then")


def test_what_an_sms_cannot_carry_is_explained(server, roomline, number):
    with Volunteer(server, "alice") as alice:
        phone = roomline.phone(number)
        phone.text("hello")
        room = alice.wait_invite()
        came = alice.wait_text(room, "hello")
        first = alice.say(room, "first")
        phone.wait_received("first")
        alice.correct(room, first, "First!")
        alice.wait_for(lambda m: m.room == room and "Write it as a new message" in m.text)
        alice.react(room, came.stanza_id, "👍")
        alice.wait_for(lambda m: m.room == room and "reaction is not texted" in m.text)
        alice.send_encrypted(room)
        alice.wait_for(lambda m: m.room == room and "cannot read encrypted" in m.text)
        alice.send_file(room, "http://example.org/cat.jpg")
        alice.wait_for(lambda m: m.room == room and "none from which files are fetched" in m.text)
        alice.say(room, "// only for us")
        alice.say(room, "!note only for us too")
        alice.say(room, "second")
        phone.wait_received("second")
        assert phone.received() == ["first", "second"]


def test_failures_are_told_in_words(server, roomline, number):
    with Volunteer(server, "alice") as alice:
        phone = roomline.phone(number)
        phone.text("hello")
        room = alice.wait_invite()
        alice.say(room, "this gives error30006 today")
        alice.wait_for(lambda m: m.room == room and "did not reach them" in m.text
                       and "30006" in m.text and "landline" in m.text)
        alice.wait_reaction(room, "❌")


def test_only_who_has_it_texts(server, roomline, number):
    with Volunteer(server, "alice") as alice, Volunteer(server, "organizer") as olga:
        olga.join(roomline.control)
        phone = roomline.phone(number)
        phone.text("hello")
        room = alice.wait_invite()
        alice.say(room, "hi")
        phone.wait_received("hi")
        announced = olga.wait_for(lambda m: m.room == roomline.control and "Nobody is assigned" in m.text)
        id = announced.text.split("!claim ")[1].split("`")[0]
        olga.say(roomline.control, f"!claim {id}")
        olga.wait_invite(room)
        olga.say(room, "Olga here")
        phone.wait_received("Olga here")
        wait_until(lambda: room not in alice.joined, 15, "alice is out of the room")


def test_control_room(server, roomline, number):
    with Volunteer(server, "organizer") as olga:
        olga.join(roomline.control)
        control = roomline.control

        def ask(command, answer):
            olga.say(control, command)
            return olga.wait_for(lambda m: m.room == control and answer in m.text
                                 and m.nick != "organizer").text

        assert "!pause" in ask("!help", "!stuck")
        assert "Example: !assign 12 alice" in ask("!help assign", "Example:")
        ask("!stats", "Did you mean `!status`?")
        ask("!frobnicate", "There is no command")
        ask("!text", "For example:")
        ask("!text 12 hello", "no telephone number")
        assert "sending" in ask("!status", "conversations:")
        ask(f"!text {number} Hello from Olga", "Queued in conversation")
        phone = roomline.phone(number)
        phone.wait_received("Hello from Olga")
        room = olga.wait_invite()
        phone.text("thank you")
        olga.wait_text(room, "thank you")
        assert "organizer" in ask(f"!find {number[-4:]}", "…" + number[-4:])
        ask("!pause", "has paused everything")
        olga.say(room, "while paused")
        olga.wait_for(lambda m: m.room == room and "paused all texting" in m.text)
        time.sleep(0.5)
        assert "while paused" not in phone.received()
        ask("!status", "PAUSED")
        ask("!resume", "has resumed")
        phone.wait_received("while paused")
        olga.say(room, "this gives error30003 now")
        olga.wait_for(lambda m: m.room == room and "did not reach them" in m.text)
        listed = ask("!stuck", "sends one again")
        id = listed.split()[0]
        ask(f"!drop {id}", "is let be")
        ask("!stuck ", "Nothing is stuck")
        ask("!who", "open")
        olga.say(room, "!close")
        olga.wait_for(lambda m: m.room == room and m.text.startswith("Closed"))
        olga.say(room, "anybody?")
        olga.wait_for(lambda m: m.room == room and "is closed" in m.text)
        phone.text("one more thing")
        olga.wait_text(room, "one more thing")
        olga.say(room, "yes?")
        phone.wait_received("yes?")


def test_direct_chat(server, roomline, number):
    bot = f"bot@{server.component}"
    with Volunteer(server, "alice") as alice, Volunteer(server, "carol") as carol:
        alice.tell(bot, "!help")
        alice.wait_for(lambda m: m.room == bot and "!mine" in m.text and "!pause" not in m.text)
        alice.tell(bot, "hello")
        alice.wait_for(lambda m: m.room == bot and "Nothing that is written here" in m.text)
        alice.tell(bot, "!status")
        alice.wait_for(lambda m: m.room == bot and "control room" in m.text)
        alice.tell(bot, "!mine")
        alice.wait_for(lambda m: m.room == bot and "no open conversation" in m.text)
        carol.tell(bot, "!help")  # nobody we know
        time.sleep(1)
        assert not [m for m in carol.messages if m.room == bot and m.text]


def test_said_while_the_daemon_was_down(server, roomline, number):
    with Volunteer(server, "alice") as alice:
        phone = roomline.phone(number)
        phone.text("hello")
        room = alice.wait_invite()
        alice.say(room, "before")
        phone.wait_received("before")
        roomline.stop()
        alice.say(room, "while you were away")
        alice.wait_text(room, "while you were away")
        roomline.start()
        phone.wait_received("while you were away")
        time.sleep(1)
        # The phones of the sandbox live in the daemon: only what came after the restart is there.
        assert phone.received() == ["while you were away"]
        assert roomline.query("select count(*) from message where outbound=1") == [(2,)]
        assert len([m for m in alice.of_room(room) if m.text == "hello"]) == 1


def test_a_reaction_that_nobody_stores_loses_nothing_said_later(server, roomline, number):
    control = roomline.control
    reaction = ("<message type='groupchat' to='{}' id='r{}'><reactions id='x' "
                "xmlns='urn:xmpp:reactions:0'><reaction>👍</reaction></reactions></message>")
    with Volunteer(server, "alice") as alice, Volunteer(server, "organizer") as olga:
        phone = roomline.phone(number)
        phone.text("hello")
        room = alice.wait_invite()
        alice.say(room, "before")
        phone.wait_received("before")
        olga.join(control)
        olga.say(control, "!status")
        olga.wait_for(lambda m: m.room == control and "conversations:" in m.text)
        olga.send_xml(reaction.format(control, number))
        time.sleep(0.3)
        alice.send_xml(reaction.format(room, number))
        alice.wait_for(lambda m: m.room == room and "reaction is not texted" in m.text)
        roomline.stop()
        alice.say(room, "while you were away")
        alice.wait_text(room, "while you were away")
        olga.say(control, "!pause")
        olga.wait_text(control, "!pause")
        roomline.start()
        wait_until(lambda: roomline.query("select value from kept_value where key='paused'")
                   == [("yes",)], 30, "the pause")
        wait_until(lambda: roomline.query("select 1 from message where text=?",
                                          "while you were away"), 30, "the text")


def test_a_queued_text_is_corrected_or_taken_back(server, roomline, number):
    control = roomline.control
    with Volunteer(server, "alice") as alice, Volunteer(server, "organizer") as olga:
        phone = roomline.phone(number)
        phone.text("hello")
        room = alice.wait_invite()
        olga.join(control)
        olga.say(control, "!pause")
        olga.wait_for(lambda m: m.room == control and "has paused everything" in m.text)
        typo = alice.say(room, "typo")
        once = alice.say(room, "oops")
        alice.say(room, "oops again")
        twice = alice.wait_text(room, "oops again").stanza_id
        # As the older and the newer version of XEP-0424 name what is taken back.
        alice.retract(room, once)
        alice.send_xml(f"<message type='groupchat' to='{room}' id='again'><body>x</body><retract "
                       f"id='{twice}' xmlns='urn:xmpp:message-retract:1'/></message>")
        for words in ("oops", "oops again"):
            alice.wait_for(lambda m: m.room == room and f"“{words}” was not sent" in m.text)
        better = alice.correct(room, typo, "rihgt")
        alice.correct(room, better, "right")  # some clients name the last correction
        wait_until(lambda: len([m for m in alice.of_room(room) if "Changed in time" in m.text]) == 2,
                   15, "corrections")
        olga.say(control, "!resume")
        phone.wait_received("right")
        alice.say(room, "last")
        phone.wait_received("last")
        assert phone.received() == ["right", "last"]


def test_the_inbox_stays_the_inbox_over_a_restart(server, roomline, number):
    owner = "select owner from conversation"
    with Volunteer(server, "alice") as alice:
        phone = roomline.phone(number)
        phone.text("hello")
        room = alice.wait_invite()
        wait_until(lambda: roomline.query(owner) == [("xmpp:alice@localhost",)], 15, "owner")
        alice.say(room, "!assign inbox")
        alice.wait_for(lambda m: m.room == room and "back in the inbox" in m.text)
        roomline.stop()
        roomline.start()
        roomline.phone(number).text("still there?")
        alice.wait_text(room, "still there?")
        time.sleep(0.5)
        assert roomline.query(owner) == [("",)]
        alice.say(room, "yes")
        wait_until(lambda: roomline.query(owner) == [("xmpp:alice@localhost",)], 15, "owner")


def test_who_runs_the_server_takes_nothing_by_looking_in(prosody, number):
    with Roomline(prosody, organizers=["bob"]) as roomline, \
            Volunteer(prosody, "alice", join_invites=False) as alice, \
            Volunteer(prosody, "organizer") as admin:
        roomline.wait_chat()
        roomline.phone(number).text("hello")
        room = alice.wait_invite()
        admin.join(room)
        admin.say(room, "who is that?")
        admin.wait_for(lambda m: m.room == room and "you are not of the team" in m.text)
        admin.join(roomline.control)
        admin.say(roomline.control, "!pause")
        admin.wait_for(lambda m: m.room == roomline.control and "no organizer" in m.text)
        assert roomline.query("select owner from conversation") == [("",)]
        assert roomline.query("select count(*) from message where outbound=1") == [(0,)]


def test_the_team_may_be_written_in_any_case(server, number):
    roomline = Roomline(server)
    roomline.config["team"] = {"organizers": ["xmpp:Organizer@LocalHost"],
                               "inbox": ["xmpp:Alice@LocalHost"]}
    with roomline, Volunteer(server, "alice") as alice, Volunteer(server, "organizer") as olga:
        roomline.wait_chat()
        phone = roomline.phone(number)
        phone.text("hello")
        room = alice.wait_invite()
        alice.say(room, "hi")
        phone.wait_received("hi")
        olga.tell(f"bot@{server.component}", "!assign 1 alice")
        olga.wait_for(lambda m: "already with alice@localhost" in m.text)


def test_help_is_answered_once(server, roomline, number):
    phone = roomline.phone(number)
    phone.text("HELP")
    phone.wait_received("Riverside: Reach us at help@example.org. Msg & data rates may apply. "
                        "Reply STOP to unsubscribe.")
    phone.text("help")
    time.sleep(1)
    assert len(phone.received()) == 1
    assert phone.number == number and SENDER != number
