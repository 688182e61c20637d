"""No request that the policy refuses succeeds because of what a key line, a
principals line, a certificate or an environment says."""

import contextlib
import os
import socket
import struct

import pytest

import conftest
import sp
from rawssh import CHANNEL_CONFIRM, CHANNEL_FAILURE, CHANNEL_OPEN, Closed, string
from test_hostile_names import CLOSE, Client, Listeners
from test_keys import ca, certify  # noqa: F401 (a fixture)
from test_policy import only, sftp

PROOF = "/proof"
#: Each would let in by itself, if it were believed; others are below.
OPTIONS = ['command="touch {0}"', 'command="internal-sftp"']
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


# ---- every grant, whatever carries options ----

#: grant: as it permits, as it refuses.
GRANTS = {
    "shell": ("true", "false"), "exec": ("true", "false"), "subsystems": ('[ "sftp" ]', "[]"),
    "pty": ("true", "false"), "agent": ("true", "false"), "x11": ("true", "false"), "tun": ('"yes"', '"no"'),
    "accept_env": ('[ "*" ]', "[]"), "user_rc": ("true", "false"),
    "local_forward": ('[ "*:*" ]', "[]"), "remote_forward": ('[ "*:*" ]', "[]"),
    "unix_local": ('[ "*" ]', "[]"), "unix_remote": ('[ "*" ]', "[]"),
}
#: Beside others that are granted, and all together.
SOME = {"shell", "pty", "x11", "local_forward", "unix_remote", "accept_env", "user_rc"}
REFUSED = {"all": set(GRANTS), "some": SOME, "others": set(GRANTS) - SOME}
CASES = [("all", "rule"), ("some", "guard"), ("others", "guard"), ("nothing", "rule")]
EVERYTHING = 'pty,agent-forwarding,X11-forwarding,port-forwarding,user-rc,permitopen="*:*",permitlisten="*:*"'
LINES = ["", 'command="true"', 'command="internal-sftp"', f'restrict,{EVERYTHING},command="true"', EVERYTHING,
         'tunnel="0",permitopen="127.0.0.1:*",permitlisten="localhost:*"',
         'environment="LD_PRELOAD=/x",environment="SSH_AUTH_SOCK=/x",environment="SSH_ORIGINAL_COMMAND=x"']
CERTIFICATES = [(), ("-O", "force-command=true"), ("-O", "force-command=internal-sftp"), ("-O", "clear")]
CHANNEL_REQUEST, CHANNEL_SUCCESS, REQUEST_FAILED = 98, 99, 100
EXTENDED_DATA, CHANNEL_EOF = 95, 96


class Asker(Client):
    """What a client can ask for: each says whether it was granted."""

    def on_session(self, kind, *data, before=()):
        self.send(CHANNEL_OPEN, string("session"), struct.pack(">III", 7, 1 << 20, 1 << 15))
        p = self.expect(CHANNEL_CONFIRM, CHANNEL_FAILURE)
        assert p[0] == CHANNEL_CONFIRM
        for name, value in before:
            self.send(CHANNEL_REQUEST, p[5:9], string("env"), 0, string(name), string(value))
        self.send(CHANNEL_REQUEST, p[5:9], string(kind), 1, *data)
        answer = self.expect(CHANNEL_SUCCESS, REQUEST_FAILED)[0]
        if kind in ("shell", "exec") and answer == CHANNEL_SUCCESS and self.was_cancelled(p[5:9]):
            answer = REQUEST_FAILED
        self.send(CLOSE, p[5:9])
        self.expect(CLOSE)
        return answer == CHANNEL_SUCCESS

    def was_cancelled(self, channel):
        """A refusal is told as a program would tell it: a sentence, a status, nothing run."""
        self.send(CHANNEL_EOF, channel)
        said = self.expect(EXTENDED_DATA, CHANNEL_REQUEST)
        return said[0] == EXTENDED_DATA and b"This account " in said

    def asks(self, grant, here):
        hostile = (("SSH_AUTH_SOCK", "/x"), ("DISPLAY", ":0"), ("SSH_ORIGINAL_COMMAND", "id"))
        none = struct.pack(">I", 0)
        if grant == "shell":
            return self.on_session("shell", before=hostile)
        if grant == "exec":
            return [self.on_session("exec", string(c), before=hostile) for c in ("internal-sftp", "true")][1]
        if grant == "subsystems":
            return self.on_session("subsystem", string("sftp"), before=hostile)
        if grant == "pty":
            return self.on_session("pty-req", string("vt100"), none * 4, string(b"\0"))
        if grant == "agent":
            return self.on_session("auth-agent-req@openssh.com")
        if grant == "x11":
            return self.on_session("x11-req", 0, string("MIT-MAGIC-COOKIE-1"), string("00" * 16), none)
        if grant == "accept_env":
            return self.on_session("env", string("LANG"), string("C"))
        if grant == "local_forward":
            return self.tcp("127.0.0.1", here.port) == 0
        if grant == "unix_local":
            return self.unix(here.path) == 0
        if grant == "remote_forward":
            return self.listen("localhost", 0)
        if grant == "unix_remote":
            here.number += 1
            return self.listen_unix(f"/tmp/spt_refusals_{here.port}_{here.number}")
        if grant == "tun":
            return self.channel("tun@openssh.com", struct.pack(">II", 1, 0x7fffffff)) == 0
        raise AssertionError(grant)


class Here:
    """What a forward could reach."""

    def __init__(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.path = f"{sp.SCRATCH}/refusals{self.port}"
        self.tcp = Listeners(socket.AF_INET, ("127.0.0.1", self.port))
        self.unix = Listeners(socket.AF_UNIX, self.path)
        self.number = 0

    def reached(self):
        return self.tcp.reached() | self.unix.reached()


def lay(u, name, line):
    for old in ("authorized_keys", "principals"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{u.home}/.ssh/{old}")
    u.authorize(line, name=name)


def carriers(u, own, plain, certified):
    """Each way in with options, made; and what it is."""
    authority = open(own + ".pub").read().strip()
    for options in LINES:
        u.key = plain
        lay(u, "authorized_keys", f"{options} {open(plain + '.pub').read()}".strip())
        yield "key " + options
        u.key = certified[()]
        lay(u, "principals", f"{options} {u.name}".strip())
        yield "principals " + options
        lay(u, "authorized_keys", f"cert-authority{',' if options else ''}{options} {authority}")
        yield "authority " + options
    for flags, path in certified.items():
        u.key = path
        lay(u, "principals", u.name)
        yield f"certificate {flags}"


def wants_rc(u):
    """A program that tells that it ran; whose name it is."""
    proof = u.home + "/rc_ran"
    u.authorize(f"touch {proof}", name="rc")
    return proof


@pytest.fixture(scope="module")
def matrix():
    """One user for each way to refuse, and one for whom nothing is."""
    users = {case: sp.User() for case in CASES}

    def written(refused, which):
        return " ".join(f"{g} = {no if g in refused else yes};" for g, (yes, no) in GRANTS.items() if which(g))
    rules, guards = [], []
    for (how, by), u in users.items():
        refused = REFUSED.get(how, set())
        match = f'name = "{u.name}"; match = {{ user = "{u.name}"; }};'
        rules.append(f'{{ {match} methods = [ "publickey" ]; '
                     + written(refused if by == "rule" else set(), lambda g: True) + " }")
        if by == "guard":
            guards.append(f"{{ {match} " + written(refused, lambda g: g in refused) + " }")
    central, own = f"{sp.SCRATCH}/refusals_central", f"{sp.SCRATCH}/refusals_own"
    for path in (central, own):
        sp.clean_key(path)
        sp.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=0)
    s = sp.Server(
        rules=f"rules = ( {', '.join(rules)} ); guards = ( {', '.join(guards)} );", log_level="info",
        publickey=f'ca_keys = [ "{central}.pub" ]; principals = {{ file = "%h/.ssh/principals"; }};')
    yield users, central, own, s
    s.stop()
    for u in users.values():
        u.remove()
    conftest.check_log(s)


def log_in(s, u):
    """None: the options let nobody in."""
    with contextlib.suppress(Closed):
        return Asker(s).login_key(u)
    return None


def try_everything(s, u, what, refused, here):
    """Only what is granted is tried once: to see that the attempts are real."""
    c = log_in(s, u)
    assert c is not None or not what.endswith((" ", "()")), what
    if c is None:
        return
    with c:
        for grant in sorted(refused - {"user_rc"}):
            assert not c.asks(grant, here), (grant, what)
        if what == "key ":
            for grant in sorted(GRANTS.keys() - refused - {"user_rc", "tun"}):
                assert c.asks(grant, here), (grant, what)


@pytest.mark.parametrize("case", CASES, ids=" ".join)
def test_no_request_that_is_refused_succeeds_whatever_carries_options(matrix, case):
    users, central, own, s = matrix
    u, refused, here = users[case], REFUSED.get(case[0], set()), Here()
    u.make_key()
    plain, proof = u.key, wants_rc(u)
    certified = {flags: certify(central, u, *flags, principals=u.name) for flags in CERTIFICATES}
    foreign = certify(own, u, principals=u.name)
    for what in carriers(u, own, plain, certified):
        if what.startswith("authority"):
            u.key = foreign
        if refused or what == "key ":
            try_everything(s, u, what, refused, here)
    if {"local_forward", "unix_local"} <= refused:
        assert not here.reached()
    if "user_rc" in refused:
        assert not os.path.exists(proof)
    elif case[0] == "nothing":
        u.key = plain
        lay(u, "authorized_keys", open(plain + ".pub").read())
        s.ssh(u, "true", check=0)
        assert os.path.exists(proof)


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
