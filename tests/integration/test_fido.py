"""Keys on FIDO tokens, with the stock client and ssh-keygen: the token is a
library of ours (clients/sk_software.c) that claims of its user what it is told."""

import os
import subprocess

import pytest

import sp

HERE = os.path.dirname(os.path.abspath(__file__))
TOUCHED, VERIFIED = 1, 4
KINDS = ["ed25519-sk", "ecdsa-sk"]


@pytest.fixture(scope="module")
def token():
    path = sp.SCRATCH + "/sk.so"
    sp.run(["cc", "-shared", "-fPIC", "-o", path, HERE + "/clients/sk_software.c", "-lcrypto"],
           check=0)
    return path


@pytest.fixture
def enrolled(make_user, token):
    """A user with a key of that kind on the token."""
    def enrol(kind="ed25519-sk", options=""):
        u = make_user(key=False)
        u.make_key(kind, extra=["-w", token], options=options)
        return u
    return enrol


def login(s, u, token, flags=None, counter=None, **options):
    env = dict(os.environ)
    if flags is not None:
        env["SK_FLAGS"] = str(flags)
    if counter is not None:
        env["SK_COUNTER"] = str(counter)
    return sp.run(s.ssh_argv(u, "echo in", SecurityKeyProvider=token, **options), env=env)


def assert_in(p):
    assert p.returncode == 0 and p.stdout == "in\n", p.stderr


def assert_refused(s, p, mark, why):
    assert p.returncode == 255 and "Permission denied" in p.stderr, p.stderr
    s.wait_log("why=" + r"\\x20".join(why.split()), after=mark)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind(server, enrolled, token, kind):
    u = enrolled(kind)
    assert_in(login(server, u, token))
    server.wait_log(rf"Accepted publickey for {u.name} .*{kind.upper()} SHA256:")
    # Any counter: clones of tokens are not ours to detect.
    assert_in(login(server, u, token, counter=0xffffffff))
    assert_in(login(server, u, token, counter=0))


@pytest.mark.parametrize("kind", KINDS)
def test_an_untouched_token_is_refused(server, enrolled, token, kind):
    mark = server.mark()
    assert_refused(server, login(server, enrolled(kind), token, flags=0), mark, "authenticator was not touched")
    mark = server.mark()
    # Verified, and yet nobody's finger: the same.
    assert_refused(server, login(server, enrolled(kind), token, flags=VERIFIED), mark,
                   "authenticator was not touched")


def test_a_line_waives_the_touch(server, enrolled, token):
    assert_in(login(server, enrolled(options="no-touch-required"), token, flags=0))


def test_a_rule_asks_for_it_nevertheless(make_server, enrolled, token):
    s = make_server(grants="key_touch = true;")
    u = enrolled(options="no-touch-required")
    assert login(s, u, token, flags=0).returncode == 255
    assert_in(login(s, u, token, flags=TOUCHED))


def test_a_rule_asks_for_verification(make_server, enrolled, token):
    s = make_server(grants="key_verify = true;")
    u = enrolled()
    assert login(s, u, token, flags=TOUCHED).returncode == 255
    assert_in(login(s, u, token, flags=TOUCHED | VERIFIED))


def test_verification_asked_for_by_the_line(server, enrolled, token):
    u = enrolled(options="verify-required")
    mark = server.mark()
    assert_refused(server, login(server, u, token, flags=TOUCHED), mark, "authenticator did not verify its user")
    assert_in(login(server, u, token, flags=TOUCHED | VERIFIED))


def test_an_ordinary_key_cannot_verify(server, make_user):
    u = make_user(key=False)
    u.make_key(options="verify-required")
    mark = server.mark()
    assert_refused(server, server.ssh(u, "true"), mark, "verification is required")


def test_another_tokens_signature(server, enrolled, token):
    """The public half of one key with the handle of another."""
    u, other = enrolled(), enrolled()
    u.authorize(open(other.key + ".pub").read(), name="unused")
    with open(u.home + "/.ssh/authorized_keys", "w") as f:
        f.write(open(other.key + ".pub").read())
    assert login(server, u, token).returncode == 255


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("extension,flags,fits", [
    ((), TOUCHED, True), ((), 0, False), (("-O", "no-touch-required"), 0, True),
    (("-O", "verify-required"), TOUCHED, False),
    (("-O", "verify-required"), TOUCHED | VERIFIED, True)])
def test_certificates(server, make_user, token, kind, extension, flags, fits):
    """A certificate waives and asks as a line does; the line's word counts, too."""
    u = make_user(key=False)
    ca = f"{sp.SCRATCH}/fido_ca"
    sp.clean_key(ca)
    sp.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", ca], check=0)
    u.make_key(kind, extra=["-w", token])
    sp.run(["ssh-keygen", "-q", "-s", ca, "-I", "id", "-n", u.name, *extension,
            u.key + ".pub"], check=0)
    options = "cert-authority"
    if "no-touch-required" in extension:
        options += ",no-touch-required"
    with open(u.home + "/.ssh/authorized_keys", "w") as f:
        f.write(options + " " + open(ca + ".pub").read())
    p = login(server, u, token, flags=flags, CertificateFile=u.key + "-cert.pub")
    assert (p.returncode == 0) == fits, (p.stderr, server.log()[-3000:])


def test_by_way_of_an_agent(server, enrolled, token):
    u = enrolled("ecdsa-sk")
    sock = f"{sp.SCRATCH}/sk_agent_{u.name}"
    agent = subprocess.Popen(["ssh-agent", "-D", "-P", token, "-a", sock],
                                           stdout=subprocess.DEVNULL)
    env = dict(os.environ, SSH_AUTH_SOCK=sock)
    try:
        sp.wait_for(lambda: os.path.exists(sock), what="the agent")
        sp.run(["ssh-add", "-q", "-S", token, u.key], env=env, check=0)
        u.key = None
        p = sp.run(server.ssh_argv(u, "echo in"), env=env)
        assert_in(p)
    finally:
        agent.terminate()
        agent.wait()
