"""The service: start, test, errors, reload, stop, one connection on stdin."""

import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest

import sp
from rawssh import USERAUTH_FAILURE, Raw, string


def test_the_configuration_is_tested(make_server):
    s = make_server(start=False)
    p = s.check()
    assert p.returncode == 0, p.stderr


@pytest.mark.parametrize("wrong,pattern", [
    ("lisstenrs = ( );", r"sallyport.conf:\d+: lisstenrs: .*\"listeners\""),
    ('log = { level = "loud"; };', r"sallyport.conf:\d+: "),
    ("pid_file = 7;", r"sallyport.conf:\d+: pid_file"),
    ('@include "/etc/passwd"', r"sallyport.conf:\d+: .*include"),
    ("tcp_keepalive = 4294967318;", r"sallyport.conf:\d+: "),
    ('version_addendum = "a\\x00b";', r"sallyport.conf:\d+: "),
])
def test_each_error_names_its_line(make_server, wrong, pattern):
    s = make_server(start=False)
    s.write(s.text + wrong + "\n")
    p = s.check()
    assert p.returncode != 0
    assert re.search(pattern, p.stderr), p.stderr


def test_all_errors_are_told(make_server):
    s = make_server(start=False)
    s.write(s.text + 'nonsense = 1;\nmore_nonsense = 2;\n')
    p = s.check()
    assert "nonsense" in p.stderr and "more_nonsense" in p.stderr


def test_a_configuration_others_can_write_is_refused(make_server):
    s = make_server(start=False)
    os.chmod(s.config, 0o666)
    p = s.check()
    assert p.returncode != 0 and "bad ownership or modes" in p.stderr


def test_a_host_key_others_can_read_is_refused(make_server):
    s = make_server(start=False)
    os.chmod(s.host_keys[0], 0o644)
    p = s.check()
    assert p.returncode != 0 and s.host_keys[0] in p.stderr


def test_a_missing_module_refuses_the_start(make_server):
    s = make_server(start=False)
    s.write(s.text.replace('{ name = "pam";', '{ name = "nosuch"; }, { name = "pam";'))
    p = s.start(expect=1)
    assert "nosuch" in p.stderr


def test_a_module_others_can_write_is_refused(make_server):
    s = make_server(start=False)
    path = s.dir + "/own.so"
    shutil.copy("/usr/lib/sallyport/modules/publickey.so", path)
    os.chmod(path, 0o666)
    s.write(s.text.replace('{ name = "publickey";', '{ name = "publickey"; file = "%s";' % path))
    p = s.start(expect=1)
    assert "bad ownership or modes" in p.stderr


def test_a_port_in_use_is_told(make_server):
    a = make_server()
    b = make_server(start=False)
    b.write(b.text.replace(f"port = {b.port}", f"port = {a.port}"))
    b.start(expect=1)
    b.wait_log(r"Bind to port \d+ on 127.0.0.1 failed: Address already in use")


def test_several_listeners_and_ipv6(make_server, user):
    s = make_server(start=False)
    s.write(s.text.replace("listeners = ( {", 'listeners = ( { name = "six"; address = "::1"; port = %d; }, {' % s.port))
    s.start()
    s.ssh(user, "true", check=0)
    s.host = "::1"
    s.ssh(user, "true", check=0)


def test_a_pid_file_comes_and_goes(make_server):
    s = make_server()
    path, pid = s.pid_file, s.pid
    assert int(open(path).read()) == pid
    s.stop()
    assert not os.path.exists(path)


def test_version_and_usage():
    p = sp.run([sp.DAEMON, "-V"], check=0)
    assert "sallyport" in p.stdout and "OpenSSL" in p.stdout
    assert sp.run([sp.DAEMON, "-Z"]).returncode == 1


def test_one_connection_on_stdin_and_stdout(make_server, user):
    s = make_server(start=False)
    proxy = f"{sp.DAEMON} -i -f {s.config} -E {s.log_file}"
    p = s.ssh(user, "echo pipes; exit 3", check=3, ProxyCommand=proxy)
    assert p.stdout == "pipes\n"


def on_a_socket(s, *args):
    """As inetd starts it: the client is at descriptors 0, 1 and 2."""
    ours, theirs = socket.socketpair()
    ours.settimeout(30 * sp.SLOW)
    p = subprocess.Popen([sp.DAEMON, "-i", "-f", s.config, *args], stdin=theirs,
                         stdout=theirs, stderr=theirs, env=s.env)
    theirs.close()
    return p, ours


def until_closed(c):
    text = b""
    while True:
        try:
            data = c.recv(4096)
        except ConnectionResetError:
            return text
        if not data:
            return text
        text += data


def test_inetd_keeps_the_grace_time_and_ignores_sighup(make_server):
    s = make_server(start=False, limits="login_grace = 5;")
    p, c = on_a_socket(s, "-E", s.log_file)
    with c:
        assert c.recv(4) == b"SSH-"
        p.send_signal(signal.SIGHUP)
        c.sendall(b"SSH-2.0-idle\r\n")
        s.wait_log(r"remote software version SSH-2.0-idle")
        until_closed(c)
        assert p.wait(10 * sp.SLOW) == 255
    assert "Timeout before authentication" in s.log()
    assert "Received SIGHUP" not in s.log()


@pytest.mark.parametrize("extra, word", [("", b"SSH-"), ("nonsense = 1;", b"")])
def test_inetd_writes_nothing_but_ssh_to_its_client(make_server, extra, word):
    """Warnings and errors of the configuration are the log's affair."""
    s = make_server(start=False,
                    extra='crypto = { ciphers = [ "-aes128-cbc" ]; };' + extra)
    assert f"{s.config}:" in s.check().stderr
    p, c = on_a_socket(s, "-E", s.log_file)
    with c:
        c.sendall(b"not ssh\r\n")
        c.shutdown(socket.SHUT_WR)
        text = until_closed(c)
    p.wait(10 * sp.SLOW)
    assert text[:4] == word and s.config.encode() not in text, text
    assert re.search(rf"{s.config}:\d+: ", s.log()), s.log()
    # nor of options that it does not know
    p, c = on_a_socket(s, "-Z")
    with c:
        assert until_closed(c) == b""
    assert p.wait(10 * sp.SLOW) == 1


@pytest.mark.parametrize("pattern", ["10.0.0.0/8", "!10.0.0.0/8"])
def test_a_source_that_is_not_known_matches_no_from_and_refuses(make_server, user, pattern):
    """On pipes there is no address."""
    s = make_server(start=False, rules=f"""
rules = ( {{ name = "near"; match = {{ from = [ "{pattern}" ]; }};
             methods = [ "publickey" ]; }},
          {{ name = "all"; methods = [ "publickey" ]; }} );
""")
    proxy = f"{sp.DAEMON} -i -f {s.config} -E {s.log_file}"
    assert s.ssh(user, "true", ProxyCommand=proxy).returncode == 255
    assert "Accepted publickey" not in s.log()


class Prober(threading.Thread):
    """Connects all the time, and counts what is refused."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.stop, self.good, self.bad = port, False, 0, []

    def run(self):
        while not self.stop:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=10) as c:
                    line = c.recv(8)
                    if line.startswith(b"SSH-2.0"):
                        self.good += 1
                    else:
                        self.bad.append(line)
            except OSError as e:
                self.bad.append(e)
            time.sleep(0.005)


def reload(s, pattern):
    mark = s.mark()
    os.kill(s.pid, signal.SIGHUP)
    s.wait_log(pattern, 30, after=mark)


def test_reloads_lose_nobody(make_server, user):
    s = make_server(limits="startups = { begin = 500; rate = 30; full = 1000; };"
                    "source = { connections = 1000; };")
    data = os.urandom(20_000_000)
    p = s.popen(user, "sleep 3; cat")
    out = []
    t = threading.Thread(target=lambda: out.append(p.communicate(data)[0]))
    t.start()
    prober = Prober(s.port)
    prober.start()
    time.sleep(0.3)
    pid = s.pid
    for i in range(4):
        reload(s, rf"Configuration reloaded, generation {i + 2}")
    s.ssh(user, "true", check=0)
    prober.stop = True
    prober.join()
    t.join(60)
    assert prober.bad == [] and prober.good > 10
    assert out and out[0] == data
    assert os.path.exists(f"/proc/{pid}") and int(open(s.pid_file).read()) == pid
    # the old generations end with their last connection
    sp.wait_for(lambda: len(s.processes("keyholder")) == 1, 20, "old generations' end")


def test_a_bad_configuration_changes_nothing(make_server, user):
    s = make_server()
    keep = s.popen(user, "echo on; cat")
    assert keep.stdout.readline() == b"on\n"
    s.write(s.text + "nonsense = 1;\n")
    reload(s, r"Configuration rejected, generation 1 serves on")
    assert "nonsense" in s.log()
    s.ssh(user, "true", check=0)
    s.write(s.text.replace("modules = (", 'modules = ( { name = "nosuch"; },'))
    reload(s, r"(?s)Configuration rejected.*nosuch")
    s.ssh(user, "true", check=0)
    os.rename(s.host_keys[0], s.host_keys[0] + ".away")
    s.write(s.text)
    reload(s, r"(?s)Configuration rejected.*ssh_host_ed25519_key")
    s.ssh(user, "true", check=0)
    os.rename(s.host_keys[0] + ".away", s.host_keys[0])
    reload(s, r"Configuration reloaded")
    keep.stdin.write(b"still\n")
    keep.stdin.close()
    assert keep.stdout.read() == b"still\n"


def test_new_logins_get_the_new_configuration(make_server, user):
    s = make_server(grants="exec = true;")
    s.ssh(user, "true", check=0)
    s.write(s.text.replace("exec = true;", "exec = false;"))
    reload(s, r"Configuration reloaded")
    assert s.ssh(user, "true").returncode != 0


def test_a_reload_opens_and_closes_listeners(make_server, user):
    s = make_server()
    old, new = s.port, next(sp._ports)
    s.write(s.text.replace(f"port = {old};", f"port = {new};"))
    reload(s, r"Configuration reloaded")
    s.port = new
    s.ssh(user, "true", check=0)
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", old), timeout=2).close()


def test_a_reload_logs_all_it_does_into_the_log_as_it_is_now(make_server, user):
    s = make_server()
    kept = s.popen(user, "echo on; cat")
    assert kept.stdout.readline() == b"on\n"
    reload(s, r"Configuration reloaded, generation 2")
    assert len(re.findall(r"Host key ED25519 .* loaded from", s.log())) == 2
    os.rename(s.log_file, s.log_file + ".1")
    os.kill(s.pid, signal.SIGHUP)
    s.wait_log(r"Configuration reloaded, generation 3", 30)
    assert len(re.findall(r"Host key ED25519 .* loaded from", s.log())) == 1
    assert "generation 3" not in open(s.log_file + ".1").read()
    kept.stdin.close()
    assert kept.wait(20) == 0


def test_stop_leaves_sessions(make_server, user):
    s = make_server()
    p = s.popen(user, "echo on; read x; echo got $x; exit 5")
    assert p.stdout.readline() == b"on\n"
    pid = s.pid
    os.kill(pid, signal.SIGTERM)
    sp.wait_for(lambda: sp.has_ended(pid), what="the end of the master")
    with pytest.raises(OSError):
        s.connect().close()
    p.stdin.write(b"it\n")
    p.stdin.close()
    assert p.stdout.read() == b"got it\n" and p.wait(20) == 5
    s.wait_log(r"Disconnected from user")
    s.pid = None
    sp.wait_for(lambda: not user.processes(), what="end of the user's processes")
    left = sp.run(["pgrep", "-f", "^sallyportd: "]).stdout.split()
    sp.wait_for(lambda: sp.run(["pgrep", "-f", "^sallyportd: "]).stdout.split() == [],
                20, f"the end of what lingered: {left}")


def test_readiness_is_notified(make_server):
    path = f"{sp.SCRATCH}/notify{os.getpid()}"
    n = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    n.bind(path)
    n.settimeout(20)
    s = make_server(env={"NOTIFY_SOCKET": path})
    assert b"READY=1" in n.recv(4096)
    os.kill(s.pid, signal.SIGHUP)
    assert b"RELOADING=1" in n.recv(4096)
    assert b"READY=1" in n.recv(4096)
    s.stop()
    assert b"STOPPING=1" in n.recv(4096)


def test_a_listening_socket_is_inherited(make_server, user):
    s = make_server(start=False)
    listener = socket.socket()
    listener.bind(("127.0.0.1", s.port))
    listener.listen()

    def inherit():
        os.dup2(listener.fileno(), 3)
        os.set_inheritable(3, True)
        os.environ["LISTEN_PID"] = str(os.getpid())
        os.environ["LISTEN_FDS"] = "1"
    # LISTEN_PID must be the daemon's own pid: -D keeps it
    code = ("import os,sys\nos.environ['LISTEN_PID']=str(os.getpid())\n"
            "os.environ['LISTEN_FDS']='1'\nos.execv(sys.argv[1], sys.argv[1:])")
    p = subprocess.Popen(["/usr/bin/python3", "-c", code, sp.DAEMON, "-D", "-f",
                          s.config, "-E", s.log_file],
                         preexec_fn=lambda: (os.dup2(listener.fileno(), 3),
                                             os.set_inheritable(3, True)),
                         close_fds=False)
    listener.close()
    try:
        s.wait_log(r"Server ready", 20)
        s.pid = p.pid
        s.ssh(user, "true", check=0)
    finally:
        p.terminate()
        p.wait(20)
        s.pid = None


# ---- admission ---------------------------------------------------------------

def test_startups_are_limited(make_server, user):
    s = make_server(limits="startups = { begin = 3; rate = 100; full = 3; };"
                    "source = { connections = 100; };")
    held = [s.connect() for _ in range(3)]
    for c in held:
        assert c.recv(4).startswith(b"SSH")
    with s.connect() as c:
        assert not c.recv(64).startswith(b"SSH-")
    s.wait_log(r"drop connection #\d+ from \[127.0.0.1\]:\d+ on \[127.0.0.1\]:\d+ Maxstartups")
    for c in held:
        c.close()
    sp.wait_for(lambda: s.ssh(user, "true").returncode == 0, what="a login after")


def test_sources_are_limited(make_server):
    s = make_server(limits="source = { connections = 2; };")
    held = [s.connect() for _ in range(2)]
    for c in held:
        assert c.recv(4).startswith(b"SSH")
    with s.connect() as c:
        assert not c.recv(64).startswith(b"SSH-")
    s.wait_log(r"PerSourceMaxStartups")


def test_failures_are_penalised(make_server, user):
    s = make_server(penalties="enabled = true; auth_failure = 20; minimum = 15;")
    user.key = None
    s.ssh(user, "true", password="wrong", NumberOfPasswordPrompts="1")
    s.wait_log(r"penalty of 20 seconds for failed authentication")
    with s.connect() as c:
        assert not c.recv(64).startswith(b"SSH-")
    s.wait_log(r"PerSourcePenalties")


def test_a_connection_counts_once_as_failed_and_when_it_ends(make_server, user):
    s = make_server(penalties="enabled = true; auth_failure = 0; no_auth = 0; failures = 2; within = 600; block = 600;")

    def fail():
        c = Raw(s)
        c.kex()
        c.service()
        for _ in range(2):
            c.request(user.name, "password", 0, string("wrong"))
            c.expect(USERAUTH_FAILURE)
        return c

    def is_served():
        with s.connect() as c:
            return c.recv(64).startswith(b"SSH-")
    held = [fail(), fail()]
    assert is_served()  # neither has ended
    held.pop().s.close()
    sp.wait_for(lambda: len(s.processes("monitor")) == 1, 10, "its end")
    time.sleep(0.5)  # the master hears of it
    assert is_served()  # one, though it failed twice
    held.pop().s.close()
    sp.wait_for(lambda: not is_served(), 10, "the block")


class Flood(threading.Thread):
    """Silent connections from a few addresses, as many as are let in, and
    another for each that ends."""

    def __init__(self, port, sources, each):
        super().__init__(daemon=True)
        self.port, self.stop, self.made = port, False, 0
        self.held = {s: [] for s in sources}
        self.each = each

    def open(self, source):
        c = socket.socket()
        c.bind((source, 0))
        c.setblocking(False)
        try:
            c.connect(("127.0.0.1", self.port))
        except BlockingIOError:
            pass
        self.made += 1
        return c

    @staticmethod
    def over(c):
        try:
            while True:
                data = c.recv(4096)
                if not data:
                    return True
        except BlockingIOError:
            return False
        except OSError:
            return True

    def run(self):
        while not self.stop:
            for source, held in self.held.items():
                for c in [c for c in held if self.over(c)]:
                    c.close()
                    held.remove(c)
                while len(held) < self.each:
                    held.append(self.open(source))
            time.sleep(0.1)
        for held in self.held.values():
            for c in held:
                c.close()


def test_a_flood_from_some_sources_leaves_a_good_user_unhurt(make_server, user):
    """The limits are the shipped ones."""
    s = make_server(penalties="enabled = true;", log_level="info")
    alone = []
    for _ in range(3):
        begin = time.monotonic()
        s.ssh(user, "true", check=0)
        alone.append(time.monotonic() - begin)
    flood = Flood(s.port, [f"127.0.7.{i}" for i in range(1, 7)], 30)
    flood.start()
    s.wait_log(r"drop connection #\d+ from \[127.0.7.\d\].* Maxstartups", 20)
    time.sleep(2.5)  # what waits is no more young
    under = []
    for _ in range(12):
        begin = time.monotonic()
        p = s.ssh(user, "true")
        assert p.returncode == 0, p.stderr + s.log()[-3000:]
        under.append(time.monotonic() - begin)
    flood.stop = True
    flood.join(20)
    assert flood.made >= 180
    assert "gave way to another source" in s.log()
    # slower by the machine's load, not by waiting to be let in
    assert max(under) < 10 * sp.SLOW and sorted(under)[6] < 4 * sorted(alone)[1] + 1, (alone, under)
    from control import stats
    assert stats(s)['sallyport_dropped_total{cause="startups"}'] > 0


def test_who_gives_way_is_the_one_that_holds_many(make_server, user):
    s = make_server(limits="startups = { begin = 7; rate = 100; full = 7; };")
    flood = Flood(s.port, ["127.0.7.1"], 6)
    few = Flood(s.port, ["127.0.7.2"], 1)
    flood.start()
    few.start()
    from control import ctl_json
    try:
        sp.wait_for(lambda: ctl_json(s, "status")["unauthenticated"] == 7, 10, "seven connections")
    except AssertionError:
        raise AssertionError(str(ctl_json(s, "status")) + s.log()[-3000:])
    time.sleep(2.2)
    s.ssh(user, "true", check=0)
    assert re.search(r"drop connection #1 from \[127.0.7.1\].* gave way", s.log())
    assert not re.search(r"\[127.0.7.2\].* gave way", s.log())
    flood.stop = few.stop = True


# ---- the service manager's watchdog -------------------------------------------

def test_the_watchdog_is_fed_over_a_reload(make_server):
    path = f"{sp.SCRATCH}/watchdog{os.getpid()}"
    n = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    n.bind(path)
    n.settimeout(20)

    def until(what):
        while n.recv(4096) != what:
            pass
    s = make_server(env={"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "400000"})
    until(b"WATCHDOG=1")
    os.kill(s.pid, signal.SIGHUP)
    s.wait_log(r"Configuration reloaded")
    until(b"READY=1\nSTATUS=Serving connections")
    begin = time.monotonic()
    for _ in range(5):
        until(b"WATCHDOG=1")
    assert time.monotonic() - begin < 5 * sp.SLOW
    # one that is stopped does not bark
    os.kill(s.pid, signal.SIGSTOP)
    n.settimeout(0.1)
    with pytest.raises(TimeoutError):
        for _ in range(20):
            n.recv(4096)
    n.settimeout(1)
    with pytest.raises(TimeoutError):
        n.recv(4096)
    os.kill(s.pid, signal.SIGCONT)
