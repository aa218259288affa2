# SPDX-License-Identifier: AGPL-3.0-or-later
"""A volunteer at an XMPP client (slixmpp), driven from plain test code.

    with Volunteer(server, "alice") as alice:
        room = alice.wait_invite()                    # joined by itself
        alice.say(room, "Hello")
        alice.wait_for(lambda m: m.room == room and m.text == "Hi, who is this?")
        alice.wait_for(lambda m: m.reactions == ["✅"])

Runs in a thread of its own; every method may be called from the test's thread. What arrives is kept
in .messages, .invites, .presences; wait_for() also finds what came before it was called.
"""
import asyncio
import dataclasses
import itertools
import threading
import time
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

import slixmpp
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher import MatchXPath

from servers import HOST, password

CLIENT = "{jabber:client}"
MUC = "{http://jabber.org/protocol/muc#user}"


@dataclasses.dataclass
class Message:
    kind: str  # groupchat, chat, normal, error
    sender: str  # full JID: room/nick in a room
    text: str
    id: str
    stanza_id: str  # given by the room (XEP-0359)
    real: str  # bare JID of who is behind a nick, when the room tells
    reactions: list  # None when it is no reaction
    target: str  # of a reaction
    subject: str
    link: str  # out-of-band data
    delayed: bool  # from the history
    error: str  # condition, when kind is error
    error_text: str
    at: float
    xml: str

    @property
    def room(self):
        return self.sender.partition("/")[0]

    @property
    def nick(self):
        return self.sender.partition("/")[2]


@dataclasses.dataclass
class Presence:
    sender: str
    kind: str  # "" when available
    real: str
    affiliation: str
    codes: list
    error: str
    xml: str

    @property
    def room(self):
        return self.sender.partition("/")[0]

    @property
    def nick(self):
        return self.sender.partition("/")[2]


def bare(jid):
    return jid.partition("/")[0]


def error_of(stanza):
    error = stanza.find(CLIENT + "error")
    if error is None:
        return "", ""
    condition, text = "", ""
    for child in error:
        name = child.tag.partition("}")[2]
        if name == "text":
            text = child.text or ""
        elif child.tag.startswith("{urn:ietf:params:xml:ns:xmpp-stanzas}"):
            condition = name
    return condition, text


class Volunteer:
    def __init__(self, server, user, join_invites=True, resource="test", nick=None):
        self.server, self.user = server, user
        self.nick = nick or user
        self.jid = server.jid(user)
        self.password = password(user)
        self.resource = resource
        self.join_invites = join_invites
        self.messages, self.invites, self.presences = [], [], []
        self.occupants = {}  # room -> nick -> bare real JID
        self.joined = set()
        self.replies = {}  # id -> iq element
        self.changed = threading.Condition()
        self.ids = itertools.count(1)
        self.loop = self.client = self.thread = None
        self.online = False

    # ---- connection

    def login(self, timeout=20):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self._run, name=f"xmpp {self.user}", daemon=True)
        self.thread.start()
        self._wait(lambda: self.online, timeout, "login of " + self.user)
        return self

    def _run(self):
        asyncio.set_event_loop(self.loop)
        self.client = slixmpp.ClientXMPP(f"{self.jid}/{self.resource}", self.password)
        self.client["feature_mechanisms"].unencrypted_plain = True
        self.client.register_plugin("xep_0030")
        self.client.register_plugin("xep_0199")
        self.client.add_event_handler("session_start", self._on_start)
        self.client.add_event_handler("disconnected", self._on_end)
        for name, handler in (("message", self._on_message), ("presence", self._on_presence),
                              ("iq", self._on_iq)):
            self.client.register_handler(
                Callback("all " + name, MatchXPath(CLIENT + name), handler))
        tls = self.server.certificate is not None
        self.client.ca_certs = self.server.certificate
        self.client.connect((HOST, self.server.c2s_port), disable_starttls=not tls,
                            force_starttls=tls)
        self.loop.run_forever()

    def _on_start(self, _):
        self.client.send_presence()
        with self.changed:
            self.online = True
            self.changed.notify_all()

    def _on_end(self, _):
        with self.changed:
            self.online = False
            self.joined.clear()
            self.changed.notify_all()

    def _call(self, function):
        self.loop.call_soon_threadsafe(function)

    def logout(self, timeout=10):
        if not self.loop:
            return
        if self.online:
            self._call(self.client.disconnect)
            self._wait(lambda: not self.online, timeout, "logout of " + self.user)
        self._end_loop()

    def drop(self):
        """The connection breaks without a goodbye."""
        self._call(self.client.abort)
        self._wait(lambda: not self.online, 10, "drop of " + self.user)
        self._end_loop()

    def _end_loop(self):
        def end():
            for task in asyncio.all_tasks(self.loop):
                task.cancel()
            self.loop.call_soon(self.loop.stop)

        self._call(end)
        self.thread.join(10)
        self.loop = None

    def __enter__(self):
        return self.login()

    def __exit__(self, *_):
        try:
            self.logout()
        except TimeoutError:  # the server is gone or stopped: nothing to say goodbye to
            self._end_loop()

    # ---- what arrives

    def _keep(self, collection, item):
        with self.changed:
            collection.append(item)
            self.changed.notify_all()

    def _on_message(self, stanza):
        x = stanza.xml
        sender = x.get("from", self.jid)
        room, _, nick = sender.partition("/")
        invite = x.find("{jabber:x:conference}x")
        mediated = x.find(f"{MUC}x/{MUC}invite")
        if x.get("type") != "error" and (invite is not None or mediated is not None):
            if x.find("{urn:xmpp:delay}delay") is not None:
                return  # of an earlier test, kept by the server for somebody who was not there
            room = invite.get("jid") if invite is not None else room
            self._keep(self.invites, room)
            if self.join_invites and room not in self.joined:
                self._send_join(room)
            return
        reactions = x.find("{urn:xmpp:reactions:0}reactions")
        stanza_id = next((s.get("id") for s in x.findall("{urn:xmpp:sid:0}stanza-id")
                          if s.get("by") in (room, bare(self.jid))), "")
        condition, text = error_of(x)
        self._keep(self.messages, Message(
            kind=x.get("type", "normal"), sender=sender, text=x.findtext(CLIENT + "body", ""),
            id=x.get("id", ""), stanza_id=stanza_id,
            real=self.occupants.get(room, {}).get(nick, ""),
            reactions=None if reactions is None else
            [r.text for r in reactions.findall("{urn:xmpp:reactions:0}reaction")],
            target="" if reactions is None else reactions.get("id", ""),
            subject=x.findtext(CLIENT + "subject", ""),
            link=x.findtext("{jabber:x:oob}x/{jabber:x:oob}url", ""),
            delayed=x.find("{urn:xmpp:delay}delay") is not None,
            error=condition, error_text=text, at=time.monotonic(),
            xml=ET.tostring(x, "unicode")))

    def _on_presence(self, stanza):
        x = stanza.xml
        sender = x.get("from", "")
        room, _, nick = sender.partition("/")
        item = x.find(f"{MUC}x/{MUC}item")
        codes = [s.get("code") for s in x.findall(f"{MUC}x/{MUC}status")]
        kind = x.get("type", "")
        real = bare(item.get("jid", "")) if item is not None else ""
        with self.changed:
            if kind == "" and item is not None:
                self.occupants.setdefault(room, {})[nick] = real
                if "110" in codes:
                    self.joined.add(room)
            elif kind == "unavailable":
                self.occupants.get(room, {}).pop(nick, None)
                if "110" in codes:
                    self.joined.discard(room)
        self._keep(self.presences, Presence(
            sender, kind, real, item.get("affiliation", "") if item is not None else "", codes,
            error_of(x)[0], ET.tostring(x, "unicode")))

    def _on_iq(self, stanza):
        if stanza.xml.get("type") in ("result", "error"):
            with self.changed:
                self.replies[stanza.xml.get("id")] = stanza.xml
                self.changed.notify_all()

    # ---- waiting

    def _wait(self, condition, timeout, what):
        end = time.monotonic() + timeout
        with self.changed:
            while True:
                value = condition()
                if value:
                    return value
                left = end - time.monotonic()
                if left <= 0:
                    raise TimeoutError(f"{what() if callable(what) else what}: not in {timeout} s")
                self.changed.wait(left)

    def wait_for(self, condition, timeout=15):
        """The first message, old or new, for which condition(message) holds."""
        return self._wait(lambda: next((m for m in self.messages if condition(m)), None), timeout,
                          lambda: f"message for {self.user}; there were\n  " + "\n  ".join(
                              f"{m.kind} {m.sender}: {m.text!r} {m.reactions} {m.error}"
                              for m in self.messages[-15:]))

    def wait_text(self, room, text, timeout=15):
        return self.wait_for(lambda m: m.room == room and m.text == text, timeout)

    def wait_reaction(self, room, emoji, target=None, timeout=15):
        return self.wait_for(lambda m: m.room == room and m.reactions == [emoji]
                             and target in (None, m.target), timeout)

    def wait_presence(self, condition, timeout=15):
        return self._wait(lambda: next((p for p in self.presences if condition(p)), None), timeout,
                          lambda: f"presence for {self.user}; there were\n  " + "\n  ".join(
                              f"{p.kind} {p.sender} {p.codes} {p.error}"
                              for p in self.presences[-15:]))

    def wait_invite(self, room=None, timeout=20):
        """Waits to be asked into a room (any, or this one) and to be in it; returns its JID."""
        found = self._wait(lambda: next((r for r in self.invites if room in (None, r)), None),
                           timeout, f"invitation for {self.user}; there were {self.invites}")
        if self.join_invites:
            self.wait_joined(found, timeout)
        return found

    def wait_joined(self, room, timeout=15):
        self._wait(lambda: room in self.joined, timeout, f"{self.user} in {room}")

    def of_room(self, room):
        return [m for m in self.messages if m.room == room]

    # ---- what a volunteer does

    def new_id(self):
        return f"{self.user}-{time.time_ns():x}-{next(self.ids)}"

    def send_xml(self, xml):
        """Sends a stanza as it is written here."""
        self._call(lambda: self.client.send_raw(xml))

    def _send_join(self, room):
        self.client.send_raw(f"<presence to={quoteattr(room + '/' + self.nick)}>"
                             "<x xmlns='http://jabber.org/protocol/muc'/></presence>")

    def join(self, room, timeout=15):
        if room not in self.joined:
            self._call(lambda: self._send_join(room))
            self.wait_joined(room, timeout)

    def leave(self, room):
        self.send_xml(f"<presence type='unavailable' to={quoteattr(room + '/' + self.nick)}/>")
        self._wait(lambda: room not in self.joined, 10, f"{self.user} out of {room}")

    def say(self, room, text, extra="", id=None):
        """A message to a room; extra is XML to put in beside the body. Returns its id."""
        id = id or self.new_id()
        self.send_xml(f"<message type='groupchat' to={quoteattr(room)} id='{id}'>"
                      f"<body>{escape(text)}</body>{extra}</message>")
        return id

    def tell(self, jid, text, extra="", id=None):
        """A message to one address: a 1:1 chat, or a private message to room/nick."""
        id = id or self.new_id()
        self.send_xml(f"<message type='chat' to={quoteattr(jid)} id='{id}'>"
                      f"<body>{escape(text)}</body>{extra}</message>")
        return id

    def correct(self, room, old_id, text):
        return self.say(room, text,
                        f"<replace xmlns='urn:xmpp:message-correct:0' id={quoteattr(old_id)}/>")

    def react(self, room, target, *emoji):
        reactions = "".join(f"<reaction>{e}</reaction>" for e in emoji)
        self.send_xml(f"<message type='groupchat' to={quoteattr(room)} id='{self.new_id()}'>"
                      f"<reactions xmlns='urn:xmpp:reactions:0' id={quoteattr(target)}>{reactions}"
                      "</reactions><store xmlns='urn:xmpp:hints'/></message>")

    def retract(self, room, target):
        self.send_xml(
            f"<message type='groupchat' to={quoteattr(room)} id='{self.new_id()}'>"
            f"<apply-to xmlns='urn:xmpp:fasten:0' id={quoteattr(target)}>"
            "<retract xmlns='urn:xmpp:message-retract:0'/></apply-to>"
            "<fallback xmlns='urn:xmpp:fallback:0'/><body>I took a message back.</body>"
            "<store xmlns='urn:xmpp:hints'/></message>")

    def send_file(self, room, url):
        return self.say(room, url, f"<x xmlns='jabber:x:oob'><url>{escape(url)}</url></x>")

    def send_encrypted(self, room):
        """What an OMEMO client sends to those who cannot read it."""
        return self.say(room, "I sent you an OMEMO encrypted message",
                        "<encrypted xmlns='eu.siacs.conversations.axolotl'><header sid='1'>"
                        "<iv>AAAA</iv></header><payload>AAAA</payload></encrypted>")

    def iq(self, to, kind, payload, timeout=10):
        """Asks and returns the answer as an element (type result or error)."""
        id = self.new_id()
        self.send_xml(f"<iq to={quoteattr(to)} type='{kind}' id='{id}'>{payload}</iq>")
        self._wait(lambda: id in self.replies, timeout, f"answer of {to}")
        return self.replies.pop(id)
