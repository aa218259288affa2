# SPDX-License-Identifier: AGPL-3.0-or-later
"""The Matrix side of the demo: a real Synapse that knows Roomline by the file which `roomline
registration` writes, and a volunteer at a real client.

SHAPE=room (default): a conversation is a room. SHAPE=thread: it is a thread on a desk.
"""
import contextlib
import os
import secrets
import subprocess
import sys

import matrix_kit
from columns import shows
from daemon import Roomline, binary
from servers import HOST, free_ports, password, wait_until
from synapse import Synapse

SHAPES = ("room", "thread")


class Service:
    """What both sides have to know of each other before either has started."""

    def __init__(self, shape):
        self.port = free_ports(1)[0]
        self.shape = shape

    def section(self, server):
        return {"homeserver": server.url, "domain": server.domain, "shape": self.shape,
                "appservice_url": f"http://{HOST}:{self.port}",
                "as_token": secrets.token_hex(32), "hs_token": secrets.token_hex(32)}

    def take(self):
        return self


class Side(contextlib.ExitStack):
    servers = "Synapse"

    def __init__(self):
        super().__init__()
        self.shape = os.environ.get("SHAPE") or "room"
        if self.shape not in SHAPES:
            sys.exit(f"SHAPE is {self.shape}; it can be {' or '.join(SHAPES)}.")

    def start(self, **config):
        self.server = Synapse()
        self.server.slots = Service(self.shape)
        self.roomline = Roomline(self.server, **config)
        self.callback(self.roomline.close)
        self._register()
        self.enter_context(self.server)
        self.enter_context(self.roomline)
        return self.roomline.wait_chat()

    def _register(self):
        """As an admin does it: the configuration, then the file for the homeserver."""
        path = self.roomline.path("registration.yaml")
        subprocess.run([binary(), "registration", "-c", self.roomline.write_config(), "-o", path],
                       check=True, stdout=subprocess.DEVNULL)
        self.server.registrations.append(path)

    @property
    def head(self):
        return f"MATRIX CLIENT of {self.server.mxid('alice')} (real)"

    @contextlib.contextmanager
    def volunteer(self):
        with matrix_kit.Volunteer(self.server, "alice") as self.alice:
            yield

    # ---- what happens in the right column

    def opens(self, words):
        """Of a conversation's first text; returns when it was there."""
        came = self.alice.wait_for(lambda e: e.kind == "text" and e.text.endswith(words))
        self.room, self.thread = came.room, came.thread
        self.name = self.alice.rooms()[self.room]["name"]
        if self.thread:
            shows(f"(invited to the new desk “{self.name}”; a card comes, and under it a thread)")
            card = self.alice.wait_for(lambda e: e.id == self.thread)
            shows("\n".join("▌ " + part for part in card.text.split("\n")))
        else:
            shows(f"(invited to the new room “{self.name}”)")
        return self._show(came)

    def comes(self, words):
        return self._show(self.alice.wait_for(lambda e: self._here(e) and e.text.endswith(words)))

    def told(self, beginning):
        """By the bot."""
        self._show(self.alice.wait_for(lambda e: self._here(e) and beginning in e.text))

    def say(self, words):
        said = self.alice.say(self.room, words, thread=self.thread or None)
        self._show(self.alice.wait_for(lambda e: e.id == said))
        return said

    def delivered(self, said):
        self.alice.wait_marks(self.room, said, "✅")
        shows("✅ delivered (the bot's reaction to that message)")

    def refused(self, words):
        """In a room nobody can write any more; a thread cannot be closed, there the bot answers."""
        if self.thread:
            self.alice.wait_reaction(self.room, "⛔", self.thread)
            shows("⛔ (the bot's reaction to the card)")
            self.say(words)
            self.told("Not sent")
            return
        wait_until(lambda: not self.alice.may_send(self.room), 15, "the right to write is gone")
        shows("(the right to write here is gone: clients show no box to write in any more)")
        try:
            self.alice.say(self.room, words)
        except matrix_kit.MatrixError as e:
            shows(f"alice: {words}")
            shows(f"(refused by the server: {e.words})")
        else:
            sys.exit("A message went into a room where nobody may write")

    def _here(self, event):
        return event.room == self.room and event.thread == self.thread and event.kind != "edit"

    def _show(self, event):
        names = self.alice.rooms()[event.room]["members"]
        shows(f"{names.get(event.sender, event.sender)}: {event.text}")
        return event.came

    # ---- and afterwards

    def how_to_join(self):
        server = self.server
        where = f"the thread on “{self.name}”" if self.thread else f"“{self.name}”"
        return f"""
  Homeserver  {server.url}   for any Matrix client that takes a server without TLS on your own
              machine: nheko, Element Desktop, a web client served from there; no encryption
  Volunteer   {server.mxid('bob')}, password {password('bob')}   takes what comes into the inbox
              {server.mxid('alice')}, password {password('alice')}   has the conversation above: {where}
  Organizer   {server.mxid('organizer')}, password {password('organizer')}   is invited to the control room  (!help)"""
