/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_COMMAND_OPTIONS_H
#define BERTH_COMMAND_OPTIONS_H

#include "base/opt.h"

/*
 * Options that several commands share, in groups that write into struct request. Values that can
 * be wrong on their own are checked as they are met; what depends on others or on the host is
 * container/'s to check.
 */
extern const struct opt options_process[];
extern const struct opt options_environment[];
extern const struct opt options_identity[];
extern const struct opt options_userns[];
extern const struct opt options_namespaces[];
extern const struct opt options_network[];
extern const struct opt options_limits[];
extern const struct opt options_resources[];
extern const struct opt options_mounts[];
extern const struct opt options_security[];
extern const struct opt options_lifecycle[];
extern const struct opt options_health[];
extern const struct opt options_image[];
extern const struct opt options_plan[];
/* What docker and podman have and berth has not: accepted where nothing depends on it, refused
 * where leaving it out would weaken or surprise. */
extern const struct opt options_foreign[];

/* Checks of single values (optioncheck.c). */
int check_env(const char *value);
int check_label(const char *value);
int check_annotation(const char *value);
int check_ulimit(const char *value);
int check_umask(const char *value);
int check_workdir(const char *value);
int check_user(const char *value);
int check_tz(const char *value);
int check_hostname(const char *value);
int check_dns(const char *value);
int check_resolv_word(const char *value);
int check_publish(const char *value);
int check_mapping(const char *value);
int check_userns(const char *value);
int check_cpus(const char *value);
int check_cpuset(const char *value);
int check_byte_rate(const char *value);
int check_io_rate(const char *value);
int check_sysctl(const char *value);
int check_cgroup_conf(const char *value);
int check_volume(const char *value);
int check_mount(const char *value);
int check_tmpfs(const char *value);
int check_cap(const char *value);
int check_platform(const char *value);
int check_signal(const char *value);
int check_secret(const char *value);
int check_filled(const char *value);

#endif
