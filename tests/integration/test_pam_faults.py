"""PAM, seen by a module that does what it is told, and by a counter between
the server and libpam.

shared/reference/pam.md, section 5.5, item by item (files without a name are
test_pam.py, ! stands for this one):
 1 one request for the prompts of a call: ! test_prompts_of_one_call_are_one_request
 2 text alone at once: ! test_a_text_is_shown_before_the_module_goes_on
 3 one process, an ancestor: test_one_process_for_all_phases_and_it_is_an_ancestor
 4 loginuid, limits, umask, environment: test_limits_umask_environment_...;
   keyring, namespace, groups, by shell, command and sftp: test_keyring_...
 5 PAM_TTY: test_the_tty_is_the_real_one
 6 account refusal: test_an_account_refusal_..., ! test_errors_of_each_call[account]
 7 session refusal: test_a_session_refusal_is_told, ! test_errors_of_each_call[open]
 8 expired passwords: test_an_expired_password_... (3), test_sftp_after_the_change_...
 9 faillock: test_faillock_counts_one_wrong_password_once
10 unknown users: test_unknown_and_wrong_look_the_same, test_oracle.py
11 the client vanishes: test_the_client_vanishing_at_a_prompt_leaves_nothing
12 the worker is killed: ! test_all_is_undone_when_the_worker_is_killed
13 PAM_USER changes: ! test_a_user_that_a_module_changes
14 maxtries: ! test_maxtries_stops
15 a hanging module: test_a_module_that_hangs_ends_at_its_deadline
16 secrets: ! test_a_password_is_nowhere_..., test_no_core_is_left_..., test_who_holds_secrets_leaves_no_core (test_processes)
17 a service of its own: test_a_second_factor_..., test_google_authenticator_...
18 account for keys and hosts: test_the_same_with_keyboard_interactive_and_keys,
   test_hostbased.py test_the_account_has_the_last_word
19 balance: ! test_handles_and_sessions_balance
20 errors: ! test_errors_of_each_call, ! test_a_pam_module_that_crashes_is_named;
   every status of every phase in tests/unit/modules/test_pam.c"""

import os
import signal
import struct
import subprocess
import threading

import pytest

import sp
from test_processes import memory_has

CONTROL = "/mnt/sp/probe"
COUNTERS = "/mnt/sp/pam_counters"
LOGINS = int(os.environ.get("SALLYPORT_PAM_LOGINS", "1000"))
STAGES = ("auth", "establish", "delete", "account", "open", "close", "chauthtok")
# <security/_pam_types.h>, all that a stack can hand back
STATUS = {n: i for i, n in enumerate(
    "SUCCESS OPEN_ERR SYMBOL_ERR SERVICE_ERR SYSTEM_ERR BUF_ERR PERM_DENIED "
    "AUTH_ERR CRED_INSUFFICIENT AUTHINFO_UNAVAIL USER_UNKNOWN MAXTRIES "
    "NEW_AUTHTOK_REQD ACCT_EXPIRED SESSION_ERR CRED_UNAVAIL CRED_EXPIRED "
    "CRED_ERR NO_MODULE_DATA CONV_ERR AUTHTOK_ERR AUTHTOK_RECOVERY_ERR "
    "AUTHTOK_LOCK_BUSY AUTHTOK_DISABLE_AGING TRY_AGAIN IGNORE ABORT "
    "AUTHTOK_EXPIRED MODULE_UNKNOWN BAD_ITEM CONV_AGAIN INCOMPLETE".split())}


@pytest.fixture(scope="module", autouse=True)
def built():
    names = ("pam_probe", "pam_count")
    subprocess.run(["make", "-s", "-C", sp.BUILD,
                    *(f"tests/integration/pam/{n}.la" for n in names)], check=True)
    for n in names:
        subprocess.run(["install", "-m", "644", f"{sp.BUILD}/tests/integration/pam/.libs/{n}.so",
                        f"/mnt/sp/{n}.so"], check=True)
    probe = f"/mnt/sp/pam_probe.so control={CONTROL}"
    sp.write_pam("sp-probe", f"auth required {probe}\naccount required {probe}\n"
                 f"session required {probe}\npassword required {probe}\n")


class Probe:
    """What the module is to do, and what was asked of it."""

    def tell(self, *lines):
        with open(CONTROL + ".new", "w") as f:
            f.write("\n".join(lines) + "\n")
        os.rename(CONTROL + ".new", CONTROL)
        open(CONTROL + ".log", "w").close()

    def calls(self):
        return [line.split()[0] for line in open(CONTROL + ".log")]

    def wait(self, *calls):
        try:
            sp.wait_for(lambda: self.calls() == list(calls), what=str(calls))
        except AssertionError as e:
            raise AssertionError(f"{e}: {self.calls()}")


@pytest.fixture
def probe():
    p = Probe()
    p.tell()
    return p


@pytest.fixture
def probed(make_server, user, probe):
    return make_server(pam_service="sp-probe", limits="max_auth_tries = 3;",
                       extra="deadlines = { failure_delay = 10; };")


def alone(server):
    """No connection is left: every monitor has ended its handles."""
    sp.wait_for(lambda: not server.processes(r"monitor \S+"), what="the monitors' end")


def interactive(user, server, handler):
    import paramiko
    t = paramiko.Transport(("127.0.0.1", server.port))
    try:
        t.start_client(timeout=20 * sp.SLOW)
        t.auth_timeout = 30 * sp.SLOW
        t.auth_interactive(user.name, handler)
        return t.is_authenticated()
    except paramiko.AuthenticationException:
        return False
    finally:
        t.close()


@pytest.mark.parametrize("count", [2, 5])
def test_prompts_of_one_call_are_one_request(probed, user, probe, count):
    rounds = []

    def handler(title, instructions, prompts):
        rounds.append(prompts)
        return [str(i + 1) for i in range(len(prompts))]
    probe.tell(f"auth ask={count}")
    assert interactive(user, probed, handler)
    asked = [r for r in rounds if r]
    assert asked == [[(f"Question {i + 1}:", i % 2 == 0) for i in range(count)]] or \
        asked == [[(f"Question {i + 1}: ", i % 2 == 0) for i in range(count)]]


def test_a_text_is_shown_before_the_module_goes_on(probed, user, probe):
    shown = threading.Event()
    gate = "/mnt/sp/gate"
    if os.path.exists(gate):
        os.unlink(gate)

    def handler(title, instructions, prompts):
        if "Touch the probe." in instructions:
            shown.set()
            open(gate, "w").close()  # the module waits for this
        return ["" for _ in prompts]
    probe.tell(f"auth say={gate}")
    assert interactive(user, probed, handler)
    assert shown.is_set()


def test_all_is_undone_when_the_worker_is_killed(probed, user, probe):
    p = probed.popen(user, "echo on; cat")
    assert p.stdout.readline() == b"on\n"
    templates = probed.processes("workers")
    worker = [w for w in probed.processes("worker") if w not in templates][0]
    os.kill(worker, signal.SIGKILL)
    p.communicate(timeout=20 * sp.SLOW)
    probe.wait("account", "establish", "open", "close", "delete")


def test_a_user_that_a_module_changes(probed, user, make_user, probe):
    """The same account under the same name goes on; another one never."""
    other = make_user()
    for name, good in ((user.name, True), (other.name, False), ("root", False),
                       ("spt_nobody_at_all", False)):
        for stage in ("auth", "account", "establish", "open"):
            probe.tell(f"{stage} user={name}")
            mark = probed.mark()
            p = probed.ssh(user, "id -un", password="x")
            assert (p.stdout == user.name + "\n") == good, (name, stage, p.stdout, p.stderr)
            if not good:
                assert p.stdout == ""
                probed.wait_log(rf"pam wanted to change the user {user.name} to {name}: refused", after=mark)
    # a second name of the same uid is the same user
    alias = "spt_alias"
    with open("/etc/passwd", "a") as f:
        f.write(f"{alias}:x:{user.uid}:{user.gid}::{user.home}:/bin/sh\n")
    probe.tell(f"auth user={alias}")
    assert probed.ssh(user, "id -u", password="x", check=0).stdout == f"{user.uid}\n"


# One of each kind; the unit tests have every status in every phase.
KINDS = ("AUTH_ERR", "PERM_DENIED", "SYSTEM_ERR", "MAXTRIES", "IGNORE", "CRED_ERR")
CALLS = {"auth": "pam_authenticate", "account": "pam_acct_mgmt",
         "establish": "pam_setcred", "open": "pam_open_session",
         "close": "pam_close_session", "delete": "pam_setcred",
         "chauthtok": "pam_chauthtok"}
UNTIL = {"auth": ["auth"], "account": ["auth", "account"],
         "chauthtok": ["auth", "account", "chauthtok"],
         "establish": ["auth", "account", "establish", "delete"],
         "open": ["auth", "account", "establish", "open", "delete"]}
ALL = ["auth", "account", "establish", "open", "close", "delete"]
# The reason code of the event that refuses (the log's sentences, to be exact)
SAYS = {"auth": r"(Failed|Could not check) password for {user} ",
        "account": r"User {user} from 127.0.0.1 not allowed because .*refusal=account",
        "establish": r"(?i)session .*{user}|{user}.*session",
        "open": r"(?i)session .*{user}|{user}.*session",
        "chauthtok": r"(?i)password.*{user}"}


@pytest.mark.parametrize("stage", STAGES)
def test_errors_of_each_call(probed, user, probe, stage):
    """Nothing is granted, what was begun is undone, and the log names the
    call.  What fails at the end of a session takes nothing back."""
    granted = stage in ("close", "delete")
    for kind in KINDS:
        lines = [f"{stage} {STATUS[kind]}"]
        if stage == "chauthtok":
            lines.append(f"account {STATUS['NEW_AUTHTOK_REQD']}")
        probe.tell(*lines)
        mark = probed.mark()
        p = probed.ssh(user, "echo in", password="x", NumberOfPasswordPrompts="1")
        assert (p.stdout == "in\n") == granted, (kind, p.stdout, p.stderr)
        assert (p.returncode == 0) == granted, (kind, p.stderr)
        probe.wait(*UNTIL.get(stage, ALL))
        probed.wait_log(rf"PAM service sp-probe, {CALLS[stage]} for {user.name}: (?!Success)",
                        after=mark)
        if not granted:
            probed.wait_log(SAYS[stage].format(user=user.name), after=mark)
    alone(probed)


def test_maxtries_stops(probed, user, probe):
    """No method of PAM is asked again in that connection."""
    probe.tell(f"auth {STATUS['MAXTRIES']}")
    p = probed.ssh(user, "true", password="x", NumberOfPasswordPrompts="3",
                   PreferredAuthentications="password,keyboard-interactive")
    assert p.returncode != 0
    alone(probed)
    probe.wait("auth")


@pytest.mark.parametrize("stage", ["auth", "account", "establish", "open", "close", "delete"])
def test_a_pam_module_that_crashes_is_named(probed, user, make_user, probe, stage):
    probe.tell(f"{stage} crash")
    probed.ssh(user, "true", password="x", NumberOfPasswordPrompts="1")
    if not sp.ASAN:
        probed.wait_log(rf"Module pam ended its process, signal 6, in {CALLS[stage]} \(sp-probe\)")
    alone(probed)
    assert not user.processes()
    probe.tell()
    probed.ssh(user, "true", password="x", check=0)


def test_handles_and_sessions_balance(make_server, user, probe):
    """Each handle that is started is ended, each session closed, whatever the
    connection came to.  SALLYPORT_PAM_LOGINS=10000 for the long run."""
    if sp.ASAN:
        pytest.skip("the sanitizer wants to be loaded first")
    subprocess.run(["make", "-s", "-C", sp.BUILD, "tests/bench/light"], check=True)
    with open(COUNTERS, "wb") as f:
        f.write(bytes(4 * 8))
    os.chmod(COUNTERS, 0o666)

    def counters():
        return struct.unpack("4Q", open(COUNTERS, "rb").read())
    with open("/etc/ld.so.preload", "w") as f:
        f.write("/mnt/sp/pam_count.so\n")
    try:
        s = make_server(pam_service="sp-probe", log_level="error",
                        limits='max_auth_tries = 3; startups = { full = 500; begin = 500; };')
    finally:
        os.unlink("/etc/ld.so.preload")
    started, ended, opened, closed = counters()
    assert started == 1 and (ended, opened, closed) == (0, 0, 0)  # the template's own
    p = subprocess.run([sp.BUILD + "/tests/bench/light", "login", str(s.port), user.name,
                        user.key, str(LOGINS), "4"], capture_output=True, text=True,
                       timeout=LOGINS)
    assert p.returncode == 0 and len(p.stdout.split()) == LOGINS, p.stderr
    alone(s)
    assert counters() == (LOGINS + 1, LOGINS, LOGINS, LOGINS)
    # and the ends that are not orderly
    more = 0
    for lines in ([f"auth {STATUS['AUTH_ERR']}"], [f"account {STATUS['PERM_DENIED']}"],
                  [f"open {STATUS['SESSION_ERR']}"], ["auth ask=1"], []):
        probe.tell(*lines)
        s.ssh(user, "true", password="x", NumberOfPasswordPrompts="1")
        more += 1
    q = s.popen(user, "echo on; cat")
    assert q.stdout.readline() == b"on\n"
    templates = s.processes("workers")
    os.kill([w for w in s.processes("worker") if w not in templates][0], signal.SIGKILL)
    q.communicate(timeout=20)
    alone(s)
    total = LOGINS + more + 1
    assert counters() == (total + 1, total, LOGINS + 2, LOGINS + 2)


# ---- secrets ----

def dumps_core(directory):
    """Would a process that may dump do so here?"""
    p = subprocess.Popen(["sh", "-c", "ulimit -c unlimited; exec sleep 60"], cwd=directory)
    sp.wait_for(lambda: "sleep" in open(f"/proc/{p.pid}/cmdline").read(), what="sleep")
    os.kill(p.pid, signal.SIGSEGV)
    p.wait()
    return any(n.startswith("core") for n in os.listdir(directory))


def test_a_password_is_nowhere_after_the_login(make_server, user):
    """Not in the memory of any process, nor in the log or the environment;
    and while it is held, the process that holds it leaves no core."""
    needle = "Ndl-" + os.urandom(9).hex()
    sp.run(["chpasswd"], input=f"{user.name}:{needle}\n", check=0)
    user.password = needle
    needles = {"password": [needle.encode()]}
    assert "password" in memory_has(os.getpid(), needles)  # the instrument
    key, user.key = user.key, None
    s = make_server()
    for method in ("password", "keyboard-interactive"):
        p = s.popen(user, "echo on; exec cat", password=True, PreferredAuthentications=method)
        assert p.stdout.readline() == b"on\n"
        sp.wait_for(lambda: "cat" in s.processes().values(), what="cat")
        seen = 0
        for pid, title in s.processes().items():
            if title.startswith("sallyportd") or title == "cat":
                assert not memory_has(pid, needles), (method, title)
                assert needle.encode() not in open(f"/proc/{pid}/environ", "rb").read()
                seen += 1
        assert seen >= 6
        p.communicate(timeout=20)
    s.ssh(user, "true", password=needle[:-1] + "x")
    assert needle[:-1] not in s.log()
    user.key = key


def test_no_core_is_left_of_who_holds_a_password(make_server, user, probe):
    """The monitor dies in the middle of pam_authenticate, password in hand."""
    directory = f"/mnt/sp/cores{os.getpid()}"
    os.makedirs(directory)
    if sp.ASAN or not dumps_core(directory):
        pytest.skip("this machine's cores go elsewhere")
    import resource
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    try:
        s = make_server(pam_service="sp-probe")
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))
    before = set(os.listdir("/"))
    probe.tell("auth crash")
    s.ssh(user, "true", password="Ndl-in-a-core", NumberOfPasswordPrompts="1")
    s.wait_log(r"ended its process, signal 6, in pam_authenticate")
    alone(s)
    assert set(os.listdir("/")) == before
