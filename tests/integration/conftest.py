"""Fixtures, and what every test leaves behind: nothing."""

import glob
import os
import re

import pytest

import events
import sp

EVENTS_SEEN = os.path.join(os.path.dirname(sp.SCRATCH), "out", "events")
events_to_see = events.catalogue()


def note_events(log):
    """What no test has seen in a log yet, for the pool."""
    new = events.seen_in(log, events_to_see)
    for name in new:
        del events_to_see[name]
    with open(EVENTS_SEEN, "a") as f:
        f.writelines(name + "\n" for name in sorted(new))


@pytest.fixture
def user():
    u = sp.User()
    u.make_key()
    yield u
    u.remove()


@pytest.fixture
def make_user():
    made = []

    def make(**kw):
        key = kw.pop("key", True)
        u = sp.User(**kw)
        made.append(u)
        if key:
            u.make_key()
        return u
    yield make
    for u in made:
        u.remove()


@pytest.fixture
def make_server():
    made = []

    def make(**kw):
        s = sp.Server(**kw)
        made.append(s)
        return s
    yield make
    for s in made:
        s.stop()
        check_log(s)


@pytest.fixture
def server(make_server):
    return make_server()


def check_log(s):
    """A sanitizer's report, or a process of ours that failed, fails the test."""
    log = s.log()
    note_events(log)
    bad = re.search(r"(AddressSanitizer|runtime error:|LeakSanitizer|"
                    r"internal error).*", log)
    assert not bad or getattr(s, "expect_report", False), \
        bad.group(0) + "\n" + log[-8000:]
    for path in glob.glob(s.dir + "/asan.*"):
        text = open(path, errors="replace").read()
        assert not text or getattr(s, "expect_report", False), text[:6000]
