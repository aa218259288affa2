# SPDX-License-Identifier: AGPL-3.0-or-later
"""A backup put back: what volunteers wrote since it was made is in the rooms' archive and would be
read again, and must not be texted a second time."""
import os
import subprocess

import pytest

from chat import Volunteer
from daemon import Roomline, binary
from servers import Prosody

CONTACT = "+14155552671"


@pytest.mark.parametrize("readable", [True, False], ids=["old-readable", "old-damaged"])
def test_nothing_is_texted_twice_after_a_restore(readable):
    with Prosody() as server, Roomline(server) as roomline, Volunteer(server, "alice") as alice:
        def command(*args):
            return subprocess.run([binary(), args[0], "-c", roomline.path("roomline.yaml"), *args[1:]],
                                  capture_output=True, text=True, timeout=60, check=True).stdout
        phone = roomline.phone(CONTACT)
        phone.text("Hi, who is this?")
        room = alice.wait_invite()
        alice.say(room, "first")
        phone.wait_received("first")
        command("backup", roomline.path("copy.db"))
        alice.say(room, "second")
        said = alice.wait_text(room, "second")
        alice.wait_reaction(room, "✅", said.stanza_id)
        roomline.kill()
        alice.say(room, "while it was down")
        alice.wait_text(room, "while it was down")
        if not readable:
            with open(roomline.db, "wb") as f:
                f.write(b"damaged" * 4096)
            os.unlink(roomline.db + "-wal")  # or all of it would be read from there
        answer = command("restore", roomline.path("copy.db"))
        assert ("LOST" in answer) != readable
        roomline.start()
        roomline.wait_chat()
        # What the old database knows to be new is texted; else nobody can tell, and nothing is.
        expected = ["while it was down"] if readable else []
        phone.text("hello again")
        alice.wait_text(room, "hello again")
        alice.say(room, "third")
        assert phone.wait_received("third") == [*expected, "third"]
