/* Leaving the field to another daemon, or the keeper's place to another keeper. */
#include <stdio.h>

#include "base/err.h"
#include "base/log.h"
#include "core/state.h"

#define HANDOVER_CHECKPOINT_BYTES 16384 /* less is fed again as fast as an image is loaded */

void core_prepare_handover(struct core *c, core_handover_fn *done, void *user)
{
	/* What the terminals print from now on waits in the kernel.  What was read is
	 * in the arena, with how far it was fed and answered. */
	c->is_handing_over = true;
	for (uint32_t i = 0; i < c->n_panes; i++)
		record_checkpoint(c->panes[i], HANDOVER_CHECKPOINT_BYTES);
	(void)record_drain(c);
	done(user);
}

int core_upgrade(struct core *c, enum core_program program, int program_fd, uint32_t timeout_ms,
		 const char *note, struct fail *reterr)
{
	struct keeper_upgrade m = { .program = program == CORE_KEEPER ? KEEPER_PROGRAM_KEEPER
								      : KEEPER_PROGRAM_DAEMON,
				    .timeout_ms = timeout_ms };
	int r;

	KEEPER_MSG(&m, KEEPER_UPGRADE);
	snprintf((char *)m.note, sizeof m.note, "%s", note);
	r = link_send(c, &m, sizeof m, &program_fd, 1);
	if (r == 0)
		return 0;
	log_fault(r, "the keeper is not told of the upgrade");
	return fail_set(reterr, c->is_keeper_gone ? FAIL_KEEPER_GONE : FAIL_INTERNAL_ERROR, NULL);
}

const struct core_upgraded *core_last_upgrade(const struct core *c)
{
	return &c->upgraded;
}
