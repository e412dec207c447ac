/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/change.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/json.h"
#include "base/path.h"
#include "base/units.h"

#define BLANKS " \t"

/* Split into words, quotes removed. */
static int split_words(const char *text, struct strvec *words)
{
	AUTO(buf) word = BUF_INIT;
	bool begun = false;
	char quote = '\0';

	for (const char *c = text; *c != '\0'; c++) {
		if (quote == '\0' && strchr(BLANKS, *c) != NULL) {
			if (begun)
				strvec_push(words, word.data);
			buf_clear(&word);
			begun = false;
			continue;
		}
		begun = true;
		if (*c == '\\' && quote != '\'' && c[1] != '\0')
			buf_add_char(&word, *++c);
		else if (quote == '\0' && (*c == '"' || *c == '\''))
			quote = *c;
		else if (quote != '\0' && *c == quote)
			quote = '\0';
		else
			buf_add_char(&word, *c);
	}
	if (quote != '\0')
		return refuse("a quote is not closed");
	if (begun)
		strvec_push(words, word.data);
	return 0;
}

/* A JSON array of strings: 1, and 0 where the text is none. */
static int exec_form(const char *text, struct strvec *words)
{
	autojson cJSON *json = NULL;
	const cJSON *item;

	if (text[0] != '[')
		return 0;
	TRY(json_parse(text, strlen(text), "the array", &json));
	cJSON_ArrayForEach(item, json)
	{
		const char *word;

		TRY(json_string(item, "the array", &word));
		strvec_push(words, word);
	}
	return 1;
}

static int set_command(const char *text, struct strvec *list)
{
	AUTO(strvec) words = STRVEC_INIT;
	int rc = exec_form(text, &words);

	TRY(rc);
	if (rc == 0) {
		strvec_push(&words, "/bin/sh");
		strvec_push(&words, "-c");
		strvec_push(&words, text);
	}
	strvec_set(list, words.v);
	return 0;
}

static int set_cmd(const char *text, struct image_config *config)
{
	return set_command(text, &config->cmd);
}

static int set_entrypoint(const char *text, struct image_config *config)
{
	return set_command(text, &config->entrypoint);
}

/* "KEY=VALUE ...", or the old "KEY VALUE". */
static int set_pairs(const char *text, struct strvec *list)
{
	AUTO(strvec) words = STRVEC_INIT;
	size_t key = strcspn(text, BLANKS "=");

	if (key == 0)
		return refuse("a name is missing");
	if (text[key] != '=' && text[key] != '\0') {
		autofree char *name = xstrndup(text, key);

		env_set(list, name, text + key + strspn(text + key, BLANKS));
		return 0;
	}
	TRY(split_words(text, &words));
	for (size_t i = 0; i < words.n; i++) {
		if (words.v[i][0] == '=' || strchr(words.v[i], '=') == NULL)
			return refuse("'%s' is not KEY=VALUE", words.v[i]);
		env_put(list, words.v[i]);
	}
	return 0;
}

static int set_env(const char *text, struct image_config *config)
{
	return set_pairs(text, &config->env);
}

static int set_label(const char *text, struct image_config *config)
{
	return set_pairs(text, &config->labels);
}

static int add_port(const char *word, struct image_config *config)
{
	autofree char *number = xstrndup(word, strcspn(word, "/"));
	const char *protocol = strchr(word, '/');
	uint64_t port;

	if (units_parse_u64(number, 65535, &port) < 0 || port == 0 ||
	    (protocol != NULL && strcmp(protocol, "/tcp") != 0 && strcmp(protocol, "/udp") != 0 &&
	     strcmp(protocol, "/sctp") != 0))
		return refuse("'%s' is not a port, as 80 or 53/udp", word);
	strvec_pushf(&config->exposed_ports, "%llu%s", (unsigned long long)port,
		     protocol != NULL ? protocol : "/tcp");
	return 0;
}

static int set_expose(const char *text, struct image_config *config)
{
	AUTO(strvec) words = STRVEC_INIT;

	TRY(split_words(text, &words));
	for (size_t i = 0; i < words.n; i++)
		TRY(add_port(words.v[i], config));
	return 0;
}

static int set_stopsignal(const char *text, struct image_config *config)
{
	int number;

	TRY(units_parse_signal(text, &number));
	xreplace(&config->stop_signal, text);
	return 0;
}

static int set_user(const char *text, struct image_config *config)
{
	xreplace(&config->user, text);
	return 0;
}

static int set_volume(const char *text, struct image_config *config)
{
	AUTO(strvec) words = STRVEC_INIT;
	int rc = exec_form(text, &words);

	TRY(rc);
	if (rc == 0)
		TRY(split_words(text, &words));
	for (size_t i = 0; i < words.n; i++) {
		if (words.v[i][0] != '/')
			return refuse("'%s' is not an absolute path", words.v[i]);
		if (!strvec_has(&config->volumes, words.v[i]))
			strvec_push(&config->volumes, words.v[i]);
	}
	return 0;
}

static int set_workdir(const char *text, struct image_config *config)
{
	autofree char *joined =
		path_join(config->working_dir != NULL ? config->working_dir : "/", text);

	free(config->working_dir);
	config->working_dir = path_clean(joined);
	return 0;
}

static const struct {
	const char *name;
	int (*set)(const char *text, struct image_config *config);
} instructions[] = {
	{ "CMD", set_cmd },         { "ENTRYPOINT", set_entrypoint },
	{ "ENV", set_env },         { "EXPOSE", set_expose },
	{ "LABEL", set_label },     { "STOPSIGNAL", set_stopsignal },
	{ "USER", set_user },       { "VOLUME", set_volume },
	{ "WORKDIR", set_workdir },
};

/* Between the name and the end, without the blanks around. */
static char *argument_of(const char *text)
{
	size_t len;

	text += strspn(text, BLANKS);
	len = strlen(text);
	while (len > 0 && strchr(BLANKS "\r\n", text[len - 1]) != NULL)
		len--;
	return xstrndup(text, len);
}

int change_apply(const char *text, struct image_config *config)
{
	/* docker takes "CMD=sh" as well. */
	size_t len = strcspn(text, BLANKS "=");
	autofree char *argument = argument_of(text + len + (text[len] == '=' ? 1 : 0));

	for (size_t i = 0; i < ARRAY_SIZE(instructions); i++) {
		int rc;

		if (strlen(instructions[i].name) != len ||
		    strncasecmp(instructions[i].name, text, len) != 0)
			continue;
		rc = argument[0] != '\0' ? instructions[i].set(argument, config)
					 : refuse("its value is missing");
		return rc < 0 ? fail_in(rc, "change '%s'", text) : 0;
	}
	refuse("change '%s': '%.*s' is no instruction that changes an image's configuration", text,
	       (int)len, text);
	hint("there are CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, STOPSIGNAL, USER, VOLUME, WORKDIR");
	return -EINVAL;
}
