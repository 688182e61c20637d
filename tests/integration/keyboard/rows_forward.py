"""Forwarding, agents, X11, shared connections, keepalive."""

from keyboard.scene import Row

AGENT = "eval $(ssh-agent -s) >/dev/null; trap 'kill $SSH_AGENT_PID' EXIT; ssh-add -q $K; "

ROWS = [
    Row("-L", "up -L $FREE:127.0.0.1:$PORT h; hello $FREE; down"),
    Row("-L to a port that nobody serves", "up -L $FREE:127.0.0.1:1 h; hello $FREE; down; sed -n '/open failed/p' $D/err"),
    Row("-L to a name that is none", "ssh -W no.such.name.invalid:22 h </dev/null; echo $?", scrub=[(r"connect failed: .*", "connect failed")]),
    Row("-L while the port is busy here", "up -L $FREE:127.0.0.1:1 h; ssh -o ExitOnForwardFailure=yes -L $FREE:127.0.0.1:1 h true; echo $?; ssh -L $FREE:127.0.0.1:1 h echo on; down"),
    Row("-L between sockets", "up -L $D/s:$W/t h; socat -u UNIX-LISTEN:$W/t,unlink-early,mode=777 STDOUT & until [ -S $W/t ]; do sleep .05; done; echo hello | socat -u STDIN UNIX-CONNECT:$D/s; wait $!; down", needs="socat"),
    Row("-R", "up -R $FREE:127.0.0.1:$PORT h; hello $FREE; down; gone $FREE"),
    Row("-R 0 says which", "up -R 0:127.0.0.1:$PORT h; grep -o 'Allocated port' $D/err; down"),
    Row("-R while the port is busy there", "up -R $FREE:127.0.0.1:1 h; ssh -o ExitOnForwardFailure=yes -R $FREE:127.0.0.1:1 h true; echo $?; ssh -R $FREE:127.0.0.1:1 h echo on; down"),
    Row("-R of a port below 1024", "ssh -o ExitOnForwardFailure=yes -R 81:127.0.0.1:1 h true; echo $?"),
    Row("-R listens where GatewayPorts says", "up -R $FREE:127.0.0.1:1 h; ss -tlnH sport = :$FREE | awk '{print $4}' | sort; down; "
        "up -R '*':$((FREE+1)):127.0.0.1:1 h; ss -tlnH sport = :$((FREE+1)) | awk '{print $4}' | sort; down; "
        "up -R $((FREE+2)):127.0.0.1:1 gate; ss -tlnH sport = :$((FREE+2)) | awk '{print $4}' | sort; down", needs="ss"),
    Row("-R of a socket, twice", "up -R $W/s:127.0.0.1:$PORT h; stat -c '%a %U %F' $W/s; down; for i in {1..30}; do [ -e $W/s ] || break; sleep .05; done; [ -e $W/s ] && echo stale; up -R $W/s:127.0.0.1:$PORT h; echo $?; down",
        differs="The socket of a -R is removed at its end, so that the next -R works; sshd leaves it.", theirs=r"stale\n255", ours=r"socket\n0"),
    Row("-R with nobody behind", "up -R $FREE:127.0.0.1:1 h; hello $FREE; echo end; down"),
    Row("-R as a SOCKS proxy", "up -R $FREE h; nc -X 5 -x 127.0.0.1:$FREE 127.0.0.1 $PORT </dev/null | head -c4; down", needs="nc"),
    Row("-D", "up -D $FREE h; nc -X 5 -x 127.0.0.1:$FREE 127.0.0.1 $PORT </dev/null | head -c4; nc -X 4 -x 127.0.0.1:$FREE 127.0.0.1 $PORT </dev/null | head -c4; down", needs="nc"),
    Row("-W", "ssh -W 127.0.0.1:$PORT h </dev/null | head -c4; echo ${PIPESTATUS[*]}"),
    Row("-J", "ssh -J h h2 'id -un; exit 3'; echo $?"),
    Row("-J twice", "ssh -J h,dash h2 'id -un'"),
    Row("ProxyCommand", "ssh -o ProxyCommand='ssh h nc %h %p' h2 id -un", needs="nc"),
    Row("scp and sftp through a jump", "echo x >f; scp -J h f h2:$W/f; echo \"ls -1 $W\" | sftp -J h -b - h2"),
    Row("a forward that the configuration refuses", "ssh -W 127.0.0.1:$PORT noforward </dev/null; echo $?; ssh -o ExitOnForwardFailure=yes -R $FREE:127.0.0.1:1 noforward true; echo $?"),
    Row("AllowTcpForwarding local", "ssh -W 127.0.0.1:$PORT local </dev/null | head -c4; ssh -o ExitOnForwardFailure=yes -R $FREE:127.0.0.1:1 local true; echo $?"),
    Row("-N and a terminal's Ctrl-C", "ssh -N -L $FREE:127.0.0.1:1 h; echo $?", talk=[("", 1.2), ("", "\x03")]),
    Row("-f with -L ends with its command", long=True, script="ssh -f -L $FREE:127.0.0.1:$PORT h 'sleep 1.5'; hello $FREE; gone $FREE"),
    Row("much through -L", "up -L $FREE:127.0.0.1:$((FREE+1)) h; head -c 5000000 /dev/zero | nc -N -l 127.0.0.1 $((FREE+1)) >/dev/null & sleep .5; nc -d 127.0.0.1 $FREE | wc -c; down", needs="nc"),
    Row("~C adds a forward", "ssh -o EnableEscapeCommandline=yes h; echo $?", talk=[(r"@testhost:~\$ ", "\n"), (r"@testhost:~\$ ", "~C"), ("ssh> ", "-R 0:127.0.0.1:1\r"), ("Allocated port|Forwarding port", None),
        ("", "\n"), (r"@testhost:~\$ ", "exit\n")], scrub=[(r"Allocated port \d+|port N", "Allocated port"), (r"(?m)^\n", "")]),
    # agents
    Row("-A", AGENT + "ssh -A h 'ssh-add -l; stat -c \"%U %F\" $SSH_AUTH_SOCK; stat -c \"%a %U\" ${SSH_AUTH_SOCK%/*}'; ssh h 'echo ${SSH_AUTH_SOCK-none}'"),
    Row("-A and on to the next host", AGENT + "ssh -A h \"ssh -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -p $PORT kb_dash@127.0.0.1 id -un\""),
    Row("-A without an agent", "ssh -A h 'echo ${SSH_AUTH_SOCK-none}'"),
    Row("-A where it is refused", AGENT + "ssh -A noforward 'echo ${SSH_AUTH_SOCK-none}'"),
    Row("-A with 25 keys", "eval $(ssh-agent -s) >/dev/null; trap 'kill $SSH_AGENT_PID' EXIT; for i in $(seq 25); do ssh-keygen -q -t ed25519 -N '' -f k$i; done; ssh-add -q k*[0-9] $K; ssh -A h 'ssh-add -l | wc -l'"),
    Row("the agent's socket is gone afterwards", AGENT + "ssh -A h 'echo $SSH_AUTH_SOCK' >name; sleep .3; ls $(cat name) ${name%/*} 2>&1 | wc -l"),
    Row("ssh-add -D and ssh-add by the forwarded agent", AGENT + "ssh -A h 'ssh-add -D; ssh-add -l' 2>&1"),
    Row("signing by the forwarded agent", AGENT + "cp $K.pub $D/p.pub; ssh -A h \"cat >$W/p.pub; echo data | ssh-keygen -Y sign -n file -f $W/p.pub | head -1\" <$K.pub 2>&1"),
    # X11
    Row("-X", "DISPLAY=127.0.0.1:77 ssh -X h 'echo ${DISPLAY%%:*}; xauth list $DISPLAY | awk \"{print \\$2, length(\\$3)}\"'", needs="xauth", scrub=[(r"(?m)^Warning.*\n|^.*Xauthority does not exist\n", "")]),
    Row("-Y", "DISPLAY=127.0.0.1:77 ssh -Y h 'echo ${DISPLAY%%:*}; xauth list $DISPLAY | awk \"{print \\$2, length(\\$3)}\"'", needs="xauth"),
    Row("-Y without a display", "unset DISPLAY; ssh -Y h 'echo ${DISPLAY-none}'"),
    Row("-Y where it is refused", "DISPLAY=127.0.0.1:77 ssh -Y noforward 'echo ${DISPLAY-none}'", needs="xauth"),
    Row("-Y and a program that connects", "DISPLAY=127.0.0.1:$((FREE-6000)) ssh -Y h 'd=${DISPLAY#*:}; d=${d%.*}; exec 3<>/dev/tcp/127.0.0.1/$((6000+d)); timeout 2 head -c1 <&3 | wc -c'", needs="xauth"),
    # shared connections
    Row("ControlMaster: sessions, check, exit", "up h; ssh -S $D/m -O check h; for i in 1 2 3; do ssh -S $D/m h \"echo $i; exit $i\"; echo $?; done; ssh -S $D/m -O exit h; ssh -S $D/m -O check h; echo $?"),
    Row("ControlMaster auto and ControlPersist", "ssh -o ControlMaster=auto -o ControlPath=$D/m -o ControlPersist=3 h echo 1; ssh -o ControlPath=$D/m -o ProxyCommand=false h echo 2; ssh -S $D/m -O exit h"),
    Row("-O forward and cancel", "up h; ssh -S $D/m -O forward -L $FREE:127.0.0.1:$PORT h; hello $FREE; ssh -S $D/m -O cancel -L $FREE:127.0.0.1:$PORT h; gone $FREE; "
        "ssh -S $D/m -O forward -R $((FREE+1)):127.0.0.1:$PORT h; hello $((FREE+1)); ssh -S $D/m -O cancel -R $((FREE+1)):127.0.0.1:$PORT h; gone $((FREE+1)); down"),
    Row("-O forward -R 0", "up h; ssh -S $D/m -O forward -R 0:127.0.0.1:$PORT h | sed 's/^[0-9]*$/a port/'; down"),
    Row("-O stop", "up h; ssh -S $D/m h sleep 1 & sleep .4; ssh -S $D/m -O stop h; wait $!; echo $?; sleep .2; ssh -S $D/m -O check h; echo $?"),
    Row("-O proxy", "up h; ssh -O proxy -S $D/m h </dev/null >/dev/null 2>&1; echo $?; ssh -S $D/m -O check h; down"),
    Row("twelve sessions of one connection", "up h; for i in $(seq 12); do ssh -S $D/m h \"sleep .3; echo $i\" & done | sort -n; wait; down"),
    Row("MaxSessions 1", "up few; ssh -S $D/m few 'sleep 1.5; echo one' & sleep .6; ssh -S $D/m -o ProxyCommand=false few echo two; echo $?; wait %2 2>/dev/null; down", scrub=[(r"(?m)^ssh_exchange.*\n|^kex_exchange.*\n|^Connection closed by UNKNOWN.*\n|^.*Broken pipe\n", "")]),
    Row("scp, sftp, rsync through a master", "up h; echo x >f; scp -o ControlPath=$D/m f h:$W/f; echo \"ls -1 $W\" | sftp -o ControlPath=$D/m -b - h; down"),
    Row("an agent in the master", AGENT + "ssh -A -M -S $D/m -fN h; ssh -A -S $D/m h 'ssh-add -l | wc -l'; ssh -A -S $D/m h 'ssh-add -l | wc -l'; ssh -q -S $D/m -O exit h"),
    Row("SetEnv through a master", "up h; ssh -S $D/m -o SetEnv=LC_Q=7 h 'echo $LC_Q'; ssh -S $D/m h 'echo ${LC_Q-none}'; down"),
    Row("the master is killed under a session", long=True, script="up h; p=$(ssh -S $D/m -O check h 2>&1 | grep -o '[0-9]*'); ssh -S $D/m h \"echo \\$\\$ >$W/p; sleep 3; echo on >$W/end\" & until [ -s $W/p ]; do sleep .05; done; kill -9 $p; wait $!; echo $?; await $W/end"),
    # keepalive, versions, scans
    Row("ServerAliveInterval", long=True, script="ssh -o ServerAliveInterval=1 -o ServerAliveCountMax=1 h 'sleep 2.5; echo still here'"),
    Row("a client that sleeps longer than it may", long=True, script="ssh alive 'touch '$W'/up; sleep 14' & p=$!; until [ -e $W/up ]; do sleep .05; done; kill -STOP $p; sleep 8; kill -CONT $p; wait $p; echo $?",
        scrub=[(r"(?m)^(Connection to 127.0.0.1 closed by remote host|client_loop: send disconnect: .*|Timeout, .*|Received disconnect.*|Disconnected from.*|Connection closed by.*)\.?\n", "an end\n"), (r"(an end\n)+", "an end\n")]),
    Row("an idle client that lives stays", long=True, script="ssh alive 'sleep 4; echo on'"),
    Row("ssh-keyscan", "ssh-keyscan -p $PORT 127.0.0.1 2>/dev/null | wc -l; ssh-keyscan -t rsa -p $PORT 127.0.0.1 2>/dev/null | wc -l"),
    Row("a host key that has changed", "ssh-keygen -q -t ed25519 -N '' -f other; echo \"h $(cat other.pub)\" >known; ssh -o UserKnownHostsFile=known h true 2>&1 | grep -v '^SHA256'; echo ${PIPESTATUS[0]}",
        scrub=[(r"SHA256:\S+", "SHA256")]),
    Row("a new host is asked for", "ssh -o UserKnownHostsFile=$D/none h echo in", talk=[(r"\(yes/no/\[fingerprint\]\)\? ", "yes\n"), ("in\r\n", None)], after="wc -l <$D/none"),
    Row("nothing said for a while, then keys", "ssh h", talk=[(r"@testhost:~\$ ", 1.5), ("", "echo $((1+1)); exit\n")]),
    Row("telnet to the port", "exec 3<>/dev/tcp/127.0.0.1/$PORT; head -c4 <&3; echo; printf 'hello\\r\\n' >&3; timeout 5 cat <&3 | grep -ao 'Invalid SSH ident.*'"),
    Row("ssh-copy-id", "ssh-keygen -q -t ed25519 -N '' -f new; ssh-copy-id -i new.pub sh 2>&1 | grep -o 'Number of key.*'; ssh -o IdentityFile=new sh id -un; ssh sh 'sed -i 2d .ssh/authorized_keys'"),
]
