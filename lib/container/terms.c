/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/terms.h"

#include <linux/bpf_common.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/fs.h"
#include "box/pass.h"
#include "spec/config.h"

#define CONFIG "config.json"
#define FILTER "seccomp.filter"

#define FILTER_MAX 4096 /* BPF_MAXINSNS */

int terms_save(const struct record *record, const struct spec *spec)
{
	const struct spec_seccomp *seccomp = &spec->seccomp;
	AUTO(buf) text = BUF_INIT;

	if (seccomp->mode == SECCOMP_PROFILE)
		TRY(fs_replace_file(record->dirfd, FILTER, seccomp->filter,
				    seccomp->filter_len * sizeof(*seccomp->filter), 0600, false));
	TRY(config_write(spec, spec->root.path, &text));
	return fs_replace_file(record->dirfd, CONFIG, text.data, text.len, 0600, false);
}

void terms_open(struct record *record, const struct spec *spec)
{
	record->executed = record->pid_start;
	if ((record->ephemeral && terms_save(record, spec) < 0) || record_save(record) < 0)
		err_clear();
}

static int load_filter(const struct record *record, struct spec_seccomp *seccomp)
{
	const size_t size = sizeof(*seccomp->filter);
	AUTO(buf) bytes = BUF_INIT;

	TRY(fs_read_file(record->dirfd, FILTER, FILTER_MAX * size, &bytes));
	if (bytes.len == 0 || bytes.len % size != 0)
		return refuse("'%s/" FILTER "' is no filter", record->dir);
	seccomp->filter = xcalloc(bytes.len / size, size);
	memcpy(seccomp->filter, bytes.data, bytes.len);
	seccomp->filter_len = (unsigned short)(bytes.len / size);
	seccomp->passes = pass_is_needed(seccomp);
	return 0;
}

int terms_load(const struct record *record, struct spec *ret_spec)
{
	AUTO(buf) text = BUF_INIT;
	AUTO(spec) spec;

	spec_init(&spec);
	TRY(fs_read_file(record->dirfd, CONFIG, MAX_STATE_FILE, &text));
	TRY(config_read(text.data, text.len, &spec));
	if (spec.seccomp.mode == SECCOMP_PROFILE)
		TRY(load_filter(record, &spec.seccomp));
	spec.id = xstrdup(record->id);
	*ret_spec = spec;
	spec_init(&spec);
	return 0;
}

void terms_drop(const struct record *record)
{
	unlinkat(record->dirfd, CONFIG, 0);
	unlinkat(record->dirfd, FILTER, 0);
}
