/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Pictures and other files, both ways. */
#include "scene.h"

#include "core/media_link.h"

#define JPEG "\xFF\xD8\xFF\xE0picture"
#define UPLOAD "https://upload.example.org/a/cat.jpg"
#define SECOND INT64_C(1000)

static int setup(void **state)
{
	int rc = scene_setup(state);
	struct scene *s = *state;

	s->xmpp.network.caps |= CHAT_CAP_FILES;
	fake_driver.caps |= SMS_CAP_MEDIA;
	return rc;
}

/* ---- what contacts send ------------------------------------------------------------------------- */

static void texts_picture(struct scene *s, const char *from, const char *text, const char *url)
{
	AUTO_FREE char *copy = xstrdup(text);
	AUTO_FREE char *media = xstrdup(url);
	struct sms_event event = text_event(s, from, copy);

	event.media[0] = media;
	event.media_n = 1;
	assert_int_equal(0, hook(s, &s->accounts[0], &event));
	settle(s);
}

/* What a network, or whoever reads, was told. */
struct told {
	int times;
	char *bytes;
	char type[64];
	char name[64];
	char problem[200];
	char *text;
	bool again;
};

static void note_bytes(const struct chat_bytes *bytes, void *arg)
{
	struct told *told = arg;

	told->times++;
	free(told->bytes);
	free(told->text);
	told->bytes = bytes->bytes ? xstrndup(bytes->bytes, bytes->len) : NULL;
	told->text = xstrdup(bytes->text);
	told->again = bytes->again;
	STR_COPY(told->type, bytes->type);
	STR_COPY(told->name, bytes->name);
	STR_COPY(told->problem, bytes->problem);
}

static void told_release(struct told *told)
{
	free(told->bytes);
	free(told->text);
}

#define TOLD_AUTO(name) __attribute__((cleanup(told_release))) struct told name = {0}

static struct fake_call *last_call(struct scene *s)
{
	return fake_http_call(s->client, sent(s) - 1);
}

static struct fake_said *file_in(struct fake_chat *chat, struct place_id place)
{
	for (size_t i = chat->n; i > 0; i--) {
		if (chat->log[i - 1].kind == FAKE_SAY && chat->log[i - 1].place.v == place.v &&
		    chat->log[i - 1].file.v != 0)
			return &chat->log[i - 1];
	}
	return NULL;
}

static void inbound__shows__the_words_and_then_the_picture(void **state)
{
	struct scene *s = *state;
	struct fake_said *words;
	struct fake_said *picture;
	struct place_id room;

	texts_picture(s, PAT, "Look at this", "https://media.acme.example/1");
	room = place_with(s, PAT);
	words = fake_chat_find(&s->xmpp, FAKE_SAY, room, "Look at this");
	picture = file_in(&s->xmpp, room);
	assert_non_null(words);
	assert_non_null(picture);
	assert_true(words->id.v < picture->id.v);
	assert_int_equal(picture->voice, VOICE_CONTACT);
	assert_int_equal(ask_number(s, "SELECT files FROM message WHERE text = 'Look at this'"), 1);
	assert_int_equal(ask_number(s, "SELECT count(*) FROM relay"), 0);
	assert_int_equal(sent(s), 0); /* nobody has asked for the bytes yet */
}

static void inbound__says_no_words__where_there_are_none(void **state)
{
	struct scene *s = *state;
	struct place_id room;

	texts_picture(s, PAT, "", "https://media.acme.example/1");
	room = place_with(s, PAT);
	assert_non_null(file_in(&s->xmpp, room));
	assert_int_equal(fake_chat_count(&s->xmpp, FAKE_SAY, room, NULL), 1);
	assert_true(control_saw(s, "wrote: “(1 picture or file)”"));
}

/* The same hook once more. */
static void inbound__shows_a_picture__once(void **state)
{
	struct scene *s = *state;

	texts_picture(s, PAT, "hi", "https://media.acme.example/1");
	s->keys--;
	texts_picture(s, PAT, "hi", "https://media.acme.example/1");
	assert_int_equal(ask_number(s, "SELECT count(*) FROM media"), 1);
}

static void inbound__tells_in_words__where_files_are_not_shown(void **state)
{
	struct scene *s = *state;
	struct fake_said *said;
	const char *link;
	struct media_id id;

	s->xmpp.network.caps &= ~(unsigned)CHAT_CAP_FILES;
	texts_picture(s, PAT, "hi", "https://media.acme.example/1");
	said = fake_chat_find(&s->xmpp, FAKE_SAY, place_with(s, PAT),
			      "They sent a picture or file");
	assert_non_null(said);
	assert_int_equal(said->file.v, 0);
	assert_int_equal(said->voice, VOICE_BOT);
	link = strstr(said->text, "https://sms.example.org/media/");
	assert_non_null(link);
	assert_int_equal(
		bridge_media_open(s->bridge, link + strlen("https://sms.example.org/media/"), &id),
		LINK_GOOD);
	assert_int_equal(id.v, ask_number(s, "SELECT id FROM media"));
}

static void inbound__tells_of_pictures__that_nobody_could_answer(void **state)
{
	struct scene *s = *state;
	char bank[] = "BigBank";
	char ours[] = "+12125550100";
	char text[] = "";
	char url[] = "https://media.acme.example/1";
	struct sms_event event = text_event(s, bank, text);

	event.media[0] = event.media[1] = url;
	event.media_n = 2;
	assert_int_equal(0, hook(s, &s->accounts[0], &event));
	texts_picture(s, ours, "hi", url);
	assert_true(control_saw(s,
				"from “BigBank”, which is no number one could answer:\n(2 pictures "
				"or files)"));
	assert_true(control_saw(s, "acted on:\nhi\n(1 picture or file)"));
	assert_int_equal(ask_number(s, "SELECT count(*) FROM media"), 0);
}

static void stop__counts__with_a_picture_too(void **state)
{
	struct scene *s = *state;

	texts_picture(s, PAT, "STOP", "https://media.acme.example/1");
	assert_true(is_suppressed(s, PAT));
}

/* ---- the bytes ---------------------------------------------------------------------------------- */

static struct media_id picture_of(struct scene *s, const char *number)
{
	texts_picture(s, number, "", "https://media.acme.example/1");
	return file_in(&s->xmpp, place_with(s, number))->file;
}

static void media_read__gives__what_it_is_by_its_bytes(void **state)
{
	struct scene *s = *state;
	struct media_id id = picture_of(s, PAT);
	TOLD_AUTO(told);

	bridge_media_read(s->bridge, id, note_bytes, &told);
	assert_int_equal(told.times, 0);
	settle(s);
	assert_string_equal(last_call(s)->call.url, "https://media.acme.example/1");
	assert_true(last_call(s)->call.public_only);
	assert_int_equal(last_call(s)->call.max_body, 1024 * 1024);
	fake_http_answer(last_call(s), HTTP_ANSWERED, 200, JPEG);
	assert_int_equal(told.times, 1);
	assert_string_equal(told.bytes, JPEG);
	assert_string_equal(told.type, "image/jpeg");
	assert_string_equal(told.name, "picture.jpg");
}

static void media_read__fetches_once__for_several(void **state)
{
	struct scene *s = *state;
	struct media_id id = picture_of(s, PAT);
	TOLD_AUTO(first);
	TOLD_AUTO(second);
	TOLD_AUTO(third);
	size_t calls;

	bridge_media_read(s->bridge, id, note_bytes, &first);
	bridge_media_read(s->bridge, id, note_bytes, &second);
	settle(s);
	calls = sent(s);
	fake_http_answer(last_call(s), HTTP_ANSWERED, 200, JPEG);
	assert_int_equal(first.times, 1);
	assert_int_equal(second.times, 1);
	bridge_media_read(s->bridge, id, note_bytes, &third);
	assert_int_equal(third.times, 0);
	settle(s);
	assert_string_equal(third.bytes, JPEG);
	assert_int_equal(sent(s), calls);
	wait_ms(s, 11 * MINUTE);
	bridge_media_read(s->bridge, id, note_bytes, &third);
	settle(s);
	assert_int_equal(sent(s), calls + 1); /* not kept for ever */
}

static void media_read__tries_again__where_it_may_help(void **state)
{
	struct scene *s = *state;
	struct media_id id = picture_of(s, PAT);
	TOLD_AUTO(told);
	size_t calls;

	bridge_media_read(s->bridge, id, note_bytes, &told);
	settle(s);
	calls = sent(s);
	fake_http_answer(last_call(s), HTTP_NOT_SENT, 0, "");
	wait_ms(s, 3 * SECOND);
	assert_int_equal(sent(s), calls + 1);
	fake_http_answer(last_call(s), HTTP_ANSWERED, 503, "");
	wait_ms(s, 9 * SECOND);
	assert_int_equal(sent(s), calls + 2);
	assert_int_equal(told.times, 0);
	fake_http_answer(last_call(s), HTTP_ANSWERED, 503, "");
	assert_int_equal(told.times, 1);
	assert_null(told.bytes);
	assert_true(told.again);
	assert_string_equal(told.problem, "the server says 503 when it is asked for it");
	assert_non_null(strstr(told.text, "that I could not get: the server says 503"));
	assert_non_null(strstr(told.text, "https://sms.example.org/media/"));
	wait_ms(s, MINUTE);
	assert_int_equal(sent(s), calls + 2);
}

static void media_read__gives_up_at_once__on_what_will_not_change(void **state)
{
	struct scene *s = *state;
	struct media_id id = picture_of(s, PAT);
	TOLD_AUTO(told);

	bridge_media_read(s->bridge, id, note_bytes, &told);
	settle(s);
	fake_http_answer(last_call(s), HTTP_ANSWERED, 404, "");
	assert_int_equal(told.times, 1);
	assert_false(told.again);
	bridge_media_read(s->bridge, id, note_bytes, &told);
	settle(s);
	fake_http_answer(last_call(s), HTTP_ANSWERED, 200, "<html><script>");
	assert_int_equal(told.times, 2);
	assert_string_equal(told.problem, "it is no kind of file that is passed on");
	assert_null(told.bytes);
}

static void media_read__fetches__few_at_a_time(void **state)
{
	enum { FILES = 7 };
	struct scene *s = *state;
	struct told told[FILES] = {{0}};
	size_t before = sent(s);

	for (int i = 0; i < FILES; i++) {
		char number[32];

		(void)snprintf(number, sizeof(number), "+141555501%02d", 10 + i);
		bridge_media_read(s->bridge, picture_of(s, number), note_bytes, &told[i]);
	}
	settle(s);
	assert_int_equal(sent(s) - before, 4);
	for (size_t i = before; i < sent(s); i++)
		fake_http_answer(fake_http_call(s->client, i), HTTP_ANSWERED,
				 i == before + 1 ? 404 : 200, JPEG);
	assert_int_equal(sent(s) - before, FILES);
	for (int i = 0; i < FILES; i++) {
		assert_int_equal(told[i].times, 1);
		told_release(&told[i]);
	}
}

/* As files of the largest size would. */
static void media_read__keeps__no_more_than_it_may(void **state)
{
	struct scene *s = *state;
	struct media_id first;
	size_t calls;
	TOLD_AUTO(told);

	s->options.file_max = 10; /* and so 40 bytes in all */
	first = picture_of(s, PAT);
	bridge_media_read(s->bridge, first, note_bytes, &told);
	settle(s);
	fake_http_answer(last_call(s), HTTP_ANSWERED, 200, JPEG "0123456789");
	bridge_media_read(s->bridge, picture_of(s, QUINN), note_bytes, &told);
	settle(s);
	fake_http_answer(last_call(s), HTTP_ANSWERED, 200, JPEG "0123456789");
	calls = sent(s);
	bridge_media_read(s->bridge, first, note_bytes, &told);
	settle(s);
	assert_int_equal(sent(s), calls + 1);
	assert_int_equal(told.times, 2);
}

static void media_read__forgets__who_does_not_wait(void **state)
{
	struct scene *s = *state;
	struct media_id id = picture_of(s, PAT);
	TOLD_AUTO(told);
	TOLD_AUTO(other);

	bridge_media_read(s->bridge, id, note_bytes, &told);
	bridge_media_read(s->bridge, id, note_bytes, &other);
	settle(s);
	bridge_media_forget(s->bridge, note_bytes, &told);
	bridge_media_forget(s->bridge, note_bytes, &s);
	fake_http_answer(last_call(s), HTTP_ANSWERED, 200, JPEG);
	assert_int_equal(told.times, 0);
	assert_int_equal(other.times, 1);
}

struct insistent {
	struct scene *s;
	struct media_id id;
	int times;
};

static void read_again(const struct chat_bytes *bytes, void *arg)
{
	struct insistent *i = arg;

	(void)bytes;
	if (++i->times < 4)
		bridge_media_read(i->s->bridge, i->id, read_again, i);
}

/* From inside of being told, whether it went well or not. */
static void media_read__may_be_asked__by_who_is_told(void **state)
{
	struct scene *s = *state;
	struct insistent i = {.s = s, .id = picture_of(s, PAT)};

	bridge_media_read(s->bridge, i.id, read_again, &i);
	settle(s);
	fake_http_answer(last_call(s), HTTP_ANSWERED, 404, "");
	assert_int_equal(i.times, 1);
	settle(s);
	fake_http_answer(last_call(s), HTTP_ANSWERED, 200, JPEG);
	assert_int_equal(i.times, 2);
	settle(s);
	settle(s);
	settle(s);
	assert_int_equal(i.times, 4);
}

static void read_now(void *arg)
{
	struct insistent *i = arg;

	i->times = 3; /* once */
	bridge_media_read(i->s->bridge, i->id, read_again, i);
}

/* In that very turn, before those who wait are told. */
static void media_read__is_answered__though_the_file_was_about_to_go(void **state)
{
	struct scene *s = *state;
	struct insistent i = {.s = s, .id = picture_of(s, PAT)};
	size_t calls;
	TOLD_AUTO(told);

	bridge_media_read(s->bridge, i.id, note_bytes, &told);
	settle(s);
	calls = sent(s);
	(void)loop_after(s->loop, 10 * MINUTE, read_now, &i);
	fake_http_answer(last_call(s), HTTP_ANSWERED, 200, JPEG);
	wait_ms(s, 10 * MINUTE);
	settle(s);
	assert_int_equal(i.times, 4);
	assert_int_equal(sent(s), calls);
	wait_ms(s, 11 * MINUTE);
	bridge_media_read(s->bridge, i.id, note_bytes, &told);
	settle(s);
	assert_int_equal(sent(s), calls + 1); /* then it went */
}

static void media_read__knows__nothing_of_a_file_that_is_none(void **state)
{
	struct scene *s = *state;
	TOLD_AUTO(told);

	for (int i = 1; i < 9; i++)
		bridge_media_read(s->bridge, (struct media_id){1000 + i}, note_bytes, &told);
	settle(s);
	assert_int_equal(told.times, 8);
	assert_string_equal(told.problem, "nobody knows where it is");
}

static void add_credentials(const struct sms_account *account, struct http_fetch_order *order)
{
	assert_string_equal(account->name, "acme");
	order->call.user = xstrdup("user");
	order->trusted = true;
}

static void media_read__asks_the_driver__how(void **state)
{
	struct scene *s = *state;
	struct media_id id = picture_of(s, PAT);
	TOLD_AUTO(told);

	fake_driver.locate = add_credentials;
	bridge_media_read(s->bridge, id, note_bytes, &told);
	settle(s);
	assert_string_equal(last_call(s)->call.user, "user");
	assert_false(last_call(s)->call.public_only);
}

/* With readers, fetches, pauses and kept files left over. */
static void bridge_free__forgets__all_of_it(void **state)
{
	struct scene *s = *state;
	TOLD_AUTO(told);

	bridge_media_read(s->bridge, picture_of(s, PAT), note_bytes, &told);
	settle(s);
	fake_http_answer(last_call(s), HTTP_ANSWERED, 200, JPEG);
	bridge_media_read(s->bridge, picture_of(s, QUINN), note_bytes, &told);
	settle(s);
	fake_http_answer(last_call(s), HTTP_ANSWERED, 503, "");
	bridge_media_read(s->bridge, picture_of(s, RAY), note_bytes, &told);
	settle(s);
	bridge_media_read(s->bridge, (struct media_id){77}, note_bytes, &told);
	scene_bridge_stop(s);
	assert_int_equal(told.times, 1);
}

/* ---- links -------------------------------------------------------------------------------------- */

static void media_open__tells__what_is_wrong_with_a_link(void **state)
{
	struct scene *s = *state;
	STRBUF_AUTO(link);
	struct media_id id;

	media_link_add(&link, "hook-secret-0123456789", 7, loop_now(s->loop) + HOUR, "x.jpg");
	assert_int_equal(bridge_media_open(s->bridge, link.buf, &id), LINK_GOOD);
	assert_int_equal(id.v, 7);
	wait_ms(s, HOUR);
	assert_int_equal(bridge_media_open(s->bridge, link.buf, &id), LINK_EXPIRED);
	link.buf[0] = '8';
	assert_int_equal(bridge_media_open(s->bridge, link.buf, &id), LINK_FORGED);
	assert_int_equal(bridge_media_open(s->bridge, "x", &id), LINK_UNKNOWN);
}

/* ---- what volunteers send ----------------------------------------------------------------------- */

static struct chat_said file_of(struct scene *s, struct place_id room, const char *caption)
{
	struct chat_said said = words_of(s, room, ALICE, caption);

	said.what = CHAT_SAID_FILE;
	said.file.reference = UPLOAD;
	return said;
}

static void send_file(struct scene *s, struct place_id room, const char *caption)
{
	struct chat_said said = file_of(s, room, caption);

	assert_int_equal(bridge_chat_said(s->bridge, "xmpp", &said), 0);
	settle(s);
}

static void outbound__looks_at_a_picture__before_it_leaves(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);
	const char *link;
	struct media_id id;

	send_file(s, room, "");
	assert_int_equal(sent(s), 1);
	assert_string_equal(last_call(s)->call.method, "GET");
	assert_string_equal(last_call(s)->call.url, UPLOAD);
	assert_true(last_call(s)->call.public_only);
	assert_int_equal(mark_on(s, s->event), MARK_QUEUED);
	assert_false(room_saw(s, room, "looked at"));
	fake_http_answer(last_call(s), HTTP_ANSWERED, 200, JPEG);
	settle(s);
	assert_int_equal(sent(s), 2);
	assert_string_equal(sms(s, 1).to, PAT);
	assert_string_equal(sms(s, 1).text, "");
	link = strstr(sms(s, 1).media, "https://sms.example.org/media/");
	assert_ptr_equal(link, sms(s, 1).media);
	assert_non_null(strstr(link, "/picture.jpg"));
	assert_int_equal(
		bridge_media_open(s->bridge, link + strlen("https://sms.example.org/media/"), &id),
		LINK_GOOD);
	accept(s, 1);
	assert_int_equal(mark_on(s, s->event), MARK_HANDED_OVER);
}

static void outbound__takes_words__along(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);

	send_file(s, room, "The poster");
	fake_http_answer(last_call(s), HTTP_ANSWERED, 200, JPEG);
	settle(s);
	assert_string_equal(sms(s, 1).text, "The poster");
	assert_true(sms(s, 1).media[0] != '\0');
}

/* The provider's request for the link is answered from memory. */
static void outbound__reads_the_bytes__once(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);
	TOLD_AUTO(told);

	send_file(s, room, "");
	fake_http_answer(last_call(s), HTTP_ANSWERED, 200, JPEG);
	settle(s);
	bridge_media_read(s->bridge, (struct media_id){ask_number(s, "SELECT max(id) FROM media")},
			  note_bytes, &told);
	settle(s);
	assert_string_equal(told.bytes, JPEG);
	assert_int_equal(sent(s), 2);
}

static void outbound__keeps__the_order_of_a_conversation(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);

	send_file(s, room, "");
	say_in(s, room, ALICE, "That was me");
	assert_int_equal(sent(s), 1);
	fake_http_answer(last_call(s), HTTP_ANSWERED, 200, JPEG);
	settle(s);
	assert_int_equal(sent(s), 2);
	accept(s, 1);
	assert_string_equal(sms(s, 2).text, "That was me");
}

static void outbound__sends_two_pictures__in_a_row(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);

	for (size_t i = 0; i < 2; i++) {
		send_file(s, room, "");
		fake_http_answer(last_call(s), HTTP_ANSWERED, 200, JPEG);
		settle(s);
		accept(s, sent(s) - 1);
	}
	assert_int_equal(ask_number(s, "SELECT count(*) FROM message WHERE state = 30"), 2);
}

static void outbound__says__why_a_file_does_not_go(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);
	struct chat_said said;

	send_file(s, room, "");
	fake_http_answer(last_call(s), HTTP_ANSWERED, 200, "name;number\n");
	settle(s);
	ROOM_SAW(
		s, room,
		"✖ “a picture or file” was not sent: I could not get the file from the chat: it is "
		"no kind of file that is passed on. [E_FILE]");
	assert_int_equal(mark_on(s, s->event), MARK_FAILED);
	send_file(s, room, "my cat");
	fake_http_answer(last_call(s), HTTP_ANSWERED, 200, "%PDF-1.7");
	settle(s);
	ROOM_SAW(s, room,
		 "✖ “my cat” was not sent: phones cannot be sent this kind of file (PDF "
		 "document).");
	said = file_of(s, room, "");
	said.file.type = "application/pdf";
	assert_int_equal(bridge_chat_said(s->bridge, "xmpp", &said), 0);
	settle(s);
	ROOM_SAW(s, room, "Not sent: phones cannot be sent this kind of file (PDF document).");
	said = file_of(s, room, "");
	said.file.size = 700 * 1024;
	assert_int_equal(bridge_chat_said(s->bridge, "xmpp", &said), 0);
	settle(s);
	ROOM_SAW(s, room, "Not sent: the file has 700 kB, and 600 kB can be sent.");
	s->options.file_max = 500 * 1024; /* where less is let through than the provider takes */
	said = file_of(s, room, "");
	said.file.size = 700 * 1024;
	assert_int_equal(bridge_chat_said(s->bridge, "xmpp", &said), 0);
	settle(s);
	ROOM_SAW(s, room, "Not sent: the file has 700 kB, and 500 kB can be sent.");
	assert_int_equal(sent(s), 2);
	assert_int_equal(ask_number(s, "SELECT count(*) FROM message WHERE state = 94"), 2);
}

/* What its sender says of it may be wrong. */
static void outbound__believes__the_bytes(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);
	AUTO_FREE char *large = xmalloc(601 * 1024 + 1);
	struct chat_said said = file_of(s, room, "");

	memset(large, 'x', 601 * 1024);
	memcpy(large, JPEG, 4);
	large[601 * 1024] = '\0';
	said.file.type = "text/html";
	said.file.size = 3;
	assert_int_equal(bridge_chat_said(s->bridge, "xmpp", &said), 0);
	settle(s);
	fake_http_answer(last_call(s), HTTP_ANSWERED, 200, large);
	settle(s);
	ROOM_SAW(s, room, "was not sent: the file has 601 kB, and 600 kB can be sent.");
}

static void outbound__says__that_the_provider_takes_none(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);

	fake_driver.caps &= ~(unsigned)SMS_CAP_MEDIA;
	send_file(s, room, "");
	ROOM_SAW(s, room, "Not sent: the provider of this number takes no pictures or files.");
	assert_int_equal(sent(s), 0);
}

static void outbound__refuses__what_stands_in_the_words(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);
	struct chat_said said = file_of(s, room, "");

	send_file(s, room, "// for us");
	send_file(s, room, "!close");
	ROOM_SAW(s, room, "a command takes no picture or file");
	send_file(s, room, "/me waves");
	ROOM_SAW(s, room, "it begins with “/”");
	said.file.reference = "";
	(void)bridge_chat_said(s->bridge, "xmpp", &said);
	said = file_of(s, room, "");
	said.file.reference = NULL;
	(void)bridge_chat_said(s->bridge, "xmpp", &said);
	said = file_of(s, room, "");
	said.user = MALLORY;
	(void)bridge_chat_said(s->bridge, "xmpp", &said);
	settle(s);
	ROOM_SAW(s, room, "I cannot get that picture or file");
	ROOM_SAW(s, room, "you are not of the team");
	assert_int_equal(ask_number(s, "SELECT count(*) FROM media"), 0);
	assert_int_equal(sent(s), 0);
}

static void outbound__obeys__a_stop_meanwhile(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);

	send_file(s, room, "");
	receive(s, PAT, "STOP");
	fake_http_answer(fake_http_call(s->client, 0), HTTP_ANSWERED, 200, JPEG);
	settle(s);
	accept_all(s);
	for (size_t i = 1; i < sent(s); i++)
		assert_string_equal(sms(s, i).media, "");
	assert_int_equal(ask_number(s, "SELECT state FROM message WHERE files = 1"), MSG_CANCELLED);
}

static void outbound__can_be_taken_back__before_it_was_looked_at(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);
	struct chat_said said;
	char target[32];

	send_file(s, room, "");
	STR_COPY(target, s->event);
	said = words_of(s, room, ALICE, "");
	said.what = CHAT_SAID_RETRACTED;
	said.target_event = target;
	(void)bridge_chat_said(s->bridge, "xmpp", &said);
	settle(s);
	fake_http_answer(last_call(s), HTTP_ANSWERED, 200, JPEG);
	settle(s);
	assert_int_equal(sent(s), 1);
	assert_int_equal(ask_number(s, "SELECT state FROM message WHERE files = 1"), MSG_CANCELLED);
}

static void outbound__waits__while_all_is_paused(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);

	command(s, "!pause");
	send_file(s, room, "");
	ROOM_SAW(s, room, "🕓 Queued: an organizer has paused all texting.");
	fake_http_answer(last_call(s), HTTP_ANSWERED, 200, JPEG);
	settle(s);
	assert_int_equal(sent(s), 1);
	command(s, "!resume");
	assert_int_equal(sent(s), 2);
	assert_true(sms(s, 1).media[0] != '\0');
}

static void outbound__tries_for_a_while__to_get_it(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);
	size_t answered = 0;

	send_file(s, room, "");
	for (int i = 0; i < 300 && !room_saw(s, room, "was not sent"); i++) {
		for (; answered < sent(s); answered++)
			fake_http_answer(fake_http_call(s->client, answered), HTTP_NOT_SENT, 0, "");
		wait_ms(s, SECOND);
	}
	assert_int_equal(answered, 9);
	ROOM_SAW(s, room, "I could not get the file from the chat: nobody there.");
}

static void outbound__looks_again__after_a_crash(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);

	send_file(s, room, "The poster");
	scene_crash(s);
	s->xmpp.network.caps |= CHAT_CAP_FILES;
	scene_bridge_start(s);
	assert_int_equal(sent(s), 1);
	fake_http_answer(last_call(s), HTTP_ANSWERED, 200, JPEG);
	settle(s);
	assert_int_equal(sent(s), 2);
	assert_string_equal(sms(s, 1).text, "The poster");
	assert_true(sms(s, 1).media[0] != '\0');
	(void)room;
}

/* As after a start with more of them than are listed at once. */
static void outbound__looks_at_all__that_were_not_listed(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);

	send_file(s, room, "");
	assert_int_equal(ask_number(s, "INSERT INTO media (message, position, network, reference,"
				       " type, size, checked, created_at) SELECT message, 1,"
				       " network, reference, type, size, checked, created_at"
				       " FROM media RETURNING 1"),
			 1);
	fake_http_answer(last_call(s), HTTP_ANSWERED, 200, JPEG);
	settle(s);
	assert_int_equal(sent(s), 2);
	assert_string_equal(last_call(s)->call.url, UPLOAD);
	fake_http_answer(last_call(s), HTTP_ANSWERED, 200, JPEG);
	settle(s);
	assert_int_equal(sent(s), 3);
	assert_true(sms(s, 2).media[0] != '\0');
}

/* A disk that is full just then. */
static void outbound__stores_what_it_saw__later(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);

	send_file(s, room, "");
	disk_refuses(s, true);
	fake_http_answer(last_call(s), HTTP_ANSWERED, 200, JPEG);
	settle(s);
	assert_int_equal(sent(s), 1);
	disk_refuses(s, false);
	wait_ms(s, 2 * SECOND);
	assert_int_equal(sent(s), 2);
	assert_true(sms(s, 1).media[0] != '\0');
}

static void outbound__sends_the_file__once_more_by_hand(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);

	send_file(s, room, "The poster");
	fake_http_answer(last_call(s), HTTP_ANSWERED, 200, JPEG);
	settle(s);
	answer_class(s, 1, SMS_PERM, SMS_SCOPE_MESSAGE);
	ROOM_SAW(s, room, "“The poster” did not reach them");
	wait_ms(s, MINUTE);
	command(s, "!retry 2");
	assert_string_equal(last_call(s)->call.url, UPLOAD); /* it may be another one by now */
	fake_http_answer(last_call(s), HTTP_ANSWERED, 200, JPEG);
	settle(s);
	assert_int_equal(sent(s), 4);
	assert_string_equal(sms(s, 3).text, "The poster");
	assert_true(sms(s, 3).media[0] != '\0');
	assert_string_not_equal(sms(s, 3).media, sms(s, 1).media);
}

static void outbound__goes_back__into_the_queue_with_its_file(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);

	send_file(s, room, "");
	fake_http_answer(last_call(s), HTTP_ANSWERED, 200, JPEG);
	settle(s);
	answer_class(s, 1, SMS_TEMP, SMS_SCOPE_MESSAGE);
	wait_ms(s, 2 * HOUR);
	assert_true(sent(s) >= 3);
	assert_true(sms(s, 2).media[0] != '\0');
	(void)room;
}

static void locate_mxc(void *self, const char *reference, struct http_fetch_order *order)
{
	(void)self;
	assert_string_equal(reference, "mxc://example.org/abc");
	free(order->call.url);
	order->call.url = xstrdup("http://127.0.0.1:8008/download/example.org/abc");
	order->trusted = true;
	http_headers_add(&order->call.headers, "Authorization", "Bearer x");
}

static void outbound__asks_its_network__for_what_only_that_knows(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);
	struct chat_said said = file_of(s, room, "");

	s->xmpp.network.locate = locate_mxc;
	said.file.reference = "mxc://example.org/abc";
	(void)bridge_chat_said(s->bridge, "xmpp", &said);
	settle(s);
	assert_string_equal(last_call(s)->call.url,
			    "http://127.0.0.1:8008/download/example.org/abc");
	assert_string_equal(http_headers_get(&last_call(s)->call.headers, "Authorization"),
			    "Bearer x");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, scene_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(inbound__shows__the_words_and_then_the_picture),
		TEST(inbound__says_no_words__where_there_are_none),
		TEST(inbound__shows_a_picture__once),
		TEST(inbound__tells_in_words__where_files_are_not_shown),
		TEST(inbound__tells_of_pictures__that_nobody_could_answer),
		TEST(stop__counts__with_a_picture_too),
		TEST(media_read__gives__what_it_is_by_its_bytes),
		TEST(media_read__fetches_once__for_several),
		TEST(media_read__tries_again__where_it_may_help),
		TEST(media_read__gives_up_at_once__on_what_will_not_change),
		TEST(media_read__fetches__few_at_a_time),
		TEST(media_read__keeps__no_more_than_it_may),
		TEST(media_read__forgets__who_does_not_wait),
		TEST(media_read__may_be_asked__by_who_is_told),
		TEST(media_read__is_answered__though_the_file_was_about_to_go),
		TEST(media_read__knows__nothing_of_a_file_that_is_none),
		TEST(media_read__asks_the_driver__how),
		TEST(bridge_free__forgets__all_of_it),
		TEST(media_open__tells__what_is_wrong_with_a_link),
		TEST(outbound__looks_at_a_picture__before_it_leaves),
		TEST(outbound__takes_words__along),
		TEST(outbound__reads_the_bytes__once),
		TEST(outbound__keeps__the_order_of_a_conversation),
		TEST(outbound__sends_two_pictures__in_a_row),
		TEST(outbound__says__why_a_file_does_not_go),
		TEST(outbound__believes__the_bytes),
		TEST(outbound__says__that_the_provider_takes_none),
		TEST(outbound__refuses__what_stands_in_the_words),
		TEST(outbound__obeys__a_stop_meanwhile),
		TEST(outbound__can_be_taken_back__before_it_was_looked_at),
		TEST(outbound__waits__while_all_is_paused),
		TEST(outbound__tries_for_a_while__to_get_it),
		TEST(outbound__looks_again__after_a_crash),
		TEST(outbound__looks_at_all__that_were_not_listed),
		TEST(outbound__stores_what_it_saw__later),
		TEST(outbound__sends_the_file__once_more_by_hand),
		TEST(outbound__goes_back__into_the_queue_with_its_file),
		TEST(outbound__asks_its_network__for_what_only_that_knows),
	};

	log_set_level(LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
