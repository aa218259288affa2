# SPDX-License-Identifier: AGPL-3.0-or-later
"""What test_hostile.py attacks with: hooks as providers send and sign them, raw HTTP, a provider
that answers as it likes; and Ground, the daemon that must stand all of it.

    ground.mark()                     # from here on the log is looked at
    assert ground.kannel(number, "words") == 200
    ground.logged("inbound.stored")
    ground.well()                     # it serves, both ways, and the log tells nothing of anybody
"""
import base64
import hashlib
import hmac
import http.client
import itertools
import json
import os
import re
import socket
import threading
import time
import urllib.parse
from xml.sax.saxutils import escape, quoteattr

from chat import Volunteer
from daemon import ROOT, SECRET, SENDER, Roomline
from servers import HOST, free_ports, password, wait_until

TOKEN = "twilio-token-0123456789"
BOX_KEY = "sandbox-key-0123456789"
KANNEL_PASSWORD = "kannel-password-0123456789"
SENDERS = {"sandbox": SENDER, "twilio": "+14155550102", "kannel": "+14155550103",
           "moody": "+14155550104"}
FORM = "application/x-www-form-urlencoded"
NOT_SENT_YET = "select count(*) from message where outbound=1 and state in (0, 20)"


def signature_of(url, params, token=TOKEN):
    """As Twilio signs: the URL, then each parameter's name and value, by name."""
    text = url + "".join(k + v for k, v in sorted(params.items()))
    digest = hmac.new(token.encode(), text.encode("utf-8", "surrogatepass"), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def talk(port, data, timeout=10):
    """Sends bytes as they are and returns all that comes back until the other side is through."""
    answer = b""
    with socket.create_connection((HOST, port), timeout) as sock:
        try:
            sock.sendall(data)
            while True:
                part = sock.recv(65536)
                if not part:
                    break
                answer += part
        except (ConnectionError, TimeoutError):
            pass
    return answer


def status_of(answer):
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/") else None


class MoodyProvider:
    """An SMS provider on a plain socket, which does to a request what is said in the text: each mood
    is a list of answers in turn, the last for good; None breaks the connection without one."""

    MOODS = {
        "garbage": [b"\xff\xfe<html>\0 it is what it is"],
        "json": [b'{"id": [[[['],
        "broken": [(500, b"oops")],
        "gateway": [(502, b"")],
        "busy": [(429, b"slow down"), (200, b"OK 1")],
        "closed": [(503, b"later"), (200, b"OK 2")],
        "reset": [None],
        "half": [b"HALF"],
        "notwo": [b"NOTHTTP"],
        "fine": [(200, b"OK 3")],
    }

    def __init__(self):
        self.port = free_ports(1)[0]
        self.got = []  # (mood, ref) of each request, in order
        self.listener = socket.create_server((HOST, self.port), backlog=64)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(sock,), daemon=True).start()

    def _read(self, sock):
        data = b""
        while b"\r\n\r\n" not in data:
            data += sock.recv(65536)
        head, _, body = data.partition(b"\r\n\r\n")
        if not head.startswith(b"POST /send "):
            return None
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        while len(body) < length:
            body += sock.recv(65536)
        return json.loads(body)

    def _answer(self, sock):
        with sock:
            request = self._read(sock)
            if request is None:  # of one of the other accounts
                sock.sendall(b"HTTP/1.1 404 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                return
            mood = request["text"].split()[0]
            before = [m for m, ref in self.got if ref == request["ref"]]
            self.got.append((mood, request["ref"]))
            answers = self.MOODS[mood]
            answer = answers[min(len(before), len(answers) - 1)]
            if answer is None:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            elif answer == b"HALF":
                sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nOK")
            elif answer == b"NOTHTTP":
                sock.sendall(b"\0\1\2 what is HTTP?\r\n\r\n")
            else:
                status, body = answer if isinstance(answer, tuple) else (200, answer)
                sock.sendall(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s"
                             % (status, len(body), body))

    def times(self, mood):
        return [m for m, _ in self.got].count(mood)

    def close(self):
        self.listener.close()


class RawClient:
    """A client that checks nothing of what it sends or gets: slixmpp breaks on names that servers
    let pass."""

    def __init__(self, server, user, resource):
        self.sock = socket.create_connection((HOST, server.c2s_port), 10)
        self.seen = ""
        login = base64.b64encode(f"\0{user}\0{password(user)}".encode()).decode()
        header = (f"<?xml version='1.0'?><stream:stream to='{server.domain}' version='1.0' "
                  "xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>")
        self.send(header)
        self.wait(r"</stream:features>")
        self.send(f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{login}</auth>")
        self.wait("<success")
        self.send(header)
        self.wait("</stream:features>")
        self.send("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
                  f"<resource>{resource}</resource></bind></iq>")
        self.wait("</jid>")
        # Of old servers, which want it.
        self.send("<iq type='set' id='s'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>"
                  "<presence/>")

    def send(self, xml):
        self.sock.sendall(xml.encode("utf-8", "surrogatepass"))

    def wait(self, pattern, timeout=10):
        """Until this regular expression is in what came since the last time; returns the match."""
        end = time.monotonic() + timeout
        while True:
            found = re.search(pattern, self.seen, re.S)
            if found:
                self.seen = self.seen[found.end():]
                return found
            self.sock.settimeout(max(0.01, end - time.monotonic()))
            data = self.sock.recv(65536)
            if not data:
                raise ConnectionError(f"the server closed the stream: {self.seen[-500:]}")
            self.seen += data.decode("utf-8", "replace")

    def join(self, room, nick):
        """True when the room lets one in by that name."""
        self.send(f"<presence id='j' to={quoteattr(room + '/' + nick)}>"
                  "<x xmlns='http://jabber.org/protocol/muc'/></presence>")
        return "110" in self.wait(r"<status code=['\"]110['\"]|<error\b")[0]

    def say(self, room, text):
        self.send(f"<message type='groupchat' to='{room}' id='r{time.time_ns()}'>"
                  f"<body>{escape(text)}</body></message>")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()


class Ground:
    """A daemon with four providers, a volunteer, an organizer, and somebody who keeps texting."""

    serial = itertools.count(1)

    def __init__(self, server):
        self.server = server
        self.moody = MoodyProvider()
        base = f"http://{HOST}:{self.moody.port}"
        definition = os.path.join(ROOT, "config/providers/kannel.yaml")
        self.roomline = Roomline(
            server,
            providers=[
                {"name": "sandbox", "driver": "sandbox", "key": BOX_KEY},
                {"name": "twilio", "driver": "twilio", "account_sid": "AC" + "0" * 32,
                 "auth_token": TOKEN, "base_url": base},
                {"name": "kannel", "driver": "generic", "definition": definition,
                 "base_url": base, "user": "roomline", "password": KANNEL_PASSWORD},
                {"name": "moody", "driver": "generic", "send_url": base + "/send",
                 "send_body": '{"ref":"${ref}","text":"${text}"}', "ok_status": "200",
                 "ok_when": "~ ^OK", "in_from": "from", "in_to": "to", "in_text": "text",
                 "in_id": "id"},
            ],
            senders=[{"name": name, "provider": name, "number": number, "per_minute": 6000}
                     for name, number in SENDERS.items()])
        self.private = {SECRET, TOKEN, BOX_KEY, KANNEL_PASSWORD}
        self.alice = Volunteer(server, "alice")
        self.olga = Volunteer(server, "organizer")
        self.past = ""  # what was cut off the log
        self.marked = 0

    def __enter__(self):
        self.roomline.start().wait_chat()
        self.alice.login()
        self.olga.login()
        self.olga.join(self.roomline.control)
        self.witness = self.roomline.phone("+14155550190")
        self.private.add(self.witness.number)
        self.witness.text("hello there, witness")
        self.room = self.alice.wait_invite()
        self.alice.wait_text(self.room, "hello there, witness")
        return self

    def __exit__(self, kind, *_):
        try:
            self.alice.logout()
            self.olga.logout()
            if kind is None:
                self.keeps_secrets()
                self.roomline.stop()
            else:
                print("---- the daemon's log\n" + self.roomline.log()[-8000:])
        finally:
            self.roomline.close()
            self.moody.close()

    # ---- attacks

    def unique(self, words):
        """Words that nobody has said before, and that must not stand in the log."""
        words = f"{words} {next(self.serial)}"
        self.private.add(words)
        return words

    def new_number(self):
        serial = next(self.serial)
        number = f"+1{212 + serial // 90}55501{serial % 90:02d}"
        self.private.add(number)
        return number

    def http(self, method, target, body=b"", headers=None, timeout=20):
        connection = http.client.HTTPConnection(HOST, self.roomline.port, timeout=timeout)
        try:
            connection.request(method, target, body, headers or {})
            return connection.getresponse().status
        finally:
            connection.close()

    def twilio(self, params, token=TOKEN, signature=None, what="in"):
        target = f"/hook/{SECRET}/twilio/{what}"
        body = urllib.parse.urlencode(params, errors="surrogatepass").encode()
        if signature is None:
            signature = signature_of(self.roomline.url + target, params, token)
        return self.http("POST", target, body,
                         {"Content-Type": FORM, "X-Twilio-Signature": signature})

    def twilio_text(self, number, text, sid=None, **more):
        sid = sid or f"SM{next(self.serial):032d}"
        return self.twilio({"MessageSid": sid, "SmsSid": sid, "From": number, "NumMedia": "0",
                            "To": SENDERS["twilio"], "Body": text, **more})

    def kannel(self, number, text, id=None, secret=SECRET, account="kannel"):
        """text may be bytes, or percent-encoded already."""
        if not isinstance(text, bytes):
            text = text.encode()
        query = (f"from={urllib.parse.quote_plus(number)}&to={SENDERS['kannel'][1:]}"
                 f"&text={urllib.parse.quote_plus(text)}&id={id or next(self.serial)}&ts=1")
        return self.http("GET", f"/hook/{secret}/{account}/in?{query}")

    def moody_text(self, number, text):
        body = urllib.parse.urlencode({"from": number, "to": SENDERS["moody"], "text": text,
                                       "id": str(next(self.serial))}).encode()
        return self.http("POST", f"/hook/{SECRET}/moody/in", body, {"Content-Type": FORM})

    def sandbox(self, body, key=BOX_KEY, at=None):
        """A body, signed as the sandbox signs it."""
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        stamp = str(int(time.time() if at is None else at))
        signed = hmac.new(key.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        return self.http("POST", f"/hook/{SECRET}/sandbox/in", body, {
            "Content-Type": "application/json", "X-Sandbox-Timestamp": stamp,
            "X-Sandbox-Signature": signed})

    # ---- what must hold

    def mark(self):
        self.marked = len(self.roomline.log())

    def log(self):
        return self.roomline.log()[self.marked:]

    def cut_log(self):
        """Makes the file empty; what was in it is kept here."""
        self.past += self.roomline.log()
        os.truncate(self.roomline.path("roomline.log"), 0)
        self.mark()

    def logged(self, words, timeout=5):
        wait_until(lambda: words in self.log(), timeout, lambda: f"{words!r} in {self.log()[-3000:]}")

    def stored(self, text):
        """How many texts that came in say this."""
        return self.roomline.query("select count(*) from message where outbound=0 and text=?",
                                   text)[0][0]

    def inbound(self):
        return self.roomline.query("select count(*) from message where outbound=0")[0][0]

    def keeps_secrets(self):
        log = self.past + self.roomline.log()
        told = [p for p in self.private if p in log]
        assert not told, f"the log tells {told}"

    def healthy(self):
        return self.http("GET", "/health") == 200

    def serves(self, timeout=20):
        """A text both ways."""
        came, goes = self.unique("are you there"), self.unique("I am here")
        self.witness.text(came)
        self.alice.wait_text(self.room, came, timeout)
        self.alice.say(self.room, goes)
        self.witness.wait_received(goes, timeout)
        assert self.witness.received().count(goes) == 1
        assert self.stored(came) == 1

    def well(self):
        assert self.roomline.process.running, self.roomline.log()[-5000:]
        assert self.healthy()
        self.serves()
        self.keeps_secrets()

    def open_for(self, user, number):
        """A conversation by kannel that this user has; returns the room's address."""
        assert self.kannel(number, self.unique("begin")) == 200
        id, place = self.roomline.query(
            "select c.id, (select p.id from place p where p.conversation=c.id) from conversation c "
            "join contact k on k.id=c.contact where k.phone=?", number)[0]
        self.ask(f"!assign {id} {self.server.jid(user)}", f"with {user}")  # who comes in first may have it already
        return wait_until(lambda: [a for a, in self.roomline.query(
            "select address from place where conversation=? and address<>''", id)], 15, "a room")[0]

    def ask(self, command, answer, timeout=15):
        """A command in the control room; returns what was answered."""
        control = self.roomline.control
        before = len(self.olga.messages)
        self.olga.say(control, command)
        self.olga._wait(lambda: [m for m in self.olga.messages[before:] if m.room == control
                                 and m.nick != "organizer" and answer in m.text], timeout,
                        lambda: f"{answer!r}; there were {self.olga.messages[before:]}; "
                                f"{self.log()[-2500:]}; {self.server.logs()[-2500:]}")
        return [m.text for m in self.olga.messages[before:] if answer in m.text][0]

    def told(self, words, timeout=15):
        """What the control room was told that holds these words."""
        return self.olga.wait_for(lambda m: m.room == self.roomline.control and words in m.text
                                  and m.nick != "organizer", timeout).text
