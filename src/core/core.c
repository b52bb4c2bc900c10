#include "core/core.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/state.h"

#define TRIM_AFTER_PANES 50
#define TRIM_QUIET_MS 1000

void core_config_init(struct core_config *c)
{
	*c = (struct core_config){
		.max_sessions = 1000,
		.max_panes = 1000,
		.input_queue_bytes = 1u << 20,
		.exited_keep_s = 7 * 86400,
		.exited_keep_n = 200,
		.flush_quiet_us = 500,
		.flush_latest_us = 16000,
		.pause_max_ms = 30000,
		.history_lines = 10000,
		.history_bytes = 10u << 20,
		.has_shell_integration = true,
		.journal = { .is_enabled = true,
			     .retry_ms = 1000,
			     .sync_ms = 1000,
			     .max_bytes = 64ull << 20,
			     .total_bytes = 4ull << 30 },
	};
	store_opts_init(&c->store);
	(void)core_config_set_template(c, "dev", "rows(70 editor, 30 terminal)");
	(void)core_config_set_template(c, "test", "cols(50 editor, 50 rows(50 tests, 50 output))");
}

bool core_config_set_template(struct core_config *c, const char *name, const char *tree)
{
	uint32_t i = 0;

	while (i < c->n_templates && strcmp(c->templates[i].name, name) != 0)
		i++;
	if (i == CORE_MAX_TEMPLATES || strlen(name) >= sizeof c->templates[i].name ||
	    strlen(tree) >= sizeof c->templates[i].tree)
		return false;
	snprintf(c->templates[i].name, sizeof c->templates[i].name, "%s", name);
	snprintf(c->templates[i].tree, sizeof c->templates[i].tree, "%s", tree);
	c->n_templates += i == c->n_templates;
	return true;
}

void core_event(struct core *c, enum core_event e, struct pane *p, struct session *s)
{
	if (e == CORE_COMMAND_STARTED)
		line_command_note(p);
	if (c->ops.on_event)
		c->ops.on_event(e, p, s, c->ops.user);
}

void core_on_handle_closed(uv_handle_t *h)
{
	struct core *c = h->data;

	c->n_handles--;
}

static void on_start(uv_timer_t *t)
{
	struct core *c = t->data;
	int fd = c->listen_fd, r = 0;

	c->listen_fd = -1;
	if (fd >= 0 && c->ops.on_serving)
		r = c->ops.on_serving(fd, c->ops.user);
	/* Who cannot serve is not ready, and ends: the keeper sees to the rest. */
	if (r == 0)
		link_plain(c, KEEPER_READY);
}

void core_on_spin(uv_idle_t *h)
{
	(void)h; /* its being active is what keeps the loop from sleeping */
}

/* After the sockets of this turn: read what is ready, then serve subscribers. */
static void on_check(uv_check_t *h)
{
	struct core *c = h->data;

	reader_turn(c);
	fanout_turn(c);
	if (list_is_empty(&c->ready) || c->is_handing_over) {
		uv_idle_stop(&c->spin);
	} else {
		uv_idle_start(&c->spin, core_on_spin);
	}
}

void core_give_memory_back(struct core *c)
{
	c->n_removed = 0;
	malloc_trim(0);
}

static void on_trim(uv_timer_t *t)
{
	core_give_memory_back(t->data);
}

/* The memory of many panes that went is given back once it is quiet. */
void core_note_removed(struct core *c)
{
	if (++c->n_removed >= TRIM_AFTER_PANES && !c->has_quit)
		uv_timer_start(&c->trim_timer, on_trim, TRIM_QUIET_MS, 0);
}

static int open_handles(struct core *c)
{
	int r;

	uv_check_init(c->loop, &c->check);
	uv_idle_init(c->loop, &c->spin);
	uv_timer_init(c->loop, &c->start_timer);
	uv_timer_init(c->loop, &c->trim_timer);
	uv_timer_init(c->loop, &c->quiet_timer);
	uv_timer_init(c->loop, &c->pause_timer);
	uv_timer_init(c->loop, &c->run_timer);
	uv_timer_init(c->loop, &c->sample_timer);
	c->check.data = c->spin.data = c->start_timer.data = c;
	c->trim_timer.data = c->quiet_timer.data = c->pause_timer.data = c->run_timer.data = c;
	c->sample_timer.data = c;
	c->n_handles += 8;
	r = uv_check_start(&c->check, on_check);
	if (r == 0)
		r = uv_timer_start(&c->start_timer, on_start, 0, 0);
	return err_origin(r);
}

static void init_fields(struct core *c)
{
	c->keeper_fd = c->arena_fd = c->listen_fd = c->flush_fd = c->registry.fd = -1;
	list_init(&c->registry.waiters);
	list_init(&c->registry.commands);
	c->next_session = c->next_pane = c->next_sub = c->next_wait = 1;
	c->next_env = 1;
	list_init(&c->outgoing);
	list_init(&c->envs);
	list_init(&c->ready);
	list_init(&c->flushing);
	list_init(&c->viewers);
	list_init(&c->layout_viewers);
	list_init(&c->searches);
	c->next_search = 1;
	index_init(&c->names);
	index_init(&c->keys);
	index_init(&c->env_index);
	list_init(&c->waits);
	run_init(c);
	c->command_log.fd = -1;
	list_init(&c->sampling);
	index_init(&c->wait_index);
	list_init(&c->kills);
	list_init(&c->helpers);
	list_init(&c->census_waiting);
}

int core_new(uv_loop_t *loop, int keeper_fd, const char *state_dir,
	     const struct core_config *config, const struct core_ops *ops, struct core **ret)
{
	struct core *c = mem_new(struct core);
	int r;

	if (!c)
		return err_origin(-ENOMEM);
	init_fields(c);
	squeeze_init(c);
	c->loop = loop;
	c->boot_us = census_boot_us();
	c->config = *config;
	c->ops = *ops;
	c->state_dir = mem_strdup(state_dir);
	r = c->state_dir ? open_handles(c) : err_origin(-ENOMEM);
	if (r == 0)
		shell_open(c);
	if (r == 0)
		r = err_trace(census_open(c));
	if (r == 0)
		r = err_trace(fanout_open(c));
	if (r == 0)
		r = err_trace(record_start(c));
	if (r == 0)
		r = err_trace(adopt_all(c, keeper_fd));
	if (r == 0)
		r = err_trace(link_open(c, keeper_fd));
	if (r == 0)
		r = err_trace(registry_watch(c));
	if (r < 0) {
		core_free(c);
		return r;
	}
	*ret = c;
	return 0;
}

static void close_handle(uv_handle_t *h)
{
	if (h->data && !uv_is_closing(h))
		uv_close(h, core_on_handle_closed);
}

static void free_objects(struct core *c)
{
	while (c->n_panes > 0)
		pane_remove(c->panes[c->n_panes - 1], false);
	while (c->n_sessions > 0)
		session_remove(c->sessions[c->n_sessions - 1]);
	mem_free(c->panes);
	mem_free(c->sessions);
	c->panes = NULL;
	c->sessions = NULL;
}

struct core *core_free(struct core *c)
{
	if (!c)
		return NULL;
	c->has_quit = true;
	registry_last_chance(c);
	record_stop(c);
	fanout_drop_all(c);
	free_objects(c);
	kill_drop_all(c);
	search_drop_all(c);
	helper_drop_all(c);
	close_handle((uv_handle_t *)&c->check);
	close_handle((uv_handle_t *)&c->spin);
	close_handle((uv_handle_t *)&c->start_timer);
	close_handle((uv_handle_t *)&c->trim_timer);
	close_handle((uv_handle_t *)&c->quiet_timer);
	close_handle((uv_handle_t *)&c->pause_timer);
	close_handle((uv_handle_t *)&c->run_timer);
	close_handle((uv_handle_t *)&c->sample_timer);
	close_handle((uv_handle_t *)&c->keeper_poll);
	close_handle((uv_handle_t *)&c->flush_poll);
	registry_unwatch(c);
	while (c->n_handles > 0 || !list_is_empty(&c->searches) || c->is_census_running ||
	       !list_is_empty(&c->census_waiting))
		uv_run(c->loop, UV_RUN_ONCE);
	list_for_each_safe (l, &c->outgoing) {
		struct keeper_packet *k = list_entry(l, struct keeper_packet, link);

		for (size_t i = 0; i < k->n_fds; i++)
			close(k->fds[i]);
		mem_free(k);
	}
	census_close(c);
	registry_close(c);
	command_log_close(c);
	squeeze_fini(c);
	if (c->arena.header)
		arena_unmap(&c->arena);
	if (c->arena_fd >= 0)
		close(c->arena_fd);
	if (c->flush_fd >= 0)
		close(c->flush_fd);
	if (c->listen_fd >= 0)
		close(c->listen_fd);
	if (c->keeper_fd >= 0)
		close(c->keeper_fd);
	mem_free(c->state_dir);
	mem_free(c);
	return NULL;
}

void core_configure(struct core *c, const struct core_config *config)
{
	c->config = *config;
	record_configure(c);
	if (c->registry.store)
		store_configure(c->registry.store, &config->store);
}

static void count_states(const struct core *c, struct core_status *ret)
{
	for (uint32_t i = 0; i < c->n_panes; i++) {
		const struct pane *p = c->panes[i];
		uint32_t n_open = (uint32_t)p->streams[0].is_open + (uint32_t)p->streams[1].is_open;

		ret->expected_daemon_fds_of_panes += n_open;
		switch (p->state) {
		case PANE_STARTING:
		case PANE_RUNNING:
			ret->n_running++;
			break;
		case PANE_EXITED:
			ret->n_exited++;
			break;
		case PANE_LOST:
			ret->n_lost++;
			break;
		}
		/* The keeper lets go of a pane when it has exited and is closed. */
		if (p->state <= PANE_RUNNING || (p->state == PANE_EXITED && !p->is_closed))
			ret->expected_keeper_fds_of_panes += p->is_pty ? 1 : 2;
	}
}

void core_get_status(const struct core *c, struct core_status *ret)
{
	*ret = c->status;
	ret->n_sessions = c->n_sessions;
	ret->n_panes = c->n_panes;
	ret->n_subscriptions = c->n_subs;
	ret->is_shutting_down = c->is_shutting_down;
	count_states(c, ret);
}

const struct core_metrics *core_get_metrics(const struct core *c)
{
	return &c->metrics;
}

int core_method_enter(struct core *c, const char *method, struct fail *reterr)
{
	if (c->quarantined_method[0] && strcmp(method, c->quarantined_method) == 0) {
		fail_setf(reterr, FAIL_QUARANTINED, method,
			  "the daemon died twice while handling it");
		fail_hint(reterr, "see `orchflow log`; `orchflow reload` lifts this");
		return FAIL_E_FAILED;
	}
	snprintf(c->method, sizeof c->method, "%s", method);
	arena_doing_method(&c->arena, method);
	return 0;
}

void core_method_leave(struct core *c)
{
	c->method[0] = 0;
	arena_doing_nothing(&c->arena);
}

void core_feed_enter(struct core *c, uint64_t pane, uint64_t from)
{
	arena_doing_feed(&c->arena, pane, from);
}

void core_feed_leave(struct core *c)
{
	if (c->method[0]) {
		arena_doing_method(&c->arena, c->method);
	} else {
		arena_doing_nothing(&c->arena);
	}
}

void core_quarantine_clear(struct core *c)
{
	c->quarantined_method[0] = 0;
	for (uint32_t i = 0; i < c->n_panes; i++) {
		if (!c->panes[i]->is_quarantined)
			continue;
		c->panes[i]->is_quarantined = false;
		registry_put_pane(c->panes[i]);
	}
}
