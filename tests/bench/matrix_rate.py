# SPDX-License-Identifier: AGPL-3.0-or-later
"""How fast Roomline shows texts in Matrix, against a bare loop that sends the same events.

Both send into the same rooms or threads of a real Synapse, 8 requests in flight over kept
connections, with the same paths and bodies; the homeserver pushes all of them to the same daemon.
  bare      requests made before the clock starts, sent until the last is answered
  Roomline  signed hooks, each stored with a durable commit, until all are answered and that is
            stored too
Many short rounds in turns, so that both meet the same machine; the median of the ratios of neighbours
counts.
"""
import contextlib
import statistics
import sys
import time

from matrix_bare import AT_ONCE, BareLoop, Scene, contact, synapse

PLACES = 24
EVENTS = 96
ROUNDS = 20
WANTED = 0.9


def bridge_round(scene, name):
    scene.hook.connect()
    start = time.monotonic()
    for i in range(EVENTS):
        scene.hook.text(contact(i % PLACES), f"{name} {i}")
    scene.wait_shown()
    return EVENTS / (time.monotonic() - start)


def bare_round(scene, loop, name):
    requests = [scene.message(i % PLACES, f"{name} {i}") for i in range(EVENTS)]
    return EVENTS / loop.send(requests)


def measure(server, shape):
    with contextlib.ExitStack() as stack:
        scene = Scene(server, shape, stack)
        scene.open(PLACES)
        loop = BareLoop(scene)
        pairs = []
        for n in range(ROUNDS):
            if n % 2:
                ours = bridge_round(scene, f"roomline {n}")
                pairs.append((bare_round(scene, loop, f"bare {n}"), ours))
            else:
                bare = bare_round(scene, loop, f"bare {n}")
                pairs.append((bare, bridge_round(scene, f"roomline {n}")))
        wanted = 1 + 2 * ROUNDS * EVENTS // PLACES
        for texts in scene.shown():
            if len(texts) != wanted or len(set(texts)) != wanted:
                raise RuntimeError(f"a place shows {len(texts)} texts, not {wanted}: {texts}")
    bare, ours = (statistics.median(rates) for rates in zip(*pairs))
    ratio = statistics.median(ours / bare for bare, ours in pairs)
    where = "threads of one desk" if shape == "thread" else "rooms"
    print(f"  {PLACES} {where:<20} bare {bare:6.1f}/s   Roomline {ours:6.1f}/s   ratio "
          f"{ratio:.2f} (wanted: at least {WANTED})", flush=True)
    return ratio >= WANTED


def main():
    print(f"Events into Synapse, {AT_ONCE} at once:")
    with synapse(2) as server:
        good = [measure(server, shape) for shape in ("thread", "room")]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
