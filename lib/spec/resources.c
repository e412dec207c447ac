/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec/resources.h"

#include <stdlib.h>

#include "base/alloc.h"

void resources_init(struct spec_resources *resources)
{
	*resources = (struct spec_resources){
		.memory_limit = LIMIT_NONE,
		.memory_swap = LIMIT_NONE,
		.memory_reservation = LIMIT_NONE,
		.cpu_shares = LIMIT_NONE,
		.cpu_quota = LIMIT_NONE,
		.cpu_period = LIMIT_NONE,
		.pids_limit = LIMIT_NONE,
		.blkio_weight = LIMIT_NONE,
		.cpu_burst = LIMIT_NONE,
		.cpu_idle = LIMIT_NONE,
		.cpu_rt_runtime = LIMIT_NONE,
		.cpu_rt_period = LIMIT_NONE,
		.memory_tcp = LIMIT_NONE,
		.memory_swappiness = LIMIT_NONE,
		.memory_hierarchy = LIMIT_NONE,
		.blkio_leaf_weight = LIMIT_NONE,
		.net_class = LIMIT_NONE,
	};
}

void keyvalues_add(struct spec_keyvalues *list, const char *key, const char *value)
{
	struct spec_keyvalue *pair = VEC_PUSH(list);

	pair->key = xstrdup(key);
	pair->value = xstrdup(value);
}

void keyvalues_release(struct spec_keyvalues *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->v[i].key);
		free(list->v[i].value);
	}
	free(list->v);
	*list = (struct spec_keyvalues){ 0 };
}

void resources_release(struct spec_resources *resources)
{
	free(resources->cpuset_cpus);
	free(resources->cpuset_mems);
	free(resources->read_bps.v);
	free(resources->write_bps.v);
	free(resources->read_iops.v);
	free(resources->write_iops.v);
	keyvalues_release(&resources->unified);
	free(resources->devices.v);
	free(resources->weights.v);
	for (size_t i = 0; i < resources->hugepages.n; i++)
		free(resources->hugepages.v[i].size);
	free(resources->hugepages.v);
	for (size_t i = 0; i < resources->rdma.n; i++)
		free(resources->rdma.v[i].device);
	free(resources->rdma.v);
	for (size_t i = 0; i < resources->priorities.n; i++)
		free(resources->priorities.v[i].interface);
	free(resources->priorities.v);
	resources_init(resources);
}
