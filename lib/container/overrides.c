/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/overrides.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "container/environment.h"

/* --- from the command line -------------------------------------------------------------------- */

/* All of the list's elements, in place of those that the image has. */
static void replace_list(struct strvec *out, const char *key, char *const *v, size_t n)
{
	strvec_push(out, key);
	for (size_t i = 0; i < n; i++)
		strvec_pushf(out, "%s=%s", key, v[i]);
}

static bool are_equal(const struct strvec *a, const struct strvec *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->v[i], b->v[i]) != 0)
			return false;
	return true;
}

static void add_command(const struct request *request, const struct spec *spec, struct strvec *out)
{
	const struct strvec *command = &request->command, *args = &spec->process.args;
	bool entrypoint = request->entrypoint_given || request->entrypoint != NULL;

	if (entrypoint)
		replace_list(out, "Entrypoint", args->v, args->n - command->n);
	if (entrypoint || command->n > 0)
		replace_list(out, "Cmd", command->v, command->n);
}

static int add_environment(const struct request *request, const struct image_config *image,
			   struct strvec *out)
{
	AUTO(strvec) env = STRVEC_INIT;

	if (request->env.n + request->env_files.n + request->unsetenv.n == 0 &&
	    !request->unsetenv_all)
		return 0;
	TRY(environment_given(request, &image->env, &env));
	if (!are_equal(&env, &image->env))
		replace_list(out, "Env", env.v, env.n);
	return 0;
}

int overrides_make(const struct request *request, const struct image_config *image,
		   const struct spec *spec, struct record *record)
{
	struct strvec *out = &record->overrides;

	add_command(request, spec, out);
	TRY(add_environment(request, image, out));
	if (request->user != NULL && *request->user != '\0')
		strvec_pushf(out, "User=%s", request->user);
	if (request->workdir != NULL)
		strvec_pushf(out, "WorkingDir=%s", request->workdir);
	if (request->stop_signal != NULL)
		strvec_pushf(out, "StopSignal=%s", request->stop_signal);
	/* Those without a name or a source: a container of the new image is to have its own. */
	for (size_t i = 0; i < request->volumes.n; i++)
		if (strchr(request->volumes.v[i], ':') == NULL)
			strvec_pushf(out, "Volumes=%s", request->volumes.v[i]);
	return 0;
}

/* --- to a configuration ----------------------------------------------------------------------- */

static int apply(const char *text, struct image_config *config)
{
	const struct {
		const char *key;
		char **text;
		struct strvec *list;
	} fields[] = {
		{ "Cmd", NULL, &config->cmd },
		{ "Entrypoint", NULL, &config->entrypoint },
		{ "Env", NULL, &config->env },
		{ "StopSignal", &config->stop_signal, NULL },
		{ "User", &config->user, NULL },
		{ "Volumes", NULL, &config->volumes },
		{ "WorkingDir", &config->working_dir, NULL },
	};
	size_t len = strcspn(text, "=");

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		if (strlen(fields[i].key) != len || strncmp(fields[i].key, text, len) != 0)
			continue;
		if (fields[i].text != NULL)
			xreplace(fields[i].text, text[len] == '=' ? text + len + 1 : "");
		else if (text[len] != '=')
			strvec_release(fields[i].list);
		else if (fields[i].list != &config->volumes ||
			 !strvec_has(fields[i].list, text + len + 1))
			strvec_push(fields[i].list, text + len + 1);
		return 0;
	}
	return refuse("overrides: '%s' is none that this version knows", text);
}

/* "0.0.0.0:8080->80/tcp": the container's side, a range port by port. */
static void add_ports(const char *text, struct strvec *ports)
{
	const char *arrow = strstr(text, "->"), *slash = strchr(text, '/');
	unsigned int first, last;

	if (arrow == NULL || slash == NULL)
		return;
	switch (sscanf(arrow, "->%5u-%5u", &first, &last)) {
	case 1:
		last = first;
		break;
	case 2:
		break;
	default:
		return;
	}
	for (unsigned int port = first; port <= last && port <= 65535; port++) {
		autofree char *exposed = xasprintf("%u%s", port, slash);

		if (!strvec_has(ports, exposed))
			strvec_push(ports, exposed);
	}
}

int overrides_apply(const struct record *record, struct image_config *config)
{
	for (size_t i = 0; i < record->overrides.n; i++)
		TRY(apply(record->overrides.v[i], config));
	for (size_t i = 0; i < record->ports.n; i++)
		add_ports(record->ports.v[i], &config->exposed_ports);
	strvec_release(&config->labels);
	strvec_push_all(&config->labels, &record->labels);
	return 0;
}
