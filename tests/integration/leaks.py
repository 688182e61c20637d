"""What a server holds at a moment, and what it holds more than before.

snapshot() looks at the processes below a master, their descriptors and
memory, the status slots, the ptys and the login records; leaks() names the
difference.  unpaired() reads the audit for connections that did not open and
close once each.  test_leaks.py plants a leak of each kind.
"""

import collections
import json
import os
import re
import struct

SLOTS = 16384
UTMP = struct.Struct("=h2xi32s4s32s256s")
UTMP_SIZE = 384
USER_PROCESS = 7
# Memory of a long-lived process may grow by this much, in KB: what malloc
# keeps, and pages that copy-on-write has split.
SLACK_KB = 512

Snapshot = collections.namedtuple(
    "Snapshot", "processes descriptors memory slots ptys records")


def below(master):
    """pid: (title, state) of the master and all that came from it."""
    found, children = {}, {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            stat = open(f"/proc/{name}/stat").read()
            line = open(f"/proc/{name}/cmdline").read()
        except OSError:
            continue
        state, parent = stat.rsplit(")", 1)[1].split()[:2]
        title = line.split("\0")[0].strip() or stat.split("(", 1)[1].rsplit(")", 1)[0]
        found[int(name)] = (title, state)
        children.setdefault(int(parent), []).append(int(name))
    out, todo = {}, [master]
    while todo:
        pid = todo.pop()
        if pid in found:
            out[pid] = found[pid]
        todo += children.get(pid, [])
    return out


def descriptors(pid):
    """How many of each kind; a socket's or a pipe's number says nothing."""
    kinds = collections.Counter()
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            target = os.readlink(f"/proc/{pid}/fd/{fd}")
        except OSError:
            continue
        kinds[re.sub(r"\[\d+\]| \(deleted\)", "", target)] += 1
    return kinds


def memory(pid):
    """Anonymous memory in KB."""
    for line in open(f"/proc/{pid}/status"):
        if line.startswith("RssAnon:"):
            return int(line.split()[1])
    return 0


def slots_in_use(pid):
    """Slots that a connection has, in every table that the process holds."""
    tables = {}
    for fd in os.listdir(f"/proc/{pid}/fd"):
        path = f"/proc/{pid}/fd/{fd}"
        try:
            if os.readlink(path).startswith("/memfd:sallyport-slots"):
                tables[os.stat(path).st_ino] = path
        except OSError:
            continue
    used = 0
    for path in tables.values():
        with open(path, "rb") as f:
            size = os.fstat(f.fileno()).st_size // SLOTS
            used += sum(os.pread(f.fileno(), 8, i * size) not in (b"", bytes(8))
                        for i in range(SLOTS))
    return used


def ptys():
    return {name for name in os.listdir("/dev/pts") if name.isdigit()}


def open_records(path="/run/utmp"):
    """(line, user) of whoever is logged in."""
    out = set()
    try:
        data = open(path, "rb").read()
    except FileNotFoundError:
        return out
    for at in range(0, len(data) - UTMP_SIZE + 1, UTMP_SIZE):
        kind, _, line, _, user, _ = UTMP.unpack_from(data, at)
        if kind == USER_PROCESS:
            out.add((line.split(b"\0")[0].decode(), user.split(b"\0")[0].decode()))
    return out


def terminals(user):
    """The terminals utmp has of one user: Debian 13's who asks logind alone."""
    return {line for line, name in open_records() if name == user.name}


def role(title):
    return re.sub(r"^sallyportd: ", "", title)


def snapshot(master):
    processes = below(master)
    kept = {role(t): pid for pid, (t, state) in processes.items()
            if role(t) in ("master", "keyholder", "monitors", "workers")}
    return Snapshot(
        processes=collections.Counter(
            t + (" (zombie)" if state == "Z" else "") for t, state in processes.values()),
        descriptors={r: descriptors(pid) for r, pid in kept.items()},
        memory={r: memory(pid) for r, pid in kept.items()},
        slots=slots_in_use(master), ptys=ptys(), records=open_records())


def leaks(before, now, slack=SLACK_KB):
    """What there is now and was not before, in words; nothing: []."""
    out = []
    for what, count in (now.processes - before.processes).items():
        out.append(f"process left: {count} x {what}")
    for r, kinds in now.descriptors.items():
        for kind, count in (kinds - before.descriptors.get(r, collections.Counter())).items():
            out.append(f"descriptor left in {r}: {count} x {kind}")
    for r, kb in now.memory.items():
        if r in before.memory and kb > before.memory[r] + slack:
            out.append(f"memory of {r} grew from {before.memory[r]} to {kb} KB")
    if now.slots > before.slots:
        out.append(f"slots left: {now.slots - before.slots}")
    for name in sorted(now.ptys - before.ptys):
        out.append(f"pty left: {name}")
    for line, user in sorted(now.records - before.records):
        out.append(f"login record left: {user} on {line}")
    return out


def unpaired(log):
    """Connections of a JSON audit that did not open and close once each, and
    events of connections that are not open then.  (number opened, faults)"""
    opened, closed, faults = {}, {}, []
    for line in log.splitlines():
        if "{" not in line:
            continue
        try:
            e = json.loads(line[line.index("{"):])
        except ValueError:
            faults.append(f"broken record: {line[:200]}")
            continue
        connection, action = e.get("sallyport.conn"), e.get("event.action")
        if action == "conn.open":
            opened[connection] = opened.get(connection, 0) + 1
        elif action == "conn.close":
            closed[connection] = closed.get(connection, 0) + 1
    for c in sorted(set(opened) | set(closed), key=str):
        if (opened.get(c, 0), closed.get(c, 0)) != (1, 1) or not c:
            faults.append(f"connection {c}: opened {opened.get(c, 0)} times, "
                          f"closed {closed.get(c, 0)} times")
    return len(opened), faults
