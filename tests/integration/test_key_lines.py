"""Every option of authorized_keys on every kind of line: sshd and we agree on
who comes in.  Where we mean to differ, it is said here and in MIGRATING."""

import os
import subprocess

import pytest

import sp
from test_keys import ca, certify  # noqa: F401 (a fixture)

pytestmark = pytest.mark.skipif(not os.path.exists("/usr/sbin/sshd"), reason="no sshd to compare with")

OPTIONS = ["", "restrict", "cert-authority", "no-cert-authority", 'principals="{u}"', 'principals="another"',
           'cert-authority,principals="{u}"', 'cert-authority,principals="another"', 'principals=""',
           "verify-required", "no-verify-required", "no-touch-required", "touch-required", "unknown-option",
           'unknown="value"', 'from="127.0.0.1"', 'from="192.0.2.1"', 'expiry-time="20990101"',
           'expiry-time="20200101"', 'command="true"', 'environment="A=b"', 'permitopen="a:1"', 'permitlisten="1"',
           'tunnel="1"', "no-pty,pty,no-X11-forwarding,agent-forwarding,no-user-rc,port-forwarding", "no-pty "]
# sshd ignores what an ordinary key cannot do; we refuse what cannot be kept.
OTHERWISE = {("key", "verify-required"): False, ("authority", "verify-required"): False,
             ("authority", "cert-authority,verify-required"): False, ("principals", "verify-required"): False}


def no_penalties():
    """sshd 9.8 and newer would soon listen to nobody from here."""
    known = sp.run(["/usr/sbin/sshd", "-T", "-o", "PerSourcePenalties=no", "-f", "/dev/null", "-h",
                    sp.host_key("ed25519")]).returncode == 0
    return "PerSourcePenalties no\n" if known else ""


class Both:
    """The same accounts on two servers, each with one user and one CA."""

    def __init__(self):
        self.user = sp.User()
        self.central, self.own = f"{sp.SCRATCH}/lines_central", f"{sp.SCRATCH}/lines_own"
        for path in (self.central, self.own):
            sp.clean_key(path)
            sp.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=0)
        self.ours = sp.Server(publickey=f'ca_keys = [ "{self.central}.pub" ]; '
                              'principals = { file = "%h/.ssh/principals"; };')
        directory = sp.SCRATCH + "/sshd_lines"
        os.makedirs(directory, mode=0o755, exist_ok=True)
        port = self.ours.port + 500
        with open(directory + "/sshd_config", "w") as f:
            f.write(f"Port {port}\nListenAddress 127.0.0.1\nUsePAM no\nHostKey {sp.host_key('ed25519')}\n"
                    f"PidFile none\nMaxStartups 100\nTrustedUserCAKeys {self.central}.pub\n"
                    "AuthorizedPrincipalsFile .ssh/principals\n" + no_penalties())
        self.process = subprocess.Popen(["/usr/sbin/sshd", "-D", "-e", "-f", directory + "/sshd_config"],
                                        stderr=open(directory + "/log", "w"))
        self.theirs = sp.Server.__new__(sp.Server)
        self.theirs.port, self.theirs.dir = port, directory
        sp.wait_for(lambda: sp.run(["ss", "-tln", "sport", "=", f":{port}"]).stdout.count("\n") > 1, what="sshd")
        self.user.make_key()
        self.plain = self.user.key
        self.certified = {}
        for authority in (self.central, self.own):
            self.certified[authority] = certify(authority, self.user, principals=self.user.name)

    def enter(self):
        """Who lets the user in: both are asked at once."""
        asked = [s.popen(self.user, "true") for s in (self.ours, self.theirs)]
        for p in asked:
            p.communicate(timeout=30 * sp.SLOW)
        return [p.returncode == 0 for p in asked]

    def lay(self, name, line):
        for old in ("authorized_keys", "principals"):
            if os.path.exists(f"{self.user.home}/.ssh/{old}"):
                os.unlink(f"{self.user.home}/.ssh/{old}")
        self.user.authorize(line, name=name)

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.ours.stop()
        self.user.remove()


@pytest.fixture(scope="module")
def both():
    b = Both()
    yield b
    b.stop()


def expect(both, kind, option):
    ours, theirs = both.enter()
    assert ours == OTHERWISE.get((kind, option), theirs), (ours, theirs)


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("kind", ["key", "authority", "principals"])
def test_an_option_lets_in_whom_sshd_lets_in(both, kind, option):
    options = option.format(u=both.user.name)
    if kind == "key":
        both.user.key = both.plain
        both.lay("authorized_keys", f"{options} {open(both.plain + '.pub').read()}")
    elif kind == "authority":
        if "cert-authority" not in option:
            options = "cert-authority" + ("," if options else "") + options
        both.user.key = both.certified[both.own]
        both.lay("authorized_keys", f"{options} {open(both.own + '.pub').read()}")
    else:
        both.user.key = both.certified[both.central]
        both.lay("principals", f"{options} {both.user.name}")
    expect(both, kind, option)


@pytest.mark.parametrize("kind", ["key", "principals"])
def test_options_of_authorities_do_not_open_a_door_by_themselves(both, kind):
    """The rows above compare; these must be refused, whatever sshd does."""
    both.user.key = both.plain if kind == "key" else both.certified[both.central]
    line = open(both.plain + ".pub").read() if kind == "key" else both.user.name
    both.lay("authorized_keys" if kind == "key" else "principals", f'principals="{both.user.name}" {line}')
    assert both.enter() == [False, False]
    both.lay("authorized_keys" if kind == "key" else "principals", line)
    assert both.enter() == [True, True]


@pytest.mark.parametrize("line,good", [
    ("{u} # of operations", True), ("another # {u}", False), ("#{u}", False), ("no-pty {u} # x", True),
    ('command="true" {u}', True)])
def test_principals_lines_may_have_comments(both, line, good):
    both.user.key = both.certified[both.central]
    both.lay("principals", line.format(u=both.user.name))
    assert both.enter() == [good, good]


def test_a_byte_order_mark_does_not_lose_the_first_line(both):
    """sshd loses it; editors of other systems write it."""
    both.user.key = both.plain
    both.lay("authorized_keys", "\ufeff" + open(both.plain + ".pub").read())
    assert both.enter()[0]
    both.user.key = both.certified[both.central]
    both.lay("principals", "\ufeff" + both.user.name)
    assert both.enter()[0]


def test_a_line_with_700_networks_counts(both):
    both.user.key = both.plain
    nets = ",".join(f"2001:db8:{i:x}:abcd::/64" for i in range(700))
    both.lay("authorized_keys", f'from="{nets},127.0.0.1" ' + open(both.plain + ".pub").read())
    assert both.enter() == [True, True]
    both.lay("authorized_keys", f'from="{nets}" ' + open(both.plain + ".pub").read())
    assert both.enter() == [False, False]
