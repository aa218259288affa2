/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The simulated carrier and its phones, at /sandbox/ of our own server: a page on which one texts
 * as a contact and sees what the phone gets, and the same as JSON for tests. Unlike a driver it has
 * state and does I/O; it is on the other side of the wire. Nobody but the app makes one.
 *
 *   GET  /sandbox/                       the page
 *   GET  /sandbox/api/phones             {"lines":[…],"phones":[{"number","received",…}]}
 *   GET  /sandbox/api/phone/N/texts      {"number","received","texts":[…]}; ?after=SEQ for the rest
 *   POST /sandbox/api/text               {"from","to","text","media":[],"id"}: a contact texts us;
 *                                        to, media and id may be left out
 *   POST /sandbox/api/file               a file's bytes, as application/octet-stream: {"url",
 *                                        "type","size"}; the url goes into "media" of a text
 *   GET  /sandbox/file/ID                the file
 *   POST /sandbox/api/faults             {"fault":"lostanswer","count":3}: for the next sends
 *   POST /sandbox/api/reset              no phones, faults or pending reports any more
 *   POST /sandbox/provider/send          what the driver calls (sandbox.c)
 *
 * A text has "direction" ("in": the phone got it, "out": it came from the phone), "seq", "at" (ms),
 * "from", "to", "text", "media", "id", "ref" and "state". "received" counts all that the phone ever
 * got, whether or not it is still kept. The carrier fetches those media of a text to a phone that
 * are ours, and then they are "/sandbox/file/ID"; when one cannot be had, the text fails with 63019.
 * POSTs must be application/json, so that no other site's page can make a browser send one.
 *
 * All but provider/ and file/ is refused with 403 unless Host is an IP address, localhost or the host
 * of public_url. Beside accounts of other drivers it also wants HTTP Basic with the sandbox's key as
 * password and any user, else 401; and texts may only come from numbers that nobody has.
 *
 * Faults are words in a text, or queued by the API; several may be combined:
 *   error30007   taken, then reported as failed with that code
 *   reject429 reject21610   refused with that HTTP status or code
 *   lostanswer   the phone gets it, but the answer is cut off
 *   noanswer     the phone gets it, but no answer comes in time
 *   late late30  the reports come 5 (30) seconds late
 *   duplicate    each report comes twice
 *   outoforder   "delivered" comes before the answer, "sent" after it
 *   noreport     no report comes
 * So are the numbers that Twilio reserves for tests: To +1500555 0001 0002 0003 0004 0009, From
 * 0001 0007 0008.
 */
#ifndef SANDBOX_PHONES_H
#define SANDBOX_PHONES_H

#include "roomline/http.h"
#include "roomline/loop.h"
#include "roomline/sms.h"

struct sandbox_phones;

/* Mounts itself for those senders whose account has the driver `sandbox`; NULL, and nothing is
 * mounted, when there is none. senders is borrowed; so are the first three. */
struct sandbox_phones *sandbox_phones_new(struct loop *loop, struct http_server *server,
					  struct http_client *client,
					  const struct sms_sender *senders, size_t sender_n,
					  const char *public_url);
/* After the client is freed and before the server is, as requests that still wait are answered
 * here; NULL is fine. */
void sandbox_phones_free(struct sandbox_phones *box);

#endif
