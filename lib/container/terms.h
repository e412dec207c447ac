/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_TERMS_H
#define BERTH_CONTAINER_TERMS_H

#include "container/record.h"
#include "spec/spec.h"

/*
 * The terms that a container runs under, in its directory: its plan, config.json, and beside it the
 * instructions of a system call filter that the user gave (seccomp.filter): the profile that they
 * were made from may change or go, and a process that joins later is to have the payload's.
 *
 * A container that stays has them from before its start on. One of --rm, which nobody starts again,
 * gets them when its payload runs for longer than a moment: the start does not wait for it.
 */

/* Each file is there whole, or not. */
int terms_save(const struct record *record, const struct spec *spec);
/*
 * The payload was executed and has not ended at once: others may join the container from now on
 * (record->executed), and the plan of one of --rm is there for them. By its supervisor, where
 * nobody waits for it; what fails is that and no more.
 */
void terms_open(struct record *record, const struct spec *spec);
/* As much as config_read() gives, and the filter. -ENOENT where there is none (yet). */
int terms_load(const struct record *record, struct spec *ret_spec);
/* Before the directory goes: with nothing else in it, that takes one call. */
void terms_drop(const struct record *record);

#endif
