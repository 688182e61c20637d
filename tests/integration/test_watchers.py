"""The programs that watch sshd's log find the same things in ours: each kind of
login, right and wrong, on the machine's sshd, on Debian 13's where there is one,
and on this server with what import makes of the same sshd_config."""

import concurrent.futures
import os
import re
import socket
import time

import pytest

import logins
import sp
import watchers
from log_scene import WHERE, Log, Ours, Sshd, Trixie, there_is_trixie

CONFIG = """Port {port}
ListenAddress 127.0.0.1
HostKey {where}/host
PidFile none
LogLevel {level}
SyslogFacility {facility}
UsePAM yes
PasswordAuthentication yes
KbdInteractiveAuthentication yes
HostbasedAuthentication yes
TrustedUserCAKeys {where}/ca.pub
RevokedKeys {where}/revoked_list
DenyUsers spt_deny
MaxAuthTries 6
MaxStartups {startups}
LoginGraceTime {grace}
PermitRootLogin no
X11Forwarding yes
AcceptEnv LANG
Subsystem sftp internal-sftp
Match User spt_keep
	ClientAliveInterval 1
	ClientAliveCountMax 1
Match User spt_noforw
	AllowTcpForwarding no
	AllowStreamLocalForwarding no
	AllowAgentForwarding no
	X11Forwarding no
Match User spt_two
	AuthenticationMethods publickey,password
Match User spt_one
	MaxSessions 1
"""
SIDES = {"sshd": "local1", "ours": "local2", "trixie": "local3"}
INSTANCES = {"info": {}, "grace": {"grace": "2"}, "full": {"startups": "2:100:2"}, "verbose": {"level": "VERBOSE"}}
LINE = re.compile(r"(\w+)\.(\w+) (\w{3} [ \d]\d \S+ testhost (sshd\S*?)\[(\d+)\]: (.*))")

# Kinds in which the servers do different things; doc/MIGRATING.md says why.
DIFFERENT = {
    "password due, key": "a password that has expired is changed while logging in",
    "password due, password": "the same",
    "name that is too long": "more than 255 bytes break the protocol here",
    "silence until the grace time is over": "sshd 9 has no sentence on Linux; as sshd 10",
    "a name, and silence": "the same",
    "killed client": "sshd 9 has its sentence at level verbose; as sshd 10",
    "no session": "the same",
    "empty password": "PAM is asked here, and refuses it",
    "shell that is missing, password": "sshd takes the user for nobody, whatever the password; PAM says so twice",
    "more at once than the server takes": "one line a second, with a count",
}
# Lines of ours that sshd has not, in words that no watcher takes for its own.
OURS_ALONE = [
    r"Login of \S+ refused: .*\(Connection from .*", r"Key \S+ SHA256:\S+ of \S+ refused: .*\(Connection from .*",
    r'Certificate ID ".*" of \S+ from CA \S+ refused: .*\(Connection from .*', r"Host key .* refused: .*\(Connection from .*",
    r"Session of \S+ ends at once: .*\(Connection from .*", r"Forwarding .* refused: .*\(Connection from .*",
    r"session (?:opened|closed) for local user .*",
    r"pam_unix\(sshd:account\): account \S+ has expired \(account expired\)",
]
# Lines of sshd's that we have not.
SSHDS_ALONE = [
    r"pam_env\(sshd:session\): deprecated reading of user environment enabled",  # root reads no user's file
    r"error: send_error: write: Broken pipe",  # by chance, of a client that has gone
    r"pam_unix\(sshd:session\): session (?:opened|closed) for user .*",  # it opens with the first channel
    r"pam_unix\(sshd:account\): account \S+ has expired \(account expired\)",  # of a process without an address
]
# A name stays one word, and is UTF-8; sshd writes octal, and cuts at 100.
NAMES = {"name with spaces", "name in UTF-8", "name with a newline", "long name", "name with a sentence"}
# sshd 10 says no more of a client that is none than that there was one: where it
# is the machine's own, these sentences of sshd 9 stand alone in our log.
NEWER = int(re.search(r"OpenSSH_(\d+)", sp.run(["ssh", "-V"], check=0).stderr).group(1)) >= 10
STRANGERS = {"port scan", "HTTP", "HTTP of more lines", "TLS", "SSH-1", "endless name"} if NEWER else set()
if NEWER:
    OURS_ALONE.append(r"error: kex_exchange_identification: .*")
    SSHDS_ALONE.append(r"srclimit_penalise: .*")  # ours has an event


class Scene:
    """The lines of each kind of login on each side."""

    def __init__(self):
        self.log = Log()
        open("/etc/default/locale", "a").close()  # a bare root has none, of which pam_env complains
        sp.run(["ip", "route", "add", "local", "198.18.0.0/15", "dev", "lo"], check=0)
        self.keys = logins.make_keys()
        logins.make_people(self.keys)
        self.trixie = Trixie() if there_is_trixie() else None
        self.sides = [side for side in SIDES if side != "trixie" or self.trixie]
        self.agent = WHERE + "/agent"
        self.agent_process = re.search(r"pid (\d+)", sp.run(["ssh-agent", "-a", self.agent], check=0).stdout)
        self.servers = {}
        self.taken = []
        self.errors = []

    def start(self):
        port = 2300
        for instance, how in INSTANCES.items():
            for side in self.sides:
                port += 1
                path = f"{WHERE}/conf_{instance}_{side}"
                with open(path, "w") as f:
                    f.write(CONFIG.format(**{
                        "port": port, "where": WHERE, "level": "INFO", "startups": "500:30:600", "grace": "120",
                        "facility": SIDES[side].upper(), **how}))
                ident = "sshd-session" if instance == "verbose" else "sshd"
                self.servers[instance, side] = (Ours(path, port, ident) if side == "ours" else
                                                Sshd(path, port, self.trixie.root if side == "trixie" else None))
        for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            s = socket.socket(family)
            s.bind((address, 2098))
            s.listen()
            self.taken.append(s)

    def one(self, job):
        number, (name, what, instance), side = job
        c = logins.Client(self.keys, self.servers[instance, side].port, self.address(number, side), self.agent)
        try:
            done = what(c)
            if hasattr(done, "__enter__"):
                with done:
                    time.sleep(0.2)
        except Exception as e:
            self.errors.append((name, side, repr(e)))

    def address(self, number, side):
        return f"198.18.{1 + list(SIDES).index(side)}.{number}"

    def run(self):
        verbose = [kind for kind in logins.KINDS if kind[0] in VERBOSE]
        self.jobs = list(enumerate([(n, f, "info") for n, f in logins.KINDS] + logins.SPECIAL +
                                   [(n, f, "verbose") for n, f in verbose], 1))
        with concurrent.futures.ThreadPoolExecutor(24) as pool:
            list(pool.map(self.one, [(n, kind, side) for n, kind in self.jobs for side in self.sides]))
        masters = {s.pid for s in self.servers.values()}
        self.sort([m.groups() for m in map(LINE.match, self.log.end()) if m], masters)

    def sort(self, lines, masters):
        """By the address in a line, or in another of its process."""
        sides = {facility: side for side, facility in SIDES.items()}
        of_pid = {}
        spt_expired = [n for n, kind in self.jobs if kind[0] == "expired account, key"][0]
        for facility, _, _, _, pid, text in lines:
            address = re.search(r"198\.18\.(\d+)\.(\d+)", text)
            if address:
                of_pid[pid] = (list(SIDES)[int(address.group(1)) - 1], int(address.group(2)))
            elif facility in sides and re.search(r"user spt_expired by PAM", text):
                of_pid[pid] = (sides[facility], spt_expired)
        self.found = {}
        self.records = {}
        for i, (facility, severity, line, ident, pid, text) in enumerate(lines):
            address = re.search(r"198\.18\.(\d+)\.(\d+)", text)
            key = of_pid.get(pid)
            if int(pid) in masters:
                # A line without an address belongs to its next line.
                later = (t for *_, p, t in lines[i:] if p == pid)
                if address is None and "kex_exchange_identification" in text:
                    next(later)
                    address = re.search(r"198\.18\.(\d+)\.(\d+)", next(later, ""))
                key = address and (list(SIDES)[int(address.group(1)) - 1], int(address.group(2)))
            if key:
                self.found.setdefault(key, []).append((line, text))
                self.records.setdefault(key, []).append((text, facility, severity, ident))

    def kinds(self, side, instance="info", without=()):
        """number: lines; of the instances of level info, if not told."""
        return {n: [line for line, _ in self.found.get((side, n), [])] for n, kind in self.jobs
                if (kind[2] == "verbose") == (instance == "verbose") and kind[0] not in without}

    def texts(self, side, number):
        """What is the same in two runs."""
        return [re.sub(r"port \d{4,5}\b", "port N", re.sub(r"198\.18\.\d\.", "198.18.0.", text))
                for _, text in self.found.get((side, number), [])]

    def close(self):
        for s in self.servers.values():
            s.stop()
        for s in self.taken:
            s.close()
        if self.agent_process:
            os.kill(int(self.agent_process.group(1)), 15)
        if self.trixie:
            self.trixie.close()
        logins.remove_people()
        self.log.close()


VERBOSE = {"unknown key", "key", "key whose line expired", "key from elsewhere", "certificate", "certificate for another",
           "expired certificate", "certificate without principals", "certificate of an unknown CA",
           "keyboard-interactive", "wrong password", "denied user, key"}


@pytest.fixture(scope="module")
def scene():
    s = Scene()
    try:
        s.start()
        s.run()
        yield s
    finally:
        s.close()


def compare(scene, left, right, name):
    find = watchers.WATCHERS[name]
    both = []
    for side in (left, right):
        kinds = scene.kinds(side, without=DIFFERENT.keys() | NAMES | STRANGERS)
        texts = {n: [text for _, text in scene.found.get((side, n), [])] for n in kinds}
        both.append(find(watchers.as_file(side, kinds), texts))
    names = {n: kind[0] for n, kind in scene.jobs}
    bad = [f"{names.get(what, what)}: {left} {both[0][what]}, {right} {both[1][what]}:\n  " + "\n  ".join(
               scene.texts(left, what) + ["and:"] + scene.texts(right, what))
           for what in sorted(set(both[0]) | set(both[1]), key=str) if both[0][what] != both[1][what]]
    return both, bad


def test_all_kinds_were_played(scene):
    assert not scene.errors, scene.errors
    assert len(logins.KINDS) >= 61
    for n, kind in scene.jobs:
        assert scene.found.get(("ours", n)), kind[0]


@pytest.mark.parametrize("name", watchers.WATCHERS)
def test_each_watcher_finds_the_same_in_both_logs(scene, name):
    if name == "sshguard":
        assert watchers.SSHG, "sshguard is not installed"
    both, bad = compare(scene, "sshd", "ours", name)
    assert sum(both[0].values()) >= 20, f"{name} finds nothing"
    assert not bad, "\n".join(bad)


@pytest.mark.parametrize("name", ["fail2ban normal", "sshguard", "ossec"])
def test_an_odd_name_hides_nobody(scene, name):
    """It stays one word here, so more is found than in sshd's log."""
    numbers = [n for n, kind in scene.jobs if kind[0] in NAMES and kind[2] == "info"]
    kinds = {n: [line for line, _ in scene.found["ours", n]] for n in numbers}
    texts = {n: [text for _, text in scene.found["ours", n]] for n in numbers}
    found = watchers.WATCHERS[name](watchers.as_file("names", kinds), texts)
    assert all(found[n] >= 2 for n in numbers), found


def alone(mine, theirs, known, once=False):
    """Lines of one side that the other has not, but for the known ones."""
    left = list(theirs)
    out = []
    for text in mine:
        if text in left:
            if not once:
                left.remove(text)
        elif not any(re.fullmatch(p, text) for p in known):
            out.append(text)
    return out


def differences(scene, instance, known_ours, known_sshds):
    bad = []
    for n, (name, _, of) in scene.jobs:
        if (of == "verbose") != (instance == "verbose") or name in DIFFERENT:
            continue
        ours, theirs = (scene.texts(side, n) for side in ("ours", "sshd"))
        if name in NAMES:
            ours, theirs = ([re.sub(r"(user ).*?( from|) (198\.18)", r"\1NAME\2 \3", t) for t in side]
                            for side in (ours, theirs))
        once = instance == "verbose"  # sshd tells of a key in both requests
        more = (alone(ours, theirs, known_ours, once) +
                ["-" + t for t in alone(theirs, ours, known_sshds, once)])
        # Debian 13's sentence serves as well.
        if more and scene.trixie and not alone(ours, scene.texts("trixie", n), known_ours + SSHDS_ALONE):
            more = [t for t in more if t.startswith("-") and t[1:] in scene.texts("trixie", n)]
        if more:
            bad.append(name + ":\n  " + "\n  ".join(more))
    return bad


def test_the_sentences_are_sshds(scene):
    bad = differences(scene, "info", OURS_ALONE, SSHDS_ALONE)
    assert not bad, "\n".join(bad)


# Kinds played at level verbose, where both have more to say; ours has no word of a child.
OURS_VERBOSE = OURS_ALONE + [
    r"Key exchange with .*", r"Remote protocol version .*", r"Methods asked for by .*", r"PAM service .*",
    r"User \S+ from \S+ allowed by rule .*", r"Session opened for .*", r"Authentication not completed by .*",
    r"Close session: .*"]
SSHDS_VERBOSE = SSHDS_ALONE + [
    r"User child is on pid \d+", r"Close session: .*",
    r"Postponed keyboard-interactive/pam for .*"]  # of a round without a question


def test_level_verbose_tells_the_key_and_why_as_sshd_does(scene):
    bad = differences(scene, "verbose", OURS_VERBOSE, SSHDS_VERBOSE)
    assert not bad, "\n".join(bad)
    for name, sentence in (
            ("unknown key", r"Failed publickey for spt_al from \S+ port N ssh2: ED25519 SHA256:\S+"),
            ("key whose line expired", "error: Refused by key options"),
            ("certificate for another", "error: Certificate invalid: name is not a listed principal"),
            ("certificate without principals", "error: Certificate lacks principal list")):
        number = [n for n, kind in scene.jobs if kind[0] == name and kind[2] == "verbose"][0]
        for side in ("sshd", "ours"):
            assert any(re.fullmatch(sentence, t) for t in scene.texts(side, number)), (side, scene.texts(side, number))
        assert all(" sshd-session[" in line for line, _ in scene.found["ours", number])


def test_a_login_has_one_process_in_the_log(scene):
    """As sshd's monitor; fail2ban puts the lines of a process together."""
    for n, (name, _, _) in scene.jobs:
        if name in ("wrong password", "unknown user, password", "six wrong passwords", "HTTP", "SSH-1", "no common cipher"):
            pids = {re.search(r"\[(\d+)\]", line).group(1) for line, _ in scene.found["ours", n]}
            assert len(pids) == 1, (name, scene.found["ours", n])


def heads(scene, side):
    """Of each text: the severities that its records have."""
    found = {}
    for (of, number), records in scene.records.items():
        for text, _, severity, _ in records:
            if of == side:
                plain = re.sub(r"198\.18\.\d+\.\d+", "ADDRESS", re.sub(r"\bport \d+", "port N", text))
                found.setdefault(re.sub(r"(SHA256:\S+|\b\d{5,})", "X", plain), set()).add(severity)
    return found


def test_a_record_has_the_severity_that_sshd_gives_it(scene):
    """rsyslog's rules and journalctl -p choose by it: auth.err, -p warning."""
    ours, theirs = heads(scene, "ours"), heads(scene, "sshd")
    both = sorted(set(ours) & set(theirs))
    assert len(both) >= 50, both
    bad = [f"{text}: ours {sorted(ours[text])}, sshd's {sorted(theirs[text])}"
           for text in both if ours[text] != theirs[text]]
    assert not bad, "\n".join(bad)


def test_a_record_has_the_facility_and_name_that_are_configured(scene):
    instances = {n: kind[2] for n, kind in scene.jobs}
    for (side, number), records in scene.records.items():
        for text, facility, _, ident in records:
            if side == "ours":
                name = "sshd-session" if instances[number] == "verbose" else "sshd"
                assert (facility, ident) == (SIDES["ours"], name), text
