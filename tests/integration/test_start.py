"""How the server starts: its arguments, its log, its terminal; what it leaves
to no other process."""

import os
import pty
import re
import subprocess

import pytest

import sp


def test_a_short_name_without_arguments_starts_as_any_other(make_server):
    """The title has the room of argv[0] and the environment behind it."""
    s = make_server(start=False)
    for length in (1, 2, 10, 11, 12, 40):
        p = sp.run([*"x".ljust(length, "y").split(), "-t", "-f", s.config],
                   executable=sp.DAEMON, env={}, timeout=60)
        assert p.returncode == 0, (length, p.returncode, p.stderr)


def test_without_arguments_or_environment_a_failed_start_says_why():
    # the shipped configuration, whose host keys nobody has made here
    for name in ("x", "sallyportd"):
        p = sp.run([name], executable=sp.DAEMON, env={}, timeout=60)
        assert p.returncode == 1 and p.stderr.strip(), (name, p.returncode)


def test_a_server_that_dies_while_it_starts_is_reported_with_its_signal(make_server):
    s = make_server(start=False)
    os.mkfifo(s.log_file, 0o600)  # its opening waits for a reader
    p = subprocess.Popen([sp.DAEMON, "-f", s.config, "-E", s.log_file], stderr=subprocess.PIPE, text=True)
    children = f"/proc/{p.pid}/task/{p.pid}/children"
    child = int(sp.wait_for(lambda: open(children).read(), 10, "the server"))
    os.kill(child, sp.CRASH)
    reader = os.open(s.log_file, os.O_RDONLY | os.O_NONBLOCK)
    try:
        err = p.communicate(timeout=30)[1]
    finally:
        os.close(reader)
        os.unlink(s.log_file)
    assert p.returncode == 1 and f"died of signal {int(sp.CRASH)}" in err, (p.returncode, err)


def test_the_log_may_be_a_link_of_roots(make_server):
    s = make_server(start=False)
    real = s.dir + "/real.log"
    open(real, "w").close()
    os.chmod(real, 0o600)
    os.symlink(real, s.log_file)
    s.start()
    assert "listening" in open(real).read().lower() or open(real).read()
    s.stop()


def test_a_log_behind_a_users_link_is_refused(make_server, user):
    s = make_server(start=False)
    open(s.dir + "/real.log", "w").close()
    link = user.home + "/log"
    os.symlink(s.dir + "/real.log", link)
    os.lchown(link, user.uid, user.gid)
    p = sp.run([sp.DAEMON, "-f", s.config, "-E", link], env=s.env)
    assert p.returncode != 0 and link in p.stderr, (p.returncode, p.stderr)
    assert open(s.dir + "/real.log").read() == ""


def test_a_target_behind_a_users_link_is_refused(make_server, user):
    s = make_server(start=False)
    link, led_to = user.home + "/log", s.dir + "/led_to"
    os.symlink(led_to, link)
    os.lchown(link, user.uid, user.gid)
    s.write(s.text.replace('log = { ', f'log = {{ targets = [ "{link}" ]; '))
    for there in (False, True):
        if there:
            open(led_to, "w").close()
        p = s.check()
        assert f"log.targets: {link}: " in p.stdout + p.stderr, (p.stdout, p.stderr)
        p = sp.run([sp.DAEMON, "-f", s.config], env=s.env)
        if p.returncode == 0:
            s.pid = int(open(s.pid_file).read())
            s.stop()
        assert os.path.exists(led_to) == there
    assert open(led_to).read() == ""


def test_inherited_descriptors_are_closed(make_server):
    s = make_server(start=False)
    ours, theirs = os.pipe()
    p = subprocess.run([sp.DAEMON, "-f", s.config, "-E", s.log_file], env=s.env,
                       pass_fds=[theirs], timeout=60)
    assert p.returncode == 0
    s.pid = int(open(s.pid_file).read())
    os.close(theirs)
    os.set_blocking(ours, False)
    assert os.read(ours, 1) == b""  # nobody holds the other end
    os.close(ours)


@pytest.fixture
def in_terminal(make_server):
    """A server in the foreground of a terminal that controls it."""
    s = make_server(start=False)
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(sp.DAEMON, [sp.DAEMON, "-D", "-f", s.config, "-E", s.log_file], s.env)
    s.wait_log(r"generation 1|ready|listening", 20)
    sp.wait_for(lambda: os.path.exists(s.pid_file), what="the pid file")
    s.pid = pid
    yield s, terminal
    os.close(terminal)


def tty_of(pid):
    return open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[4]


def test_ctrl_c_in_the_servers_terminal_ends_no_login(in_terminal, user):
    s, terminal = in_terminal
    p = s.popen(user, "echo on; exec cat")
    assert p.stdout.readline() == b"on\n"
    assert tty_of(s.pid) != "0"  # the instrument
    titles = s.processes()
    others = [q for q in titles if q != s.pid]
    assert others and {q: titles[q] for q in others if tty_of(q) != "0"} == {}
    os.write(terminal, b"\x03")
    sp.wait_for(lambda: os.waitpid(s.pid, os.WNOHANG)[0] == s.pid, what="the master's end")
    p.stdin.write(b"still here\n")
    p.stdin.flush()
    assert p.stdout.readline() == b"still here\n"
    p.stdin.close()
    assert p.wait(20) == 0


def test_ps_shows_user_and_terminal_of_a_session(server, user):
    p = server.popen(user, "echo on; exec cat")
    assert p.stdout.readline() == b"on\n"
    sp.wait_for(lambda: f"sallyportd: session: {user.name}@notty" in server.processes().values(),
                what="the title")
    q = server.popen(user, "tty; exec cat", flags=("-tt",))
    name = re.sub(rb"^/dev/", b"", q.stdout.readline().strip()).decode()
    assert name.startswith("pts/")
    sp.wait_for(lambda: f"sallyportd: session: {user.name}@{name}" in server.processes().values(),
                what=f"the title with {name}")
    for x in (p, q):
        x.kill()
        x.communicate()


def test_a_value_of_100_kib_arrives(make_server, user):
    s = make_server()
    value = "v" * 100_000
    p = sp.run([*s.ssh_argv(user, SendEnv="LC_BIG"), 'printf %s "$LC_BIG" | wc -c'],
               env=dict(os.environ, LC_BIG=value))
    assert (p.stdout.strip(), p.returncode) == ("100000", 0), p.stderr
    p = s.ssh(user, "true " + "x" * 130_000)
    assert p.returncode == 0, p.stderr
