# SPDX-License-Identifier: AGPL-3.0-or-later
"""Two columns: left what a phone sends and gets, right what a chat client says and sees."""
import textwrap
import unicodedata

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


def rule():
    line("─" * (WIDTH - 1), "─" * WIDTH)


def texts(words):
    line(f"📱 → {words}")


def gets(words):
    line(f"📱 ← {words}")


def shows(words):
    line("", words)
