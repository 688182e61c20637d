"""PAM done right: shared/reference/pam.md, section 5.5, and real stacks."""

import glob
import os
import re
import signal
import subprocess
import time

import pytest

import sp
from test_terminal import Terminal

EXEC = "/mnt/sp/pam_record"


@pytest.fixture(scope="module", autouse=True)
def recorder():
    """pam_exec writes every call: type, items, the caller's pid."""
    with open(EXEC, "w") as f:
        f.write("#!/bin/sh\n"
                "echo \"$PAM_TYPE user=$PAM_USER tty=$PAM_TTY rhost=$PAM_RHOST "
                "service=$PAM_SERVICE pid=$(awk '{print $4}' /proc/$$/stat) "
                "conn=$SALLYPORT_CONN_ID\" >> /mnt/sp/pam_calls\n")
    os.chmod(EXEC, 0o755)
    yield


def calls():
    try:
        lines = open("/mnt/sp/pam_calls").read().splitlines()
    except FileNotFoundError:
        return []
    out = []
    for line in lines:
        kind, *fields = line.split()
        d = dict(f.split("=", 1) for f in fields)
        d["type"] = kind
        out.append(d)
    return out


@pytest.fixture
def recorded():
    try:
        os.unlink("/mnt/sp/pam_calls")
    except FileNotFoundError:
        pass
    return sp.write_pam("sp-recorded", f"""
auth     optional pam_exec.so quiet {EXEC}
auth     required pam_unix.so
account  optional pam_exec.so quiet {EXEC}
account  required pam_unix.so
session  required pam_exec.so quiet {EXEC}
session  required pam_unix.so
password required pam_unix.so
""")


def test_one_process_for_all_phases_and_it_is_an_ancestor(make_server, user, recorded):
    s = make_server(pam_service=recorded)
    user.key = None
    p = s.ssh(user, "p=$$; while [ $p -gt 1 ]; do echo $p; p=$(awk '{print $4}' /proc/$p/stat); done",
              password=True, check=0)
    ancestors = p.stdout.split()
    sp.wait_for(lambda: any(c["type"] == "close_session" for c in calls()), what="close_session")
    kinds = [c["type"] for c in calls()]
    assert kinds == ["auth", "account", "open_session", "close_session"]
    assert len({c["pid"] for c in calls()}) == 1
    assert calls()[0]["pid"] in ancestors
    assert all(c["user"] == user.name and c["rhost"] == "127.0.0.1" for c in calls())


def test_the_same_with_keyboard_interactive_and_keys(make_server, user, recorded):
    s = make_server(pam_service=recorded)
    s.ssh(user, "true", check=0)
    sp.wait_for(lambda: [c["type"] for c in calls()] ==
                ["account", "open_session", "close_session"], what="a key login's calls")
    os.unlink("/mnt/sp/pam_calls")
    user.key = None
    s.ssh(user, "true", password=True, check=0,
          PreferredAuthentications="keyboard-interactive")
    sp.wait_for(lambda: [c["type"] for c in calls()] ==
                ["auth", "account", "open_session", "close_session"], what="a kbd-int login's calls")
    assert len({c["pid"] for c in calls()}) == 1


def test_the_tty_is_the_real_one(make_server, user, recorded):
    s = make_server(pam_service=recorded)
    t = Terminal(s.ssh_argv(user, "tty", flags=("-tt",)))
    m = t.expect(rb"(/dev/pts/\d+)")
    t.wait()
    tty = m.group(1).decode()
    by = {c["type"]: c["tty"] for c in calls()}
    assert by["account"] == "ssh" and by["open_session"] == tty


def test_close_session_runs_when_the_worker_is_killed(make_server, user, recorded):
    s = make_server(pam_service=recorded)
    p = s.popen(user, "echo on; cat")
    assert p.stdout.readline() == b"on\n"
    worker = s.processes("worker ")
    os.kill(s.processes("worker")[0] if not worker else worker[0], signal.SIGKILL)
    p.communicate(timeout=20)
    sp.wait_for(lambda: any(c["type"] == "close_session" for c in calls()), what="close_session")


def test_text_alone_is_shown_at_once(make_server, user):
    sp.write_pam("sp-text", """
auth     optional pam_echo.so Welcome to the machine
auth     required pam_unix.so
account  required pam_permit.so
session  required pam_permit.so
""")
    s = make_server(pam_service="sp-text")
    user.key = None
    p = s.ssh(user, "true", password=True, check=0, LogLevel="INFO",
              PreferredAuthentications="keyboard-interactive")
    assert "Welcome to the machine" in p.stdout + p.stderr


def test_an_account_refusal_ends_the_connection(make_server, user):
    sp.write_pam("sp-noaccount", """
auth     required pam_unix.so
account  required pam_deny.so
session  required pam_permit.so
""")
    s = make_server(pam_service="sp-noaccount")
    p = s.ssh(user, "true", LogLevel="INFO")
    assert p.returncode == 255 and "This account may not log in now" in p.stderr
    s.wait_log(rf"User {user.name} from 127.0.0.1 not allowed because")


def test_a_session_refusal_is_told(make_server, user):
    sp.write_pam("sp-nosession", """
auth     required pam_unix.so
account  required pam_permit.so
session  required pam_deny.so
""")
    s = make_server(pam_service="sp-nosession")
    p = s.ssh(user, "echo never", LogLevel="INFO")
    assert p.returncode == 254 and "never" not in p.stdout
    assert p.stderr.strip() != ""
    s.wait_log(r"session")
    q = s.ssh(user, flags=("-W", "127.0.0.1:22"))
    assert q.returncode != 0
    sp.wait_for(lambda: not s.processes("monitor "), what="the monitors' end")


def expire(user):
    sp.run(["chage", "-d", "0", user.name], check=0)


def test_an_expired_password_is_changed_by_the_password_method(make_server, user):
    s = make_server()
    expire(user)
    argv = s.ssh_argv(user, "echo changed", PreferredAuthentications="password",
                      PubkeyAuthentication="no", BatchMode="no")
    t = Terminal(argv)
    t.expect(rb"[Pp]assword: ")
    t.send(user.password + "\n")
    t.expect(rb"(?i)(current|old) password: |Enter .*old password: ")
    t.send(user.password + "\n")
    t.expect(rb"(?i)new password: ")
    t.send("Fresh-passw0rd!x\n")
    t.expect(rb"(?i)new password: ")
    t.send("Fresh-passw0rd!x\n")
    t.expect(rb"changed\r\n", 20)
    assert t.wait() == 0
    user.password = "Fresh-passw0rd!x"
    user.key = None
    s.ssh(user, "true", password=True, check=0)


@pytest.mark.parametrize("method", ["keyboard-interactive", "publickey"])
def test_an_expired_password_is_changed_in_a_dialogue(make_server, user, method):
    s = make_server()
    expire(user)
    argv = s.ssh_argv(user, "echo changed", BatchMode="no",
                      PreferredAuthentications=f"{method},keyboard-interactive",
                      PubkeyAuthentication="yes" if method == "publickey" else "no")
    t = Terminal(argv)
    if method == "keyboard-interactive":
        t.expect(rb"assword: ")
        t.send(user.password + "\n")
    t.expect(rb"(?i)current password: ")
    t.send(user.password + "\n")
    t.expect(rb"(?i)new password: ")
    t.send("Fresh-passw0rd!x\n")
    t.expect(rb"(?i)new password: ")
    t.send("Fresh-passw0rd!x\n")
    t.expect(rb"changed\r\n", 20)
    assert t.wait() == 0


def test_sftp_after_the_change_of_an_expired_password(make_server, user):
    """A key, the dialogue, and then the files: all in one connection."""
    s = make_server()
    expire(user)
    t = Terminal(["sftp", "-q", "-P", str(s.port), "-o", "BatchMode=no",
                  "-o", "PreferredAuthentications=publickey,keyboard-interactive",
                  *s.options(user), f"{user.name}@127.0.0.1"])
    for asked, answer in ((rb"(?i)current password: ", user.password),
                          (rb"(?i)new password: ", "Fresh-passw0rd!x"),
                          (rb"(?i)new password: ", "Fresh-passw0rd!x"),
                          (rb"sftp> ", "pwd"),
                          (rb"Remote working directory: " + user.home.encode(), "bye")):
        t.expect(asked)
        t.send(answer + "\n")
    assert t.wait() == 0


def test_faillock_counts_one_wrong_password_once(make_server, user):
    os.makedirs("/run/faillock", exist_ok=True)
    sp.write_pam("sp-faillock", """
auth     required pam_faillock.so preauth deny=3
auth     sufficient pam_unix.so
auth     [default=die] pam_faillock.so authfail deny=3
account  required pam_faillock.so
account  required pam_unix.so
session  required pam_permit.so
""")
    s = make_server(pam_service="sp-faillock")
    user.key = None
    for n in (1, 2):
        s.ssh(user, "true", password="wrong", NumberOfPasswordPrompts="1")
        lines = sp.run(["faillock", "--user", user.name]).stdout.splitlines()
        assert len([line for line in lines if "RHOST" in line]) == n, lines


def test_a_second_factor_of_its_own_service(make_server, user):
    secret = "3132333435363738393031323334353637383930"
    with open("/etc/users.oath", "w") as f:
        f.write(f"HOTP/T30 {user.name} - {secret}\n")
    os.chmod("/etc/users.oath", 0o600)
    sp.write_pam("sp-otp", """
auth     required pam_oath.so usersfile=/etc/users.oath window=5
account  required pam_permit.so
session  required pam_permit.so
""")
    s = make_server(methods=("publickey,keyboard-interactive:pam/sp-otp",))
    code = sp.run(["oathtool", "--totp", secret], check=0).stdout.strip()
    argv = s.ssh_argv(user, "echo two", BatchMode="no",
                      PreferredAuthentications="publickey,keyboard-interactive")
    t = Terminal(argv)
    t.expect(rb"(?i)(one-time|password).*: ")
    t.send(code + "\n")
    t.expect(rb"two\r\n")
    assert t.wait() == 0
    t = Terminal(argv)
    t.expect(rb"(?i)(one-time|password).*: ")
    t.send("000000\n")
    t.expect(rb"(?i)(one-time|password).*: |denied")
    os.kill(t.pid, 9)
    t.wait()


def test_a_rules_own_service(make_server, make_user, recorded):
    """Auth, account and session of whom the rule decides; the others, and
    whoever is unknown, have the module's."""
    for name in ("sp-main", "sp-vault"):
        sp.write_pam(name, open("/etc/pam.d/sp-recorded").read())
    a, b = make_user(), make_user()
    s = make_server(pam_service="sp-main", rules=f"""rules = (
      {{ name = "base"; match = {{ user = "nobody"; }}; methods = [ "publickey", "password" ]; pam_service = "sp-vault"; }},
      {{ name = "vault"; match = {{ user = "{a.name}"; }}; extends = "base"; }},
      {{ name = "users"; methods = [ "publickey", "password" ]; }} );""")
    s.ssh(a, "true", password=True, check=0)
    s.ssh(b, "true", password=True, check=0)
    s.ssh(a, "true", check=0)
    class Nobody:
        name, password, key = "spt_nobody_there", "x", None
    assert s.ssh(Nobody, "true", password=True, NumberOfPasswordPrompts="1").returncode != 0
    sp.wait_for(lambda: len([c for c in calls() if c["type"] == "close_session"]) == 3, what="the ends")
    seen = {(c["user"], c["type"], c["service"]) for c in calls()}
    session = ("account", "open_session", "close_session")
    assert seen == ({(a.name, t, "sp-vault") for t in ("auth", *session)} |
                    {(b.name, t, "sp-main") for t in ("auth", *session)} |
                    {("spt_nobody_there", "auth", "sp-main")})
    e = sp.run(["sallyportctl", "-f", s.config, "explain", "--user", a.name, "--from", "127.0.0.1"], check=0)
    assert re.search(r'pam_service\W+sp-vault', e.stdout), e.stdout


@pytest.mark.parametrize("rule", ['methods = [ "publickey" ]; pam_service = "sp-absent";',
                                  'methods = [ "password:pam/sp-absent" ];'])
def test_a_service_that_does_not_exist_is_found_by_check(make_server, rule):
    s = make_server(start=False, rules=f'rules = (\n{{ name = "users"; {rule} }} );')
    line = s.text[:s.text.index("sp-absent")].count("\n") + 1
    p = sp.run(["sallyportctl", "-f", s.config, "check"])
    assert p.returncode != 0 and f'{s.config}:{line}: ' in p.stdout + p.stderr, p.stdout + p.stderr
    assert 'no PAM service "sp-absent"' in p.stdout + p.stderr
    s.start(expect=1)


def test_a_service_without_pam_is_found_by_check(make_server):
    s = make_server(start=False, modules='{ name = "publickey"; }',
                    rules='rules = ( { name = "users"; methods = [ "publickey" ]; pam_service = "login"; } );')
    p = sp.run(["sallyportctl", "-f", s.config, "check"])
    assert p.returncode != 0 and "rules.users.pam_service: there is no module pam" in p.stdout + p.stderr


def google(user, secret):
    """What google-authenticator(1) leaves in the home."""
    path = user.home + "/.google_authenticator"
    with open(path, "w") as f:
        f.write(f"{secret}\n\" TOTP_AUTH\n\" WINDOW_SIZE 17\n99887766\n")
    os.chmod(path, 0o400)
    os.chown(path, user.uid, user.gid)


@pytest.mark.skipif(not glob.glob("/usr/lib/*/security/pam_google_authenticator.so"),
                    reason="libpam-google-authenticator is not installed")
def test_google_authenticator_as_second_factor(make_server, user):
    """In a service of its own after the key; and in one stack after the
    password, two questions of one call to PAM; and a scratch code once."""
    secret = "JBSWY3DPEHPK3PXPJBSWY3DPEH"
    google(user, secret)
    sp.write_pam("sp-google", """
auth     required pam_google_authenticator.so
account  required pam_permit.so
session  required pam_permit.so
""")
    sp.write_pam("sp-both", """
auth     required pam_unix.so
auth     required pam_google_authenticator.so
account  required pam_unix.so
session  required pam_permit.so
""")

    def code():
        return sp.run(["oathtool", "--totp", "-b", secret], check=0).stdout.strip()

    def walk(s, method, answers):
        t = Terminal(s.ssh_argv(user, "echo we''re in", BatchMode="no", NumberOfPasswordPrompts="1",
                                PreferredAuthentications=method))
        for asked, answer in answers:
            t.expect(asked)
            t.send(answer + "\n")
        m = t.expect(rb"we're in\r\n|were in\r\n|Permission denied")
        status = t.wait()
        assert (status == 0) == (b"in" in m.group(0)), status
        return status == 0
    s = make_server(methods=("publickey,keyboard-interactive:pam/sp-google",))
    chain = "publickey,keyboard-interactive"
    assert not walk(s, chain, [(rb"Verification code: ", "000000")])
    assert walk(s, chain, [(rb"Verification code: ", code())])
    assert walk(s, chain, [(rb"Verification code: ", "99887766")])
    assert not walk(s, chain, [(rb"Verification code: ", "99887766")])
    s = make_server(methods=("keyboard-interactive",), pam_service="sp-both")
    user.key = None
    for password, number, good in (("wrong", code(), False), (user.password, "000000", False),
                                   (user.password, code(), True)):
        assert walk(s, "keyboard-interactive",
                    [(rb"Password: ", password), (rb"Verification code: ", number)]) == good


def test_keyring_namespace_and_groups_reach_every_kind_of_session(make_server, user):
    """pam_keyinit, pam_namespace and pam_group: in a shell on a terminal, in a
    command, and in sftp, which runs no program."""
    with open("/etc/security/group.conf", "w") as f:
        f.write(f"*;*;{user.name};Al0000-2400;games\n")
    poly, instances = "/mnt/sp/poly", "/mnt/sp/poly-inst"
    os.makedirs(poly, exist_ok=True)
    os.chmod(poly, 0o1777)
    os.makedirs(instances, exist_ok=True)
    os.chmod(instances, 0)
    with open("/etc/security/namespace.conf", "w") as f:
        f.write(f"{poly} {instances}/ user root\n")
    sp.write_pam("sp-space", """
auth     required pam_unix.so
auth     required pam_group.so
account  required pam_unix.so
session  required pam_keyinit.so force revoke
session  required pam_namespace.so
session  required pam_umask.so nousergroups umask=0027
""")
    s = make_server(pam_service="sp-space")
    with open("/mnt/sp/look.py", "w") as f:
        f.write("import ctypes, os, sys\nl = ctypes.CDLL(None)\n"
                "l.syscall.restype = ctypes.c_long\n"
                f"open('{poly}/' + sys.argv[1], 'w').close()\n"
                "print('ring', l.syscall(250, 0, -3, 0), 'made', "
                f"len(os.listdir('{poly}')), 'groups', *os.getgroups(), 'end')\n")
    import grp
    games = grp.getgrnam("games").gr_gid
    look = "python3 /mnt/sp/look.py"
    seen = [s.ssh(user, f"{look} one", check=0).stdout,
            s.ssh(user, f"{look} two", flags=("-tt",), check=0).stdout,
            s.ssh(user, flags=("-tt",), check=0, input=f"{look} three; exit\n").stdout]
    found = [re.search(r"ring (\d+) made (\d+) groups ([\d ]+) end", text) for text in seen]
    assert all(found), seen
    assert len({m.group(1) for m in found}) == 3  # a keyring for each connection
    assert [m.group(2) for m in found] == ["1", "2", "3"]
    assert all(str(games) in m.group(3).split() for m in found)
    # sftp: the umask, the private directory, the group (or chgrp would fail)
    with open("/mnt/sp/wide", "w") as f:
        os.fchmod(f.fileno(), 0o666)
    batch = f"put /mnt/sp/wide {poly}/four\nchgrp {games} {poly}/four\n"
    sp.run(["sftp", "-b", "-", "-P", str(s.port), *s.options(user), f"{user.name}@127.0.0.1"],
           input=batch, check=0)
    st = os.stat(f"{instances}/{user.name}/four")
    assert (st.st_gid, st.st_uid, st.st_mode & 0o777) == (games, user.uid, 0o640)
    assert not os.listdir(poly)  # the machine's own


def test_limits_umask_environment_and_loginuid_reach_programs(make_server, user):
    with open("/etc/sp-limits.conf", "w") as f:
        f.write("* hard nofile 321\n* soft nofile 321\n")
    with open("/etc/sp-env", "w") as f:
        f.write("SP_FROM_PAM=yes\n")
    sp.write_pam("sp-limits", """
auth     required pam_unix.so
account  required pam_unix.so
session  optional pam_loginuid.so
session  required pam_limits.so conf=/etc/sp-limits.conf
session  required pam_env.so envfile=/etc/sp-env
session  required pam_umask.so nousergroups umask=0027
""")
    s = make_server(pam_service="sp-limits")
    p = s.ssh(user, "ulimit -n; umask; echo $SP_FROM_PAM; cat /proc/self/loginuid", check=0)
    out = p.stdout.split()
    assert out[:3] == ["321", "0027", "yes"], out
    # the monitor's own are its own again
    p = s.popen(user, "echo on; cat")
    assert p.stdout.readline() == b"on\n"
    for pid in s.processes("monitor "):
        limits = open(f"/proc/{pid}/limits").read()
        # raising a hard limit again takes CAP_SYS_RESOURCE (bit 24)
        if int(sp.status(pid)["CapEff"], 16) >> 24 & 1:
            assert not re.search(r"Max open files\s+321", limits)
        assert sp.status(pid)["Umask"] == "0022"
    p.kill()
    p.communicate()


def test_mkhomedir(make_server, make_user):
    u = make_user(key=False)
    import shutil
    shutil.rmtree(u.home)
    sp.write_pam("sp-mkhome", """
auth     required pam_unix.so
account  required pam_unix.so
session  required pam_mkhomedir.so
""")
    s = make_server(pam_service="sp-mkhome")
    p = s.ssh(u, "pwd", password=True, check=0)
    assert p.stdout.strip() == u.home


def test_nologin(make_server, user):
    s = make_server()
    with open("/etc/nologin", "w") as f:
        f.write("Down for maintenance.\n")
    try:
        assert s.ssh(user, "true").returncode == 255
    finally:
        os.unlink("/etc/nologin")
    s.ssh(user, "true", check=0)


def test_a_module_that_hangs_ends_at_its_deadline(make_server, user, make_user):
    sp.write_pam("sp-hang", """
auth     required pam_exec.so quiet /bin/sleep 300
auth     required pam_unix.so
account  required pam_permit.so
session  required pam_permit.so
""")
    s = make_server(pam_service="sp-hang", extra="deadlines = { pam = 5; };")
    other = make_user()
    slow = user
    slow.key = None
    p = subprocess.Popen(s.ssh_argv(slow, "true", password=True),
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE)
    time.sleep(1)
    s.ssh(other, "true", check=0)  # nobody else waits
    s.wait_log(r"pam_authenticate", 20)
    p.communicate(timeout=30 * sp.SLOW)
    sp.wait_for(lambda: not s.processes("monitor "), 10, "the monitor's end")
    s.wait_log(r"(?i)deadline|exceeded|took too long|did not return")


def test_the_client_vanishing_at_a_prompt_leaves_nothing(make_server, user):
    s = make_server()
    argv = s.ssh_argv(user, "true", BatchMode="no", PubkeyAuthentication="no",
                      PreferredAuthentications="keyboard-interactive")
    t = Terminal(argv)
    t.expect(rb"assword: ")
    os.kill(t.pid, 9)
    t.wait()
    sp.wait_for(lambda: not s.processes("monitor ") and not s.processes("worker "),
                5, "the end of the processes")


def test_unknown_and_wrong_look_the_same(make_server, user):
    import paramiko
    s = make_server(limits="max_auth_tries = 10;")

    def walk(name):
        t = paramiko.Transport(("127.0.0.1", s.port))
        t.start_client(timeout=20)
        seen = []
        try:
            t.auth_none(name)
        except paramiko.BadAuthenticationType as e:
            seen.append(tuple(e.allowed_types))
        for _ in range(2):
            try:
                t.auth_password(name, "wrong", fallback=False)
            except paramiko.AuthenticationException as e:
                seen.append(type(e).__name__)
        prompts = []
        try:
            t.auth_interactive(name, lambda a, b, c: prompts.append((a, b, tuple(c))) or ["wrong"] * len(c))
        except paramiko.AuthenticationException as e:
            seen.append(type(e).__name__)
        t.close()
        return seen, prompts
    known, unknown = walk(user.name), walk("spt_not_there")
    sp.run(["passwd", "-l", user.name], check=0)
    assert known == unknown == walk(user.name)
