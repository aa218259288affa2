# SPDX-License-Identifier: AGPL-3.0-or-later
"""From a provider's hook to the event at a Matrix client, against a bare request to the homeserver.

Both roads end at the same listening client, and both begin when the first byte is written:
  bare      the event is put into the room over a kept connection
  Roomline  a signed Twilio hook is posted over a kept connection; it is verified, stored with a
            durable commit, and shown in a room or thread that is there
One after the other in turns, so that both meet the same machine, and so slowly that the homeserver is
never behind. What is compared is the difference of the medians.
"""
import contextlib
import json
import statistics
import sys
import threading
import time
import urllib.parse

from matrix_bare import CONTENT, Scene, Wire, contact, synapse

RATE = 6
TEXTS = 120
PLACES = 8
WANTED_MS = 5
FILTER = {"presence": {"types": []}, "account_data": {"types": []},
          "room": {"timeline": {"types": [CONTENT]}, "state": {"types": []},
                   "ephemeral": {"types": []}, "account_data": {"types": []}}}


class Listener:
    """A client that waits for events: one /sync after the other."""

    def __init__(self, server, token):
        self.wire, self.at = Wire(server, token), {}
        self.since = self._sync(0)["next_batch"]
        self.ended = False
        self.thread = threading.Thread(target=self._listen)
        self.thread.start()

    def _sync(self, timeout_ms, **more):
        query = urllib.parse.urlencode({"filter": json.dumps(FILTER), "timeout": timeout_ms, **more})
        return json.loads(self.wire.ask("GET", f"/_matrix/client/v3/sync?{query}"))

    def _listen(self):
        while not self.ended:
            answer = self._sync(1000, since=self.since)
            now = time.monotonic()
            self.since = answer["next_batch"]
            for room in answer.get("rooms", {}).get("join", {}).values():
                for event in room["timeline"]["events"]:
                    self.at[event["content"]["body"].rpartition(": ")[2]] = now

    def close(self):
        self.ended = True
        self.thread.join()
        self.wire.close()


def send_all(scene):
    """Returns when each text was begun, by who and words."""
    wire = scene.bare()
    sent = {"bare": {}, "roomline": {}}
    for n in range(2 * TEXTS):
        who = ("bare", "roomline")[n % 2]
        i, words = n // 2 % PLACES, f"{who}-{n}"
        request = scene.message(i, words)
        start = sent[who][words] = time.monotonic()
        if who == "bare":
            wire.ask("PUT", *request)
        else:
            scene.hook.text(contact(i), words)
        time.sleep(max(0, 1 / RATE - (time.monotonic() - start)))
    return sent


def report(name, sent, listener):
    missing = [words for words in sent if words not in listener.at]
    if missing:
        raise RuntimeError(f"{len(missing)} of {len(sent)} did not arrive")
    ms = sorted((listener.at[words] - at) * 1000 for words, at in sent.items())
    p50, p99 = statistics.median(ms), ms[int(len(ms) * 0.99)]
    print(f"  {name:<18} p50 {p50:6.2f} ms   p99 {p99:6.2f} ms   ({len(ms)} texts)")
    return p50


def measure(server, shape):
    with contextlib.ExitStack() as stack:
        scene = Scene(server, shape, stack)
        scene.open(PLACES)
        listener = Listener(server, scene.token)
        stack.callback(listener.close)
        sent = send_all(scene)
        scene.wait_shown()
        time.sleep(1)
        bare = report(f"{shape} bare", sent["bare"], listener)
        added = report(f"{shape} Roomline", sent["roomline"], listener) - bare
    print(f"  added: p50 {added:.2f} ms (wanted: at most {WANTED_MS})", flush=True)
    return added <= WANTED_MS


def main():
    print(f"Hook to Matrix event, {RATE}/s:")
    with synapse(2) as server:
        good = [measure(server, shape) for shape in ("thread", "room")]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
