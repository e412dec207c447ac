/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "container/volumearchive.h"

static int open_archive(const char *path)
{
	if (strcmp(path, "-") != 0)
		return fs_open(AT_FDCWD, path, O_RDONLY, 0);
	if (isatty(STDIN_FILENO)) {
		refuse("standard input is a terminal, not an archive");
		hint("pipe an archive in");
		return -EINVAL;
	}
	return STDIN_FILENO;
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	const char *path = operands->n > 1 ? operands->v[1] : "-";
	AUTO(volume) volume = VOLUME_INIT;
	AUTO(store) store = STORE_INIT;
	int fd;

	TRY(store_open(host, &store));
	TRY(volume_open(&store, operands->v[0], true, &volume));
	fd = open_archive(path);
	TRY(fd);
	return fail_in(volumearchive_import(&store, &volume, fd), "%s", path);
}

const struct command command_volume_import = {
	.name = "volume import",
	.synopsis = "VOLUME [FILE]",
	.summary = "Unpack a tar archive into a volume",
	.operands_min = 1,
	.operands_max = 2,
	.operand_values = VALUES_VOLUME,
	.run = run,
};
