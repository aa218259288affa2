# SPDX-License-Identifier: AGPL-3.0-or-later
"""Pictures and other files for people at Matrix clients: in rooms and in threads, on Synapse and on
the fake."""
import pytest

from chat import Volunteer as XmppVolunteer
from daemon import Roomline
from matrix_kit import Volunteer
from media_kit import CSV, JPEG, PNG, archive, get, hosts_of, jpeg, link_in
from servers import wait_until
from test_matrix_conversation import wait_contact


@pytest.fixture(params=["room", "thread"])
def shape(request):
    return request.param


@pytest.fixture
def roomline(homeserver, shape):
    with Roomline(homeserver, matrix={"shape": shape}) as daemon:
        yield daemon.wait_chat()


def picture_at(seat, kind="image", count=1, timeout=20):
    """The count-th file of the contact's, and its bytes as a client gets them."""
    wait_until(lambda: len(pictures(seat, kind)) >= count, timeout, f"{count} of {kind}")
    event = pictures(seat, kind)[count - 1]
    path = "/_matrix/client/v1/media/download/" + event.content["url"].removeprefix("mxc://")
    return event, seat.who.call("GET", path)


def pictures(seat, kind="image"):
    return [e for e in seat.who.of_room(seat.room)
            if e.thread == seat.thread and e.kind == kind and e.sender != seat.who.mxid]


def test_a_picture_comes_in(homeserver, roomline, shape, number):
    with Volunteer(homeserver, "alice") as alice:
        phone = roomline.phone(number)
        phone.picture(JPEG, "Look at this")
        phone.text("and then")
        seat = wait_contact(roomline, alice, "Look at this")
        event, answer = picture_at(seat)
        assert (answer.status, answer.body) == (200, JPEG)
        assert event.content["info"] == {"mimetype": "image/jpeg", "size": len(JPEG)}
        assert event.content["filename"] == "picture.jpg"
        assert event.sender == seat.first.sender
        assert event.content["body"] == (
            "picture.jpg" if shape == "room" else f"Contact …{number[-4:]} sent this")
        seat.sees("and then")
        order = [e.id for e in alice.of_room(seat.room) if seat.here(e)
                 and e.sender == event.sender and e.kind in ("text", "image")]
        assert order.index(seat.first.id) + 1 == order.index(event.id)
        phone.picture(b"%PDF-1.7\n", "the plan")
        event, answer = picture_at(seat, "file")
        assert event.content["filename"] == "document.pdf" and answer.body == b"%PDF-1.7\n"


def test_a_picture_goes_out(homeserver, roomline, number):
    with Volunteer(homeserver, "alice") as alice:
        phone = roomline.phone(number)
        phone.text("hello")
        seat = wait_contact(roomline, alice, "hello")
        said = alice.send_file(seat.room, PNG, thread=seat.thread or None)
        wait_until(phone.texts, 20, "a picture on the phone")
        alice.wait_marks(seat.room, said, "✅")
        alice.send(seat.room, "m.room.message", {
            "msgtype": "m.image", "body": "The poster", "filename": "poster.jpg",
            "url": alice.upload(JPEG, "image/jpeg"), "info": {"mimetype": "image/jpeg"}},
            thread=seat.thread or None)
        seat.say("See you there")
        phone.wait_received("See you there")
        texts = phone.texts()
        assert [t["text"] for t in texts] == ["", "The poster", "See you there"]
        assert [get(roomline.url + t["media"][0])[2] for t in texts[:2]] == [PNG, JPEG]


def test_why_a_file_does_not_go_is_said(homeserver, roomline, number):
    with Volunteer(homeserver, "alice") as alice:
        phone = roomline.phone(number)
        phone.text("hello")
        seat = wait_contact(roomline, alice, "hello")
        thread = seat.thread or None
        alice.send_file(seat.room, CSV, "text/csv", "list.csv", thread)
        seat.sees("no kind of file")
        alice.send_file(seat.room, b"%PDF-1.7\n", "application/pdf", "plan.pdf", thread)
        seat.sees("phones cannot be sent this kind of file (PDF document)")
        seat.say("cat.jpg", msgtype="m.image", url="mxc://" + homeserver.domain + "/nothing",
                 info={"mimetype": "image/jpeg", "size": 5})
        seat.sees("the server says 404")
        seat.say("cat.jpg", msgtype="m.image", url="mxc://../../etc", info={"mimetype": "image/jpeg"})
        seat.sees("I cannot get that picture or file")
        seat.say("cat.jpg", msgtype="m.image", info={"mimetype": "image/jpeg"},
                 file={"url": "mxc://" + homeserver.domain + "/x", "key": {}, "iv": "a", "hashes": {}})
        wait_until(lambda: len([t for t in seat.texts() if "cannot get that picture" in t]) == 2, 15,
                   "an encrypted one")
        seat.say("and so on")
        phone.wait_received("and so on")
        assert [t["media"] for t in phone.texts()] == [[]]


def test_what_the_server_does_not_take_is_a_link_of_ours(fake_homeserver, shape, number):
    with Roomline(fake_homeserver, matrix={"shape": shape}) as roomline, \
            Volunteer(fake_homeserver, "alice") as alice:
        roomline.wait_chat()
        fake_homeserver.knob(media_limit=10000)
        try:
            phone = roomline.phone(number)
            phone.picture(jpeg(20000), "large")
            seat = wait_contact(roomline, alice, "large")
            told = seat.sees("sent a picture or file")
            assert told.kind == "notice" and told.sender == roomline.slot.bot
            assert get(link_in(told.text))[2] == jpeg(20000)
            fake_homeserver.fail("/_matrix/media/v3/upload", count=2)  # it is tried again
            phone.picture(PNG)
            assert picture_at(seat)[1].body == PNG
        finally:
            fake_homeserver.knob(media_limit=50 * 1024 * 1024)
            fake_homeserver.clear()


@pytest.mark.parametrize("fault", ["drop", "drop_after"])
def test_a_picture_is_shown_once(fake_homeserver, shape, number, fault):
    """The connection breaks when it is uploaded, and when it is said."""
    with Roomline(fake_homeserver, matrix={"shape": shape}) as roomline, \
            Volunteer(fake_homeserver, "alice") as alice:
        roomline.wait_chat()
        phone = roomline.phone(number)
        phone.text("hello")
        seat = wait_contact(roomline, alice, "hello")
        getattr(fake_homeserver, fault)("/_matrix/media/v3/upload")
        getattr(fake_homeserver, fault)("/send/m.room.message/", method="PUT")
        phone.picture(JPEG)
        phone.text("and so on")
        seat.sees("and so on", 40)
        assert picture_at(seat)[1].body == JPEG
        assert len(pictures(seat)) == 1


@pytest.mark.parametrize("step", ["relay.before_say:2", "relay.said:2", "relay.finished:2"])
def test_a_picture_is_neither_lost_nor_doubled(synapse, number, step):
    roomline = Roomline(synapse, matrix={"shape": "room"})
    try:
        with Volunteer(synapse, "alice") as alice:
            roomline.start().wait_chat()
            phone = roomline.phone(number)
            phone.text("hello")
            seat = wait_contact(roomline, alice, "hello")
            roomline.kill()
            roomline.start(crash_at=step).wait_chat()
            url = unreachable(synapse)
            phone.text("words", media=[url], id="m1")
            assert roomline.wait_dead(), "it did not pass " + step
            roomline.start().wait_chat()
            phone.text("words", media=[url], id="m1")
            seat.sees("words", 40)
            phone.text("and so on")
            seat.sees("and so on", 40)
            assert len([t for t in seat.texts() if t == "words"]) == 1
            assert len([t for t in seat.texts() if "could not get" in t]) == 1
            roomline.stop()
    finally:
        roomline.close()


def unreachable(synapse):
    """Something that cannot be had, so that what is said of it is in words."""
    return f"https://127.0.0.1:{synapse.port}/nothing.jpg"


def test_both_networks_show_it(prosody, synapse, number):
    """The volunteer at Matrix takes it; the room in XMPP shows the same picture, fetched once."""
    with Roomline([prosody, synapse], sections=hosts_of(prosody)) as roomline, \
            XmppVolunteer(prosody, "alice", join_invites=False) as alice, \
            Volunteer(synapse, "alice") as mona:
        roomline.wait_chat()
        phone = roomline.phone(number)
        phone.picture(JPEG, "for all")
        room = alice.wait_invite()
        seat = wait_contact(roomline, mona, "for all")
        assert picture_at(seat)[1].body == JPEG
        said = wait_until(lambda: [t for t in archive(prosody, room) if t != "for all"], 20,
                          "a picture in the other room")
        assert get(said[0])[2] == JPEG
        assert roomline.log().count("media.fetched") == 1
        mona.send_file(seat.room, PNG)
        wait_until(phone.texts, 20, "a picture on the phone")
        assert get(roomline.url + phone.texts()[0]["media"][0])[2] == PNG
