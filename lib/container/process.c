/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/process.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/json.h"
#include "base/passwd.h"
#include "base/path.h"
#include "base/units.h"
#include "box/limits.h"
#include "container/stdio.h"

/* A string, or a JSON array of strings; "" clears. */
static int parse_entrypoint(const char *text, struct strvec *args)
{
	autojson cJSON *json = NULL;
	const cJSON *item;

	if (*text == '\0')
		return 0;
	if (*text != '[') {
		strvec_push(args, text);
		return 0;
	}
	TRY(json_parse(text, strlen(text), "--entrypoint", &json));
	cJSON_ArrayForEach(item, json)
	{
		const char *word;

		TRY(json_string(item, "--entrypoint", &word));
		strvec_push(args, word);
	}
	return 0;
}

/* docker's rules: the entrypoint comes first; --entrypoint drops the image's CMD as well; words of
 * the command line replace CMD. */
static int make_args(const struct request *request, const struct image_config *image,
		     struct strvec *args)
{
	if (request->entrypoint_given || request->entrypoint != NULL)
		TRY(parse_entrypoint(request->entrypoint != NULL ? request->entrypoint : "", args));
	else if (image != NULL)
		strvec_push_all(args, &image->entrypoint);
	if (request->command.n != 0)
		strvec_push_all(args, &request->command);
	else if (image != NULL && !request->entrypoint_given && request->entrypoint == NULL)
		strvec_push_all(args, &image->cmd);
	if (args->n == 0) {
		refuse("there is no command to run: none was given, and the image has none");
		hint("berth run %s COMMAND [ARG...]", request->image);
		return -EINVAL;
	}
	return 0;
}

static int make_cwd(const struct request *request, const struct image_config *image,
		    struct spec_process *process)
{
	const char *from_image = image != NULL ? image->working_dir : NULL;

	if (request->workdir != NULL && request->workdir[0] != '/')
		return refuse("--workdir '%s' is not an absolute path", request->workdir);
	process->cwd = path_clean(request->workdir != NULL ? request->workdir
				  : from_image != NULL     ? from_image
							   : "/");
	return 0;
}

/* An id by number must be one that exists in the container: the kernel's EINVAL much later would
 * say nothing. */
static int check_id(const char *what, const char *text, size_t len, const struct idmap *map)
{
	autofree char *number = xstrndup(text, len);
	autofree char *fix = NULL;
	uint64_t id;

	if (len == 0 || strspn(number, "0123456789") != len)
		return 0;
	if (units_parse_u64(number, MAX_ID, &id) < 0)
		return refuse("the %s id %s is larger than %llu", what, number, MAX_ID);
	if (map->n == 0 || idmap_to_outside(map, (uint32_t)id) >= 0)
		return 0;
	fix = idmap_suggest_caller();
	refuse("the %s id %s does not exist in the container: it is not mapped to one of yours",
	       what, number);
	if (map->n == 1 && map->v[0].count == 1)
		hint("as root: %s; or --userns keep-id:uid=%s to run with your own id under that "
		     "number",
		     fix, number);
	else
		hint("choose a smaller id, or map it: --uidmap %s:0", number);
	return -EINVAL;
}

static int make_user(const struct request *request, const struct image_config *image,
		     const struct userns *userns, struct spec_user *user)
{
	const char *text = request->user, *colon;

	if (text != NULL && *text == '\0')
		text = NULL;
	else if (text == NULL && userns->keep_id)
		user->text = xasprintf("%u:%u", userns->uid, userns->gid);
	else if (text == NULL && image != NULL)
		text = image->user;
	if (text != NULL && *text != '\0')
		user->text = xstrdup(text);
	if (user->text == NULL)
		return 0;
	if (strpbrk(user->text, "\n\r/") != NULL)
		return refuse("'%s' is not a user", user->text);
	colon = strchrnul(user->text, ':');
	TRY(check_id("user", user->text, (size_t)(colon - user->text), &userns->maps.uid));
	if (*colon == ':')
		TRY(check_id("group", colon + 1, strlen(colon + 1), &userns->maps.gid));
	return 0;
}

static int make_groups(const struct request *request, struct spec_user *user)
{
	for (size_t i = 0; i < request->group_add.n; i++)
		if (strcmp(request->group_add.v[i], "keep-groups") == 0)
			user->keep_groups = true;
		else
			strvec_push(&user->groups, request->group_add.v[i]);
	if (user->keep_groups && user->groups.n != 0)
		return refuse("--group-add keep-groups cannot be combined with other groups");
	return 0;
}

/* With keep-id the caller has a name in the container. */
static void make_passwd_entry(const struct request *request, const struct host *host,
			      const struct userns *userns, struct spec_process *process)
{
	autofree char *name = NULL;

	if (request->passwd_entry != NULL)
		process->user.passwd_entry = xstrdup(request->passwd_entry);
	if (request->passwd_entry != NULL || !userns->keep_id)
		return;
	if (passwd_name(host->uid, &name) < 0)
		name = xasprintf("user%u", userns->uid);
	process->user.passwd_entry = xasprintf("%s:*:%u:%u:%s:%s:/bin/sh", name, userns->uid,
					       userns->gid, name, process->cwd);
}

static int make_limits(const struct request *request, struct spec_process *process)
{
	uint32_t umask;

	if (request->umask != NULL) {
		TRY(fail_in(units_parse_mode(request->umask, &umask), "--umask"));
		process->user.umask = umask & 0777;
	}
	for (size_t i = 0; i < request->ulimits.n; i++)
		TRY(fail_in(limits_parse(process, request->ulimits.v[i]), "--ulimit"));
	limits_defaults(process);
	TRY(fail_in(limits_check(process), "--ulimit"));
	if (request->oom_score_adj == LIMIT_NONE)
		return 0;
	if (request->oom_score_adj < -1000 || request->oom_score_adj > 1000)
		return refuse("--oom-score-adj %lld: from -1000 to 1000",
			      (long long)request->oom_score_adj);
	process->set_oom_score_adj = true;
	process->oom_score_adj = (int)request->oom_score_adj;
	return 0;
}

int process_listen_fds(struct spec *spec)
{
	struct spec_process *process = &spec->process;
	const char *fds = getenv("LISTEN_FDS"), *pid = getenv("LISTEN_PID");
	const char *names = getenv("LISTEN_FDNAMES");
	autofree char *own = xasprintf("%d", (int)getpid());
	uint64_t n;

	if (fds == NULL || pid == NULL || strcmp(pid, own) != 0 || spec->ns[NS_PID].mode != NS_NEW)
		return 0;
	TRY(fail_in(units_parse_u64(fds, 1024, &n), "LISTEN_FDS"));
	if ((int)n > process->preserve_fds)
		process->preserve_fds = (int)n;
	env_set(&process->env, "LISTEN_FDS", fds);
	env_set(&process->env, "LISTEN_PID", process->init ? "2" : "1");
	if (names != NULL)
		env_set(&process->env, "LISTEN_FDNAMES", names);
	return 0;
}

int process_descriptors(const struct request *request, struct spec_process *process)
{
	if (request->preserve_fds < 0 || request->preserve_fds > 1024)
		return refuse("--preserve-fds %lld: from 0 to 1024",
			      (long long)request->preserve_fds);
	for (int fd = 3; fd < 3 + request->preserve_fds; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			return refuse("--preserve-fds %lld: descriptor %d is not open",
				      (long long)request->preserve_fds, fd);
	process->preserve_fds = (int)request->preserve_fds;
	process->terminal = request->tty;
	process->stdin_null = !request->interactive || !stdio_is_attached(request, "stdin");
	/* A pipe, a file and /dev/null have an end that a terminal could not show. */
	process->stdin_keep =
		request->tty && !request->detach && !process->stdin_null && !isatty(STDIN_FILENO);
	return 0;
}

int process_make(const struct request *request, const struct image_config *image,
		 const struct host *host, const struct userns *userns, struct spec *spec)
{
	struct spec_process *process = &spec->process;

	TRY(make_args(request, image, &process->args));
	TRY(make_cwd(request, image, process));
	TRY(fail_in(make_user(request, image, userns, &process->user), "--user"));
	TRY(make_groups(request, &process->user));
	make_passwd_entry(request, host, userns, process);
	TRY(make_limits(request, process));
	process->init = request->init;
	process->set_home = true;
	TRY(process_descriptors(request, process));
	return process_listen_fds(spec);
}
