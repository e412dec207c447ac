/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/restartpolicy.h"

#include <stddef.h>
#include <string.h>

#include "base/err.h"
#include "base/units.h"

#define PAUSE_FIRST 100 /* ms */
#define PAUSE_MAX 60000
#define RAN_WELL 10000

static const struct {
	const char *name;
	enum restart_kind kind;
} policies[] = {
	{ "", RESTART_NO },
	{ "no", RESTART_NO },
	{ "never", RESTART_NO },
	{ "on-failure", RESTART_ON_FAILURE },
	{ "always", RESTART_ALWAYS },
	/* What is stopped by command stays so in any case: nothing starts containers at boot. */
	{ "unless-stopped", RESTART_ALWAYS },
};

int restart_policy_parse(const char *text, struct restart_policy *ret_policy)
{
	struct restart_policy policy = { RESTART_NO, 0 };
	size_t len;

	if (text == NULL)
		text = "";
	len = strcspn(text, ":");
	for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
		if (strlen(policies[i].name) != len || strncmp(policies[i].name, text, len) != 0)
			continue;
		policy.kind = policies[i].kind;
		if (text[len] == ':' && policy.kind != RESTART_ON_FAILURE)
			return refuse("--restart '%s': a number is for on-failure", text);
		if (text[len] == ':')
			TRY(fail_in(units_parse_i64(text + len + 1, 0, INT32_MAX, &policy.max),
				    "--restart"));
		*ret_policy = policy;
		return 0;
	}
	return refuse("--restart '%s': no, on-failure[:MAX], always or unless-stopped", text);
}

bool restart_policy_applies(const struct restart_policy *policy, int exit_code, int64_t restarts)
{
	if (policy->kind == RESTART_ON_FAILURE)
		return exit_code != 0 && (policy->max == 0 || restarts < policy->max);
	return policy->kind == RESTART_ALWAYS;
}

int64_t restart_policy_pause(int64_t ran, int64_t *pause)
{
	if (*pause == 0 || ran >= RAN_WELL)
		*pause = PAUSE_FIRST;
	else if (*pause < PAUSE_MAX)
		*pause = *pause * 2 < PAUSE_MAX ? *pause * 2 : PAUSE_MAX;
	return *pause;
}
