#include "cli/args.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/nearest.h"
#include "cli/out.h"

#define MAX_OPTIONS 32

/* Every command has it, none lists it. */
static const struct cli_option help_option = { 'h', "help", NULL, "Show this help", CLI_ANY, NULL };

static const struct cli_option *find_long(const struct cli_command *c, const char *name, size_t n)
{
	if (n == 4 && strncmp(name, "help", 4) == 0)
		return &help_option;
	for (const struct cli_option *o = c->options; o && o->name; o++) {
		if (strlen(o->name) == n && strncmp(o->name, name, n) == 0)
			return o;
	}
	return NULL;
}

static const struct cli_option *find_letter(const struct cli_command *c, char letter)
{
	if (letter == 'h')
		return &help_option;
	for (const struct cli_option *o = c->options; o && o->name; o++) {
		if (o->letter == letter)
			return o;
	}
	return NULL;
}

static void say_nearest(const struct cli_command *c, const char *name, struct buf *err)
{
	const char *known[MAX_OPTIONS];
	size_t n = 0;
	const char *nearest;

	for (const struct cli_option *o = c->options; o && o->name && n < MAX_OPTIONS; o++)
		known[n++] = o->name;
	nearest = nearest_name(name, known, n);
	if (nearest)
		buf_printf(err, "; did you mean --%s?", nearest);
}

static void add(struct cli_args *a, const struct cli_option *o, const char *value)
{
	if (o == &help_option) {
		a->wants_help = true;
		return;
	}
	a->given[a->n_given].option = o;
	a->given[a->n_given++].value = value;
}

struct parser {
	struct cli_args *a;
	int argc, at;
	char **argv;
	struct buf *err;
};

/* The value of an option that stands in the next word. */
static int take_value(struct parser *p, const struct cli_option *o)
{
	if (p->at + 1 >= p->argc) {
		buf_printf(p->err, "--%s needs a value: %s", o->name, o->value);
		return ARGS_E_USAGE;
	}
	add(p->a, o, p->argv[++p->at]);
	return 0;
}

static int parse_long(struct parser *p, char *name)
{
	char *equals = strchr(name, '=');
	size_t n = equals ? (size_t)(equals - name) : strlen(name);
	const struct cli_option *o = find_long(p->a->command, name, n);

	if (!o) {
		buf_printf(p->err, "no option --%.*s", (int)n, name);
		if (!equals)
			say_nearest(p->a->command, name, p->err);
		return ARGS_E_USAGE;
	}
	if (o->value && !equals)
		return take_value(p, o);
	if (!o->value && equals) {
		buf_printf(p->err, "--%s takes no value", o->name);
		return ARGS_E_USAGE;
	}
	add(p->a, o, equals ? equals + 1 : NULL);
	return 0;
}

static int parse_letters(struct parser *p, const char *letters)
{
	for (; *letters; letters++) {
		const struct cli_option *o = find_letter(p->a->command, *letters);

		if (!o) {
			buf_printf(p->err, "no option -%c", *letters);
			return ARGS_E_USAGE;
		}
		if (o->value && letters[1]) {
			add(p->a, o, letters + 1);
			return 0;
		}
		if (o->value)
			return take_value(p, o);
		add(p->a, o, NULL);
	}
	return 0;
}

/* Is @value, of @n bytes, one of "a|b|c"? */
static bool is_choice(const char *choices, const char *value, size_t n)
{
	for (const char *at = choices;; at++) {
		size_t n_at = strcspn(at, "|");

		if (n_at == n && memcmp(at, value, n) == 0)
			return true;
		at += n_at;
		if (!*at)
			return false;
	}
}

static int check_choices(const struct cli_args *a, struct buf *err)
{
	for (size_t i = 0; i < a->n_given; i++) {
		const struct cli_option *o = a->given[i].option;
		const char *value = a->given[i].value;

		if (!o->choices || is_choice(o->choices, value, strlen(value)))
			continue;
		buf_printf(err, "--%s %s: none of ", o->name, value);
		for (const char *s = o->choices; *s; s++) {
			if (*s == '|') {
				buf_put_str(err, ", ");
			} else {
				buf_put_char(err, *s);
			}
		}
		return ARGS_E_USAGE;
	}
	return 0;
}

static int check_operands(const struct cli_args *a, struct buf *err)
{
	const struct cli_command *c = a->command;

	if (a->wants_help)
		return 0;
	if (a->n_operands < c->min_operands) {
		buf_printf(err, "something is missing: %s", c->operands);
		return ARGS_E_USAGE;
	}
	if (c->max_operands >= 0 && a->n_operands > c->max_operands) {
		buf_printf(err, "what is \"%.60s\"?", a->operands[c->max_operands]);
		if (c->max_operands == 0)
			buf_put_str(err, " This command takes options only");
		return ARGS_E_USAGE;
	}
	return 0;
}

int args_parse(const struct cli_command *command, int argc, char **argv, struct cli_args *ret,
	       struct buf *reterr)
{
	struct parser p = { .a = ret, .argc = argc, .at = 1, .argv = argv, .err = reterr };
	/* A word of letters may hold an option per byte. */
	size_t n_max = 1;
	int r = 0;

	memset(ret, 0, sizeof(*ret));
	ret->command = command;
	for (int i = 1; i < argc; i++)
		n_max += strlen(argv[i]) + 1;
	ret->given = mem_zalloc(n_max, sizeof(*ret->given));
	ret->operands = mem_zalloc((size_t)argc + 1, sizeof(*ret->operands));
	if (!ret->given || !ret->operands) {
		args_fini(ret);
		return err_origin(-ENOMEM);
	}
	for (; p.at < argc && !r; p.at++) {
		char *word = argv[p.at];
		bool is_operand = word[0] != '-' || word[1] == '\0';

		if (strcmp(word, "--") == 0 || (is_operand && command->ends_options))
			break;
		if (is_operand) {
			ret->operands[ret->n_operands++] = word;
		} else if (word[1] == '-') {
			r = parse_long(&p, word + 2);
		} else {
			r = parse_letters(&p, word + 1);
		}
	}
	if (!r && p.at < argc && strcmp(argv[p.at], "--") == 0)
		p.at++;
	while (!r && p.at < argc)
		ret->operands[ret->n_operands++] = argv[p.at++];
	if (!r)
		r = check_choices(ret, reterr);
	if (!r)
		r = check_operands(ret, reterr);
	if (r)
		args_fini(ret);
	return r;
}

void args_fini(struct cli_args *a)
{
	mem_free(a->given);
	mem_free(a->operands);
	a->given = NULL;
	a->operands = NULL;
}

static const struct cli_option *known(const struct cli_args *a, const char *name)
{
	const struct cli_option *o = find_long(a->command, name, strlen(name));

	assert(o);
	return o;
}

const char *args_each(const struct cli_args *a, const char *name, size_t *pos)
{
	const struct cli_option *o = known(a, name);

	while (*pos < a->n_given) {
		const struct cli_given *g = &a->given[(*pos)++];

		if (g->option == o)
			return g->value ? g->value : "";
	}
	return NULL;
}

const char *args_value(const struct cli_args *a, const char *name)
{
	const char *last = NULL, *v;
	size_t pos = 0;

	while ((v = args_each(a, name, &pos)) != NULL)
		last = v;
	return last;
}

bool args_has(const struct cli_args *a, const char *name)
{
	return args_value(a, name) != NULL;
}

int args_duration_ms(const struct cli_args *a, const char *name, int64_t *ret)
{
	const char *v = args_value(a, name);
	uint64_t ns;

	if (!v)
		return ARGS_E_ABSENT;
	if (clock_parse_duration(v, &ns) < 0 || ns / 1000000 > INT64_MAX / 1000) {
		(void)out_usage(a->command, "--%s %s: not a duration; write 90, 1.5s, 250ms or 2m",
				name, v);
		return ARGS_E_BAD;
	}
	*ret = (int64_t)((ns + 999999) / 1000000);
	return 0;
}

int args_number(const struct cli_args *a, const char *name, int64_t min, int64_t max, int64_t *ret)
{
	const char *v = args_value(a, name);
	long long n;
	char *end;

	if (!v)
		return ARGS_E_ABSENT;
	errno = 0;
	n = strtoll(v, &end, 10);
	if (end == v || *end || errno || n < min || n > max) {
		(void)out_usage(a->command, "--%s %s: not a number from %lld to %lld", name, v,
				(long long)min, (long long)max);
		return ARGS_E_BAD;
	}
	*ret = n;
	return 0;
}

static bool parse_digits(const char *s, char end_char, const char **ret_end, int64_t *ret)
{
	int64_t v = 0;
	const char *p = s;

	while (*p >= '0' && *p <= '9' && p - s < 9)
		v = v * 10 + (*p++ - '0');
	*ret = v;
	*ret_end = p + 1;
	return p != s && *p == end_char;
}

bool args_parse_size(const char *s, int64_t *ret_cols, int64_t *ret_rows)
{
	const char *rest;

	if (!parse_digits(s, 'x', &rest, ret_cols))
		return false;
	return parse_digits(rest, '\0', &rest, ret_rows);
}
