"""Guessers: penalties outlive the server, and go to a firewall."""

import os
import signal
import subprocess
import time

import sp
from test_ctl import complete, ctl, ctl_json


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
