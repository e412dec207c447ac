/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/seccomp.h"

#include <inttypes.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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
#include "spec/syscallnames.h"

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

int seccomp_set_flags(const struct sock_filter *filter, unsigned short len, uint32_t flags)
{
	const struct sock_fprog program = { .len = len, .filter = (struct sock_filter *)filter };
	long rc = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);

	return rc < 0 ? fail("cannot install the system call filter") : (int)rc;
}

int seccomp_set(const struct sock_filter *filter, unsigned short len)
{
	/* Without SPEC_ALLOW, kernels before 5.16 slow everything in the container down; no LOG:
	 * each clone3 of a thread would be a line in the host's log. */
	return seccomp_set_flags(filter, len, SECCOMP_FILTER_FLAG_SPEC_ALLOW);
}

bool seccomp_has_flag(uint32_t flag)
{
	/* There is nothing to wait for without a listener, and the kernel says so. */
	if (flag == SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)
		flag |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
	/* Flags are looked at before the filter that is not there. */
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flag, NULL) < 0 && errno == EFAULT;
}

uint32_t seccomp_flags(const struct spec_seccomp *seccomp)
{
	uint32_t flags = seccomp->has_flags ? seccomp->flags : SECCOMP_FILTER_FLAG_SPEC_ALLOW;

	/* How a listener is to be waited for means nothing where there is none. */
	return seccomp->notifies ? flags
				 : flags & ~(uint32_t)SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
}

int seccomp_install(const struct spec *spec, struct pass *ret_pass)
{
	struct sock_filter filter[SECCOMP_DEFAULT_MAX];
	unsigned short len;

	*ret_pass = (struct pass){ 0 };
	switch (spec->seccomp.mode) {
	case SECCOMP_DEFAULT:
		len = seccomp_default(spec->process.caps.bounding, filter);
		TRY(seccomp_set(filter, len));
		break;
	case SECCOMP_PROFILE:
		TRY(pass_install(&spec->seccomp, seccomp_flags(&spec->seccomp), ret_pass));
		break;
	case SECCOMP_UNCONFINED:
		break;
	}
	if (spec->seccomp.fake_owner)
		TRY(fakeid_install());
	return 0;
}

/*
 * Which libseccomp it is, without loading it: the loader's cache is written anew whenever a library
 * is installed. Where there is none libseccomp has to say it.
 */
static int add_library(struct buf *key)
{
	char version[32];
	struct stat st;

	if (stat("/etc/ld.so.cache", &st) == 0) {
		buf_addf(key, "libraries of %lld.%09ld, %llu", (long long)st.st_mtim.tv_sec,
			 st.st_mtim.tv_nsec, (unsigned long long)st.st_ino);
		return 0;
	}
	TRY(sysprofile_version(version, sizeof(version)));
	buf_addf(key, "libseccomp %s", version);
	return 0;
}

/* Everything that the filter depends on. */
static int make_key(const struct sysprofile_source *source, struct buf *key)
{
	struct utsname host;

	if (uname(&host) < 0)
		return fail("cannot tell the version of the kernel");
	TRY(add_library(key));
	buf_addf(key, ", berth %s, %s %s, %s, capabilities %" PRIx64 "\n", BERTH_VERSION,
		 host.machine, host.release, source->is_bundle ? "bundle" : "file", source->caps);
	buf_add(key, source->bytes, source->len);
	return 0;
}

static int compile(const struct sysprofile_source *source, const char *cache_dir,
		   struct spec_seccomp *seccomp)
{
	AUTO(sysprofile) profile = { 0 };
	AUTO(buf) key = BUF_INIT;

	TRY(make_key(source, &key));
	if (cache_dir == NULL || syscache_find(cache_dir, &key, &profile) <= 0) {
		TRY(sysprofile_compile(source, &profile));
		/* It can be made again. */
		if (cache_dir != NULL && syscache_keep(cache_dir, &key, &profile) < 0)
			err_clear();
	}
	free(seccomp->filter);
	seccomp->filter = steal(profile.filter);
	seccomp->filter_len = profile.len;
	seccomp->mode = SECCOMP_PROFILE;
	seccomp->notifies = sysprofile_notifies(seccomp->filter, seccomp->filter_len);
	seccomp->passes = pass_is_needed(seccomp);
	return 0;
}

int seccomp_compile(const char *path, const char *cache_dir, struct spec *spec)
{
	AUTO(buf) text = BUF_INIT;
	struct sysprofile_source source = { .name = path, .caps = spec->process.caps.bounding };

	TRY(fs_read_file(AT_FDCWD, path, MAX_CONFIG, &text));
	source.bytes = text.data;
	source.len = text.len;
	return compile(&source, cache_dir, &spec->seccomp);
}

static int check_flags(const struct spec_seccomp *seccomp)
{
	for (const struct syscall_flag *row = syscall_flags; row->name != NULL; row++)
		if ((seccomp->flags & row->flag) != 0 && !seccomp_has_flag(row->flag))
			return refuse_with(EOPNOTSUPP, "linux.seccomp.flags: this kernel has no %s",
					   row->name);
	return 0;
}

int seccomp_compile_part(const char *cache_dir, struct spec *spec)
{
	struct spec_seccomp *seccomp = &spec->seccomp;
	struct sysprofile_source source = { .name = "linux.seccomp", .is_bundle = true };

	if (seccomp->profile == NULL)
		return 0;
	TRY(check_flags(seccomp));
	source.bytes = seccomp->profile;
	source.len = strlen(seccomp->profile);
	return compile(&source, cache_dir, seccomp);
}
