/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "oci/ocibundle.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/path.h"
#include "box/seccomp.h"
#include "spec/bundleconfig.h"

void ocibundle_release(struct ocibundle *bundle)
{
	free(bundle->dir);
	buf_release(&bundle->config);
	spec_release(&bundle->spec);
	bundle->dir = NULL;
}

/* A place for the cgroup of a bundle that names none: containers of the same ID that other
 * directories of states have are elsewhere. */
static void place_cgroup(const struct runtime *runtime, const char *id, struct spec_cgroup *cgroup)
{
	cgroup->systemd = runtime->systemd_cgroup;
	if (cgroup->path != NULL && cgroup->path[0] != '\0')
		return;
	free(cgroup->path);
	cgroup->path = xasprintf("%s%s.%08lx", cgroup->systemd ? ":berth:" : "", id,
				 crc32(0, (const unsigned char *)runtime->root,
				       (unsigned int)strlen(runtime->root)));
}

/* What is asked for on the command line and not in the document. */
static void apply(const struct runtime *runtime, const char *id, struct spec *spec)
{
	spec->id = xstrdup(id);
	spec->process.check_command = true;
	place_cgroup(runtime, id, &spec->cgroup);
}

static int read_config(const struct runtime *runtime, int dirfd, const char *file, const char *id,
		       struct ocibundle *bundle)
{
	spec_init(&bundle->spec);
	TRY(fs_read_file(dirfd, file, MAX_CONFIG, &bundle->config));
	TRY(bundleconfig_read(bundle->config.data, bundle->config.len, bundle->dir, &bundle->spec));
	apply(runtime, id, &bundle->spec);
	return 0;
}

int ocibundle_compile(const struct runtime *runtime, struct spec *spec)
{
	/* No container can have that name. */
	autofree char *cache = xasprintf("%s/.@seccomp", runtime->root);

	return fail_in(seccomp_compile_part(cache, spec), "config.json");
}

static int check_root(const struct spec *spec)
{
	struct stat st;

	if (stat(spec->root.path, &st) < 0)
		return fail("config.json: 'root.path' is '%s'", spec->root.path);
	if (!S_ISDIR(st.st_mode))
		return refuse("config.json: 'root.path', '%s', is not a directory",
			      spec->root.path);
	return 0;
}

int ocibundle_load(const struct runtime *runtime, const struct runtime_create *request,
		   const char *id, struct ocibundle *ret_bundle)
{
	const char *file = request->config != NULL ? request->config : "config.json";
	struct ocibundle bundle = { .config = BUF_INIT };
	autoclose int dirfd = -1;
	int rc = path_absolute(request->bundle != NULL ? request->bundle : ".", &bundle.dir);

	TRY(rc);
	dirfd = fs_open(AT_FDCWD, bundle.dir, O_PATH | O_DIRECTORY, 0);
	rc = dirfd >= 0 ? read_config(runtime, request->config != NULL ? AT_FDCWD : dirfd, file, id,
				      &bundle)
			: dirfd;
	if (rc >= 0)
		rc = check_root(&bundle.spec);
	if (rc < 0) {
		ocibundle_release(&bundle);
		return rc;
	}
	*ret_bundle = bundle;
	return 0;
}

int ocibundle_of(const struct runtime *runtime, const struct ocistate *state,
		 struct ocibundle *ret_bundle)
{
	struct ocibundle bundle = { .config = BUF_INIT };
	int rc;

	bundle.dir = xstrdup(state->bundle);
	rc = read_config(runtime, state->dir, OCISTATE_CONFIG, state->id, &bundle);
	if (rc < 0) {
		ocibundle_release(&bundle);
		return rc;
	}
	*ret_bundle = bundle;
	return 0;
}
