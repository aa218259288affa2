# SPDX-License-Identifier: AGPL-3.0-or-later
"""What test_media.py needs: files, a volunteer's upload, links, and a host of files whose doings a
test decides and looks at.

    with FileHost() as host:
        host.put("/cat.jpg", JPEG)                    # or (status, headers, bytes), or a function
        ... host.url("/cat.jpg") ...
        host.asked                                    # [(method, path, headers), …]
"""
import hashlib
import hmac
import http.server
import re
import sqlite3
import threading
import urllib.error
import urllib.request
import xml.etree.ElementTree as ET

from daemon import SECRET
from servers import HOST, free_ports

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(range(256)) * 8
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4
CSV = b"name;number\nPat;+14155550100\n"
UPLOAD = "urn:xmpp:http:upload:0"


def jpeg(size, mark=b""):
    return (JPEG + mark + b"\x00" * size)[:size]


def get(url, method="GET", timeout=20):
    """(status, headers, body), whatever the status is."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method=method),
                                    timeout=timeout) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as e:
        return e.code, e.headers, e.read()


def upload(volunteer, server, data, name="cat.jpg", type="image/jpeg"):
    """As a client does it (XEP-0363); returns the link."""
    slot = volunteer.iq(server.upload, "get",
                        f"<request xmlns='{UPLOAD}' filename='{name}' size='{len(data)}' "
                        f"content-type='{type}'/>")
    put = slot.find(f".//{{{UPLOAD}}}put")
    headers = {h.get("name"): h.text for h in put.findall(f"{{{UPLOAD}}}header")}
    request = urllib.request.Request(put.get("url"), data=data, method="PUT",
                                     headers={"Content-Type": type, **headers})
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert answer.status in (200, 201)
    return slot.find(f".//{{{UPLOAD}}}get").get("url")


def hosts_of(server):
    """What a daemon beside a server on loopback is told, which gives links without TLS."""
    return {"policy": {"file_hosts": [f"{HOST}:{server.http_port}"]}}


def link_in(text):
    return re.search(r"http://\S+/media/\S+", text)[0]


def make_link(base, id, expires, secret=SECRET, name="file"):
    """A link as the daemon makes it, for those that it would not make any more."""
    key = hmac.new(secret.encode(), b"roomline: links to files", hashlib.sha256).digest()
    digest = hmac.new(key, f"{id}/{expires}".encode(), hashlib.sha256).hexdigest()[:32]
    return f"{base}/media/{id}/{expires}/{digest}/{name}"


def archive(prosody, room):
    """What the archive of a room holds of the contact's words and links, oldest first."""
    connection = sqlite3.connect(f"file:{prosody.path('data/prosody.sqlite')}?mode=ro", uri=True)
    try:
        rows = connection.execute(
            "select value from prosodyarchive where user=? and store='muc_log' order by sort_id",
            (room.split("@")[0],)).fetchall()
    finally:
        connection.close()
    texts = []
    for (value,) in rows:
        message = ET.fromstring(value)
        body = next((c for c in message if c.tag.rpartition("}")[2] == "body"), None)
        if body is not None and "Contact" in message.get("from", ""):
            texts.append(body.text)
    return texts


class FileHost:
    def __init__(self):
        self.port = free_ports(1)[0]
        self.files, self.asked = {}, []
        self.server = None

    def url(self, path):
        return f"http://{HOST}:{self.port}{path}"

    @property
    def host(self):
        return f"{HOST}:{self.port}"

    def put(self, path, what):
        self.files[path] = what

    def start(self):
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.asked.append((self.command, self.path, dict(self.headers)))
                what = outer.files.get(self.path, (404, {}, b"nothing"))
                if callable(what):
                    what = what(self)
                if isinstance(what, bytes):
                    what = (200, {"Content-Type": "image/jpeg"}, what)
                status, headers, body = what
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                try:
                    self.wfile.write(body)
                except OSError:
                    pass  # it was enough for the other side

            do_POST = do_GET

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer((HOST, self.port), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def stop(self):
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    __enter__ = start

    def __exit__(self, *_):
        self.stop()
