#include "vt/parser.h"

#include "base/mem.h"
#include "vt/action.h"
#include "vt/feed.h"
#include "vt/scan.h"

#include <string.h>

/*
 * The machine in two tables: which class a byte belongs to, and what each
 * state does with each class.  They follow the published diagram; where this
 * terminal differs, the note beside the row says how.
 */
enum class {
	EXE, /* 00-06 08-17 19 1c-1f */
	BEL, /* 07 */
	CAN, /* 18 1a: CAN, SUB */
	ESC, /* 1b */
	INT, /* 20-2f intermediates */
	DIG, /* 30-39 */
	COL, /* 3a */
	SEM, /* 3b */
	PRI, /* 3c-3f */
	FIN, /* 40-7e but these: */
	DCS, /* 50 P */
	STR, /* 58 X, 5e ^, 5f _ */
	CSI, /* 5b [ */
	STE, /* 5c \ */
	OSC, /* 5d ] */
	DEL, /* 7f */
	CLASS_N
};

static const uint8_t class_of[128] = {
#define X4(c) c, c, c, c
#define X8(c) X4(c), X4(c)
	EXE,     EXE,     EXE, EXE, EXE,     EXE,     EXE, BEL, X8(EXE), /* 00-0f */
	X8(EXE), CAN,     EXE, CAN, ESC,     X4(EXE),                    /* 10-1f */
	X8(INT), X8(INT),                                                /* 20-2f */
	X8(DIG), DIG,     DIG, COL, SEM,     X4(PRI),                    /* 30-3f */
	X8(FIN), X8(FIN),                                                /* 40-4f */
	DCS,     FIN,     FIN, FIN, X4(FIN), STR,     FIN, FIN, CSI,
	STE,     OSC,     STR, STR,               /* 50-5f */
	X8(FIN), X8(FIN),                         /* 60-6f */
	X8(FIN), X4(FIN), FIN, FIN, FIN,     DEL, /* 70-7f */
#undef X8
#undef X4
};

enum action {
	NONE,
	EXECUTE, /* a control character */
	COLLECT, /* an intermediate */
	PREFIX,  /* a private marker */
	DIGIT,
	NEXT,     /* ; */
	SUB,      /* : */
	ESC_DO,   /* a complete escape sequence */
	CSI_DO,   /* a complete control sequence */
	DCS_DO,   /* a complete introduction: the string follows */
	DCS_SKIP, /* a wrong one: the string is void */
	CLEAR,    /* entry into ESCAPE, CSI_ENTRY and DCS_ENTRY */
	OSC_BEGIN,
	STR_BEGIN,
	VT52_DO,
};

struct step {
	uint8_t action, next;
};

#define GND STATE_GROUND
#define ES STATE_ESCAPE
#define EI STATE_ESCAPE_INTER
#define CE STATE_CSI_ENTRY
#define CP STATE_CSI_PARAM
#define CI STATE_CSI_INTER
#define CX STATE_CSI_IGNORE
#define DE STATE_DCS_ENTRY
#define DP STATE_DCS_PARAM
#define DI STATE_DCS_INTER
#define DX STATE_DCS_IGNORE
#define DY STATE_DCS_PASS
#define OS STATE_OSC
#define ST STATE_STRING
#define V5 STATE_VT52
#define VR STATE_VT52_ROW

/* Common to all rows: CAN and SUB end what was begun, ESC begins anew. */
#define ANYWHERE [CAN] = { EXECUTE, GND }, [ESC] = { CLEAR, ES }
#define EXECUTES(s) [EXE] = { EXECUTE, s }, [BEL] = { EXECUTE, s }
#define IGNORES(s) [EXE] = { NONE, s }, [BEL] = { NONE, s }
#define FINALS(a, s)                                                                              \
	[FIN] = { a, s }, [DCS] = { a, s }, [STR] = { a, s }, [CSI] = { a, s }, [STE] = { a, s }, \
	[OSC] = { a, s }

/* clang-format off */
static const struct step steps[STATE_N][CLASS_N] = {
/* GROUND, the strings and the arguments of VT52 sequences do not come here. */
[ES] = { ANYWHERE, EXECUTES(ES), [INT] = {COLLECT,EI}, [DIG] = {ESC_DO,GND}, [COL] = {ESC_DO,GND},
         [SEM] = {ESC_DO,GND}, [PRI] = {ESC_DO,GND}, [FIN] = {ESC_DO,GND}, [DCS] = {CLEAR,DE},
         [STR] = {STR_BEGIN,ST}, [CSI] = {CLEAR,CE}, [STE] = {ESC_DO,GND}, [OSC] = {OSC_BEGIN,OS},
         [DEL] = {NONE,ES} },
[EI] = { ANYWHERE, EXECUTES(EI), [INT] = {COLLECT,EI}, [DIG] = {ESC_DO,GND}, [COL] = {ESC_DO,GND},
         [SEM] = {ESC_DO,GND}, [PRI] = {ESC_DO,GND}, FINALS(ESC_DO,GND), [DEL] = {NONE,EI} },

[CE] = { ANYWHERE, EXECUTES(CE), [INT] = {COLLECT,CI}, [DIG] = {DIGIT,CP}, [COL] = {SUB,CP},
         [SEM] = {NEXT,CP}, [PRI] = {PREFIX,CP}, FINALS(CSI_DO,GND), [DEL] = {NONE,CE} },
[CP] = { ANYWHERE, EXECUTES(CP), [INT] = {COLLECT,CI}, [DIG] = {DIGIT,CP}, [COL] = {SUB,CP},
         [SEM] = {NEXT,CP}, [PRI] = {NONE,CX}, FINALS(CSI_DO,GND), [DEL] = {NONE,CP} },
[CI] = { ANYWHERE, EXECUTES(CI), [INT] = {COLLECT,CI}, [DIG] = {NONE,CX}, [COL] = {NONE,CX},
         [SEM] = {NONE,CX}, [PRI] = {NONE,CX}, FINALS(CSI_DO,GND), [DEL] = {NONE,CI} },
[CX] = { ANYWHERE, EXECUTES(CX), [INT] = {NONE,CX}, [DIG] = {NONE,CX}, [COL] = {NONE,CX},
         [SEM] = {NONE,CX}, [PRI] = {NONE,CX}, FINALS(NONE,GND), [DEL] = {NONE,CX} },

[DE] = { ANYWHERE, IGNORES(DE), [INT] = {COLLECT,DI}, [DIG] = {DIGIT,DP}, [COL] = {SUB,DP},
         [SEM] = {NEXT,DP}, [PRI] = {PREFIX,DP}, FINALS(DCS_DO,DY), [DEL] = {NONE,DE} },
[DP] = { ANYWHERE, IGNORES(DP), [INT] = {COLLECT,DI}, [DIG] = {DIGIT,DP}, [COL] = {SUB,DP},
         [SEM] = {NEXT,DP}, [PRI] = {DCS_SKIP,DX}, FINALS(DCS_DO,DY), [DEL] = {NONE,DP} },
[DI] = { ANYWHERE, IGNORES(DI), [INT] = {COLLECT,DI}, [DIG] = {DCS_SKIP,DX}, [COL] = {DCS_SKIP,DX},
         [SEM] = {DCS_SKIP,DX}, [PRI] = {DCS_SKIP,DX}, FINALS(DCS_DO,DY), [DEL] = {NONE,DI} },

[V5] = { ANYWHERE, EXECUTES(V5), [INT] = {VT52_DO,GND}, [DIG] = {VT52_DO,GND},
         [COL] = {VT52_DO,GND}, [SEM] = {VT52_DO,GND}, [PRI] = {VT52_DO,GND},
         FINALS(VT52_DO,GND), [DEL] = {NONE,V5} },
};
/* clang-format on */

static void params_clear(struct params *p)
{
	p->n = 0;
	p->is_sub = 0;
	p->prefix = 0;
	p->n_inter = 0;
	p->inter[0] = p->inter[1] = 0;
}

/* The last parameter; the first digit or separator makes the first one.  NULL
 * when it is one too many (n stays PARAMS_MAX + 1 to remember). */
static int32_t *params_last(struct params *p)
{
	if (!p->n) {
		p->v[0] = -1;
		p->n = 1;
	}
	return p->n <= PARAMS_MAX ? &p->v[p->n - 1] : NULL;
}

static void params_next(struct params *p, bool is_sub)
{
	params_last(p);
	if (p->n >= PARAMS_MAX) {
		p->n = PARAMS_MAX + 1;
		return;
	}
	p->v[p->n] = -1;
	if (is_sub)
		p->is_sub |= 1u << p->n;
	p->n++;
}

static void params_digit(struct params *p, uint8_t c)
{
	int32_t *v = params_last(p);

	if (!v)
		return;

	int32_t to = (*v < 0 ? 0 : *v) * 10 + (c - '0');

	*v = to > PARAM_MAX ? PARAM_MAX : to;
}

static void params_collect(struct params *p, uint8_t c)
{
	if (p->n_inter < INTERMEDIATES_MAX) {
		p->inter[p->n_inter++] = (char)c;
	} else {
		p->n_inter = INTERMEDIATES_MAX + 1;
	}
}

static void string_begin(struct parser *p, size_t max)
{
	p->n_string = 0;
	p->max_string = max;
	p->is_void = max == 0;
	p->is_c2 = false;
}

/* Payloads are rare and some are large: no memory is kept between them. */
static void string_drop(struct parser *p)
{
	mem_free(p->string);
	p->string = NULL;
	p->n_string = p->size_string = 0;
}

/* One byte more than asked for, so that a NUL always fits. */
static bool string_reserve(struct parser *p, size_t n)
{
	if (p->n_string + n < p->size_string)
		return true;

	size_t size = p->size_string ? p->size_string * 2 : 128;

	while (size <= p->n_string + n)
		size *= 2;

	char *s = mem_zalloc(size, 1);

	if (!s)
		return false;
	if (p->n_string)
		memcpy(s, p->string, p->n_string);
	mem_free(p->string);
	p->string = s;
	p->size_string = size;
	return true;
}

static void string_put(struct parser *p, const uint8_t *s, size_t n)
{
	if (p->is_void || !n)
		return;
	if (n > p->max_string - p->n_string || !string_reserve(p, n)) {
		string_drop(p);
		p->is_void = true;
		return;
	}
	memcpy(p->string + p->n_string, s, n);
	p->n_string += n;
}

bool parser_restore(struct parser *p, const void *bytes, size_t n)
{
	string_put(p, bytes, n);
	return p->n_string == n;
}

void parser_fini(struct parser *p)
{
	string_drop(p);
}

/* The string is complete. */
static void string_end(struct vt *vt, enum parser_state which, bool is_by_bel)
{
	struct parser *p = &vt->parser;

	p->state = STATE_GROUND;
	p->is_by_bel = is_by_bel;
	if (!p->is_void && string_reserve(p, 0)) {
		p->string[p->n_string] = '\0';
		if (which == STATE_OSC) {
			osc_dispatch(vt);
		} else if (which == STATE_DCS_PASS) {
			dcs_dispatch(vt);
		} else if (which == STATE_STRING && p->introducer == '_') {
			apc_dispatch(vt);
		}
	}
	string_drop(p);
}

static size_t string_limit(const struct vt *vt, char introducer)
{
	return introducer == '_' ? vt->opts.image_bytes : 0;
}

static void parser_escape(struct vt *vt)
{
	params_clear(&vt->parser.params);
	vt->parser.is_c2 = false;
	vt->parser.state = vt->modes >> VT_MODE_DECANM & 1 ? STATE_ESCAPE : STATE_VT52;
}

static void parser_step(struct vt *vt, uint8_t c)
{
	struct parser *p = &vt->parser;
	struct step s = steps[p->state][class_of[c]];

	p->state = s.next;
	switch ((enum action)s.action) {
	case NONE:
		break;
	case EXECUTE:
		control_c0(vt, c);
		break;
	case COLLECT:
		params_collect(&p->params, c);
		break;
	case PREFIX:
		p->params.prefix = (char)c;
		break;
	case DIGIT:
		params_digit(&p->params, c);
		break;
	case NEXT:
		params_next(&p->params, false);
		break;
	case SUB:
		params_next(&p->params, true);
		break;
	case ESC_DO:
		if (p->params.n_inter <= INTERMEDIATES_MAX)
			esc_dispatch(vt, (char)c);
		break;
	case CSI_DO:
		if (p->params.n > PARAMS_MAX)
			p->params.n = PARAMS_MAX;
		if (p->params.n_inter <= INTERMEDIATES_MAX)
			csi_dispatch(vt, (char)c);
		break;
	case DCS_DO:
		if (p->params.n > PARAMS_MAX)
			p->params.n = PARAMS_MAX;
		p->final = (char)c;
		string_begin(p, p->params.n_inter <= INTERMEDIATES_MAX ? dcs_limit(vt) : 0);
		break;
	case DCS_SKIP:
		string_begin(p, 0);
		break;
	case CLEAR:
		if (c == 0x1b) {
			parser_escape(vt);
		} else {
			params_clear(&p->params);
		}
		break;
	case OSC_BEGIN:
		string_begin(p, vt->opts.string_bytes);
		break;
	case STR_BEGIN:
		p->introducer = (char)c;
		string_begin(p, string_limit(vt, (char)c));
		break;
	case VT52_DO:
		if (c == 'Y') {
			p->state = STATE_VT52_ROW;
		} else {
			vt52_dispatch(vt, (char)c);
		}
		break;
	}
}

/* An 8-bit control is its 7-bit escape sequence, wherever it comes. */
void parser_c1(struct vt *vt, uint8_t c)
{
	params_clear(&vt->parser.params);
	vt->parser.is_c2 = false;
	vt->parser.state = STATE_ESCAPE;
	parser_step(vt, c - 0x40);
}

/* A byte of 0x80 or more inside an escape or control sequence: an 8-bit
 * control acts (in UTF-8 it comes as two bytes); what else there is, text
 * among it, has no meaning here and is dropped. */
static void parser_high(struct vt *vt, uint8_t c)
{
	struct parser *p = &vt->parser;

	if (c < 0xa0 && (p->is_c2 || !vt->is_utf8)) {
		parser_c1(vt, c);
	} else if (!vt->is_utf8) {
		parser_step(vt, c & 0x7f);
	} else {
		p->is_c2 = c == 0xc2;
	}
}

static void vt52_argument(struct vt *vt, uint8_t c)
{
	struct parser *p = &vt->parser;

	if (c < 0x20) {
		p->state = STATE_GROUND;
		if (c == 0x1b) {
			parser_escape(vt);
		} else {
			control_c0(vt, c);
		}
	} else if (p->state == STATE_VT52_ROW) {
		p->params.v[0] = c - 0x20;
		p->state = STATE_VT52_COL;
	} else {
		p->state = STATE_GROUND;
		vt52_move(vt, p->params.v[0], c - 0x20);
	}
}

/* Bytes of the string that are neither its end nor may be. */
static size_t string_span(const uint8_t *s, const uint8_t *end)
{
	const uint8_t *at = s;

	while (at < end && (at[0] >= 0x20 && (at[0] < 0x80 || (at[0] >= 0xa0 && at[0] != 0xc2))))
		at++;
	return (size_t)(at - s);
}

/* One byte that string_span() stops at. */
static void string_special(struct vt *vt, uint8_t c)
{
	struct parser *p = &vt->parser;
	bool is_c1 = c >= 0x80 && c < 0xa0 && (p->is_c2 || !vt->is_utf8);

	if (is_c1 && c == 0x9c) {
		if (vt->is_utf8 && p->n_string)
			p->n_string--; /* the 0xc2 before it */
		string_end(vt, (enum parser_state)p->state, false);
	} else if (c == 0x07 && p->state == STATE_OSC) {
		string_end(vt, STATE_OSC, true);
	} else if (c == 0x18 || c == 0x1a) {
		string_drop(p);
		p->state = STATE_GROUND;
		control_c0(vt, c);
	} else if (c == 0x1b) {
		p->outer = p->state;
		p->state = STATE_STRING_ESC;
	} else if (c >= 0x80 || p->state == STATE_DCS_PASS) {
		string_put(p, &c, 1);
	}
	p->is_c2 = c == 0xc2;
}

static const uint8_t *parser_string(struct vt *vt, const uint8_t *s, const uint8_t *end)
{
	struct parser *p = &vt->parser;

	if (p->state == STATE_STRING_ESC) {
		p->taken = s + 1;
		if (*s == '\\') {
			string_end(vt, (enum parser_state)p->outer, false);
			return s + 1;
		}
		string_drop(p);
		parser_escape(vt);
		return s;
	}

	size_t n = string_span(s, end);

	if (n) {
		string_put(p, s, n);
		p->is_c2 = false;
		return s + n;
	}
	p->taken = s + 1;
	string_special(vt, *s);
	return s + 1;
}

/* A number, -1 if there is none: what is behind it.  Of one with more digits than
 * any parameter needs only the first five are taken. */
static inline const uint8_t *quick_number(const uint8_t *s, int32_t *ret)
{
	uint32_t v = s[0] - (uint32_t)'0', digit;

	*ret = -1;
	if (v > 9)
		return s;
	for (int i = 1; i < 5; i++) {
		digit = s[i] - (uint32_t)'0';
		if (digit > 9) {
			*ret = (int32_t)v;
			return s + i;
		}
		v = v * 10 + digit;
	}
	*ret = v > PARAM_MAX ? PARAM_MAX : (int32_t)v;
	return s + 5;
}

#define QUICK_NUMBER_BYTES 6 /* and the character behind it */

/*
 * "ESC [", numbers with semicolons, a final character, all of it at hand: what
 * most sequences are, without a turn through the table for each byte.  @s is
 * behind the bracket.  NULL: it is something else, and nothing was done.
 */
static const uint8_t *parser_csi(struct vt *vt, const uint8_t *s, const uint8_t *end)
{
	struct params *p = &vt->parser.params;
	uint8_t n = 0;

	while (end - s > QUICK_NUMBER_BYTES) {
		int32_t v;

		s = quick_number(s, &v);

		uint8_t c = *s++;

		if (c >= 0x40 && c < 0x7f) {
			params_clear(p);
			p->v[n] = v;
			p->n = n || v >= 0 ? n + 1 : 0;
			csi_dispatch(vt, (char)c);
			return s;
		}
		if (c != ';' || n == PARAMS_MAX - 1)
			return NULL;
		p->v[n++] = v;
	}
	return NULL;
}

static const uint8_t *parser_introduced(struct vt *vt, const uint8_t *s, const uint8_t *end)
{
	if (end - s >= 2 && *s == '[' && term_mode(vt, VT_MODE_DECANM)) {
		const uint8_t *behind = parser_csi(vt, s + 1, end);

		if (behind)
			return behind;
	}
	parser_escape(vt);
	return s;
}

/* Text, control characters and plain control sequences, for as long as nothing
 * else comes. */
static const uint8_t *parser_ground(struct vt *vt, const uint8_t *s, const uint8_t *end)
{
	enum scan_isa isa = (enum scan_isa)vt->isa;

	while (s < end) {
		uint8_t c = *s;

		if (c >= 0x80) {
			s = print_utf8(vt, s, end);
		} else if (c >= 0x20) {
			size_t n = scan_printable(isa, s, (size_t)(end - s));

			if (n) {
				print_ascii(vt, s, n);
			} else {
				print_del(vt);
			}
			s += n ? n : 1;
			continue;
		} else if (c == 0x1b) {
			s = parser_introduced(vt, s + 1, end);
		} else {
			control_c0(vt, c);
			s++;
			continue;
		}
		if (vt->parser.state != STATE_GROUND || vt->parser.utf8_need)
			return s;
	}
	return s;
}

/* Introducer and terminator are two bytes each; a BEL is one. */
size_t vt_taken(const struct vt *vt, size_t *ret_sequence)
{
	const struct parser *p = &vt->parser;

	*ret_sequence = 2 + p->n_string + (p->is_by_bel ? 1 : 2);
	return (size_t)(p->taken - p->fed);
}

/* Ends in GROUND with a code point begun: the next bytes continue or end it. */
void parser_feed(struct vt *vt, const uint8_t *s, size_t n)
{
	struct parser *p = &vt->parser;
	const uint8_t *end = s + n;

	p->fed = s;
	while (s < end) {
		switch ((enum parser_state)p->state) {
		case STATE_GROUND:
			if (p->utf8_need) {
				s = print_utf8(vt, s, end);
			} else {
				s = parser_ground(vt, s, end);
			}
			break;
		case STATE_OSC:
		case STATE_STRING:
		case STATE_DCS_PASS:
		case STATE_DCS_IGNORE:
		case STATE_STRING_ESC:
			s = parser_string(vt, s, end);
			break;
		case STATE_VT52_ROW:
		case STATE_VT52_COL:
			vt52_argument(vt, *s++);
			break;
		case STATE_ESCAPE:
		case STATE_ESCAPE_INTER:
		case STATE_CSI_ENTRY:
		case STATE_CSI_PARAM:
		case STATE_CSI_INTER:
		case STATE_CSI_IGNORE:
		case STATE_DCS_ENTRY:
		case STATE_DCS_PARAM:
		case STATE_DCS_INTER:
		case STATE_VT52:
			if (*s < 0x80) {
				parser_step(vt, *s);
			} else {
				parser_high(vt, *s);
			}
			s++;
			break;
		case STATE_N:
			break;
		}
	}
}
