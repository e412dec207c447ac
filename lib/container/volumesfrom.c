/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/volumesfrom.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/fs.h"
#include "container/volumeuse.h"
#include "spec/config.h"

struct source {
	char *name;
	bool readonly, relabel;
};

static void source_release(struct source *source)
{
	free(source->name);
}

static int parse_option(const char *word, struct source *source)
{
	if (strcmp(word, "ro") == 0)
		source->readonly = true;
	else if (strcmp(word, "z") == 0 || strcmp(word, "Z") == 0)
		source->relabel = true;
	else if (strcmp(word, "rw") != 0 && strcmp(word, "nocopy") != 0)
		return refuse("'%s' is none of ro, rw, z", word);
	return 0;
}

static int parse(const char *text, struct source *source)
{
	size_t len = strcspn(text, ":");
	AUTO(strvec) words = STRVEC_INIT;

	if (len == 0)
		return refuse("the name of the container is empty");
	source->name = xstrndup(text, len);
	if (text[len] == ':')
		strvec_split(&words, text + len + 1, ',');
	for (size_t i = 0; i < words.n; i++)
		TRY(parse_option(words.v[i], source));
	return 0;
}

int volumesfrom_check(const char *text)
{
	AUTO(source) source = { 0 };

	return parse(text, &source);
}

static void copy_mount(const struct spec_mount *from, struct spec_mount *to)
{
	to->destination = xstrdup(from->destination);
	to->type = xstrdup(from->type);
	to->source = xstrdup_null(from->source);
	to->subpath = xstrdup_null(from->subpath);
	to->recursive = from->recursive;
	to->attr_set = from->attr_set;
	to->attr_clear = from->attr_clear;
	to->attr_recursive = from->attr_recursive;
	to->propagation = from->propagation;
	strvec_push_all(&to->data, &from->data);
	to->idmap = from->idmap;
	to->from_image = from->from_image;
	to->outside = from->outside;
}

/* Two containers may have something at the same place: the last one counts, as with docker. */
static struct mountopt *place_of(struct volumesfrom *from, const char *destination)
{
	for (size_t i = 0; i < from->n; i++)
		if (strcmp(from->v[i].mount.destination, destination) == 0) {
			mountopt_release(&from->v[i]);
			return &from->v[i];
		}
	return VEC_PUSH(from);
}

static bool is_shared(const struct record *record, const struct spec_mount *mount, const char *name)
{
	return name != NULL || (strcmp(mount->type, "bind") == 0 && mount->source != NULL &&
				strvec_has(&record->mounts, mount->source));
}

static int read_plan(const struct record *record, struct spec *spec)
{
	AUTO(buf) text = BUF_INIT;
	int rc = fs_read_file(record->dirfd, "config.json", MAX_STATE_FILE, &text);

	if (rc == -ENOENT)
		return refuse_with(ESRCH, "it is just being started");
	TRY(rc);
	spec_release(spec);
	return config_read_whole(text.data, text.len, spec);
}

static int add_mounts(const struct record *record, const struct source *source,
		      struct volumesfrom *from)
{
	AUTO(spec) spec;

	spec_init(&spec);
	TRY(read_plan(record, &spec));
	for (size_t i = 0; i < spec.mounts.n; i++) {
		const struct spec_mount *mount = &spec.mounts.v[i];
		autofree char *name = volumeuse_at(record, mount->destination);
		struct mountopt *opt;

		if (!is_shared(record, mount, name) || strcmp(mount->type, "overlay") == 0)
			continue;
		opt = place_of(from, mount->destination);
		opt->kind = MOUNTOPT_FROM;
		opt->volume = steal(name);
		opt->relabel = source->relabel;
		copy_mount(mount, &opt->mount);
		if (source->readonly)
			opt->mount.attr_set |= MOUNT_ATTR_RDONLY;
	}
	return 0;
}

int volumesfrom_read(const struct host *host, const char *text, struct volumesfrom *from)
{
	AUTO(source) source = { 0 };
	AUTO(record) record = RECORD_INIT;

	TRY(parse(text, &source));
	TRY(fail_in(record_find(host, source.name, &record), "--volumes-from"));
	return fail_in(add_mounts(&record, &source, from), "--volumes-from: container '%s'",
		       record.name);
}

void volumesfrom_release(struct volumesfrom *from)
{
	for (size_t i = 0; i < from->n; i++)
		mountopt_release(&from->v[i]);
	free(from->v);
	*from = (struct volumesfrom){ 0 };
}
