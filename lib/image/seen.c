/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/seen.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/digest.h"

struct document {
	char digest[DIGEST_TEXT_SIZE];
	int depth; /* the lowest */
};

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct document *)a)->digest, ((const struct document *)b)->digest);
}

void seen_release(struct seen *seen)
{
	tdestroy(seen->tree, free);
	seen->tree = NULL;
}

bool seen_has(const struct seen *seen, const char *digest, int depth)
{
	struct document key = { 0 };
	struct document **found;

	memcpy(key.digest, digest, DIGEST_TEXT_SIZE);
	found = tfind(&key, &seen->tree, compare);
	return found != NULL && (*found)->depth <= depth;
}

void seen_add(struct seen *seen, const char *digest, int depth)
{
	struct document *document = xcalloc(1, sizeof(*document));
	struct document **found;

	memcpy(document->digest, digest, DIGEST_TEXT_SIZE);
	document->depth = depth;
	found = tsearch(document, &seen->tree, compare);
	if (found == NULL)
		out_of_memory();
	if (*found == document)
		return;
	if ((*found)->depth > depth)
		(*found)->depth = depth;
	free(document);
}
