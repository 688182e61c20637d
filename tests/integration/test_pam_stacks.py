"""The modules that every distribution ships, each for what it is there for:
who may, from where, when, and until when."""

import datetime
import os
import re

import pytest

import beside
import sp
from test_terminal import Terminal


def stack(name, account="account  required pam_unix.so", session="session  required pam_permit.so",
          auth="auth     required pam_unix.so"):
    return sp.write_pam(name, f"{auth}\n{account}\n{session}\n"
                        "password required pam_unix.so\n")


def both(s, user, good, why=None, flags=()):
    """By key and by password: the account is asked for either."""
    for password in (False, True):
        mark = s.mark()
        p = s.ssh(user, "echo in", password=password, flags=flags, NumberOfPasswordPrompts="1")
        assert (p.stdout == "in\n") == good, (password, p.stdout, p.stderr)
        if why is not None:
            s.wait_log(why, after=mark)


def test_pam_time(make_server, make_user):
    a, b = make_user(), make_user()
    with open("/etc/security/time.conf", "w") as f:
        f.write(f"sp-time;*;{a.name};!Al0000-2400\nsp-time;ssh;{b.name};Al0000-2400\n")
    s = make_server(pam_service=stack("sp-time", "account required pam_time.so"))
    both(s, a, False, r"pam_acct_mgmt|[Pp]ermission denied|why=")
    both(s, b, True)


def test_pam_access(make_server, user):
    """PAM_RHOST is the numeric address, for every method."""
    path = f"{sp.SCRATCH}/access.conf"
    with open(path, "w") as f:
        f.write(f"+:{user.name}:127.0.0.1\n-:ALL:ALL\n")
    s = make_server(pam_service=stack("sp-access", f"account required pam_access.so accessfile={path} nodefgroup"),
                    listen="0.0.0.0")
    both(s, user, True)
    # The module's own line, an error of syslog's, comes as it is.
    both(s, user, False, r"\[\d+\]: pam_access\(sp-access:account\): access denied for user ", ("-b", "127.0.0.2"))


def test_pam_nologin(make_server, user):
    path = f"{sp.SCRATCH}/no-login"
    s = make_server(pam_service=stack("sp-nologin", f"account required pam_nologin.so file={path}\n"
                                          "account required pam_unix.so"),
                    records='records = { nologin = "pam"; };')
    both(s, user, True)
    with open(path, "w") as f:
        f.write("the house is closed\n")
    p = s.ssh(user, "echo in", password=True, NumberOfPasswordPrompts="1", LogLevel="INFO")
    assert p.stdout == "" and "the house is closed" in p.stderr
    both(s, user, False)
    os.unlink(path)
    both(s, user, True)


def days(n):
    return (datetime.date.today() + datetime.timedelta(days=n)).isoformat()


@pytest.mark.parametrize("change,good,why", [
    (["chage", "-E", days(-2)], False, "expired"),
    (["chage", "-E", days(2)], True, None),
    (["chage", "-d", days(-30), "-M", "10", "-I", "5"], False, "expired"),
    (["chage", "-d", days(-30), "-M", "60", "-W", "3"], True, None),
])
def test_pam_unix_and_ages(make_server, user, change, good, why):
    s = make_server(pam_service=stack("sp-ages"))
    sp.run([*change, user.name], check=0)
    both(s, user, good, why and rf"(?i){why}")


def test_a_warning_of_age_is_shown(make_server, user):
    """Before the success, by whatever the method has: a banner, a dialogue."""
    sp.run(["chage", "-d", days(-8), "-M", "10", "-W", "7", user.name], check=0)
    s = make_server(pam_service=stack("sp-ages"))
    for kw in ({}, {"password": True}):
        p = s.ssh(user, "echo in", check=0, LogLevel="INFO", **kw)
        assert p.stdout == "in\n" and re.search(r"password will expire in [12] day", p.stderr), p.stderr


def test_a_locked_password(make_server, user):
    """No password lets in; a key does, as with sshd and PAM."""
    sp.run(["passwd", "-q", "-l", user.name], check=0)
    s = make_server(pam_service=stack("sp-ages"))
    assert s.ssh(user, "true", password=True, NumberOfPasswordPrompts="1").returncode != 0
    s.ssh(user, "true", check=0)


def test_what_a_session_says_is_shown_once(make_server, user):
    path = f"{sp.SCRATCH}/motd"
    with open(path, "w") as f:
        f.write("welcome, all of you\n")
    s = make_server(pam_service=stack("sp-motd", session=f"session optional pam_motd.so motd={path}\n"
                                      "session required pam_unix.so"),
                    records='records = { motd = "pam"; };')
    t = Terminal(s.ssh_argv(user, flags=("-tt",)))
    t.send("echo he''re; exit\n")
    assert t.expect(rb"(?s).*[\r\n]here\r\n").group(0).count(b"welcome, all of you") == 1
    t.wait()
    assert "welcome" not in s.ssh(user, "true", check=0).stdout  # no terminal, nobody to read it


def lines(size):
    return "".join(f"line {i:05d} of a long text\n" for i in range(size // 27))


def test_long_texts_of_pam_reach_the_terminal(make_server, user):
    """Up to 64 KiB, in the session and before it."""
    path, text = f"{sp.SCRATCH}/long_motd", lines(60000)
    with open(path, "w") as f:
        f.write(text)
    s = make_server(pam_service=stack("sp-long", auth=f"auth optional pam_echo.so file={path}\n"
                                      "auth required pam_unix.so",
                                      session=f"session optional pam_motd.so motd={path}\n"
                                      "session required pam_unix.so"),
                    records='records = { motd = "pam"; };')
    p = s.ssh(user, password=True, flags=("-tt",), LogLevel="INFO", input="exit\n")
    # The terminal echoes what was typed ahead, wherever the text is then.
    shown = p.stdout.replace("\r", "").replace("exit\n", "")
    assert shown.count(text) == 1, (len(p.stdout), len(p.stderr))
    assert text.rstrip() in p.stderr.replace("\r", ""), (len(p.stdout), len(p.stderr))


def test_a_banner_of_a_hundred_kilobytes_is_shown(make_server, user):
    path, text = f"{sp.SCRATCH}/long_banner", lines(100000)
    with open(path, "w") as f:
        f.write(text)
    s = make_server(rules=f'rules = ( {{ name = "users"; methods = [ "publickey" ]; banner = "{path}"; }} );')
    assert text in s.ssh(user, "true", check=0, LogLevel="INFO").stderr


@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
def test_auth_info_is_what_sshd_gives(make_server, make_user, kind):
    """Stacks match on the method, the key's type and the key."""
    user = make_user(key=False)
    user.make_key(kind, extra=["-b", "3072"] if kind == "rsa" else ())
    found, script = f"{sp.SCRATCH}/auth_info", f"{sp.SCRATCH}/auth_info.sh"
    with open(script, "w") as f:
        f.write(f'#!/bin/sh\nprintf %s "$SSH_AUTH_INFO_0" >{found}\n')
    os.chmod(script, 0o755)
    said = {}
    for name in ("sp-info", "sshd"):
        stack(name, session=f"session optional pam_exec.so seteuid {script}")
        server = make_server(pam_service=name) if name == "sp-info" else beside.Sshd()
        for password in (False, True):
            open(found, "w").close()
            server.ssh(user, "true", password=password, check=0)
            said[name, password] = open(found).read()
        if name == "sshd":
            server.stop()
    assert said["sp-info", False].split()[:2] == ["publickey", open(user.key + ".pub").read().split()[0]]
    for password in (False, True):
        assert said["sp-info", password].strip() == said["sshd", password].strip()


def test_a_key_needs_no_credentials_of_pam(make_server, user):
    """pam_setcred() fails: a key enters, as with sshd; a password does not."""
    for options, by_key in (("", True), ("setcred_optional = false;", False)):
        s = make_server(pam_service=stack("sp-cred", auth="auth [success=1 default=ignore] pam_unix.so\n"
                                          "auth requisite pam_deny.so\n"
                                          "auth required pam_debug.so auth=success cred=cred_unavail"),
                        modules='{ name = "pam"; options = { service = "sp-cred"; %s }; }, { name = "publickey"; }' % options)
        assert (s.ssh(user, "true").returncode == 0) == by_key, s.log()
        assert s.ssh(user, "true", password=True, NumberOfPasswordPrompts="1").returncode != 0
