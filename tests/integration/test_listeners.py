"""Each listener offers its own algorithms and host keys, and no other: to real
clients, to a worker that is broken, over reloads and under -i."""

import base64
import os
import re
import signal
import socket
import struct
import subprocess

import paramiko
import pytest

import conftest
import evil_worker
import rawssh
import sp
from control import ctl

STRICT = ('crypto = { kex = [ "curve25519-sha256" ]; ciphers = [ "chacha20-poly1305@openssh.com" ]; '
          'host_key_algorithms = [ "ssh-ed25519" ]; };')
OLD = ('crypto = { kex = [ "ecdh-sha2-nistp256" ]; ciphers = [ "aes256-ctr" ]; macs = [ "hmac-sha2-512" ]; '
       'host_key_algorithms = [ "ecdsa-sha2-nistp256", "rsa-sha2-512" ]; compression = [ "none" ]; };')


def listener(name, port, more=""):
    return f'{{ name = "{name}"; address = "127.0.0.1"; port = {port}; {more} }}'


def keys_of(s, *kinds):
    return "host_keys = [ %s ];" % ", ".join(f'"{s.dir}/ssh_host_{k}_key"' for k in kinds)


def text_of(s, *listeners):
    return re.sub(r"(?s)listeners = \(.*?\n", lambda _: "listeners = ( %s );\n" % ",\n".join(listeners), s.text, count=1)


class Site:
    """strict: ed25519 and chacha; old: the others; plain: the top level's."""

    def __init__(self, make_server, start=True, **kw):
        s = self.s = make_server(start=False, **kw)
        self.ports = {"strict": s.port, "old": s.port + 500, "plain": s.port + 600}
        self.own = {"strict": keys_of(s, "ed25519") + STRICT, "old": keys_of(s, "rsa", "ecdsa") + OLD, "plain": ""}
        self.write()
        if start:
            s.start()

    def write(self, **own):
        self.s.write(text_of(self.s, *(listener(n, p, {**self.own, **own}[n]) for n, p in self.ports.items())))

    def at(self, name):
        self.s.port = self.ports[name]
        return self.s

    def ssh(self, name, user, *command, **options):
        return self.at(name).ssh(user, *(command or ("true",)), StrictHostKeyChecking="no",
                                 UserKnownHostsFile="/dev/null", **{"LogLevel": "INFO", **options})

    def reload(self):
        mark = self.s.mark()
        ctl(self.s, "reload", check=0)
        self.s.wait_log("Configuration reloaded", after=mark)


@pytest.fixture
def site(make_server):
    return Site(make_server)


def scan(port):
    """What ssh-keyscan finds: types of key."""
    p = sp.run(["ssh-keyscan", "-T", "10", "-p", str(port), "-t", "rsa,ecdsa,ed25519", "127.0.0.1"])
    return {line.split()[1] for line in p.stdout.splitlines() if not line.startswith("#")}


def kexinit(port):
    """The name-lists that are sent first."""
    with socket.create_connection(("127.0.0.1", port), 20) as c:
        f = c.makefile("rb")
        f.readline()
        body = f.read(struct.unpack(">I", f.read(4))[0])[1:]
    at, lists = 17, []
    for _ in range(8):
        n = struct.unpack_from(">I", body, at)[0]
        lists.append(body[at + 4:at + 4 + n].decode().split(","))
        at += 4 + n
    return lists


def test_each_listener_shows_its_own_offer_to_real_clients(site, user):
    assert scan(site.ports["strict"]) == {"ssh-ed25519"}
    assert scan(site.ports["old"]) == {"ecdsa-sha2-nistp256", "ssh-rsa"}
    assert scan(site.ports["plain"]) == {"ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"}
    assert site.ssh("strict", user).returncode == 0
    assert site.ssh("old", user).returncode == 0
    strict, old, plain = (kexinit(site.ports[n]) for n in ("strict", "old", "plain"))
    assert strict[0][0] == "curve25519-sha256" and not [k for k in strict[0] if "nistp" in k]
    assert strict[2] == ["chacha20-poly1305@openssh.com"] and "zlib@openssh.com" in strict[6]
    assert len(strict[4]) > 4  # macs are the top level's
    assert old[1:5] == [["ecdsa-sha2-nistp256", "rsa-sha2-512"], ["aes256-ctr"], ["aes256-ctr"], ["hmac-sha2-512"]]
    assert old[6] == ["none"]
    assert set(old[2]) | set(strict[2]) < set(plain[2])


@pytest.mark.parametrize("name, option, value, kind", [
    ("strict", "Ciphers", "aes256-ctr", "cipher"),
    ("strict", "KexAlgorithms", "ecdh-sha2-nistp256", "key exchange method"),
    ("strict", "HostKeyAlgorithms", "ecdsa-sha2-nistp256", "host key type"),
    ("old", "Ciphers", "chacha20-poly1305@openssh.com", "cipher"),
    ("old", "MACs", "hmac-sha2-256", "MAC"),
    ("old", "HostKeyAlgorithms", "ssh-ed25519", "host key type"),
    ("old", "HostKeyAlgorithms", "rsa-sha2-256", "host key type")])
def test_what_another_listener_offers_finds_no_match(site, user, name, option, value, kind):
    mark = site.s.mark()
    p = site.ssh(name, user, **{option: value})
    assert p.returncode == 255
    assert f"no matching {kind} found" in p.stderr
    site.s.wait_log(rf"Unable to negotiate with 127\.0\.0\.1 port \d+: no matching .* found\. Their offer: {re.escape(value)}",
                    after=mark)
    assert site.ssh("plain", user, **{option: value}).returncode == 0


def test_paramiko_meets_the_offers_too(site, user):
    for name, key, cipher in (("strict", "ssh-ed25519", None), ("old", "ecdsa-sha2-nistp256", "aes256-ctr")):
        t = paramiko.Transport(("127.0.0.1", site.ports[name]))
        if name == "strict":  # it has no ChaCha20
            with pytest.raises(paramiko.SSHException):
                t.start_client(timeout=20)
        else:
            t.start_client(timeout=20)
            assert (t.get_remote_server_key().get_name(), t.remote_cipher) == (key, cipher)
        t.close()


def test_a_client_hears_of_the_listener_s_keys_alone(site, user):
    for name, types in (("strict", {"ssh-ed25519"}), ("old", {"ssh-rsa", "ecdsa-sha2-nistp256"}),
                        ("plain", {"ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256"})):
        known = f"{site.s.dir}/known_{name}"
        for _ in range(2):  # the first only learns the key
            p = site.at(name).ssh(user, "true", UserKnownHostsFile=known, StrictHostKeyChecking="accept-new",
                                  UpdateHostKeys="yes", LogLevel="DEBUG1")
            assert p.returncode == 0
        assert {line.split()[1] for line in open(known)} == types, p.stderr


def test_host_certificates_go_where_their_keys_go(make_server, user):
    site = Site(make_server, start=False)
    ca = site.s.dir + "/ca"
    sp.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", ca], check=0)
    key = site.s.dir + "/ssh_host_ecdsa_key"
    sp.run(["ssh-keygen", "-q", "-s", ca, "-I", "host", "-h", "-n", "127.0.0.1", key + ".pub"], check=0)
    site.s.text = f'host_certificates = [ "{key}-cert.pub" ];\n' + site.s.text
    site.own["old"] = keys_of(site.s, "rsa", "ecdsa")
    site.own["strict"] = keys_of(site.s, "ed25519")
    site.write()
    site.s.start()
    known = site.s.dir + "/known_ca"
    with open(known, "w") as f:
        f.write("@cert-authority * " + open(ca + ".pub").read())
    options = dict(UserKnownHostsFile=known, HostKeyAlgorithms="ecdsa-sha2-nistp256-cert-v01@openssh.com")
    for name, code in (("old", 0), ("plain", 0), ("strict", 255)):
        p = site.at(name).ssh(user, "true", StrictHostKeyChecking="yes", LogLevel="INFO", **options)
        assert p.returncode == code, (name, p.stderr)
    assert "no matching host key type found" in p.stderr


# ---- a broken worker, and a client that asks for more ----


@pytest.fixture
def evil(make_server):
    evil_worker.build()
    before, sp.DAEMON = sp.DAEMON, evil_worker.DAEMON
    yield Site(make_server), evil_worker.table()
    sp.DAEMON = before


def swap(names, before, after):
    """A KEXINIT with one whole list for another."""
    assert rawssh.string(before) in names
    return names.replace(rawssh.string(before), rawssh.string(after))


def server_kexinit(port):
    return b"\x14" + b"\1" * 16 + b"".join(rawssh.string(",".join(x)) for x in kexinit(port)) + \
        rawssh.string("") * 2 + b"\0" * 5


CHACHA = ("aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com")


def test_a_worker_cannot_negotiate_what_another_listener_offers(evil, user):
    """The worker of strict says what another listener would, and its client wants that."""
    site, messages = evil
    for of, swaps, served in (("strict", [CHACHA], True), ("plain", [CHACHA], False), ("plain", [], False),
                              ("plain", [CHACHA, ("ssh-ed25519", "ecdsa-sha2-nistp256")], False)):
        mark = site.s.mark()
        with evil_worker.Evil(site.at("strict"), messages) as e:
            e.send("version", client=b"SSH-2.0-evil", server=b"SSH-2.0-good")
            fields = messages["kex"].decode(e.kex_bytes())
            for s in swaps:
                fields["kexinit_client"] = swap(fields["kexinit_client"], *s)
            e.send("kex", **{**fields, "kexinit_server": server_kexinit(site.ports[of])})
            if served:
                e.expect("kex_done")
                continue
            e.wait_end()
            assert "kex_done" not in [n for n, _ in e.got], (of, swaps)
            site.s.wait_log("broke the rules of the wall", after=mark)


def test_a_worker_gets_no_proof_of_another_listener_s_key(evil, user):
    site, messages = evil
    for name, kind, proved in (("strict", "ed25519", True), ("strict", "ecdsa", False), ("strict", "rsa", False),
                               ("plain", "ecdsa", True)):
        blob = base64.b64decode(open(f"{site.s.dir}/ssh_host_{kind}_key.pub").read().split()[1])
        with evil_worker.Evil(site.at(name), messages) as e:
            e.send("version", client=b"SSH-2.0-evil", server=b"SSH-2.0-good")
            fields = messages["kex"].decode(e.kex_bytes())
            if name == "strict":
                fields["kexinit_client"] = swap(fields["kexinit_client"], *CHACHA)
            e.send("kex", **fields)
            e.expect("kex_done")
            e.password(user)
            assert e.expect("auth_verdict")["result"] == 2
            e.send("hostkeys_prove", keys=struct.pack(">I", len(blob)) + blob)
            assert bool(e.expect("hostkeys_proof")["signatures"]) is proved, (name, kind)
    # The monitor refuses by itself: the keyholder was not even asked.
    assert "no signature with host key" not in site.s.log()


# ---- reloads ----


def test_a_reload_changes_the_offers_and_a_rekey_keeps_the_connection_s_own(site, user):
    p = site.at("strict").popen(user, "cat", StrictHostKeyChecking="no", UserKnownHostsFile="/dev/null",
                                RekeyLimit="128K", LogLevel="DEBUG1")
    block = os.urandom(49152)
    p.stdin.write(block)
    p.stdin.flush()
    assert p.stdout.read(len(block)) == block
    before = site.s.log().count("Rekeyed with")
    site.write(strict=keys_of(site.s, "rsa") + OLD.replace('"ecdsa-sha2-nistp256", ', ""), old="")
    site.reload()
    assert scan(site.ports["strict"]) == {"ssh-rsa"}
    assert scan(site.ports["old"]) == {"ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"}
    for _ in range(12):
        p.stdin.write(block)
        p.stdin.flush()
        assert p.stdout.read(len(block)) == block
    p.stdin.close()
    assert p.wait(20) == 0
    assert site.s.log().count("Rekeyed with") > before + 1
    said = p.stderr.read().decode()
    assert set(re.findall(r"kex: host key algorithm: (\S+)", said)) == {"ssh-ed25519"}
    assert set(re.findall(r"server->client cipher: (\S+)", said)) == {"chacha20-poly1305@openssh.com"}


def test_a_reload_that_takes_a_key_away_leaves_those_in_key_exchange_theirs(site, user):
    site.own["old"] = keys_of(site.s, "ecdsa")
    site.write()
    site.reload()
    with rawssh.Raw(site.at("old")) as half, rawssh.Raw(site.at("old")) as silent:
        half.start_kex(host_key="ecdsa-sha2-nistp256")
        site.write(old=keys_of(site.s, "rsa"))
        site.s.text = site.s.text.replace(f'"{site.s.dir}/ssh_host_ecdsa_key", ', "")
        site.write(old=keys_of(site.s, "rsa"))
        os.rename(site.s.dir + "/ssh_host_ecdsa_key", site.s.dir + "/away")
        site.reload()
        assert scan(site.ports["old"]) == {"ssh-rsa"}
        half.finish_kex()
        half.service()
        silent.kex(host_key="ecdsa-sha2-nistp256")
        silent.service()
        with rawssh.Raw(site.at("old")) as late:
            late.start_kex(host_key="ecdsa-sha2-nistp256")
            assert "no matching host key type" in late.end()[1]


def test_a_listener_that_a_reload_renames_serves_on_with_the_new_name_s_offer(site, user):
    del site.ports["plain"]
    site.ports["renamed"], site.own["renamed"] = site.ports.pop("old"), keys_of(site.s, "rsa")
    site.write()
    site.reload()
    assert scan(site.ports["renamed"]) == {"ssh-rsa"}
    mark = site.s.mark()
    assert site.ssh("renamed", user).returncode == 0
    site.s.wait_log("renamed", after=mark)
    assert scan(site.ports["strict"]) == {"ssh-ed25519"}


def test_another_image_keeps_the_offers(site, user):
    """Two reloads, and a worker template that is replaced."""
    p = site.at("old").popen(user, "cat", StrictHostKeyChecking="no", UserKnownHostsFile="/dev/null")
    p.stdin.write(b"x" * 10)
    p.stdin.flush()
    assert p.stdout.read(10) == b"x" * 10
    site.reload()
    site.reload()
    for pid in site.s.processes("workers"):
        os.kill(pid, signal.SIGKILL)
    assert scan(site.ports["old"]) == {"ecdsa-sha2-nistp256", "ssh-rsa"}
    p.stdin.close()
    assert p.wait(20) == 0


def children(pid, title):
    """A rehearsal's processes are not among them."""
    found = []
    for child in open(f"/proc/{pid}/task/{pid}/children").read().split():
        try:
            if open(f"/proc/{child}/cmdline").read().startswith("sallyportd: " + title):
                found.append(child)
        except OSError:
            continue
    return found


def test_another_image_outlives_a_crash_beside_a_keyholder_that_died(make_server, user):
    """The serving generation has lost its keyholder, and cannot be started again for want of a key."""
    s = make_server()
    p = s.popen(user, "cat")
    p.stdin.write(b"x")
    p.stdin.flush()
    assert p.stdout.read(1) == b"x"
    worker, = s.processes("worker")
    mark = s.mark()
    os.rename(s.dir + "/ssh_host_rsa_key", s.dir + "/other_key")
    for pid in s.processes("keyholder"):
        os.kill(pid, signal.SIGKILL)
    s.wait_log("ssh_host_rsa_key: host key: no such file", after=mark)
    s.write(s.text.replace(s.dir + "/ssh_host_rsa_key", s.dir + "/other_key"))
    os.kill(s.pid, signal.SIGHUP)
    sp.wait_for(lambda: len(children(s.pid, "monitors")) == 2, what="the next generation")
    os.kill(worker, signal.SIGSEGV)
    p.wait(20)
    s.wait_log("Configuration reloaded", after=mark)
    assert s.ssh(user, "true").returncode == 0


# ---- what tells of it ----


def test_check_refuses_a_listener_that_could_serve_nobody(make_server):
    site = Site(make_server, start=False)
    s = site.s
    line = 1 + text_of(s, "@").split("@")[0].count("\n")
    for own, expected in (
            (keys_of(s, "ed25519") + 'crypto = { host_key_algorithms = [ "rsa-sha2-512" ]; };',
             "listeners: strict: none of its host keys serves one of its host_key_algorithms"),
            ("crypto = { kex = [ ]; };", "listeners.crypto.kex: nothing is left in the list"),
            ('crypto = { ciphers = [ "-*" ]; };', "listeners.crypto.ciphers: nothing is left in the list"),
            ('crypto = { ciphers = [ "aes999" ]; };', 'listeners.crypto.ciphers: "aes999": unknown name'),
            ('crypto = { profile = "fips"; };', 'listeners.crypto.profile: "fips" is of the whole server'),
            ('crypto = { rekey_bytes = 70000; };', "listeners.crypto.rekey_bytes: unknown key"),
            ('host_keys = [ "/no/such/key" ];', "listeners.host_keys: /no/such/key: no such file"),
            ("host_keys = [ ];", "listeners.host_keys: at least 1")):
        site.write(strict=own)
        p = ctl(s, "check", check=1)
        assert f"{s.config}:{line}: {expected}" in p.stdout + p.stderr, (own, p.stdout, p.stderr)
        assert s.check().returncode != 0
    site.write(strict='crypto = { profile = "legacy"; };')
    p = ctl(s, "check")
    assert f'{s.config}:{line}: warning: listeners.crypto.kex: "diffie-hellman-group14-sha1" is weak' in p.stdout


def test_what_is_shown_and_printed_is_the_listener_s(site):
    shown = ctl(site.s, "show", "listeners").stdout
    again = f"{site.s.dir}/shown.conf"
    site.s.write(text_of(site.s, "@").replace("listeners = ( @ );", shown), again)
    assert ctl(site.s, "show", "listeners").stdout == sp.run(
        ["sallyportctl", "-f", again, "show", "listeners"], check=0).stdout
    assert '"chacha20-poly1305@openssh.com"' in shown and "ssh_host_ecdsa_key" in shown

    def printed(*spec):
        out = sp.run([sp.DAEMON, "-T", "-f", site.s.config, *spec], check=0).stdout
        return dict(x.partition(" ")[::2] for x in out.splitlines()), re.findall(r"hostkey (\S+)", out)
    strict, keys = printed("-C", f"lport={site.ports['strict']}")
    assert strict["ciphers"] == "chacha20-poly1305@openssh.com" and strict["kexalgorithms"] == "curve25519-sha256"
    assert keys == [f"{site.s.dir}/ssh_host_ed25519_key"]
    old, keys = printed("-C", f"lport={site.ports['old']}")
    assert (old["macs"], old["compression"]) == ("hmac-sha2-512", "no") and len(keys) == 2
    top, keys = printed()
    assert len(keys) == 3 and "aes128-ctr" in top["ciphers"]
    strict, _ = printed("-C", f"laddr=127.0.0.1,lport={site.ports['strict']}")
    assert strict["ciphers"] == "chacha20-poly1305@openssh.com"
    # Nothing that the top level offers may pass for what a listener does.
    for spec in ("lport=1", "laddr=127.0.0.2", f"laddr=127.0.0.2,lport={site.ports['strict']}", "laddr=x"):
        p = sp.run([sp.DAEMON, "-T", "-f", site.s.config, "-C", spec])
        assert (p.returncode, p.stdout) == (1, "") and "no listener is there" in p.stderr, (spec, p.stdout)
    site.s.write(open(site.s.config).read().replace('address = "127.0.0.1"', 'address = "0.0.0.0"'))
    strict, _ = printed("-C", f"laddr=127.0.0.1,lport={site.ports['strict']}")
    assert strict["ciphers"] == "chacha20-poly1305@openssh.com"


def test_all_host_keys_are_made_and_named(make_server):
    site = Site(make_server, start=False)
    new = f"{site.s.dir}/other_ed25519_key"
    site.write(old=f'host_keys = [ "{new}" ];')
    assert new in ctl(site.s, "hostkeys").stdout
    site.s.start()
    shown = sp.run(["ssh-keyscan", "-p", str(site.ports["old"]), "127.0.0.1"]).stdout.split()
    assert open(new + ".pub").read().split()[1] in shown


def test_without_a_listener_the_top_level_s_is_offered(make_server, user):
    site = Site(make_server, start=False)
    proxy = f"{sp.DAEMON} -i -f {site.s.config} -E {site.s.log_file}"
    p = site.ssh("strict", user, ProxyCommand=proxy, Ciphers="aes256-ctr", HostKeyAlgorithms="rsa-sha2-256")
    assert p.returncode == 0, p.stderr
    # No listener uses the defaults, and so they are not read.
    s = site.s
    s.text = re.sub(r"(?m)^host_keys = .*$", "", s.text)
    site.write(plain=keys_of(s, "rsa"))
    s.start()
    assert site.ssh("plain", user).returncode == 0
    p = site.ssh("strict", user, ProxyCommand=proxy)
    assert p.returncode == 255
    s.wait_log("with -i the top level's host_keys are offered")


# ---- sockets of systemd ----


ACTIVATE = ("import os,sys; os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1'); "
            "os.dup2(int(sys.argv[1]), 3); os.execv(sys.argv[2], sys.argv[2:])")


def activate(s, port):
    """The server with a socket that it inherits; its configuration has other ports."""
    with socket.create_server(("127.0.0.1", port)) as c:
        return subprocess.Popen(["/usr/bin/python3", "-c", ACTIVATE, str(c.fileno()), sp.DAEMON, "-D", "-f", s.config,
                                 "-E", s.log_file], pass_fds=[c.fileno()])


def test_a_reload_keeps_the_sockets_of_systemd_and_opens_no_other(make_server, user):
    site = Site(make_server, start=False)
    s, port = site.s, site.s.port + 700
    p = activate(s, port)
    try:
        s.wait_log("Server ready")
        assert scan(port) == {"ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"}
        # A listener that is called like them says what is offered there.
        del site.ports["old"]
        site.ports["systemd"], site.own["systemd"] = s.port + 500, keys_of(s, "rsa") + OLD.replace(
            '"ecdsa-sha2-nistp256", ', "")
        site.write()
        site.reload()
        assert scan(port) == {"ssh-rsa"}
        for other in site.ports.values():
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", other), 5).close()
        site.ports["again"] = port
        assert site.ssh("again", user, Ciphers="aes256-ctr").returncode == 0
    finally:
        p.terminate()
        p.wait(20)
    conftest.check_log(s)


def test_sockets_of_systemd_need_host_keys_that_are_offered_there(make_server):
    site = Site(make_server, start=False)
    s = site.s
    s.text = re.sub(r"(?m)^host_keys = .*$", "", s.text)
    site.write(plain=keys_of(s, "rsa"))
    p = activate(s, s.port + 700)
    try:
        assert p.wait(30) == 1
    finally:
        p.kill()
    s.wait_log("with sockets of systemd the top level's host_keys are offered, and none serves")
