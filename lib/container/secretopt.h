/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_SECRETOPT_H
#define BERTH_CONTAINER_SECRETOPT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/host.h"
#include "base/vec.h"
#include "spec/spec.h"

/*
 * --secret NAME[,type=mount|env][,target=TARGET][,uid=N][,gid=N][,mode=MODE]
 *
 * The record of a container keeps these texts, and nothing keeps what they stand for: the content
 * is read at each start, from the secret that has the name then.
 */
struct secretopt {
	char *name;
	bool env;
	char *target; /* an absolute path, or the name of a variable */
	uid_t uid;
	gid_t gid;
	bool owned; /* uid or gid was given */
	uint32_t mode;
};

#define SECRET_DIR "/run/secrets"

int secretopt_parse(const char *text, struct secretopt *ret_opt);
void secretopt_release(struct secretopt *opt);

/* Read those that a container gets into its spec. What would be mounted over them, or under, is
 * refused. */
int secretopt_apply(const struct host *host, const struct strvec *texts, struct spec *spec);
/* The variables alone: "NAME=VALUE", into the environment of another process in the container.
 * Those of secrets that are gone are left out. */
int secretopt_apply_env(const struct host *host, const struct strvec *texts, struct strvec *env);

#endif
