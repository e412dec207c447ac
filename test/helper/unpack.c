/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * unpack STORE FILE [BLOB-DIGEST|- [DIFF-ID|- [SIZE]]]: one layer into a store, as `load` does with
 * each layer of an image; for the corpus and the benchmark. Prints the diff ID, the numbers, and
 * the directory of the layer.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/exit.h"
#include "base/fs.h"
#include "base/host.h"
#include "image/layer.h"

static int unpack(struct store *store, int argc, char **argv)
{
	struct layer_source source = LAYER_SOURCE_INIT;
	struct layer_result result = { 0 };
	autoclose int fd = fs_open(AT_FDCWD, argv[2], O_RDONLY, 0);
	autofree char *path = NULL;

	TRY(fd);
	source.fd = fd;
	source.name = argv[2];
	source.no_sync = getenv("NO_SYNC") != NULL;
	if (argc > 3 && strcmp(argv[3], "-") != 0)
		source.blob_digest = argv[3];
	if (argc > 4 && strcmp(argv[4], "-") != 0)
		source.diff_id = argv[4];
	if (argc > 5)
		source.size = strtoull(argv[5], NULL, 10);
	TRY(layer_unpack(store, &source, &result));
	path = store_layer_path(store, result.diff_id);
	printf("%s\n%s\n%s entries=%" PRIu64 " devices=%" PRIu64 " xattrs=%" PRIu64 " size=%" PRIu64
	       " present=%d\n%s\n",
	       result.diff_id, result.blob_digest, compression_name(result.compression),
	       result.entries, result.devices, result.xattrs, result.size, result.was_present,
	       path);
	return 0;
}

static int run(int argc, char **argv)
{
	AUTO(host) host = { 0 };
	AUTO(store) store = STORE_INIT;

	TRY(host_init(&host, argv[1], NULL));
	TRY(store_open(&host, &store));
	if (argc == 4 && strcmp(argv[2], "--remove") == 0)
		return layer_remove(&store, argv[3]);
	return unpack(&store, argc, argv);
}

int main(int argc, char **argv)
{
	if (argc < 3) {
		fputs("usage: unpack STORE FILE [BLOB-DIGEST [DIFF-ID [SIZE]]]\n", stderr);
		return EXIT_BERTH;
	}
	if (run(argc, argv) >= 0)
		return 0;
	err_print(2);
	return EXIT_BERTH;
}
