"""What rules grant, end to end."""

import os
import re
import time

import pytest

import sp
from rawssh import IGNORE, KEXINIT, Raw, string
from test_terminal import Terminal


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


def test_output_is_no_input(make_server, user):
    """What a terminal shows keeps nobody logged in who does not type."""
    s = only(make_server, "idle_timeout = 2;")
    p = s.ssh(user, "while :; do echo tick; sleep 0.1; done", flags=("-tt",), timeout=40)
    assert p.returncode != 0 and p.stdout.startswith("tick")
    s.wait_log(r"(?i)idle")


def told_and_ended(s, user, why):
    """A terminal hears of the end before it comes."""
    t = Terminal(s.ssh_argv(user, flags=("-tt",), LogLevel="INFO"))
    m = t.expect(rb"This session ends in (\d+) seconds: " + why, 20)
    assert 1 <= int(m.group(1)) <= 12
    t.expect(why + rb"|Connection .*closed", 20)
    assert t.wait() == 255
    sp.wait_for(lambda: not user.processes(), what="the end of the programs")


def test_the_end_of_the_session_time_is_told(make_server, user):
    told_and_ended(only(make_server, "max_session_time = 4; warn_before = 3;"), user,
                   b"the session's time is over")


def test_the_end_of_the_permitted_time_is_told(make_server, user):
    """In a zone of our own, where it will be noon in twelve seconds: time to log in before the warning."""
    ahead = int(12 * 3600 - 12 - time.time() % 86400)
    if ahead < -12 * 3600:
        ahead += 86400
    sign, ahead = ("-" if ahead < 0 else ""), abs(ahead)
    with open("/mnt/sp/zone", "w") as f:
        f.write(f"Zone Spt/Noon {sign}{ahead // 3600}:{ahead // 60 % 60:02}:{ahead % 60:02} - SPT\n")
    sp.run(["zic", "-d", "/usr/share/zoneinfo", "/mnt/sp/zone"], check=0)
    s = only(make_server, 'times = [ "00:00-12:00 Spt/Noon" ]; warn_before = 7;')
    told_and_ended(s, user, b"the permitted time is over")
    assert s.ssh(user, "true").returncode == 255  # and it is over
    s.wait_log(r"not allowed because outside the permitted times")


def test_sessions_of_a_user_in_all_connections(make_server, user, make_user):
    s = only(make_server, "max_user_sessions = 2;")
    held = [s.popen(user, "echo on; cat") for _ in range(2)]
    for p in held:
        assert p.stdout.readline() == b"on\n"
    assert s.ssh(user, "echo third").stdout == ""
    s.ssh(make_user(), "true", check=0)  # another user's are his own
    held[0].kill()
    held[0].communicate()
    sp.wait_for(lambda: s.ssh(user, "echo again").stdout == "again\n", what="a place")
    held[1].kill()
    held[1].communicate()


def test_root_by_forced_command_only(make_server, user):
    """A key of root's with a command gets in, one without does not, nor does
    a password."""
    root = sp.User.__new__(sp.User)
    root.name, root.home, root.uid, root.gid, root.password = "root", "/root", 0, 0, "x"
    s = make_server(rules="""rules = ( { name = "root"; match = { user = "root"; };
        methods = [ "publickey", "password" ]; root_login = "forced-command"; } );""")
    try:
        root.make_key(options='command="echo forced $SSH_ORIGINAL_COMMAND"')
        assert s.ssh(root, "id", check=0).stdout == "forced id\n"
        root.make_key()
        assert s.ssh(root, "id").stdout == ""
        s.wait_log(r"ROOT LOGIN REFUSED FROM 127.0.0.1")
        sp.set_password("root", "s3cret pass")
        root.key = None
        assert s.ssh(root, "id", password="s3cret pass").stdout == ""
        # a command of the rule's own is one as well
        s = make_server(rules="""rules = ( { name = "root"; match = { user = "root"; };
            methods = [ "publickey" ]; root_login = "forced-command"; command = "echo policy"; } );""")
        root.make_key()
        assert s.ssh(root, "id", check=0).stdout == "policy\n"
    finally:
        os.unlink("/root/.ssh/authorized_keys")
        sp.run(["usermod", "-p", "*", "root"])


def test_a_rules_own_subsystems(make_server, user):
    """They go before the server's, sftp's too, and are only the rule's."""
    s = make_server(rules=f"""rules = (
      {{ name = "own"; match = {{ user = "{user.name}"; }}; methods = [ "publickey" ];
         subsystem_commands = [ "sftp=echo not sftp", "where=echo $SALLYPORT_X here" ]; }},
      {{ name = "users"; methods = [ "publickey" ]; }} );""")
    assert s.ssh(user, "where", flags=("-s",), check=0).stdout == "here\n"
    assert s.ssh(user, "sftp", flags=("-s",), check=0).stdout == "not sftp\n"
    other = sp.User()
    try:
        other.make_key()
        assert s.ssh(other, "where", flags=("-s",)).stdout == ""
        assert "here" in sftp(s, other, "!echo here\n", check=0).stdout
    finally:
        other.remove()
    s = only(make_server, 'subsystem_commands = [ "sftp=internal" ];')
    s.write(re.sub(r"subsystems = \(.*?\);", "subsystems = ( );", s.text))
    s.stop()
    s.start()
    sftp(s, user, "pwd\n", check=0)


def test_a_rules_own_rekeying(make_server, user):
    s = only(make_server, "rekey_bytes = 65536;")
    mark = s.mark()
    s.ssh(user, "head -c 400000 /dev/zero", check=0)
    s.wait_log(r"Rekeyed with 127.0.0.1", after=mark)
    s = only(make_server, "")
    s.ssh(user, "head -c 400000 /dev/zero", check=0)
    assert "Rekeyed with" not in s.log()


def test_a_rules_own_rekeying_by_time(make_server, user):
    """The clock asks for new keys, with the client's next packet."""
    s = make_server(rules="""rules = (
      { name = "often"; match = { from = [ "127.0.0.1" ]; }; methods = [ "password" ]; rekey_seconds = 1; },
      { name = "never"; match = { from = [ "127.0.0.2" ]; }; methods = [ "password" ]; rekey_seconds = "none"; } );""",
                    listen="0.0.0.0", extra="crypto = { rekey_seconds = 1; };")
    with Raw(s) as c:
        c.login(user)
        began = time.monotonic()
        for _ in range(2):  # and the exchange sets the clock anew
            time.sleep(1.2)
            c.send(IGNORE, string(b""))
            c.theirs = c.expect(KEXINIT)
            c.send(c.mine)
            c.finish_kex()
        assert 1 <= time.monotonic() - began < 10 * sp.SLOW
    s.wait_log(r"Rekeyed with 127.0.0.1")
    with Raw(s, address="127.0.0.2") as c:
        c.login(user)
        time.sleep(1.2)  # longer than crypto.rekey_seconds
        c.send(IGNORE, string(b""))
        c.s.settimeout(2)
        with pytest.raises(TimeoutError):
            c.expect(KEXINIT)


def tos_of(s):
    """The DSCP byte of the daemon's side of the connections."""
    text = sp.run(["ss", "-tnH", "--tos", "state", "established", f"( sport = :{s.port} )"]).stdout
    return set(re.findall(r"\btos:(0x[0-9a-f]+)", text))


def test_a_rules_own_dscp(make_server, user):
    s = only(make_server, 'ip_qos_interactive = "cs3"; ip_qos_bulk = "cs1";')
    for flags, wanted in (((), "0x20"), (("-tt",), "0x60")):
        p = s.popen(user, "echo on; cat", flags=flags)
        assert p.stdout.readline().strip() == b"on"
        sp.wait_for(lambda: tos_of(s) == {wanted}, what=f"DSCP {wanted}, not {tos_of(s)}")
        p.kill()
        p.communicate()
        sp.wait_for(lambda: not tos_of(s), what="its end")


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


PROGRAM_RUNS = r"debug: worker of \w+: channel_\d+:_its_program_runs"  # a worker's line


def test_a_rules_log_level_reaches_the_worker(make_server, user):
    """One rule's connections say more than log.level, another's less."""
    s = make_server(log_level="info", rules="""rules = (
      { name = "loud"; match = { from = [ "127.0.0.1" ]; }; methods = [ "publickey" ]; log_level = "debug"; },
      { name = "plain"; match = { from = [ "127.0.0.2" ]; }; methods = [ "publickey" ]; } );""", listen="0.0.0.0")
    s.ssh(user, "true", flags=("-tt",), check=0)
    s.wait_log(PROGRAM_RUNS)
    assert "Connection from" not in s.log()  # it had no rule yet
    mark = s.mark()
    s.ssh(user, "true", flags=("-tt", "-b", "127.0.0.2"), check=0)
    s.wait_log(r"Disconnected from user ", after=mark)
    assert not re.search(PROGRAM_RUNS, s.log()[mark:])


def test_log_level_of_the_command_holds_behind_the_login(make_server, user):
    """It takes the place of log.level; a rule that names one keeps its own."""
    s = make_server(log_level="info", rules="""rules = (
      { name = "quiet"; match = { from = [ "127.0.0.1" ]; }; methods = [ "publickey" ]; log_level = "error"; },
      { name = "plain"; match = { from = [ "127.0.0.2" ]; }; methods = [ "publickey" ]; } );""", listen="0.0.0.0")
    sp.run(["sallyportctl", "-f", s.config, "log-level", "debug"], check=0)
    s.ssh(user, "true", flags=("-tt", "-b", "127.0.0.2"), check=0)
    s.wait_log(PROGRAM_RUNS)
    mark = s.mark()
    s.ssh(user, "true", flags=("-tt",), check=0)
    s.wait_log(r"Disconnected from user ", after=mark)
    assert not re.search(PROGRAM_RUNS, s.log()[mark:])


def test_a_guard_about_keys_is_about_each_of_them(make_server, make_user):
    """Two keys log in together: their order does not choose the guard."""
    u = make_user(key=False)
    weak, strong = u.make_key("rsa"), u.make_key()
    for grants, outcome in (("sftp_only = true;", ""), ("exec = false;", ""), ("refuse = true;", ""),
                            ("pty = false;", "in\n")):
        s = make_server(rules='rules = ( { name = "two"; methods = [ "publickey,publickey" ]; } );',
                        extra='guards = ( { name = "weak"; match = { key_type = "ssh-rsa"; }; ' + grants + " } );")
        for keys in ((weak, strong), (strong, weak)):
            u.key = keys[0]
            p = s.ssh(u, "echo in", flags=("-i", keys[1]))
            assert p.stdout == outcome, (grants, keys, p)
        s.stop()
