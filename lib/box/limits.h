/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_LIMITS_H
#define BERTH_BOX_LIMITS_H

#include "spec/spec.h"

/* What a process inherits and a container may change: resource limits, the OOM score, the umask. */

/*
 * In the child, while it still has its capabilities: setrlimit, oom_score_adj, umask. procfd is the
 * root of a procfs instance of ours in the child's pid namespace (not the container's mount); it is
 * only used where an oom_score_adj was asked for, and may be -1 otherwise. The umask is set last,
 * and not at all where it is the caller's (UMASK_CALLER).
 */
int limits_apply(const struct spec *spec, int procfd);
/* The same in two: of a process that joins a container, only the host's procfs knows the number. */
int limits_apply_oom(const struct spec_process *process, int procfd);
int limits_apply_rest(const struct spec_process *process);

/*
 * For a process in a user namespace, where no right of its own goes beyond what it was born with,
 * by who is outside: raise hard limits, which the process itself then cannot exceed, as far as the
 * caller may (0: of the caller); and the OOM score, which limits_apply() leaves alone in there.
 */
void limits_raise(const struct spec_process *process, pid_t pid);
int limits_give_oom(const struct spec_process *process, pid_t pid);

/* Add a limit as --ulimit gives it: "nofile=1024:2048", "nofile=1024", -1 for unlimited; "host"
 * keeps all of the caller's. One that is there already is replaced. */
int limits_parse(struct spec_process *process, const char *text);
/* Add the defaults for what was not given: core 0, nofile at most 524288 with a soft limit of 1024;
 * never more than the caller has. Nothing after "host". */
void limits_defaults(struct spec_process *process);
/* Refuse limits above the hard limit of the caller, which only CAP_SYS_RESOURCE in the initial user
 * namespace could raise: the error names the limit and the fix. In the parent. */
int limits_check(const struct spec_process *process);
/* Cut them to the hard limits of the caller: for a process beside one that has them already. */
void limits_cut(struct spec_process *process);

#endif
