#include "cli/detach.h"

#include <stdio.h>
#include <string.h>

/* One key's name; 0 bytes consumed if it is none. */
static size_t parse_key(const char *s, unsigned char *ret)
{
	size_t n;
	char c;

	if (s[0] == '\0' || s[0] == ',')
		return 0;
	n = strcspn(s + 1, ",") + 1;
	if (n == 2 && s[0] == '^') {
		c = s[1];
	} else if (n == 3 && (s[0] == 'C' || s[0] == 'c') && s[1] == '-') {
		c = s[2];
	} else if (n == 1 && (unsigned char)s[0] > 0x20 && (unsigned char)s[0] < 0x7f) {
		*ret = (unsigned char)s[0];
		return 1;
	} else
		return 0;
	if (c >= 'a' && c <= 'z')
		c = (char)(c - 'a' + 'A');
	if (c < '@' || c > '_')
		return 0;
	*ret = (unsigned char)(c - '@');
	return n;
}

int detach_init(struct detach *d, const char *spec)
{
	memset(d, 0, sizeof(*d));
	if (strcmp(spec, "none") == 0)
		return 0;
	for (;;) {
		size_t n;

		if (d->n_keys == DETACH_KEYS_MAX)
			return DETACH_E_BAD;
		n = parse_key(spec, &d->keys[d->n_keys]);
		if (n == 0)
			return DETACH_E_BAD;
		d->n_keys++;
		spec += n;
		if (*spec == '\0')
			return 0;
		spec++;
	}
}

void detach_fini(struct detach *d)
{
	buf_fini(&d->held);
}

/* A sequence like CSI 92;5u at @p: the byte that it stands for is *@ret, and
 * whether it tells of a release.  Returns its length, 0 if it is none. */
static size_t extended_key(const char *p, size_t n, unsigned *ret, bool *ret_is_release)
{
	char text[32];
	unsigned code = 0, mods = 0, event = 1;
	int used = 0;
	size_t len = n < sizeof(text) - 1 ? n : sizeof(text) - 1;

	memcpy(text, p, len);
	text[len] = '\0';
	if (sscanf(text, "\033[%u;%u:%u%n", &code, &mods, &event, &used) != 3 &&
	    sscanf(text, "\033[%u;%u%n", &code, &mods, &used) != 2)
		return 0;
	if (code == 27 && text[used] == ';') { /* modifyOtherKeys */
		int more = 0;

		if (sscanf(text + used, ";%u~%n", &code, &more) != 1 || !more)
			return 0;
		used += more;
	} else if (text[used++] != 'u') {
		return 0;
	}
	/* Control, and the locks that may be on */
	if (!((mods - 1) & 4) || ((mods - 1) & 0x3b))
		return 0;
	if (code >= 'a' && code <= 'z')
		code -= 'a' - 'A';
	*ret = code >= '@' && code <= '_' ? code - '@' : 0x100;
	*ret_is_release = event == 3;
	return (size_t)used;
}

/* The key at @p, its length, and whether only its release is told. */
static size_t next_key(const char *p, size_t n, unsigned *ret, bool *ret_is_release)
{
	size_t used = p[0] == '\033' ? extended_key(p, n, ret, ret_is_release) : 0;

	if (used)
		return used;
	*ret = (unsigned char)p[0];
	*ret_is_release = false;
	return 1;
}

void detach_give_up(struct detach *d, struct buf *out)
{
	buf_put(out, buf_data(&d->held), buf_len(&d->held));
	buf_clear(&d->held);
	d->n_seen = 0;
}

bool detach_is_waiting(const struct detach *d)
{
	return d->n_seen > 0;
}

bool detach_feed(struct detach *d, const char *p, size_t n, struct buf *out)
{
	while (n) {
		unsigned key;
		bool is_release;
		size_t used = next_key(p, n, &key, &is_release);

		if (is_release && d->n_seen && key == d->keys[d->n_seen - 1]) {
			buf_put(&d->held, p, used);
		} else if (!is_release && d->n_keys && key == d->keys[d->n_seen]) {
			buf_put(&d->held, p, used);
			if (++d->n_seen == d->n_keys) {
				buf_clear(&d->held);
				d->n_seen = 0;
				return true;
			}
		} else {
			/* It may itself be the first key; then it is looked at again. */
			bool is_again = d->n_seen && !is_release && key == d->keys[0];

			detach_give_up(d, out);
			if (is_again)
				continue;
			buf_put(out, p, used);
		}
		p += used;
		n -= used;
	}
	return false;
}
