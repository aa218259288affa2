/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Twilio's error codes -> what to do, and what to tell the volunteer. Those from 30000 on come with
 * a delivery report, the others with the answer to a send. 30008 and 30410 are no TEMP: the text
 * may have arrived. A limit of a campaign or brand is one of the sender: nothing narrower is known
 * here. Sources: https://www.twilio.com/docs/api/errors, and the pages of the single codes.
 */
#include "sms/twilio.h"

#define MESSAGE SMS_SCOPE_MESSAGE
#define SENDER SMS_SCOPE_SENDER
#define ACCOUNT SMS_SCOPE_ACCOUNT

static const char credentials[] =
	"Twilio refused our account or its credentials; an admin has to check them.";
static const char too_fast[] = "We are sending too fast; it will be tried again.";
static const char queue_full[] = "Too many texts are waiting at Twilio; it will be tried again.";
static const char no_number[] = "This is not a number that can be texted.";
static const char no_sender[] =
	"Twilio does not let us send from this number of ours; an admin has to check it.";
static const char no_service[] =
	"The Messaging Service at Twilio is not set up; an admin has to check it.";
static const char our_fault[] = "Twilio refused the text as badly made; please tell an admin.";
static const char not_registered[] =
	"Our number is not registered for this with the carriers; an admin has to see to it.";
static const char daily_limit[] = "The limit of texts for one day is reached.";
static const char too_large[] = "The picture or file is larger than Twilio takes.";
static const char maybe[] =
	"The carrier does not say whether it arrived; do not send it again before they answer.";

const struct sms_error_row twilio_errors[] = {
	{"11751", SMS_PERM, MESSAGE, too_large},
	{"12300", SMS_PERM, MESSAGE, "Twilio does not send this kind of file."},
	{"14107", SMS_THROTTLE, SENDER, too_fast},
	{"20003", SMS_CONFIG, ACCOUNT, credentials},
	{"20404", SMS_CONFIG, ACCOUNT, credentials},
	{"20429", SMS_THROTTLE, ACCOUNT, too_fast},
	{"20500", SMS_AMBIGUOUS, MESSAGE,
	 "Twilio had an error of its own; it may have taken the text."},
	{"20503", SMS_TEMP, ACCOUNT, "Twilio cannot take texts right now; it will be tried again."},
	{"21211", SMS_BAD_NUMBER, MESSAGE, no_number},
	{"21212", SMS_CONFIG, SENDER, no_sender},
	{"21214", SMS_BAD_NUMBER, MESSAGE, no_number},
	{"21217", SMS_BAD_NUMBER, MESSAGE, no_number},
	{"21408", SMS_PERM, MESSAGE,
	 "Texts to this country are switched off at Twilio; an admin can allow them."},
	{"21601", SMS_CONFIG, SENDER, no_sender},
	{"21602", SMS_PERM, MESSAGE, our_fault},
	{"21603", SMS_CONFIG, SENDER, no_sender},
	{"21604", SMS_PERM, MESSAGE, our_fault},
	{"21606", SMS_CONFIG, SENDER, no_sender},
	{"21608", SMS_CONFIG, ACCOUNT,
	 "This is a trial account at Twilio: it may only text verified numbers."},
	{"21609", SMS_PERM, MESSAGE, our_fault},
	{"21610", SMS_OPTED_OUT, MESSAGE,
	 "This person has opted out of texts from this number; do not text them again."},
	{"21611", SMS_THROTTLE, SENDER, queue_full},
	{"21612", SMS_BAD_NUMBER, MESSAGE, "This number cannot be reached from our number."},
	{"21614", SMS_BAD_NUMBER, MESSAGE, "This is not a mobile number: it cannot receive texts."},
	{"21617", SMS_PERM, MESSAGE, "The text is too long: at most 1600 characters can be sent."},
	{"21620", SMS_PERM, MESSAGE, "The picture's address is not one that Twilio can fetch."},
	{"21623", SMS_PERM, MESSAGE, "There are too many pictures for one message."},
	{"21624", SMS_PERM, MESSAGE, our_fault},
	{"21635", SMS_LANDLINE, MESSAGE, "This is a landline: it cannot receive texts."},
	{"21659", SMS_CONFIG, SENDER, no_sender},
	{"21660", SMS_CONFIG, SENDER, no_sender},
	{"21701", SMS_CONFIG, ACCOUNT, no_service},
	{"21703", SMS_CONFIG, ACCOUNT, no_service},
	{"21704", SMS_CONFIG, ACCOUNT, no_service},
	{"21705", SMS_CONFIG, ACCOUNT, no_service},
	{"30001", SMS_THROTTLE, SENDER, queue_full},
	{"30002", SMS_CONFIG, ACCOUNT,
	 "Our account at Twilio is suspended; an admin has to see to it."},
	{"30003", SMS_TEMP, MESSAGE, "The phone is off or has no reception."},
	{"30004", SMS_PERM, MESSAGE,
	 "The text was blocked: by the person's phone or by their carrier."},
	{"30005", SMS_BAD_NUMBER, MESSAGE, "This number is not in use any more."},
	{"30006", SMS_LANDLINE, MESSAGE, "This is a landline: it cannot receive texts."},
	{"30007", SMS_FILTERED, MESSAGE,
	 "The carrier's filter blocked this text as spam; do not send it again."},
	{"30008", SMS_AMBIGUOUS, MESSAGE, maybe},
	{"30010", SMS_PERM, MESSAGE, "The text would cost more than is allowed."},
	{"30011", SMS_PERM, MESSAGE, "Pictures cannot be sent to this number; send words only."},
	{"30017", SMS_TEMP, MESSAGE, "The carrier's network is overloaded."},
	{"30018", SMS_CONFIG, SENDER, not_registered},
	{"30019", SMS_PERM, MESSAGE, "The picture is too large for the person's carrier."},
	{"30022", SMS_THROTTLE, SENDER, too_fast},
	{"30023", SMS_THROTTLE, SENDER, daily_limit},
	{"30024", SMS_CONFIG, SENDER, not_registered},
	{"30025", SMS_OK, SENDER, "Half of the texts that T-Mobile takes in one day are sent."},
	{"30026", SMS_OK, SENDER, "70 % of the texts that T-Mobile takes in one day are sent."},
	{"30027", SMS_THROTTLE, SENDER, "T-Mobile takes no more texts from us today."},
	{"30032", SMS_CONFIG, SENDER, not_registered},
	{"30034", SMS_CONFIG, SENDER, not_registered},
	{"30035", SMS_CONFIG, SENDER, not_registered},
	{"30036", SMS_PERM, MESSAGE, "The text waited too long at Twilio and was not sent."},
	{"30410", SMS_AMBIGUOUS, MESSAGE, maybe},
	{"30450", SMS_PERM, MESSAGE, "Twilio blocked the text because it suspects abuse."},
	{"30610", SMS_TEMP, MESSAGE, "It is too late or too early there to text this person."},
	{"30640", SMS_OPTED_OUT, MESSAGE,
	 "Twilio warns that texting this person can lead to a lawsuit; do not text them again."},
	{"63019", SMS_PERM, MESSAGE,
	 "Twilio could not fetch the picture or file from us; an admin has to check that it "
	 "reaches our public address."},
	{"63034", SMS_PERM, MESSAGE, too_large},
	{"63038", SMS_THROTTLE, ACCOUNT, daily_limit},
	{"", SMS_PERM, MESSAGE, ""},
};
