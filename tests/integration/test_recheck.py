"""Open connections are judged anew: after a reload, a new revocation list, a
change of the account, the end of a certificate, and when an administrator asks."""

import os
import re
import shutil
import signal
import subprocess
import time

import pytest

import sp
import test_nss
from control import ctl
from test_nss import directory  # noqa: F401 (a fixture, of the module)
from test_keys import ca, certify  # noqa: F401 (a fixture)

NONE = 'recheck_interval = "none";'
RULE = """rules = ( %s
  { name = "users"; %s methods = [ "publickey" ]; local_forward = [ "*:*" ]; remote_forward = [ "*:*" ];
    unix_remote = [ "*" ]; agent = true; %s } );"""


def rules(grants="", match="", before="", guards=""):
    text = RULE % (before, f"match = {{ {match} }};" if match else "", grants)
    return text + (f"\nguards = ( {guards} );" if guards else "")


def reload_with(s, old, new):
    s.text = s.text.replace(old, new)
    s.write(s.text)
    assert ctl(s, "reload").returncode == 0


class Session:
    """An open connection on a terminal, with the means to ask more of it."""

    def __init__(self, s, user, *flags, command=("echo ready; exec cat",)):
        self.s, self.user = s, user
        self.path = f"{s.dir}/mux{time.monotonic_ns()}"
        self.p = s.popen(user, *command, flags=("-tt", "-M", "-S", self.path, *flags))
        if not command:  # a shell, which shows what is typed, too
            self.p.stdin.write(b"echo re''ady\n")
            self.p.stdin.flush()
        line = b""
        while b"ready" not in line:
            line = self.p.stdout.readline()
            assert line, self.p.stderr.read()

    def ask(self, *words, flags=()):
        return sp.run(["ssh", "-F", "none", "-S", self.path, *flags, f"{self.user.name}@x", *words])

    def control(self, *words):
        return sp.run(["ssh", "-F", "none", "-S", self.path, *words, f"{self.user.name}@x"])

    def lives(self):
        return self.p.poll() is None

    def echoes(self):
        self.p.stdin.write(b"still here\n")
        self.p.stdin.flush()
        line = b""
        while b"still here" not in line:
            line = self.p.stdout.readline()
            assert line
        return True

    def end(self):
        """What the terminal and the client were told."""
        out, err = self.p.communicate(timeout=25 * sp.SLOW)
        return out.decode(), err.decode()

    def kill(self):
        self.p.kill()
        self.p.communicate()


@pytest.fixture
def sessions():
    made = []

    def make(*args, **kw):
        made.append(Session(*args, **kw))
        return made[-1]
    yield make
    for x in made:
        if x.lives():
            x.kill()


def judged(s, check=0):
    p = ctl(s, "recheck", check=None)
    assert p.returncode == check, (p.stdout, p.stderr)
    return p.stdout.strip()


def test_nothing_changes_where_nothing_has(make_server, user, sessions):
    s = make_server(rules=rules('on_change = "close";'), extra=NONE)
    x = sessions(s, user)
    assert judged(s) == "1 open connections judged: 1 allowed, 0 refused, 0 not known"
    assert ctl(s, "reload").returncode == 0
    assert judged(s).endswith("1 allowed, 0 refused, 0 not known")
    assert x.echoes() and "session.recheck" not in s.log() and "judged anew" not in s.log()


def test_a_reload_ends_whom_it_would_not_let_in(make_server, make_user, sessions):
    a, b = make_user(), make_user()
    for u in (a, b):
        u.make_key()
    s = make_server(rules=rules('on_change = "close";'), extra=NONE)
    x, y = sessions(s, a), sessions(s, b)
    reload_with(s, '{ name = "users"; ', '{ name = "users"; match = { user = "%s"; }; ' % b.name)
    out, err = x.end()
    assert "This session ends in 1 seconds: the policy permits it no more." in out
    assert "the policy permits it no more" in err
    s.wait_log(rf"Connection of {a.name} from 127.0.0.1 port \d+ judged anew after a reload: it was allowed by users "
               r"and is refused \(no rule matches.*\): it ends .*refusal=no_rule")
    assert y.echoes()
    assert judged(s) == "1 open connections judged: 1 allowed, 0 refused, 0 not known"


def test_who_logs_in_while_a_round_goes_on_is_judged_after_it(make_server, user):
    """The agent holds the login up; the policy that let him in is gone by then."""
    s = make_server(rules=rules('on_change = "close";'), extra=NONE)
    door = f"{s.dir}/agent"
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", door], stdout=subprocess.DEVNULL)
    try:
        sp.wait_for(lambda: os.path.exists(door), 10, "the agent's socket")
        subprocess.run(["ssh-add", "-q", user.key], check=True, env=dict(os.environ, SSH_AUTH_SOCK=door))
        agent.send_signal(signal.SIGSTOP)
        client = s.popen(user, "echo ready; exec sleep 600", flags=("-o", f"IdentityAgent={door}"))
        s.wait_log("Key exchange with")
        reload_with(s, '{ name = "users"; ', '{ name = "users"; match = { user = "nobody-here"; }; ')
        agent.send_signal(signal.SIGCONT)
        assert client.wait(60 * sp.SLOW) == 255
        s.wait_log("judged anew")
    finally:
        agent.kill()
        agent.wait()


def test_ignore_is_the_default_and_is_told_once(make_server, user, sessions):
    s = make_server(rules=rules(), extra=NONE)
    x = sessions(s, user)
    reload_with(s, '{ name = "users"; ', '{ name = "users"; match = { user = "nobody-here"; }; ')
    s.wait_log(r"and is refused \(no rule matches.*\): it goes on \(on_change\)")
    for _ in range(2):
        assert judged(s) == "1 open connections judged: 0 allowed, 1 refused, 0 not known"
    assert x.echoes()
    assert len(re.findall("judged anew", s.log())) == 1


def test_a_grace_is_told_and_taken_back(make_server, user, sessions):
    s = make_server(rules=rules('on_change = "grace 30s"; warn_before = 30;'), extra=NONE)
    x = sessions(s, user)
    narrow = '{ name = "users"; match = { user = "nobody-here"; }; '
    reload_with(s, '{ name = "users"; ', narrow)
    s.wait_log("it ends in 30 seconds")
    line = x.p.stdout.readline()
    while b"This session ends in" not in line:
        line = x.p.stdout.readline()
        assert line
    assert b"the policy permits it no more" in line
    reload_with(s, narrow, '{ name = "users"; ')
    s.wait_log("is allowed by users: it goes on after all")
    assert x.echoes()
    reload_with(s, '{ name = "users"; ', narrow)
    reload_with(s, "grace 30s", "grace 1s")
    assert "the policy permits it no more" in x.end()[1]


def test_a_revoked_key_ends_its_connections(make_server, user, sessions):
    krl = f"{sp.SCRATCH}/krl{time.monotonic_ns()}"
    open(krl, "w").close()
    s = make_server(rules=rules('on_change = "close";'), publickey=f'revoked = [ "{krl}" ];', extra=NONE)
    x = sessions(s, user)
    assert judged(s).endswith("1 allowed, 0 refused, 0 not known")
    shutil.copy(user.key + ".pub", krl + "~")
    os.rename(krl + "~", krl)
    # nobody asks: the list is looked at
    out, err = x.end()
    assert "the key that opened it is accepted no more" in out + err
    s.wait_log(rf"judged anew after a changed list: .* is refused \(key SHA256:\S+ is revoked by {krl}\)")


def test_no_round_believes_what_the_one_before_was_told(make_server, user, sessions):
    krl = f"{sp.SCRATCH}/krl{time.monotonic_ns()}"
    open(krl, "w").close()
    s = make_server(rules=rules(), publickey=f'revoked = [ "{krl}" ];', extra=NONE)
    x = sessions(s, user)
    for name in (user.key + ".pub", "/dev/null", user.key + ".pub"):
        shutil.copyfile(name, krl + "~")
        os.rename(krl + "~", krl)
        assert judged(s).endswith("1 refused, 0 not known" if "pub" in name else "1 allowed, 0 refused, 0 not known")
    assert x.echoes()


def test_a_list_that_cannot_be_read_ends_nothing(make_server, user, sessions):
    krl = f"{sp.SCRATCH}/krl{time.monotonic_ns()}"
    open(krl, "w").close()
    s = make_server(rules=rules('on_change = "close";'), publickey=f'revoked = [ "{krl}" ];', extra=NONE)
    x = sessions(s, user)
    os.unlink(krl)
    assert judged(s).endswith("0 allowed, 0 refused, 1 not known")
    s.wait_log(r"is not known \(revocation list .* cannot be used.*\): it stays as it is")
    assert x.echoes()


@pytest.mark.parametrize("change, sentence", [
    (["usermod", "-L"], "the account has been locked"),
    (["usermod", "-e", "1"], "the account has expired"),
    (["gpasswd", "-d"], "the policy permits it no more"),
    (["userdel", "-f"], "the account has been removed")], ids=["locked", "expired", "group", "removed"])

def test_a_change_of_the_account_ends_its_connections(make_server, make_user, sessions, change, sentence):
    sp.run(["groupadd", "-f", "spt_ops"])
    user = make_user(groups=("spt_ops",))
    user.make_key()
    s = make_server(rules=rules('on_change = "close";', match='group = "spt_ops";'),
                    extra="recheck_interval = 10;")
    x = sessions(s, user)
    argv = [*change, user.name, "spt_ops"] if change[0] == "gpasswd" else [*change, user.name]
    p = sp.run(argv)
    assert p.returncode in (0, 12), p.stderr  # 12: the home stays
    out, err = x.end()
    assert sentence in out + err
    s.wait_log("judged anew after recheck_interval")


@pytest.mark.parametrize("where", ["guards", "overlays"])
def test_the_on_change_that_comes_with_the_refusal_is_heard(make_server, user, sessions, where):
    s = make_server(rules=rules(), extra=NONE)
    x = sessions(s, user)
    s.text += f'\n{where} = ( {{ name = "strict"; match = {{ user = "{user.name}"; }}; on_change = "close"; }} );\n'
    reload_with(s, '{ name = "users"; ', '{ name = "users"; match = { user = "nobody-here"; }; ')
    assert "the policy permits it no more" in x.end()[1]


def test_a_lock_counts_that_came_before_on_change_said_so(make_server, user, sessions):
    s = make_server(rules=rules('on_change = "ignore";'), extra=NONE)
    x = sessions(s, user)
    sp.run(["usermod", "-L", user.name], check=0)
    reload_with(s, '"ignore"', '"close"')
    assert "the account has been locked" in x.end()[1]


def test_who_was_locked_before_goes_on(make_server, user, sessions):
    sp.run(["usermod", "-L", user.name], check=0)
    s = make_server(rules=rules('on_change = "close";'), extra=NONE)
    x = sessions(s, user)
    assert judged(s).endswith("1 allowed, 0 refused, 0 not known")
    assert x.echoes()


def test_the_end_of_a_certificate_ends_the_connection(make_server, user, ca, sessions):  # noqa: F811
    s = make_server(rules=rules("until_certificate_ends = true; warn_before = 5;"), extra=NONE,
                    publickey=f'ca_keys = [ "{ca}.pub" ];')
    certify(ca, user, "-V", "always:+12s", principals=user.name)
    x = sessions(s, user)
    out, err = x.end()
    assert re.search(r"This session ends in \d+ seconds: the certificate is valid no more", out)
    assert "the certificate is valid no more" in err


GUARD = '{ name = "tight"; match = { user = "*"; }; %s }'


def test_what_a_guard_takes_away_is_taken_from_open_connections(make_server, user, sessions):
    user.make_key()
    s = make_server(rules=rules('on_change = "ignore";'), extra=NONE)
    first, second, third = (next(sp._ports) for _ in range(3))
    x = sessions(s, user, "-A", "-R", f"{first}:127.0.0.1:9", "-R", f"{user.home}/sock:127.0.0.1:9")
    assert x.control("-O", "forward", "-R", f"{second}:127.0.0.1:9").returncode == 0

    def listens(port):
        return f":{port:04X} " in open("/proc/net/tcp").read()
    sp.wait_for(lambda: listens(first) and listens(second), what="listeners")
    before = s.text
    s.text += "\nguards = ( " + GUARD % (
        f'agent = false; exec = false; unix_remote = [ "/nowhere" ]; remote_forward = [ "*:{second}" ];') + " );\n"
    s.write(s.text)
    assert ctl(s, "reload").returncode == 0
    s.wait_log(r"judged anew after a reload: granted otherwise: (?=.*\bexec\b)(?=.*\bagent\b)(?=.*remote_forward)"
               r"(?=.*unix_remote)")
    sp.wait_for(lambda: not listens(first), what="the end of a listener")
    assert listens(second)
    assert x.control("-O", "forward", "-R", f"{third}:127.0.0.1:9").returncode != 0
    assert x.ask("true").returncode != 0
    s.wait_log(r"exec request by user \S+ failed, .*: exec of ")
    assert x.echoes()
    # and what was taken away comes back, up to what was granted at the login
    s.text = before
    s.write(s.text)
    assert ctl(s, "reload").returncode == 0
    sp.wait_for(lambda: x.ask("true").returncode == 0, what="exec once more")


def test_no_policy_grants_more_to_an_open_connection(make_server, user, sessions):
    s = make_server(rules=rules("exec = false;"), extra=NONE)
    x = sessions(s, user, command=())
    reload_with(s, "exec = false;", "exec = true;")
    assert judged(s).endswith("1 allowed, 0 refused, 0 not known")
    assert x.ask("true").returncode != 0
    assert s.ssh(user, "true").returncode == 0


def test_two_lists_that_stay_are_no_change(make_server, user, sessions):
    s = make_server(rules=rules(guards=GUARD % 'local_forward = [ "127.0.0.1:*" ];'), extra=NONE)
    x = sessions(s, user)
    assert judged(s).endswith("1 allowed, 0 refused, 0 not known")
    assert x.echoes() and "granted otherwise" not in s.log()


def test_a_new_forced_command_lets_nothing_else_start(make_server, user, sessions):
    s = make_server(rules=rules(), extra=NONE)
    x = sessions(s, user)
    assert x.ask("echo free").stdout == "free\n"
    reload_with(s, 'agent = true;', 'agent = true; command = "echo forced";')
    s.wait_log("granted otherwise: .*exec")
    assert "free" not in x.ask("echo free").stdout
    assert s.ssh(user, "echo free").stdout == "forced\n"


def test_a_policy_on_trial_ends_nothing_until_it_is_confirmed(make_server, user, sessions):
    s = make_server(rules=rules('on_change = "close";'), extra=NONE)
    x = sessions(s, user)
    s.text = s.text.replace('{ name = "users"; ', '{ name = "users"; match = { user = "nobody-here"; }; ')
    s.write(s.text)
    assert ctl(s, "reload", "--confirm", "5m").returncode == 0
    p = ctl(s, "recheck", check=None)
    assert p.returncode != 0 and "on trial" in p.stderr
    assert x.echoes()
    assert ctl(s, "confirm").returncode == 0
    assert "the policy permits it no more" in x.end()[1]


def test_sessions_that_a_server_takes_over_are_judged(make_server, user, sessions):
    s = make_server(rules=rules('on_change = "close";'), extra=NONE)
    x = sessions(s, user)
    children = s.processes
    s.processes = lambda title=None: {}  # they stay
    s.stop()
    s.processes = children
    s.start()
    sp.wait_for(lambda: "1 open connections judged: 1 allowed" in judged(s), what="the session to be judged")
    reload_with(s, '{ name = "users"; ', '{ name = "users"; match = { user = "nobody-here"; }; ')
    assert "the policy permits it no more" in x.end()[1]


def test_a_directory_that_is_down_ends_nothing(make_server, make_user, sessions):
    test_nss.sources("files sptest")
    test_nss.health("up")
    user = make_user()
    user.make_key()
    s = make_server(rules=rules('on_change = "close";', before='{ name = "out"; match = { group = "suspended"; }; '
                                'refuse = true; },'), extra=NONE + ' deadlines = { nss = "2s"; };')
    x = sessions(s, user)
    try:
        for word in ("down", "slow"):
            test_nss.health(word, user.name)
            assert judged(s) == "1 open connections judged: 0 allowed, 0 refused, 1 not known", word
            assert x.echoes()
    finally:
        test_nss.health("up", user.name)
    s.wait_log("it was allowed by users and is not known .*: it stays as it is")
    s.wait_log("judge of open connections died of signal 14: the name service does not answer")
    sp.wait_for(lambda: "1 refused" in judged(s) or not x.lives(), 30, "the directory to be asked")
    assert "the policy permits it no more" in x.end()[1]


@pytest.mark.parametrize("word", ["down", "slow"])
def test_a_directory_that_is_down_hides_no_revoked_key(make_server, make_user, sessions, word):
    test_nss.sources("files sptest")
    test_nss.health("up")
    user = make_user()
    user.make_key()
    krl = f"{sp.SCRATCH}/krl{time.monotonic_ns()}"
    open(krl, "w").close()
    s = make_server(rules=rules('on_change = "close";', before='{ name = "out"; match = { group = "suspended"; }; '
                                'refuse = true; },'), publickey=f'revoked = [ "{krl}" ];',
                    extra=NONE + ' deadlines = { nss = "2s"; };')
    x = sessions(s, user)
    try:
        test_nss.health(word, user.name)
        assert judged(s).endswith("0 allowed, 0 refused, 1 not known")
        shutil.copyfile(user.key + ".pub", krl)
        # On a busy machine a round may end before the slow directory has been given up.
        sp.wait_for(lambda: "1 refused" in ctl(s, "recheck", check=None).stdout, 60, "the revoked key")
        assert "the key that opened it is accepted no more" in x.end()[1]
    finally:
        test_nss.health("up")


def test_many_are_judged_and_logins_go_on(make_server, user):
    """Not the thousand of the goal: a pace that a thousand would keep, too."""
    s = make_server(rules=rules('on_change = "close";'), extra=NONE,
                    limits='startups = { begin = 500; rate = 1; full = 600; };')
    master = Session(s, user)
    many = [s.popen(user, "echo ready; exec cat") for _ in range(40)]
    try:
        for p in many:
            assert p.stdout.readline() == b"ready\n"
        assert judged(s) == "41 open connections judged: 41 allowed, 0 refused, 0 not known"
        assert s.ssh(user, "true").returncode == 0
        reload_with(s, '{ name = "users"; ', '{ name = "users"; match = { user = "nobody-here"; }; ')
        for p in many:
            p.wait(timeout=30 * sp.SLOW)
            assert b"the policy permits it no more" in p.stderr.read()
    finally:
        for p in many:
            p.kill()
        master.kill()
