# SPDX-License-Identifier: AGPL-3.0-or-later
"""A daemon whose provider is a real Kannel, through the generic driver."""
import os
import re
from contextlib import contextmanager

from daemon import ROOT, SECRET, SENDER, Roomline
from servers import Kannel


@contextmanager
def roomline_on_kannel(server, start=True, **more):
    """Yields (roomline, kannel), both started unless start is False (then only Kannel is)."""
    roomline = Roomline(server, **more)
    kannel = Kannel(f"{roomline.url}/hook/{SECRET}/kannel/in")
    roomline.config["providers"] = [{
        "name": "kannel", "driver": "generic", "definition": os.path.join(ROOT, "config/providers/kannel.yaml"),
        "base_url": kannel.sendsms_url.rpartition("/cgi-bin")[0],
        "user": kannel.user, "password": kannel.password}]
    roomline.config["senders"] = [
        {"name": "main", "provider": "kannel", "number": SENDER, "per_minute": 6000}]
    with kannel:
        if start:
            with roomline:
                yield roomline.wait_chat(), kannel
        else:
            try:
                yield roomline, kannel
            finally:
                roomline.close()


def requests_for(kannel, text):
    """How many times Kannel has taken this text from us, by its own log."""
    return len(re.findall(rf"sendsms sender:.* msg:<{re.escape(text)}>",
                          kannel.parts[1].output()))
