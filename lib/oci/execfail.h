/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_OCI_EXECFAIL_H
#define BERTH_OCI_EXECFAIL_H

#include "base/vec.h"
#include "box/box.h"

/*
 * What engines look for when a program could not be executed: they make 126 and 127 of words like
 * "permission denied", which begin with a small letter as Go has them. rc: what the box said of it;
 * without a program that failed it is returned as it is.
 */
int execfail_explain(const struct box *box, const struct strvec *args, int rc);

#endif
