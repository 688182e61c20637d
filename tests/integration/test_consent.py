"""Consent: a text that a login must agree to, behind every proof and before access."""

import hashlib
import os
import re
import subprocess

import pytest

import rawssh
import sp
from control import ctl

TEXT = "You use a system of Example Inc.\nÜse it for its work only.\n\nEverything is logged.\n"
FILE = sp.SCRATCH + "/consent.txt"
DIGEST = hashlib.sha256(TEXT.encode()).hexdigest()
ASKED = 'Type "yes" to agree: '
GIVEN, REFUSED, SHOWN = " agreed to /", " did not agree to ", " was shown /"
IN = r"Accepted [a-z-]+(/\w+)? for "


def put(text=TEXT, mode=0o644):
    with open(FILE, "wb") as f:
        f.write(text if isinstance(text, bytes) else text.encode())
    os.chmod(FILE, mode)


@pytest.fixture(autouse=True)
def text():
    put()
    yield
    if os.path.lexists(FILE):
        os.unlink(FILE)


def consent(require="true", file=FILE):
    return f'consent = {{ file = "{file}"; require = {require}; }};'


class Person:
    """Answers what ssh asks, one line of the list a question; then gives up."""

    def __init__(self, server, user, *answers):
        self.server, self.user = server, user
        self.seen, self.left, self.program = (f"{server.dir}/{n}" for n in ("seen", "answers", "askpass"))
        with open(self.left, "w") as f:
            f.writelines(a + "\n" for a in answers)
        with open(self.seen, "w"):
            pass
        with open(self.program, "w") as f:
            f.write(f"#!/bin/sh\nprintf '%s\\0' \"$1\" >>{self.seen}\n[ -s {self.left} ] || exit 1\n"
                    f"head -n 1 {self.left}\nsed -i 1d {self.left}\n")
        os.chmod(self.program, 0o755)

    def run(self, argv, **kw):
        env = dict(os.environ, SSH_ASKPASS=self.program, SSH_ASKPASS_REQUIRE="force", LC_ALL="C.UTF-8")
        return sp.run(argv, env=env, **kw)

    def ssh(self, *command, methods="publickey,keyboard-interactive", flags=(), **options):
        options.setdefault("BatchMode", "no")
        return self.run(self.server.ssh_argv(
            self.user, *command, flags=flags, PreferredAuthentications=methods,
            PubkeyAuthentication="yes" if "publickey" in methods else "no", **options))

    def questions(self):
        return open(self.seen).read().split("\0")[:-1]


def test_a_login_by_key_agrees_before_it_gets_in(make_server, user):
    s = make_server(grants=consent(), log_level="verbose")
    person = Person(s, user, "yes")
    p = person.ssh("echo in")
    assert (p.returncode, p.stdout) == (0, "in\n"), p.stderr
    (question,) = person.questions()
    assert question.endswith(f"\n{TEXT}\n{ASKED}")
    log = s.log()
    given = next(line for line in log.splitlines() if GIVEN in line)
    assert f"{user.name} from 127.0.0.1 agreed to {FILE} ({DIGEST}) as rule users asks" in given, given
    assert log.index(GIVEN) < re.search(IN, log).start() < log.index("Starting session")
    accepted = next(line for line in log.splitlines() if re.search(IN, line))
    assert f"Accepted publickey for {user.name}" in accepted and "SHA256:" in accepted


@pytest.mark.parametrize("method, answers", [("password", ["s3cret pass", "yes"]),
                                             ("keyboard-interactive", ["s3cret pass", " YES "])])
def test_a_login_by_password_agrees_too(make_server, user, method, answers):
    s = make_server(grants=consent())
    person = Person(s, user, *answers)
    p = person.ssh("echo in", methods=f"{method},keyboard-interactive")
    assert (p.returncode, p.stdout) == (0, "in\n"), p.stderr
    assert len(person.questions()) == 2 and TEXT in person.questions()[1]
    s.wait_log(GIVEN)
    accepted = next(line for line in s.log().splitlines() if re.search(IN, line))
    assert f"Accepted {method}" in accepted and "consent" not in accepted


@pytest.mark.parametrize("answers", [["no"] * 3, ["", "y", "yes please"], ["yess", "ja", "s3cret pass"],
                                     ["x" * 900] * 3, ["no"], []],
                         ids=["no", "nearly", "others", "long", "gives up", "says nothing"])
def test_another_answer_does_not_get_in(make_server, user, answers):
    s = make_server(grants=consent())
    person = Person(s, user, *answers)
    p = person.ssh(f"touch {user.home}/in")
    assert p.returncode == 255 and not os.path.exists(f"{user.home}/in")
    s.wait_log(REFUSED)
    assert GIVEN not in s.log() and not re.search(IN, s.log())
    assert "s3cret" not in s.log() and "x" * 300 not in s.log()
    # It can be asked again on the next connection.
    assert Person(s, user, "yes").ssh("echo in").stdout == "in\n"


def test_the_largest_text_is_shown_whole(make_server, user):
    lines = "".join(f"{i:04} {'x' * 74}\n" for i in range(102))
    put(lines + "y" * (8191 - len(lines)) + "\n")
    s = make_server(grants=consent())
    person = Person(s, user, "yes")
    assert person.ssh("echo in").stdout == "in\n"
    assert open(FILE).read() in person.questions()[0]


def test_who_does_not_answer_in_time_does_not_get_in(make_server, user):
    s = make_server(grants=consent(), limits="login_grace = 5;")
    person = Person(s, user, "yes")
    with open(person.program, "w") as f:
        f.write(f"#!/bin/sh\nuntil grep -q 'Timeout before' {s.log_file}; do sleep 0.2; done\necho yes\n")
    mark = s.mark()
    assert person.ssh("echo in").returncode == 255
    s.wait_log("Timeout before authentication", after=mark)
    assert GIVEN not in s.log() and not re.search(IN, s.log())


def test_other_answers_count_as_failures_and_the_right_one_may_follow(make_server, user):
    s = make_server(grants=consent() + "max_auth_tries = 2;")
    assert Person(s, user, "no", "yes").ssh("echo in").stdout == "in\n"
    mark = s.mark()
    person = Person(s, user, "no", "no", "yes")
    assert person.ssh("echo in").returncode == 255
    s.wait_log("maximum authentication attempts exceeded", after=mark)
    s.wait_log("the client ended without agreeing", after=mark)
    assert len(person.questions()) == 2
    assert s.log()[mark:].count("the answer was another") >= 2
    assert s.log()[mark:].count("Failed keyboard-interactive/consent for " + user.name) == 2


def test_a_client_that_cannot_ask_is_refused(make_server, user):
    s = make_server(grants=consent())
    put_file = f"{s.dir}/batch"
    with open(put_file, "w") as f:
        f.write(f"mkdir {user.home}/in\n")
    options = s.options(user, BatchMode="yes")
    to = f"{user.name}@127.0.0.1"
    for argv in (s.ssh_argv(user, f"touch {user.home}/in"), s.ssh_argv(user, f"touch {user.home}/in", flags=["-T"]),
                 ["sftp", *options, "-P", str(s.port), "-b", put_file, to],
                 ["scp", *options, "-P", str(s.port), put_file, f"{to}:{user.home}/in"]):
        mark = s.mark()
        assert sp.run(argv).returncode == 255, argv
        s.wait_log(REFUSED + ".*the client ended without agreeing", after=mark)
        assert not re.search(IN, s.log()) and not os.path.exists(f"{user.home}/in")


def test_sftp_and_scp_ask_a_person(make_server, user):
    s = make_server(grants=consent())
    options = s.options(user)
    to = f"{user.name}@127.0.0.1"
    person = Person(s, user, "yes")
    p = person.run(["sftp", *options, "-P", str(s.port), to], input=f"mkdir {user.home}/in\n")
    assert p.returncode == 0 and os.path.isdir(f"{user.home}/in"), p.stderr
    person = Person(s, user, "yes")
    p = person.run(["scp", *options, "-P", str(s.port), FILE, f"{to}:{user.home}/in/"])
    assert p.returncode == 0 and os.path.exists(f"{user.home}/in/consent.txt"), p.stderr


def test_a_shared_connection_is_asked_once(make_server, user):
    s = make_server(grants=consent())
    person = Person(s, user, "yes")
    share = {"ControlMaster": "auto", "ControlPath": f"{s.dir}/mux", "ControlPersist": "60"}
    try:
        assert person.ssh("echo one", **share).stdout == "one\n"
        assert person.ssh("echo two", **share).stdout == "two\n"
        assert len(person.questions()) == 1
    finally:
        sp.run(["ssh", "-o", f"ControlPath={s.dir}/mux", "-O", "exit", "x"])


BAD = {"missing": None, "writable": (TEXT, 0o666), "large": ("x" * 8193, 0o644), "empty": (" \n\n", 0o644),
       "zero byte": (b"one\0two", 0o644)}


@pytest.mark.parametrize("how", BAD)
def test_a_text_that_cannot_be_read_refuses_where_it_is_required(make_server, user, how):
    s = make_server(grants=consent())
    if BAD[how] is None:
        os.unlink(FILE)
    else:
        put(*BAD[how])
    person = Person(s, user, "yes")
    p = person.ssh("echo in", LogLevel="INFO")
    assert p.returncode == 255 and p.stdout == "" and person.questions() == []
    assert "Nobody may log in until a text that must be agreed to can be read" in p.stderr
    s.wait_log(REFUSED)
    s.wait_log("there is no text to agree to")
    # Such a file is an error for those who change the configuration.
    p = s.check()
    assert p.returncode != 0 and "consent_file: " + FILE in p.stderr
    put()
    assert s.check().returncode == 0
    assert Person(s, user, "yes").ssh("echo in").stdout == "in\n"


def test_a_text_that_is_not_required_is_shown_and_stops_nobody(make_server, user):
    s = make_server(grants=consent(require="false"))
    p = s.ssh(user, "echo in", LogLevel="INFO")
    assert (p.returncode, p.stdout) == (0, "in\n") and TEXT in p.stderr
    s.wait_log(SHOWN + f".*{DIGEST}")
    os.unlink(FILE)
    p = s.ssh(user, "echo in", LogLevel="INFO")
    assert (p.returncode, p.stdout) == (0, "in\n")
    s.wait_log("is not shown: it cannot be read")


def test_a_text_cannot_move_the_cursor(make_server, user):
    put("one\x1b[2Jtwo\r\nthree\x9b\rfour\u202efive\tsix\n".encode("utf-8", "surrogateescape") + b"\xff\n")
    s = make_server(grants=consent())
    person = Person(s, user, "yes")
    assert person.ssh("echo in").stdout == "in\n"
    (question,) = person.questions()
    shown = question.split("\n", 1)[1]
    assert shown.startswith("one?[2Jtwo\nthree"), shown
    assert not any(c in question for c in "\x1b\r\x9b\u202e\xff") and "\tsix\n?" in question


def test_a_guard_requires_what_a_rule_leaves_out(make_server, user):
    other = sp.SCRATCH + "/other.txt"
    with open(other, "w") as f:
        f.write("The guard's.\n")
    guard = f'guards = ( {{ name = "all"; {consent(file=other)} }} );'
    s = make_server(grants=consent(require="false"), extra=guard)
    assert s.ssh(user, "echo in").returncode == 255
    person = Person(s, user, "yes")
    assert person.ssh("echo in").stdout == "in\n"
    assert TEXT in person.questions()[0]  # the rule's text stands
    s = make_server(extra=guard)
    person = Person(s, user, "yes")
    assert person.ssh("echo in").stdout == "in\n"
    assert "The guard's." in person.questions()[0]
    # A guard's "false" takes nothing back.
    s = make_server(grants=consent(), extra='guards = ( { name = "no"; consent_require = false; } );')
    assert s.ssh(user, "echo in").returncode == 255
    os.unlink(other)


def test_a_guard_that_spares_machines_lets_them_in(make_server, user):
    s = make_server(extra='guards = ( { name = "people"; match = { user = "!%s"; }; %s } );'
                    % (user.name, consent()))
    assert s.ssh(user, "echo in").stdout == "in\n"
    assert GIVEN not in s.log()


def test_a_requirement_without_a_text_lets_nobody_in(make_server, user):
    s = make_server(extra='guards = ( { name = "all"; consent_require = true; } );')
    assert "rules.users has no consent_file" in s.check().stderr
    p = Person(s, user, "yes").ssh("echo in")
    assert p.returncode == 255 and p.stdout == ""
    s.wait_log(REFUSED + ".*no consent_file is set")
    s = make_server(grants="consent_require = true;", start=False)
    p = s.check()
    assert "rules.users.consent_require: needs consent_file: nobody gets in by this rule" in p.stderr


def test_nothing_but_the_dialogue_follows_while_an_answer_is_due(make_server, user):
    s = make_server(grants=consent() + "max_auth_tries = 20;")
    with rawssh.Raw(s) as c:
        c.kex()
        c.service()
        password = ("password", 0, rawssh.string(user.password))
        c.request(user.name, *password)
        assert c.expect(51)[1:] == rawssh.string("keyboard-interactive") + b"\1"
        for method in (("none",), password, ("publickey", 0, rawssh.string("ssh-ed25519"), rawssh.string("x"))):
            c.request(user.name, *method)
            assert c.expect(51)[1:] == rawssh.string("keyboard-interactive") + b"\0", method
        # answers in other numbers than asked for, and one that is too long
        for answers in (b"\0\0\0\0", b"\0\0\0\2" + 2 * rawssh.string(b"yes"),
                        b"\0\0\0\1" + rawssh.string(b"yes\0"), b"\0\0\0\1" + rawssh.string(b"yes" + 5000 * b" ")):
            c.request(user.name, "keyboard-interactive", rawssh.string(b""), rawssh.string(b""))
            c.expect(60)
            c.send(b"\x3d", answers)
            c.expect(51)
        # a question that is left for another request stays due
        c.request(user.name, "keyboard-interactive", rawssh.string(b""), rawssh.string(b""))
        c.expect(60)
        c.request(user.name, "keyboard-interactive", rawssh.string(b""), rawssh.string(b""))
        c.expect(60)
        assert GIVEN not in s.log() and not re.search(IN, s.log())
        c.send(b"\x3d", b"\0\0\0\1" + rawssh.string(b"yes"))
        c.expect(52)
    s.wait_log(GIVEN)


def test_an_expired_password_is_changed_before_consent(make_server, user):
    sp.write_pam("sp-consent", "auth required pam_unix.so\naccount required pam_unix.so\n"
                               "password required pam_unix.so\nsession required pam_permit.so\n")
    s = make_server(grants=consent(), pam_service="sp-consent")
    sp.run(["chage", "-d", "0", user.name], check=0)
    new = "a n0ther longer pass"
    person = Person(s, user, user.password, user.password, new, new, "yes")
    p = person.ssh("echo in", methods="keyboard-interactive")
    assert (p.returncode, p.stdout) == (0, "in\n"), (p.stderr, person.questions())
    log = s.log()
    assert log.index("was changed") < log.index(GIVEN) < re.search(IN, log).start()


def test_check_show_and_explain_know_consent(make_server, user):
    s = make_server(grants=consent())
    assert FILE in ctl(s, "show").stdout
    p = ctl(s, "explain", "--user", user.name, "--from", "192.0.2.1")
    assert f"consent_file = \"{FILE}\"" in p.stdout and "consent_require = true" in p.stdout


def test_a_self_test_is_not_asked(make_server, user):
    s = make_server(grants=consent())
    p = ctl(s, "selftest", "--user", user.name)
    assert "consent: not asked in a self-test" in p.stdout, p.stdout + p.stderr


def test_plink_agrees(make_server, user):
    if subprocess.call(["which", "plink"], stdout=subprocess.DEVNULL):
        pytest.skip("no plink")
    s = make_server(grants=consent())
    fingerprint = sp.run(["ssh-keygen", "-lf", s.host_keys[0]]).stdout.split()[1]
    argv = ["plink", "-ssh", "-P", str(s.port), "-hostkey", fingerprint, "-pw", user.password,
            "-no-antispoof", f"{user.name}@127.0.0.1", "echo in"]
    p = sp.run(argv, input="yes\n")
    assert "in\n" in p.stdout, p.stdout + p.stderr
    assert "Example Inc." in p.stdout + p.stderr
    assert "in\n" not in sp.run(argv, input="no\nno\nno\nno\n").stdout
    assert "in\n" not in sp.run([*argv[:1], "-batch", *argv[1:]]).stdout
