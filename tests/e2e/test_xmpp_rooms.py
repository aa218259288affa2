# SPDX-License-Identifier: AGPL-3.0-or-later
"""The control room, and rooms that are lost or not what they should be."""
import time

import pytest

from chat import Volunteer
from probe import Probe
from servers import Prosody, wait_until
from xmpp_kit import MEMBERS, affiliate, configure, features
from xmpp_kit import alice, bob, control, probe, token  # fixtures, which need each other


def test_control_room_knows_its_organizers(server, control, token, alice):
    with Volunteer(server, "organizer") as olga, Probe(server, control=control) as probe:
        room = probe.open(9, kind="control", members=["organizer@localhost"], title="Control")
        assert room == f"{control}@rooms.localhost"
        olga.wait_invite(room)
        olga.say(room, "!status")
        assert probe.wait("said", kind="control").organizer == 1
        probe.say(1, 9, "all is well", wait=True)
        olga.wait_text(room, "all is well")
        # In a conversation and in a 1:1 chat the same person is an organizer, alice is none.
        talk = probe.open(1, token, members=MEMBERS + ["organizer@localhost"])
        alice.wait_invite()
        olga.join(talk)
        for who, flag in ((alice, 0), (olga, 1)):
            who.say(talk, f"in the room {who.user}")
            assert probe.wait("said", text=f"in the room {who.user}").organizer == flag
            who.tell("bot@sms.localhost", f"to the bot {who.user}")
            said = probe.wait("said", text=f"to the bot {who.user}")
            assert (said.organizer, said.kind, said.place) == (flag, "direct", 0)


def test_organizers_come_and_go_by_affiliation(server, control, alice, bob):
    with Probe(server, control=control) as probe:
        room = probe.open(9, kind="control", members=["alice@localhost", "bob@localhost"])
        alice.wait_invite(room)
        bob.logout()
        probe.update(9, kind="control", members=["alice@localhost"])  # bob is away
        wait_until(lambda: told_organizer(probe, server, "bob") == 0, 10, "bob is none any more")
        assert told_organizer(probe, server, "alice") == 1


def test_who_is_dropped_while_we_are_away_is_out(server, control, token, alice, bob):
    talk, control_room = f"c{token}@rooms.localhost", f"{control}@rooms.localhost"
    both = ["alice@localhost", "bob@localhost"]
    with Probe(server, control=control) as probe:
        for place in ({"kind": "control", "place": 9}, {"token": token, "place": 1}):
            probe.open(**place, members=both)
        for room in (talk, control_room):
            alice.wait_invite(room)
            bob.wait_invite(room)
        probe.say(1, 1, "the contact is in there", voice="contact", wait=True)
        probe.kill()
    with Probe(server, control=control) as probe:
        for place in ({"kind": "control", "place": 9}, {"token": token, "place": 1}):
            probe.open(**place, members=["alice@localhost"])
        for room in (talk, control_room):
            bob.wait_presence(lambda p: p.room == room and p.nick == "bob"
                              and p.kind == "unavailable" and "321" in p.codes)
        assert told_organizer(probe, server, "bob") == 0
        assert told_organizer(probe, server, "alice") == 1
        probe.say(2, 1, "and stays", voice="contact", wait=True)
        assert not probe.all("lost")
        # Who was found there is no news; who comes now is.
        assert not probe.all("joined", user="alice@localhost")
        alice.leave(talk)
        alice.join(talk)
        probe.wait("joined", 1, user="alice@localhost")


def test_admins_and_owners_that_nobody_wants_are_out_after_opening(token):
    with Prosody() as server, Volunteer(server, "organizer") as admin:
        room = f"c{token}@rooms.localhost"
        with Probe(server) as probe:
            probe.open(1, token, members=MEMBERS)
            admin.join(room)
            affiliate(admin, room, "bob@localhost", "owner")
            affiliate(admin, room, "carol@localhost", "admin")
            probe.kill()
        with Probe(server) as probe:
            probe.open(1, token, members=MEMBERS)
            for list in ("owner", "admin"):
                reply = admin.iq(room, "get", "<query xmlns='http://jabber.org/protocol/muc#admin'>"
                                 f"<item affiliation='{list}'/></query>")
                jids = {i.get("jid") for i in
                        reply.iter("{http://jabber.org/protocol/muc#admin}item")}
                assert not jids & {"bob@localhost", "carol@localhost"}


def told_organizer(probe, server, user):
    with Volunteer(server, user, resource="other") as v:
        text = f"am I? {time.time_ns()}"
        v.tell("bot@sms.localhost", text)
        return probe.wait("said", text=text).organizer


def test_control_room_history_is_never_replayed(server, control):
    with Volunteer(server, "organizer") as olga:
        with Probe(server, control=control) as probe:
            room = probe.open(9, kind="control", members=["organizer@localhost"])
            olga.wait_invite(room)
            olga.say(room, "!pause")
            cursor = probe.wait("said").event
            olga.say(room, "!resume")
            probe.wait("said", text="!resume")
            probe.kill()
        with Probe(server, control=control) as probe:
            probe.open(9, kind="control", members=["organizer@localhost"])
            assert not probe.all("said")
            olga.say(room, "now")
            probe.wait("said", text="now")
            assert len(probe.all("said")) == 1
            probe.kill()
        with Probe(server, control=control) as probe:
            probe.open(9, kind="control", members=["organizer@localhost"], cursor=cursor)
            assert [t.text for t in probe.all("said")] == ["!resume", "now"]


@pytest.mark.parametrize("fields", [
    {"muc#roomconfig_membersonly": "0", "muc#roomconfig_whois": "anyone"},
    {"muc#roomconfig_membersonly": "1", "muc#roomconfig_whois": "moderators"},
])
def test_a_control_room_that_is_not_private_is_refused(server, control, bob, fields):
    room = f"{control}@rooms.localhost"
    bob.join(room)
    configure(bob, room, {"muc#roomconfig_persistentroom": "1", **fields})
    affiliate(bob, room, "bot@sms.localhost", "member")
    with Probe(server, control=control) as probe:
        probe.open(9, kind="control", members=["organizer@localhost"], wait=False)
        lost = probe.wait("lost", 9)
        assert "not private" in lost.why and room in lost.why
        assert not probe.all("ready")


def make_private(volunteer, room, bot):
    """A room that is fit for a control room, but somebody's own."""
    volunteer.join(room)
    configure(volunteer, room, {"muc#roomconfig_persistentroom": "1",
                                "muc#roomconfig_membersonly": "1",
                                "muc#roomconfig_whois": "anyone"})
    affiliate(volunteer, room, "bot@sms.localhost", bot)


def test_a_control_room_that_somebody_else_made_is_refused(server, control, bob):
    room = f"{control}@rooms.localhost"
    make_private(bob, room, "admin")
    with Volunteer(server, "alice") as alice, Probe(server, control=control) as probe:
        probe.open(9, kind="control", members=["alice@localhost"], wait=False)
        lost = probe.wait("lost", 9)
        assert f"{room} belongs to others: make the bot its owner, or choose another " \
            "xmpp.control_room, or destroy it" in lost.why
        assert lost.why in probe.describe()
        assert any("xmpp.room_lost" in line and "belongs to others" in line for line in probe.log)
        bob.say(room, "!pause")
        bob.tell("bot@sms.localhost", "!pause")
        assert probe.wait("said", kind="direct").organizer == 0
        # An owner beside the bot who is no organizer does not stay one, nor in the room.
        affiliate(bob, room, "bot@sms.localhost", "owner")
        probe.open(9, kind="control", members=["alice@localhost"])
        alice.join(room)
        bob.wait_presence(lambda p: p.nick == "bob" and p.kind == "unavailable")
        assert "belongs to others" not in probe.describe()
        alice.say(room, "!status")
        assert probe.wait("said", kind="control", text="!status").organizer == 1
        assert "!pause" not in [t.text for t in probe.all("said", kind="control")]


def test_a_control_room_whose_owner_is_an_organizer_no_longer_is_refused(server, control, bob):
    room = f"{control}@rooms.localhost"
    make_private(bob, room, "admin")
    with Probe(server, control=control) as probe:
        probe.open(9, kind="control", members=["alice@localhost", "bob@localhost"])
        probe.update(9, kind="control", members=["alice@localhost"])
        assert "belongs to others" in probe.wait("lost", 9).why


def test_a_control_room_of_the_organizers_own_is_used(server, control, bob):
    room = f"{control}@rooms.localhost"
    make_private(bob, room, "admin")
    affiliate(bob, room, "carol@localhost", "member")  # let in by an organizer
    with Probe(server, control=control) as probe:
        assert probe.open(9, kind="control", members=["bob@localhost"]) == room
        bob.say(room, "!status")
        assert probe.wait("said").organizer == 1
        assert told_organizer(probe, server, "carol") == 1
        # An organizer opens it to everybody: we stop taking orders from there.
        configure(bob, room, {"muc#roomconfig_membersonly": "0"})
        if not probe.all("lost"):
            configure(bob, room, {"muc#roomconfig_whois": "moderators"})
        assert "not private" in probe.wait("lost", 9).why


@pytest.mark.parametrize("deed, words", [
    ("<query xmlns='http://jabber.org/protocol/muc#admin'><item nick='roomline' role='none'/>"
     "</query>", "kicked"),
    ("<query xmlns='http://jabber.org/protocol/muc#admin'><item jid='bot@sms.localhost' "
     "affiliation='none'/></query>", "no member"),
    ("<query xmlns='http://jabber.org/protocol/muc#admin'><item jid='bot@sms.localhost' "
     "affiliation='outcast'/></query>", "banned"),
    ("<query xmlns='http://jabber.org/protocol/muc#owner'><destroy/></query>", "destroyed"),
])
def test_thrown_out_of_the_control_room(server, control, bob, deed, words):
    room = f"{control}@rooms.localhost"
    make_private(bob, room, "admin")
    with Probe(server, control=control) as probe:
        probe.open(9, kind="control", members=["bob@localhost"])
        assert bob.iq(room, "set", deed).get("type") == "result"
        assert words in probe.wait("lost", 9).why
        probe.say(1, 9, "void")  # no crash, no call to anybody
        # Asked again it comes back or says why not; ejabberd lets even a banned component in.
        probe.open(9, kind="control", members=["bob@localhost"], wait=False)
        wait_until(lambda: len(probe.all("lost")) == 2 or len(probe.all("ready")) == 2, 15,
                   lambda: probe.told)


# ---- losing rooms


def destroy(volunteer, room):
    reply = volunteer.iq(room, "set", "<query xmlns='http://jabber.org/protocol/muc#owner'>"
                         "<destroy><reason>x</reason></destroy></query>")
    assert reply.get("type") == "result"


def test_a_destroyed_room_is_told_and_made_anew():
    with Prosody() as server, Volunteer(server, "organizer") as admin, \
            Volunteer(server, "alice") as alice, Probe(server) as probe:
        room = probe.open(1, "aa11", members=MEMBERS)
        alice.wait_invite()
        admin.join(room)
        probe.say(1, 1, "hi", voice="contact", wait=True)
        destroy(admin, room)
        assert "destroyed" in probe.wait("lost", 1).why
        # The server remembers that it was destroyed: it has to be another address.
        second = probe.open(1, "aa11", members=MEMBERS, address=room)
        assert second == "caa11-2@rooms.localhost"
        assert alice.wait_invite(second) == second
        probe.say(2, 1, "again", voice="contact", wait=True)
        alice.wait_text(second, "again")
        alice.say(second, "welcome back")
        probe.wait("said", text="welcome back")
        probe.kill()
    with Prosody() as server, Probe(server) as probe:
        assert probe.open(1, "aa11", members=MEMBERS, address=second) == second


def test_a_room_that_belongs_to_somebody_else_is_not_used(probe, bob, token):
    room = f"c{token}@rooms.localhost"
    bob.join(room)
    configure(bob, room, {"muc#roomconfig_persistentroom": "1"})
    assert probe.open(1, token, members=MEMBERS) == f"c{token}-2@rooms.localhost"
    probe.say(1, 1, "secret", voice="contact", wait=True)
    bob.wait_presence(lambda p: p.nick == "roomline" and p.kind == "unavailable")
    assert not [m for m in bob.messages if m.text]


def test_a_room_that_keeps_failing_is_tried_less_and_less(probe, bob, control):
    room = f"{control}@rooms.localhost"
    bob.join(room)
    configure(bob, room, {"muc#roomconfig_persistentroom": "1"})
    for n in range(1, 4):
        probe.open(1, kind="control", members=MEMBERS, wait=False)
        probe.wait("lost", 1, count=n)
    times = [t.at_time for t in probe.all("lost")]
    assert 0.7 < times[1] - times[0] < 2.5
    assert 1.7 < times[2] - times[1] < 4


def test_a_kicked_contact_comes_back_when_it_speaks():
    with Prosody() as server, Volunteer(server, "organizer") as admin, Probe(server) as probe:
        room = probe.open(1, "aa11", members=["organizer@localhost"])
        admin.join(room)
        probe.say(1, 1, "hi", voice="contact", wait=True)
        reply = admin.iq(room, "set", "<query xmlns='http://jabber.org/protocol/muc#admin'>"
                         "<item nick='Pat R.' role='none'/></query>")
        assert reply.get("type") == "result"
        probe.say(2, 1, "still here", voice="contact")
        wait_until(lambda: probe.all("done", relay=2) or probe.all("lost"), 10, "an end of it")
        if probe.all("lost"):  # it spoke before the server told that it is out
            probe.open(1, "aa11", members=["organizer@localhost"])
            probe.say(2, 1, "still here", voice="contact", wait=True)
        admin.wait_text(room, "still here")
        reply = admin.iq(room, "set", "<query xmlns='http://jabber.org/protocol/muc#admin'>"
                         "<item nick='roomline' role='none'/></query>")
        if reply.get("type") == "result":
            wait_until(lambda: any("kicked" in t.why for t in probe.all("lost")), 10,
                       lambda: probe.told)


def test_a_conversation_room_that_was_opened_up_is_closed_again(token):
    with Prosody() as server, Volunteer(server, "alice") as alice, \
            Volunteer(server, "organizer") as admin, Probe(server) as probe:
        room = probe.open(1, token, members=MEMBERS)
        alice.wait_invite()
        admin.join(room)  # Prosody's admins own every room
        configure(admin, room, {"muc#roomconfig_whois": "moderators"})
        assert "public" in probe.wait("lost", 1).why
        probe.open(1, token, members=MEMBERS)
        assert {"muc_membersonly", "muc_nonanonymous"} <= features(alice, room)
