/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/seccomp.h"

#include <inttypes.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/fs.h"
#include "box/fakeid.h"
#include "box/filtergate.h"
#include "box/profile/default_filter.h"
#include "box/syscache.h"
#include "box/sysprofile.h"

_Static_assert(ARRAY_SIZE(gated_filter) <= SECCOMP_DEFAULT_MAX, "SECCOMP_DEFAULT_MAX");

unsigned short seccomp_default(uint64_t caps, struct sock_filter *ret)
{
	if ((caps & GATE_CAPS) == DEFAULT_CAPS) {
		memcpy(ret, default_filter, sizeof(default_filter));
		return ARRAY_SIZE(default_filter);
	}
	memcpy(ret, gated_filter, sizeof(gated_filter));
	for (size_t i = 0; i < ARRAY_SIZE(gated_gates); i++) {
		const struct filter_gate *gate = &gated_gates[i];

		ret[gate->index].k = (caps & gate->any_of) != 0 ? gate->granted : gate->denied;
	}
	return ARRAY_SIZE(gated_filter);
}

int seccomp_set(const struct sock_filter *filter, unsigned short len)
{
	const struct sock_fprog program = { .len = len, .filter = (struct sock_filter *)filter };

	/* Without SPEC_ALLOW, kernels before 5.16 slow everything in the container down; no LOG:
	 * each clone3 of a thread would be a line in the host's log. */
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW,
		    &program) < 0)
		return fail("cannot install the system call filter");
	return 0;
}

int seccomp_install(const struct spec *spec)
{
	struct sock_filter filter[SECCOMP_DEFAULT_MAX];
	unsigned short len;

	switch (spec->seccomp.mode) {
	case SECCOMP_DEFAULT:
		len = seccomp_default(spec->process.caps.bounding, filter);
		TRY(seccomp_set(filter, len));
		break;
	case SECCOMP_PROFILE:
		TRY(seccomp_set(spec->seccomp.filter, spec->seccomp.filter_len));
		break;
	case SECCOMP_UNCONFINED:
		break;
	}
	if (spec->seccomp.fake_owner)
		TRY(fakeid_install());
	return 0;
}

/* Everything that the filter depends on. */
static int make_key(const struct buf *profile, uint64_t caps, struct buf *key)
{
	struct utsname host;
	char version[32];

	TRY(sysprofile_version(version, sizeof(version)));
	if (uname(&host) < 0)
		return fail("cannot tell the version of the kernel");
	buf_addf(key, "berth %s, libseccomp %s, %s %s, capabilities %" PRIx64 "\n", BERTH_VERSION,
		 version, host.machine, host.release, caps);
	buf_add(key, profile->data, profile->len);
	return 0;
}

int seccomp_compile(const char *path, const char *cache_dir, struct spec *spec)
{
	AUTO(buf) text = BUF_INIT, key = BUF_INIT;
	AUTO(sysprofile) profile = { 0 };
	uint64_t caps = spec->process.caps.bounding;

	TRY(fs_read_file(AT_FDCWD, path, MAX_CONFIG, &text));
	TRY(make_key(&text, caps, &key));
	if (cache_dir == NULL || syscache_find(cache_dir, &key, &profile) <= 0) {
		TRY(sysprofile_compile(text.data, text.len, path, caps, &profile));
		/* It can be made again. */
		if (cache_dir != NULL && syscache_keep(cache_dir, &key, &profile) < 0)
			err_clear();
	}
	free(spec->seccomp.filter);
	spec->seccomp.filter = steal(profile.filter);
	spec->seccomp.filter_len = profile.len;
	spec->seccomp.mode = SECCOMP_PROFILE;
	return 0;
}
