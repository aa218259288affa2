# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the daemon takes when nothing happens: processor and memory, with no conversation and with
1,000 open ones, connected to a real Prosody."""
import os
import sys
import time

from daemon import Roomline
from servers import Prosody, wait_until

SECONDS = 20
CONVERSATIONS = 1000


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        fields = f.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_mb(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return next(int(l.split()[1]) for l in f if l.startswith("VmRSS")) / 1024


def measure(name, pid, limit_mb):
    before = cpu_seconds(pid)
    time.sleep(SECONDS)
    percent = (cpu_seconds(pid) - before) / SECONDS * 100
    memory = rss_mb(pid)
    print(f"  {name:<24} CPU {percent:5.2f} % (wanted: at most 0.2)   "
          f"RSS {memory:5.1f} MB (wanted: at most {limit_mb})", flush=True)
    return percent <= 0.2 and memory <= limit_mb


def main():
    with Prosody(muc_lines='storage = "memory"') as server, \
            Roomline(server, inbox=("alice",), sections={"log": {"level": "warn"}}) as roomline:
        roomline.wait_chat()
        pid = roomline.process.child.pid
        print("Idle:")
        good = measure("no conversation", pid, 20)
        for i in range(CONVERSATIONS):
            roomline.phone(f"+1415556{i:04d}").text(f"Hello, I am number {i}.")
        wait_until(lambda: roomline.query("select count(*) from relay") == [(0,)], 300,
                   lambda: f"all shown: {roomline.query('select count(*) from relay')} left")
        time.sleep(5)
        good &= measure(f"{CONVERSATIONS} open conversations", pid, 40)
        return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
