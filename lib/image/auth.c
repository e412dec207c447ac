/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/auth.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/lock.h"
#include "base/path.h"
#include "image/auth_entry.h"
#include "image/auth_helper.h"
#include "image/registries.h"

#define FILES "containers-auth.json" /* the helper that is no program */
#define HUB "docker.io"
#define HUB_URL "https://index.docker.io/v1/"
#define LINKS_MAX 8
#define SECRET_ROOM 65536

/* A file with credentials as a tree, wiped when it is released. */
struct auth_tree {
	cJSON *root;
	char *file;
};

static void auth_tree_release(struct auth_tree *tree)
{
	json_wipe(tree->root);
	json_free(tree->root);
	free(tree->file);
	*tree = (struct auth_tree){ 0 };
}

static int parse(const struct buf *text, struct auth_tree *tree)
{
	/* As touch(1) makes it: docker takes it as well. */
	if (text->len == 0) {
		tree->root = json_object();
		return 1;
	}
	TRY(json_parse(text->data, text->len, tree->file, &tree->root));
	return cJSON_IsObject(tree->root) ? 1 : refuse("'%s' is not an object", tree->file);
}

/* 1: read; 0: it is not there, or not for us where it is one of several. */
static int read_tree(const char *file, bool alone, struct auth_tree *ret_tree)
{
	AUTO(auth_tree) tree = { .file = xstrdup(file) };
	struct buf text = BUF_INIT;
	int rc;

	buf_reserve(&text, SECRET_ROOM);
	rc = fs_read_file(AT_FDCWD, file, MAX_AUTH_FILE, &text);
	if (rc >= 0)
		rc = parse(&text, &tree);
	buf_wipe(&text);
	if (rc == -ENOENT || rc == -ENOTDIR || (rc == -EACCES && !alone)) {
		err_clear();
		return 0;
	}
	TRY(rc);
	*ret_tree = tree;
	tree = (struct auth_tree){ 0 };
	return 1;
}

/* The file that was asked for and stands alone; NULL. */
static const char *given_file(const char *authfile)
{
	const char *named = getenv("REGISTRY_AUTH_FILE");

	if (authfile != NULL)
		return authfile;
	return named != NULL && named[0] != '\0' ? named : NULL;
}

static void push_env(struct strvec *files, const char *variable, const char *path)
{
	const char *dir = getenv(variable);

	if (dir != NULL && dir[0] == '/')
		strvec_pushf(files, "%s/%s", dir, path);
}

/* The file that goes with the session, or for root with the machine; a user without a session has
 * none. */
static void push_runtime(const struct host *host, struct strvec *files)
{
	const char *run = getenv("XDG_RUNTIME_DIR");
	struct stat st;

	/* After su(1) it may still be that of another user. */
	if (run != NULL && run[0] == '/' && stat(run, &st) == 0 && st.st_uid == host->uid)
		strvec_pushf(files, "%s/containers/auth.json", run);
	else if (host->uid == 0)
		strvec_push(files, "/run/containers/0/auth.json");
}

static void list_files(const struct host *host, struct strvec *files)
{
	char *own = host_config_path(host, "containers/auth.json");
	const char *docker = getenv("DOCKER_CONFIG");

	push_runtime(host, files);
	if (own != NULL)
		strvec_push_owned(files, own);
	if (docker != NULL && docker[0] == '/')
		strvec_pushf(files, "%s/config.json", docker);
	else if (host->home != NULL)
		strvec_pushf(files, "%s/.docker/config.json", host->home);
	if (host->home != NULL)
		strvec_pushf(files, "%s/.dockercfg", host->home);
	push_env(files, "CREDENTIALS_DIRECTORY", "berth.auth");
}

/* The helper of a file for a key: credHelpers names it for one registry (*ret_own), credsStore for
 * all. NULL where there is none. */
static int find_helper(const struct auth_tree *tree, const char *key, const char **ret_name,
		       bool *ret_own)
{
	autofree char *registry = xstrndup(key, strcspn(key, "/"));
	const cJSON *helpers = NULL, *helper = NULL;

	*ret_name = NULL;
	TRY(json_get_object(tree->root, "credHelpers", &helpers));
	if (helpers != NULL)
		helper = auth_entry_exact(helpers, registry);
	*ret_own = helper != NULL;
	if (helper != NULL)
		return json_string(helper, helper->string, ret_name);
	TRY(json_get_string(tree->root, "credsStore", ret_name));
	if (*ret_name != NULL && (*ret_name)[0] == '\0')
		*ret_name = NULL;
	return 0;
}

static bool is_dockercfg(const char *file)
{
	const char *slash = strrchr(file, '/');

	return strcmp(slash != NULL ? slash + 1 : file, ".dockercfg") == 0;
}

static int find_in_tree(const struct host *host, const struct auth_tree *tree, const char *key,
			struct credential *ret_credential)
{
	const cJSON *auths = NULL;
	const char *helper;
	bool own;
	int rc;

	if (is_dockercfg(tree->file))
		return auth_entry_find(tree->root, key, tree->file, ret_credential);
	TRY(find_helper(tree, key, &helper, &own));
	if (helper != NULL) {
		rc = auth_helper_get(host, helper, key, ret_credential);
		/* The file may have come from a machine that has the program for all others. */
		if (rc == -ENOPKG && !own)
			err_clear();
		else if (rc != 0 || own)
			return rc;
	}
	TRY(json_get_object(tree->root, "auths", &auths));
	return auths != NULL ? auth_entry_find(auths, key, tree->file, ret_credential) : 0;
}

static int find_in_file(const struct host *host, const char *file, bool alone, const char *key,
			struct credential *ret_credential)
{
	AUTO(auth_tree) tree = { 0 };
	int rc = read_tree(file, alone, &tree);

	if (rc <= 0)
		return rc;
	rc = find_in_tree(host, &tree, key, ret_credential);
	return fail_in(rc, "credentials for '%s' in '%s'", key, file);
}

static int find_in_files(const struct host *host, const char *key,
			 struct credential *ret_credential)
{
	AUTO(strvec) files = STRVEC_INIT;

	list_files(host, &files);
	for (size_t i = 0; i < files.n; i++) {
		int rc = find_in_file(host, files.v[i], false, key, ret_credential);

		if (rc != 0)
			return rc;
	}
	return 0;
}

/* What registries.conf has as credential-helpers. */
static int list_helpers(const struct host *host, struct strvec *helpers)
{
	struct registries *registries;

	TRY(registries_read(host, &registries));
	registries_helpers(registries, helpers);
	registries_free(registries);
	if (helpers->n == 0)
		strvec_push(helpers, FILES);
	return 0;
}

int auth_find(const struct host *host, const char *authfile, const char *key,
	      struct credential *ret_credential)
{
	const char *given = given_file(authfile);
	AUTO(strvec) helpers = STRVEC_INIT;
	autofree char *wanted = auth_key_normalize(key);

	credential_stay_in_memory();
	if (given != NULL) {
		int rc = fs_exists(AT_FDCWD, given);

		if (rc == 0 && authfile != NULL)
			return refuse_with(ENOENT, "there is no file '%s'", given);
		return rc > 0 ? find_in_file(host, given, true, wanted, ret_credential) : rc;
	}
	TRY(list_helpers(host, &helpers));
	for (size_t i = 0; i < helpers.n; i++) {
		int rc = strcmp(helpers.v[i], FILES) == 0
				 ? find_in_files(host, wanted, ret_credential)
				 : auth_helper_get(host, helpers.v[i], wanted, ret_credential);

		if (rc != 0)
			return rc;
	}
	return 0;
}

char *auth_file(const struct host *host, const char *authfile)
{
	const char *given = given_file(authfile);
	AUTO(strvec) files = STRVEC_INIT;

	if (given != NULL)
		return xstrdup(given);
	list_files(host, &files);
	return xstrdup(files.n > 0 ? files.v[0] : "/run/containers/auth.json");
}

/* Where a chain of symbolic links ends: what is replaced is the file, not the link to it. */
static int follow_links(char **file)
{
	char target[4096];

	for (int i = 0; i < LINKS_MAX; i++) {
		ssize_t len = readlink(*file, target, sizeof(target));
		const char *slash = strrchr(*file, '/');
		autofree char *dir = NULL;
		char *next;

		if (len < 0)
			return 0;
		dir = xstrndup(*file, slash != NULL ? (size_t)(slash - *file + 1) : 0);
		next = xasprintf("%s%.*s", target[0] == '/' ? "" : dir, (int)len, target);
		free(*file);
		*file = next;
	}
	return refuse_with(ELOOP, "'%s' is behind too many symbolic links", *file);
}

static int make_parent(const char *file)
{
	const char *slash = strrchr(file, '/');
	autofree char *dir = NULL;

	if (slash == NULL || slash == file)
		return 0;
	dir = xstrndup(file, (size_t)(slash - file));
	return fs_mkdirs(AT_FDCWD, dir, 0700);
}

static int take_lock(const struct host *host)
{
	autofree char *lock = xasprintf("%s/auth.lock", host->runroot);

	TRY(fs_mkdirs(AT_FDCWD, host->runroot, 0700));
	return lock_take(AT_FDCWD, lock, LOCK_EXCLUSIVE, "the credentials");
}

static int write_tree(const struct auth_tree *tree)
{
	struct buf text = BUF_INIT;
	int rc;

	TRY(make_parent(tree->file));
	buf_reserve(&text, SECRET_ROOM);
	json_print(tree->root, true, &text);
	buf_add_char(&text, '\n');
	rc = fs_replace_file(AT_FDCWD, tree->file, text.data, text.len, 0600, true);
	buf_wipe(&text);
	return rc;
}

/* The tree of the file to change, and of an empty one where there is none. */
static int open_tree_to_write(const struct host *host, const char *authfile,
			      struct auth_tree *ret_tree)
{
	autofree char *file = auth_file(host, authfile);
	int rc;

	TRY(follow_links(&file));
	rc = read_tree(file, true, ret_tree);
	if (rc == 0) {
		ret_tree->file = steal(file);
		ret_tree->root = json_object();
	}
	return rc;
}

/* How a new key is spelt: docker knows its own registry by its old URL only. */
static const char *spelling(const char *file, const char *key)
{
	const char *slash = strrchr(file, '/');

	if (strcmp(slash != NULL ? slash + 1 : file, "config.json") == 0 && strcmp(key, HUB) == 0)
		return HUB_URL;
	return key;
}

static int store_in_tree(const struct host *host, struct auth_tree *tree, const char *key,
			 const struct credential *credential)
{
	const cJSON *found = NULL;
	const char *helper;
	cJSON *auths, *entry;
	bool own;

	TRY(find_helper(tree, key, &helper, &own));
	if (helper != NULL)
		TRY(auth_helper_store(host, helper, key, credential));
	TRY(json_get_object(tree->root, "auths", &found));
	auths = found != NULL ? cJSON_GetObjectItemCaseSensitive(tree->root, "auths")
			      : json_add_object(tree->root, "auths");
	entry = auth_entry_exact(auths, key);
	if (entry == NULL)
		entry = json_add_object(auths, spelling(tree->file, key));
	if (!cJSON_IsObject(entry))
		return refuse("'%s': the entry '%s' is not an object", tree->file, key);
	if (helper != NULL)
		auth_entry_clear(entry);
	else
		auth_entry_set(entry, credential);
	return write_tree(tree);
}

int auth_store(const struct host *host, const char *authfile, const char *key,
	       const struct credential *credential)
{
	autofree char *wanted = auth_key_normalize(key);
	AUTO(auth_tree) tree = { 0 };
	AUTO(strvec) helpers = STRVEC_INIT;
	autoclose int lock = -1;

	if (given_file(authfile) == NULL) {
		TRY(list_helpers(host, &helpers));
		if (strcmp(helpers.v[0], FILES) != 0)
			return auth_helper_store(host, helpers.v[0], wanted, credential);
	}
	lock = take_lock(host);
	TRY(lock);
	TRY(open_tree_to_write(host, authfile, &tree));
	return store_in_tree(host, &tree, wanted, credential);
}

/* However it is spelt, and as often. 1: removed. */
static int remove_one(const struct host *host, struct auth_tree *tree, cJSON *auths,
		      const char *key)
{
	const char *helper;
	cJSON *entry;
	int removed = 0;
	bool own;

	TRY(find_helper(tree, key, &helper, &own));
	if (helper != NULL) {
		int rc = auth_helper_erase(host, helper, key);

		TRY(rc);
		removed = rc > 0;
	}
	while (auths != NULL && (entry = auth_entry_exact(auths, key)) != NULL) {
		cJSON_DetachItemViaPointer(auths, entry);
		json_wipe(entry);
		json_free(entry);
		removed = 1;
	}
	return removed;
}

static int remove_from_tree(const struct host *host, struct auth_tree *tree, const char *key)
{
	const cJSON *found = NULL;
	cJSON *auths;
	int removed = 0;

	TRY(json_get_object(tree->root, "auths", &found));
	auths = found != NULL ? cJSON_GetObjectItemCaseSensitive(tree->root, "auths") : NULL;
	if (key != NULL)
		removed = remove_one(host, tree, auths, key);
	while (key == NULL && removed >= 0 && auths != NULL && auths->child != NULL) {
		autofree char *means = auth_key_normalize(auths->child->string);

		removed = remove_one(host, tree, auths, means);
	}
	TRY(removed);
	if (removed > 0)
		TRY(write_tree(tree));
	return removed;
}

int auth_remove(const struct host *host, const char *authfile, const char *key)
{
	autofree char *wanted = key != NULL ? auth_key_normalize(key) : NULL;
	AUTO(auth_tree) tree = { 0 };
	AUTO(strvec) helpers = STRVEC_INIT;
	autoclose int lock = take_lock(host);
	int removed = 0, rc;

	TRY(lock);
	if (given_file(authfile) == NULL)
		TRY(list_helpers(host, &helpers));
	for (size_t i = 0; i < helpers.n && wanted != NULL; i++)
		if (strcmp(helpers.v[i], FILES) != 0) {
			rc = auth_helper_erase(host, helpers.v[i], wanted);
			TRY(rc);
			removed = removed || rc > 0;
		}
	TRY(open_tree_to_write(host, authfile, &tree));
	rc = remove_from_tree(host, &tree, wanted);
	TRY(rc);
	return removed || rc > 0;
}
