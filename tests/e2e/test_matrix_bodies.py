# SPDX-License-Identifier: AGPL-3.0-or-later
"""What matrix_build.h makes, sent to a real Synapse: rooms of all versions, who may do what in them,
messages in threads, edits, and the largest of them."""
import json
import os
import subprocess

import pytest

from synapse import ROOT, Synapse, escape

BODIES = os.environ.get("MATRIX_BODIES") or os.path.join(
    ROOT, "build/gcc-san/unit/chat/matrix_bodies")
CREATORS_RULE = {"10": False, "11": False, "12": True}
CONTACT = "Pat R. …0123"


@pytest.fixture(scope="module")
def synapse():
    with Synapse() as server:
        yield server


def body(what, **fields):
    """fields: a list is given several times; True sets a flag, what is false is left out."""
    args = [f"{key}={'1' if value is True else value}" for key, values in fields.items()
            for value in (values if isinstance(values, list) else [values])
            if value not in (None, False)]
    return json.loads(subprocess.run([BODIES, what, *args], check=True, capture_output=True).stdout)


class Team:
    """A room of ours: organizer is the bot, carol the contact's ghost, alice and bob are people."""

    number = 0

    def __init__(self, server, kind, version, people=("alice",), **plan):
        Team.number += 1
        self.server = server
        ghost = server.mxid("carol") if kind == "conversation" else None
        self.plan = dict(
            kind=kind, version=version, creators_rule=CREATORS_RULE[version], name=CONTACT,
            topic="Inbox", alias=f"_sms_{Team.number}", bot=server.mxid("organizer"), ghost=ghost,
            contact_name=CONTACT, server=server.domain,
            invited=[server.mxid(p) for p in people]) | plan
        self.room = self.as_("organizer", "POST", "/createRoom", body("room", **self.plan)).body[
            "room_id"]
        if ghost:
            self.must("carol", "POST", f"/join/{escape(self.room)}")
        for person in people:
            self.must("organizer", "POST", f"/rooms/{escape(self.room)}/invite",
                      {"user_id": server.mxid(person)})
            self.must(person, "POST", f"/join/{escape(self.room)}")

    def as_(self, who, method, path, content=None):
        return self.server.call(method, path, content, self.server.token(who))

    def must(self, *ask):
        answer = self.as_(*ask)
        assert answer.status == 200, answer
        return answer.body

    def send(self, who, type, content):
        path = f"/rooms/{escape(self.room)}/send/{escape(type)}/{os.urandom(8).hex()}"
        return self.as_(who, "PUT", path, content)

    def said(self, who, **message):
        answer = self.send(who, "m.room.message", body("message", **message))
        assert answer.status == 200, answer
        return answer.body["event_id"]

    def may(self, who, type, content=None):
        """Whether the server lets them."""
        answer = self.send(who, type, content or {"body": "x", "msgtype": "m.text"})
        assert answer.status == 200 or answer.errcode == "M_FORBIDDEN", answer
        return answer.status == 200

    def may_take_back(self, who, event):
        path = f"/rooms/{escape(self.room)}/redact/{escape(event)}/{os.urandom(8).hex()}"
        answer = self.as_(who, "PUT", path, {})
        assert answer.status == 200 or answer.errcode == "M_FORBIDDEN", answer
        return answer.status == 200

    def may_set(self, who, type, content, key=""):
        path = f"/rooms/{escape(self.room)}/state/{escape(type)}/{escape(key)}"
        answer = self.as_(who, "PUT", path, content)
        assert answer.status == 200 or answer.errcode == "M_FORBIDDEN", answer
        return answer.status == 200

    def state(self, type, key=""):
        return self.server.state(self.room, type, key, self.server.token("organizer"))

    def event(self, event):
        return self.must("organizer", "GET", f"/rooms/{escape(self.room)}/event/{escape(event)}")

    def put_levels(self, **changed):
        self.plan |= changed
        levels = body("levels", **self.plan)
        self.must("organizer", "PUT",
                  f"/rooms/{escape(self.room)}/state/m.room.power_levels", levels)


@pytest.mark.parametrize("version", CREATORS_RULE)
def test_a_conversation_has_words_and_nothing_else(synapse, version):
    team = Team(synapse, "conversation", version)
    assert team.state("m.room.create")["room_version"] == version
    assert team.state("m.room.create")["m.federate"] is False
    # As it would be put again: the bot sees that nothing differs.
    assert team.state("m.room.power_levels") == body("levels", **team.plan)
    assert team.state("m.room.name") == {"name": CONTACT}
    assert team.state("m.room.topic")["topic"] == "Inbox"
    assert team.state("m.room.join_rules")["join_rule"] == "invite"
    assert team.state("m.room.history_visibility") == {"history_visibility": "invited"}
    assert team.state("m.room.guest_access") == {"guest_access": "forbidden"}
    assert team.state("io.element.functional_members") == {
        "service_members": [synapse.mxid("organizer")]}
    for type in ("m.bridge", "uk.half-shot.bridge"):
        assert team.state(type, team.plan["alias"])["channel"]["displayname"] == CONTACT

    own = team.said("alice", text="Hello")
    for type in ("m.sticker", "m.call.invite", "m.reaction", "org.matrix.msc3381.poll.start",
                 "m.beacon", "m.room.encrypted", "org.matrix.msc4075.rtc.notification"):
        assert not team.may("alice", type), type
    for type, content in (
            ("m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"}),
            ("m.room.name", {"name": "x"}),
            ("m.room.topic", {"topic": "x"}),
            ("m.room.pinned_events", {}),
            ("im.vector.modular.widgets", {}),
            ("org.matrix.msc3401.call.member", {}),
            ("m.room.tombstone", {"body": "x", "replacement_room": "!x:y"}),
            ("m.room.power_levels", body("levels", **team.plan | {"muted": True}))):
        assert not team.may_set("alice", type, content), type
        assert not team.may_set("carol", type, content), type
    for path, content in (("invite", {"user_id": synapse.mxid("bob")}),
                          ("kick", {"user_id": synapse.mxid("organizer")})):
        for who in ("alice", "carol"):
            answer = team.as_(who, "POST", f"/rooms/{escape(team.room)}/{path}", content)
            assert answer.errcode == "M_FORBIDDEN", (who, path)
    contact = team.said("carol", text="Hi")
    assert not team.may_take_back("alice", contact)
    assert team.may_take_back("alice", own)
    assert team.may("organizer", "m.reaction", body("reaction", event_id=contact, key="✅"))


@pytest.mark.parametrize("version", CREATORS_RULE)
def test_a_muted_conversation_takes_words_from_the_contact_only(synapse, version):
    team = Team(synapse, "conversation", version)
    own = team.said("alice", text="Hello")
    team.put_levels(muted=True)
    assert not team.may("alice", "m.room.message")
    assert team.may("carol", "m.room.message")
    assert team.may("organizer", "m.room.message")
    assert team.may_take_back("alice", own)
    team.put_levels(muted=False)
    assert team.may("alice", "m.room.message")


@pytest.mark.parametrize("version", CREATORS_RULE)
def test_a_control_room_is_run_by_organizers(synapse, version):
    team = Team(synapse, "control", version, people=["alice"])
    assert team.state("m.room.power_levels") == body("levels", **team.plan)
    team.must("alice", "POST", f"/rooms/{escape(team.room)}/invite",
              {"user_id": synapse.mxid("bob")})
    team.must("bob", "POST", f"/join/{escape(team.room)}")
    assert team.as_("bob", "POST", f"/rooms/{escape(team.room)}/invite",
                    {"user_id": synapse.mxid("carol")}).errcode == "M_FORBIDDEN"
    said = team.said("organizer", text="Ready", mention=synapse.mxid("alice"))
    assert team.may("bob", "m.reaction", body("reaction", event_id=said, key="👍"))
    assert not team.may_set("alice", "m.room.name", {"name": "x"})
    assert not team.may_set("alice", "m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"})
    assert team.state("m.bridge", team.plan["alias"]) is None


@pytest.mark.parametrize("version", CREATORS_RULE)
def test_a_desk_holds_threads_in_a_space(synapse, version):
    space = Team(synapse, "space", version, people=[])
    assert space.state("m.room.create")["type"] == "m.space"
    assert space.state("m.room.power_levels") == body("levels", **space.plan)
    desk = Team(synapse, "desk", version, space=space.room)
    assert desk.state("m.space.parent", space.room) == {
        "via": [synapse.domain], "canonical": True}
    assert space.may_set("organizer", "m.space.child", body("child", server=synapse.domain),
                         desk.room)
    children = space.must("organizer", "GET",
                          f"/_matrix/client/v1/rooms/{escape(space.room)}/hierarchy")["rooms"]
    assert [r["room_id"] for r in children] == [space.room, desk.room]

    card = desk.said("organizer", text="Card")
    first = desk.said("organizer", text="Hi", name=CONTACT, thread=card)
    reply = desk.send("alice", "m.room.message", {
        "msgtype": "m.text", "body": "Hello",
        "m.relates_to": {"rel_type": "m.thread", "event_id": card}}).body["event_id"]
    last = desk.said("organizer", text="Who?", name=CONTACT, thread=card, latest=reply)
    roots = desk.must("alice", "GET", f"/_matrix/client/v1/rooms/{escape(desk.room)}/threads")
    thread = roots["chunk"][0]
    assert thread["event_id"] == card
    assert thread["unsigned"]["m.relations"]["m.thread"]["count"] == 3
    assert desk.event(first)["content"]["m.relates_to"]["m.in_reply_to"]["event_id"] == card
    assert desk.event(last)["content"]["m.relates_to"]["m.in_reply_to"]["event_id"] == reply
    assert desk.may("alice", "m.reaction", body("reaction", event_id=last, key="👍"))

    desk.said("organizer", text="Card, done", edits=card)
    shown = desk.event(card)["unsigned"]["m.relations"]["m.replace"]
    assert shown["content"]["m.new_content"]["body"] == "Card, done"
    assert desk.send("organizer", "com.beeper.message_send_status",
                     body("status", event_id=reply, status="FAIL_PERMANENT",
                          reason="m.foreign_network_error", words="No")).status == 200


@pytest.fixture(scope="module")
def large_desk(synapse):
    return Team(synapse, "desk", "12")


@pytest.mark.parametrize("character", ['"', "\\", "\n", "<", "'", "&", "a", "é", "…", "💬", "`x` "])
def test_the_largest_message_is_taken(large_desk, character):
    words = {"text": character * 16384, "name": character * 300, "markup": True}
    root = large_desk.said("organizer", **words)
    large_desk.said("organizer", **words, thread=root)
    large_desk.said("organizer", **words, edits=root, mention=large_desk.server.mxid("alice"))


def test_who_refuses_invitations_would_spoil_create_room(synapse):
    """Why createRoom asks nobody in but the ghost: it fails, and leaves the room behind."""
    synapse.ask("PUT", f"/user/{escape(synapse.mxid('bob'))}/account_data/"
                "m.invite_permission_config", {"default_action": "block"}, synapse.token("bob"))
    token = synapse.token("organizer")
    answer = synapse.call("POST", "/createRoom", {
        "room_alias_name": "_sms_spoilt", "invite": [synapse.mxid("bob")]}, token)
    assert answer.errcode == "M_INVITE_BLOCKED"
    alias = escape(f"#_sms_spoilt:{synapse.domain}")
    assert synapse.call("GET", f"/directory/room/{alias}", token=token).status == 200
    made = body("room", kind="control", name="x", bot=synapse.mxid("organizer"),
                version="11", invited=[synapse.mxid("bob")])
    assert synapse.call("POST", "/createRoom", made, token).status == 200
