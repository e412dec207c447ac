/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/label.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"

static bool has_apparmor(void)
{
	autoclose int fd = open("/sys/module/apparmor/parameters/enabled", O_RDONLY | O_CLOEXEC);
	char enabled = 'N';

	return fd >= 0 && read(fd, &enabled, 1) == 1 && enabled == 'Y';
}

static bool has_selinux(void)
{
	return access("/sys/fs/selinux/enforce", F_OK) == 0;
}

int label_check(const struct spec_process *process)
{
	const char *profile = process->apparmor_profile, *label = process->selinux_label;

	if (profile != NULL && !has_apparmor())
		return refuse_with(EOPNOTSUPP,
				   "process.apparmorProfile: cannot take the label 'exec %s': this "
				   "kernel has no AppArmor, or it is off",
				   profile);
	if (label != NULL && !has_selinux())
		return refuse_with(EOPNOTSUPP,
				   "process.selinuxLabel: cannot take the label '%s': this kernel "
				   "has no SELinux, or it is off",
				   label);
	return 0;
}
