/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What is left of an answer before it is parsed. test_matrix_event.c shows that events are read the
 * same after it. */
#include "chat/matrix/matrix_trim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* ' stands for ". */
static void quote(struct strbuf *out, const char *text)
{
	for (; *text; text++)
		strbuf_addc(out, *text == '\'' ? '"' : *text);
}

static void assert_trimmed(const char *from, const char *to)
{
	STRBUF_AUTO(body);
	STRBUF_AUTO(expected);
	STRBUF_AUTO(out);

	quote(&body, from);
	quote(&expected, to);
	assert_true(mx_trim(&out, body.buf, body.len));
	assert_string_equal(out.buf, expected.buf);
}

static void mx_trim__keeps__what_is_read(void **state)
{
	(void)state;
	assert_trimmed("{}", "{}");
	assert_trimmed(" { 'next_batch' : 's1' , 'device_lists':{'changed':[1]}}\n",
		       "{'next_batch':'s1','_':0}");
	assert_trimmed("{'rooms':{'join':{'!a:x':{'timeline':{'events':[{'type':'t'}],"
		       "'limited':true,'prev_batch':'p'},'ephemeral':{}}},'knock':{}}}",
		       "{'rooms':{'join':{'!a:x':{'timeline':{'events':[{'type':'t'}],"
		       "'limited':true,'prev_batch':'p'},'_':0}},'_':0}}");
	assert_trimmed("{'rooms':{'leave':{'!a:x':{'state':{'events':[]}},'!b:x':{}}}}",
		       "{'rooms':{'leave':{'!a:x':{'state':{'events':[]}},'!b:x':{}}}}");
	assert_trimmed("{'chunk':[{'content':{'body':'a\\'b}]','formatted_body':'c'}}],'end':'e'}",
		       "{'chunk':[{'content':{'body':'a\\'b}]','_':0}}],'end':'e'}");
}

/* What may be there in any number, or as deep as it likes. */
static void mx_trim__leaves_out__what_takes_memory(void **state)
{
	(void)state;
	assert_trimmed("{'chunk':[{'content':{'x':[0,0,0]}},7,[0,0],'s']}",
		       "{'chunk':[{'content':{'_':0}},null,null,null]}");
	assert_trimmed("{'chunk':[{'content':[0,0],'type':{'a':0},'sender':[0]}]}",
		       "{'chunk':[{'content':null,'type':null,'sender':null}]}");
	assert_trimmed("{'chunk':[{'type':'a','type':'b','type':'c'}],'chunk':[{}]}",
		       "{'chunk':[{'type':'a','_':0}],'_':0}");
	assert_trimmed("{'chunk':[{'content':{'content':{},'file':{'v':[0]}}}]}",
		       "{'chunk':[{'content':{'file':null,'_':0}}]}");
	assert_trimmed("{'chunk':{'a':0},'rooms':[0,0]}", "{'chunk':null,'rooms':null}");
}

static void mx_trim__refuses__what_is_not_whole(void **state)
{
	static const char *const bad[] = {
		"",
		" ",
		"[]",
		"7",
		"{",
		"{}x",
		"{\"chunk\"}",
		"{\"chunk\":[}",
		"{\"chunk\":[{]}",
		"{\"chunk\":[{}}",
		"{\"chunk\":[{\"type\":}]}",
		"{\"x\":\"",
		"{chunk:[]}",
		"{\"chunk\":[{\"content\":{\"body\" \"a\"}}]}",
	};
	STRBUF_AUTO(out);

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (mx_trim(&out, bad[i], strlen(bad[i])))
			fail_msg("%s", bad[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mx_trim__keeps__what_is_read),
		cmocka_unit_test(mx_trim__leaves_out__what_takes_memory),
		cmocka_unit_test(mx_trim__refuses__what_is_not_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
