#include <string.h>

#include "cli/help.h"

/* Of a server that runs; none is started for this. */
#define IF_RUNNING "orchflow status >/dev/null 2>&1 && "
#define PANES IF_RUNNING "orchflow ls --ids"
#define SESSIONS IF_RUNNING "orchflow ls --names"
#define METHODS IF_RUNNING "orchflow api | sed '1d; s/ .*//'"

static const struct cli_option *next_option(const struct cli_command *c, const struct cli_option *o)
{
	o = o ? o + 1 : c->options;
	return o && o->name ? o : NULL;
}

/* ---- bash ---- */

static const char bash_head[] =
	"# bash completion of orchflow; written by `orchflow help --completion bash`\n"
	"_orchflow() {\n"
	"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} "
	"command=${COMP_WORDS[1]} "
	"words=\n"
	"\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n";

static void bash_kind(FILE *to, const char *indent, enum cli_kind kind, const char *choices)
{
	switch (kind) {
	case CLI_ANY:
		(void)fprintf(to, "%swords=\n", indent);
		break;
	case CLI_TARGET:
		(void)fprintf(to, "%swords=\"$(" PANES ") $(" SESSIONS ")\"\n", indent);
		break;
	case CLI_SESSION:
		(void)fprintf(to, "%swords=$(" SESSIONS ")\n", indent);
		break;
	case CLI_DIR:
		(void)fprintf(to, "%sCOMPREPLY=($(compgen -d -- \"$cur\")); return\n", indent);
		break;
	case CLI_FILE:
		(void)fprintf(to, "%sCOMPREPLY=($(compgen -f -- \"$cur\")); return\n", indent);
		break;
	case CLI_COMMAND_LINE:
		(void)fprintf(to, "%sCOMPREPLY=($(compgen -c -f -- \"$cur\")); return\n", indent);
		break;
	case CLI_TOPIC:
		(void)fprintf(to, "%swords=", indent);
		for (const struct cli_command *c = cli_commands; c->name; c++)
			(void)fprintf(to, "%s%s", c == cli_commands ? "\"" : " ", c->name);
		(void)fputs("\"\n", to);
		break;
	case CLI_METHOD:
		(void)fprintf(to, "%swords=$(" METHODS ")\n", indent);
		break;
	case CLI_CHOICE:
		(void)fprintf(to, "%swords=\"", indent);
		for (const char *s = choices; *s; s++)
			(void)fputc(*s == '|' ? ' ' : *s, to);
		(void)fputs("\"\n", to);
		break;
	}
}

static void bash_command(FILE *to, const struct cli_command *c)
{
	const struct cli_option *o = NULL;

	(void)fprintf(to, "\t%s)\n\t\tcase $prev in\n", c->name);
	while ((o = next_option(c, o)) != NULL) {
		if (!o->value)
			continue;
		(void)fprintf(to, "\t\t--%s", o->name);
		if (o->letter)
			(void)fprintf(to, "|-%c", o->letter);
		(void)fputs(")\n", to);
		bash_kind(to, "\t\t\t", o->kind, o->choices ? o->choices : "");
		(void)fputs("\t\t\t;;\n", to);
	}
	(void)fputs("\t\t*)\n\t\t\tif [[ $cur == -* ]]; then\n\t\t\t\twords=\"", to);
	while ((o = next_option(c, o)) != NULL)
		(void)fprintf(to, "--%s ", o->name);
	(void)fputs("--help\"\n\t\t\telse\n", to);
	bash_kind(to, "\t\t\t\t", c->kind, "");
	(void)fputs("\t\t\tfi\n\t\t\t;;\n\t\tesac\n\t\t;;\n", to);
}

static void bash_print(FILE *to)
{
	(void)fputs(bash_head, to);
	bash_kind(to, "\t\t", CLI_TOPIC, "");
	(void)fputs("\t\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n\t\treturn\n\tfi\n"
		    "\tcase $command in\n",
		    to);
	for (const struct cli_command *c = cli_commands; c->name; c++)
		bash_command(to, c);
	(void)fputs("\tesac\n\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n}\n"
		    "complete -F _orchflow orchflow\n",
		    to);
}

/* ---- zsh ---- */

static void zsh_text(FILE *to, const char *s)
{
	for (; *s; s++) {
		if (*s == '\'') {
			(void)fputs("'\\''", to);
		} else if (strchr("[]:\\", *s)) {
			(void)fprintf(to, "\\%c", *s);
		} else {
			(void)fputc(*s, to);
		}
	}
}

static void zsh_kind(FILE *to, enum cli_kind kind, const char *choices)
{
	switch (kind) {
	case CLI_ANY:
		break;
	case CLI_TARGET:
		(void)fputs("_orchflow_targets", to);
		break;
	case CLI_SESSION:
		(void)fputs("_orchflow_sessions", to);
		break;
	case CLI_DIR:
		(void)fputs("_directories", to);
		break;
	case CLI_FILE:
		(void)fputs("_files", to);
		break;
	case CLI_COMMAND_LINE:
		(void)fputs("_normal", to);
		break;
	case CLI_TOPIC:
		(void)fputs("_orchflow_commands", to);
		break;
	case CLI_METHOD:
		(void)fputs("_orchflow_methods", to);
		break;
	case CLI_CHOICE:
		(void)fputc('(', to);
		for (; *choices; choices++)
			(void)fputc(*choices == '|' ? ' ' : *choices, to);
		(void)fputc(')', to);
		break;
	}
}

static void zsh_option(FILE *to, const struct cli_option *o)
{
	(void)fputs(" \\\n\t\t\t\t", to);
	if (o->letter) {
		(void)fprintf(to, "'(-%c --%s)'{-%c,--%s}'", o->letter, o->name, o->letter,
			      o->name);
	} else {
		(void)fprintf(to, "'--%s", o->name);
	}
	(void)fputc('[', to);
	zsh_text(to, o->doc);
	(void)fputc(']', to);
	if (o->value) {
		(void)fputc(':', to);
		zsh_text(to, o->value);
		(void)fputc(':', to);
		zsh_kind(to, o->kind, o->choices ? o->choices : "");
	}
	(void)fputc('\'', to);
}

static const char zsh_head[] = "#compdef orchflow\n"
			       "# written by `orchflow help --completion zsh`\n"
			       "_orchflow_sessions() {\n"
			       "\tlocal -a names=(${(f)\"$(" SESSIONS ")\"})\n"
			       "\tcompadd -a names\n"
			       "}\n"
			       "_orchflow_targets() {\n"
			       "\tlocal -a ids=(${(f)\"$(" PANES ")\"})\n"
			       "\tcompadd -a ids\n"
			       "\t_orchflow_sessions\n"
			       "}\n"
			       "_orchflow_methods() {\n"
			       "\tlocal -a names=(${(f)\"$(" METHODS ")\"})\n"
			       "\tcompadd -a names\n"
			       "}\n"
			       "_orchflow_commands() {\n"
			       "\tlocal -a commands\n"
			       "\tcommands=(\n";

static void zsh_print(FILE *to)
{
	(void)fputs(zsh_head, to);
	for (const struct cli_command *c = cli_commands; c->name; c++) {
		(void)fprintf(to, "\t\t'%s:", c->name);
		zsh_text(to, c->summary);
		(void)fputs("'\n", to);
	}
	(void)fputs("\t)\n\t_describe command commands\n}\n"
		    "_orchflow() {\n"
		    "\tlocal context state line\n"
		    "\t_arguments -C '1:command:_orchflow_commands' '*::argument:->rest'\n"
		    "\t[[ $state == rest ]] || return\n"
		    "\tcase $words[1] in\n",
		    to);
	for (const struct cli_command *c = cli_commands; c->name; c++) {
		const struct cli_option *o = NULL;

		(void)fprintf(to, "\t\t%s)\n\t\t\t_arguments -s", c->name);
		while ((o = next_option(c, o)) != NULL)
			zsh_option(to, o);
		(void)fputs(" \\\n\t\t\t\t'(-h --help)'{-h,--help}'[Show this help]'", to);
		(void)fprintf(to,
			      " \\\n\t\t\t\t'*:%soperand:", c->kind == CLI_COMMAND_LINE ? ":" : "");
		zsh_kind(to, c->kind, "");
		(void)fputs("'\n\t\t\t;;\n", to);
	}
	(void)fputs("\tesac\n}\n_orchflow \"$@\"\n", to);
}

/* ---- fish ---- */

static void fish_quoted(FILE *to, const char *s)
{
	(void)fputc('\'', to);
	for (; *s; s++) {
		if (*s == '\'' || *s == '\\')
			(void)fputc('\\', to);
		(void)fputc(*s, to);
	}
	(void)fputc('\'', to);
}

static void fish_kind(FILE *to, enum cli_kind kind, const char *choices)
{
	switch (kind) {
	case CLI_ANY:
		(void)fputs(" -f", to);
		break;
	case CLI_TARGET:
		(void)fputs(" -f -a '(__orchflow_targets)'", to);
		break;
	case CLI_SESSION:
		(void)fputs(" -f -a '(__orchflow_sessions)'", to);
		break;
	case CLI_DIR:
		(void)fputs(" -f -a '(__fish_complete_directories)'", to);
		break;
	case CLI_FILE:
		(void)fputs(" -F", to);
		break;
	case CLI_COMMAND_LINE:
		(void)fputs(" -a '(__fish_complete_subcommand)'", to);
		break;
	case CLI_TOPIC:
		(void)fputs(" -f -a '", to);
		for (const struct cli_command *c = cli_commands; c->name; c++)
			(void)fprintf(to, "%s%s", c == cli_commands ? "" : " ", c->name);
		(void)fputc('\'', to);
		break;
	case CLI_METHOD:
		(void)fputs(" -f -a '(__orchflow_methods)'", to);
		break;
	case CLI_CHOICE:
		(void)fputs(" -f -a '", to);
		for (; *choices; choices++)
			(void)fputc(*choices == '|' ? ' ' : *choices, to);
		(void)fputc('\'', to);
		break;
	}
}

static void fish_command(FILE *to, const struct cli_command *c)
{
	static const char *const when = "complete -c orchflow -n '__fish_seen_subcommand_from ";
	const struct cli_option *o = NULL;

	(void)fprintf(to, "complete -c orchflow -n __fish_use_subcommand -f -a %s -d ", c->name);
	fish_quoted(to, c->summary);
	(void)fputc('\n', to);
	while ((o = next_option(c, o)) != NULL) {
		(void)fprintf(to, "%s%s' -l %s", when, c->name, o->name);
		if (o->letter)
			(void)fprintf(to, " -s %c", o->letter);
		if (o->value) {
			(void)fputs(" -r", to);
			fish_kind(to, o->kind, o->choices ? o->choices : "");
		}
		(void)fputs(" -d ", to);
		fish_quoted(to, o->doc);
		(void)fputc('\n', to);
	}
	(void)fprintf(to, "%s%s'", when, c->name);
	fish_kind(to, c->kind, "");
	(void)fputc('\n', to);
}

static void fish_print(FILE *to)
{
	(void)fputs("# fish completion of orchflow; written by `orchflow help --completion fish`\n"
		    "function __orchflow_sessions\n\t" SESSIONS "\nend\n"
		    "function __orchflow_targets\n\t" PANES "\n\t__orchflow_sessions\nend\n"
		    "function __orchflow_methods\n\t" METHODS "\nend\n",
		    to);
	for (const struct cli_command *c = cli_commands; c->name; c++)
		fish_command(to, c);
}

bool complete_print(const char *shell, FILE *to)
{
	static const struct {
		const char *shell;
		void (*print)(FILE *to);
	} shells[] = { { "bash", bash_print }, { "zsh", zsh_print }, { "fish", fish_print } };

	for (size_t i = 0; i < ARRAY_LEN(shells); i++) {
		if (strcmp(shells[i].shell, shell) == 0) {
			shells[i].print(to);
			return true;
		}
	}
	return false;
}
