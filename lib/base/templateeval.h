/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BASE_TEMPLATEEVAL_H
#define BERTH_BASE_TEMPLATEEVAL_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/json.h"

/* What stands between {{ and }} of a template. Values are JSON; those that functions make belong to
 * the scope. */

struct template_var {
	char *name; /* with its '$' */
	const cJSON *value;
};

struct template_scope {
	const cJSON *root, *dot;
	struct {
		struct template_var *v;
		size_t n;
	} vars; /* the innermost last */
	cJSON *temps;
	int depth;
};

void template_scope_init(struct template_scope *scope, const cJSON *root);
void template_scope_release(struct template_scope *scope);
void template_push_var(struct template_scope *scope, const char *name, const cJSON *value);
/* Forget the variables above n. */
void template_pop_vars(struct template_scope *scope, size_t n);

/* Evaluate a pipeline; *ret_declared is set where it was given to a variable. */
int template_eval(struct template_scope *scope, const char *code, const cJSON **ret_value,
		  bool *ret_declared);
/* "$i, $e := PIPELINE": copies of the names (NULL: not given), and where the pipeline begins. */
int template_range_head(const char *code, char *ret_names[2], const char **ret_pipeline);

bool template_truth(const cJSON *value);
void template_print(const cJSON *value, struct buf *out);

/* --- functions (templatecall.c) --------------------------------------------------------------- */

#define TEMPLATE_ARGS_MAX 16

bool template_is_function(const char *name);
int template_call(struct template_scope *scope, const char *name, const cJSON *const *args,
		  size_t n, const cJSON **ret_value);

/* New values of the scope. Text that is `raw` is printed without being escaped. */
const cJSON *template_text(struct template_scope *scope, const char *text, bool raw);
const cJSON *template_int(struct template_scope *scope, int64_t number);
const cJSON *template_bool(struct template_scope *scope, bool flag);

#endif
