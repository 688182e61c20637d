"""The processes are what privsep/roles.c says; a broken one is contained."""

import os
import re
import signal
import subprocess
import time

import pytest

import sp
from test_terminal import Terminal

ALL_CAPS = int(open("/proc/self/status").read().split("CapBnd:")[1].split()[0], 16)


def rows():
    out = {}
    for line in sp.run([sp.DAEMON, "--roles"], check=0).stdout.splitlines():
        name, *fields = line.split()
        out[name] = dict(f.split("=", 1) for f in fields)
    return out


@pytest.fixture
def logged_in(server, user):
    p = server.popen(user, "echo on; exec cat")
    assert p.stdout.readline() == b"on\n"
    yield p
    p.kill()
    p.communicate()


def session_of(server, user):
    return [p for p, t in server.processes().items()
            if "session" in t and sp.status(p)["Uid"].split()[0] == str(user.uid)]


def ids(name):
    import pwd
    e = pwd.getpwnam(name)
    return e.pw_uid, e.pw_gid


# Writable shared mappings by the names that the kernel gives them.
SHARED = {"/memfd:sallyport-slots (deleted)": "slots", "/dev/zero (deleted)": "keys"}


def shared_mappings(pid):
    maps = [line.split(None, 5) for line in open(f"/proc/{pid}/maps")]
    return {SHARED.get(m[5].strip(), m[5].strip()) for m in maps
            if m[1][1] == "w" and m[1][3] == "s"}


def check_row(pid, row, user):
    st = sp.status(pid)
    uid, gid = {"root": (0, 0), "keyholder": ids("sallyport-keys"), "helper": ids("sallyport-help"),
                "ticketholder": ids("sallyport-krb"), "worker": ids("sallyport"), "recorder": ids("sallyport-rec"),
                "user": (user.uid, user.gid)}[row["user"]]
    assert st["Uid"].split() == [str(uid)] * 4
    if row["user"] != "root":
        assert st["Gid"].split() == [str(gid)] * 4
    if row["groups"] == "none":
        assert st["Groups"] == ""
    assert st["NoNewPrivs"] == row["nnp"]
    assert (st["Seccomp"] == "2") == (row["seccomp"] == "1")
    caps = int(st["CapEff"], 16)
    assert caps == (ALL_CAPS if row["caps"] == "all" else 0)
    if row["caps"] == "none" and row["user"] != "user":
        assert int(st["CapPrm"], 16) == int(st["CapBnd"], 16) == 0
    root = os.readlink(f"/proc/{pid}/root")
    if row["root"] == "empty":
        assert root != "/" and os.listdir(f"/proc/{pid}/root/") == []
    else:
        assert root == "/"
    # not dumpable: /proc/PID belongs to root though the process does not
    if row["dumpable"] == "0" and uid != 0:
        assert os.stat(f"/proc/{pid}/mem").st_uid == 0
    assert len(os.listdir(f"/proc/{pid}/fd")) <= int(row["fds"])
    # the key cache is there only where a configuration asks for it
    assert shared_mappings(pid) == set(row["shared"].split(",")) - {"none", "keys"}


@pytest.mark.parametrize("role", ["master", "keyholder", "monitors", "monitor",
                                  "workers", "worker", "session"])
def test_each_process_is_its_row(server, logged_in, user, role):
    table = rows()
    if role == "session":
        pids = session_of(server, user)
    else:
        pids = [p for p, t in server.processes().items()
                if re.match(rf"sallyportd: {role}( |$)", t)]
    assert pids, server.processes()
    for pid in pids:
        check_row(pid, table[role], user)


@pytest.mark.parametrize("flags", [(), ("-tt",)])
def test_a_recorder_is_its_row(make_server, user, flags):
    server = make_server(grants="record = { pty = true; exec = true; input = true; };",
                         extra=f'recordings = {{ directory = "{sp.SCRATCH}/recordings"; }};')
    p = server.popen(user, "echo o''n; exec cat", flags=flags)
    assert p.stdout.readline().strip() == b"on"
    pid, = server.processes("recorder")
    check_row(pid, rows()["recorder"], user)
    limits = open(f"/proc/{pid}/limits").read()
    assert re.search(r"Max processes +0 +0 ", limits) and re.search(r"Max core file size +0 +0 ", limits)
    assert open(f"/proc/{pid}/environ", "rb").read() == b""
    p.kill()
    p.communicate()


def test_the_session_has_nothing_of_the_monitors(make_server, user):
    """No mapping, descriptor or environment of root's: its own program and
    libc, its own controlling terminal or none, and its own OOM score."""
    server = make_server(publickey="""sources = [ "user", "printed" ];
        user = { file = "%h/.ssh/authorized_keys"; };
        printed = { command = "/bin/true"; user = "nobody"; cache = 60; };""")
    p = server.popen(user, "echo on; exec cat")
    assert p.stdout.readline() == b"on\n"
    monitor = [q for q, t in server.processes().items() if t.startswith("sallyportd: monitor ")][0]
    assert shared_mappings(monitor) == {"slots", "keys"}  # the instrument
    pid, = session_of(server, user)
    maps = [line.split(None, 5) for line in open(f"/proc/{pid}/maps")]
    files = {os.path.basename(m[5].strip()) for m in maps if len(m) > 5}
    assert {f for f in files if not re.match(r"\[|ld-linux|libc[.-]", f)} == {"sallyport-session"}
    assert shared_mappings(pid) == set()
    assert open(f"/proc/{pid}/environ", "rb").read() == b""
    assert os.readlink(f"/proc/{pid}/exe").endswith("/sallyport-session")
    kinds = sorted(os.readlink(f"/proc/{pid}/fd/{n}").split("[")[0]
                   for n in os.listdir(f"/proc/{pid}/fd"))
    assert set(kinds) <= {"/dev/null", "socket:", "pipe:", "anon_inode:"}
    assert open(f"/proc/{pid}/stat").read().split()[6] == "0"  # no terminal
    p.kill()
    p.communicate()


def test_programs_may_be_killed_when_memory_is_short(server, user):
    old = open(f"/proc/{server.pid}/oom_score_adj").read()
    for monitors in [server.pid, *server.processes("monitors")]:
        with open(f"/proc/{monitors}/oom_score_adj", "w") as f:
            f.write("500")  # a container may not lower it
    score = server.ssh(user, "cat /proc/self/oom_score_adj", check=0).stdout
    for monitors in [server.pid, *server.processes("monitors")]:
        with open(f"/proc/{monitors}/oom_score_adj", "w") as f:
            f.write(old)
    assert score == "0\n"


UNTRACED = ["setpriv", "--bounding-set=-sys_ptrace", "--inh-caps=-sys_ptrace"]


def would_dump(pid):
    """A process that may not dump is nobody's to look into: the kernel gives
    it to root, and if it is root's, to those with CAP_SYS_PTRACE alone."""
    if sp.status(pid)["Uid"].split()[0] != "0":
        return os.stat(f"/proc/{pid}/mem").st_uid != 0
    return sp.run([*UNTRACED, "readlink", f"/proc/{pid}/cwd"]).returncode == 0


@pytest.fixture
def untraced(make_server, monkeypatch):
    """A server without CAP_SYS_PTRACE, so that others without it are its
    equals; with limits of its own, as they were told before it began."""
    wrapper = f"{sp.SCRATCH}/untraced"
    with open(wrapper, "w") as f:
        f.write(f"#!/bin/sh\nulimit -Sn 777; ulimit -Ss 7777; ulimit -St 77777\n"
                f"(ulimit -aS; ulimit -aH) >{wrapper}.limits\n"
                f"exec {' '.join(UNTRACED)} {sp.DAEMON} \"$@\"\n")
    os.chmod(wrapper, 0o755)
    monkeypatch.setattr(sp, "DAEMON", wrapper)
    # pam_env reads ~/.pam_environment as the user: the monitor's ids change
    sp.write_pam("sp-ids", """
auth     required pam_unix.so
account  required pam_unix.so
session  required pam_env.so user_readenv=1
session  required pam_unix.so
""")
    s = make_server(pam_service="sp-ids")
    s.limits = open(wrapper + ".limits").read()
    return s


def test_who_holds_secrets_leaves_no_core(untraced, user):
    """No process of ours would dump, before the login, while it asks, after
    it; what the user runs would, and has the limits the server was given."""
    mine = subprocess.Popen([*UNTRACED, "sleep", "60"])
    sp.wait_for(lambda: "sleep" in open(f"/proc/{mine.pid}/cmdline").read(), what="sleep")
    assert would_dump(mine.pid)  # the instrument
    mine.kill()
    mine.wait()
    asking = Terminal(untraced.ssh_argv(user, BatchMode="no", PubkeyAuthentication="no",
                                        PreferredAuthentications="keyboard-interactive"))
    asking.expect(rb"(?i)password: ")
    inside = untraced.popen(user, "echo on; exec cat", password=True)
    assert inside.stdout.readline() == b"on\n"
    sp.wait_for(lambda: "cat" in untraced.processes().values(), what="cat")
    titles = untraced.processes()
    for role, number in {"master": 1, "keyholder": 1, "monitors": 1, "workers": 1, "monitor": 2,
                         "worker": 2, "session:": 1}.items():
        pids = [p for p, t in titles.items() if t.startswith(f"sallyportd: {role}")
                and (role[-1] == "s" or not t.startswith(f"sallyportd: {role}s"))]
        assert len(pids) == number, (role, titles)
        for pid in pids:
            assert not would_dump(pid), titles[pid]
    program = [p for p, t in titles.items() if t == "cat"]
    assert len(program) == 1 and would_dump(program[0])
    p = untraced.ssh(user, "sh -c 'ulimit -aS; ulimit -aH'", password=True, check=0)
    assert p.stdout == untraced.limits
    os.kill(asking.pid, signal.SIGKILL)
    asking.wait()
    inside.kill()
    inside.communicate()


@pytest.mark.skipif(sp.ASAN, reason="sanitizers have handlers")
def test_no_process_has_a_signal_handler(server, logged_in):
    ours = {p: t for p, t in server.processes().items() if t.startswith("sallyportd: ")}
    assert len(ours) == 7, ours
    for pid, title in ours.items():
        assert int(sp.status(pid)["SigCgt"], 16) == 0, title


def test_no_process_links_more_than_it_needs():
    """PAM is of pam.so alone, and what it needs has no systemd or lzma."""
    modules = sp.run(["find", "/usr/lib", "-path", "*sallyport/*.so"], check=0).stdout.split()
    session, = sp.run(["find", "/usr/lib", "/usr/libexec", "-name", "sallyport-session"]).stdout.split()
    needs = {os.path.basename(f): set(re.findall(r"^\s*lib([\w+-]+)\.so", sp.run(["ldd", f], check=0).stdout, re.M))
             for f in [sp.DAEMON, session, *modules]}
    assert {f for f, libraries in needs.items() if "pam" in libraries} == {"pam.so"}
    assert not any(libraries & {"systemd", "lzma", "p11-kit"} for libraries in needs.values()), needs


def canary_of(pid):
    """tcbhead_t of x86-64: its address is in its first and its third word."""
    with open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for line in open(f"/proc/{pid}/maps"):
            begin, end = (int(n, 16) for n in line.split()[0].split("-"))
            if not line.split()[1].startswith("rw") or len(line.split()) > 5:
                continue
            mem.seek(begin)
            data = mem.read(end - begin)
            for at in range(0, len(data) - 0x30, 64):
                me = (begin + at).to_bytes(8, "little")
                if data[at:at + 8] == me == data[at + 16:at + 24]:
                    return data[at + 0x28:at + 0x30]
    raise AssertionError("no thread control block")


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the place is x86-64's")
def test_each_worker_has_a_canary_of_its_own(server, user, logged_in):
    template, = server.processes("workers")
    other = server.popen(user, "echo on; exec cat")
    assert other.stdout.readline() == b"on\n"
    pids = [p for p, t in server.processes().items() if t.startswith("sallyportd: worker ")]
    seen = {canary_of(pid) for pid in [template, *pids]}
    assert len(pids) == 2 and len(seen) == 3 and all(c[0] == 0 for c in seen), seen
    other.kill()
    other.communicate()


def test_sudo_works_in_a_session(server, logged_in, user):
    # no_new_privs would make every setuid program powerless
    p = server.ssh(user, "grep NoNewPrivs /proc/self/status", check=0)
    assert p.stdout.split() == ["NoNewPrivs:", "0"]


def test_the_monitor_is_the_ancestor_of_the_programs(server, logged_in, user):
    p = server.ssh(user, "p=$$; while [ $p -gt 1 ]; do tr '\\0' ' ' </proc/$p/cmdline;"
                   " echo; p=$(sed 's/.*) . //; s/ .*//' /proc/$p/stat); done", check=0)
    assert "sallyportd: monitor" in p.stdout


def memory_has(pid, needles):
    found = set()
    maps = open(f"/proc/{pid}/maps").read().splitlines()
    with open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for line in maps:
            span, perms = line.split()[:2]
            if "r" not in perms or "[v" in line:
                continue
            start, end = (int(x, 16) for x in span.split("-"))
            if end - start > 1 << 31:
                continue
            try:
                mem.seek(start)
                data = mem.read(end - start)
            except (OSError, ValueError, OverflowError):
                continue
            found |= {n for n, v in needles.items() if any(x in data for x in v)}
    return found


def secrets(server):
    from cryptography.hazmat.primitives import serialization as s
    out = {}
    for path in server.host_keys:
        key = s.load_ssh_private_key(open(path, "rb").read(), None)
        if "rsa" in path:
            n = key.private_numbers()
            for name in ("p", "q", "d"):
                v = getattr(n, name)
                b = v.to_bytes((v.bit_length() + 7) // 8, "big")
                out["rsa-" + name] = [b[:48], b[::-1][:48]]
        elif "ecdsa" in path:
            v = key.private_numbers().private_value.to_bytes(32, "big")
            out["ecdsa"] = [v, v[::-1]]
        else:
            out["ed25519"] = [key.private_bytes(
                s.Encoding.Raw, s.PrivateFormat.Raw, s.NoEncryption())]
    return out


def test_private_keys_are_in_the_keyholder_alone(server, logged_in, user):
    needles = secrets(server)
    server.ssh(user, "true", check=0, HostKeyAlgorithms="rsa-sha2-256",
               UserKnownHostsFile="/dev/null", StrictHostKeyChecking="no")
    holder = server.processes("keyholder")[0]
    assert memory_has(holder, needles) >= {"ed25519", "ecdsa", "rsa-p", "rsa-q"}
    for pid, title in server.processes().items():
        if pid != holder and title.startswith("sallyportd"):
            assert memory_has(pid, needles) == set(), title


def test_a_worker_killed_by_a_signal_is_audited_and_replaced(server, logged_in, user):
    before = server.processes("workers")
    worker = server.processes("worker")
    worker = [w for w in worker if w not in before]
    os.kill(worker[0], sp.CRASH)
    server.wait_log(r"worker")
    server.wait_log(r"crash")
    sp.wait_for(lambda: [w for w in server.processes("workers") if w not in before],
                what="a new worker template")
    server.ssh(user, "true", check=0)
    sp.wait_for(lambda: not user.processes(), what="end of the user's programs")


def test_a_session_killed_by_its_user_ends_the_connection(server, logged_in, user):
    os.kill(session_of(server, user)[0], signal.SIGKILL)
    logged_in.communicate(timeout=20)
    # the monitor's words, or the worker's if that sees it first
    server.wait_log(r"session[ _]process")
    server.ssh(user, "true", check=0)


def test_a_monitor_killed_leaves_no_worker(server, logged_in, user):
    """Nor does a worker stay that does nothing of itself: the master ends it."""
    monitor, worker = (next(p for p, t in server.processes().items() if t.startswith(f"sallyportd: {role} "))
                       for role in ("monitor", "worker"))
    os.kill(worker, signal.SIGSTOP)
    os.kill(monitor, signal.SIGKILL)
    sp.wait_for(lambda: worker not in server.processes(), 40, "the worker's end")
    logged_in.communicate(timeout=20)
    sp.wait_for(lambda: not user.processes(), what="end of the user's programs")
    server.ssh(user, "true", check=0)


@pytest.mark.parametrize("role", ["keyholder", "monitors", "workers"])
def test_a_generation_that_breaks_is_started_again(server, user, role):
    os.kill(server.processes(role)[0], signal.SIGKILL)
    server.wait_log(rf"{role} of generation 1 ended")
    if role != "workers":  # which is replaced within its generation
        server.wait_log(r"generation 2")
    sp.wait_for(lambda: server.ssh(user, "true").returncode == 0, 20,
                "a login through the new generation")
    sp.wait_for(lambda: len(server.processes("keyholder")) == 1, 20,
                "the end of the broken one")
