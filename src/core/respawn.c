/* A pane's command once more: in the same place, with the same environment, under the same
 * id, in the directory that its shell told last (when that is gone or was never told: where
 * it was started first).  Its output goes on where it ended. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "core/state.h"

static int respawn_now(struct pane *p, const char *key, struct fail *reterr)
{
	struct core *c = p->core;

	if (key[0])
		pane_set_key(p, key);
	for (int i = 0; i < 2; i++)
		stream_close(&p->streams[i]);
	link_forget(c, p->number);
	p->generation++;
	command_free(p); /* another shell, with another secret */
	p->has_status = p->is_exit_due = p->is_closed = false;
	p->input_unsure = 0;
	p->wants_hold = p->is_held = false;
	pane_set_state(p, PANE_STARTING);
	p->keeps_place = false;
	p->is_in_last_cwd = p->cwd_now != NULL;
	layout_return(p);
	registry_put_pane(p);
	return spawn_send(p, -1, reterr);
}

struct respawn {
	struct core *core;
	uint64_t number;
	char key[KEEPER_KEY_BYTES]; /* "": none */
	core_pane_fn *on_done;
	void *user;
};

static void start_respawn(struct respawn *r, struct pane *p)
{
	struct fail f;

	if (pane_add_waiter(p, r->on_done, r->user) < 0) {
		fail_set(&f, FAIL_NO_MEMORY, NULL);
		r->on_done(NULL, &f, r->user);
	} else if (respawn_now(p, r->key, &f)) {
		pane_fail_respawn(p, &f);
	}
}

static void on_killed_for_respawn(const struct core_kill_report *report, const struct fail *f,
				  void *user)
{
	struct respawn *r = user;
	struct pane *p = pane_by_number(r->core, r->number);
	struct fail gone;

	(void)report;
	if (p)
		p->keeps_place = false;
	if (!p) {
		fail_set(&gone, FAIL_PANE_NOT_FOUND, NULL);
	} else if (p->state <= PANE_RUNNING) {
		fail_setf(&gone, FAIL_PANE_RUNNING, NULL, "it could not be ended");
	}
	if (f || !p || p->state <= PANE_RUNNING) {
		r->on_done(NULL, f ? f : &gone, r->user);
	} else {
		start_respawn(r, p);
	}
	mem_free(r);
}

/* A retry of the request that started it (or is about to): the same answer. */
static bool answer_known_respawn(struct pane *p, const char *key, core_pane_fn *done, void *user)
{
	struct fail f;

	if (!key || !*key || strcmp(key, p->key) != 0 || p->state == PANE_LOST)
		return false;
	if (p->state != PANE_STARTING) {
		done(p, NULL, user);
	} else if (pane_add_waiter(p, done, user) < 0) {
		fail_set(&f, FAIL_NO_MEMORY, NULL);
		done(NULL, &f, user);
	}
	return true;
}

static int check_respawn(struct core *c, const struct pane *p, bool force, const char *key,
			 struct fail *reterr)
{
	if (c->is_shutting_down)
		return fail_set(reterr, FAIL_SHUTTING_DOWN, NULL);
	if (p->state <= PANE_RUNNING && !force) {
		fail_set(reterr, FAIL_PANE_RUNNING, NULL);
		fail_hint(reterr, "end it first, or force");
		return FAIL_E_FAILED;
	}
	if (key && strlen(key) > KEEPER_KEY_BYTES - 1) {
		return fail_setf(reterr, FAIL_INVALID_PARAMS, "key", "must have 1 to %u bytes",
				 KEEPER_KEY_BYTES - 1);
	}
	if (c->n_live >= c->config.max_panes && p->state > PANE_RUNNING) {
		return fail_setf(reterr, FAIL_LIMIT_PANES, NULL, "the limit is %u",
				 c->config.max_panes);
	}
	return 0;
}

void core_pane_respawn(struct core *c, struct pane *p, bool force, const char *key,
		       core_pane_fn *done, void *user)
{
	struct respawn now = { .core = c, .number = p->number, .on_done = done, .user = user };
	struct respawn *later;
	struct fail f;

	if (answer_known_respawn(p, key, done, user))
		return;
	if (check_respawn(c, p, force, key, &f)) {
		done(NULL, &f, user);
		return;
	}
	snprintf(now.key, sizeof now.key, "%s", key ? key : "");
	if (p->state > PANE_RUNNING) {
		start_respawn(&now, p);
		return;
	}
	later = mem_new(struct respawn);
	if (!later) {
		fail_set(&f, FAIL_NO_MEMORY, NULL);
		done(NULL, &f, user);
		return;
	}
	*later = now;
	p->keeps_place = true;
	core_pane_kill(c, p, false, 2000, on_killed_for_respawn, later);
}
