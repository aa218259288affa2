# SPDX-License-Identifier: AGPL-3.0-or-later
"""Volunteers at a small Matrix client, by matrix-nio: the program behind matrix_kit.Volunteer, which
tells how it is spoken to. It knows threads only as this file makes them from the events."""
import asyncio
import json
import logging
import os
import sys

import nio

# nio shows what a sync brings and fetches no more: nothing may be left out.
FILTER = {"presence": {"not_types": ["*"]}, "account_data": {"not_types": ["*"]},
          "room": {"timeline": {"limit": 1000}}}


class Refused(Exception):
    def __init__(self, response):
        super().__init__(response.message)
        reply = response.transport_response
        self.answer = {"error": response.message or str(response), "errcode": response.status_code,
                       "status": reply.status if reply else 0}


def tell(what):
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def must(response):
    if isinstance(response, nio.ErrorResponse):
        raise Refused(response)
    return response


def relation(event):
    found = event["content"].get("m.relates_to")
    return found if isinstance(found, dict) else {}


class Account:
    def __init__(self, who):
        self.who = who
        self.client = self.syncing = None
        self.join_invites = True
        self.left = set()  # rooms that the library still lists
        self.events, self.threads = {}, {}  # room -> id -> raw event; room -> root -> ids

    async def login(self, url, user, password, join):
        self.join_invites = join
        self.client = nio.AsyncClient(url, user)
        answer = must(await self.client.login(password))
        await self.sync(0)
        self.syncing = asyncio.create_task(self.sync_forever())
        return {"access_token": answer.access_token, "device_id": answer.device_id}

    async def stop(self):
        if self.syncing:
            self.syncing.cancel()
        if self.client:
            await self.client.close()

    async def sync_forever(self):
        while True:
            try:
                await self.sync(30000)
            except Exception:  # pylint: disable=broad-except # the server is away: as a client does
                logging.exception("sync of %s", self.who)
                await asyncio.sleep(0.2)

    async def sync(self, timeout):
        answer = await self.client.sync(timeout, sync_filter=FILTER)
        if isinstance(answer, nio.SyncError):
            logging.error("sync of %s: %s", self.who, answer)
            await asyncio.sleep(0.2)
            return
        for room, info in answer.rooms.join.items():
            # The events first: whoever waits to be in a room has its state then.
            self.tell_events(room, info.state + info.timeline.events)
            self.left.discard(room)
            tell({"who": self.who, "room": room, "membership": "join"})
            for event in info.ephemeral:
                if isinstance(event, nio.ReceiptEvent):
                    self.tell_receipts(room, event)
        for room, info in answer.rooms.leave.items():
            self.tell_events(room, info.timeline.events)
            self.left.add(room)
            tell({"who": self.who, "room": room, "membership": "leave"})
        for room in answer.rooms.invite:
            tell({"who": self.who, "room": room, "membership": "invite"})
            if self.join_invites:
                asyncio.create_task(self.client.join(room))

    def tell_events(self, room, events):
        for event in events:
            raw = event.source
            self.events.setdefault(room, {})[raw["event_id"]] = raw
            if relation(raw).get("rel_type") == "m.thread" and \
                    isinstance(relation(raw).get("event_id"), str):
                thread = self.threads.setdefault(room, {}).setdefault(relation(raw)["event_id"], [])
                if raw["event_id"] not in thread:
                    thread.append(raw["event_id"])
            tell({"who": self.who, "room": room, "event": raw})

    def tell_receipts(self, room, event):
        for receipt in event.receipts:
            tell({"who": self.who, "receipt": {
                "room": room, "event": receipt.event_id, "user": receipt.user_id,
                "thread": receipt.thread_id}})

    # ---- what can be asked

    async def send(self, room, type, content, thread, reply_to, txn):
        if thread:
            latest = (self.threads.get(room, {}).get(thread) or [thread])[-1]
            content["m.relates_to"] = {
                "rel_type": "m.thread", "event_id": thread, "is_falling_back": not reply_to,
                "m.in_reply_to": {"event_id": reply_to or latest}}
        elif reply_to:
            content["m.relates_to"] = {"m.in_reply_to": {"event_id": reply_to}}
        return must(await self.client.room_send(room, type, content, txn)).event_id

    async def redact(self, room, event, reason):
        return must(await self.client.room_redact(room, event, reason)).event_id

    async def join(self, room):
        return must(await self.client.join(room)).room_id

    async def upload(self, path, type, name):
        with open(path, "rb") as f:
            answer, _ = await self.client.upload(f, type, name,
                                                 filesize=os.path.getsize(path))
        return must(answer).content_uri

    async def rooms(self):
        return [{
            "id": r.room_id, "name": r.display_name, "topic": r.topic or "",
            "members": {u: r.user_name(u) for u in r.users if u not in r.invited_users},
            "invited": list(r.invited_users), "space": r.room_type == "m.space",
            "encrypted": r.encrypted,
        } for r in self.client.rooms.values() if r.room_id not in self.left]

    async def threads_of(self, room):
        known = self.events.get(room, {})
        return [{"root": root, "text": self.body(known.get(root)),
                 "replies": [{"id": i, "sender": known[i]["sender"], "text": self.body(known[i])}
                             for i in replies]}
                for root, replies in sorted(
                    self.threads.get(room, {}).items(),
                    key=lambda t: known.get(t[0], {}).get("origin_server_ts", 0))]

    @staticmethod
    def body(event):
        body = event["content"].get("body", "") if event else ""
        return body if isinstance(body, str) else ""

    async def timeline(self, room):
        return [i for i, e in self.events.get(room, {}).items() if "state_key" not in e
                and relation(e).get("rel_type") not in ("m.thread", "m.annotation", "m.replace")
                and e["type"] != "m.room.redaction"]

    async def may_send(self, room, type):
        return self.client.rooms[room].power_levels.can_user_send_message(self.client.user_id, type)


async def answer_line(accounts, question):
    n, who, do = question.pop("n"), question.pop("who"), question.pop("do")
    account = accounts.setdefault(who, Account(who))
    try:
        if do == "login":
            await account.stop()
            account = accounts[who] = Account(who)
        method = getattr(account, "threads_of" if do == "threads" else do)
        tell({"n": n, "ok": await method(**question)})
    except Refused as e:
        tell({"n": n, **e.answer})
    except Exception as e:  # pylint: disable=broad-except # the test has to hear of it
        logging.exception("%s of %s", do, who)
        tell({"n": n, "error": f"{e.__class__.__name__}: {e}"})


async def main():
    logging.getLogger("nio").setLevel(logging.ERROR)
    reader = asyncio.StreamReader(limit=1 << 24)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    accounts, tasks = {}, set()
    while line := await reader.readline():
        task = asyncio.create_task(answer_line(accounts, json.loads(line)))
        tasks.add(task)
        task.add_done_callback(tasks.discard)


asyncio.run(main())
