#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mcp/mcp.h"

static const char usage[] =
	"usage: orchflow-mcp [--allow read|write|spawn] [--session NAME] [--shell PATH]\n"
	"\n"
	"The Model Context Protocol on stdin and stdout: terminals for agents.  An agent starts "
	"it;\n"
	"see orchflow-mcp(1) for how to tell yours.\n"
	"\n"
	"      --allow TIER    read: look only; write: type into panes, too; spawn: run commands,\n"
	"                      make and close panes, too (default: spawn)\n"
	"      --session NAME  session of the panes that are made (default: mcp)\n"
	"      --shell PATH    shell of `run` (default: $SHELL if it reads sh's language, else "
	"bash)\n"
	"  -h, --help          this text\n"
	"  -V, --version       version\n";

static bool parse_tier(const char *name, enum mcp_tier *ret)
{
	static const char *const names[] = { "read", "write", "spawn" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (strcmp(names[i], name) == 0) {
			*ret = (enum mcp_tier)i;
			return true;
		}
	}
	return false;
}

/* -1: go on; else the exit status. */
static int parse(int argc, char **argv, struct mcp_options *o)
{
	static const struct option options[] = {
		{ "allow", required_argument, NULL, 'a' },
		{ "help", no_argument, NULL, 'h' },
		{ "session", required_argument, NULL, 's' },
		{ "shell", required_argument, NULL, 'x' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "hV", options, NULL)) != -1) {
		if (c == 'h') {
			(void)fputs(usage, stdout);
			return 0;
		}
		if (c == 'V') {
			printf("orchflow-mcp %s\n", ORCHFLOW_VERSION);
			return 0;
		}
		if (c == 's') {
			o->session = optarg;
		} else if (c == 'x') {
			o->shell = optarg;
		} else if (c != 'a' || !parse_tier(optarg, &o->tier)) {
			if (c == 'a') {
				fprintf(stderr, "orchflow-mcp: --allow %s: read, write or spawn\n",
					optarg);
			}
			(void)fputs(usage, stderr);
			return 2;
		}
	}
	if (optind == argc)
		return -1;
	fprintf(stderr, "orchflow-mcp: unexpected: %s\n%s", argv[optind], usage);
	return 2;
}

int main(int argc, char **argv)
{
	struct mcp_options o = { .tier = MCP_SPAWN, .session = "mcp", .version = ORCHFLOW_VERSION };
	struct mcp m;
	int out, status = parse(argc, argv, &o);

	if (status >= 0)
		return status;
	(void)signal(SIGPIPE, SIG_IGN);
	/* Whatever else is printed by accident must not get between the messages. */
	out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	if (out < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
		perror("orchflow-mcp");
		return 1;
	}
	mcp_init(&m, &o, STDIN_FILENO, out);
	mcp_serve(&m);
	mcp_fini(&m);
	return 0;
}
