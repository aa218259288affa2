/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The configuration file: what is read, what is refused and with which words. */
#include "app/config.h"
#include "base/strbuf.h"
#include "base/xalloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
/* after the four above, as it wants */
#include <cmocka.h>

#define TEAM                                                                                       \
	"organisation:\n"                                                                          \
	"  name: Riverside Neighbors\n"                                                            \
	"  help_contact: help@example.org\n"                                                       \
	"http:\n"                                                                                  \
	"  hook_secret: 0123456789abcdef\n"                                                        \
	"xmpp:\n"                                                                                  \
	"  domain: sms.localhost\n"                                                                \
	"  secret: hush\n"                                                                         \
	"  muc_service: rooms.localhost\n"
#define PROVIDERS                                                                                  \
	"providers:\n"                                                                             \
	"  - name: sandbox\n"                                                                      \
	"    driver: sandbox\n"                                                                    \
	"    key: between us\n"
#define SENDERS                                                                                    \
	"senders:\n"                                                                               \
	"  - name: main\n"                                                                         \
	"    provider: sandbox\n"                                                                  \
	"    number: \"+15555550100\"\n"
#define TWILIO                                                                                     \
	"  - name: tw\n"                                                                           \
	"    driver: twilio\n"                                                                     \
	"    account_sid: AC00000000000000000000000000000000\n"                                    \
	"    auth_token: hush\n"

struct scene {
	char folder[32];
	char file[64];
	char other[64]; /* a second file beside it */
	struct config *config;
	struct error err;
};

static int setup(void **state)
{
	struct scene *s = xcalloc(1, sizeof(*s));

	STR_COPY(s->folder, "/tmp/test-config-XXXXXX");
	if (!mkdtemp(s->folder))
		return -1;
	(void)snprintf(s->file, sizeof(s->file), "%s/roomline.yaml", s->folder);
	(void)snprintf(s->other, sizeof(s->other), "%s/other", s->folder);
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct scene *s = *state;

	config_free(s->config);
	(void)unlink(s->file);
	(void)unlink(s->other);
	(void)rmdir(s->folder);
	free(s);
	return 0;
}

static void write_file(const char *path, const void *data, size_t len)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static void load_bytes(struct scene *s, const void *data, size_t len)
{
	config_free(s->config);
	s->config = NULL;
	s->err = (struct error){0};
	write_file(s->file, data, len);
	(void)config_load(s->file, &s->config, &s->err);
}

static void load(struct scene *s, const char *text)
{
	load_bytes(s, text, strlen(text));
	if (!s->config)
		fail_msg("refused: %s", s->err.text);
}

static void says(const struct scene *s, const char *words)
{
	if (s->config)
		fail_msg("accepted, but should say \"%s\"", words);
	if (!strstr(s->err.text, words))
		fail_msg("\"%s\" does not say \"%s\"", s->err.text, words);
	assert_non_null(strstr(s->err.text, s->file));
}

static void refuse(struct scene *s, const char *text, const char *words)
{
	load_bytes(s, text, strlen(text));
	says(s, words);
}

/* ---- what is read ----------------------------------------------------------------------------- */

static void config_load__fills_in_defaults(void **state)
{
	struct scene *s = *state;
	struct bridge_options o;
	char *path;

	load(s, TEAM PROVIDERS SENDERS);
	path = config_store_path(s->config);
	config_bridge_options(s->config, s->config, &o);
	assert_int_equal(s->config->network_n, 1);
	assert_string_equal(s->config->networks[0].network->name, "xmpp");
	assert_string_equal(settings_text(s->config->networks[0].set, "domain"), "sms.localhost");
	assert_int_equal(strncmp(path, s->folder, strlen(s->folder)), 0);
	assert_string_equal(path + strlen(s->folder), "/roomline.db");
	assert_string_equal(o.organisation, "Riverside Neighbors");
	assert_string_equal(o.region, "US");
	assert_true(o.hold_ms == INT64_C(86400000));
	assert_int_equal(o.max_segments, 6);
	assert_int_equal(o.file_max, 5 * 1024 * 1024);
	assert_true(o.link_ms == INT64_C(86400000));
	assert_int_equal(o.file_host_n, 0);
	assert_string_equal(o.public_url, "http://127.0.0.1:8080");
	assert_non_null(o.link_secret);
	assert_non_null(strstr(o.stop_text, "{organisation}"));
	assert_int_equal(o.sender_n, 1);
	assert_string_equal(o.senders[0].name, "main");
	assert_string_equal(o.senders[0].number.e164, "+15555550100");
	assert_ptr_equal(o.senders[0].account, &s->config->accounts[0]);
	assert_int_equal(o.senders[0].per_minute, 60);
	assert_int_equal(o.organizer_n, 0);
	free(path);
}

static void config_load__makes_hook_urls(void **state)
{
	struct scene *s = *state;

	load(s,
	     "store: {path: /var/lib/x.db}\n" TEAM "  # more of xmpp\n" PROVIDERS TWILIO SENDERS);
	assert_string_equal(s->config->accounts[0].hook_url,
			    "local:/hook/0123456789abcdef/sandbox");
	assert_string_equal(s->config->accounts[1].hook_url,
			    "http://127.0.0.1:8080/hook/0123456789abcdef/tw");
}

static void config_load__reads_the_team(void **state)
{
	struct scene *s = *state;
	struct bridge_options o;

	load(s, "team:\n"
		"  organizers: [\"xmpp:olga@example.org\", xmpp:oz@example.org]\n"
		"  inbox:\n"
		"    - xmpp:ina@example.org\n" TEAM PROVIDERS SENDERS);
	config_bridge_options(s->config, s->config, &o);
	assert_int_equal(o.organizer_n, 2);
	assert_string_equal(o.organizers[1], "xmpp:oz@example.org");
	assert_int_equal(o.inbox_n, 1);
}

static void config_load__reads_secrets_beside_the_file(void **state)
{
	struct scene *s = *state;

	write_file(s->other, "deep secret\n", 12);
	load(s, "organisation: {name: a, help_contact: b}\n"
		"http: {hook_secret: 0123456789abcdef}\n"
		"xmpp: {domain: d.localhost, secret: 'file:other', muc_service: "
		"r.localhost}\n" PROVIDERS SENDERS);
	assert_string_equal(settings_text(s->config->networks[0].set, "secret"), "deep secret");
}

static void config_load__takes_a_definition_and_lets_the_entry_win(void **state)
{
	static const char definition[] = "account_sid: AC11111111111111111111111111111111\n"
					 "auth_token: fromfile\n";
	struct scene *s = *state;

	write_file(s->other, definition, strlen(definition));
	load(s, TEAM PROVIDERS "  - name: tw\n"
			       "    driver: twilio\n"
			       "    definition: other\n"
			       "    auth_token: own\n" SENDERS);
	assert_string_equal(settings_text(s->config->accounts[1].set, "account_sid"),
			    "AC11111111111111111111111111111111");
	assert_string_equal(settings_text(s->config->accounts[1].set, "auth_token"), "own");
	write_file(s->other, "no_such_key: x\n", 15);
	load_bytes(s, TEAM PROVIDERS "  - {name: tw, driver: twilio, definition: other}\n" SENDERS,
		   strlen(TEAM PROVIDERS
			  "  - {name: tw, driver: twilio, definition: other}\n" SENDERS));
	says(s, "there is no key 'no_such_key'");
	refuse(s,
	       TEAM PROVIDERS "  - {name: tw, driver: twilio, definition: nowhere.yaml}\n" SENDERS,
	       "there is no file nowhere.yaml");
}

static void config_load__takes_a_byte_order_mark(void **state)
{
	struct scene *s = *state;

	load(s, "\xef\xbb\xbf" TEAM PROVIDERS SENDERS);
}

static void config_load__takes_a_network_without_keys(void **state)
{
	struct scene *s = *state;

	load(s, TEAM "\"null\": {}\n" PROVIDERS SENDERS);
	assert_int_equal(s->config->network_n, 2);
	assert_string_equal(s->config->networks[1].network->name, "null");
	refuse(s, TEAM "null: {x: 1}\n" PROVIDERS SENDERS, "there is no key 'x' in null");
}

static void config_load__knows_who_answers_stop(void **state)
{
	struct scene *s = *state;

	load(s, TEAM PROVIDERS TWILIO SENDERS "    reply_by: network\n"
					      "  - {name: b, provider: sandbox, number: '12345'}\n"
					      "  - {name: c, provider: tw, number: '+14155550123', "
					      "reply_by: us}\n");
	assert_int_equal(s->config->senders[0].reply_by, SMS_REPLY_BY_NETWORK);
	assert_int_equal(s->config->senders[1].reply_by,
			 sms_account_reply_by(&s->config->accounts[0]));
	assert_string_equal(s->config->senders[1].number.e164, "12345");
	assert_int_equal(s->config->senders[2].reply_by, SMS_REPLY_BY_US);
}

/* ---- what is refused -------------------------------------------------------------------------- */

static void config_load__tells_the_line_of_an_unknown_key(void **state)
{
	struct scene *s = *state;

	refuse(s, "organisation:\n  name: a\n\n  # about\n  nmae: b\n",
	       "line 5: there is no key 'nmae' in organisation; there are: name, help_contact");
	refuse(s, "organisation:\n  nmae: b\n", "line 2: there is no key 'nmae' in organisation");
	refuse(s, TEAM "sendrs: []\n" PROVIDERS,
	       "line 10: there is no key 'sendrs'; there are: "
	       "organisation, store");
	refuse(s, "organisation: {name: a, 'nmae': b}\n", "line 1: there is no key 'nmae'");
}

static void config_load__refuses_keys_of_another_driver(void **state)
{
	struct scene *s = *state;

	refuse(s, TEAM PROVIDERS "    account_sid: x\n" SENDERS,
	       "providers, entry 1 (sandbox): key 'account_sid' is not one of driver 'sandbox'; it "
	       "knows: ");
	refuse(s, TEAM PROVIDERS "    no_such_key: x\n" SENDERS, "there is no key 'no_such_key'");
	refuse(s, TEAM "providers: [{name: a, driver: carrier_pigeon}]\n" SENDERS,
	       "there is no driver 'carrier_pigeon'; there are: ");
}

static void config_load__refuses_broken_yaml_in_plain_words(void **state)
{
	static const struct {
		const char *text;
		const char *says;
	} cases[] = {
		{"organisation:\n  name: a\n  name: b\n", "line 2: 'name' is given twice"},
		{"organisation: {name: a}\norganisation: {name: b}\n",
		 "'organisation' is given twice"},
		{"organisation:\n\tname: a\n", "line 2 is indented with a tab"},
		{"organisation: hello\n", "line 1: 'organisation' must hold indented lines"},
		{"organisation:\n", "'organisation' must hold indented lines"},
		{"team:\n  inbox: xmpp:a@b\n", "line 2: 'inbox' must be a list"},
		{"organisation:\n  name: [a]\n", "line 2: 'name' must be one value"},
		{"providers:\n  name: a\n", "'providers' must be a list"},
		{"organisation: &a {name: x}\nxmpp: *a\n", "uses an alias"},
		{"organisation:\n  name: \"a\n", "look for a missing quote"},
		{TEAM PROVIDERS SENDERS "---\n" TEAM, "holds more than one document"},
		{"- a\n- b\n", "the file must hold indented lines"},
		{"organisation: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "organisation"},
		{"organisation: {? {a: b} : c}\n", "line 1"},
		{"", "organisation: 'name' is missing"},
		{"# only words\n", "organisation: 'name' is missing"},
		{"organisation:\n  name: caf\xe9\n", "not valid UTF-8"},
	};
	struct scene *s = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		refuse(s, cases[i].text, cases[i].says);
	load_bytes(s, "organisation:\0", 14);
	says(s, "NUL byte");
}

static void config_load__caps_the_size_and_the_depth(void **state)
{
	struct scene *s = *state;
	STRBUF_AUTO(text);

	for (int i = 0; i < 3000; i++)
		strbuf_adds(&text,
			    "# a line that makes the file larger and larger, and says nothing new"
			    " to anyone at all\n");
	assert_true(text.len < 262144);
	strbuf_adds(&text, TEAM PROVIDERS SENDERS);
	load(s, text.buf);
	while (text.len <= 262144)
		strbuf_addc(&text, '\n');
	refuse(s, text.buf, "larger than 262144 bytes");
	strbuf_reset(&text);
	strbuf_adds(&text, TEAM PROVIDERS "senders:\n");
	for (int i = 0; i < 257; i++)
		strbuf_addf(&text, "- {name: s%d, provider: sandbox, number: '+1415555%04d'}\n", i,
			    2000 + i);
	refuse(s, text.buf, "more than 256 senders");
	strbuf_reset(&text);
	strbuf_adds(&text, "organisation: ");
	for (int i = 0; i < 100000; i++)
		strbuf_addc(&text, '{');
	refuse(s, text.buf, "roomline.yaml");
}

static void config_load__refuses_what_does_not_fit_together(void **state)
{
	static const struct {
		const char *text;
		const char *says;
	} cases[] = {
		{TEAM PROVIDERS, "no number to text from is set up"},
		{TEAM SENDERS, "no SMS provider is set up"},
		{"organisation: {name: a, help_contact: b}\nhttp: {hook_secret: "
		 "0123456789abcdef}\n" PROVIDERS SENDERS,
		 "no chat network is set up; add a section such as 'xmpp:'"},
		{TEAM PROVIDERS "  - {name: sandbox, driver: sandbox}\n" SENDERS,
		 "entry 2 (sandbox): another provider has this name"},
		{TEAM "providers: [{driver: sandbox}]\n" SENDERS,
		 "providers, entry 1: 'name' is missing"},
		{TEAM "providers: [{name: sandbox}]\n" SENDERS, "'driver' is missing"},
		{TEAM "providers: [{name: 'a/b', driver: sandbox}]\n" SENDERS,
		 "'name' must be 1 to 63 letters"},
		{TEAM PROVIDERS "  - {name: tw, driver: twilio, account_sid: "
				"AC00000000000000000000000000000000}\n" SENDERS,
		 "entry 2 (tw): 'auth_token' is missing"},
		{TEAM "providers:\n  - {name: box, driver: sandbox}\n" TWILIO SENDERS,
		 "providers, entry 1 (box): 'key' is missing: beside a real provider"},
		{TEAM "providers:\n" TWILIO "  - {name: box, driver: sandbox}\n" SENDERS,
		 "providers, entry 2 (box): 'key' is missing: beside a real provider"},
		{TEAM PROVIDERS "senders: [{name: a, provider: sandbax, number: '+15555550100'}]\n",
		 "senders, entry 1 (a): there is no provider named 'sandbax'"},
		{TEAM PROVIDERS "senders: [{name: a, provider: sandbox, number: '555'}]\n"
				"organisation: {name: x}\n",
		 "given twice"},
		{TEAM PROVIDERS "senders: [{name: a, provider: sandbox, number: '+1415555'}]\n",
		 "'number' is '+1415555' which is no number to text from (too_short)"},
		{TEAM PROVIDERS "senders: [{name: a, provider: sandbox, number: '5550100'}]\n",
		 "'number' is '5550100' but must begin with + and the country code"},
		{TEAM PROVIDERS "senders: [{name: a, provider: sandbox, number: '415-555-0100'}]\n",
		 "must begin with + and the country code"},
		{TEAM PROVIDERS "senders: [{name: a, provider: sandbox, number: '12'}]\n",
		 "must begin with + and the country code"},
		{TEAM PROVIDERS SENDERS
		 "  - {name: main, provider: sandbox, number: '+15555550101'}\n",
		 "entry 2 (main): another sender has this name"},
		{TEAM PROVIDERS SENDERS
		 "  - {name: b, provider: sandbox, number: '+1 (555) 555-0100'}\n",
		 "sender 'main' has the same provider and number"},
		{TEAM PROVIDERS SENDERS "    per_minute: 0\n",
		 "senders, entry 1 (main): 'per_minute' is '0' but must be a whole number from 1"},
		{TEAM PROVIDERS SENDERS "policy: {hold_hours: 73}\n",
		 "policy: 'hold_hours' is '73' but must be a whole number from 1 to 72"},
		{TEAM PROVIDERS SENDERS "log: {level: loud}\n", "log: 'level' is 'loud'"},
		{TEAM PROVIDERS SENDERS "policy: {file_hosts: ['http://upload.lan']}\n",
		 "policy: 'file_hosts': 'http://upload.lan' must be HOST or HOST:PORT"},
		{TEAM PROVIDERS SENDERS "policy: {file_hosts: [a.lan, 'b.lan:x']}\n",
		 "policy: 'file_hosts': 'b.lan:x' must be HOST or HOST:PORT"},
		{TEAM PROVIDERS SENDERS "team: {inbox: [ina@example.org]}\n",
		 "team: 'inbox': 'ina@example.org' must be NETWORK:ADDRESS"},
		{TEAM PROVIDERS SENDERS "team: {organizers: ['irc:x']}\n",
		 "must be NETWORK:ADDRESS"},
		{TEAM PROVIDERS SENDERS "team: {organizers: ['xmpp:@olga:example.org']}\n",
		 "must be NETWORK:ADDRESS"},
		{TEAM PROVIDERS SENDERS "team: {organizers: ['xmpp:']}\n",
		 "must be NETWORK:ADDRESS"},
		{TEAM "  # x\n" PROVIDERS SENDERS "store: {path: ''}\n",
		 "store: 'path' is missing"},
	};
	struct scene *s = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		refuse(s, cases[i].text, cases[i].says);
}

static void config_load__wants_a_safe_secret_and_a_url(void **state)
{
	static const struct {
		const char *http;
		const char *says;
	} cases[] = {
		{"hook_secret: short", "'hook_secret' must be 16 or more"},
		{"hook_secret: 0123456789/abcdef", "'hook_secret' must be 16 or more"},
		{"{public_url: ftp://x, hook_secret: 0123456789abcdef}",
		 "'public_url' is 'ftp://x'"},
		{"{public_url: 'https://x/?a', hook_secret: 0123456789abcdef}", "'public_url'"},
		{"{public_url: 'https://', hook_secret: 0123456789abcdef}", "'public_url'"},
		{"{listen: 127.0.0.1:1}", "http: 'hook_secret' is missing"},
		{"{listen: '8080', hook_secret: 0123456789abcdef}", "'listen' is '8080' but must"},
		{"{listen: 'localhost:8080', hook_secret: 0123456789abcdef}", "'listen'"},
		{"{listen: '127.0.0.1:', hook_secret: 0123456789abcdef}", "'listen'"},
		{"{listen: '127.0.0.1:65536', hook_secret: 0123456789abcdef}", "'listen'"},
		{"{listen: '127.0.0.1:80x', hook_secret: 0123456789abcdef}", "'listen'"},
		{"{listen: '::1:8080', hook_secret: 0123456789abcdef}", "'listen'"},
		{"{listen: '[127.0.0.1]:80', hook_secret: 0123456789abcdef}", "'listen'"},
	};
	struct scene *s = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		STRBUF_AUTO(text);

		strbuf_addf(&text,
			    "http: %s%s\n"
			    "organisation: {name: a, help_contact: b}\n"
			    "xmpp: {domain: d.localhost, secret: hush, muc_service: r.localhost}\n"
			    "%s%s",
			    cases[i].http[0] == '{' ? "" : "\n  ", cases[i].http, PROVIDERS,
			    SENDERS);
		refuse(s, text.buf, cases[i].says);
	}
}

static void config_load__takes_addresses_and_short_codes(void **state)
{
	static const char *const listens[] = {"0.0.0.0:80", "[::]:8080", "[::1]:65535"};
	static const char *const numbers[] = {"+44 20 7946 0958", "12345", "+15555550100"};
	struct scene *s = *state;

	for (size_t i = 0; i < sizeof(listens) / sizeof(listens[0]); i++) {
		STRBUF_AUTO(text);

		strbuf_addf(&text,
			    "http: {listen: '%s', hook_secret: 0123456789abcdef}\n"
			    "organisation: {name: a, help_contact: b, region: gb}\n"
			    "xmpp: {domain: d.localhost, secret: hush, muc_service: "
			    "r.localhost}\n" PROVIDERS
			    "senders: [{name: a, provider: sandbox, number: '%s'}]\n",
			    listens[i], numbers[i]);
		load(s, text.buf);
	}
}

/* One sentence for each part, and none for what is wrong only because another part is. */
static void config_load_or_list__tells_all_that_is_wrong(void **state)
{
	static const char text[] = "organisation: {name: a, help_contact: b, region: USA}\n"
				   "http: {hook_secret: short}\n"
				   "policy: {hold_hours: 0}\n"
				   "xmpp: {domain: d.localhost}\n"
				   "providers:\n"
				   "  - {name: tw, driver: twilio}\n"
				   "  - {name: box, driver: nonsense}\n"
				   "senders:\n"
				   "  - {name: a, provider: tw, number: '+15555550100'}\n"
				   "  - {name: b, provider: box, number: '5550100'}\n"
				   "  - {name: c, provider: gone, number: '+15555550101'}\n";
	static const char *const says[] = {
		"policy: 'hold_hours'",
		"xmpp: 'secret' is missing",
		"organisation: 'region' is 'USA'",
		"http: 'hook_secret' must be",
		"providers, entry 1 (tw): 'account_sid' is missing",
		"providers, entry 2 (box): there is no driver 'nonsense'",
		"senders, entry 2 (b): 'number'",
		"senders, entry 3 (c): there is no provider named 'gone'",
	};
	struct scene *s = *state;
	STRBUF_AUTO(faults);
	const char *line;

	write_file(s->file, text, strlen(text));
	assert_int_equal(config_load_or_list(s->file, &s->config, &faults), -1);
	line = faults.buf;
	for (size_t i = 0; i < sizeof(says) / sizeof(says[0]); i++) {
		const char *end = strchr(line, '\n');
		const char *found = strstr(line, says[i]);

		assert_non_null(end);
		if (!found || found > end)
			fail_msg("\"%s\" is not in \"%.*s\"", says[i], (int)(end - line), line);
		line = end + 1;
	}
	assert_string_equal(line, "");
}

static void config_changes__names_what_was_taken_over(void **state)
{
	struct scene *s = *state;
	struct config *old;
	STRBUF_AUTO(names);

	load(s, TEAM PROVIDERS SENDERS);
	old = s->config;
	s->config = NULL;
	load(s, TEAM "  host: 127.0.0.9\n" PROVIDERS "    stop_reply_by: provider\n" SENDERS
		     "    per_minute: 7\n"
		     "log: {level: debug}\n"
		     "store: {path: b.db}\n");
	config_changes(old, s->config, &names);
	assert_string_equal(names.buf, "log: level, sandbox: stop_reply_by, main: per_minute");
	strbuf_reset(&names);
	config_changes(old, old, &names);
	assert_string_equal(names.buf, "");
	config_free(old);
}

static void config_load__says_when_there_is_no_file(void **state)
{
	struct scene *s = *state;

	assert_int_equal(config_load(s->file, &s->config, &s->err), -1);
	assert_non_null(strstr(s->err.text, "cannot read"));
	assert_non_null(strstr(s->err.text, "No such file"));
	assert_int_equal(config_load(s->folder, &s->config, &s->err), -1);
}

/* ---- warnings, reload, example ---------------------------------------------------------------- */

static void config_warn__names_what_should_not_stay(void **state)
{
	struct scene *s = *state;
	STRBUF_AUTO(lines);

	load(s, TEAM PROVIDERS SENDERS "team: {organizers: ['xmpp:o@example.org']}\n");
	assert_int_equal(chmod(s->file, 0600), 0);
	config_warn(s->config, &lines);
	assert_string_equal(lines.buf, "");
	assert_int_equal(chmod(s->file, 0644), 0);
	config_warn(s->config, &lines);
	assert_non_null(strstr(lines.buf, "chmod 600"));
	load(s, TEAM "  # x\n" PROVIDERS TWILIO SENDERS);
	strbuf_reset(&lines);
	config_warn(s->config, &lines);
	assert_non_null(strstr(lines.buf, "'public_url' is not https"));
	assert_non_null(strstr(lines.buf, "no 'organizers'"));
}

static void config_diff__names_what_needs_a_restart(void **state)
{
	struct scene *s = *state;
	struct config *boot;
	STRBUF_AUTO(lines);

	load(s, TEAM PROVIDERS TWILIO SENDERS);
	boot = s->config;
	s->config = NULL;
	load(s, TEAM PROVIDERS TWILIO SENDERS "    per_minute: 7\n"
					      "log: {level: debug}\n"
					      "policy: {max_segments: 3}\n");
	config_diff(boot, s->config, &lines);
	assert_string_equal(lines.buf, "");
	config_take_over(boot, s->config);
	assert_int_equal(boot->senders[0].per_minute, 7);
	load(s, TEAM "  host: 127.0.0.9\n" PROVIDERS TWILIO SENDERS "store: {path: b.db}\n"
		     "    \n");
	config_diff(boot, s->config, &lines);
	assert_string_equal(lines.buf, "store: path\nxmpp: host\n");
	strbuf_reset(&lines);
	load(s, TEAM PROVIDERS SENDERS);
	config_diff(boot, s->config, &lines);
	assert_string_equal(lines.buf, "providers\n");
	config_free(boot);
}

static void config_take_over__exchanges_a_token(void **state)
{
	struct scene *s = *state;
	struct config *boot;
	STRBUF_AUTO(lines);

	load(s, TEAM PROVIDERS TWILIO SENDERS);
	boot = s->config;
	s->config = NULL;
	load(s, TEAM PROVIDERS TWILIO "    auth_token_previous: older\n" SENDERS);
	config_diff(boot, s->config, &lines);
	assert_string_equal(lines.buf, "");
	config_take_over(boot, s->config);
	assert_string_equal(settings_text(boot->accounts[1].set, "auth_token_previous"), "older");
	/* A provider that is gone from the file keeps what it had at the start. */
	load(s, TEAM PROVIDERS SENDERS);
	config_take_over(boot, s->config);
	assert_null(settings_text(boot->accounts[1].set, "auth_token_previous"));
	assert_string_equal(settings_text(boot->accounts[1].set, "auth_token"), "hush");
	config_free(boot);
}

static void test_secret(struct strbuf *out, size_t digits)
{
	(void)digits;
	strbuf_adds(out, "fedcba9876543210");
}

static void config_print_example__can_be_loaded(void **state)
{
	struct scene *s = *state;
	STRBUF_AUTO(text);

	config_print_example(&text, test_secret, chat_networks()[0]);
	load(s, text.buf);
	assert_string_equal(settings_text(s->config->sections[SECTION_HTTP], "hook_secret"),
			    "fedcba9876543210");
	assert_string_equal(s->config->accounts[0].driver->name, "sandbox");
}

static void has_key_line(const char *text, const char *key)
{
	STRBUF_AUTO(line);

	strbuf_addf(&line, "%s:", key);
	if (!strstr(text, line.buf))
		fail_msg("the example lacks %s", key);
}

static void check_table(const char *text, const struct setting *table)
{
	for (const struct setting *row = table; row->key; row++) {
		struct settings *set = settings_new(table);
		struct error err = {0};
		const char *value = row->fallback ? row->fallback : row->example;

		has_key_line(text, row->key);
		assert_int_equal(strspn(row->key, "abcdefghijklmnopqrstuvwxyz0123456789_"),
				 strlen(row->key));
		if (!row->help || !row->help[0])
			fail_msg("%s has no help", row->key);
		for (const struct setting *other = table; other != row; other++)
			assert_string_not_equal(other->key, row->key);
		if (value && settings_put(set, row->key, value, &err) < 0)
			fail_msg("%s", err.text);
		settings_free(set);
	}
}

static void config_print_example__has_every_key_of_every_table(void **state)
{
	const struct chat_network *const *networks = chat_networks();
	const struct sms_driver *const *drivers = sms_drivers();
	STRBUF_AUTO(text);

	(void)state;
	config_print_example(&text, test_secret, chat_networks()[0]);
	for (size_t i = 0; i < SECTION_N; i++)
		check_table(text.buf, config_sections[i].table);
	for (size_t i = 0; networks[i]; i++)
		check_table(text.buf, networks[i]->settings);
	for (size_t i = 0; drivers[i]; i++) {
		check_table(text.buf, drivers[i]->settings);
		/* A driver's key must not hide one that every provider has. */
		for (const struct setting *row = config_provider_table; row->key; row++) {
			for (const struct setting *own = drivers[i]->settings; own->key; own++)
				assert_string_not_equal(own->key, row->key);
		}
	}
	check_table(text.buf, config_provider_table);
	check_table(text.buf, config_sender_table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(config_load__fills_in_defaults),
		T(config_load__makes_hook_urls),
		T(config_load__reads_the_team),
		T(config_load__reads_secrets_beside_the_file),
		T(config_load__takes_a_definition_and_lets_the_entry_win),
		T(config_load__takes_a_byte_order_mark),
		T(config_load__takes_a_network_without_keys),
		T(config_load__knows_who_answers_stop),
		T(config_load__tells_the_line_of_an_unknown_key),
		T(config_load__refuses_keys_of_another_driver),
		T(config_load__refuses_broken_yaml_in_plain_words),
		T(config_load__caps_the_size_and_the_depth),
		T(config_load__refuses_what_does_not_fit_together),
		T(config_load__wants_a_safe_secret_and_a_url),
		T(config_load__takes_addresses_and_short_codes),
		T(config_load_or_list__tells_all_that_is_wrong),
		T(config_changes__names_what_was_taken_over),
		T(config_load__says_when_there_is_no_file),
		T(config_warn__names_what_should_not_stay),
		T(config_diff__names_what_needs_a_restart),
		T(config_take_over__exchanges_a_token),
		T(config_print_example__can_be_loaded),
		T(config_print_example__has_every_key_of_every_table),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
