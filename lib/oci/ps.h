/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_OCI_PS_H
#define BERTH_OCI_PS_H

#include "base/buf.h"
#include "oci/runtime.h"

/* The processes of a container, as the host numbers them. json: a list of the numbers; arguments
 * are passed over. Otherwise what ps(1) prints with these arguments (none: -ef), and of that the
 * heading and their lines. */
int runtime_ps(const struct runtime *runtime, const char *id, bool json,
	       const struct strvec *arguments, struct buf *out);

#endif
