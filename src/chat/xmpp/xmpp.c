/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * XMPP: an external component (XEP-0114) that is a client of the server's own rooms (XEP-0045).
 * A conversation is a members-only, non-anonymous room in which the person who is texted speaks as
 * an occupant of its own; organizers meet in the control room; the bot also talks to one person at a
 * time.
 *
 * Rejected: hosting the rooms ourselves (two thousand lines of protocol, and what volunteers write
 * while we are down would bounce), one room with threads (no client shows them), a contact as a 1:1
 * address (each volunteer would see only half of the conversation).
 */
#include "base/log.h"
#include "base/strbuf.h"
#include "base/xalloc.h"
#include "chat/chat.h"
#include "chat/xmpp/xmpp_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char xmpp_name[] = "xmpp";

static const struct setting settings[] = {
	{.key = "domain",
	 .type = SETTING_TEXT,
	 .example = "sms.localhost",
	 .help = "The component's address, as the server's configuration has it, such as "
		 "sms.example.org.",
	 .required = true},
	{.key = "secret",
	 .type = SETTING_SECRET,
	 .help = "The component's secret, the same as in the server's configuration.",
	 .required = true},
	{.key = "host",
	 .type = SETTING_TEXT,
	 .fallback = "127.0.0.1",
	 .help = "Where the server listens for components. An IP address; the protocol is not "
		 "encrypted, so keep it on this machine or in a private network."},
	{.key = "port",
	 .type = SETTING_INT,
	 .fallback = "5347",
	 .help = "The port for components.",
	 .min = 1,
	 .max = 65535},
	{.key = "muc_service",
	 .type = SETTING_TEXT,
	 .example = "rooms.localhost",
	 .help = "The server's chat rooms, such as rooms.example.org. The component must be "
		 "allowed to create rooms there.",
	 .required = true},
	{.key = "server",
	 .type = SETTING_TEXT,
	 .help = "The server's own domain. When not given: domain without its first word."},
	{.key = "control_room",
	 .type = SETTING_TEXT,
	 .fallback = "control",
	 .help = "The organizers' room: the part of its address before the @."},
	{.key = "bot_nick",
	 .type = SETTING_TEXT,
	 .fallback = "roomline",
	 .help = "What the bot is called in rooms."},
	{.key = "upload_service",
	 .type = SETTING_TEXT,
	 .help = "Where pictures are put for the rooms (XEP-0363), such as upload.example.org. "
		 "When "
		 "not given, the server is asked. Without one, rooms get a link to each picture."},
	{.key = "room_check_s",
	 .type = SETTING_INT,
	 .fallback = "900",
	 .help = "After how many seconds without a sound the bot asks a room whether it is still "
		 "in it (XEP-0410): a chat service that was restarted may have forgotten. 0: "
		 "never.",
	 .max = 86400},
	{.key = NULL},
};

/* A place of a 1:1 chat that is ready as soon as somebody asks. */
struct direct_place {
	STAILQ_ENTRY(direct_place) link;
	struct place_id place;
	bool usable;
	char address[ADDRESS_MAX];
};

/* ---- making and ending ------------------------------------------------------------------------------ */

static char *joined(const char *local, const char *domain, const char *rest)
{
	STRBUF_AUTO(out);

	strbuf_addf(&out, "%s@%s%s", local, domain, rest);
	return strbuf_detach(&out, NULL);
}

static char *lower(const char *text)
{
	char bare[ADDRESS_MAX];

	return xstrdup(!strchr(text, '/') && jid_bare(text, bare) ? bare : text);
}

static int check_config(const struct xmpp_config *cfg, struct error *err)
{
	if (!jid_is_domain(cfg->domain) || !strchr(cfg->domain, '.'))
		return error_set(err, ERR_CONFIG,
				 "xmpp.domain must be a domain such as sms.example.org, not %s",
				 cfg->domain);
	if (!jid_is_domain(cfg->muc))
		return error_set(err, ERR_CONFIG,
				 "xmpp.muc_service must be a domain such as rooms.example.org, "
				 "not %s",
				 cfg->muc);
	if (strcmp(cfg->muc, cfg->domain) == 0 || strcmp(cfg->server, cfg->domain) == 0)
		return error_set(err, ERR_CONFIG,
				 "xmpp.domain must be a domain of its own: not %s, which is the "
				 "server's or its rooms'",
				 cfg->domain);
	if (!jid_is_domain(cfg->server))
		return error_set(err, ERR_CONFIG,
				 "xmpp.server must be a domain such as example.org, not %s",
				 cfg->server);
	if (cfg->upload && !jid_is_domain(cfg->upload))
		return error_set(err, ERR_CONFIG,
				 "xmpp.upload_service must be a domain such as upload.example.org, "
				 "not %s",
				 cfg->upload);
	if (!jid_is_user(cfg->control))
		return error_set(err, ERR_CONFIG,
				 "xmpp.control_room must be a plain word such as control: %s is no "
				 "address",
				 cfg->control);
	return 0;
}

static void read_config(struct xmpp_config *cfg, const struct settings *set)
{
	const char *server = settings_text(set, "server");
	const char *upload = settings_text(set, "upload_service");
	AUTO_FREE char *control = NULL;

	cfg->domain = lower(settings_text(set, "domain"));
	cfg->host = xstrdup(settings_text(set, "host"));
	cfg->port = (unsigned short)settings_int(set, "port");
	cfg->muc = lower(settings_text(set, "muc_service"));
	cfg->nick = xstrdup(settings_text(set, "bot_nick"));
	cfg->check_ms = settings_int(set, "room_check_s") * 1000;
	cfg->upload = upload ? lower(upload) : NULL;
	if (server)
		cfg->server = lower(server);
	else
		cfg->server = xstrdup(cfg->domain + strcspn(cfg->domain, ".") +
				      (strchr(cfg->domain, '.') != NULL));
	cfg->bot = joined("bot", cfg->domain, "");
	cfg->bot_full = joined("bot", cfg->domain, "/b");
	control = joined(settings_text(set, "control_room"), cfg->muc, "");
	cfg->control = lower(control);
}

static void free_config(struct xmpp_config *cfg)
{
	free(cfg->domain);
	free(cfg->host);
	free(cfg->server);
	free(cfg->muc);
	free(cfg->control);
	free(cfg->nick);
	free(cfg->bot);
	free(cfg->bot_full);
	free(cfg->upload);
}

static void *create(const struct chat_host *host, const struct settings *set, struct error *err)
{
	struct xmpp *x = xcalloc(1, sizeof(*x));

	read_config(&x->cfg, set);
	if (check_config(&x->cfg, err) < 0) {
		free_config(&x->cfg);
		free(x);
		return NULL;
	}
	x->bridge = host->bridge;
	x->loop = host->loop;
	x->client = host->client;
	LIST_INIT(&x->uploads.list);
	TAILQ_INIT(&x->asks);
	TAILQ_INIT(&x->rooms);
	STAILQ_INIT(&x->direct);
	STAILQ_INIT(&x->direct_ready);
	link_init(x, settings_text(set, "secret"));
	return x;
}

/* Everything that hangs on the stream. */
static void forget_all(struct xmpp *x)
{
	struct direct_place *d;

	ask_forget_all(x);
	rooms_free_all(x);
	call_void_all(x, &x->direct);
	upload_forget_service(x);
	x->barrier_due = false;
	x->blamed = (struct relay_id){0};
	x->control_refused[0] = '\0';
	while ((d = STAILQ_FIRST(&x->direct_ready))) {
		STAILQ_REMOVE_HEAD(&x->direct_ready, link);
		free(d);
	}
	loop_cancel(x->announce);
	x->announce = NULL;
}

static int start(void *self, struct error *err)
{
	(void)err;
	link_start(self);
	return 0;
}

static void stop(void *self)
{
	link_stop(self);
}

static void destroy(void *self)
{
	struct xmpp *x = self;

	forget_all(x);
	link_release(x);
	free_config(&x->cfg);
	free(x);
}

/* ---- by the link --------------------------------------------------------------------------------------- */

void xmpp_came_up(struct xmpp *x)
{
	bridge_chat_up(x->bridge, xmpp_name);
}

void xmpp_went_down(struct xmpp *x, const char *why)
{
	forget_all(x);
	bridge_chat_down(x->bridge, xmpp_name, why);
}

void xmpp_before_write(struct xmpp *x)
{
	call_barrier(x);
}

bool xmpp_is_busy(const struct xmpp *x)
{
	return !TAILQ_EMPTY(&x->asks) || x->unacknowledged > 0 || x->opening > 0 || x->queued > 0;
}

void xmpp_tick(struct xmpp *x)
{
	int64_t now = loop_monotonic(x->loop);
	struct xmpp_room *room;

	ask_expire(x, now);
	for (room = TAILQ_FIRST(&x->rooms); room; room = TAILQ_NEXT(room, link))
		room_expire(room, now);
	room_open_more(x, now);
	check_rooms(x, now);
}

/* ---- the operations ------------------------------------------------------------------------------------- */

static void on_announce(void *arg)
{
	struct xmpp *x = arg;
	struct direct_place *d;

	x->announce = NULL;
	while ((d = STAILQ_FIRST(&x->direct_ready))) {
		STAILQ_REMOVE_HEAD(&x->direct_ready, link);
		if (d->usable)
			bridge_place_ready(x->bridge, xmpp_name, d->place, d->address);
		else
			bridge_place_lost(x->bridge, xmpp_name, d->place,
					  "that is not the address of a person on XMPP");
		free(d);
	}
}

static void open_direct(struct xmpp *x, const struct chat_place *place)
{
	struct direct_place *d = xcalloc(1, sizeof(*d));
	const char *address = place->address[0] ? place->address
			      : place->member_n ? place->members[0]
						: "";

	d->place = place->id;
	d->usable = jid_is_user(address) && jid_bare(address, d->address);
	STAILQ_INSERT_TAIL(&x->direct_ready, d, link);
	if (!x->announce)
		x->announce = loop_after(x->loop, 0, on_announce, x);
}

static void open_place(void *self, const struct chat_place *place)
{
	struct xmpp *x = self;
	struct xmpp_room *room;

	if (!link_is_up(x))
		return; /* it will be asked for again when we are up */
	if (place->kind == PLACE_DIRECT) {
		open_direct(x, place);
		return;
	}
	room = rooms_take(x, place);
	if (!room)
		return;
	members_set(&room->wanted, place->members, place->member_n);
	if (room->state == ROOM_LOST || room->state == ROOM_READY)
		(void)STR_COPY(room->cursor, place->cursor);
	room_open(room);
}

static void update_place(void *self, const struct chat_place *place)
{
	struct xmpp *x = self;
	struct xmpp_room *room = rooms_by_place(x, place->id);
	struct members before;
	bool renamed;

	if (!room)
		return;
	before = room->wanted;
	room->wanted = (struct members){0};
	renamed = strcmp(room->ghost_name, place->contact_name) != 0;
	(void)rooms_take(x, place);
	members_set(&room->wanted, place->members, place->member_n);
	if (room->state == ROOM_READY && !open_refuse_foreign(room)) {
		member_sync(room, &before);
		open_show_title(room);
		if (renamed)
			room_ghost_rename(room);
	} else {
		room->dirty = true;
	}
	members_release(&before);
}

static void close_place(void *self, const struct chat_place *place)
{
	struct xmpp_room *room = rooms_by_place(self, place->id);

	if (!room)
		return;
	room->invite = false;
	room_ghost_leave(room);
}

static void say(void *self, const struct chat_say *call)
{
	call_say(self, call);
}

static void mark(void *self, const struct chat_mark_call *call)
{
	call_mark(self, call);
}

static void add_duration(struct strbuf *out, int64_t ms)
{
	int64_t s = ms / 1000;

	if (s < 120)
		strbuf_addf(out, "%" PRId64 " s", s);
	else if (s < 7200)
		strbuf_addf(out, "%" PRId64 " min", s / 60);
	else if (s < 172800)
		strbuf_addf(out, "%" PRId64 " h", s / 3600);
	else
		strbuf_addf(out, "%" PRId64 " days", s / 86400);
}

static void describe(void *self, char *out, size_t size)
{
	struct xmpp *x = self;
	const struct xmpp_link *l = &x->link;
	int64_t now = loop_monotonic(x->loop);
	STRBUF_AUTO(text);

	switch (l->state) {
	case LINK_OFF:
		strbuf_adds(&text, "off");
		break;
	case LINK_WAITING:
		strbuf_addf(&text, "not connected: %s; next try in ", l->why);
		add_duration(&text, l->retry_at > now ? l->retry_at - now : 0);
		break;
	case LINK_CONNECTING:
		strbuf_addf(&text, "connecting to %s:%d", x->cfg.host, x->cfg.port);
		break;
	case LINK_UP:
		strbuf_addf(&text, "connected to %s:%d as %s for ", x->cfg.host, x->cfg.port,
			    x->cfg.domain);
		add_duration(&text, now - l->since);
		if (upload_is_hopeless(x))
			strbuf_adds(&text, ", pictures only as links: no upload service");
		if (x->control_refused[0])
			strbuf_addf(&text, ", but %s", x->control_refused);
		if (x->opening + x->queued > 0)
			strbuf_addf(&text, ", opening %u rooms", x->opening + x->queued);
		break;
	case LINK_CLOSING:
		strbuf_adds(&text, "disconnecting");
		break;
	}
	(void)str_copy(out, size, text.buf);
}

const struct chat_network chat_xmpp = {
	.name = xmpp_name,
	.caps = CHAT_CAP_REACTIONS | CHAT_CAP_GHOSTS | CHAT_CAP_EDITS | CHAT_CAP_FILES,
	.encrypted = "Switch encryption (OMEMO) off here.",
	.link_before = "xmpp:", /* RFC 5122, XEP-0045 */
	.link_after = "?join",
	.is_user = jid_is_user,
	.settings = settings,
	.create = create,
	.start = start,
	.stop = stop,
	.destroy = destroy,
	.open_place = open_place,
	.update_place = update_place,
	.close_place = close_place,
	.say = say,
	.mark = mark,
	.describe = describe,
};
