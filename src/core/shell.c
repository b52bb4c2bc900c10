#include "core/shell.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/siphash.h"
#include "core/state.h"

_Static_assert(SHELL_KEY_BYTES == SIPHASH_KEY_BYTES, "one key");

static const struct {
	const char *name, *text;
	size_t n;
} files[] = {
#include "shell_files.inc.h"
};

const char *shell_kind_name(enum shell_kind k)
{
	switch (k) {
	case SHELL_NONE:
		return NULL;
	case SHELL_BASH:
		return "bash";
	case SHELL_ZSH:
		return "zsh";
	case SHELL_FISH:
		return "fish";
	}
	return NULL;
}

/* ---- files ---- */

static int write_all(int fd, const void *data, size_t n)
{
	ssize_t w = write(fd, data, n);

	if (w < 0)
		return err_origin(-errno);
	return (size_t)w == n ? 0 : err_origin(-ENOSPC);
}

/* As it is at almost every start.  A file that is put in the place of another one is written
 * out at once by ext4, for which nobody who starts should wait. */
static bool is_same(const char *path, const void *data, size_t n)
{
	char there[16384];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd >= 0 ? read(fd, there, sizeof there) : -1;

	if (fd >= 0)
		close(fd);
	return got == (ssize_t)n && memcmp(there, data, n) == 0;
}

/* Under another name first: a shell that starts meanwhile reads the old or the new. */
static int put_file(const char *path, const void *data, size_t n)
{
	char fresh[512];
	int fd, r;

	if (is_same(path, data, n))
		return 0;
	if (snprintf(fresh, sizeof fresh, "%s.new", path) >= (int)sizeof fresh)
		return err_origin(-ENAMETOOLONG);
	fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_origin(-errno);
	r = write_all(fd, data, n);
	close(fd);
	if (r == 0 && rename(fresh, path) < 0)
		r = err_origin(-errno);
	return r;
}

static int make_dir(const char *path)
{
	return mkdir(path, 0700) < 0 && errno != EEXIST ? err_origin(-errno) : 0;
}

static int write_files(const struct core *c)
{
	char path[512];
	int r;

	snprintf(path, sizeof path, "%s/shell", c->state_dir);
	r = make_dir(path);
	snprintf(path, sizeof path, "%s/shell/zsh", c->state_dir);
	if (r == 0)
		r = make_dir(path);
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(files); i++) {
		snprintf(path, sizeof path, "%s/shell/%s", c->state_dir, files[i].name);
		r = put_file(path, files[i].text, files[i].n);
	}
	return err_trace(r);
}

static int read_key(const char *path, uint8_t key[SHELL_KEY_BYTES])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, key, SHELL_KEY_BYTES);
	close(fd);
	return n == SHELL_KEY_BYTES ? 0 : -EIO;
}

static int find_key(struct core *c)
{
	char path[512];
	int r;

	snprintf(path, sizeof path, "%s/shell/key", c->state_dir);
	if (read_key(path, c->shell_key) == 0)
		return 0;
	if (getrandom(c->shell_key, sizeof c->shell_key, 0) != (ssize_t)sizeof c->shell_key)
		return err_origin(-EIO);
	r = put_file(path, c->shell_key, sizeof c->shell_key);
	return err_trace(r);
}

void shell_open(struct core *c)
{
	int r = write_files(c);

	if (r == 0)
		r = err_trace(find_key(c));
	c->has_shell_files = r == 0;
	if (r < 0)
		log_fault(r, "shells are started without integration");
}

/* ---- which ---- */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static enum shell_kind kind_of_program(const char *path)
{
	const char *name = base_name(path);

	if (strcmp(name, "bash") == 0)
		return SHELL_BASH;
	if (strcmp(name, "zsh") == 0)
		return SHELL_ZSH;
	return strcmp(name, "fish") == 0 ? SHELL_FISH : SHELL_NONE;
}

static bool is_login(const char *arg)
{
	return strcmp(arg, "-l") == 0 || strcmp(arg, "--login") == 0;
}

/* Interactive, and nothing given to run. */
static bool is_plain(const json_t *command)
{
	size_t i;
	json_t *arg;

	json_array_foreach(command, i, arg)
	{
		const char *s = json_string_value(arg);

		if (i > 0 && !is_login(s) && strcmp(s, "-i") != 0 &&
		    strcmp(s, "--interactive") != 0)
			return false;
	}
	return true;
}

static bool wants_login(const struct pane *p)
{
	size_t i;
	json_t *arg;

	json_array_foreach(p->command, i, arg)
	{
		if (i > 0 && is_login(json_string_value(arg)))
			return true;
	}
	return false;
}

enum shell_kind shell_of_pane(const struct pane *p)
{
	const struct core *c = p->core;
	const char *program = json_string_value(json_array_get(p->command, 0));
	const char *wish = env_get(p->env, "ORCHFLOW_SHELL_INTEGRATION");

	if (!c->has_shell_files || !c->config.has_shell_integration || !p->is_pty || !program ||
	    (wish && (strcmp(wish, "0") == 0 || strcmp(wish, "off") == 0)) || !is_plain(p->command))
		return SHELL_NONE;
	return kind_of_program(program);
}

void shell_nonce(const struct pane *p, char ret[SHELL_NONCE_BYTES])
{
	uint64_t what[2] = { p->number, p->generation };

	snprintf(ret, SHELL_NONCE_BYTES, "%016" PRIx64,
		 siphash(p->core->shell_key, what, sizeof what));
}

/* ---- how ---- */

static void put_str(struct buf *out, const char *s, uint32_t *n)
{
	buf_put(out, s, strlen(s) + 1);
	++*n;
}

/* source 'PATH', as fish quotes. */
static void put_fish_source(struct buf *out, const char *dir, uint32_t *n)
{
	buf_put_str(out, "source '");
	for (; *dir; dir++) {
		if (*dir == '\'' || *dir == '\\')
			buf_put_char(out, '\\');
		buf_put_char(out, *dir);
	}
	buf_put_str(out, "/shell/orchflow.fish'");
	buf_put_char(out, '\0');
	++*n;
}

/* Behind the program's name: bash wants long options first. */
static void put_options(const struct pane *p, struct buf *out, uint32_t *n)
{
	const char *dir = p->core->state_dir;

	switch (shell_of_pane(p)) {
	case SHELL_NONE:
	case SHELL_ZSH:
		return;
	case SHELL_BASH:
		if (wants_login(p)) {
			put_str(out, "--posix", n);
			return;
		}
		put_str(out, "--rcfile", n);
		buf_put_str(out, dir);
		put_str(out, "/shell/orchflow.bash", n);
		return;
	case SHELL_FISH:
		put_str(out, "--init-command", n);
		put_fish_source(out, dir, n);
		return;
	}
}

void shell_put_argv(const struct pane *p, struct buf *out, uint32_t *ret_n)
{
	size_t i;
	json_t *arg;

	*ret_n = 0;
	json_array_foreach(p->command, i, arg)
	{
		buf_put(out, json_string_value(arg), json_string_length(arg) + 1);
		++*ret_n;
		if (i == 0)
			put_options(p, out, ret_n);
	}
}

static bool has_name(const char *var, const char *name)
{
	size_t n = strlen(name);

	return strncmp(var, name, n) == 0 && var[n] == '=';
}

/* The client's variables, without the one that is ours to set. */
static void put_given(const struct core_env *e, const char *without, struct buf *out, uint32_t *n)
{
	if (!e)
		return;
	for (const char *v = e->data; v < e->data + e->bytes; v += strlen(v) + 1) {
		if (!without || !has_name(v, without))
			put_str(out, v, n);
	}
}

static void put_var(struct buf *out, const char *name, const char *value, uint32_t *n)
{
	buf_put_str(out, name);
	buf_put_char(out, '=');
	put_str(out, value, n);
}

/* @name is set to a place of ours; the script puts back what the user has there. */
static void put_place(const struct pane *p, const char *name, const char *saved, const char *place,
		      struct buf *out, uint32_t *n)
{
	const char *old = env_get(p->env, name);

	buf_put_str(out, name);
	buf_put_char(out, '=');
	buf_put_str(out, p->core->state_dir);
	put_str(out, place, n);
	if (old)
		put_var(out, saved, old, n);
}

void shell_put_env(const struct pane *p, struct buf *out, uint32_t *ret_n)
{
	enum shell_kind kind = shell_of_pane(p);
	bool is_login_bash = kind == SHELL_BASH && wants_login(p);
	char nonce[SHELL_NONCE_BYTES];

	*ret_n = 0;
	put_given(p->env, kind == SHELL_ZSH ? "ZDOTDIR" : is_login_bash ? "ENV" : NULL, out, ret_n);
	if (kind == SHELL_NONE)
		return;
	shell_nonce(p, nonce);
	put_var(out, "ORCHFLOW_NONCE", nonce, ret_n);
	if (kind == SHELL_ZSH)
		put_place(p, "ZDOTDIR", "ORCHFLOW_ZDOTDIR", "/shell/zsh", out, ret_n);
	if (is_login_bash) {
		put_var(out, "ORCHFLOW_LOGIN", "1", ret_n);
		put_place(p, "ENV", "ORCHFLOW_ENV", "/shell/orchflow.bash", out, ret_n);
	}
}
