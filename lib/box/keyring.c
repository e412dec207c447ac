/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/keyring.h"

#include <fcntl.h>
#include <linux/keyctl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"

/* What a new one has, KEY_POS_ALL and KEY_USR_VIEW, READ, LINK, and KEY_USR_SEARCH: who joins the
 * container finds it by its name. */
#define PERMISSIONS 0x3f1b0000

/* Otherwise it had berth's own label, and the payload no right to it. */
static int label_keys(const char *label)
{
	return label != NULL ? fs_write_file(AT_FDCWD, "/proc/thread-self/attr/keycreate", label)
			     : 0;
}

int keyring_join(const struct spec *spec)
{
	autofree char *name = spec->id != NULL ? xasprintf("_ses.%s", spec->id) : NULL;
	long serial;

	if (!spec->process.new_keyring)
		return 0;
	TRY(label_keys(spec->process.selinux_label));
	serial = syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name);
	if (serial < 0 && errno == ENOSYS)
		return 0;
	if (serial < 0) {
		fail("cannot make a session keyring for the container");
		hint("--no-new-keyring keeps the caller's");
		return -EPERM;
	}
	/* One that was there already may be another user's. */
	if (syscall(SYS_keyctl, KEYCTL_SETPERM, serial, PERMISSIONS) < 0 && errno != EACCES)
		return fail("cannot open the session keyring to who joins the container");
	return 0;
}
