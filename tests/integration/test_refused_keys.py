"""Why a key is refused: one reason, the one nearest to acceptance, in the log
at its default level, once for each key, and the same from explain."""

import base64
import os
import re
import shutil

import pytest

import rawssh
import sp
from test_keys import ca, certify  # noqa: F401 (a fixture)

TOLD = r"(?m)^.*(?:Key \S+ SHA256:\S+ .*refused: |Certificate ID .*refused: ).*$"


class Scene:
    """A CA, and servers that count it in two ways."""

    def __init__(self):
        self.user = sp.User()
        self.paths = {}
        for name in ("trusted", "unknown"):
            self.paths[name] = path = f"{sp.SCRATCH}/refused_{name}"
            sp.clean_key(path)
            sp.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=0)
        self.user.authorize(self.user.name, name="principals")
        pub = self.paths["trusted"] + ".pub"
        self.servers = {
            "one source": sp.Server(log_level="info", publickey=f'ca_keys = [ "{pub}" ]; '
                                    'principals = { file = "%h/.ssh/principals"; };'),
            "two sources": sp.Server(
                log_level="info", grants='key_sources = [ "staff" ];',
                publickey='sources = [ "user", "staff", "third" ]; user = { file = "%h/.ssh/authorized_keys"; }; '
                f'third = {{ ca_keys = [ "{pub}" ]; }}; '
                f'staff = {{ ca_keys = [ "{pub}" ]; file = "%h/.ssh/principals"; }};')}

    def stop(self):
        for s in self.servers.values():
            s.stop()
        self.user.remove()


@pytest.fixture(scope="module")
def scene():
    s = Scene()
    yield s
    s.stop()


KINDS = {
    "plain": (None, (), "key was not found"),
    "good": ("trusted", (), None),
    "expired": ("trusted", ("-V", "-2d:-1d"), "certificate has expired"),
    "to come": ("trusted", ("-V", "+1d:+2d"), "certificate is not yet valid"),
    "critical": ("trusted", ("-O", "critical:x@example.org=1"), "unknown critical option"),
    "elsewhere": ("trusted", ("-O", "source-address=192.0.2.0/24"), "not from this address"),
    "host": ("trusted", ("-h",), "wrong type"),
    "another": ("trusted", ("principals",), "names no principal"),
    "nobody": ("trusted", ("none",), "lists no principals"),
    "unknown CA": ("unknown", (), "authority is not known"),
}


def log_in(s, user, authority, reason):
    mark = s.mark()
    # As the client offers both, only the certificate is asked with.
    alone = {"IdentitiesOnly": "yes"}
    if authority is not None:
        alone["CertificateFile"] = user.key + "-cert.pub"
        os.unlink(user.key + ".pub")
    p = s.ssh(user, "true", **alone)
    assert (p.returncode == 0) == (reason is None), p.stderr
    if reason is None:
        s.wait_log("Accepted publickey", after=mark)
        assert not re.search(TOLD, s.log()[mark:])
        return
    s.wait_log("Connection (closed|reset)", after=mark)
    told = [line for line in re.findall(TOLD, s.log()[mark:]) if reason in line]
    assert len(told) == 1, s.log()[mark:]
    assert "key_sources" not in s.log()[mark:]


@pytest.mark.parametrize("sources", ["one source", "two sources"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_nearest_reason_is_told_once(scene, kind, sources):
    authority, flags, reason = KINDS[kind]
    s, user = scene.servers[sources], scene.user
    if authority is None:
        user.key = f"{sp.SCRATCH}/refused_plain"
        sp.clean_key(user.key)
        sp.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", user.key], check=0)
    else:
        names = {("principals",): "another", ("none",): None}.get(flags, user.name)
        certify(scene.paths[authority], user, *(f for f in flags if f not in ("principals", "none")), principals=names)
    if kind != "host":  # OpenSSH's client does not offer it
        log_in(s, user, authority, reason)
    p = sp.run(["sallyportctl", "explain", "--user", user.name, "--from", "127.0.0.1", "-f", s.config,
                "--key", user.key + ("-cert.pub" if authority else ".pub")])
    if reason is not None:
        of_key = p.stdout[p.stdout.index("\nkey "):]  # behind the settings
        assert reason in of_key and "key_sources" not in of_key, of_key


def test_a_key_that_is_asked_for_again_is_told_once(scene):
    s, user = scene.servers["one source"], scene.user
    blobs = []
    for name in ("trusted", "unknown"):
        blobs.append(base64.b64decode(open(scene.paths[name] + ".pub").read().split()[1]))
    mark = s.mark()
    with rawssh.Raw(s) as raw:
        raw.kex().service()
        for blob in blobs * 3:
            raw.request(user.name, "publickey", 0, rawssh.string("ssh-ed25519"), rawssh.string(blob))
            raw.expect(rawssh.USERAUTH_FAILURE)
    s.wait_log("Connection (closed|reset)", after=mark)
    assert len(re.findall(TOLD, s.log()[mark:])) == 2, s.log()[mark:]


def test_no_watcher_takes_a_refused_key_for_a_password(scene):
    """A client offers each of its keys: that is no guess."""
    s, user = scene.servers["one source"], scene.user
    certify(scene.paths["unknown"], user, principals=user.name)
    mark = s.mark()
    s.ssh(user, "true")
    s.wait_log(r"refused: ", after=mark)
    for line in re.findall(r".*refused: .*", s.log()[mark:]):
        assert not re.search(r"(?i)fail|invalid|illegal|password|not allowed|authentication", line.split("refused:")[0]), line


def test_a_key_command_runs_only_for_whom_its_source_counts(make_server, make_user):
    program, trace = "/usr/local/sbin/spt_keys", "/tmp/spt_keys_asked"
    with open(program, "w") as f:
        f.write(f'#!/bin/sh\necho "$1" >>{trace}\n')
    os.chmod(program, 0o755)
    open(trace, "w").close()
    os.chmod(trace, 0o666)
    counted, other = make_user(key=False), make_user(key=False)
    for u in (counted, other):
        u.make_key()
        os.unlink(u.home + "/.ssh/authorized_keys")
    s = make_server(
        publickey='sources = [ "user", "staff" ]; user = { file = "%h/.ssh/authorized_keys"; }; '
        f'staff = {{ command = [ "{program}", "%u" ]; user = "nobody"; }};',
        rules=f'rules = ( {{ name = "staff"; match = {{ user = "{counted.name}"; }}; methods = [ "publickey" ]; }},'
        '{ name = "others"; methods = [ "publickey" ]; key_sources = [ "user" ]; } );')
    for u in (counted, other):
        assert s.ssh(u, "true").returncode == 255
    assert set(open(trace).read().split()) == {counted.name}


def test_a_policy_of_rsa_certificates_alone_lets_them_in(make_server, user, ca):
    """Clients look for the plain name in server-sig-algs."""
    s = make_server(publickey=f'ca_keys = [ "{ca}.pub" ];',
                    extra='crypto = { key_algorithms = [ "rsa-sha2-512-cert-v01@openssh.com" ]; };')
    certify(ca, user, principals=user.name, kind="rsa")
    s.ssh(user, "true", check=0)
    user.make_key("rsa")
    assert s.ssh(user, "true").returncode == 255


@pytest.mark.skipif(not shutil.which("setfacl"), reason="acl is not installed")
@pytest.mark.parametrize("who", ["u:nobody:rw", "g:nogroup:rw"])
@pytest.mark.parametrize("where", ["", "/.ssh", "/.ssh/authorized_keys"])
def test_an_access_list_that_lets_others_write_is_refused(make_server, user, who, where):
    s = make_server()
    s.ssh(user, "true", check=0)
    p = sp.run(["setfacl", "-m", who, user.home + where])
    if p.returncode != 0:
        pytest.skip("no access lists here: " + p.stderr)
    assert s.ssh(user, "true").returncode == 255
    s.wait_log("bad ownership or modes")
    sp.run(["setfacl", "-b", user.home + where], check=0)
    os.chmod(user.home + where, 0o600 if where.endswith("keys") else 0o700)
    s.ssh(user, "true", check=0)


def test_host_keys_of_the_group_ssh_keys_are_used(make_server, user):
    sp.run(["groupadd", "-f", "ssh_keys"], check=0)
    s = make_server(start=False)
    for key in s.host_keys:
        shutil.chown(key, 0, "ssh_keys")
        os.chmod(key, 0o640)
    assert s.check().returncode == 0, s.check().stderr
    s.start()
    s.ssh(user, "true", check=0)
    shutil.chown(s.host_keys[0], 0, "daemon")
    assert "too open" in (s.check().stderr + s.check().stdout)
