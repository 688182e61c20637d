"""Records for the Linux audit: what the kernel was given, read by ausearch and
aureport, beside the records of libpam; a kernel that takes none costs a line.
The tests that need the kernel's auditing run with SP_AUDIT=1."""

import os
import re
import shutil

import pytest

import sp
from rawssh import INFO_REQUEST, USERAUTH_FAILURE, Raw, string

RECORDS = "/mnt/out/kernel_audit"
kernel = pytest.mark.skipif(not os.environ.get("SP_AUDIT"), reason="SP_AUDIT is not set")
ON = 'audit = { linux = "on"; };'


@pytest.fixture
def server():
    s = sp.Server(extra=ON)
    yield s
    s.stop()


@pytest.fixture
def user():
    u = sp.User()
    yield u
    u.remove()


class Mark:
    """The records from here on."""

    def __init__(self):
        self.start = os.path.getsize(RECORDS)

    def lines(self):
        with open(RECORDS) as f:
            f.seek(self.start)
            return f.read().splitlines()

    def wait(self, pattern):
        return sp.wait_for(lambda: [x for x in self.lines() if re.search(pattern, x)], 10, pattern)

    def count(self, pattern):
        return sum(bool(re.search(pattern, x)) for x in self.lines())

    def tool(self, *argv):
        path = "/mnt/sp/audit.log"
        with open(path, "w") as f:
            f.write("\n".join(self.lines()) + "\n")
        return sp.run([argv[0], "-if", path, *argv[1:]]).stdout


@kernel
def test_a_login_by_key_has_the_records_of_red_hats_sshd(server, user):
    user.make_key()
    mark = Mark()
    assert server.ssh(user, "true").returncode == 0
    mark.wait(rf"type=USER_LOGOUT .* id={user.uid} .*")
    login, = mark.wait(rf"type=USER_LOGIN .* id={user.uid} ")
    assert re.search(rf"msg='op=login id={user.uid} exe=\"/\S*sallyportd\" hostname=\? "
                     r"addr=127\.0\.0\.1 terminal=ssh res=success'", login)
    # after pam_loginuid: the record belongs to the session
    assert f" auid={user.uid} " in login
    auth, = mark.wait(rf"type=USER_AUTH .*op=pubkey_auth .*acct=\"{user.name}\"")
    assert re.search(rf"op=pubkey_auth grantors=auth-key acct=\"{user.name}\" exe=.*terminal=ssh res=success'", auth)
    fp = sp.run(["ssh-keygen", "-lf", user.key]).stdout.split()[1]
    assert mark.count(rf"type=CRYPTO_KEY_USER .*op=negotiate kind=auth-key fp={re.escape(fp)} exe=.*res=success") == 1
    for direction in ("from-client", "from-server"):
        assert mark.count(rf"type=CRYPTO_SESSION .*op=start direction={direction} cipher=\S+ ksize=\d+ "
                          rf"mac=\S+ pfs=\S+ spid=\d+ rport=\d+ laddr=127\.0\.0\.1 lport={server.port} exe=") == 1
        assert mark.count(rf"type=CRYPTO_KEY_USER .*op=destroy kind=session fp=\? direction={direction} "
                          rf"spid=\d+ rport=\d+ laddr=127\.0\.0\.1 lport={server.port} ") == 1


@kernel
def test_what_libpam_writes_is_not_repeated(server, user):
    mark = Mark()
    assert server.ssh(user, "true", password=True).returncode == 0
    mark.wait(rf"type=USER_LOGOUT .* id={user.uid} .*")
    assert mark.count(rf"type=USER_AUTH .*acct=\"{user.name}\"") == 1
    assert mark.count(rf"type=USER_AUTH .*op=PAM:authentication .*acct=\"{user.name}\"") == 1
    assert mark.count(rf"type=USER_LOGIN .*op=login id={user.uid} ") == 1


@kernel
def test_a_dialogue_that_is_abandoned_is_told_once(server, user):
    mark = Mark()
    with Raw(server) as c:
        c.kex()
        c.service()
        c.request(user.name, "keyboard-interactive", string(""), string(""))
        c.expect(INFO_REQUEST)
        c.request(user.name, "none")
        c.expect(USERAUTH_FAILURE)
    mark.wait(rf"type=USER_LOGIN .*op=login acct=\"{user.name}\" .*res=failed'")
    assert mark.count(rf"type=USER_AUTH .*op=PAM:authentication .*acct=\"{user.name}\"") == 1
    assert mark.count(r"type=USER_AUTH .*op=challenge-response ") == 0


@kernel
def test_failures_are_told_and_an_unknown_name_is_not(server, user):
    user.make_key()
    os.unlink(user.home + "/.ssh/authorized_keys")
    mark = Mark()
    assert server.ssh(user, "true").returncode == 255
    mark.wait(rf"type=USER_LOGIN .*op=login acct=\"{user.name}\" .*res=failed'")
    assert mark.count(rf"type=USER_AUTH .*op=pubkey acct=\"{user.name}\" .*res=failed'") >= 1
    mark = Mark()
    user.name = "s3cret-typed-as-a-name"
    assert server.ssh(user, "true").returncode == 255
    # (invalid user)
    mark.wait(r"type=USER_LOGIN .*op=login acct=28696E76616C6964207573657229 .*res=failed'")
    assert mark.count("s3cret") == 0


@kernel
@pytest.mark.skipif(not shutil.which("ausearch"), reason="there is no ausearch")
def test_ausearch_and_aureport_read_them(server, user):
    user.make_key()
    mark = Mark()
    assert server.ssh(user, "true").returncode == 0
    mark.wait(rf"type=USER_LOGOUT .* id={user.uid} .*")
    assert re.search(r"127\.0\.0\.1 ssh \S*sallyportd yes", mark.tool("aureport", "-au"))
    assert re.search(rf"{user.name}|{user.uid}", mark.tool("aureport", "-l", "-i"))
    found = mark.tool("ausearch", "-i", "-m", "CRYPTO_KEY_USER,USER_LOGIN,USER_LOGOUT,CRYPTO_SESSION")
    for kind in ("USER_LOGIN", "USER_LOGOUT", "CRYPTO_KEY_USER", "CRYPTO_SESSION"):
        assert f"type={kind} " in found
    assert f"id={user.name}" in found


def test_a_kernel_that_takes_no_records_costs_one_line(user):
    """Without the capability, as in most containers."""
    user.make_key()
    server = sp.Server(extra=ON, start=False)
    try:
        p = sp.run(["setpriv", "--bounding-set=-audit_write", "--inh-caps=-audit_write", sp.DAEMON,
                    "-f", server.config, "-E", server.log_file], env=server.env)
        assert p.returncode == 0, p.stderr
        server.pid = int(open(server.pid_file).read())
        for _ in range(2):
            assert server.ssh(user, "echo in").stdout == "in\n"
        told = re.findall(r"Audit records cannot be written to the Linux audit: (.*)", server.log())
        assert len(told) == 1 and "not permitted" in told[0]
        assert "records were not written" not in server.log()
    finally:
        server.stop()
