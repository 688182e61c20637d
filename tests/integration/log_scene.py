"""A log of one's own, with the machine's sshd, Debian 13's, and this server
beside each other: for tests of the sentences that they write.  Each login has an
address of its own, by which its lines are found."""

import os
import re
import shutil
import socket
import subprocess
import time

import sp

WHERE = "/mnt/sp/watchers"
TRIXIE = os.environ.get("SALLYPORT_TRIXIE", "/var/cache/sallyport-trixie")
CONF = """
module(load="imuxsock" SysSock.Name="/dev/log" SysSock.RateLimit.Interval="0")
global(parser.escapeControlCharactersOnReceive="on")
template(name="line" type="string"
	string="%%syslogfacility-text%%.%%syslogseverity-text%% %%TIMESTAMP%% %%HOSTNAME%% %%syslogtag%%%%msg:::sp-if-no-1st-sp%%%%msg:::drop-last-lf%%\n")
action(type="omfile" file="%s" template="line")
"""


class Log:
    """rsyslogd on a /dev/log of these tests alone."""

    def __init__(self):
        for name in ("upper", "work", "pts"):
            os.makedirs(f"{WHERE}/{name}", exist_ok=True)
        for argv in (["--bind", "/dev/pts", WHERE + "/pts"],
                     ["-t", "overlay", "-o", f"lowerdir=/dev,upperdir={WHERE}/upper,"
                      f"workdir={WHERE}/work", "overlay", "/dev"],
                     ["--bind", WHERE + "/pts", "/dev/pts"],
                     ["--bind", WHERE + "/pts/ptmx", "/dev/ptmx"]):
            sp.run(["mount", *argv], check=0)
        if os.path.lexists("/dev/log"):
            os.unlink("/dev/log")
        self.path = WHERE + "/auth.log"
        with open(WHERE + "/rsyslog.conf", "w") as f:
            f.write(CONF % self.path)
        self.process = subprocess.Popen(
            ["rsyslogd", "-n", "-i", WHERE + "/rsyslog.pid", "-f", WHERE + "/rsyslog.conf"])
        sp.wait_for(lambda: os.path.exists("/dev/log"), 20, "rsyslogd")

    def lines(self):
        try:
            with open(self.path, errors="surrogateescape") as f:
                return f.read().split("\n")[:-1]
        except FileNotFoundError:
            return []

    def end(self):
        """All lines, when no more come."""
        seen = [-1] * 15
        while len(set(seen[-15:])) > 1 or seen[-1] < 0:
            time.sleep(0.1)
            seen.append(len(self.lines()))
        return self.lines()

    def close(self):
        self.process.terminate()
        self.process.wait()
        for path in ("/dev/ptmx", "/dev/pts", "/dev"):
            sp.run(["umount", "-l", path], check=0)


def answers(port):
    try:
        with socket.create_connection(("127.0.0.1", port)) as c:
            return c.recv(4) == b"SSH-"
    except OSError:
        return False


class Sshd:
    """A program of OpenSSH, of this machine or of another root."""

    def __init__(self, config, port, root=None):
        self.port = port
        argv = ["chroot", root] if root else []
        self.process = subprocess.Popen([*argv, "/usr/sbin/sshd", "-D", "-f", config],
                                        stderr=subprocess.DEVNULL)
        sp.wait_for(lambda: answers(port), 20, "sshd")

    @property
    def pid(self):
        return self.process.pid

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Ours:
    """This server with what import makes of the same sshd_config."""

    def __init__(self, config, port, ident="sshd"):
        self.port = port
        self.config = config + ".imported"
        p = sp.run(["/usr/sbin/sallyportctl", "import", config])
        text = p.stdout
        self.pid_file = config + ".pid"
        text = text.replace('pid_file = "none";', f'pid_file = "{self.pid_file}";\n'
                            f'control_socket = "{config}.control";')
        text = re.sub(r"^log = \{", f'log = {{\n\tident = "{ident}";\n\ttargets = [ "syslog" ];',
                      text, flags=re.M)
        with open(self.config, "w") as f:
            f.write(text)
        os.chmod(self.config, 0o600)
        q = sp.run(["/usr/sbin/sallyportd", "-f", self.config])
        assert q.returncode == 0, (p.stderr, q.stdout, q.stderr, text)
        self.pid = int(open(self.pid_file).read())
        sp.wait_for(lambda: answers(port), 20, "sallyportd")

    def stop(self):
        os.kill(self.pid, 15)
        sp.wait_for(lambda: not os.path.exists(f"/proc/{self.pid}"), 20, "the master's end")


class Trixie:
    """Debian 13's root under an overlay, with the accounts of this one."""

    def __init__(self):
        self.root = WHERE + "/trixie"
        for part in ("", ".upper", ".work"):
            os.makedirs(self.root + part, exist_ok=True)
        sp.run(["mount", "-t", "overlay", "-o", f"lowerdir={TRIXIE},upperdir={self.root}.upper,"
                f"workdir={self.root}.work", "overlay", self.root], check=0)
        self.mounted = [self.root]
        for path in ("/proc", "/dev", "/mnt/sp", "/home", "/tmp"):
            os.makedirs(self.root + path, exist_ok=True)
            sp.run(["mount", "--rbind", path, self.root + path], check=0)
            self.mounted.insert(0, self.root + path)
        for name in ("passwd", "shadow", "group", "gshadow"):
            shutil.copy2("/etc/" + name, f"{self.root}/etc/{name}")
        os.makedirs(self.root + "/run/sshd", exist_ok=True)

    def close(self):
        for path in self.mounted:
            sp.run(["umount", "-l", path], check=0)


def there_is_trixie():
    return os.path.exists(TRIXIE + "/usr/lib/openssh/sshd-session")
