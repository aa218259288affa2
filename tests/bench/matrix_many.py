# SPDX-License-Identifier: AGPL-3.0-or-later
"""Many conversations in Matrix: 600 threads on one desk and 200 rooms, what each takes to make, what
the daemon needs for it, and what a client gets that opens them for the first time. Then what the
daemon takes when nothing happens, with 1,000 conversations as threads."""
import contextlib
import json
import sys
import time
import urllib.parse

from idle import measure as measure_idle
from idle import rss_mb
from matrix_bare import HELLO, Scene, Wire, synapse

THREADS, ROOMS, IDLE = 600, 200, 1000
RSS_MAX_MB = 40
# What Element asks for when it starts.
FILTER = {"room": {"timeline": {"limit": 20, "unread_thread_notifications": True},
                   "state": {"lazy_load_members": True}}}


def initial_sync(scene):
    """Seconds and bytes."""
    query = urllib.parse.urlencode({"filter": json.dumps(FILTER), "timeout": 0})
    wire = Wire(scene.server, scene.token)
    start = time.monotonic()
    size = len(wire.ask("GET", f"/_matrix/client/v3/sync?{query}"))
    return time.monotonic() - start, size


def events(scene):
    """How many it has put into the homeserver: state of rooms, cards, texts, and what the control
    room is told of each new conversation."""
    rooms = scene.server.admin("GET", "/v1/rooms", query={"limit": 2000})["rooms"]
    state = sum(r["state_events"] for r in rooms if r["creator"] == scene.slot.bot)
    cards = sum(root != "" for _, root, _ in scene.places)
    return state + cards + 2 * len(scene.places)


def make(scene, count, what):
    took = scene.open(count)
    n, pid = events(scene), scene.roomline.process.child.pid
    if scene.shown() != [[HELLO]] * count:
        raise RuntimeError(f"not all of {what} show their text once")
    seconds, size = initial_sync(scene)
    print(f"  {what:<24} made in {took:5.1f} s: {count / took:5.1f} conversations/s, "
          f"{n / took:5.1f} events/s   RSS {rss_mb(pid):4.1f} MB\n"
          f"  {'':<24} a client's first sync: {seconds * 1000:4.0f} ms, {size / 1024:5.0f} KB",
          flush=True)


def main():
    print("Many conversations in Matrix:")
    with synapse(2) as server:
        with contextlib.ExitStack() as stack:
            make(Scene(server, "room", stack), ROOMS, f"{ROOMS} rooms")
        with contextlib.ExitStack() as stack:
            scene = Scene(server, "thread", stack, user="bob", desk_max=THREADS)
            make(scene, THREADS, f"{THREADS} threads on a desk")
            scene.open(IDLE)
            time.sleep(5)
            print("Idle:")
            good = measure_idle(f"{IDLE} threads in Matrix", scene.roomline.process.child.pid,
                                RSS_MAX_MB)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
