"""Keys and certificates: sources, options, revocation, with ssh-keygen's own."""

import os
import shutil
import time

import pytest

import sp


@pytest.fixture
def ca(tmp_path_factory):
    path = f"{sp.SCRATCH}/ca{time.monotonic_ns()}"
    sp.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=0)
    return path


def certify(ca, user, *flags, principals=None, key_id="id", kind="ed25519",
            serial="7"):
    path = f"{sp.SCRATCH}/{user.name}_cert{time.monotonic_ns()}"
    sp.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", path], check=0)
    argv = ["ssh-keygen", "-q", "-s", ca, "-I", key_id, "-z", serial]
    if principals is not None:
        argv += ["-n", principals]
    sp.run(argv + [*flags, path + ".pub"], check=0)
    user.key = path
    return path


def with_ca(make_server, ca, more=""):
    return make_server(publickey=f'ca_keys = [ "{ca}.pub" ]; {more}')


def test_a_certificate_logs_in_and_is_named(make_server, user, ca):
    s = with_ca(make_server, ca)
    certify(ca, user, principals=user.name, key_id="staff id")
    s.ssh(user, "true", check=0)
    s.wait_log(rf"Accepted publickey for {user.name} .*ED25519-CERT .* ID .*staff.* \(serial 7\) CA ED25519 SHA256:")


def test_a_certificate_without_a_serial_is_named_too(make_server, user, ca):
    s = with_ca(make_server, ca)
    certify(ca, user, principals=user.name, key_id="old", serial="0")
    s.ssh(user, "true", check=0)
    s.wait_log(rf"Accepted publickey for {user.name} .*ED25519-CERT SHA256:\S+ ID old \(serial 0\) CA ED25519 SHA256:")


@pytest.mark.parametrize("guard", [
    'match = { key_source = "user"; }; refuse = true;',
    'match = { key_source = "user"; method = "publickey"; }; key_sources = [ "second" ];',
    'key_sources = [ "second" ];',
])
def test_a_source_that_a_guard_refuses_is_passed_over(make_server, user, guard):
    """The same key in a later source is still good."""
    s = make_server(publickey='sources = [ "user", "second" ]; second = { file = "%h/.ssh/second"; };',
                    extra=f'guards = ( {{ name = "later"; {guard} }} );')
    assert s.ssh(user, "true").returncode == 255
    s.wait_log(r"Key ED25519 SHA256:\S+ .*refused: ")
    line = open(user.home + "/.ssh/authorized_keys").read()
    user.authorize(line, name="second")
    s.ssh(user, "true", check=0)
    s.wait_log(r"Accepted key ED25519 SHA256:\S+ found at \S+/second:1")
    p = sp.run(["sallyportctl", "explain", "--user", user.name, "--from", "127.0.0.1",
                "--key", user.key + ".pub", "-f", s.config])
    assert "/second:1" in p.stdout, p.stdout + p.stderr


@pytest.mark.parametrize("principals,flags", [
    ("somebody_else", ()),
    (None, ()),                                   # empty principals: nobody
    ("%u", ("-V", "-2d:-1d")),                    # past
    ("%u", ("-V", "+1d:+2d")),                    # to come
    ("%u", ("-h",)),                              # a host's
    ("%u", ("-O", "critical:x@example.org=1")),   # unknown critical option
    ("%u", ("-O", "source-address=192.0.2.0/24")),
])
def test_certificates_that_are_refused(make_server, user, ca, principals, flags):
    s = with_ca(make_server, ca)
    certify(ca, user, *flags,
            principals=principals and principals.replace("%u", user.name))
    assert s.ssh(user, "true").returncode == 255
    s.wait_log(r"(?i)cert|not for connections from|key was not found")


def test_a_certificates_options_hold(make_server, user, ca):
    s = with_ca(make_server, ca)
    certify(ca, user, "-O", "clear", "-O", "force-command=echo forced",
            principals=user.name)
    assert s.ssh(user, "id", check=0).stdout == "forced\n"
    p = s.ssh(user, "tty", flags=("-tt",))
    assert "PTY allocation request failed" in p.stderr
    assert s.ssh(user, flags=("-W", "127.0.0.1:22")).returncode != 0


def test_authorities_of_their_own(make_server, make_user, ca):
    """Two CAs with principals of their own; each rule names the one it takes."""
    a, b = make_user(key=False), make_user(key=False)
    other = ca + "b"
    sp.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", other], check=0)
    names = f"{sp.SCRATCH}/principals"
    with open(names, "w") as f:
        f.write("ops\n")
    s = make_server(
        publickey=f'''sources = [ "ops", "staff" ];
            ops = {{ ca_keys = [ "{ca}.pub" ]; file = "{names}"; }};
            staff = {{ ca_keys = [ "{other}.pub" ]; }};''',
        rules=f'''rules = (
          {{ name = "a"; match = {{ user = "{a.name}"; }}; methods = [ "publickey" ]; key_sources = [ "ops" ]; }},
          {{ name = "b"; match = {{ user = "{b.name}"; }}; methods = [ "publickey" ]; key_sources = [ "staff" ]; }} );''')
    for user, signer, principals, good in (
            (a, ca, "ops", True), (a, ca, a.name, False), (a, other, a.name, False),
            (b, other, b.name, True), (b, ca, "ops", False), (b, other, "ops", False)):
        certify(signer, user, principals=principals)
        assert (s.ssh(user, "true").returncode == 0) == good, (user.name, signer, principals)


def test_what_a_rule_asks_of_authorities_and_lists(make_server, make_user, ca):
    """key_ca_algorithms and key_revoked, of a rule and of a guard."""
    users = [make_user(key=False) for _ in range(3)]
    lists = [f"{sp.SCRATCH}/krl{i}" for i in range(2)]
    keys = [certify(ca, u, principals=u.name) for u in users]
    for path, key in zip(lists, keys):
        sp.run(["ssh-keygen", "-q", "-k", "-f", path, key + ".pub"], check=0)
    rule = ('{{ name = "{0}"; match = {{ user = "{1}"; }}; methods = [ "publickey" ]; {2} }}')
    rules = ", ".join((rule.format("first", users[0].name, f'key_revoked = [ "{lists[1]}" ];'),
                       rule.format("second", users[1].name, f'key_revoked = [ "{lists[0]}" ];'),
                       rule.format("third", users[2].name, 'key_ca_algorithms = [ "ecdsa-*" ];')))
    publickey = f'ca_keys = [ "{ca}.pub" ]; revoked = [ "{lists[0]}", "{lists[1]}" ];'
    s = make_server(publickey=publickey, rules=f"rules = ( {rules} );")
    assert [s.ssh(u, "true").returncode for u in users] == [0, 0, 255]
    s.wait_log(r"(?i)algorithm")
    # a guard adds its lists, it takes none away
    s = make_server(publickey=publickey, rules=f"rules = ( {rules} );", extra=(
        f'guards = ( {{ name = "more"; key_revoked = [ "{lists[0]}" ]; }} );'))
    assert [s.ssh(u, "true").returncode for u in users] == [255, 0, 255]
    s.wait_log(rf"revoked by file {lists[0]}")


def test_revoked_keys_are_refused_without_a_reload(make_server, user):
    krl = f"{sp.SCRATCH}/krl{time.monotonic_ns()}"
    sp.run(["ssh-keygen", "-q", "-k", "-f", krl], check=0)
    s = make_server(publickey=f'revoked = [ "{krl}" ];')
    s.ssh(user, "true", check=0)
    sp.run(["ssh-keygen", "-q", "-k", "-u", "-f", krl, user.key + ".pub"], check=0)
    assert s.ssh(user, "true").returncode == 255
    s.wait_log(r"(?i)revoked")
    os.unlink(krl)
    other = user.make_key()
    assert other and s.ssh(user, "true").returncode == 255


def test_a_key_command(make_server, make_user):
    u = make_user(key=False)
    u.make_key()
    keys = f"{sp.SCRATCH}/keys_{u.name}"
    shutil.move(u.home + "/.ssh/authorized_keys", keys)
    os.chown(keys, 0, 0)
    os.chmod(keys, 0o644)
    script = f"{sp.SCRATCH}/keycmd"
    with open(script, "w") as f:
        f.write(f'#!/bin/sh\n[ "$1" = {u.name} ] && [ "$(id -un)" = nobody ] && cat {keys}\n')
    os.chmod(script, 0o755)
    s = make_server(publickey=f'sources = [ "dir" ]; dir = {{ command = [ "{script}", "%u" ]; user = "nobody"; }};')
    s.ssh(u, "true", check=0)
    s.wait_log(r"Accepted key .* found at ")


def test_options_of_a_line(make_server, make_user):
    s = make_server()
    cases = {
        'from="192.0.2.1"': False, 'from="127.0.0.0/8"': True,
        'expiry-time="20200101"': False, 'expiry-time="20990101"': True,
        'no-such-option': False, 'command="unfinished': False,
    }
    for options, good in cases.items():
        u = make_user(key=False)
        u.make_key(options=options)
        assert (s.ssh(u, "true").returncode == 0) == good, options


def test_a_bad_line_does_not_stop_the_next(make_server, user):
    path = user.home + "/.ssh/authorized_keys"
    good = open(path).read()
    with open(path, "w") as f:
        f.write("garbage\nssh-ed25519 AAAA broken\n" + good)
    s = make_server()
    s.ssh(user, "true", check=0)


def test_two_different_keys(make_server, user):
    s = make_server(methods=("publickey,publickey",))
    first = user.key
    assert s.ssh(user, "true").returncode == 255
    second = user.make_key()
    user.key = None
    p = sp.run(s.ssh_argv(user, "echo both", IdentitiesOnly="yes")[:-2]
               + ["-i", first, "-i", second, f"{user.name}@127.0.0.1", "echo both"])
    assert p.stdout == "both\n", p.stderr


def test_host_certificates(make_server, user, ca):
    s = make_server(start=False)
    pub = s.host_keys[0] + ".pub"
    sp.run(["ssh-keygen", "-q", "-s", ca, "-h", "-I", "host", "-n", "127.0.0.1,testhost", pub], check=0)
    cert = s.host_keys[0] + "-cert.pub"
    s.write(s.text + f'host_certificates = [ "{cert}" ];\n')
    s.start()
    known = f"{s.dir}/known_ca"
    with open(known, "w") as f:
        f.write("@cert-authority * " + open(ca + ".pub").read())
    s.ssh(user, "true", check=0, UserKnownHostsFile=known, StrictHostKeyChecking="yes")


def test_host_keys_are_announced_and_proved(make_server, user):
    s = make_server()
    known = f"{s.dir}/known"
    # the stock client updates what it knew before
    s.ssh(user, "true", check=0, UserKnownHostsFile=known)
    assert {line.split()[1] for line in open(known)} == {"ssh-ed25519"}
    s.ssh(user, "sleep 0.5", check=0, UserKnownHostsFile=known, UpdateHostKeys="yes")
    kinds = {line.split()[1] for line in open(known)}
    assert kinds == {"ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"}


def test_principals_of_a_file_and_of_a_command(make_server, user, ca):
    """As sshd asks them: the file, and whom it does not name, the command."""
    asked = f"{sp.SCRATCH}/asked{time.monotonic_ns()}"
    program = f"{sp.SCRATCH}/principals{time.monotonic_ns()}"
    with open(program, "w") as f:
        f.write(f"#!/bin/sh\necho $1 >>{asked}\necho of-command\n")
    os.chmod(program, 0o755)
    with open(asked, "w"):
        os.chmod(asked, 0o666)
    s = with_ca(make_server, ca, 'principals = { file = "%h/.ssh/authorized_principals"; '
                f'command = [ "{program}", "%u" ]; user = "nobody"; }};')
    user.authorize("of-file", name="authorized_principals")
    certify(ca, user, principals="of-file")
    s.ssh(user, "true", check=0)
    assert open(asked).read() == ""
    certify(ca, user, principals="of-command")
    s.ssh(user, "true", check=0)
    assert set(open(asked).read().split()) == {user.name}
    certify(ca, user, principals=user.name)
    assert s.ssh(user, "true").returncode == 255
    os.unlink(user.home + "/.ssh/authorized_principals")
    certify(ca, user, principals="of-command")
    s.ssh(user, "true", check=0)
