/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_SECURITY_H
#define BERTH_CONTAINER_SECURITY_H

#include "base/host.h"
#include "container/request.h"

/*
 * --cap-add, --cap-drop, --security-opt, --sysctl: changes to the default confinement, which
 * profile_apply() has put into the spec before. What cannot be had on this host is refused, never
 * left out.
 */
int security_make(const struct host *host, const struct request *request, struct spec *spec);
/* Compile --security-opt seccomp=FILE, once the capabilities are final. */
int security_compile_filter(const struct host *host, struct spec *spec);

#endif
