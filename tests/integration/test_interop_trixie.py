"""The newest OpenSSH to be had, Debian 13's, from a root of its own.

SALLYPORT_TRIXIE names the root (default /var/cache/sallyport-trixie);
tests/integration/trixie makes it, as these tests have no network."""

import os
import re
import subprocess

import pytest

import algorithms
import sp
from test_terminal import Terminal

ROOT = os.environ.get("SALLYPORT_TRIXIE", "/var/cache/sallyport-trixie")
HERE = ROOT if os.path.exists(ROOT + "/usr/bin/ssh") else None
pytestmark = pytest.mark.skipif(HERE is None, reason=(
    f"NO DEBIAN 13 IN {ROOT}: tests/integration/trixie root makes it, where "
    "debootstrap reaches a mirror; the newest client is NOT TESTED"))


@pytest.fixture(scope="module")
def root():
    """The root under an overlay, with our scratch files and devices."""
    place = "/mnt/trixie"
    for part in ("", ".upper", ".work"):
        os.makedirs(place + part, exist_ok=True)
    sp.run(["mount", "-t", "overlay", "-o", f"lowerdir={HERE},upperdir={place}.upper,"
            f"workdir={place}.work", "overlay", place], check=0)
    for path in ("/proc", "/dev", "/mnt/sp"):
        os.makedirs(place + path, exist_ok=True)
        sp.run(["mount", "--rbind", path, place + path], check=0)
    yield place
    for path in ("/mnt/sp", "/dev", "/proc", ""):
        sp.run(["umount", "-l", place + path], check=0)


@pytest.fixture(scope="module")
def wide(root):
    s = sp.Server(extra=algorithms.EVERYTHING, host_keys=algorithms.all_host_keys())
    u = sp.User()
    u.make_key()
    s.user = u
    yield s
    u.remove()
    s.stop()
    import conftest
    conftest.check_log(s)


def argv(root, s, user, *command, flags=(), **options):
    return ["chroot", root] + s.ssh_argv(
        user, *command, flags=flags, **{
            "UserKnownHostsFile": "/dev/null", "StrictHostKeyChecking": "no",
            "LogLevel": "DEBUG1", **options})


def login(root, s, user, **options):
    p = sp.run(argv(root, s, user, "echo in; exit 3", **options))
    assert p.returncode == 3 and p.stdout == "in\n", p.stderr
    return p.stderr


def client_knows(kind):
    """ssh -Q of the root; at collection, so without the fixture."""
    if HERE is None:
        return []
    return sp.run(["chroot", HERE, "ssh", "-Q", kind]).stdout.split()


def both(kind, ours):
    """What the client offers and we accept."""
    theirs = client_knows(kind)
    return [name for name in ours if name in theirs]


def test_it_is_a_newer_client(root):
    p = sp.run(["chroot", root, "ssh", "-V"])
    assert int(re.match(r"OpenSSH_(\d+)", p.stderr).group(1)) >= 10


def test_the_default_is_ml_kem(root, server, user):
    assert "kex: algorithm: mlkem768x25519-sha256" in login(root, server, user)


@pytest.mark.parametrize("kex", both("kex", algorithms.PQ + algorithms.X25519 + algorithms.NIST
                                     + [algorithms.GEX] + algorithms.DH))
def test_each_kex(root, wide, kex):
    assert f"kex: algorithm: {kex}\n" in login(root, wide, wide.user,
                                               KexAlgorithms=kex)


@pytest.mark.parametrize("cipher", both("cipher", [algorithms.CHACHA] + algorithms.GCM + algorithms.CTR))
def test_each_cipher(root, wide, cipher):
    said = login(root, wide, wide.user, Ciphers=cipher)
    assert said.count(f"cipher: {cipher} MAC:") == 2, said


@pytest.mark.parametrize("mac", both("mac", algorithms.OLD_MACS))
def test_each_mac(root, wide, mac):
    said = login(root, wide, wide.user, Ciphers="aes256-ctr", MACs=mac)
    assert said.count(f"MAC: {mac} ") == 2, said


@pytest.mark.parametrize("algorithm", algorithms.HOST)
def test_each_host_key_algorithm(root, wide, algorithm):
    said = login(root, wide, wide.user, HostKeyAlgorithms=algorithm)
    assert f"kex: host key algorithm: {algorithm}" in said


@pytest.mark.parametrize("kind,bits,algorithm", [
    ("ed25519", None, "ssh-ed25519"), ("ecdsa", 256, "ecdsa-sha2-nistp256"),
    ("ecdsa", 384, "ecdsa-sha2-nistp384"), ("ecdsa", 521, "ecdsa-sha2-nistp521"),
    ("rsa", 3072, "rsa-sha2-256"), ("rsa", 3072, "rsa-sha2-512")])
def test_each_user_key(root, wide, make_user, kind, bits, algorithm):
    u = make_user(key=False)
    u.make_key(kind, extra=["-b", str(bits)] if bits else ())
    login(root, wide, u, PubkeyAcceptedAlgorithms=algorithm)


@pytest.mark.parametrize("compress", ["no", "yes"])
def test_rekeys_under_load(root, server, user, compress):
    said = algorithms.pump(argv(root, server, user, "cat", Compression=compress,
                                RekeyLimit="1M"), 20 << 20)
    assert said.count("SSH2_MSG_NEWKEYS received") > 5


def test_obscured_keystrokes(root, server, user):
    """ObscureKeystrokeTiming sends ping@openssh.com and wants its pongs."""
    log = f"{sp.SCRATCH}/obscure_{user.name}"
    t = Terminal(argv(root, server, user, "exec sh", flags=("-tt", "-E", log),
                      LogLevel="DEBUG3", ObscureKeystrokeTiming="interval:20"))
    # Pings go on for a random time of 1 to 3 s after the last keystroke; on a
    # busy machine a burst of keys may end without any: then another.
    for n in range(8):
        for letter in f"echo $((40 + {n}))x":
            t.send(letter)
        t.send("\n")
        t.expect(rb"4%dx\r\n" % n)
        bursts = open(log).read().count("chaff packets sent")
        sp.wait_for(lambda: open(log).read().count("chaff packets sent")
                    > bursts or n < 2, 10, "the end of a burst")
        if re.search(r"\([1-9]\d* chaff packets sent\)", open(log).read()):
            break
    t.send("exit 7\n")
    assert t.wait() == 7
    said = open(log).read()
    assert "ping@openssh.com=<0>" in said, said[-3000:]
    assert re.search(r"\([1-9]\d* chaff packets sent\)", said), said[-3000:]


BUILT = (HERE or "") + "/root/build/sallyportd"


@pytest.mark.skipif(not os.path.exists(BUILT), reason=(
    "the daemon is not built in the root: tests/integration/trixie build"))
def test_the_fips_profile_lets_in(root, user):
    """The daemon built in trixie, on its OpenSSL with the FIPS provider."""
    module = "/usr/lib/x86_64-linux-gnu/ossl-modules/fips.so"
    if not os.path.exists(root + module):
        pytest.skip("no openssl-provider-fips in the root")

    def inside(*argv, **kw):
        return sp.run(["chroot", root, *argv], **kw)
    inside("make", "-s", "-C", "/root/build", "install", check=0, timeout=120)
    for name in ("sallyport", "sallyport-keys"):
        inside("useradd", "--system", "--no-create-home", "--home-dir",
               "/nonexistent", "--shell", "/usr/sbin/nologin", name)
    inside("useradd", "-m", "-s", "/bin/sh", "-u", str(user.uid), user.name, check=0)
    home = f"{root}/home/{user.name}"
    os.makedirs(home + "/.ssh", mode=0o700)
    key = user.make_key("ecdsa")
    with open(home + "/.ssh/authorized_keys", "w") as f:
        f.write(open(key + ".pub").read())
    for path in (home + "/.ssh", home + "/.ssh/authorized_keys"):
        os.chown(path, user.uid, user.gid)
    os.chmod(home + "/.ssh/authorized_keys", 0o600)
    with open(root + "/etc/pam.d/sallyport", "w") as f:
        f.write("account required pam_permit.so\nsession required pam_permit.so\n"
                "auth required pam_permit.so\n")
    os.makedirs(root + "/run", exist_ok=True)
    inside("openssl", "fipsinstall", "-module", module, "-out",
           "/etc/fipsmodule.cnf", check=0)
    with open(root + "/etc/fips.cnf", "w") as f:
        f.write("openssl_conf = init\n.include /etc/fipsmodule.cnf\n[init]\n"
                "providers = providers\n[providers]\nfips = fips_sect\n"
                "base = base_sect\n[base_sect]\nactivate = 1\n")
    env = dict(os.environ, OPENSSL_CONF="/etc/fips.cnf")
    s = sp.Server(start=False, host_keys=("ecdsa", "rsa"),
                  extra='crypto = { profile = "fips"; };')
    daemon = ["chroot", root, "/usr/sbin/sallyportd", "-D", "-f", s.config,
              "-E", s.log_file]
    p = subprocess.Popen(daemon, env=env, stderr=subprocess.PIPE)
    try:
        s.wait_log(r"(?i)ready|listening", seconds=20)
        got = algorithms.offer(s)
        assert not re.search("curve25519|sntrup|chacha|ed25519", str(got)), got
        # its provider has ML-KEM, for the NIST curves' hybrids
        assert got["kex"][:2] == ["mlkem768nistp256-sha256", "mlkem1024nistp384-sha384"]
        # PATH's ssh does not use the approved algorithms alone.
        for kex in algorithms.NIST + algorithms.DH:
            said = login(root, s, user, KexAlgorithms=kex)
            assert f"kex: algorithm: {kex}\n" in said
        for cipher in algorithms.GCM + algorithms.CTR:
            assert f"cipher: {cipher}" in login(root, s, user, Ciphers=cipher)
    finally:
        p.terminate()
        p.wait(20)
        print(s.log()[-5000:])  # shown where it fails
    # Without the provider's configuration it does not start.
    bad = sp.run(daemon, env=dict(os.environ, OPENSSL_CONF="/nonexistent"))
    assert bad.returncode == 78 and "FIPS provider" in bad.stderr, bad.stderr
