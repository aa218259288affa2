# SPDX-License-Identifier: AGPL-3.0-or-later
"""The volunteers' clients do what the scenarios ask of them: both libraries, on both homeservers."""
import pytest

from fake_homeserver import FakeHomeserver
from matrix_kit import MatrixError, Volunteer
from synapse import Synapse, escape

HOMESERVERS = {"fake": FakeHomeserver, "synapse": Synapse}
OPTIONS = {"preset": "private_chat", "name": "Pat R.", "topic": "about",
           "power_level_content_override": {"events": {"m.reaction": 50}}}


@pytest.fixture(scope="module", params=list(HOMESERVERS))
def homeserver(request):
    with HOMESERVERS[request.param]() as server:
        yield server


@pytest.fixture(params=["nio", "js"])
def client(request):
    return request.param


@pytest.fixture
def pair(homeserver, client):
    with Volunteer(homeserver, "alice", client=client) as alice, \
            Volunteer(homeserver, "bob", client=client) as bob:
        yield alice, bob


@pytest.mark.parametrize("version", ["11", "12"])
def test_rooms_and_threads(pair, version):
    alice, bob = pair
    room = bob.create_room(**OPTIONS, room_version=version, invite=[alice.mxid])
    assert alice.wait_invite(room) == room
    assert alice.wait_for(lambda e: e.room == room and e.type == "m.room.name").key == ""
    root = bob.say(room, "card")
    alice.wait_text(room, "card", thread="")
    first = alice.say(room, "one", thread=root)
    assert bob.wait_text(room, "one", thread=root).id == first
    second = bob.say(room, "two", thread=root)
    seen = alice.wait_text(room, "two")
    assert (seen.reply_to, seen.sender) == ("", bob.mxid)
    # Until it has fetched the thread, matrix-js-sdk names its root as the last message, or none.
    last = seen.content["m.relates_to"].get("m.in_reply_to", {"event_id": root})["event_id"]
    assert last == first or (bob.kind == "js" and last == root)
    third = bob.say(room, "three", thread=root, reply_to=first)
    assert alice.wait_text(room, "three").reply_to == first
    plain = bob.say(room, "four", reply_to=first)
    four = alice.wait_text(room, "four")
    assert (four.thread, four.reply_to) == ("", first)
    assert alice.threads(room) == [{"root": root, "text": "card", "replies": [
        {"id": first, "sender": alice.mxid, "text": "one"},
        {"id": second, "sender": bob.mxid, "text": "two"},
        {"id": third, "sender": bob.mxid, "text": "three"}]}]
    # A client like Element's shows a plain reply to what is in a thread there, too.
    assert alice.main_timeline(room) in ([root, plain], [root])
    assert alice.texts(room, thread=root) == ["one", "two", "three"]
    shown = alice.rooms()[room]
    assert (shown["name"], shown["topic"], shown["space"], shown["encrypted"]) == (
        "Pat R.", "about", False, False)
    assert set(shown["members"]) == {alice.mxid, bob.mxid}
    assert alice.may_send(room) and not alice.may_send(room, "m.reaction")
    with pytest.raises(MatrixError) as refused:
        alice.react(room, root, "👍")
    assert refused.value.errcode == "M_FORBIDDEN" and "user_level (0)" in refused.value.words


def test_all_that_can_be_said(pair):
    alice, bob = pair
    room = bob.create_room(**OPTIONS, invite=[alice.mxid])
    alice.wait_invite(room)
    event = bob.say(room, "typo", msgtype="m.notice")
    assert alice.wait_text(room, "typo").kind == "notice"
    bob.edit(room, event, "right")
    edit = alice.wait_for(lambda e: e.room == room and e.kind == "edit")
    assert (edit.text, edit.target) == ("right", event)
    waiting = bob.react(room, event, "⏳")
    alice.wait_marks(room, event, "⏳")
    bob.redact(room, waiting)
    bob.react(room, event, "✅")
    alice.wait_marks(room, event, "✅")
    bob.send_file(room)
    picture = alice.wait_for(lambda e: e.room == room and e.kind == "image")
    media = picture.content["url"].removeprefix("mxc://")
    answer = alice.call("GET", "/_matrix/client/v1/media/download/" + media)
    assert answer.status == 200 and answer.body.startswith(b"\x89PNG")
    bob.send_file(room, b"a,b\n", "text/csv", "list.csv")
    assert alice.wait_for(lambda e: e.room == room and e.kind == "file").text == "list.csv"
    bob.sticker(room)
    alice.wait_for(lambda e: e.room == room and e.kind == "sticker")
    bob.send_encrypted(room)
    alice.wait_for(lambda e: e.room == room and e.kind == "encrypted")
    bob.send(room, "org.example.odd", {"a": [1, None], "m.relates_to": 5})
    alice.wait_for(lambda e: e.room == room and e.kind == "org.example.odd")
    bob.say(room, "you", **{"m.mentions": {"user_ids": [alice.mxid]}})
    assert alice.wait_text(room, "you").mentions == [alice.mxid]
    bob.redact(room, event, "oops")
    alice.wait_redacted(room, event)
    bob.set_state(room, "m.room.topic", {"topic": "new"})
    alice.wait_state(room, "m.room.topic", lambda c: c["topic"] == "new")
    said = alice.say(room, "read me")
    bob.wait_text(room, "read me")
    bob.ask("POST", f"/rooms/{escape(room)}/receipt/m.read/{escape(said)}", {"thread_id": "main"})
    assert alice.wait_receipt(room, said, bob.mxid)["thread"] == "main"


def test_coming_and_going(pair):
    alice, bob = pair
    room = bob.create_room(**OPTIONS)
    bob.invite(room, alice.mxid)
    alice.wait_invite(room)
    alice.leave(room)
    bob.invite(room, alice.mxid)
    alice.wait_joined(room)
    bob.kick(room, alice.mxid)
    alice.wait_out(room)
    bob.ban(room, alice.mxid)
    with pytest.raises(MatrixError):
        alice.join(room)
    assert room not in alice.rooms()


def test_who_does_not_take_invitations(homeserver, client):
    with Volunteer(homeserver, "alice", client=client) as alice, \
            Volunteer(homeserver, "carol", client=client, join_invites=False) as carol:
        room = alice.create_room(invite=[carol.mxid])
        carol.wait_invite(room)
        assert room not in carol.joined
        carol.join(room)
        alice.say(room, "welcome")
        carol.wait_text(room, "welcome")


def test_what_was_said_meanwhile(pair, homeserver):
    alice, bob = pair
    room = bob.create_room(**OPTIONS, invite=[alice.mxid])
    alice.wait_invite(room)
    alice.drop()
    bob.say(room, "while you were away")
    alice.login()
    alice.wait_text(room, "while you were away")
    homeserver.kill()
    homeserver.start()
    bob.say(room, "after the power cut")
    alice.wait_text(room, "after the power cut", timeout=30)
    assert alice.texts(room) == ["while you were away", "after the power cut"]


def test_many_at_once(homeserver, client):
    crowd = [Volunteer(homeserver, f"crowd{n}", client=client) for n in range(20)]
    try:
        for one in crowd:
            one.login()
        room = crowd[0].create_room(invite=[one.mxid for one in crowd[1:]])
        for one in crowd[1:]:
            one.wait_invite(room)
        for one in crowd:
            one.say(room, one.user)
        for one in crowd:
            for other in crowd:
                one.wait_text(room, other.user, timeout=30)
            assert len(one.texts(room)) == len(crowd)
    finally:
        for one in crowd:
            one.drop()
