# SPDX-License-Identifier: AGPL-3.0-or-later
"""Shows the main job with real traffic, then stays up to be tried.

Left what a phone sends and gets, right what the volunteer's XMPP client says and sees. Every line is
printed when it has really arrived there; a step that does not happen ends the demo with an error.
ONCE=1: ends after the transcript.
"""
import logging
import os
import signal
import sys
import textwrap
import time
import unicodedata

# "Using slower stringprep" is nothing that anybody who looks at this needs to know.
logging.getLogger("slixmpp.stringprep").setLevel(logging.ERROR)

from chat import Volunteer  # noqa: E402
from daemon import Roomline
from servers import HOST, Prosody, password

PAT = "+14155550123"
WIDTH = 46


def pad(text, width):
    """By the columns of a terminal: an emoji takes two, a variation selector none."""
    columns = sum(2 if unicodedata.east_asian_width(c) in "WF" else not unicodedata.combining(c)
                  for c in text if c != "\ufe0f")
    return text + " " * (width - columns)


def line(left="", right=""):
    lefts = textwrap.wrap(left, WIDTH - 1) or [""]
    rights = [w for part in right.split("\n") for w in textwrap.wrap(part, WIDTH + 14)] or [""]
    for i in range(max(len(lefts), len(rights))):
        a = lefts[i] if i < len(lefts) else ""
        b = rights[i] if i < len(rights) else ""
        print(f"  {pad(a, WIDTH)} │ {b}".rstrip(), flush=True)


def texts(words):
    line(f"📱 → {words}")


def gets(words):
    line(f"📱 ← {words}")


def sees(message, words=None):
    line("", f"{message.nick}: {words or message.text}")


def transcript(roomline, alice):
    print()
    line(f"PHONE {PAT} (simulated)", f"XMPP CLIENT of {alice.jid} (real)")
    line("─" * (WIDTH - 1), "─" * WIDTH)
    phone = roomline.phone(PAT)

    sent = time.monotonic()
    phone.text("Hi, who is this?")
    texts("Hi, who is this?")
    room = alice.wait_invite()
    came = alice.wait_text(room, "Hi, who is this?")
    line("", f"(invited to the new room {room})")
    sees(came)
    first_ms = (came.at - sent) * 1000

    answer = "Alice from Riverside. Can we count on you on Saturday?"
    alice.say(room, answer)
    said = alice.wait_text(room, answer)
    sees(said)
    phone.wait_received(answer)
    gets(answer)
    alice.wait_reaction(room, "✅", said.stanza_id)
    line("", "✅ delivered (the bot's reaction to that message)")

    sent = time.monotonic()
    phone.text("Yes! What should I bring?")
    texts("Yes! What should I bring?")
    came = alice.wait_text(room, "Yes! What should I bring?")
    sees(came)
    next_ms = (came.at - sent) * 1000

    phone.text("STOP")
    texts("STOP")
    sees(alice.wait_text(room, "STOP"))
    sees(alice.wait_for(lambda m: m.room == room and "They have opted out" in m.text))
    confirmation = phone.wait_received(
        "Riverside Neighbors: You are unsubscribed and will get no more texts from us. "
        "Reply START to undo.")[-1]
    gets(confirmation)

    alice.say(room, "See you on Saturday!")
    sees(alice.wait_text(room, "See you on Saturday!"))
    sees(alice.wait_for(lambda m: m.room == room and m.text.startswith("Not sent")))
    time.sleep(1)  # nothing may come late
    got = phone.received()
    if got != [answer, confirmation]:
        sys.exit(f"The phone has got something else than the answer and one confirmation: {got}")
    line("(got these two texts and no more)", "")
    print(f"\n  From the phone's text to the volunteer's screen: {first_ms:.0f} ms with the room made "
          f"for it, {next_ms:.0f} ms in a room that is there.")
    return room


def invitation(server, roomline, room):
    print(f"""
It stays up; press Ctrl-C to end it.

  A phone     {roomline.url}/sandbox/   in a browser: text as any contact, see what the phone gets
  Volunteer   {server.jid('bob')}, password {password('bob')}   takes what comes into the inbox
              {server.jid('alice')}, password {password('alice')}   has the conversation above: {room}
  Organizer   {server.jid('organizer')}, password {password('organizer')}   control room: {roomline.control}  (!help)
  XMPP        server {HOST}, port {server.c2s_port}, without TLS in this demo. With Profanity:
                /account add {server.jid('bob')}
                /account set {server.jid('bob')} server {HOST}
                /account set {server.jid('bob')} port {server.c2s_port}
                /account set {server.jid('bob')} tls disable
                /connect {server.jid('bob')}        then text as a phone, and /join the room
  Files       {roomline.folder} (configuration, database, log)
""", flush=True)


def main():
    once = os.environ.get("ONCE") not in (None, "", "0")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print("Starting Prosody and Roomline in temporary folders …", flush=True)
    sections = {"organisation": {"name": "Riverside Neighbors"}}
    with Prosody() as server, \
            Roomline(server, inbox=("alice", "bob"), sections=sections) as roomline:
        roomline.wait_chat()
        with Volunteer(server, "alice") as alice:
            room = transcript(roomline, alice)
        if once:
            return
        invitation(server, roomline, room)
        try:
            signal.pause()
        except KeyboardInterrupt:
            print("\nEnding.")


if __name__ == "__main__":
    main()
