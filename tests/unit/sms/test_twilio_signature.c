/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Signatures of Twilio's own test suites (twilio-node, twilio-python), and some that the npm package
 * `twilio` 6.2 computed for what those lack: UTF-8, odd URLs. */
#include "base/strbuf.h"
#include "base/xalloc.h"
#include "sms/twilio.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define URL "https://mycompany.com/myapp.php?foo=1&bar=2"
#define FORM                                                                                       \
	"CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&"         \
	"To=%2B18005551212"
#define SIGNATURE "RSOYDt4T1cUTdK1PDd93/VVr8B8="

struct request {
	const char *url;
	const char *method;
	const char *header;
	const char *signature;
	const char *type;
	const char *body;
	const char *token;
	const char *previous;
};

/* "" when it is genuine, else why not. */
static const char *verify(struct request in)
{
	static struct error err;
	const char *query = strchr(in.url, '?');
	const char *tokens[] = {in.token ? in.token : "12345", in.previous};
	struct http_request request = {
		.method = in.method ? in.method : "POST",
		.path = "/",
		.query = query ? query + 1 : "",
		.target = "/",
		.body = in.body ? in.body : "",
	};
	struct sms_hook hook = {.url = in.url, .what = "in", .request = &request};

	err.text[0] = '\0';
	request.body_len = strlen(request.body);
	if (in.signature)
		http_headers_add(&request.headers, in.header ? in.header : "X-Twilio-Signature",
				 in.signature);
	if (in.type)
		http_headers_add(&request.headers, "Content-Type", in.type);
	(void)twilio_verify(tokens, 2, &hook, &err);
	http_headers_release(&request.headers);
	return err.text;
}

#define accepts(...) assert_string_equal(verify((struct request){__VA_ARGS__}), "")
#define refuses(why, ...) assert_non_null(strstr(verify((struct request){__VA_ARGS__}), why))

static void twilio_verify__accepts__the_documented_example(void **state)
{
	(void)state;
	accepts(.url = URL, .body = FORM, .signature = SIGNATURE);
	accepts(.url = URL, .body = FORM, .signature = SIGNATURE,
		.type = "application/x-www-form-urlencoded; charset=UTF-8");
	/* The order of the parameters does not matter. */
	accepts(.url = URL, .signature = SIGNATURE,
		.body = "To=%2B18005551212&From=%2B14158675309&Digits=1234&Caller=%2b14158675309&"
			"CallSid=CA1234567890ABCDE");
	accepts(.url = URL, .body = FORM, .signature = SIGNATURE, .header = "x-twilio-signature");
	accepts(.url = URL, .body = FORM, .signature = SIGNATURE,
		.header = "X-SignalWire-Signature");
}

static void twilio_verify__accepts__either_token(void **state)
{
	(void)state;
	accepts(.url = URL, .body = FORM, .signature = SIGNATURE, .token = "new",
		.previous = "12345");
	accepts(.url = URL, .body = FORM, .signature = SIGNATURE, .token = "12345",
		.previous = "old");
	refuses("does not fit", .url = URL, .body = FORM, .signature = SIGNATURE, .token = "new",
		.previous = "old");
	refuses("does not fit", .url = URL, .body = FORM, .signature = SIGNATURE, .token = "new");
}

static void twilio_verify__accepts__with_and_without_port(void **state)
{
	static const char with443[] = "kvajT1Ptam85bY51eRf/AJRuM3w=";
	static const char with80[] = "0ZXoZLH/DfblKGATFgpif+LLRf4=";

	(void)state;
	accepts(.url = "https://mycompany.com:443/myapp.php?foo=1&bar=2", .body = FORM,
		.signature = with443);
	accepts(.url = URL, .body = FORM, .signature = with443);
	accepts(.url = "https://mycompany.com:443/myapp.php?foo=1&bar=2", .body = FORM,
		.signature = SIGNATURE);
	accepts(.url = "http://mycompany.com/myapp.php?foo=1&bar=2", .body = FORM,
		.signature = with80);
	accepts(.url = "http://mycompany.com:80/myapp.php?foo=1&bar=2", .body = FORM,
		.signature = with80);
	/* Another port: as it is, and without; but not the scheme's own. */
	accepts(.url = "https://bot.example.org:8443/hook/S/tw/in", .body = "A=1",
		.signature = "n75E17af34DHvnhSjAJ5ngZJgCM=");
	accepts(.url = "https://bot.example.org:8443/hook/S/tw/in", .body = "A=1",
		.signature = "BCZ7GRzGaz8Nz308uqp2SqL6hjg=");
	refuses("does not fit", .url = "https://mycompany.com:8443/myapp.php?foo=1&bar=2",
		.body = FORM, .signature = with443);
	/* Colons that begin no port. */
	accepts(.url = "https://user:p%40:w@[2001:db8::1]:443/x", .body = "A=1",
		.signature = "J650G3Dl/pLj9Ul3rThl9TURXUc=");
	accepts(.url = "https://user:p%40:w@[2001:db8::1]/x", .body = "A=1",
		.signature = "i4zULhyyzk/yseRSpSEJNy+Do3k=");
}

static void twilio_verify__counts_repeated_values_once(void **state)
{
	static const char signature[] = "IK+Dwps556ElfBT0I3Rgjkr1wJU=";

	(void)state;
	accepts(.url = URL, .signature = signature,
		.body = "Sid=CA123&SidAccount=AC123&Digits=5678&Digits=1234&Digits=1234");
	accepts(.url = URL, .signature = signature,
		.body = "Digits=1234&SidAccount=AC123&Digits=5678&Sid=CA123");
	refuses("does not fit", .url = URL, .signature = signature,
		.body = "Sid=CA123&SidAccount=AC123&Digits=1234");
}

static void twilio_verify__takes_text_as_decoded(void **state)
{
	(void)state;
	accepts(.url = "https://bot.example.org/hook/S/tw/in",
		.signature = "5qBCnJ7FPzdBcipaZfFJCNR10bE=",
		.body = "ToCountry=US&Body=Ol%C3%A1+%E2%80%9CPat%E2%80%9D+%F0%9F%98%80+%26+%2B1%0A&"
			"From=%2B14133881111&To=%2B12028831111&MessageSid=SMe287&NumMedia=0&"
			"SmsStatus=received&Empty=");
	/* The URL stays as it is, with what a parser would have encoded. */
	accepts(.url = "https://bot.example.org/in?q=it's", .method = "GET",
		.signature = "N7L9QKLn8wP+hI4o1oNiz7aMgZM=");
}

static void twilio_verify__holds_the_body_to_its_hash(void **state)
{
	static const char url[] =
		URL "&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620";
	static const char body[] = "{\"property\": \"value\", \"boolean\": true}";
	static const char signature[] = "a9nBmqA0ju/hNViExpshrM61xv4=";

	(void)state;
	accepts(.url = url, .signature = signature, .body = body, .type = "application/json");
	accepts(.url = url, .signature = signature, .body = body);
	refuses("not the one signed", .url = url, .signature = signature,
		.type = "application/json", .body = "{\"property\": \"evil\", \"boolean\": true}");
	refuses("not the one signed", .url = url, .signature = signature, .body = "");
	refuses("does not fit", .url = url, .signature = SIGNATURE, .body = body);
	/* Another name that holds the word is none. */
	refuses("no form", .url = URL "&xbodySHA256x=1", .signature = signature, .body = body,
		.type = "application/json");
}

static void twilio_verify__refuses__what_is_not_covered(void **state)
{
	(void)state;
	refuses("no X-Twilio-Signature", .url = URL, .body = FORM);
	refuses("does not fit", .url = URL, .body = FORM, .signature = "");
	refuses("does not fit", .url = URL, .body = FORM "&Extra=1", .signature = SIGNATURE);
	refuses("does not fit", .url = URL "&baz=3", .body = FORM, .signature = SIGNATURE);
	refuses("does not fit", .url = "https://mycompany.com/Myapp.php?foo=1&bar=2", .body = FORM,
		.signature = SIGNATURE);
	/* A signature of the URL alone must not carry a body of another kind. */
	refuses("no form", .url = "https://bot.example.org/in?q=it's", .type = "application/json",
		.body = "{}", .signature = "N7L9QKLn8wP+hI4o1oNiz7aMgZM=");
	refuses("cannot be read", .url = URL, .body = "A%00=", .signature = SIGNATURE);
	/* Signed was "A=". */
	refuses("does not fit", .url = "https://bot.example.org/in", .body = "A=%00",
		.signature = "xSTip3rY/KJhwVK4H01bzRrA0L8=");
}

static void twilio_sign__sorts_by_byte(void **state)
{
	struct http_headers params = {0};
	STRBUF_AUTO(upper_first);
	STRBUF_AUTO(again);

	(void)state;
	http_headers_add(&params, "b", "2");
	http_headers_add(&params, "B", "1");
	twilio_sign("t", "u", &params, &upper_first);
	http_headers_release(&params);
	twilio_sign("t", "uB1b2", &params, &again);
	assert_string_equal(upper_first.buf, again.buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(twilio_verify__accepts__the_documented_example),
		cmocka_unit_test(twilio_verify__accepts__either_token),
		cmocka_unit_test(twilio_verify__accepts__with_and_without_port),
		cmocka_unit_test(twilio_verify__counts_repeated_values_once),
		cmocka_unit_test(twilio_verify__takes_text_as_decoded),
		cmocka_unit_test(twilio_verify__holds_the_body_to_its_hash),
		cmocka_unit_test(twilio_verify__refuses__what_is_not_covered),
		cmocka_unit_test(twilio_sign__sorts_by_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
