/*
 * The versions of everything that outlives a daemon, and whether another program
 * can go on with what this one leaves behind.
 */
#ifndef DAEMON_VERSIONS_H
#define DAEMON_VERSIONS_H

#include <jansson.h>

#include "base/buf.h"
#include "base/fail.h"

/* `--print-versions`: {"program", "version", then NAME: [oldest, newest] that is understood}. */
void versions_print(struct buf *out);

/* What the other program printed, parsed; NULL (with @reterr): it is none of ours. */
json_t *versions_parse(const char *text, size_t n, const char *program, struct fail *reterr);

/* Does the other daemon understand what is there?  @keeper_protocol: of the keeper that
 * runs.  FAIL_E_FAILED: UPGRADE_REFUSED, naming what it does not. */
NODISCARD int versions_check_daemon(const json_t *other, uint32_t keeper_protocol,
				    struct fail *reterr);
/* Do this daemon and the arena get on with the other keeper? */
NODISCARD int versions_check_keeper(const json_t *other, struct fail *reterr);

#endif
