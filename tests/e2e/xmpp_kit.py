# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the tests of the XMPP network share: fixtures, and servers of a few lines."""
import itertools
import re
import socket
import threading
import time

import pytest

from chat import Volunteer
from probe import Probe
from servers import HOST

tokens = itertools.count(1)


@pytest.fixture
def token():
    """Rooms outlive a test on the shared servers."""
    return f"{time.time_ns():x}{next(tokens):x}"


@pytest.fixture
def control(token):
    return "control" + token


@pytest.fixture
def probe(server, control):
    with Probe(server, control=control) as p:
        yield p


@pytest.fixture
def alice(server):
    with Volunteer(server, "alice") as v:
        yield v


@pytest.fixture
def bob(server):
    with Volunteer(server, "bob") as v:
        yield v


MEMBERS = ["alice@localhost"]


def features(volunteer, jid):
    reply = volunteer.iq(jid, "get", "<query xmlns='http://jabber.org/protocol/disco#info'/>")
    return {f.get("var") for f in reply.iter("{http://jabber.org/protocol/disco#info}feature")}


def configure(volunteer, room, fields):
    xml = "".join(f"<field var='{k}'><value>{v}</value></field>" for k, v in fields.items())
    reply = volunteer.iq(room, "set", "<query xmlns='http://jabber.org/protocol/muc#owner'>"
                         "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>"
                         "http://jabber.org/protocol/muc#roomconfig</value></field>"
                         f"{xml}</x></query>")
    assert reply.get("type") == "result"


def affiliate(volunteer, room, jid, affiliation):
    reply = volunteer.iq(room, "set", "<query xmlns='http://jabber.org/protocol/muc#admin'>"
                         f"<item jid='{jid}' affiliation='{affiliation}'/></query>")
    assert reply.get("type") == "result"


class Listener:
    """Hands each who connects to .port to take(), one after the other."""

    def __init__(self):
        self.listener = socket.create_server((HOST, 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return  # closed: the test is over
            self.take(client)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()


class Between(Listener):
    """Between a component and its server: speaks in the component's name, and keeps from it what
    matches .withhold (bytes)."""

    def __init__(self, server):
        self.server_port, self.withhold, self.withheld = server.component_port, None, []
        self.to_server = None
        super().__init__()

    def take(self, client):
        self.to_server = socket.create_connection((HOST, self.server_port))
        for ends in ((client, self.to_server, False), (self.to_server, client, True)):
            threading.Thread(target=self.carry, args=ends, daemon=True).start()

    def carry(self, source, sink, filtered):
        try:
            while data := source.recv(65536):
                for found in re.findall(self.withhold, data, re.S) if filtered and self.withhold else []:
                    self.withheld.append(found)
                    data = data.replace(found, b"")
                sink.sendall(data)
        except OSError:
            pass
        finally:
            for sock in (source, sink):
                try:
                    sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def say(self, xml):
        self.to_server.sendall(xml.encode())


class TenLineServer(Listener):
    """Takes any component and says what the test wants."""

    component, secret, muc = "sms.localhost", "x", "rooms.localhost"

    def __init__(self):
        self.streams = []
        super().__init__()
        self.component_port = self.port

    def take(self, client):
        try:
            client.recv(4096)
            client.sendall(b"<?xml version='1.0'?><stream:stream id='s1' "
                           b"xmlns='jabber:component:accept' "
                           b"xmlns:stream='http://etherx.jabber.org/streams'>")
            client.recv(4096)
            self.streams.append(client)
            client.sendall(b"<handshake/>")
            self.talk(client)
        except ConnectionError:
            pass  # the component went away

    def talk(self, client):
        """What it says after the handshake: nothing."""

    def send(self, xml):
        self.streams[-1].sendall(xml.encode())


class ScriptedRoom(TenLineServer):
    """A server with one room, in which things are said at the worst of times: script[step] is sent
    just before the answer of that step (join, disco, list, page1, page2)."""

    room = "caa11@rooms.localhost"

    def __init__(self, script, archive=True):
        self.script, self.archive, self.pages = script, archive, itertools.count(1)
        super().__init__()

    @classmethod
    def said(cls, text, stanza_id=True):
        mark = f"<stanza-id xmlns='urn:xmpp:sid:0' by='{cls.room}' id='id of {text}'/>"
        return (f"<message type='groupchat' id='1' from='{cls.room}/alice' to='bot@sms.localhost/b'>"
                f"<body>{text}</body>{mark if stanza_id else ''}</message>")

    def talk(self, client):
        data = ""
        while True:
            more = client.recv(65536).decode()
            if not more:
                return
            data += more
            for stanza in re.findall(r"<(?:presence|iq)\b.*?(?:</presence>|</iq>)", data, re.S):
                data = data.replace(stanza, "", 1)
                step, answer = self.answer(stanza)
                self.send("".join(self.script.pop(step, [])) + answer)

    def answer(self, stanza):
        id = re.search(r'\bid="([^"]+)"', stanza)
        result = (f"<iq type='result' id='{id and id[1]}' from='{self.room}' "
                  "to='bot@sms.localhost/b'>%s</iq>")
        if stanza.startswith("<presence"):
            return "join", "".join(
                f"<presence from='{self.room}/{nick}' to='bot@sms.localhost/b'>"
                "<x xmlns='http://jabber.org/protocol/muc#user'>"
                f"<item affiliation='{affiliation}' role='participant' jid='{jid}'/>{status}</x>"
                "</presence>" for nick, affiliation, jid, status in (
                    ("alice", "member", "alice@localhost/x", ""),
                    ("roomline", "owner", "bot@sms.localhost/b", "<status code='110'/>")))
        if "disco#info" in stanza:
            have = ["muc_membersonly", "muc_nonanonymous", "muc_persistent"]
            have += ["urn:xmpp:mam:2"] * self.archive
            return "disco", result % (
                "<query xmlns='http://jabber.org/protocol/disco#info'>" +
                "".join(f"<feature var='{f}'/>" for f in have) + "</query>")
        if "urn:xmpp:mam:2" in stanza:
            return f"page{next(self.pages)}", result % (
                "<fin xmlns='urn:xmpp:mam:2' complete='true'/>")
        return "list", result % ""
