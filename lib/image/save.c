/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/save.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/outfile.h"
#include "image/blob.h"
#include "image/catalog.h"
#include "image/lookup.h"
#include "image/ref.h"
#include "image/rewrite.h"
#include "image/tarwrite.h"

#define BLOBS "blobs/sha256"
#define COPY_SIZE (256UL << 10)

void save_release(struct save *save)
{
	for (size_t i = 0; i < save->n; i++) {
		bundle_release(&save->v[i].bundle);
		strvec_release(&save->v[i].names);
	}
	free(save->v);
	relatives_release(&save->relatives);
	archive_release(&save->layout);
	cleanup_close(&save->hold);
	*save = (struct save)SAVE_INIT;
}

/* --- what is saved ---------------------------------------------------------------------------- */

/* What a layer is, of which the store keeps another blob than the manifest names: it was unpacked
 * already when the image was pulled. */
static int find_relative(struct save *save, const char *diff_id, struct rewrite_layer *layer)
{
	unsigned char magic[STREAM_MAGIC_LEN];
	const struct relative *relative;
	autoclose int fd = -1;
	ssize_t n;

	if (!save->knows_relatives)
		TRY(relatives_read(save->store, NULL, &save->relatives));
	save->knows_relatives = true;
	relative = relatives_find(save->store, &save->relatives, diff_id);
	if (relative == NULL)
		return 0;
	TRY(relatives_verify(save->store, relative, diff_id));
	fd = blob_open(save->store, relative->digest);
	TRY(fd);
	n = read(fd, magic, sizeof(magic));
	if (n < 0)
		return fail("cannot read the blob %s", relative->digest);
	layer->changed = true;
	layer->size = relative->size;
	layer->compression = stream_sniff(magic, (size_t)n);
	memcpy(layer->digest, relative->digest, DIGEST_TEXT_SIZE);
	return 1;
}

static int take_layer(struct save *save, struct bundle *bundle, size_t i,
		      struct rewrite_layer *layer)
{
	struct descriptor *d = &bundle->layers.v[i];
	int rc;

	if (blob_exists(save->store, d->digest, d->size))
		return 0;
	rc = find_relative(save, bundle->parsed.diff_ids.v[i], layer);
	TRY(rc);
	if (rc == 0) {
		refuse_with(ENODATA, "the blob of layer %zu is not in the store: %s", i + 1,
			    d->digest);
		hint("load the image again, or remove it and pull it again; "
		     "'system prune --blobs' removes blobs");
		return -ENODATA;
	}
	memcpy(d->digest, layer->digest, DIGEST_TEXT_SIZE);
	d->size = layer->size;
	free(bundle->layer_files.v[i]);
	bundle->layer_files.v[i] = blob_path(d->digest);
	return 1;
}

/* See that all layers are there; where some are other blobs the manifest says so, and the image
 * keeps its ID. */
static int take_layers(struct save *save, struct bundle *bundle)
{
	autofree struct rewrite_layer *layers = xcalloc(bundle->layers.n + 1, sizeof(*layers));
	AUTO(buf) text = BUF_INIT;
	const char *type = NULL;
	bool changed = false;

	for (size_t i = 0; i < bundle->layers.n; i++) {
		int rc = take_layer(save, bundle, i, &layers[i]);

		TRY(rc);
		changed |= rc == 1;
	}
	if (!changed)
		return 0;
	TRY(rewrite_manifest(&bundle->manifest, bundle->manifest_type, FAMILY_ANY, layers, &text,
			     &type));
	xreplace(&bundle->manifest_type, type);
	buf_release(&bundle->manifest);
	bundle->manifest = text;
	buf_init(&text);
	return digest_of(bundle->manifest.data, bundle->manifest.len, bundle->digest);
}

static int read_bundle(struct save *save, const struct catalog_entry *entry,
		       const struct platform *platform, const char *text, struct bundle *bundle)
{
	struct descriptors list = { .v = (struct descriptor *)&entry->descriptor, .n = 1 };
	autofree char *what = xasprintf("image '%s'", text);

	TRY(bundle_read_layout(&save->layout, &list, platform, what, bundle));
	return fail_in(take_layers(save, bundle), "%s", what);
}

/* A further name of an image that is saved already, or another image. */
static void add_bundle(struct save *save, struct bundle *bundle, const char *name)
{
	struct saved_image *image = NULL;

	for (size_t i = 0; i < save->n && image == NULL; i++)
		if (strcmp(save->v[i].bundle.digest, bundle->digest) == 0)
			image = &save->v[i];
	if (image == NULL) {
		image = VEC_PUSH(save);
		image->bundle = *bundle;
		*bundle = (struct bundle)BUNDLE_INIT;
	}
	if (name != NULL && !strvec_has(&image->names, name))
		strvec_push(&image->names, name);
}

static int add_image(struct save *save, const struct catalog *catalog, const char *text,
		     const struct platform *platform)
{
	AUTO(bundle) bundle = BUNDLE_INIT;
	AUTO(image_item) item = { 0 };
	bool by_name;

	TRY(lookup(catalog, text, &item, &by_name));
	if (item.entry < 0) {
		refuse("the image '%s' was run from an archive: only its layers are here", text);
		hint("load the archive, then save the image");
		return -EINVAL;
	}
	TRY(read_bundle(save, &catalog->v[item.entry], platform, text, &bundle));
	add_bundle(save, &bundle, by_name ? item.name : NULL);
	return 0;
}

int save_open(struct save *save, struct store *store, const struct strvec *names,
	      const struct platform *platform)
{
	AUTO(catalog) catalog = CATALOG_INIT;

	save->store = store;
	save->hold = store_hold(store);
	TRY(save->hold);
	TRY(archive_open_dir(store->fd, store->path, &save->layout));
	TRY(catalog_open(store, &catalog));
	for (size_t i = 0; i < names->n; i++)
		TRY(add_image(save, &catalog, names->v[i], platform));
	return 0;
}

/* --- documents -------------------------------------------------------------------------------- */

static void add_index_entry(cJSON *manifests, const struct bundle *bundle, const char *name,
			    bool docker)
{
	const struct image_config *config = &bundle->parsed;
	cJSON *item = json_object(), *sub;
	AUTO(ref) ref = { 0 };

	json_add_string(item, "mediaType", bundle->manifest_type);
	json_add_string(item, "digest", bundle->digest);
	json_add_int(item, "size", (int64_t)bundle->manifest.len);
	if (name != NULL) {
		sub = json_add_object(item, "annotations");
		if (docker && ref_parse(name, &ref) == 0 && ref.tag != NULL) {
			json_add_string(sub, ANNOTATION_IMAGE_NAME, name);
			json_add_string(sub, ANNOTATION_REF_NAME, ref.tag);
		} else {
			json_add_string(sub, ANNOTATION_REF_NAME, name);
		}
	}
	if (config->architecture != NULL && config->os != NULL) {
		sub = json_add_object(item, "platform");
		json_add_string(sub, "architecture", config->architecture);
		json_add_string(sub, "os", config->os);
		json_add_string(sub, "variant", config->variant);
	}
	json_push(manifests, item);
}

static void print_index(const struct save *save, bool docker, struct buf *out)
{
	autojson cJSON *json = json_object();
	cJSON *manifests;

	json_add_int(json, "schemaVersion", 2);
	json_add_string(json, "mediaType", MEDIA_OCI_INDEX);
	manifests = json_add_array(json, "manifests");
	for (size_t i = 0; i < save->n; i++) {
		const struct saved_image *image = &save->v[i];

		if (image->names.n == 0)
			add_index_entry(manifests, &image->bundle, NULL, docker);
		for (size_t k = 0; k < image->names.n; k++)
			add_index_entry(manifests, &image->bundle, image->names.v[k], docker);
	}
	json_print(json, false, out);
}

/* docker's list of images. */
static void print_list(const struct save *save, struct buf *out)
{
	autojson cJSON *json = json_array();

	for (size_t i = 0; i < save->n; i++) {
		const struct saved_image *image = &save->v[i];
		autofree char *config = xasprintf(BLOBS "/%s", digest_hex(image->bundle.id));
		AUTO(strvec) tags = STRVEC_INIT;
		cJSON *item = json_object();

		/* A name with a digest cannot be given on loading. */
		for (size_t k = 0; k < image->names.n; k++)
			if (strchr(image->names.v[k], '@') == NULL)
				strvec_push(&tags, image->names.v[k]);
		json_add_string(item, "Config", config);
		json_add_strings(item, "RepoTags", &tags);
		json_add_strings(item, "Layers", &image->bundle.layer_files);
		json_push(json, item);
	}
	json_print(json, false, out);
}

/* --- writing ---------------------------------------------------------------------------------- */

/* Where it goes: into an archive, or into a directory. */
struct target {
	const struct save *save;
	struct tarwrite *tar; /* NULL: a directory */
	int dir;
	unsigned char *bytes; /* COPY_SIZE */
};

static int put_directory(const struct target *target, const char *path)
{
	struct tar_entry entry = { .type = TAR_DIRECTORY, .path = path, .link = "", .mode = 0755 };

	if (target->tar != NULL)
		return tarwrite_entry(target->tar, &entry);
	return fs_mkdirs(target->dir, path, 0755);
}

static int put_document(const struct target *target, const char *path, const struct buf *text)
{
	struct tar_entry entry = { .path = path, .link = "", .mode = 0644, .size = text->len };

	if (target->tar != NULL)
		return tarwrite_file(target->tar, &entry, text->data);
	return fs_replace_file(target->dir, path, text->data, text->len, 0644, false);
}

/* Exactly size bytes, which have the digest that names them. */
static int copy_blob(const struct target *target, int in, int out, const struct descriptor *d)
{
	AUTO(digest) digest = { 0 };
	char found[DIGEST_TEXT_SIZE];
	uint64_t left = d->size;

	TRY(digest_init(&digest));
	while (left > 0) {
		ssize_t n = read(in, target->bytes, COPY_SIZE);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail("cannot read the blob %s", d->digest);
		if (n == 0 || (uint64_t)n > left)
			return refuse("the blob %s has not the size it should have", d->digest);
		left -= (uint64_t)n;
		digest_update(&digest, target->bytes, (size_t)n);
		if (target->tar != NULL)
			TRY(tarwrite_data(target->tar, target->bytes, (size_t)n));
		else
			TRY(fs_write_all(out, target->bytes, (size_t)n, d->digest));
	}
	digest_final(&digest, found);
	if (strcmp(found, d->digest) == 0)
		return 0;
	refuse_with(EBADMSG, "the blob %s is damaged: its digest is %s", d->digest, found);
	hint("'berth system check --deep' finds out what else is, and --repair removes it");
	return -EBADMSG;
}

static int put_blob(const struct target *target, const struct descriptor *d)
{
	autofree char *path = xasprintf(BLOBS "/%s", digest_hex(d->digest));
	struct tar_entry entry = { .path = path, .link = "", .mode = 0644, .size = d->size };
	autoclose int in = fs_open(target->save->store->fd, path, O_RDONLY, 0);
	autoclose int out = -1;

	TRY(in);
	if (target->tar != NULL) {
		TRY(tarwrite_entry(target->tar, &entry));
	} else {
		out = fs_open(target->dir, path, O_WRONLY | O_CREAT | O_EXCL, 0644);
		TRY(out);
	}
	return copy_blob(target, in, out, d);
}

/* A blob that is written, from memory where it is a document. */
struct part {
	char digest[DIGEST_TEXT_SIZE];
	uint64_t size;
	const struct buf *text; /* NULL: it is in the store */
};

struct parts {
	struct part *v;
	size_t n;
};

static void parts_release(struct parts *parts)
{
	free(parts->v);
}

static void list_part(struct parts *list, const char *digest, uint64_t size, const struct buf *text)
{
	struct part *part = VEC_PUSH(list);

	memcpy(part->digest, digest, DIGEST_TEXT_SIZE);
	part->size = size;
	part->text = text;
}

static int compare_parts(const void *a, const void *b)
{
	return strcmp(((const struct part *)a)->digest, ((const struct part *)b)->digest);
}

static int put_part(const struct target *target, const struct part *part)
{
	struct descriptor d = { .size = part->size };
	autofree char *path = NULL;

	memcpy(d.digest, part->digest, DIGEST_TEXT_SIZE);
	if (part->text == NULL)
		return put_blob(target, &d);
	path = blob_path(part->digest);
	return put_document(target, path, part->text);
}

/* Each blob once, sorted. */
static int put_blobs(const struct target *target)
{
	AUTO(parts) list = { 0 };

	for (size_t i = 0; i < target->save->n; i++) {
		const struct bundle *bundle = &target->save->v[i].bundle;

		list_part(&list, bundle->digest, bundle->manifest.len, &bundle->manifest);
		list_part(&list, bundle->id, bundle->config.len, &bundle->config);
		for (size_t k = 0; k < bundle->layers.n; k++)
			list_part(&list, bundle->layers.v[k].digest, bundle->layers.v[k].size,
				  NULL);
	}
	if (list.n > 0)
		qsort(list.v, list.n, sizeof(*list.v), compare_parts);
	for (size_t i = 0; i < list.n; i++)
		if (i == 0 || compare_parts(&list.v[i - 1], &list.v[i]) != 0)
			TRY(put_part(target, &list.v[i]));
	return 0;
}

static int put_all(const struct target *target, bool docker)
{
	AUTO(buf) index = BUF_INIT, list = BUF_INIT, version = BUF_INIT;

	print_index(target->save, docker, &index);
	buf_add_str(&version, "{\"imageLayoutVersion\":\"1.0.0\"}");
	TRY(put_directory(target, "blobs"));
	TRY(put_directory(target, BLOBS));
	TRY(put_blobs(target));
	TRY(put_document(target, "index.json", &index));
	if (docker) {
		print_list(target->save, &list);
		TRY(put_document(target, "manifest.json", &list));
	}
	return put_document(target, "oci-layout", &version);
}

int save_archive(const struct save *save, bool docker, int fd, const char *name)
{
	AUTO(tarwrite) tar = TARWRITE_INIT;
	autofree unsigned char *bytes = xalloc(COPY_SIZE);
	struct target target = { .save = save, .tar = &tar, .dir = -1, .bytes = bytes };

	tarwrite_init(&tar, fd, name);
	TRY(put_all(&target, docker));
	return tarwrite_end(&tar);
}

/* Fill it under another name in the same directory, then rename. */
static int fill_directory(const struct save *save, int parent, const char *tmp, const char *name)
{
	autofree unsigned char *bytes = xalloc(COPY_SIZE);
	struct target target = { .save = save, .bytes = bytes };
	autoclose int dir = -1;

	if (mkdirat(parent, tmp, 0777) < 0)
		return fail("cannot make a directory beside '%s'", name);
	dir = fs_open(parent, tmp, O_RDONLY | O_DIRECTORY, 0);
	TRY(dir);
	target.dir = dir;
	TRY(put_all(&target, false));
	if (syncfs(dir) < 0)
		return fail("cannot write '%s' to the disk", name);
	if (renameat(parent, tmp, parent, name) == 0)
		return 0;
	if (errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR)
		return refuse_with(EEXIST, "'%s' exists, and is not an empty directory", name);
	return fail("cannot make '%s'", name);
}

int save_directory(const struct save *save, const char *path)
{
	autofree char *clean = xstrdup(path);
	autofree char *tmp = NULL;
	AUTO(err_kept) kept = { 0 };
	const char *name = clean;
	autoclose int parent = -1;
	char random[17];
	int rc;

	for (size_t len = strlen(clean); len > 1 && clean[len - 1] == '/'; len--)
		clean[len - 1] = '\0';
	if (strrchr(clean, '/') != NULL) {
		name = strrchr(clean, '/') + 1;
		clean[name - clean - 1] = '\0';
	}
	parent = fs_open(AT_FDCWD,
			 name == clean      ? "."
			 : clean[0] != '\0' ? clean
					    : "/",
			 O_RDONLY | O_DIRECTORY, 0);
	TRY(parent);
	TRY(fs_random_hex(random, 8));
	tmp = xasprintf(".berth-%s", random);
	rc = outfile_advise(fill_directory(save, parent, tmp, name));
	if (rc >= 0)
		return 0;
	kept = err_keep();
	fs_remove_tree(parent, tmp);
	err_restore(&kept);
	return rc;
}
