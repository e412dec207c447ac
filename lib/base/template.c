/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/template.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/escape.h"

/* "json .A.B" or ".A.B" */
static int render_action(const char *text, const cJSON *value, struct buf *out)
{
	bool as_json = strncmp(text, "json ", 5) == 0;
	AUTO(strvec) words = STRVEC_INIT;

	strvec_split(&words, text + (as_json ? 5 : 0), '.');
	for (size_t i = 1; i < words.n; i++) {
		if (words.v[i][0] == '\0')
			continue;
		value = cJSON_GetObjectItemCaseSensitive(value, words.v[i]);
		if (value == NULL)
			return refuse("there is no field '%s'", words.v[i]);
	}
	if (!as_json && cJSON_IsString(value))
		escape_text(out, value->valuestring);
	else
		json_print(value, false, out);
	return 0;
}

int template_render(const char *format, const cJSON *value, struct buf *out)
{
	while (*format != '\0') {
		const char *end = strstr(format, "}}");

		if (strncmp(format, "\\t", 2) == 0 || strncmp(format, "\\n", 2) == 0) {
			buf_add_char(out, format[1] == 't' ? '\t' : '\n');
			format += 2;
		} else if (strncmp(format, "{{", 2) == 0 && end != NULL) {
			autofree char *text = xstrndup(format + 2, (size_t)(end - format - 2));

			TRY(render_action(text, value, out));
			format = end + 2;
		} else {
			buf_add_char(out, *format++);
		}
	}
	return 0;
}
