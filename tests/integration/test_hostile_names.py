"""Names of forwards that seem to be something else: what is permitted is what
is reached, however it is written and wherever it leads meanwhile."""

import contextlib
import os
import socket
import struct
import threading

import pytest

import sp
from rawssh import (CHANNEL_CONFIRM, CHANNEL_FAILURE, CHANNEL_OPEN, GLOBAL_REQUEST,
                    Closed, Raw, string)
from test_nss import directory  # noqa: F401 (a fixture)

CLOSE, REQUEST_SUCCESS, REQUEST_FAILURE = 97, 81, 82
PROHIBITED, FAILED = 1, 2  # RFC 4254 section 5.1
HOSTS, TURN = "/etc/sptest.hosts", "/etc/sptest.turn"


class Listeners:
    """Sockets that tell which of them were connected to."""

    def __init__(self, family, *addresses):
        self.sockets = {}
        for a in addresses:
            s = socket.socket(family)
            s.bind(a)
            if family == socket.AF_UNIX:
                os.chmod(a, 0o777)
            s.listen(512)
            s.setblocking(False)
            self.sockets[a if family == socket.AF_UNIX else a[0]] = s

    def reached(self):
        """Since it was last asked."""
        found = set()
        for name, s in self.sockets.items():
            with contextlib.suppress(BlockingIOError):
                while True:
                    s.accept()[0].close()
                    found.add(name)
        return found

    def close(self):
        for s in self.sockets.values():
            s.close()


class Client(Raw):
    def channel(self, kind, *data):
        """0, or the reason of the failure."""
        self.send(CHANNEL_OPEN, string(kind), struct.pack(">III", 7, 1 << 20, 1 << 15), *data)
        p = self.expect(CHANNEL_CONFIRM, CHANNEL_FAILURE)
        if p[0] == CHANNEL_FAILURE:
            return struct.unpack_from(">I", p, 5)[0]
        self.send(CLOSE, p[5:9])
        return 0

    def tcp(self, host, port):
        return self.channel("direct-tcpip", string(host), struct.pack(">I", port),
                         string("127.0.0.1"), struct.pack(">I", 1))

    def unix(self, path):
        return self.channel("direct-streamlocal@openssh.com", string(path), string(""), struct.pack(">I", 0))

    def ask(self, name, *data):
        self.send(GLOBAL_REQUEST, string(name), b"\1", *data)
        return self.expect(REQUEST_SUCCESS, REQUEST_FAILURE)[0] == REQUEST_SUCCESS

    def listen(self, host, port):
        return self.ask("tcpip-forward", string(host), struct.pack(">I", port))

    def unlisten(self, host, port):
        return self.ask("cancel-tcpip-forward", string(host), struct.pack(">I", port))

    def listen_unix(self, path):
        return self.ask("streamlocal-forward@openssh.com", string(path))


def granting(make_server, grants):
    return make_server(rules='rules = ( { name = "users"; methods = [ "password" ]; ' + grants + " } );")


# ---- TCP ----

#: What the name service of the tests says; of turn-* one address a look-up.
NAMES = {
    "both.example": "127.0.0.1 127.0.0.2", "other.example": "127.0.0.2 127.0.0.1 127.0.0.1",
    "bad.example": "127.0.0.1", "any.example": "0.0.0.0",
    "127.0.0.2.attacker.example": "127.0.0.1", "127.0.1.attacker.example": "127.0.0.1",
    "127.0.1.7.attacker.example": "127.0.0.1", "127.0.0.2.": "127.0.0.1",
    "127.0.0.2 ": "127.0.0.1", "127.0.0.2%lo": "127.0.0.1", "127.0.0.256": "127.0.0.1",
    "a.good.example": "127.0.0.1", "a.good.example.": "127.0.0.1", "a.good.example.evil": "127.0.0.1",
    "good.example": "127.0.0.1", "evil-good.example": "127.0.0.1",
    "turn-good-first.example": "127.0.0.2 127.0.0.1", "turn-bad-first.example": "127.0.0.1 127.0.0.2",
}
GOOD = ["127.0.0.2", "127.2", "0x7f.2", "0x7f.0.0.2", "0177.0.0.2", "2130706434", "0x7F000002", "::ffff:127.0.0.2",
        "::FFFF:7F00:2", "both.example", "other.example", "BOTH.example"]
BAD = ["127.0.0.1", "127.1", "0x7f.1", "0177.1", "2130706433", "0x7f000001", "::ffff:127.0.0.1", "::ffff:7f00:1",
       "::ffff:127.0.0.1%lo", "::1", "::1%lo", "::1%1", "::", "0", "0.0.0.0", "0x0", "::ffff:0.0.0.0", "::ffff:0:0",
       "localhost", "LOCALHOST", "localhost.", "bad.example", "any.example", "127.0.0.2.attacker.example",
       "127.0.1.attacker.example", "127.0.1.7.attacker.example", "127.0.0.2.", "127.0.0.2 ", " 127.0.0.2",
       "127.0.0.2\n", "127.0.0.2%lo", "127.0.0.2:1", "[127.0.0.2]", "127.0.0.256", "127.0.0.2,127.0.0.1",
       "a.good.example.", "a.good.example.evil", "good.example", "evil-good.example", "*", "", "*.good.example",
       "none.example"]


@pytest.fixture
def names(directory):  # noqa: F811
    with open("/etc/nsswitch.conf", "w") as f:
        f.write("passwd: files\ngroup: files\nshadow: files\nhosts: sptest files\n")
    with open(HOSTS, "w") as f:
        f.writelines(f"{addresses}\t{name}\n" for name, addresses in NAMES.items())
    with open(TURN, "w"):
        os.chmod(TURN, 0o666)  # look-ups are the user's
    yield
    os.unlink(HOSTS)
    os.unlink(TURN)


@pytest.fixture
def ports():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    listeners = Listeners(socket.AF_INET, ("127.0.0.1", port), ("127.0.0.2", port))
    listeners.port = port
    yield listeners
    listeners.close()


@pytest.mark.parametrize("targets", (["127.0.0.2:P"], ["127.0.0.2/31:P", "127.0.1.*:P"],
                                     ["127.0.0.2:P", "127.0.1.*:P", "*.good.example:P", "*:1"]))
def test_only_permitted_addresses_are_connected_to(make_server, user, names, ports, targets):
    """127.0.0.2 is permitted, 127.0.0.1 is not."""
    written = ", ".join(f'"{t}"' for t in targets).replace("P", str(ports.port))
    s = granting(make_server, f"local_forward = [ {written} ];")
    with Client(s).login(user) as c:
        for host in GOOD:
            assert (c.tcp(host, ports.port), ports.reached()) == (0, {"127.0.0.2"}), host
        for host in BAD:
            assert c.tcp(host, ports.port) != 0, host
            assert not ports.reached(), host
        assert c.tcp("127.0.0.2", ports.port + 65536) != 0
        # A pattern for names is about names, wherever they lead.
        for host in ("a.good.example", "A.Good.EXAMPLE"):
            assert (c.tcp(host, ports.port) == 0) == ("*.good.example:P" in targets), host
            ports.reached()
        # A NUL ends no name early: whatever becomes of the connection.
        with contextlib.suppress(Closed, AssertionError):
            c.tcp("127.0.0.2\0.example", ports.port)
        assert not ports.reached()


def test_the_answer_that_was_judged_is_what_is_connected_to(make_server, user, names, ports):
    """A name service that says something else when it is asked again."""
    s = granting(make_server, f'local_forward = [ "127.0.0.2:{ports.port}" ];')
    with Client(s).login(user) as c:
        for n in range(1, 7):  # each look-up takes its turn
            refused = c.tcp("turn-good-first.example", ports.port)
            assert ports.reached() == ({"127.0.0.2"} if n % 2 else set()), n
            assert (refused == 0) == (n % 2 == 1)
            assert os.path.getsize(TURN) == n, "asked more than once"
    s.wait_log("turn-good-first.example.*local_forward")


@pytest.mark.parametrize("listed,good,bad", [
    ("127.0.0.2", {"127.0.0.2": "127.0.0.2", "::ffff:127.0.0.2": "127.0.0.2", "::FFFF:7f00:2": "127.0.0.2"},
     ["", "*", "0.0.0.0", "::", "127.0.0.1", "::1", "::ffff:127.0.0.1", "127.1", "127.2", "0x7f.2", "2130706434",
      "localhost", "LOCALHOST", "localhost.", "both.example", "127.0.0.2.attacker.example", "127.0.0.2.", "127.0.0.2 ",
      "127.0.0.2%lo", "0"]),
    ("localhost", {"localhost": "127.0.0.1", "LocalHost": "127.0.0.1", "127.0.0.2": "127.0.0.2"},
     ["", "*", "0.0.0.0", "::", "127.1", "localhost.", "localhost.attacker.example", "both.example", "0"]),
    ("127.0.0.*", {"127.0.0.2": "127.0.0.2", "127.0.0.1": "127.0.0.1"},
     ["127.0.0.attacker.example", "0.0.0.0", "", "*", "127.0.1.1"]),
    # Each address for itself: not ::1 because 127.0.0.1 is.
    ("127.0.0.1", {"localhost": "127.0.0.1", "127.0.0.1": "127.0.0.1"}, ["::1", "", "0.0.0.0"]),
])
def test_only_permitted_addresses_are_listened_on(make_server, user, names, listed, good, bad):
    s = granting(make_server, f'gateway_ports = "client"; remote_forward = [ "{listed}:1024-65535" ];')
    port = s.port + 20000

    def listening():
        out = sp.run(["ss", "-tlnH", f"( sport = :{port} )"], check=0).stdout
        return {line.split()[3].rsplit(":", 1)[0] for line in out.splitlines()}
    with Client(s).login(user) as c:
        for host in bad:
            assert not c.listen(host, port), host
            assert not listening(), host
        for host, address in good.items():
            assert c.listen(host, port), host
            assert listening() - ({"[::1]"} if listed == "localhost" else set()) == {address}, host
            assert c.unlisten(host, port)


# ---- UNIX sockets ----

@pytest.fixture
def places(user):
    """open/ is permitted, secret/ is not; the user may do as he likes in both."""
    top = f"{sp.SCRATCH}/{user.name}_places"
    for d in ("", "/open", "/secret", "/open/sub"):
        os.mkdir(top + d)
        os.chown(top + d, user.uid, user.gid)
    for link, to in {"open/out": "../secret/s", "open/abs": top + "/secret/s", "open/far": "sub/hop",
                     "open/sub/hop": "../dir/s", "open/dir": "../secret", "open/dangling": "../secret/made",
                     "open/self": "self", "in": "open/s", "inside": "open", "secret/back": "../open/s",
                     "open/flip": "s", "open/flipdir": "sub", "open/root": "/"}.items():
        os.symlink(to, f"{top}/{link}")
    yield top
    sp.run(["rm", "-rf", top])


def flipping(top, name, one, other):
    """Until the result is called, a link leads to one, to the other, ..."""
    stop = threading.Event()

    def flip():
        while not stop.is_set():
            for to in (one, other):
                os.symlink(to, f"{top}/next")
                os.rename(f"{top}/next", f"{top}/{name}")
    thread = threading.Thread(target=flip, daemon=True)
    thread.start()
    return lambda: (stop.set(), thread.join())


def test_only_permitted_sockets_are_connected_to(make_server, user, places):
    s = granting(make_server, f'unix_local = [ "{places}/open/*" ];')
    good, secret = places + "/open/s", places + "/secret/s"
    sockets = Listeners(socket.AF_UNIX, good, secret)
    with Client(s).login(user) as c:
        for path in ("secret/s", "open/../secret/s", "open/out", "open/abs", "open/far", "open/dir/s", "open/dir/./s",
                     "inside/../secret/s", "open/sub/../../secret/s", "inside/dir/s", "open/root" + secret,
                     # not to be told from what is forbidden
                     "secret/none", "open/../none", "open/s/../none"):
            assert c.unix(f"{places}/{path}") == PROHIBITED, path
            assert not sockets.reached(), path
        for path in ("open/s", "open/./s", "open//s", "./open/s", "secret/../open/s", "in", "inside/s", "open/sub/../s",
                     "secret/back", "inside/../in", "open/flip"):
            assert (c.unix(f"{places}/{path}"), sockets.reached()) == (0, {good}), path
        for path in ("open/s", "", ".", "@" + good, "~/s"):  # relative
            assert c.unix(path) != 0, path
        for path in (f"/proc/self/root{secret}", f"/proc/self/cwd{secret}", f"/proc/thread-self/root{secret}"):
            assert c.unix(path) == PROHIBITED, path
        assert (c.unix(f"/proc/self/root{good}"), sockets.reached()) == (0, {good})
        for path in ("open/none", "open/sub", "open/self", "open/dangling"):
            assert c.unix(f"{places}/{path}") == FAILED, path
        assert c.unix(f"{good}/") != 0
        # Links that lead elsewhere between the look and the connect.
        stop = flipping(places, "open/flip", "s", "../secret/s")
        outcomes = {c.unix(places + "/open/flip") for _ in range(400)}
        stop()
        assert outcomes <= {0, PROHIBITED} and sockets.reached() <= {good}
        with contextlib.suppress(Closed, AssertionError):
            c.unix(f"{good}\0")
            c.unix(f"{secret}\0{good}")
        assert sockets.reached() <= {good}
    s.wait_log(r"open/out.*unix_local.*secret/s")
    sockets.close()


@pytest.mark.parametrize("unlink", ("true", "false"))
def test_only_permitted_sockets_are_listened_on(make_server, user, places, unlink):
    s = granting(make_server, f'unix_remote = [ "{places}/open/*" ]; unix_unlink = {unlink};')
    before = set(os.listdir(places + "/secret"))
    with Client(s).login(user) as c:
        for path in ("secret/a", "open/../secret/a", "open/dir/a", "open/dir/../secret/a", "inside/dir/a", "a",
                     "open/root" + places + "/secret/a", "open/dangling", "open/out", "open/dir", "open/../a", "open/a/",
                     "open/", "open/.", "open/..", "open/sub/..", "open/none/a", "secret/none/a"):
            assert not c.listen_unix(f"{places}/{path}"), path
        for path in ("open/a", "open/./b", "open//c", "secret/../open/d", "inside/e", "open/sub/f"):
            assert c.listen_unix(f"{places}/{path}"), path
            assert os.path.exists(f"{places}/{path}"), path
        for path in ("", "a", "open/a", "./a", f"/proc/self/root{places}/secret/a", f"/proc/self/cwd{places}/secret/a"):
            assert not c.listen_unix(path), path
        assert os.readlink(places + "/open/dangling") == "../secret/made"
        stop = flipping(places, "open/flipdir", "sub", "../secret")
        for n in range(200):
            c.listen_unix(f"{places}/open/flipdir/race{n}")
        stop()
        with contextlib.suppress(Closed, AssertionError):
            c.listen_unix(f"{places}/secret/nul\0{places}/open/nul")
        assert set(os.listdir(places + "/secret")) == before
    s.wait_log(r"open/dir/a.*unix_remote.*secret/a")


@pytest.fixture
def bare(user):
    """A chroot without /proc: in/ is permitted, secret/ is not, and outside of it lies the same."""
    root = f"{sp.SCRATCH}/{user.name}_bare"
    for d in (root + "/in", root + "/secret", root + "/(unreachable)", f"{sp.SCRATCH}/{user.name}_in"):
        os.makedirs(d)
        os.chown(d, user.uid, user.gid)
    os.symlink("../secret/s", root + "/in/out")
    os.symlink(f"../../{user.name}_in/s", root + "/in/up")
    os.symlink("s", root + "/in/flip")
    yield root
    sp.run(["rm", "-rf", root, f"{sp.SCRATCH}/{user.name}_in"])


CHROOT = 'chroot = "{0}"; unix_local = [ "/in/*" ]; unix_remote = [ "/in/*" ];'


def held(server):
    """The folders that its session processes have open."""
    return [f"/proc/{pid}/fd/{n}" for pid in server.processes("session")
            for n in os.listdir(f"/proc/{pid}/fd") if os.path.isdir(f"/proc/{pid}/fd/{n}/")]


def leads_out(path):
    return not os.path.samestat(os.stat(path + "/.."), os.stat(path + "/."))


def test_sockets_need_no_proc_in_a_chroot(make_server, user, bare):
    """Paths are those inside, and what was judged is what is connected to."""
    s = granting(make_server, CHROOT.format(bare))
    good, outside = bare + "/in/s", f"{sp.SCRATCH}/{user.name}_in/s"
    sockets = Listeners(socket.AF_UNIX, good, bare + "/secret/s", outside)
    with Client(s).login(user) as c:
        for path in ("/in/s", "/in/../in/s", "/../in/s", "/in/flip", "//in//s"):
            assert (c.unix(path), sockets.reached()) == (0, {good}), path
        for path in ("/secret/s", "/in/out", "/in/../secret/s", "/in/up", outside, "/in/none",
                     f"/../{user.name}_in/s", "/proc/self/root" + good, "in/s", "s", "0", "3", "7", "./s"):
            assert c.unix(path) != 0 and not sockets.reached(), path
        stop = flipping(bare, "in/flip", "s", "../secret/s")
        outcomes = {c.unix("/in/flip") for _ in range(200)}
        stop()
        assert outcomes <= {0, PROHIBITED} and sockets.reached() <= {good}
        assert c.listen_unix("/in/new") and os.path.exists(bare + "/in/new")
        for path in ("/secret/new", "/in/../secret/new", "/in/up/new", "/new", "new"):
            assert not c.listen_unix(path), path
        assert os.listdir(bare + "/secret") == ["s"]
        # Nothing that the session holds leads out of it: ".." of the links are the links.
        # A child that has just answered may be on its way out still.
        sp.wait_for(lambda: held(s) and not any(map(leads_out, held(s))), 10, "the children's end")
    sockets.close()


def test_a_chroot_without_proc_has_no_sockets_where_nothing_may_be_mounted(make_server, user, bare):
    """Where a path leads cannot be said there: nothing is connected to or made."""
    s = granting(make_server, CHROOT.format(bare))
    s.stop()
    p = sp.run(["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin", sp.DAEMON, "-f", s.config,
                "-E", s.log_file], env=s.env, timeout=30)
    assert p.returncode == 0, (p.stderr, s.log())
    s.pid = int(open(s.pid_file).read())
    sockets = Listeners(socket.AF_UNIX, bare + "/in/s")
    with Client(s).login(user) as c:
        assert c.unix("/in/s") == FAILED
        assert not c.listen_unix("/in/new")
    assert not sockets.reached() and os.listdir(bare + "/in").count("new") == 0
    s.wait_log("no /proc in the chroot|no_/proc_in_the_chroot")
    # with it, paths are those inside
    os.mkdir(bare + "/proc")
    sp.run(["mount", "-t", "proc", "proc", bare + "/proc"], check=0)
    try:
        with Client(s).login(user) as c:
            assert (c.unix("/in/../in/s"), sockets.reached()) == (0, {bare + "/in/s"})
            assert c.listen_unix("/in/new") and os.path.exists(bare + "/in/new")
    finally:
        sp.run(["umount", "-l", bare + "/proc"], check=0)
        sockets.close()


def test_no_name_is_looked_up_in_a_chroot(make_server, user):
    """The resolver's files and libraries would be those that lie in there."""
    root = f"{sp.SCRATCH}/{user.name}_names"
    os.makedirs(root + "/etc")
    for text, name in (("127.0.0.1 planted\n", "hosts"), ("hosts: files\n", "nsswitch.conf")):
        with open(f"{root}/etc/{name}", "w") as f:
            f.write(text)
    listeners = Listeners(socket.AF_INET, ("127.0.0.1", 0))
    port = listeners.sockets["127.0.0.1"].getsockname()[1]
    s = granting(make_server, f'chroot = "{root}"; local_forward = [ "*:*" ];')
    try:
        with Client(s).login(user) as c:
            assert c.tcp("planted", port) == FAILED and not listeners.reached()
            assert c.tcp("localhost", port) == 0 and listeners.reached() == {"127.0.0.1"}
    finally:
        listeners.close()
    s.wait_log("no names are known in the chroot|no_names_are_known_in_the_chroot")
