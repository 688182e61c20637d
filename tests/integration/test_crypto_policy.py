"""crypto.profile = "system": Enterprise Linux's system-wide policy on
algorithms, with real clients."""

import os
import re
import shutil

import pytest

import sp
from control import ctl

POLICIES = "/etc/crypto-policies"
FILE = POLICIES + "/back-ends/opensshserver.config"
# As crypto-policies of version 9 writes DEFAULT, cut to what differs.
DEFAULT = """\
Ciphers aes256-gcm@openssh.com,aes256-ctr,aes128-gcm@openssh.com,aes128-ctr
MACs hmac-sha2-256-etm@openssh.com,hmac-sha2-256
GSSAPIKexAlgorithms gss-nistp256-sha256-,gss-group14-sha256-
KexAlgorithms curve25519-sha256,ecdh-sha2-nistp256,some-exchange-of-2040
HostKeyAlgorithms ecdsa-sha2-nistp256,rsa-sha2-512
PubkeyAcceptedAlgorithms ecdsa-sha2-nistp256,ssh-ed25519,rsa-sha2-512
HostbasedAcceptedAlgorithms ecdsa-sha2-nistp256,ssh-ed25519,rsa-sha2-512
CASignatureAlgorithms ecdsa-sha2-nistp256,rsa-sha2-512
RequiredRSASize 2048
"""
SYSTEM = 'crypto = { profile = "system"; %s };'


@pytest.fixture
def policy():
    """Writes the file, by a link as update-crypto-policies does."""
    assert not os.path.exists(POLICIES), "this machine has a policy of its own"

    def write(text):
        os.makedirs(os.path.dirname(FILE), exist_ok=True)
        with open(POLICIES + "/opensshserver.txt", "w") as f:
            f.write(text)
        if not os.path.lexists(FILE):
            os.symlink(POLICIES + "/opensshserver.txt", FILE)
    yield write
    shutil.rmtree(POLICIES, ignore_errors=True)


def test_clients_meet_the_system_s_policy(make_server, user, policy):
    policy(DEFAULT)
    s = make_server(extra=SYSTEM % "")
    p = s.ssh(user, "echo in", flags=("-v",))
    assert p.stdout == "in\n", p.stderr
    assert "kex: algorithm: curve25519-sha256" in p.stderr
    assert re.search(r"host key algorithm: (ecdsa-sha2-nistp256|rsa-sha2-512)", p.stderr)
    assert "chacha20" not in re.findall(r"kex: server->client cipher: (\S+)", p.stderr)[0]
    for refused in ({"Ciphers": "chacha20-poly1305@openssh.com"},
                    {"MACs": "hmac-sha2-512", "Ciphers": "aes128-ctr"},
                    {"KexAlgorithms": "ecdh-sha2-nistp384"},
                    {"HostKeyAlgorithms": "ssh-ed25519"}):
        p = s.ssh(user, "true", LogLevel="INFO", **refused)
        assert p.returncode == 255 and "no matching" in p.stderr, refused
    assert s.ssh(user, "echo in", Ciphers="aes128-ctr", MACs="hmac-sha2-256").stdout == "in\n"


def test_show_names_the_policy_s_lines(make_server, policy):
    policy(DEFAULT)
    s = make_server(extra=SYSTEM % "")
    text = ctl(s, "show").stdout
    assert re.search(r"^ciphers = .*aes256-gcm.*\t# " + re.escape(FILE) + ":1$", text, re.M)
    assert re.search(r"^rsa_bits = 2048;\t# " + re.escape(FILE) + ":9$", text, re.M)
    p = ctl(s, "check")
    assert p.stderr.count("some-exchange-of-2040") + p.stdout.count("some-exchange-of-2040") == 1


def test_a_reload_takes_the_policy_that_is_there_then(make_server, user, policy):
    policy(DEFAULT)
    s = make_server(extra=SYSTEM % "")
    assert s.ssh(user, "echo in", Ciphers="aes128-ctr").stdout == "in\n"
    policy(DEFAULT.replace(",aes128-ctr", ""))
    assert s.ssh(user, "echo in", Ciphers="aes128-ctr").stdout == "in\n"
    ctl(s, "reload")
    assert s.ssh(user, "true", Ciphers="aes128-ctr").returncode == 255
    assert s.ssh(user, "echo in").stdout == "in\n"
    # A file that went, or is no policy, changes nothing.
    policy("Ciphers of the day\n")
    assert FILE + ":1" in ctl(s, "reload", check=1).stderr
    os.unlink(FILE)
    assert FILE in ctl(s, "reload", check=1).stderr
    assert s.ssh(user, "echo in").stdout == "in\n"


def test_nothing_widens_the_policy(make_server, policy):
    policy(DEFAULT)
    s = make_server(extra=SYSTEM % 'ciphers = [ "+chacha20-poly1305@openssh.com" ];', start=False)
    p = s.check()
    assert p.returncode != 0 and "is not permitted by " + FILE in p.stdout + p.stderr


def test_a_policy_that_others_may_write_is_refused(make_server, policy):
    policy(DEFAULT)
    os.chmod(POLICIES + "/opensshserver.txt", 0o666)
    s = make_server(extra=SYSTEM % "", start=False)
    p = s.check()
    assert p.returncode != 0 and "bad ownership or modes" in p.stdout + p.stderr


def test_without_a_policy_the_profile_is_an_error(make_server):
    assert not os.path.exists(FILE)
    s = make_server(extra=SYSTEM % "", start=False)
    p = s.check()
    assert p.returncode != 0 and f'"system" needs {FILE}' in p.stdout + p.stderr


def test_a_policy_is_read_by_who_names_it_alone(make_server, user, policy):
    policy("Ciphers of the day\n")
    s = make_server()
    assert s.ssh(user, "echo in", Ciphers="chacha20-poly1305@openssh.com").stdout == "in\n"
