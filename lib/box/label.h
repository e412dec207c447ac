/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_LABEL_H
#define BERTH_BOX_LABEL_H

#include "spec/spec.h"

/* Labels of security modules: refuse one whose module is not in this kernel, before anything is
 * started. What the module says of the label the stub finds out (exec.h). */
int label_check(const struct spec_process *process);

#endif
