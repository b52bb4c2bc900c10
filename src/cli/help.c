#include "cli/help.h"

#include <string.h>

#include "cli/args.h"
#include "cli/out.h"

#define WIDTH 80

/* @text in lines of at most WIDTH columns, indented; "\n\n" separates paragraphs. */
static void put_wrapped(FILE *to, const char *text, int indent, int at)
{
	bool needs_space = false;

	while (*text) {
		int n = (int)strcspn(text, " \n");

		if (needs_space && at + 1 + n >= WIDTH) {
			(void)fputs("\n", to);
			at = 0;
			needs_space = false;
		}
		(void)fprintf(to, "%*s%.*s", at < indent ? indent - at : needs_space, "", n, text);
		at = (at < indent ? indent : at + needs_space) + n;
		text += n;
		needs_space = *text != '\n';
		if (*text == '\n') {
			(void)fputs("\n\n", to);
			at = 0;
		}
		text += strspn(text, " \n");
	}
	(void)fputs("\n", to);
}

void help_overview(FILE *to)
{
	(void)fprintf(to, "Usage: orchflow COMMAND [OPTION]... [OPERAND]...\n\n"
			  "Terminals that are never lost, never slow, and always scriptable.\n\n"
			  "Commands:\n");
	for (const struct cli_command *c = cli_commands; c->name; c++)
		(void)fprintf(to, "  %-9s %s\n", c->name, c->summary);
	(void)fprintf(to, "\n`orchflow help COMMAND` tells more. Begin with `orchflow new`, then "
			  "`orchflow attach`.\n");
}

static void put_option(const struct cli_option *o)
{
	struct buf b = BUF_INIT;

	if (o->letter) {
		buf_printf(&b, "  -%c, --%s", o->letter, o->name);
	} else {
		buf_printf(&b, "      --%s", o->name);
	}
	if (o->value)
		buf_printf(&b, " %s", o->value);
	(void)printf("%.*s", (int)buf_len(&b), buf_data(&b));
	if (buf_len(&b) > 26) {
		(void)putchar('\n');
		put_wrapped(stdout, o->doc, 28, 0);
	} else {
		(void)printf("%*s", 28 - (int)buf_len(&b), "");
		put_wrapped(stdout, o->doc, 28, 28);
	}
	buf_fini(&b);
}

static void put_exits(const char *exits)
{
	(void)printf("\nExit status:\n");
	while (*exits) {
		size_t code = strcspn(exits, "|"), line = strcspn(exits, "\n");

		(void)printf("  %-8.*s%.*s\n", (int)code, exits, (int)(line - code - 1),
			     exits + code + 1);
		exits += line;
		exits += *exits == '\n';
	}
}

int help_command(const struct cli_command *c)
{
	(void)printf("Usage: orchflow %s%s%s%s\n\n", c->name, c->options ? " [OPTION]..." : "",
		     *c->operands ? " " : "", c->operands);
	put_wrapped(stdout, c->doc, 0, 0);
	if (c->options) {
		(void)printf("\nOptions:\n");
		for (const struct cli_option *o = c->options; o->name; o++)
			put_option(o);
	}
	if (c->exits)
		put_exits(c->exits);
	if (c->examples) {
		(void)printf("\nExamples:\n");
		for (const struct cli_example *e = c->examples; e->line; e++)
			(void)printf("  %s\n      %s\n", e->line, e->doc);
	}
	return out_finish();
}

int cmd_help(const struct cli_args *a)
{
	const char *shell = args_value(a, "completion");
	const struct cli_command *c;

	if (args_has(a, "scdoc")) {
		manual_print(stdout);
		return out_finish();
	}
	if (shell) {
		if (!complete_print(shell, stdout))
			return out_usage(a->command, "--completion %s: bash, zsh or fish", shell);
		return out_finish();
	}
	if (a->n_operands == 0) {
		help_overview(stdout);
		return out_finish();
	}
	c = cli_find_command(a->operands[0]);
	if (c)
		return help_command(c);
	if (cli_nearest_command(a->operands[0])) {
		return out_usage(NULL, "no command %s; did you mean %s?", a->operands[0],
				 cli_nearest_command(a->operands[0]));
	}
	return out_usage(NULL, "no command %s", a->operands[0]);
}

int cmd_version(const struct cli_args *a)
{
	(void)a;
	(void)puts("orchflow " ORCHFLOW_VERSION);
	return out_finish();
}
