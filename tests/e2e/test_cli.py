# SPDX-License-Identifier: AGPL-3.0-or-later
"""The command line and the daemon's life, without a chat server: the network `null` stands in.

Each command is judged by its exit code and by whether it says what to do.
"""
import base64
import hashlib
import hmac
import json
import os
import re
import resource
import signal
import socket
import sqlite3
import stat
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import closing

import pytest

from daemon import ROOT, basic, binary
from servers import HOST, Process, free_ports, port_open, wait_until

OK, OTHER, USAGE, CONFIG, DATABASE, NETWORK, RUNNING = range(7)
SECRET = "hook-secret-0123456789"
TOKEN = "the-auth-token-of-a-test"
CONTACT = "+14155550171"  # made up, as must be what the sandbox shares with a real provider
BOX_KEY = "sandbox-key-0123456789"
COMMANDS = ("run", "init", "registration", "check", "backup", "restore", "health", "explain")


def roomline(*args, cwd, env=None):
    return subprocess.run([binary(), *args], cwd=cwd, capture_output=True, text=True, timeout=60,
                          check=False, env={**os.environ, **(env or {})})


class Daemon:
    """`roomline run` with a sandbox, a Twilio account and nobody in the chat network."""

    def __init__(self, folder, **changes):
        self.folder, self.port = str(folder), free_ports(1)[0]
        self.url = f"http://{HOST}:{self.port}"
        self.sections = {
            "organisation": {"name": "Riverside", "help_contact": "help@example.org"},
            "http": {"listen": f"{HOST}:{self.port}", "public_url": self.url,
                     "hook_secret": SECRET},
            "log": {"level": "debug"},
            "null": {},
            "providers": [
                {"name": "sandbox", "driver": "sandbox", "key": BOX_KEY},
                {"name": "tw", "driver": "twilio", "account_sid": "AC" + "0" * 32,
                 "auth_token": TOKEN},
            ],
            "senders": [
                {"name": "main", "provider": "sandbox", "number": "+14155550100"},
                {"name": "two", "provider": "tw", "number": "+14155550101"},
            ],
        }
        for section, keys in changes.items():
            self.sections.setdefault(section, {}).update(keys)
        self.process = None

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self):
        with open(self.path("roomline.yaml"), "w", encoding="utf-8") as f:
            for name, value in self.sections.items():  # JSON is YAML
                f.write(f"{json.dumps(name)}: {json.dumps(value)}\n")
        os.chmod(self.path("roomline.yaml"), 0o600)
        return self

    def start(self, env=None, preexec=None):
        self.write()
        starts = self.log().count("app.started")
        with open(self.path("log"), "ab") as log:
            self.process = subprocess.Popen(
                [binary(), "run"], cwd=self.folder, stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, env={**os.environ, **(env or {})}, preexec_fn=preexec)
        wait_until(lambda: self.log().count("app.started") > starts or
                   self.process.poll() is not None, 30, lambda: "a start: " + self.log())
        assert self.process.poll() is None, self.log()
        return self

    def stop(self, signo=signal.SIGTERM):
        self.process.send_signal(signo)
        return self.process.wait(20)

    def log(self):
        if not os.path.exists(self.path("log")):
            return ""
        with open(self.path("log"), encoding="utf-8") as f:
            return f.read()

    def wait_log(self, words):
        wait_until(lambda: words in self.log(), 10, lambda: f"{words!r} in " + self.log())

    def reload(self):
        self.write()
        self.process.send_signal(signal.SIGHUP)

    def get(self, path, data=None, headers=None):
        request = urllib.request.Request(self.url + path, data=data, headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as e:
            return e.code, e.read().decode()

    def box(self, path, body=None, key=BOX_KEY, host=None):
        """The sandbox's API."""
        headers = {"Content-Type": "application/json"}
        if key:
            headers["Authorization"] = basic(key)
        if host:
            headers["Host"] = host
        return self.get("/sandbox/api/" + path, body and json.dumps(body).encode(), headers)

    def phone_texts(self, text):
        """Texts as a contact; returns all that the phone has got until an answer came."""
        path = "phone/" + urllib.parse.quote(CONTACT) + "/texts"

        def received():
            status, body = self.box(path)
            return [t["text"] for t in json.loads(body)["texts"] if t["direction"] == "in"] \
                if status == 200 else []
        before = len(received())
        status, _ = self.box("text", {"from": CONTACT, "text": text})
        assert status == 202
        wait_until(lambda: len(received()) > before, 10, lambda: "an answer: " + self.log())
        return received()

    def twilio(self, fields, token=TOKEN, secret=SECRET, account="tw", what="/in", query=""):
        path = f"/hook/{secret}/{account}{what}{query}"
        text = self.url + path + "".join(k + fields[k] for k in sorted(fields))
        signature = base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest())
        return self.get(path, urllib.parse.urlencode(fields).encode(),
                        {"X-Twilio-Signature": signature.decode(),
                         "Content-Type": "application/x-www-form-urlencoded"})

    def inbound(self):
        with closing(sqlite3.connect(self.path("roomline.db"))) as db:
            return [r[0] for r in db.execute("SELECT text FROM message WHERE outbound = 0")]


@pytest.fixture
def daemon(tmp_path):
    d = Daemon(tmp_path).start()
    yield d
    if d.process.poll() is None:
        code = d.stop()
        assert code == OK, f"exit {code}: {d.log()}"


def text_of(sid, body, **more):
    return {"MessageSid": sid, "AccountSid": "AC" + "0" * 32, "From": CONTACT,
            "To": "+14155550101", "Body": body, "NumMedia": "0", **more}


# ---- help and usage

def test_help_names_every_command_and_the_exit_codes(tmp_path):
    answer = roomline("--help", cwd=tmp_path)
    assert answer.returncode == OK
    for command in COMMANDS:
        assert re.search(rf"^  {command} ", answer.stdout, re.M)
    assert "6 another roomline is running" in answer.stdout
    assert roomline("--version", cwd=tmp_path).stdout.startswith("roomline ")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(tmp_path, command):
    answer = roomline(command, "--help", cwd=tmp_path)
    assert answer.returncode == OK
    assert command in answer.stdout


@pytest.mark.parametrize("args", [
    [], ["nope"], ["run", "x"], ["run", "--nope"], ["run", "-c"], ["backup"], ["backup", "a", "b"],
    ["restore"],     ["check", "--example"],
])
def test_wrong_usage_has_its_own_exit_code(tmp_path, args):
    assert roomline(*args, cwd=tmp_path).returncode == USAGE


def test_a_wrong_command_gets_a_suggestion(tmp_path):
    answer = roomline("restor", "x", cwd=tmp_path)
    assert answer.returncode == USAGE
    assert "did you mean 'restore'?" in answer.stderr
    assert "did you mean" not in roomline("something", cwd=tmp_path).stderr


# ---- init

def secrets_of(path):
    with open(path, encoding="utf-8") as f:
        return re.findall(r"^ +(?:hook_)?secret: ([0-9a-f]{32})$", f.read(), re.M)


def test_init_writes_fresh_secrets_for_the_owner_only(tmp_path):
    assert roomline("init", "-c", "a.yaml", cwd=tmp_path).returncode == OK
    answer = roomline("init", "-c", "b.yaml", cwd=tmp_path)
    assert answer.returncode == OK
    assert "roomline check -c b.yaml" in answer.stdout
    secret = re.search(r"^  secret: (.*)$", (tmp_path / "b.yaml").read_text(), re.M).group(1)
    assert f'component_secret = "{secret}"' in answer.stdout
    assert stat.S_IMODE(os.stat(tmp_path / "a.yaml").st_mode) == 0o600
    secrets = secrets_of(tmp_path / "a.yaml") + secrets_of(tmp_path / "b.yaml")
    assert len(secrets) == 4 == len(set(secrets))


def test_init_switches_on_the_network_that_is_asked_for(tmp_path):
    answer = roomline("init", "--network", "matrix", cwd=tmp_path)
    assert answer.returncode == OK
    assert "app_service_config_files" in answer.stdout and "Prosody" not in answer.stdout
    config = (tmp_path / "roomline.yaml").read_text()
    assert re.search(r"^matrix:$", config, re.M) and re.search(r"^#xmpp:$", config, re.M)
    assert "    - matrix:@olga:example.org" in config
    tokens = re.findall(r"^  [ah]s_token: ([0-9a-f]{64})$", config, re.M)
    assert len(set(tokens)) == 2
    answer = roomline("check", cwd=tmp_path)
    assert "ok   configuration" in answer.stdout, answer.stdout
    example = roomline("init", "--network", "matrix", "--example", cwd=tmp_path).stdout
    assert re.sub(r"[0-9a-f]{32,64}", "CHANGE-ME-CHANGE-ME-CHANGE-ME", config) == example
    answer = roomline("init", "--network", "irc", "-c", "x.yaml", cwd=tmp_path)
    assert answer.returncode == USAGE and "xmpp matrix" in answer.stderr
    assert roomline("init", "--network", "null", "-c", "x.yaml", cwd=tmp_path).returncode == USAGE
    assert roomline("init", "--network", cwd=tmp_path).returncode == USAGE


def test_init_never_overwrites(tmp_path):
    (tmp_path / "roomline.yaml").write_text("mine\n")
    answer = roomline("init", cwd=tmp_path)
    assert answer.returncode == CONFIG
    assert "left as it is" in answer.stderr
    assert (tmp_path / "roomline.yaml").read_text() == "mine\n"
    assert roomline("init", "-c", "no/such/folder.yaml", cwd=tmp_path).returncode == CONFIG


def test_the_example_in_the_tree_is_what_init_prints(tmp_path):
    with open(os.path.join(ROOT, "config/roomline.yaml.example"), encoding="utf-8") as f:
        assert roomline("init", "--example", cwd=tmp_path).stdout == f.read()
    assert os.listdir(tmp_path) == []
    assert "null" not in roomline("init", "--example", cwd=tmp_path).stdout


def test_what_init_writes_runs(tmp_path):
    port = free_ports(1)[0]
    assert roomline("init", cwd=tmp_path).returncode == OK
    config = (tmp_path / "roomline.yaml").read_text()
    (tmp_path / "roomline.yaml").write_text(config.replace("127.0.0.1:8080", f"{HOST}:{port}"))
    process = Process([binary(), "run"], str(tmp_path / "log"), cwd=str(tmp_path))
    process.start()
    wait_until(lambda: port_open(port), 20, lambda: (tmp_path / "log").read_text())
    # Without its chat server it is up but not well, and says so.
    answer = roomline("health", cwd=tmp_path)
    assert answer.returncode == NETWORK
    assert '"networks_up":0' in answer.stdout
    process.child.terminate()
    assert process.child.wait(20) == OK


# ---- registration

def test_registration_is_made_from_the_configuration(tmp_path):
    assert roomline("init", "--network", "matrix", cwd=tmp_path).returncode == OK
    config = (tmp_path / "roomline.yaml").read_text()
    shown = roomline("registration", cwd=tmp_path)
    assert shown.returncode == OK
    for key in ("as_token", "hs_token"):
        token = re.search(rf"^  {key}: (\S+)$", config, re.M).group(1)
        assert f"\n{key}: '{token}'\n" in shown.stdout
    assert "    - regex: '^@_sms_.*:example\\.org$'\n      exclusive: true\n" in shown.stdout
    answer = roomline("registration", "-o", "sub.yaml", cwd=tmp_path)
    assert answer.returncode == OK
    assert "app_service_config_files" in answer.stdout
    assert "/etc/matrix-synapse/sub.yaml" in answer.stdout
    assert not any(token in answer.stdout for token in re.findall(r"[0-9a-f]{64}", config))
    assert (tmp_path / "sub.yaml").read_text() == shown.stdout
    assert stat.S_IMODE(os.stat(tmp_path / "sub.yaml").st_mode) == 0o600
    answer = roomline("registration", "-o", "sub.yaml", cwd=tmp_path)
    assert answer.returncode == CONFIG
    assert "left as it is" in answer.stderr and "-o" in answer.stderr
    assert (tmp_path / "sub.yaml").read_text() == shown.stdout


@pytest.mark.parametrize("old, new, says", [
    ("mode: appservice", "mode: bot\n  password: p", "nothing to register"),
    ("domain: example.org", "domain: 'no domain'", "matrix.domain"),
    ("appservice_url: http", "appservice_url: ftp", "matrix.appservice_url"),
])
def test_registration_says_what_it_lacks(tmp_path, old, new, says):
    assert roomline("init", "--network", "matrix", cwd=tmp_path).returncode == OK
    path = tmp_path / "roomline.yaml"
    config = path.read_text()
    assert old in config
    path.write_text(config.replace(old, new))
    answer = roomline("registration", "-o", "x.yaml", cwd=tmp_path)
    assert answer.returncode == CONFIG
    assert says in answer.stderr
    assert not os.path.exists(tmp_path / "x.yaml")


def test_registration_wants_a_section_for_it(tmp_path):
    assert roomline("init", cwd=tmp_path).returncode == OK
    answer = roomline("registration", cwd=tmp_path)
    assert answer.returncode == CONFIG
    assert "no section 'matrix'" in answer.stderr


# ---- check

@pytest.fixture
def xmpp_port():
    with socket.socket() as sock:
        sock.bind((HOST, 0))
        sock.listen()
        yield sock.getsockname()[1]


def checked(tmp_path, **changes):
    d = Daemon(tmp_path, **changes)
    d.sections["providers"] = d.sections["providers"][:1]
    d.sections["senders"] = d.sections["senders"][:1]
    d.write()
    return roomline("check", cwd=tmp_path)


def test_check_is_content_with_a_good_configuration(tmp_path):
    answer = checked(tmp_path)
    assert answer.returncode == OK, answer.stdout
    assert "ok   time zones: tzdata 2" in answer.stdout
    assert "will be made at the first start" in answer.stdout
    assert "FAIL" not in answer.stdout
    assert sorted(os.listdir(tmp_path)) == ["roomline.yaml"], "check changes nothing"


def test_check_prints_the_hook_to_paste(daemon):
    answer = roomline("check", cwd=daemon.folder)
    assert f"{daemon.url}/hook/{SECRET}/tw/in" in answer.stdout
    assert f"ok   port: a Roomline is running on {HOST}:{daemon.port}" in answer.stdout
    assert "ok   database:" in answer.stdout


def test_check_says_which_connection_fails(tmp_path):
    port = free_ports(1)[0]
    xmpp = {"domain": "sms.localhost", "muc_service": "rooms.localhost", "secret": "x",
            "host": HOST, "port": str(port)}
    answer = checked(tmp_path, xmpp=xmpp)
    assert answer.returncode == NETWORK
    assert f"FAIL xmpp: no connection to {HOST} port {port}" in answer.stdout


def test_check_shows_what_is_wrong_in_every_part(tmp_path):
    d = Daemon(tmp_path, organisation={"region": "USA"}, http={"listen": "8080"},
               policy={"hold_hours": "0"}, team={"inbox": ["alice"]})
    d.sections["providers"][1]["auth_token"] = "file:nowhere"
    d.sections["senders"][0]["number"] = "5550100"
    d.sections["senders"][1]["number"] = "(415) 555-0100"
    d.write()
    answer = roomline("check", cwd=tmp_path)
    assert answer.returncode == CONFIG
    for says in ("organisation: 'region' is 'USA' but must be a country's two letters",
                 "http: 'listen' is '8080' but must be ADDRESS:PORT",
                 "policy: 'hold_hours'", "team: 'inbox': 'alice' must be NETWORK:ADDRESS",
                 "providers, entry 2 (tw): 'auth_token': cannot read",
                 "senders, entry 1 (main): 'number' is '5550100' but must begin with +",
                 "senders, entry 2 (two): 'number' is '(415) 555-0100' but must begin with +"):
        assert f"FAIL configuration: roomline.yaml: {says}" in answer.stdout, answer.stdout
    assert answer.stdout.count("FAIL") == 7
    answer = roomline("run", cwd=tmp_path)
    assert answer.returncode == CONFIG
    assert answer.stderr.count("roomline: roomline.yaml: ") == 7


def test_check_warns_of_secrets_that_others_can_read(tmp_path):
    (tmp_path / "hook").write_text(SECRET)
    os.chmod(tmp_path / "hook", 0o644)
    answer = checked(tmp_path, http={"hook_secret": "file:hook"})
    assert answer.returncode == OK
    assert "warn ./hook is a secret and everybody on this machine may read it" in answer.stdout
    os.chmod(tmp_path / "hook", 0o600)
    assert "is a secret" not in checked(tmp_path, http={"hook_secret": "file:hook"}).stdout


@pytest.mark.parametrize("key", ["user", "password"])
def test_check_names_a_key_that_a_definition_wants(tmp_path, key):
    d = Daemon(tmp_path)
    d.sections["providers"] = [{"name": "kannel", "driver": "generic", "user": "u",
                                "password": "p", "definition": os.path.join(
                                    ROOT, "config/providers/kannel.yaml")}]
    d.sections["senders"] = [{"name": "main", "provider": "kannel", "number": "+14155550100"}]
    del d.sections["providers"][0][key]
    d.write()
    answer = roomline("check", cwd=tmp_path)
    assert answer.returncode == CONFIG
    assert f"'{key}' is missing" in answer.stdout


def test_what_is_installed_anywhere_finds_its_definitions_and_goes_again(tmp_path):
    prefix = tmp_path / "opt"
    folder, variant = os.path.split(os.path.dirname(os.path.abspath(binary())))
    make = ["make", "-s", "-C", ROOT, f"BUILD={folder}", f"PREFIX={prefix}",
            *(["SAN=1"] if variant.endswith("-san") else [])]
    (prefix / "bin").mkdir(parents=True)
    subprocess.run([*make, "install"], check=True, timeout=600)
    with open(prefix / "lib/systemd/system/roomline.service", encoding="utf-8") as f:
        assert f"ExecStart={prefix}/bin/roomline run" in f.read()
    d = Daemon(tmp_path)
    d.sections["providers"] = [{"name": "kannel", "driver": "generic", "user": "u",
                                "password": "p", "definition": "kannel.yaml"}]
    d.sections["senders"] = [{"name": "main", "provider": "kannel", "number": "+14155550100"}]
    d.write()

    def check():
        return subprocess.run([prefix / "bin/roomline", "check"], cwd=tmp_path, capture_output=True,
                              text=True, timeout=60, check=False).stdout
    assert "ok   configuration:" in check()
    (tmp_path / "kannel.yaml").write_text("send_method: NONSENSE\n")
    assert "'send_method' is 'NONSENSE'" in check(), "one's own wins"
    subprocess.run([*make, "uninstall"], check=True, timeout=60)
    assert [f for _, _, files in os.walk(prefix) for f in files] == []


def test_check_finds_a_port_that_somebody_else_has(tmp_path, xmpp_port):
    answer = checked(tmp_path, http={"listen": f"{HOST}:{xmpp_port}"})
    assert answer.returncode == NETWORK
    assert "FAIL port:" in answer.stdout and "change http.listen" in answer.stdout


def test_check_finds_a_broken_database(tmp_path):
    (tmp_path / "roomline.db").write_bytes(b"this is no database\n" * 100)
    answer = checked(tmp_path)
    assert answer.returncode == DATABASE
    assert "FAIL database:" in answer.stdout


def test_check_finds_a_folder_that_is_not_there(tmp_path):
    answer = checked(tmp_path, store={"path": "no/such/roomline.db"})
    assert answer.returncode == DATABASE
    assert "make the folder" in answer.stdout


@pytest.mark.parametrize("command", ["check", "run", "backup", "health"])
def test_an_unknown_key_is_refused_with_its_line(tmp_path, command):
    Daemon(tmp_path).write()
    with open(tmp_path / "roomline.yaml", "a", encoding="utf-8") as f:
        f.write("policy:\n  max_segmets: 3\n")
    answer = roomline(command, *(["copy"] if command == "backup" else []), cwd=tmp_path)
    assert answer.returncode == CONFIG
    assert re.search(r"roomline.yaml line 8: there is no key 'max_segmets' in policy",
                     answer.stdout + answer.stderr)


def test_the_warnings_are_logged_at_the_start(tmp_path):
    d = Daemon(tmp_path).start()
    assert "public_url' is not https" in d.log()
    assert d.stop() == OK


# ---- the daemon's life

@pytest.mark.parametrize("signo", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(daemon, signo):
    began = time.monotonic()
    assert daemon.stop(signo) == OK
    assert time.monotonic() - began < 8
    assert "app.stopped" in daemon.log()
    assert not port_open(daemon.port)


def test_what_is_in_flight_at_the_end_is_waited_for_but_not_forever(daemon):
    daemon.box("faults", {"fault": "noanswer"})
    daemon.box("text", {"from": CONTACT, "text": "HELP"})
    daemon.wait_log("message.sending")
    daemon.process.send_signal(signal.SIGTERM)
    daemon.wait_log("app.stopping")
    time.sleep(1)
    assert daemon.process.poll() is None
    assert daemon.process.wait(20) == OK
    assert "bridge.impatient" in daemon.log()


def test_a_second_signal_does_not_wait(daemon):
    daemon.box("faults", {"fault": "noanswer"})
    daemon.box("text", {"from": CONTACT, "text": "HELP"})
    daemon.wait_log("message.sending")
    daemon.process.send_signal(signal.SIGTERM)
    daemon.wait_log("app.stopping")
    daemon.process.send_signal(signal.SIGTERM)
    assert daemon.process.wait(3) == OTHER
    # What was in flight is found as unknown, and is not sent again.
    daemon.start()
    assert "bridge.recovered unknown=1" in daemon.log()


def test_a_second_daemon_is_refused(daemon):
    answer = roomline("run", cwd=daemon.folder)
    assert answer.returncode == RUNNING
    assert "another Roomline is running on this database" in answer.stderr
    status, body = daemon.get("/health")
    assert status == 200
    assert "paused" in body and "version" not in body


def test_a_port_in_use_and_a_missing_folder_end_the_start(tmp_path, xmpp_port):
    Daemon(tmp_path, http={"listen": f"{HOST}:{xmpp_port}"}).write()
    answer = roomline("run", cwd=tmp_path)
    assert answer.returncode == NETWORK
    assert "change http.listen" in answer.stderr
    Daemon(tmp_path, store={"path": "no/such/roomline.db"}).write()
    assert roomline("run", cwd=tmp_path).returncode == DATABASE
    assert roomline("run", "-c", "nowhere.yaml", cwd=tmp_path).returncode == CONFIG


def test_files_are_private_and_descriptors_fit_select(tmp_path):
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit[1] < 4096:
        pytest.fail("this machine gives no 4096 descriptors to test with")
    d = Daemon(tmp_path).start(
        preexec=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (4096, limit[1])))
    with open(f"/proc/{d.process.pid}/limits", encoding="utf-8") as f:
        soft = re.search(r"Max open files +(\d+)", f.read()).group(1)
    assert soft == "1024"
    for name in os.listdir(tmp_path):
        if name.startswith("roomline.db"):
            assert stat.S_IMODE(os.stat(tmp_path / name).st_mode) & 0o077 == 0, name
    assert d.stop() == OK


def test_systemd_hears_when_it_is_ready_and_when_it_stops(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "notify"))
        sock.settimeout(20)
        d = Daemon(tmp_path).start(env={"NOTIFY_SOCKET": str(tmp_path / "notify")})
        assert sock.recv(100) == b"READY=1"
        assert d.stop() == OK
        assert sock.recv(100) == b"STOPPING=1"


# ---- reload

def test_a_reload_takes_over_texts_and_the_log_level(daemon):
    assert "Riverside: Reach us" in daemon.phone_texts("HELP")[-1]
    daemon.sections["organisation"]["name"] = "Hillside"
    daemon.sections["log"]["level"] = "warn"
    daemon.sections["http"]["listen"] = f"{HOST}:1"
    daemon.reload()
    daemon.wait_log('app.restart_needed what="http: listen"')
    assert "Hillside: Reach us" in daemon.phone_texts("HELP")[-1]
    assert " info message.accepted" not in daemon.log().split("app.restart_needed")[1]


def test_a_broken_configuration_is_refused_and_the_old_one_stays(daemon):
    for section, key, value, says in (
            ("organisation", "nmae", "x", "there is no key 'nmae'"),
            ("policy", "hold_hours", "0", "'hold_hours'"),
            ("organisation", "region", "USA", "'region' is 'USA'"),
            ("http", "hook_secret", "file:nowhere", "cannot read")):
        kept = json.dumps(daemon.sections)
        daemon.sections.setdefault(section, {})[key] = value
        daemon.sections["organisation"]["name"] = "Hillside"
        daemon.reload()
        daemon.wait_log(says)
        daemon.sections = json.loads(kept)
    assert daemon.log().count("app.reload_refused") == 4
    assert "Riverside: Reach us" in daemon.phone_texts("HELP")[-1]


def test_a_reload_exchanges_a_token(daemon):
    assert daemon.twilio(text_of("SM1", "one"))[0] == 200
    assert daemon.twilio(text_of("SM2", "two"), token="fresh")[0] == 403
    daemon.sections["providers"][1].update(auth_token="fresh", auth_token_previous=TOKEN)
    daemon.reload()
    daemon.wait_log('app.reloaded changed="tw: auth_token, tw: auth_token_previous"')
    assert daemon.twilio(text_of("SM2", "two"), token="fresh")[0] == 200
    assert daemon.twilio(text_of("SM3", "three"))[0] == 200
    daemon.reload()  # the same again: nothing that is in use may go
    wait_until(lambda: daemon.log().count("app.reloaded") == 2, 10, "a second reload")
    daemon.wait_log('app.reloaded changed="nothing"')
    assert daemon.twilio(text_of("SM4", "four"))[0] == 200
    assert daemon.inbound() == ["one", "two", "three", "four"]


# ---- backup and health

def test_a_backup_while_it_runs_is_complete(daemon):
    daemon.phone_texts("HELP")
    assert roomline("backup", "copy.db", cwd=daemon.folder).returncode == OK
    with closing(sqlite3.connect(daemon.path("copy.db"))) as db:
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert db.execute("SELECT text FROM message WHERE outbound = 0").fetchall() == [("HELP",)]
    answer = roomline("backup", "copy.db", cwd=daemon.folder)
    assert answer.returncode == DATABASE
    assert "copy.db" in answer.stderr


def test_a_backup_of_nothing_is_refused(tmp_path):
    Daemon(tmp_path).write()
    assert roomline("backup", "copy.db", cwd=tmp_path).returncode == DATABASE
    assert not os.path.exists(tmp_path / "copy.db")


def test_an_opt_out_survives_a_restore_after_a_crash(daemon):
    daemon.phone_texts("HELP")
    assert roomline("backup", "copy.db", cwd=daemon.folder).returncode == OK
    daemon.phone_texts("STOP")
    answer = roomline("restore", "copy.db", cwd=daemon.folder)
    assert answer.returncode == RUNNING, "not under a running daemon"
    daemon.stop(signal.SIGKILL)
    assert os.path.getsize(daemon.path("roomline.db-wal")) > 0, "a log that must not be replayed"
    answer = roomline("restore", "copy.db", cwd=daemon.folder)
    assert answer.returncode == OK, answer.stderr
    assert "1 opt-outs" in answer.stdout and "LOST" not in answer.stdout
    assert not os.path.exists(daemon.path("roomline.db-wal"))
    daemon.start()
    with closing(sqlite3.connect(daemon.path("roomline.db"))) as db:
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert db.execute("SELECT phone FROM suppression").fetchall() == [(CONTACT,)]
        assert [r[0] for r in db.execute("SELECT text FROM message WHERE outbound = 0")] == ["HELP"]


def test_the_sandbox_undoes_no_real_stop(daemon):
    """Who reaches its page, or a site that a browser there shows, is nobody's phone."""
    real = "+14155552671"

    def suppressed():
        with closing(sqlite3.connect(daemon.path("roomline.db"))) as db:
            return db.execute("SELECT phone FROM suppression").fetchall()
    assert daemon.twilio(text_of("SM" + "7" * 32, "STOP", From=real))[0] == 200
    assert suppressed() == [(real,)]
    start = {"from": real, "text": "START"}
    assert daemon.box("text", start, key=None)[0] == 401
    assert daemon.box("text", start, key="guessed")[0] == 401
    assert daemon.box("text", start, host="rebound.example")[0] == 403
    status, why = daemon.box("text", start)
    assert status == 400 and "made-up number" in why
    for path in ("/sandbox/", "/sandbox/api/phones"):
        assert daemon.get(path)[0] == 401
    daemon.phone_texts("HELP")  # what is refused would have come by now
    assert suppressed() == [(real,)]


def test_a_restore_says_what_is_lost(tmp_path):
    d = Daemon(tmp_path).start()
    assert roomline("backup", "copy.db", cwd=tmp_path).returncode == OK
    assert d.stop() == OK
    (tmp_path / "roomline.db").write_bytes(b"damaged" * 1000)
    assert roomline("check", cwd=tmp_path).returncode == DATABASE
    answer = roomline("restore", "copy.db", cwd=tmp_path)
    assert answer.returncode == OK
    assert "Opt-outs that are newer than the copy may be LOST" in answer.stdout
    assert "ok   database:" in roomline("check", cwd=tmp_path).stdout
    answer = roomline("restore", "nowhere.db", cwd=tmp_path)
    assert answer.returncode == DATABASE and "nowhere.db" in answer.stderr


def test_health_tells_running_from_dead(daemon):
    answer = roomline("health", cwd=daemon.folder)
    assert answer.returncode == OK
    assert json.loads(answer.stdout)["status"] == "ok"
    assert daemon.stop() == OK
    answer = roomline("health", cwd=daemon.folder)
    assert answer.returncode == NETWORK
    assert "no answer" in answer.stderr


# ---- hooks

def test_a_hook_is_stored_once_before_it_is_answered(daemon):
    for _ in range(3):
        assert daemon.twilio(text_of("SM1", "Hi, who is this?")) == (200, "<Response/>")
        assert daemon.inbound() == ["Hi, who is this?"]


def test_a_wrong_secret_and_an_unknown_account_look_the_same(daemon):
    answers = {daemon.twilio(text_of("SM1", "x"), secret="wrong-secret-0123456"),
               daemon.twilio(text_of("SM1", "x"), secret=SECRET + "0"),
               daemon.twilio(text_of("SM1", "x"), secret=SECRET[:-1]),
               daemon.twilio(text_of("SM1", "x"), secret=""),
               daemon.twilio(text_of("SM1", "x"), account="nobody"),
               daemon.get("/nothing/here"), daemon.get("/hook/"), daemon.get("/hook"),
               daemon.get(f"/hook/{SECRET}"), daemon.get(f"/hook/{SECRET}/")}
    assert len(answers) == 1 and answers.pop()[0] == 404
    assert daemon.inbound() == []


def test_a_forged_hook_is_refused_and_logged_without_secrets(daemon):
    assert daemon.twilio(text_of("SM1", "x"), token="forged")[0] == 403
    for _ in range(50):
        assert daemon.get(f"/hook/{SECRET}/tw/in", b"Body=x")[0] == 403
    refused = [l for l in daemon.log().splitlines() if "hook.refused" in l]
    assert 1 <= len(refused) < 10, "a flood of forged hooks is no flood of log lines"
    assert "account=tw status=403" in refused[0]
    assert SECRET not in daemon.log() and TOKEN not in daemon.log()
    assert CONTACT not in daemon.log()
    assert daemon.inbound() == []


def test_a_hook_that_cannot_be_understood_is_400(daemon):
    assert daemon.twilio({"Nothing": "known"})[0] == 400


def test_the_query_is_part_of_what_is_signed(daemon):
    fields = text_of("SM1", "with a query")
    assert daemon.twilio(fields, query="?a=%41&b=%20")[0] == 200
    assert daemon.inbound() == ["with a query"]


def test_a_hook_that_cannot_be_stored_is_503_and_works_later(daemon):
    with closing(sqlite3.connect(daemon.path("roomline.db"), isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        status, _ = daemon.twilio(text_of("SM1", "later"))
        other.execute("ROLLBACK")
    assert status == 503
    assert daemon.twilio(text_of("SM1", "later"))[0] == 200
    assert daemon.inbound() == ["later"]


@pytest.mark.parametrize("step", ["hook.received", "hook.stored", "hook.committed"])
def test_a_death_in_the_middle_of_a_hook_loses_and_doubles_nothing(tmp_path, step):
    d = Daemon(tmp_path).start(env={"ROOMLINE_CRASH_AT": step})
    with pytest.raises((urllib.error.URLError, ConnectionError)):
        d.twilio(text_of("SM1", "once"))
    assert d.process.wait(20) == -signal.SIGKILL
    assert d.inbound() == (["once"] if step == "hook.committed" else [])
    d.start()
    assert d.twilio(text_of("SM1", "once"))[0] == 200
    assert d.inbound() == ["once"]
    assert d.stop() == OK
