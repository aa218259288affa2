# SPDX-License-Identifier: AGPL-3.0-or-later
"""The stream to the server: all the ways it ends, what it costs, and what the library gets wrong."""
import pathlib
import re
import signal
import time

import pytest

from chat import Volunteer
from daemon import ROOT
from probe import Probe
from servers import Prosody, free_ports, wait_until
from xmpp_kit import MEMBERS, TenLineServer
from xmpp_kit import alice, bob, control, probe, token  # fixtures, which need each other


def test_after_a_power_cut_of_the_server_everything_comes_back():
    with Prosody() as server, Volunteer(server, "alice") as alice, Probe(server) as probe:
        room = probe.open(1, "aa11", members=MEMBERS)
        alice.wait_invite()
        probe.say(1, 1, "one", voice="contact", wait=True)
        cursor = probe.all("done")[0].event
        server.kill()
        probe.wait("down")
        assert "not connected" in probe.describe()
        probe.say(2, 1, "into the void", voice="contact")  # void: it will be asked for again
        time.sleep(0.3)
        server.start()
        probe.wait("up", count=2, timeout=30)
        with Volunteer(server, "bob") as bob:
            probe.open(1, "aa11", members=MEMBERS + ["bob@localhost"], cursor=cursor)
            assert bob.wait_invite() == room
            probe.say(2, 1, "two", voice="contact", wait=True)
            bob.wait_text(room, "two")
            assert "into the void" not in [m.text for m in bob.of_room(room)]
            bob.say(room, "hello")
            probe.wait("said", text="hello")


def test_every_call_ends_or_is_void_when_the_server_dies_under_load():
    """SIGPIPE, half-written stanzas, and a stream that breaks while both sides talk."""
    with Prosody() as server, Probe(server) as probe:
        probe.open(1, "aa11", members=MEMBERS)
        for i in range(1, 400):
            probe.say(i, 1, "x" * 2000, voice="contact")
        server.kill()
        for i in range(400, 500):
            probe.say(i, 1, "x" * 2000)
        probe.wait("down")
        server.start()
        probe.wait("up", count=2, timeout=30)
        probe.forget()
        probe.open(1, "aa11", members=MEMBERS)
        known = {t.relay for t in probe.all("done")}
        missing = [i for i in range(1, 500) if i not in known]
        for i in missing:
            probe.say(i, 1, "x" * 2000, voice="contact")
        for i in missing:
            probe.wait("done", i, timeout=60)


def test_a_server_that_stalls_gets_everything_in_the_end(token):
    with Prosody() as server, Probe(server) as probe:
        probe.open(1, token, members=MEMBERS)
        probe.open(2, kind="direct", address="alice@localhost")
        server.pause()
        try:
            for i in range(1, 60):
                probe.say(i, 1, "y" * 60000)  # more than the sockets hold
            probe.say(60, 2, "z" * 60000)
            time.sleep(1)
            before = probe.cpu_seconds()
            time.sleep(2)
            assert probe.cpu_seconds() - before < 0.2  # waits for the socket, does not spin
        finally:
            server.resume()
        for i in range(1, 61):
            probe.wait("done", i, timeout=40)
        assert not probe.all("down")


def test_a_server_that_does_not_answer_is_left():
    """Longer than any answer may take; the stream is given up and made anew."""
    with Prosody() as server, Probe(server) as probe:
        probe.open(2, kind="direct", address="alice@localhost")
        server.pause()
        try:
            probe.say(1, 2, "hello?")
            assert "does not answer" in probe.wait("down", timeout=45).why
        finally:
            server.resume()
        probe.wait("up", count=2, timeout=40)


def test_wrong_secret_says_what_to_do_and_is_not_hammered(server):
    with Probe(server, wait=False, secret="wrong") as probe:
        wait_until(lambda: "secret" in probe.describe(), 10, "the reason")
        text = probe.describe()
        assert "xmpp.secret" in text and "sms.localhost" in text
        assert int(re.search(r"next try in (\d+) s", text)[1]) >= 55
        assert not probe.all("up") and not probe.all("down")


def test_unknown_domain_says_what_to_do(server):
    with Probe(server, wait=False, domain="other.localhost", server="localhost") as probe:
        wait_until(lambda: "other.localhost" in probe.describe(), 10, "the reason")
        assert "next try in" in probe.describe()


def test_a_stanza_that_comes_in_parts_waits_for_no_other():
    """Not with an expat that would rather see more first."""
    with TenLineServer() as server, Probe(server) as probe:
        for size in (100, 3000):
            head = f"<iq type='get' from='alice@localhost/x' to='bot@sms.localhost' id='{'x' * size}"
            for part in (head, "y" * (size // 2), "'>", "<ping xmlns='urn:xmpp:ping'/></iq>"):
                server.send(part)
                time.sleep(0.1)  # in a read of its own
            server.streams[-1].settimeout(5)
            answer = b""
            while b"</iq>" not in answer and b"/>" not in answer:
                answer += server.streams[-1].recv(65536)
            assert b'type="result"' in answer
        assert not probe.all("down")


def test_no_server_at_all_is_retried(token):
    with Prosody() as server:
        server.stop()
        with Probe(server, wait=False) as probe:
            wait_until(lambda: "not connected" in probe.describe(), 10, "the reason")
            server.start()
            probe.wait("up", timeout=40)
            probe.open(1, token, members=MEMBERS)


def test_a_server_that_lets_us_make_no_rooms_is_explained():
    with Prosody(muc_lines="restrict_room_creation = true") as server, Probe(server) as probe:
        probe.open(1, "aa11", members=MEMBERS, wait=False)
        assert "create rooms" in probe.wait("lost", 1).why


def test_a_wrong_muc_service_is_explained(server):
    with Probe(server, muc_service="nothere.localhost") as probe:
        probe.open(1, "aa11", members=MEMBERS, wait=False)
        assert probe.wait("lost", 1, timeout=45).why


def test_a_second_daemon_is_told_apart():
    with Prosody(conflict="kick_new") as server, Probe(server) as first, \
            Probe(server, wait=False) as second:
        wait_until(lambda: "another program" in second.describe(), 10, "the reason")
        assert not first.all("down") and not second.all("up")


def test_descriptors_beyond_what_select_can_take(server, token):
    with Probe(server, start=False) as probe:
        import resource
        soft = resource.prlimit(probe.child.pid, resource.RLIMIT_NOFILE)[1]
        resource.prlimit(probe.child.pid, resource.RLIMIT_NOFILE, (min(4096, soft), soft))
        probe.send("fds", 1500)
        probe.send("start")
        probe.wait("up")
        probe.open(1, token, members=MEMBERS)


def test_stopping_says_goodbye(server, token):
    with Probe(server) as probe:
        probe.open(1, token, members=MEMBERS)
        probe.send("stop")
        assert probe.wait("down", timeout=5).why == "stopped"
        assert probe.describe() == "off"
        probe.send("start")
        probe.wait("up", count=2)


def test_stopping_while_not_connected():
    class Nowhere:
        component, secret, muc = "sms.localhost", "x", "rooms.localhost"
        component_port = free_ports(1)[0]

    with Probe(Nowhere, wait=False) as probe:
        wait_until(lambda: "not connected" in probe.describe(), 10, "the reason")
        probe.send("stop")
        assert probe.wait("down").why == "stopped"


@pytest.mark.parametrize("end", [
    "<stream:error><not-well-formed xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>"
    "</stream:stream>",
    "<stream:error><invalid-from xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>"
    "</stream:stream>",
    "</stream:stream>", "<not <xml", ""])
def test_stream_errors_are_named_and_survived(end):
    with TenLineServer() as server, Probe(server) as probe:
        server.send(end)
        server.streams[-1].close()
        why = probe.wait("down").why
        for name in ("not-well-formed", "invalid-from"):
            assert (name in end) == (name in why)
        probe.wait("up", count=2, timeout=5)  # the first pause is one second
        server.streams[-1].close()
        probe.wait("up", count=3, timeout=8)
        ups, downs = probe.all("up"), probe.all("down")
        assert 0.9 < ups[1].at_time - downs[0].at_time < 1.9
        assert 1.9 < ups[2].at_time - downs[1].at_time < 3.5


def test_deep_nesting_does_not_hurt():
    """As deep as a client's 256 KiB allow; real servers choke on it or pass it on."""
    with TenLineServer() as server, Probe(server) as probe:
        address = "type='chat' from='alice@localhost/x' to='bot@sms.localhost'"
        server.send(f"<message {address}><body>deep</body>" + "<a>" * 37000 + "</a>" * 37000 +
                    f"</message><message {address}><body>after</body></message>")
        probe.wait("said", text="after")
        assert len(probe.all("said")) == 2


def test_writing_into_a_closed_socket():
    """Two writes after the server's goodbye raise SIGPIPE, as the library does not prevent it."""
    with TenLineServer() as server, Probe(server) as probe:
        probe.open(2, kind="direct", address="alice@localhost")
        probe.child.send_signal(signal.SIGSTOP)
        wait_until(lambda: probe.state() == "T", 5, "the probe stopped")
        for i in range(1, 10):
            probe.say(i, 2, "x" * 1000)
        time.sleep(0.2)
        server.streams[-1].close()
        time.sleep(0.2)
        probe.child.send_signal(signal.SIGCONT)
        probe.wait("down")
        probe.wait("up", count=2)


def test_an_answer_counts_only_from_whom_we_asked():
    with TenLineServer() as server, Probe(server) as probe:
        probe.open(2, kind="direct", address="alice@localhost")
        probe.say(1, 2, "hi")
        time.sleep(0.3)
        sent = server.streams[-1].recv(65536).decode()
        ping = re.search(r'<iq [^>]*id="([^"]+)"', sent)[1]
        for mallory in ("mallory@localhost", "rooms.localhost"):
            server.send(f"<iq type='result' id='{ping}' from='{mallory}' to='sms.localhost'/>")
        server.send("<message type='chat' from='alice@localhost/x' to='bot@sms.localhost'>"
                    "<body>yo</body></message>")
        probe.wait("said", text="yo")
        assert not probe.all("done")
        server.send(f"<iq type='result' id='{ping}' from='localhost' to='sms.localhost'/>")
        probe.wait("done", 1)


def test_nothing_is_sent_past_the_one_file_that_cleans():
    banned = re.compile(r"xmpp_send_raw|xmpp_stanza_new_from_string|xmpp_send\(|xmpp_stanza_set_")
    allowed = {"xmpp_build.c": {"xmpp_stanza_set_"}, "xmpp_link.c": {"xmpp_send("},
               "xmpp_ask.c": {"xmpp_stanza_set_"}}  # the id of a question, which is ours
    for file in sorted(pathlib.Path(ROOT, "src/chat").rglob("*.c")):
        code = re.sub(r"/\*.*?\*/", "", file.read_text(encoding="utf-8"), flags=re.S)
        assert set(banned.findall(code)) <= allowed.get(file.name, set()), file


# ---- many, and nothing


def test_many_rooms_open_at_once(server, token, alice):
    count = 150
    with Probe(server) as probe:
        for i in range(1, count + 1):
            probe.open(i, f"{token}{i}", members=MEMBERS, invite=False, wait=False)
        for i in range(1, count + 1):
            probe.wait("ready", i, timeout=120)
        probe.kill()
    with Probe(server) as probe:
        started = time.monotonic()
        for i in range(1, count + 1):
            probe.open(i, f"{token}{i}", members=MEMBERS, invite=False, wait=False)
        for i in range(1, count + 1):
            probe.wait("ready", i, timeout=120)
        assert time.monotonic() - started < 30
        assert not probe.all("lost")


def test_idling_costs_nearly_nothing(probe, alice, token):
    room = probe.open(1, token, members=MEMBERS)
    alice.wait_invite()
    probe.say(1, 1, "hi", voice="contact", wait=True)
    time.sleep(0.5)
    before = probe.cpu_seconds()
    time.sleep(5)
    assert probe.cpu_seconds() - before <= 0.01  # one tick of the kernel's clock: 0.2 %
    times = []
    for i in range(20):
        alice.say(room, f"ping {i}")
        mine = alice.wait_text(room, f"ping {i}")
        times.append(probe.wait("said", text=f"ping {i}").at_time - mine.at)
    # Next to when the volunteer's own client got it back from the same server.
    assert sorted(times)[10] < 0.005
