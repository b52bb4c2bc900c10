#include "daemon/config_keys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"

#define AT(member) offsetof(struct config, member)
#define NS_PER_US 1000ull
#define NS_PER_MS 1000000ull
#define NS_PER_S 1000000000ull
#define NS_PER_DAY (86400 * NS_PER_S)
#define GIB ((int64_t)1 << 30)

const struct config_key config_keys[] = {
	{ .name = "limits.sessions",
	  .type = CONFIG_COUNT,
	  .offset = AT(max_sessions),
	  .fallback = "1000",
	  .min = 1,
	  .max = 100000,
	  .limits = "1 to 100000",
	  .doc = "Sessions that may exist." },
	{ .name = "limits.panes",
	  .type = CONFIG_COUNT,
	  .offset = AT(max_panes),
	  .fallback = "1000",
	  .min = 1,
	  .max = 4000,
	  .limits = "1 to 4000",
	  .doc = "Panes whose process runs. The kernel's own limit (/proc/sys/kernel/pty/max) "
		 "may be lower." },
	{ .name = "limits.clients",
	  .type = CONFIG_COUNT,
	  .offset = AT(max_clients),
	  .fallback = "1000",
	  .min = 1,
	  .max = 100000,
	  .limits = "1 to 100000",
	  .doc = "Clients that may be connected." },
	{ .name = "limits.input_queue",
	  .type = CONFIG_SIZE,
	  .offset = AT(input_queue),
	  .fallback = "1M",
	  .min = 4096,
	  .max = GIB,
	  .limits = "4K to 1G",
	  .doc = "Input that may wait for one terminal to take it." },
	{ .name = "limits.subscriber_queue",
	  .type = CONFIG_SIZE,
	  .offset = AT(subscriber_queue),
	  .fallback = "1M",
	  .min = 4096,
	  .max = GIB,
	  .limits = "4K to 1G",
	  .doc = "Output and events that may wait for one client to read them." },
	{ .name = "limits.request",
	  .type = CONFIG_SIZE,
	  .offset = AT(request),
	  .fallback = "4M",
	  .min = 4096,
	  .max = GIB / 4,
	  .limits = "4K to 256M",
	  .doc = "Size of one request." },
	{ .name = "limits.exited_days",
	  .type = CONFIG_DURATION,
	  .offset = AT(exited_keep_s),
	  .unit_ns = NS_PER_S,
	  .unit = "s",
	  .bare_ns = NS_PER_DAY,
	  .bare_unit = "days",
	  .fallback = "7",
	  .min = 0,
	  .max = 3650ll * 86400,
	  .limits = "0 to 3650 days",
	  .doc = "How long an exited pane is kept, at least." },
	{ .name = "limits.exited_count",
	  .type = CONFIG_COUNT,
	  .offset = AT(exited_keep_n),
	  .fallback = "200",
	  .min = 0,
	  .max = 100000,
	  .limits = "0 to 100000",
	  .doc = "So many exited panes are kept however old they are." },
	{ .name = "limits.history_lines",
	  .type = CONFIG_COUNT,
	  .offset = AT(history_lines),
	  .fallback = "10000",
	  .min = 0,
	  .max = 10000000,
	  .limits = "0 to 10000000",
	  .doc = "Lines of history that each pane keeps in memory." },
	{ .name = "limits.history_bytes",
	  .type = CONFIG_SIZE,
	  .offset = AT(history_bytes),
	  .fallback = "10M",
	  .min = 0,
	  .max = GIB,
	  .limits = "0 to 1G",
	  .doc = "Text of history that each pane keeps in memory; the limit that is reached "
		 "first counts." },
	{ .name = "stream.flush_quiet_us",
	  .type = CONFIG_DURATION,
	  .offset = AT(flush_quiet_us),
	  .unit_ns = NS_PER_US,
	  .unit = "us",
	  .fallback = "500",
	  .min = 0,
	  .max = 1000000,
	  .limits = "0 to 1 s",
	  .doc = "Output is sent to subscribers when the terminal was quiet for so long." },
	{ .name = "stream.flush_latest_us",
	  .type = CONFIG_DURATION,
	  .offset = AT(flush_latest_us),
	  .unit_ns = NS_PER_US,
	  .unit = "us",
	  .fallback = "16000",
	  .min = 0,
	  .max = 1000000,
	  .limits = "0 to 1 s",
	  .doc = "Output is sent to subscribers at the latest so long after its first byte." },
	{ .name = "stream.pause_max_ms",
	  .type = CONFIG_DURATION,
	  .offset = AT(pause_max_ms),
	  .unit_ns = NS_PER_MS,
	  .unit = "ms",
	  .fallback = "30000",
	  .min = 0,
	  .max = 86400000,
	  .limits = "0 to 1 day",
	  .doc = "How long a slow subscriber that asked for it may stop a terminal." },
	{ .name = "terminal.title_report",
	  .type = CONFIG_CHOICE,
	  .offset = AT(title_report),
	  .fallback = "false",
	  .choices = "false|true", /* enum config_bool */
	  .doc = "Whether a program may ask for the title of its terminal. Output can set the "
		 "title, and the answer is typed as input, so this lets output type. Counts for "
		 "terminals that start printing later." },
	{ .name = "shell.integration",
	  .type = CONFIG_CHOICE,
	  .offset = AT(shell_integration),
	  .fallback = "on",
	  .choices = "off|on", /* enum config_bool */
	  .doc = "Whether bash, zsh and fish are started so that they tell of their prompts and "
		 "commands (see docs/automation.md). Files of the user are not touched. One pane "
		 "is "
		 "left out by ORCHFLOW_SHELL_INTEGRATION=0 in its environment (new "
		 "--no-integration)." },
	{ .name = "journal.enabled",
	  .type = CONFIG_CHOICE,
	  .offset = AT(journal_enabled),
	  .fallback = "true",
	  .choices = "false|true", /* enum config_bool */
	  .doc = "Whether what panes print is kept on disk, in the journal directory of the state "
		 "directory. Panes made with --private have no journal in any case." },
	{ .name = "journal.sync_ms",
	  .type = CONFIG_DURATION,
	  .offset = AT(journal_sync_ms),
	  .unit_ns = NS_PER_MS,
	  .unit = "ms",
	  .fallback = "1000",
	  .min = 0,
	  .max = 3600000,
	  .limits = "0 to 1 hour",
	  .doc = "What is written is synced to the disk so long after at the latest: what a power "
		 "loss may cost. 0: every batch is synced before the program may go on. A crash "
		 "of the daemon costs nothing in any case." },
	{ .name = "journal.max_bytes",
	  .type = CONFIG_SIZE,
	  .offset = AT(journal_max_bytes),
	  .fallback = "64M",
	  .min = 1 << 20,
	  .max = 1024 * GIB,
	  .limits = "1M to 1024G",
	  .doc = "Size of one pane's journal, compressed; beyond it the oldest output is "
		 "dropped." },
	{ .name = "journal.total_bytes",
	  .type = CONFIG_SIZE,
	  .offset = AT(journal_total_bytes),
	  .fallback = "4G",
	  .min = 1 << 20,
	  .max = 1024 * GIB,
	  .limits = "1M to 1024G",
	  .doc = "Size of all journals together; beyond it the oldest output is dropped, of panes "
		 "that have ended first." },
	{ .name = "journal.max_age",
	  .type = CONFIG_DURATION,
	  .offset = AT(journal_max_age_s),
	  .unit_ns = NS_PER_S,
	  .unit = "s",
	  .bare_ns = NS_PER_DAY,
	  .bare_unit = "days",
	  .fallback = "0",
	  .min = 0,
	  .max = 3650ll * 86400,
	  .limits = "0 to 3650 days",
	  .doc = "Older output is dropped from journals; 0: age does not count." },
	{ .name = "journal.on_backlog",
	  .type = CONFIG_CHOICE,
	  .offset = AT(journal_on_backlog),
	  .fallback = "slow",
	  .choices = "slow|gap", /* enum config_backlog */
	  .doc = "When the disk is slower than a program prints: slow stops the program until the "
		 "disk has caught up, as a pipe would; gap lets it go on, and the journal says "
		 "what "
		 "is missing." },
	{ .name = "journal.input",
	  .type = CONFIG_CHOICE,
	  .offset = AT(journal_input),
	  .fallback = "off",
	  .choices = "off|on", /* enum config_switch */
	  .doc = "Whether what is typed is kept as well. Never what is typed while the terminal "
		 "does not echo, such as a password; line editors switch echo off too." },
	{ .name = "log.level",
	  .type = CONFIG_CHOICE,
	  .offset = AT(log_level),
	  .fallback = "info",
	  .choices = "error|warn|info|debug",
	  .doc = "What is logged: this and what is more serious." },
	{ .name = "log.max_size",
	  .type = CONFIG_SIZE,
	  .offset = AT(log_max_bytes),
	  .fallback = "4M",
	  .min = 4096,
	  .max = GIB,
	  .limits = "4K to 1G",
	  .doc = "At this size the log file is renamed to daemon.log.1 and begun anew. Takes "
		 "effect at the next start." },
	{ .name = "client.detach_keys",
	  .type = CONFIG_TEXT,
	  .offset = AT(detach_keys),
	  .fallback = "",
	  .limits = "as of attach --detach-keys",
	  .doc = "Keys that detach `orchflow attach`, where neither --detach-keys nor "
		 "$ORCHFLOW_DETACH_KEYS says otherwise: ^a,d or C-a,d, or none." },
	{ .name = "debug.abort_on",
	  .type = CONFIG_TEXT,
	  .offset = AT(abort_on),
	  .fallback = "",
	  .doc = "Abort when a pane prints this.",
	  .is_hidden = true },
};

size_t config_n_keys(void)
{
	return ARRAY_LEN(config_keys);
}

static int set_number(struct config *c, const struct config_key *key, int64_t v)
{
	if (v < key->min || v > key->max)
		return CONFIG_E_INVALID;
	memcpy((char *)c + key->offset, &v, sizeof v);
	return 0;
}

/* Digits and nothing else before @ret_end. */
static bool parse_digits(const char *s, int64_t *ret, const char **ret_end)
{
	char *end;

	if (*s < '0' || *s > '9')
		return false;
	errno = 0;
	*ret = strtoll(s, &end, 10);
	*ret_end = end;
	return errno == 0;
}

static int set_count(struct config *c, const struct config_key *key, const char *text)
{
	const char *end;
	int64_t v;

	if (!parse_digits(text, &v, &end) || *end)
		return CONFIG_E_INVALID;
	return set_number(c, key, v);
}

static int set_size(struct config *c, const struct config_key *key, const char *text)
{
	static const char suffixes[] = "KMG";
	const char *end, *suffix;
	int shift = 0;
	int64_t v;

	if (!parse_digits(text, &v, &end))
		return CONFIG_E_INVALID;
	if (*end) {
		suffix = strchr(suffixes, *end & ~0x20);
		if (!suffix || end[1])
			return CONFIG_E_INVALID;
		shift = 10 * (int)(suffix - suffixes + 1);
	}
	if (v > INT64_MAX >> shift)
		return CONFIG_E_INVALID;
	return set_number(c, key, v << shift);
}

static int set_duration(struct config *c, const struct config_key *key, const char *text)
{
	uint64_t bare_ns = key->bare_ns ? key->bare_ns : key->unit_ns, ns;
	const char *end;
	int64_t v;

	if (parse_digits(text, &v, &end) && !*end) {
		if ((uint64_t)v > (uint64_t)INT64_MAX / bare_ns)
			return CONFIG_E_INVALID;
		ns = (uint64_t)v * bare_ns;
	} else if (clock_parse_duration(text, &ns) < 0) {
		err_clear();
		return CONFIG_E_INVALID;
	}
	return set_number(c, key, (int64_t)(ns / key->unit_ns));
}

static int set_choice(struct config *c, const struct config_key *key, const char *text)
{
	const char *s = key->choices;
	int64_t i = 0;

	for (;; i++) {
		size_t n = strcspn(s, "|");

		if (strlen(text) == n && memcmp(s, text, n) == 0) {
			memcpy((char *)c + key->offset, &i, sizeof i);
			return 0;
		}
		if (!s[n])
			return CONFIG_E_INVALID;
		s += n + 1;
	}
}

static int set_text(struct config *c, const struct config_key *key, const char *text)
{
	size_t n = strlen(text);

	if (n >= sizeof c->abort_on)
		return CONFIG_E_INVALID;
	memcpy((char *)c + key->offset, text, n + 1);
	return 0;
}

static int set(struct config *c, const struct config_key *key, const char *text)
{
	switch (key->type) {
	case CONFIG_COUNT:
		return set_count(c, key, text);
	case CONFIG_SIZE:
		return set_size(c, key, text);
	case CONFIG_DURATION:
		return set_duration(c, key, text);
	case CONFIG_CHOICE:
		return set_choice(c, key, text);
	case CONFIG_TEXT:
		return set_text(c, key, text);
	}
	return CONFIG_E_INVALID;
}

static void explain(const struct config_key *key, char *why, size_t size)
{
	const char *unit = key->bare_unit ? key->bare_unit : key->unit;

	switch (key->type) {
	case CONFIG_COUNT:
		(void)snprintf(why, size, "must be a number, %s", key->limits);
		return;
	case CONFIG_SIZE:
		(void)snprintf(why, size, "must be a size as 512K or 4M, %s", key->limits);
		return;
	case CONFIG_DURATION:
		(void)snprintf(why, size, "must be a number of %s or a duration as 1.5s, %s", unit,
			       key->limits);
		return;
	case CONFIG_CHOICE:
		(void)snprintf(why, size, "must be one of %s", key->choices);
		return;
	case CONFIG_TEXT:
		(void)snprintf(why, size, "is too long");
		return;
	}
}

int config_set(struct config *c, const struct config_key *key, const char *text, char *why,
	       size_t size)
{
	int r = set(c, key, text);

	if (r)
		explain(key, why, size);
	return r;
}
