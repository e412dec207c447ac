/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_COMMAND_COMMANDS_H
#define BERTH_COMMAND_COMMANDS_H

/*
 * A command is one constant at the bottom of its file. The list below is the only list of commands:
 * it declares the constants, orders --help, and tells test/lint what must have a page, a test and a
 * completion.
 *
 * To add one: a file lib/command/NAME.c with `const struct command command_NAME`, a line here,
 * man/berth-NAME.1, test/run/NAME.bats.
 *
 * A group is the first word of commands of two ("image"): a command that has no run(), only a name
 * and a summary (group.c), and lists its members: each command that is called "GROUP VERB" or has
 * such an alias. To add a member: the same as above with GROUP_VERB for NAME and "GROUP VERB" as
 * its name; it is described in a section `.Ss VERB` of man/berth-GROUP.1, and tested in
 * test/run/GROUP.bats or test/run/GROUP-*.bats.
 */
#define COMMANDS(X) \
	X(run) \
	X(create) \
	X(start) \
	X(restart) \
	X(exec) \
	X(ps) \
	X(logs) \
	X(attach) \
	X(rm) \
	X(kill) \
	X(stop) \
	X(wait) \
	X(pause) \
	X(unpause) \
	X(top) \
	X(stats) \
	X(events) \
	X(rename) \
	X(update) \
	X(port) \
	X(export) \
	X(diff) \
	X(cp) \
	X(commit) \
	X(pull) \
	X(push) \
	X(load) \
	X(save) \
	X(import) \
	X(images) \
	X(rmi) \
	X(tag) \
	X(search) \
	X(login) \
	X(logout) \
	X(untag) \
	X(history) \
	X(inspect) \
	X(info) \
	X(doctor) \
	X(unshare) \
	X(version) \
	X(completion) \
	X(help) \
	X(group_container) \
	X(container_cleanup) \
	X(container_exists) \
	X(container_inspect) \
	X(container_prune) \
	X(group_healthcheck) \
	X(healthcheck_run) \
	X(group_image) \
	X(image_exists) \
	X(image_export) \
	X(image_inspect) \
	X(image_mount) \
	X(image_prune) \
	X(image_tree) \
	X(image_unmount) \
	X(group_manifest) \
	X(manifest_create) \
	X(manifest_add) \
	X(manifest_annotate) \
	X(manifest_remove) \
	X(manifest_inspect) \
	X(manifest_exists) \
	X(manifest_push) \
	X(manifest_rm) \
	X(group_oci) \
	X(oci_create) \
	X(oci_start) \
	X(oci_run) \
	X(oci_exec) \
	X(oci_state) \
	X(oci_list) \
	X(oci_kill) \
	X(oci_delete) \
	X(oci_pause) \
	X(oci_resume) \
	X(oci_update) \
	X(oci_ps) \
	X(oci_events) \
	X(oci_spec) \
	X(oci_features) \
	X(oci_checkpoint) \
	X(oci_restore) \
	X(group_secret) \
	X(secret_create) \
	X(secret_exists) \
	X(secret_inspect) \
	X(secret_ls) \
	X(secret_rm) \
	X(group_system) \
	X(system_check) \
	X(system_df) \
	X(system_prune) \
	X(group_volume) \
	X(volume_create) \
	X(volume_exists) \
	X(volume_export) \
	X(volume_import) \
	X(volume_inspect) \
	X(volume_ls) \
	X(volume_prune) \
	X(volume_rm) \
	X(volume_update)

/* Called by the completion scripts and by test/lint; shown nowhere. */
#define COMMANDS_HIDDEN(X) \
	X(complete) \
	X(options)

#endif
