# SPDX-License-Identifier: AGPL-3.0-or-later
"""Application services for a homeserver that serves a whole run.

A homeserver reads registrations when it starts, and a test wants a bridge that nobody has used
before. So the homeserver gets many, each with its own port, tokens and names, and each test takes
the next.

    slots = Slots(40)
    with Synapse(registrations=slots.paths) as server:
        server.slots = slots
        with Roomline(server, matrix={"shape": "thread"}) as roomline: ...
"""
import json
import os
import shutil
import tempfile

from servers import HOST, free_ports
from synapse import DOMAIN


class Slot:
    def __init__(self, number, port, folder):
        self.name, self.port = f"bridge{number}", port
        self.prefix = f"_sms{number}_"
        self.as_token, self.hs_token = f"as-token-{number:0>20}", f"hs-token-{number:0>20}"
        self.bot = f"@{self.name}:{DOMAIN}"
        self.path = os.path.join(folder, self.name + ".yaml")
        dots = DOMAIN.replace(".", "\\.")
        with open(self.path, "w", encoding="utf-8") as f:  # JSON is YAML
            json.dump({
                "id": self.name, "url": f"http://{HOST}:{port}", "as_token": self.as_token,
                "hs_token": self.hs_token, "sender_localpart": self.prefix + "service",
                "rate_limited": False, "namespaces": {
                    "users": [{"regex": f"^@{self.name}:{dots}$", "exclusive": True},
                              {"regex": f"^@{self.prefix}.*:{dots}$", "exclusive": True}],
                    "aliases": [{"regex": f"^#{self.prefix}.*:{dots}$", "exclusive": True}],
                    "rooms": []}}, f)

    def section(self, server):
        """The daemon's configuration."""
        return {"homeserver": server.url, "domain": server.domain, "bot": self.name,
                "as_token": self.as_token, "hs_token": self.hs_token, "prefix": self.prefix,
                "registration_id": self.name, "appservice_url": f"http://{HOST}:{self.port}"}


class Slots:
    def __init__(self, count):
        self.folder = tempfile.mkdtemp(prefix="roomline-slots-")
        self.free = [Slot(n, port, self.folder) for n, port in enumerate(free_ports(count))]
        self.paths = [slot.path for slot in self.free]

    def take(self):
        return self.free.pop(0)

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)
