# SPDX-License-Identifier: AGPL-3.0-or-later
"""Pictures and other files both ways, on real Prosody and real ejabberd with their upload services,
with the sandbox as a provider that fetches what it is given a link to."""
import socket
import threading
import time
import urllib.parse
import urllib.request

import pytest

from chat import Volunteer
from daemon import MAIN, SENDER, Roomline
from hostile import TOKEN, signature_of
from media_kit import (CSV, JPEG, PNG, FileHost, archive, get, hosts_of, jpeg, link_in, make_link,
                       upload)
from servers import HOST, Prosody, free_ports, wait_until

NOWHERE = {"xmpp": {"upload_service": "nowhere.localhost"}}


def daemon(server, **more):
    sections = hosts_of(server)
    for name, keys in more.pop("sections", {}).items():
        sections.setdefault(name, {}).update(keys)
    return Roomline(server, sections=sections, **more)


@pytest.fixture
def roomline(server):
    with daemon(server) as d:
        yield d.wait_chat()


def wait_picture(volunteer, room, timeout=20):
    return volunteer.wait_for(lambda m: m.room == room and m.link and m.nick != volunteer.nick,
                              timeout)


def by_contact(volunteer, room):
    return [m.text for m in volunteer.of_room(room) if m.nick.startswith("Contact") and m.text]


def phone_got(roomline, text):
    """The bytes of each file of a text that a phone has."""
    return [get(roomline.url + path)[2] for path in text["media"]]


# ---- in

def test_a_picture_comes_in(server, roomline, number):
    with Volunteer(server, "alice") as alice:
        phone = roomline.phone(number)
        phone.picture(JPEG, "Look at this")
        room = alice.wait_invite()
        words = alice.wait_text(room, "Look at this")
        picture = wait_picture(alice, room)
        # as clients show what is at a link in its place
        assert picture.text == picture.link
        assert picture.nick == words.nick and picture.nick.startswith("Contact")
        assert picture.link.endswith(".jpg")
        status, headers, data = get(picture.link)
        assert (status, data) == (200, JPEG) and headers["Content-Type"] == "image/jpeg"
        phone.text("and then")
        alice.wait_text(room, "and then")
        assert by_contact(alice, room) == ["Look at this", picture.link, "and then"]


def test_pictures_come_in_order(server, roomline, number):
    pictures = [jpeg(3000, b"%d" % i) for i in range(4)] + [PNG]
    with Volunteer(server, "alice") as alice:
        phone = roomline.phone(number)
        phone.picture(pictures)
        phone.text("That was all")
        room = alice.wait_invite()
        alice.wait_text(room, "That was all")
        links = [m.link for m in alice.of_room(room) if m.link]
        assert [get(link)[2] for link in links] == pictures
        assert links[-1].endswith(".png")
        assert by_contact(alice, room)[-1] == "That was all"


def test_without_an_upload_service_a_link_of_ours_is_shown(server, number):
    with daemon(server, sections=NOWHERE) as roomline, Volunteer(server, "alice") as alice:
        roomline.wait_chat()
        roomline.phone(number).picture(JPEG, "hello")
        room = alice.wait_invite()
        told = alice.wait_for(lambda m: m.room == room and "sent a picture or file" in m.text, 60)
        assert told.nick == "roomline"
        status, headers, data = get(link_in(told.text))
        assert (status, data) == (200, JPEG)
        assert headers["Content-Type"] == "image/jpeg"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert headers["Content-Disposition"] == 'inline; filename="picture.jpg"'
        assert headers["Cache-Control"] == "no-store"
        status, headers, data = get(link_in(told.text), "HEAD")
        assert (status, data, headers["Content-Length"]) == (200, b"", str(len(JPEG)))
        # the next one need not wait for an answer of a service that is not there
        roomline.phone(number).picture(PNG)
        alice.wait_for(lambda m: m.room == room and "sent a picture or file" in m.text
                       and m is not told, 5)


def test_what_the_upload_service_takes_not_is_a_link_of_ours(server, roomline, number):
    large = jpeg(4500000)
    with Volunteer(server, "alice") as alice:
        roomline.phone(number).picture(large)
        room = alice.wait_invite()
        told = alice.wait_for(lambda m: m.room == room and "sent a picture or file" in m.text)
        assert get(link_in(told.text))[2] == large


def test_words_are_not_lost_with_a_picture_that_cannot_be_had(server, number):
    host = FileHost()
    host.put("/cat.jpg", JPEG)
    sections = {"policy": {"file_hosts": [f"{HOST}:{server.http_port}", host.host]}}
    with Roomline(server, sections=sections) as roomline, Volunteer(server, "alice") as alice:
        roomline.wait_chat()
        phone = roomline.phone(number)
        begin = time.monotonic()
        phone.text("first", media=[host.url("/cat.jpg")])
        room = alice.wait_invite()
        alice.wait_text(room, "first")
        # the provider had its 200 long before anybody gave up on the picture
        taken = roomline.api("phone/" + number.replace("+", "%2B") + "/texts")["texts"]
        assert taken[0]["state"] == "taken" and time.monotonic() - begin < 10
        told = alice.wait_for(lambda m: m.room == room and "could not get" in m.text, 60)
        phone.text("second")
        alice.wait_text(room, "second")
        assert get(link_in(told.text))[0] == 502
        with host:
            assert get(link_in(told.text), timeout=60)[2] == JPEG
        assert len([m for m in alice.of_room(room) if m.text in ("first", "second")]) == 2


def test_what_is_no_picture_is_not_shown(server, number):
    with FileHost() as host:
        sections = {"policy": {"file_hosts": [f"{HOST}:{server.http_port}", host.host]}}
        host.put("/a.jpg", b"<html><script>alert(1)</script>")
        host.put("/b.jpg", b"x" * 6000000)
        with Roomline(server, sections=sections) as roomline, Volunteer(server, "alice") as alice:
            roomline.wait_chat()
            roomline.phone(number).text("", media=[host.url("/a.jpg"), host.url("/b.jpg")])
            room = alice.wait_invite()
            page = alice.wait_for(lambda m: m.room == room and "no kind of file" in m.text)
            alice.wait_for(lambda m: m.room == room and "it is too large" in m.text)
            assert get(link_in(page.text))[0] == 502
            assert not [m for m in alice.of_room(room) if m.link]


# ---- where we may be sent

def test_nobody_makes_us_ask_our_neighbours(server, number):
    with FileHost() as host, FileHost() as neighbour:
        sections = {"policy": {"file_hosts": [f"{HOST}:{server.http_port}", host.host]}}
        neighbour.put("/secret.jpg", JPEG)
        host.put("/near", (302, {"Location": neighbour.url("/secret.jpg")}, b""))
        host.put("/tls", (307, {"Location": f"https://{neighbour.host}/secret.jpg"}, b""))
        host.put("/named", (301, {"Location": f"https://localhost:{neighbour.port}/secret.jpg"}, b""))
        host.put("/ours", (302, {"Location": "local:/sandbox/api/phones"}, b""))
        host.put("/round", (302, {"Location": "/round"}, b""))
        host.put("/good", (302, {"Location": "cat.jpg"}, b""))
        host.put("/cat.jpg", JPEG)
        urls = [host.url(p) for p in ("/near", "/tls", "/named", "/ours", "/round")] + [
            neighbour.url("/secret.jpg"), f"https://{neighbour.host}/secret.jpg",
            f"https://localhost:{neighbour.port}/secret.jpg", "local:/sandbox/api/phones"]
        with Roomline(server, sections=sections) as roomline, Volunteer(server, "alice") as alice:
            roomline.wait_chat()
            phone = roomline.phone(number)
            phone.text("", media=urls)
            phone.text("", media=[host.url("/good")])
            room = alice.wait_invite()
            assert get(wait_picture(alice, room, 90).link)[2] == JPEG
            told = [m.text for m in alice.of_room(room) if "could not get" in m.text]
            assert len(told) == len(urls)
            reasons = [t.split("could not get: ")[1].split(". This link")[0] for t in told]
            none = "its address is none from which files are fetched"
            near = "the host has no public address"
            assert reasons == [none, near, near, "the server sends us on to no usable address",
                               "the server sends us on and on", none, near, near, none]
        assert neighbour.asked == []


def test_twilio_is_logged_in_to_and_nobody_else(server, number):
    with FileHost() as twilio, FileHost() as store:
        sections = {"policy": {"file_hosts": [f"{HOST}:{server.http_port}", store.host]}}
        path = "/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1"
        twilio.put(path, lambda request: (307, {"Location": store.url("/s3/cat.jpg?sig=1")}, b"")
                   if request.headers["Authorization"] else (401, {}, b"who are you"))
        store.put("/s3/cat.jpg?sig=1", JPEG)
        provider = {"name": "tw", "driver": "twilio", "account_sid": "AC1", "auth_token": TOKEN,
                    "base_url": twilio.url("")}
        with Roomline(server, sections=sections, providers=[provider],
                      senders=[{**MAIN, "provider": "tw"}]) as roomline, \
                Volunteer(server, "alice") as alice:
            roomline.wait_chat()
            hook = roomline.url + "/hook/hook-secret-0123456789/tw"
            params = {"MessageSid": "MM1", "From": number, "To": SENDER, "Body": "Look",
                      "SmsStatus": "received", "NumMedia": "2", "MediaUrl0": twilio.url(path),
                      "MediaUrl1": store.url("/s3/cat.jpg?sig=1")}
            post(hook, params, signature_of(hook, params))
            room = alice.wait_invite()
            alice.wait_text(room, "Look")
            wait_until(lambda: len([m for m in alice.of_room(room) if m.link]) == 2, 20, "pictures")
            assert all(get(m.link)[2] == JPEG for m in alice.of_room(room) if m.link)
        assert [a[2].get("Authorization", "") for a in twilio.asked] == [
            "Basic QUMxOnR3aWxpby10b2tlbi0wMTIzNDU2Nzg5"]
        assert len(store.asked) == 2
        assert not any("Authorization" in a[2] for a in store.asked)


def post(url, params, signature):
    request = urllib.request.Request(url, urllib.parse.urlencode(params).encode(),
                                     {"X-Twilio-Signature": signature})
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert answer.status == 200


# ---- out

def test_a_picture_goes_out(server, roomline, number):
    with Volunteer(server, "alice") as alice:
        phone = roomline.phone(number)
        phone.text("hello")
        room = alice.wait_invite()
        id = alice.send_file(room, upload(alice, server, JPEG))
        wait_until(phone.texts, 20, "a picture on the phone")
        said = alice.wait_for(lambda m: m.room == room and m.id == id)
        alice.wait_reaction(room, "✅", said.stanza_id)
        [text] = phone.texts()
        assert text["text"] == ""
        assert phone_got(roomline, text) == [JPEG]
        # with words, and another kind
        link = upload(alice, server, PNG, "poster.png", "image/png")
        alice.say(room, "The poster", f"<x xmlns='jabber:x:oob'><url>{link}</url></x>")
        alice.say(room, "See you there")
        phone.wait_received("See you there")
        texts = phone.texts()
        assert [t["text"] for t in texts] == ["", "The poster", "See you there"]
        assert phone_got(roomline, texts[1]) == [PNG] and texts[2]["media"] == []


def test_why_a_file_does_not_go_is_said(server, number):
    with daemon(server, sections={"policy": {"file_kb": 200}}) as roomline, \
            Volunteer(server, "alice") as alice:
        roomline.wait_chat()
        phone = roomline.phone(number)
        phone.text("hello")
        room = alice.wait_invite()
        alice.send_file(room, upload(alice, server, jpeg(250 * 1024)))
        alice.wait_for(lambda m: m.room == room and "could not get the file from the chat: it is too "
                       "large" in m.text)
        alice.send_file(room, upload(alice, server, CSV, "list.csv", "text/csv"))
        alice.wait_for(lambda m: m.room == room and "no kind of file" in m.text)
        alice.send_file(room, upload(alice, server, b"%PDF-1.7 ", "a.pdf",
                                     "application/pdf"))
        alice.wait_for(lambda m: m.room == room and "phones cannot be sent this kind of file (PDF "
                       "document)" in m.text)
        alice.wait_reaction(room, "❌")
        alice.send_file(room, f"http://{HOST}:{server.http_port}/nothing/there.jpg")
        alice.wait_for(lambda m: m.room == room and "the server says 404" in m.text)
        alice.say(room, "https://example.org/cat.jpg")  # a link is words
        phone.wait_received("https://example.org/cat.jpg")
        assert [t["media"] for t in phone.texts()] == [[]]


def test_a_provider_without_mms_is_told_of(server, number):
    # a provider that takes texts and nothing else, by configuration alone
    with FileHost() as provider:
        provider.put("/send", (200, {}, b"{}"))
        plain = {"name": "plain", "driver": "generic", "send_url": provider.url("/send"),
                 "send_body": '{"text":"${text}"}', "in_from": "from", "in_text": "text"}
        with daemon(server, providers=[plain], senders=[{**MAIN, "provider": "plain"}]) as roomline, \
                Volunteer(server, "alice") as alice:
            roomline.wait_chat()
            get(roomline.url + "/hook/hook-secret-0123456789/plain/in?" +
                urllib.parse.urlencode({"from": number, "text": "hello"}))
            room = alice.wait_invite()
            alice.send_file(room, upload(alice, server, JPEG))
            alice.wait_for(lambda m: m.room == room and "takes no pictures or files" in m.text)
            assert provider.asked == []


# ---- links

def test_only_our_links_work_and_not_for_ever(server, roomline, number):
    with Volunteer(server, "alice") as alice:
        roomline.phone(number).picture(JPEG)
        wait_picture(alice, alice.wait_invite())
    now = int(time.time())
    id = roomline.query("select max(id) from media")[0][0]
    good = make_link(roomline.url, id, now + 3600)
    assert get(good)[2] == JPEG
    assert get(make_link(roomline.url, id, now + 3600, name="x"))[2] == JPEG
    assert get(make_link(roomline.url, id, now - 1))[0] == 410
    assert get(make_link(roomline.url, id, now - 1), "HEAD")[0] == 410
    assert get(make_link(roomline.url, id, now + 3600, secret="another-secret-0123"))[0] == 403
    assert get(good.replace(f"/media/{id}/", f"/media/{id + 1}/"))[0] == 403
    assert get(good.replace(str(now + 3600), str(now + 7200)))[0] == 403
    assert get(make_link(roomline.url, 10 ** 9, now + 3600))[0] == 502
    assert get(good, "POST")[0] == 405
    for path in ("", "1", "1/2", "1/2/3", "1/2/3/4", "x/y/z/w", "%2e%2e/health", "-1/2/3/4"):
        assert get(f"{roomline.url}/media/{path}")[0] in (400, 404), path
    log = roomline.log()
    assert link_in(good) not in log and good.split("/")[-2] not in log


def test_slow_readers_fill_no_memory(prosody, number):
    """Those who take nothing of what they asked for cost one file each, up to a cap; the others are
    told to come again, and when the slow ones are gone, are served."""
    with daemon(prosody, sections={"policy": {"file_kb": 5120}}) as roomline, \
            Volunteer(prosody, "alice") as alice:
        roomline.wait_chat()
        large = jpeg(5 * 1024 * 1024)
        roomline.phone(number).picture(large)
        room = alice.wait_invite()
        told = alice.wait_for(lambda m: m.room == room and "sent a picture or file" in m.text)
        path = urllib.parse.urlparse(link_in(told.text)).path
        slow, refused = [], 0
        for _ in range(24):
            sock = socket.create_connection((HOST, roomline.port))
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            sock.settimeout(5)
            refused += sock.recv(12).endswith(b"503")
            slow.append(sock)
        assert 8 <= len(slow) - refused <= 12
        memory = resident(roomline.process.child.pid)
        assert memory < 400, f"{memory} MB"
        for sock in slow:
            sock.close()
        wait_until(lambda: get(link_in(told.text))[2] == large, 20, "a file again", step=0.2)


def resident(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return int(next(line for line in f if line.startswith("VmRSS")).split()[1]) // 1024


# ---- when we die in between

IN = ["hook.stored", "hook.committed", "relay.before_say", "relay.said:2", "relay.said",
      "relay.finished", "relay.finished:2"]
OUT = ["chat.stored", "chat.committed", "outbox.claimed", "outbox.committed", "outbox.requested",
       "send.answered", "send.stored"]


@pytest.mark.parametrize("step", IN)
def test_what_comes_in_is_neither_lost_nor_doubled(prosody, number, step):
    """The simulated phones die with the daemon: the picture is on a host that outlives it, and the
    text is handed over once more, as a provider would do it."""
    with FileHost() as host, Volunteer(prosody, "alice") as alice:
        host.put("/cat.jpg", JPEG)
        roomline = daemon(prosody)
        roomline.config["policy"]["file_hosts"].append(host.host)
        try:
            roomline.start().wait_chat()
            phone = roomline.phone(number)
            phone.text("begin")
            room = alice.wait_invite()
            alice.wait_text(room, "begin")
            roomline.kill()
            roomline.start(crash_at=step).wait_chat()
            phone.text("words", media=[host.url("/cat.jpg")], id="m1")
            assert roomline.wait_dead(), "it did not pass " + step
            roomline.start().wait_chat()
            phone.text("words", media=[host.url("/cat.jpg")], id="m1")
            picture = wait_picture(alice, room, 40)
            phone.text("and so on")
            alice.wait_text(room, "and so on", 40)
            assert by_contact(alice, room) == ["begin", "words", picture.text, "and so on"]
            assert get(picture.link)[2] == JPEG
            roomline.stop()
        finally:
            roomline.close()


@pytest.mark.parametrize("step", OUT)
def test_what_goes_out_is_neither_lost_nor_doubled(prosody, number, step):
    """The provider is another process here, so that it remembers what it was asked for."""
    with FileHost() as provider, Volunteer(prosody, "alice") as alice:
        got = []

        def take(request):
            got.append(request.rfile.read(int(request.headers["Content-Length"])).decode())
            return 200, {}, b'{"id":"p1"}'

        provider.put("/send", take)
        mms = {"name": "mms", "driver": "generic", "send_url": provider.url("/send"),
               "send_body": '{"text":"${text}","media":${media_json}}', "ok_id": "id",
               "in_from": "from", "in_text": "text", "caps": ["media"]}
        roomline = daemon(prosody, providers=[mms], senders=[{**MAIN, "provider": "mms"}])
        try:
            roomline.start().wait_chat()
            get(roomline.url + "/hook/hook-secret-0123456789/mms/in?" +
                urllib.parse.urlencode({"from": number, "text": "hello"}))
            room = alice.wait_invite()
            alice.wait_text(room, "hello")
            roomline.kill()
            link = upload(alice, prosody, JPEG)
            roomline.start(crash_at=step)
            alice.say(room, "The poster", f"<x xmlns='jabber:x:oob'><url>{link}</url></x>")
            assert roomline.wait_dead(40), "it did not pass " + step
            roomline.start().wait_chat()
            ended = "select state from message where outbound=1 and state not in (0, 20)"
            [[state]] = wait_until(lambda: roomline.query(ended), 40, "an end of it")
            assert len(got) <= 1
            if state == 25:  # in doubt: it is not sent again, and the room says so
                assert step in ("outbox.committed", "outbox.requested", "send.answered",
                                "send.stored", "outbox.claimed")
                alice.wait_for(lambda m: m.room == room and "did not answer about" in m.text)
            else:
                assert len(got) == 1
            for body in got:
                assert '"text":"The poster"' in body
                assert get(link_in(body.replace('"', " ")))[2] == JPEG
            assert roomline.query("select count(*) from message where outbound=1") == [(1,)]
            roomline.stop()
        finally:
            roomline.close()


def test_an_upload_that_dies_is_made_again(number):
    """Prosody is killed while pictures are on their way to it, again and again."""
    with Prosody() as server, daemon(server) as roomline, Volunteer(server, "alice") as alice:
        roomline.wait_chat()
        phone = roomline.phone(number)
        phone.text("begin")
        room = alice.wait_invite()
        alice.wait_text(room, "begin")
        pictures = [jpeg(200000, b"%d" % i) for i in range(6)]
        for i, picture in enumerate(pictures):
            phone.picture(picture, f"words {i}")
            if i % 2:
                threading.Event().wait(0.05 * i)
                server.kill()
                server.start()
        roomline.wait_chat(60)
        phone.text("and so on")
        wait_until(lambda: roomline.query("select count(*) from relay") == [(0,)], 90,
                   "everything shown", step=0.2)
        # the volunteer's own connection broke too
        archived = archive(server, room)
        assert [t for t in archived if t.startswith("words")] == [f"words {i}" for i in range(6)]
        links = [t for t in archived if t.startswith("http")]
        assert [get(link)[2] for link in links] == pictures
        assert archived[-1] == "and so on"
