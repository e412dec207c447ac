/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec/bundlepart.h"
#include "spec/configpart.h"

int bundle_part_devices(const cJSON *linux_part, struct spec *spec)
{
	return config_part_devices(linux_part, spec);
}
