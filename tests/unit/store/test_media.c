/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Pictures and other files of messages, and the step that brought them. */
#include "fixture.h"

#include "store/db.h"

static char words[] = "look";

static struct message_id text_with(struct store *store, int files)
{
	struct message_row row = outbound(add_conversation(store, "+14155550100").id, words);

	row.files = files;
	return add_message(store, row);
}

static struct media_row file_of(struct message_id message, int position)
{
	static char reference[] = "https://upload.example.org/a/b.jpg?x=1";

	return (struct media_row){.message = message,
				  .position = position,
				  .network = "xmpp",
				  .reference = reference,
				  .type = "image/jpeg",
				  .size = 1234,
				  .created_at = 77};
}

static struct media_id add_file(struct store *store, struct message_id message, int position)
{
	struct media_row row = file_of(message, position);

	OK(store_media_add(store, &row, NULL));
	return row.id;
}

static bool see_media(const struct media_row *row, void *arg)
{
	return seen_add(arg, row->id.v);
}

static void media_add__keeps__every_field(void **state)
{
	struct store *store = ((struct fixture *)*state)->store;
	struct message_id message;
	struct message_row row;
	struct media_row got;
	struct media_id id;

	must_begin(store);
	message = text_with(store, 1);
	id = add_file(store, message, 0);
	FOUND(store_get_media(store, id, &got, NULL));
	assert_int_equal(got.message.v, message.v);
	assert_int_equal(got.position, 0);
	assert_string_equal(got.network, "xmpp");
	assert_string_equal(got.reference, "https://upload.example.org/a/b.jpg?x=1");
	assert_string_equal(got.type, "image/jpeg");
	assert_int_equal(got.size, 1234);
	assert_false(got.checked);
	assert_int_equal(got.created_at, 77);
	assert_true(got.outbound);
	assert_string_equal(got.account, "acme");
	media_row_release(&got);
	NONE(store_get_media(store, (struct media_id){id.v + 1}, &got, NULL));
	FOUND(store_get_message(store, message, &row, NULL));
	assert_int_equal(row.files, 1);
	message_row_release(&row);
	must_keep(store);
}

static void media_list__keeps__the_order_of_the_message(void **state)
{
	struct store *store = ((struct fixture *)*state)->store;
	struct seen seen = {0};
	struct message_id message;
	struct media_row twice;
	int64_t second;
	int64_t first;

	must_begin(store);
	message = text_with(store, 2);
	second = add_file(store, message, 1).v;
	first = add_file(store, message, 0).v;
	OK(store_list_media(store, message, see_media, &seen, NULL));
	CHECK_SEEN(&seen, first, second);
	twice = file_of(message, 1);
	FAILS(store_media_add(store, &twice, NULL));
	must_drop(store);
}

static void media_unchecked__are_those__of_queued_texts(void **state)
{
	struct store *store = ((struct fixture *)*state)->store;
	struct seen before = {0};
	struct seen after = {0};
	struct message_id gone;
	struct message_row row;
	struct media_row got;
	struct media_id first;
	struct media_id second;

	must_begin(store);
	row = outbound(add_conversation(store, "+14155550101").id, words);
	gone = add_message(store, row);
	(void)add_file(store, gone, 0);
	move(store, gone, MSG_CANCELLED);
	first = add_file(store, text_with(store, 2), 0);
	FOUND(store_get_media(store, first, &got, NULL));
	second = add_file(store, got.message, 1);
	OK(store_list_unchecked_media(store, 9, see_media, &before, NULL));
	CHECK_SEEN(&before, first.v, second.v);
	OK(store_media_set_checked(store, first, "image/png", 99, NULL));
	OK(store_list_unchecked_media(store, 9, see_media, &after, NULL));
	CHECK_SEEN(&after, second.v);
	media_row_release(&got);
	FOUND(store_get_media(store, first, &got, NULL));
	assert_true(got.checked);
	assert_string_equal(got.type, "image/png");
	assert_int_equal(got.size, 99);
	media_row_release(&got);
	FAILS(store_media_set_checked(store, (struct media_id){77}, "", 0, NULL));
	must_drop(store);
}

static void message_set_due__moves__what_is_queued_only(void **state)
{
	struct store *store = ((struct fixture *)*state)->store;
	struct message_id id;
	struct message_row row;

	must_begin(store);
	id = text_with(store, 0);
	OK(store_message_set_due(store, id, 5, NULL));
	FOUND(store_get_message(store, id, &row, NULL));
	assert_int_equal(row.due_at, 5);
	message_row_release(&row);
	move(store, id, MSG_SENDING);
	OK(store_message_set_due(store, id, 9, NULL));
	FOUND(store_get_message(store, id, &row, NULL));
	assert_int_equal(row.due_at, 5);
	message_row_release(&row);
	must_keep(store);
}

static bool see_media_of_relay(const struct relay_row *row, void *arg)
{
	return seen_add(arg, row->media.v);
}

/* One row shows words, and one a file of the same text. */
static struct media_id show_file(struct store *store, struct place_id *place_out)
{
	struct relay_row row = {.kind = RELAY_SAY, .voice = VOICE_CONTACT, .text = words};
	struct message_row message;

	row.message = text_with(store, 1);
	FOUND(store_get_message(store, row.message, &message, NULL));
	row.place = add_place(store, message.conversation, PLACE_CONVERSATION, "xmpp", "r@m");
	message_row_release(&message);
	OK(store_relay_add(store, &row, NULL));
	row.media = add_file(store, row.message, 0);
	OK(store_relay_add(store, &row, NULL));
	*place_out = row.place;
	return row.media;
}

static void relay__keeps__which_file_it_shows(void **state)
{
	struct store *store = ((struct fixture *)*state)->store;
	struct seen seen = {0};
	struct place_id place;
	struct media_id id;

	must_begin(store);
	id = show_file(store, &place);
	OK(store_list_relay(store, place, (struct relay_id){0}, 9, see_media_of_relay, &seen,
			    NULL));
	CHECK_SEEN(&seen, 0, id.v);
	must_keep(store);
}

/* A database of before there were files. */
static void store_open__adds_files__to_an_older_database(void **state)
{
	struct fixture *f = *state;
	struct message_row row;
	struct message_id id;
	struct seen seen = {0};

	must_begin(f->store);
	id = text_with(f->store, 0);
	must_commit(f->store);
	assert_int_equal(sqlite3_exec(f->store->db,
				      "DROP INDEX conversation_closed;"
				      "DROP INDEX media_unchecked;"
				      "ALTER TABLE relay DROP COLUMN media;"
				      "DROP TABLE media;"
				      "ALTER TABLE message DROP COLUMN files;"
				      "PRAGMA user_version = 2",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	store_close(f->store);
	OK(store_open(f->path, &f->store, NULL));
	FOUND(store_get_message(f->store, id, &row, NULL));
	assert_string_equal(row.text, words);
	assert_int_equal(row.files, 0);
	message_row_release(&row);
	must_begin(f->store);
	(void)add_file(f->store, id, 0);
	OK(store_list_media(f->store, id, see_media, &seen, NULL));
	assert_int_equal(seen.n, 1);
	must_commit(f->store);
}

/* One of before a number of a file was never given again, with a file that is still to be shown. */
static void store_open__keeps_files__of_an_older_database(void **state)
{
	struct fixture *f = *state;
	struct seen seen = {0};
	struct media_row got;
	struct place_id place;
	struct media_id id;

	must_begin(f->store);
	id = show_file(f->store, &place);
	must_commit(f->store);
	assert_int_equal(sqlite3_exec(f->store->db, "PRAGMA user_version = 5", NULL, NULL, NULL),
			 SQLITE_OK);
	store_close(f->store);
	OK(store_open(f->path, &f->store, NULL));
	must_begin(f->store);
	FOUND(store_get_media(f->store, id, &got, NULL));
	assert_string_equal(got.reference, "https://upload.example.org/a/b.jpg?x=1");
	OK(store_list_relay(f->store, place, (struct relay_id){0}, 9, see_media_of_relay, &seen,
			    NULL));
	CHECK_SEEN(&seen, 0, id.v);
	/* It is still the table that those rows lead to. */
	assert_int_equal(sqlite3_exec(f->store->db, "DELETE FROM media", NULL, NULL, NULL),
			 SQLITE_CONSTRAINT_FOREIGNKEY);
	assert_int_equal(sqlite3_exec(f->store->db, "DELETE FROM relay; DELETE FROM media", NULL,
				      NULL, NULL),
			 SQLITE_OK);
	assert_true(add_file(f->store, got.message, 0).v > id.v);
	media_row_release(&got);
	must_commit(f->store);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, open_in_memory, close_store)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(media_add__keeps__every_field),
		TEST(media_list__keeps__the_order_of_the_message),
		TEST(media_unchecked__are_those__of_queued_texts),
		TEST(message_set_due__moves__what_is_queued_only),
		TEST(relay__keeps__which_file_it_shows),
		cmocka_unit_test_setup_teardown(store_open__adds_files__to_an_older_database,
						open_on_disk, close_store),
		cmocka_unit_test_setup_teardown(store_open__keeps_files__of_an_older_database,
						open_on_disk, close_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
