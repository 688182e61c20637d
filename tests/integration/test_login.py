"""The first login: a stock client, a password or a key, a shell, a command."""

import os
import pwd
import re
import subprocess

import pytest

import sp


def test_a_key_logs_in_and_runs_a_command(server, user):
    p = server.ssh(user, "id -un; exit 7", check=7)
    assert p.stdout == user.name + "\n"
    server.wait_log(rf"Accepted publickey for {user.name} from 127.0.0.1 port "
                    rf"\d+ ssh2: ED25519 SHA256:")


def test_a_password_logs_in_through_pam(server, user):
    user.key = None
    p = server.ssh(user, "id -un", password=True, check=0)
    assert p.stdout == user.name + "\n"
    server.wait_log(rf"Accepted password for {user.name} from 127.0.0.1")


def test_keyboard_interactive_logs_in(server, user):
    user.key = None
    p = server.ssh(user, "id -un", password=True, check=0,
                   PreferredAuthentications="keyboard-interactive")
    assert p.stdout == user.name + "\n"
    server.wait_log(r"Accepted keyboard-interactive(/pam)? for ")


@pytest.mark.parametrize("kind,extra", [
    ("ed25519", ()), ("ecdsa", ("-b", "256")), ("ecdsa", ("-b", "384")),
    ("ecdsa", ("-b", "521")), ("rsa", ("-b", "2048")), ("rsa", ("-b", "4096"))])
def test_each_key_type_logs_in(server, make_user, kind, extra):
    u = make_user(key=False)
    u.make_key(kind, extra)
    server.ssh(u, "true", check=0)


def test_a_short_rsa_key_is_refused_and_the_log_says_so(server, make_user):
    u = make_user(key=False)
    u.make_key("rsa", ("-b", "1024"))
    server.ssh(u, "true", check=255)
    server.wait_log(r"RSA key of 1024 bits")


def test_a_wrong_password_is_refused(server, user):
    user.key = None
    server.ssh(user, "true", password="not it", check=5)  # sshpass's 5
    server.wait_log(rf"Failed password for {user.name} from 127.0.0.1 port \d+ ssh2")


def test_an_unknown_user_is_refused_and_named_invalid(server, user):
    user.key = None
    name, user.name = user.name, "nobody_here"
    try:
        server.ssh(user, "true", password="whatever", check=5)
    finally:
        user.name = name
    server.wait_log(r"Invalid user nobody_here from 127.0.0.1")
    server.wait_log(r"Failed password for invalid user nobody_here from 127.0.0.1")


@pytest.mark.parametrize("status", [0, 1, 42, 254])
def test_exit_statuses_come_through(server, user, status):
    server.ssh(user, f"exit {status}", check=status)


def test_a_signal_comes_through(server, user):
    p = server.ssh(user, "kill -TERM $$", check=255, LogLevel="VERBOSE")
    assert p.returncode == 255


def test_standard_streams_stay_apart(server, user):
    p = server.ssh(user, "cat; echo err >&2", input="in\n", check=0)
    assert p.stdout == "in\n" and p.stderr == "err\n"


def test_binary_data_both_ways(server, user):
    data = os.urandom(3_000_000)
    p = server.ssh(user, "cat", input=data, text=False, check=0, timeout=60)
    assert p.stdout == data


def test_the_environment_is_the_servers(server, user):
    p = server.ssh(user, "env", check=0, SendEnv="LANG", SetEnv="LD_PRELOAD=/x")
    env = dict(line.split("=", 1) for line in p.stdout.splitlines() if "=" in line)
    assert env["USER"] == env["LOGNAME"] == user.name
    assert env["HOME"] == user.home and env["SHELL"] == "/bin/bash"
    assert re.match(r"127\.0\.0\.1 \d+ 127\.0\.0\.1 " + str(server.port),
                    env["SSH_CONNECTION"])
    assert re.match(rf"127\.0\.0\.1 \d+ {server.port}$", env["SSH_CLIENT"])
    assert "LD_PRELOAD" not in env and "PATH" in env and "MAIL" in env
    assert "SSH_TTY" not in env and "SALLYPORT_CONN_ID" not in env


def test_the_connection_s_number_is_told_where_asked_for(make_server, user):
    """And nobody else says it: neither the client, nor a key."""
    s = make_server(grants='expose_connection = true;', rules=None)
    number = s.ssh(user, "echo $SALLYPORT_CONN_ID", check=0).stdout.strip()
    assert re.fullmatch("[0-9a-f]{16}", number) and f"conn={number}" in s.log()
    t = make_server(rules='rules = ( { name = "users"; methods = [ "publickey" ]; accept_env = [ "*" ]; } );')
    p = t.ssh(user, "env", check=0, SetEnv="SALLYPORT_CONN_ID=ffffffffffffffff")
    assert "SALLYPORT" not in p.stdout


def test_accepted_environment_only(server, user):
    p = server.ssh(user, "echo $LC_TEST-$OTHER", check=0,
                   SetEnv="LC_TEST=yes OTHER=no")
    assert p.stdout == "yes-\n"


def test_several_sessions_in_one_connection(server, user):
    control = f"{server.dir}/mux"
    master = server.popen(user, flags=("-M", "-N", "-S", control))
    try:
        sp.wait_for(lambda: os.path.exists(control), what="control socket")
        for i in range(20):
            p = sp.run(["ssh", "-S", control, "-F", "none", "x", f"echo {i}"],
                       check=0)
            assert p.stdout == f"{i}\n"
        many = [subprocess.Popen(["ssh", "-S", control, "-F", "none", "x",
                                  f"sleep 0.3; echo {i}"],
                                 stdout=subprocess.PIPE, text=True)
                for i in range(8)]
        assert [p.communicate(timeout=30)[0] for p in many] == \
            [f"{i}\n" for i in range(8)]
    finally:
        master.kill()
        master.communicate()


def test_no_process_is_left_after_a_login(server, user):
    server.ssh(user, "true", check=0)
    sp.wait_for(lambda: not server.processes("monitor ")
                and not server.processes("worker ") and not user.processes(),
                what="end of the connection's processes")


def test_a_login_shell_reads_its_profile(server, user):
    with open(user.home + "/.bash_profile", "w") as f:
        f.write("echo from-profile\n")
    p = server.ssh(user, input="shopt -q login_shell && echo login; exit 3\n",
                   check=3)
    assert "from-profile" in p.stdout and "login\n" in p.stdout


def test_an_account_without_a_usable_shell_is_refused(server, make_user):
    u = make_user(shell="/nonexistent/shell")
    server.ssh(u, "true", check=255)
    server.wait_log(r"shell")


def test_a_locked_account_is_refused(server, user):
    sp.run(["passwd", "-l", user.name], check=0)
    user.key = None
    server.ssh(user, "true", password=True, check=5)


def test_an_expired_account_is_refused_with_a_reason(server, user):
    sp.run(["chage", "-E", "1", user.name], check=0)
    server.ssh(user, "true", check=255)
    server.wait_log(rf"User {user.name} from 127.0.0.1 not allowed because")


def test_root_needs_a_key(server, user):
    class Root:
        name, key, password = "root", None, "x"
    p = server.ssh(Root, "true", password="x", check=255)
    assert "(publickey)" in p.stderr


def test_bad_modes_of_the_home_are_named(server, user):
    os.chmod(user.home, 0o777)
    server.ssh(user, "true", check=255)
    server.wait_log(rf"Authentication refused: bad ownership or modes for "
                    rf"directory {user.home}")


def test_max_auth_tries_ends_the_connection(make_server, user):
    s = make_server(limits="max_auth_tries = 2;")
    user.key = None
    argv = s.ssh_argv(user, "true", password="wrong", NumberOfPasswordPrompts="5")
    sp.run(argv)
    s.wait_log(r"Failed password")


def test_a_key_after_a_wrong_password(server, user):
    """The refusal of the password is not one of the session."""
    p = sp.run(server.ssh_argv(user, "echo in; exit 4", password="wrong",
                               PreferredAuthentications="password,publickey",
                               PubkeyAuthentication="yes", NumberOfPasswordPrompts="1"))
    assert (p.returncode, p.stdout) == (4, "in\n"), p.stderr
    server.wait_log("Failed password")
    server.wait_log("Accepted publickey")


def test_login_grace_ends_silent_connections(make_server):
    s = make_server(limits="login_grace = 5;")
    c = s.connect()
    data = b""
    while True:
        chunk = c.recv(65536)
        if not chunk:
            break
        data += chunk
    assert data.startswith(b"SSH-2.0-")
    s.wait_log(r"Timeout before authentication for")
