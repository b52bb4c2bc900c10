/*
 * What the drivers share: time, samples, a plain connection to the daemon.
 * Deliberately not the client library: what is measured is the server.  A
 * benchmark that cannot go on says why and exits; there is nobody to recover for.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <sys/types.h>

#include "base/defs.h"

_Noreturn void die(const char *fmt, ...) PRINTF_LIKE(1, 2);
uint64_t now_ns(void);
void pause_us(unsigned us);

/* ---- samples ---- */

struct stat_set {
	uint64_t *ns;
	size_t n, max;
};
void stat_init(struct stat_set *s, size_t max);
void stat_fini(struct stat_set *s);
void stat_add(struct stat_set *s, uint64_t ns); /* beyond max: dropped */
/* Sorts.  Prints {"n":..,"p50_us":..,"p95_us":..,"p99_us":..,"max_us":..}. */
void stat_print(struct stat_set *s);

/* ---- connection: JSON lines on $ORCHFLOW_SOCKET ---- */

struct conn {
	int fd;
	char *buf;
	size_t start, end, size;
	unsigned n_sent; /* the last id */
};
void conn_open(struct conn *c);
void conn_close(struct conn *c);
/* Send a request with the next id; @params is a format for the JSON object. */
void conn_send(struct conn *c, const char *method, const char *params, ...) PRINTF_LIKE(3, 4);
/* The next message, without its newline; valid until the next call. */
char *conn_line(struct conn *c);
/* The next answer; events before it are dropped.  Dies on an error answer. */
char *conn_answer(struct conn *c);
bool conn_is_event(const char *line, const char *kind /* NULL: any */);
/* Value of the first "name":"..." in @line into @ret. */
void conn_text(const char *line, const char *name, char *ret, size_t size);
/* Value of the first "name":123 in @line. */
uint64_t conn_number(const char *line, const char *name);
/* Create a pane (150 x 50) running `sh -c COMMAND`; its id into @ret. */
void conn_pane(struct conn *c, const char *command, char ret[24]);
void conn_end_pane(struct conn *c, const char *pane); /* kill and delete */

/* ---- the modes, one function each; argv behind the mode's name ---- */

int bench_rtt(int argc, char **argv);      /* COUNT METHOD PARAMS */
int bench_pipeline(int argc, char **argv); /* COUNT WINDOW */
int bench_pingpong(int argc, char **argv); /* COUNT REQUEST_BYTES ANSWER_BYTES */
int bench_beside(int argc, char **argv);   /* COUNT METHOD PARAMS */
int bench_echo(int argc, char **argv);     /* COUNT idle|flood */
int bench_rawecho(int argc, char **argv);  /* COUNT idle|flood */
int bench_tmuxecho(int argc, char **argv); /* COUNT idle|flood SOCKET_NAME */
int bench_spawn(int argc, char **argv);    /* COUNT */
int bench_fork(int argc, char **argv);     /* COUNT */
int bench_pace(int argc, char **argv);     /* BYTES_PER_SECOND SECONDS */
int bench_fanout(int argc, char **argv);   /* PANE SUBSCRIBERS STALLED SECONDS */
int bench_kvset(int argc, char **argv);    /* COUNT CLIENTS */
int bench_kvgets(int argc, char **argv);   /* COUNT KEYS WINDOW */
int bench_kvget(int argc, char **argv);    /* COUNT KEYS */
int bench_cat(int argc, char **argv);      /* COUNT COMMAND */
int bench_process(int argc, char **argv);  /* COUNT COMMAND CLEANUP COMMAND CLEANUP */

#endif
