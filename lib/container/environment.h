/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_ENVIRONMENT_H
#define BERTH_CONTAINER_ENVIRONMENT_H

#include "container/request.h"

/*
 * The payload's environment, made from nothing. Later ones win:
 *
 *	PATH, HOSTNAME, TERM (with -t)
 *	the caller's variables, with --env-host; proxies, with --http-proxy
 *	the image's Env; entries without "=" reject the image
 *	(--unsetenv and --unsetenv-all act on what is there so far)
 *	--env-file, --env
 *
 * No variable of the caller gets in unasked. HOME is added from the root's passwd by box/user.
 */
int environment_make(const struct request *request, const struct strvec *image,
		     const char *hostname, struct strvec *ret_env);
/* The same without what berth or the caller's environment adds: what an image made of the container
 * is to say. */
int environment_given(const struct request *request, const struct strvec *image,
		      struct strvec *ret_env);

#endif
