"""Behind a balancer: the PROXY protocol, and what it may not be believed."""

import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time

import pytest

import evil_worker
import sp
from control import ctl, ctl_json, stats
from test_lobby import receive, workers

BALANCER = "127.0.0.9"  # in `trusted`; others of 127.0.0.0/8 are not
SIG = b"\r\n\r\n\0\r\nQUIT\n"
V1 = b"PROXY TCP4 192.0.2.7 192.0.2.1 40000 22\r\n"
TCP4 = socket.inet_aton("192.0.2.7") + socket.inet_aton("192.0.2.1") + struct.pack(">HH", 40000, 22)
TCP6 = (socket.inet_pton(socket.AF_INET6, "2001:db8::7") + socket.inet_pton(socket.AF_INET6, "2001:db8::1")
        + struct.pack(">HH", 40000, 22))


def v2(body=b"", command=0x21, family=0x11, length=None):
    return SIG + struct.pack(">BBH", command, family, len(body) if length is None else length) + body


def tlv(kind, value):
    return struct.pack(">BH", kind, len(value)) + value


TLS = tlv(0x20, struct.pack(">BI", 7, 0) + tlv(0x21, b"TLSv1.3") + tlv(0x22, b"laptop-7"))


@pytest.fixture
def proxied(make_server):
    def make(required=True, trusted=f'"{BALANCER}"', more="", **kw):
        port = next(sp._ports)
        kw.setdefault("listeners", f"""listeners = (
          {{ name = "main"; address = "127.0.0.1"; port = {port};
             proxy = {{ trusted = [ {trusted} ]; required = {str(required).lower()}; }}; {more} }} );""")
        s = make_server(**kw)
        s.port = port
        return s
    return make


def connect(server, source=BALANCER):
    return socket.create_connection(("127.0.0.1", server.port), 20, (source, 0))


def rest(s, seconds=15):
    """All until the server ends it."""
    data = b""
    s.settimeout(seconds * sp.SLOW)
    try:
        while part := s.recv(65536):
            data += part
    except ConnectionResetError:
        pass
    return data


def through(server, header=V1, source=BALANCER, pieces=None):
    """ssh's way to the server by a balancer that says `header`."""
    path = f"{server.dir}/balancer.py"
    with open(path, "w") as f:
        f.write(f"""import os, socket, sys, threading, time
s = socket.create_connection(("127.0.0.1", {server.port}), 20, ({source!r}, 0))
header = {header!r}
for part in {pieces!r} or [header]:
    s.sendall(part)
    time.sleep({0.002 if pieces else 0})
s.settimeout(None)
def up():
    while data := os.read(0, 65536):
        s.sendall(data)
    s.shutdown(socket.SHUT_WR)
threading.Thread(target=up, daemon=True).start()
while data := s.recv(65536):
    os.write(1, data)
""")
    os.chmod(path, 0o644)
    return ("-o", f"ProxyCommand={sys.executable} {path}")


def event(server, name, after=0):
    return re.findall(rf".*{name}.*", server.log()[after:])


# ---- the true address counts ----

RULES = """rules = (
  { name = "inside"; match = { from = [ "192.0.2.0/24", "2001:db8::/32" ]; }; methods = [ %s ]; },
  { name = "balancer"; match = { from = [ "127.0.0.0/8" ]; }; methods = [ "publickey" ]; } );"""


@pytest.mark.parametrize("header,source,port", [
    (V1, "192.0.2.7", 40000),
    (b"PROXY TCP6 2001:db8::7 2001:db8::1 40000 22\r\n", "2001:db8::7", 40000),
    (b"PROXY TCP6 ::ffff:192.0.2.7 ::ffff:192.0.2.1 65535 22\r\n", "192.0.2.7", 65535),
    (v2(TCP4), "192.0.2.7", 40000),
    (v2(TCP6, family=0x21), "2001:db8::7", 40000),
    (v2(TCP4 + tlv(2, b"ssh.example.org") + tlv(5, b"\x01\xab") + TLS + tlv(0xE0, b"x" * 900)), "192.0.2.7", 40000),
    (b"PROXY UNKNOWN ffff:f 1 2\r\n", BALANCER, None),
    (v2(family=0), BALANCER, None),
    (v2(bytes(216), family=0x31), BALANCER, None),
    (v2(command=0x20, family=0), BALANCER, None),
], ids=["v1-4", "v1-6", "v1-mapped", "v2-4", "v2-6", "v2-tlv", "v1-unknown", "v2-unspec", "v2-unix", "v2-local"])
def test_rules_and_programs_see_the_true_address(proxied, user, header, source, port):
    s = proxied(rules=RULES % '"publickey"')
    p = s.popen(user, "echo $SSH_CONNECTION, $SSH_CLIENT; cat", flags=through(s, header))
    line = p.stdout.readline().decode()
    found = re.fullmatch(r"(\S+) (\d+) 127\.0\.0\.1 (\d+), (\S+) (\d+) (\d+)\n", line)
    assert found, (line, p.stderr, s.log())
    assert found.group(1) == found.group(4) == source
    assert port is None or int(found.group(2)) == int(found.group(5)) == port
    (session,) = ctl_json(s, "sessions")
    assert session["source"] == source and session["proxy"] == BALANCER
    assert session["rule"] == ("balancer" if source == BALANCER else "inside")
    p.communicate()
    s.wait_log("Closing|Disconnected|closed by")
    accepted = s.wait_log(r"Accepted publickey.*").group(0)
    assert f" from {source} port" in accepted and f"proxy={BALANCER}" in accepted
    if len(header) > 800:
        (line,) = event(s, "by balancer")
        for part in ("kind=v2-address", "authority=ssh.example.org", "uniqueid=01ab", "tls=TLSv1.3",
                     "tlsname=laptop-7", "tlsok"):
            assert part in line, line


def test_pam_and_records_have_the_true_address(proxied, user, tmp_path):
    tmp_path.chmod(0o755)
    seen = tmp_path / "rhost"
    script = tmp_path / "tell"
    script.write_text(f'#!/bin/sh\necho "$PAM_TYPE $PAM_RHOST" >>{seen}\n')
    script.chmod(0o755)
    stack = "".join(f"{kind} optional pam_exec.so {script}\n" for kind in ("auth", "account", "session"))
    sp.write_pam("spt_proxy", "auth required pam_unix.so\naccount required pam_unix.so\n"
                              "session required pam_unix.so\n" + stack)
    s = proxied(rules=RULES % '"password"', pam_service="spt_proxy")
    from test_terminal import Terminal
    t = Terminal(s.ssh_argv(user, "echo o''n; cat", password=True, flags=("-tt", *through(s))))
    t.expect(rb"on\r\n")
    who = sp.run(["who", "-u"]).stdout
    t.send("\x04")
    assert t.wait() == 0
    # Debian 13's who(1) asks logind, which does not run here
    assert "(192.0.2.7)" in who or sp.debian_release() >= 13, who
    told = sp.wait_for(lambda: seen.exists() and seen.read_text().splitlines(), 10, "PAM's calls")
    assert {line.split()[1] for line in told} == {"192.0.2.7"}, told


def test_a_header_in_pieces_is_read(proxied, user):
    """Byte by byte; and with the client's identification in one segment."""
    s = proxied()
    for header in (V1, v2(TCP4 + TLS)):
        pieces = [header[i:i + 1] for i in range(len(header))]
        out = s.ssh(user, "echo in", flags=through(s, header, pieces=pieces), check=0).stdout
        assert out == "in\n"
    with connect(s) as c:
        c.sendall(V1 + b"SSH-2.0-glued\r\n")
        receive(c)
    s.wait_log(r"remote software version SSH-2\.0-glued.*proxy=127\.0\.0\.9")
    # A worker is there for the client's bytes, none for the header.
    with connect(s) as c:
        c.sendall(V1)
        receive(c)
        assert not workers(s)


# ---- balancers of Debian's ----

def haproxy(server, options, front):
    path = f"{server.dir}/haproxy.cfg"
    with open(path, "w") as f:
        f.write(f"""global
  log stderr local0
defaults
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend in
  bind 127.0.0.1:{front}
  default_backend out
backend out
  source {BALANCER}
  server one 127.0.0.1:{server.port} {options}
""")
    p = subprocess.Popen(["haproxy", "-db", "-f", path], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    sp.wait_for(lambda: not socket.socket().connect_ex(("127.0.0.1", front)), 10, "haproxy")
    return p


@pytest.mark.skipif(not shutil.which("haproxy"), reason="NO haproxy")
@pytest.mark.parametrize("options", ["send-proxy", "send-proxy-v2",
                                     "send-proxy-v2 proxy-v2-options crc32c,unique-id"])
def test_haproxy(proxied, user, options):
    s = proxied()
    front = next(sp._ports)
    p = haproxy(s, options, front)
    try:
        back, s.port = s.port, front
        out = s.ssh(user, "echo $SSH_CLIENT", flags=("-b", "127.0.0.77"), check=0).stdout
        assert out.split()[0] == "127.0.0.77" and int(out.split()[2]) == back, out
    finally:
        p.kill()
        p.communicate()


@pytest.mark.skipif(not shutil.which("haproxy"), reason="NO haproxy")
@pytest.mark.parametrize("options,where", [
    ("check inter 200ms send-proxy-v2 check-send-proxy", "LOCAL"),
    ("check inter 200ms send-proxy check-send-proxy", "UNKNOWN")])
def test_haproxys_checks_are_counted_and_not_logged(proxied, user, options, where):
    s = proxied(penalties="enabled = true; no_auth = 30; minimum = 1;", log_level="verbose",
                more="" if where == "LOCAL" else f'health_sources = [ "{BALANCER}" ];')
    front = next(sp._ports)
    mark = s.mark()
    p = haproxy(s, options, front)
    try:
        sp.wait_for(lambda: ctl_json(s, "status")["health_checks"] >= 4, 20, "checks")
    finally:
        p.kill()
        p.communicate()
    # What connected while haproxy started came through it, and left.
    log = s.log()[mark:]
    mine = set(re.findall(r"127\.0\.0\.1 port.*conn=(\w+)", log))
    told = [line for line in log.splitlines() if BALANCER in line and not any(i in line for i in mine)]
    assert not told, told
    assert [p for p in ctl_json(s, "penalties") if BALANCER in p["source"]] == []
    assert stats(s)['sallyport_connections_total{result="health"}'] >= 4
    assert "health checks: " in ctl(s, "status").stdout


@pytest.mark.skipif(not os.path.exists("/usr/lib/nginx/modules/ngx_stream_module.so"), reason="NO nginx stream")
def test_nginx(proxied, user):
    s = proxied()
    front, path = next(sp._ports), f"{s.dir}/nginx.conf"
    with open(path, "w") as f:
        f.write(f"""load_module /usr/lib/nginx/modules/ngx_stream_module.so;
daemon off; pid {s.dir}/nginx.pid; error_log stderr;
events {{ }}
stream {{ server {{ listen 127.0.0.1:{front}; proxy_pass 127.0.0.1:{s.port};
  proxy_bind {BALANCER}; proxy_protocol on; }} }}
""")
    p = subprocess.Popen(["nginx", "-c", path], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        sp.wait_for(lambda: not socket.socket().connect_ex(("127.0.0.1", front)), 10, "nginx")
        s.port = front
        out = s.ssh(user, "echo $SSH_CLIENT", flags=("-b", "127.0.0.77"), check=0).stdout
        assert out.split()[0] == "127.0.0.77", out
    finally:
        p.terminate()
        p.communicate()


# ---- wrong, late, missing ----

BAD = {
    "ssh": b"SSH-2.0-OpenSSH_9.2\r\n",
    "no-cr": b"PROXY TCP4 192.0.2.7 192.0.2.1 40000 22\n",
    "no-line-end": b"PROXY UNKNOWN " + b"x" * 200,
    "leading-zero": b"PROXY TCP4 192.0.2.07 192.0.2.1 40000 22\r\n",
    "port-zero": b"PROXY TCP4 192.0.2.7 192.0.2.1 040000 22\r\n",
    "port-65536": b"PROXY TCP4 192.0.2.7 192.0.2.1 65536 22\r\n",
    "two-spaces": b"PROXY TCP4 192.0.2.7  192.0.2.1 40000 22\r\n",
    "other-family": b"PROXY TCP4 2001:db8::7 2001:db8::1 40000 22\r\n",
    "v2-oversize": v2(length=65535) + b"x" * 5000,
    "v2-bad-family": v2(TCP4, family=0x51),
    "v2-datagram": v2(TCP4, family=0x12),
    "v2-bad-command": v2(TCP4, command=0x25),
    "v2-version-3": v2(TCP4, command=0x31),
    "v2-short": v2(TCP4[:-1]),
    "v2-tlv-short": v2(TCP4 + b"\x02\x00\x09abc"),
    "v2-checksum": v2(TCP4 + tlv(3, b"\1\2\3\4")),
}


@pytest.mark.parametrize("what", BAD)
def test_a_wrong_header_ends_the_connection_with_one_event(proxied, what):
    s = proxied(penalties="enabled = true; no_auth = 30; minimum = 1;")
    mark = s.mark()
    with connect(s) as c:
        c.sendall(BAD[what])
        assert rest(c) == b""
    s.wait_log("PROXY header", after=mark)
    lines = [line for line in s.log()[mark:].splitlines() if BALANCER in line]
    assert len(lines) == 1 and f"Connection from balancer {BALANCER}" in lines[0], lines
    assert ctl_json(s, "penalties") == []
    assert stats(s)['sallyport_connections{state="kex"}'] == 0


def test_a_missing_header_is_awaited_for_five_seconds(proxied):
    s = proxied()
    mark = s.mark()
    with connect(s) as silent, connect(s) as half, connect(s) as gone:
        half.sendall(V1[:20])
        gone.close()
        s.wait_log("ended: closed before a PROXY header", after=mark)
        assert rest(silent) == rest(half) == b""
    sp.wait_for(lambda: len(event(s, "no PROXY header in time", mark)) == 2, 5, "both events")
    assert len(event(s, f"Connection from balancer {BALANCER}", mark)) == 3
    sp.wait_for(lambda: not [t for t in s.processes().values() if "header" in t], 5, "the reader's end")


def test_a_check_without_a_header_is_a_health_sources(proxied):
    s = proxied(more=f'health_sources = [ "{BALANCER}" ];', log_level="verbose")
    mark = s.mark()
    connect(s).close()
    sp.wait_for(lambda: ctl_json(s, "status")["health_checks"] == 1, 10, "its count")
    assert BALANCER not in s.log()[mark:]


def test_a_second_header_is_garbage(proxied):
    s = proxied()
    for header in (V1, v2(TCP4)):
        mark = s.mark()
        with connect(s) as c:
            c.sendall(header + b"PROXY TCP4 198.51.100.9 192.0.2.1 1 22\r\n")
            rest(c)
        s.wait_log(r"192\.0\.2\.7 port 40000", after=mark)
        s.wait_log("invalid (protocol|format)|banner", after=mark)
        assert "198.51.100.9 port" not in s.log()[mark:]


@pytest.mark.parametrize("header", [V1, v2(TCP4)])
def test_nobody_else_is_believed(proxied, user, header):
    """Not a balancer of this listener: a header is garbage like any other."""
    s = proxied(required=False)
    mark = s.mark()
    with connect(s, "127.0.0.5") as c:
        receive(c)  # greeted at once
        c.sendall(header)
        rest(c)
    s.wait_log(r"from 127\.0\.0\.5 port", after=mark)
    sp.wait_for(lambda: "invalid" in s.log()[mark:], 5, "its refusal")
    assert "192.0.2.7 port" not in s.log()[mark:] and "proxy=" not in s.log()[mark:]
    # And without one it is served.
    out = s.ssh(user, "echo $SSH_CLIENT", flags=("-b", "127.0.0.5"), check=0).stdout
    assert out.split()[0] == "127.0.0.5"


def test_with_required_nobody_else_may_connect(proxied):
    s = proxied()
    mark = s.mark()
    with connect(s, "127.0.0.5") as c:
        assert rest(c) == b"Not allowed at this time\r\n"
    s.wait_log(r"drop connection #1 from \[127\.0\.0\.5\].* not a balancer", after=mark)
    assert stats(s)['sallyport_dropped_total{cause="other"}'] == 1


# ---- limits ----

def v1(source):
    return f"PROXY TCP4 {source} 192.0.2.1 40000 22\r\n".encode()


def test_penalties_are_the_true_address_s(proxied, user):
    s = proxied(penalties="enabled = true; auth_failure = 30; minimum = 5;", methods=("password", "publickey"))
    s.ssh(user, "true", password="wrong", flags=through(s, v1("192.0.2.66")))
    (one,) = sp.wait_for(lambda: ctl_json(s, "penalties"), 10, "the penalty")
    assert one["source"].startswith("192.0.2.66"), one
    mark = s.mark()
    with connect(s) as c:
        c.sendall(v1("192.0.2.66"))
        assert rest(c) == b"Not allowed at this time\r\n"
    line = s.wait_log(r"drop connection.*", after=mark).group(0)
    assert "[192.0.2.66]:40000" in line and "PerSourcePenalties" in line and f"proxy={BALANCER}" in line
    assert stats(s)['sallyport_dropped_total{cause="penalty"}'] == 1
    # Others come by the same balancer.
    s.ssh(user, "true", flags=through(s, v1("192.0.2.67")), check=0)


def test_the_limit_of_a_source_is_the_true_address_s(proxied):
    s = proxied(limits="startups = { begin = 100; rate = 30; full = 200; }; source = { connections = 3; };")
    waiting = [connect(s) for _ in range(9)]
    for i, c in enumerate(waiting):
        c.sendall(v1(f"192.0.2.{i}"))
        receive(c)
    for answer in (True, True, False):
        c = connect(s)
        waiting.append(c)
        c.sendall(v1("192.0.2.0"))
        if answer:
            receive(c)
        else:
            assert rest(c) == b"Not allowed at this time\r\n"
    for c in waiting:
        c.close()


@pytest.mark.parametrize("said", [b"", b"P"], ids=["nothing", "a-byte"])
def test_a_balancer_without_headers_shuts_nobody_out(proxied, user, said):
    s = proxied(required=False, limits="max_connections = 120;")
    mark = s.mark()
    waiting = [connect(s) for _ in range(150)]
    for c in waiting:
        try:
            c.sendall(said)
        except ConnectionError:
            pass
    s.ssh(user, "true", flags=("-b", "127.0.0.5"), check=0)
    s.wait_log("awaited PROXY headers", after=mark)
    # The waiting ones end after five seconds; then its clients get in, too.
    for c in waiting:
        rest(c)
    s.ssh(user, "true", flags=through(s), check=0)
    for c in waiting:
        c.close()


def test_clients_that_no_address_is_known_of_give_way_too(proxied, user):
    s = proxied(limits="startups = { begin = 5; rate = 100; full = 5; };")
    waiting = [connect(s) for _ in range(5)]
    for c in waiting:
        c.sendall(b"PROXY UNKNOWN\r\n")
        receive(c)
    assert s.ssh(user, "true", flags=through(s), check=None).returncode != 0
    time.sleep(6)
    s.ssh(user, "true", flags=through(s), check=0)
    for c in waiting:
        c.close()


def test_the_log_cannot_be_forged_by_additions(proxied):
    s = proxied()
    mark = s.mark()
    text = b'x\nAccepted publickey for root\r\x1b[2J" tlsok=true\xc2\x9b\xff'
    with connect(s) as c:
        c.sendall(v2(TCP4 + tlv(2, text) + tlv(0x20, struct.pack(">BI", 7, 1) + tlv(0x21, text) + tlv(0x22, text))))
        receive(c)
        s.wait_log("by balancer", after=mark)
    (line,) = event(s, "by balancer", mark)
    assert "authority=x\\nAccepted\\x20publickey" in line and " tlsok=true" not in line, line
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\xff]", s.log()[mark:])


def test_reloads_and_new_templates_do_not_lose_it(proxied, user, tmp_path):
    tmp_path.chmod(0o777)
    s = proxied()
    with connect(s) as c:
        sp.wait_for(lambda: stats(s)['sallyport_connections{state="kex"}'] == 1, 5, "it")
        ctl(s, "reload")
        rest(c)
    s.ssh(user, "true", flags=through(s), check=0)
    p = s.popen(user, "echo on; cat", flags=through(s))
    assert p.stdout.readline() == b"on\n"
    ctl(s, "reload")
    (session,) = ctl_json(s, "sessions")
    assert session["source"] == "192.0.2.7" and session["proxy"] == BALANCER
    p.communicate()


def test_whoever_keeps_the_sessions_of_a_killed_server_knows_it(proxied, user):
    s = proxied()
    p = s.popen(user, "echo on; cat", flags=through(s))
    assert p.stdout.readline() == b"on\n"
    (before,) = ctl_json(s, "sessions")
    os.kill(s.pid, signal.SIGKILL)
    time.sleep(0.2)
    s.start()
    (after,) = sp.wait_for(lambda: ctl_json(s, "sessions"), 15, "the session")
    assert after["id"] == before["id"]
    assert after["source"] == "192.0.2.7" and after["proxy"] == BALANCER
    p.communicate()


def test_an_administrator_s_penalty_counts_for_a_balancer(proxied):
    s = proxied(penalties="enabled = true;")
    ctl(s, "penalties", "add", BALANCER, "60")
    with connect(s) as c:
        assert rest(c) == b"Not allowed at this time\r\n"


# ---- a broken reader ----

@pytest.fixture(scope="module")
def evil_daemon():
    evil_worker.build()
    before, sp.DAEMON = sp.DAEMON, evil_worker.DAEMON
    yield
    sp.DAEMON = before


def test_a_claim_is_made_once(proxied, evil_daemon):
    """The reader says two addresses; the first was judged, and stays."""
    s = proxied(penalties="enabled = true;")
    ctl(s, "penalties", "add", "192.0.2.66", "60")
    mark = s.mark()
    with connect(s) as c:
        c.sendall(b"TWICE")
        receive(c)
        c.sendall(b"SSH-2.0-x\r\n")
        s.wait_log(r"Connection from 192\.0\.2\.7 port 40000 on 127", after=mark)
        time.sleep(0.2)  # it goes on saying the other one
        (session,) = ctl_json(s, "sessions")
        assert session["source"] == "192.0.2.7"
    assert "192.0.2.66" not in s.log()[mark:]
    with connect(s) as c:
        c.sendall(b"FIRST")
        assert rest(c) == b"Not allowed at this time\r\n"
    s.wait_log(r"drop connection #1 from \[192\.0\.2\.66\]:1 on", after=mark)


@pytest.mark.parametrize("what,reason", [(b"WRONG", "value out of range"), (b"CRASH", "signal|sandbox")])
def test_a_broken_reader_ends_its_connection(proxied, user, evil_daemon, what, reason):
    s = proxied()
    mark = s.mark()
    with connect(s) as c:
        c.sendall(what)
        assert rest(c) == b""
    s.wait_log("PROXY header that cannot be read", after=mark)
    s.wait_log(reason, after=mark)
    s.ssh(user, "true", flags=through(s), check=0)


# ---- what check says ----

@pytest.mark.parametrize("group,said", [
    ('proxy = { trusted = [ "0.0.0.0/0" ]; };', "every address is in it"),
    ('proxy = { trusted = [ "10.0.0.0/8", "::/0" ]; };', "every address is in it"),
    ("proxy = { required = true; };", "nobody can connect"),
    ("proxy = { required = false; };", "does nothing"),
    ("proxy = { trusted = [ ]; required = true; };", "nobody can connect"),
    ('proxy = { trusted = [ "10.0.0.0/8" ]; };', None)])
def test_check_warns_of_a_group_that_is_not_what_it_seems(make_server, group, said):
    s = make_server(start=False, listeners='listeners = ( { name = "main"; address = "127.0.0.1"; '
                                           f"port = 2999; {group} }} );")
    p = sp.run(["/usr/sbin/sallyportctl", "-f", s.config, "check"])
    assert p.returncode == 0, (p.stdout, p.stderr)
    assert (said or "listeners.proxy") in p.stdout + p.stderr if said else "proxy" not in p.stdout + p.stderr
    shown = sp.run(["/usr/sbin/sallyportctl", "-f", s.config, "show"]).stdout
    assert "proxy = {" in shown, shown


def test_health_sources_that_say_who_they_are(make_server, user):
    """Banner and leave: quiet; one that logs in is one like others."""
    s = make_server(penalties="enabled = true; no_auth = 30; minimum = 1;", log_level="verbose",
                    extra='health_sources = [ "127.0.0.0/8" ];')
    mark = s.mark()
    for said in (b"", b"SSH-2.0-check_ssh\r\n"):
        with s.connect() as c:
            receive(c)
            c.sendall(said)
            time.sleep(0.2)
    sp.wait_for(lambda: ctl_json(s, "status")["health_checks"] == 2, 10, "two checks")
    assert [line for line in s.log()[mark:].splitlines() if "sallyportctl: " not in line] == []
    assert ctl_json(s, "penalties") == []
    s.ssh(user, "true", check=0)
    text = s.wait_log(r"(?s)Connection from.*remote software.*Accepted", after=mark).group(0)
    assert text.count("Connection from") == 1
    # Nonsense is told.
    with s.connect() as c:
        c.sendall(b"GET / HTTP/1.0\r\n\r\n")
        rest(c)
    s.wait_log("invalid protocol identifier")
