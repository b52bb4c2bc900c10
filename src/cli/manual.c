#include <string.h>

#include "cli/help.h"

/* scdoc takes _, * and a few more for markup. */
static void put_text(FILE *to, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (strchr("_*#<>\\", s[i]))
			(void)fputc('\\', to);
		if (s[i] == '\n') {
			(void)fputs("\n\n\t", to);
		} else {
			(void)fputc(s[i], to);
		}
		while (s[i] == '\n' && s[i + 1] == '\n')
			i++;
	}
}

static void put(FILE *to, const char *s)
{
	put_text(to, s, strlen(s));
}

static void put_option(FILE *to, const struct cli_option *o)
{
	(void)fputs("\t*", to);
	if (o->letter)
		(void)fprintf(to, "-%c*, *", o->letter);
	(void)fprintf(to, "--%s*", o->name);
	if (o->value) {
		(void)fputs(" ", to);
		put(to, o->value);
	}
	(void)fputs("\n\t\t", to);
	put(to, o->doc);
	(void)fputs(".\n\n", to);
}

static void put_exits(FILE *to, const char *exits)
{
	(void)fputs("\tExit status:\n", to);
	while (*exits) {
		size_t code = strcspn(exits, "|"), line = strcspn(exits, "\n");

		(void)fputs("\t- ", to);
		put_text(to, exits, code);
		(void)fputs(": ", to);
		put_text(to, exits + code + 1, line - code - 1);
		(void)fputs("\n", to);
		exits += line;
		exits += *exits == '\n';
	}
	(void)fputs("\n", to);
}

static void put_command(FILE *to, const struct cli_command *c)
{
	(void)fprintf(to, "*orchflow %s*%s", c->name, c->options ? " [OPTION]..." : "");
	if (*c->operands) {
		(void)fputs(" ", to);
		put(to, c->operands);
	}
	(void)fputs("\n\t", to);
	put(to, c->doc);
	(void)fputs("\n\n", to);
	for (const struct cli_option *o = c->options; o && o->name; o++)
		put_option(to, o);
	if (c->exits)
		put_exits(to, c->exits);
	for (const struct cli_example *e = c->examples; e && e->line; e++) {
		(void)fputs("\t*", to);
		put(to, e->line);
		(void)fputs("*\n\t\t", to);
		put(to, e->doc);
		(void)fputs("\n\n", to);
	}
}

static const char head[] =
	"orchflow(1)\n\n"
	"; Written by `orchflow help --scdoc` from the table in src/cli/commands.c.\n\n"
	"# NAME\n\n"
	"orchflow - terminals that are never lost, never slow, and always scriptable\n\n"
	"# SYNOPSIS\n\n"
	"*orchflow* COMMAND [OPTION]... [OPERAND]...\n\n"
	"# DESCRIPTION\n\n"
	"OrchFlow owns terminals on behalf of people and programs: it starts them, keeps them\n"
	"alive, keeps what they printed, and lets any number of clients watch and drive them. A\n"
	"_pane_ (p1, p2, ...) is one terminal with its command; a _session_ is a named group of\n"
	"panes. The first command that needs the server starts it.\n\n"
	"Data is printed to standard output, talk to standard error; colours appear only on a\n"
	"terminal and never when NO\\_COLOR is set. Durations are written 90, 1.5s, 250ms, 2m or "
	"1h;\n"
	"a bare number is seconds.\n\n"
	"# COMMANDS\n\n";

static const char tail[] =
	"# EXIT STATUS\n\n"
	"0 success, 1 an error (told on standard error), 2 wrong usage. What else a command exits\n"
	"with stands with it above.\n\n"
	"# ENVIRONMENT\n\n"
	"*ORCHFLOW\\_SOCKET*\n"
	"\tThe server's socket, instead of the usual places. Set inside of panes.\n\n"
	"*ORCHFLOW\\_STATE\\_DIR*\n"
	"\tWhere the server keeps its state and logs; there is one server per state directory.\n\n"
	"*ORCHFLOW\\_CONFIG*\n"
	"\tThe configuration file.\n\n"
	"*ORCHFLOW\\_PANE*, *ORCHFLOW\\_SESSION*\n"
	"\tSet inside of panes: the pane's id, the session's name.\n\n"
	"*ORCHFLOW\\_DETACH\\_KEYS*\n"
	"\tAs *attach --detach-keys*.\n\n"
	"*ORCHFLOW\\_LIBEXEC*\n"
	"\tWhere the programs behind orchflow are, if not in ../libexec/orchflow beside it.\n\n"
	"*NO\\_COLOR*\n"
	"\tNo colours.\n\n"
	"# FILES\n\n"
	"_$XDG\\_RUNTIME\\_DIR/orchflow/orchflow.sock_, else _/tmp/orchflow-UID/orchflow.sock_\n"
	"\tThe socket. Its directory must be yours and closed to others.\n\n"
	"_$XDG\\_STATE\\_HOME/orchflow_, else _~/.local/state/orchflow_\n"
	"\tThe state: keeper.lock, log/, records of sessions and panes.\n\n"
	"_$XDG\\_CONFIG\\_HOME/orchflow/orchflow.conf_\n"
	"\tThe configuration, see *orchflow.conf*(5).\n\n"
	"# SEE ALSO\n\n"
	"*orchflow.conf*(5)\n";

void manual_print(FILE *to)
{
	(void)fputs(head, to);
	for (const struct cli_command *c = cli_commands; c->name; c++)
		put_command(to, c);
	(void)fputs(tail, to);
}
