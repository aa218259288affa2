# SPDX-License-Identifier: AGPL-3.0-or-later
"""Shows the main job with real traffic, then stays up to be tried.

Left what a phone sends and gets, right what the volunteer's chat client says and sees. Every line is
printed when it has really arrived there; a step that does not happen ends the demo with an error.

NETWORK=xmpp|matrix: which chat (xmpp_side.py, matrix_side.py). SHAPE=room|thread: with Matrix, what
a conversation is. ONCE=1: ends after the transcript.
"""
import importlib
import os
import signal
import sys
import time

from columns import gets, line, rule, texts

PAT = "+14155550123"
NETWORKS = ("xmpp", "matrix")


def transcript(side, phone):
    print()
    line(f"PHONE {PAT} (simulated)", side.head)
    rule()
    sent = time.monotonic()
    phone.text("Hi, who is this?")
    texts("Hi, who is this?")
    first_ms = (side.opens("Hi, who is this?") - sent) * 1000

    answer = "Alice from Riverside. Can we count on you on Saturday?"
    said = side.say(answer)
    phone.wait_received(answer)
    gets(answer)
    side.delivered(said)

    sent = time.monotonic()
    phone.text("Yes! What should I bring?")
    texts("Yes! What should I bring?")
    next_ms = (side.comes("Yes! What should I bring?") - sent) * 1000

    phone.text("STOP")
    texts("STOP")
    side.comes("STOP")
    side.told("They have opted out")
    confirmation = phone.wait_received(
        "Riverside Neighbors: You are unsubscribed and will get no more texts from us. "
        "Reply START to undo.")[-1]
    gets(confirmation)
    side.refused("See you on Saturday!")
    time.sleep(1)  # nothing may come late
    got = phone.received()
    if got != [answer, confirmation]:
        sys.exit(f"The phone has got something else than the answer and one confirmation: {got}")
    line("(got these two texts and no more)", "")
    print(f"\n  From the phone's text to the volunteer's screen: {first_ms:.0f} ms with the place made "
          f"for it, {next_ms:.0f} ms in one that is there.")


def invitation(side, roomline):
    print(f"""
It stays up; press Ctrl-C to end it.

  A phone     {roomline.url}/sandbox/   in a browser: text as any contact, see what the phone gets\
{side.how_to_join()}
  Files       {roomline.folder} (configuration, database, log)
""", flush=True)


def main():
    once = os.environ.get("ONCE") not in (None, "", "0")
    network = os.environ.get("NETWORK") or "xmpp"
    if network not in NETWORKS:
        sys.exit(f"NETWORK is {network}; it can be {' or '.join(NETWORKS)}.")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with importlib.import_module(f"{network}_side").Side() as side:
        print(f"Starting {side.servers} and Roomline in temporary folders …", flush=True)
        roomline = side.start(inbox=("alice", "bob"),
                              sections={"organisation": {"name": "Riverside Neighbors"}})
        with side.volunteer():
            transcript(side, roomline.phone(PAT))
        if once:
            return
        invitation(side, roomline)
        try:
            signal.pause()
        except KeyboardInterrupt:
            print("\nEnding.")


if __name__ == "__main__":
    main()
