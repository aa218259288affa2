/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The invariants of strbuf.h: never NULL, always terminated, bytes as they are. */
#include "base/strbuf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void strbuf_init__gives__an_empty_string(void **state)
{
	STRBUF_AUTO(a);
	struct strbuf b;

	(void)state;
	strbuf_init(&b);
	assert_string_equal(a.buf, "");
	assert_string_equal(b.buf, "");
	assert_int_equal(b.len, 0);
	strbuf_reset(&b);
	strbuf_truncate(&b, 0);
	strbuf_release(&b);
	strbuf_release(&b);
	assert_string_equal(b.buf, "");
}

static void strbuf_add__keeps__nul_bytes(void **state)
{
	STRBUF_AUTO(sb);

	(void)state;
	strbuf_add(&sb, "a\0b", 3);
	strbuf_addc(&sb, '\0');
	assert_int_equal(sb.len, 4);
	assert_memory_equal(sb.buf, "a\0b\0", 5);
}

static void strbuf_add__grows__and_stays_terminated(void **state)
{
	STRBUF_AUTO(sb);

	(void)state;
	for (size_t i = 0; i < 10000; i++) {
		strbuf_addc(&sb, (char)('a' + i % 26));
		assert_int_equal(sb.len, i + 1);
		assert_true(sb.alloc > sb.len);
		assert_int_equal(sb.buf[sb.len], '\0');
	}
	for (size_t i = 0; i < 10000; i++)
		assert_int_equal(sb.buf[i], 'a' + i % 26);
}

static void strbuf_add__ignores__nothing(void **state)
{
	STRBUF_AUTO(sb);

	(void)state;
	strbuf_add(&sb, NULL, 0);
	strbuf_adds(&sb, "");
	strbuf_addf(&sb, "%s", "");
	assert_int_equal(sb.len, 0);
	/* The string that all empty ones share must never be written to. */
	assert_int_equal(strbuf_empty[0], '\0');
}

static void strbuf_addf__formats__longer_than_the_buffer(void **state)
{
	STRBUF_AUTO(sb);

	(void)state;
	strbuf_adds(&sb, "x=");
	strbuf_addf(&sb, "%d %0500d %s", 7, 8, "end");
	assert_int_equal(sb.len, 2 + 2 + 500 + 4);
	assert_memory_equal(sb.buf, "x=7 000", 7);
	assert_string_equal(sb.buf + sb.len - 5, "8 end");
}

static void strbuf_reset__keeps__the_memory(void **state)
{
	STRBUF_AUTO(sb);
	char *before;

	(void)state;
	strbuf_adds(&sb, "something");
	before = sb.buf;
	strbuf_reset(&sb);
	assert_ptr_equal(sb.buf, before);
	assert_string_equal(sb.buf, "");
	strbuf_adds(&sb, "else");
	strbuf_truncate(&sb, 2);
	assert_string_equal(sb.buf, "el");
	assert_int_equal(sb.len, 2);
}

static void strbuf_detach__gives__the_buffer_away(void **state)
{
	struct strbuf sb = STRBUF_INIT;
	size_t len;
	char *s;

	(void)state;
	strbuf_add(&sb, "a\0b", 3);
	s = strbuf_detach(&sb, &len);
	assert_int_equal(len, 3);
	assert_memory_equal(s, "a\0b", 4);
	free(s);
	assert_string_equal(sb.buf, "");
	/* An empty one can be freed too. */
	s = strbuf_detach(&sb, NULL);
	assert_string_equal(s, "");
	free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strbuf_init__gives__an_empty_string),
		cmocka_unit_test(strbuf_add__keeps__nul_bytes),
		cmocka_unit_test(strbuf_add__grows__and_stays_terminated),
		cmocka_unit_test(strbuf_add__ignores__nothing),
		cmocka_unit_test(strbuf_addf__formats__longer_than_the_buffer),
		cmocka_unit_test(strbuf_reset__keeps__the_memory),
		cmocka_unit_test(strbuf_detach__gives__the_buffer_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
