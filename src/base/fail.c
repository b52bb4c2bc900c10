#include "base/fail.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

static const struct fail_kind kinds[FAIL_N] = {
	[FAIL_NONE] = { .name = "NONE", .text = "no failure" },
#define X(name_, code_, category_, severity_, retryable_, text_) \
	[FAIL_##name_] = {                                       \
		.name = #name_,                                  \
		.text = text_,                                   \
		.code = code_,                                   \
		.category = FAIL_##category_,                    \
		.severity = FAIL_##severity_,                    \
		.is_retryable = retryable_,                      \
	},
	FAIL_LIST(X)
#undef X
};

const struct fail_kind *fail_kind(enum fail_code code)
{
	assert(code < FAIL_N);
	return &kinds[code];
}

const char *fail_category_name(enum fail_category c)
{
	switch (c) {
	case FAIL_STATE:
		return "state";
	case FAIL_TERMINAL:
		return "terminal";
	case FAIL_LAYOUT:
		return "layout";
	case FAIL_STORAGE:
		return "storage";
	case FAIL_PLUGIN:
		return "plugin";
	case FAIL_CONFIGURATION:
		return "configuration";
	case FAIL_NETWORK:
		return "network";
	case FAIL_VALIDATION:
		return "validation";
	case FAIL_PERMISSION:
		return "permission";
	case FAIL_RESOURCE:
		return "resource";
	case FAIL_FILESYSTEM:
		return "filesystem";
	case FAIL_SYSTEM:
		return "system";
	}
	return "system";
}

const char *fail_severity_name(enum fail_severity s)
{
	switch (s) {
	case FAIL_INFO:
		return "info";
	case FAIL_WARNING:
		return "warning";
	case FAIL_ERROR:
		return "error";
	case FAIL_CRITICAL:
		return "critical";
	}
	return "error";
}

/* Drop a character that the end of the text cut in two.  Only the last four
 * bytes are looked at: what is ill-formed before them was so when it came. */
static void trim_cut_character(char *s)
{
	size_t n = strlen(s);

	for (size_t back = 1; back <= 3 && back <= n; back++) {
		unsigned char c = (unsigned char)s[n - back];

		if ((c & 0xc0) == 0x80)
			continue;
		if (c >= 0xc0 && utf8_valid_prefix(s + n - back, back) != back)
			s[n - back] = '\0';
		return;
	}
}

static void PRINTF_LIKE(3, 0) put_text(char *out, size_t size, const char *fmt, va_list args)
{
	int n = vsnprintf(out, size, fmt, args);

	if (n < 0) {
		out[0] = '\0';
	} else if ((size_t)n >= size) {
		trim_cut_character(out);
	}
}

static void set_kind(struct fail *f, enum fail_code code, const char *ref)
{
	size_t n = ref ? strnlen(ref, sizeof f->ref) : 0;

	assert(code > FAIL_NONE && code < FAIL_N);
	f->code = code;
	f->detail[0] = '\0';
	f->hint[0] = '\0';
	/* memmove: @ref may be the old f->ref. */
	if (n == sizeof f->ref) {
		memmove(f->ref, ref, n - 1);
		f->ref[n - 1] = '\0';
		trim_cut_character(f->ref);
		return;
	}
	if (n)
		memmove(f->ref, ref, n);
	f->ref[n] = '\0';
}

int fail_set(struct fail *f, enum fail_code code, const char *ref)
{
	set_kind(f, code, ref);
	return FAIL_E_FAILED;
}

int fail_setf(struct fail *f, enum fail_code code, const char *ref, const char *fmt, ...)
{
	va_list args;

	set_kind(f, code, ref);
	va_start(args, fmt);
	put_text(f->detail, sizeof f->detail, fmt, args);
	va_end(args);
	return FAIL_E_FAILED;
}

void fail_hint(struct fail *f, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	put_text(f->hint, sizeof f->hint, fmt, args);
	va_end(args);
}
