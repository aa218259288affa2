/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The file that tells a homeserver of us as an application service. */
#ifndef MATRIX_REGISTRATION_H
#define MATRIX_REGISTRATION_H

#include "base/strbuf.h"
#include "roomline/settings.h"

/* Appends it as YAML; set is a section 'matrix' that is well by itself. -1 and err when it is none of
 * an application service, or a value that we could use is none for homeservers.
 * https://spec.matrix.org/v1.15/application-service-api/#registration */
int mx_registration_print(const struct settings *set, struct strbuf *out, struct error *err);

#endif
