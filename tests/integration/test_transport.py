"""Every client connects: algorithms, profiles, scanners."""

import concurrent.futures
import hashlib
import os
import re
import socket
import struct
import subprocess
import threading

import pytest

import sp
from algorithms import *


# ---- one login each ----

@pytest.mark.parametrize("kex", OLD_KEX)
def test_each_kex(wide, kex):
    assert f"kex: algorithm: {kex}" in login(wide, wide.user, KexAlgorithms=kex)


@pytest.mark.parametrize("cipher", [CHACHA] + GCM)
def test_each_aead(wide, cipher):
    said = login(wide, wide.user, Ciphers=cipher)
    assert said.count(f"cipher: {cipher} MAC: <implicit>") == 2, said


@pytest.mark.parametrize("cipher,mac", [
    (CTR[i % 3], mac) for i, mac in enumerate(OLD_MACS)])
def test_each_cipher_with_each_mac(wide, cipher, mac):
    said = login(wide, wide.user, Ciphers=cipher, MACs=mac)
    assert said.count(f"cipher: {cipher} MAC: {mac}") == 2, said


@pytest.mark.parametrize("algorithm", HOST)
def test_each_host_key_algorithm(wide, algorithm):
    said = login(wide, wide.user, HostKeyAlgorithms=algorithm)
    assert f"kex: host key algorithm: {algorithm}" in said


@pytest.mark.parametrize("kind,bits,algorithm", [
    ("ed25519", None, "ssh-ed25519"), ("ecdsa", 256, "ecdsa-sha2-nistp256"),
    ("ecdsa", 384, "ecdsa-sha2-nistp384"), ("ecdsa", 521, "ecdsa-sha2-nistp521"),
    ("rsa", 3072, "rsa-sha2-256"), ("rsa", 3072, "rsa-sha2-512")])
def test_each_user_key(wide, make_user, kind, bits, algorithm):
    u = make_user(key=False)
    u.make_key(kind, extra=["-b", str(bits)] if bits else ())
    login(wide, u, PubkeyAcceptedAlgorithms=algorithm)


def combinations():
    """Each kex with each host key, ciphers and MACs taking turns; all of all
    (900 logins, 3 minutes) where SALLYPORT_MATRIX says "all"."""
    hidden = [(c, m) for c in CTR for m in OLD_MACS] + [(c, None) for c in [CHACHA] + GCM]
    if os.environ.get("SALLYPORT_MATRIX") == "all":
        return [(k, h, c) for k in OLD_KEX for h in HOST for c in hidden]
    pairs = [(k, h) for k in OLD_KEX for h in HOST]
    return [(k, h, hidden[i % len(hidden)]) for i, (k, h) in enumerate(pairs)]


def test_they_go_together(wide):
    def one(choice):
        kex, host, (cipher, mac) = choice
        said = login(wide, wide.user, KexAlgorithms=kex, HostKeyAlgorithms=host,
                     Ciphers=cipher, **({"MACs": mac} if mac else {}))
        for name in (f"algorithm: {kex}", f"host key algorithm: {host}", f"cipher: {cipher} "):
            assert name in said, (choice, said)
        return True
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        assert all(pool.map(one, combinations()))


@pytest.mark.parametrize("compress,name", [("no", "none"), ("yes", ZLIB)])
def test_each_compression(wide, compress, name):
    said = login(wide, wide.user, Compression=compress)
    assert said.count(f"compression: {name}") == 2, said


def test_the_default_of_debians_ssh_is_post_quantum(server, user):
    said = login(server, user)
    assert re.search(r"kex: algorithm: (sntrup761x25519-sha512|mlkem768x25519-sha256)", said), said


def test_finite_fields_are_in_the_default(server, user):
    for kex in DH + [GEX]:
        assert f"kex: algorithm: {kex}" in login(server, user, KexAlgorithms=kex)


def test_group_exchange_honours_the_bounds(wide):
    """A client that wants 8192 bits gets a group within the bounds."""
    p = wide.ssh(wide.user, "true", check=0, KexAlgorithms=GEX,
                 LogLevel="DEBUG3", UserKnownHostsFile="/dev/null",
                 StrictHostKeyChecking="no", Ciphers="aes256-gcm@openssh.com")
    asked = re.search(r"SSH2_MSG_KEX_DH_GEX_REQUEST\((\d+)<(\d+)<(\d+)\) sent",
                      p.stderr)
    got = re.search(r"bits set: \d+/(\d+)", p.stderr)
    assert asked and got, p.stderr
    assert int(asked.group(1)) <= int(got.group(1)) <= int(asked.group(3))


def paramiko_login(s, user, **want):
    import paramiko
    t = paramiko.Transport(("127.0.0.1", s.port))
    for member, names in want.items():
        setattr(t, "_preferred_" + member, tuple(names))
    try:
        t.start_client(timeout=20 * sp.SLOW)
        t.auth_password(user.name, user.password)
        c = t.open_session()
        c.exec_command("exit 3")
        assert c.recv_exit_status() == 3
        return t
    finally:
        t.close()


@pytest.mark.parametrize("member,names", [
    *[("kex", [k]) for k in X25519[1:] + NIST + [GEX, DH[0], DH[2]]],
    *[("ciphers", [c]) for c in CTR], *[("macs", [m]) for m in OLD_MACS if "umac" not in m and "sha1-etm" not in m],
    *[("keys", [k]) for k in HOST], ("compression", [ZLIB])],
    ids=lambda v: v if isinstance(v, str) else v[0])
def test_paramiko_each(wide, member, names):
    t = paramiko_login(wide, wide.user, **{member: names})
    if member == "ciphers":
        assert t.local_cipher == t.remote_cipher == names[0]
    elif member == "macs":
        assert t.local_mac == t.remote_mac == names[0]
    elif member == "keys":
        assert t.host_key_type == names[0]
    elif member == "compression":
        assert t.local_compression == t.remote_compression == names[0]


# What PuTTY's saved sessions call them, and what its log then says.
PUTTY = [("KEX", "ntru-curve25519", "NTRU Prime"), ("KEX", "ecdh", "Curve25519"),
         ("KEX", "dh-gex-sha1", "group exchange"),
         ("KEX", "dh-group14-sha1", "Diffie-Hellman"),
         ("Cipher", "chacha20", "ChaCha20"), ("Cipher", "aesgcm", "GCM"),
         ("Cipher", "aes", "AES"), ("Compression", "1", "zlib")]


@pytest.mark.parametrize("key,value,said", PUTTY)
def test_plink_each(wide, key, value, said):
    # What a session leaves out PuTTY puts in again, at places of its own.
    more = {"KEX": ["ntru-curve25519", "ecdh", "dh-gex-sha1", "dh-group18-sha512",
                    "dh-group17-sha512", "dh-group16-sha512", "dh-group15-sha512",
                    "dh-group14-sha1", "rsa", "WARN", "dh-group1-sha1"],
            "Cipher": ["aes", "chacha20", "aesgcm", "WARN", "3des", "des",
                       "blowfish", "arcfour"]}.get(key)
    if more:
        value = ",".join([value] + [m for m in more if m != value])
    p = sp.run(plink(wide, wide.user, "each", {
        key: value, "HostKey": "ed25519,WARN"}, "exit 3"),
        env=dict(os.environ, HOME="/root"))
    if p.returncode != 3 and "settle on" in p.stderr:
        pytest.skip(f"this plink has no {value}")
    assert p.returncode == 3, p.stderr
    assert said in p.stderr, p.stderr


# ---- what is never done ----

def test_sha1_is_never_signed(wide):
    assert "no matching host key type" in login(
        wide, wide.user, check=255, HostKeyAlgorithms="ssh-rsa")
    assert "ssh-rsa" not in offer(wide)["host_key"]


def test_sha1_is_never_accepted(wide, make_user):
    import paramiko
    u = make_user(key=False)
    u.make_key("rsa", extra=["-b", "3072"])
    login(wide, u, check=255, PubkeyAcceptedAlgorithms="ssh-rsa")
    mark = wide.mark()
    t = paramiko.Transport(("127.0.0.1", wide.port), disabled_algorithms={
        "pubkeys": ["rsa-sha2-512", "rsa-sha2-256"]})
    t.start_client(timeout=20 * sp.SLOW)
    # A client that knows nothing of server-sig-algs just sends it.
    t.server_extensions = {}
    with pytest.raises(paramiko.SSHException):
        t.auth_publickey(u.name, paramiko.RSAKey.from_private_key_file(u.key))
    t.close()
    assert "Accepted" not in wide.log()[mark:]


def test_small_rsa_keys_are_refused(wide, make_user):
    u = make_user(key=False)
    u.make_key("rsa", extra=["-b", "1024"])
    mark = wide.mark()
    p = wide.ssh(u, "true", RequiredRSASize="1024")
    assert p.returncode == 255
    wide.wait_log(r"(?i)(1024|bits|small|short)", after=mark)


def test_a_small_rsa_host_key_stops_the_start(make_server):
    path = f"{sp.SCRATCH}/host_rsa1024"
    if not os.path.exists(path):
        sp.run(["ssh-keygen", "-q", "-t", "rsa", "-b", "1024", "-N", "", "-f",
                path], check=0)
    s = make_server(host_keys=("rsa1024",), start=False)
    p = s.start(expect=1)
    assert re.search(r"(?i)1024|bits", p.stderr + s.log())


def test_unknown_names_are_answered_with_the_nearest(make_server):
    for text, near in ((' kex = [ "curve25519-sha265" ];', "curve25519-sha256"),
                       (' ciphers = [ "aes256-gcm" ];', "aes256-gcm@openssh.com"),
                       (' macs = [ "hmac-sha2-521" ];', "hmac-sha2-512"),
                       (' profile = "modem";', "modern")):
        s = make_server(start=False, extra="crypto = {" + text + " };")
        p = s.check()
        assert p.returncode != 0
        assert re.search(r"sallyport\.conf:\d+: crypto\.", p.stderr), p.stderr
        assert near in p.stderr, p.stderr


# ---- profiles ----

PROFILES = {
    "modern": (PQ + X25519 + NIST + [GEX] + DH, [CHACHA] + GCM + CTR, MACS, HOST,
               ["none", ZLIB]),
    "compatible": (PQ + X25519 + NIST + [GEX] + DH, [CHACHA] + GCM + CTR, OLD_MACS,
                   HOST, ["none", ZLIB]),
    "cis": (PQ + X25519 + NIST, GCM[::-1] + CTR[::-1],
            ["hmac-sha2-512", "hmac-sha2-256"], HOST, ["none"]),
    "legacy": (PQ + X25519 + NIST + [GEX] + DH + ["diffie-hellman-group14-sha1"],
               [CHACHA] + GCM + CTR + ["aes128-cbc", "aes192-cbc", "aes256-cbc"],
               OLD_MACS, HOST + ["ssh-rsa"], ["none", ZLIB]),
    "stig": (NIST + [GEX], ["aes256-gcm@openssh.com", "aes256-ctr",
                            "aes128-gcm@openssh.com", "aes128-ctr"],
             ["hmac-sha2-512", "hmac-sha2-256"], HOST[1:], ["none"]),
}


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_offers_its_lists_and_lets_in(make_server, make_user, profile):
    s = make_server(extra=f'crypto = {{ profile = "{profile}"; }};',
                    host_keys=all_host_keys())
    kex, ciphers, macs, host, compression = PROFILES[profile]
    got = offer(s)
    signs = [k for k in got["kex"] if not re.match("ext-info|kex-strict", k)]
    assert signs == kex
    assert "kex-strict-s-v00@openssh.com" in got["kex"]
    for way in ("in", "out"):
        assert got["cipher_" + way] == ciphers
        assert got["mac_" + way] == macs
        assert got["compression_" + way] == compression
    assert got["host_key"] == host
    u = make_user(key=False)
    u.make_key("ecdsa")
    login(s, u)


def test_explicit_lists_and_modifiers(make_server, user):
    s = make_server(extra=f'''crypto = {{ kex = [ "{GEX}", "{DH[0]}" ];
        ciphers = [ "^aes256-ctr" ]; macs = [ "-*-etm@openssh.com" ];
        compression = [ "none" ]; host_key_algorithms = [ "-ssh-rsa*", "-rsa*" ]; }};''')
    got = offer(s)
    assert [k for k in got["kex"] if k.startswith("diffie")] == [GEX, DH[0]]
    assert not [k for k in got["kex"] if k.startswith(("curve", "ecdh", "mlkem"))]
    assert got["cipher_in"][0] == "aes256-ctr" and CHACHA in got["cipher_in"]
    assert got["mac_out"] == UMAC + SHA2
    assert got["compression_in"] == ["none"]
    assert got["host_key"] == ["ssh-ed25519", "ecdsa-sha2-nistp256"]
    assert f"kex: algorithm: {GEX}" in login(s, user)


def test_fips_without_a_provider_is_refused(make_server):
    s = make_server(start=False, host_keys=("ecdsa", "rsa"),
                    extra='crypto = { profile = "fips"; };')
    if os.path.exists("/usr/lib/x86_64-linux-gnu/ossl-modules/fips.so"):
        pytest.skip("this machine has the provider")
    for p in (s.check(), s.start(expect=78)):
        assert p.returncode == 78
        assert "crypto.profile" in p.stderr and "FIPS provider" in p.stderr
    assert s.pid is None


# ---- what old appliances have ----

OLD = [{"KexAlgorithms": "diffie-hellman-group14-sha1"}, {"Ciphers": "aes128-cbc"},
       {"Ciphers": "aes192-cbc", "MACs": "hmac-sha1"},
       {"Ciphers": "aes256-cbc", "MACs": "umac-64-etm@openssh.com"},
       {"HostKeyAlgorithms": "ssh-rsa", "RequiredRSASize": "1024"}]


@pytest.fixture(scope="module")
def legacy():
    s = sp.Server(extra='crypto = { profile = "legacy"; };', host_keys=all_host_keys(),
                  log_level="info")
    u = sp.User()
    u.make_key("rsa", extra=["-b", "3072"])
    s.user = u
    yield s
    u.remove()
    s.stop()
    import conftest
    conftest.check_log(s)


@pytest.mark.parametrize("old", OLD, ids=lambda o: next(iter(o.values())))
def test_an_old_appliance_is_served_where_the_policy_says_so(legacy, wide, old):
    mark = legacy.mark()
    login(legacy, legacy.user, **old)
    legacy.wait_log(f"Weak algorithms with 127.0.0.1 port [0-9]+: {next(iter(old.values()))}", after=mark)
    login(wide, wide.user, check=255, **old)


def test_a_key_with_sha1_is_for_the_legacy_profile_alone(legacy, wide, make_user):
    options = {"PubkeyAcceptedAlgorithms": "ssh-rsa"}
    login(legacy, legacy.user, **options)
    u = make_user(key=False)
    u.make_key("rsa", extra=["-b", "3072"])
    login(wide, u, check=255, **options)


def test_bulk_passes_in_cbc(legacy):
    blob, want = data(4 << 20)
    p = subprocess.run(legacy.ssh_argv(legacy.user, "cat", Ciphers="aes128-cbc", MACs="hmac-sha2-256"),
                       input=blob, stdout=subprocess.PIPE, check=True)
    assert hashlib.sha256(p.stdout).hexdigest() == want


# ---- scanners ----

def test_ssh_audit_finds_the_nist_curves_alone(make_server):
    s = make_server(host_keys=("ed25519", "ecdsa", "rsa"))
    p = sp.run(["ssh-audit", "-n", "-p", str(s.port), "127.0.0.1"], timeout=60)
    fails = [line for line in p.stdout.splitlines() if "[fail]" in line]
    assert "(kex)" in p.stdout, p.stdout + p.stderr
    strange, name = [], ""
    for line in p.stdout.splitlines():
        m = re.match(r"\((\w+)\) (\S+)", line)
        name = m.group(2) if m else name
        if "[fail]" in line and "nistp" not in name:
            strange.append(line)
    assert not strange, strange
    assert all("elliptic curves" in f or "nistp" in f for f in fails), fails


def test_keyscan_gets_every_type(wide):
    p = sp.run(["ssh-keyscan", "-t", "ed25519,ecdsa,rsa", "-p", str(wide.port),
                "127.0.0.1"])
    kinds = {line.split()[1] for line in p.stdout.splitlines()
             if line and line[0] != "#"}
    assert {"ssh-ed25519", "ssh-rsa"} < kinds
    assert any(k.startswith("ecdsa-sha2-nistp") for k in kinds)


# ---- quality of service ----

def tos_bytes(port, work):
    """The TOS bytes of the packets that `port` sent while work() ran."""
    raw = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.ntohs(0x0800))
    raw.bind(("lo", 0x0800))
    raw.settimeout(0.2)
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    work()
    seen = []
    while True:
        try:
            packet = raw.recv(128)
        except TimeoutError:
            break
        head = (packet[0] & 15) * 4
        source, = struct.unpack_from(">H", packet, head)
        if packet[9] == 6 and source == port and (not seen or seen[-1] != packet[1]):
            seen.append(packet[1])
    raw.close()
    return seen


@pytest.mark.parametrize("extra,bulk,interactive", [
    ("", [0], [0, 0xb8]),
    ('ip_qos_interactive = "af21"; ip_qos_bulk = "cs1";', [0, 0x20],
     [0, 0x20, 0x48]),
    ('ip_qos_interactive = "none";', [0], [0])])
def test_ip_qos(make_server, user, extra, bulk, interactive):
    s = make_server(extra=extra)
    assert tos_bytes(s.port, lambda: s.ssh(user, "echo x", check=0)) == bulk
    seen = tos_bytes(s.port, lambda: s.ssh(user, "echo x", check=0, flags=("-tt",)))
    assert seen[:len(interactive)] == interactive, seen
    assert set(seen) == set(interactive)


@pytest.mark.parametrize("compress", ["no", "yes"])
def test_what_follows_an_upload_comes_at_once(server, user, compress):
    """A lasting upload is read in batches: its end, and what somebody types
    after it, waits for no batch."""
    with subprocess.Popen(
            server.ssh_argv(user, "cat", Compression=compress),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE) as p:
        late = threading.Timer(60, p.kill)
        late.start()
        for size in [3 << 20, 10, (1 << 20) + 1, 1, 100_000, 5 << 20, 7, 7]:
            data = os.urandom(size)
            writer = threading.Thread(
                target=lambda d=data: (p.stdin.write(d), p.stdin.flush()))
            writer.start()
            assert p.stdout.read(size) == data
            writer.join()
        p.stdin.close()
        assert p.stdout.read() == b""
        assert p.wait(20) == 0
        late.cancel()
