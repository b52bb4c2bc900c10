/* Trees as text: see layout_tree.h. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "core/layout_tree.h"

#define KIND_MAX 63
#define COMMAND_MAX 4095

struct parser {
	const char *text, *at;
	char *why;
	size_t size;
	unsigned depth;
};

static int complain(const struct parser *p, const char *what)
{
	(void)snprintf(p->why, p->size, "column %d: %s", (int)(p->at - p->text) + 1, what);
	return LAYOUT_E_SYNTAX;
}

static void skip_blanks(struct parser *p)
{
	p->at += strspn(p->at, " \t");
}

static size_t word_length(const char *s)
{
	return strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
}

/* A number of at most @max at the front; 0 and nothing read if there is none. */
static uint64_t number(const char *s, uint64_t max, size_t *ret_n)
{
	uint64_t v = 0;

	for (*ret_n = 0; s[*ret_n] >= '0' && s[*ret_n] <= '9'; ++*ret_n) {
		v = v * 10 + (uint64_t)(s[*ret_n] - '0');
		if (v > max) {
			*ret_n = 0;
			return 0;
		}
	}
	return v;
}

static int parse_command(struct parser *p, struct layout_node *leaf)
{
	struct buf b = BUF_INIT;

	p->at++; /* = */
	if (*p->at != '"')
		return complain(p, "a command stands in quotes, as in editor=\"vi\"");
	for (p->at++; *p->at && *p->at != '"'; p->at++) {
		if (*p->at == '\\' && (p->at[1] == '"' || p->at[1] == '\\'))
			p->at++;
		buf_put_char(&b, *p->at);
	}
	if (buf_check(&b) < 0) {
		buf_fini(&b);
		return err_origin(-ENOMEM);
	}
	if (*p->at != '"' || buf_len(&b) == 0 || buf_len(&b) > COMMAND_MAX ||
	    utf8_valid_prefix(buf_data(&b), buf_len(&b)) != buf_len(&b)) {
		buf_fini(&b);
		return complain(p, "the command has no end, or is empty, too long or not UTF-8");
	}
	p->at++;
	leaf->command = buf_steal_str(&b);
	return leaf->command ? 0 : err_origin(-ENOMEM);
}

static int parse_leaf(struct parser *p, size_t n, struct layout_node **ret)
{
	CLEANUP(layout_node_freep) struct layout_node *leaf = NULL;
	size_t digits = 0;
	uint64_t pane = *p->at == 'p' ? number(p->at + 1, INT64_MAX, &digits) : 0;
	int r = 0;

	if (n == 0 || n > KIND_MAX)
		return complain(p, "a pane, a kind, or cols(...) or rows(...) is wanted");
	leaf = layout_leaf_new(digits + 1 == n ? pane : 0);
	if (!leaf)
		return err_origin(-ENOMEM);
	if (!leaf->pane) {
		leaf->kind = mem_dup(p->at, n + 1);
		if (!leaf->kind)
			return err_origin(-ENOMEM);
		leaf->kind[n] = '\0';
	}
	p->at += n;
	if (*p->at == '=' && !leaf->pane)
		r = parse_command(p, leaf);
	if (r == 0)
		*ret = TAKE(leaf);
	return r;
}

static int parse_tree(struct parser *p, struct layout_node **ret);

static int parse_part(struct parser *p, struct layout_node *split, uint64_t *sum)
{
	struct layout_node *child = NULL;
	uint64_t weight;
	size_t n;
	int r;

	skip_blanks(p);
	weight = number(p->at, LAYOUT_WEIGHT_MAX, &n);
	if (n > 0 && weight == 0)
		return complain(p, "a weight is at least 1");
	p->at += n;
	r = parse_tree(p, &child);
	if (r)
		return r;
	child->weight = n > 0 ? weight : 1;
	child->parent = split;
	list_append(&split->children, &child->link);
	*sum += child->weight;
	return *sum > LAYOUT_WEIGHT_MAX ? complain(p, "the weights are too large") : 0;
}

static int parse_split(struct parser *p, size_t n, struct layout_node **ret)
{
	CLEANUP(layout_node_freep) struct layout_node *split = NULL;
	uint64_t sum = 0;
	unsigned n_parts = 0;
	int r = 0;

	if (n != 4 || (strncmp(p->at, "cols", 4) != 0 && strncmp(p->at, "rows", 4) != 0))
		return complain(p, "only cols(...) and rows(...) hold others");
	if (p->depth >= LAYOUT_DEPTH_MAX)
		return LAYOUT_E_DEEP;
	split = layout_leaf_new(0);
	if (!split)
		return err_origin(-ENOMEM);
	split->axis = *p->at == 'c' ? LAYOUT_COLS : LAYOUT_ROWS;
	p->at += n;
	p->depth++;
	do {
		p->at++; /* the parenthesis, or a comma */
		r = parse_part(p, split, &sum);
		n_parts++;
		skip_blanks(p);
	} while (r == 0 && *p->at == ',');
	p->depth--;
	if (r)
		return r;
	if (*p->at != ')')
		return complain(p, "a comma or a closing parenthesis is wanted");
	if (n_parts < 2)
		return complain(p, "a split has two parts or more");
	p->at++;
	*ret = TAKE(split);
	return 0;
}

static int parse_tree(struct parser *p, struct layout_node **ret)
{
	size_t n;

	skip_blanks(p);
	n = word_length(p->at);
	return p->at[n] == '(' ? parse_split(p, n, ret) : parse_leaf(p, n, ret);
}

int layout_parse(const char *text, struct layout_node **ret, char *why, size_t size)
{
	CLEANUP(layout_node_freep) struct layout_node *root = NULL;
	struct parser p = { .text = text, .at = text, .why = why, .size = size };
	int r;

	why[0] = '\0';
	r = parse_tree(&p, &root);
	if (r)
		return r;
	skip_blanks(&p);
	if (*p.at)
		return complain(&p, "nothing is wanted behind the tree");
	*ret = TAKE(root);
	return 0;
}

static void print_command(const char *s, struct buf *out)
{
	buf_put_str(out, "=\"");
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			buf_put_char(out, '\\');
		buf_put_char(out, *s);
	}
	buf_put_char(out, '"');
}

void layout_print(const struct layout_node *root, struct buf *out)
{
	if (layout_is_leaf(root)) {
		if (root->pane) {
			buf_printf(out, "p%" PRIu64, root->pane);
		} else {
			buf_put_str(out, root->kind ? root->kind : "terminal");
		}
		if (root->command)
			print_command(root->command, out);
		return;
	}
	buf_put_str(out, root->axis == LAYOUT_COLS ? "cols(" : "rows(");
	list_for_each (l, &root->children) {
		const struct layout_node *n = list_entry(l, struct layout_node, link);

		if (l != root->children.next)
			buf_put_str(out, ", ");
		buf_printf(out, "%" PRIu64 " ", n->weight);
		layout_print(n, out);
	}
	buf_put_char(out, ')');
}

bool layout_parse_ratio(const char *text, struct layout_ratio *ret)
{
	size_t n, m;
	uint64_t num = number(text, LAYOUT_RATIO_MAX, &n), den = 100;

	if (n == 0)
		return false;
	if (text[n] == '/') {
		den = number(text + n + 1, LAYOUT_RATIO_MAX, &m);
		if (m == 0 || text[n + 1 + m])
			return false;
	} else if (text[n] != '%' || text[n + 1]) {
		return false;
	}
	*ret = (struct layout_ratio){ (uint32_t)num, (uint32_t)den };
	return num > 0 && num < den;
}
