/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What the drivers share among themselves. Nobody outside src/sms includes this. */
#ifndef DRIVER_H
#define DRIVER_H

#include "roomline/sms.h"

extern const struct sms_driver generic_driver;
extern const struct sms_driver twilio_driver;
extern const struct sms_driver sandbox_driver;

/* Whether url is one that secrets may be sent to: https, our own router (local:), this machine, or
 * any host by plain http where the admin allows that. key is the setting's name, for err. */
int driver_check_url(const char *key, const char *url, bool plain_ok, struct error *err);

/* Our ref as a provider echoed it: "" when it cannot be one of ours. */
void driver_take_ref(const char *text, char out[TOKEN_MAX]);

/* The number of an event: "" for one that is too long, as its beginning could be somebody else's. */
void driver_take_number(const char *text, char out[SMS_ADDRESS_MAX]);

/* A small whole number as providers write counts; 0 for anything else. */
int driver_read_count(const char *text);

/* The class of a refusal by its code; a row that the table lacks leaves the class as it is. */
void driver_apply_error(const struct sms_error_row *rows, const char *code,
			struct sms_result *result);
/* The same for a report of a failure, where an unknown code is SMS_PERM. */
void driver_report_error(const struct sms_error_row *rows, const char *code,
			 struct sms_event *event);
bool driver_status_is_failure(enum sms_status status);

/* The words for a volunteer when the provider's table has none. */
const char *driver_class_reason(enum sms_class class);
/* The words of the classes in definitions: "temp", "bad_number", ... */
bool driver_class_value(const char *word, enum sms_class *class_out);
const char *driver_class_word(enum sms_class class);

/* Whether `text` is `word`, case ignored, and if so its value: for small tables of words. */
struct driver_word {
	const char *word; /* NULL ends the table */
	int value;
};
bool driver_word_value(const struct driver_word *words, const char *text, int *value_out);

#endif
