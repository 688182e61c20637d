"""Reload and upgrade under load: fifty transfers that must all come through,
somebody who connects all the time, and everything that can be wrong."""

import os
import re
import select
import shutil
import signal
import subprocess
import threading

import sp
from control import CTL, ctl, ctl_json
from test_service import Prober

TRANSFERS = 50
WINDOW = 65536  # under way in each transfer
PATTERN = os.urandom(65521)


def piece(offset, size):
    start = offset % len(PATTERN)
    return (PATTERN[start:] + PATTERN * (size // len(PATTERN) + 1))[:size]


class Transfer:
    """Bytes to `cat` and back, compared as they come."""

    def __init__(self, server, user):
        self.p = server.popen(user, "cat")
        self.sent = self.got = 0
        self.wrong = None
        for f in (self.p.stdin, self.p.stdout):
            os.set_blocking(f.fileno(), False)

    def write(self):
        room = WINDOW - (self.sent - self.got)
        if room > 0:
            self.sent += os.write(self.p.stdin.fileno(), piece(self.sent, min(room, 16384)))

    def read(self):
        data = os.read(self.p.stdout.fileno(), 65536)
        if data != piece(self.got, len(data)) or not data:
            self.wrong = self.wrong or f"wrong byte, or end, behind {self.got}"
        self.got += len(data)


class Transfers(threading.Thread):
    """All of them, at some hundred KB/s each, until finish()."""

    def __init__(self, server, user, count):
        super().__init__(daemon=True)
        self.all = [Transfer(server, user) for _ in range(count)]
        self.stopping = threading.Event()
        self.start()

    def run(self):
        poll = select.poll()
        reads = {t.p.stdout.fileno(): t for t in self.all}
        for fd in reads:
            poll.register(fd, select.POLLIN)
        while not self.stopping.wait(0.05):
            for t in self.all:
                try:
                    t.write()
                except OSError as e:
                    t.wrong = t.wrong or str(e)
            for fd, _ in poll.poll(0):
                reads[fd].read()
                if reads[fd].wrong:
                    poll.unregister(fd)

    def move(self):
        """Every one of them has gone on from where it is now."""
        marks = [t.got for t in self.all]

        def on():
            assert [t.wrong for t in self.all if t.wrong] == []
            return all(t.got > m + WINDOW for t, m in zip(self.all, marks))
        sp.wait_for(on, 60, "every transfer to go on")

    def finish(self):
        self.stopping.set()
        self.join()
        for t in self.all:
            os.set_blocking(t.p.stdout.fileno(), True)
            t.p.stdin.close()
        for t in self.all:
            rest = t.p.stdout.read()
            assert t.wrong is None and rest == piece(t.got, len(rest))
            assert t.got + len(rest) == t.sent
            assert t.p.wait(30) == 0


def replace_program(change):
    """What a package's upgrade does: another file under the same name."""
    new = sp.DAEMON + ".new"
    shutil.copy(sp.DAEMON, new)
    change(new)
    os.rename(new, sp.DAEMON)


def longer(path):
    with open(path, "ab") as f:
        f.write(b"another build")


def broken(path):
    with open(path, "wb") as f:
        f.write(b"#!/bin/sh\nexit 3\n")


def hanging(path):
    """Lets go of all descriptors, the report's pipe among them, and stays."""
    with open(path, "w") as f:
        f.write("#!/usr/bin/python3\nimport os, time\nos.closerange(0, 1000)\ntime.sleep(600)\n")


def rejected(s, user, pattern):
    """One clear error, to who asked and in the log; the old one serves on."""
    mark, generation = s.mark(), ctl_json(s, "-s", s.control, "status")["generation"]
    p = ctl(s, "-s", s.control, "reload", check=1)
    assert p.stdout == ""
    assert len(p.stderr.splitlines()) == 1 and re.search(pattern, p.stderr), p.stderr
    s.wait_log(rf"Configuration rejected, generation {generation} serves on: .*", after=mark)
    # The prober leaves without a word, which sshd calls an error as well.
    errors = [line for line in s.log()[mark:].splitlines()
              if "error: " in line and "kex_exchange_identification" not in line]
    assert len(errors) == 1 and re.search(pattern, errors[0]), errors
    assert s.ssh(user, "echo $MARK", check=0).stdout == f"{generation}\n"
    assert ctl_json(s, "-s", s.control, "status")["generation"] == generation


def accepted(s, user):
    generation = ctl_json(s, "-s", s.control, "status")["generation"] + 1
    s.write(s.text.replace('MARK=1"', f'MARK={generation}"'))
    p = ctl(s, "-s", s.control, "reload")
    assert p.stderr == "" and str(generation) in p.stdout
    assert s.ssh(user, "echo $MARK", check=0).stdout == f"{generation}\n"


def test_fifty_transfers_and_a_prober(make_server, user):
    s = make_server(limits="startups = { begin = 500; rate = 30; full = 1000; };"
                    "source = { connections = 1000; };",
                    grants='set_env = [ "MARK=1" ];', log_level="info")
    kept = shutil.copy(sp.DAEMON, sp.DAEMON + ".kept")
    transfers = Transfers(s, user, TRANSFERS)
    prober = Prober(s.port)
    pid = s.pid
    try:
        transfers.move()
        prober.start()

        replace_program(longer)
        accepted(s, user)
        for file in ("/proc/%d/exe" % pid,
                     "/proc/%d/exe" % s.processes("monitors")[0]):
            assert os.stat(file).st_size == os.stat(sp.DAEMON).st_size
        transfers.move()
        text = open(s.config).read()

        s.write(text.replace("pid_file", "pid_flie"))
        rejected(s, user, r"sallyport.conf:\d+: pid_flie: .*\"pid_file\"")

        s.write(text.replace("modules = (", 'modules = ( { name = "nosuch"; },'))
        rejected(s, user, r"nosuch")

        s.write(text)
        os.rename(s.host_keys[0], s.host_keys[0] + ".away")
        rejected(s, user, r"ssh_host_ed25519_key: host key: no such file")
        os.rename(s.host_keys[0] + ".away", s.host_keys[0])

        good = shutil.copy(sp.DAEMON, sp.DAEMON + ".good")
        replace_program(broken)
        rejected(s, user, r"sallyportd: the rehearsal ended with status 3")
        os.rename(good, sp.DAEMON)
        transfers.move()

        accepted(s, user)
        transfers.move()
        assert int(open(s.pid_file).read()) == pid == ctl_json(s, "-s", s.control, "status")["pid"]
    finally:
        prober.stop = True
        os.rename(kept, sp.DAEMON)
    prober.join()
    transfers.finish()
    assert prober.bad == [] and prober.good > 20
    sp.wait_for(lambda: len(s.processes("keyholder")) == 1, 20,
                "old generations' end")


def test_a_rehearsal_that_lets_go_of_its_report_and_stays_holds_nobody_up(make_server, user):
    s = make_server()
    kept = shutil.copy(sp.DAEMON, sp.DAEMON + ".kept")
    try:
        replace_program(hanging)
        p = subprocess.Popen([CTL, "-s", s.control, "reload"], stderr=subprocess.PIPE, text=True)
        while p.poll() is None:
            assert s.ssh(user, "true", timeout=20).returncode == 0
        assert p.returncode == 1 and "the rehearsal ended with signal 9" in p.stderr.read()
    finally:
        os.rename(kept, sp.DAEMON)
    assert s.ssh(user, "true").returncode == 0


def test_with_a_log_file_on_the_command_line_no_other_target_is_written(make_server, user):
    """-E stands in place of log.targets: in the server, and when a reload is rehearsed."""
    s = make_server(start=False)
    other = s.dir + "/other.log"
    s.write(s.text.replace('log = { level = "debug"; };', f'log = {{ level = "debug"; targets = [ "{other}" ]; }};'))
    s.start()
    assert s.ssh(user, "true").returncode == 0
    mark = s.mark()
    os.kill(s.pid, signal.SIGHUP)
    s.wait_log("Configuration reloaded", after=mark)
    assert s.ssh(user, "true").returncode == 0
    s.wait_log("Accepted publickey", after=mark)
    assert not os.path.exists(other)
    s.stop()
    # Without it they are what counts.
    p = sp.run([sp.DAEMON, "-f", s.config], env=s.env)
    assert p.returncode == 0, p.stderr
    s.pid = int(open(s.pid_file).read())
    assert "Server ready" in open(other).read()
