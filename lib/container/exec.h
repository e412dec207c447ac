/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_EXEC_H
#define BERTH_CONTAINER_EXEC_H

#include "base/host.h"
#include "container/record.h"
#include "container/request.h"
#include "spec/spec.h"

/*
 * Another process in a container that runs, under the container's terms (terms.h): with the user,
 * environment, directory and confinement of its payload, where the request says nothing else. No
 * lock is taken and no record is written.
 *
 * In the foreground: returns the exit status of `berth exec`: the payload's, 128 + N, 126, 127, or
 * a negative errno (125). With request->detach: 0 once it is executed; it then belongs to whoever
 * adopts orphans on this host, who reaps it (box/join.h), and ends with the container. No process
 * of ours stays for it, unless it has a terminal: then a small one reads that, so that it never
 * stalls, and ends with it.
 */
int exec_in_container(const struct host *host, const struct request *request, const char *name);

/* What another process in a running container is to have of the payload's: its terms, but for what
 * is the payload's alone. */
int exec_terms(const struct host *host, const struct record *record, struct spec *ret_spec);

#endif
