# SPDX-License-Identifier: AGPL-3.0-or-later
"""Pictures of what a volunteer sees: a real Synapse, the daemon, and nheko on a screen of its own.

    sudo apt-get install nheko xvfb xdotool imagemagick fonts-dejavu-core fonts-noto-color-emoji
    ROOMLINE_BIN=build/gcc/roomline /usr/bin/python3 tests/e2e/matrix_screen.py FOLDER

Writes desk.png (cards and all their threads), thread.png (one of them open), stopped.png (the same
after STOP), room.png and muted.png (the same story in the room shape). They are for people to look
at: nothing here judges them, and `make test` does not make them. Rooms are of version 10, because
the nheko of Debian 12 is older than those after it.
"""
import hashlib
import os
import subprocess
import sys
import tempfile
import time

from daemon import Roomline
from matrix_kit import Volunteer
from matrix_slots import Slots
from servers import wait_until
from synapse import Synapse

WIDTH, HEIGHT = 1280, 900
CANCEL = (1213, 861)  # of "Setup Encryption", which every new account is greeted with
LAST_THREAD = (1213, 827)  # the sign beside the last message's time; opens its thread
PAT = "+14155550123"
OTHERS = [("+14155550188", "Is the event on Saturday still on?"),
          ("+14155550142", "wrong person, who gave you my number?")]


class Screen:
    """nheko, logged in as a user."""

    def __init__(self, server, user):
        self.home = tempfile.TemporaryDirectory(prefix="roomline-nheko-")
        login = server.login(user)
        folder = os.path.join(self.home.name, ".config", "nheko")
        os.makedirs(folder)
        with open(os.path.join(folder, "nheko.conf"), "w", encoding="utf-8") as f:
            f.write(f"[General]\nrun_without_secure_secrets_service=true\n[auth]\n"
                    f"access_token={login['access_token']}\ndevice_id={login['device_id']}\n"
                    f"home_server={server.url}\nuser_id={login['user_id']}\n"
                    f"[window]\nwidth={WIDTH}\nheight={HEIGHT}\n")
        ours, theirs = os.pipe()
        self.parts = [subprocess.Popen(
            ["Xvfb", "-displayfd", str(theirs), "-screen", "0", f"{WIDTH}x{HEIGHT}x24"],
            pass_fds=[theirs], stderr=subprocess.DEVNULL)]
        with os.fdopen(ours) as number:
            display = ":" + number.readline().strip()
        os.close(theirs)
        self.env = {**os.environ, "HOME": self.home.name, "XDG_RUNTIME_DIR": self.home.name,
                    "DISPLAY": display, "QT_QUICK_BACKEND": "software", "LANG": "C.UTF-8"}
        self.parts.append(self._start("nheko"))
        wait_until(lambda: self._run("xdotool", "search", "--name", "nheko"), 30, "nheko's window")
        self.settle()
        self.click(CANCEL)

    def _start(self, *argv):
        return subprocess.Popen(argv, env=self.env, stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL)

    def _run(self, *argv):
        return subprocess.run(argv, env=self.env, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, check=False).stdout

    def settle(self, seconds=2, timeout=20):
        """Until nothing on it has changed for a while."""
        end, since, last = time.monotonic() + timeout, time.monotonic(), b""
        while time.monotonic() < min(end, since + seconds):
            now = hashlib.sha256(self._run("import", "-window", "root", "ppm:-")).digest()
            if now != last:
                last, since = now, time.monotonic()
            time.sleep(0.2)

    def click(self, at):
        self._run("xdotool", "mousemove", *map(str, at), "click", "1",
                  "mousemove", "600", "70")  # away from what shows hints
        self.settle()

    def show(self, room):
        self._start("nheko", f"matrix:roomid/{room.removeprefix('!')}?action=join").wait()
        self.settle()

    def save(self, path):
        self.settle()
        self._run("import", "-window", "root", path)
        print(path, flush=True)

    def close(self):
        for part in reversed(self.parts):
            part.kill()
            part.wait()
        self.home.cleanup()


class Story:
    """One conversation with an answer, a failure and a STOP, beside others."""

    def __init__(self, roomline, alice):
        self.roomline, self.alice = roomline, alice

    def text(self, number, words):
        self.roomline.phone(number).text(words)
        return self.alice.wait_for(lambda e: e.kind == "text" and e.text.endswith(words))

    def begin(self):
        for number, words in OTHERS:
            self.text(number, words)
        came = self.text(PAT, "Hi, who is this?")
        self.room, thread = came.room, came.thread or None
        for words, mark in (("Alice from Riverside. Can we count on you on Saturday?", "✅"),
                            ("this gives error30006 today", "❌")):
            said = self.alice.say(self.room, words, thread=thread)
            self.alice.wait_marks(self.room, said, mark)
        self.alice.wait_for(lambda e: "did not reach them" in e.text)
        self.text(PAT, "Yes! What should I bring?")

    def stop(self):
        self.text(PAT, "STOP")
        self.alice.wait_for(lambda e: "They have opted out" in e.text)


def take(server, shape, folder, pictures):
    with Roomline(server, matrix={"shape": shape, "room_version": "10"}) as roomline, \
            Volunteer(server, "alice") as alice:
        roomline.wait_chat()
        story = Story(roomline, alice)
        story.begin()
        screen = Screen(server, "alice")
        try:
            screen.show(story.room)
            screen.save(os.path.join(folder, pictures[0]))
            if shape == "thread":
                screen.click(LAST_THREAD)
                screen.save(os.path.join(folder, pictures[1]))
            story.stop()
            screen.save(os.path.join(folder, pictures[-1]))
        finally:
            screen.close()


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    os.makedirs(sys.argv[1], exist_ok=True)
    for shape, pictures in (("thread", ("desk.png", "thread.png", "stopped.png")),
                            ("room", ("room.png", "muted.png"))):
        slots = Slots(1)
        with Synapse(registrations=slots.paths) as server:
            server.slots = slots
            take(server, shape, sys.argv[1], pictures)
        slots.close()


if __name__ == "__main__":
    main()
