"""A policy on trial: reload --confirm, confirm, revert, --until-login, --at."""

import json
import os
import re
import signal
import time

import pytest

import sp

CTL = os.path.join(sp.BUILD, "sallyportctl")


def ctl(server, *words, check=0):
    return sp.run([CTL, "-f", server.config, "-s", server.control, *words], check=check, timeout=60)


def status(server):
    return json.loads(ctl(server, "--json", "status").stdout)


def shut_out(text, user):
    """The same policy, in which a guard refuses this user."""
    return text + f'guards = ( {{ name = "shut"; match = {{ user = "{user.name}"; }}; refuse = true; }} );\n'


def enters(server, user):
    return server.ssh(user, "true", check=None).returncode == 0


def comes_back(server, user):
    sp.wait_for(lambda: status(server)["trial"] == "over" and enters(server, user), 30,
                "the policy before")


@pytest.fixture
def s(make_server):
    s = make_server()
    assert "guards" not in s.text
    s.good = s.text
    yield s
    # Nothing is left for another server at this path.
    s.write(s.good)
    if s.check().returncode == 0:
        ctl(s, "confirm", check=None)
        ctl(s, "reload", check=None)


def test_a_policy_that_nobody_confirms_is_taken_back(s, user):
    assert enters(s, user)
    s.write(shut_out(s.good, user))
    p = ctl(s, "reload", "--confirm", "4")
    assert "on trial for 4" in p.stdout
    assert status(s)["trial"] == "on" and not enters(s, user)
    comes_back(s, user)
    s.wait_log(r"Configuration on trial, loaded by .*: \d seconds are left to confirm it")
    s.wait_log(r"Configuration taken back: not confirmed in time")
    # its files are on the disk, and a reload does not bring them in
    ctl(s, "reload")
    assert enters(s, user)
    s.wait_log(r"these files were not confirmed")
    os.kill(s.pid, signal.SIGHUP)
    time.sleep(1)
    assert enters(s, user) and status(s)["trial"] == "over"
    # but other files are loaded as ever
    s.write(s.good + "# mended\n")
    ctl(s, "reload")
    assert status(s)["trial"] == "" and enters(s, user)


def test_confirm_keeps_it(s, user):
    s.write(shut_out(s.good, user))
    ctl(s, "reload", "--confirm", "3")
    ctl(s, "confirm")
    s.wait_log(r"Configuration confirmed by ")
    time.sleep(4)
    assert status(s)["trial"] == "" and not enters(s, user)
    assert "no policy is on trial" in ctl(s, "confirm", check=1).stderr
    assert "no policy is on trial" in ctl(s, "revert", check=1).stderr


def test_revert_does_not_wait(s, user):
    s.write(shut_out(s.good, user))
    ctl(s, "reload", "--confirm", "1h")
    ctl(s, "revert")
    comes_back(s, user)
    s.wait_log(r"Configuration taken back: by hand, ")
    # tried again, and kept
    ctl(s, "reload", "--confirm", "1h")
    assert status(s)["trial"] == "on" and not enters(s, user)
    ctl(s, "confirm")


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGKILL])
def test_a_restart_does_not_end_a_trial(s, user, sig):
    s.write(shut_out(s.good, user))
    ctl(s, "reload", "--confirm", "6")
    s.stop(sig)
    s.start()
    assert status(s)["trial"] == "on" and not enters(s, user)
    comes_back(s, user)


def test_its_time_runs_while_the_server_is_down(s, user):
    s.write(shut_out(s.good, user))
    ctl(s, "reload", "--confirm", "2")
    s.stop()
    time.sleep(3)
    assert "these files were not confirmed" in s.start().stderr
    assert enters(s, user)
    # and once more
    s.stop()
    s.start()
    assert enters(s, user) and status(s)["trial"] == "over"
    # other files are a new beginning
    s.stop()
    s.write(shut_out(s.good, user) + "# another\n")
    s.start()
    assert not enters(s, user) and status(s)["trial"] == ""


def test_another_policy_waits_until_the_trial_is_over(s, user):
    s.write(s.good + "# one\n")
    ctl(s, "reload", "--confirm", "1h")
    s.write(s.good + "# two\n")
    for words in (["reload"], ["reload", "--confirm", "1h"]):
        assert "another policy is on trial" in ctl(s, *words, check=1).stderr
    s.write(s.good + "# one\n")
    ctl(s, "reload", "--confirm", "2h")
    until = status(s)["trial_until"]
    assert until > time.time() + 3600
    ctl(s, "reload")
    assert status(s)["trial_until"] == until
    ctl(s, "confirm")


def test_a_policy_that_is_rejected_is_not_on_trial(s, user):
    s.write(s.good + "nonsense;\n")
    assert ctl(s, "reload", "--confirm", "2", check=1)
    assert status(s)["trial"] == "" and enters(s, user)
    s.write(s.good.replace("modules = (", 'modules = ( { name = "nosuch"; },'))
    ctl(s, "reload", "--confirm", "2", check=1)
    time.sleep(3)
    assert status(s)["trial"] == "" and enters(s, user)


def test_a_login_confirms(s, user, make_user):
    other = make_user()
    s.write(s.good + "# new\n")
    ctl(s, "reload", "--confirm", "8", "--until-login", f"user:{user.name}")
    assert enters(s, other)
    time.sleep(2)
    assert status(s)["trial"] == "on"
    p = s.popen(user, "sleep 3")
    sp.wait_for(lambda: status(s)["trial"] == "", 10, "the confirmation")
    s.wait_log(rf"Configuration confirmed: login by user:{user.name}")
    p.wait()


def test_a_login_that_is_over_at_once_confirms(s, user):
    s.write(s.good + "# new\n")
    ctl(s, "reload", "--confirm", "5m", "--until-login", f"user:{user.name}")
    assert enters(s, user)
    sp.wait_for(lambda: status(s)["trial"] == "", 10, "the confirmation")
    s.wait_log(rf"Configuration confirmed: login by user:{user.name}")


def test_a_session_from_before_confirms_nothing(s, user):
    p = s.popen(user, "sleep 30")
    sp.wait_for(lambda: json.loads(ctl(s, "--json", "sessions").stdout), 10, "the session")
    s.write(s.good + "# new\n")
    ctl(s, "reload", "--confirm", "3", "--until-login", f"user:{user.name}")
    comes_back(s, user)
    p.kill()
    p.wait()


def test_a_reload_at_a_time(s, user):
    s.write(shut_out(s.good, user))
    p = ctl(s, "reload", "--at", f"@{int(time.time()) + 3600}")
    assert "planned for" in p.stdout and status(s)["planned"] > time.time()
    ctl(s, "reload", "--at", "never")
    assert status(s)["planned"] == 0
    ctl(s, "reload", "--at", "never", check=1)
    ctl(s, "reload", "--confirm", "1h", "--at", f"@{int(time.time()) + 3}")
    assert enters(s, user)
    sp.wait_for(lambda: status(s)["trial"] == "on", 20, "the planned reload")
    assert not enters(s, user)
    ctl(s, "revert")
    comes_back(s, user)


def test_a_plan_outlives_a_reload(s, user):
    ctl(s, "reload", "--at", f"@{int(time.time()) + 3600}")
    planned = status(s)["planned"]
    s.write(s.good + "# by hand\n")
    ctl(s, "reload")
    assert status(s)["planned"] == planned
    ctl(s, "reload", "--at", "never")


@pytest.mark.parametrize("words, said", [
    (["--confirm", "0"], "--confirm 0: a time"),
    (["--confirm", "soon"], "--confirm soon: a time"),
    (["--confirm", "8d"], "a trial is 1 second to 7 days"),
    (["--until-login", "user:a"], "needs --confirm"),
    (["--confirm", "5m", "--until-login", "group:wheel"], "user:NAME or rule:NAME"),
    (["--confirm", "5m", "--until-login", "user:"], "user:NAME or rule:NAME"),
    (["--at", "@1000"], "the time is past"),
    (["--at", "tomorrow"], "--at tomorrow: never, or a time"),
    (["--often"], "no such option"),
])
def test_what_cannot_be_meant_is_refused(s, words, said):
    p = ctl(s, "reload", *words, check=None)
    assert p.returncode != 0 and said in p.stderr
    assert status(s)["trial"] == "" and status(s)["planned"] == 0


def test_listeners_come_back_too(s, user):
    port = s.port + 700
    assert re.search(r"port = \d+", s.good)
    s.write(re.sub(r"port = \d+", f"port = {port}", s.good, count=1))
    ctl(s, "reload", "--confirm", "3")
    assert not enters(s, user)
    sp.wait_for(lambda: status(s)["trial"] == "over" and enters(s, user), 20, "the port")
