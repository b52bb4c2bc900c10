#!/usr/bin/env bats
# Searching what panes show and remember.
load helper

# A pane that printed what printf makes of FORMAT, once for each number from 1 to N; its id.
printed()
{
	local id
	id=$(of new -- sh -c "i=0; while [ \$((i += 1)) -le $1 ]; do printf '$2\n' \$i; done; echo all-printed; exec cat") || return 1
	until_shows "$id" all-printed
	echo "$id"
}

@test "text is found in screens and histories of all panes, with exit statuses as grep has them" {
	printed 5000 'line %d of many' >"$T/one"
	printed 10 'another, with Error %d' >"$T/two"
	is "$(of search 'line 17 of')" "p1:16:line 17 of many"
	is "$(of search error | head -n 2)" "p2:0:another, with Error 1
p2:1:another, with Error 2"
	is "$(of search -m 3 --json many | field '[(m["pane"], m["in"], m["text"]) for m in d]')" \
		"[('p1', 'history', 'line 1 of many'), ('p1', 'history', 'line 2 of many'), ('p1', 'history', 'line 3 of many')]"
	is "$(of search many | wc -l)" 5000
	is "$(of search -e 'Error [79]$')" "p2:6:another, with Error 7
p2:8:another, with Error 9"
	fails_with 1 of search error --case
	fails_with 1 of search -w erro
	fails_with 2 of search -s nowhere-session x
	fails_with 2 of search -e '('
	has "$output" "the regular expression is invalid"
}

@test "context, filters and pages" {
	printed 1200 'number %d' >"$T/one"
	of new -s other -- sh -c 'echo number 7; exit 3' >/dev/null
	until_state p2 exited
	is "$(of search 'number 500' -C 1)" "p1-number 499
p1:499:number 500
p1-number 501"
	is "$(of search -w 'number 7')" "p1:6:number 7
p2:0:number 7"
	is "$(of search -w 'number 7' -s other)" "p2:0:number 7"
	is "$(of search -w 'number 7' --pane p1)" "p1:6:number 7"
	is "$(of search -w 'number 7' --exit 3)" "p2:0:number 7"
	is "$(of search -w 'number 7' --command 'exit 3')" "p2:0:number 7"
	fails_with 1 of search -w 'number 7' --until '2020-01-01'
	is "$(of search -w 'number 7' --since 10m | wc -l)" 2
	# 1,201 lines in pages of 1,000.
	is "$(of search number | wc -l)" 1201
	is "$(of search -e 'number \d+$' --json | field 'len(set((m["pane"], m["line"]) for m in d))')" 1201
	refused INVALID_PARAMS search.run '{"pattern":"x","cursor":"p1:x"}'
	refused INVALID_PARAMS search.run '{"pattern":"a\nb"}'
	refused PANE_NOT_FOUND search.run '{"pattern":"x","pane":"p77"}'
}

@test "a wrapped line is found as one, and what was typed back survives a crash" {
	of new --size 20x10 -- sh -c 'echo a line that is longer than the terminal is wide; exec cat' >/dev/null
	until_shows p1 'wide'
	is "$(of search 'longer than the terminal')" "p1:0:a line that is longer than the terminal is wide"
	of send p1 --enter 'typed before'
	until_shows p1 'typed before'
	kill_daemon
	is "$(of search 'typed before' | head -n 1)" "p1:3:typed before"
}

@test "what is only in the journal any more is found there, also of panes that were lost" {
	mkdir -p "$T/config/orchflow"
	printf '[limits]\nhistory_lines = 100\n' >"$T/config/orchflow/orchflow.conf"
	printed 3000 'recorded %d' >"$T/one"
	fails_with 1 of search -w 'recorded 7'
	is "$(of search -w --all 'recorded 7')" "p1:6:recorded 7"
	is "$(of search --all -e 'recorded \d+$' | wc -l)" 3000
	is "$(of search --all -w 'recorded 2500' -C 1 --json | field '[(m["in"], m["time_us"] is not None, m["before"], m["after"]) for m in d]')" \
		"[('journal', True, ['recorded 2499'], ['recorded 2501'])]"
	kill -9 "$(keeper_pid)"
	until_state p1 lost
	is "$(of search -w 'recorded 7')" "p1:6:recorded 7"
}

@test "a match in a shell has the command that printed it, and its exit code is a filter" {
	command -v bash >/dev/null || skip "no bash"
	of new -- bash >/dev/null
	of run -p p1 -- 'echo one result' >/dev/null
	of run -p p1 -- 'echo another result; (exit 3)' >/dev/null || :
	of run -p p1 -- true >/dev/null
	is "$(of search --json -e '^(one|another) result' | field '[(m["text"], m["command"]["text"], m["command"]["exit_code"]) for m in d]')" \
		"[('one result', 'echo one result', 0), ('another result', 'echo another result; (exit 3)', 3)]"
	is "$(of search --json -e '^(one|another) result' --exit 3 | field '[m["text"] for m in d]')" "['another result']"
	is "$(of search --json -e '^(one|another) result' --command 'echo one' | field '[m["text"] for m in d]')" "['one result']"
}

@test "catastrophic expressions end in an error, and a search can be cancelled" {
	of new --size 500x5 -- sh -c 'i=0; while [ $((i += 1)) -le 300 ]; do printf a; done; echo b; exec cat' >/dev/null
	until_shows p1 'ab'
	refused REGEX_LIMIT search.run '{"pattern":"(a+)+$","regex":true}'
	refused SEARCH_NOT_FOUND search.cancel '{"search":"none"}'
	has "$(of search -e 'a+b' --json | field 'd[0]["text"][-3:]')" aab
}

@test "everything that capture prints is found, and nothing else" {
	printed 3000 'w%d \303\244 \344\270\255 end' >"$T/one"
	of capture p1 --history all --join >"$T/all"
	for word in w17 'ä 中' 'end' 'all-printed' 'w2.9'; do
		grep -F -- "$word" "$T/all" >"$T/wanted" || :
		of search --case -F --json -- "$word" | field '"\n".join(m["text"] for m in d) + "\n" if d else ""' |
			sed '$d' >"$T/got" || :
		cmp "$T/wanted" "$T/got"
	done
	grep -P 'w\d*7 ' "$T/all" >"$T/wanted"
	of search -e 'w\d*7 ' | sed 's/^p1:[0-9]*://' >"$T/got"
	cmp "$T/wanted" "$T/got"
}
