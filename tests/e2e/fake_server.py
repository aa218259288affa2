# SPDX-License-Identifier: AGPL-3.0-or-later
"""The fake homeserver's program: HTTP over what fake_matrix.py knows, the pushing of events to
application services, and faults on demand. Started by fake_homeserver.FakeHomeserver.

usage: fake_server.py OPTIONS-AS-JSON: port, domain, journal ("" for none), room_version,
registrations (paths), shared_secret
"""
import asyncio
import base64
import hashlib
import hmac
import json
import os
import re
import secrets
import signal
import sys
import time
import urllib.parse

import aiohttp
import yaml
from aiohttp import web

from fake_matrix import VERSIONS, Refusal, World, first_after, forbidden, now, relation, unknown

C3, C1 = "/_matrix/client/v3", "/_matrix/client/v1"
UPLOAD_LIMIT = 50 << 20
BODY_LIMIT = 64 << 20
BATCH = 100  # events in a transaction
MAX_BACK_OFF = 9  # doublings of the wait between tries
PUSH_RULES = {"override": [{"rule_id": ".m.rule.master", "default": True, "enabled": False,
                            "conditions": [], "actions": []}],
              "content": [], "room": [], "sender": [],
              "underride": [{"rule_id": ".m.rule.message", "default": True, "enabled": True,
                             "conditions": [{"kind": "event_match", "key": "type",
                                             "pattern": "m.room.message"}],
                             "actions": ["notify"]}]}
routes = []


def route(method, path):
    def add(handler):
        routes.append((method, path, handler))
        return handler
    return add


def missing(words="Event not found."):
    return Refusal(404, "M_NOT_FOUND", words)


def answer(status, body, headers=None):
    return web.json_response(body, status=status, headers=headers)


class Service:
    """An application service, by its registration file."""

    def __init__(self, path, domain):
        with open(path, encoding="utf-8") as f:
            data = yaml.safe_load(f)
        self.id, self.url = data["id"], (data["url"] or "").rstrip("/")
        self.as_token, self.hs_token = data["as_token"], data["hs_token"]
        self.sender = f"@{data['sender_localpart']}:{domain}"
        self.ephemeral = data.get("receive_ephemeral") or data.get(
            "de.sorunome.msc2409.push_ephemeral") or False
        self.users, self.aliases = (
            [re.compile(n["regex"]) for n in data["namespaces"].get(k) or []]
            for k in ("users", "aliases"))

    def owns(self, user):
        return user == self.sender or any(r.match(user) for r in self.users)

    def owns_alias(self, alias):
        return any(r.match(alias) for r in self.aliases)


class Requester:
    def __init__(self, user, device=None, service=None):
        self.user, self.device, self.service = user, device, service

    def cache_key(self, path):
        if self.service:
            return path, "service", self.service.id
        return path, "user", self.user, self.device


class Pusher:
    """Hands one service its events: in order, one transaction at a time, again until it took it.

    As with Synapse, what waits behind a transaction is in memory only: a restart loses it. And a
    transaction that was under way in a kill is tried again with the next one that fails."""

    def __init__(self, server, service):
        self.server, self.world, self.service = server, server.world, service
        self.wake, self.ready, self.hurry = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.events, self.ephemeral = [], []  # that wait
        self.under_way = False
        self.tasks = []
        self.asked = set()  # users whom the service was asked about

    def start(self):
        loop = asyncio.get_running_loop()
        self.wake.set()
        self.tasks = [loop.create_task(self.watch()), loop.create_task(self.push())]
        if self.down:
            self.tasks.append(loop.create_task(self.recover()))

    @property
    def down(self):
        return self.service.id in self.world.down

    def interested(self, event):
        room = self.world.rooms[event.room_id]
        return (self.service.owns(event.sender)
                or (event.type == "m.room.member" and self.service.owns(event.key))
                or any(self.service.owns(u) for u in room.with_membership("join"))
                or any(self.service.owns_alias(a) for a, r in self.world.aliases.items()
                       if r == room.id))

    async def watch(self):
        """Puts what is new into the queue."""
        while True:
            await self.wake.wait()
            self.wake.clear()
            start = self.world.pushed.get(self.service.id, 0)
            if self.server.knobs["hold"] or self.world.pos == start:
                continue
            upto = self.world.pos
            for event in self.world.events[first_after(self.world.events, start):]:
                if event.pos > upto:
                    break
                await self.ask_for_user(event)
                if self.interested(event):
                    self.events.append(event.event_id)
            self.ephemeral += self.receipts_between(start, upto)
            self.world.record("pushed", service=self.service.id, upto=upto)
            self.wake.set()  # there may be more by now
            self.ready.set()

    def receipts_between(self, start, upto):
        """Synapse tells services no thread."""
        found = []
        for room in self.world.rooms.values() if self.service.ephemeral else ():
            entries = [(*r[:4], None, r[5]) for r in room.receipts if start < r[0] <= upto]
            if entries and any(self.service.owns(u) for u in room.with_membership("join")):
                found.append(self.world.receipts(entries, room.id))
        return found

    async def ask_for_user(self, event):
        if event.type == "m.room.member" and event.key not in self.world.users \
                and self.service.owns(event.key) and event.key not in self.asked:
            self.asked.add(event.key)
            await self.server.ask_service(self.service, "GET", "/users/", event.key)

    async def push(self):
        """Makes transactions of the queue and sends each once."""
        while True:
            await self.ready.wait()
            self.ready.clear()
            while self.events or (self.ephemeral and not self.down):
                events, self.events = self.events[:BATCH], self.events[BATCH:]
                ephemeral, self.ephemeral = self.ephemeral, []
                batches = self.world.batches.get(self.service.id, [])
                id = batches[-1]["id"] + 1 if batches else 1
                self.world.record("batch", service=self.service.id, id=id, events=events,
                                  ephemeral=ephemeral)
                if not self.down and not await self.send(self.world.batches[self.service.id][-1]):
                    self.fail()

    def fail(self):
        self.world.record("down", service=self.service.id, down=True)
        self.tasks.append(asyncio.get_running_loop().create_task(self.recover()))

    def end(self):
        """An orderly end takes what is under way for refused."""
        if self.under_way and not self.down:
            self.world.record("down", service=self.service.id, down=True)

    async def send(self, batch):
        self.under_way = True
        taken = await self.put(batch["id"], self.body(batch))
        self.under_way = False
        if taken:
            self.world.record("batch_done", service=self.service.id, id=batch["id"])
        return taken

    def waiting(self):
        return [b for b in self.world.batches.get(self.service.id, []) if not b["done"]]

    async def recover(self):
        """Tries the oldest again and again, with longer and longer waits, then the others."""
        tries = 0
        while self.waiting():
            tries = min(tries + 1, MAX_BACK_OFF)
            try:
                await asyncio.wait_for(self.hurry.wait(),
                                       self.server.knobs["retry_unit"] * 2**tries)
            except asyncio.TimeoutError:
                pass
            self.hurry.clear()
            while self.waiting() and await self.send(self.waiting()[0]):
                tries = 0
        self.world.record("down", service=self.service.id, down=False)

    def body(self, batch):
        body = {"events": [self.legacy(self.world.by_id[i]) for i in batch["events"]]}
        if self.service.ephemeral:
            body |= {"ephemeral": batch["ephemeral"], "de.sorunome.msc2409.to_device": []}
        return body

    def legacy(self, event):
        shown = self.world.shown(event)
        return {**shown, "age": shown["unsigned"]["age"], "user_id": event.sender}

    async def put(self, id, body):
        """One try. It was taken when the answer is 200 with JSON."""
        try:
            async with self.server.http.put(
                    f"{self.service.url}/_matrix/app/v1/transactions/{id}", json=body,
                    headers={"Authorization": "Bearer " + self.service.hs_token},
                    timeout=aiohttp.ClientTimeout(self.server.knobs["service_timeout"])) as reply:
                text = await reply.read()
                if reply.status == 200:
                    json.loads(text)
                    return True
        except (aiohttp.ClientError, asyncio.TimeoutError, ValueError) as e:
            self.server.log(f"transaction {id}: {e!r}")
        return False


class Server:
    def __init__(self, options):
        self.options = options
        self.world = World(options["domain"], options["journal"] or None, options["room_version"])
        self.domain = options["domain"]
        self.services = [Service(p, self.domain) for p in options["registrations"]]
        for service in self.services:
            if service.sender not in self.world.users:
                self.world.record("user", user=service.sender)
                self.world.users[service.sender]["by_service"] = True
        self.knobs = {"retry_unit": 0.05, "service_timeout": 60, "timeline_limit": 1000,
                      "hold": False, "media_limit": UPLOAD_LIMIT}
        self.faults, self.requests, self.sent = [], [], {}
        self.nonces, self.pushers = set(), {}
        self.moved = None  # set when something happened: wakes the long polls
        self.http = None

    def log(self, words):
        print(f"{time.strftime('%H:%M:%S')} {words}", file=sys.stderr, flush=True)

    # ---- starting

    async def start(self):
        self.moved = asyncio.Event()
        self.world.listener = self.changed
        self.http = aiohttp.ClientSession()
        for service in self.services:
            if service.url:
                self.pushers[service.id] = Pusher(self, service)
                self.pushers[service.id].start()
        app = web.Application(client_max_size=BODY_LIMIT, middlewares=[self.middleware])
        for method, path, handler in routes:
            app.router.add_route(method, path, self.handler(handler))
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.options["port"]).start()

    def changed(self, _pos):
        moved, self.moved = self.moved, asyncio.Event()
        moved.set()
        for pusher in self.pushers.values():
            pusher.wake.set()

    def handler(self, function):
        async def handle(request):
            result = await function(self, request)
            if isinstance(result, web.StreamResponse):
                return result
            return answer(200, result)
        return handle

    @web.middleware
    async def middleware(self, request, handler):
        fault = None if request.path.startswith("/_fake/") else await self.fault_for(request)
        entry = {"method": request.method, "path": request.path, "user": "", "status": 0,
                 "query": dict(request.query), "at": time.time()}
        self.requests.append(entry)
        request["log"] = entry
        if fault:
            await asyncio.sleep(fault.get("seconds", 0))
            if fault["do"] == "drop":
                return self.drop(request)
            if fault["do"] == "status":
                return self.fault_answer(fault, entry)
        try:
            reply = await handler(request)
        except Refusal as e:
            reply = answer(e.status, e.body)
        except web.HTTPNotFound:
            reply = answer(404, {"errcode": "M_UNRECOGNIZED", "error": "Unrecognized request"})
        except web.HTTPMethodNotAllowed:
            reply = answer(405, {"errcode": "M_UNRECOGNIZED", "error": "Unrecognized request"})
        except web.HTTPRequestEntityTooLarge:
            reply = answer(413, {"errcode": "M_TOO_LARGE", "error": "Request content is too large"})
        except asyncio.CancelledError:
            raise
        except Exception as e:  # pylint: disable=broad-except # as Synapse does
            self.log(f"{request.method} {request.path}: {e!r}")
            reply = answer(500, {"errcode": "M_UNKNOWN", "error": "Internal server error"})
        entry["status"] = reply.status
        if fault and fault["do"] == "drop_after":
            return self.drop(request)
        return reply

    async def fault_for(self, request):
        for fault in self.faults:
            if fault["left"] == 0 or not re.search(fault["path"], request.path) or (
                    fault.get("method") and fault["method"] != request.method):
                continue
            if fault.get("text") and fault["text"].encode() not in await request.read():
                continue
            if fault.get("skip"):
                fault["skip"] -= 1
                continue
            fault["left"] -= 1
            fault["hits"] += 1
            return fault
        return None

    @staticmethod
    def drop(request):
        request.transport.abort()
        return web.Response()

    @staticmethod
    def fault_answer(fault, entry):
        entry["status"] = fault["status"]
        body = fault.get("body", {})
        headers = fault.get("headers", {})
        if isinstance(body, str):
            return web.Response(status=fault["status"], text=body, headers=headers,
                                content_type=fault.get("type", "text/html"))
        return answer(fault["status"], body, headers)

    # ---- who asks

    def who(self, request):
        """The user of this request, or a refusal."""
        header = request.headers.get("Authorization", "")
        token = header[7:] if header.startswith("Bearer ") else request.query.get("access_token")
        if not token:
            raise Refusal(401, "M_MISSING_TOKEN", "Missing access token")
        service = next((s for s in self.services if s.as_token == token), None)
        if service:
            found = self.who_by_service(request, service)
        else:
            known = self.world.tokens.get(token)
            if not known or known["expired"]:
                words = "Access token has expired" if known else "Invalid access token passed."
                raise Refusal(401, "M_UNKNOWN_TOKEN", words,
                              soft_logout=bool(known) and known["expired"] == "soft")
            found = Requester(known["user"], known["device"])
        request["log"]["user"] = found.user
        return found

    def who_by_service(self, request, service):
        user = request.query.get("user_id", service.sender)
        device = request.query.get("device_id")
        if user != service.sender:
            if not service.owns(user):
                raise forbidden(f"Application service cannot masquerade as this user ({user}).")
            if user not in self.world.users:
                raise forbidden(f"Application service has not registered this user ({user})")
        if device and "user_id" not in request.query:
            # Synapse 1.163 falls over a device_id without a user_id.
            raise Refusal(500, "M_UNKNOWN", "Internal server error")
        if device and device not in self.world.devices.get(user, {}):
            raise Refusal(400, "M_UNKNOWN_DEVICE", "Application service trying to use a device that "
                          f"doesn't exist ('{device}' for {user})")
        return Requester(user, device, service)

    async def body(self, request, need=True):
        """The JSON object of a request."""
        text = await request.read()
        if not text and not need:
            return {}

        def refuse(_):
            raise ValueError("not JSON")
        try:
            data = json.loads(text.decode(), parse_constant=refuse)
        except (ValueError, RecursionError):
            raise Refusal(400, "M_NOT_JSON", "Content not JSON.") from None
        if not isinstance(data, dict):
            raise Refusal(400, "M_BAD_JSON", "Content must be a JSON object.")
        return data

    async def once(self, request, who, room, txn, make):
        """What is asked with a transaction id: done once, answered the same each time. Synapse does
        not look at the user whom a service acts as, and forgets it all at a restart, except for
        what a device did."""
        key = who.cache_key(request.raw_path.partition("?")[0])
        if key not in self.sent:
            before = who.device and self.world.txns.get((who.user, who.device, room, txn))
            self.sent[key] = before or make().event_id
        return {"event_id": self.sent[key]}

    async def ask_service(self, service, method, path, name, body=None):
        """True when a service says 200 with JSON about a user or an alias."""
        url = service.url + "/_matrix/app/v1" + path + urllib.parse.quote(name, safe="")
        try:
            async with self.http.request(
                    method, url, json=body, timeout=aiohttp.ClientTimeout(60),
                    headers={"Authorization": "Bearer " + service.hs_token}) as reply:
                return reply.status == 200
        except (aiohttp.ClientError, asyncio.TimeoutError) as e:
            self.log(f"{url}: {e!r}")
            return False

    async def resolve(self, room_or_alias):
        if not room_or_alias.startswith("#"):
            return room_or_alias
        if room_or_alias not in self.world.aliases:
            for service in self.services:
                if service.url and service.owns_alias(room_or_alias):
                    await self.ask_service(service, "GET", "/rooms/", room_or_alias)
        room = self.world.aliases.get(room_or_alias)
        if not room:
            raise missing(f"Room alias {room_or_alias} not found")
        return room

    def new_token(self, user, device=None):
        token = "fake_" + secrets.token_hex(16)
        self.world.record("token", token=token, user=user,
                          device=device or secrets.token_hex(5).upper())
        return token, self.world.tokens[token]["device"]

    def mxid(self, name):
        return name if name.startswith("@") else f"@{name}:{self.domain}"


def milliseconds(request):
    """?ts= for services."""
    return int(request.query["ts"]) if "ts" in request.query else None


def hashed(password):
    return hashlib.sha256(password.encode()).hexdigest()


# ---- accounts


@route("GET", "/_matrix/client/versions")
async def versions(_server, _request):
    return {"versions": [f"v1.{n}" for n in range(1, 16)],
            "unstable_features": {"org.matrix.msc3440.stable": True, "org.matrix.msc3771": True,
                                  "fi.mau.msc2659.stable": True}}


@route("GET", C3 + "/capabilities")
async def capabilities(server, request):
    server.who(request)
    return {"capabilities": {"m.room_versions": {
        "default": server.world.room_version, "available": dict.fromkeys(VERSIONS, "stable")}}}


@route("GET", C3 + "/account/whoami")
async def whoami(server, request):
    who = server.who(request)
    return {"user_id": who.user, "is_guest": False, **({"device_id": who.device} if who.device else {})}


@route("GET", C3 + "/login")
async def flows(_server, _request):
    return {"flows": [{"type": "m.login.password"}, {"type": "m.login.application_service"}]}


@route("POST", C3 + "/login")
async def login(server, request):
    data = await server.body(request)
    if data.get("type") != "m.login.password":
        raise Refusal(400, "M_INVALID_PARAM", "Invalid login submission")
    user = server.mxid(data.get("identifier", {}).get("user", ""))
    account = server.world.users.get(user)
    if not account or account["password"] != hashed(data.get("password", "")):
        raise forbidden("Invalid username or password")
    token, device = server.new_token(user, data.get("device_id"))
    return {"user_id": user, "access_token": token, "device_id": device, "home_server": server.domain}


@route("POST", C3 + "/logout")
async def logout(server, request):
    server.who(request)
    server.world.record("forget_token", token=request.headers["Authorization"][7:])
    return {}


@route("POST", C3 + "/register")
async def register(server, request):
    data = await server.body(request)
    by_service = data.get("type") == "m.login.application_service"
    name = data.get("username")
    service = None
    if by_service:
        if not isinstance(name, str):
            raise unknown("Desired Username is missing or not a string")
        token = request.headers.get("Authorization", "")[7:]
        if not token:
            raise unknown("Appservice token must be provided when using a type of "
                          "m.login.application_service")
        service = next((s for s in server.services if s.as_token == token), None)
        if not service:
            raise Refusal(401, "M_UNKNOWN_TOKEN", "Unrecognised access token", soft_logout=False)
        if not service.owns(server.mxid(name)):
            raise Refusal(400, "M_EXCLUSIVE", "Invalid user localpart for this application service.")
    elif data.get("auth", {}).get("type") != "m.login.dummy":
        return answer(401, {"session": secrets.token_hex(8), "params": {},
                            "flows": [{"stages": ["m.login.dummy"]}]})
    elif name.startswith("_"):
        raise Refusal(400, "M_INVALID_USERNAME", "User ID may not begin with _")
    user = server.mxid(name)
    known = server.world.users.get(user)
    if known and not known.pop("by_service", False):
        raise Refusal(400, "M_USER_IN_USE", "User ID already taken.")
    password = data.get("password")
    server.world.record("user", user=user, password=password and hashed(password))
    found = {"user_id": user, "home_server": server.domain}
    if not data.get("inhibit_login"):
        token, device = server.new_token(user, data.get("device_id"))
        found |= {"access_token": token, "device_id": device}
    return found


@route("GET", "/_synapse/admin/v1/register")
async def nonce(server, _request):
    server.nonces.add(secrets.token_hex(8))
    return {"nonce": next(iter(server.nonces))}


@route("POST", "/_synapse/admin/v1/register")
async def shared_secret(server, request):
    data = await server.body(request)
    words = [data["nonce"], data["username"], data["password"], "admin" if data["admin"] else "notadmin"]
    mac = hmac.new(server.options["shared_secret"].encode(), "\0".join(words).encode(), hashlib.sha1)
    if data["nonce"] not in server.nonces or not hmac.compare_digest(mac.hexdigest(), data["mac"]):
        raise forbidden("HMAC incorrect")
    server.nonces.discard(data["nonce"])
    user = server.mxid(data["username"])
    if user in server.world.users:
        raise Refusal(400, "M_USER_IN_USE", "User ID already taken.")
    server.world.record("user", user=user, password=hashed(data["password"]), admin=data["admin"])
    token, device = server.new_token(user)
    return {"user_id": user, "access_token": token, "device_id": device, "home_server": server.domain}


@route("PUT", C3 + "/devices/{device}")
async def device_put(server, request):
    who, data = server.who(request), await server.body(request, need=False)
    device = request.match_info["device"]
    known = device in server.world.devices.get(who.user, {})
    if not known and not who.service:
        raise missing("Device not found")
    server.world.record("device", user=who.user, device=device, name=data.get("display_name"))
    return answer(200 if known else 201, {})


@route("GET", C3 + "/profile/{user}")
async def profile(server, request):
    account = server.world.users.get(request.match_info["user"])
    if not account:
        raise missing("Profile was not found")
    return {k: account[k] for k in ("displayname", "avatar_url") if account[k] is not None}


@route("GET", C3 + "/profile/{user}/{key:displayname|avatar_url}")
async def profile_key(server, request):
    found = await profile(server, request)
    key = request.match_info["key"]
    return {key: found[key]} if key in found else {}


@route("PUT", C3 + "/profile/{user}/{key:displayname|avatar_url}")
async def profile_put(server, request):
    who, data = server.who(request), await server.body(request)
    user, key = request.match_info["user"], request.match_info["key"]
    if user != who.user:
        raise Refusal(400, "M_FORBIDDEN", "Cannot set another user's displayname")
    server.world.set_profile(user, key, data.get(key))
    return {}


@route("POST", C3 + "/user/{user}/filter")
async def filter_post(server, request):
    server.who(request)
    filters = server.world.filters.setdefault(request.match_info["user"], [])
    filters.append(await server.body(request))
    return {"filter_id": str(len(filters) - 1)}


@route("GET", C3 + "/user/{user}/filter/{id}")
async def filter_get(server, request):
    server.who(request)
    filters = server.world.filters.get(request.match_info["user"], [])
    id = request.match_info["id"]
    if not id.isdigit() or int(id) >= len(filters):
        raise missing("No such filter")
    return filters[int(id)]


@route("PUT", C3 + "/user/{user}/account_data/{type}")
async def account_data_put(server, request):
    who = server.who(request)
    server.world.record("account_data", user=who.user, type=request.match_info["type"],
                        content=await server.body(request))
    return {}


@route("GET", C3 + "/user/{user}/account_data/{type}")
async def account_data_get(server, request):
    who = server.who(request)
    found = server.world.account_data.get(who.user, {}).get(request.match_info["type"])
    if not found:
        raise missing("Account data not found")
    return found[1]


@route("GET", C3 + "/pushrules/")
async def pushrules(server, request):
    server.who(request)
    return {"global": PUSH_RULES}


@route("GET", C3 + "/voip/turnServer")
async def turn(server, request):
    server.who(request)
    return {}


@route("POST", C1 + "/appservice/{id}/ping")
async def ping(server, request):
    who = server.who(request)
    if not who.service:
        raise forbidden("Only application services can use the /appservice/ping endpoint")
    if who.service.id != request.match_info["id"]:
        raise forbidden("Mismatching application service ID in path")
    if not who.service.url:
        raise Refusal(400, "M_URL_NOT_SET", "The application service does not have a URL set")
    data = await server.body(request, need=False)
    begun = time.monotonic()
    try:
        async with server.http.post(
                who.service.url + "/_matrix/app/v1/ping",
                json={"transaction_id": data.get("transaction_id")},
                headers={"Authorization": "Bearer " + who.service.hs_token},
                timeout=aiohttp.ClientTimeout(server.knobs["service_timeout"])) as reply:
            text = await reply.text()
            if not 200 <= reply.status < 300:
                return answer(502, {"errcode": "M_BAD_STATUS", "status": reply.status, "body": text,
                                    "error": f"HTTP {reply.status} {reply.reason}"})
            json.loads(text)
    except asyncio.TimeoutError:
        raise Refusal(504, "M_CONNECTION_TIMEOUT", "Timed out") from None
    except (aiohttp.ClientError, ValueError) as e:
        raise Refusal(502, "M_CONNECTION_FAILED", f"{type(e).__name__}: {e}") from None
    server.pushers[who.service.id].hurry.set()
    return {"duration_ms": int((time.monotonic() - begun) * 1000)}


# ---- rooms


@route("POST", C3 + "/createRoom")
async def create_room(server, request):
    who = server.who(request)
    return {"room_id": server.world.create_room(who.user, await server.body(request))}


@route("POST", C3 + "/join/{room}")
@route("POST", C3 + "/rooms/{room}/join")
async def join(server, request):
    who, data = server.who(request), await server.body(request, need=False)
    room = await server.resolve(request.match_info["room"])
    server.world.change_membership(who.user, who.user, room, "join", data.get("reason"))
    return {"room_id": room}


def membership_route(verb, membership):
    @route("POST", C3 + "/rooms/{room}/" + verb)
    async def change(server, request):
        who, data = server.who(request), await server.body(request, need=verb != "leave")
        target = who.user
        if verb != "leave":
            if "user_id" not in data:
                raise Refusal(400, "M_MISSING_PARAM", "Missing params: ['user_id']")
            target = data["user_id"]
            if not isinstance(target, str) or not target.startswith("@") or ":" not in target:
                raise Refusal(400, "M_INVALID_PARAM", "Expected UserID string to start with '@'")
        server.world.change_membership(who.user, target, request.match_info["room"], membership,
                                       data.get("reason"))
        return {}
    return change


for a_verb, a_membership in (("invite", "invite"), ("leave", "leave"), ("kick", "leave"),
                             ("ban", "ban"), ("unban", "leave")):
    membership_route(a_verb, a_membership)


@route("POST", C3 + "/rooms/{room}/forget")
async def forget(server, request):
    server.who(request)
    return {}


@route("POST", C3 + "/rooms/{room}/upgrade")
async def upgrade(server, request):
    who, data = server.who(request), await server.body(request)
    return {"replacement_room": server.world.upgrade(
        request.match_info["room"], who.user, data.get("new_version"))}


@route("GET", C3 + "/joined_rooms")
async def joined_rooms(server, request):
    who = server.who(request)
    return {"joined_rooms": [r.id for r in server.world.rooms.values()
                             if r.membership(who.user) == "join"]}


@route("GET", C3 + "/rooms/{room}/joined_members")
async def joined_members(server, request):
    who = server.who(request)
    room = server.world.check_joined(request.match_info["room"], who.user,
                                     "User {} not in room {}, and room previews are disabled")
    return {"joined": {u: {"display_name": room.members[u].content.get("displayname"),
                           "avatar_url": room.members[u].content.get("avatar_url")}
                       for u in room.with_membership("join")}}


@route("GET", C3 + "/rooms/{room}/members")
async def members(server, request):
    who = server.who(request)
    room = server.world.check_may_look(request.match_info["room"], who.user)
    wanted, unwanted = request.query.get("membership"), request.query.get("not_membership")
    return {"chunk": [server.world.shown(e, who.user) for u, e in room.members.items()
                      if wanted in (None, room.membership(u)) and room.membership(u) != unwanted]}


@route("GET", C3 + "/rooms/{room}/state")
async def state_all(server, request):
    who = server.who(request)
    room = server.world.check_may_look(request.match_info["room"], who.user)
    return answer(200, [server.world.shown(e, who.user) for e in room.state.values()])


async def state_get(server, request):
    who = server.who(request)
    room = server.world.check_may_look(request.match_info["room"], who.user)
    event = room.state.get((request.match_info["type"], request.match_info.get("key", "")))
    if not event:
        raise missing()
    if request.query.get("format") == "event":
        return server.world.shown(event, who.user)
    return event.content


async def state_put(server, request):
    who, content = server.who(request), await server.body(request)
    room, type = request.match_info["room"], request.match_info["type"]
    key = request.match_info.get("key", "")
    ts = milliseconds(request) if who.service else None
    if type == "m.room.member":
        membership = content.get("membership")
        if membership not in ("join", "invite", "leave", "ban"):
            raise unknown("Invalid membership key")
        rest = {k: v for k, v in content.items() if k != "membership"}
        found = server.world.change_membership(who.user, key, room, membership, content=rest)
        return {"event_id": found.members[key].event_id}
    event = server.world.send(room, who.user, type, content, key=key, ts=ts)
    return {"event_id": event.event_id}


for a_path in ("/rooms/{room}/state/{type}", "/rooms/{room}/state/{type}/",
               "/rooms/{room}/state/{type}/{key}"):
    route("GET", C3 + a_path)(state_get)
    route("PUT", C3 + a_path)(state_put)


@route("PUT", C3 + "/rooms/{room}/send/{type}/{txn}")
async def send(server, request):
    who, content = server.who(request), await server.body(request)
    room, type, txn = (request.match_info[k] for k in ("room", "type", "txn"))
    ts = milliseconds(request) if who.service else None
    return await server.once(request, who, room, txn, lambda: server.world.send(
        room, who.user, type, content, ts=ts, device=who.device, txn=txn))


@route("PUT", C3 + "/rooms/{room}/redact/{event}/{txn}")
async def redact(server, request):
    who, data = server.who(request), await server.body(request, need=False)
    room, event, txn = (request.match_info[k] for k in ("room", "event", "txn"))
    content = {"redacts": event, **({"reason": data["reason"]} if data.get("reason") else {})}
    return await server.once(request, who, room, txn, lambda: server.world.send(
        room, who.user, "m.room.redaction", content, device=who.device, txn=txn))


@route("GET", C3 + "/rooms/{room}/event/{event}")
async def event_get(server, request):
    who = server.who(request)
    room = server.world.room(request.match_info["room"])
    event = room and room.by_id.get(request.match_info["event"])
    if not event or event not in room.visible(who.user):
        raise missing()
    return server.world.shown(event, who.user, who.device)


def token_pos(value, words):
    if not re.fullmatch(r"s\d+(_.*)?", value):
        raise unknown(words)
    return int(value[1:].partition("_")[0])


@route("GET", C3 + "/rooms/{room}/messages")
async def messages(server, request):
    who, query = server.who(request), request.query
    room = server.world.check_may_look(request.match_info["room"], who.user)
    if query.get("dir") not in ("b", "f"):
        raise Refusal(400, "M_INVALID_PARAM", "Query parameter 'dir' must be one of ['b', 'f']")
    backwards, limit = query["dir"] == "b", int(query.get("limit", 10))
    words = "'from' parameter is invalid"
    start = token_pos(query["from"], words) if "from" in query else (
        server.world.pos if backwards else 0)
    stop = token_pos(query["to"], words) if "to" in query else None
    events = room.visible(who.user)
    if backwards:
        events = [e for e in reversed(events) if e.pos <= start and (stop is None or e.pos > stop)]
    else:
        events = [e for e in events if e.pos > start and (stop is None or e.pos <= stop)]
    chunk = events[:limit]
    found = {"chunk": [server.world.shown(e, who.user, who.device) for e in chunk],
             "start": f"s{start}"}
    if len(events) > limit:
        found["end"] = f"s{chunk[-1].pos - 1 if backwards else chunk[-1].pos}"
    return found


@route("GET", C3 + "/rooms/{room}/context/{event}")
async def context(server, request):
    who = server.who(request)
    room = server.world.check_may_look(request.match_info["room"], who.user)
    events = room.visible(who.user)
    at = next((i for i, e in enumerate(events) if e.event_id == request.match_info["event"]), None)
    if at is None:
        raise missing()
    half = int(request.query.get("limit", 10)) // 2
    before, after = events[max(0, at - half):at], events[at + 1:at + 1 + half]

    def show(found):
        return [server.world.shown(e, who.user, who.device) for e in found]
    return {"event": show([events[at]])[0], "events_before": show(before[::-1]),
            "events_after": show(after), "state": show(room.state.values()),
            "start": f"s{(before or [events[at]])[0].pos - 1}",
            "end": f"s{(after or [events[at]])[-1].pos}"}


@route("POST", C3 + "/rooms/{room}/receipt/{type}/{event}")
async def receipt(server, request):
    who, data = server.who(request), await server.body(request, need=False)
    room_id, type, event = (request.match_info[k] for k in ("room", "type", "event"))
    if type not in ("m.read", "m.read.private", "m.fully_read"):
        raise unknown("Receipt type must be m.fully_read, m.read.private, m.read")
    thread = data.get("thread_id")
    if thread is not None and (not isinstance(thread, str) or not thread):
        raise Refusal(400, "M_INVALID_PARAM", "thread_id field must be a non-empty string")
    room = server.world.room(room_id)
    if not room or room.membership(who.user) != "join":
        raise forbidden("You don't have permission to access that event.")
    found = room.by_id.get(event)
    rel = found and relation(found.content)
    root = rel[1] if rel and rel[0] == "m.thread" else "main"
    if found and thread is not None and thread not in (root, event):
        raise Refusal(400, "M_INVALID_PARAM", f"event_id {event} is not related to thread {thread}")
    if found and type == "m.read":
        server.world.record("receipt", room=room_id, event=event, type=type, user=who.user,
                            thread=thread, ts=now())
    return {}


@route("POST", C3 + "/rooms/{room}/read_markers")
@route("PUT", C3 + "/rooms/{room}/typing/{user}")
async def nothing(server, request):
    server.who(request)
    return {}


async def relations(server, request):
    who, query = server.who(request), request.query
    room = server.world.check_may_look(request.match_info["room"], who.user)
    events = server.world.related(room, request.match_info["event"],
                                  request.match_info.get("rel"), request.match_info.get("type"),
                                  query.get("recurse") == "true")
    return paged(server, who, events if query.get("dir") == "f" else events[::-1], query)


def paged(server, who, events, query):
    start, limit = int(query.get("from", "0").lstrip("s")), int(query.get("limit", 50))
    found = {"chunk": [server.world.shown(e, who.user, who.device)
                       for e in events[start:start + limit]]}
    if len(events) > start + limit:
        found["next_batch"] = f"s{start + limit}"
    return found


for a_path in ("", "/{rel}", "/{rel}/{type}"):
    route("GET", C1 + "/rooms/{room}/relations/{event}" + a_path)(relations)


@route("GET", C1 + "/rooms/{room}/threads")
async def threads(server, request):
    who = server.who(request)
    room = server.world.check_may_look(request.match_info["room"], who.user)
    roots = [(server.world.thread(e), e) for e in room.visible(who.user)]
    roots = sorted(((r[-1].pos, e) for r, e in roots if r), key=lambda p: -p[0])
    return paged(server, who, [e for _, e in roots], request.query)


@route("GET", C3 + "/directory/room/{alias}")
async def directory_get(server, request):
    return {"room_id": await server.resolve(request.match_info["alias"]), "servers": [server.domain]}


@route("PUT", C3 + "/directory/room/{alias}")
async def directory_put(server, request):
    who, data = server.who(request), await server.body(request)
    alias = request.match_info["alias"]
    room = server.world.room(data.get("room_id"))
    if any(s.owns_alias(alias) and s is not who.service for s in server.services):
        raise Refusal(400, "M_EXCLUSIVE", "This alias is reserved by an application service.")
    if not room or (room.membership(who.user) != "join" and not who.service):
        raise forbidden("You must be in the room to create an alias for it")
    if alias in server.world.aliases:
        raise Refusal(409, "M_UNKNOWN", f"Room alias {alias} already exists")
    server.world.record("alias", alias=alias, room=room.id)
    return {}


@route("DELETE", C3 + "/directory/room/{alias}")
async def directory_delete(server, request):
    server.who(request)
    server.world.record("alias", alias=request.match_info["alias"], room=None)
    return {}


@route("GET", C3 + "/sync")
async def sync(server, request):
    who, query = server.who(request), request.query
    since = token_pos(query["since"], "Invalid stream token") if query.get("since") else None
    end = time.monotonic() + int(query.get("timeout", 0)) / 1000
    while True:
        moved = server.moved
        found = server.world.sync(who.user, who.device, since, server.knobs["timeline_limit"])
        left = end - time.monotonic()
        if since is None or len(found) > 1 or left <= 0:
            break
        try:
            await asyncio.wait_for(moved.wait(), left)
        except asyncio.TimeoutError:
            pass
        server.who(request)  # the token may have ended meanwhile
    if since is None:
        found.setdefault("account_data", {"events": []})["events"].append(
            {"type": "m.push_rules", "content": {"global": PUSH_RULES}})
    return found


# ---- media


@route("GET", C1 + "/media/config")
@route("GET", "/_matrix/media/v3/config")
async def media_config(server, request):
    server.who(request)
    return {"m.upload.size": server.knobs["media_limit"]}


@route("POST", "/_matrix/media/v3/upload")
async def upload(server, request):
    server.who(request)
    data = await request.read()
    if len(data) > server.knobs["media_limit"]:
        raise Refusal(413, "M_TOO_LARGE", "Upload request body is too large")
    id = secrets.token_urlsafe(12)
    server.world.record("media", id=id, name=request.query.get("filename", ""),
                        type=request.headers.get("Content-Type", "application/octet-stream"),
                        data=base64.b64encode(data).decode())
    return {"content_uri": f"mxc://{server.domain}/{id}"}


async def download(server, request):
    server.who(request)
    media = server.world.media.get(request.match_info["id"])
    if request.match_info["server"] != server.domain:
        raise forbidden(f"Federation denied with {request.match_info['server']}.")
    if not media:
        raise missing(f"Not found '{request.path}'")
    name = urllib.parse.quote(request.match_info.get("name") or media["name"])
    return web.Response(body=media["data"], headers={
        "Content-Type": media["type"], "Content-Disposition": f"inline; filename*=utf-8''{name}"})


route("GET", C1 + "/media/download/{server}/{id}")(download)
route("GET", C1 + "/media/download/{server}/{id}/{name}")(download)


@route("GET", "/_matrix/media/v3/download/{server}/{id}")
async def legacy_download(_server, _request):
    raise missing("Not found")


# ---- what tests ask of the fake itself


@route("POST", "/_fake/knobs")
async def set_knobs(server, request):
    server.knobs.update(await request.json())
    for pusher in server.pushers.values():
        pusher.wake.set()
    return server.knobs


@route("POST", "/_fake/faults")
async def add_fault(server, request):
    fault = await request.json()
    server.faults.append({**fault, "left": fault.get("count", 1), "hits": 0})
    return {"fault": len(server.faults) - 1}


@route("GET", "/_fake/faults")
async def show_faults(server, _request):
    return {"faults": server.faults}


@route("DELETE", "/_fake/faults")
async def clear_faults(server, _request):
    server.faults.clear()
    return {}


@route("GET", "/_fake/requests")
async def show_requests(server, _request):
    return {"requests": [r for r in server.requests if not r["path"].startswith("/_fake/")]}


@route("GET", "/_fake/services")
async def show_services(server, _request):
    return {"services": {s.id: {"url": s.url, "hs_token": s.hs_token} for s in server.services}}


@route("GET", "/_fake/transactions/{service}")
async def show_transactions(server, request):
    pusher = server.pushers[request.match_info["service"]]
    return {"transactions": [{"id": b["id"], "done": b["done"], "body": pusher.body(b)}
                             for b in server.world.batches.get(pusher.service.id, [])]}


@route("POST", "/_fake/event")
async def add_event(server, request):
    """An event that nobody may have been allowed to send, or from long ago."""
    data = await request.json()
    event = server.world.make(data["room"], data["sender"], data["type"], data["content"],
                              key=data.get("key"), ts=data.get("ts"))
    return {"event_id": event.event_id}


@route("POST", "/_fake/expire")
async def expire(server, request):
    data = await request.json()
    ended = 0
    for token, known in list(server.world.tokens.items()):
        if known["user"] == data["user"] and not known["expired"]:
            server.world.record("expire", token=token, soft=data["soft"])
            ended += 1
    return {"ended": ended}


async def main():
    server = Server(json.loads(sys.argv[1]))
    await server.start()
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    await ended.wait()
    for pusher in server.pushers.values():
        pusher.end()
    os._exit(0)  # what is under way is not waited for


if __name__ == "__main__":
    asyncio.run(main())
