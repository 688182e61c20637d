"""What Debian's own sshd does, ours does: the same command on both, and the
same output, errors and exit status.  Where we mean to differ, it is said here."""

import os
import re
import socket
import struct
import subprocess
import threading
import time

import pytest

import sp
from test_forward import free_port

pytestmark = pytest.mark.skipif(not os.path.exists("/usr/sbin/sshd"),
                                reason="no sshd to compare with")


class Pair:
    """One user on two servers."""

    def __init__(self):
        self.user = sp.User()
        self.user.make_key()
        self.ours = sp.Server()
        self.theirs = self.start_sshd()
        # One connection each: a login a case would take most of the time.
        for s in (self.ours, self.theirs):
            subprocess.run(s.ssh_argv(self.user, flags=("-fNM",), ControlPath=s.dir + "/mux"),
                           check=True, stderr=subprocess.DEVNULL)

    def start_sshd(self):
        directory = sp.SCRATCH + "/sshd"
        os.makedirs(directory, mode=0o755, exist_ok=True)
        port = self.ours.port + 500
        config = directory + "/sshd_config"
        with open(config, "w") as f:
            f.write(f"Port {port}\nListenAddress 127.0.0.1\nUsePAM yes\n"
                    f"HostKey {sp.host_key('ed25519')}\nPidFile none\n"
                    "AcceptEnv LANG LC_*\nX11Forwarding no\nPrintMotd no\n"
                    "Subsystem sftp internal-sftp\nMaxStartups 100\n")
        # The same PAM service text, so that only the servers differ.
        with open("/etc/pam.d/sshd", "w") as f:
            f.write(open("/etc/pam.d/sallyport").read())
        self.process = subprocess.Popen(["/usr/sbin/sshd", "-D", "-e", "-f", config],
                                        stderr=open(directory + "/log", "w"))
        s = sp.Server.__new__(sp.Server)
        s.port, s.dir = port, directory
        sp.wait_for(lambda: sp.run(["ss", "-tln", "sport", "=", f":{port}"]).stdout.count("\n") > 1,
                    what="sshd")
        return s

    def stop(self):
        for s in (self.ours, self.theirs):
            s.ssh(self.user, flags=("-Oexit",), ControlPath=s.dir + "/mux")
        self.process.terminate()
        self.process.wait()
        self.user.remove()
        self.ours.stop()
        import conftest
        conftest.check_log(self.ours)


@pytest.fixture(scope="module")
def pair():
    p = Pair()
    yield p
    p.stop()


# Differences that are meant, and so taken out: MAIL, which sshd leaves to
# pam_mail; the reason of a failed look-up.
OTHERWISE = [(rb"port \d+", b"port N"), (rb"(line \d+:) +\d+ Killed", rb"\1 Killed"),
             (rb"(?m)^MAIL\r?\n", b""), (rb" /var/mail/\S+", b""),
             (rb"connect failed: (no such host|.* name .*)", b"no such name"), (rb"no such name\r", b"no such name")]


def equal(text):
    for pattern, put in OTHERWISE:
        text = re.sub(pattern, put, text)
    return text


def talk(argv, env, lines):
    """Sends each answer when what comes before it has been seen."""
    p = subprocess.Popen(argv, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE)
    watchdog = threading.Timer(20 * sp.SLOW, p.kill)
    watchdog.start()
    seen = b""
    for awaited, answer in lines:
        while awaited not in seen:
            data = os.read(p.stdout.fileno(), 65536)
            if not data:
                break
            seen += data
        p.stdin.write(answer)
        p.stdin.flush()
    out, err = p.communicate()
    watchdog.cancel()
    return subprocess.CompletedProcess(argv, p.returncode, seen + out, err)


def play(server, user, command, flags=(), options=None, data=None, env=None, timed=False,
         lines=None):
    """(status, stdout, stderr, whether it took long)."""
    # A master without a terminal sends other modes.
    path = "none" if "-tt" in flags else server.dir + "/mux"
    options = dict({"ControlPath": path}, **(options or {}))
    argv = server.ssh_argv(user, *command, flags=flags, **options)
    start = time.monotonic()
    env = dict(os.environ, **(env or {}))
    if lines:
        p = talk(argv, env, lines)
    else:
        p = sp.run(argv, text=False, timeout=20, env=env,
                   **({} if data is None else {"input": data}))
    waited = timed and time.monotonic() - start > 0.9
    return (p.returncode, equal(p.stdout), equal(p.stderr), waited)


MB = bytes(range(256)) * 4096
CASES = {
    "success": dict(command=["exit 0"]),
    "status": dict(command=["exit 7"]),
    "status 255": dict(command=["exit 255"]),
    "not found": dict(command=["no-such-command-at-all"]),
    "syntax": dict(command=["if"]),
    **{f"killed by {s}": dict(command=[f"echo before; kill -{s} $$"])
       for s in ("KILL", "TERM", "HUP", "SEGV", "USR1", "INT", "PIPE", "RTMIN")},
    "a child killed": dict(command=["sh -c 'kill -9 $$'; exit $?"]),
    "output after input's end": dict(command=["cat; echo end; exit 3"], data=MB),
    "no input wanted": dict(command=["echo x; exit 2"], data=MB * 8),
    "some input read": dict(command=["head -c 10 | od -c; exit 2"], data=MB * 8),
    "-n": dict(command=["cat; echo done"], flags=["-n"]),
    "errors apart": dict(command=["echo out; echo err >&2; exit 4"]),
    "closed output": dict(command=["exec >&-; sleep 0.3; exit 5"]),
    "closed output, errors": dict(command=["exec >&- ; sleep 0.2; echo e >&2; exit 5"]),
    "all closed": dict(command=["exec <&- >&- 2>&-; sleep 0.3; exit 6"]),
    "errors only": dict(command=["exec >&-; head -c 3000000 /dev/zero >&2; exit 1"]),
    "much of both": dict(command=["head -c 3000000 /dev/zero & "
                                  "head -c 3000000 /dev/zero >&2; wait; exit 9"]),
    "/dev/stdout is to be opened": dict(command=["echo o >/dev/stdout; echo e >/dev/stderr; "
                                                 "cat /dev/stdin"], data=b"in"),
    "what the descriptors are": dict(command=["for f in 0 1 2; do stat -L -c %F /dev/fd/$f; done"]),
    "nothing else is open": dict(command=["ls /proc/self/fd | wc -l"]),
    "a child holds the output": dict(timed=True, command=["(sleep 1; echo late) & exit 3"]),
    "a child without the output": dict(timed=True, command=["sleep 5 >/dev/null 2>&1 & echo x; exit 3"]),
    "a child holds errors": dict(timed=True, command=["(sleep 1; echo late >&2) >&- & exit 3"]),
    "a command of 64k": dict(command=["echo " + "x" * 65000]),
    "a command of 120k": dict(command=["echo " + "x" * 120000 + "| wc -c"]),
    "bytes in a command": dict(command=[b"printf '%s' '\xff\xfe\xc3\xa4\x01\n' | od -c"]),
    "an empty command": dict(command=[""], data=b"echo in a shell\n"),
    "several words": dict(command=["echo", "a  b", "$HOME", "'c'"]),
    "a long variable": dict(command=["echo ${#LC_LONG}"],
                            options={"SendEnv": "LC_*"}, env={"LC_LONG": "y" * 30000}),
    "many variables": dict(command=["env | grep -c ^LC_N"],
                           options={"SendEnv": "LC_*"},
                           env={f"LC_N{i}": "v" for i in range(100)}),
    "a shell without a terminal": dict(command=[], data=b"echo $0; tty; exit 3\n"),
    "a login shell": dict(command=[], data=b"shopt login_shell\n"),
    "not a login shell": dict(command=["shopt login_shell; echo $0"]),
    "names of the environment": dict(command=["env | cut -d= -f1 | sort"]),
    "the environment": dict(command=["echo $USER $LOGNAME $HOME $SHELL $MAIL $PWD; "
                                     "echo $PATH; echo ${SSH_CLIENT% * *} ${SSH_CONNECTION##* } | cut -d' ' -f1"]),
    "on a terminal": dict(command=["tty | sed 's/[0-9]*$//'; stty size; echo $TERM"],
                          flags=["-tt"], env={"TERM": "vt220"}),
    "names on a terminal": dict(command=["env | cut -d= -f1 | sort"], flags=["-tt"]),
    "modes of a terminal": dict(command=["stty -a"], flags=["-tt"]),
    "a terminal's status": dict(command=["exit 5"], flags=["-tt"]),
    "a terminal's signal": dict(command=["kill -9 $$"], flags=["-tt"]),
    "a terminal's child": dict(timed=True, command=["(trap '' HUP; sleep 3; echo late) & exit 3"],
                               flags=["-tt"]),
    "end of file typed": dict(command=["cat; exit 4"], flags=["-tt"], data=b"abc\n\x04"),
    "interrupt typed": dict(command=["trap 'echo int; exit 8' INT; echo go; read x"],
                            flags=["-tt"], lines=[(b"go", b"\x03")]),
    "a clean terminal": dict(command=["stty raw -echo; echo go; head -c 262144 | sha256sum"],
                             flags=["-tt"], lines=[(b"go", MB[:262144])],
                             options={"EscapeChar": "none"}),
    "binary from a terminal": dict(command=["stty raw; head -c 2000000 /dev/zero"], flags=["-tt"]),
    "a terminal's last output": dict(command=["seq 100000"], flags=["-tt"]),
    "no terminal": dict(command=["tty"], flags=["-T"]),
    "terminal's ids": dict(command=["ps -o sid=,pgid=,tpgid=,pid= -p $$ | "
                                    "awk '{print $1==$4, $2==$4, $3==$4}'"], flags=["-tt"]),
    "ids": dict(command=["ps -o sid=,pgid=,tpgid=,pid= -p $$ | "
                         "awk '{print $1==$4, $2==$4, $3}'"]),
    "limits": dict(command=["ulimit -a; umask; nice; cat /proc/self/oom_score_adj"]),
    "who": dict(command=["id"]),
    "signals, capabilities": dict(command=["grep -E '^(Sig(Blk|Ign|Cgt)|Cap|NoNew|Secc|Groups|Uid|Gid)' /proc/self/status"]),
    "an unknown subsystem": dict(command=["nonsense"], flags=["-s"]),
    "no input for sftp": dict(command=["sftp"], flags=["-s"], data=b""),
    "compressed": dict(command=["cat; exit 3"], options={"Compression": "yes", "ControlPath": "none"}, data=MB),
    "refused forward": dict(command=[], flags=["-W", "127.0.0.1:1"], options={"LogLevel": "INFO"}),
    "a name that is none": dict(command=[], flags=["-W", "no.such.name.invalid:1"], options={"LogLevel": "INFO"}),
}


@pytest.mark.parametrize("name", CASES)
def test_same(pair, name):
    theirs = play(pair.theirs, pair.user, **CASES[name])
    ours = play(pair.ours, pair.user, **CASES[name])
    assert ours == theirs


@pytest.mark.parametrize("flag,command,survives", [
    ("-tt", "exec sleep 60", False), ("-T", "trap '' HUP; exec sleep 60", True),
    ("-T", "exec sleep 60", True), ("-T", "exec cat", False)])
def test_what_a_lost_client_leaves(pair, flag, command, survives):
    for server in (pair.theirs, pair.ours):
        p = subprocess.Popen(server.ssh_argv(pair.user, "echo $$; " + command, flags=(flag,)),
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        pid = int(p.stdout.readline())
        p.kill()
        p.wait()
        if survives:
            # Gone would be the session that started it, and it with it.
            wait_for_no_connection(server)
            assert os.path.exists(f"/proc/{pid}"), server.port
            os.kill(pid, 9)
        sp.wait_for(lambda: not os.path.exists(f"/proc/{pid}"), what=f"the end of {pid}")


def wait_for_no_connection(server):
    """But for the shared one."""
    sp.wait_for(lambda: sp.run(["ss", "-tnH", "state", "established", "sport", "=",
                                f":{server.port}"]).stdout.count("\n") <= 1,
                what="the connection's end")


# ---- the ends of forwarded connections ----

def reset(c):
    c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def far_answers_after_the_end(c):
    data = b"".join(iter(lambda: c.recv(65536), b""))
    c.sendall(b"%d bytes" % len(data))


def far_ends_first_and_listens(c):
    c.sendall(b"all I say")
    c.shutdown(socket.SHUT_WR)
    far.heard = len(b"".join(iter(lambda: c.recv(65536), b"")))


def far_closes_at_once(c):
    pass


def far_closes_after_much(c):
    c.sendall(b"x" * 3_000_000)


def far_resets(c):
    c.recv(10)
    reset(c)


def far_never_reads(c):
    c.sendall(b"hello")
    far.done.wait(20)


class far:
    """What the last far end saw."""
    heard = None
    done = threading.Event()


def near_says_all_and_reads(c):
    c.sendall(b"y" * 1_000_000)
    c.shutdown(socket.SHUT_WR)
    return b"".join(iter(lambda: c.recv(65536), b""))


def near_reads_then_says(c):
    got = b"".join(iter(lambda: c.recv(65536), b""))
    c.sendall(b"z" * 500_000)
    return got


def near_is_reset_by_us(c):
    c.sendall(b"some")
    got = c.recv(5)
    reset(c)
    return got


@pytest.mark.parametrize("way", ["-L", "-R"])
@pytest.mark.parametrize("near,end", [
    (near_says_all_and_reads, far_answers_after_the_end),
    (near_reads_then_says, far_ends_first_and_listens),
    (near_reads_then_says, far_closes_after_much),
    (near_says_all_and_reads, far_closes_at_once),
    (near_says_all_and_reads, far_resets),
    (near_is_reset_by_us, far_never_reads)], ids=lambda f: f.__name__)
def test_the_same_ends_of_forwards(pair, near, end, way):
    seen = [ends(s, pair.user, near, end, way) for s in (pair.theirs, pair.ours)]
    assert seen[1] == seen[0]


def ends(server, user, near, end, way):
    """What each end saw; the connection is still good afterwards."""
    far.heard = None
    far.done.clear()
    listener = socket.create_server(("127.0.0.1", 0))
    port = free_port()
    spec = f"{port}:127.0.0.1:{listener.getsockname()[1]}"
    mux = server.dir + "/mux"
    sp.run(server.ssh_argv(user, flags=("-O", "forward", way, spec), ControlPath=mux), check=0)
    try:
        # (a look at whether the port is open would be a connection, too)
        c = socket.create_connection(("127.0.0.1", port), 20)
        c.settimeout(20)
        there, _ = listener.accept()
        there.settimeout(20)
        thread = threading.Thread(target=lambda: (end(there), there.close()))
        thread.start()
        try:
            got = near(c)
        except OSError as e:
            got = type(e).__name__
        c.close()
        if end is far_never_reads:
            try:
                far.heard = "end" if there.recv(100) == b"some" and there.recv(1) == b"" else "more"
            except ConnectionResetError:
                far.heard = "end"
            far.done.set()
        thread.join(30)
        assert not thread.is_alive()
    finally:
        listener.close()
        sp.run(server.ssh_argv(user, flags=("-O", "cancel", way, spec), ControlPath=mux), check=0)
    # How much of what nobody reads gets through is not the server's to say.
    if end in (far_closes_at_once, far_resets):
        got = "an end"
    return got, far.heard
