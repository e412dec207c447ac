/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "spec/bundlepart.h"
#include "spec/configpart.h"

#define NAME_MAX_RDT 255

void rdt_release(struct spec_rdt *rdt)
{
	free(rdt->clos);
	free(rdt->l3_cache);
	free(rdt->mem_bw);
	strvec_release(&rdt->schemata);
	*rdt = (struct spec_rdt){ .schemata = STRVEC_INIT };
}

/* It becomes the name of a directory beside the kernel's own ones. */
static int check_clos(const char *name)
{
	static const char *const others[] = { "", ".", "..", "info", "mon_groups", "mon_data" };

	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (strcmp(name, others[i]) == 0)
			return refuse("'intelRdt.closID': '%s' is not the name of a class", name);
	if (strpbrk(name, "/\n") != NULL || strlen(name) > NAME_MAX_RDT)
		return refuse("'intelRdt.closID': '%s' is not the name of a class", name);
	return 0;
}

static int read_line(const cJSON *rdt, const char *key, const char *prefix, char **ret_line)
{
	TRY(config_get_copy(rdt, key, ret_line));
	if (*ret_line == NULL || **ret_line == '\0') {
		xreplace(ret_line, NULL);
		return 0;
	}
	if (strncmp(*ret_line, prefix, strlen(prefix)) != 0)
		return refuse("'intelRdt.%s': '%s' does not begin with '%s'", key, *ret_line,
			      prefix);
	return 0;
}

/* A list of lines in the current specification; one text of them before. */
static int read_schemata(const cJSON *rdt, struct strvec *lines)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(rdt, "schemata");

	if (!cJSON_IsString(item))
		TRY(json_get_strings(rdt, "schemata", lines));
	else if (item->valuestring[0] != '\0')
		strvec_split(lines, item->valuestring, '\n');
	for (size_t i = 0; i < lines->n; i++)
		if (strchr(lines->v[i], ':') == NULL || strchr(lines->v[i], '\n') != NULL)
			return refuse("'intelRdt.schemata[%zu]': '%s' is not RESOURCE:DOMAIN=VALUE",
				      i, lines->v[i]);
	return 0;
}

/* enableCMT and enableMBM are what enableMonitoring was in two words. */
static int read_monitoring(const cJSON *rdt, bool *ret_monitoring)
{
	static const char *const keys[] = { "enableMonitoring", "enableCMT", "enableMBM" };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		bool enabled = false;

		TRY(json_get_bool(rdt, keys[i], &enabled));
		*ret_monitoring |= enabled;
	}
	return 0;
}

int bundle_part_rdt(const cJSON *linux_part, struct spec *spec)
{
	struct spec_rdt *to = &spec->rdt;
	const cJSON *rdt = NULL;

	TRY(json_get_object(linux_part, "intelRdt", &rdt));
	if (rdt == NULL)
		return 0;
	to->given = true;
	TRY(config_get_copy(rdt, "closID", &to->clos));
	if (to->clos != NULL && to->clos[0] == '\0')
		xreplace(&to->clos, NULL);
	if (to->clos != NULL)
		TRY(check_clos(to->clos));
	/* More than one line has been seen in the former, which the latter's replaces in part. */
	TRY(read_line(rdt, "l3CacheSchema", "", &to->l3_cache));
	TRY(read_line(rdt, "memBwSchema", "MB:", &to->mem_bw));
	if (to->mem_bw != NULL && strchr(to->mem_bw, '\n') != NULL)
		return refuse("'intelRdt.memBwSchema' has more than one line");
	TRY(read_schemata(rdt, &to->schemata));
	return read_monitoring(rdt, &to->monitoring);
}
