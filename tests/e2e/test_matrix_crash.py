# SPDX-License-Identifier: AGPL-3.0-or-later
"""The daemon is killed at every step of both roads and of making rooms, cards and marks, and Synapse
with it now and then; then it is counted.

Each round is one life of the daemon: a new contact texts, and one who has texted before; a volunteer
answers; and the daemon dies by SIGKILL at a named step (or is killed where it stands, when it does not
pass that step). In some rounds Synapse is killed as well, and both come back. In the end a daemon
without crash points runs until all is quiet, and every text must be where it belongs: in the room or
thread once and in order; on the phone at most once and in order, and where it is not there for sure,
the room has said so. No room, desk, card, mark or confirmation may be there twice.

ROOMLINE_CRASH_ROUNDS sets how many rounds (100), half of them for each shape.
"""
import itertools
import os
import random
import time

import pytest

from matrix_ledger import Ground
from matrix_slots import Slots
from synapse import Synapse, escape

ROUNDS = int(os.environ.get("ROOMLINE_CRASH_ROUNDS", "100")) // 2
STANDING = "+14155550142"
NEW = "+1415556{:04d}"
STOPPER = "+1415557{:04d}"
SYNAPSE_DIES = 8  # every so many rounds
UNKNOWN, FAILED = 25, 92

STEPS = {
    "both": [
        # a text comes in
        "hook.received", "hook.stored", "hook.committed", "relay.before_say", "relay.said",
        "matrix.said", "relay.finished",
        # a volunteer answers
        "matrix.received", "chat.received", "chat.stored", "matrix.stored", "chat.committed",
        "matrix.committed", "outbox.claimed", "outbox.committed", "outbox.requested", "send.answered",
        "send.stored", "matrix.marked", "matrix.mark_taken_away",
        # a room or a card is made
        "matrix.room_changed", "matrix.place_found",
        # nothing may have left of what is not on disk yet
        "hook.stored,store.commit", "matrix.stored,store.commit", "send.stored,store.commit",
    ],
    "room": ["matrix.ghost_registered", "matrix.room_made", "matrix.room_kept",
             "matrix.room_kept,store.commit"],
    "thread": ["matrix.card_sent"],
}


class Life:
    """What happens during the rounds, and the reckoning after them."""

    def __init__(self, ground, shape):
        self.ground, self.shape = ground, shape
        self.roomline, self.synapse = ground.roomline, ground.server
        self.stopped = []
        self.steps = STEPS["both"] + STEPS[shape]
        self.deaths = dict.fromkeys(self.steps, 0)
        self.synapse_deaths = 0
        self.dice = random.Random(7)

    def begin(self):
        self.roomline.start().wait_chat()
        self.standing = self.ground.talk(STANDING, "begin")
        self.standing.says("go")
        self.ground.settle()
        self.roomline.kill()

    def traffic(self, i):
        self.ground.talk(NEW.format(i)).hears(f"first {i}")
        self.standing.hears(f"in {i}")
        if i % 10 == 4:
            self.stopped.append(STOPPER.format(i))
            self.ground.carrier.text(self.stopped[-1], "STOP")
        self.standing.says(f"out {i}")
        unanswered = (t for t in self.ground.talks if not t.said and t.seen())
        for n, talk in enumerate(itertools.islice(unanswered, 2)):
            talk.says(f"answer {i} {n}")

    def round(self, i, step):
        first, comma, then = step.partition(",")
        at = f"{first}:{self.dice.choice((1, 1, 2))}{comma}{then}"
        self.roomline.start(crash_at=at, wait=False)
        self.traffic(i)
        if i % SYNAPSE_DIES == SYNAPSE_DIES - 1:
            self.kill_synapse()
        if self.roomline.wait_dead(3):
            self.deaths[step] += 1
        self.roomline.kill()

    def kill_synapse(self):
        """At any moment, while all that was said is on its way."""
        time.sleep(self.dice.random())
        self.synapse.kill()
        self.synapse_deaths += 1
        self.synapse.start()

    def settle(self):
        for talk in self.ground.talks:
            talk.sit()
        quiet, last = time.monotonic(), None
        end = quiet + 150
        while time.monotonic() < end:
            now = [self.roomline.query(q) for q in (
                "select count(*) from message where outbound=1 and state in (0, 20)",
                "select count(*) from relay", "select count(*), max(updated_at) from message")]
            if now != last or not (self.ground.courier.idle and self.ground.carrier.courier.idle):
                last, quiet = now, time.monotonic()
            if time.monotonic() - quiet > 8 and now[:2] == [[(0,)], [(0,)]]:
                return
            time.sleep(0.2)
        raise TimeoutError(f"not quiet: {last} {self.roomline.log()[-3000:]}")

    # ---- the reckoning

    def check_inbound(self):
        wrong = [(t.phone, t.texted, t.shown()) for t in self.ground.talks if t.shown() != t.texted]
        assert not wrong, wrong

    def check_outbound(self):
        states = dict(self.roomline.query("select text, state from message where outbound=1"))
        never = 0
        for talk in self.ground.talks:
            got = talk.received()
            assert len(got) == len(set(got)), f"twice: {got}"
            lost = [t for t in talk.said if t not in states]
            unsaid = [t for t in talk.said if t not in got and states.get(t) not in (UNKNOWN, FAILED)]
            assert (lost, unsaid) == ([], [])
            assert got == [t for t in talk.said if t in got], "the order on the phone"
            never += len(talk.said) - len(got)
        return never, sum(s == UNKNOWN for s in states.values())

    def check_marks(self):
        """Each text of the volunteer's has one mark of the bot's."""
        count = 0
        for talk in self.ground.talks:
            events = self.ground.history(talk.room)
            gone = {e["content"].get("redacts") or e.get("redacts") for e in events
                    if e["type"] == "m.room.redaction"}
            marks = [e["content"]["m.relates_to"] for e in events if e["type"] == "m.reaction"
                     and e["sender"] == self.ground.bot and e["event_id"] not in gone]
            for words in talk.said:
                found = [m["key"] for m in marks if m["event_id"] == talk.events[words]]
                assert found in (["✅"], ["❓"]), (words, found)
                count += 1
        return count

    def check_confirmations(self):
        per = {n: len(self.ground.carrier.received(n)) for n in self.stopped}
        assert max(per.values(), default=0) <= 1, per
        assert set(self.stopped) <= {p for p, in self.roomline.query("select phone from suppression")}
        return sum(per.values())

    def ask_as_bot(self, path):
        return self.synapse.ask("GET", path, token=self.roomline.slot.as_token,
                                query={"user_id": self.ground.bot})

    def check_rooms(self):
        """Of all the rooms that the bot is in."""
        rooms = self.ask_as_bot("/joined_rooms")["joined_rooms"]
        names = [self.ask_as_bot(f"/rooms/{escape(r)}/state/m.room.name")["name"] for r in rooms]
        assert len(names) == len(set(names)), sorted(names)
        if self.shape == "room":  # and the control room, and the space
            assert len(names) == len(self.ground.talks) + 2, names
        else:
            self.check_cards()
        return len(names)

    def check_cards(self):
        rooms = {t.room for t in self.ground.talks}
        cards = [e["content"]["body"].partition("\n")[0]
                 for room in rooms for e in self.ground.history(room)
                 if e["type"] == "m.room.message" and "m.relates_to" not in e["content"]
                 and e["sender"] == self.ground.bot and e["content"].get("msgtype") == "m.text"]
        assert len(cards) == len(set(cards)), sorted(cards)
        assert len({t.thread for t in self.ground.talks}) == len(self.ground.talks)


@pytest.mark.parametrize("shape", ["room", "thread"])
def test_killed_at_every_step(shape, capsys):
    slots = Slots(1)
    with Synapse(registrations=slots.paths) as synapse:
        synapse.slots = slots
        with Ground(synapse, start=False, env={"ASAN_OPTIONS": "detect_leaks=0"}, shape=shape,
                    desk_max=15) as ground:
            life = Life(ground, shape)
            life.begin()
            begun = time.monotonic()
            steps = itertools.cycle(life.steps)
            for i in range(ROUNDS):
                life.round(i, next(steps))
            took = time.monotonic() - begun
            life.roomline.start().wait_chat()
            life.settle()
            life.check_inbound()
            never, unknown = life.check_outbound()
            marks, rooms, confirmed = life.check_marks(), life.check_rooms(), life.check_confirmations()
            texted = sum(len(t.texted) for t in ground.talks)
            said = sum(len(t.said) for t in ground.talks)
            with capsys.disabled():
                print(f"\n{shape}: {ROUNDS} rounds in {took:.0f} s, {sum(life.deaths.values())} deaths "
                      f"at a named step, {life.synapse_deaths} of Synapse: {texted} texts in, 0 lost, 0 "
                      f"twice; {said} out, 0 lost, 0 sent twice, {unknown} left to a person as unknown "
                      f"({never} never reached the provider); {rooms} rooms and {len(ground.talks)} "
                      f"places for as many contacts, {marks} marks, none twice; {len(life.stopped)} "
                      f"stops, {confirmed} confirmations, 0 twice; order kept")
            if ROUNDS >= 2 * len(life.steps):
                missing = [s for s, n in life.deaths.items() if n == 0]
                assert not missing, f"never died at {missing}"
    slots.close()
