# SPDX-License-Identifier: AGPL-3.0-or-later
"""Real servers in temporary folders on free loopback ports: Prosody, ejabberd, Kannel.

Each is started by root or by any user, keeps its data over stop(), kill() and start(), and writes
nothing outside its folder. All XMPP servers have the same shape, so that one test runs on each:

    domain localhost, users alice, bob, carol, organizer (password "pw-" + name), rooms at
    rooms.localhost with an archive, component sms.localhost with secret "s3cret".

    with Prosody() as server:
        server.c2s_port, server.component_port, server.component, server.muc, server.secret
        server.kill(); server.start()          # as after a power cut: same ports, same data
"""
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.parse

HOST = "127.0.0.1"
DOMAIN = "localhost"
USERS = ("alice", "bob", "carol", "organizer")


def password(user):
    return "pw-" + user


# Names in the kernel that stand for ports, so that nobody else who tests here takes one of ours
# before the server that is to have it listens, or while it is down. They go with this process.
claimed = []


def free_ports(count):
    """Ports nobody listens on, below the range from which the kernel gives out client ports."""
    ports = []
    while len(ports) < count:
        port = random.randint(15000, 32000)
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0roomline-test-port-{port}")
            with socket.socket() as sock:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                sock.bind((HOST, port))
        except OSError:
            claim.close()
            continue
        claimed.append(claim)
        ports.append(port)
    return ports


def wait_until(condition, timeout=30, what="condition", step=0.02):
    """Returns the first true value of condition(); raises TimeoutError that says what failed."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise TimeoutError(f"{what() if callable(what) else what}: not within {timeout} s")
        time.sleep(step)


def port_open(port):
    try:
        socket.create_connection((HOST, port), 1).close()
        return True
    except OSError:
        return False


class Process:
    """One program in its own process group, with its output in a file."""

    def __init__(self, argv, log, env=None, cwd=None):
        self.argv, self.log, self.env, self.cwd = argv, log, env, cwd
        self.child = None

    def start(self):
        with open(self.log, "ab") as out:
            self.child = subprocess.Popen(
                self.argv, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                env=self.env, cwd=self.cwd, start_new_session=True)

    @property
    def running(self):
        return self.child is not None and self.child.poll() is None

    def signal(self, signo):
        if self.running:
            os.killpg(self.child.pid, signo)

    def stop(self, timeout=15):
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        try:
            self.child and self.child.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self):
        self.signal(signal.SIGKILL)
        if self.child:
            self.child.wait()

    def output(self):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return f.read()


class Server:
    """What all servers here have in common. A subclass sets self.parts and self.ports."""

    def __init__(self, folder=None):
        self.own_folder = folder is None
        self.folder = folder or tempfile.mkdtemp(prefix=f"roomline-{type(self).__name__.lower()}-")
        os.makedirs(self.folder, exist_ok=True)
        self.parts = []
        self.ports = []

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text)

    def ready(self):
        return all(port_open(p) for p in self.ports)

    def start(self):
        for part in self.parts:
            part.start()
            self.wait_part(part)
        wait_until(self.alive_and_ready, 40, lambda: f"{type(self).__name__} up: {self.logs()}")
        return self

    def wait_part(self, part):
        """For servers whose parts must come up one after the other."""

    def alive_and_ready(self):
        for part in self.parts:
            if not part.running:
                raise RuntimeError(f"{part.argv[0]} ended: {self.logs()}")
        return self.ready()

    def logs(self):
        return "\n".join(p.output()[-3000:] for p in self.parts)

    def stop(self):
        for part in reversed(self.parts):
            part.stop()

    def kill(self):
        """SIGKILL, as a power cut would."""
        for part in self.parts:
            part.kill()

    def restart(self):
        self.stop()
        return self.start()

    def revive(self):
        """Starts again what has ended by itself, as a supervisor would."""
        for part in self.parts:
            if not part.running:
                part.start()

    def pause(self):
        """Stops reading and answering; connections stay open."""
        for part in self.parts:
            part.signal(signal.SIGSTOP)

    def resume(self):
        for part in self.parts:
            part.signal(signal.SIGCONT)

    def pid(self):
        return self.parts[0].child.pid

    def close(self):
        self.kill()
        if self.own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.resume()
        self.close()


class XmppServer(Server):
    domain = DOMAIN
    muc = "rooms.localhost"
    component = "sms.localhost"
    secret = "s3cret"
    upload = "upload.localhost"  # XEP-0363, over http_port
    certificate = None  # the file with the one to trust; without, there is no TLS

    def __init__(self, folder=None):
        super().__init__(folder)
        self.c2s_port, self.component_port, self.http_port = self.ports = free_ports(3)

    def jid(self, user):
        return f"{user}@{self.domain}"

    # ---- for the daemon's configuration

    network = "xmpp"

    def user(self, user):
        return f"xmpp:{self.jid(user)}"

    def section(self, _slot):
        return self.network, {
            "domain": self.component, "secret": self.secret, "host": HOST,
            "port": self.component_port, "muc_service": self.muc}


class Prosody(XmppServer):
    """Prosody 0.12. Rooms and archives in SQLite, accounts as files.

    mam=False: rooms without an archive. conflict: "kick_old" or "kick_new", what happens to a
    second connection of the component. muc_lines, global_lines: more configuration.
    """

    def __init__(self, folder=None, mam=True, conflict="kick_old", muc_lines="", global_lines=""):
        super().__init__(folder)
        for user in USERS:
            self.write(f"data/localhost/accounts/{user}.dat",
                       f'return {{ ["password"] = "{password(user)}" }};\n')
        self.write("prosody.cfg.lua", f"""
run_as_root = true -- ignored for other users; a test machine often is root
pidfile = "{self.path('prosody.pid')}"
data_path = "{self.path('data')}"
interfaces = {{ "{HOST}" }}; local_interfaces = {{ "{HOST}" }}
component_interfaces = {{ "{HOST}" }}; http_interfaces = {{ "{HOST}" }}
c2s_ports = {{ {self.c2s_port} }}
component_ports = {{ {self.component_port} }}
http_ports = {{ {self.http_port} }}
https_ports = {{}}; s2s_ports = {{}}; c2s_direct_tls_ports = {{}}
http_external_url = "http://{HOST}:{self.http_port}/"
modules_disabled = {{ "s2s" }}
modules_enabled = {{ "roster"; "saslauth"; "disco"; "ping"; "posix"; "pep"; "bookmarks"; "blocklist";
  "vcard4"; "vcard_legacy"; "carbons"; "mam"; "smacks"; "bosh"; "websocket"; "privilege" }}
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
consider_bosh_secure = true; consider_websocket_secure = true
authentication = "internal_plain"
default_storage = "sql"
storage = {{ accounts = "internal"; cron = "memory" }}
sql = {{ driver = "SQLite3"; database = "prosody.sqlite" }}
limits = {{}}
log = {{ {{ levels = {{ min = "info" }}, to = "console" }} }}
admins = {{ "organizer@{DOMAIN}" }}
{global_lines}
VirtualHost "{DOMAIN}"
  privileged_entities = {{ ["{self.component}"] = {{ roster = "both"; message = "outgoing" }} }}
Component "{self.muc}" "muc"
  modules_enabled = {{ {'"muc_mam"' if mam else ''} }}
  restrict_room_creation = false
  muc_room_cache_size = 5000
  {muc_lines}
Component "{self.upload}" "http_file_share"
  http_host = "{HOST}"
  http_file_share_size_limit = 4194304
Component "{self.component}"
  component_secret = "{self.secret}"
  component_conflict_resolve = "{conflict}"
  modules_enabled = {{ "privilege" }}
""")
        self.parts = [Process(["prosody", "--config", self.path("prosody.cfg.lua"), "-F"],
                              self.path("prosody.log"))]


class Ejabberd(XmppServer):
    """ejabberd 23.01 without Erlang distribution (no epmd, no cookie). Data in Mnesia, which loses
    the last writes on kill(); use restart() where the data matters. conferences: how many rooms one
    user may be in."""

    def __init__(self, folder=None, conferences=10000):
        super().__init__(folder)
        self.write("ejabberd.yml", f"""
loglevel: 4
hosts: [{DOMAIN}]
listen:
  - {{ port: {self.c2s_port}, ip: "{HOST}", module: ejabberd_c2s, access: c2s, starttls: false }}
  - port: {self.component_port}
    ip: "{HOST}"
    module: ejabberd_service
    access: all
    hosts: {{ "{self.component}": {{ password: "{self.secret}" }} }}
  - port: {self.http_port}
    ip: "{HOST}"
    module: ejabberd_http
    request_handlers: {{ /ws: ejabberd_http_ws, /bosh: mod_bosh, /upload: mod_http_upload }}
acl:
  local: {{ user_regexp: "" }}
  bridge: {{ server: "{self.component}" }}
access_rules:
  local: {{ allow: local }}
  c2s: {{ allow: all }}
  muc_create: [ {{ allow: local }}, {{ allow: bridge }} ]
  upload: [ {{ allow: local }}, {{ allow: bridge }} ]
  privileged: {{ allow: bridge }}
auth_method: internal
auth_password_format: plain
shaper: {{}}
modules:
  mod_adhoc: {{}}
  mod_bosh: {{}}
  mod_caps: {{}}
  mod_carboncopy: {{}}
  mod_disco: {{}}
  mod_http_upload:
    host: {self.upload}
    access: upload
    docroot: "{self.path("upload")}"
    put_url: "http://{HOST}:{self.http_port}/upload"
    max_size: 4194304
  mod_last: {{}}
  mod_mam: {{ default: always, assume_mam_usage: true }}
  mod_muc:
    host: {self.muc}
    access_create: muc_create
    access_persistent: muc_create
    access_mam: muc_create
    max_users: 500
    max_user_conferences: {conferences}
    history_size: 50
  mod_muc_admin: {{}}
  mod_ping: {{}}
  mod_privilege: {{ roster: {{ both: privileged }}, message: {{ outgoing: privileged }} }}
  mod_pubsub: {{ plugins: [ flat, pep ] }}
  mod_roster: {{ versioning: true }}
  mod_stream_mgmt: {{}}
  mod_vcard: {{}}
""")
        users = ",".join(f"<<\"{u}\">>" for u in USERS)
        register = (f"[ejabberd_auth:try_register(U, <<\"{DOMAIN}\">>, <<\"pw-\", U/binary>>) "
                    f"|| U <- [{users}]], file:write_file(\"{self.path('up')}\", \"\").")
        env = dict(os.environ, HOME=self.folder, EJABBERD_CONFIG_PATH=self.path("ejabberd.yml"),
                   EJABBERD_LOG_PATH=self.path("ejabberd-server.log"), ERL_CRASH_DUMP="/dev/null",
                   ERL_LIBS="/usr/lib/x86_64-linux-gnu", ERL_EPMD_ADDRESS=HOST)
        self.parts = [Process(
            ["erl", "-noinput", "+S", "2", "-mnesia", "dir", f'"{self.path("db")}"',
             "-s", "ejabberd", "-eval", register],
            self.path("ejabberd.log"), env=env, cwd=self.folder)]

    def start(self):
        if os.path.exists(self.path("up")):
            os.unlink(self.path("up"))
        return super().start()

    def ready(self):
        return os.path.exists(self.path("up")) and super().ready()

    def logs(self):
        try:
            with open(self.path("ejabberd-server.log"), encoding="utf-8", errors="replace") as f:
                return super().logs() + f.read()[-3000:]
        except OSError:
            return super().logs()


FAKESMSC = "/usr/lib/kannel/test/fakesmsc"
GOT = re.compile(r"DEBUG: Got message \d+: <(.*)>$")
TAKEN = re.compile(r"\[(\d+)\] \[\d+\] INFO: Starting to service <(.*)> from <(\S+)> to <")
ANSWERED = re.compile(r"SMS HTTP-request sender:\S* .* url: '\S+\?(\S*)' reply: 200 ")
SMS_LINE = re.compile(r"(\+?\w+) (\+?\w+) (text|data|ucs-2|udh \S+ data|udh \S+ text) (.*)$")


class Kannel(Server):
    """bearerbox, smsbox and the package's own fakesmsc, which plays the phones.

    get_url: where smsbox hands over what phones text (Kannel escapes: %p from, %P to, %b text,
    %I id, %c coding, %C charset, %T time); mo(frm, to, text) texts as a phone; received() lists
    what the phones got. A delivery report follows by itself: "accepted" (8), then "delivered" (1).
    sendsms_url, user, password: for the sender's configuration.
    """

    user, password = "roomline", "kannel-pw"
    escapes = "from=%p&to=%P&text=%b&ts=%T&id=%I&smsc=%i&coding=%c&charset=%C"

    def __init__(self, get_url, folder=None):
        super().__init__(folder)
        admin, box, phones, inject, sendsms = free_ports(5)
        self.ports = [admin, sendsms]
        self.box_port, self.inject_port = box, inject
        self.sendsms_url = f"http://{HOST}:{sendsms}/cgi-bin/sendsms"
        if "?" not in get_url:
            get_url += "?" + self.escapes
        # Two fake centres: fakesmsc is connected to the first for good, because it only notes what
        # is sent to it while connected; each text from a phone is a short visit to the second.
        self.write("kannel.conf", f"""
group = core
admin-port = {admin}
admin-password = {self.password}
admin-interface = {HOST}
smsbox-port = {box}
smsbox-interface = {HOST}
box-allow-ip = "{HOST}"
store-type = spool
store-location = {self.path("spool")}
access-log = {self.path("bearerbox-access.log")}

group = smsc
smsc = fake
smsc-id = PHONES
port = {phones}
connect-allow-ip = {HOST}

group = smsc
smsc = fake
smsc-id = INJECT
port = {inject}
connect-allow-ip = {HOST}
allowed-prefix = "0000000000"

group = smsbox
bearerbox-host = {HOST}
sendsms-port = {sendsms}
sendsms-interface = {HOST}
mo-recode = true
http-request-retry = 500
http-queue-delay = 1
access-log = {self.path("smsbox-access.log")}

group = sendsms-user
username = {self.user}
password = {self.password}
concatenation = true
max-messages = 10

group = sms-service
keyword = default
catch-all = true
max-messages = 0
get-url = "{get_url}"
""")
        os.makedirs(self.path("spool"), exist_ok=True)
        conf = self.path("kannel.conf")
        self.phones = Process([FAKESMSC, "-H", HOST, "-r", str(phones), "-m", "0", "0 0 text -"],
                              self.path("phones.log"))
        self.parts = [Process(["bearerbox", conf], self.path("bearerbox.log")),
                      Process(["smsbox", conf], self.path("smsbox.log")), self.phones]
        self.phones_port = phones

    def wait_part(self, part):
        if part is self.parts[0]:
            wait_until(lambda: port_open(self.box_port) and port_open(self.ports[0]), 20,
                       lambda: "bearerbox up: " + self.logs())
        elif part is self.phones:
            wait_until(lambda: "Connecting to" in part.output(), 10, "phones up")

    def alive_and_ready(self):
        # fakesmsc ends when the centre did not listen yet.
        if not self.phones.running:
            self.phones.start()
            return False
        return super().alive_and_ready()

    def mo(self, frm, to, text):
        """A phone texts; returns when Kannel has it."""
        data = urllib.parse.quote_plus(text.encode("utf-16-be"), safe="")
        log = self.path(f"mo-{time.monotonic_ns()}.log")
        visit = Process([FAKESMSC, "-H", HOST, "-r", str(self.inject_port), "-m", "1", "-i", "0.01",
                         f"{frm} {to} ucs2 {data}"], log)
        noted = f"[from:{frm}] [to:{to}] "
        stored = f":{text.encode('utf-16-be').hex().upper()}] "

        def times():
            return sum(noted in line and stored in line for line in self.noted("bearerbox"))

        before = times()
        visit.start()
        try:
            wait_until(lambda: times() > before, 10, lambda: "text from a phone: " + self.logs())
        finally:
            visit.kill()
            os.unlink(log)

    def noted(self, box):
        """The lines of a box's access log."""
        try:
            with open(self.path(box + "-access.log"), encoding="utf-8", errors="replace") as f:
                return f.read().split("\n")
        except FileNotFoundError:
            return []

    def answered(self):
        """The texts from phones, as (from, text), that smsbox has handed over and got a 200 for."""
        found = (ANSWERED.search(line) for line in self.noted("smsbox"))
        queries = (urllib.parse.parse_qs(f[1]) for f in found if f)
        return {(q["from"][0], q["text"][0]) for q in queries}

    def lost(self):
        """The texts from phones that died with a smsbox, as (from, text). It says that it has a text
        as soon as it begins to hand it over, and keeps it in memory until that is answered; and
        1.4.5 panics when a connection is reset before it wrote to it."""
        last = {(frm, text): int(pid) for pid, text, frm in TAKEN.findall(self.parts[1].output())}
        living = self.parts[1].child.pid if self.parts[1].running else 0
        return {t for t, pid in last.items() if pid != living} - self.answered()

    def received(self):
        """What the phones got, oldest first: dicts of from, to, text; parts are joined."""
        lines = []
        for line in self.phones.output().split("\n"):
            got = GOT.search(line)
            if not got:
                continue
            sms = SMS_LINE.match(got[1])
            if sms:
                lines.append(list(sms.groups()))
            elif lines:  # the fake's protocol is by line: the rest of a text with a line feed
                lines[-1][3] += "\n" + got[1]
        return join_parts(lines)

    def wait_received(self, condition, timeout=20):
        """The first text a phone got for which condition(dict) holds."""
        return wait_until(lambda: next((s for s in self.received() if condition(s)), None), timeout,
                          lambda: f"text on a phone; there were {self.received()}")


def join_parts(lines):
    texts, open_parts = [], {}
    for frm, to, kind, data in lines:
        if not kind.startswith("udh"):
            text = data
            if kind != "text":
                text = decode_sms(urllib.parse.unquote_to_bytes(data.replace("+", " ")), kind)
            texts.append({"from": frm, "to": to, "text": text})
            continue
        header = urllib.parse.unquote_to_bytes(kind.split()[1].replace("+", " "))
        key = (frm, to, header[3])  # 05 00 03 ref total number
        parts = open_parts.setdefault(key, {})
        parts[header[5]] = urllib.parse.unquote_to_bytes(data.replace("+", " "))
        if len(parts) == header[4]:
            whole = b"".join(parts[i] for i in sorted(open_parts.pop(key)))
            texts.append({"from": frm, "to": to, "text": decode_sms(whole, "udh")})
    return texts


def decode_sms(raw, kind):
    """A part does not say its alphabet; UCS-2 shows by its NULs or by not being UTF-8."""
    if kind == "ucs-2" or b"\0" in raw:
        return raw.decode("utf-16-be", "replace")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("utf-16-be", "replace")
