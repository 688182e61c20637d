"""The sanitizers' build sees what happens behind the walls: a bug planted in
the worker is reported through its filter, its empty root directory and its
closed stderr, and the report fails whichever test it happened in."""

import os
import re

import pytest

import conftest
import evil_worker
import sp

pytestmark = pytest.mark.skipif(not sp.ASAN, reason="not built with sanitizers")

BUGS = {"h": "AddressSanitizer: heap-buffer-overflow",
        "a": "AddressSanitizer: heap-use-after-free",
        "s": "runtime error: signed integer overflow"}


@pytest.fixture(scope="module")
def messages():
    evil_worker.build()
    before, sp.DAEMON = sp.DAEMON, evil_worker.DAEMON
    yield evil_worker.table()
    sp.DAEMON = before


@pytest.fixture
def stained(make_server, messages):
    s = make_server()
    conftest.check_log(s)  # nothing yet
    s.expect_report = True
    yield s
    s.expect_report = False  # as in every other test
    with pytest.raises(AssertionError, match="AddressSanitizer|runtime error"):
        conftest.check_log(s)
    s.expect_report = True


def commit(server, user, messages, bug, state):
    with evil_worker.Evil(server, messages) as e:
        e.to(state, user)
        e.bug(bug)
        e.wait_end()  # which is not the '!' of a bug that nobody noticed
    return server.wait_log(BUGS[bug])


@pytest.mark.parametrize("bug", BUGS)
def test_a_bug_in_the_worker_is_reported(stained, user, messages, bug):
    commit(stained, user, messages, bug, "KEX")
    # With the place: the function that did it is found in the report.
    stained.wait_log(r"#0 0x[0-9a-f]+ .*evil|evil\.c:\d+")
    stained.ssh(user, "true", check=0)


def test_and_so_it_is_after_the_login(stained, user, messages):
    commit(stained, user, messages, "h", "OPEN")


def test_the_monitor_tells_that_its_worker_broke(stained, user, messages):
    commit(stained, user, messages, "s", "AUTH")
    assert not re.search("Accepted", stained.log())


def test_every_process_has_a_place_for_reports(stained, user, messages):
    p = stained.popen(user, "echo on; exec cat")
    assert p.stdout.readline() == b"on\n"
    titles = {}
    for pid, title in stained.processes().items():
        if title.startswith("sallyportd"):
            titles[title.split()[1].rstrip(":")] = os.readlink(f"/proc/{pid}/fd/2")
    p.communicate(timeout=20)
    assert {"master", "keyholder", "monitors", "monitor", "workers", "worker",
            "session"} <= set(titles)
    assert set(titles.values()) == {stained.log_file}
    commit(stained, user, messages, "s", "KEX")  # for the fixture


def test_a_report_comes_out_where_syslog_has_the_log(make_server, user, messages):
    s = make_server(start=False)
    sp.run([sp.DAEMON, "-f", s.config], env=s.env, check=0)
    s.pid = int(open(s.pid_file).read())
    with evil_worker.Evil(s, messages) as e:
        e.bug("h")
        e.wait_end()
    with pytest.raises(AssertionError, match=BUGS["h"]):
        sp.wait_for(lambda: conftest.check_log(s), what="the report")
    s.expect_report = True
