#!/usr/bin/env bats
# Under a service manager: its socket, its question whether we serve, its units.
load helper

# As systemd starts a service with a socket: descriptor 3, LISTEN_*, NOTIFY_SOCKET.
serve_activated()
{
	"$PYTHON" -c '
import os, socket, sys
path = os.environ["ORCHFLOW_SOCKET"]
s = socket.socket(socket.AF_UNIX)
s.bind(os.environ.get("BIND", path))
os.chmod(os.environ.get("BIND", path), 0o600)
s.listen(64)
os.dup2(s.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", NOTIFY_SOCKET=sys.argv[1])
os.execv(os.environ["ORCHFLOW"], ["orchflow", "serve"])' "$T/notify" >"$T/serve.log" 2>&1 3>&- &
	server=$!
}

listen_for_ready()
{
	"$PYTHON" -c '
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
open(sys.argv[2], "w").write(s.recv(4096).decode())' "$T/notify" "$T/told" 3>&- &
	until_true "[ -S $T/notify ]"
}

@test "a socket from the service manager is served, and it is told when" {
	listen_for_ready
	serve_activated
	until_true "[ -s $T/told ]"
	has "$(cat "$T/told")" READY=1
	is "$(keeper_pid)" "$server"
	# Nothing of it reaches what runs in it.
	id=$(of new -- sh -c 'echo "<${LISTEN_FDS-}${LISTEN_PID-}${NOTIFY_SOCKET-}>"; ls -l /proc/self/fd; exec cat')
	until_shows "$id" '<>'
	inode=$(stat -c %i "$ORCHFLOW_SOCKET")
	kill_daemon
	is "$(pane "$id" "d['state']")" running
	of upgrade
	of upgrade --keeper
	is "$(stat -c %i "$ORCHFLOW_SOCKET")" "$inode"
	of stop >/dev/null
	ended "$server"
	is "$status" 0
	# It is not ours to remove: the manager goes on listening there.
	[ -S "$ORCHFLOW_SOCKET" ]
}

@test "a socket that clients would not find is refused" {
	BIND=$T/run/other.sock serve_activated
	ended "$server"
	is "$status" 1
	has "$(cat "$T/serve.log")" 'clients look at'
}

@test "the installed units are what systemd understands" {
	command -v meson >/dev/null || skip "needs meson"
	command -v systemd-analyze >/dev/null || skip "needs systemd-analyze"
	meson install -C "$ORCHFLOW_BUILD" --no-rebuild --quiet --destdir "$T/dest" >/dev/null
	dir=$(dirname "$(find "$T/dest" -name orchflow.service)")
	# The program is where it will be once the tree is in its place.
	sed -i "s|^ExecStart=/|ExecStart=$T/dest/|; s|^ExecReload=/|ExecReload=$T/dest/|" "$dir/orchflow.service"
	run env SYSTEMD_UNIT_PATH="$dir:" systemd-analyze verify --user --man=no "$dir/orchflow.service" "$dir/orchflow.socket"
	echo "$output"
	case $output in *orchflow.service:*|*orchflow.socket:*) fail "not understood" ;; esac
}
