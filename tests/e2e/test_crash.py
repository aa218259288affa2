# SPDX-License-Identifier: AGPL-3.0-or-later
"""The daemon, Prosody and Kannel are killed at every step of both roads; then it is counted.

Each round is one life of the daemon: a phone texts, a volunteer answers, and the daemon dies by
SIGKILL at a named step (or is killed where it stands, when it does not pass that step). Now and then
Prosody or Kannel is killed instead. In the end a daemon without crash points runs until all is
quiet, and every text must be where it belongs: in the room once and in order; on the phone at most
once and in order, and where it is not there for sure, the room has said so.

Whatever the daemon answered 200 for must be stored, at any moment. What Kannel lost before that (see
Kannel.lost) is counted by itself, and the phones text it again in the end.

ROOMLINE_CRASH_ROUNDS sets how many rounds (200).
"""
import itertools
import os
import random
import time

from chat import Volunteer
from daemon import SENDER
from kannel import requests_for, roomline_on_kannel
from servers import Prosody, wait_until

ROUNDS = int(os.environ.get("ROOMLINE_CRASH_ROUNDS", "200"))
CONTACT = "+14155550142"
STOPPER = "+1415557{:04d}"

STEPS = [
    # a text comes in
    "hook.received", "hook.stored", "hook.committed", "relay.before_say", "relay.said",
    "relay.finished",
    # a volunteer answers
    "chat.received", "chat.stored", "chat.committed", "outbox.claimed", "outbox.committed",
    "outbox.requested", "send.answered", "send.stored",
    # nothing may have left of what is not on disk yet
    "hook.stored,store.commit", "chat.stored,store.commit", "outbox.claimed,store.commit",
    "send.stored,store.commit",
]


class Life:
    """What happens during the rounds, and the reckoning after them."""

    def __init__(self, prosody, roomline, kannel, alice):
        self.prosody, self.roomline, self.kannel, self.alice = prosody, roomline, kannel, alice
        self.room = None
        self.texted = []  # by phones: (from, text)
        self.said, self.stopped, self.again = [], [], []
        self.deaths = dict.fromkeys(STEPS, 0)
        self.random = random.Random(7)

    def begin(self):
        self.roomline.start().wait_chat()
        self.kannel.mo(CONTACT, SENDER, "begin")
        self.room = self.alice.wait_invite()
        self.alice.wait_text(self.room, "begin")
        self.alice.say(self.room, "go")
        self.kannel.wait_received(lambda s: s["text"] == "go")
        self.roomline.kill()

    def text(self, phone, text):
        self.texted.append((phone, text))
        self.kannel.mo(phone, SENDER, text)

    def traffic(self, i):
        self.kannel.revive()
        self.text(CONTACT, f"in {i}")
        if i % 10 == 9:
            self.stopped.append(STOPPER.format(i))
            self.text(self.stopped[-1], "STOP")
        self.said.append(f"out {i}")
        self.alice.say(self.room, self.said[-1])

    def round(self, i, step):
        first, comma, then = step.partition(",")
        at = f"{first}:{self.random.choice((1, 1, 2))}{comma}{then}"
        self.roomline.start(crash_at=at, wait=False)
        self.traffic(i)
        if i % 20 == 9:
            self.kill_prosody()
        if self.roomline.wait_dead(3):
            self.deaths[step] += 1
        self.roomline.kill()

    def kill_kannel(self, i):
        """While it takes a text of ours. What phones have texted must have reached us before, or it
        would be lost with its smsbox."""
        self.roomline.start().wait_chat()
        self.wait_texts(self.kannel.lost)
        self.said.append(f"out {i}")
        self.alice.say(self.room, self.said[-1])
        time.sleep(self.random.random() / 5)
        self.kannel.kill()
        self.kannel.start()
        self.roomline.kill()

    def missing(self):
        """What phones have texted and is not stored."""
        answered = self.kannel.answered()
        stored = set(self.roomline.query(
            "select k.phone, m.text from message m join conversation c on c.id=m.conversation "
            "join contact k on k.id=c.contact where m.outbound=0"))
        assert not answered - stored, f"answered and not stored: {answered - stored}"
        return set(self.texted) - stored

    def wait_texts(self, except_for=set):
        def missing():
            self.kannel.revive()
            return self.missing() - except_for()

        wait_until(lambda: not missing(), 60, lambda: f"{missing()} missing; {self.kannel.logs()}", 0.2)

    def text_again(self):
        """What Kannel has lost."""
        missing = self.missing()
        assert missing <= self.kannel.lost(), f"not lost by Kannel: {missing - self.kannel.lost()}"
        self.again = [t for t in self.texted if t in missing]
        for phone, text in self.again:
            self.kannel.mo(phone, SENDER, text)
        self.wait_texts()

    def kill_prosody(self):
        self.prosody.kill()
        wait_until(lambda: not self.alice.online, 20, "alice noticed")
        self.alice._end_loop()
        self.prosody.start()
        self.alice.login()
        self.alice.join(self.room, 30)

    def settle(self):
        count = "select count(*) from message where outbound=1 and state in (0, 20)"
        quiet = time.monotonic()
        last = None
        end = quiet + 120
        while time.monotonic() < end:
            self.kannel.revive()
            now = (self.roomline.query("select count(*), max(updated_at) from message"),
                   self.roomline.query(count), self.roomline.query("select count(*) from relay"))
            if now != last:
                last, quiet = now, time.monotonic()
            if time.monotonic() - quiet > 15 and now[1] == [(0,)] and now[2] == [(0,)]:
                return
            time.sleep(0.5)
        raise TimeoutError(f"not quiet: {last}")

    # ---- the reckoning

    def archive(self):
        """All that the room's archive holds, as (nick, text), read anew by a client that joins."""
        rows, after = [], ""
        while True:
            query = (f"<query xmlns='urn:xmpp:mam:2' queryid='q'><set "
                     f"xmlns='http://jabber.org/protocol/rsm'><max>100</max>{after}</set></query>")
            before = len(self.alice.messages)
            fin = self.alice.iq(self.room, "set", query, 30)
            for m in self.alice.messages[before:]:
                if "urn:xmpp:mam:2" in m.xml and "urn:xmpp:forward:0" in m.xml:
                    rows.append(m.xml)
            last = fin.find(".//{http://jabber.org/protocol/rsm}last")
            if last is None or fin.find("{urn:xmpp:mam:2}fin").get("complete") == "true":
                return rows
            after = f"<after>{last.text}</after>"

    def in_archive(self, texts):
        rows = self.archive()
        return {t: [i for i, xml in enumerate(rows) if f"body>{t}<" in xml] for t in texts}

    def check_inbound(self):
        assert not self.missing()
        shown = self.in_archive([t for phone, t in self.texted if phone == CONTACT])
        lost = [t for t, at in shown.items() if not at]
        twice = [t for t, at in shown.items() if len(at) > 1]
        # Kannel tries again out of order while the daemon is away: what counts is the order in
        # which they were taken from it.
        taken = [t for t, in self.roomline.query(
            "select text from message where outbound=0 and text like 'in %' order by id")]
        order = [shown[t][0] for t in taken if shown[t]]
        stored = self.roomline.query("select text, count(*) from message where outbound=0 and "
                                     "text like 'in %' group by text having count(*) <> 1")
        assert (lost, twice, stored) == ([], [], [])
        assert order == sorted(order), "the order in the room"

    def check_outbound(self):
        # What Prosody lost when it was killed, nobody has said: her client shows it as not sent.
        self.said = [t for t, at in self.in_archive(self.said).items() if at]
        got = [s["text"] for s in self.kannel.received() if s["to"] == CONTACT]
        taken = {t: requests_for(self.kannel, t) for t in self.said}
        twice = [t for t, n in taken.items() if n > 1]
        states = dict(self.roomline.query(
            "select text, state from message where outbound=1 and text like 'out %'"))
        lost = [t for t in self.said if t not in states]
        unsaid = [t for t in self.said if taken[t] == 0 and states.get(t) not in (25, 92)]
        assert (lost, twice, unsaid) == ([], [], [])
        firsts = [t for t in dict.fromkeys(got) if t in taken]
        assert firsts == [t for t in self.said if t in firsts], "the order on the phone"
        return sum(n == 0 for n in taken.values()), sum(s == 25 for s in states.values())

    def check_confirmations(self):
        per = {n: len([s for s in self.kannel.received()
                       if s["to"] == n and "unsubscribed" in s["text"]]) for n in self.stopped}
        assert max(per.values(), default=0) <= 1, per
        suppressed = {p for p, in self.roomline.query("select phone from suppression")}
        assert set(self.stopped) <= suppressed
        return sum(per.values())


def test_killed_at_every_step(capsys):
    with Prosody() as prosody, \
            roomline_on_kannel(prosody, start=False, env={"ASAN_OPTIONS": "detect_leaks=0"}) \
            as (roomline, kannel), Volunteer(prosody, "alice") as alice:
        life = Life(prosody, roomline, kannel, alice)
        life.begin()
        steps = itertools.cycle(STEPS)
        for i in range(ROUNDS):
            if i % 20 == 19:
                life.kill_kannel(i)
            else:
                life.round(i, next(steps))
        life.roomline.start().wait_chat()
        life.settle()
        if life.missing():
            life.text_again()
            life.settle()
        life.check_inbound()
        never, unknown = life.check_outbound()
        confirmed = life.check_confirmations()
        died = sum(life.deaths.values())
        with capsys.disabled():
            print(f"\n{ROUNDS} rounds, {roomline.starts} lives, {died} deaths at a named step: "
                  f"{len(life.texted)} texts in, 0 lost, 0 twice, {len(life.again)} lost by Kannel and "
                  f"texted again; {len(life.said)} out, 0 lost, 0 sent "
                  f"twice, {unknown} left to a person as unknown ({never} never reached Kannel); "
                  f"{len(life.stopped)} stops, {confirmed} confirmations, 0 twice; order kept")
        if ROUNDS >= 2 * len(STEPS):
            missing = [s for s, n in life.deaths.items() if n == 0]
            assert not missing, f"never died at {missing}"
