/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_SPEC_PROFILE_H
#define BERTH_SPEC_PROFILE_H

#include <stdint.h>

#include "spec/spec.h"

/* The default confinement, as data: capabilities, masked and read-only paths, device rules, mounts.
 */

/* CHOWN DAC_OVERRIDE FOWNER FSETID KILL NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT
 */
extern const uint64_t profile_default_caps;
extern const char *const profile_masked_paths[];             /* ended by NULL */
extern const char *const profile_readonly_paths[];           /* ended by NULL */
extern const struct spec_device_rule profile_device_rules[]; /* ended by type 0 */

/* Mask what each processor below `cpus` (/sys/devices/system/cpu) tells of its throttling, and with
 * it of the load of the whole machine. */
void profile_mask_cpus(struct spec *spec, const char *cpus);

/* Fill a spec with the default mounts (/proc, /sys, /dev, /dev/pts, /dev/shm, /dev/mqueue,
 * /sys/fs/cgroup), masks, read-only paths, capabilities and device rules; or, with
 * spec->privileged, what that means. The namespaces of spec must be set before: /sys and
 * /dev/mqueue depend on them. shm_size in bytes. */
void profile_apply(struct spec *spec, uint64_t shm_size);

#endif
