/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/caps.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "spec/names.h"

/* The bits of one word of the kernel's interface. */
#define WORD_BITS 32

/* No kernel has more capabilities than bits in a mask. */
#define CAP_BITS 64

struct cap_sets {
	uint64_t effective, permitted, inheritable;
};

/* Directly, not by libcap: it knows the sets one capability at a time. */
static int sets_read(struct cap_sets *ret_sets)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (syscall(SYS_capget, &header, data) < 0)
		return fail("cannot read the capabilities of this process");
	*ret_sets = (struct cap_sets){
		.effective = data[0].effective | (uint64_t)data[1].effective << WORD_BITS,
		.permitted = data[0].permitted | (uint64_t)data[1].permitted << WORD_BITS,
		.inheritable = data[0].inheritable | (uint64_t)data[1].inheritable << WORD_BITS,
	};
	return 0;
}

static int sets_write(const struct cap_sets *sets)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {
		{ (uint32_t)sets->effective, (uint32_t)sets->permitted,
		  (uint32_t)sets->inheritable },
		{ (uint32_t)(sets->effective >> WORD_BITS),
		  (uint32_t)(sets->permitted >> WORD_BITS),
		  (uint32_t)(sets->inheritable >> WORD_BITS) },
	};

	if (syscall(SYS_capset, &header, data) < 0)
		return fail("cannot set the capabilities of the container");
	return 0;
}

/* The ambient set has no call of its own for reading: one for each capability. */
static int ambient_set(uint64_t ambient)
{
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return fail("cannot clear the ambient capabilities");
	for (unsigned long cap = 0; cap < CAP_BITS; cap++)
		if ((ambient >> cap & 1) != 0 &&
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
			return fail("cannot make %s ambient", cap_name((int)cap));
	return 0;
}

int caps_drop_bounding(const struct spec_caps *caps)
{
	for (unsigned long cap = 0; cap < CAP_BITS; cap++) {
		if ((caps->bounding >> cap & 1) != 0)
			continue;
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0)
			continue;
		if (errno == EINVAL) /* beyond the last one of this kernel */
			break;
		return fail("cannot take %s out of the bounding set", cap_name((int)cap));
	}
	return 0;
}

int caps_keep(void)
{
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return fail("cannot keep the capabilities while ids change");
	return 0;
}

int caps_raise(void)
{
	struct cap_sets sets;

	TRY(sets_read(&sets));
	if (sets.effective == sets.permitted)
		return 0;
	sets.effective = sets.permitted;
	return sets_write(&sets);
}

int caps_apply(const struct spec_caps *caps, uid_t uid)
{
	struct cap_sets now, want;
	uint64_t ambient;

	TRY(sets_read(&now));
	ambient = caps->ambient & caps->permitted & now.permitted;
	want.permitted = uid == 0 ? caps->permitted & now.permitted : ambient;
	want.effective = uid == 0 ? caps->effective & want.permitted : ambient;
	/* A new inheritable bit has to be in the bounding set and, without CAP_SETPCAP, permitted.
	 */
	want.inheritable = (caps->inheritable & caps->bounding & now.permitted) | ambient;
	TRY(sets_write(&want));
	TRY(ambient_set(ambient));

	TRY(sets_read(&now));
	if (now.permitted != want.permitted || now.effective != want.effective ||
	    now.inheritable != want.inheritable)
		return refuse_with(EPERM, "the kernel did not take the capabilities as they "
					  "were given");
	return 0;
}

uint64_t caps_available(void)
{
	uint64_t caps = 0;

	for (unsigned long cap = 0; cap < CAP_BITS; cap++) {
		int set = prctl(PR_CAPBSET_READ, cap, 0, 0, 0);

		if (set < 0)
			break;
		caps |= (uint64_t)set << cap;
	}
	return caps;
}

int caps_check(uint64_t asked)
{
	uint64_t missing = asked & CAP_ALL_MASK & ~caps_available();

	if (missing == 0)
		return 0;
	refuse_with(EPERM, "%s cannot be granted: berth does not have it itself",
		    cap_name(__builtin_ctzll(missing)));
	hint("the bounding set of this session lacks it (see CapBnd in /proc/self/status); leave "
	     "it out, or start berth from where it is there");
	return -EPERM;
}
