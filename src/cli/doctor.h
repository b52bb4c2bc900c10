/* What `orchflow doctor` knows how to judge; cmd_doctor.c gathers and prints. */
#ifndef CLI_DOCTOR_H
#define CLI_DOCTOR_H

#include <jansson.h>

#include "client/places.h"

enum doctor_level { DOCTOR_OK, DOCTOR_NOTE, DOCTOR_WRONG };

const char *doctor_level_name(enum doctor_level l);

struct doctor {
	json_t *findings; /* [{check, level, text, advice?}] */
	bool is_wrong;
};

void doctor_init(struct doctor *d);
void doctor_fini(struct doctor *d);
/* @advice NULL: there is nothing to do. */
void doctor_add(struct doctor *d, enum doctor_level level, const char *check, const char *advice,
		const char *fmt, ...) PRINTF_LIKE(5, 6);

/* ---- judging, each from what was gathered ---- */

void doctor_judge_places(struct doctor *d, const struct places *p);
/* @status as by server.status; @own: version of this program. */
void doctor_judge_server(struct doctor *d, const json_t *status, const char *own);
void doctor_judge_limits(struct doctor *d, const json_t *status);
void doctor_judge_census(struct doctor *d, const json_t *census);
void doctor_judge_panes(struct doctor *d, const json_t *panes);

/* Where a process lives, by the text of /proc/PID/cgroup. */
enum doctor_cgroup {
	DOCTOR_CGROUP_OTHER,   /* not under a login */
	DOCTOR_CGROUP_SESSION, /* session-N.scope: ends with the login if logind says so */
	DOCTOR_CGROUP_USER,    /* user@UID.service: ends with the last login unless lingering */
};
enum doctor_cgroup doctor_parse_cgroup(const char *text);
/* KillUserProcesses= in the text of a logind.conf; @was: what holds if it is not there. */
enum doctor_kills { DOCTOR_KILLS_UNKNOWN, DOCTOR_KILLS_NO, DOCTOR_KILLS_YES };
enum doctor_kills doctor_parse_logind(const char *text, enum doctor_kills was);
void doctor_judge_logout(struct doctor *d, enum doctor_cgroup where, bool has_systemd,
			 bool is_lingering, enum doctor_kills kills);

/* Records of level error in @text (of a log); the last one's text, cut to @size. */
size_t doctor_log_errors(const char *text, size_t n, char *ret_last, size_t size);

#endif
