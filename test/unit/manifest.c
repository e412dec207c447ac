/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/manifest.h"

#include "base/bounds.h"
#include "data.h"

static void print_descriptor(struct buf *out, const char *what, const struct descriptor *d)
{
	buf_addf(out, "%s %s %s %llu", what, d->media_type, d->digest, (unsigned long long)d->size);
	if (d->platform.architecture != NULL) {
		buf_add_char(out, ' ');
		platform_print(out, d->platform.os, d->platform.architecture, d->platform.variant);
	}
	if (d->ref_name != NULL)
		buf_addf(out, " name=%s", d->ref_name);
	if (d->attestation)
		buf_add_str(out, " attestation");
	buf_add_char(out, '\n');
}

static void print_choice(struct buf *out, const struct manifest *m, const char *text)
{
	const struct descriptor *chosen = NULL;
	AUTO(platform) wanted = { 0 };

	assert_int_equal(platform_parse(text, &wanted), 0);
	if (manifest_choose(&m->manifests, &wanted, &chosen) < 0)
		buf_addf(out, "%s: %s\n", text, err_text());
	else
		buf_addf(out, "%s: %zu\n", text, (size_t)(chosen - m->manifests.v));
}

static int render(const struct buf *in, struct buf *out)
{
	static const char *const wanted[] = { "linux/amd64/v1", "linux/amd64/v3", "arm64", "arm/v6",
					      "arm/v7",         "riscv64",        "s390x" };
	AUTO(manifest) m = { 0 };

	TRY(manifest_parse(in->data, in->len, "the document", &m));
	if (!m.is_index)
		print_descriptor(out, "config", &m.config);
	for (size_t i = 0; i < m.layers.n; i++)
		print_descriptor(out, "layer", &m.layers.v[i]);
	for (size_t i = 0; i < m.manifests.n; i++)
		print_descriptor(out, "manifest", &m.manifests.v[i]);
	for (size_t i = 0; m.is_index && i < ARRAY_SIZE(wanted); i++)
		print_choice(out, &m, wanted[i]);
	return 0;
}

static void test_data(void **state)
{
	data_check("manifest", render);
}

static void add_layers(struct buf *text, size_t n)
{
	static const char digest[] =
		"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

	buf_addf(text,
		 "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":"
		 "1},"
		 "\"layers\":[",
		 MEDIA_OCI_CONFIG, digest);
	for (size_t i = 0; i < n; i++)
		buf_addf(text, "%s{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":1}",
			 i ? "," : "", MEDIA_OCI_LAYER, digest);
	buf_add_str(text, "]}");
}

static int parse_layers(size_t n)
{
	AUTO(manifest) m = { 0 };
	AUTO(buf) text = BUF_INIT;

	add_layers(&text, n);
	return manifest_parse(text.data, text.len, "it", &m);
}

static void test_limits(void **state)
{
	AUTO(buf) text = BUF_INIT;
	AUTO(manifest) m = { 0 };

	assert_int_equal(parse_layers(0), 0);
	assert_int_equal(parse_layers(MAX_LAYERS), 0);
	assert_int_equal(parse_layers(MAX_LAYERS + 1), -EINVAL);
	add_layers(&text, 1);
	while (text.len < MAX_MANIFEST)
		buf_add_char(&text, ' ');
	assert_int_equal(manifest_parse(text.data, text.len, "it", &m), 0);
	manifest_release(&m);
	buf_add_char(&text, ' ');
	assert_int_equal(manifest_parse(text.data, text.len, "it", &m), -EINVAL);
}

/* What we write is what we read. */
static void test_print(void **state)
{
	AUTO(manifest) m = { 0 }, again = { 0 };
	AUTO(buf) text = BUF_INIT, printed = BUF_INIT;

	add_layers(&text, 3);
	assert_int_equal(manifest_parse(text.data, text.len, "it", &m), 0);
	manifest_print(&m.config, &m.layers, &printed);
	assert_int_equal(manifest_parse(printed.data, printed.len, "it", &again), 0);
	assert_int_equal(again.layers.n, 3);
	assert_string_equal(again.config.digest, m.config.digest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_data),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_print),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
