# SPDX-License-Identifier: AGPL-3.0-or-later
"""From a provider's hook to the stanza that Prosody routes, against a bare program.

Both roads end at the same client, and both begin when the first byte is written:
  bare      a component of 40 lines writes the groupchat stanza to its socket
  Roomline  a signed Twilio hook is posted over a kept connection; it is verified, stored with a
            durable commit, and shown in a room that is there
50 a second, the two in turns of a second, so that both meet the same machine. What is compared is
the difference of the medians.
"""
import hashlib
import re
import socket
import statistics
import sys
import time

from chat import Volunteer
from daemon import Roomline
from hook import Hook, twilio
from servers import HOST, Prosody

RATE = 50
SECONDS = 20
CONTACT = "+14155550177"


class Bare:
    """A component that only sends: what the road costs without Roomline."""

    def __init__(self, server, domain):
        self.domain, self.room = domain, f"bare@{server.muc}"
        self.socket = socket.create_connection((HOST, server.component_port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.send(f"<stream:stream xmlns='jabber:component:accept' "
                  f"xmlns:stream='http://etherx.jabber.org/streams' to='{domain}'>")
        stream = re.search(r"id='([^']+)'", self.read()).group(1)
        digest = hashlib.sha1((stream + server.secret).encode()).hexdigest()
        self.send(f"<handshake>{digest}</handshake>")
        self.read()
        self.send(f"<presence from='a@{domain}/b' to='{self.room}/bare'>"
                  "<x xmlns='http://jabber.org/protocol/muc'/></presence>")
        self.read()
        self.send(f"<iq type='set' id='c' from='a@{domain}/b' to='{self.room}'><query "
                  "xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' "
                  "type='submit'/></query></iq>")
        self.read()

    def send(self, xml):
        self.socket.sendall(xml.encode())

    def read(self, seconds=0.3):
        self.socket.settimeout(seconds)
        out = b""
        try:
            while True:
                out += self.socket.recv(65536)
        except OSError:
            return out.decode()

    def text(self, _contact, body):
        self.send(f"<message type='groupchat' id='{body}' from='a@{self.domain}/b' "
                  f"to='{self.room}'><body>{body}</body></message>")

    def drain(self):
        self.read(0.001)


def run(way, name, count, sent):
    for i in range(count):
        start = time.monotonic()
        body = f"{name}-{len(sent)}"
        sent[body] = start
        way.text(CONTACT, body)
        time.sleep(max(0, 1 / RATE - (time.monotonic() - start)))


def arrivals(client, sent):
    at = {m.text: m.at for m in client.messages if m.text in sent}
    missing = [b for b in sent if b not in at]
    if missing:
        raise RuntimeError(f"{len(missing)} of {len(sent)} did not arrive")
    return sorted((at[b] - sent[b]) * 1000 for b in sent)


def report(name, ms):
    p50, p99 = statistics.median(ms), ms[int(len(ms) * 0.99)]
    print(f"  {name:<10} p50 {p50:6.2f} ms   p99 {p99:6.2f} ms   ({len(ms)} texts)")
    return p50, p99


def main():
    extra = 'Component "bare.localhost"\n  component_secret = "s3cret"\n'
    with Prosody(muc_lines='storage = "memory"\n' + extra) as server, \
            Roomline(server, sections={"log": {"level": "warn"}}, **twilio()) as roomline, \
            Volunteer(server, "alice") as alice:
        roomline.wait_chat()
        hook, bare = Hook(roomline), Bare(server, "bare.localhost")
        hook.text(CONTACT, "first")
        room = alice.wait_invite()
        alice.wait_text(room, "first")
        alice.join(bare.room)
        sent = {"bare": {}, "roomline": {}}
        for _ in range(SECONDS):
            run(bare, "bare", RATE, sent["bare"])
            run(hook, "roomline", RATE, sent["roomline"])
            bare.drain()
        time.sleep(2)
        print(f"Hook to stanza, {RATE}/s:")
        bare_p50, bare_p99 = report("bare", arrivals(alice, sent["bare"]))
        p50, p99 = report("Roomline", arrivals(alice, sent["roomline"]))
        added = p50 - bare_p50
        print(f"  added: p50 {added:.2f} ms (wanted: at most 3), p99 {p99 - bare_p99:.2f} ms; "
              f"ratio of the medians {p50 / bare_p50:.2f}")
        return 0 if added <= 3 else 1


if __name__ == "__main__":
    sys.exit(main())
