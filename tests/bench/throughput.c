/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * How many texts a second pass through the whole daemon, one thread, each committed with
 * synchronous=FULL before it is answered or sent: in from the sandbox's hooks to a chat network
 * without a chat, and out from what volunteers say to the delivery report of the sandbox.
 *
 * The reference writes the same rows with bare SQLite, in transactions of the size that the daemon
 * reached, in the same folder and run; for comparison also one text a transaction. What must be on
 * disk before something else may happen is committed before that in the reference too: a text's rows
 * are spread over as many transactions as the daemon needs at least, each shared with other texts.
 * Rows of a conversation that is new are in neither: both know everybody already.
 *
 * All are done several times in turns; medians count. Processor time is told too, as it does not
 * depend on what else the machine is doing.
 */
#include "base/hmac.h"
#include "base/log.h"
#include "base/strbuf.h"
#include "base/xalloc.h"
#include "http/webhook.h"
#include "roomline/bridge.h"
#include "sms/sandbox_phones.h"
#include "store/db.h"

#include <dirent.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TEXTS 15000
#define CONTACTS 1000
#define WINDOW 128
#define OUT_WINDOW 3000 /* the sandbox reports a delivery after 300 ms */
#define SINGLE_TEXTS 3000
#define ROUNDS 5
#define WANTED_RATE 3000
#define WANTED_RATIO 0.5
#define TICK_MS 5
#define SECRET "bench-secret-0123456789"

static const char *const team[] = {"null:alice"};

struct bench {
	struct loop *loop;
	struct store *store;
	struct http_server *server;
	struct http_client *client;
	struct bridge *bridge;
	struct webhook *webhook;
	struct sandbox_phones *phones;
	const struct chat_network *network;
	void *network_self;
	struct sms_account account;
	struct sms_sender sender;
	struct bridge_options options;
	struct place_id places[CONTACTS];
	int place_n;
	int texts;                     /* of the present run */
	int first;                     /* the number of its first text */
	char *hooks[CONTACTS + TEXTS]; /* made before the clock runs: the provider is elsewhere */
	int begun, ended;
	int64_t batches;
};

/* ---- figures ------------------------------------------------------------------------------------ */

struct stopwatch {
	double clock;
	double cpu;
};

/* Of one way, by one of those that are compared. */
struct figures {
	double rate[ROUNDS]; /* texts a second */
	double cpu[ROUNDS];  /* us of processor time a text */
	double rows;         /* changed, inserted or deleted, a text */
	double batch;        /* texts a commit */
	int n;
};

static double seconds(clockid_t clock)
{
	struct timespec ts;

	(void)clock_gettime(clock, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void stopwatch_start(struct stopwatch *watch)
{
	watch->clock = seconds(CLOCK_MONOTONIC);
	watch->cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
}

static void figures_add(struct figures *f, const struct stopwatch *since, int texts, int64_t rows)
{
	f->rate[f->n] = texts / (seconds(CLOCK_MONOTONIC) - since->clock);
	f->cpu[f->n++] = (seconds(CLOCK_PROCESS_CPUTIME_ID) - since->cpu) / texts * 1e6;
	f->rows = (double)rows / texts;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(const double values[ROUNDS])
{
	double sorted[ROUNDS];

	memcpy(sorted, values, sizeof(sorted));
	qsort(sorted, ROUNDS, sizeof(sorted[0]), compare);
	return sorted[ROUNDS / 2];
}

static void die(const char *what, const struct error *err)
{
	(void)fprintf(stderr, "%s: %s\n", what, err->text);
	exit(1);
}

static void contact_number(int i, char out[PHONE_MAX])
{
	(void)snprintf(out, PHONE_MAX, "+1415%03d%04d", 560 + i / 10000, i % 10000);
}

/* ---- the daemon, without its main() ------------------------------------------------------------ */

static void on_commit_time(void *arg)
{
	struct bench *b = arg;

	store_commit(b->store);
}

static void on_batch(void *arg)
{
	struct bench *b = arg;

	b->batches++;
	loop_defer(b->loop, on_commit_time, b);
}

static void bench_open(struct bench *b, const char *db)
{
	struct error err = {0};

	*b = (struct bench){.loop = loop_new()};
	if (store_open(db, &b->store, &err) < 0)
		die("store", &err);
	store_on_batch(b->store, on_batch, b);
	b->server = http_server_new(b->loop);
	b->client = http_client_new(b->loop, b->server);
	b->account = (struct sms_account){.name = "sandbox",
					  .driver = sms_driver_find("sandbox"),
					  .hook_url = "local:/hook/" SECRET "/sandbox"};
	b->account.set = settings_new(b->account.driver->settings);
	b->sender = (struct sms_sender){
		.name = "main",
		.account = &b->account,
		.number = {"+14155550100"},
		.per_minute = 100000000,
	};
	b->options = (struct bridge_options){.organisation = "Bench",
					     .help_contact = "nobody",
					     .region = "US",
					     .stop_text = "stopped",
					     .start_text = "started",
					     .help_text = "help",
					     .hold_ms = 86400000,
					     .reply_window_ms = 86400000,
					     .max_segments = 6,
					     .senders = &b->sender,
					     .sender_n = 1,
					     .organizers = team,
					     .organizer_n = 1,
					     .inbox = team,
					     .inbox_n = 1};
	b->bridge = bridge_new(b->loop, b->store, b->client, &b->options);
	b->webhook = webhook_new(b->loop, b->store, b->bridge, SECRET, &b->account, 1);
	webhook_mount(b->webhook, b->server);
	b->phones = sandbox_phones_new(b->loop, b->server, b->client, &b->sender, 1,
				       "http://127.0.0.1");
	b->network = chat_network_find("null");
	b->network_self =
		b->network->create(&(struct chat_host){b->bridge, b->loop, b->client, b->server},
				   settings_new(b->network->settings), &err);
	if (!b->network_self)
		die("network", &err);
	bridge_add_network(b->bridge, b->network, b->network_self);
	if (bridge_start(b->bridge, &err) < 0 || b->network->start(b->network_self, &err) < 0)
		die("start", &err);
}

/* The bench ends with its process: only what holds the database is closed. */
static void bench_close(struct bench *b)
{
	sandbox_phones_free(b->phones);
	store_close(b->store);
}

/* ---- in ---------------------------------------------------------------------------------------- */

static void write_hooks(struct bench *b)
{
	for (int i = 0; i < CONTACTS + TEXTS; i++) {
		char from[PHONE_MAX];
		STRBUF_AUTO(body);

		contact_number(i % CONTACTS, from);
		strbuf_addf(
			&body,
			"{\"type\":\"text\",\"id\":\"in-%d\",\"from\":\"%s\","
			"\"to\":\"+14155550100\",\"text\":\"Thanks for asking, number %d, I will "
			"be there on Saturday morning.\"}",
			i, from, i);
		b->hooks[i] = strbuf_detach(&body, NULL);
	}
}

static void text_in(struct bench *b);

static void on_hook_answer(const struct http_answer *answer, void *arg)
{
	struct bench *b = arg;

	if (answer->fate != HTTP_ANSWERED || answer->status != 200) {
		(void)fprintf(stderr, "hook: %d %s\n", answer->status, answer->problem);
		exit(1);
	}
	b->ended++;
	text_in(b);
}

static void text_in(struct bench *b)
{
	struct http_call call = {.method = "POST",
				 .url = xstrdup("local:/hook/" SECRET "/sandbox/in")};

	if (b->begun == b->texts) {
		http_call_release(&call);
		return;
	}
	http_headers_add(&call.headers, "Content-Type", "application/json");
	call.body = b->hooks[b->first + b->begun++];
	call.body_len = strlen(call.body);
	http_client_start(b->client, &call, on_hook_answer, b);
}

static void wait_shown(void *arg)
{
	struct bench *b = arg;
	struct message_counts c;
	struct error err = {0};

	if (b->ended < b->texts) {
		(void)loop_after(b->loop, TICK_MS, wait_shown, b);
		return;
	}
	if (store_count(b->store, &c, &err) < 0)
		die("count", &err);
	if (c.relay_pending == 0)
		loop_stop(b->loop);
	else
		(void)loop_after(b->loop, TICK_MS, wait_shown, b);
}

/* ---- out --------------------------------------------------------------------------------------- */

static bool take_place(const struct place_row *row, void *arg)
{
	struct bench *b = arg;

	if (row->kind == PLACE_CONVERSATION && b->place_n < CONTACTS)
		b->places[b->place_n++] = row->id;
	return true;
}

/* Volunteers keep OUT_WINDOW texts on their way: as many are said as were delivered. */
static void text_out(void *arg)
{
	struct bench *b = arg;
	struct message_counts c;
	struct error err = {0};

	if (store_count(b->store, &c, &err) < 0)
		die("count", &err);
	b->ended = (int)c.delivered - b->first;
	while (b->begun < b->texts && b->begun - b->ended < OUT_WINDOW) {
		int number = b->first + b->begun++;
		char text[96];
		char event[32];
		struct chat_said said = {.kind = PLACE_CONVERSATION,
					 .place = b->places[number % b->place_n],
					 .user = "alice",
					 .what = CHAT_SAID_TEXT,
					 .text = text,
					 .event_id = event};

		(void)snprintf(text, sizeof(text),
			       "Good to hear, number %d: see you on Saturday then!", number);
		(void)snprintf(event, sizeof(event), "out-%d", number);
		bridge_chat_said(b->bridge, "null", &said);
	}
	if (b->ended == b->texts && c.relay_pending == 0)
		loop_stop(b->loop);
	else
		(void)loop_after(b->loop, 1, text_out, b);
}

static void run(struct bench *b, loop_fn *begin, int first, int texts)
{
	b->first = first;
	b->texts = texts;
	b->begun = 0;
	b->ended = 0;
	b->batches = 0;
	(void)loop_after(b->loop, 0, begin, b);
	loop_run(b->loop);
}

static void measure(struct bench *b, loop_fn *begin, struct figures *figures)
{
	struct stopwatch watch;
	int64_t rows;

	run(b, begin, 0, CONTACTS);
	rows = sqlite3_total_changes64(b->store->db);
	stopwatch_start(&watch);
	run(b, begin, CONTACTS, TEXTS);
	figures_add(figures, &watch, TEXTS, sqlite3_total_changes64(b->store->db) - rows);
	figures->batch = TEXTS / (double)b->batches;
}

static void begin_in(void *arg)
{
	struct bench *b = arg;

	for (int i = 0; i < WINDOW; i++)
		text_in(b);
	wait_shown(b);
}

/* ---- the reference ------------------------------------------------------------------------------ */

struct bare {
	struct store *store; /* has made the tables, and set the database as the daemon has it */
	sqlite3 *db;
	struct {
		sqlite3_stmt *stmt;
		int after; /* that many commits */
	} rows[20];
	int n;
	int commits; /* what the last row comes after */
};

static void bare_check(struct bare *bare, int rc)
{
	if (rc != SQLITE_OK && rc != SQLITE_DONE && rc != SQLITE_ROW) {
		(void)fprintf(stderr, "reference: %s\n", sqlite3_errmsg(bare->db));
		exit(1);
	}
}

static void bare_sql(struct bare *bare, const char *sql)
{
	bare_check(bare, sqlite3_exec(bare->db, sql, NULL, NULL, NULL));
}

/* clang-format off */
#define MESSAGE                                                                                    \
	"INSERT INTO message (id, conversation, outbound, kind, turn, state, text, text_hash, ref,"  \
	" sender, account, ext_id, segments, parts_delivered, author, origin_place, origin_event,"   \
	" due_at, not_after, attempts, code, reason, handled, created_at, updated_at) VALUES "
#define HOOK "INSERT INTO hook (account, key, kind, summary, at) VALUES ('sandbox', "
#define RELAY                                                                                      \
	"INSERT INTO relay (id, place, kind, voice, text, target_event, mark, message, at) VALUES "
#define COMMIT "COMMIT"
#define CURSOR(event) "UPDATE place SET cursor = " event " WHERE id = ?2"

/* The statements that each text costs, with no more columns than change. ?1 is the number of the
 * text, ?2 of its contact, ?3 a random token, as the ids of both sides are. */
static const char *const rows_in[] = {
	HOOK "'in:in-' || ?1, 'text', 'in-' || ?1, 1769000000000 + ?1)",
	MESSAGE "(?1, ?2, 0, 0, 1, 100, 'Thanks for asking, number ' || ?1 || ', I will be there on "
		"Saturday morning.', 0, ?3, 'main', 'sandbox', 'in-' || ?1, 0, 0, '', NULL, '', 0, "
		"0, 0, '', '', 0, 1769000000000 + ?1, 1769000000000 + ?1)",
	RELAY "(?1, ?2, 0, 1, 'Thanks for asking, number ' || ?1 || ', I will be there on Saturday "
	      "morning.', '', 0, ?1, 1769000000000 + ?1)",
	"UPDATE conversation SET last_in_at = 1769000000000 + ?1, updated_at = 1769000000000 + ?1 "
	"WHERE id = ?2",
	COMMIT,
	"DELETE FROM relay WHERE id = ?1",
	CURSOR("'null-' || ?1"),
	NULL,
};

static const char *const rows_out[] = {
	"INSERT INTO chat_event (place, event_id, at) VALUES (?2, 'out-' || ?1, 1769000000000 + ?1)",
	CURSOR("'out-' || ?1"),
	MESSAGE "(100000 + ?1, ?2, 1, 0, 1, 0, 'Good to hear, number ' || ?1 || ': see you on Saturday "
		"then!', ?1, ?3, 'main', 'sandbox', '', 1, 0, 'null:alice', ?2, 'out-' || ?1, "
		"1769000000000 + ?1, 0, 0, '', '', 0, 1769000000000 + ?1, 1769000000000 + ?1)",
	"UPDATE message SET state = 20, attempts = 1, updated_at = 1769000000001 + ?1 "
	"WHERE id = 100000 + ?1",
	COMMIT,
	"UPDATE message SET state = 30, ext_id = 'SB' || ?3, updated_at = 1769000000002 + ?1 "
	"WHERE id = 100000 + ?1",
	RELAY "(100000 + ?1, ?2, 2, 0, '', 'out-' || ?1, 2, 100000 + ?1, 1769000000000 + ?1)",
	COMMIT,
	"DELETE FROM relay WHERE id = 100000 + ?1",
	CURSOR("'null-1' || ?1"),
	COMMIT,
	HOOK "'st:SB' || ?3 || ':sent', 'report', 'SB' || ?3, 1769000000100 + ?1)",
	"UPDATE message SET state = 40, updated_at = 1769000000100 + ?1 WHERE id = 100000 + ?1",
	COMMIT,
	HOOK "'st:SB' || ?3 || ':delivered', 'report', 'SB' || ?3, 1769000000300 + ?1)",
	"UPDATE message SET state = 90, updated_at = 1769000000300 + ?1 WHERE id = 100000 + ?1",
	RELAY "(200000 + ?1, ?2, 2, 0, '', 'out-' || ?1, 3, 100000 + ?1, 1769000000300 + ?1)",
	COMMIT,
	"DELETE FROM relay WHERE id = 200000 + ?1",
	CURSOR("'null-2' || ?1"),
	NULL,
};
/* clang-format on */

static void bare_prepare(struct bare *bare, const char *const *sql)
{
	bare->n = bare->commits = 0;
	for (; *sql; sql++) {
		if (strcmp(*sql, COMMIT) == 0) {
			bare->commits++;
			continue;
		}
		bare_check(bare, sqlite3_prepare_v3(bare->db, *sql, -1, SQLITE_PREPARE_PERSISTENT,
						    &bare->rows[bare->n].stmt, NULL));
		bare->rows[bare->n++].after = bare->commits;
	}
}

static void bare_step(struct bare *bare, sqlite3_stmt *stmt, int text, const char *token)
{
	(void)sqlite3_bind_int64(stmt, 1, text + 1);
	(void)sqlite3_bind_int64(stmt, 2, text % CONTACTS + 1);
	if (sqlite3_bind_parameter_count(stmt) > 2)
		(void)sqlite3_bind_text(stmt, 3, token, -1, SQLITE_STATIC);
	bare_check(bare, sqlite3_step(stmt));
	bare_check(bare, sqlite3_reset(stmt));
}

/* Writes the rows of that many texts, per_batch in each transaction; in the same one, what comes
 * after a commit for the texts of the transactions before. */
static void bare_run(struct bare *bare, const char *const *sql, int texts, int per_batch,
		     struct figures *figures)
{
	static char tokens[TEXTS][33];
	int64_t rows = sqlite3_total_changes64(bare->db);
	struct stopwatch watch;

	for (int i = 0; i < texts; i++)
		random_token(tokens[i], sizeof(tokens[i]) - 1);
	bare_prepare(bare, sql);
	stopwatch_start(&watch);
	for (int first = 0; first < texts + bare->commits * per_batch; first += per_batch) {
		bare_sql(bare, "BEGIN IMMEDIATE");
		for (int after = 0; after <= bare->commits; after++) {
			int from = first - after * per_batch;

			for (int i = from < 0 ? 0 : from; i < from + per_batch && i < texts; i++) {
				for (int k = 0; k < bare->n; k++) {
					if (bare->rows[k].after == after)
						bare_step(bare, bare->rows[k].stmt, i, tokens[i]);
				}
			}
		}
		bare_sql(bare, "COMMIT");
	}
	figures_add(figures, &watch, texts, sqlite3_total_changes64(bare->db) - rows);
	for (int k = 0; k < bare->n; k++)
		(void)sqlite3_finalize(bare->rows[k].stmt);
}

static void bare_open(struct bare *bare, const char *db)
{
	struct error err = {0};

	*bare = (struct bare){0};
	if (store_open(db, &bare->store, &err) < 0)
		die("reference", &err);
	bare->db = bare->store->db;
	bare_sql(bare, "BEGIN");
	for (int i = 1; i <= CONTACTS; i++) {
		char sql[512];

		(void)snprintf(
			sql, sizeof(sql),
			"INSERT INTO contact VALUES (%d, '+1415560%04d', '', '', 'main', 0);"
			"INSERT INTO conversation VALUES (%d, %d, 'token%d', 1, 'null:alice', 0, "
			"0, 0);"
			"INSERT INTO place VALUES (%d, 0, 'null', %d, 'token%d', 'null-%d', '', 0)",
			i, i, i, i, i, i, i, i, i);
		bare_sql(bare, sql);
	}
	bare_sql(bare, "COMMIT");
}

/* The same in a database of its own each. */
static void bare_both(const char *db, int texts, double batch_in, double batch_out,
		      struct figures *in, struct figures *out)
{
	struct bare bare;

	bare_open(&bare, db);
	bare_run(&bare, rows_in, texts, (int)batch_in, in);
	bare_run(&bare, rows_out, texts, (int)batch_out, out);
	store_close(bare.store);
}

/* ---- rounds -------------------------------------------------------------------------------------- */

struct way { /* in or out */
	struct figures daemon, bare, single;
};

static void print_figures(const char *who, const struct figures *f)
{
	(void)printf("    %-34s %6.0f texts/s  %5.0f us of processor  %4.1f rows  %5.1f texts a "
		     "commit\n",
		     who, median(f->rate), median(f->cpu), f->rows, f->batch);
}

static bool report(const char *name, struct way *way)
{
	double rate = median(way->daemon.rate);
	double ratio = rate / median(way->bare.rate);
	bool good = true;

	way->bare.batch = (int)way->daemon.batch;
	way->single.batch = 1;
	(void)printf("  %s\n", name);
	print_figures("Roomline", &way->daemon);
	print_figures("bare SQLite, commits as large", &way->bare);
	print_figures("bare SQLite, each text by itself", &way->single);
	(void)printf(
		"    ratio %.2f (wanted: %.1f); by processor time %.2f; to each text by itself "
		"%.2f\n",
		ratio, WANTED_RATIO, median(way->bare.cpu) / median(way->daemon.cpu),
		rate / median(way->single.rate));
	/* The reference must not be made slow by writing more. */
	if (way->bare.rows > way->daemon.rows) {
		(void)printf("    OUT OF BOUNDS: the reference writes more rows than Roomline\n");
		good = false;
	}
	if (rate < WANTED_RATE) {
		(void)printf("    OUT OF BOUNDS: less than %d texts/s\n", WANTED_RATE);
		good = false;
	}
	if (ratio < WANTED_RATIO) {
		(void)printf("    OUT OF BOUNDS: less than %.1f of bare SQLite\n", WANTED_RATIO);
		good = false;
	}
	return good;
}

static void round_run(const char *folder, int i, struct way *in, struct way *out)
{
	char path[64];
	static struct bench b;
	struct error err = {0};

	(void)snprintf(path, sizeof(path), "%s/daemon-%d.db", folder, i);
	bench_open(&b, path);
	write_hooks(&b);
	measure(&b, begin_in, &in->daemon);
	if (store_list_places(b.store, "null", take_place, &b, &err) < 0)
		die("places", &err);
	measure(&b, text_out, &out->daemon);
	bench_close(&b);
	(void)snprintf(path, sizeof(path), "%s/bare-%d.db", folder, i);
	bare_both(path, TEXTS, in->daemon.batch, out->daemon.batch, &in->bare, &out->bare);
	(void)snprintf(path, sizeof(path), "%s/single-%d.db", folder, i);
	bare_both(path, SINGLE_TEXTS, 1, 1, &in->single, &out->single);
}

static void remove_folder(const char *folder)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		(void)unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		(void)closedir(dir);
	(void)rmdir(folder);
}

int main(void)
{
	struct way in = {0};
	struct way out = {0};
	char folder[] = "build/bench-XXXXXX";
	bool good;

	log_set_level(LOG_ERROR);
	if (!mkdtemp(folder)) {
		perror(folder);
		return 1;
	}
	(void)printf("Throughput, %d texts each way, %d contacts, synchronous=FULL, medians of %d "
		     "rounds (wanted: %d texts/s):\n",
		     TEXTS, CONTACTS, ROUNDS, WANTED_RATE);
	(void)fflush(stdout);
	for (int i = 0; i < ROUNDS; i++)
		round_run(folder, i, &in, &out);
	good = report("in: hook to chat network", &in);
	good = report("out: chat network to delivery report", &out) && good;
	remove_folder(folder);
	return good ? 0 : 1;
}
