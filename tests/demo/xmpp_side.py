# SPDX-License-Identifier: AGPL-3.0-or-later
"""The XMPP side of the demo: a real Prosody, and a volunteer at a real client."""
import contextlib
import logging

# "Using slower stringprep" is nothing that anybody who looks at this needs to know.
logging.getLogger("slixmpp.stringprep").setLevel(logging.ERROR)

from chat import Volunteer  # noqa: E402
from columns import shows
from daemon import Roomline
from servers import HOST, Prosody, password


class Side(contextlib.ExitStack):
    servers = "Prosody"

    def start(self, **config):
        self.server = self.enter_context(Prosody())
        self.roomline = self.enter_context(Roomline(self.server, **config))
        return self.roomline.wait_chat()

    @property
    def head(self):
        return f"XMPP CLIENT of {self.server.jid('alice')} (real)"

    @contextlib.contextmanager
    def volunteer(self):
        with Volunteer(self.server, "alice") as self.alice:
            yield

    # ---- what happens in the right column

    def opens(self, words):
        """Of a conversation's first text; returns when it was there."""
        self.room = self.alice.wait_invite()
        came = self.alice.wait_text(self.room, words)
        shows(f"(invited to the new room {self.room})")
        return self._show(came)

    def comes(self, words):
        return self._show(self.alice.wait_text(self.room, words))

    def told(self, beginning):
        """By the bot."""
        self._show(self.alice.wait_for(
            lambda m: m.room == self.room and beginning in m.text and m.nick == "roomline"))

    def say(self, words):
        self.alice.say(self.room, words)
        said = self.alice.wait_text(self.room, words)
        self._show(said)
        return said.stanza_id

    def delivered(self, said):
        self.alice.wait_reaction(self.room, "✅", said)
        shows("✅ delivered (the bot's reaction to that message)")

    def refused(self, words):
        self.say(words)
        self.told("Not sent")

    def _show(self, message):
        shows(f"{message.nick}: {message.text}")
        return message.at

    # ---- and afterwards

    def how_to_join(self):
        server, bob = self.server, self.server.jid("bob")
        return f"""
  Volunteer   {bob}, password {password('bob')}   takes what comes into the inbox
              {server.jid('alice')}, password {password('alice')}   has the conversation above: {self.room}
  Organizer   {server.jid('organizer')}, password {password('organizer')}   control room: {self.roomline.control}  (!help)
  XMPP        server {HOST}, port {server.c2s_port}, without TLS in this demo. With Profanity:
                /account add {bob}
                /account set {bob} server {HOST}
                /account set {bob} port {server.c2s_port}
                /account set {bob} tls disable
                /connect {bob}        then text as a phone, and /join the room"""
