/* The records of the API, one value each. */
#ifndef API_RECORDS_H
#define API_RECORDS_H

#include "core/core.h"
#include "rpc/writer.h"

void record_session(struct rpc_writer *w, const struct session *s);
void record_pane(struct rpc_writer *w, const struct pane *p);
/* The map is open still: for members of one's own. */
void record_pane_begin(struct rpc_writer *w, const struct pane *p);
struct layout;
void record_layout(struct rpc_writer *w, const struct layout *l);
/* How a process ended: {"code"} or {"signal","name"}; null when not known. */
void record_journal(struct rpc_writer *w, const struct pane_journal_info *j);
void record_status(struct rpc_writer *w, bool has_status, int status);
void record_process(struct rpc_writer *w, const struct core_process *p);
/* The members `ended` and `left`. */
void record_kills(struct rpc_writer *w, const struct core_kill_report *report);
/* The member `strays`: those of `ended` that had strayed. */
void record_strays(struct rpc_writer *w, const struct core_kill_report *report);

/* "line", "password", "raw"; NULL for nothing. */
const char *record_wanted_kind(enum core_wanted_kind k);

/* The members `command`; `exit_code` and `signal`. */
void record_command_id(struct rpc_writer *w, uint64_t pane, uint64_t number);
void record_exit_code(struct rpc_writer *w, bool has_exit, int code);

/* "p12" as a value. */
void record_id(struct rpc_writer *w, char letter, uint64_t number);

/* "SIGHUP"; for real-time and unknown ones "SIG34".  @out has 16 bytes. */
const char *signal_name(int signo, char *out);
/* "INT", "SIGINT", "2"; 0 if there is no such signal. */
int signal_parse(const char *s);

/* "p12" with @letter 'p' is 12; 0 if @s is no such id. */
uint64_t record_id_parse(const char *s, char letter);

#endif
