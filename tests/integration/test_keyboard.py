"""What people notice who log in: the same habits with the machine's sshd and
with this server, side by side."""

import os
import re
import signal
import subprocess
import time

import pytest

import sp
from beside import Sshd
from test_terminal import Terminal


@pytest.fixture
def both(make_server):
    """Makes this server and an sshd with the same PAM service."""
    made = []

    def make(pam="sp-beside", sshd="", subsystem="internal-sftp", **kw):
        made.append(Sshd(sshd, pam, subsystem))
        return make_server(pam_service=pam, **kw), made[0]
    yield make
    for one in made:
        one.stop()


REFUSING = """
auth     required pam_unix.so nodelay
account  requisite pam_nologin.so
account  required pam_unix.so
session  required pam_permit.so
"""


def refuse_by_file(user):
    with open("/etc/nologin", "w") as f:
        f.write("The machine is being mended.\n")


def refuse_by_date(user):
    sp.run(["chage", "-E", "2020-01-01", user.name], check=0)


@pytest.mark.parametrize("refuse, text", [(refuse_by_file, "The machine is being mended."),
                                          (refuse_by_date, "Your account has expired")])
def test_a_right_proof_that_the_account_refuses_ends_it(both, user, refuse, text):
    """The message, no further prompt, no penalty; as sshd."""
    sp.write_pam("sp-beside", REFUSING)
    ours, theirs = both(penalties="enabled = true; auth_failure = 3600; no_auth = 3600; minimum = 1;")
    refuse(user)
    try:
        for server in (theirs, ours):
            for method in ("publickey", "password", "keyboard-interactive"):
                p = server.ssh(user, "true", password=method != "publickey", LogLevel="INFO",
                               PreferredAuthentications=f"{method},keyboard-interactive,password",
                               PubkeyAuthentication="yes" if method == "publickey" else "no",
                               NumberOfPasswordPrompts="3")
                said = p.stdout + p.stderr
                assert p.returncode == 255 and said.count(text) == 1, (server, method, said)
                assert "Permission denied" not in said and "Too many" not in said, (method, said)
    finally:
        if os.path.exists("/etc/nologin"):
            os.unlink("/etc/nologin")
    sp.wait_for(lambda: not ours.processes("monitor "), what="the monitors' end")
    log = ours.log()
    assert len(re.findall(r"[Dd]isconnecting.*This account may not log in now", log)) == 2, log
    assert len(re.findall("Connection closed by authenticating user", log)) == 1, log  # as sshd, of a dialogue
    assert "penalty.add" not in log and "penalty of" not in log, log
    # A wrong password has the answer of any other, and its penalty.
    ours.ssh(user, "true", password="wrong", NumberOfPasswordPrompts="1", check=255)
    ours.wait_log("penalty of 3600 seconds")


@pytest.mark.parametrize("state, sentence", [
    (lambda u: sp.run(["chage", "-E", "2020-01-01", u.name], check=0), "has expired"),
    (lambda u: sp.run(["usermod", "-s", "/nonexistent/sh", u.name], check=0), "no shell"),
    (lambda u: sp.run(["passwd", "-l", u.name], check=0), "is locked")])
def test_without_pam_the_account_is_told_to_its_owner_alone(make_server, user, state, sentence):
    s = make_server(modules='{ name = "publickey"; }', methods=("publickey",))
    state(user)
    p = s.ssh(user, "true", LogLevel="INFO", check=255)
    assert sentence in p.stderr and "incident" in p.stderr, p.stderr
    user.make_key("ecdsa")
    os.unlink(user.home + "/.ssh/authorized_keys")
    p = s.ssh(user, "true", LogLevel="INFO", check=255)
    assert "Permission denied" in p.stderr and sentence not in p.stderr, p.stderr


# ---- a lost connection ----

def lose(p):
    p.kill()
    p.communicate()


@pytest.fixture
def all_hung_up(make_server):
    return make_server(grants='hang_up = "all";')


def test_a_command_goes_on_when_its_client_is_lost(both, all_hung_up, user):
    """As with sshd; with hang_up = "all" it does not."""
    sp.write_pam("sp-beside", REFUSING)
    ours, theirs = both()
    for n, (server, made) in enumerate(((theirs, True), (ours, True), (all_hung_up, False))):
        path = f"{user.home}/file{n}"
        p = server.popen(user, f"echo $$; sleep 2; touch {path}")
        pid = int(p.stdout.readline())
        lose(p)
        sp.wait_for(lambda: not os.path.exists(f"/proc/{pid}"), 20, "the command's end")
        assert os.path.exists(path) == made, server


def test_paramiko_may_leave_at_once(server, user):
    import paramiko
    for n in range(10):
        c = paramiko.SSHClient()
        c.set_missing_host_key_policy(paramiko.AutoAddPolicy())
        c.connect("127.0.0.1", server.port, user.name, key_filename=user.key, allow_agent=False)
        c.exec_command(f"sleep 0.5; touch {user.home}/left{n}")
        c.close()
    sp.wait_for(lambda: all(os.path.exists(f"{user.home}/left{n}") for n in range(10)), 20, "10 files")


def test_the_server_s_own_end_hangs_up_all(make_server, user):
    """Policy and the administrator end what has no terminal, too."""
    s = make_server(grants="max_session_time = 3;")
    for kill in (True, False):
        p = s.popen(user, "echo $$; exec sleep 60")
        pid = int(p.stdout.readline())
        if kill:
            sp.run(["sallyportctl", "-f", s.config, "kill", f"user:{user.name}"], check=0)
        sp.wait_for(lambda: not os.path.exists(f"/proc/{pid}"), 20, "the command's end")
        p.communicate(timeout=20)


def test_an_upload_that_is_cut_short_is_not_published(make_server, user):
    """Its reader gets an error; a whole one, and what the program closes itself, are as ever."""
    s = make_server(grants="reset_input = true;")
    upload = "head -c1 >/dev/null && cat >tmp && mv tmp final"
    p = s.popen(user, "echo go; " + upload)
    assert p.stdout.readline() == b"go\n"
    p.stdin.write(b"x" * 100000)
    p.stdin.flush()
    tmp, final = user.home + "/tmp", user.home + "/final"
    sp.wait_for(lambda: os.path.exists(tmp) and os.path.getsize(tmp) == 99999, what="the bytes")
    lose(p)
    sp.wait_for(lambda: not user.processes(), 20, "the reader's end")
    assert os.path.exists(tmp) and not os.path.exists(final)
    s.ssh(user, upload, input="y" * 3000000, check=0, timeout=60)
    assert os.path.getsize(final) == 2999999
    # From many short ones none is cut, and who does not read is no fault.
    for n in range(5):
        assert s.ssh(user, "cat", input=f"{n}\n", check=0).stdout == f"{n}\n"
    s.ssh(user, "true", input="z" * 100000, check=0)
    s.ssh(user, "test -p /dev/stdin", check=1)


# ---- ends by policy: a warning, a sentence, an event ----

@pytest.mark.parametrize("grants, warning, sentence, event", [
    ("idle_timeout = 4; warn_before = 2;", rb"This session ends in [12] seconds: it is idle\.",
     rb"idle for 4 seconds", "idle for 4 seconds: closed"),
    ("max_session_time = 4; warn_before = 2;", rb"This session ends in [12] seconds: the session's time is over\.",
     rb"the session's time is over", r"connected for \d seconds: closed"),
    ('channel_timeouts = [ "session:*=4" ]; warn_before = 2;', rb"This channel closes in [12] seconds: it is silent\.",
     rb"closed: no traffic for 4 seconds", r"Channel \d+ \(session\) of .* without traffic for 4 seconds: closed")])
def test_an_end_by_policy_is_announced_and_told(make_server, user, grants, warning, sentence, event):
    s = make_server(grants=grants)
    t = Terminal(s.ssh_argv(user, "echo up; cat", flags=("-tt",), LogLevel="INFO"))
    t.expect(rb"up\r\n")
    t.expect(warning)
    t.expect(sentence)
    t.wait()
    s.wait_log(event)


def test_a_client_that_sleeps_hears_why_it_was_left(make_server, user):
    """Behind what it has not read; the session is over, and its place free."""
    s = make_server(grants="keepalive_interval = 1; keepalive_count = 2; max_user_sessions = 1;")
    p = s.popen(user, "echo on; sleep 1; head -c 100000 /dev/zero; exec sleep 60", LogLevel="INFO")
    assert p.stdout.readline() == b"on\n"
    os.kill(p.pid, signal.SIGSTOP)
    try:
        s.wait_log("Timeout, client not responding from user", 20)
        sp.wait_for(lambda: not s.processes("monitor "), 20, "the session's end")
        sp.wait_for(lambda: sp.run(["sallyportctl", "-f", s.config, "sessions"], check=0).stdout == "",
                    10, "the session's place")
        s.ssh(user, "true", check=0)
        mark = s.mark()
        os.kill(s.pid, signal.SIGHUP)  # the next image knows that it sleeps
        s.wait_log("Configuration reloaded", 20, mark)
    finally:
        os.kill(p.pid, signal.SIGCONT)
    _, err = p.communicate(timeout=20)
    assert p.returncode == 255 and b"no answer to 2 keepalives" in err, err
    sp.wait_for(lambda: not s.processes("worker "), 20, "the worker's end")


def test_without_a_policy_a_client_may_sleep(server, user):
    """The shipped defaults ask nobody; TCP's own keepalive is on."""
    shipped = open(f"{sp.TOP}/config/sallyport.conf").read()
    assert not re.search(r"(?m)^[^#]*keepalive", shipped)
    p = server.popen(user, "echo on; cat")
    assert p.stdout.readline() == b"on\n"
    shown = sp.run(["ss", "-tnoH", "state", "established", "sport", "=", f":{server.port}"], check=0).stdout
    assert "timer:(keepalive," in shown, shown
    p.communicate(timeout=20)
    e = sp.run(["sallyportctl", "-f", server.config, "explain", "--user", user.name, "--from", "127.0.0.1"], check=0)
    assert re.search(r"keepalive_interval\W+none", e.stdout), e.stdout


# ---- refusals say so ----

def test_what_an_account_does_not_allow_is_said(make_server, make_user):
    """For a shell on a terminal and without, a command, and scp's old protocol."""
    sftp, bastion, shell, command, key = (make_user() for _ in range(5))
    key.authorize(open(key.make_key("ecdsa") + ".pub").read(), 'command="id"')
    said = {sftp: "This account allows SFTP only.", bastion: "This account allows forwarding only.",
            shell: "This account allows no shell, only commands.",
            command: "This account allows no commands, only a shell."}
    grants = {sftp: "sftp_only = true;", bastion: 'shell = false; exec = false; subsystems = [ ]; '
              'local_forward = [ "*:*" ];', shell: "shell = false;", command: "exec = false;"}
    s = make_server(rules="rules = (" + ", ".join(
        f'{{ name = "{u.name}"; match = {{ user = "{u.name}"; }}; methods = [ "publickey" ]; {g} }}'
        for u, g in grants.items()) + ");")
    for u, sentence in said.items():
        if u is not command:
            t = Terminal(s.ssh_argv(u))
            t.expect(sentence.encode())
            assert t.wait() == 1
            p = s.ssh(u, input="")
            assert p.returncode == 1 and sentence in p.stderr, p
        if u is not shell:
            p = s.ssh(u, "id")
            assert (p.returncode, p.stdout, p.stderr) == (1, "", sentence + "\n"), p
            p = sp.run(["scp", "-O", "-P", str(s.port), *s.options(u), "/etc/hostname", f"{u.name}@127.0.0.1:"])
            assert p.returncode != 0 and sentence in p.stderr, p
        s.wait_log(rf"request by user {u.name} failed")
    # A program sees a status and standard error, as of any command.
    import paramiko
    c = paramiko.SSHClient()
    c.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    c.connect("127.0.0.1", s.port, sftp.name, key_filename=sftp.key, allow_agent=False)
    _, out, err = c.exec_command("id")
    assert (out.channel.recv_exit_status(), out.read(), err.read()) == (1, b"", b"This account allows SFTP only.\n")
    assert c.open_sftp().listdir("/etc")  # the connection serves on
    c.close()


def test_a_wrong_chroot_is_told_to_both(make_server, user):
    root = "/srv/spt_open"
    os.makedirs(root, exist_ok=True)
    os.chmod(root, 0o777)
    s = make_server(grants=f'chroot = "{root}";')
    try:
        for command in ((), ("id",)):
            p = s.ssh(user, *command, input="")
            assert p.returncode == 254 and "please tell the administrator (incident " in p.stderr, p
            assert root not in p.stderr
        p = sp.run(["sftp", "-b", "-", "-P", str(s.port), *s.options(user), f"{user.name}@127.0.0.1"], input="ls")
        assert "please tell the administrator" in p.stderr, p
        s.wait_log(rf"the administrator must mend {root} \(chroot\): .*conn=")
        sp.wait_for(lambda: not s.processes("monitor ") and not s.processes("session"), 20, "the connections' end")
    finally:
        os.rmdir(root)


@pytest.mark.parametrize("kind", ["shell", "terminal", "command", "sftp", "forward"])
def test_what_the_session_stage_says_is_shown(make_server, user, kind):
    sp.write_pam("sp-logins", """
auth     required pam_unix.so
account  required pam_permit.so
session  optional pam_echo.so There were too many logins for '%u'.
session  required pam_deny.so
""")
    s = make_server(pam_service="sp-logins")
    text = f"There were too many logins for '{user.name}'."
    if kind == "terminal":
        t = Terminal(s.ssh_argv(user))
        t.expect(text.encode())
        assert t.wait() == 254
    elif kind == "sftp":
        p = sp.run(["sftp", "-b", "-", "-P", str(s.port), *s.options(user), f"{user.name}@127.0.0.1"], input="ls")
        assert p.returncode == 255 and text in p.stderr, p
    elif kind == "forward":
        p = s.ssh(user, flags=("-W", "127.0.0.1:1"), LogLevel="INFO")
        assert p.returncode == 255 and p.stderr.strip(), p
    else:
        p = s.ssh(user, *(["id"] if kind == "command" else []), input="", check=254)
        assert p.stdout == "" and text in p.stderr, p
    s.wait_log("could not be opened")
    sp.wait_for(lambda: not s.processes("monitor "), 20, "the connection's end")


# ---- what outlives its session, and not its connection ----

@pytest.fixture
def agent(user):
    """ssh-agent with the user's key, for us."""
    path = f"{sp.SCRATCH}/agent{user.name}"
    p = subprocess.Popen(["ssh-agent", "-D", "-a", path], stdout=subprocess.DEVNULL)
    sp.wait_for(lambda: os.path.exists(path), what="the agent")
    sp.run(["ssh-add", "-q", user.key], check=0, env=dict(os.environ, SSH_AUTH_SOCK=path))
    yield path
    p.kill()
    p.wait()


def test_agent_and_display_live_as_long_as_the_connection(both, user, agent, monkeypatch):
    """A master with -A and -X whose first session has gone: the agent with sshd,
    too; the display with us alone, which all sessions share."""
    sp.write_pam("sp-beside", REFUSING)
    ours, theirs = both(grants="x11 = true;", sshd="X11Forwarding yes\nX11DisplayOffset 40\n")
    monkeypatch.setenv("SSH_AUTH_SOCK", agent)
    monkeypatch.setenv("DISPLAY", "127.0.0.1:99")
    for server in (theirs, ours):
        path = f"{server.dir}/master"
        mux = dict(ControlPath=path, ControlMaster="auto", ControlPersist="yes", ForwardAgent="yes",
                   ForwardX11="yes", ForwardX11Trusted="yes")
        # The master stays behind, and must not keep our pipes.
        subprocess.run(server.ssh_argv(user, f"echo $SSH_AUTH_SOCK $DISPLAY >{user.home}/names", **mux),
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       timeout=30, check=True)
        try:
            sock, display = open(user.home + "/names").read().split()
            port = 6000 + int(display.split(":")[1].split(".")[0])
            time.sleep(0.5)  # the first session is closed
            again = dict(ControlPath=path, ForwardAgent="no", ForwardX11="no")
            p = server.ssh(user, f"SSH_AUTH_SOCK={sock} ssh-add -l", **again)
            assert user.name in p.stdout, (server, p)
            listening = sp.run(["ss", "-tlnH", f"sport = :{port}"]).stdout
            if server is ours:
                assert listening.strip()
                # The next session that asks has both, the same.
                p = server.ssh(user, "ssh-add -l; echo $SSH_AUTH_SOCK $DISPLAY; xauth list",
                               **dict(again, ForwardAgent="yes", ForwardX11="yes", ForwardX11Trusted="yes"))
                assert user.name in p.stdout and f"{sock} {display}\n" in p.stdout, p
                assert f"unix:{display.split(':')[1].split('.')[0]} " in p.stdout, p
        finally:
            sp.run(["ssh", "-O", "exit", "-S", path, "x"])
        sp.wait_for(lambda: not os.path.exists(sock), 20, "the socket's end")
        assert not sp.run(["ss", "-tlnH", f"sport = :{port}"]).stdout.strip()


# ---- defaults ----

def test_an_account_without_a_shell_moves_no_files_by_default(both, user):
    """As with sshd where the subsystem is a program; a word of policy lets it."""
    sp.write_pam("sp-beside", REFUSING)
    sp.run(["usermod", "-s", "/usr/sbin/nologin", user.name], check=0)
    ours, theirs = both(subsystem="/usr/lib/openssh/sftp-server")

    def moves(s):
        p = sp.run(["sftp", "-b", "-", "-P", str(s.port), *s.options(user), f"{user.name}@127.0.0.1"], input="pwd\n")
        return p.returncode == 0, p.stderr
    assert not moves(theirs)[0]
    moved, said = moves(ours)
    assert not moved and "This account has no shell, and no SFTP." in said, said
    ours.wait_log("subsystem request for sftp by user .* failed, the account's shell is /usr/sbin/nologin")
    for grant in ("sftp_without_shell = true;", "sftp_only = true;"):
        ours.write(ours.text.replace("agent = true;", "agent = true; " + grant))
        mark = ours.mark()
        os.kill(ours.pid, signal.SIGHUP)
        ours.wait_log("Configuration reloaded", 20, mark)
        assert moves(ours)[0], grant


def test_the_shipped_rule_asks_for_the_password_as_debian_s(make_server, user):
    """user@host's password: is what expect scripts wait for."""
    shipped = open(f"{sp.TOP}/config/sallyport.conf").read()
    s = make_server(rules=shipped[shipped.index("rules ="):])
    user.key = None
    t = Terminal(s.ssh_argv(user, "echo in", BatchMode="no", PubkeyAuthentication="no"))
    t.expect(rf"{user.name}@127.0.0.1's password: ".encode())
    t.send(user.password + "\n")
    t.expect(rb"in\r\n")
    assert t.wait() == 0


def test_what_execve_takes_is_taken_and_the_rest_is_said(both, user):
    """128 KiB a string, its end included; sshd fails in the same place."""
    sp.write_pam("sp-beside", REFUSING)
    ours, theirs = both(sshd="AcceptEnv BIG")
    ours.write(ours.text.replace('"LANG", "LC_*"', '"BIG"'))
    os.kill(ours.pid, signal.SIGHUP)
    ours.wait_log("Configuration reloaded", 20)
    largest = 128 * 1024 - 1
    command = "echo ran; : "
    for server in (theirs, ours):
        c = client(server, user)
        for length, runs in ((largest, True), (largest + 1, False), (200000, False)):
            status, out, err = c(command + "x" * (length - len(command)))
            assert (status == 0, out) == (runs, b"ran\n" if runs else b""), (server, length, status, err)
            assert runs or (status in (1, 126, 255) and b"Argument list too long" in err), (server, status, err)
        status, out, err = c("echo ${#BIG}", BIG="y" * (largest - 4))
        assert (status, out) == (0, b"%d\n" % (largest - 4)), (server, out, err)
    # sshd takes a larger one and cannot run anything then; here the rest runs.
    status, out, err = c("echo ${#BIG}", BIG="y" * largest)
    assert (status, out) == (0, b"0\n") and b"BIG: Argument list too long" in err, err


def client(server, user):
    """A function that runs a command with an environment in one connection."""
    import paramiko
    c = paramiko.SSHClient()
    c.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    c.connect("127.0.0.1", server.port, user.name, key_filename=user.key, allow_agent=False)

    def run(command, **environment):
        channel = c.get_transport().open_session()
        for name, value in environment.items():
            channel.set_environment_variable(name, value)
        channel.exec_command(command)
        out, err = channel.makefile("rb").read(), channel.makefile_stderr("rb").read()
        return channel.recv_exit_status(), out, err
    return run
