/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BASE_TEMPLATE_H
#define BERTH_BASE_TEMPLATE_H

#include "base/buf.h"
#include "base/json.h"

/*
 * What --format takes: the part of Go's text/template that people use, over a JSON value.
 *
 *	{{.Field}} {{.A.B}} {{.}} {{$}} {{$name}} {{$name := PIPELINE}} and comments, {{- -}}
 *	{{if X}} {{else if Y}} {{else}} {{end}}  {{with X}}  {{range X}} {{range $i, $e := X}}
 *	FUNCTION ARG... | FUNCTION, (PIPELINE), "text", `text`, 'c', 12, true, false, nil
 *	{{.Label "key"}}: of an object, a key's value; empty where it has none
 *	and or not eq ne lt le gt ge len index slice print printf println
 *	json join split upper lower title pad truncate
 *
 * and docker's escapes \t and \n outside of the braces. A field that is not there is an error, a
 * key that `index` does not find is empty. Text of the value is escaped when it is printed
 * (base/escape), text of the format is not; `json` escapes in its own way.
 *
 * The work is limited: MAX_TEMPLATE bytes of output, MAX_TEMPLATE_DEPTH levels, MAX_TEMPLATE_STEPS
 * actions.
 */
#define MAX_TEMPLATE (64UL << 20)
#define MAX_TEMPLATE_DEPTH 64
#define MAX_TEMPLATE_STEPS 2000000

/* Append to out; on error out may hold a part. */
int template_render(const char *format, const cJSON *value, struct buf *out);

#endif
