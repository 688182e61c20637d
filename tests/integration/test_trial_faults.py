"""A policy on trial when something else is wrong: the state directory, the
clock, ports, signals in a row, a server that has stopped."""

import os
import re
import signal
import socket
import struct
import subprocess
import time

import pytest

import sp
from test_trial import comes_back, ctl, enters, s, shut_out, status  # noqa: F401

STATE = "/var/lib/sallyport"
TRIALS = STATE + "/trials"


def trial_file(server):
    return TRIALS + "/" + server.config.replace("/", "%2F")


@pytest.fixture
def small_disk():
    """The state directory on a file system that can be filled or made read-only."""
    os.makedirs(STATE, exist_ok=True)
    sp.run(["mount", "-t", "tmpfs", "-o", "size=256k,mode=755", "tmpfs", STATE], check=0)
    yield STATE
    sp.run(["umount", "-l", STATE], check=0)


@pytest.fixture
def var_lib():
    mode = os.stat("/var/lib").st_mode & 0o7777
    yield "/var/lib"
    os.chmod("/var/lib", mode)


def test_the_state_directory_may_be_a_link(s, user, tmp_path_factory):
    moved = STATE + ".moved"
    os.makedirs(STATE, exist_ok=True)
    os.rename(STATE, moved)
    os.symlink(moved, STATE)
    try:
        s.write(shut_out(s.good, user))
        ctl(s, "reload", "--confirm", "3")
        assert status(s)["trial"] == "on"
        comes_back(s, user)
    finally:
        os.unlink(STATE)
        os.rename(moved, STATE)


def test_no_trial_begins_that_could_not_be_read_again(s, user, var_lib):
    os.chmod(var_lib, 0o775)
    s.write(shut_out(s.good, user))
    p = ctl(s, "reload", "--confirm", "3", check=1)
    assert "cannot be read back" in p.stderr
    assert enters(s, user) and not os.path.exists(trial_file(s))


def test_a_full_disk_does_not_bring_back_what_was_reverted(s, user, small_disk):
    s.write(shut_out(s.good, user))
    ctl(s, "reload", "--confirm", "1h")
    with open(STATE + "/filler", "wb", buffering=0) as f, pytest.raises(OSError):
        while True:
            f.write(bytes(4096))
    ctl(s, "revert")
    sp.wait_for(lambda: enters(s, user), 30, "the policy before")
    s.wait_log("No space left on device")
    os.unlink(STATE + "/filler")
    ctl(s, "reload")
    assert enters(s, user) and status(s)["trial"] == "over"


def test_a_full_disk_begins_no_trial(s, user, small_disk):
    with open(STATE + "/filler", "wb", buffering=0) as f, pytest.raises(OSError):
        while True:
            f.write(bytes(4096))
    s.write(shut_out(s.good, user))
    assert "No space left" in ctl(s, "reload", "--confirm", "3", check=1).stderr
    assert enters(s, user) and status(s)["trial"] == ""


def test_a_confirmation_that_a_restart_would_forget_is_none(s, user, small_disk):
    s.write(shut_out(s.good, user))
    ctl(s, "reload", "--confirm", "1h")
    sp.run(["mount", "-o", "remount,ro", STATE], check=0)
    assert "Read-only" in ctl(s, "confirm", check=1).stderr
    assert status(s)["trial"] == "on"
    sp.run(["mount", "-o", "remount,rw", STATE], check=0)
    ctl(s, "confirm")
    assert status(s)["trial"] == ""


def test_an_unreadable_trial_lets_nothing_in(s, user):
    s.write(shut_out(s.good, user))
    ctl(s, "reload", "--confirm", "2")
    comes_back(s, user)
    with open(trial_file(s), "r+b") as f:
        f.truncate(50)
    assert "cannot be read" in ctl(s, "reload", check=1).stderr
    assert enters(s, user)
    os.unlink(trial_file(s))
    ctl(s, "reload")
    assert not enters(s, user) and status(s)["trial"] == ""


def test_a_clock_that_was_set_back_makes_no_trial_longer(s, user):
    s.write(shut_out(s.good, user))
    ctl(s, "reload", "--confirm", "4")
    s.stop()
    with open(trial_file(s), "r+b") as f:
        data = f.read()
        (length,) = struct.unpack_from(">I", data)
        at = 4 + length
        (length,) = struct.unpack_from(">I", data, at)
        at += 4 + length + 1
        (until,) = struct.unpack_from(">Q", data, at)
        assert abs(until - time.time()) < 60
        f.seek(at)
        f.write(struct.pack(">Q", until + 3 * 86400))
    s.start()
    comes_back(s, user)


def test_signals_in_a_row_do_not_end_the_server(s, user):
    for _ in range(150):
        os.kill(s.pid, signal.SIGHUP)
        time.sleep(0.01)
    sp.wait_for(lambda: ctl(s, "reload", check=None).returncode == 0, 30, "a reload")
    assert enters(s, user)


def test_a_signal_brings_in_nothing_else_while_a_trial_begins(s, user):
    """SIGHUP when the new image has not found out yet what is on trial."""
    s.write(s.good + "# on trial\n")
    p = subprocess.Popen([ctl.__globals__["CTL"], "-f", s.config, "-s", s.control, "reload", "--confirm", "1h"],
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    path = trial_file(s)
    while not os.path.exists(path) and p.poll() is None:
        time.sleep(0.001)
    s.write(shut_out(s.good, user))
    for _ in range(300):
        os.kill(s.pid, signal.SIGHUP)
        time.sleep(0.01)
        if "another policy is on trial" in s.log():
            break
    p.wait()
    s.wait_log("another policy is on trial")
    assert enters(s, user) and status(s)["trial"] == "on"


def test_a_taken_port_does_not_keep_the_policy_before_out(s, user):
    s.write(s.good + "reload_needs_listeners = true;\n")
    ctl(s, "reload")
    old, port = s.port, s.port + 700
    s.write(re.sub(r"port = \d+", f"port = {port}", shut_out(s.good, user), count=1))
    ctl(s, "reload", "--confirm", "3")
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", old))
        taken.listen()
        s.port = port  # stays open for want of the other
        comes_back(s, user)
    s.port = old
    ctl(s, "reload", check=None)


def test_the_keeper_of_a_stopped_server_s_sessions_plans_nothing(s, user):
    p = s.popen(user, "echo on; cat")
    assert p.stdout.readline() == b"on\n"
    ctl(s, "reload", "--at", f"@{int(time.time()) + 3}")
    mark = s.mark()
    os.kill(s.pid, signal.SIGTERM)
    s.wait_log("Received signal|[Tt]erminating|stop", after=mark)
    time.sleep(5)
    assert not re.search("SIGHUP|eload|rejected", s.log()[mark:]), s.log()[mark:]
    assert p.poll() is None
    s.start()
    p.communicate()


@pytest.mark.parametrize("login", ["user:" + "a" * 63, "user:" + "b" * 200, "rule:" + "c" * 63])
def test_a_name_too_long_to_be_recognised_confirms_nothing(s, login):
    p = ctl(s, "reload", "--confirm", "5m", "--until-login", login, check=1)
    assert "user:NAME or rule:NAME" in p.stderr
    ctl(s, "reload", "--confirm", "5m", "--until-login", login[:5 + 62])
    ctl(s, "confirm")
