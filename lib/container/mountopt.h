/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_MOUNTOPT_H
#define BERTH_CONTAINER_MOUNTOPT_H

#include <stdbool.h>

#include "spec/spec.h"

/*
 * The values of --volume, --mount and --tmpfs. Parsing looks at nothing but the text (and the
 * current directory, for relative sources); container/mounts.c makes the plan of it.
 */
enum mountopt_kind {
	MOUNTOPT_BIND,
	MOUNTOPT_TMPFS,
	MOUNTOPT_IMAGE, /* `source` is the name of an image */
	MOUNTOPT_DEVPTS,
	MOUNTOPT_ANONYMOUS, /* a volume of the container: -v /data */
	MOUNTOPT_VOLUME,    /* -v NAME:/data */
	MOUNTOPT_FROM,      /* of another container: volumesfrom.h */
};

struct mountopt {
	enum mountopt_kind kind;
	/* As far as the text says; lower, and upper and work of overlays, are filled in later. For
	 * image and overlay, upper and work are the directories that the user gave (-v
	 * ...:O,upperdir=,workdir=). */
	struct spec_mount mount;
	char *volume;  /* its name */
	char *subpath; /* image, volume: the part that is mounted */
	/* Of a volume that is to be made where it is missing: "type=tmpfs", "KEY=VALUE". */
	struct strvec driver_options, labels;
	bool overlay;        /* -v SRC:DST:O: a throw-away overlay over the source */
	bool writable;       /* image: rw */
	bool relabel;        /* z, Z, relabel= */
	bool keep_link;      /* no-dereference */
	bool wants_readonly; /* bind-recursive=readonly */
	bool nodev;          /* said, not only the default */
};

/* -v [SRC:]DST[:OPTIONS] */
int mountopt_parse_volume(const char *text, struct mountopt *ret_opt);
/* --mount type=bind|volume|tmpfs|image|devpts,key=value,... */
int mountopt_parse_mount(const char *text, struct mountopt *ret_opt);
/* --tmpfs DST[:OPTIONS] */
int mountopt_parse_tmpfs(const char *text, struct mountopt *ret_opt);
void mountopt_release(struct mountopt *opt);

#endif
