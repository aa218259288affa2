/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Asking the homeserver what is new: in bot mode all the time, as an application service for what
 * was not pushed to us.
 *
 *   matrix_sync.c    asking what is new, again and again, and remembering how far we are
 *   matrix_news.c    what an answer says, room by room
 *   matrix_gap.c     asking for what an answer left out of a room
 *   matrix_watch.c   noticing that something may not have been pushed
 */
#ifndef MATRIX_SYNC_H
#define MATRIX_SYNC_H

#include "chat/matrix/matrix_priv.h"

struct cJSON;

struct mx_gap { /* a room of which an answer has only the newest events */
	STAILQ_ENTRY(mx_gap) link;
	char *room;
	char *from;             /* where what we have begins */
	struct cJSON *older;    /* an array of what was fetched, the newest first */
	struct cJSON *timeline; /* of the answer, the oldest first */
	struct cJSON *state;    /* before that */
	size_t bytes;           /* of these, in memory */
	int pages;
};

STAILQ_HEAD(mx_gap_list, mx_gap);

struct mx_sync;
typedef void mx_sync_step(struct mx_sync *sync);

struct mx_sync {
	struct matrix *m;
	bool running;
	char *since;      /* what we have told the bridge ends here; "" nowhere, at first */
	int64_t since_at; /* when that was; 0 never */
	bool anew;        /* the server does not know `since` any more: since_at has to do */
	bool news;        /* whether the present answer has any; matrix_news.c */
	char *next;       /* where the present answer ends; NULL when none is being handled */
	int limit;        /* events of a room that an answer may hold */
	int64_t asked_at; /* monotonic */
	unsigned failures;
	struct loop_timer *again;
	mx_sync_step *step; /* what `again` is for */
	struct mx_gap_list gaps;
	char *watched;      /* matrix_watch.c: where its open question began; NULL at first */
	char *later;        /* to be kept when the period is over; NULL none yet */
	int64_t later_at;   /* monotonic: when it began */
	int64_t watched_at; /* monotonic: when its last question was asked */
	struct mx_keeping *keeping; /* waits for the commit of `next` */
};

/* A filter: no news of anything. */
#define MX_SYNC_NOTHING                                                                            \
	"{\"presence\":{\"not_types\":[\"*\"]},\"account_data\":{\"not_types\":[\"*\"]},"          \
	"\"room\":{\"rooms\":[]}}"

/* ---- matrix_sync.c ------------------------------------------------------------------------------ */

/* All of the answer was told to the bridge: its end is kept, then the next is asked for. */
void mx_sync_told(struct mx_sync *sync);
/* It could not be: asks for it again, later. */
void mx_sync_again(struct mx_sync *sync, const char *why);

/* Asks for what came since what is kept. */
void mx_sync_catch_up(struct mx_sync *sync);
/* At once when ms is 0. */
void mx_sync_after(struct mx_sync *sync, int64_t ms, mx_sync_step *step);
/* How long (ms) not to ask again after a question that ended at once: a server or a proxy that does
 * not wait must not be asked all the time. */
int64_t mx_sync_floor(const struct mx_sync *sync, int64_t asked_at);
/* Begins at `since` from now on, and after a restart. */
void mx_sync_keep(struct mx_sync *sync, const char *since);

/* ---- matrix_watch.c ------------------------------------------------------------------------------ */

/* Until the homeserver goes away: then mx_sync_catch_up(). */
void mx_watch_begin(struct mx_sync *sync);
void mx_watch_end(struct mx_sync *sync);

/* ---- matrix_news.c ------------------------------------------------------------------------------ */

/* Tells all there is to tell now; what has gaps is in sync->gaps after it. -1: not stored. */
int mx_news_tell(struct mx_sync *sync, const struct cJSON *answer);
/* One room's events, the oldest first: those of the time when we were in it. -1: not stored. */
int mx_news_tell_room(struct matrix *m, const char *room, const struct cJSON *const *events,
		      size_t n);
/* Where only the time tells it: whether we were there already when that was said. NULL: no. */
bool mx_news_is_old(const struct mx_sync *sync, const struct cJSON *event);

/* ---- matrix_gap.c ------------------------------------------------------------------------------- */

void mx_gap_add(struct mx_sync *sync, const char *room, const char *from,
		const struct cJSON *timeline, const struct cJSON *state);
/* Fetches and tells room by room, then calls mx_sync_told() or mx_sync_again(). */
void mx_gap_next(struct mx_sync *sync);
void mx_gap_drop_all(struct mx_sync *sync);

#endif
