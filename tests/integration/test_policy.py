"""What rules grant, end to end."""

import os
import time

import pytest

import sp


def only(make_server, grants, **kw):
    return make_server(rules='rules = ( { name = "users"; methods = [ "publickey" ]; '
                       + grants + " } );", **kw)


def test_groups_and_sources_decide(make_server, make_user):
    sp.run(["groupadd", "-f", "spt_ops"])
    a, b = make_user(groups=("spt_ops",)), make_user()
    s = make_server(rules="""rules = (
      { name = "ops"; match = { group = "spt_ops"; from = [ "127.0.0.0/8" ]; }; methods = [ "publickey" ]; } );""")
    s.ssh(a, "true", check=0)
    assert s.ssh(b, "true").returncode == 255
    s.wait_log(rf"User {b.name} from 127.0.0.1 not allowed because")


def test_no_terminal(make_server, user):
    s = only(make_server, "pty = false;")
    p = s.ssh(user, "tty", flags=("-tt",))
    assert "PTY allocation request failed" in p.stderr


def test_no_shell_no_exec(make_server, user):
    s = only(make_server, "shell = false;")
    assert s.ssh(user, input="echo no\n").stdout == ""
    s.ssh(user, "true", check=0)
    s = only(make_server, "exec = false;")
    assert s.ssh(user, "echo no").stdout == ""


def test_forced_command(make_server, user):
    s = only(make_server, 'command = "echo only this";')
    assert s.ssh(user, "id", check=0).stdout == "only this\n"


def sftp(s, user, batch, check=None):
    return sp.run(["sftp", "-b", "-", "-P", str(s.port), *s.options(user),
                   f"{user.name}@127.0.0.1"], input=batch, check=check)


def test_sftp_only_in_a_chroot(make_server, make_user):
    u = make_user()
    root = f"{sp.SCRATCH}/chroot"
    os.makedirs(root + "/in", exist_ok=True)
    os.chmod(root, 0o755)
    os.chown(root + "/in", u.uid, u.gid)
    s = only(make_server, f'sftp_only = true; chroot = "{root}"; sftp_start = "/in"; sftp_umask = "0077";')
    with open(f"{sp.SCRATCH}/payload", "w") as f:
        f.write("data")
    p = sftp(s, u, f"pwd\nput {sp.SCRATCH}/payload x\nls /\n", check=0)
    assert "/in" in p.stdout
    st = os.stat(root + "/in/x")
    assert st.st_uid == u.uid and st.st_mode & 0o077 == 0
    assert s.ssh(u, "id").stdout == ""
    assert s.ssh(u, flags=("-W", "127.0.0.1:22")).returncode != 0
    s.wait_log(r'open "?/?(in/)?x')


def test_an_unsafe_chroot_is_refused(make_server, make_user):
    u = make_user()
    root = f"{sp.SCRATCH}/unsafe"
    os.makedirs(root, exist_ok=True)
    os.chmod(root, 0o777)
    s = only(make_server, f'sftp_only = true; chroot = "{root}";')
    assert sftp(s, u, "pwd\n").returncode != 0


def test_read_only(make_server, user):
    s = only(make_server, "sftp_only = true; sftp_read_only = true;")
    p = sftp(s, user, "mkdir x\n")
    assert p.returncode != 0 and not os.path.exists(user.home + "/x")
    sftp(s, user, "ls\n", check=0)


def test_sessions_per_connection(make_server, user):
    s = only(make_server, "max_sessions = 1;")
    control = f"{s.dir}/mux"
    m = s.popen(user, "echo on; sleep 30", flags=("-M", "-S", control))
    assert m.stdout.readline() == b"on\n"
    try:
        p = sp.run(["ssh", "-S", control, "-F", "none", "-o", "ControlMaster=no",
                    "x", "echo second"])
        assert p.stdout == ""
    finally:
        m.kill()
        m.communicate()


def test_idle_sessions_end(make_server, user):
    s = only(make_server, "idle_timeout = 2;")
    t = time.monotonic()
    p = s.ssh(user, "cat; sleep 60", timeout=40, input=None)
    assert time.monotonic() - t < 30 and p.returncode != 0


def test_session_time_is_limited(make_server, user):
    s = only(make_server, "max_session_time = 2; warn_before = 1;")
    t = time.monotonic()
    p = s.ssh(user, "sleep 60", timeout=40)
    assert time.monotonic() - t < 20 and p.returncode == 255


def test_outside_the_times(make_server, user):
    day = (time.gmtime().tm_wday + 2) % 7
    name = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"][day]
    s = make_server(rules=f"""rules = ( {{ name = "users"; methods = [ "publickey" ];
        times = [ "{name} 00:00-24:00 UTC" ]; }} );""")
    assert s.ssh(user, "true").returncode == 255


def test_guards_tighten(make_server, user):
    s = make_server(extra="""guards = ( { name = "nopty"; match = { user = "*"; }; pty = false; } );""")
    p = s.ssh(user, "tty", flags=("-tt",))
    assert "PTY allocation request failed" in p.stderr


def test_banner(make_server, user):
    path = f"{sp.SCRATCH}/banner"
    with open(path, "w") as f:
        f.write("Authorised use only.\n")
    s = only(make_server, f'banner = "{path}";')
    p = s.ssh(user, "true", check=0, LogLevel="INFO")
    assert "Authorised use only." in p.stderr


def test_two_factors(make_server, user):
    s = make_server(methods=("publickey,password",))
    p = sp.run(["sshpass", "-p", user.password, "ssh", "-p", str(s.port),
                *s.options(user), f"{user.name}@127.0.0.1", "echo both"], check=0)
    assert p.stdout == "both\n"
    assert s.ssh(user, "true").returncode == 255
    s.wait_log(r"Partial publickey for")


def test_set_environment(make_server, user):
    s = only(make_server, 'set_env = [ "SITE=hq" ];')
    assert s.ssh(user, "echo $SITE", check=0).stdout == "hq\n"


def test_how_one_got_in_is_told(make_server, user):
    s = only(make_server, "expose_auth = true;")
    p = s.ssh(user, "cat $SSH_USER_AUTH; stat -c %a:%u $SSH_USER_AUTH; echo $SSH_USER_AUTH", check=0)
    key = open(user.key + ".pub").read().split()
    line, mode, path = p.stdout.splitlines()
    assert line == f"publickey {key[0]} {key[1]}" and mode == f"600:{user.uid}"
    sp.wait_for(lambda: not os.path.exists(path), what="the file's removal")


def test_a_rules_log_level(make_server, user):
    s = only(make_server, 'log_level = "error";')
    mark = s.mark()
    s.ssh(user, "true", check=0)
    s.wait_log("Accepted publickey", after=mark)
    assert "Starting session" not in s.log()[mark:]
