"""A help desk reads the log as it is by default (format classic, level info)
and asks explain: both name the cause of a login that is refused, and the rule
or guard that refused it."""

import os
import re

import pytest

import sp
from control import ctl_json
from test_keys import ca, certify  # noqa: F401 (a fixture)

PLACE = sp.SCRATCH + "/desk"

RULES = """
rules = (
  { name = "root"; match = { user = "root"; }; methods = [ "publickey" ]; root_login = "no"; },
  { name = "ops"; match = { group = "spt_ops"; uid = "1-4294967294"; user = "!%(all)s"; };
    methods = [ "publickey" ]; },
  { name = "night"; match = { user = "%(night)s"; }; methods = [ "publickey" ]; times = [ "%(closed)s" ]; },
  { name = "far"; match = { user = "%(far)s"; from = "192.0.2.0/24"; }; methods = [ "publickey" ]; },
  { name = "denied"; match = { user = "%(denied)s"; }; refuse = true; },
  { name = "users"; match = { user = "%(user)s"; };
    methods = [ "publickey", "password" ]; exec = true; local_forward = [ "*:1" ]; } );
guards = ( { name = "no-shell"; match = { user = "%(user)s"; }; shell = false; pty = false; subsystems = [ ];
    local_forward = [ ]; },
  { name = "no-rsa"; match = { key_type = "ssh-rsa"; }; refuse = true; } );
"""


class Desk:
    def __init__(self, make_server, make_user, **more):
        self.users = {name: make_user() for name in ("user", "night", "far", "denied")}
        self.user = self.users["user"]
        # Whatever the time is, the window is a minute of another half of the day.
        hour = 3 if int(sp.run(["date", "-u", "+%H"]).stdout) >= 12 else 21
        names = {k: u.name for k, u in self.users.items()}
        self.s = s = make_server(
            start=False, log_level="info", rules=RULES % {
                **names, "all": names["user"], "closed": f"{hour:02}:00-{hour:02}:01 UTC"}, **more)
        s.text = s.text.replace('log = { level = "info"; };', 'log = { level = "info"; format = "classic"; };')
        s.write(s.text)
        s.start()

    def log_in(self, user, *command, **kw):
        """The lines of one login."""
        mark = self.s.mark()
        p = self.s.ssh(user, *(command or ("true",)), **kw)
        self.s.wait_log("(Connection (closed|reset)|Disconnected|Disconnecting|Access denied|Logout|ended)", after=mark)
        return p, self.s.log()[mark:]

    def explain(self, user, *more):
        return ctl_json(self.s, "explain", "--user", user.name, "--from", "127.0.0.1", *more)

    def refused(self, user, line, because, *more, **kw):
        p, log = self.log_in(user, **kw)
        assert p.returncode == 255, (p.stdout, p.stderr, log)
        assert len(re.findall(f"(?m)^.*{line}.*$", log)) == 1, log
        assert " [conn=" not in log
        e = self.explain(user, *more)
        told = " ".join([e["because"] or "", e.get("key", {}).get("reason") or "",
                         *(x["text"] for x in e["standing"])])
        assert because in told, e


@pytest.fixture
def desk(make_server, make_user):
    sp.run(["groupadd", "-f", "spt_ops"], check=0)
    sp.write_pam("spt_desk", "auth required pam_unix.so\naccount [success=1 default=ignore] pam_unix.so\n"
                 "account requisite pam_deny.so\naccount required pam_permit.so\nsession required pam_permit.so\n")
    yield Desk(make_server, make_user, pam_service="spt_desk",
               publickey=f'ca_keys = [ "{PLACE}_ca.pub" ]; revoked = [ "{PLACE}_krl" ];')
    sp.run(["groupdel", "spt_ops"])


@pytest.fixture(autouse=True, scope="module")
def authorities():
    for name in ("ca", "other"):
        sp.clean_key(f"{PLACE}_{name}")
        sp.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{PLACE}_{name}"], check=0)
    sp.run(["ssh-keygen", "-k", "-f", PLACE + "_krl"], check=0)
    yield
    os.unlink(PLACE + "_krl")


def test_the_account(desk):
    user = desk.user
    name = user.name
    # A wrong password is sshd's own sentence; explain finds nothing wrong.
    p, log = desk.log_in(user, password="not it")
    assert p.returncode == 5 and f"Failed password for {name} from 127.0.0.1" in log and "refused" not in log
    assert desk.explain(user)["may_log_in"] == "yes"
    # The stack's own answer is "Authentication failure".
    sp.run(["chage", "-E", "2020-01-01", name], check=0)
    desk.refused(user, rf"Login of {name} refused: the account expired on 2020-01-01: "
                 "Authentication failure; chage -E sets another date", "it expired on 2020-01-01")
    sp.run(["chage", "-E", "-1", name], check=0)
    sp.run(["passwd", "-l", name], check=0)
    p, log = desk.log_in(user, password=True)
    assert p.returncode == 5
    assert re.search(rf"Login of {name} refused: its password is locked.*; passwd -u unlocks it \(Connection from 127.0.0.1 port \d+\)", log)
    assert any("its password is locked" in x["text"] for x in desk.explain(user)["standing"])
    sp.run(["passwd", "-u", name], check=0)
    sp.run(["usermod", "-s", "/bin/spt_missing", name], check=0)
    desk.refused(user, f"Login of {name} refused: shell /bin/spt_missing does not exist; chsh sets another",
                 "/bin/spt_missing: No such file")
    sp.run(["usermod", "-s", "/usr/sbin/nologin", name], check=0)
    p, log = desk.log_in(user)
    assert p.returncode == 1 and f"Session of {name} ends at once: its shell is /usr/sbin/nologin" in log
    assert "a session ends at once" in desk.explain(user)["because"]


def test_files_of_the_user(desk):
    user = desk.users["user"]
    keys = user.home + "/.ssh/authorized_keys"
    os.chmod(user.home, 0o777)
    desk.refused(user, f"Authentication refused: bad ownership or modes for directory {user.home}",
                 f"bad ownership or modes for directory {user.home}")
    os.chmod(user.home, 0o755)
    os.chown(keys, desk.users["far"].uid, -1)
    for mode in (0o600, 0o644):  # also where the user cannot even open it
        os.chmod(keys, mode)
        desk.refused(user, f"Authentication refused: bad ownership or modes for file {keys}",
                     f"bad ownership or modes for file {keys}")


def test_rules_and_guards(desk):
    u = desk.users
    ops = sp.User()
    ops.make_key()
    try:
        line = rf"Login of {ops.name} refused: no rule matches: "
        desk.refused(ops, line + "rule ops: group: wanted is spt_ops, ", "rule ops: group: wanted is spt_ops")
    finally:
        ops.remove()
    desk.refused(u["night"], f"Login of {u['night'].name} refused: times of rule night: it is .* UTC, outside \\d",
                 "times of rule night: it is ")
    desk.refused(u["far"], f"Login of {u['far'].name} refused: no rule matches: .*rule far: from: 127.0.0.1 is in none",
                 "rule far: from: 127.0.0.1 is in none")
    desk.refused(u["denied"], f"Login of {u['denied'].name} refused: rule denied refuses", "rule denied refuses")
    u["user"].make_key("rsa", extra=("-b", "3072"))
    desk.refused(u["user"], rf"Key RSA \S+ of .*refused: key \S+: guard no-rsa refuses \(",
                 "guard no-rsa refuses (", "--key", u["user"].key + ".pub")


def test_keys(desk):
    user = desk.user
    first = user.key

    def key(line, because, suffix=".pub", **kw):
        desk.refused(user, line, because, "--key", user.key + suffix, **kw)
    os.unlink(user.home + "/.ssh/authorized_keys")
    key(rf"Key \S+ SHA256:\S+ of {user.name} refused: key was not found \(Connection from 127.0.0.1 port \d+\)", "key was not found")
    user.authorize(open(first + ".pub").read(), options='from="192.0.2.1"')
    key(r"Key \S+ SHA256:\S+ of .* refused: .*not from this address", "not from this address")
    os.unlink(user.home + "/.ssh/authorized_keys")
    for authority, principal, line, because in (
            ("ca", "spt_else", "Certificate ID .* refused: .*names no principal", "names no principal"),
            ("other", user.name, "Key .*-CERT \\S+ of .* refused: .*authority is not known", "authority is not known"),
            ("ca", user.name, f"Authentication key ED25519-CERT .* revoked by file {PLACE}_krl", "revoked")):
        certify(f"{PLACE}_{authority}", user, principals=principal)
        if because == "revoked":
            sp.run(["ssh-keygen", "-k", "-u", "-f", PLACE + "_krl", user.key + ".pub"], check=0)
        os.unlink(user.key + ".pub")  # or the client offers the plain key as well
        key(line, because, "-cert.pub", CertificateFile=user.key + "-cert.pub")


def test_starts_and_forwards_name_the_guard(desk):
    user = desk.user
    where = rf"\({re.escape(desk.s.config)}:\d+\)"
    assert desk.log_in(user)[0].returncode == 0
    mark = desk.s.mark()
    desk.s.ssh(user, flags=("-tt",), input="")
    desk.s.wait_log(rf"pty request by user {user.name} failed, pty not permitted: pty of guard no-shell {where}",
                    after=mark)
    desk.s.wait_log(rf"shell request by user {user.name} failed, .*: shell of guard no-shell {where}", after=mark)
    desk.s.ssh(user, "sftp", flags=("-s",), input="")
    desk.s.wait_log(rf"subsystem request for sftp by user .*: subsystems of guard no-shell {where}", after=mark)
    desk.s.ssh(user, flags=("-W", "127.0.0.1:1"), input="")
    desk.s.wait_log(rf"Forwarding direct-tcpip to .* refused: local_forward of guard no-shell {where}", after=mark)


def test_the_rule_in_an_event_is_the_one_that_decided(desk):
    desk.s.write(desk.s.text.replace('format = "classic"', 'format = "json"'))
    os.kill(desk.s.pid, 1)
    desk.s.wait_log("Configuration reloaded")
    u = desk.users
    for who, rule in (("night", "night"), ("denied", "denied"), ("far", None), ("user", "users")):
        mark = desk.s.mark()
        desk.s.ssh(u[who], "true")
        line = desk.s.wait_log(r".*\"event.action\":\"(login.refused|auth.ok)\".*", after=mark).group(0)
        found = re.search(r'"rule.name":"([^"]*)"', line)
        assert (found and found.group(1)) == rule, line
