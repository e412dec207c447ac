/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/imageconfig.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/bounds.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/units.h"

static int take_string(const cJSON *object, const char *key, char **slot)
{
	const char *text = NULL;

	TRY(json_get_string(object, key, &text));
	if (text != NULL && text[0] != '\0')
		*slot = xstrdup(text);
	return 0;
}

/* The keys of a map whose values mean nothing: Volumes, ExposedPorts. */
static int take_keys(const cJSON *object, const char *key, struct strvec *list)
{
	const cJSON *map = NULL, *item;

	TRY(json_get_object(object, key, &map));
	cJSON_ArrayForEach(item, map) strvec_push(list, item->string);
	return 0;
}

static int take_labels(const cJSON *object, struct strvec *labels)
{
	const cJSON *map = NULL, *item;

	TRY(json_get_object(object, "Labels", &map));
	cJSON_ArrayForEach(item, map)
	{
		const char *value = "";

		if (!cJSON_IsNull(item))
			TRY(json_string(item, "config.Labels", &value));
		strvec_pushf(labels, "%s=%s", item->string, value);
	}
	return 0;
}

static int check_env(const struct strvec *env)
{
	size_t total = 0;

	if (env->n > MAX_ENV)
		return refuse("config.Env has more than %d entries", MAX_ENV);
	for (size_t i = 0; i < env->n; i++) {
		const char *equals = strchr(env->v[i], '=');

		if (equals == NULL || equals == env->v[i])
			return refuse("config.Env[%zu]: '%s' is not KEY=VALUE", i, env->v[i]);
		total += strlen(env->v[i]) + 1;
	}
	if (total > MAX_ENV_TOTAL)
		return refuse("config.Env has more than %lu bytes", MAX_ENV_TOTAL);
	return 0;
}

/* An extension of docker's: what is in it is read where it is used. */
static int take_healthcheck(const cJSON *json, struct image_config *config)
{
	const cJSON *object = NULL;
	AUTO(buf) text = BUF_INIT;

	TRY(json_get_object(json, "Healthcheck", &object));
	if (object == NULL)
		return 0;
	json_print(object, false, &text);
	if (text.len > MAX_HEALTHCHECK)
		return refuse("config.Healthcheck has more than %lu bytes", MAX_HEALTHCHECK);
	config->healthcheck = buf_steal(&text);
	return 0;
}

static int read_config(const cJSON *json, struct image_config *config)
{
	TRY(take_string(json, "User", &config->user));
	TRY(take_string(json, "WorkingDir", &config->working_dir));
	TRY(take_string(json, "StopSignal", &config->stop_signal));
	TRY(json_get_strings(json, "Env", &config->env));
	TRY(check_env(&config->env));
	TRY(json_get_strings(json, "Entrypoint", &config->entrypoint));
	TRY(json_get_strings(json, "Cmd", &config->cmd));
	TRY(take_keys(json, "Volumes", &config->volumes));
	if (config->volumes.n > MAX_VOLUMES)
		return refuse("config.Volumes has more than %d entries", MAX_VOLUMES);
	TRY(take_keys(json, "ExposedPorts", &config->exposed_ports));
	TRY(take_healthcheck(json, config));
	return take_labels(json, &config->labels);
}

static int read_layers(const cJSON *json, struct strvec *diff_ids)
{
	const cJSON *rootfs = NULL;
	const char *type = "layers";

	TRY(json_get_object(json, "rootfs", &rootfs));
	if (rootfs == NULL)
		return refuse("it has no rootfs: it is not an image's configuration");
	TRY(json_get_string(rootfs, "type", &type));
	if (strcmp(type, "layers") != 0)
		return refuse("rootfs.type is '%s', not 'layers'", type);
	TRY(json_get_strings(rootfs, "diff_ids", diff_ids));
	if (diff_ids->n > MAX_LAYERS)
		return refuse("it has more than %d layers", MAX_LAYERS);
	for (size_t i = 0; i < diff_ids->n; i++)
		if (!digest_is_valid(diff_ids->v[i]))
			return refuse(
				"rootfs.diff_ids[%zu]: '%.100s' is not a digest (sha256: and 64 "
				"lower-case hex digits)",
				i, diff_ids->v[i]);
	return 0;
}

static int read_document(const cJSON *json, struct image_config *config)
{
	const cJSON *object = NULL;

	if (!cJSON_IsObject(json))
		return refuse("it is not an object");
	TRY(take_string(json, "os", &config->os));
	TRY(take_string(json, "architecture", &config->architecture));
	TRY(take_string(json, "variant", &config->variant));
	TRY(take_string(json, "created", &config->created));
	TRY(json_get_object(json, "config", &object));
	if (object != NULL)
		TRY(read_config(object, config));
	return read_layers(json, &config->diff_ids);
}

int imageconfig_read(const cJSON *json, struct image_config *ret_config)
{
	struct image_config config = { 0 };
	int rc = read_document(json, &config);

	if (rc < 0)
		image_config_release(&config);
	else
		*ret_config = config;
	return rc;
}

int imageconfig_parse(const char *bytes, size_t len, const char *name,
		      struct image_config *ret_config)
{
	autojson cJSON *json = NULL;
	int rc;

	if (len > MAX_CONFIG)
		return refuse("%s has %zu bytes, more than %lu", name, len, MAX_CONFIG);
	TRY(json_parse(bytes, len, name, &json));
	rc = imageconfig_read(json, ret_config);
	return rc < 0 ? fail_in(rc, "%s", name) : 0;
}

/* A map whose values mean nothing. */
static void print_keys(cJSON *object, const char *key, const struct strvec *list)
{
	cJSON *map = list->n > 0 ? json_add_object(object, key) : NULL;

	for (size_t i = 0; i < list->n; i++)
		json_add_object(map, list->v[i]);
}

static void print_labels(cJSON *object, const struct strvec *labels)
{
	cJSON *map = labels->n > 0 ? json_add_object(object, "Labels") : NULL;

	for (size_t i = 0; i < labels->n; i++) {
		const char *equals = strchr(labels->v[i], '=');
		autofree char *key = xstrndup(labels->v[i], (size_t)(equals - labels->v[i]));

		json_add_string(map, key, equals + 1);
	}
}

static void print_strings(cJSON *object, const char *key, const struct strvec *list)
{
	if (list->n > 0)
		json_add_strings(object, key, list);
}

static void print_config(cJSON *object, const struct image_config *config)
{
	json_add_string(object, "User", config->user);
	print_keys(object, "ExposedPorts", &config->exposed_ports);
	print_strings(object, "Env", &config->env);
	print_strings(object, "Entrypoint", &config->entrypoint);
	print_strings(object, "Cmd", &config->cmd);
	print_keys(object, "Volumes", &config->volumes);
	json_add_string(object, "WorkingDir", config->working_dir);
	print_labels(object, &config->labels);
	json_add_string(object, "StopSignal", config->stop_signal);
}

void imageconfig_print(const struct image_config *config, const char *created_by,
		       const char *comment, struct buf *out)
{
	autojson cJSON *json = json_object();
	cJSON *rootfs, *line = json_object();

	json_add_string(json, "created", config->created);
	json_add_string(json, "architecture", config->architecture);
	json_add_string(json, "variant", config->variant);
	json_add_string(json, "os", config->os);
	print_config(json_add_object(json, "config"), config);
	rootfs = json_add_object(json, "rootfs");
	json_add_string(rootfs, "type", "layers");
	json_add_strings(rootfs, "diff_ids", &config->diff_ids);
	json_add_string(line, "created", config->created);
	json_add_string(line, "created_by", created_by);
	json_add_string(line, "comment", comment);
	json_push(json_add_array(json, "history"), line);
	json_print(json, false, out);
}

int imageconfig_set_created(struct image_config *config)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	AUTO(buf) text = BUF_INIT;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (epoch != NULL) {
		int64_t seconds;
		int rc = units_parse_i64(epoch, 0, INT32_MAX, &seconds);

		if (rc < 0)
			return fail_in(rc, "SOURCE_DATE_EPOCH");
		now = (struct timespec){ .tv_sec = (time_t)seconds };
	}
	units_print_time(&text, now.tv_sec, (uint32_t)now.tv_nsec);
	config->created = buf_steal(&text);
	return 0;
}

void image_config_release(struct image_config *config)
{
	free(config->user);
	free(config->working_dir);
	free(config->stop_signal);
	free(config->os);
	free(config->architecture);
	free(config->variant);
	free(config->created);
	free(config->healthcheck);
	strvec_release(&config->env);
	strvec_release(&config->entrypoint);
	strvec_release(&config->cmd);
	strvec_release(&config->volumes);
	strvec_release(&config->exposed_ports);
	strvec_release(&config->labels);
	strvec_release(&config->diff_ids);
	*config = (struct image_config){ 0 };
}
