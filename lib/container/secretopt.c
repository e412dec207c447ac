/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/secretopt.h"

#include <stdlib.h>
#include <string.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/path.h"
#include "base/units.h"
#include "container/secret.h"

#define MODE_DEFAULT 0444
#define MODE_MAX 0777

/* --- the text --------------------------------------------------------------------------------- */

struct parse {
	struct secretopt *opt;
	bool file_only; /* something was given that variables do not have */
};

static int parse_type(struct parse *parse, const char *value)
{
	parse->opt->env = strcmp(value, "env") == 0;
	if (!parse->opt->env && strcmp(value, "mount") != 0)
		return refuse("type '%s': mount or env", value);
	return 0;
}

static int parse_target(struct parse *parse, const char *value)
{
	if (*value == '\0')
		return refuse("the target is empty");
	xreplace(&parse->opt->target, value);
	return 0;
}

static int parse_id(const char *value, uint32_t *ret_id)
{
	uint64_t id;

	TRY(units_parse_u64(value, MAX_ID, &id));
	*ret_id = (uint32_t)id;
	return 0;
}

static int parse_uid(struct parse *parse, const char *value)
{
	parse->opt->owned = parse->file_only = true;
	return parse_id(value, &parse->opt->uid);
}

static int parse_gid(struct parse *parse, const char *value)
{
	parse->opt->owned = parse->file_only = true;
	return parse_id(value, &parse->opt->gid);
}

static int parse_mode(struct parse *parse, const char *value)
{
	parse->file_only = true;
	TRY(units_parse_mode(value, &parse->opt->mode));
	return parse->opt->mode <= MODE_MAX
		       ? 0
		       : refuse("mode '%s': read, write and execute bits", value);
}

static int parse_source(struct parse *parse, const char *value)
{
	xreplace(&parse->opt->name, value);
	return 0;
}

static int parse_option(struct parse *parse, const char *text)
{
	static const struct {
		const char *key;
		int (*parse)(struct parse *parse, const char *value);
	} keys[] = {
		{ "type", parse_type },  { "target", parse_target }, { "uid", parse_uid },
		{ "gid", parse_gid },    { "mode", parse_mode },     { "source", parse_source },
		{ "src", parse_source },
	};
	size_t len = strcspn(text, "=");

	for (size_t i = 0; text[len] == '=' && i < ARRAY_SIZE(keys); i++)
		if (strlen(keys[i].key) == len && strncmp(keys[i].key, text, len) == 0)
			return fail_in(keys[i].parse(parse, text + len + 1), "%s", keys[i].key);
	return refuse("'%s' is none of type=, target=, uid=, gid=, mode=", text);
}

/* Relative to the directory of secrets, which it does not leave. */
static int finish_target(struct secretopt *opt)
{
	const char *target = opt->target != NULL ? opt->target : opt->name;
	autofree char *joined = path_join(SECRET_DIR, target);
	autofree char *clean = path_clean(joined);

	if (*target != '/' && !path_is_within(clean, SECRET_DIR))
		return refuse("target '%s' leads out of " SECRET_DIR, target);
	if (path_is_within(SECRET_DIR, clean))
		return refuse("target '%s' is no file", target);
	free(opt->target);
	opt->target = steal(clean);
	return 0;
}

static int finish_env(struct secretopt *opt, bool file_only)
{
	if (file_only)
		return refuse("uid, gid and mode are for type=mount");
	if (opt->target == NULL)
		opt->target = xstrdup(opt->name);
	if (strchr(opt->target, '=') != NULL)
		return refuse("target '%s' is not the name of a variable", opt->target);
	return 0;
}

static int parse(const char *text, struct secretopt *opt)
{
	struct parse parse = { .opt = opt };
	AUTO(strvec) words = STRVEC_INIT;
	size_t first = 0;

	opt->mode = MODE_DEFAULT;
	strvec_split(&words, text, ',');
	if (strchr(words.v[0], '=') == NULL)
		opt->name = xstrdup(words.v[first++]);
	for (size_t i = first; i < words.n; i++)
		TRY(parse_option(&parse, words.v[i]));
	if (opt->name == NULL)
		return refuse("the name of a secret is missing");
	TRY(secret_name_check(opt->name));
	return opt->env ? finish_env(opt, parse.file_only) : finish_target(opt);
}

int secretopt_parse(const char *text, struct secretopt *ret_opt)
{
	AUTO(secretopt) opt = { 0 };

	TRY(fail_in(parse(text, &opt), "--secret '%s'", text));
	*ret_opt = opt;
	opt = (struct secretopt){ 0 };
	return 0;
}

void secretopt_release(struct secretopt *opt)
{
	free(opt->name);
	free(opt->target);
	*opt = (struct secretopt){ 0 };
}

/* --- what it stands for ----------------------------------------------------------------------- */

static int check_target(const struct secretopt *opt, const struct spec *spec)
{
	bool ours = path_is_within(opt->target, SECRET_DIR);

	for (size_t i = 0; i < spec->secrets.n; i++)
		if (strcmp(spec->secrets.v[i].target, opt->target) == 0)
			return refuse("two secrets have the target '%s'", opt->target);
	for (size_t i = 0; i < spec->mounts.n; i++) {
		const char *destination = spec->mounts.v[i].destination;

		if (strcmp(destination, opt->target) == 0 ||
		    (ours && path_is_within(destination, SECRET_DIR)))
			return refuse("something else is mounted on '%s'", destination);
	}
	return 0;
}

static int read_variable(const struct secretopt *opt, const struct secret *secret,
			 struct strvec *env)
{
	const struct buf *data = &secret->data;

	if (memchr(data->data, '\0', data->len) != NULL) {
		refuse("the secret has a NUL byte, and no variable can hold that");
		hint("type=mount makes a file of it");
		return -EINVAL;
	}
	env_set(env, opt->target, data->data);
	return 0;
}

static void add_file(const struct secretopt *opt, struct secret *secret, struct spec *spec)
{
	struct spec_secret *file = VEC_PUSH(&spec->secrets);

	file->target = xstrdup(opt->target);
	file->uid = opt->uid;
	file->gid = opt->gid;
	file->owned = opt->owned;
	file->mode = opt->mode;
	file->data = secret->data;
	secret->data = (struct buf)BUF_INIT;
}

static int apply_one(const struct host *host, const char *text, struct spec *spec,
		     struct strvec *env)
{
	AUTO(secret) secret = SECRET_INIT;
	AUTO(secretopt) opt = { 0 };

	TRY(secretopt_parse(text, &opt));
	if (!opt.env && spec == NULL)
		return 0;
	if (!opt.env)
		TRY(fail_in(check_target(&opt, spec), "--secret %s", opt.name));
	TRY(fail_in(secret_find(host, opt.name, true, &secret), "--secret"));
	if (opt.env)
		return fail_in(read_variable(&opt, &secret, env), "--secret %s", opt.name);
	add_file(&opt, &secret, spec);
	return 0;
}

int secretopt_apply(const struct host *host, const struct strvec *texts, struct spec *spec)
{
	for (size_t i = 0; i < texts->n; i++)
		TRY(apply_one(host, texts->v[i], spec, &spec->process.secret_env));
	return 0;
}

/* A container runs on without a secret that was removed meanwhile, and so do the commands in it. */
int secretopt_apply_env(const struct host *host, const struct strvec *texts, struct strvec *env)
{
	for (size_t i = 0; i < texts->n; i++) {
		int rc = apply_one(host, texts->v[i], NULL, env);

		if (rc != -ENOENT)
			TRY(rc);
		err_clear();
	}
	return 0;
}
