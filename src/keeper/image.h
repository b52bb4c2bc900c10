/*
 * A keeper's state as it is handed to the program that takes its place: an ABI
 * between versions, so it has structs of its own.  Descriptors are numbers that
 * exec keeps; times are of the monotonic clock, which goes on.
 *
 *   struct image_head, n_children times struct image_child, n_args strings
 *
 * Fields may be appended to either struct: a reader fills up with zeros what an
 * older writer did not have, and refuses what a newer one has more.  Any other
 * change is a new IMAGE_VERSION.
 */
#ifndef KEEPER_IMAGE_H
#define KEEPER_IMAGE_H

#include <sys/types.h>

#include "keeper/proto.h"

#define IMAGE_MAGIC 0x4f464b49u
#define IMAGE_VERSION 1u
#define IMAGE_PATH_MAX 4096
#define IMAGE_ARGS_MAX 65536u

struct image_head {
	uint32_t magic, version;
	uint32_t head_bytes, child_bytes, args_bytes;
	uint32_t n_children, n_args;
	/* place */
	char state[IMAGE_PATH_MAX], socket[112];
	int32_t lock_fd, listen_fd, is_foreign_socket;
	uint64_t socket_dev, socket_ino;
	/* link */
	int32_t link_fd, has_reply, owes_listening, is_closed;
	struct keeper_spawned reply;
	/* daemon */
	int32_t daemon_pid, program_fd, last_status, is_broken;
	uint32_t n_starts, n_failures, n_never_ready;
	uint64_t started_ms, kill_ms, oom_kills;
	/* the rest */
	int32_t arena_fd, is_foreground, daemon_oom, child_oom;
	uint64_t nofile_soft, nofile_hard, started_wall_us, highest_pane, upgrade_begun_ms;
	struct keeper_upgraded upgrade;
	uint32_t look_ms, pad;
};

struct image_child {
	uint32_t state, owes, is_forgotten, is_past_setup, n_fds;
	int32_t fds[2], report_fd, pid, status, step, error;
	uint32_t generation, flags;
	uint64_t token, pane, started_wall_us, exited_wall_us;
	char key[KEEPER_KEY_BYTES];
};

#endif
