/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <errno.h>

#include "base/err.h"
#include "image/rewrite.h"

#define HEX_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HEX_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define HEX_C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define BLOB(type, hex, size, more) \
	"{\"mediaType\":\"" type "\",\"digest\":\"sha256:" hex "\",\"size\":" size more "}"
#define DOCKER_GZIP "application/vnd.docker.image.rootfs.diff.tar.gzip"
#define OCI_FOREIGN "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"

/* With what may not be lost, blanks, and fields in another order. */
static const char oci[] =
	"{ \"schemaVersion\":2, \"annotations\":{\"a\":\"b\"},\"mediaType\":\"" MEDIA_OCI_MANIFEST
	"\",\"config\":" BLOB(MEDIA_OCI_CONFIG, HEX_A, "10", "") ",\"layers\":[" BLOB(
		MEDIA_OCI_LAYER, HEX_B, "20",
		",\"annotations\":{\"io.github.containers.zstd-chunked.manifest-checksum\":\"x\"},"
		"\"data\":\"eA==\"") "," BLOB(MEDIA_OCI_LAYER "+gzip", HEX_C, "30",
					      ",\"annotations\":{\"k\":\"v\"}") "],\"unknown\":1}";
static const char docker[] =
	"{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_DOCKER_MANIFEST
	"\",\"config\":" BLOB(MEDIA_DOCKER_CONFIG, HEX_A, "10", "") ",\"layers\":[" BLOB(
		DOCKER_GZIP, HEX_B, "20", "") "," BLOB(DOCKER_GZIP, HEX_C, "30", "") "]}";

static void set_text(struct buf *buf, const char *text)
{
	buf_clear(buf);
	buf_add_str(buf, text);
}

static struct rewrite_layer layer(const char *hex, uint64_t size, enum compression compression,
				  bool changed)
{
	struct rewrite_layer made = { .changed = changed,
				      .size = size,
				      .compression = compression };

	snprintf(made.digest, sizeof(made.digest), "sha256:%s", hex);
	return made;
}

/* The layers as they stand in both texts. */
static void same_layers(struct rewrite_layer *layers, enum compression first)
{
	layers[0] = layer(HEX_B, 20, first, false);
	layers[1] = layer(HEX_C, 30, COMPRESSION_GZIP, false);
}

static void what_did_not_change_is_the_same_text(void **state)
{
	static const struct {
		const char *text, *type;
		enum manifest_family family;
	} cases[] = {
		{ oci, MEDIA_OCI_MANIFEST, FAMILY_ANY },
		{ oci, MEDIA_OCI_MANIFEST, FAMILY_OCI },
		{ docker, MEDIA_DOCKER_MANIFEST, FAMILY_ANY },
		{ docker, MEDIA_DOCKER_MANIFEST, FAMILY_DOCKER },
	};
	struct rewrite_layer layers[2];

	same_layers(layers, COMPRESSION_NONE);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO(buf) text = BUF_INIT, out = BUF_INIT;
		const char *type = NULL;

		set_text(&text, cases[i].text);
		assert_int_equal(rewrite_manifest(&text, cases[i].type, cases[i].family, layers,
						  &out, &type),
				 0);
		assert_string_equal(out.data, cases[i].text);
		assert_string_equal(type, cases[i].type);
	}
}

static void a_layer_that_changed(void **state)
{
	AUTO(buf) text = BUF_INIT, out = BUF_INIT;
	struct rewrite_layer layers[2];
	AUTO(manifest) m = { 0 };
	const char *type = NULL;

	same_layers(layers, COMPRESSION_NONE);
	layers[0] = layer(HEX_A, 5, COMPRESSION_GZIP, true);
	set_text(&text, oci);
	assert_int_equal(
		rewrite_manifest(&text, MEDIA_OCI_MANIFEST, FAMILY_ANY, layers, &out, &type), 1);
	assert_string_equal(type, MEDIA_OCI_MANIFEST);
	assert_int_equal(manifest_parse(out.data, out.len, "it", &m), 0);
	assert_string_equal(m.config.digest, "sha256:" HEX_A);
	assert_string_equal(m.layers.v[0].digest, "sha256:" HEX_A);
	assert_int_equal(m.layers.v[0].size, 5);
	assert_string_equal(m.layers.v[0].media_type, MEDIA_OCI_LAYER "+gzip");
	assert_string_equal(m.layers.v[1].digest, "sha256:" HEX_C);
	/* What told of the blob that was goes, the rest stays. */
	assert_null(strstr(out.data, "zstd-chunked"));
	assert_null(strstr(out.data, "data"));
	assert_non_null(strstr(out.data, "{\"k\":\"v\"}"));
	assert_non_null(strstr(out.data, "{\"a\":\"b\"}"));
	assert_non_null(strstr(out.data, "\"unknown\":1"));
}

/* A layer with a table of contents says where it is, and one without says nothing of it. */
static void a_table_of_contents(void **state)
{
	static const char legacy[] = "io.containers.zstd-chunked.manifest-position";
	AUTO(buf) text = BUF_INIT, out = BUF_INIT, back = BUF_INIT;
	struct rewrite_layer layers[2];
	AUTO(manifest) m = { 0 };
	const char *type = NULL;
	char *at;

	same_layers(layers, COMPRESSION_ZSTD);
	for (int i = 0; i < 2; i++)
		layers[i] = layer(HEX_A, 5, COMPRESSION_ZSTD, true);
	snprintf(layers[1].toc.digest, DIGEST_TEXT_SIZE, "sha256:%s", HEX_B);
	layers[1].toc.table = (struct chunked_place){ 1, 2, 3 };
	layers[1].toc.split = (struct chunked_place){ 4, 5, 6 };
	set_text(&text, oci);
	assert_int_equal(
		rewrite_manifest(&text, MEDIA_OCI_MANIFEST, FAMILY_ANY, layers, &out, &type), 1);
	assert_int_equal(manifest_parse(out.data, out.len, "it", &m), 0);
	assert_false(m.layers.v[0].chunked);
	assert_true(m.layers.v[1].chunked);
	assert_non_null(strstr(out.data, "\"io.github.containers.zstd-chunked.manifest-checksum\":"
					 "\"sha256:" HEX_B "\""));
	assert_non_null(strstr(out.data, ".manifest-position\":\"1:2:3:1\""));
	at = strstr(out.data, ".tarsplit-position\":\"4:5:6\"");
	assert_non_null(at);
	/* It goes with the blob that it is of, under the name that it had once as well. */
	memcpy(strstr(out.data, "io.github.containers.zstd-chunked.manifest-position"), legacy,
	       strlen(legacy));
	layers[1] = layer(HEX_B, 6, COMPRESSION_GZIP, true);
	assert_int_equal(
		rewrite_manifest(&out, MEDIA_OCI_MANIFEST, FAMILY_ANY, layers, &back, &type), 1);
	assert_null(strstr(back.data, "io.github"));
	assert_null(strstr(back.data, legacy));
}

static void to_the_other_family(void **state)
{
	AUTO(buf) text = BUF_INIT, out = BUF_INIT, back = BUF_INIT;
	struct rewrite_layer layers[2];
	AUTO(manifest) m = { 0 };
	const char *type = NULL;

	same_layers(layers, COMPRESSION_NONE);
	set_text(&text, oci);
	assert_int_equal(
		rewrite_manifest(&text, MEDIA_OCI_MANIFEST, FAMILY_DOCKER, layers, &out, &type), 1);
	assert_string_equal(type, MEDIA_DOCKER_MANIFEST);
	assert_int_equal(manifest_parse(out.data, out.len, "it", &m), 0);
	assert_string_equal(m.config.media_type, MEDIA_DOCKER_CONFIG);
	assert_string_equal(m.config.digest, "sha256:" HEX_A);
	assert_string_equal(m.layers.v[0].media_type,
			    "application/vnd.docker.image.rootfs.diff.tar");
	assert_string_equal(m.layers.v[1].media_type, DOCKER_GZIP);
	assert_string_equal(m.layers.v[1].digest, "sha256:" HEX_C);
	assert_null(strstr(out.data, "annotations"));
	assert_int_equal(rewrite_manifest(&out, type, FAMILY_OCI, layers, &back, &type), 1);
	assert_string_equal(type, MEDIA_OCI_MANIFEST);
	assert_non_null(strstr(back.data, MEDIA_OCI_LAYER "\""));
	assert_non_null(strstr(back.data, MEDIA_OCI_LAYER "+gzip\""));
	assert_null(strstr(back.data, "docker"));
}

static void docker_knows_no_zstd(void **state)
{
	AUTO(buf) text = BUF_INIT, out = BUF_INIT;
	struct rewrite_layer layers[2];
	const char *type = NULL;

	same_layers(layers, COMPRESSION_ZSTD);
	set_text(&text, oci);
	assert_int_equal(
		rewrite_manifest(&text, MEDIA_OCI_MANIFEST, FAMILY_DOCKER, layers, &out, &type),
		-EINVAL);
	assert_non_null(strstr(err_text(), "zstd"));
	err_clear();
	/* Where nobody insists, it becomes OCI's. */
	layers[0] = layer(HEX_A, 5, COMPRESSION_ZSTD, true);
	buf_clear(&out);
	set_text(&text, docker);
	assert_int_equal(
		rewrite_manifest(&text, MEDIA_DOCKER_MANIFEST, FAMILY_ANY, layers, &out, &type), 1);
	assert_string_equal(type, MEDIA_OCI_MANIFEST);
	assert_non_null(strstr(out.data, MEDIA_OCI_LAYER "+zstd"));
	assert_null(strstr(out.data, "docker"));
}

static void what_may_not_be_passed_on(void **state)
{
	static const char foreign[] =
		"{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_OCI_MANIFEST
		"\",\"config\":" BLOB(MEDIA_OCI_CONFIG, HEX_A, "10", "") ",\"layers\":[" BLOB(
			OCI_FOREIGN, HEX_B, "20", ",\"urls\":[\"https://x.invalid\"]") "]}";
	struct rewrite_layer only = layer(HEX_B, 20, COMPRESSION_GZIP, false);
	AUTO(buf) text = BUF_INIT, out = BUF_INIT;
	const char *type = NULL;

	set_text(&text, foreign);
	assert_int_equal(
		rewrite_manifest(&text, MEDIA_OCI_MANIFEST, FAMILY_DOCKER, &only, &out, &type), 1);
	assert_non_null(strstr(out.data, "rootfs.foreign.diff.tar.gzip"));
	assert_non_null(strstr(out.data, "https://x.invalid"));
}

static void an_index(void **state)
{
	static const char index[] =
		"{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_OCI_INDEX
		"\",\"manifests\":[" BLOB(MEDIA_OCI_MANIFEST, HEX_A, "10",
					  ",\"platform\":{\"architecture\":\"arm64\",\"os\":"
					  "\"linux\"}") "," BLOB(MEDIA_OCI_MANIFEST, HEX_B, "20",
								 "") "],\"annotations\":{\"a\":"
								     "\"b\"}}";
	char manifest_type[] = MEDIA_DOCKER_MANIFEST, oci_type[] = MEDIA_OCI_MANIFEST;
	struct descriptor members[] = {
		{ .media_type = oci_type, .digest = "sha256:" HEX_A, .size = 10 },
		{ .media_type = oci_type, .digest = "sha256:" HEX_B, .size = 20 },
	};
	const struct descriptors list = { .v = members, .n = 2 };
	AUTO(buf) text = BUF_INIT, out = BUF_INIT;
	const char *type = NULL;

	set_text(&text, index);
	assert_int_equal(rewrite_index(&text, MEDIA_OCI_INDEX, FAMILY_ANY, &list, &out, &type), 0);
	assert_string_equal(out.data, index);
	members[1] = (struct descriptor){ .media_type = manifest_type,
					  .digest = "sha256:" HEX_C,
					  .size = 99 };
	buf_clear(&out);
	assert_int_equal(rewrite_index(&text, MEDIA_OCI_INDEX, FAMILY_ANY, &list, &out, &type), 1);
	assert_string_equal(type, MEDIA_OCI_INDEX);
	assert_non_null(strstr(out.data, "sha256:" HEX_A));
	assert_non_null(strstr(out.data, "sha256:" HEX_C));
	assert_null(strstr(out.data, HEX_B));
	assert_non_null(strstr(out.data, "arm64"));
	assert_non_null(strstr(out.data, "{\"a\":\"b\"}"));
	buf_clear(&out);
	assert_int_equal(rewrite_index(&text, MEDIA_OCI_INDEX, FAMILY_DOCKER, &list, &out, &type),
			 1);
	assert_string_equal(type, MEDIA_DOCKER_INDEX);
	assert_non_null(strstr(out.data, MEDIA_DOCKER_INDEX));
	assert_null(strstr(out.data, "annotations"));
}

static void what_types_say(void **state)
{
	assert_int_equal(rewrite_media_compression(MEDIA_OCI_LAYER), COMPRESSION_NONE);
	assert_int_equal(rewrite_media_compression(MEDIA_OCI_LAYER "+gzip"), COMPRESSION_GZIP);
	assert_int_equal(rewrite_media_compression(MEDIA_OCI_LAYER "+zstd"), COMPRESSION_ZSTD);
	assert_int_equal(rewrite_media_compression(DOCKER_GZIP), COMPRESSION_GZIP);
	assert_int_equal(rewrite_media_compression(""), COMPRESSION_NONE);
	assert_int_equal(rewrite_media_compression("gz"), COMPRESSION_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_did_not_change_is_the_same_text),
		cmocka_unit_test(a_layer_that_changed),
		cmocka_unit_test(a_table_of_contents),
		cmocka_unit_test(to_the_other_family),
		cmocka_unit_test(docker_knows_no_zstd),
		cmocka_unit_test(what_may_not_be_passed_on),
		cmocka_unit_test(an_index),
		cmocka_unit_test(what_types_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
