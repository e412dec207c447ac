/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/hostroot.h"
#include "base/err.h"
int hostroot_new(const struct spec *spec)
{
	return refuse("not there");
}
