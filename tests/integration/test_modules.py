"""Modules by strangers: what they do to a start, a reload, a check, a login."""

import json
import os
import re
import signal
import subprocess

import pytest

import sp
from control import ctl

HEADER = os.environ["SALLYPORT_TOP"] + "/modules"


def directory():
    """Where the installed modules lie."""
    return subprocess.run(
        ["sh", "-c", "dirname $(find /usr/lib /usr/lib64 -name publickey.so "
         "-path '*sallyport*' | head -1)"], capture_output=True, text=True,
        check=True).stdout.strip()


def build(name, source, flags=()):
    """A module as its author builds it: the header alone."""
    path = f"{sp.SCRATCH}/{name}.c"
    with open(path, "w") as f:
        f.write('#include <sallyport_module.h>\n' + source)
    out = f"{directory()}/{name}.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-Wall", "-I", HEADER, *flags, "-o", out, path],
                   check=True)
    os.chmod(out, 0o644)
    return out


@pytest.fixture(scope="module", autouse=True)
def hostile():
    subprocess.run(["make", "-s", "-C", sp.BUILD, "tests/unit/modules/module_hostile.la"], check=True)
    subprocess.run(["install", "-m", "644", sp.BUILD + "/tests/unit/modules/.libs/module_hostile.so",
                    directory() + "/hostile.so"], check=True)
    build("leaver", """
#include <stdio.h>
#include <stdlib.h>
static void __attribute__((constructor)) leave(void) { exit(0); }
SALLYPORT_MODULE = { .abi = SALLYPORT_MODULE_ABI, .size = sizeof(struct sallyport_module),
    .name = "leaver" };
""")


def entry(deed, at="load"):
    return (f'{{ name = "hostile"; options = {{ call = "{deed}"; at = "{at}"; }}; }},'
            ' { name = "publickey"; }')


LOADS = [
    ("exit", r"load\(\) ended the process: status 0"),
    ("crash", r"load\(\) ended the process: signal 6"),
    ("stderr", r"load\(\) ended the process: status 1: these were my last words"),
    ("hang", r"load\(\) did not return within 1 seconds"),
    ("umask", r"its load changed the umask"),
    ("daemon", r"its load left a child process"),
]


@pytest.mark.parametrize("deed,says", LOADS)
@pytest.mark.skipif(sp.ASAN, reason="its report takes the place of the process's own words")
def test_a_load_that_misbehaves_stops_the_start_and_is_named(make_server, deed, says):
    s = make_server(modules=entry(deed), methods=("publickey",), start=False,
                    extra="deadlines = { module = 1; };")
    p = s.check()
    assert p.returncode != 0
    assert re.search(r"sallyport\.conf:\d+: module hostile: " + says, p.stderr), p.stderr
    p = s.start(expect=1)
    assert re.search(r"module hostile: " + says, p.stderr), p.stderr
    p = ctl(s, "check", check=1)
    assert re.search(r"module hostile: " + says, p.stdout + p.stderr)


@pytest.mark.parametrize("deed,says", LOADS[-2:])
def test_explain_judges_a_load_as_a_start_does(make_server, user, deed, says):
    s = make_server(modules=entry(deed), methods=("publickey",), start=False)
    p = ctl(s, "explain", "--user", user.name, "--from", "127.0.0.1", check=None)
    assert re.search(r"cannot be used: \S+/sallyport\.conf:\d+: module hostile: " + says, p.stdout), p.stdout


@pytest.mark.skipif(sp.ASAN, reason="time")
def test_a_load_that_hangs_ends_the_reload_not_the_server(make_server, user):
    s = make_server(modules='{ name = "publickey"; }', methods=("publickey",),
                    extra="deadlines = { module = 1; };")
    good = s.text
    s.write(good.replace('modules = ( { name = "publickey"; } )', f"modules = ( {entry('hang')} )"))
    for _ in range(2):
        p = ctl(s, "-s", s.control, "reload", check=1)
        assert "load() did not return within 1 seconds" in p.stdout + p.stderr
        assert "under way" not in p.stdout + p.stderr
    s.ssh(user, "true", check=0)
    s.write(good)
    ctl(s, "-s", s.control, "reload")
    s.ssh(user, "true", check=0)


@pytest.mark.skipif(sp.ASAN, reason="time")
def test_a_rehearsal_does_not_outlive_the_server(make_server):
    s = make_server(modules='{ name = "publickey"; }', methods=("publickey",),
                    extra="deadlines = { module = 3600; };")
    s.write(s.text.replace('modules = ( { name = "publickey"; } )', f"modules = ( {entry('hang')} )"))
    before = set(s.processes())
    os.kill(s.pid, signal.SIGHUP)
    # The rehearsal, its keyholder, and the template in load().
    new = sp.wait_for(lambda: (lambda n: n if len(n) >= 3 else None)(set(s.processes()) - before), 20,
                      what="the rehearsal")
    os.kill(s.pid, signal.SIGTERM)
    sp.wait_for(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in new), 20,
                what="the end of the rehearsal")


def test_a_library_that_exits_makes_no_check_succeed(make_server, user):
    s = make_server(modules='{ name = "leaver"; }, { name = "publickey"; }',
                    methods=("publickey",), start=False)
    for words in (["check"], ["explain", "--user", user.name, "--from", "127.0.0.1", "--key", user.key + ".pub"]):
        p = ctl(s, *words, check=1)
        assert "the start of its library ended the process: status 0" in p.stdout + p.stderr, words
    p = s.start(expect=1)
    assert "module leaver: the start of its library ended the process: status 0" in p.stderr


def test_what_explain_starts_ends_with_it(make_server, user):
    """Also a program that a module waits for when its time is over."""
    command = "/usr/local/sbin/spt_slow_keys"
    with open(command, "w") as f:
        f.write("#!/bin/sh\nexec sleep 4711\n")
    os.chmod(command, 0o755)
    s = make_server(modules='{ name = "publickey"; options = { sources = [ "dir" ]; '
                            f'dir = {{ command = [ "{command}" ]; user = "nobody"; }}; }}; }}',
                    methods=("publickey",), extra="deadlines = { module = 1; key_command = 60; };", start=False)
    p = ctl(s, "explain", "--user", user.name, "--from", "127.0.0.1", "--key", user.key + ".pub", check=1)
    assert "module publickey did not return within 1 seconds" in p.stderr
    assert sp.run(["pgrep", "-f", "sleep 4711"], check=1).stdout == ""


def test_what_authenticate_leaves_ends_with_the_connection(make_server, user):
    s = make_server(modules=entry("child", "authenticate") + ', { name = "pam"; options = { service = "sallyport"; }; }',
                    methods=("password",))
    p = s.popen(user, "echo on; cat", password=True)
    assert p.stdout.readline() == b"on\n"
    m = s.wait_log(r"module hostile: authenticate\(\) has left process (\d+) behind")
    left = int(m.group(1))
    assert os.path.exists(f"/proc/{left}")
    mine = {os.readlink(f"/proc/{left}/fd/{fd}") for fd in os.listdir(f"/proc/{left}/fd")}
    monitor = s.processes(r"monitor \S+")[0]
    walls = {os.readlink(f"/proc/{monitor}/fd/{fd}") for fd in os.listdir(f"/proc/{monitor}/fd")}
    assert not {x for x in mine & walls if x.startswith("socket:")}
    p.stdin.close()
    p.wait()
    sp.wait_for(lambda: not os.path.exists(f"/proc/{left}"), 20, what="the end of what was left")


def test_the_keyholder_ends_though_somebody_holds_a_socket(make_server, user):
    """A program that a module started in open_session() may stay for ever."""
    s = make_server(methods=("publickey",))
    old = s.processes("keyholder")
    assert len(old) == 1
    p = s.popen(user, "echo on; cat")
    assert p.stdout.readline() == b"on\n"
    monitor = s.processes(r"monitor \S+")[0]
    # The end that such a process would hold, taken out of the monitor.
    pidfd = os.pidfd_open(monitor)
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    held = []
    for fd in os.listdir(f"/proc/{monitor}/fd"):
        if os.readlink(f"/proc/{monitor}/fd/{fd}").startswith("socket:"):
            held.append(libc.syscall(438, pidfd, int(fd), 0))  # pidfd_getfd
    assert len(held) >= 2 and min(held) >= 0
    ctl(s, "-s", s.control, "reload")
    assert sorted(s.processes("keyholder")) != sorted(old)
    os.kill(monitor, signal.SIGTERM)
    p.wait()
    try:
        sp.wait_for(lambda: old[0] not in s.processes(), 30, what="the end of the old keyholder")
    finally:
        for fd in held:
            os.close(fd)


def test_a_step_gives_no_parameter_to_a_module_that_takes_none(make_server):
    s = make_server(modules=entry("nothing"), methods=("password:hostile/otp",), start=False)
    p = s.start(expect=1)
    assert re.search(r"sallyport\.conf:\d+: password:hostile/otp: module hostile takes no parameter", p.stderr)


def test_lines_and_events_of_modules_in_each_format(make_server, user):
    """They have the connection, and nothing in them breaks a record."""
    s = make_server(modules=entry("speak", "authenticate") + ', { name = "pam"; options = { service = "sallyport"; }; }',
                    methods=("password",), start=False)
    for form in ("json", "rfc5424", "text"):
        s.write(re.sub(r'log = \{ level = "\w+";', f'log = {{ level = "info"; format = "{form}";', s.text))
        s.start()
        mark = s.mark()
        s.ssh(user, "true", password=True, check=0)
        s.wait_log("token  used", after=mark)
        s.stop()
        lines = [x for x in s.log()[mark:].splitlines() if "hostile: " in x]
        assert len(lines) == 3, lines  # a long one in two pieces, and the event
        assert lines[0].count("first\\nsecond") + lines[0].count("first\\\\nsecond") >= 1
        assert "end" in lines[1]
        if form == "json":
            records = [json.loads(x[x.index("{"):]) for x in lines]
            assert len({r["sallyport.conn"] for r in records}) == 1
            assert records[2]["event.action"] == "module.warning"
            assert records[2]["sallyport.name"] == "token.used"
            assert records[2]["sallyport.module.field.serial"] == "17"
            assert "sallyport.module.field.owner" not in records[2]
            assert records[2]["sallyport.module.field.text"] == 'a b"]\\n'
        elif form == "rfc5424":
            assert all(' conn="' in x for x in lines)
            assert 'm_serial="17"' in lines[2] and r'm_text="a b\"\]' in lines[2]
        else:
            assert all("[conn=" in x for x in lines)
            assert "m_serial=17" in lines[2] and r"m_text=a\x20b\x22\x5d\n" in lines[2], lines[2]


@pytest.mark.parametrize("at", ["authenticate", "open_session"])
def test_exit_in_a_call_leaves_the_end_of_the_connection_in_the_log(make_server, user, at):
    s = make_server(modules=entry("exit", at) + ', { name = "pam"; options = { service = "sallyport"; }; }',
                    methods=("password",))
    mark = s.mark()
    assert s.ssh(user, "true", password=True).returncode != 0
    s.wait_log(rf"Module hostile ended its process, in module call {at}\(\)", after=mark)
    s.wait_log(r"cause=its\\x20monitor\\x20failed|its monitor failed", after=mark)
    assert len(re.findall("its monitor failed|its.x20monitor.x20failed", s.log()[mark:])) == 1


def test_an_outage_is_no_fault_of_the_source(make_server, user):
    build("outage", """
static const char *const methods[] = {"password", NULL};
static const struct sallyport_host *host;
static int load(const struct sallyport_host *h, const struct sallyport_setting *s, size_t n, void **state)
{ host = h; (void)s; (void)n; (void)state; return 0; }
static enum sallyport_verdict authenticate(void *c, struct sallyport_login *login)
{ (void)c; host->reason(login, "the directory does not answer"); return SALLYPORT_UNAVAILABLE; }
SALLYPORT_MODULE = { .abi = SALLYPORT_MODULE_ABI, .size = sizeof(struct sallyport_module),
    .name = "outage", .methods = methods, .load = load, .authenticate = authenticate };
""")
    s = make_server(modules='{ name = "outage"; }, { name = "publickey"; }', methods=("password",),
                    penalties="enabled = true; minimum = 1; auth_failure = 5; no_auth = 5;")
    for _ in range(4):
        p = s.ssh(user, "true", password="x", NumberOfPasswordPrompts="1")
        assert "Permission denied" in p.stderr
    s.wait_log(rf"error: Could not check password for {user.name} from 127.0.0.1 port \d+ ssh2: "
               "module outage cannot tell")
    assert "error: outage: the directory does not answer" in s.log()
    assert "Failed password" not in s.log()
    assert "127.0.0.1" not in ctl(s, "-s", s.control, "penalties").stdout


def test_a_module_is_unloaded_and_described(make_server, user):
    s = make_server(modules='{ name = "hostile"; options = { at = "unload"; call = "x"; expired = true; }; },'
                            ' { name = "publickey"; }', methods=("publickey",))
    p = ctl(s, "explain", "--user", user.name, "--from", "127.0.0.1", "--listener", "main")
    assert "module hostile\n    at = unload\n    call = x\n    expired = true\n" in p.stdout
    assert "    does what it likes\n    says expired\n" in p.stdout
    assert "module publickey\n    sources = user (default)\n" in p.stdout or \
        re.search(r"module publickey\n(    .*\n)*    key source user: file", p.stdout), p.stdout
    p = json.loads(ctl(s, "--json", "explain", "--user", user.name, "--from", "127.0.0.1").stdout)
    assert p["modules"][0]["options"] == ["at = unload", "call = x", "expired = true"]
    assert p["modules"][0]["text"] == ["does what it likes", "says expired"]
    mark = s.mark()
    ctl(s, "-s", s.control, "reload")
    s.wait_log("hostile: unloaded", after=mark)


@pytest.mark.skipif(sp.ASAN, reason="there its runtime is at home")
def test_a_module_with_a_sanitizer_is_refused_with_its_words(make_server):
    runtime = subprocess.run(["cc", "-print-file-name=libasan.so"], capture_output=True, text=True).stdout.strip()
    if not os.path.exists(runtime):
        pytest.skip("no libasan")
    build("instrumented", """
SALLYPORT_MODULE = { SALLYPORT_SIZES, .name = "instrumented" };
""", ["-fsanitize=address"])
    s = make_server(modules='{ name = "instrumented"; }, { name = "publickey"; }', methods=("publickey",), start=False)
    p = s.start(expect=1)
    assert re.search(r"module instrumented: the start of its library ended the process: .*ASan runtime does not come first",
                     p.stderr), p.stderr
