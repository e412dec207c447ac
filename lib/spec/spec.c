/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec/spec.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

void spec_init(struct spec *spec)
{
	*spec = (struct spec){ 0 };
	spec->process.user.umask = 0022;
	resources_init(&spec->cgroup.resources);
}

struct spec_mount *spec_add_mount(struct spec *spec, const char *type, const char *source,
				  const char *destination)
{
	struct spec_mount *mount = VEC_PUSH(&spec->mounts);

	mount->type = xstrdup(type);
	mount->source = xstrdup_null(source);
	mount->destination = xstrdup(destination);
	return mount;
}

void spec_mount_release(struct spec_mount *mount)
{
	free(mount->destination);
	free(mount->type);
	free(mount->source);
	free(mount->subpath);
	strvec_release(&mount->data);
	strvec_release(&mount->lower);
	free(mount->upper);
	free(mount->work);
	free(mount->where);
	free(mount->before.v);
	idmaps_release(&mount->idmaps);
	*mount = (struct spec_mount){ 0 };
}

int spec_mount_fail(const struct spec_mount *mount, int rc)
{
	return fail_in(rc, "%s on '%s'", mount->where != NULL ? mount->where : "mount",
		       mount->destination);
}

static void root_release(struct spec_root *root)
{
	free(root->path);
	strvec_release(&root->lower);
	free(root->upper);
	free(root->work);
}

static void process_release(struct spec_process *process)
{
	strvec_release(&process->args);
	strvec_release(&process->env);
	free(process->cwd);
	free(process->user.text);
	strvec_release(&process->user.groups);
	free(process->user.passwd_entry);
	free(process->rlimits.v);
	free(process->apparmor_profile);
	free(process->selinux_label);
	free(process->affinity.initial);
	free(process->affinity.final);
	*process = (struct spec_process){ .user.umask = 0022 };
}

void spec_release_process(struct spec *spec)
{
	strvec_release(&spec->process.secret_env);
	process_release(&spec->process);
}

static void net_devices_release(struct spec_net_devices *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->v[i].name);
		free(list->v[i].rename);
	}
	free(list->v);
}

static void devices_release(struct spec *spec)
{
	for (size_t i = 0; i < spec->devices.n; i++) {
		free(spec->devices.v[i].path);
		free(spec->devices.v[i].source);
	}
	free(spec->devices.v);
}

void spec_forget_secrets(struct spec *spec)
{
	struct strvec *env = &spec->process.secret_env;

	for (size_t i = 0; i < spec->secrets.n; i++) {
		free(spec->secrets.v[i].target);
		buf_wipe(&spec->secrets.v[i].data);
	}
	free(spec->secrets.v);
	spec->secrets.v = NULL;
	spec->secrets.n = 0;
	for (size_t i = 0; i < env->n; i++)
		explicit_bzero(env->v[i], strlen(env->v[i]));
	strvec_release(env);
}

static void seccomp_release(struct spec_seccomp *seccomp)
{
	free(seccomp->profile_path);
	free(seccomp->filter);
	free(seccomp->profile);
	free(seccomp->listener_path);
	free(seccomp->listener_metadata);
}

void spec_release(struct spec *spec)
{
	free(spec->id);
	root_release(&spec->root);
	spec_forget_secrets(spec);
	process_release(&spec->process);
	free(spec->hostname);
	free(spec->domainname);
	for (size_t i = 0; i < spec->mounts.n; i++)
		spec_mount_release(&spec->mounts.v[i]);
	free(spec->mounts.v);
	devices_release(spec);
	for (int kind = 0; kind < NS_MAX; kind++)
		free(spec->ns[kind].path);
	idmaps_release(&spec->idmaps);
	seccomp_release(&spec->seccomp);
	free(spec->cgroup.path);
	free(spec->cgroup.parent);
	resources_release(&spec->cgroup.resources);
	rdt_release(&spec->rdt);
	keyvalues_release(&spec->sysctl);
	keyvalues_release(&spec->annotations);
	spec_hooks_release(&spec->hooks);
	strvec_release(&spec->masked_paths);
	strvec_release(&spec->readonly_paths);
	net_devices_release(&spec->net_devices);
	free(spec->memory_policy.nodes);
	strvec_release(&spec->warnings);
	free(spec->bundle);
	free(spec->mount_label);
	spec_init(spec);
}
