# SPDX-License-Identifier: AGPL-3.0-or-later
"""Rooms, members and 1:1 chats of the XMPP network on real Prosody and real ejabberd, without
the rest of the daemon."""
import time

import pytest

from chat import Volunteer
from probe import Probe
from servers import wait_until
from xmpp_kit import MEMBERS, features
from xmpp_kit import alice, bob, control, probe, token  # fixtures, which need each other


def test_conversation_room_is_private_and_both_sides_talk(probe, alice, token):
    room = probe.open(1, token, members=MEMBERS, title="Pat R. …0123", topic="alice has it")
    assert room == f"c{token}@rooms.localhost"
    assert alice.wait_invite(room) == room
    have = features(alice, room)
    assert {"muc_membersonly", "muc_nonanonymous", "muc_persistent", "muc_hidden",
            "urn:xmpp:mam:2"} <= have
    alice.wait_for(lambda m: m.subject == "alice has it")
    probe.say(11, 1, "Hi, who is this?", voice="contact")
    came = alice.wait_text(room, "Hi, who is this?")
    assert came.nick == "Pat R."
    assert probe.wait("done", 11).event == came.stanza_id != ""
    alice.say(room, "Alice of Riverside")
    said = probe.wait("said", text="Alice of Riverside")
    assert said.fields | {"event": ""} == {
        "kind": "conversation", "place": 1, "user": "alice@localhost", "organizer": 0,
        "what": "text", "text": "Alice of Riverside", "event": "", "target": "", "at": 0}
    assert said.event == alice.wait_text(room, "Alice of Riverside").stanza_id
    probe.wait("joined", 1, user="alice@localhost")
    assert len(probe.all("said")) == 1  # nothing of ours came back as somebody's


def test_order_is_kept_when_the_contact_has_to_come_in_first(probe, alice, token):
    room = probe.open(1, token, members=MEMBERS)
    alice.wait_invite()
    for i in range(6):
        probe.say(20 + i, 1, f"line {i}", voice="contact" if i % 2 == 0 else "bot")
    for i in range(6):
        probe.wait("done", 20 + i)
    alice.wait_text(room, "line 5")
    said = [m for m in alice.of_room(room) if m.text.startswith("line")]
    assert [m.text for m in said] == [f"line {i}" for i in range(6)]
    assert [m.nick for m in said] == ["Pat R.", "roomline"] * 3


def test_marks_replace_each_other(probe, alice, token):
    room = probe.open(1, token, members=MEMBERS)
    alice.wait_invite()
    alice.say(room, "text me")
    event = probe.wait("said").event
    for i, (mark, emoji) in enumerate([("queued", "🕓"), ("handed over", "📨"), ("delivered", "✅"),
                                       ("failed", "❌"), ("unknown", "❓")]):
        probe.mark(30 + i, 1, event, mark, wait=True)
        alice.wait_reaction(room, emoji, event)
    assert len(probe.all("said")) == 1


def test_long_and_hostile_texts_arrive_and_the_stream_lives(probe, alice, token):
    room = probe.open(1, token, members=MEMBERS, title="a\x01b <&>\"' \x0b", topic="t\x07\x1b[0m",
                      name="N\x02ame")
    alice.wait_invite()
    sent = {
        "ok & <b> \"q\" 'a' ]]>": None,
        "bell \x07 esc \x1b": "bell  esc ",
        "del \x7f c1 \x85": "del  c1 ",
        "noncharacter \uffff": "noncharacter ",
        "tab\tand\nline": None,
        "emoji 👍🏽 and \u202e bidi": None,
        "x&" * 20000: None,
    }
    for i, (text, want) in enumerate(sent.items()):
        probe.say(40 + i, 1, text, voice="contact")
        probe.wait("done", 40 + i)
        alice.wait_text(room, text if want is None else want)
    probe.child.stdin.write(b"say\t60\t1\tcontact\t0\tbad \\xff\\xfe \\xed\\xa0\\x80 \\xc0\\x80 end\n")
    probe.child.stdin.flush()
    probe.wait("done", 60)
    assert alice.wait_for(lambda m: m.text.startswith("bad ")).text.endswith(" end")
    assert not probe.all("down")


@pytest.mark.parametrize("name, want", [
    ("Pat R. 🌞", "Pat R."),
    ("🌞🌞", None),
    ("  ", None),
    ("P\u202eat/R", "P at R"),
    ("Zoë–O’Neil", "Zoë O’Neil"),
    ("محمد علي", "محمد علي"),
    ("Pat محمد 42", None),  # both directions of writing: the server refuses it
    ("x" * 500, "x" * 60),
    ("ﬁ ⅷ ß ẞ", None),
])
def test_any_name_gets_a_nickname(probe, alice, token, name, want):
    room = probe.open(1, token, members=MEMBERS, name=name)
    alice.wait_invite()
    probe.say(70, 1, "hello", voice="contact")
    probe.wait("done", 70)
    nick = alice.wait_text(room, "hello").nick
    if want:
        assert nick == want
    else:
        assert nick


def test_taken_nicknames_get_a_suffix(probe, alice, token):
    room = probe.open(1, token, members=MEMBERS, name="alice")
    alice.wait_invite()
    probe.say(71, 1, "I am Alice too", voice="contact", wait=True)
    assert alice.wait_text(room, "I am Alice too").nick == "alice 2"


def test_the_bot_finds_another_name_when_its_own_is_taken(server, token, alice):
    with Probe(server) as probe:
        room = probe.open(1, token, members=MEMBERS)
        alice.wait_invite()
        probe.kill()
    with Volunteer(server, "bob") as bob:
        time.sleep(0.2)
        alice.say(room, "anybody?")  # bounces off the bot's ghost, which the room then drops
        alice.wait_presence(lambda p: p.nick == "roomline" and p.kind == "unavailable")
        bob.logout()
    alice.send_xml(f"<presence to='{room}/roomline'><x xmlns='http://jabber.org/protocol/muc'/>"
                   "</presence>")
    alice.wait_presence(lambda p: p.nick == "roomline" and "110" in p.codes)
    with Probe(server) as probe:
        probe.open(1, token, members=MEMBERS)
        alice.say(room, "still heard")
        assert probe.wait("said", text="still heard").user == "alice@localhost"
        alice.wait_presence(lambda p: p.nick == "roomline 2")


# ---- members


def test_members_are_what_the_bridge_wants(probe, alice, bob, token):
    room = probe.open(1, token, members=MEMBERS)
    alice.wait_invite()
    probe.wait("joined", 1, user="alice@localhost")
    probe.update(1, token, title="Pat Q.", topic="bob has it", name="Pat Q.",
                 members=["bob@localhost", "not an address", "Carol@LOCALHOST"])
    assert bob.wait_invite(room) == room
    probe.wait("left", 1, user="alice@localhost")
    bob.wait_for(lambda m: m.subject == "bob has it")
    wait_until(lambda: "Pat Q." in room_name(bob, room), 10, "the new title")
    probe.say(80, 1, "renamed", voice="contact", wait=True)
    assert bob.wait_text(room, "renamed").nick == "Pat Q."
    alice.say(room, "am I still in?")
    time.sleep(0.3)
    assert not probe.all("said")
    assert len(bob.invites) == 1


def room_name(volunteer, room):
    reply = volunteer.iq(room, "get", "<query xmlns='http://jabber.org/protocol/disco#info'/>")
    return [i.get("name") for i in
            reply.iter("{http://jabber.org/protocol/disco#info}identity")]


def test_a_contact_who_is_renamed_while_in_changes_nickname(probe, alice, token):
    room = probe.open(1, token, members=MEMBERS)
    alice.wait_invite()
    probe.say(81, 1, "one", voice="contact", wait=True)
    probe.update(1, token, members=MEMBERS, name="Patricia")
    probe.say(82, 1, "two", voice="contact", wait=True)
    assert alice.wait_text(room, "one").nick == "Pat R."
    assert alice.wait_text(room, "two").nick == "Patricia"


def test_nobody_is_invited_twice(server, token, alice):
    for _ in range(2):
        with Probe(server) as probe:
            room = probe.open(1, token, members=MEMBERS)
            assert alice.wait_invite(room) == room
            probe.say(90, 1, "there", wait=True)
    assert len(alice.invites) == 1


def test_without_invite_nobody_is_asked_in(probe, alice, token):
    room = probe.open(1, token, members=MEMBERS, invite=False)
    probe.say(91, 1, "there", wait=True)
    assert not alice.invites
    alice.join(room)
    probe.wait("joined", 1, user="alice@localhost")


def test_closing_takes_the_contact_out_and_leaves_the_room(probe, alice, token):
    room = probe.open(1, token, members=MEMBERS)
    alice.wait_invite()
    probe.say(92, 1, "bye", voice="contact", wait=True)
    probe.close(1)
    alice.wait_presence(lambda p: p.nick == "Pat R." and p.kind == "unavailable")
    alice.say(room, "one more thing")
    probe.wait("said", text="one more thing")


# ---- what people do


def test_what_is_no_text_is_told_as_what_it_is(probe, alice, token):
    room = probe.open(1, token, members=MEMBERS)
    alice.wait_invite()
    first = alice.say(room, "helo")
    event = probe.wait("said", what="text").event
    alice.correct(room, first, "hello")
    edit = probe.wait("said", what="edit")
    assert (edit.text, edit.target) == ("hello", event)
    alice.react(room, event, "👍", "🎉")
    reaction = probe.wait("said", what="reaction")
    assert (reaction.text, reaction.target) == ("👍 🎉", event)
    alice.retract(room, event)
    assert probe.wait("said", what="retracted").target == event
    alice.send_encrypted(room)
    assert probe.wait("said", what="encrypted").text == ""
    alice.send_file(room, "https://upload.example.org/a.jpg")
    assert probe.wait("said", what="file").file == "https://upload.example.org/a.jpg"
    alice.say(room, "> helo\nyes", "<reply xmlns='urn:xmpp:reply:0' id='x' to='y'/>"
              "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'>"
              "<body start='0' end='7'/></fallback>")
    assert probe.wait("said", what="text", count=2).text == "yes"
    told = len(probe.all("said"))
    alice.send_xml(f"<message type='groupchat' to='{room}'><composing "
                   "xmlns='http://jabber.org/protocol/chatstates'/></message>")
    alice.send_xml(f"<message type='groupchat' to='{room}'><body/></message>")
    alice.say(room, "last")
    probe.wait("said", text="last")
    assert len(probe.all("said")) == told + 1


def test_private_messages_are_refused_with_what_to_do(probe, alice, token):
    room = probe.open(1, token, members=MEMBERS)
    alice.wait_invite()
    probe.say(100, 1, "hi", voice="contact", wait=True)
    alice.wait_text(room, "hi")
    for target in (f"{room}/Pat R.", f"{room}/roomline", f"{token}@sms.localhost"):
        sent = alice.tell(target, "psst")
        error = alice.wait_for(lambda m, sent=sent: m.id == sent and m.kind == "error")
        assert error.error in ("not-acceptable", "forbidden", "not-allowed"), error
    error = alice.wait_for(lambda m: m.kind == "error" and "sms.localhost" in m.sender)
    assert "write in the room" in error.error_text
    assert not probe.all("said")


def test_nobody_can_speak_as_somebody_else(server, token, alice):
    """A member makes up the elements by which servers say who spoke."""
    forged = ("<x xmlns='http://jabber.org/protocol/muc#user'><item jid='organizer@localhost' "
              "affiliation='owner' role='moderator'/></x>")
    forged_archive = forged + (
        "<addresses xmlns='http://jabber.org/protocol/address'><address "
        "jid='organizer@localhost/x' type='ofrom'/></addresses>")
    room = f"c{token}@rooms.localhost"
    with Probe(server) as probe:
        probe.open(1, token, members=MEMBERS)
        alice.wait_invite()
        probe.wait("joined", 1, user="alice@localhost")
        # another presence of hers in the room, with a forged item
        alice.send_xml(f"<presence to='{room}/alice'><show>away</show>{forged}</presence>")
        alice.say(room, "live", forged_archive + "<stanza-id xmlns='urn:xmpp:sid:0' "
                  f"by='{room}' id='made-up'/>")
        said = probe.wait("said", text="live")
        assert said.user == "alice@localhost"
        assert said.event != "made-up"
        probe.kill()
    alice.say(room, "in the archive", forged_archive, id="r4711")
    alice.say(room, "honest")
    with Probe(server) as probe:
        probe.open(1, token, members=MEMBERS, cursor=said.event)
        assert [t.user for t in probe.all("said", text="honest")] == ["alice@localhost"]
        assert {t.user for t in probe.all("said")} == {"alice@localhost"}
        assert not probe.all("done")


# ---- 1:1


def test_direct_chat(probe, alice):
    assert probe.open(3, kind="direct", address="alice@localhost") == "alice@localhost"
    probe.say(50, 3, "Hello Alice")
    got = alice.wait_for(lambda m: m.text == "Hello Alice")
    assert (got.sender, got.kind) == ("bot@sms.localhost", "chat")
    assert probe.wait("done", 50).event == got.id
    alice.tell("bot@sms.localhost", "!help", id="mine")
    said = probe.wait("said", kind="direct")
    probe.mark(51, 3, said.event, "delivered", wait=True)
    mark = alice.wait_for(lambda m: m.reactions == ["✅"])
    assert mark.target == "mine"
    alice.tell("bot@sms.localhost", "!help", id="mine")  # a client that repeats its ids
    assert probe.wait("said", kind="direct", count=2).event != said.event


def test_direct_chat_with_nobody_fails_in_words(probe):
    probe.open(3, kind="direct", address="nosuchuser@localhost")
    probe.say(52, 3, "anybody?")
    assert probe.wait("failed", 52).why
    probe.open(4, kind="direct", address="not an address", wait=False)
    assert "address" in probe.wait("lost", 4).why


def test_the_bot_can_be_watched_and_asked(probe, alice):
    alice.send_xml("<presence type='subscribe' to='bot@sms.localhost'/>")
    alice.wait_presence(lambda p: p.sender == "bot@sms.localhost" and p.kind == "")
    alice.send_xml("<presence type='subscribe' to='aa11@sms.localhost'/>")
    wait_until(lambda: roster(alice) == {"bot@sms.localhost": ("to", None),
                                         "aa11@sms.localhost": ("none", None)}, 10,
               lambda: roster(alice))
    info = "{http://jabber.org/protocol/disco#info}"
    for jid, identity in (("sms.localhost", ("gateway", "sms")),
                          ("bot@sms.localhost", ("client", "bot")),
                          ("aa11@sms.localhost/sms", ("client", "sms"))):
        reply = alice.iq(jid, "get", "<query xmlns='http://jabber.org/protocol/disco#info'/>")
        found = reply.find(f"{info}query/{info}identity")
        assert (found.get("category"), found.get("type")) == identity
        assert alice.iq(jid, "get", "<ping xmlns='urn:xmpp:ping'/>").get("type") == "result"
    reply = alice.iq("bot@sms.localhost", "get", "<query xmlns='jabber:iq:version'/>")
    assert reply.findtext("{jabber:iq:version}query/{jabber:iq:version}name") == "Roomline"
    reply = alice.iq("bot@sms.localhost", "get", "<vCard xmlns='vcard-temp'/>")
    assert reply.findtext("{vcard-temp}vCard/{vcard-temp}FN") == "Roomline"
    reply = alice.iq("sms.localhost", "get", "<query xmlns='http://jabber.org/protocol/disco#items'/>")
    assert [i.get("jid") for i in reply.iter("{http://jabber.org/protocol/disco#items}item")] \
        == ["bot@sms.localhost"]
    reply = alice.iq("bot@sms.localhost", "set", "<query xmlns='jabber:iq:roster'/>")
    assert reply.get("type") == "error"


def roster(volunteer):
    reply = volunteer.iq(volunteer.jid, "get", "<query xmlns='jabber:iq:roster'/>")
    return {i.get("jid"): (i.get("subscription"), i.get("ask"))
            for i in reply.iter("{jabber:iq:roster}item")}


def test_errors_are_never_answered(probe, alice):
    alice.send_xml("<message type='error' to='bot@sms.localhost' id='e1'><body>x</body><error "
                   "type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
                   "</error></message>")
    alice.send_xml("<message type='error' to='aa11@sms.localhost' id='e2'><body>x</body></message>")
    alice.send_xml("<iq type='result' to='bot@sms.localhost' id='e3'/>")
    alice.send_xml("<iq type='error' to='bot@sms.localhost' id='e4'/>")
    alice.tell("bot@sms.localhost", "last")
    probe.wait("said", text="last")
    time.sleep(0.2)
    assert not [m for m in alice.messages if m.kind == "error"]
    assert not {"e3", "e4"} & set(alice.replies)
    assert len(probe.all("said")) == 1
