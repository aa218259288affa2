// SPDX-License-Identifier: AGPL-3.0-or-later
// Volunteers at a client like Element's, by matrix-js-sdk: the program behind matrix_kit.Volunteer
// with client="js"; matrix_kit.py tells how it is spoken to.
"use strict";

const fs = require("fs");
const readline = require("readline");
const { pathToFileURL } = require("url");

// Standard output is for answers only; the library talks to the console.
console.log = console.info = console.debug = console.trace = console.error;

// What the library takes for granted and Node 18 or 20 lacks.
globalThis.crypto ??= require("crypto").webcrypto;
Promise.withResolvers ??= function () {
    const found = {};
    found.promise = new Promise((resolve, reject) => Object.assign(found, { resolve, reject }));
    return found;
};

// It leaves some of its requests to themselves; they fail while the homeserver is down.
process.on("unhandledRejection", (e) => console.error("not waited for:", e));

const HURRY = 300; // ms after which a lost homeserver is tried again; the library waits 5 to 10 s
const PATIENCE = 5000; // ms for the library to fetch a thread
const LIMIT = 1000; // events in a sync

let sdk;
const accounts = new Map();

const tell = (what) => process.stdout.write(JSON.stringify(what) + "\n");
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const body = (event) => {
    const text = event && event.getContent().body;
    return typeof text === "string" ? text : "";
};

class Account {
    constructor(who) {
        this.who = who;
        this.told = new Map(); // room -> membership
    }

    async login({ url, user, password, join }) {
        const identifier = { type: "m.id.user", user };
        const answer = await sdk
            .createClient({ baseUrl: url })
            .loginRequest({ type: "m.login.password", identifier, password });
        this.joins = join;
        this.client = sdk.createClient({
            baseUrl: url,
            accessToken: answer.access_token,
            userId: answer.user_id,
            deviceId: answer.device_id,
        });
        const filter = new sdk.Filter(answer.user_id);
        filter.setTimelineLimit(LIMIT);
        const first = new Promise((resolve) => {
            this.client.on("sync", (state) => this.synced(state, resolve));
        });
        this.client.on("event", (event) => this.tellEvent(event));
        this.client.on("Room.receipt", (event, room) => this.tellReceipts(event, room));
        await this.client.startClient({
            initialSyncLimit: LIMIT,
            threadSupport: true,
            lazyLoadMembers: false,
            disablePresence: true,
            filter,
        });
        await first;
        return { access_token: answer.access_token, device_id: answer.device_id };
    }

    synced(state, resolve) {
        if (state === "PREPARED" || state === "SYNCING") {
            this.tellMemberships();
            resolve();
        } else if (state === "RECONNECTING" || state === "ERROR") {
            setTimeout(() => this.client.clientRunning && this.client.retryImmediately(), HURRY);
        }
    }

    tellMemberships() {
        for (const room of this.client.getRooms()) {
            const membership = room.getMyMembership();
            if (this.told.get(room.roomId) === membership) continue;
            this.told.set(room.roomId, membership);
            tell({ who: this.who, room: room.roomId, membership: membership === "ban" ? "leave" : membership });
            if (membership === "invite" && this.joins) {
                this.client.joinRoom(room.roomId).catch((e) => console.error(`join ${room.roomId}: ${e}`));
            }
        }
    }

    tellEvent(event) {
        if (event.getId() && event.getRoomId() && event.status === null) {
            tell({ who: this.who, room: event.getRoomId(), event: event.event });
        }
    }

    tellReceipts(event, room) {
        for (const [id, types] of Object.entries(event.getContent())) {
            for (const [user, data] of Object.entries(types["m.read"] || {})) {
                const thread = data.thread_id || null;
                tell({ who: this.who, receipt: { room: room.roomId, event: id, user, thread } });
            }
        }
    }

    stop() {
        if (this.client) this.client.stopClient();
    }

    room(id) {
        const room = this.client.getRoom(id);
        if (!room) throw new Error(`not in ${id}`);
        return room;
    }

    // ---- what can be asked

    async send({ room, type, content, thread, reply_to, txn }) {
        if (reply_to) content["m.relates_to"] = { "m.in_reply_to": { event_id: reply_to } };
        const answer = await this.client.sendEvent(room, thread || null, type, content, txn || undefined);
        return answer.event_id;
    }

    async redact({ room, event, reason }) {
        const answer = await this.client.redactEvent(room, event, undefined, reason ? { reason } : undefined);
        return answer.event_id;
    }

    async join({ room }) {
        return (await this.client.joinRoom(room)).roomId;
    }

    async upload({ path, type, name }) {
        const answer = await this.client.uploadContent(fs.readFileSync(path), { type, name });
        return answer.content_uri;
    }

    rooms() {
        const joined = this.client.getRooms().filter((r) => r.getMyMembership() === "join");
        return joined.map((room) => {
            const topic = room.currentState.getStateEvents("m.room.topic", "");
            return {
                id: room.roomId,
                name: room.name,
                topic: (topic && topic.getContent().topic) || "",
                members: Object.fromEntries(room.getJoinedMembers().map((m) => [m.userId, m.name])),
                invited: room.getMembersWithMembership("invite").map((m) => m.userId),
                space: room.isSpaceRoom(),
                encrypted: room.hasEncryptionStateEvent(),
            };
        });
    }

    async threads({ room }) {
        const threads = this.room(room).getThreads();
        const end = Date.now() + PATIENCE;
        while (threads.some((t) => !t.initialEventsFetched) && Date.now() < end) await sleep(20);
        return threads
            .sort((a, b) => (a.rootEvent ? a.rootEvent.getTs() : 0) - (b.rootEvent ? b.rootEvent.getTs() : 0))
            .map((thread) => ({
                root: thread.id,
                text: body(thread.rootEvent),
                replies: thread.timeline
                    .filter((e) => e.getId() !== thread.id && e.isRelation("m.thread"))
                    .map((e) => ({ id: e.getId(), sender: e.getSender(), text: body(e) })),
            }));
    }

    timeline({ room }) {
        return this.room(room)
            .getLiveTimeline()
            .getEvents()
            .filter((e) => !e.isState() && !e.isRedaction() && e.status === null)
            .filter((e) => !["m.thread", "m.annotation", "m.replace"].some((r) => e.isRelation(r)))
            .map((e) => e.getId());
    }

    may_send({ room, type }) {
        const found = this.room(room);
        return found.getMyMembership() === "join" && found.currentState.maySendEvent(type, this.client.getUserId());
    }
}

const QUESTIONS = ["login", "stop", "send", "redact", "join", "upload", "rooms", "threads", "timeline", "may_send"];

async function answer(line) {
    const { n, who, do: what, ...rest } = JSON.parse(line);
    try {
        if (!QUESTIONS.includes(what)) throw new Error(`no such question: ${what}`);
        if (what === "login") {
            if (accounts.has(who)) accounts.get(who).stop();
            accounts.set(who, new Account(who));
        }
        const found = await accounts.get(who)[what](rest);
        tell({ n, ok: found === undefined ? null : found });
    } catch (e) {
        const refused = e.httpStatus ? { errcode: e.errcode || "", status: e.httpStatus } : {};
        if (!e.httpStatus) console.error(`${what} of ${who}:`, e);
        tell({ n, error: (e.data && e.data.error) || String(e.message || e), ...refused });
    }
}

async function main() {
    sdk = await import(pathToFileURL(require.resolve("matrix-js-sdk")));
    for await (const line of readline.createInterface({ input: process.stdin })) answer(line);
    process.exit(0);
}

main();
