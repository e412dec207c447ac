/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Of pull.h, what run needs: an image by name, pulled before as the policy says. */
#include <errno.h>
#include <stdlib.h>

#include "base/err.h"
#include "image/pull.h"

static int pull_and_open(struct store *store, const char *text, const struct pull_options *options,
			 struct image *ret_image)
{
	struct pull_options locking = *options;
	AUTO(pull_result) result = { 0 };
	autoclose int lock = -1;
	int rc;

	locking.lock = &lock;
	TRY(pull_image(store, text, &locking, &result));
	if (options->pulled != NULL)
		*options->pulled = true;
	rc = image_open(store, result.name, options->platform, ret_image);
	if (rc != -ENOENT)
		return rc;
	/* It has lost its name since, which is all that it can lose. */
	err_clear();
	return image_open(store, result.id, options->platform, ret_image);
}

/* Only names can be pulled. */
static bool is_pullable(const char *text)
{
	AUTO(ref) ref = { 0 };

	if (image_is_elsewhere(text) || digest_is_valid(text))
		return false;
	if (ref_parse(text, &ref) >= 0)
		return true;
	err_clear();
	return false;
}

static int open_missing(struct store *store, const char *text, const struct pull_options *options,
			struct image *ret_image)
{
	int rc = image_open(store, text, options->platform, ret_image);
	autofree char *why = NULL;

	if (rc != -ENOENT || !is_pullable(text))
		return rc;
	/* There may be one of that name, for other platforms. */
	why = xstrdup(err_text());
	err_clear();
	return fail_in(pull_and_open(store, text, options, ret_image),
		       "%s, and it cannot be pulled", why);
}

static int open_newer(struct store *store, const char *text, const struct pull_options *options,
		      struct image *ret_image)
{
	int rc = pull_and_open(store, text, options, ret_image);
	AUTO(err_kept) kept = err_keep();

	if (rc >= 0 || image_open(store, text, options->platform, ret_image) < 0) {
		err_restore(&kept);
		return rc;
	}
	err_clear();
	return 0;
}

int pull_open(struct store *store, const char *text, enum pull_policy policy,
	      const struct pull_options *options, struct image *ret_image)
{
	if (policy == PULL_NEVER || (policy != PULL_MISSING && !is_pullable(text)))
		return image_open(store, text, options->platform, ret_image);
	switch (policy) {
	case PULL_ALWAYS:
		return pull_and_open(store, text, options, ret_image);
	case PULL_NEWER:
		return open_newer(store, text, options, ret_image);
	case PULL_MISSING:
	case PULL_NEVER:
		break;
	}
	return open_missing(store, text, options, ret_image);
}
