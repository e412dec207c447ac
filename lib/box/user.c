/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/user.h"

#include <ctype.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/path.h"

#define PASSWD "/etc/passwd"
#define GROUP "/etc/group"

/* name:password:uid:gid:gecos:home:shell and name:password:gid:members */
enum { NAME, PASSWORD, ID, PASSWD_GID, GECOS, HOME, SHELL, PASSWD_FIELDS };
enum { GROUP_MEMBERS = 3, GROUP_FIELDS = 4 };

#define MAX_GROUPS NGROUPS_MAX

void user_release(struct user *user)
{
	free(user->groups);
	free(user->home);
	free(user->name);
	*user = (struct user){ 0 };
}

static bool is_number(const char *text)
{
	return text[0] != '\0' && text[strspn(text, "0123456789")] == '\0';
}

/* -1 where it is out of range. */
static int64_t number(const char *text)
{
	uint64_t value = 0;

	for (; *text != '\0'; text++) {
		value = value * 10 + (uint64_t)(*text - '0');
		if (value > MAX_ID)
			return -1;
	}
	return (int64_t)value;
}

/* A file of the image, whole. One that is not there is empty. */
static int read_database(int rootfd, const char *path, struct buf *out)
{
	/* A FIFO does not block and a terminal does not become ours. */
	autoclose int fd = path_try_open_in_root(rootfd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd == -ENOENT || fd == -ENOTDIR)
		return 0;
	if (fd < 0)
		return fail_with(fd, "cannot open '%s' of the image", path);
	if (fstat(fd, &st) < 0)
		return fail("cannot look at '%s' of the image", path);
	/* What covers a file that is masked. */
	if (S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3))
		return 0;
	if (!S_ISREG(st.st_mode))
		return refuse("'%s' of the image is not a regular file", path);
	if ((uint64_t)st.st_size > MAX_PASSWD)
		return refuse_with(EFBIG, "'%s' of the image is larger than %lu MiB", path,
				   MAX_PASSWD >> 20);
	return fs_read_fd(fd, path, MAX_PASSWD, out);
}

/* Cut the next line off *at and split it; false at the end. Lines with another number of fields, or
 * too long ones, are passed over. The fields point into the text. */
static bool next_line(char **at, char **fields, size_t n)
{
	while (**at != '\0') {
		char *line = *at, *end = strchrnul(line, '\n');
		size_t count = 0;

		*at = *end == '\n' ? end + 1 : end;
		*end = '\0';
		if (line[0] == '#' || (size_t)(end - line) > MAX_PASSWD_LINE)
			continue;
		for (char *field = line; field != NULL; count++) {
			char *colon = strchr(field, ':');

			if (colon != NULL)
				*colon++ = '\0';
			if (count < n)
				fields[count] = field;
			field = colon;
		}
		if (count == n)
			return true;
	}
	return false;
}

/* Is this the line that is looked for: the id of a number, the name of anything else? */
static bool line_matches(const char *wanted, char *const *fields)
{
	if (!is_number(wanted))
		return strcmp(fields[NAME], wanted) == 0;
	return is_number(fields[ID]) && number(fields[ID]) == number(wanted);
}

static int take_line(char *const *fields, struct user *user)
{
	int64_t uid = is_number(fields[ID]) ? number(fields[ID]) : -1;
	int64_t gid = is_number(fields[PASSWD_GID]) ? number(fields[PASSWD_GID]) : -1;

	if (uid < 0 || gid < 0)
		return refuse("the user '%s' in '" PASSWD "' of the image has an id that is no "
			      "number below 2^32",
			      fields[NAME]);
	user->uid = (uid_t)uid;
	user->gid = (gid_t)gid;
	xreplace(&user->name, fields[NAME]);
	xreplace(&user->home, fields[HOME][0] == '/' ? fields[HOME] : "/");
	return 0;
}

static int find_user(int rootfd, const char *wanted, struct user *user)
{
	AUTO(buf) text = BUF_INIT;
	char *fields[PASSWD_FIELDS];
	char *at;

	if (is_number(wanted)) {
		int64_t uid = number(wanted);

		if (uid < 0)
			return refuse("'%s' is not a user id: the highest is %llu", wanted, MAX_ID);
		user->uid = (uid_t)uid;
	}
	TRY(read_database(rootfd, PASSWD, &text));
	at = text.data;
	while (next_line(&at, fields, PASSWD_FIELDS))
		if (line_matches(wanted, fields))
			return take_line(fields, user);
	if (is_number(wanted))
		return 0;
	refuse_with(ENOENT, "the image has no user '%s' in its '" PASSWD "'", wanted);
	hint("a number needs no entry there: --user UID[:GID]");
	return -EINVAL;
}

static bool is_member(const char *members, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = members; *at != '\0';) {
		size_t span = strcspn(at, ",");

		if (span == len && memcmp(at, name, len) == 0)
			return true;
		at += span;
		at += *at == ',';
	}
	return false;
}

static int add_group(struct user *user, int64_t gid)
{
	for (size_t i = 0; i < user->n_groups; i++)
		if (user->groups[i] == (gid_t)gid)
			return 0;
	if (user->n_groups >= MAX_GROUPS)
		return refuse("the user is in more than %d groups", MAX_GROUPS);
	user->groups = xrealloc(user->groups, user->n_groups + 1, sizeof(*user->groups));
	user->groups[user->n_groups++] = (gid_t)gid;
	return 0;
}

/* All groups that list the user's name. */
static int add_memberships(struct user *user, const struct buf *groups)
{
	AUTO(buf) text = BUF_INIT;
	char *fields[GROUP_FIELDS];
	char *at;

	if (user->name == NULL)
		return 0;
	buf_add(&text, groups->data, groups->len);
	at = text.data;
	while (next_line(&at, fields, GROUP_FIELDS))
		if (is_member(fields[GROUP_MEMBERS], user->name) && is_number(fields[ID]) &&
		    number(fields[ID]) >= 0)
			TRY(add_group(user, number(fields[ID])));
	return 0;
}

static int find_group(const struct buf *groups, const char *wanted, int64_t *ret_gid)
{
	AUTO(buf) text = BUF_INIT;
	char *fields[GROUP_FIELDS];
	char *at;

	if (is_number(wanted)) {
		*ret_gid = number(wanted);
		if (*ret_gid < 0)
			return refuse("'%s' is not a group id: the highest is %llu", wanted,
				      MAX_ID);
		return 0;
	}
	buf_add(&text, groups->data, groups->len);
	at = text.data;
	while (next_line(&at, fields, GROUP_FIELDS)) {
		if (strcmp(fields[NAME], wanted) != 0)
			continue;
		*ret_gid = is_number(fields[ID]) ? number(fields[ID]) : -1;
		if (*ret_gid >= 0)
			return 0;
		return refuse("the group '%s' in '" GROUP "' of the image has an id that is no "
			      "number below 2^32",
			      wanted);
	}
	return refuse("the image has no group '%s' in its '" GROUP "'", wanted);
}

static int resolve_text(int rootfd, const char *text, struct user *user, char **ret_group)
{
	const char *colon = strchr(text, ':');
	autofree char *name = xstrndup(text, colon != NULL ? (size_t)(colon - text) : strlen(text));

	if (name[0] == '\0' ||
	    (colon != NULL && (colon[1] == '\0' || strchr(colon + 1, ':') != NULL)))
		return refuse("'%s' is not USER[:GROUP]", text);
	if (colon != NULL)
		*ret_group = xstrdup(colon + 1);
	return find_user(rootfd, name, user);
}

/* An id that is given as a number; its name and home only where somebody wants them. */
static int describe(int rootfd, const struct spec_user *spec, bool home, struct user *user)
{
	autofree char *text = xasprintf("%u", spec->uid);

	if (home)
		TRY(find_user(rootfd, text, user));
	user->uid = spec->uid;
	user->gid = spec->gid;
	return 0;
}

static int resolve_groups(int rootfd, const struct spec_user *spec, const char *group,
			  struct user *user)
{
	AUTO(buf) groups = BUF_INIT;
	int64_t gid;
	bool implicit = spec->text != NULL && group == NULL && user->name != NULL;

	if (implicit || spec->groups.n > 0 || (group != NULL && !is_number(group)))
		TRY(read_database(rootfd, GROUP, &groups));
	if (group != NULL) {
		TRY(find_group(&groups, group, &gid));
		user->gid = (gid_t)gid;
	}
	if (!spec->groups_given)
		TRY(add_group(user, user->gid));
	if (implicit)
		TRY(add_memberships(user, &groups));
	for (size_t i = 0; i < spec->groups.n; i++) {
		TRY(find_group(&groups, spec->groups.v[i], &gid));
		TRY(add_group(user, gid));
	}
	return 0;
}

int user_resolve(int rootfd, const struct spec_user *spec, bool home, struct user *ret_user)
{
	autofree char *group = NULL;
	AUTO(user) user = { 0 };

	if (spec->text != NULL)
		TRY(resolve_text(rootfd, spec->text, &user, &group));
	else
		TRY(describe(rootfd, spec, home, &user));
	if (user.home == NULL)
		user.home = xstrdup("/");
	TRY(resolve_groups(rootfd, spec, group, &user));
	*ret_user = user;
	user = (struct user){ 0 };
	return 0;
}

/* With one id mapped the kernel has setgroups(2) forbidden for good (user_namespaces(7)): the
 * caller's own groups stay, and none can be added. */
static bool groups_are_fixed(const struct spec *spec)
{
	const struct idmap *map = &spec->idmaps.gid;

	return spec->ns[NS_USER].mode == NS_NEW && map->n == 1 && map->v[0].count == 1;
}

static int fail_groups(int err)
{
	fail_with(err, "cannot set the supplementary groups");
	if (err == EINVAL)
		hint("one of them is not mapped into the container: give a larger map with "
		     "--gidmap, or another group with --user and --group-add");
	return -err;
}

static int set_groups(const struct spec *spec, const struct user *user)
{
	if (spec->process.user.keep_groups)
		return 0;
	if (groups_are_fixed(spec)) {
		if (spec->process.user.groups.n == 0)
			return 0;
		refuse_with(EPERM, "groups cannot be added: only one group id is mapped");
		hint("give this user ranges in /etc/subuid and /etc/subgid, or use --group-add "
		     "keep-groups");
		return -EPERM;
	}
	if (setgroups(user->n_groups, user->groups) == 0)
		return 0;
	/* One that was joined may have them fixed as well; only the kernel knows. */
	if (errno == EPERM && spec->ns[NS_USER].mode == NS_JOIN && spec->process.user.groups.n == 0)
		return 0;
	return fail_groups(errno);
}

static int fail_id(int err, const char *kind, unsigned int id)
{
	fail_with(err, "cannot become %s %u", kind, id);
	if (err == EINVAL)
		hint("the user namespace of the container has no such %s: give a larger map with "
		     "--uidmap and --gidmap, or ranges in /etc/subuid and /etc/subgid",
		     kind);
	return -err;
}

int user_check(const struct spec *spec, const struct user *user)
{
	bool sets_groups = !spec->process.user.keep_groups && !groups_are_fixed(spec);

	if (spec->ns[NS_USER].mode != NS_NEW)
		return 0;
	/* In the order in which they are taken on. */
	for (size_t i = 0; sets_groups && i < user->n_groups; i++)
		if (idmap_to_outside(&spec->idmaps.gid, user->groups[i]) < 0)
			return fail_groups(EINVAL);
	if (idmap_to_outside(&spec->idmaps.gid, user->gid) < 0)
		return fail_id(EINVAL, "group", user->gid);
	if (idmap_to_outside(&spec->idmaps.uid, user->uid) < 0)
		return fail_id(EINVAL, "user", user->uid);
	return 0;
}

int user_become(const struct spec *spec, const struct user *user)
{
	uid_t uids[3];
	gid_t gids[3];

	TRY(set_groups(spec, user));
	if (setresgid(user->gid, user->gid, user->gid) < 0)
		return fail_id(errno, "group", user->gid);
	if (setresuid(user->uid, user->uid, user->uid) < 0)
		return fail_id(errno, "user", user->uid);
	if (getresgid(&gids[0], &gids[1], &gids[2]) < 0 ||
	    getresuid(&uids[0], &uids[1], &uids[2]) < 0)
		return fail("cannot read the ids back");
	for (size_t i = 0; i < 3; i++)
		if (uids[i] != user->uid || gids[i] != user->gid)
			return refuse_with(EPERM, "the kernel did not take the ids as they were "
						  "given");
	return 0;
}
