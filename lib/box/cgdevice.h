/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_CGDEVICE_H
#define BERTH_BOX_CGDEVICE_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>

#include "spec/spec.h"

/* Which devices a container may open: spec.cgroup.resources.devices, the last rule that matches
 * decides, and what matches none is denied. */

/*
 * Could the container open a device that berth did not put into its /dev? Not with the defaults: it
 * cannot make nodes (no CAP_MKNOD), and every mount that could bring some is nodev. Then the rules
 * would forbid nothing and are not installed.
 */
bool cgdevice_needed(const struct spec *spec);

/* Are we in a user namespace? There no device can be made, and none that a mount brings be opened:
 * rules that cannot be set for want of rights forbid nothing more. */
bool cgdevice_spared(void);

/* v1: write the rules to an open cgroup of the devices hierarchy. */
int cgdevice_write(const struct spec_resources *resources, int dirfd);

/* v2: load them as an eBPF program and attach it to an open cgroup. */
int cgdevice_attach(const struct spec_resources *resources, int dirfd);

/* The program: ret has room for CGDEVICE_INSNS(rules) instructions; returns their number. */
#define CGDEVICE_INSNS(rules) (8 + 9 * (rules))
size_t cgdevice_program(const struct spec_resources *resources, struct bpf_insn *ret);

#endif
