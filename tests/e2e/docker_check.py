# SPDX-License-Identifier: AGPL-3.0-or-later
"""A conversation carried by the containers of docker/, and what a container must keep to.

    ENGINE=docker docker_check.py IMAGE PROSODY_IMAGE SYNAPSE_IMAGE     (tests/docker-check.sh builds all)

The containers are started from docker/compose.yml itself, key by key, and a key that is not known
here is an error; so that what is checked is what `docker compose up` runs. One thing differs: they
use the host's network, which is there everywhere, hence other ports; that is what ADAPTED lists.
No pytest: `make test` must not need a container engine.
"""
import contextlib
import json
import os
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time

import yaml

from chat import Volunteer
from daemon import ROOT, Roomline
from servers import HOST, XmppServer, free_ports, port_open, wait_until
from synapse import request

ENGINE = shlex.split(os.environ.get("ENGINE", "docker"))
RUN_OPTIONS = shlex.split(os.environ.get("RUN_OPTIONS", ""))
PREFIX = f"roomline-check-{os.getpid()}"
PAT, SENDER = "+14155550123", "+15555550100"
CONFIRMATION = ("Riverside Neighbors: You are unsubscribed and will get no more texts from us. "
                "Reply START to undo.")
PORTS = dict(zip(("http", "c2s", "component", "matrix"), free_ports(4)))
ADAPTED = {
    "roomline.yaml": {
        "listen: 0.0.0.0:8080": f"listen: {HOST}:{PORTS['http']}",
        "public_url: http://127.0.0.1:8080": f"public_url: http://{HOST}:{PORTS['http']}",
        "host: prosody\n": f"host: prosody\n  port: {PORTS['component']}\n",
    },
    "prosody/prosody.cfg.lua": {
        "c2s_ports = { 5222 }": f"c2s_ports = {{ {PORTS['c2s']} }}; interfaces = {{ '{HOST}' }}",
        "component_ports = { 5347 }": f"component_ports = {{ {PORTS['component']} }}",
        'component_interfaces = { "*" }': f"component_interfaces = {{ '{HOST}' }}",
    },
    "synapse/homeserver.yaml": {
        "port: 8008": f"port: {PORTS['matrix']}", '"0.0.0.0"': f'"{HOST}"'},
    "synapse/add-user": {"127.0.0.1:8008": f"{HOST}:{PORTS['matrix']}"},
}
failed = []


def check(good, name, detail=""):
    print(("ok - " if good else "not ok - ") + name, flush=True)
    if not good:
        failed.append(name)
        print("".join(f"    {line}\n" for line in str(detail).splitlines()[-40:]), end="")


def engine(*argv):
    done = subprocess.run([*ENGINE, *argv], capture_output=True, text=True,
                          timeout=120, check=False)
    done.words = done.stdout + done.stderr
    return done


def must(done):
    if done.returncode != 0:
        raise RuntimeError(f"{shlex.join(done.args)}: exit {done.returncode}: {done.words}")
    return done.stdout.strip()


class Service:
    """A service of compose.yml as one container."""

    def __init__(self, compose, name, image, folder, extra=()):
        self.keys, self.image = compose["services"][name], image
        self.secrets, self.volumes = compose["secrets"], compose["volumes"]
        self.folder, self.extra = folder, extra
        self.name = f"{PREFIX}-{name}"
        self.command = []
        self.options = [o for key, value in self.keys.items() for o in self.flags(key, value)]

    def __str__(self):
        return self.name.removeprefix(PREFIX + "-")

    def path(self, relative):
        return os.path.realpath(os.path.join(self.folder, relative))

    def flags(self, key, value):
        if key in ("build", "restart", "depends_on", "ports", "profiles"):
            return
        if key == "command":
            self.command = value
        elif key == "environment":
            for name, text in value.items():
                yield f"--env={name}=" + re.sub(r"\$\{\w+:-(.*)\}", r"\1", text)
        elif key == "healthcheck":
            assert value["test"][0] == "CMD" and not set(value) - {
                "test", "interval", "timeout", "start_period"}, value
            yield "--health-cmd=" + json.dumps(value["test"])
        elif key == "volumes":
            for line in value:
                source, _, rest = line.partition(":")
                if source.startswith("."):
                    yield f"--volume={self.path(source)}:{rest}"
                else:
                    assert source in self.volumes, f"volume {source}"
                    yield f"--volume={PREFIX}-{source}:{rest}"
        elif key == "secrets":
            for name in value:
                yield f"--volume={self.path(self.secrets[name]['file'])}:/run/secrets/{name}:ro"
        elif key == "read_only":
            yield "--read-only" if value else "--read-only=false"
        elif key == "cap_drop":
            yield from (f"--cap-drop={c}" for c in value)
        elif key == "security_opt":
            # Podman knows this option without a value only, Docker both.
            yield from (f"--security-opt={o.removesuffix(':true')}" for o in value)
        elif key == "stop_grace_period":
            yield f"--stop-timeout={int(value.removesuffix('s'))}"
        else:
            raise ValueError(f"compose.yml has '{key}', which this check cannot start")

    def start(self):
        must(engine("run", "--detach", "--name", self.name, "--network=host", *RUN_OPTIONS,
                    *self.extra, *self.options, self.image, *self.command))

    def exec(self, *argv):
        return engine("exec", self.name, *argv)

    def look(self, template):
        return must(engine("inspect", "--format", template, self.name))

    def logs(self):
        return engine("logs", self.name).words

    def stop(self):
        """SIGTERM; returns the seconds it took and the exit code (137: it had to be killed)."""
        begun = time.monotonic()
        must(engine("stop", self.name))
        return time.monotonic() - begun, self.look("{{.State.ExitCode}}")

    def remove(self):
        engine("rm", "--force", self.name)


class Server(XmppServer):
    """What a Volunteer has to know of the Prosody in the container."""

    def __init__(self):  # no folder and no process of its own
        self.c2s_port, self.component_port = PORTS["c2s"], PORTS["component"]


class Phones(Roomline):
    """The sandbox's JSON interface of the daemon in the container."""

    sandbox_key = ""

    def __init__(self, server):
        self.server, self.url = server, f"http://{HOST}:{PORTS['http']}"


def adapted_folder():
    folder = tempfile.mkdtemp(prefix="roomline-docker-")
    shutil.copytree(os.path.join(ROOT, "docker"), folder, dirs_exist_ok=True,
                    ignore=shutil.ignore_patterns("secrets"))
    os.chmod(folder, 0o755)
    for name, changes in ADAPTED.items():
        path = os.path.join(folder, name)
        with open(path, encoding="utf-8") as f:
            text = f.read()
        for old, new in changes.items():
            assert text.count(old) == 1, f"docker/{name} has not one '{old}'"
            text = text.replace(old, new)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(path, 0o644)
    return folder


def make_secrets(folder):
    def run():
        return subprocess.run([os.path.join(folder, "make-secrets.sh")], capture_output=True,
                              text=True, check=True).stdout

    def read():
        values = []
        for name in ("xmpp_secret", "hook_secret", "matrix_as_token", "matrix_hs_token"):
            with open(os.path.join(folder, "secrets", name), encoding="utf-8") as f:
                values.append(f.read())
        return values

    told = run()
    secrets = read()
    check(all(len(s) >= 32 for s in secrets) and not any(s in told for s in secrets),
          "make-secrets.sh makes secrets and prints none", told)
    check(run() == "" and read() == secrets, "make-secrets.sh keeps those that exist")
    return secrets


def check_compose_file():
    if engine("compose", "version").returncode != 0:
        return  # no such plugin; every key was read here
    done = engine("compose", "-f", os.path.join(ROOT, "docker/compose.yml"), "config", "--quiet")
    check(done.returncode == 0, "docker compose accepts compose.yml", done.words)


def health(daemon):
    return daemon.exec(*daemon.keys["healthcheck"]["test"][1:])


def wait_well(daemon):
    wait_until(lambda: health(daemon).returncode == 0, 40,
               lambda: "health: " + health(daemon).words + daemon.logs(), step=0.3)


def start_both(daemon, prosody):
    prosody.start()
    daemon.start()
    wait_well(daemon)


# ---- the container


def check_image(image):
    config = json.dumps(json.loads(must(engine("image", "inspect", image))))
    check('"CMD", "roomline", "health"' in config, "the image has a health check of its own",
          config)
    done = engine("run", "--rm", *RUN_OPTIONS, "--network=host", image)
    check(done.returncode == 3 and "/data/roomline.yaml" in done.words,
          "without a configuration it says so and ends with 3", done.words)
    done = engine("run", "--rm", *RUN_OPTIONS, "--network=host", image, "init", "--example")
    with open(os.path.join(ROOT, "config/roomline.yaml.example"), encoding="utf-8") as f:
        check(done.stdout == f.read(), "it prints the example configuration", done.stderr)


def check_confinement(service, uid):
    status = must(service.exec("cat", "/proc/1/status"))
    seen = dict(re.findall(r"^(\w+):\s*(.*)$", status, re.M))
    check(seen["Uid"].split() == [str(uid)] * 4, f"{service} runs as user {uid}", seen["Uid"])
    sets = {seen[k] for k in ("CapEff", "CapPrm", "CapBnd")}
    check(sets == {"0" * 16} and seen["NoNewPrivs"] == "1",
          f"{service} has no capabilities and can get none", status)
    mounts = must(service.exec("cat", "/proc/1/mounts"))
    root = next(m.split() for m in mounts.splitlines() if m.split()[1] == "/")
    check("ro" in root[3].split(","), f"{service} has a read-only root", root)


def check_roomline_check(daemon):
    done = daemon.exec("roomline", "check", "-c", daemon.command[-1])
    warns = [w for w in done.stdout.splitlines() if not w.startswith("ok")]
    check(done.returncode == 0 and not warns, "roomline check is content", done.words)


def check_account(prosody, server, folder):
    """Makes alice's and trusts the server's certificate. Returns the password."""
    told = must(prosody.exec("add-user", "alice"))
    made_up = re.fullmatch(r"alice@localhost  password: (\w{12,})", told)
    check(made_up, "add-user makes an account and thinks up its password", told)
    server.certificate = os.path.join(folder, "localhost.crt")
    with open(server.certificate, "w", encoding="utf-8") as f:
        f.write(must(prosody.exec("cat", "/var/lib/prosody/certs/localhost.crt")))
    return made_up[1] if made_up else ""


def check_secrecy(services, images, secrets):
    for service in services:
        seen = must(engine("inspect", service.name))
        check(not any(s in seen for s in secrets), f"inspect of {service} shows no secret")
        logs = service.logs()
        check(len(logs) > 100 and not any(s in logs for s in secrets),
              f"the log of {service} shows no secret")
    logs = services[0].logs()
    check(PAT not in logs and "who is this" not in logs, "the daemon's log shows no number or text",
          logs)
    for image in images:
        seen = must(engine("image", "inspect", image)) + must(
            engine("history", "--no-trunc", "--format", "{{.CreatedBy}}", image))
        check(not any(s in seen for s in secrets), f"the image {image} holds no secret")


def check_synapse(service, as_token):
    """The Matrix server has accounts, and Roomline's application service."""
    def ask(method, path, body=None, token=None):
        return request(PORTS["matrix"], method, "/_matrix/client/" + path, body, token)

    wait_until(lambda: port_open(PORTS["matrix"]) and ask("GET", "versions").status == 200, 60,
               lambda: "Synapse: " + service.logs()[-3000:], step=0.3)
    check_confinement(service, 10003)
    told = must(service.exec("sh", "/usr/local/bin/add-user", "alice"))
    made_up = re.fullmatch(r"@alice:localhost  password: (\w{12,})", told)
    check(made_up, "add-user makes an account in Synapse", told)
    answer = ask("POST", "v3/login", {
        "type": "m.login.password", "password": made_up and made_up[1],
        "identifier": {"type": "m.id.user", "user": "alice"}})
    check(answer.status == 200, "she can log in", answer)
    answer = ask("GET", "v3/account/whoami", token=as_token)
    check(answer.body.get("user_id") == "@_sms_service:localhost",
          "the bridge is an application service of Synapse", answer)
    seconds, code = service.stop()
    check(code == "0" and seconds < 10, "SIGTERM ends Synapse with 0 within 10 s",
          f"exit {code} after {seconds:.1f} s")
    check(as_token not in service.logs(), "the log of Synapse shows no token")


# ---- the conversation


def check_conversation(phones, alice):
    phone = phones.phone(PAT)
    phone.text("Hi, who is this?", to=SENDER)
    room = alice.wait_invite()
    came = alice.wait_text(room, "Hi, who is this?")
    check(came.nick.startswith("Contact"), "a text becomes a room, over TLS", came)
    alice.say(room, "Alice of Riverside")
    said = alice.wait_text(room, "Alice of Riverside")
    phone.wait_received("Alice of Riverside")
    check(True, "the answer becomes a text")
    alice.wait_reaction(room, "✅", said.stanza_id)
    check(True, "the answer is marked as delivered")
    phone.text("STOP", to=SENDER)
    phone.wait_received(CONFIRMATION)
    alice.wait_for(lambda m: m.room == room and "opted out" in m.text)
    check(True, "STOP is confirmed, and told in the room")
    alice.say(room, "but wait")
    alice.wait_for(lambda m: m.room == room and m.text.startswith("Not sent: they have opted out"))
    time.sleep(1)  # nothing may come late
    check(phone.received() == ["Alice of Riverside", CONFIRMATION],
          "what is said after that is refused and not texted", phone.received())
    return room


def check_kept_conversation(phones, alice, room):
    alice.join(room)
    alice.wait_text(room, "Alice of Riverside")
    check(True, "the room and its archive are there again")
    phone = phones.phone(PAT)
    alice.say(room, "are you there?")
    alice.wait_for(lambda m: m.room == room and not m.delayed
                   and m.text.startswith("Not sent: they have opted out"))
    check(phone.received() == [], "they are still opted out", phone.received())
    phone.text("START", to=SENDER)
    alice.wait_for(lambda m: m.room == room and "opted in again" in m.text)
    alice.say(room, "welcome back")
    phone.wait_received("welcome back")
    check(alice.invites.count(room) == len(alice.invites), "it goes on in the same room",
          alice.invites)


# ---- the data folder


def rows(daemon, folder, name):
    """How many rows each table has, from a backup made in the running container."""
    must(daemon.exec("roomline", "backup", "-c", daemon.command[-1], f"/data/{name}"))
    copy = os.path.join(folder, name)
    must(engine("cp", f"{daemon.name}:/data/{name}", copy))
    with contextlib.closing(sqlite3.connect(copy)) as db:
        tables = [t for t, in db.execute(
            "select name from sqlite_schema where type='table' and name not like 'sqlite_%'")]
        return {t: db.execute(f'select count(*) from "{t}"').fetchone()[0] for t in tables}


def check_new_containers(daemon, prosody, folder):
    before = rows(daemon, folder, "before.db")
    for service in (daemon, prosody):
        seconds, code = service.stop()
        check(code == "0" and seconds < 10, f"SIGTERM ends {service} with 0 within 10 s",
              f"exit {code} after {seconds:.1f} s\n{service.logs()}")
    check("app.stopped" in daemon.logs(), "the daemon's log tells that it stopped", daemon.logs())
    daemon.remove()
    prosody.remove()
    start_both(daemon, prosody)
    after = rows(daemon, folder, "after.db")
    lost = {t: (n, after.get(t, 0)) for t, n in before.items() if after.get(t, 0) < n}
    check(before.get("message", 0) >= 4 and not lost,
          "new containers on the same volumes have every row", f"{before}\nlost: {lost}")


def run(images, folder):
    secrets = make_secrets(folder)
    with open(os.path.join(folder, "compose.yml"), encoding="utf-8") as f:
        compose = yaml.safe_load(f)
    daemon = Service(compose, "roomline", images[0], folder, [f"--add-host=prosody:{HOST}"])
    prosody = Service(compose, "prosody", images[1], folder, [
        f"--volume={folder}/prosody/prosody.cfg.lua:/etc/prosody/prosody.cfg.lua:ro"])
    synapse = Service(compose, "synapse", images[2], folder, [
        f"--volume={folder}/synapse/homeserver.yaml:/etc/synapse/homeserver.yaml:ro",
        f"--volume={folder}/synapse/add-user:/usr/local/bin/add-user:ro"])
    check_compose_file()
    check_image(images[0])
    server = Server()
    phones = Phones(server)
    try:
        start_both(daemon, prosody)
        check(True, "both come up, and the health check is content")
        check_roomline_check(daemon)
        check_confinement(daemon, 10001)
        check_confinement(prosody, 10002)
        alice = Volunteer(server, "alice")
        alice.password = check_account(prosody, server, folder)
        with alice:
            room = check_conversation(phones, alice)
        check_secrecy((daemon, prosody), images, [*secrets, alice.password])
        check_new_containers(daemon, prosody, folder)
        again = Volunteer(server, "alice")
        again.password = alice.password
        with again:
            check_kept_conversation(phones, again, room)
        check_secrecy((daemon, prosody), images, [*secrets, alice.password])
        synapse.start()
        check_synapse(synapse, secrets[2])
    except Exception:
        for service in (synapse, prosody, daemon):
            print(f"---- the end of {service}'s log\n{service.logs()[-4000:]}")
        raise
    finally:
        for service in (daemon, prosody, synapse):
            service.remove()
        for volume in compose["volumes"]:
            engine("volume", "rm", f"{PREFIX}-{volume}")


def main():
    folder = adapted_folder()
    try:
        run(sys.argv[1:4], folder)
    except Exception as e:  # what comes after it was not looked at
        check(False, f"the check came to its end: {type(e).__name__}", e)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{failed and len(failed) or 'no'} check{'s' * (len(failed) != 1)} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
