# SPDX-License-Identifier: AGPL-3.0-or-later
"""A provider that hands over texts: signed Twilio hooks over one kept connection."""
import base64
import hashlib
import hmac
import http.client
import socket
import urllib.parse

from daemon import SECRET, SENDER
from servers import HOST, free_ports

TOKEN = "twilio-token-for-the-bench"


def twilio():
    """For the daemon's configuration; nobody is there to take what is sent."""
    return {"providers": [{"name": "twilio", "driver": "twilio", "account_sid": "AC" + "0" * 32,
                           "auth_token": TOKEN, "base_url": f"http://{HOST}:{free_ports(1)[0]}"}],
            "senders": [{"name": "main", "provider": "twilio", "number": SENDER,
                         "per_minute": 6000}]}


class Hook:
    def __init__(self, roomline):
        self.url = f"{roomline.url}/hook/{SECRET}/twilio/in"
        self.connection = http.client.HTTPConnection(HOST, roomline.port)
        self.n = 0
        self.connect()

    def connect(self):
        """Anew: one that is idle for long is closed."""
        self.connection.close()
        self.connection.connect()
        self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def text(self, contact, body):
        self.n += 1
        fields = {"MessageSid": f"SM{self.n:032d}", "AccountSid": "AC" + "0" * 32,
                  "From": contact, "To": SENDER, "Body": body, "NumMedia": "0"}
        signed = self.url + "".join(k + fields[k] for k in sorted(fields))
        signature = base64.b64encode(
            hmac.new(TOKEN.encode(), signed.encode(), hashlib.sha1).digest()).decode()
        self.connection.request(
            "POST", urllib.parse.urlparse(self.url).path, urllib.parse.urlencode(fields),
            {"X-Twilio-Signature": signature,
             "Content-Type": "application/x-www-form-urlencoded"})
        answer = self.connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise RuntimeError(f"hook answered {answer.status}")
