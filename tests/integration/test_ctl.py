"""sallyportctl against the real server, and without one."""

import json
import os
import re
import socket
import subprocess
import time

import pytest

import sp

CTL = "/usr/sbin/sallyportctl"


def ctl(server, *words, check=0, user=None, **kw):
    argv = [CTL, "-f", server.config, *words]
    if user is not None:
        argv = ["setpriv", f"--reuid={user.uid}", f"--regid={user.gid}",
                "--clear-groups", *argv]
    return sp.run(argv, check=check, **kw)


def ctl_json(server, *words, check=0):
    return json.loads(ctl(server, "--json", *words, check=check).stdout)


def stats(server):
    """Samples by name with labels; and the text is well formed."""
    out = {}
    declared = set()
    for line in ctl(server, "stats").stdout.splitlines():
        m = re.fullmatch(r"# (HELP|TYPE) (\w+) (.+)", line)
        if m:
            if m.group(1) == "TYPE":
                assert m.group(3) in ("counter", "gauge", "histogram")
                assert m.group(2) not in declared
                declared.add(m.group(2))
            continue
        m = re.fullmatch(r'(\w+)(\{\w+="[^"]*"(?:,\w+="[^"]*")*\})? '
                         r"(\d+(?:\.\d{3})?)", line)
        assert m, line
        family = re.sub(r"_(bucket|sum|count)$", "", m.group(1))
        assert m.group(1) in declared or family in declared, line
        key = m.group(1) + (m.group(2) or "")
        assert key not in out, key
        out[key] = float(m.group(3))
    return out


def login(server, user, *command, **kw):
    """A session that stays until it is ended; it has begun when we return."""
    p = server.popen(user, "echo begun; exec cat", *command,
                     LogLevel="INFO", **kw)
    assert p.stdout.readline() == b"begun\n", p.stderr.read()
    return p


def ended(p, seconds=15):
    p.wait(seconds * sp.SLOW)  # its input stays open: that would end it, too
    return p.returncode, p.communicate()[1].decode()


def fingerprint(user):
    p = sp.run(["ssh-keygen", "-lf", user.key + ".pub"], check=0)
    return p.stdout.split()[1]


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


def test_sessions_show_who_from_where_by_what(server, user):
    p = login(server, user)
    p.stdin.write(b"x" * 5000)
    p.stdin.flush()
    (one,) = ctl_json(server, "sessions")
    assert one["user"] == user.name and one["uid"] == user.uid
    assert one["source"] == "127.0.0.1" and one["port"] > 0
    assert one["rule"] == "users"
    assert one["method"] == "publickey"
    assert one["key"] == fingerprint(user)
    assert one["logged_in"] is True and one["state"] == "open"
    assert abs(one["since"] - time.time()) < 60
    assert server.processes("monitor") == [one["monitor"]]
    text = ctl(server, "sessions").stdout
    assert one["id"] in text and user.name in text
    assert fingerprint(user) in text
    p.stdin.close()
    p.wait(20)
    sp.wait_for(lambda: ctl_json(server, "sessions") == [], 10, "no session")


def test_sessions_count_bytes_channels_and_terminals(server, user):
    p = server.popen(user, "tty; head -c 300000 /dev/zero | tr '\\0' y; cat",
                     flags=("-tt",))
    p.stdout.read(1000)

    def counted():
        (one,) = ctl_json(server, "sessions")
        return one if one["bytes_out"] > 300000 else None
    # A worker reports now and then; reading lets the data flow.
    os.set_blocking(p.stdout.fileno(), False)

    def both():
        p.stdout.read()
        return counted()
    one = sp.wait_for(both, 30, "the report of the bytes")
    assert one["channels"] == 1
    assert one["tty"].startswith("pts/")
    p.kill()
    p.wait()


def test_who_has_not_logged_in_is_listed_too(server):
    s = server.connect()
    s.recv(100)
    (one,) = ctl_json(server, "sessions")
    assert one["logged_in"] is False and one["user"] == ""
    assert one["state"] == "key exchange"
    assert "not logged in" in ctl(server, "sessions").stdout
    assert ctl_json(server, "status")["unauthenticated"] == 1
    s.close()


@pytest.mark.parametrize("by", ["id", "user", "source", "network", "key",
                                "user:", "from:", "key:", "id:"])
def test_kill_ends_the_session_and_says_so(server, make_user, by):
    user, other = make_user(), make_user()
    victim = login(server, user)
    (one,) = ctl_json(server, "sessions")
    target = {"id": one["id"], "user": user.name, "source": "127.0.0.1",
              "network": "127.0.0.0/8", "key": fingerprint(user),
              "user:": "user:" + user.name, "from:": "from:127.0.0.1",
              "key:": "key:" + fingerprint(user), "id:": "id:" + one["id"]}
    everybody = by in ("source", "network", "from:")
    bystander = None if everybody else login(server, other)
    mark = server.mark()
    assert one["id"] in ctl(server, "kill", target[by]).stdout
    code, err = ended(victim)
    assert code == 255
    assert "ended by the administrator" in err
    server.wait_log(rf"sallyportctl: kill {re.escape(target[by])} by uid 0 "
                    r"pid \d+", after=mark)
    server.wait_log(rf"Connection {one['id']} ended by uid 0", after=mark)
    sp.wait_for(lambda: not user.processes(), 10, "the user's end")
    if bystander:
        (left,) = sp.wait_for(
            lambda: len(s := ctl_json(server, "sessions")) == 1 and s, 10,
            "the victim's end")
        assert left["user"] == other.name
        bystander.stdin.write(b"still here\n")
        bystander.stdin.flush()
        assert bystander.stdout.readline() == b"still here\n"
        bystander.stdin.close()
        assert bystander.wait(20) == 0


def test_kill_ends_one_that_has_not_logged_in(server):
    s = server.connect()
    s.recv(100)
    (one,) = ctl_json(server, "sessions")
    ctl(server, "kill", one["id"])
    s.settimeout(20)
    while s.recv(4096):
        pass
    sp.wait_for(lambda: ctl_json(server, "sessions") == [], 15, "its end")


def test_kill_by_force_when_the_monitor_is_stopped(server, user):
    p = login(server, user)
    (one,) = ctl_json(server, "sessions")
    os.kill(one["monitor"], 19)  # SIGSTOP: it cannot end in order
    mark = server.mark()
    ctl(server, "kill", one["id"])
    server.wait_log("did not end in time: by force", seconds=20, after=mark)
    assert ended(p)[0] == 255
    sp.wait_for(lambda: ctl_json(server, "sessions") == [], 15, "its end")
    # Ours, not a crash: nobody is penalised or counted for it.
    assert stats(server)['sallyport_crashes_total{component="monitor"}'] == 0
    sp.wait_for(lambda: not user.processes(), 10, "the user's end")


def test_kill_of_nobody_is_an_error(server):
    for target in ("nobody-here", "0123456789abcdef", "192.0.2.7",
                   "SHA256:" + "A" * 43):
        p = ctl(server, "kill", target, check=1)
        assert "no such connection" in p.stderr, p.stderr
    assert "no address" in ctl(server, "kill", "from:x", check=1).stderr
    assert "16 hexadecimal" in ctl(server, "kill", "id:12", check=1).stderr
    assert ctl_json(server, "kill", "x", check=1) == {
        "error": "x: no such connection"}


def test_drain_refuses_new_connections_and_keeps_the_old(server, user):
    p = login(server, user)
    assert ctl_json(server, "drain") == {"draining": True, "connections": 1}
    again = server.ssh(user, "true", LogLevel="INFO")
    assert again.returncode == 255
    assert "this server is being taken out of service" in again.stderr, again.stderr
    s = server.connect()
    data = s.recv(1000)
    assert data.startswith(b"SSH-2.0-") and b"takes no new connections" in data
    s.close()
    # More at once than are kept open, and none stays.
    many = [server.connect() for _ in range(100)]
    for s in many:
        s.settimeout(20)
        while s.recv(1000):
            pass
        s.close()
    assert ctl_json(server, "status")["draining"] is True
    assert stats(server)['sallyport_dropped_total{cause="draining"}'] >= 2
    waiter = subprocess.Popen([CTL, "-f", server.config, "drain", "wait"],
                              stdout=subprocess.PIPE)
    with pytest.raises(subprocess.TimeoutExpired):
        waiter.wait(2)
    p.stdin.write(b"still here\n")
    p.stdin.flush()
    assert p.stdout.readline() == b"still here\n"
    p.stdin.close()
    assert p.wait(20) == 0
    assert waiter.wait(20) == 0
    assert "Draining" in server.log()
    # It is the administrator's word: a reload does not take it back.
    ctl(server, "reload")
    assert ctl_json(server, "status")["draining"] is True
    assert ctl_json(server, "drain", "off")["draining"] is False
    assert server.ssh(user, "echo back").stdout == "back\n"


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


# ---- without a server: host keys ----

def test_hostkeys_makes_what_is_missing_and_nothing_else(make_server):
    s = make_server(start=False)
    keys = [f"{s.dir}/new/deep/ssh_host_{kind}_key"
            for kind in ("ed25519", "ecdsa", "rsa")]
    for old, new in zip(s.host_keys, keys):
        s.text = s.text.replace(old, new)
    s.write(s.text)
    made = ctl_json(s, "hostkeys")
    assert [k["file"] for k in made] == keys
    assert all(k["made"] for k in made)
    assert [(k["type"], k["bits"]) for k in made] == [
        ("ED25519", 256), ("ECDSA", 256), ("RSA", 3072)]
    for k in made:
        assert os.stat(k["file"]).st_mode & 0o7777 == 0o600
        assert os.stat(k["file"] + ".pub").st_mode & 0o7777 == 0o644
        theirs = sp.run(["ssh-keygen", "-lf", k["file"]], check=0).stdout
        assert k["fingerprint"] == theirs.split()[1]
        pub = open(k["file"] + ".pub").read().split()[:2]
        again = sp.run(["ssh-keygen", "-yf", k["file"]], check=0).stdout
        assert again.split()[:2] == pub
    before = [open(k).read() for k in keys]
    same = ctl_json(s, "hostkeys")
    assert not any(k["made"] for k in same)
    assert [k["fingerprint"] for k in same] == [
        k["fingerprint"] for k in made]
    assert [open(k).read() for k in keys] == before
    assert [k["fingerprint"] for k in ctl_json(s, "fingerprints")] == [
        k["fingerprint"] for k in made]
    s.start()
    scan = sp.run(["ssh-keyscan", "-p", str(s.port), "127.0.0.1"], check=0)
    for k in keys:
        assert open(k + ".pub").read().split()[1] in scan.stdout
    os.unlink(keys[1])
    assert [k["made"] for k in ctl_json(s, "hostkeys")] == [
        False, True, False]


def test_hostkeys_refuses_what_it_cannot_make(make_server):
    s = make_server(start=False, host_keys=("ed25519",))
    s.write(s.text.replace(s.host_keys[0], s.dir + "/strange"))
    p = ctl(s, "hostkeys", check=1)
    assert "ssh-keygen" in p.stderr
    s.write(s.text)
    os.chmod(s.host_keys[0], 0o644)
    p = ctl(s, "fingerprints", check=1)
    assert "is too open for a private key" in p.stderr
    os.chmod(s.host_keys[0], 0o600)
    p = ctl(s, "fingerprints")
    assert s.host_keys[0] in p.stdout


# ---- without a server: the configuration ----

def test_check_finds_nothing_wrong_with_what_starts(make_server):
    s = make_server()
    assert "no errors" in ctl(s, "check").stdout
    assert [p for p in ctl_json(s, "check") if p["severity"] == "error"] == []


@pytest.mark.parametrize("change, line, message", [
    (("host_keys =", "hots_keys ="), "hots_keys", "host_keys"),
    (('name = "main"; address', 'name = "main"; adress'), "adress",
     "address"),
    (('name = "users"', 'name = "users"; metods = [ ]'), "metods", "methods"),
    (('"publickey", "password"', '"publickey", "frobnicate"'), "frobnicate",
     "no module serves"),
    (('"publickey", "password"', '"publickey:nomodule", "password"'),
     "nomodule", "there is no module"),
    (('service = "sallyport"', 'servise = "sallyport"'), "servise",
     "service"),
    (('name = "pam"', 'name = "missing"'), "missing", "missing"),
    (('ssh_host_rsa_key"', 'ssh_host_rsa_key.pub"'), "host_keys",
     "host_keys"),
])
def test_check_names_file_line_and_what_would_be_right(make_server, change,
                                                       line, message):
    s = make_server(start=False)
    assert change[0] in s.text
    s.write(s.text.replace(*change, 1))
    number = [i for i, text in enumerate(open(s.config), 1)
              if line in text][0]
    p = ctl(s, "check", check=1)
    found = [x for x in p.stdout.splitlines() if message in x]
    assert found, p.stdout
    assert any(re.match(rf"{re.escape(s.config)}:{number}: ", x)
               for x in found), (number, p.stdout)
    assert any(x["file"] == s.config and x["line"] == number
               and x["severity"] == "error" and message in x["message"]
               for x in ctl_json(s, "check", check=1))
    # sallyportd -t says so too, and a start refuses
    t = s.check()
    assert t.returncode != 0
    assert (s.dir if message == "host_keys" else message) in t.stderr
    s.start(expect=t.returncode)


def test_check_warns_of_a_list_that_names_nobody(make_server, user):
    s = make_server(extra=f'guards = ( {{ name = "g"; deny_users = [ "spt_gone@10.0.0.0/8", "{user.name}@192.0.2.0/24", '
                          '"spt_n*" ]; deny_groups = [ "spt_none" ]; } );')
    said = ctl(s, "check").stdout
    assert 'warning: guards.g.deny_users: there is no user "spt_gone"' in said
    assert 'warning: guards.g.deny_groups: there is no group "spt_none"' in said
    assert said.count("there is no") == 2


def test_t_and_check_find_the_same_errors(make_server):
    s = make_server(start=False, grants='times = [ "mon 08:00-09:00 No/Where" ]; chroot = "/mnt/sp/bad";',
                    methods=("publickey", "frobnicate:pam", "password:nomodule"))
    os.makedirs("/mnt/sp/bad", exist_ok=True)
    os.chmod("/mnt/sp/bad", 0o777)
    t = s.check()
    check = ctl(s, "check", check=1).stdout.splitlines()
    errors = {x for x in check if "warning: " not in x}
    assert len(errors) == 4, errors
    assert errors <= set((t.stdout + t.stderr).splitlines()), (errors, t.stderr)


def test_a_reload_is_refused_for_what_check_finds(make_server, user):
    """And a start for what the configuration itself has wrong; what may be
    mended beside it, it tells, and serves."""
    s = make_server()
    s.write(s.text.replace('"publickey", "password"', '"publickey", "frobnicate"'))
    p = ctl(s, "reload", check=1)
    assert "no module serves" in p.stdout + p.stderr
    s.ssh(user, "true", check=0)
    os.makedirs("/mnt/sp/bad", exist_ok=True)
    os.chmod("/mnt/sp/bad", 0o777)
    bad = s.text.replace('name = "users";', 'name = "users"; chroot = "/mnt/sp/bad";')
    s.write(bad)
    p = ctl(s, "reload", check=1)
    assert "/mnt/sp/bad must be" in p.stdout + p.stderr
    s.stop()
    s.start()
    s.wait_log(r"chroot: /mnt/sp/bad must be a directory of root's")


def test_check_warns_of_users_and_files_that_do_not_exist(make_server):
    s = make_server(start=False, rules='''rules = ( { name = "r";
        match = { group = "no-such-group"; }; banner = "/no/such/banner";
        methods = [ "publickey" ]; } );''')
    problems = ctl_json(s, "check")
    assert {p["severity"] for p in problems} == {"warning"}
    text = ctl(s, "check").stdout
    assert re.search(r":\d+: warning: .*no-such-group", text)
    assert re.search(r":\d+: warning: banner: /no/such/banner", text)


def test_check_of_what_only_a_start_finds_out(make_server):
    s = make_server(start=False,
                    publickey='user = { command = [ "/bin/true" ]; '
                              'user = "no-such-user"; };')
    text = ctl(s, "check", check=1).stdout
    number = [i for i, x in enumerate(open(s.config), 1)
              if "no-such-user" in x][0]
    assert f"{s.config}:{number}: " in text and "no-such-user" in text
    s.start(expect=1)


def test_show_prints_what_was_understood_and_it_loads_again(make_server):
    s = make_server(start=False)
    text = ctl(s, "show").stdout
    assert f"# {s.config}:" in text and s.control in text
    assert "login_grace" not in text
    full = ctl(s, "show", "--defaults").stdout
    assert re.search(r"login_grace = 60;\t# default", full)
    s.write(full)
    again = ctl(s, "show", "--defaults").stdout

    def bare(t):
        return re.sub(r"\s*#.*", "", t)
    assert bare(again) == bare(full)
    assert ctl(s, "show", "limits.login_grace").stdout == \
        "limits.login_grace = 60\n"
    p = ctl(s, "show", "limits.login_grave", check=1)
    assert "limits.login_grace" in p.stderr


def test_show_json(make_server):
    s = make_server(start=False)
    c = ctl_json(s, "show")
    assert c["control_socket"]["value"] == s.control
    assert c["control_socket"]["file"] == s.config
    assert "limits.login_grace" not in c
    assert [r["name"] for r in c["rules"]] == ["root", "users"]
    assert c["rules"][1]["grants"]["agent"]["value"] is True
    assert "pty" not in c["rules"][1]["grants"]
    assert c["rules"][0]["match"][0]["user"] == ["root"]
    assert [m["name"] for m in c["modules"]] == ["pam", "publickey"]
    assert c["modules"][0]["options"] == {"service": ["sallyport"]}
    assert c["listeners"][0]["port"] == s.port
    d = ctl_json(s, "show", "--defaults")
    assert d["limits.login_grace"] == {"value": 60}
    assert d["rules"][1]["grants"]["pty"] == {"value": True}
    assert ctl_json(s, "show", "limits.login_grace") == {
        "limits.login_grace": 60}


def test_show_keys_lists_the_schema(make_server):
    s = make_server(start=False)
    keys = {line.split("\t")[0]
            for line in ctl(s, "show", "--keys").stdout.splitlines()}
    assert {"limits.login_grace", "listeners.port", "rules.pty"} <= keys
    assert len(keys) > 100


# ---- explain ----

RULES = '''
rules = (
  { name = "root"; match = { user = "root"; }; methods = [ "publickey" ];
    root_login = "key"; },
  { name = "office"; match = { group = "%(group)s"; from = "10.0.0.0/8";
    time = "mon-fri 08:00-18:00 UTC"; };
    methods = [ "publickey" ]; pty = true; },
  { name = "rest"; match = { user = "%(user)s"; };
    methods = [ "publickey,password" ]; pty = false; }
);
guards = (
  { name = "no-agent"; match = { from = "10.0.0.0/8"; }; agent = false; },
  { name = "no-rsa"; match = { key_type = "ssh-rsa"; }; refuse = true; }
);
'''


@pytest.fixture
def explained(make_server, user):
    import grp
    group = grp.getgrgid(user.gid).gr_name
    return make_server(start=False,
                       rules=RULES % {"group": group, "user": user.name})


def explain(s, user, address, *more, check=0):
    return ctl_json(s, "explain", "--user", user, "--from", address, *more,
                    check=check)


def test_explain_says_rule_by_rule_why(explained, user):
    monday = "2026-11-23 09:00"
    os.environ["TZ"] = "UTC"
    e = explain(explained, user.name, "10.1.2.3", "--at", monday)
    assert e["verdict"] == "granted" and e["rule"] == "office"
    results = {r["name"]: r["result"] for r in e["rules"]}
    assert results == {"root": "no", "office": "yes", "rest": "not asked"}
    guards = {g["name"]: g["result"] for g in e["guards"]}
    assert guards == {"no-agent": "yes", "no-rsa": "not asked"}
    assert e["settings"]["pty"]["value"] is True
    assert e["settings"]["pty"]["file"] == explained.config
    line = open(explained.config).read().splitlines()[
        e["settings"]["pty"]["line"] - 1]
    assert "pty = true" in line
    # The time has a say,
    sunday = explain(explained, user.name, "10.1.2.3", "--at",
                     "2026-11-22 09:00")
    assert sunday["rule"] == "rest"
    assert "time" in [r["why"] for r in sunday["rules"]][1]
    # and the address; an unknown user meets nobody.
    away = explain(explained, user.name, "192.0.2.1", "--at", monday)
    assert away["rule"] == "rest" and away["chains"] == ["publickey,password"]
    nobody = explain(explained, "nobody-here", "10.1.2.3", "--at", monday)
    assert nobody["verdict"] == "refused" and nobody["decoy"] is True
    text = ctl(explained, "explain", "--user", user.name, "--from",
               "10.1.2.3", "--at", monday).stdout
    assert re.search(rf"rule office \({re.escape(explained.config)}:\d+\): "
                     "matches", text)
    assert re.search(rf"pty = true\t# {re.escape(explained.config)}:\d+",
                     text)


def test_explain_a_key_that_is_accepted(explained, user):
    e = explain(explained, user.name, "10.1.2.3", "--at", "2026-11-23 09:00",
                "--key", user.key + ".pub")
    k = e["key"]
    assert k["accepted"] is True and e["verdict"] == "granted"
    assert k["place"] == f"{user.home}/.ssh/authorized_keys:1"
    assert k["fingerprint"] == fingerprint(user)
    text = ctl(explained, "explain", "--user", user.name, "--from",
               "10.1.2.3", "--key", user.key).stdout
    assert "would be accepted, by " \
        f"{user.home}/.ssh/authorized_keys:1" in text


def test_explain_tells_what_a_key_may_not(make_server, user):
    """Its line's options and a certificate's; and root's forced command."""
    key = user.key
    os.unlink(user.home + "/.ssh/authorized_keys")
    user.authorize(open(key + ".pub").read(), options=(
        'from="127.0.0.0/8,10.0.0.0/8",no-pty,permitopen="db:5432",permitlisten="8080",'
        'command="echo \\"hi\\"",environment="LC_A=b",environment="A=b",expiry-time="20990101Z",verify-required'))
    s = make_server()
    k = explain(s, user.name, "10.1.2.3", "--key", key + ".pub")["key"]
    assert k["accepted"]
    assert k["restrictions"] == [
        "from 127.0.0.0/8,10.0.0.0/8", "expiry-time 2099-01-01T00:00:00Z", "verify-required",
        "no-pty", 'command="echo "hi""', 'permitopen="db:5432"', 'permitlisten="*:8080"',
        'environment="LC_A=b"', 'environment="A=b", which is not set: accept_env does not list it']
    assert 'with permitopen="db:5432"\n' in ctl(
        s, "explain", "--user", user.name, "--from", "10.1.2.3", "--key", key + ".pub").stdout
    assert not explain(s, user.name, "192.0.2.1", "--key", key + ".pub")["key"]["accepted"]
    ca = f"{sp.SCRATCH}/explain_ca"
    sp.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", ca])
    sp.run(["ssh-keygen", "-q", "-s", ca, "-I", "staff", "-n", f"{user.name},ops", "-O", "clear",
            "-O", "force-command=id", "-O", "source-address=10.0.0.0/8", "-V",
            "20200101:20990101", key + ".pub"], check=0)
    s = make_server(publickey=f'ca_keys = [ "{ca}.pub" ];')
    k = explain(s, user.name, "10.1.2.3", "--key", key + "-cert.pub")["key"]
    assert k["accepted"] and k["source"] == "ca_keys"
    assert {"from 10.0.0.0/8", "certificate staff", "serial 0", f"principal {user.name}",
            "principal ops", "no-pty", 'command="id"', "no-port-forwarding"} <= set(k["restrictions"])
    # a key with a command is what root_login = "forced-command" wants
    rules = """rules = ( { name = "root"; match = { user = "root"; }; methods = [ "publickey" ];
        root_login = "forced-command"; } );"""
    s = make_server(rules=rules, publickey='files = [ "/mnt/sp/root_keys" ];')
    public = open(key + ".pub").read()
    for options, verdict in (("", "refused"), ('command="id" ', "granted")):
        with open("/mnt/sp/root_keys", "w") as f:
            f.write(options + public)
        assert explain(s, "root", "127.0.0.1", "--key", key + ".pub")["verdict"] == verdict


def test_explain_a_key_that_is_not(explained, user, make_user):
    def reason(expect):
        e = explain(explained, user.name, "10.1.2.3", "--key",
                    user.key + ".pub")
        assert e["key"]["accepted"] is False
        everything = e["key"]["reason"] + " ".join(e["key"]["notes"])
        assert expect in everything, e["key"]
        # It agrees with what the server does.
        return e["key"]
    stranger = make_user()
    e = explain(explained, user.name, "10.1.2.3", "--key",
                stranger.key + ".pub")
    assert e["key"]["accepted"] is False
    assert "not found" in e["key"]["reason"]
    path = user.home + "/.ssh/authorized_keys"
    os.chmod(path, 0o666)
    reason("bad ownership or modes")
    os.chmod(path, 0o600)
    line = open(user.key + ".pub").read()
    open(path, "w").write('from="192.0.2.0/24" ' + line)
    reason("not from this address")
    open(path, "w").write('expiry-time="20200101" ' + line)
    reason("expired")
    open(path, "w").write('frobnicate="1" ' + line)
    reason("authorized_keys:1")
    open(path, "w").write("# nothing\n")
    reason("not found")
    os.unlink(path)
    reason("no such file")


def test_explain_a_revoked_key(make_server, user):
    krl = f"{sp.SCRATCH}/revoked_{user.name}"
    sp.run(["ssh-keygen", "-kf", krl, user.key + ".pub"], check=0)
    s = make_server(publickey=f'revoked = [ "{krl}" ];')
    k = explain(s, user.name, "127.0.0.1", "--key", user.key)["key"]
    assert k["accepted"] is False and "revoked" in k["reason"]
    assert s.ssh(user, "true").returncode == 255


def test_explain_a_key_that_policy_refuses(explained, user):
    user.make_key("rsa", extra=("-b", "3072"))
    e = explain(explained, user.name, "10.1.2.3", "--at", "2026-11-23 09:00",
                "--key", user.key + ".pub")
    # The module has it, the guard does not want it: so it is not used.
    assert e["key"]["accepted"] is False
    assert f"guard no-rsa refuses ({explained.config}:" in e["key"]["reason"]
    line = int(re.search(r":(\d+)\)$", e["key"]["reason"]).group(1))
    assert '"no-rsa"' in open(explained.config).read().splitlines()[line - 1]


def test_explain_live_asks_the_generation_that_serves(make_server, user):
    s = make_server()
    s.write(s.text.replace('name = "users"', 'name = "renamed"'))
    assert explain(s, user.name, "127.0.0.1")["rule"] == "renamed"
    assert explain(s, user.name, "127.0.0.1", "--live")["rule"] == "users"
    ctl(s, "reload")
    assert explain(s, user.name, "127.0.0.1", "--live")["rule"] == "renamed"


def test_explain_agrees_with_the_server(make_server, make_user):
    """Whoever explain says gets in by key gets in, and nobody else."""
    inside, outside = make_user(), make_user()
    s = make_server(rules='''
rules = ( { name = "some"; match = { user = "%s"; };
            methods = [ "publickey" ]; } );''' % inside.name)
    for u in (inside, outside):
        e = explain(s, u.name, "127.0.0.1", "--key", u.key)
        goes = e["verdict"] == "granted" and e["key"]["accepted"]
        assert goes is (u is inside)
        assert (s.ssh(u, "true").returncode == 0) is goes


def test_explain_usage(explained):
    for words in ([], ["--user", "x"], ["--user", "x", "--from", "nowhere"],
                  ["--user", "x", "--from", "::1", "--at", "teatime"],
                  ["--frobnicate"], ["--user"]):
        assert "usage" in ctl(explained, "explain", *words, check=2).stderr
    p = ctl(explained, "explain", "--user", "x", "--from", "::1",
            "--listener", "none", check=1)
    assert "no such listener" in p.stderr


# ---- import ----

def test_import_prints_a_configuration_that_passes_check(make_server, user):
    s = make_server(start=False)
    theirs = s.dir + "/sshd_config"
    with open(theirs, "w") as f:
        f.write(f"Port {s.port}\nListenAddress 127.0.0.1\n"
                f"HostKey {s.host_keys[0]}\nPasswordAuthentication no\n"
                f"PermitRootLogin no\nAllowUsers {user.name}\n"
                f"PidFile {s.pid_file}\nUsePAM yes\n"
                "Subsystem sftp internal-sftp\n")
    p = ctl(s, "import", theirs, check=None)
    assert "rules = (" in p.stdout
    own = f'control_socket = "{s.control}";\n'
    if "pid_file" not in p.stdout:
        own += f'pid_file = "{s.pid_file}";\n'
    s.write(own + p.stdout)
    out = ctl(s, "check", check=None)
    assert out.returncode == 0, (out.stdout, p.stdout, p.stderr)
    s.start()
    assert s.ssh(user, "echo imported").stdout == "imported\n"
    j = ctl_json(s, "import", theirs, check=p.returncode)
    assert j["config"] == p.stdout
    assert ctl(s, "import", s.dir + "/none", check=1).stderr


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


def test_show_prints_groups_and_lists(server):
    text = ctl(server, "show", "limits.penalties").stdout
    assert "limits.penalties.crash = " in text and "login_grace" not in text
    assert "limits.penalties.crash" in ctl_json(server, "show", "limits")
    text = ctl(server, "show", "rules").stdout
    assert text.startswith("rules = (") and "guards" not in text
    assert [r["name"] for r in ctl_json(server, "show", "rules")["rules"]] == ["root", "users"]
    assert ctl(server, "show", "limit", check=1).stderr


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


def test_a_message_reaches_terminals_of_the_target_alone(server, make_user):
    """Once to one, then to all; nothing of it is a terminal's command."""
    from test_terminal import Terminal
    users = make_user(), make_user()
    terminals = [Terminal(server.ssh_argv(u, "echo up; exec cat", flags=("-tt",))) for u in users]
    for t in terminals:
        t.expect(rb"up\r\n")
    plain = login(server, users[0])
    one = ctl(server, "sessions", "message", f"user:{users[0].name}", "Bring \x1b[31mcoffee").stdout
    assert one.count("is told") == 1, one
    terminals[0].expect(rb"Message from the administrator: Bring \?\[31mcoffee\r\n")
    assert ctl(server, "sessions", "message", "all", "Down at noon").stdout.count("is told") == 2
    for t in terminals:
        seen = t.expect(rb"(.*)Message from the administrator: Down at noon\r\n")
        assert b"coffee" not in seen.group(1)
    assert "no such connection has a terminal" in ctl(server, "sessions", "message", "nobody", "x", check=1).stderr
    assert "too long" in ctl(server, "sessions", "message", "all", "x" * 501, check=1).stderr
    server.wait_log("message.*all.*by uid 0")
    for t in terminals:
        t.send("\x04")
        assert t.wait() == 0
    assert plain.communicate(timeout=20)[0] == b""
    # A session is one until PAM has closed it, which Debian 13's stack does slowly.
    sp.wait_for(lambda: ctl(server, "sessions", "message", "all", "to nobody").stdout == "",
                10, "the end of the sessions")
