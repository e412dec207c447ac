/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/out.h"

/* The scripts know nothing of berth's options: they ask the binary (complete.c). */

static const char bash[] =
	"# bash completion for berth\n"
	"_berth()\n"
	"{\n"
	"	local word words candidates IFS=$'\\n'\n"
	"	# The words up to the cursor; bash splits at = and :, the command line does not.\n"
	"	word=${COMP_LINE:0:COMP_POINT}\n"
	"	local IFS=$' \\t\\n'\n"
	"	read -ra words <<<\"$word\"\n"
	"	case $word in *[[:space:]]) words+=(\"\") ;; esac\n"
	"	word=${words[${#words[@]} - 1]}\n"
	"	candidates=$(\"${words[0]/#\\~/$HOME}\" __complete -- \"${words[@]:1}\" "
	"2>/dev/null)\n"
	"	local IFS=$'\\n'\n"
	"	case $candidates in\n"
	"	:file)\n"
	"		compopt -o filenames 2>/dev/null\n"
	"		COMPREPLY=($(compgen -f -- \"${word##*[=:]}\"))\n"
	"		;;\n"
	"	:directory)\n"
	"		compopt -o filenames 2>/dev/null\n"
	"		COMPREPLY=($(compgen -d -- \"${word##*[=:]}\"))\n"
	"		;;\n"
	"	*)\n"
	"		COMPREPLY=($candidates)\n"
	"		# Only what follows the last separator is replaced.\n"
	"		local cut=${word%\"${word##*[=:]}\"}\n"
	"		case $word in --*=*) cut=${cut#*=} ;; esac\n"
	"		COMPREPLY=(\"${COMPREPLY[@]#\"$cut\"}\")\n"
	"		;;\n"
	"	esac\n"
	"}\n"
	"complete -F _berth berth\n";

static const char zsh[] =
	"#compdef berth\n"
	"_berth()\n"
	"{\n"
	"	local -a candidates\n"
	"	candidates=(\"${(@f)$(\"${words[1]}\" __complete -- \"${(@)words[2,CURRENT]}\" "
	"2>/dev/null)}\")\n"
	"	case $candidates[1] in\n"
	"	:file) _files ;;\n"
	"	:directory) _files -/ ;;\n"
	"	*)\n"
	"		case $PREFIX in --*=*) compset -P '*=' ;; esac\n"
	"		compadd -a candidates\n"
	"		;;\n"
	"	esac\n"
	"}\n"
	"if [ \"$funcstack[1]\" = _berth ]; then\n"
	"	_berth \"$@\"\n"
	"else\n"
	"	compdef _berth berth\n"
	"fi\n";

static const char fish[] =
	"# fish completion for berth\n"
	"function __berth_complete\n"
	"	set -l words (commandline -opc) (commandline -ct)\n"
	"	set -l last $words[-1]\n"
	"	set -l before ''\n"
	"	string match -q -- '--*=*' $last; and set before (string replace -r '=.*' '=' -- "
	"$last)\n"
	"	set -l candidates ($words[1] __complete -- $words[2..-1] 2>/dev/null)\n"
	"	switch \"$candidates[1]\"\n"
	"	case :file\n"
	"		__fish_complete_path (string replace -r '^--[^=]*=' '' -- $last)\n"
	"	case :directory\n"
	"		__fish_complete_directories (string replace -r '^--[^=]*=' '' -- $last) "
	"''\n"
	"	case '*'\n"
	"		for candidate in $candidates\n"
	"			echo $before$candidate\n"
	"		end\n"
	"	end\n"
	"end\n"
	"complete -c berth -f -a '(__berth_complete)'\n";

static int run(const struct host *host, void *request, const struct strvec *operands)
{
	static const struct {
		const char *name, *script;
	} shells[] = { { "bash", bash }, { "zsh", zsh }, { "fish", fish } };

	for (size_t i = 0; i < ARRAY_SIZE(shells); i++)
		if (strcmp(operands->v[0], shells[i].name) == 0)
			return out_raw(shells[i].script, strlen(shells[i].script));
	return refuse("there is no completion for the shell '%s': bash, zsh and fish have one",
		      operands->v[0]);
}

const struct command command_completion = {
	.name = "completion",
	.synopsis = "bash|zsh|fish",
	.summary = "Print the completion script for a shell",
	.remarks =
		"bash:  berth completion bash > ~/.local/share/bash-completion/completions/berth\n"
		"zsh:   berth completion zsh > a file _berth in a directory of $fpath\n"
		"fish:  berth completion fish > ~/.config/fish/completions/berth.fish",
	.hostless = true,
	.operands_min = 1,
	.operands_max = 1,
	.operand_values = VALUES_WORDS,
	.operand_words = "bash|zsh|fish",
	.run = run,
};
