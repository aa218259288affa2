# SPDX-License-Identifier: AGPL-3.0-or-later
"""What people and homeservers can do to the Matrix side: wrong types in every field of every event that
is read, floods, twenty who answer at once, ugly names, forged transactions, strangers, words beside the
threads. What is not meant for a phone is never texted, people are told why, and the daemon serves on,
tells its log nothing of anybody, and ends with 0 under the sanitizers.

Where Synapse takes an attack from a client it is made there; the rest is handed to the daemon as a
homeserver would.
"""
import collections
import concurrent.futures
import copy
import http.client
import json
import os
import threading
import time

import pytest

from fake_homeserver import FakeHomeserver
from matrix_kit import MatrixError, Volunteer
from matrix_ledger import Ground
from matrix_slots import Slots
from servers import HOST, wait_until
from synapse import Synapse, escape, request

SECRET = "s3cr3t"  # in all that is said here: it must not stand in the log
SHAPES = ["room", "thread"]
OTHER_ROOM = "!nobody:matrix.localhost"


class Stage:
    """A ground of each shape, each with a conversation that is alice's."""

    def __init__(self, server):
        self.server = server
        self.grounds = {shape: Ground(server(shape), shape=shape) for shape in SHAPES}

    def __enter__(self):
        for ground in self.grounds.values():
            ground.__enter__()
            ground.olga = Volunteer(ground.server, "organizer").login()
            ground.olga.join(ground.roomline.control)
        return self

    def __exit__(self, kind, *rest):
        for ground in self.grounds.values():
            log = ground.roomline.log()
            ground.olga.__exit__()
            ground.__exit__(kind, *rest)  # it has to end with 0
            if kind is None:
                told = [w for w in (SECRET, *(t.phone for t in ground.talks)) if w in log]
                assert not told, f"the log tells {told}"


@pytest.fixture(scope="module")
def on_fake():
    slots = {shape: Slots(1) for shape in SHAPES}
    servers = {shape: FakeHomeserver(registrations=slots[shape].paths) for shape in SHAPES}
    for shape, server in servers.items():
        server.slots = slots[shape]
        server.start()
    with Stage(servers.get) as stage:
        yield stage.grounds
    for shape, server in servers.items():
        server.__exit__()
        slots[shape].close()


@pytest.fixture(scope="module")
def on_synapse():
    slots = Slots(5)
    with Synapse(registrations=slots.paths) as server:
        server.slots = slots
        with Stage(lambda _: server) as stage:
            yield stage.grounds
    slots.close()


@pytest.fixture(params=SHAPES)
def fake(on_fake, request):
    return on_fake[request.param]


@pytest.fixture(params=SHAPES)
def real(on_synapse, request):
    return on_synapse[request.param]


def conversation(ground, number):
    """One that alice has."""
    talk = ground.talk(number, f"{SECRET} hello {number[-4:]}")
    talk.says(f"{SECRET} hi")
    ground.settle(talks=[talk])
    return talk


def serves(talk):
    """It still works, both ways, and nothing else has reached the phone since."""
    words = f"{SECRET} {time.monotonic_ns()}"
    talk.hears("there? " + words)
    talk.says("here " + words)
    talk.ground.settle(talks=[talk])
    assert talk.ground.roomline.process.running and talk.ground.roomline.starts == 1
    assert collections.Counter(talk.received()) == collections.Counter(talk.said)
    assert talk.shown() == talk.texted


def both(function, grounds, *more):
    """At the same time in both shapes."""
    with concurrent.futures.ThreadPoolExecutor() as pool:
        for run in [pool.submit(function, ground, *more) for ground in grounds.values()]:
            run.result()


def push(ground, events=None, raw=None, id=None, token=None, query=None):
    return request(ground.roomline.port, "PUT",
                   "/_matrix/app/v1/transactions/" + (id or os.urandom(6).hex()),
                   None if raw else {"events": events},
                   ground.roomline.slot.hs_token if token is None else token, query, raw)


def new_id():
    return "$" + os.urandom(32).hex()[:43]


# ---- wrong types


def deep(levels):
    return json.loads("[" * levels + "]" * levels)


EVIL = [None, 5, "x", [], {}, True, deep(60), SECRET + "h" * 40000]
NOTHING = object()


def relation(thread):
    return {"rel_type": "m.thread", "event_id": thread, "is_falling_back": True,
            "m.in_reply_to": {"event_id": thread}} if thread else {}


def said_kinds(thread, target, mxid):
    """Of everything that is read, all that may be in it."""
    related = {"m.relates_to": relation(thread)} if thread else {}
    return [
        ("m.room.message", {"msgtype": "m.text", "body": SECRET, "format": "org.matrix.custom.html",
                            "formatted_body": "<b>x</b>", "m.mentions": {"user_ids": [mxid]},
                            **related}),
        ("m.room.message", {"msgtype": "m.text", "body": SECRET + " reply", "m.relates_to": {
            **relation(thread), "m.in_reply_to": {"event_id": target}}}),
        ("m.room.message", {"msgtype": "m.text", "body": "* " + SECRET,
                            "m.new_content": {"msgtype": "m.text", "body": SECRET + " edited"},
                            "m.relates_to": {"rel_type": "m.replace", "event_id": target}}),
        ("m.room.message", {"msgtype": "m.image", "body": SECRET, "url": "mxc://matrix.localhost/abc",
                            "filename": "x.png", "info": {"mimetype": "image/png", "size": 7},
                            "file": {"url": "mxc://matrix.localhost/abc"}, **related}),
        ("m.room.message", {"msgtype": "m.location", "body": SECRET, "geo_uri": "geo:1,2", **related}),
        ("m.reaction", {"m.relates_to": {"rel_type": "m.annotation", "event_id": target, "key": "👍"}}),
        ("m.room.redaction", {"redacts": target, "reason": SECRET}),
        ("m.sticker", {"body": SECRET, "url": "mxc://matrix.localhost/abc", "info": {}, **related}),
        ("m.room.encrypted", {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "AwgA", **related}),
        ("m.poll.start", {"m.poll": {"question": {"m.text": SECRET}}, **related}),
        ("m.call.invite", {"call_id": "1", "offer": {"sdp": "x"}, **related}),
    ]


STATE_KINDS = [
    ("m.room.member", {"membership": "join", "displayname": SECRET, "reason": "x", "is_direct": True}),
    ("m.room.tombstone", {"body": "x", "replacement_room": OTHER_ROOM}),
    ("m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"}),
    ("m.room.name", {"name": SECRET}),
    ("m.room.power_levels", {"users": {"@x:y": 5}, "events": {"m.room.message": 0}, "invite": 0}),
]


def places_in(content, path=()):
    for key, value in content.items():
        yield (*path, key)
        if isinstance(value, dict):
            yield from places_in(value, (*path, key))


def spoilt(content):
    """The content with something wrong in every place of it, one at a time."""
    for path in places_in(content):
        for evil in (*EVIL, NOTHING):
            copied = copy.deepcopy(content)
            inner = copied
            for key in path[:-1]:
                inner = inner[key]
            if evil is NOTHING:
                del inner[path[-1]]
            else:
                inner[path[-1]] = evil
            yield copied


def may_be_texted(type, content, thread):
    """By the rules that people are told: words of their own, in the room or thread of the contact."""
    related = content.get("m.relates_to")
    related = related if isinstance(related, dict) else {}
    body = content.get("body")
    if type != "m.room.message" or content.get("msgtype") != "m.text" or not isinstance(body, str):
        return False
    if related.get("rel_type") == "m.replace" or not body.strip() or len(body) > 1600:
        return False
    return not thread or (related.get("rel_type"), related.get("event_id")) == ("m.thread", thread)


def forged(talk, type, content, **more):
    return {"type": type, "room_id": talk.room, "sender": talk.ground.alice.mxid,
            "event_id": new_id(), "origin_server_ts": int(time.time() * 1000), "content": content,
            **more}


def tell_apart(content, serial):
    """The same words again would be taken for a slip of the finger."""
    if isinstance(content.get("body"), str) and len(content["body"]) < 100:
        content["body"] += f" {serial}"
    return content


def is_plain_reply(content, thread):
    """For test_words_beside_the_threads."""
    related = content.get("m.relates_to")
    return bool(thread) and isinstance(related, dict) and \
        related.get("rel_type") not in ("m.thread", "m.replace") and "m.in_reply_to" in related


def spoil_contents(ground, number):
    talk = conversation(ground, number)
    target = talk.events[f"{SECRET} hi"]
    before = len(talk.notices())
    events = []
    for room in (talk.room, ground.roomline.control, OTHER_ROOM):
        for type, whole in said_kinds(talk.thread, target, ground.alice.mxid):
            for content in (whole, *spoilt(whole)):
                if room == talk.room and is_plain_reply(content, talk.thread):
                    continue
                content = tell_apart(copy.deepcopy(content), len(events))
                events.append(forged(talk, type, content, room_id=room))
                if room == talk.room and may_be_texted(type, content, talk.thread):
                    talk.said.append(content["body"])
    for type, whole in STATE_KINDS:
        for content in spoilt(whole):
            for key in ("", ground.alice.mxid, "x", "@" + "x" * 300):
                if type != "m.room.tombstone" or key:  # which a homeserver lets nobody else set
                    events.append(forged(talk, type, content, state_key=key))
    for i in range(0, len(events), 100):
        assert push(ground, events[i:i + 100]).status == 200
    serves(talk)
    assert len(talk.notices()) > before + 100  # people were told, again and again
    return len(events)


def test_wrong_types_in_every_field(on_fake, number, capsys):
    counts = []
    both(lambda ground: counts.append(spoil_contents(ground, number)), on_fake)
    with capsys.disabled():
        print(f"\n{sum(counts)} events with something wrong in them")


RAW = ["null", "5", '"x"', "[]", "{}", "true", "-1.5", "1e400", "1" * 40, '"a\\u0000b"', '"\\ud83d"',
       '"' + "y" * 70000 + '"', "[" * 60 + "]" * 60, "[" * 5000 + "]" * 5000, '{"a":1,"a":2}']
ENVELOPE = {"type": False, "room_id": False, "sender": False, "event_id": False, "state_key": False,
            "content": False, "origin_server_ts": None, "unsigned": True, "age": True,
            "redacts": True, "user_id": True}  # whether it is texted all the same; None: perhaps


def test_wrong_types_around_the_content(fake, number):
    talk = conversation(fake, number)
    sent, perhaps = [], []
    for key, harmless in ENVELOPE.items():
        for n, raw in enumerate(RAW):
            content = {"msgtype": "m.text", "body": f"{SECRET} {key} {n}"}
            if talk.thread:
                content["m.relates_to"] = relation(talk.thread)
            event = forged(talk, "m.room.message", content)
            event[key] = "RAW"
            (sent if harmless else perhaps if harmless is None else []).append(content["body"])
            text = json.dumps({"events": [event]}).replace('"RAW"', raw)
            assert push(fake, raw=text.encode()).status == 200, (key, raw)
    broken = [n for n, raw in enumerate(RAW) if "\\u" in raw or len(raw) == 10000]  # no event at all
    wait_until(lambda: len([r for r in talk.received() if r in sent]) >= len(sent) - 4 * len(broken),
               60, lambda: f"{[s for s in sent if s not in talk.received()]}")
    fake.settle(talks=[talk])
    got = collections.Counter(talk.received()[1:])
    assert max(got.values()) == 1
    assert not set(got) - set(sent) - set(perhaps)
    talk.said = talk.received()
    serves(talk)


def test_clients_send_wrong_types(real, number):
    """What Synapse takes of it from a client, in all kinds of rooms."""
    talk = conversation(real, number)
    alice, target = real.alice, talk.events[f"{SECRET} hi"]
    direct = alice.create_room(invite=[real.bot], is_direct=True)
    alice.wait_state(direct, "m.room.member", lambda c: c["membership"] == "join", key=real.bot)
    kinds = [(type, content) for type, whole in said_kinds(talk.thread, target, alice.mxid)
             for content in spoilt(whole) if type != "m.room.redaction"]
    taken = collections.Counter()

    def send(n, type, content):
        where = (talk.room, talk.room, direct)[n % 3]
        if where == talk.room and is_plain_reply(content, talk.thread):
            return
        tell_apart(content, n)
        path = f"/rooms/{escape(where)}/send/{type}/{os.urandom(6).hex()}"
        answer = alice.call("PUT", path, content)
        taken[answer.status] += 1
        if answer.status == 200 and where == talk.room and may_be_texted(type, content, talk.thread):
            talk.said.append(content["body"])

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for n, (type, content) in enumerate(kinds[::4]):
            pool.submit(send, n, type, content)
    assert taken[200] > 50, taken
    serves(talk)


# ---- many at once


def test_two_hundred_at_once(fake, number):
    talk = conversation(fake, number)
    related = {"m.relates_to": relation(talk.thread)} if talk.thread else {}
    words = [f"{SECRET} flood {n}" for n in range(200)]
    talk.said += words
    events = [forged(talk, "m.room.message", {"msgtype": "m.text", "body": w, **related})
              for w in words]
    assert push(fake, events).status == 200
    for n in range(200):
        talk.hears(f"{SECRET} back {n}")
    serves(talk)
    assert talk.received()[1:201] == words


def test_twenty_answer_at_once(on_synapse, number):
    """In a thread of the inbox, one has it then and each of the others is told who. Where it is a room,
    who comes in first has it, and the others are not asked in any more."""
    server = on_synapse["room"].server
    names = [f"vol{n:02d}" for n in range(20)]
    with Ground(server, start=False, shape="thread") as ground:
        ground.roomline.config["team"]["inbox"] = [server.user(n) for n in ("alice", *names)]
        ground.roomline.start().wait_chat()
        talk = ground.talk(number, f"{SECRET} who has time for me? {number[-4:]}")
        tokens = {n: server.token(n) for n in names}
        for name in names:
            wait_until(lambda n=name: server.call("POST", f"/join/{escape(talk.room)}", {},
                                                  tokens[n]).status == 200, 30, f"{name} in the room")
        ready = threading.Barrier(20)

        def answer(name):
            ready.wait()
            server.send(talk.room, "m.room.message", {
                "msgtype": "m.text", "body": f"{SECRET} I have, {name}",
                "m.relates_to": relation(talk.thread)}, tokens[name])

        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            list(pool.map(answer, names))
        wait_until(lambda: len([n for n in talk.notices() if "this conversation is with" in n]) == 19,
                   60, lambda: f"19 are told; {talk.notices()}")
        owner = talk.received()[0].rpartition(" ")[2]
        assert talk.received() == [f"{SECRET} I have, {owner}"]
        assert all(f"with @{owner}:" in n for n in talk.notices() if "conversation is with" in n)


def test_twenty_come_in_at_once(on_synapse, number):
    server = on_synapse["room"].server
    names = [f"vol{n:02d}" for n in range(20)]
    with Ground(server, start=False, shape="room") as ground:
        ground.roomline.config["team"]["inbox"] = [server.user(n) for n in names]
        ground.roomline.start().wait_chat()
        ground.carrier.text(number, f"{SECRET} who has time for me?")
        room = wait_until(lambda: [a for a, in ground.roomline.query(
            "select address from place where kind=0 and address<>''")], 30, "a room")[0]
        tokens = {n: server.token(n) for n in names}
        body = {"msgtype": "m.text"}

        def come(name):
            end = time.monotonic() + 20
            while time.monotonic() < end:
                if server.call("POST", f"/join/{escape(room)}", {}, tokens[name]).status == 200:
                    server.call("PUT", f"/rooms/{escape(room)}/send/m.room.message/x",
                                {**body, "body": f"{SECRET} I have, {name}"}, tokens[name])
                    return True
                if ground.roomline.query("select owner from conversation where owner<>''"):
                    return False
                time.sleep(0.05)
            return False

        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            assert any(pool.map(come, names))
        wait_until(lambda: ground.carrier.received(number), 30, "one answers")
        owner = ground.roomline.query("select owner from conversation")[0][0]
        wait_until(lambda: ground.roomline.query("select count(*) from relay") == [(0,)], 60, "told")
        time.sleep(0.5)
        assert ground.carrier.received(number) == [
            f"{SECRET} I have, {owner.partition('@')[2].partition(':')[0]}"]


def test_twenty_answer_each_their_own_at_once(on_synapse, number):
    ground = on_synapse["thread"]
    talks = [ground.talk(f"+1628555{n:04d}", f"{SECRET} hello {n}") for n in range(20)]
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        for n, talk in enumerate(talks):
            talk.said.append(f"{SECRET} at once {n}")
            pool.submit(ground.server.send, talk.room, "m.room.message", {
                "msgtype": "m.text", "body": talk.said[-1],
                "m.relates_to": relation(talk.thread)}, ground.alice.token)
    ground.settle(talks=talks)
    for talk in talks:
        talk.check()
    serves(talk)


# ---- ugly words and names


def test_sizes_and_markup(real, number):
    talk = conversation(real, number)
    cases = [
        ("<b>bold</b> & <script>", True), ("@room and @alice:matrix.localhost", True),
        ("\u202eright to left \u0645\u0631\u062d\u0628\u0627", True),
        ("zero\u200bwidth\ufeff", True), ("👩‍👩‍👧‍👦" * 20, True),
        ("\u200b\u200d", False), ("   ", False), ("a\u0000b", None),
        ("x" * 900, True), ("x" * 5000, False), ("ü" * 30000, False),
    ]
    for n, (text, texted) in enumerate(cases):
        body = f"{n} {text}" if texted else text
        related = {"m.relates_to": relation(talk.thread)} if talk.thread else {}
        real.server.send(talk.room, "m.room.message", {
            "msgtype": "m.text", "body": body, "format": "org.matrix.custom.html",
            "formatted_body": "<h1>not this</h1>", "m.mentions": {"room": True}, **related},
            real.alice.token)
    wait_until(lambda: sum(texted is True for _, texted in cases) <= len(talk.received()) - 1, 30,
               lambda: talk.received())
    real.settle(talks=[talk])
    got = talk.received()[1:]
    assert not [g for g in got if "not this" in g or len(g) > 1600]
    assert [g.split()[0] for g in got if g[0].isdigit()] == [
        str(n) for n, (_, texted) in enumerate(cases) if texted]
    assert any("too long" in n for n in talk.notices())
    talk.said = talk.received()
    serves(talk)


def test_what_contacts_write_pings_nobody(real, number):
    talk = conversation(real, number)
    for words in ("@room @alice:matrix.localhost <b>x</b>", "\u202e<a href=x>", "* !pause", "!pause"):
        talk.hears(f"{SECRET} {words}")
    real.settle(talks=[talk])
    for event in real.history(talk.room):
        if event["type"] == "m.room.message" and real.ours(event["sender"]):
            mentions = event["content"].get("m.mentions")
            assert isinstance(mentions, dict) and "room" not in mentions, event["content"]
            assert "<a href=x>" not in event["content"].get("formatted_body", "")
    serves(talk)


def test_names_of_volunteers(real, number):
    talk = conversation(real, number)
    path = f"/profile/{real.alice.mxid}/displayname"
    for name in ("👾" * 40, "\u202eecila", "\u200b", "<b>Alice</b>", "Roomline", "x" * 200, ""):
        real.alice.ask("PUT", path, {"displayname": name})
        talk.says(f"{SECRET} as {len(talk.said)}")
    real.alice.ask("PUT", path, {"displayname": "alice"})
    serves(talk)


# ---- who may tell us something


def test_forged_calls(fake, number):
    talk = conversation(fake, number)
    content = {"msgtype": "m.text", "body": f"{SECRET} forged"}
    if talk.thread:
        content["m.relates_to"] = relation(talk.thread)
    event = forged(talk, "m.room.message", content)
    right = fake.roomline.slot.hs_token
    for token, query, status in (
            ("", None, 401), ("x", None, 403), (fake.roomline.slot.as_token, None, 403),
            (right[:-1], None, 403), (right + "x", None, 403), ("", {"access_token": "x"}, 403),
            (right, {"access_token": "x"}, 403), ("x", {"access_token": right}, 403)):
        assert push(fake, [event], token=token, query=query).status == status, (token, query)
    port = fake.roomline.port
    for method, path, status in (
            ("GET", "/_matrix/app/v1/transactions/1", 405), ("POST", "/_matrix/app/v1/transactions/1", 405),
            ("PUT", "/_matrix/app/v1/transactions/", 404), ("PUT", "/_matrix/app/v2/transactions/1", 404),
            ("PUT", "/_matrix/app/v1/ping", 405), ("GET", "/_matrix/app/v1/users/@x:y", 404),
            ("GET", "/_matrix/app/v1/rooms/%23x:y", 404),
            ("PUT", "/_matrix/app/v1/transactions/%2e%2e%2f%00", None)):
        answer = request(port, method, path, {"events": [event]} if method == "PUT" else None, right)
        assert status is None or answer.status == status, (method, path, answer)
        assert status is None or answer.errcode
    serves(talk)


def raw_put(port, token, headers, chunks):
    """The status; 0 when the connection was closed on us."""
    connection = http.client.HTTPConnection(HOST, port, timeout=30)
    try:
        connection.putrequest("PUT", "/_matrix/app/v1/transactions/" + os.urandom(6).hex())
        for name, value in {"Authorization": "Bearer " + token, **headers}.items():
            connection.putheader(name, value)
        connection.endheaders()
        for chunk in chunks:
            connection.send(chunk)
        return connection.getresponse().status
    except (ConnectionError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def test_large_bodies_and_headers(fake, number):
    talk = conversation(fake, number)
    right, port, mega = fake.roomline.slot.hs_token, fake.roomline.port, 1 << 20
    body = b'{"events": [], "x": "' + b"y" * (15 * mega) + b'"}'
    assert raw_put(port, right, {"Content-Length": str(len(body))}, [body]) == 200
    many = b'{"events": [' + b",".join([b"{}"] * 300000) + b"]}"
    assert raw_put(port, right, {"Content-Length": str(len(many))}, [many]) == 200
    length = {"Content-Length": str(17 * mega)}
    assert raw_put(port, right, length, [b"x" * mega] * 17) in (413, 0)
    assert raw_put(port, "wrong", {"Content-Length": str(mega)}, [b"x" * mega]) in (413, 403, 0)
    assert raw_put(port, right, {"X": "y" * mega, "Content-Length": "2"}, [b"{}"]) in (431, 400, 0)
    assert raw_put(port, right, {f"X{n}": "y" for n in range(5000)}, []) in (431, 400, 0)
    serves(talk)


def test_events_in_the_name_of_others(fake, number):
    """In the room of a conversation, by somebody who is none of the team, or by us."""
    talk = conversation(fake, number)
    slot = fake.roomline.slot
    ghost = next(e["sender"] for e in fake.history(talk.room) if fake.ours(e["sender"]))
    content = {"msgtype": "m.text", "body": f"{SECRET} not me",
               **({"m.relates_to": relation(talk.thread)} if talk.thread else {})}
    senders = [slot.bot, ghost, f"@{slot.prefix}other:matrix.localhost", "@carol:matrix.localhost",
               "@alice:elsewhere.example", "@Alice:matrix.localhost", "@organizer:evil.example"]
    before = len(talk.notices())
    for body in (f"{SECRET} not me", "!close", "!claim", "!assign 1 carol"):
        assert push(fake, [forged(talk, "m.room.message", {**content, "body": body}, sender=s)
                           for s in senders]).status == 200
    control = fake.roomline.control
    commands = [forged(talk, "m.room.message", {"msgtype": "m.text", "body": "!pause"},
                       room_id=room, sender=s) for s in senders[3:] for room in (control, OTHER_ROOM)]
    assert push(fake, commands).status == 200
    odd = [forged(talk, "m.room.member", {"membership": m}, state_key=key, sender=s)
           for m in ("join", "leave", "ban", "invite", 5, None) for key in ("", "x", "@", "@x", 5, None,
                                                                           "@" + "y" * 300)
           for s in senders[3:]]
    assert push(fake, odd).status == 200
    wait_until(lambda: len([n for n in talk.notices()[before:] if "not of the team" in n]) >= 4, 20,
               lambda: f"told; {talk.notices()[before:]}")
    serves(talk)
    assert "has paused everything" not in fake.roomline.log()
    assert fake.roomline.query("select count(*) from conversation where open=0") == [(0,)]


def test_strangers_ask_us_in(real, number):
    talk = conversation(real, number)
    with Volunteer(real.server, "carol") as carol:
        for n in range(5):
            room = carol.create_room(invite=[real.bot], is_direct=n % 2 == 0, name="x" * 250)
            carol.wait_state(room, "m.room.member", lambda c: c["membership"] == "leave", key=real.bot)
        room = carol.create_room()
        with pytest.raises(MatrixError):
            carol.join(talk.room)
        with pytest.raises(MatrixError):
            real.alice.invite(talk.room, carol.mxid)
        carol.say(room, f"!text {talk.phone} {SECRET}")
    serves(talk)


# ---- beside the threads


def test_words_beside_the_threads(on_synapse, number):
    """What no thread tells whom it is for is not texted; a plain reply is for whom it answers."""
    ground = on_synapse["thread"]
    talk = conversation(ground, number)
    other = conversation(ground, number.replace("+1415", "+1628"))
    alice, room = ground.alice, talk.room
    assert other.room == room
    plain = alice.say(room, f"{SECRET} in the main timeline")
    alice.wait_for(lambda e: e.room == room and e.kind == "notice"
                   and "Nothing that is written here" in e.text)
    for root in (plain, talk.events[f"{SECRET} hi"]):
        content = {"msgtype": "m.text", "body": f"{SECRET} on another event",
                   "m.relates_to": relation(root)}
        alice.call("PUT", f"/rooms/{escape(room)}/send/m.room.message/{os.urandom(6).hex()}", content)
    for target in (talk.thread, talk.events[f"{SECRET} hi"]):
        alice.say(room, f"{SECRET} a reply to {target[:4]}", reply_to=target)
        talk.said.append(f"{SECRET} a reply to {target[:4]}")
    serves(other)
    serves(talk)


def test_cards_are_not_for_volunteers(on_synapse, number):
    ground = on_synapse["thread"]
    talk = conversation(ground, number)
    with pytest.raises(MatrixError):
        ground.alice.redact(talk.room, talk.thread)
    ground.alice.edit(talk.room, talk.thread, f"{SECRET} another card")
    ground.alice.react(talk.room, talk.thread, "👍")
    serves(talk)


def test_they_end_well(on_fake, on_synapse):
    """The last: the same processes as at the beginning; what they end with, the stages look at."""
    for ground in (*on_fake.values(), *on_synapse.values()):
        assert ground.roomline.starts == 1 and ground.roomline.process.running
        assert "runtime error" not in ground.roomline.log()
