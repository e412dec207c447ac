/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/inspection.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/exit.h"
#include "base/out.h"

static int print(const char *format, const cJSON *list)
{
	const cJSON *item;

	if (format == NULL || strcmp(format, "json") == 0)
		return out_value(NULL, list);
	cJSON_ArrayForEach(item, list) TRY(out_value(format, item));
	return 0;
}

/* Returns the exit status. */
static int collect(const struct host *host, const struct inspection *inspection,
		   const struct strvec *names, cJSON *list)
{
	int status = EXIT_OK;

	for (size_t i = 0; i < names->n; i++) {
		cJSON *json = NULL;
		int rc = inspection->find(host, names->v[i], inspection->arg, &json);

		if (rc == -ENOENT) {
			fail_in(rc, "%s", inspection->command);
			err_print(STDERR_FILENO);
			err_clear();
			status = EXIT_NO_SUCH;
			continue;
		}
		TRY(rc);
		json_push(list, json);
	}
	return status;
}

int inspection_run(const struct host *host, const struct inspection *inspection,
		   const struct strvec *names)
{
	autojson cJSON *list = json_array();
	int status = collect(host, inspection, names, list);
	int rc = status < 0 ? status : print(inspection->format, list);

	if (inspection->secret)
		json_wipe(list);
	return rc < 0 ? rc : status;
}
