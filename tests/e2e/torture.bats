#!/usr/bin/env bats
# The daemon is killed while everything prints.
# bats file_tags=slow
BATS_TEST_TIMEOUT=500
load helper

@test "200 kills of the daemon lose no shell, no status and no byte" {
	of ls >/dev/null
	run "$PYTHON" "$E2E/torture.py" "$E2E_WRITER" "$T" --kills $((200 * ${ORCHFLOW_E2E_SCALE:-100} / 100))
	echo "$output"
	[ "$status" -eq 0 ]
	has "$output" "bytes lost: 0"
	echo "# ${lines[-1]}" >&3
}
