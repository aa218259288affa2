/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What a status and an error code of a homeserver mean for a call, and whether it is to be made
 * again. https://spec.matrix.org/v1.15/client-server-api/#standard-error-response
 */
#ifndef MATRIX_ERROR_H
#define MATRIX_ERROR_H

#include "chat/matrix/matrix_http.h"

enum mx_next {
	MX_END,    /* this is the answer */
	MX_REPEAT, /* nobody knows what became of it, or it passes: again until it is answered */
	MX_REPEAT_FEW, /* it may never pass: again, a few times */
	MX_WAIT,       /* it was not handled, because we are too fast: again, later */
};

struct mx_verdict {
	/* When the call ends with this; unless with MX_END, only of a probe, and of that
	 * MX_UNREACHABLE where this is MX_REFUSED. */
	enum mx_outcome outcome;
	enum mx_next next;
};

/* errcode: "" where the answer has none. It decides before the status does, except in a success,
 * whose content is other people's. */
struct mx_verdict mx_error_judge(int status, const char *errcode);

#endif
