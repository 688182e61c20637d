"""sallyportctl against the real server, and without one."""

import json
import os
import re
import socket
import time

import pytest

import sp
from control import CTL, ctl, ctl_json, stats, login, ended

# ---- the running server ----

def test_status_tells_what_runs(server):
    s = ctl_json(server, "status")
    assert s["pid"] == server.pid
    assert s["config"] == server.config
    assert s["generation"] == 1 and s["connections"] == 0
    assert s["draining"] is False
    assert abs(s["since"] - time.time()) < 60
    assert s["listeners"] == f"127.0.0.1:{server.port}"
    text = ctl(server, "status").stdout
    assert f"process {server.pid}" in text
    assert f"127.0.0.1:{server.port}" in text


def test_reload_waits_and_tells_the_generation(server, user):
    p = login(server, user)
    assert ctl_json(server, "reload") == {"generation": 2,
                                          "listeners_failed": ""}
    # The very next login is the new generation's.
    q = login(server, user)
    generations = {s["monitor"]: s["generation"]
                   for s in ctl_json(server, "sessions")}
    assert sorted(generations.values()) == [1, 2]
    for x in (p, q):
        x.stdin.close()
        assert x.wait(20) == 0
    assert ctl_json(server, "status")["pid"] == server.pid
    assert "generation 3 serves" in ctl(server, "reload").stdout


def test_a_bad_reload_is_reported_and_the_old_serves_on(server, user):
    server.write(server.text + "\nno_such_key = 1;\n")
    line = server.text.count("\n") + 2
    p = ctl(server, "-s", server.control, "reload", check=1)
    assert f"{server.config}:{line}: " in p.stderr
    assert "no_such_key" in p.stderr
    assert server.ssh(user, "echo on").stdout == "on\n"
    assert ctl_json(server, "-s", server.control,
                    "status")["generation"] == 1
    # What only a start finds out: a module that is not there.
    server.write(server.text.replace('name = "pam"', 'name = "missing"'))
    p = ctl(server, "-s", server.control, "reload", check=1)
    assert "missing" in p.stderr
    error = ctl_json(server, "-s", server.control, "reload",
                     check=1)["error"]
    assert "missing" in error
    assert server.ssh(user, "echo on").stdout == "on\n"
    server.write(server.text)
    assert ctl_json(server, "reload")["generation"] >= 2


def test_the_socket_moves_with_the_configuration(server):
    moved = server.dir + "/elsewhere"
    server.write(server.text.replace(server.control, moved))
    assert ctl(server, "-s", server.control, "reload").returncode == 0
    assert ctl_json(server, "status")["generation"] == 2
    assert not os.path.exists(server.control)
    assert os.stat(moved).st_mode & 0o777 == 0o600
    server.stop()
    assert not os.path.exists(moved)


def test_penalties_are_shown_and_cleared(make_server, user):
    s = make_server(penalties='enabled = true; auth_failure = 60; '
                              'no_auth = 0; minimum = 30;')
    user.password = "wrong"
    assert s.ssh(user, "true", password=True,
                 NumberOfPasswordPrompts="1").returncode != 0

    def penalised():
        return ctl_json(s, "penalties")
    (one,) = sp.wait_for(penalised, 10, "the penalty")
    assert one["source"].startswith("127.0.0.1")
    assert one["in_force"] is True and 0 < one["seconds"] <= 61
    assert one["cause"] == "failed authentication"
    assert "failed authentication" in ctl(s, "penalties").stdout
    assert stats(s)['sallyport_penalties{in_force="true"}'] == 1
    assert s.ssh(user, "true").returncode == 255
    assert ctl_json(s, "penalties", "clear", "192.0.2.1") == {"cleared": 0}
    assert ctl_json(s, "penalties", "clear", "127.0.0.1") == {"cleared": 1}
    assert s.ssh(user, "echo in").stdout == "in\n"
    assert ctl_json(s, "penalties") == []
    assert "no address" in ctl(s, "penalties", "clear", "x", check=1).stderr
    assert re.search(r"127\.0\.0\.1: penalty cleared: uid 0", s.log())
    assert stats(s)['sallyport_dropped_total{cause="penalty"}'] >= 1


def test_log_level_holds_for_new_connections_until_a_reload(make_server,
                                                            user):
    s = make_server(log_level="info")
    assert ctl_json(s, "log-level", "debug")["generation"] == 2
    assert ctl_json(s, "status")["log_level"] == "debug"
    mark = s.mark()
    s.ssh(user, "true", check=0)
    assert "Connection from 127.0.0.1" in s.log()[mark:]  # from verbose on
    ctl(s, "log-level", "default")
    mark = s.mark()
    s.ssh(user, "true", check=0)
    assert "Connection from 127.0.0.1" not in s.log()[mark:]
    ctl(s, "log-level", "debug")
    ctl(s, "reload")
    assert ctl_json(s, "status")["log_level"] == "info"
    assert "error, warn" in ctl(s, "log-level", "loud", check=1).stderr


def test_stats_move(server, user):
    a = stats(server)
    assert a["sallyport_accepted_total"] == 0
    assert a["sallyport_generation"] == 1
    server.ssh(user, "head -c 100000 /dev/zero", check=0)
    server.ssh(user, "true", password=True, check=0)
    user.password = "wrong"
    server.ssh(user, "true", password=True, NumberOfPasswordPrompts="1",
               check=255)
    p = login(server, user)
    s = server.connect()
    s.recv(100)

    def settled():
        b = stats(server)
        return b if b['sallyport_connections_total{result="done"}'] == 2 \
            and b['sallyport_connections_total{result="auth_failed"}'] == 1 \
            else None
    b = sp.wait_for(settled, 10, "the ends")
    assert b["sallyport_accepted_total"] == 5
    assert b['sallyport_connections{state="open"}'] == 1
    assert b['sallyport_connections{state="kex"}'] == 1
    assert b["sallyport_logins_total"] == 3
    proofs = "sallyport_authentications_total{method=\"%s\",result=\"%s\"}"
    assert b[proofs % ("publickey", "accepted")] == 2
    assert b[proofs % ("password", "accepted")] == 1
    assert b[proofs % ("password", "failed")] == 1
    assert b["sallyport_kex_seconds_count"] == 4
    assert b['sallyport_kex_seconds_bucket{le="+Inf"}'] == 4
    assert 0 < b["sallyport_kex_seconds_sum"] < 60
    assert b["sallyport_pam_seconds_count"] > 0
    assert b["sallyport_key_source_seconds_count"] > 0
    assert b["sallyport_session_open_seconds_count"] == 3
    assert b["sallyport_sent_bytes_total"] > 100000
    assert b["sallyport_received_bytes_total"] > 1000
    buckets = [b[k] for k in b if k.startswith("sallyport_kex_seconds_bucket")]
    assert buckets == sorted(buckets)
    assert user.name not in ctl(server, "stats").stdout
    # Counters are the server's, not the generation's.
    ctl(server, "reload")
    c = stats(server)
    assert c["sallyport_logins_total"] == 3
    assert c["sallyport_generation"] == 2
    for name in c:
        if name.endswith("_total") or "_total{" in name:
            assert c[name] >= b[name], name
    s.close()
    p.stdin.close()
    p.wait(20)


# ---- who may, and what is asked wrongly ----

def test_only_root_may(server, user):
    p = ctl(server, "-s", server.control, "status", check=1, user=user)
    assert "only root" in p.stderr or "Permission denied" in p.stderr
    assert os.stat(server.control).st_mode & 0o7777 == 0o600
    # Even where the file's mode has been opened, the kernel says who it is.
    os.chmod(server.control, 0o666)
    p = ctl(server, "-s", server.control, "status", check=1, user=user)
    assert "permission denied" in p.stderr
    server.wait_log(rf"sallyportctl: connect by uid {user.uid} pid \d+ "
                    r"refused: not root")


def test_without_a_server_it_says_so(make_server):
    s = make_server(start=False)
    p = ctl(s, "status", check=3)
    assert "no server is running" in p.stderr and s.control in p.stderr
    assert "no server" in ctl_json(s, "sessions", check=3)["error"]
    s.start()
    ctl(s, "status")
    s.stop()
    assert not os.path.exists(s.control)
    assert "no server is running" in ctl(s, "status", check=3).stderr


def test_a_stale_socket_is_replaced_and_anothers_is_not(make_server, user):
    s = make_server(start=False)
    old = socket.socket(socket.AF_UNIX)
    old.bind(s.control)
    old.close()  # nobody listens there
    s.start()
    assert ctl_json(s, "status")["pid"] == s.pid
    t = make_server(start=False)
    t.write(t.text.replace(t.control, s.control))
    t.start(expect=1)
    assert f"another server, process {s.pid}" in t.log()
    assert ctl_json(s, "status")["pid"] == s.pid


def test_a_directory_others_may_write_to_gets_no_socket(make_server):
    s = make_server(start=False)
    os.mkdir(s.dir + "/open")
    os.chmod(s.dir + "/open", 0o777)
    s.write(s.text.replace(s.control, s.dir + "/open/control"))
    s.start()
    assert not os.path.exists(s.dir + "/open/control")
    assert "bad ownership or modes for directory" in s.log()


def raw(server, data, shut=False):
    c = socket.socket(socket.AF_UNIX)
    c.settimeout(20)
    c.connect(server.control)
    c.sendall(data)
    if shut:
        c.shutdown(socket.SHUT_WR)
    out = b""
    try:
        while piece := c.recv(65536):
            out += piece
    except ConnectionResetError:
        pass
    c.close()
    return out


def test_bad_requests_are_answered_and_hurt_nobody(server, user):
    assert raw(server, b"frobnicate\n").startswith(b"error frobnicate:")
    assert raw(server, b"kill\n").startswith(b"error kill:")
    assert b"too\\x20many" in raw(server, b"a\0b\0c\0d\0e\0f\0g\n")
    assert b"too\\x20long" in raw(server, b"x" * 5000)
    assert raw(server, b"", shut=True) == b""
    assert raw(server, b"\n").startswith(b"error")
    assert raw(server, b"status\0\x1b[31m\xff\n").startswith(b"error")
    # In pieces, and idle ones that never ask: they go after their time.
    c = socket.socket(socket.AF_UNIX)
    c.connect(server.control)
    for piece in (b"sta", b"tus", b"\n"):
        c.sendall(piece)
        time.sleep(0.1)
    assert c.recv(65536).startswith(b"version=")
    idle = []
    for _ in range(40):
        i = socket.socket(socket.AF_UNIX)
        i.connect(server.control)
        i.settimeout(20)
        idle.append(i)
    assert server.ssh(user, "echo fine").stdout == "fine\n"
    for i in idle:
        assert i.recv(100) in (b"", b"error too\\x20many\\x20clients\n")
    assert ctl_json(server, "status")["pid"] == server.pid
    server.wait_log("sallyportctl: frobnicate by uid 0 .* refused: no such")


def test_every_use_is_audited(server):
    for words in (["status"], ["sessions"], ["penalties"], ["stats"],
                  ["penalties", "clear"], ["drain", "off"], ["reload"],
                  ["log-level", "info"], ["kill", "nobody"]):
        mark = server.mark()
        ctl(server, *words, check=None)
        server.wait_log("sallyportctl: " + " ".join(words) + " by uid 0 pid",
                        after=mark)


def test_usage(server):
    for words in ([], ["frobnicate"], ["kill"], ["status", "x"],
                  ["penalties", "x"], ["drain", "x"], ["hostkeys", "x"],
                  ["status", "-f"]):
        p = sp.run([CTL, *words], check=2)
        assert "usage: sallyportctl" in p.stderr
    assert "usage:" in sp.run([CTL, "-h"], check=0).stdout
    assert sp.run([CTL, "-V"], check=0).stdout.startswith("sallyport ")


# ---- completion, manual ----

COMPLETION = "/usr/share/bash-completion/completions/sallyportctl"


def complete(s, *words):
    """What bash offers behind these words."""
    words = ["sallyportctl", "-f", s.config, *words]
    quoted = " ".join(f"'{w}'" for w in words)
    script = (f". {COMPLETION}; COMP_WORDS=({quoted}); "
              f"COMP_CWORD={len(words) - 1}; COMP_LINE={quoted!r}; "
              "COMP_POINT=${#COMP_LINE}; _sallyportctl; "
              'printf "%s\\n" "${COMPREPLY[@]}"')
    p = sp.run(["bash", "--norc", "-c", script], check=0)
    assert p.stderr == "", p.stderr
    return p.stdout.split()


def test_completion_knows_commands_keys_and_connections(server, user):
    commands = complete(server, "")
    # Every command that the program has, and no other.
    usage = sp.run([CTL, "-h"], check=0).stdout
    have = set(re.findall(r"^    ([a-z-]+)", usage, re.M))
    assert have == {c for c in commands if not c.startswith("-")}
    assert complete(server, "pen") == ["penalties"]
    keys = set(complete(server, "show", ""))
    for key in keys - {"--defaults", "--effective", "--keys", "--json"}:
        ctl(server, "show", key)  # each is one that show takes
    assert complete(server, "show", "limits.login_") == [
        "limits.login_grace"]
    assert complete(server, "explain", "--listener", "") == ["main"]
    assert user.name in complete(server, "explain", "--user", "spt_")
    p = login(server, user)
    (one,) = ctl_json(server, "sessions")
    assert complete(server, "kill", "") == [one["id"], user.name]
    p.stdin.close()
    p.wait(20)


def test_every_command_is_in_the_manual():
    usage = sp.run([CTL, "-h"], check=0).stdout
    page = open(f"{sp.TOP}/packaging/man/sallyportctl.8").read()
    for command in re.findall(r"^    ([a-z-]+)", usage, re.M):
        assert re.search(rf"^\.It Cm {command}\b", page, re.M), command
    for option in re.findall(r"--([a-z]+)", usage):
        assert f"Fl -{option}" in page, option
    p = sp.run(["mandoc", "-Tlint", "-Wwarning",
                f"{sp.TOP}/packaging/man/sallyportctl.8"])
    assert p.returncode == 0 and p.stdout == "", p.stdout


def commands():
    """What the program itself says it knows."""
    text = sp.run([CTL, "--help"], check=0).stdout
    return set(re.findall(r"^    ([a-z-]+)", text, re.M))


def test_json_is_the_answer_of_every_command(make_server, user):
    s = make_server()
    p = login(s, user)
    (mine,) = ctl_json(s, "sessions")
    theirs = f"{s.dir}/sshd_config"
    with open(theirs, "w") as f:
        f.write("Port 22\nPasswordAuthentication no\n")
    shape = {
        "check": (), "compliance": ("cis-debian12", "--item", "5.1.19"),
        "drain": ("off",), "fingerprints": (), "hostkeys": (),
        "explain": ("--user", user.name, "--from", "127.0.0.1"), "grant": ("list",),
        "import": (theirs,), "kill": (mine["id"],), "log-level": ("info",),
        "keys": (), "penalties": (), "policy": ("diff", "--user", user.name, s.config, s.config),
        "recordings": ("list",),
        "recheck": (), "reload": (), "sessions": (), "show": (),
        "stats": (), "status": (), "selftest": ("--user", user.name)}
    trial = ("confirm", "revert")
    assert {*shape, *trial, "audit"} == commands()
    answers = {}
    for verb, words in shape.items():
        if verb != "kill":  # last, it ends what the others see
            p2 = ctl(s, "--json", verb, *words)
            # keys tells beside it of files that do not count
            assert p2.stderr == "" or verb == "keys", (verb, p2.stderr)
            answers[verb] = json.loads(p2.stdout)
    for verb in trial:
        ctl(s, "reload", "--confirm", "1h")
        answers[verb] = ctl_json(s, verb)
        assert set(answers[verb]) == {"generation"}
    sp.wait_for(lambda: ctl_json(s, "status")["trial"] == "over", 20, "the policy before")
    answers["kill"] = ctl_json(s, "kill", mine["id"])
    assert ended(p)[0] == 255
    # the format of this log has no chain
    audit = json.loads(ctl(s, "--json", "audit", "verify", s.log_file, check=1).stdout)
    assert not audit["complete"] and audit["records"] == 0

    assert all(set(x) == {"severity", "file", "line", "message"} for x in answers["check"])
    assert [i["status"] for i in answers["compliance"]["items"]] == ["pass"]
    assert answers["drain"] == {"draining": False, "connections": 1}
    for verb in ("fingerprints", "hostkeys"):
        assert answers[verb] and all(
            k["fingerprint"].startswith("SHA256:") and k["bits"] > 0
            and os.path.exists(k["file"]) for k in answers[verb])
    assert answers["explain"]["user"] == user.name
    assert answers["explain"]["rule"]
    assert "listeners" in answers["import"]["config"]
    assert answers["kill"] == [{"id": mine["id"]}]
    assert answers["log-level"]["generation"] == 2
    assert answers["reload"]["generation"] >= 2
    assert answers["penalties"] == answers["grant"] == []
    assert answers["recheck"] == {"open": 1, "waiting": 0, "allowed": 1, "refused": 0, "unknown": 0}
    assert answers["recordings"] == []
    assert [x["user"] for x in answers["sessions"]] == [user.name]
    assert answers["show"]["control_socket"] is not None
    keys = ctl_json(s, "show", "--keys")
    (grace,) = [k for k in keys if k["key"] == "limits.login_grace"]
    assert grace["type"].startswith("time") and grace["default"] == "60"
    assert [k["key"] for k in keys] == [
        line.split("\t")[0] for line in ctl(s, "show", "--keys").stdout.splitlines()]
    p2 = ctl(s, "--json", "import", "/no/such", check=1)
    assert any("/no/such" in x["message"] or "/no/such" in x["file"]
               for x in json.loads(p2.stdout)["problems"]) and "/no/such" in p2.stderr
    samples = [x for x in answers["stats"] if "sample" in x]
    assert {"sallyport_accepted_total"} <= {x["sample"] for x in samples}
    assert all(isinstance(x["value"], int) for x in samples)
    assert answers["status"]["pid"] == s.pid


@pytest.mark.parametrize("words, status, error", [
    (("kill", "nobody"), 1, "nobody: no such connection"),
    (("kill",), 2, "one target is expected"),
    (("status", "more"), 2, "no arguments are expected"),
    (("drain", "sideways"), 2, "on, off or wait is expected"),
    (("penalties", "x"), 2, "clear, or nothing, is expected"),
    (("penalties", "clear", "x"), 1, "x"),
    (("log-level", "loud"), 1, "loud"),
    (("show", "nothing.such"), 1, "no such key"),
    (("explain", "--user", "x"), 2, "--user and --from are required"),
    (("explain", "--user", "x", "--from", "here"), 2, "no numeric address"),
    (("import",), 2, "one sshd_config is expected"),
    (("hostkeys", "x"), 2, "no arguments are expected"),
    (("nonsense",), 2, "nonsense: no such command"),
    ((), 2, "a command is expected"),
])
def test_json_errors_are_json_and_on_stderr(ctl_server, words, status, error):
    p = ctl(ctl_server, "--json", *words, check=status)
    answer = json.loads(p.stdout)
    assert set(answer) == {"error"} and error in answer["error"]
    assert error in p.stderr


@pytest.fixture(scope="module")
def ctl_server():
    s = sp.Server()
    yield s
    s.stop()


def test_json_errors_without_server_or_configuration(make_server):
    s = make_server(start=False)
    for words in (["status"], ["sessions"], ["kill", "x"], ["drain"], ["penalties"],
                  ["reload"], ["stats"], ["log-level", "info"],
                  ["explain", "--live", "--user", "x", "--from", "::1"]):
        p = ctl(s, "--json", *words, check=3)
        assert "no server is running" in json.loads(p.stdout)["error"], words
        assert "no server is running" in p.stderr
    s.write("no_such_key = 1;\n")
    for words in (["show"], ["hostkeys"], ["fingerprints"],
                  ["explain", "--user", "x", "--from", "::1"]):
        p = ctl(s, "--json", *words, check=1)
        assert "no_such_key" in json.loads(p.stdout)["error"], words
        assert "no_such_key" in p.stderr


# ---- a day at work ----

def test_a_second_server_on_the_same_files_is_refused_by_pid(make_server, user):
    s = make_server()
    both = s.text.replace(f"port = {s.port};", "port = 2199;")
    for text in (both, both.replace(f'control_socket = "{s.control}"',
                                    'control_socket = "none"'),
                 both.replace(f'pid_file = "{s.pid_file}"', 'pid_file = "none"')):
        s.write(text, s.config + ".second")
        p = sp.run([sp.DAEMON, "-f", s.config + ".second", "-E", s.log_file], env=s.env)
        assert p.returncode == 1 and f"process {s.pid}," in p.stderr, p.stderr
    assert int(open(s.pid_file).read()) == s.pid
    ctl(s, "reload")  # the lock is kept
    p = sp.run([sp.DAEMON, "-f", s.config + ".second", "-E", s.log_file], env=s.env)
    assert p.returncode == 1, p.stderr
    s.ssh(user, "true", check=0)
    assert ctl_json(s, "status")["pid"] == s.pid
    # who was killed holds nothing
    os.kill(s.pid, 9)
    s.start()
    s.stop()
    assert not os.path.exists(s.pid_file)


def test_a_reload_names_the_listeners_that_are_not_open(make_server, user):
    s = make_server()
    two = s.text.replace("listeners = (", 'listeners = ( { name = "far"; '
                         'address = "192.0.2.77"; port = 22; }, ')
    s.write(two)
    p = ctl(s, "reload", check=4)
    assert "generation 2" in p.stdout
    assert "far (192.0.2.77 port 22: Cannot assign requested address)" in p.stderr
    assert "192.0.2.77" in ctl(s, "status").stdout
    s.ssh(user, "true", check=0)
    assert "this machine has no address 192.0.2.77" in ctl(s, "check").stdout
    free = two.replace('"192.0.2.77";', '"192.0.2.77"; freebind = true;')
    s.write(free)
    assert "192.0.2.77" not in ctl(s, "check").stdout
    ctl(s, "reload", check=0)
    s.write(two.replace("192.0.2.77", "192.0.2.78") + "\nreload_needs_listeners = true;\n")
    p = ctl(s, "reload", check=1)
    assert "192.0.2.78" in p.stderr
    status = ctl_json(s, "status")
    assert "192.0.2.77" in status["listeners"] and status["generation"] == 3
    s.write(s.text + "\nreload_needs_listeners = true;\n")
    ctl(s, "reload", check=0)
    s.ssh(user, "true", check=0)


def test_the_server_of_a_broken_configuration_is_found(server):
    server.write(server.text + "\nnonsense = ;\n")
    p = ctl(server, "reload", check=1)
    line = server.text.count("\n") + 2
    assert f"{server.config}:{line}: " in p.stderr, p.stderr
    assert "no server is running" not in p.stderr
    assert ctl_json(server, "status")["pid"] == server.pid


def test_a_penalty_by_hand_is_in_force_at_once(make_server, user):
    s = make_server(penalties="enabled = true;")
    s.ssh(user, "true", check=0)
    assert "refused from now on" in ctl(s, "penalties", "add", "127.0.0.1", "10m").stdout
    (one,) = ctl_json(s, "penalties")
    assert one["in_force"] and 500 < one["seconds"] <= 600
    assert "imposed by the administrator" in one["cause"]
    assert s.ssh(user, "true").returncode == 255
    ctl(s, "reload")
    assert s.ssh(user, "true").returncode == 255
    ctl(s, "penalties", "clear", "127.0.0.1")
    s.ssh(user, "true", check=0)
    for wrong in (["nowhere", "10m"], ["127.0.0.1", "0"], ["127.0.0.1", "10y"],
                  ["127.0.0.1", "999d"]):
        assert ctl(s, "penalties", "add", *wrong, check=None).returncode in (1, 2), wrong


def test_the_log_level_is_shown(server):
    assert ctl(server, "log-level").stdout == "debug (configured: debug)\n"
    ctl(server, "log-level", "error")
    assert ctl(server, "log-level").stdout == "error (configured: debug)\n"
    assert "log level: error" in ctl(server, "status").stdout


def test_every_program_tells_its_version_and_options():
    others = sp.run(["find", "/usr/lib", "/usr/libexec", "-name", "sallyport-*", "-type", "f", "-perm", "-1"]).stdout
    others = sorted(others.split())
    names = {os.path.basename(p) for p in others} - {  # where there is Kerberos
        "sallyport-ticketholder", "sallyport-ticketstore"}
    assert names == {"sallyport-recorder", "sallyport-session", "sallyport-sftp-server"}
    for program in (CTL, sp.DAEMON, *others):
        assert "sallyport" in sp.run([program, "--version"], check=0).stdout
        text = sp.run([program, "--help"], check=0).stdout
        assert "usage: " in text and "--version" in text
    for option in "DdEefipqt":
        assert f"    -{option}  " in sp.run([sp.DAEMON, "--help"], check=0).stdout


def test_completion_knows_groups_users_and_sources(make_server, user):
    s = make_server(penalties="enabled = true;")
    assert "limits.penalties" in complete(s, "show", "limits.pen")
    assert user.name in complete(s, "explain", f"--user={user.name[:-1]}")
    p = login(s, user)
    assert user.name in complete(s, "kill", user.name[:-1])
    ctl(s, "penalties", "add", "192.0.2.9", "1h")
    assert complete(s, "penalties", "clear", "192") == ["192.0.2.9/32"]
    assert complete(s, "penalties", "a") == ["add"]
    p.kill()
