"""Terminals: modes, sizes, signals."""

import os
import pty
import re
import select
import signal
import subprocess
import termios
import time

import pytest

import sp


class Terminal:
    """A client on a pty of ours, driven like a person."""

    def __init__(self, argv):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            # whoever runs the tests may have begun with nohup(1)
            signal.signal(signal.SIGHUP, signal.SIG_DFL)
            os.execvp(argv[0], argv)
        self.seen = b""

    def expect(self, pattern, seconds=10):
        end = time.monotonic() + seconds * sp.SLOW
        while True:
            m = re.search(pattern, self.seen)
            if m:
                self.before = self.seen[:m.start()]
                self.seen = self.seen[m.end():]
                return m
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.fd], [], [], left)[0]:
                raise AssertionError(f"{pattern!r} not in {self.seen!r}")
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                data = b""
            if not data:
                raise AssertionError(f"{pattern!r}: ended with {self.seen!r}")
            self.seen += data

    def send(self, text):
        os.write(self.fd, text.encode())

    def size(self, rows, columns):
        termios.tcsetwinsize(self.fd, (rows, columns))

    def wait(self):
        while True:
            try:
                if not os.read(self.fd, 65536):
                    break
            except OSError:
                break
        _, status = os.waitpid(self.pid, 0)
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status)


@pytest.fixture
def terminal(server, user):
    with open(user.home + "/.bashrc", "w") as f:
        f.write("PS1='READY> '; bind 'set enable-bracketed-paste off' 2>/dev/null\n")
    with open(user.home + "/.bash_profile", "w") as f:
        f.write(". ~/.bashrc\n")
    t = Terminal(server.ssh_argv(user, flags=("-tt",)))
    t.expect(rb"READY> ")
    return t


def test_a_shell_on_a_terminal(server, terminal, user):
    terminal.send("tty; echo $SSH_TTY; exit 9\n")
    m = terminal.expect(rb"(/dev/pts/\d+)\r\n(/dev/pts/\d+)\r\n")
    assert m.group(1) == m.group(2)
    assert terminal.wait() == 9
    server.wait_log(r"Logout of ")


def test_window_changes_arrive(server, terminal):
    terminal.size(41, 132)
    time.sleep(0.5)
    terminal.send("stty size; exit\n")
    terminal.expect(rb"41 132\r\n")
    terminal.wait()


def test_control_c_interrupts(server, terminal):
    terminal.send("sleep 1000\n")
    time.sleep(0.5)
    terminal.send("\x03")
    terminal.expect(rb"READY> ")
    terminal.send("echo $?; exit\n")
    terminal.expect(rb"130\r\n")
    terminal.wait()


def test_terminal_modes_arrive(server, user):
    # the client reads its own terminal's modes: make that one odd first
    argv = server.ssh_argv(user, "stty -a; sleep 0.2", flags=("-tt",))
    t = Terminal(["sh", "-c", "stty intr ^P -ixon iutf8 cols 97; exec \"$@\"", "-", *argv])
    t.expect(rb"columns 97")
    t.expect(rb"intr = \^P")
    t.expect(rb" -ixon")
    t.wait()


def test_programs_are_hung_up_when_the_connection_dies(server, user):
    t = Terminal(server.ssh_argv(
        user, "trap 'echo hup > ~/hup; exit' HUP; echo on; while :; do sleep 0.1; done",
        flags=("-tt",)))
    t.expect(rb"on\r\n")
    os.kill(t.pid, 9)
    t.wait()
    sp.wait_for(lambda: os.path.exists(user.home + "/hup"), what="SIGHUP")
    sp.wait_for(lambda: not user.processes(), what="end of the programs")


def test_a_program_without_terminal_is_hung_up_if_policy_wants_it(make_server, user):
    p = make_server(grants='hang_up = "all";').popen(user, "exec 2>/dev/null; trap 'echo hup > ~/hup; exit' HUP; echo on; "
                     "while :; do sleep 0.1; done")
    assert p.stdout.readline() == b"on\n"
    p.kill()
    p.communicate()
    sp.wait_for(lambda: os.path.exists(user.home + "/hup"), what="SIGHUP")
    sp.wait_for(lambda: not user.processes(), what="end of the programs")


def test_ptys_are_given_back(server, user):
    before = set(os.listdir("/dev/pts"))
    for _ in range(3):
        t = Terminal(server.ssh_argv(user, "true", flags=("-tt",)))
        assert t.wait() == 0
    sp.wait_for(lambda: set(os.listdir("/dev/pts")) <= before, what="ptys")
