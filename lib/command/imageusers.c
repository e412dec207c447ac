/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/imageusers.h"

#include <string.h>

#include "base/digest.h"
#include "base/err.h"
#include "container/imageview.h"
#include "container/record.h"

struct users {
	const struct host *host;
	const char *id;
	bool force;
	struct strvec names; /* of containers that stay */
};

static int look_at(struct record *record, void *arg)
{
	struct users *users = arg;

	if (record->image_id == NULL || strcmp(record->image_id, users->id) != 0)
		return 0;
	if (users->force)
		return record_remove(users->host, record, true);
	strvec_push(&users->names, record->name != NULL ? record->name : record->id);
	return 0;
}

static int refuse_users(const struct users *users)
{
	AUTO(buf) list = BUF_INIT;

	for (size_t i = 0; i < users->names.n && i < 5; i++)
		buf_addf(&list, "%s'%s'", i > 0 ? ", " : "", users->names.v[i]);
	if (users->names.n > 5)
		buf_addf(&list, " and %zu more", users->names.n - 5);
	refuse_with(EBUSY, "it is in use by the container%s %s", users->names.n > 1 ? "s" : "",
		    list.data);
	hint("remove it first (berth rm), or both with --force");
	return -EBUSY;
}

static int find_mount(const struct host *host, const char *id)
{
	int mounted = imageview_is_mounted(host, id);

	if (mounted <= 0)
		return mounted;
	refuse_with(EBUSY, "it is mounted");
	hint("berth image unmount %.12s", digest_hex(id));
	return -EBUSY;
}

int imageusers_find(void *arg, const char *id, bool force)
{
	struct users users = { .host = arg, .id = id, .force = force };
	int rc = record_each(users.host, look_at, &users);

	if (rc >= 0 && users.names.n > 0)
		rc = refuse_users(&users);
	if (rc >= 0)
		rc = find_mount(users.host, id);
	strvec_release(&users.names);
	return rc;
}

static int list_image(struct record *record, void *arg)
{
	if (record->image_id != NULL)
		strvec_push(arg, record->image_id);
	return 0;
}

int imageusers_list(void *arg, struct strvec *ret_ids)
{
	TRY(record_each(arg, list_image, ret_ids));
	return imageview_list(arg, ret_ids);
}
