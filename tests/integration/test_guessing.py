"""Guessers: penalties outlive the server and go to a firewall, and an account
has a limit over all sources that locks nobody out."""

import os
import signal
import subprocess

import pytest

import sp
from control import ctl, ctl_json
from test_ctl import complete


def penalties(server):
    return {p["source"]: p for p in ctl_json(server, "penalties")}


def test_penalties_outlive_a_stop_of_the_server(make_server, user):
    s = make_server(penalties="enabled = true;")
    ctl(s, "penalties", "add", "192.0.2.7", "1h")
    ctl(s, "penalties", "add", "127.0.0.1", "1h")
    ctl(s, "penalties", "add", "2001:db8::1", "1h")
    before = penalties(s)
    s.stop()
    s.start()
    after = penalties(s)
    assert set(after) == set(before) and len(after) == 3
    for source, p in after.items():
        assert p["in_force"] and before[source]["seconds"] - 60 < p["seconds"] <= before[source]["seconds"]
    assert s.ssh(user, "true").returncode == 255
    ctl(s, "penalties", "clear")
    s.stop()
    s.start()
    assert penalties(s) == {}
    assert s.ssh(user, "echo in").stdout == "in\n"


def test_penalties_outlive_a_server_that_is_killed(make_server, user):
    s = make_server(penalties="enabled = true; auth_failure = 600; no_auth = 0;")
    user.password = "wrong"
    assert s.ssh(user, "true", password=True, NumberOfPasswordPrompts="1").returncode != 0
    sp.wait_for(lambda: os.path.exists(s.penalty_file), 20, "the file")
    s.stop(signal.SIGKILL)
    s.start()
    (one,) = ctl_json(s, "penalties")
    assert one["cause"] == "failed authentication" and one["in_force"]
    assert s.ssh(user, "true").returncode == 255


def test_the_file_of_penalties_is_root_s_alone(make_server):
    s = make_server(penalties="enabled = true;")
    ctl(s, "penalties", "add", "192.0.2.7", "1h")
    s.stop()
    assert os.stat(s.penalty_file).st_mode & 0o7777 == 0o600
    assert os.stat(sp.PENALTIES).st_mode & 0o7777 == 0o700


def test_a_damaged_file_of_penalties_is_set_aside(make_server, user):
    s = make_server(penalties="enabled = true;")
    ctl(s, "penalties", "add", "192.0.2.7", "1h")
    s.stop()
    with open(s.penalty_file, "r+b") as f:
        f.seek(40)
        f.write(b"\xff")
    damaged = open(s.penalty_file, "rb").read()
    mark = s.mark()
    s.start()
    s.wait_log("the penalties of the server before cannot be read", after=mark)
    assert penalties(s) == {}
    assert open(s.penalty_file + ".damaged", "rb").read() == damaged
    os.unlink(s.penalty_file + ".damaged")
    assert s.ssh(user, "echo in").stdout == "in\n"
    ctl(s, "penalties", "add", "192.0.2.8", "1h")
    s.stop()
    s.start()
    assert set(penalties(s)) == {"192.0.2.8/32"}


def test_a_server_goes_on_where_penalties_cannot_be_written(make_server, user):
    os.makedirs(sp.PENALTIES, exist_ok=True)
    s = make_server(penalties="enabled = true;")
    sp.run(["mount", "-t", "tmpfs", "-o", "ro,mode=700", "tmpfs", sp.PENALTIES], check=0)
    try:
        ctl(s, "penalties", "add", "192.0.2.7", "1h")
        s.wait_log("penalties are not kept for a restart: Read-only file system")
        assert s.ssh(user, "echo in").stdout == "in\n"
        s.stop()
        s.start()
        assert penalties(s) == {}
    finally:
        sp.run(["umount", "-l", sp.PENALTIES], check=0)


def nft(script, *more):
    """In a network namespace of its own, twice: the second replaces the first."""
    commands = "nft -f /dev/fd/3 3<<<\"$1\" && nft -f /dev/fd/3 3<<<\"$1\" && nft list ruleset"
    return subprocess.run(["unshare", "-n", "bash", "-c", commands, "nft", script],
                          capture_output=True, text=True, timeout=30)


def test_nftables_takes_the_exported_sets(make_server):
    s = make_server(penalties="enabled = true; auth_failure = 5; minimum = 600; maximum = 3600;")
    empty = ctl(s, "penalties", "export", "--nft").stdout
    p = nft(empty)
    assert p.returncode == 0 and "set penalties4" in p.stdout, p.stderr
    for address in ("192.0.2.7", "203.0.113.9", "2001:db8::1", "198.51.100.1", "198.51.100.2",
                    "198.51.100.3"):
        ctl(s, "penalties", "add", address, "10m")
    text = ctl(s, "penalties", "export", "--nft").stdout
    p = nft(text)
    assert p.returncode == 0, p.stderr
    for element in ("192.0.2.7 timeout", "203.0.113.9 timeout", "198.51.100.3 timeout",
                    "2001:db8::/64 timeout"):
        assert element in p.stdout, p.stdout
    assert p.stdout.count("timeout 10m") == 6 or p.stdout.count("timeout 9m") > 0


def test_only_what_is_refused_is_exported(make_server, user):
    s = make_server(penalties="enabled = true; auth_failure = 5; no_auth = 0; minimum = 600; "
                              "maximum = 3600;")
    user.password = "wrong"
    s.ssh(user, "true", password=True, NumberOfPasswordPrompts="1")
    sp.wait_for(lambda: penalties(s), 10, "the penalty")
    assert "127.0.0.1" not in ctl(s, "penalties", "export", "--nft").stdout


def test_an_export_is_no_json_and_is_completed(make_server):
    s = make_server(penalties="enabled = true;")
    assert "not JSON" in ctl(s, "--json", "penalties", "export", "--nft", check=2).stdout
    ctl(s, "penalties", "export", check=2)
    assert complete(s, "penalties", "e") == ["export"]
    assert complete(s, "penalties", "export", "") == ["--nft"]


# ---- one account, guessed at from many sources ----

LIMITED = "guesses = 3; guess_every = \"10m\";"
RIGHT = "s3cret pass"


@pytest.fixture
def limited(make_server):
    return make_server(grants=LIMITED, limits="max_auth_tries = 10;")


def enter(s, user, source, password=RIGHT, method="password", **options):
    """From one of the loopback's many addresses: does it enter?"""
    user.password = password
    try:
        p = s.ssh(user, "echo in", password=True, BindAddress=source,
                  NumberOfPasswordPrompts="1", PreferredAuthentications=method,
                  PubkeyAuthentication="no", **options)
    finally:
        user.password = RIGHT
    assert (p.stdout == "in\n") == (p.returncode == 0)
    return p.returncode == 0


def guess(s, user, times, network="127.0.9", method="password"):
    for i in range(times):
        assert not enter(s, user, f"{network}.{i + 1}", "wrong", method)


def accounts(s):
    return [p for p in ctl_json(s, "penalties") if "uid" in p]


@pytest.mark.parametrize("method", ["password", "keyboard-interactive"])
def test_guesses_from_many_sources_are_limited_for_an_account(limited, user, make_user, method):
    s = limited
    other = make_user()
    guess(s, user, 3, method=method)
    assert "are not looked at" not in s.log()
    mark = s.mark()
    # The right password is refused from a source that nobody has seen.
    assert not enter(s, user, "127.0.8.1", method=method)
    s.wait_log("are not looked at: too many guesses", after=mark)
    s.wait_log("refusal=guesses", after=mark)
    (one,) = accounts(s)
    assert one["uid"] == user.uid and one["in_force"] is True and one["seconds"] <= 1800
    assert f"{user.name}: guesses from unknown sources, refused" in ctl(s, "penalties").stdout
    # Nobody else's account is.
    assert enter(s, other, "127.0.8.1", method=method)


def test_a_key_enters_whatever_is_guessed(limited, user):
    guess(limited, user, 5)
    assert limited.ssh(user, "echo in", BindAddress="127.0.8.1").stdout == "in\n"


def test_a_known_source_enters_whatever_is_guessed(limited, user):
    s = limited
    assert enter(s, user, "127.0.7.7")
    guess(s, user, 5)
    assert not enter(s, user, "127.0.8.1")
    for _ in range(2):
        assert enter(s, user, "127.0.7.7")
    # Nor are guesses from there counted.
    ctl(s, "penalties", "clear")
    for _ in range(5):
        assert not enter(s, user, "127.0.7.7", "wrong")
    assert accounts(s) == [] and enter(s, user, "127.0.8.1")


def test_a_source_is_known_by_a_login_with_a_key(limited, user):
    s = limited
    assert s.ssh(user, "true", BindAddress="127.0.7.7").returncode == 0
    guess(s, user, 4)
    assert not enter(s, user, "127.0.8.1") and enter(s, user, "127.0.7.7")


def test_a_password_behind_a_key_is_not_limited(make_server, user):
    s = make_server(methods=("publickey,password",), grants=LIMITED)

    def both(source, password=RIGHT):
        user.password = password
        p = s.ssh(user, "echo in", password=True, BindAddress=source, NumberOfPasswordPrompts="1",
                  PreferredAuthentications="publickey,password", PubkeyAuthentication="yes")
        user.password = RIGHT
        return p.stdout == "in\n"
    for i in range(5):
        assert not both(f"127.0.9.{i + 1}", "wrong")
    assert accounts(s) == [] and both("127.0.8.1")


def test_right_passwords_use_no_guesses_up(limited, user):
    for i in range(6):
        assert enter(limited, user, f"127.0.9.{i + 1}")
    assert accounts(limited) == []


def test_guesses_and_known_sources_outlive_reload_and_restart(limited, user):
    s = limited
    assert enter(s, user, "127.0.7.7")
    guess(s, user, 4)
    ctl(s, "reload")
    assert not enter(s, user, "127.0.8.1") and enter(s, user, "127.0.7.7")
    s.stop()
    s.start()
    assert accounts(s)[0]["uid"] == user.uid
    assert not enter(s, user, "127.0.8.1") and enter(s, user, "127.0.7.7")


def test_an_administrator_forgets_the_guesses_at_an_account(limited, user):
    s = limited
    guess(s, user, 4)
    assert not enter(s, user, "127.0.8.1")
    assert "no such user" in ctl(s, "penalties", "clear", "user:spt_nobody", check=1).stderr
    assert ctl_json(s, "penalties", "clear", f"user:{user.name}") == {"cleared": 1}
    assert accounts(s) == [] and enter(s, user, "127.0.8.1")


def answers(s, name, source, password):
    """Every packet's shape that a client sees of one wrong password."""
    argv = ["sshpass", "-p", password, "ssh", "-F", "none", "-vvv", "-p", str(s.port),
            "-b", source, "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
            "-o", "PreferredAuthentications=password", "-o", "NumberOfPasswordPrompts=1",
            f"{name}@127.0.0.1", "true"]
    text = sp.run(argv, check=None).stderr
    lines = [line for line in text.splitlines()
             if "receive packet" in line or "Authentications that can" in line
             or "Permission denied" in line]
    return [line.replace(name, "NAME") for line in lines]


def test_a_refused_guess_looks_as_a_wrong_password_does(limited, user):
    s = limited
    wrong = answers(s, user.name, "127.0.9.1", "wrong")
    guess(s, user, 3, "127.0.6")
    mark = s.mark()
    refused = answers(s, user.name, "127.0.8.1", RIGHT)
    s.wait_log("are not looked at: too many guesses", after=mark)
    assert refused == wrong and any("Permission denied" in line for line in wrong)
    assert answers(s, "spt_nobody", "127.0.8.1", RIGHT) == wrong
