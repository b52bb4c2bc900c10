/*
 * The configuration file (ini; orchflow.conf(5)).  One table of keys serves
 * reading, the manual page and the comparison at a reload.
 *
 * A file is taken whole or not at all: what is unknown, malformed or out of
 * range is an error that names the line.
 */
#ifndef DAEMON_CONFIG_H
#define DAEMON_CONFIG_H

#include "api/server.h"
#include "base/fail.h"
#include "base/log.h"
#include "core/core.h"

enum config_bool { CONFIG_FALSE, CONFIG_TRUE };
enum config_backlog { CONFIG_SLOW, CONFIG_GAP };
enum config_switch { CONFIG_OFF, CONFIG_ON };

struct config {
	int64_t max_sessions, max_panes, max_clients;
	int64_t input_queue, subscriber_queue, request; /* bytes */
	int64_t exited_keep_s, exited_keep_n;
	int64_t history_lines, history_bytes; /* per pane */
	int64_t title_report;                 /* enum config_bool */
	int64_t shell_integration;            /* likewise */
	int64_t flush_quiet_us, flush_latest_us, pause_max_ms;
	int64_t journal_enabled;    /* enum config_bool */
	int64_t journal_on_backlog; /* enum config_backlog */
	int64_t journal_input;      /* enum config_switch */
	int64_t journal_sync_ms, journal_max_age_s;
	int64_t journal_max_bytes, journal_total_bytes;
	int64_t log_level; /* enum log_level */
	int64_t log_max_bytes;
	char detach_keys[64]; /* the client's; "": its own default */
	char abort_on[64];
	struct layout_template templates[CORE_MAX_TEMPLATES]; /* [layouts] */
	uint32_t n_templates;
};

void config_init(struct config *c); /* the defaults */

enum {
	CONFIG_E_ABSENT = 1, /* there is no such file; @c holds the defaults */
	CONFIG_E_INVALID,    /* reterr: CONFIG_INVALID with file, line and reason */
};
/* @c is changed only on 0 and CONFIG_E_ABSENT. */
NODISCARD int config_load(struct config *c, const char *path, struct fail *reterr);

/* Where the file is by custom: $ORCHFLOW_CONFIG, else in $XDG_CONFIG_HOME or
 * ~/.config.  -ENAMETOOLONG. */
NODISCARD int config_find(char *out, size_t size);

/* Names ("limits.panes") of the keys that differ, at most @max; returns how
 * many.  The strings are the table's. */
size_t config_changes(const struct config *a, const struct config *b, const char **names,
		      size_t max);
size_t config_n_keys(void);

/* What the other modules want to know. */
void config_to_core(const struct config *c, struct core_config *ret);
void config_to_api(const struct config *c, struct api_config *ret);

/* man/orchflow.conf.5.scd */
void config_manual(struct buf *out);

#endif
