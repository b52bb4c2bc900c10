#include "daemon/config.h"

#include <assert.h>
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/nearest.h"
#include "core/layout_tree.h"
#include "daemon/config_keys.h"

#define MAX_KEYS 64
#define LAYOUTS "layouts" /* the section whose keys are names that the user chose */

void config_init(struct config *c)
{
	char why[128];

	*c = (struct config){ 0 };
	for (size_t i = 0; i < config_n_keys(); i++) {
		int r = config_set(c, &config_keys[i], config_keys[i].fallback, why, sizeof why);

		assert(r == 0); /* the table's own defaults are in range */
	}
}

/* ---- reading ---- */

struct reader {
	struct config *config;
	struct fail *reterr;
	const char *path;
	FILE *file;
	int line;       /* that inih is at */
	bool is_broken; /* reterr is set */
};

/* The first error counts; those that follow from it only confuse. */
static void PRINTF_LIKE(3, 4) complain(struct reader *r, const char *ref, const char *fmt, ...)
{
	char what[160];
	va_list args;

	if (r->is_broken)
		return;
	r->is_broken = true;
	va_start(args, fmt);
	(void)vsnprintf(what, sizeof what, fmt, args);
	va_end(args);
	(void)fail_setf(r->reterr, FAIL_CONFIG_INVALID, ref, "%s:%d: %s", r->path, r->line, what);
}

/* Does any key begin with "@section."? */
static bool is_section(const char *section, size_t n)
{
	if (n == strlen(LAYOUTS) && strncmp(section, LAYOUTS, n) == 0)
		return true;
	for (size_t i = 0; i < config_n_keys(); i++) {
		const char *name = config_keys[i].name;

		if (strncmp(name, section, n) == 0 && name[n] == '.')
			return true;
	}
	return false;
}

/* inih tells nobody of a section without keys, so its header is looked at here. */
static void check_header(struct reader *r, const char *line)
{
	size_t n;

	line += strspn(line, " \t");
	if (*line != '[')
		return;
	n = strcspn(++line, "]\n");
	if (line[n] == ']' && !is_section(line, n))
		complain(r, NULL, "there is no section [%.*s]", (int)n, line);
}

/* Called by inih for each line; counts them, which inih does not tell. */
static char *on_line(char *out, int size, void *stream)
{
	struct reader *r = stream;
	char *line = fgets(out, size, r->file);

	if (!line)
		return NULL;
	r->line++;
	if (!strchr(line, '\n') && !feof(r->file))
		complain(r, NULL, "the line is longer than %d bytes", size - 2);
	check_header(r, line);
	return line;
}

static const struct config_key *find_key(const char *name)
{
	for (size_t i = 0; i < config_n_keys(); i++) {
		if (strcmp(config_keys[i].name, name) == 0)
			return &config_keys[i];
	}
	return NULL;
}

static void complain_unknown(struct reader *r, const char *name)
{
	const char *names[MAX_KEYS], *nearest;
	bool was_broken = r->is_broken;

	for (size_t i = 0; i < config_n_keys(); i++)
		names[i] = config_keys[i].name;
	nearest = nearest_name(name, names, config_n_keys());
	complain(r, name, "there is no key %.60s", name);
	if (nearest && !was_broken)
		fail_hint(r->reterr, "did you mean %s?", nearest);
}

static int add_template(struct config *c, const char *name, const char *tree, char *why,
			size_t size)
{
	struct layout_node *root = NULL;
	uint32_t i = 0;
	int r = layout_parse(tree, &root, why, size);

	layout_node_free(root);
	if (r) {
		if (r != LAYOUT_E_SYNTAX)
			(void)snprintf(why, size, "has too many splits inside splits");
		return CONFIG_E_INVALID;
	}
	while (i < c->n_templates && strcmp(c->templates[i].name, name) != 0)
		i++;
	if (i == CORE_MAX_TEMPLATES || strlen(name) >= sizeof c->templates[i].name ||
	    strlen(tree) >= sizeof c->templates[i].tree) {
		(void)snprintf(why, size, "is too long, or one too many: at most %d templates",
			       CORE_MAX_TEMPLATES);
		return CONFIG_E_INVALID;
	}
	(void)snprintf(c->templates[i].name, sizeof c->templates[i].name, "%s", name);
	(void)snprintf(c->templates[i].tree, sizeof c->templates[i].tree, "%s", tree);
	c->n_templates += i == c->n_templates;
	return 0;
}

/* For inih: nonzero is success; its own count of errors is of no use to us. */
static int on_pair(void *user, const char *section, const char *name, const char *value)
{
	struct reader *r = user;
	const struct config_key *key;
	char full[96], why[128];

	(void)snprintf(full, sizeof full, "%s.%s", section, name);
	if (strcmp(section, LAYOUTS) == 0) {
		if (add_template(r->config, name, value, why, sizeof why))
			complain(r, full, "%s: %s", full, why);
		return 1;
	}
	key = find_key(full);
	if (!key) {
		complain_unknown(r, full);
	} else if (config_set(r->config, key, value, why, sizeof why)) {
		complain(r, full, "%s %s", full, why);
	}
	return 1;
}

static int parse(struct reader *r)
{
	int line = ini_parse_stream(on_line, r, on_pair, r);

	if (line > 0 && !r->is_broken) {
		r->line = line;
		complain(r, NULL, "neither [section] nor key = value");
	}
	if (ferror(r->file))
		complain(r, NULL, "cannot be read");
	return r->is_broken ? CONFIG_E_INVALID : 0;
}

int config_load(struct config *c, const char *path, struct fail *reterr)
{
	struct config fresh;
	struct reader r = { .config = &fresh, .reterr = reterr, .path = path };
	int result;

	config_init(&fresh);
	r.file = fopen(path, "re");
	if (!r.file) {
		int error = errno;

		if (error == ENOENT || error == ENOTDIR) {
			*c = fresh;
			return CONFIG_E_ABSENT;
		}
		complain(&r, NULL, "%s", strerror(error));
		return CONFIG_E_INVALID;
	}
	result = parse(&r);
	(void)fclose(r.file);
	if (result == 0)
		*c = fresh;
	return result;
}

static const char *env_or_null(const char *name)
{
	const char *s = getenv(name);

	return s && *s ? s : NULL;
}

int config_find(char *out, size_t size)
{
	const char *own = env_or_null("ORCHFLOW_CONFIG");
	const char *xdg = env_or_null("XDG_CONFIG_HOME");
	const char *home = env_or_null("HOME");
	int n;

	if (own) {
		n = snprintf(out, size, "%s", own);
	} else if (xdg) {
		n = snprintf(out, size, "%s/orchflow/orchflow.conf", xdg);
	} else {
		n = snprintf(out, size, "%s/.config/orchflow/orchflow.conf", home ? home : "");
	}
	return n < 0 || (size_t)n >= size ? err_origin(-ENAMETOOLONG) : 0;
}

/* ---- using ---- */

static bool is_same(const struct config_key *key, const struct config *a, const struct config *b)
{
	const char *p = (const char *)a + key->offset, *q = (const char *)b + key->offset;

	return key->type == CONFIG_TEXT ? strcmp(p, q) == 0 : memcmp(p, q, sizeof(int64_t)) == 0;
}

size_t config_changes(const struct config *a, const struct config *b, const char **names,
		      size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < config_n_keys() && n < max; i++) {
		if (!is_same(&config_keys[i], a, b))
			names[n++] = config_keys[i].name;
	}
	if (n < max && memcmp(a->templates, b->templates, sizeof a->templates) != 0)
		names[n++] = LAYOUTS;
	return n;
}

void config_to_core(const struct config *c, struct core_config *ret)
{
	core_config_init(ret);
	ret->max_sessions = (uint32_t)c->max_sessions;
	ret->max_panes = (uint32_t)c->max_panes;
	ret->input_queue_bytes = (uint32_t)c->input_queue;
	ret->exited_keep_s = (uint32_t)c->exited_keep_s;
	ret->exited_keep_n = (uint32_t)c->exited_keep_n;
	ret->history_lines = (uint32_t)c->history_lines;
	ret->history_bytes = (uint32_t)c->history_bytes;
	ret->flush_quiet_us = (uint32_t)c->flush_quiet_us;
	ret->flush_latest_us = (uint32_t)c->flush_latest_us;
	ret->pause_max_ms = (uint32_t)c->pause_max_ms;
	ret->has_shell_integration = c->shell_integration == CONFIG_TRUE;
	ret->has_title_report = c->title_report == CONFIG_TRUE;
	ret->journal.is_enabled = c->journal_enabled == CONFIG_TRUE;
	ret->journal.is_gap_policy = c->journal_on_backlog == CONFIG_GAP;
	ret->journal.has_input = c->journal_input == CONFIG_ON;
	ret->journal.sync_ms = (uint32_t)c->journal_sync_ms;
	ret->journal.max_bytes = (uint64_t)c->journal_max_bytes;
	ret->journal.total_bytes = (uint64_t)c->journal_total_bytes;
	ret->journal.max_age_s = (uint32_t)c->journal_max_age_s;
	_Static_assert(sizeof ret->abort_on == sizeof c->abort_on, "the same text");
	memcpy(ret->abort_on, c->abort_on, sizeof ret->abort_on);
	for (uint32_t i = 0; i < c->n_templates; i++) {
		(void)core_config_set_template(ret, c->templates[i].name, c->templates[i].tree);
	}
}

void config_to_api(const struct config *c, struct api_config *ret)
{
	api_config_init(ret);
	ret->max_sessions = (uint32_t)c->max_sessions;
	ret->max_panes = (uint32_t)c->max_panes;
	ret->max_clients = (uint32_t)c->max_clients;
	ret->max_request_bytes = (size_t)c->request;
	ret->max_stream_bytes = (size_t)c->subscriber_queue;
}
