/* orchflowd: started by orchflow-keeper, which holds the other end of fd 3. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/server.h"
#include "base/err.h"
#include "base/log.h"
#include "daemon/config.h"
#include "daemon/daemon.h"
#include "daemon/versions.h"
#include "keeper/proto.h"

#define EXIT_USAGE 2

static const char usage[] =
	"usage: orchflowd --state DIR --socket PATH [--foreground]\n"
	"       orchflowd --print-protocol | --print-config-manual | --print-versions | --version\n"
	"\n"
	"The OrchFlow daemon. It is started by orchflow-keeper; start that, or `orchflow`.\n";

enum {
	OPT_STATE = 256,
	OPT_SOCKET,
	OPT_FOREGROUND,
	OPT_PROTOCOL,
	OPT_MANUAL,
	OPT_VERSIONS,
	OPT_VERSION,
	OPT_HELP
};

static const struct option longs[] = {
	{ "state", required_argument, NULL, OPT_STATE },
	{ "socket", required_argument, NULL, OPT_SOCKET },
	{ "foreground", no_argument, NULL, OPT_FOREGROUND },
	{ "print-protocol", no_argument, NULL, OPT_PROTOCOL },
	{ "print-config-manual", no_argument, NULL, OPT_MANUAL },
	{ "print-versions", no_argument, NULL, OPT_VERSIONS },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ "help", no_argument, NULL, OPT_HELP },
	{ 0 },
};

static int print(void (*write)(struct buf *out))
{
	struct buf out = BUF_INIT;
	int status = EXIT_SUCCESS;

	write(&out);
	if (buf_check(&out) < 0 ||
	    fwrite(buf_data(&out), 1, buf_len(&out), stdout) != buf_len(&out) ||
	    fflush(stdout) != 0) {
		perror("orchflowd");
		status = EXIT_FAILURE;
	}
	buf_fini(&out);
	return status;
}

static void put_version(struct buf *out)
{
	buf_put_str(out, "orchflowd " ORCHFLOW_VERSION "\n");
}

static void put_usage(struct buf *out)
{
	buf_put_str(out, usage);
}

static bool is_keeper_there(void)
{
	int type = 0;
	socklen_t n = sizeof type;

	return getsockopt(KEEPER_DAEMON_FD, SOL_SOCKET, SO_TYPE, &type, &n) == 0 &&
	       type == SOCK_SEQPACKET;
}

static int serve(const struct daemon_options *options)
{
	int r;

	if (!options->state_dir || !options->socket_path) {
		(void)fputs(usage, stderr);
		return EXIT_USAGE;
	}
	if (!is_keeper_there()) {
		(void)fputs("orchflowd: no keeper on descriptor 3; "
			    "start orchflow-keeper, or `orchflow`, instead\n",
			    stderr);
		return EXIT_FAILURE;
	}
	r = daemon_run(options);
	if (r == 0)
		return EXIT_SUCCESS;
	log_fault(r, "orchflowd cannot start");
	return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	struct daemon_options options = { .program = argv[0], .keeper_fd = KEEPER_DAEMON_FD };

	/* The keeper starts us from an open file, which has no name of its own. */
	(void)prctl(PR_SET_NAME, "orchflowd");
	for (;;) {
		switch (getopt_long(argc, argv, "h", longs, NULL)) {
		case OPT_STATE:
			options.state_dir = optarg;
			break;
		case OPT_SOCKET:
			options.socket_path = optarg;
			break;
		case OPT_FOREGROUND:
			options.is_foreground = true;
			break;
		case OPT_PROTOCOL:
			return print(api_protocol_markdown);
		case OPT_MANUAL:
			return print(config_manual);
		case OPT_VERSIONS:
			return print(versions_print);
		case OPT_VERSION:
			return print(put_version);
		case OPT_HELP:
		case 'h':
			return print(put_usage);
		case -1:
			if (optind == argc)
				return serve(&options);
			(void)fputs(usage, stderr);
			return EXIT_USAGE;
		default:
			(void)fputs(usage, stderr);
			return EXIT_USAGE;
		}
	}
}
