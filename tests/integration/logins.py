"""Kinds of login, right and wrong: what a client does to one server."""

import base64
import contextlib
import os
import shutil
import signal
import socket
import struct
import subprocess
import time

import sp
from log_scene import WHERE
from rawssh import (CHANNEL_CONFIRM, CHANNEL_FAILURE, CHANNEL_OPEN, GLOBAL_REQUEST, KEXINIT,
                    USERAUTH_FAILURE, USERAUTH_SUCCESS, Closed, Raw, string)

PASSWORD = "s3cret"
WRONG = "not " + PASSWORD
KBDINT = "keyboard-interactive"
CHANNEL_REQUEST, REQUEST_SUCCESS, REQUEST_FAILURE = 98, 81, 82
CHANNEL_SUCCESS, CHANNEL_FAILED = 99, 100
PEOPLE = ("al", "deny", "expired", "past", "locked", "nologin", "noshell", "due", "keep", "noforw", "two",
          "one", "empty", "from", "modes")


def make_keys():
    keys = {}
    for name in ("right", "other", "ca", "ca2", "host", "revoked", "forced", "past"):
        keys[name] = f"{WHERE}/{name}"
        sp.clean_key(keys[name])
        sp.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", keys[name]], check=0)
    for name, ca, extra in (
            ("good", "ca", ["-n", "spt_al"]), ("nobody", "ca", ["-n", "spt_bob"]),
            ("late", "ca", ["-n", "spt_al", "-V", "20200101:20200102"]),
            ("early", "ca", ["-n", "spt_al", "-V", "20990101:20990102"]),
            ("noname", "ca", []), ("unknown_ca", "ca2", ["-n", "spt_al"]),
            ("elsewhere", "ca", ["-n", "spt_al", "-O", "source-address=192.0.2.0/24"]),
            ("forhost", "ca", ["-h", "-n", "spt_al"]),
            ("option", "ca", ["-n", "spt_al", "-O", "critical:unheard@example.com=1"]),
            ("pulled", "ca", ["-n", "spt_al", "-z", "7"])):
        keys[name] = f"{WHERE}/{name}"
        sp.clean_key(keys[name])
        sp.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", keys[name]], check=0)
        sp.run(["ssh-keygen", "-q", "-s", keys[ca], "-I", name, *extra, keys[name] + ".pub"], check=0)
    keys["revoked_list"] = f"{WHERE}/revoked_list"
    with open(WHERE + "/serials", "w") as f:
        f.write("serial: 7\n")
    sp.run(["ssh-keygen", "-q", "-k", "-f", keys["revoked_list"], "-s", keys["ca"] + ".pub",
            WHERE + "/serials"], check=0)
    sp.run(["ssh-keygen", "-q", "-u", "-k", "-f", keys["revoked_list"], keys["revoked"] + ".pub"],
           check=0)
    return keys


def make_people(keys):
    for name in PEOPLE:
        name = "spt_" + name
        sp.run(["useradd", "-m", "-s", "/bin/sh", name], check=0)
        sp.set_password(name, PASSWORD)
        home = os.path.expanduser("~" + name)
        os.makedirs(home + "/.ssh", mode=0o700, exist_ok=True)
        with open(home + "/.ssh/authorized_keys", "w") as f:
            options = 'from="192.0.2.0/24" ' if name == "spt_from" else ""
            f.write(options + open(keys["right"] + ".pub").read())
            if name == "spt_al":
                f.write(open(keys["revoked"] + ".pub").read())
                f.write('expiry-time="20200101" ' + open(keys["past"] + ".pub").read())
                f.write('command="echo forced",restrict ' + open(keys["forced"] + ".pub").read())
        sp.run(["chown", "-R", name + ":", home + "/.ssh"], check=0)
    os.chmod(os.path.expanduser("~spt_modes/.ssh/authorized_keys"), 0o666)
    for argv in (["chage", "-E", "2020-01-01", "spt_expired"], ["chage", "-E", "2020-01-01", "spt_past"],
                 ["chage", "-d", "0", "spt_due"],
                 ["passwd", "-q", "-l", "spt_locked"], ["passwd", "-q", "-d", "spt_empty"],
                 ["usermod", "-s", "/usr/sbin/nologin", "spt_nologin"],
                 ["usermod", "-s", "/no/such/shell", "spt_noshell"]):
        sp.run(argv, check=0)


def remove_people():
    for name in PEOPLE:
        sp.run(["userdel", "-r", "-f", "spt_" + name])


class Client:
    """One kind of login, from an address of its own."""

    def __init__(self, keys, port, address, agent):
        self.keys, self.port, self.address, self.agent = keys, port, address, agent

    def argv(self, name, *command, key=None, password=None, method=None, flags=(), **options):
        argv = [] if password is None else ["sshpass", "-p", password]
        argv += ["ssh", "-F", "none", "-p", str(self.port), "-b", self.address, *flags]
        defaults = {"StrictHostKeyChecking": "no", "UserKnownHostsFile": "/dev/null",
                    "GlobalKnownHostsFile": "/dev/null", "LogLevel": "QUIET",
                    "IdentitiesOnly": "yes", "NumberOfPasswordPrompts": "1",
                    "PreferredAuthentications":
                        method or ("publickey" if password is None else "password")}
        if password is None:
            defaults["BatchMode"] = "yes"
        for k, v in {**defaults, **options}.items():
            argv += ["-o", f"{k}={v}"]
        if key:
            argv += ["-i", self.keys[key]]
        if not key:
            argv += ["-i", "/dev/null"]
        return [*argv, "-l", name, "127.0.0.1", *command]

    def ssh(self, name, *command, **options):
        argv = self.argv(name, *(command or ("true",)), **options)
        return sp.run(argv, env=dict(os.environ, SSH_AUTH_SOCK=self.agent, DISPLAY=":99"))

    @contextlib.contextmanager
    def running(self, name, *command, **options):
        """A client that is logged in: its command said so."""
        p = subprocess.Popen(self.argv(name, *(command or ("echo in; exec sleep 60",)), **options),
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        try:
            p.stdout.readline()
            yield p
        finally:
            p.kill()
            p.wait()

    def raw(self, data, wait=0.3):
        with socket.create_connection(("127.0.0.1", self.port), source_address=(self.address, 0)) as c:
            if data:
                c.sendall(data)
                time.sleep(wait)
            else:
                c.recv(65536)  # unread, it would make the close a reset, or not

    def protocol(self, **kw):
        return Raw(self, address=self.address, **kw)

    def authenticating(self, name="spt_al"):
        """As far as a user's name."""
        c = self.protocol().kex()
        c.service()
        c.request(name, "none")
        c.expect(USERAUTH_FAILURE)
        return c

    def logged_in(self, name="spt_al"):
        c = self.authenticating(name)
        c.request(name, "password", 0, string(PASSWORD))
        c.expect(USERAUTH_SUCCESS)
        return c


def reset(c):
    c.s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    c.s.close()


def disconnect(c, code, text):
    c.send(1, struct.pack(">I", code), string(text), string(""))
    time.sleep(0.2)
    c.s.close()


def session(c):
    c.send(CHANNEL_OPEN, string("session"), struct.pack(">III", 0, 1 << 20, 1 << 15))
    return c.expect(CHANNEL_CONFIRM, CHANNEL_FAILURE)


def channel_request(c, kind, *data):
    c.send(CHANNEL_REQUEST, struct.pack(">I", 0), string(kind), b"\1", *data)
    return c.expect(CHANNEL_SUCCESS, CHANNEL_FAILED)


# Protocol by hand.

def closed_after_name(c):
    c.authenticating().s.close()


def reset_after_name(c):
    reset(c.authenticating())


def closed_after_unknown_name(c):
    c.authenticating("spt_nobody").s.close()


def closed_after_key_exchange(c):
    c.protocol().kex().s.close()


def closed_within_key_exchange(c):
    p = c.protocol()
    p.start_kex()
    p.s.close()


def reset_before_name(c):
    p = c.protocol(version=None)
    p.line()
    reset(p)


def disconnects(code, text):
    def one(c):
        disconnect(c.authenticating(), code, text)
    return one


def disconnects_before_name(c):
    disconnect(c.protocol().kex(), 11, "Bye Bye")


def disconnects_logged_in(c):
    disconnect(c.logged_in(), 11, "enough of it\nAccepted password for root from 203.0.113.5")


def changes_name(c):
    with c.authenticating() as p:
        p.request("spt_nobody", "none")
        p.end()


def service_unknown(c):
    with c.protocol().kex() as p:
        p.send(5, string("ssh-nothing"))
        p.end()


def method_unknown(c):
    with c.authenticating() as p:
        p.request("spt_al", "telepathy from 203.0.113.9")
        p.expect(USERAUTH_FAILURE)


def damaged(c):
    with c.protocol().kex() as p:
        data = bytearray(p.packet(b"\5" + string("ssh-userauth")))
        data[-1] ^= 1
        p.raw(bytes(data))
        p.end()


def nonsense_length(c):
    with c.protocol() as p:
        p.expect(KEXINIT)
        p.raw(b"\xff" * 64)
        p.end()


def out_of_turn(c):
    with c.protocol() as p:
        p.start_kex()
        p.send(50, string("root"), string("ssh-connection"), string("none"))
        p.end()


def name_then_silence(c):
    with c.authenticating() as p, contextlib.suppress(Closed, socket.timeout, AssertionError):
        p.receive()


def encrypted_length(c):
    with c.protocol().kex() as p:
        p.raw(b"\xff" * 64)
        p.end()


def mere_silence(c):
    with socket.create_connection(("127.0.0.1", c.port), 20, (c.address, 0)) as s:
        while s.recv(4096):
            pass


def drain(s):
    """Until it says no more: unread, it would make the close a reset."""
    s.settimeout(0.5)
    with contextlib.suppress(socket.timeout):
        while s.recv(65536):
            pass


def crowd(c):
    """More at once than the server takes."""
    held = [socket.create_connection(("127.0.0.1", c.port), 20, (c.address, 0)) for _ in range(2)]
    for s in held:
        drain(s)
    for _ in range(2):
        with socket.create_connection(("127.0.0.1", c.port), 20, (c.address, 0)) as s:
            with contextlib.suppress(ConnectionResetError):
                s.recv(64)
    for s in held:
        s.close()


def empty_password(c):
    with c.authenticating("spt_empty") as p:
        p.request("spt_empty", "password", 0, string(""))
        p.expect(USERAUTH_FAILURE)
        disconnect(p, 11, "Bye Bye")


def guesses(name):
    """As many passwords as the server takes."""
    def one(c):
        with c.authenticating(name) as p, contextlib.suppress(AssertionError, Closed):
            for _ in range(10):
                p.request(name, "password", 0, string(WRONG))
                p.expect(USERAUTH_FAILURE)
    return one


def names(name):
    def one(c):
        with contextlib.suppress(AssertionError), c.authenticating(name) as p:
            p.request(name, "password", 0, string(WRONG))
            p.expect(USERAUTH_FAILURE)
            disconnect(p, 11, "Bye Bye")
    return one


def kill(when):
    def one(c):
        with c.running("spt_keep" if when == signal.SIGSTOP else "spt_al", key="right") as p:
            p.send_signal(when)
            time.sleep(4 if when == signal.SIGSTOP else 0.1)
    return one


def forward(kind, name, *data):
    def one(c):
        with c.logged_in(name) as p:
            if kind.endswith("forward") or kind.endswith("forward@openssh.com"):
                p.send(GLOBAL_REQUEST, string(kind), b"\1", *data)
                p.expect(REQUEST_SUCCESS, REQUEST_FAILURE)
            else:
                p.send(CHANNEL_OPEN, string(kind), struct.pack(">III", 0, 1 << 20, 1 << 15), *data)
                p.expect(CHANNEL_CONFIRM, CHANNEL_FAILURE)
            disconnect(p, 11, "disconnected by user")
    return one


def to(host, port):
    return string(host) + struct.pack(">I", port) + string("127.0.0.1") + struct.pack(">I", 4711)


def at(host, port):
    return string(host) + struct.pack(">I", port)


def request(kind, *data, name="spt_al"):
    def one(c):
        with c.logged_in(name) as p:
            session(p)
            channel_request(p, kind, *data)
            disconnect(p, 11, "disconnected by user")
    return one


def many_sessions(count, name):
    def one(c):
        with c.logged_in(name) as p:
            for i in range(count):
                p.send(CHANNEL_OPEN, string("session"), struct.pack(">III", i, 1 << 20, 1 << 15))
                p.expect(CHANNEL_CONFIRM, CHANNEL_FAILURE)
            disconnect(p, 11, "disconnected by user")
    return one


def hostbased(c):
    with c.authenticating() as p:
        blob = base64.b64decode(open(c.keys["other"] + ".pub").read().split()[1])
        p.request("spt_al", "hostbased", string("ssh-ed25519"), string(blob), string("client.example."),
                  string("al"), string(string("ssh-ed25519") + string(b"\0" * 64)))
        p.expect(USERAUTH_FAILURE)
        disconnect(p, 11, "Bye Bye")


def ssh(name, *command, **options):
    return lambda c: c.ssh(name, *command, **options)


def raw(data, **kw):
    return lambda c: c.raw(data, **kw)


INJECTED = "x from 203.0.113.1 port 22 ssh2\nDec  1 00:00:00 host sshd[1]: Accepted password for root"

KINDS = [
    ("key", ssh("spt_al", key="right")),
    ("unknown key", ssh("spt_al", key="other")),
    ("key with a command", ssh("spt_al", key="forced")),
    ("key whose line expired", ssh("spt_al", key="past")),
    ("key from elsewhere", ssh("spt_from", key="right")),
    ("key file that others may write", ssh("spt_modes", key="right")),
    ("revoked key", ssh("spt_al", key="revoked")),
    ("password", ssh("spt_al", password=PASSWORD)),
    ("wrong password", ssh("spt_al", password=WRONG)),
    ("wrong, then right password", lambda c: (c.ssh("spt_al", password=WRONG),
                                              c.ssh("spt_al", password=PASSWORD))),
    ("six wrong passwords", guesses("spt_al")),
    ("empty password", empty_password),
    ("keyboard-interactive", ssh("spt_al", password=PASSWORD, method=KBDINT)),
    ("wrong keyboard-interactive", ssh("spt_al", password=WRONG, method=KBDINT)),
    ("unknown user, key", ssh("spt_nobody", key="other")),
    ("unknown user, password", ssh("spt_nobody", password=WRONG)),
    ("unknown user, six passwords", guesses("spt_nobody")),
    ("unknown user, keyboard-interactive", ssh("spt_nobody", password=WRONG, method=KBDINT)),
    ("denied user, key", ssh("spt_deny", key="right")),
    ("denied user, password", ssh("spt_deny", password=PASSWORD)),
    ("denied user, keyboard-interactive", ssh("spt_deny", password=PASSWORD, method=KBDINT)),
    ("expired account, key", ssh("spt_expired", key="right")),
    ("expired account, password", ssh("spt_past", password=PASSWORD)),
    ("expired account, wrong password", ssh("spt_past", password=WRONG)),
    ("expired account, keyboard-interactive", ssh("spt_past", password=PASSWORD, method=KBDINT)),
    ("locked account, key", ssh("spt_locked", key="right")),
    ("locked account, password", ssh("spt_locked", password=PASSWORD)),
    ("shell nologin", ssh("spt_nologin", key="right")),
    ("shell that is missing, key", ssh("spt_noshell", key="right")),
    ("shell that is missing, password", ssh("spt_noshell", password=PASSWORD)),
    ("password due, key", ssh("spt_due", key="right")),
    ("password due, password", ssh("spt_due", password=PASSWORD)),
    ("root, key", ssh("root", key="right")),
    ("root, wrong password", ssh("root", password=WRONG)),
    ("certificate", ssh("spt_al", key="good")),
    ("expired certificate", ssh("spt_al", key="late")),
    ("certificate for later", ssh("spt_al", key="early")),
    ("certificate for another", ssh("spt_al", key="nobody")),
    ("certificate without principals", ssh("spt_al", key="noname")),
    ("certificate of an unknown CA", ssh("spt_al", key="unknown_ca")),
    ("certificate for elsewhere", ssh("spt_al", key="elsewhere")),
    ("certificate for a host", ssh("spt_al", key="forhost")),
    ("certificate with an unknown option", ssh("spt_al", key="option")),
    ("revoked certificate", ssh("spt_al", key="pulled")),
    ("two steps", ssh("spt_two", key="right", password=PASSWORD, method="publickey,password")),
    ("two steps, the second wrong", ssh("spt_two", key="right", password=WRONG, method="publickey,password")),
    ("two steps, the first missing", ssh("spt_two", password=PASSWORD)),
    ("hostbased", hostbased),
    ("method that nobody has", method_unknown),
    ("port scan", raw(b"")),
    ("reset before the name", reset_before_name),
    ("HTTP", raw(b"GET / HTTP/1.0\r\n\r\n")),
    ("HTTP of more lines", raw(b"GET / HTTP/1.1\r\nHost: www.example.com\r\nAccept: */*\r\n\r\n")),
    ("TLS", raw(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(200)))),
    ("SSH-1", raw(b"SSH-1.5-old\r\n")),
    ("endless name", raw(b"SSH-2.0-" + b"x" * 9000 + b"\r\n")),
    ("no common key exchange", ssh("spt_al", KexAlgorithms="diffie-hellman-group1-sha1")),
    ("no common cipher", ssh("spt_al", Ciphers="3des-cbc")),
    ("no common MAC", ssh("spt_al", Ciphers="aes128-ctr", MACs="hmac-md5")),
    ("no common host key", ssh("spt_al", HostKeyAlgorithms="ecdsa-sha2-nistp521")),
    ("closed within the key exchange", closed_within_key_exchange),
    ("closed after the key exchange", closed_after_key_exchange),
    ("closed after the name", closed_after_name),
    ("closed after an unknown name", closed_after_unknown_name),
    ("reset after the name", reset_after_name),
    ("disconnect before the name", disconnects_before_name),
    ("disconnect by the user", disconnects(11, "Bye Bye")),
    ("disconnect: auth cancelled", disconnects(13, "Authentication cancelled by user.")),
    ("disconnect: no more methods", disconnects(14, "No supported authentication methods available")),
    ("disconnect: host key", disconnects(9, "Host key not verifiable")),
    ("disconnect: Auth fail", disconnects(3, "com.jcraft.jsch.JSchException: Auth fail")),
    ("disconnect when logged in", disconnects_logged_in),
    ("another name", changes_name),
    ("unknown service", service_unknown),
    ("damaged packet", damaged),
    ("impossible length", nonsense_length),
    ("impossible length, encrypted", encrypted_length),
    ("message out of turn", out_of_turn),
    ("name with spaces", names("al bo")),
    ("name in UTF-8", names("älice")),
    ("name with a percent sign", names("%s%n")),
    ("name with a newline", names("al\nbo")),
    ("long name", names("a" * 200)),
    ("name that is too long", names("a" * 300)),
    ("empty name", names("")),
    ("name with a sentence", names(INJECTED)),
    ("killed client", kill(signal.SIGKILL)),
    ("silent client", kill(signal.SIGSTOP)),
    ("command", ssh("spt_al", "exit 3", key="right")),
    ("shell", ssh("spt_al", key="right", flags=["-tt"])),
    ("no session", lambda c: c.running("spt_al", key="right", flags=["-N"])),
    ("two sessions", many_sessions(2, "spt_al")),
    ("one session too many", many_sessions(2, "spt_one")),
    ("sftp", lambda c: c.ssh("spt_al", "sftp", key="right", flags=["-s"])),
    ("scp", ssh("spt_al", "scp -t /tmp", key="right")),
    ("unknown subsystem", request("subsystem", string("gopher"))),
    ("variable", request("env", string("LD_PRELOAD"), string("x"))),
    ("denied agent", ssh("spt_noforw", key="right", flags=["-A"])),
    ("denied display", ssh("spt_noforw", key="right", flags=["-X"])),
    ("rekeying", ssh("spt_al", "head -c 1000000 /dev/zero", key="right", RekeyLimit="256K")),
    ("forward", forward("direct-tcpip", "spt_al", to("127.0.0.1", 1))),
    ("forward to nowhere", forward("direct-tcpip", "spt_al", to("no.such.host.invalid", 1))),
    ("denied forward", forward("direct-tcpip", "spt_noforw", to("127.0.0.1", 22))),
    ("denied forward to a socket",
     forward("direct-streamlocal@openssh.com", "spt_noforw", string("/run/x"), string(""), struct.pack(">I", 0))),
    ("denied remote forward", forward("tcpip-forward", "spt_noforw", at("localhost", 0))),
    ("denied remote socket", forward("streamlocal-forward@openssh.com", "spt_noforw", string("/tmp/x"))),
    ("remote forward of a low port", forward("tcpip-forward", "spt_al", at("localhost", 80))),
    ("remote forward of a taken port", forward("tcpip-forward", "spt_al", at("localhost", 2098))),
]

# Kinds for a server with little patience, and for one that is soon full.
SPECIAL = [
    ("silence until the grace time is over", mere_silence, "grace"),
    ("a name, and silence", name_then_silence, "grace"),
    ("more at once than the server takes", crowd, "full"),
]
