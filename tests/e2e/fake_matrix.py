# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a homeserver knows and allows, without HTTP: accounts, rooms, events, power levels, relations,
who sees what. The rules and the words are Synapse's, as test_fake_homeserver.py proves on both.

Every change is a record in a journal, a file of JSON lines, so that the same state is there after a
kill; replaying it is all that a start does. What Synapse keeps in memory only is not in it.
"""
import base64
import bisect
import copy
import hashlib
import itertools
import json
import os
import secrets
import time

VERSIONS = ("9", "10", "11", "12")
MAX_EVENT = 65536
MAX_INT = 2**53 - 1
ADDED_BY_SERVER = 600  # signatures, hashes, references to other events
CREATOR_LEVEL = 2**53
PRESETS = {
    "private_chat": {"join_rules": "invite", "invite": 0},
    "trusted_private_chat": {"join_rules": "invite", "invite": 0},
    "public_chat": {"join_rules": "public", "invite": 50},
}
OPEN = ("shared", "world_readable")  # history visibility
LEVELS = ("users_default", "events_default", "state_default", "ban", "kick", "redact", "invite")
KEPT_WHEN_REDACTED = {
    "m.room.member": ("membership",), "m.room.join_rules": ("join_rule", "allow"),
    "m.room.history_visibility": ("history_visibility",), "m.room.redaction": ("redacts",),
    "m.room.power_levels": ("users", "events", *LEVELS),
}
STRINGS = {"m.room.message": ("body", "msgtype"), "m.room.topic": ("topic",),
           "m.room.name": ("name",)}
STATE_ONLY = ("m.room.topic", "m.room.name", "m.room.member", "m.room.tombstone")
SHOWN_TO_INVITED = ("m.room.create", "m.room.join_rules", "m.room.canonical_alias", "m.room.avatar",
                    "m.room.encryption", "m.room.name", "m.room.topic")


class Refusal(Exception):
    def __init__(self, status, errcode, error, **more):
        super().__init__(error)
        self.status, self.body = status, {"errcode": errcode, "error": error, **more}


def forbidden(words):
    return Refusal(403, "M_FORBIDDEN", words)


def unknown(words):
    return Refusal(400, "M_UNKNOWN", words)


def now():
    return int(time.time() * 1000)


def opaque(*parts):
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def relation(content):
    """(rel_type, parent, key) as far as the homeserver takes notice of it, or None."""
    found = content.get("m.relates_to")
    if not isinstance(found, dict):
        return None
    if isinstance(found.get("rel_type"), str) and isinstance(found.get("event_id"), str):
        key = found.get("key")
        return found["rel_type"], found["event_id"], key if isinstance(key, str) else None
    return None


def check_json(value):
    """Canonical JSON: no floats, no integers that JavaScript cannot hold."""
    if isinstance(value, float):
        raise Refusal(400, "M_BAD_JSON", "Bad JSON value: float")
    if isinstance(value, int) and not -MAX_INT <= value <= MAX_INT:
        raise Refusal(400, "M_BAD_JSON", "JSON integer out of range")
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:  # a lone surrogate: Synapse falls over it
            raise Refusal(500, "M_UNKNOWN", "Internal server error") from None
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        check_json(item)


def first_after(events, pos):
    """The index of the first event after a position."""
    return bisect.bisect_right(events, pos, key=lambda e: e.pos)


class Event:
    def __init__(self, raw, pos, device=None, txn=None):
        self.raw, self.pos, self.device, self.txn = raw, pos, device, txn
        self.replaced = None  # the state event that this one took the place of
        self.redacted_by = None

    def __getattr__(self, name):  # type, sender, content, room_id, event_id, origin_server_ts
        try:
            return self.raw[name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def key(self):
        return self.raw.get("state_key")

    @property
    def relation(self):
        return relation(self.content) if not self.redacted_by else None


class Room:
    def __init__(self, id, version, create_pos):
        self.id, self.version, self.create_pos = id, version, create_pos
        self.events, self.by_id = [], {}
        self.state = {}  # (type, key) -> Event
        self.members = {}  # user -> Event of the membership
        self.since = {}  # user -> position at which the membership became what it is
        self.receipts = []  # (pos, event id, type, user, thread, ts)
        self.children = {}  # parent -> [Event] that relate to it
        self.open_to_members = True  # the whole history, always

    def get(self, type, key=""):
        event = self.state.get((type, key))
        return event.content if event else {}

    def membership(self, user):
        event = self.members.get(user)
        return event.content.get("membership") if event else None

    def with_membership(self, *which):
        return [u for u in self.members if self.membership(u) in which]

    @property
    def creators(self):
        create = self.state[("m.room.create", "")]
        return [create.sender, *create.content.get("additional_creators", [])]

    def creator_rules(self):
        return self.version == "12"

    # ---- power

    def level(self, user):
        if self.creator_rules() and user in self.creators:
            return CREATOR_LEVEL
        if ("m.room.power_levels", "") not in self.state:
            return 100 if user in self.creators else 0
        levels = self.get("m.room.power_levels")
        return levels.get("users", {}).get(user, levels.get("users_default", 0))

    def needed(self, name, default):
        return self.get("m.room.power_levels").get(name, default)

    def needed_to_send(self, type, is_state):
        levels = self.get("m.room.power_levels")
        default = ("state_default", 50) if is_state else ("events_default", 0)
        return levels.get("events", {}).get(type, levels.get(*default))

    def check_send(self, sender, type, key):
        have, need = self.level(sender), self.needed_to_send(type, key is not None)
        if have < need:
            raise forbidden("You don't have permission to post that to the room. "
                            f"user_level ({have}) < send_level ({need})")
        if key is not None and key.startswith("@") and key != sender:
            raise forbidden("You are not allowed to set others state")

    def check_levels(self, sender, content):
        """A new m.room.power_levels by sender; when the room is made there is no old one."""
        users = content.get("users", {})
        for name in LEVELS:
            if name in content and type(content[name]) is not int:
                raise Refusal(400, "M_BAD_JSON", f"{content[name]!r} is not of type 'integer'")
        for table in ("users", "events", "notifications"):
            if not isinstance(content.get(table, {}), dict) or not all(
                    type(v) is int for v in content.get(table, {}).values()):
                raise Refusal(400, "M_BAD_JSON", f"\"{table}\": not a table of integers")
        if self.creator_rules():
            for creator in self.creators:
                if creator in users:
                    raise unknown(f"Creator user {creator} must not appear in content.users")
        if ("m.room.power_levels", "") not in self.state:
            return
        old, mine = self.get("m.room.power_levels"), self.level(sender)
        pairs = [(None, n, old.get(n), content.get(n)) for n in LEVELS]
        for table in ("users", "events"):
            before, after = old.get(table, {}), content.get(table, {})
            pairs += [(table, n, before.get(n), after.get(n)) for n in {*before, *after}]
        for table, name, before, after in pairs:
            if before == after:
                continue
            if table == "users" and name != sender and before == mine:
                raise forbidden("You don't have permission to remove ops level equal to your own")
            if max(before or 0, after or 0) > mine:
                raise forbidden("You don't have permission to add ops level greater than your own")

    # ---- history

    def visible(self, user, after=0):
        """The events that a user may see, oldest first: by the history visibility of their time."""
        if self.membership(user) in (None, "invite"):
            return []
        until = self.since[user] if self.membership(user) in ("leave", "ban") else self.events[-1].pos
        if self.open_to_members:
            return [e for e in self.events[first_after(self.events, after):] if e.pos <= until]
        return [e for e in self._visible(user, until) if e.pos > after]

    def _visible(self, user, until):
        found, visibility, membership = [], "shared", None
        for event in self.events:
            seen = {(visibility, membership)}
            if event.type == "m.room.history_visibility":
                visibility = event.content.get("history_visibility", "shared")
            elif (event.type, event.key) == ("m.room.member", user):
                membership = event.content.get("membership")
            seen.add((visibility, membership))
            if event.pos <= until and any(
                    v in OPEN or m == "join"
                    or (v, m) == ("invited", "invite") for v, m in seen):
                found.append(event)
        return found

    def state_at(self, pos):
        """(type, key) -> Event as it was just before a position."""
        return {(e.type, e.key): e for e in self.events if e.key is not None and e.pos < pos}


class World:
    """The homeserver's memory. listener(position) is called after each change."""

    def __init__(self, domain, journal=None, room_version="12"):
        self.domain, self.room_version = domain, room_version
        self.users, self.tokens, self.devices = {}, {}, {}
        self.aliases, self.rooms, self.media, self.filters = {}, {}, {}, {}
        self.account_data = {}  # user -> type -> (pos, content)
        self.events, self.by_id = [], {}  # of all rooms
        self.txns = {}  # (user, device, room, txn) -> event id: what a restart does not forget
        self.batches = {}  # service -> [{"id", "events": [event ids], "ephemeral", "done"}]
        self.pushed = {}  # service -> position up to which events were queued for it
        self.down = set()  # services that failed and have not recovered
        self.pos = 0
        self.listener = lambda pos: None
        self.journal = None
        if journal:
            if os.path.exists(journal):
                with open(journal, encoding="utf-8") as f:
                    for line in f:
                        if not line.endswith("\n"):
                            break  # a kill cut it off: it was never answered
                        kind, data = json.loads(line)
                        getattr(self, "apply_" + kind)(**data)
            self.journal = open(journal, "a", encoding="utf-8")  # pylint: disable=consider-using-with

    def record(self, kind, **data):
        if self.journal:
            self.journal.write(json.dumps([kind, data]) + "\n")
            self.journal.flush()
        result = getattr(self, "apply_" + kind)(**data)
        self.listener(self.pos)
        return result

    # ---- what is recorded

    def apply_user(self, user, password=None, admin=False):
        name = user[1:].partition(":")[0]
        self.users[user] = {"password": password, "admin": admin, "displayname": name,
                            "avatar_url": None}

    def apply_token(self, token, user, device):
        self.tokens[token] = {"user": user, "device": device, "expired": None}
        self.devices.setdefault(user, {}).setdefault(device, {})

    def apply_expire(self, token, soft):
        self.tokens[token]["expired"] = "soft" if soft else "hard"

    def apply_forget_token(self, token):
        self.tokens.pop(token, None)

    def apply_device(self, user, device, name):
        self.devices.setdefault(user, {})[device] = {"display_name": name}

    def apply_profile(self, user, key, value):
        self.users[user][key] = value

    def apply_alias(self, alias, room):
        if room:
            self.aliases[alias] = room
        else:
            self.aliases.pop(alias, None)

    def apply_media(self, id, type, name, data):
        self.media[id] = {"type": type, "name": name, "data": base64.b64decode(data)}

    def apply_account_data(self, user, type, content):
        self.pos += 1
        self.account_data.setdefault(user, {})[type] = (self.pos, content)

    def apply_receipt(self, room, event, type, user, thread, ts):
        self.pos += 1
        entry = (self.pos, event, type, user, thread, ts)
        self.rooms[room].receipts.append(entry)

    def apply_batch(self, service, id, events, ephemeral):
        self.batches.setdefault(service, []).append(
            {"id": id, "events": events, "ephemeral": ephemeral, "done": False})

    def apply_pushed(self, service, upto):
        self.pushed[service] = upto

    def apply_batch_done(self, service, id):
        for batch in self.batches[service]:
            if batch["id"] == id:
                batch["done"] = True

    def apply_down(self, service, down):
        (self.down.add if down else self.down.discard)(service)

    def apply_event(self, raw, device=None, txn=None, version=None):
        self.pos += 1
        event = Event(raw, self.pos, device, txn)
        if version:
            self.rooms[event.room_id] = Room(event.room_id, version, self.pos)
        room = self.rooms[event.room_id]
        room.events.append(event)
        room.by_id[event.event_id] = event
        self.events.append(event)
        self.by_id[event.event_id] = event
        if event.key is not None:
            event.replaced = room.state.get((event.type, event.key))
            room.state[(event.type, event.key)] = event
            if event.type == "m.room.history_visibility":
                room.open_to_members &= event.content.get("history_visibility") in OPEN
            if event.type == "m.room.member":
                before = room.membership(event.key)
                room.members[event.key] = event
                if before != room.membership(event.key):
                    room.since[event.key] = self.pos
        if event.relation:
            room.children.setdefault(event.relation[1], []).append(event)
        if device and txn:
            self.txns[event.sender, device, event.room_id, txn] = event.event_id
        if event.type == "m.room.redaction":
            self._redact(room, event)
        return event

    @staticmethod
    def _redact(room, redaction):
        target = room.by_id.get(redaction.content.get("redacts"))
        if target and not target.redacted_by:
            target.redacted_by = redaction
            kept = KEPT_WHEN_REDACTED.get(target.type, ())
            content = target.content
            if target.type != "m.room.create":
                content = {k: v for k, v in content.items() if k in kept}
            target.raw = {**target.raw, "content": content}

    # ---- events

    def room(self, id):
        return self.rooms.get(id)

    def check_joined(self, room_id, user, words="User {} not in room {}"):
        room = self.rooms.get(room_id)
        if not room or room.membership(user) != "join":
            raise forbidden(words.format(user, room_id))
        return room

    def check_may_look(self, room_id, user):
        room = self.rooms.get(room_id)
        if room and room.membership(user) == "join":
            return room
        if room and room.membership(user) in ("leave", "ban"):
            return room
        raise forbidden(f"User {user} not in room {room_id}, and room previews are disabled")

    @staticmethod
    def check_content(type, content, is_state):
        for key in STRINGS.get(type, ()):
            if key not in content:
                raise unknown(f"'{key}' not in content")
            if not isinstance(content[key], str):
                raise unknown(f"'{key}' not a string type")
        if type == "m.room.member" and not is_state:
            raise Refusal(500, "M_UNKNOWN", "Tried to send member event through non-member codepath")
        if type in STATE_ONLY and not is_state:
            raise unknown(f"'{type}' must be state events")
        check_json(content)
        mentions = content.get("m.mentions", {})
        if not isinstance(mentions, dict):
            raise Refusal(400, "M_BAD_JSON", f"{mentions!r} is not of type 'object'")

    def check_relation(self, room, sender, type, content):
        found = relation(content)
        if not found:
            return
        rel_type, parent_id, key = found
        parent = room.by_id.get(parent_id)
        if not parent and parent_id in self.by_id:
            raise unknown("Relations must be in the same room")
        if not parent and parent_id not in room.children:
            raise unknown("Can't send relation to unknown event")
        if rel_type == "m.annotation":
            if key is None:
                raise unknown("Missing aggregation key")
            if len(key) > 500:
                raise unknown("Aggregation key is too long")
            for other in room.children.get(parent_id, ()):
                if (other.sender, other.type) == (sender, type) and \
                        other.relation == ("m.annotation", parent_id, key):
                    raise Refusal(400, "M_DUPLICATE_ANNOTATION", "Can't send same reaction twice")
        elif rel_type == "m.thread" and parent and parent.relation:
            raise unknown("Cannot start threads from an event with a relation")

    def make(self, room_id, sender, type, content, key=None, ts=None, device=None, txn=None):
        """Stores an event without asking whether it may be."""
        raw = {"room_id": room_id, "sender": sender, "type": type, "content": content,
               "origin_server_ts": now() if ts is None else ts}
        if key is not None:
            raw["state_key"] = key
        raw["event_id"] = "$" + opaque(raw, self.pos)
        return self.record("event", raw=raw, device=device, txn=txn)

    def send(self, room_id, sender, type, content, key=None, ts=None, device=None, txn=None):
        """An event as a client sends it."""
        if len(type) > 255 or len(key or "") > 255:
            raise Refusal(413, "M_TOO_LARGE", f"'{'type' if len(type) > 255 else 'state_key'}' too large")
        self.check_content(type, content, key is not None)
        room = self.check_joined(room_id, sender)
        if key is not None:
            same = room.state.get((type, key))
            if same and same.sender == sender and same.content == content:
                return same
        if type == "m.room.redaction":
            self.check_redaction(room, sender, content)
        self.check_relation(room, sender, type, content)
        room.check_send(sender, type, key)
        if type == "m.room.power_levels" and key == "":
            room.check_levels(sender, content)
        if len(json.dumps(content, ensure_ascii=False).encode()) + ADDED_BY_SERVER > MAX_EVENT:
            raise Refusal(413, "M_TOO_LARGE", "event too large")
        return self.make(room_id, sender, type, content, key, ts, device, txn)

    @staticmethod
    def check_redaction(room, sender, content):
        target = room.by_id.get(content.get("redacts"))
        own = target and target.sender == sender
        if target and not own and room.level(sender) < room.needed("redact", 50):
            raise forbidden("You don't have permission to redact events")

    # ---- membership

    def change_membership(self, sender, target, room_id, membership, reason=None, content=None):
        """Join, invite, leave (also of others: kick), ban; returns the room or refuses."""
        room = self.rooms.get(room_id)
        is_in = room and room.membership(sender) == "join"
        before = room.membership(target) if room else None
        if not room:
            if membership == "join":
                raise Refusal(404, "M_UNKNOWN", "Can't join remote room because no servers that "
                              "are in the room have been provided.")
            raise forbidden(f"{sender} not in room {room_id}.")
        if membership == "join":
            if before == "join" and content is None:
                return room
            self._check_join(room, target, before)
        elif membership == "leave" and sender == target:
            if before in ("leave", "ban"):
                return room
            if before not in ("join", "invite"):
                raise forbidden(f"{sender} not in room {room_id}.")
        else:
            if membership == "leave" and before in (None, "leave"):
                raise forbidden("The target user is not in the room")
            if membership == "invite" and before == "ban":
                raise Refusal(403, "M_BAD_STATE", "Cannot invite user who was banned")
            if not is_in:
                raise forbidden(f"{sender} not in room {room_id}.")
            self._check_power_over(room, sender, target, membership, before)
        words = {"membership": membership, **(content or {})}
        if membership in ("join", "invite"):
            profile = self.users.get(target, {})
            for key in ("displayname", "avatar_url"):
                if profile.get(key) is not None:
                    words.setdefault(key, profile[key])
        if reason is not None:
            words["reason"] = reason
        self.make(room_id, sender, "m.room.member", words, key=target)
        return room

    @staticmethod
    def _check_join(room, user, before):
        if before == "ban":
            raise Refusal(403, "M_BAD_STATE", "Cannot join user who was banned")
        rules = room.get("m.room.join_rules")
        if rules.get("join_rule") != "public" and before not in ("invite", "join"):
            raise forbidden("You are not invited to this room.")

    @staticmethod
    def _check_power_over(room, sender, target, membership, before):
        mine, theirs = room.level(sender), room.level(target)
        if membership == "invite":
            if before == "join":
                raise forbidden(f"{target} is already in the room.")
            if mine < room.needed("invite", 0):
                raise forbidden("You don't have permission to invite users")
        elif membership == "ban":
            if mine < room.needed("ban", 50):
                raise forbidden("You don't have permission to ban")
            if mine <= theirs:
                raise forbidden("You don't have permission to ban this user")
        elif before == "ban":
            if mine < room.needed("ban", 50):
                raise forbidden(f"You cannot unban user {target}.")
        elif mine < room.needed("kick", 50) or mine <= theirs:
            raise forbidden(f"You cannot kick user {target}.")

    def set_profile(self, user, key, value):
        self.record("profile", user=user, key=key, value=value)
        for room in list(self.rooms.values()):
            if room.membership(user) == "join":
                words = {**room.members[user].content, key: value}
                self.make(room.id, user, "m.room.member", words, key=user)

    # ---- rooms

    def create_room(self, creator, options):
        version = options.get("room_version", self.room_version)
        if not isinstance(version, str):
            raise Refusal(400, "M_BAD_JSON", "room_version must be a string")
        if version not in VERSIONS:
            raise Refusal(400, "M_UNSUPPORTED_ROOM_VERSION",
                          "Your homeserver does not support this room version")
        alias = None
        if "room_alias_name" in options:
            alias = f"#{options['room_alias_name']}:{self.domain}"
            if alias in self.aliases:
                raise Refusal(400, "M_ROOM_IN_USE", "Room alias already taken")
        invited = options.get("invite", [])
        for user in invited:
            if not user.startswith("@") or ":" not in user:
                raise unknown(f"Invalid user_id: {user}")
        override = options.get("power_level_content_override") or {}
        if version != "12" and "users" in override and creator not in override["users"]:
            raise unknown("Not a valid power_level_content_override: 'users' did not contain "
                          + creator)
        preset_name = options.get("preset") or (
            "public_chat" if options.get("visibility") == "public" else "private_chat")
        content = {**options.get("creation_content", {}), "room_version": version}
        if version in ("9", "10"):
            content["creator"] = creator
        if version == "12" and preset_name == "trusted_private_chat" and invited:
            content["additional_creators"] = sorted(
                {*content.get("additional_creators", []), *invited})
        levels = self.levels_for(version, creator, PRESETS[preset_name], override)
        if preset_name == "trusted_private_chat" and version != "12":
            levels["users"].update(dict.fromkeys(invited, 100))
        if version == "12":
            for one in (creator, *content.get("additional_creators", [])):
                if one in levels.get("users", {}):
                    raise unknown(f"Creator user {one} must not appear in content.users")
        room = self._begin(creator, content, version)
        if alias:
            self.record("alias", alias=alias, room=room)
        self.change_membership_at_birth(creator, room)
        given = {(s["type"], s.get("state_key", "")): s["content"]
                 for s in options.get("initial_state", [])}

        def put(type, content, key=""):
            self.make(room, creator, type, content, key=key)

        put("m.room.power_levels", given.pop(("m.room.power_levels", ""), levels))
        preset = PRESETS[preset_name]
        defaults = [("m.room.canonical_alias", {"alias": alias} if alias else None),
                    ("m.room.join_rules", {"join_rule": preset["join_rules"]}),
                    ("m.room.history_visibility", {"history_visibility": "shared"}),
                    ("m.room.guest_access", {"guest_access": "can_join"}
                     if preset_name != "public_chat" else None)]
        for type, words in defaults:
            if words and (type, "") not in given:
                put(type, words)
        for (type, key), words in given.items():
            put(type, words, key)
        if "name" in options:
            put("m.room.name", {"name": options["name"]})
        if "topic" in options:
            put("m.room.topic", {"topic": options["topic"],
                                 "m.topic": {"m.text": [{"body": options["topic"]}]}})
        for user in invited:
            self.change_membership(creator, user, room, "invite", content={
                "is_direct": True} if options.get("is_direct") else None)
        return room

    @staticmethod
    def levels_for(version, creator, preset, override):
        return {
            "users": {} if version == "12" else {creator: 100}, "users_default": 0,
            "events": {
                "m.room.name": 50, "m.room.power_levels": 100, "m.room.history_visibility": 100,
                "m.room.canonical_alias": 50, "m.room.avatar": 50,
                "m.room.tombstone": 150 if version == "12" else 100, "m.room.server_acl": 100,
                "m.room.encryption": 100},
            "events_default": 0, "state_default": 50, "ban": 50, "kick": 50, "redact": 50,
            "historical": 100, "invite": preset["invite"], **copy.deepcopy(override)}

    def _begin(self, creator, content, version):
        """The create event; in version 12 its hash is the room's id."""
        raw = {"sender": creator, "type": "m.room.create", "state_key": "", "content": content,
               "origin_server_ts": now()}
        hashed = opaque(raw, self.pos, secrets.token_hex(8))
        raw["event_id"] = "$" + hashed
        raw["room_id"] = "!" + hashed if version == "12" else \
            f"!{secrets.token_hex(9)}:{self.domain}"
        self.record("event", raw=raw, version=version)
        return raw["room_id"]

    def change_membership_at_birth(self, creator, room):
        profile = self.users.get(creator, {})
        words = {k: profile[k] for k in ("displayname", "avatar_url") if profile.get(k) is not None}
        self.make(room, creator, "m.room.member", {**words, "membership": "join"}, key=creator)

    def upgrade(self, room_id, user, version):
        if version not in VERSIONS:
            raise Refusal(400, "M_UNSUPPORTED_ROOM_VERSION",
                          "Your homeserver does not support this room version")
        room = self.check_joined(room_id, user)
        room.check_send(user, "m.room.tombstone", "")
        levels = dict(room.get("m.room.power_levels"))
        fresh = copy.deepcopy(levels)
        if version == "12":
            fresh["users"] = {u: n for u, n in levels.get("users", {}).items() if u != user}
        state = [{"type": t, "content": room.get(t)} for t in (
            "m.room.name", "m.room.topic", "m.room.avatar", "m.room.join_rules",
            "m.room.history_visibility", "m.room.guest_access", "m.room.encryption") if room.get(t)]
        create = {k: v for k, v in room.get("m.room.create").items()
                  if k not in ("room_version", "creator", "predecessor")}
        new = self.create_room(user, {
            "room_version": version, "creation_content": {**create, "predecessor": {
                "room_id": room_id}},
            "initial_state": [*state, {"type": "m.room.power_levels", "content": fresh}]})
        self.make(room_id, user, "m.room.tombstone",
                  {"body": "This room has been replaced", "replacement_room": new}, key="")
        raised = max(50, levels.get("users_default", 0) + 1)
        self.make(room_id, user, "m.room.power_levels", {
            **levels, "events_default": max(raised, levels.get("events_default", 0)),
            "invite": max(raised, levels.get("invite", 0))}, key="")
        return new

    # ---- as a client gets it

    def shown(self, event, viewer=None, device=None, with_room=True):
        """The event as this viewer gets it."""
        raw = {k: v for k, v in event.raw.items() if with_room or k != "room_id"}
        unsigned = {"age": now() - event.origin_server_ts}
        if event.type == "m.room.redaction":
            raw["redacts"] = event.content.get("redacts")
        if event.replaced:
            unsigned |= {"prev_content": event.replaced.content, "prev_sender": event.replaced.sender,
                         "replaces_state": event.replaced.event_id}
        if event.redacted_by:
            unsigned["redacted_because"] = self.shown(event.redacted_by)
        if viewer and (event.sender, event.device) == (viewer, device) and event.txn:
            unsigned["transaction_id"] = event.txn
        replies = self.thread(event)
        if replies and viewer:
            unsigned["m.relations"] = {"m.thread": {
                "latest_event": self.shown(replies[-1]), "count": len(replies),
                "current_user_participated": any(e.sender == viewer for e in replies)}}
        return {**raw, "unsigned": unsigned}

    def thread(self, root):
        return [e for e in self.rooms[root.room_id].children.get(root.event_id, ())
                if e.relation and e.relation[0] == "m.thread"]

    def related(self, room, parent, rel_type=None, type=None, recurse=False):
        found = [e for e in room.children.get(parent, ()) if e.relation
                 and rel_type in (None, e.relation[0]) and type in (None, e.type)]
        if recurse:
            found += itertools.chain.from_iterable(
                self.related(room, e.event_id, None, type, True) for e in list(found))
        return sorted(found, key=lambda e: e.pos)

    def sync(self, user, device, since, limit):
        """The answer to /sync for what is there now; since is a position, or None at first."""
        join, invite, leave = {}, {}, {}
        start = since or 0
        for room in self.rooms.values():
            membership, at = room.membership(user), room.since.get(user, 0)
            if membership == "join":
                part = self._sync_joined(room, user, device, start if since and at <= start else None,
                                         start, limit)
                if part:
                    join[room.id] = part
            elif membership == "invite" and at > start:
                state = [room.state[k] for k in room.state
                         if k[0] in SHOWN_TO_INVITED or k == ("m.room.member", user)
                         or k == ("m.room.member", room.members[user].sender)]
                invite[room.id] = {"invite_state": {"events": [
                    {"type": e.type, "state_key": e.key, "content": e.content, "sender": e.sender}
                    for e in state]}}
            elif membership in ("leave", "ban") and since and at > start:
                events = room.visible(user, start)[-limit:]
                leave[room.id] = {"state": {"events": []}, "timeline": {
                    "events": [self.shown(e, user, device, False) for e in events],
                    "limited": False, "prev_batch": f"s{start}"}}
        account = [{"type": t, "content": c} for t, (pos, c)
                   in self.account_data.get(user, {}).items() if pos > start]
        rooms = {k: v for k, v in (("join", join), ("invite", invite), ("leave", leave)) if v}
        answer = {"next_batch": f"s{self.pos}"}
        if rooms:
            answer["rooms"] = rooms
        if account:
            answer["account_data"] = {"events": account}
        return answer

    def _sync_joined(self, room, user, device, since, receipts_since, limit):
        seen = room.visible(user, since or 0)
        timeline = seen[-limit:]
        limited = len(timeline) < len(seen)
        first = timeline[0].pos if timeline else self.pos + 1
        if since is None:
            state = list(room.state_at(first).values())
        else:
            state = [e for e in room.state_at(first).values() if e.pos > since] if limited else []
        receipts = [r for r in room.receipts if r[0] > receipts_since]
        if since is not None and not timeline and not receipts:
            return None
        return {
            "timeline": {"events": [self.shown(e, user, device, False) for e in timeline],
                         "limited": limited, "prev_batch": f"s{first - 1}"},
            "state": {"events": [self.shown(e, user, device, False) for e in state]},
            "account_data": {"events": []}, "summary": {},
            "ephemeral": {"events": [self.receipts(receipts)] if receipts else []},
            "unread_notifications": {"notification_count": 0, "highlight_count": 0}}

    @staticmethod
    def receipts(entries, room=None):
        content = {}
        for _, event, type, user, thread, ts in entries:
            data = {"ts": ts} if thread is None else {"ts": ts, "thread_id": thread}
            content.setdefault(event, {}).setdefault(type, {})[user] = data
        return {"type": "m.receipt", "content": content, **({"room_id": room} if room else {})}
