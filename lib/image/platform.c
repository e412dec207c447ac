/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/platform.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/vec.h"

/* What people and uname(1) call them -> GOARCH and variant. */
static const struct {
	const char *alias, *architecture, *variant;
} aliases[] = {
	{ "x86_64", "amd64", NULL },
	{ "x86-64", "amd64", NULL },
	{ "aarch64", "arm64", NULL },
	{ "i386", "386", NULL },
	{ "i686", "386", NULL },
	{ "armhf", "arm", "v7" },
	{ "armv7l", "arm", "v7" },
	{ "armel", "arm", "v6" },
	{ "armv6l", "arm", "v6" },
	{ "ppc64el", "ppc64le", NULL },
	{ "powerpc64le", "ppc64le", NULL },
	{ "mips64el", "mips64le", NULL },
	{ "loongarch64", "loong64", NULL },
};

/* The rung that is meant where no variant is given. */
static const struct {
	const char *architecture;
	int rung;
} ladders[] = {
	{ "amd64", 1 },
	{ "arm", 7 },
	{ "arm64", 8 },
};

#if defined(__x86_64__)
#define HOST_ARCHITECTURE "amd64"
#elif defined(__aarch64__)
#define HOST_ARCHITECTURE "arm64"
#elif defined(__arm__)
#define HOST_ARCHITECTURE "arm"
#elif defined(__i386__)
#define HOST_ARCHITECTURE "386"
#elif defined(__riscv)
#define HOST_ARCHITECTURE "riscv64"
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
#define HOST_ARCHITECTURE "ppc64le"
#elif defined(__s390x__)
#define HOST_ARCHITECTURE "s390x"
#elif defined(__loongarch64)
#define HOST_ARCHITECTURE "loong64"
#elif defined(__mips64)
#define HOST_ARCHITECTURE "mips64le"
#else
#error "add this architecture to the list: its GOARCH"
#endif

/* "v7" -> 7; -1 where there is no such variant. */
static int rung_of(const char *variant)
{
	if (variant[0] != 'v' || variant[1] < '1' || variant[1] > '9' || variant[2] != '\0')
		return -1;
	return variant[1] - '0';
}

static int default_rung(const char *architecture)
{
	for (size_t i = 0; i < ARRAY_SIZE(ladders); i++)
		if (strcmp(ladders[i].architecture, architecture) == 0)
			return ladders[i].rung;
	return 0;
}

/* The highest rung that this processor climbs; 0: the architecture has no ladder. */
static int host_rung(void)
{
#if defined(__x86_64__)
	__builtin_cpu_init();
	if (!__builtin_cpu_supports("sse4.2") || !__builtin_cpu_supports("popcnt"))
		return 1;
	if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi2") ||
	    !__builtin_cpu_supports("fma"))
		return 2;
	if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
	    !__builtin_cpu_supports("avx512vl") || !__builtin_cpu_supports("avx512dq"))
		return 3;
	return 4;
#elif defined(__arm__)
	struct utsname name;

	/* armv7l; a 64-bit kernel says armv8l or aarch64. */
	if (uname(&name) < 0 || strncmp(name.machine, "armv", 4) != 0)
		return 7;
	return name.machine[4] >= '5' && name.machine[4] <= '8' ? name.machine[4] - '0' : 7;
#else
	return default_rung(HOST_ARCHITECTURE);
#endif
}

static bool word_is_valid(const char *word)
{
	return word[0] != '\0' && strlen(word) <= 32 &&
	       strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789_-.") == strlen(word);
}

/* "arm/v7" leaves the system out, "linux/arm" the variant. */
static bool is_os(const char *word)
{
	static const char *const names[] = { "linux",   "windows", "darwin",  "freebsd", "netbsd",
					     "openbsd", "solaris", "illumos", "aix",     "wasip1" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(names[i], word) == 0)
			return true;
	return false;
}

static void set_architecture(struct platform *platform, const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(aliases); i++)
		if (strcmp(aliases[i].alias, word) == 0) {
			platform->architecture = xstrdup(aliases[i].architecture);
			platform->variant = xstrdup_null(aliases[i].variant);
			return;
		}
	platform->architecture = xstrdup(word);
}

void platform_host(struct platform *ret_platform)
{
	int rung = host_rung();

	ret_platform->os = xstrdup("linux");
	ret_platform->architecture = xstrdup(HOST_ARCHITECTURE);
	ret_platform->variant = rung != 0 ? xasprintf("v%d", rung) : NULL;
}

int platform_parse(const char *text, struct platform *ret_platform)
{
	AUTO(strvec) words = STRVEC_INIT;
	size_t at;

	if (text == NULL || text[0] == '\0') {
		platform_host(ret_platform);
		return 0;
	}
	strvec_split(&words, text, '/');
	for (size_t i = 0; i < words.n; i++)
		if (words.n > 3 || !word_is_valid(words.v[i])) {
			refuse("'%s' is not a platform", text);
			hint("a platform looks like linux/arm64, linux/arm/v7 or amd64");
			return -EINVAL;
		}
	*ret_platform = (struct platform){ 0 };
	at = words.n == 3 || is_os(words.v[0]) ? 1 : 0;
	if (at >= words.n)
		return refuse("'%s' is not a platform: the architecture is missing", text);
	ret_platform->os = xstrdup(at == 1 ? words.v[0] : "linux");
	set_architecture(ret_platform, words.v[at]);
	if (at + 1 < words.n)
		xreplace(&ret_platform->variant, words.v[at + 1]);
	else if (ret_platform->variant == NULL && host_rung() != 0 &&
		 strcmp(ret_platform->architecture, HOST_ARCHITECTURE) == 0)
		ret_platform->variant = xasprintf("v%d", host_rung());
	return 0;
}

void platform_release(struct platform *platform)
{
	free(platform->os);
	free(platform->architecture);
	free(platform->variant);
	*platform = (struct platform){ 0 };
}

int platform_rank(const struct platform *wanted, const char *os, const char *architecture,
		  const char *variant)
{
	int fallback = default_rung(wanted->architecture);
	int have, want;

	if (os == NULL || architecture == NULL || strcmp(wanted->os, os) != 0 ||
	    strcmp(wanted->architecture, architecture) != 0)
		return -1;
	if (variant != NULL && variant[0] == '\0')
		variant = NULL;
	if (wanted->variant != NULL && variant != NULL && strcmp(wanted->variant, variant) == 0)
		return 100;
	if (fallback == 0)
		return variant == NULL || wanted->variant == NULL ? 0 : -1;
	want = wanted->variant != NULL ? rung_of(wanted->variant) : fallback;
	/* An arm image that names no variant may be for any: it is taken after those that do. */
	if (variant == NULL && strcmp(architecture, "arm") == 0)
		return 0;
	have = variant != NULL ? rung_of(variant) : fallback;
	return have >= 0 && have <= want ? have : -1;
}

void platform_print(struct buf *out, const char *os, const char *architecture, const char *variant)
{
	buf_addf(out, "%s/%s", os != NULL ? os : "unknown",
		 architecture != NULL ? architecture : "unknown");
	if (variant != NULL && variant[0] != '\0')
		buf_addf(out, "/%s", variant);
}
