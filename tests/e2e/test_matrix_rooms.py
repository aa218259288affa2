# SPDX-License-Identifier: AGPL-3.0-or-later
"""Rooms that others change: kicks, bans, upgrades, encryption; both room versions; both networks."""
import os
import signal

import pytest

from chat import Volunteer as XmppVolunteer
from daemon import Roomline
from fake_homeserver import FakeHomeserver
from matrix_kit import Volunteer
from matrix_ledger import Ground
from matrix_slots import Slots
from servers import wait_until
from synapse import Synapse, escape
from test_matrix_conversation import wait_contact


@pytest.fixture(params=["11", "12"])
def version(request):
    return request.param


@pytest.fixture
def roomline(synapse, version):
    with Roomline(synapse, matrix={"room_version": version}) as daemon:
        yield daemon.wait_chat()


def test_a_room_is_as_it_should_be(synapse, roomline, version, number):
    with Volunteer(synapse, "alice") as alice:
        roomline.phone(number).text("hello")
        seat = wait_contact(roomline, alice, "hello")
        token = alice.token
        assert synapse.state(seat.room, "m.room.create", token=token)["room_version"] == version
        assert synapse.state(seat.room, "m.room.join_rules", token=token)["join_rule"] == "invite"
        assert synapse.state(seat.room, "m.room.name", token=token)["name"] == f"Contact …{number[-4:]}"
        alice.leave(seat.room)


def test_the_bot_put_out_makes_another_room(synapse, roomline, version, number):
    with Volunteer(synapse, "alice") as alice, Volunteer(synapse, "organizer") as olga:
        olga.join(roomline.control)
        phone = roomline.phone(number)
        phone.text("hello")
        seat = wait_contact(roomline, alice, "hello")
        seat.say("hi")
        phone.wait_received("hi")
        # As an admin of the server would: the bot is thrown out of everything in the room.
        answer = synapse.call("POST", f"/rooms/{escape(seat.room)}/leave", {},
                              roomline.slot.as_token, query={"user_id": roomline.slot.bot})
        assert answer.status == 200, answer
        phone.text("still there?")
        other = wait_contact(roomline, alice, "still there?", 60)
        assert other.room != seat.room
        other.say("yes")
        phone.wait_received("yes")


def test_a_ghost_put_out_comes_back(synapse, roomline, version, number):
    with Volunteer(synapse, "alice") as alice:
        phone = roomline.phone(number)
        phone.text("hello")
        seat = wait_contact(roomline, alice, "hello")
        ghost = seat.first.sender
        for deed in ("kick", "ban"):
            answer = synapse.call("POST", f"/rooms/{escape(seat.room)}/{deed}", {"user_id": ghost},
                                  roomline.slot.as_token, query={"user_id": roomline.slot.bot})
            assert answer.status == 200, answer
            phone.text(f"after the {deed}")
            came = alice.wait_text(seat.room, f"after the {deed}", timeout=30)
            assert came.sender == ghost


def test_a_volunteer_who_left_is_asked_in_again(synapse, roomline, version, number):
    with Volunteer(synapse, "alice") as alice:
        phone = roomline.phone(number)
        phone.text("hello")
        seat = wait_contact(roomline, alice, "hello")
        seat.say("hi")
        phone.wait_received("hi")
        alice.leave(seat.room)
        phone.text("where are you?")
        alice.wait_text(seat.room, "where are you?", timeout=30)


def test_an_upgraded_room_is_followed(synapse, roomline, version, number):
    with Volunteer(synapse, "alice") as alice:
        phone = roomline.phone(number)
        phone.text("hello")
        seat = wait_contact(roomline, alice, "hello")
        seat.say("hi")
        phone.wait_received("hi")
        new = synapse.ask("POST", f"/rooms/{escape(seat.room)}/upgrade", {"new_version": "12"},
                          roomline.slot.as_token, query={"user_id": roomline.slot.bot})["replacement_room"]
        phone.text("after the upgrade")
        came = alice.wait_text(new, "after the upgrade", timeout=60)
        assert came.sender == seat.first.sender
        alice.say(new, "here I am")
        phone.wait_received("here I am")


def test_encryption_switched_on_is_told(synapse, roomline, version, number):
    with Volunteer(synapse, "alice") as alice, Volunteer(synapse, "organizer") as olga:
        olga.join(roomline.control)
        phone = roomline.phone(number)
        phone.text("hello")
        seat = wait_contact(roomline, alice, "hello")
        assert not alice.may_send(seat.room, "m.room.encryption")
        room = alice.create_room(invite=[roomline.slot.bot], is_direct=True, initial_state=[
            {"type": "m.room.encryption", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}])
        alice.wait_state(room, "m.room.member", lambda c: c["membership"] == "join",
                         key=roomline.slot.bot)
        alice.send_encrypted(room)
        alice.wait_for(lambda e: e.room == room and "cannot read encrypted" in e.text)


def test_both_networks_show_the_same_conversations(synapse, prosody, number):
    roomline = Roomline([synapse, prosody])
    roomline.config["team"]["inbox"] = [synapse.user("alice")]
    with roomline, Volunteer(synapse, "alice") as alice, XmppVolunteer(prosody, "bob") as bob, \
            Volunteer(synapse, "organizer") as olga, XmppVolunteer(prosody, "organizer") as oleg:
        roomline.wait_chat()
        control = roomline.control_of(synapse)
        olga.join(control)
        oleg.join(roomline.control_of(prosody))
        phone = roomline.phone(number)
        phone.text("hello")
        for organizer in (olga, oleg):  # each control room hears of it
            organizer.wait_for(lambda m: "Nobody is assigned" in m.text)
        seat = wait_contact(roomline, alice, "hello")
        seat.say("hi from Matrix")
        phone.wait_received("hi from Matrix")
        olga.say(control, f"!assign 1 {prosody.user('bob')}")
        room = bob.wait_invite()
        phone.text("and now?")
        bob.wait_text(room, "and now?")
        bob.say(room, "hi from XMPP")
        phone.wait_received("hi from XMPP")
        oleg.say(roomline.control_of(prosody), f"!assign 1 {synapse.user('alice')}")
        told = f"now with {alice.mxid}"  # once when she took it, once now
        wait_until(lambda: len([t for t in seat.texts() if told in t]) == 2, 30, "it is hers again")
        phone.text("who now?")
        seat.sees("who now?")
        seat.say("once more from Matrix")
        phone.wait_received("once more from Matrix")


def test_what_a_dying_homeserver_did_not_push(number):
    """It told the volunteer that the texts were sent, and forgets to tell us."""
    slots = Slots(1)
    with Synapse(registrations=slots.paths) as server:
        server.slots = slots
        with Roomline(server) as roomline, Volunteer(server, "alice") as alice:
            roomline.wait_chat()
            phone = roomline.phone(number)
            phone.text("hello")
            seat = wait_contact(roomline, alice, "hello")
            seat.say("hi")
            phone.wait_received("hi")
            wait_until(lambda: roomline.query("select 1 from kept_value where key='matrix.next_batch'"),
                       15, "where it would go on")
            os.kill(roomline.process.child.pid, signal.SIGSTOP)
            for i in range(4):
                seat.say(f"text {i}")
            server.kill()
            os.kill(roomline.process.child.pid, signal.SIGCONT)
            server.start()
            phone.wait_received("text 3", timeout=60)
            assert phone.received() == ["hi", "text 0", "text 1", "text 2", "text 3"]
            # And when we were away too.
            roomline.stop()
            seat.say("text 4")
            server.kill()
            server.start()
            seat.say("text 5")
            roomline.start()
            roomline.phone(number).wait_received("text 5", timeout=60)
            assert roomline.phone(number).received() == ["text 4", "text 5"]


@pytest.mark.parametrize("how", ["reload", "restart"])
def test_who_left_the_team_reads_no_more(number, how):
    """Though all conversations on the desk of the inbox were taken by somebody who is still in it."""
    slots = Slots(1)
    with FakeHomeserver(registrations=slots.paths) as server:
        server.slots = slots
        with Ground(server, start=False, shape="thread") as ground, Volunteer(server, "bob") as bob:
            ground.roomline.config["team"]["inbox"] = [server.user("alice"), server.user("bob")]
            ground.roomline.start().wait_chat()
            talk = ground.talk(number, "hello")
            bob.join(talk.room)
            talk.says("mine now")
            ground.settle()
            ground.roomline.config["team"]["inbox"] = [server.user("alice")]
            if how == "reload":
                ground.roomline.reload()
                ground.roomline.wait_log("app.reloaded")
            else:
                ground.roomline.stop()
                ground.roomline.start().wait_chat()
            talk.hears("not for Bob")
            talk.says("quite")
            ground.settle().check()
            wait_until(lambda: talk.room not in bob.joined, 10, "he is out")
            assert "not for Bob" not in [e.text for e in bob.of_room(talk.room)]


def test_default_limits_slow_down_and_lose_nothing(number):
    """The ghosts and the bot of an application service are not limited; volunteers are."""
    slots = Slots(1)
    with Synapse(registrations=slots.paths, limits="default") as server:
        server.slots = slots
        with Roomline(server) as roomline, Volunteer(server, "alice") as alice:
            roomline.wait_chat()
            for i in range(12):
                roomline.phone(f"+1415556{i:04d}").text(f"hello {i}")
            for i in range(12):
                alice.wait_for(lambda e, i=i: e.text == f"hello {i}", 120)
