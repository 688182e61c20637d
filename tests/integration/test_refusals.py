"""No request that the policy refuses succeeds because of what a key line, a
certificate or an environment says: the stock client tries each."""

import os

import pytest

import sp
from test_keys import ca, certify  # noqa: F401 (a fixture)
from test_policy import only, sftp

PROOF = "/proof"
#: Each would let in by itself, if it were believed.
OPTIONS = ['command="touch {0}"', 'restrict,pty,command="touch {0}"',
           'command="internal-sftp"', 'environment="LD_PRELOAD=/x",environment="SSH_ORIGINAL_COMMAND=x"',
           'pty,agent-forwarding,X11-forwarding,port-forwarding,user-rc,permitopen="*:*",permitlisten="*"']
CLOSED = "shell = false; exec = false;"
#: A grant that refuses, and requests that it refuses.
REFUSING = [
    (CLOSED + 'subsystems = [ "sftp" ];', ("shell", "exec")),
    (CLOSED + "subsystems = [];", ("shell", "exec", "sftp")),
    ("shell = false;", ("shell",)),
    ("exec = false;", ("exec",)),
    ("sftp_only = true;", ("shell", "exec")),
]


def attempts(s, u, kind):
    """Whether the request succeeded."""
    if kind == "shell":
        return s.ssh(u, input="echo in; exit\n").returncode == 0
    if kind == "exec":
        return s.ssh(u, "echo in").returncode == 0
    return sftp(s, u, "pwd\n").returncode == 0


@pytest.mark.parametrize("guard", (False, True), ids=("rule", "guard"))
def test_no_option_of_a_key_makes_a_refused_request_succeed(make_server, make_user, ca, guard):
    u = make_user(key=False)
    proof = u.home + PROOF
    for grants, refused in REFUSING:
        publickey = f'ca_keys = [ "{ca}.pub" ];'
        if guard:
            s = only(make_server, "agent = true;", publickey=publickey,
                     extra='guards = ( { name = "g"; ' + grants + " } );")
        else:
            s = only(make_server, grants, publickey=publickey)
        for options in OPTIONS:
            u.make_key(options=options.format(proof))
            for kind in refused:
                assert not attempts(s, u, kind), (grants, options, kind)
        certify(ca, u, "-O", f"force-command=touch {proof}", principals=u.name)
        for kind in refused:
            assert not attempts(s, u, kind), (grants, "force-command", kind)
        assert not os.path.exists(proof), grants
        s.stop()


def test_a_permitted_request_does_not_run_the_command_of_a_key_where_exec_is_off(make_server, make_user):
    """sftp alone is permitted; a line turns it into a program."""
    u = make_user(key=False)
    s = only(make_server, CLOSED + 'subsystems = [ "sftp" ];')
    u.make_key(options=f'command="touch {u.home}{PROOF}"')
    assert not attempts(s, u, "sftp")
    assert not os.path.exists(u.home + PROOF)
    s.wait_log("the key's command is not permitted")
    u.make_key(options='command="internal-sftp"')
    assert attempts(s, u, "sftp")


def test_the_command_of_a_rule_stands_in_for_what_is_refused(make_server, user):
    s = only(make_server, CLOSED + 'subsystems = []; command = "echo only this";')
    assert s.ssh(user, "id", check=0).stdout == "only this\n"
    assert s.ssh(user, check=0).stdout == "only this\n"


@pytest.mark.parametrize("grants", ("sftp_read_only = true;", "sftp_only = true; sftp_read_only = true;"))
def test_read_only_holds_whatever_program_serves_sftp(make_server, user, grants):
    s = only(make_server, grants, start=False)
    s.write(s.text.replace('command = "internal"', 'command = "/usr/lib/openssh/sftp-server"'))
    s.start()
    assert "Permission denied" in sftp(s, user, "mkdir made\n").stderr
    assert not os.path.exists(user.home + "/made")


def test_a_password_does_not_pass_by_a_guard_that_excludes_keys(make_server, user):
    s = make_server(extra='guards = ( { name = "g"; match = { key_type = "!ssh-ed25519"; }; refuse = true; } );')
    s.ssh(user, "true", check=0)
    assert s.ssh(user, "true", password=True).returncode != 0
    s.wait_log("key_type: there is none")


@pytest.mark.parametrize("guard,says", [
    ('forbid = "pasword";', 'no method "pasword"; did you mean "password"?'),
    ('match = {}; pty = false;', "an empty match"),
    ('key_revoked = "/etc/krl";', 'no revocation list "/etc/krl"'),
    ('match = { group = "spt_none"; }; pty = false;', 'no group "spt_none"'),
])
def test_a_guard_with_a_slip_is_refused(server, guard, says):
    path = f"{sp.SCRATCH}/slip.conf"
    with open(path, "w") as f:
        f.write(server.text + f'guards = ( {{ name = "g"; {guard} }} );\n')
    os.chmod(path, 0o600)
    p = sp.run(["sallyportctl", "-f", path, "check"])
    assert p.returncode != 0
    assert says in p.stdout
