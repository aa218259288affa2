# SPDX-License-Identifier: AGPL-3.0-or-later
"""A hostile hour in three minutes. Each case: a clear refusal (or harmless acceptance), a line in the
log that tells nothing of anybody, nothing lost, and a daemon that goes on serving both ways, which
ground.well() proves at the end of each. The tools are in hostile.py."""
import asyncio
import contextlib
import os
import re
import resource
import signal
import socket
import sqlite3
import time

import pytest

from chat import Volunteer
from daemon import SECRET, SENDER, basic
from hostile import BOX_KEY, FORM, NOT_SENT_YET, SENDERS, Ground, RawClient, status_of, talk
from servers import HOST, Ejabberd, Prosody, wait_until

PROVIDERS = ("twilio", "kannel", "sandbox")


@pytest.fixture(scope="module")
def ground_on_prosody():
    with Prosody() as server, Ground(server) as ground:
        yield ground


@pytest.fixture(scope="module")
def ground_on_ejabberd():
    with Ejabberd() as server, Ground(server) as ground:
        yield ground


@pytest.fixture
def ground(request):
    found = request.getfixturevalue("ground_on_" + getattr(request, "param", "prosody"))
    found.mark()
    yield found
    found.well()


on_both = pytest.mark.parametrize("ground", ["prosody", "ejabberd"], indirect=True)


# ---- HTTP ---------------------------------------------------------------------------------------

POST = f"POST /hook/{SECRET}/kannel/in HTTP/1.1\r\nHost: x\r\n".encode()
LONG = b"a" * (1 << 20)
FRAMINGS = {
    "no host": (b"GET /health HTTP/1.1\r\n\r\n", 400),
    "two hosts": (b"GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    "two lengths": (POST + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\nx", 400),
    "two lengths in one": (POST + b"Content-Length: 1, 1\r\n\r\nx", 400),
    "signed length": (POST + b"Content-Length: +1\r\n\r\nx", 400),
    "negative length": (POST + b"Content-Length: -1\r\n\r\nx", 400),
    "hex length": (POST + b"Content-Length: 0x1\r\n\r\nx", 400),
    "length beyond 64 bits": (POST + b"Content-Length: 18446744073709551617\r\n\r\nx", 413),
    "length and chunks": (
        POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "gzip": (POST + b"Transfer-Encoding: gzip\r\n\r\n", 400),
    "chunked twice": (POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400),
    "chunked in 1.0": (b"POST /hook/x HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "chunk size": (POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nx\r\n0\r\n\r\n", 400),
    "chunk extension": (POST + b"Transfer-Encoding: chunked\r\n\r\n1;a=b\r\nx\r\n0\r\n\r\n", 400),
    "chunk end": (POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\nxy0\r\n\r\n", 400),
    "bare line feed": (b"GET /health HTTP/1.1\nHost: x\n\n", 400),
    "NUL in the head": (b"GET /health HTTP/1.1\r\nHost: x\r\nA: \0\r\n\r\n", 400),
    "folded header": (b"GET /health HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n", 400),
    "space before the colon": (POST + b"Content-Length : 0\r\n\r\n", 400),
    "nothing but noise": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    "a preface of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    "an unknown method": (b"DELETE /health HTTP/1.1\r\nHost: x\r\n\r\n", 501),
    "NUL in the path": (b"GET /hea%00lth HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "up and out": (b"GET /hook/../health HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "up and out, encoded": (b"GET /hook/%2e%2e/health HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "a long target": (b"GET /" + LONG + b" HTTP/1.1\r\nHost: x\r\n\r\n", 431),
    "a long header": (b"GET / HTTP/1.1\r\nHost: x\r\nA: " + LONG + b"\r\n\r\n", 431),
    "many headers": (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 2000 + b"\r\n", 431),
    "1 MB": (POST + b"Content-Length: 1048576\r\n\r\n" + LONG, 413),
    "1 MB in chunks": (
        POST + b"Transfer-Encoding: chunked\r\n\r\n100000\r\n" + LONG + b"\r\n0\r\n\r\n", 413),
}


def test_odd_framing_is_refused(ground):
    came = ground.inbound()
    for name, (request, status) in FRAMINGS.items():
        answer = talk(ground.roomline.port, request)
        assert status_of(answer) == status, (name, answer[:200])
        assert b"Refused: " in answer, name
    ground.logged("http.refused status=4")
    assert len(re.findall("http.refused", ground.log())) <= 10, "a line a second, not one for each"
    assert ground.inbound() == came


def test_a_refused_request_is_the_last_of_its_connection(ground):
    """What follows it may be the body that we read otherwise than a proxy before us."""
    number, text = ground.new_number(), ground.unique("smuggled")
    inner = (f"GET /hook/{SECRET}/kannel/in?from={number[1:]}&to={SENDERS['kannel'][1:]}"
             f"&text={text.replace(' ', '+')}&id=1 HTTP/1.1\r\nHost: x\r\n\r\n").encode()
    outer = POST + b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    answer = talk(ground.roomline.port, outer % len(inner) + inner)
    assert answer.count(b"HTTP/1.1 ") == 1 and status_of(answer) == 400
    # As the body of a good request it is nothing but a body.
    get = b"GET /health HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(inner)
    last = b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = talk(ground.roomline.port, get + inner + last)
    assert answer.count(b"HTTP/1.1 200") == 2
    assert ground.stored(text) == 0


def test_slow_clients_do_not_keep_others_out(ground):
    slow = []
    try:
        for i in range(700):  # more than it takes at once
            sock = socket.create_connection((HOST, ground.roomline.port), 10)
            sock.sendall(b"POST /hook/slow HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"[:20 + i % 40])
            slow.append(sock)
        ground.logged("http.crowded")
        ground.well()
        for sock in slow[-20:]:
            with contextlib.suppress(OSError):
                sock.sendall(b"a")
        assert ground.healthy()
    finally:
        for sock in slow:
            sock.close()


# ---- hooks --------------------------------------------------------------------------------------


def body_of(answer):
    head, _, body = answer.partition(b"\r\n\r\n")
    return [h for h in head.split(b"\r\n") if not h.startswith(b"Date:")], body


def test_a_wrong_secret_looks_like_no_account(ground):
    answers = []
    for path in (f"/hook/{SECRET}/nobody/in", "/hook/wrong-secret/kannel/in", "/hook/", "/hook/x",
                 f"/hook/{SECRET}", f"/hook/{SECRET}x/kannel/in", f"/hook/{SECRET[:-1]}/kannel/in"):
        request = f"POST {path}?text=x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        answers.append(body_of(talk(ground.roomline.port, request.encode())))
    assert status_of(answers[0][0][0]) == 404
    assert all(a == answers[0] for a in answers)
    ground.logged("hook.unknown")


def test_wrong_signatures(ground):
    number, text = ground.new_number(), ground.unique("forged")
    sid = "SM" + "f" * 32
    params = {"MessageSid": sid, "From": number, "To": SENDERS["twilio"], "Body": text}
    assert ground.twilio(params, token="another-token") == 403
    assert ground.twilio(params, signature="") == 403
    assert ground.twilio(params, signature="A" * 10000) == 403
    assert ground.http("POST", f"/hook/{SECRET}/twilio/in", b"Body=x", {"Content-Type": FORM}) == 403
    box = {"type": "text", "id": "forged", "from": number, "to": SENDER, "text": text}
    assert ground.sandbox(box, key="another-key") == 403
    assert ground.sandbox(box, at=time.time() - 3600) == 403
    assert ground.sandbox(box, at=time.time() + 3600) == 403
    ground.logged("hook.refused account=twilio status=403")
    assert ground.stored(text) == 0
    assert ground.twilio(params) == 200  # the same event, signed as it should be
    assert ground.stored(text) == 1


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_replay_does_nothing(ground, provider):
    number, text = ground.new_number(), ground.unique("only once")
    send = {
        "twilio": lambda: ground.twilio_text(number, text, sid="SM" + "1" * 32),
        "kannel": lambda: ground.kannel(number, text, id="replayed"),
        "sandbox": lambda: ground.sandbox(
            {"type": "text", "id": "replayed", "from": number, "to": SENDER, "text": text}),
    }[provider]
    assert [send() for _ in range(5)] == [200] * 5
    assert ground.stored(text) == 1
    ground.logged(f"hook.repeated account={provider}")
    said = ground.told(text)
    time.sleep(0.3)
    assert [m.text for m in ground.olga.messages].count(said) == 1


def test_a_replayed_start_does_not_undo_a_stop(ground):
    number = ground.new_number()
    start = {"text": "START", "sid": "SM" + "a" * 32, "OptOutType": "START"}
    assert ground.twilio_text(number, "STOP", OptOutType="STOP") == 200
    assert ground.twilio_text(number, **start) == 200
    suppressed = "select count(*) from suppression where phone=?"
    assert ground.roomline.query(suppressed, number) == [(0,)]
    assert ground.twilio_text(number, "STOP", OptOutType="STOP") == 200
    for _ in range(3):
        assert ground.twilio_text(number, **start) == 200
    assert ground.roomline.query(suppressed, number) == [(1,)]
    ground.ask(f"!text {number} are you sure?", "they have opted out")
    assert ground.roomline.query("select count(*) from message m join conversation c on "
                                 "c.id=m.conversation join contact k on k.id=c.contact where "
                                 "m.outbound=1 and k.phone=?", number) == [(0,)]


FORGED = ["BigBank", "+0", "+", "", "anonymous", "0", "00", "++14155550111", "+1415555" + "5" * 40,
          "+14155550111 or 1=1", "<b>+14155550111</b>", "٠١٢٣٤٥٦٧٨٩",
          "control@rooms.localhost", "'; drop table message; --", "%n%s%n", "x" * 50000]


@pytest.mark.parametrize("sender", FORGED, ids=lambda s: ascii(s)[:20])
def test_senders_that_are_no_number_are_only_shown(ground, sender):
    text = ground.unique("from whom?")
    contacts = "select count(*) from contact"
    before = ground.roomline.query(contacts)
    assert ground.twilio_text(sender, text) == 200
    told = ground.told(text)
    assert "no number one could answer" in told and len(told) < 500
    ground.logged("inbound.nameless")
    assert ground.roomline.query(contacts) == before


@pytest.mark.parametrize("text", ["hello, me", "STOP", "HELP", "START"])
@pytest.mark.parametrize("own", [SENDERS["twilio"], SENDERS["kannel"]])
def test_our_own_number_as_sender_makes_no_loop(ground, own, text):
    out = "select count(*) from message where outbound=1"
    before = ground.roomline.query(out)
    assert ground.kannel(own, text) == 200
    ground.logged("inbound.own")
    assert ground.roomline.query("select count(*) from contact where phone=?", own) == [(0,)]
    assert ground.roomline.query("select count(*) from suppression where phone=?", own) == [(0,)]
    time.sleep(0.2)
    assert ground.roomline.query(out) == before
    assert "our own number" in ground.told(f"\n{text}")


def test_a_short_code_is_shown_and_not_texted(ground):
    assert ground.kannel("12345", ground.unique("your code is 1")) == 200
    ground.told("Contact …2345 wrote")
    id = ground.roomline.query("select c.id from conversation c join contact k on k.id=c.contact "
                               "where k.phone='12345'")[0][0]
    assert id
    ground.ask("!text 12345 hello", "no telephone number")


BODIES = {
    "NUL": (b"a\0b", "a\ufffdb"),
    "controls": (b"a\x01\x02\x1b[31m\x0b\x0c\x7fb", "a[31mb"),
    "noncharacters": ("a\ufffe\uffffb".encode(), "ab"),
    "C1": ("a\x80\x9bb".encode(), "ab"),
    "lone surrogates": (b"a\xed\xa0\x80\xed\xb0\x80b", "a\ufffd\ufffd\ufffd\ufffd\ufffd\ufffdb"),
    "no UTF-8": (b"a\xff\xfe\xc0\xafb", "a\ufffd\ufffd\ufffd\ufffdb"),
    "cut": (b"a\xf0\x9f\x98", "a\ufffd\ufffd\ufffd"),
    "right to left": ("\u202eabc\u202c \u2067שלום\u2069 \u200f".encode(), None),
    "markup": (b"</body></message></stream:stream><a>&lt; ]]> <![CDATA[ &#0; \"'", None),
    "entities": (b"&#x1;&nbsp;&bomb;", None),
    "zalgo": (("Z" + "\u0300" * 400 + " end").encode(), None),
    "emoji": ("👩‍👩‍👧‍👦🏳️‍🌈🇺🇳".encode(), None),
    "lines": (b"a\r\nb\rc\nd", "a\nb\nc\nd"),
    "a command": (b"!pause", None),
    "a percent": (b"%s%n%00 %%", None),
}


ESCAPES = [
    (rb"j \ud800 k", "j \ufffd k"), (rb"j \u0000 m", "j \ufffd m"), (rb"j \u0001\ufffe n", "j  n"),
    (rb"j \udc00\ud800 o", "j \ufffd\ufffd o"), (rb"j \ud83d\ude00 p", "j 😀 p"),
]


@on_both
def test_ugly_words_are_shown_and_the_stream_lives(ground):
    # A conversation of alice's, so that they come to a room that is there.
    number = ground.new_number()
    room = ground.open_for("alice", number)
    ground.alice.wait_joined(room)
    ground.mark()
    for name, (raw, shown) in BODIES.items():
        assert ground.kannel(number, raw) == 200, name
        ground.alice.wait_text(room, raw.decode() if shown is None else shown)
    for i, (escaped, shown) in enumerate(ESCAPES):
        body = (f'{{"type":"text","from":"{number}","to":"{SENDER}","id":"u{i}","text":"'.encode()
                + escaped + b'"}')
        assert ground.sandbox(body) == 200
        ground.alice.wait_text(room, shown)
    huge = ground.unique("huge") + " " + "ü" * 9000
    assert ground.kannel(number, "H" * 9000) == 200
    ground.alice.wait_for(lambda m: m.room == room and m.text.startswith("HHHH") and len(m.text) >= 1600)
    ground.logged("inbound.cut")
    assert ground.moody_text(number, huge) == 200
    ground.alice.wait_for(lambda m: m.room == room and m.text.startswith(huge[:40]))
    assert "xmpp.down" not in ground.log() and "room_lost" not in ground.log()
    ground.alice.say(room, "!pause")  # the contact's "!pause" was words; alice's is a command here
    ground.alice.wait_for(lambda m: m.room == room and "control room" in m.text)
    assert "paused\":false" in read(ground, "/health")


def read(ground, path):
    answer = talk(ground.roomline.port,
                  f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    return answer.decode("utf-8", "replace")


def test_a_stop_with_dirt_around_it_is_a_stop(ground):
    for dirty in (b"STOP\0", b"\0STOP", b"\x01STOP\x02", "\u202eSTOP\u202c".encode(),
                  "STOP\ufeff".encode()):
        number = ground.new_number()
        assert ground.kannel(number, dirty) == 200
        assert ground.roomline.query("select count(*) from suppression where phone=?",
                                     number) == [(1,)], dirty


JUNK = {
    "nothing": b"",
    "no JSON": b"hello",
    "deep": b"[" * 30000,
    "deep and closed": b'{"a":' * 8000 + b"1" + b"}" * 8000,
    "garbage after it": b'{"type":"text"} x',
    "an array": b"[1,2,3]",
    "a number": b"1e999",
    "numbers": b'{"type":"text","id":99999999999999999999999,"from":-1e308,"to":null,"text":{}}',
    "no text": b'{"type":"text","id":"n1","from":"+14155550111"}',
    "long id": b'{"type":"text","id":"' + b"i" * 5000 + b'","text":"x"}',
    "no UTF-8": b'{"type":"text","id":"n2","text":"\xff\xfe"}',
    "NUL": b'{"type":"text","id":"n3","text":"a\0b"}',
    "an open string": b'{"type":"text","id":"n4","text":"',
    "a bad escape": rb'{"type":"text","id":"n5","text":"\u12"}',
}


def test_bad_json_is_refused(ground):
    came = ground.inbound()
    for name, body in JUNK.items():
        assert ground.sandbox(body) == 400, name
    assert ground.http("POST", f"/hook/{SECRET}/sandbox/in", b"{" * 65000) == 403
    ground.logged("hook.refused account=sandbox status=400")
    for path in ("text", "faults", "reset", "provider/send"):
        for body in (b"[" * 60000, b"{}", b"\xff"):
            headers = {"Content-Type": "application/json"}
            assert ground.http("POST", "/sandbox/api/" + path, body, headers) == 401
            headers["Authorization"] = basic(BOX_KEY)
            status = ground.http("POST", "/sandbox/api/" + path, body, headers)
            assert status in (400, 404) or (path == "reset" and status == 200), (path, body[:9])
    assert ground.inbound() == came


def test_forms_of_all_kinds(ground):
    """Too many parameters, none, doubled ones, broken percents."""
    url = f"/hook/{SECRET}/kannel/in?"
    came = ground.inbound()
    assert ground.http("GET", url + "&".join(f"a{i}=1" for i in range(1000))) == 400
    assert ground.http("GET", url + "from=&to=&text=&id=") == 400
    assert ground.http("GET", url + "from=14155550111") == 400  # it may say STOP where we do not look
    assert ground.inbound() == came
    number, text = ground.new_number(), ground.unique("doubled")
    query = f"from={number[1:]}&from=14155550999&text={text.replace(' ', '+')}&text=other&id=d1"
    assert ground.http("GET", url + query) == 200
    assert ground.stored(text) == 1
    assert ground.http("GET", url + f"from={number[1:]}&text=100%&id=d2") == 200
    assert ground.stored("100%") == 1
    for what in ("", "in/in", "status", "other", "%00", "in%2f"):
        assert ground.http("GET", f"/hook/{SECRET}/kannel/{what}?x=y") in (200, 400, 404)
    assert ground.http("GET", f"/hook/{SECRET}/kannel/status?st=1&m=" + "f" * 60000) in (200, 400, 431)
    assert ground.http("GET", f"/hook/{SECRET}/kannel/status?st=1&m={'f' * 32}&fid=9") == 200


def test_two_thousand_at_once(ground):
    number = ground.new_number()
    words = ground.unique("flood")
    texts = {f"{words}/{i}" for i in range(2000)}
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, limit[1]), limit[1]))

    async def post(text):
        request = (f"GET /hook/{SECRET}/kannel/in?from={number[1:]}&to={SENDERS['kannel'][1:]}"
                   f"&text={text.replace(' ', '+')}&id={text.rpartition('/')[2]}f HTTP/1.1\r\n"
                   "Host: x\r\nConnection: close\r\n\r\n").encode()
        try:
            reader, writer = await asyncio.open_connection(HOST, ground.roomline.port)
            writer.write(request)
            answer = await reader.read()
            writer.close()
        except OSError:
            return text, None
        return text, status_of(answer)

    async def flood(texts):
        return await asyncio.gather(*(post(t) for t in texts))

    try:
        # Those who were turned away come again, as providers do.
        left, taken = texts, 0
        for _ in range(20):
            answers = asyncio.run(flood(left))
            assert {s for _, s in answers} <= {200, None}
            left = [t for t, s in answers if s != 200]
            taken += len(answers) - len(left)
            if not left:
                break
        assert not left and taken == 2000
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limit)
    stored = ground.roomline.query(
        "select text, count(*) from message where text like ? group by text", words + "/%")
    assert {t for t, _ in stored} == texts and {n for _, n in stored} == {1}


# ---- volunteers ---------------------------------------------------------------------------------


@pytest.fixture
def conversation(ground):
    """A room with alice and a contact of the sandbox."""
    return Conversation(ground)


class Conversation:
    def __init__(self, ground):
        self.ground, self.alice, self.room = ground, ground.alice, ground.room
        self.phone, self.bot = ground.witness, f"bot@{ground.server.component}"
        self.contact = next(m for m in self.alice.messages
                            if m.room == self.room and m.nick.startswith("Contact")).nick

    def texts(self):
        return self.phone.received()

    def answered(self, words, timeout=15):
        """What the bot says from now on."""
        start = len(self.alice.messages)

        def wait():
            return self.alice._wait(
                lambda: [m for m in self.alice.messages[start:] if m.room in (self.room, self.bot)
                         and m.nick not in ("alice", self.contact) and words in m.text], timeout,
                lambda: f"{words!r}; there were {[m.text for m in self.alice.messages[start:]]}")[0]

        return wait


NICKS = ["😀", "👩‍👩‍👧‍👦", "\u202eecila", "roomline ", "rооmline", "Contact", "alice\u200b", "<b>&\"'", "ａlice",
         "x" * 900, "Ⓡoomline", "control", "a/b@c", "\ufffd", "\u2067שלום"]


@on_both
def test_odd_nicknames(ground):
    """Whatever the room lets in: who speaks is who is behind the name."""
    number = ground.new_number()
    room = ground.open_for("bob", number)
    with RawClient(ground.server, "bob", "first") as bob:
        wait_until(lambda: bob.join(room, "bob"), 10, lambda: "bob is let in: " + bob.seen[-3000:], step=0.1)
    spoke = 0
    for i, nick in enumerate(NICKS):
        with RawClient(ground.server, "bob", f"n{i}") as bob:
            if not bob.join(room, nick):
                continue
            spoke += 1
            text = ground.unique("by another name")
            bob.say(room, text)
            wait_until(lambda: ground.roomline.query(
                "select author from message where text=?", text) == [
                    ("xmpp:" + ground.server.jid("bob"),)], 10, f"the words of {nick!a}")
    assert spoke >= 3


@on_both
def test_nobody_takes_the_name_of_the_bot_or_the_contact(ground, conversation):
    bot = next(n for n, real in ground.alice.occupants[conversation.room].items()
               if real == conversation.bot)
    for i, nick in enumerate((bot, conversation.contact)):
        with Volunteer(ground.server, "alice", resource=f"t{i}", nick=nick, join_invites=False) as other:
            other._call(lambda: other._send_join(conversation.room))
            other.wait_presence(lambda p: p.room == conversation.room and p.error == "conflict")


@on_both
def test_huge_and_formatted_messages(ground, conversation):
    refused = conversation.answered("Not sent: too long")
    before = conversation.texts()
    conversation.alice.say(conversation.room, "A" * 100000)
    refused()
    refused = conversation.answered("Not sent: too long")
    conversation.alice.say(conversation.room, "ü😀" * 1000)
    refused()
    assert conversation.texts() == before
    plain = ground.unique("plain words")
    conversation.alice.say(
        conversation.room, plain,
        "<html xmlns='http://jabber.org/protocol/xhtml-im'><body xmlns='http://www.w3.org/1999/xhtml'>"
        "<p>other <b>words</b><script>!pause</script></p></body></html>")
    conversation.phone.wait_received(plain)
    for body in ("\u200b", " \n\t ", "\u202e\u202c"):
        refused = conversation.answered("no words")
        conversation.alice.say(conversation.room, body)
        refused()
    two = ground.unique("two bodies")
    conversation.alice.say(conversation.room, two, "<body xml:lang='de'>zwei</body>")
    conversation.phone.wait_received(two)


@on_both
def test_spoofed_ids_do_not_make_words_vanish(ground, conversation):
    """A stanza-id that the sender put in, and an id said twice: both are other people's words."""
    for _ in range(2):
        text = ground.unique("spoofed")
        conversation.alice.say(conversation.room, text, id="always-the-same", extra=(
            f"<stanza-id xmlns='urn:xmpp:sid:0' by='{conversation.room}' id='spoofed'/>"
            "<origin-id xmlns='urn:xmpp:sid:0' id='spoofed'/>"))
        conversation.phone.wait_received(text)
    # As if the archive had it from long ago.
    text = ground.unique("backdated")
    conversation.alice.say(conversation.room, text, extra=(
        f"<delay xmlns='urn:xmpp:delay' from='{conversation.room}' stamp='2001-01-01T00:00:00Z'/>"))
    conversation.phone.wait_received(text)


@on_both
def test_words_beside_the_room(ground, conversation):
    before = conversation.texts()
    for jid in (f"{conversation.room}/{conversation.contact}", f"{conversation.room}/roomline"):
        id = conversation.alice.tell(jid, "psst")
        conversation.alice.wait_for(lambda m: m.kind == "error" and m.id == id
                                    and ("write in the room" in m.error_text
                                         or m.error == "forbidden"))  # by the room itself
    token = ground.roomline.query("select token from conversation order by id limit 1")[0][0]
    for jid in (f"{token}@{ground.server.component}", f"c-{token}@{ground.server.component}/x",
                ground.server.component, f"nobody@{ground.server.component}"):
        conversation.alice.tell(jid, "psst")
    conversation.alice.wait_for(lambda m: m.kind == "error" and m.room == f"nobody@{ground.server.component}")
    time.sleep(0.3)
    assert conversation.texts() == before


@on_both
def test_strangers(ground, conversation):
    before = conversation.texts()
    calls = ground.moody.got[:]
    with Volunteer(ground.server, "carol", join_invites=False) as carol:
        id = carol.say(conversation.room, "let me in")
        carol.wait_for(lambda m: m.kind == "error" and m.id == id)
        id = carol.say(ground.roomline.control, "!pause")
        carol.wait_for(lambda m: m.kind == "error" and m.id == id)
        for room in (conversation.room, ground.roomline.control):
            carol._call(lambda: carol._send_join(room))
            carol.wait_presence(lambda p: p.room == room and p.error)
        for command in ("!pause", "!help", "!text +14155550111 hello", "hello"):
            carol.tell(conversation.bot, command)
        # From the address of another, which a server replaces or refuses.
        carol.send_xml(f"<message type='chat' from='{ground.olga.jid}' to='{conversation.bot}'>"
                       "<body>!pause</body></message>")
        ground.logged("chat.stranger")
        time.sleep(0.5)
        assert not [m for m in carol.messages if m.room == conversation.bot and m.text]
    assert '"paused":false' in read(ground, "/health")
    assert conversation.texts() == before and ground.moody.got == calls


# A longer tag comes to ejabberd in parts, and its expat waits for more before it looks at the whole.
LONG_ATTRIBUTE = 1000


@on_both
def test_other_peoples_messages_are_theirs(ground, conversation):
    """Edits, retractions and reactions that aim at what somebody else, or nobody, has said."""
    theirs = next(m for m in conversation.alice.messages
                  if m.room == conversation.room and m.nick == conversation.contact)
    mine = ground.unique("mine")
    conversation.alice.say(conversation.room, mine)
    conversation.phone.wait_received(mine)
    before = conversation.texts()
    for target in (theirs.id, theirs.stanza_id, "nobody-said-this", "x" * LONG_ATTRIBUTE, "'; --"):
        refused = conversation.answered("Write it as a new message")
        conversation.alice.correct(conversation.room, target, "changed")
        refused()
        conversation.alice.retract(conversation.room, target)
        refused = conversation.answered("reaction is not texted")
        conversation.alice.react(conversation.room, target, "💣", "☠️")
        refused()
    time.sleep(0.3)
    assert conversation.texts() == before


COMMANDS = ["!", "! ", "!!", "!!!!!!", "!\t", "!" + "a" * 50000, "!\u202epause", "!ｐａｕｓｅ", "!😀", "!%s%n",
            "!retry 99999999999999999999", "!retry -1", "!retry ١", "!drop 1e3", "!drop 0x10", "!drop", "!claim -1",
            "!claim 0", "!assign 1 ' OR 1=1 --", "!assign 9223372036854775808 alice", "!assign 1 " + "b" * 5000,
            "!find %", "!find '", "!find \u202e", "!find " + "c" * 9000, "!close 1 2 3 x", "!help " + "d" * 9000,
            "!help !help", "!text", "!text +1 x", "!text +14155550199", "!text ++1 ++1", "!optout nobody",
            "!stuck stuck stuck", "!who <b>", "!note"]


def test_commands_with_junk(ground):
    calls = ground.moody.got[:]
    states = "select state, count(*) from message where outbound=1 group by state"
    before = ground.roomline.query(states), ground.roomline.query("select id, owner, open from conversation")
    seen = len(ground.olga.messages)

    def answers():
        return [m.text for m in ground.olga.messages[seen:] if m.room == ground.roomline.control
                and m.nick != "organizer" and m.text]

    for command in COMMANDS:
        ground.olga.say(ground.roomline.control, command)
    ground.olga._wait(lambda: len(answers()) >= len(COMMANDS), 20,
                      lambda: f"{len(answers())} answers of {len(COMMANDS)}: {answers()}")
    assert max(map(len, answers())) < 6000
    now = ground.roomline.query(states), ground.roomline.query("select id, owner, open from conversation")
    assert now == before and ground.moody.got == calls


@on_both
def test_an_organizers_commands_by_others(ground, conversation):
    before = ground.roomline.query("select count(*) from message where outbound=1")
    for command in ("!pause", "!resume", "!stuck", "!status", "!text +14155550199 hello",
                    "!assign 1 carol", "!find 415", "!retry 1", "!drop 1"):
        refused = conversation.answered("control room")
        conversation.alice.tell(conversation.bot, command)
        refused()
    assert '"paused":false' in read(ground, "/health")
    assert ground.roomline.query("select count(*) from message where outbound=1") == before


@on_both
def test_a_stream_that_a_client_tries_to_break(ground, conversation):
    """What a client may put into its own messages comes to us as it is."""
    for extra in ("<x xmlns='jabber:x:oob'><url/></x>", "<replace xmlns='urn:xmpp:message-correct:0'/>",
                  "<reactions xmlns='urn:xmpp:reactions:0'/>", "<a xmlns='x:y'>" * 200 + "</a>" * 200,
                  "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'><body start='-5' "
                  "end='99999999999999999999'/></fallback>",
                  "<subject>new</subject>", "<thread/>", "<error type='cancel'/>"):
        conversation.alice.say(conversation.room, ground.unique("odd"), extra)
    conversation.alice.send_xml(f"<message type='groupchat' to='{conversation.room}'>"
                                "<subject>a subject of mine</subject></message>")
    for payload in ("<query xmlns='jabber:iq:version'/>", "<x xmlns='y'/>",
                    "<query xmlns='http://jabber.org/protocol/disco#info' node='" + "n" * LONG_ATTRIBUTE + "'/>"):
        for kind in ("get", "set"):
            conversation.alice.iq(conversation.bot, kind, payload)
    conversation.alice.send_xml(f"<presence to='{conversation.bot}' type='subscribe'/>")
    assert "xmpp.down" not in ground.log()


# ---- databases ----------------------------------------------------------------------------------


def test_a_locked_database(ground, conversation):
    number, text, said = ground.new_number(), ground.unique("locked out"), ground.unique("said while locked")
    lock = sqlite3.connect(ground.roomline.db, timeout=5, isolation_level=None)
    try:
        lock.execute("BEGIN EXCLUSIVE")
        began = time.monotonic()
        assert ground.kannel(number, text, id="locked") == 503
        assert time.monotonic() - began < 5
        ground.logged("hook.not_stored account=kannel")
        conversation.alice.say(conversation.room, said)
        # Either her words could not be stored, or the room was given up for another loss just before
        # and will be read again.
        wait_until(lambda: any(w in ground.log() for w in ("chat.unstored", "place.lost")), 5,
                   "words about the loss")
        # A crowd at the door is not served one lock's patience after the other.
        began = time.monotonic()
        statuses = [ground.kannel(number, text, id="locked") for _ in range(10)]
        assert statuses == [503] * 10 and time.monotonic() - began < 8
        assert ground.healthy()
        assert said not in conversation.texts()
    finally:
        lock.execute("ROLLBACK")
        lock.close()
    assert ground.kannel(number, text, id="locked") == 200
    assert ground.kannel(number, text, id="locked") == 200
    assert ground.stored(text) == 1
    conversation.phone.wait_received(said, 30)
    assert conversation.texts().count(said) == 1


def test_a_full_disk(ground, conversation):
    """No file of the daemon's may grow: the write-ahead log is full at once."""
    pid = ground.roomline.process.child.pid
    text, said = ground.unique("no room"), ground.unique("said on a full disk")
    numbers = ground.new_number()
    wait_until(lambda: ground.roomline.query("select count(*) from relay") == [(0,)], 20, "quiet")
    ground.cut_log()
    with contextlib.closing(sqlite3.connect(ground.roomline.db, timeout=5)) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for _ in range(6):
        ground.serves()
    size = os.path.getsize(ground.roomline.db + "-wal")
    assert size > os.path.getsize(ground.roomline.path("roomline.log")) + 50000, "the log goes on"
    limits = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        assert ground.kannel(numbers, text, id="full") == 503
        wait_until(lambda: re.search("store.commit_failed|hook.not_stored", ground.log()), 5, "a log line")
        conversation.alice.say(conversation.room, said)
        time.sleep(2)
        assert ground.kannel(numbers, text, id="full") == 503
        assert ground.roomline.process.running
        assert said not in conversation.texts()
        assert ground.stored(text) == 0
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)
    assert ground.kannel(numbers, text, id="full") == 200
    assert ground.kannel(numbers, text, id="full") == 200
    assert ground.stored(text) == 1
    conversation.phone.wait_received(said, 30)
    assert conversation.texts().count(said) == 1


# ---- providers and servers that go wrong ---------------------------------------------------------

UNKNOWN = 25
OUTCOMES = {  # mood: (state, requests)
    "garbage": (UNKNOWN, 1), "json": (UNKNOWN, 1), "broken": (UNKNOWN, 1), "gateway": (UNKNOWN, 1),
    "reset": (UNKNOWN, 1), "half": (UNKNOWN, 1), "notwo": (UNKNOWN, 1),
    "fine": (30, 1), "busy": (30, 2), "closed": (30, 2),
}


def test_a_provider_that_answers_anything(ground):
    sent = {}
    for mood in OUTCOMES:
        number = ground.new_number()
        assert ground.moody_text(number, ground.unique("begin")) == 200
        sent[mood] = ground.unique(mood)
        ground.ask(f"!text {number} {sent[mood]}", "Queued in conversation")
    wait_until(lambda: ground.roomline.query(NOT_SENT_YET) == [(0,)], 30, lambda: ground.log()[-4000:])
    time.sleep(3)
    got = {mood: (ground.roomline.query("select state from message where outbound=1 and text=?",
                                        text)[0][0], ground.moody.times(mood))
           for mood, text in sent.items()}
    assert got == OUTCOMES
    stuck = ground.ask("!stuck", "!retry")
    assert stuck.count("…") >= 7, stuck


def test_a_chat_server_that_is_stopped(ground, conversation):
    """It reads and answers nothing for 10 s, and then goes on as if nothing had been."""
    text = ground.unique("while it was stopped")
    ground.server.pause()
    try:
        began = time.monotonic()
        ground.witness.text(text)
        wait_until(lambda: ground.stored(text) == 1, 5, "stored")
        while time.monotonic() - began < 10:
            ground.http("GET", "/health", timeout=2)
            time.sleep(0.5)
    finally:
        ground.server.resume()
    ground.alice.wait_text(conversation.room, text, 60)
    said = ground.unique("said after it")
    ground.alice.say(conversation.room, said)
    conversation.phone.wait_received(said, 60)
    shown = [m for m in ground.alice.of_room(conversation.room) if m.text == text]
    assert len(shown) == 1


def test_it_ends_well(ground):
    """The last: the same process as at the beginning, which still hears SIGHUP; SIGTERM follows."""
    assert ground.roomline.starts == 1
    os.kill(ground.roomline.process.child.pid, signal.SIGHUP)
    ground.logged("reload")
    ground.keeps_secrets()
