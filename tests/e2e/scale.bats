#!/usr/bin/env bats
# Numbers of panes: nothing of them stays.
# bats file_tags=slow
BATS_TEST_TIMEOUT=800
load helper

scaled() { echo $(($1 * ${ORCHFLOW_E2E_SCALE:-100} / 100)); }

churn()
{
	of ls >/dev/null
	run "$PYTHON" "$E2E/churn.py" "$@"
	echo "$output"
	printf '# %s\n' "${lines[@]}" >&3
	[ "$status" -eq 0 ]
}

@test "panes created and killed, some with fleeing grandchildren, leave nothing" {
	churn cycle "$(scaled 10000)"
}

@test "1,000 panes at once over one connection, closed again, leave nothing" {
	n=$(scaled 1000)
	churn many $((n > 1000 ? 1000 : n)) # more are refused
}
