"""A compromised worker against a real monitor: every message in every state,
spoilt in every way.  The monitor ends the connection, says so in the audit,
never crashes and never grants."""

import re
import struct

import pytest

import evil_worker
from wall import *


def test_the_list_of_this_test_is_the_table_s(messages):
    assert UP == [m.name for m in messages.values() if m.up]


@pytest.mark.parametrize("state", REACHABLE)
def test_what_is_illegal_in_a_state_ends_the_connection(
        server, user, expired, messages, state):
    master = server.pid
    tried = 0
    for m in messages.values():
        if m.up and (state in m.states or
                     state == "CLOSING" and "AUTH" in m.states):
            continue  # (it may have crossed the order to leave)
        with evil_worker.Evil(server, messages) as e:
            e.to(state, user, expired)
            mark = server.mark()
            before = len(e.got)
            e.send(m.name)
            e.wait_end()
            # What breaks a budget too is refused before it has a name.
            named = m.up and m.name != "version"
            server.wait_log(VIOLATION + (rf".*message {m.name} in state {state}"
                                         if named else ""), after=mark)
            assert len(e.got) == before, (m.name, e.got[before:])
        tried += 1
    assert tried > 30
    unharmed(server, user, master)


def test_what_crosses_the_order_to_leave_is_passed_over(
        server, user, messages):
    mark = server.mark()
    for name in [m.name for m in messages.values()
                 if m.up and "AUTH" in m.states and "CLOSING" not in m.states]:
        with evil_worker.Evil(server, messages) as e:
            e.to("CLOSING", user)
            before = len(e.got)
            e.send(name)
            assert e.alive(0.05) and len(e.got) == before, name
            assert not e.granted()
    assert not re.search(VIOLATION, server.log()[mark:])


@pytest.mark.parametrize("state", REACHABLE)
@pytest.mark.parametrize("size", ["smallest", "largest"])
def test_what_is_legal_but_absurd_harms_nobody(
        server, user, expired, messages, state, size):
    master = server.pid
    for m in messages.values():
        if not m.up or state not in m.states:
            continue
        values = {f.name: getattr(f, size)() for f in m.fields}
        with evil_worker.Evil(server, messages) as e:
            e.to(state, user, expired)
            opened = e.granted()
            for _ in range(3):
                e.send(m.name, **values)
            e.alive(0.02)
            assert opened or not e.granted()
    if state != "OPEN":
        assert "Accepted" not in server.log()
    unharmed(server, user, master)


@pytest.mark.parametrize("state", ["KEX", "AUTH", "OPEN"])
def test_each_field_over_its_limit(server, user, messages, state):
    master = server.pid
    for m in messages.values():
        if not m.up or state not in m.states:
            continue
        for f in m.fields:
            if f.over() is None:
                continue
            with evil_worker.Evil(server, messages) as e:
                e.to(state, user)
                mark = server.mark()
                e.send(m.name, **{f.name: f.over()})
                e.wait_end()
                violated(server, mark)
    unharmed(server, user, master)


@pytest.mark.parametrize("state", ["KEX", "AUTH", "ASKING", "OPEN"])
def test_cut_and_lengthened_messages(server, user, messages, state):
    master = server.pid
    for m in messages.values():
        if not m.up or state not in m.states:
            continue
        good = m.encode(**{f.name: b"x" * min(f.limit, 9) if f.kind in "ts" else
                           min(f.limit, 1) for f in m.fields})
        cuts = [good[:len(good) // 2], good[:1]] if state != "OPEN" else []
        for data in [good[:-1], good + b"\0"] + cuts:
            with evil_worker.Evil(server, messages) as e:
                e.to(state, user)
                mark = server.mark()
                e.raw(data)
                e.wait_end()
                violated(server, mark)
    unharmed(server, user, master)


@pytest.mark.parametrize("state", ["KEX", "AUTH", "OPEN"])
def test_descriptors_nobody_asked_for(server, user, messages, state):
    master = server.pid
    for name in ("log", "auth_none", "session_open", "report"):
        if state not in messages[name].states:
            continue
        for fds in (1, 4, 5, 6, 16):
            with evil_worker.Evil(server, messages) as e:
                e.to(state, user)
                mark = server.mark()
                e.send(name, fds=fds)
                e.wait_end()
                violated(server, mark)
    unharmed(server, user, master)


def test_the_empty_message_is_the_end(server, user, messages):
    master = server.pid
    for state in ("KEX", "AUTH", "OPEN"):
        with evil_worker.Evil(server, messages) as e:
            e.to(state, user)
            e.raw(b"")
            e.wait_end()
    unharmed(server, user, master)


def test_too_large_a_message(server, user, messages):
    master = server.pid
    mark = server.mark()
    with evil_worker.Evil(server, messages) as e:
        e.raw(struct.pack(">H", messages["log"].number) + b"\0" * 200000)
        e.wait_end()
    violated(server, mark)
    unharmed(server, user, master)


@pytest.mark.parametrize("state", ["KEX", "AUTH", "OPEN"])
def test_random_bytes(server, user, messages, state):
    master = server.pid
    for seed in range(40):
        with evil_worker.Evil(server, messages) as e:
            e.to(state, user)
            opened = e.granted()
            mark = server.mark()
            data = evil_worker.noise(seed, 2 + seed * 37)
            if seed % 2:  # a known type, and rubbish behind it
                up = [m for m in messages.values() if m.up]
                data = struct.pack(">H", up[seed % len(up)].number) + data
            e.raw(data)
            e.wait_end()
            violated(server, mark)
            assert opened or not e.granted()
    unharmed(server, user, master)
