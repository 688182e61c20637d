"""Two servers on the same accounts, clients set up for each, and what a row
shows: status, output, errors and side effects."""

import dataclasses
import glob
import itertools
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import time

import sp
from keyboard import accounts
from test_terminal import Terminal

PRELUDE = """cd "$D"
up() { ssh -M -S $D/m -fN -o ExitOnForwardFailure=yes "$@" 2>$D/err; }
down() { ssh -q -S $D/m -O exit h; rm -f $D/m; }
hello() { exec 3<>/dev/tcp/127.0.0.1/$1 && timeout 5 head -c4 <&3; exec 3>&-; }
gone() { for i in {1..200}; do (exec 3<>/dev/tcp/127.0.0.1/$1) 2>/dev/null || break; sleep .05; done; hello $1 2>/dev/null || echo gone; }
await() { for i in {1..300}; do [ -s "$1" ] && break; sleep .05; done; cat "$1"; }
"""
LIMIT = 30  # seconds of one row with one server


@dataclasses.dataclass
class Row:
    """A habit.  With `talk` its script has a terminal, which is driven by steps
    (pattern, answer); an answer is a text, a size, a signal to the client, or None.

    Without `differs` both servers must show the same.  Otherwise that sentence
    says why not, and `theirs` and `ours` are patterns of what each shows.
    """
    name: str
    script: str
    after: str = ""  # run as root afterwards: shows the side effects
    before: str = ""  # run as root for each server
    talk: tuple = None
    needs: str = ""  # programs that the release may not have
    long: bool = False  # begun first
    alone: bool = False  # it changes what other rows meet
    scrub: tuple = ()  # (pattern, replacement): what means nothing here
    differs: str = ""
    theirs: str = ""
    ours: str = ""
    on: tuple = (12, 13)  # releases


SCRUB = [
    (r"\x1b\[\?2004[hl]\r?", ""), (r"\bport \d+", "port N"), (r"pts/\d+", "pts/N"),
    (r"\bpid[ =]\d+", "pid N"), (r"127\.0\.0\.1 \d{4,5}\b", "127.0.0.1 N"),
]

SSHD = """
Port {port}
ListenAddress 127.0.0.1
HostKey {key}
PidFile none
KbdInteractiveAuthentication no
UsePAM yes
X11Forwarding yes
PrintMotd no
AcceptEnv LANG LC_*
Subsystem sftp /usr/lib/openssh/sftp-server
MaxStartups 300:30:300
MaxSessions 100
{more}
DenyUsers kb_denied
Match User kb_kbd,kb_expiredkbd
    KbdInteractiveAuthentication yes
    PasswordAuthentication no
Match User kb_both
    AuthenticationMethods publickey,password
Match User kb_banner
    Banner /etc/kb_banner
Match User kb_sftponly
    ForceCommand internal-sftp
Match User kb_forcecmd
    ForceCommand echo forced by config: $SSH_ORIGINAL_COMMAND
Match User kb_noforward
    AllowTcpForwarding no
    AllowAgentForwarding no
    AllowStreamLocalForwarding no
    X11Forwarding no
    PermitTTY no
Match User kb_local
    AllowTcpForwarding local
Match User kb_alive
    ClientAliveInterval 1
    ClientAliveCountMax 2
Match User kb_rekey
    RekeyLimit 1M
Match User kb_few
    MaxSessions 1
Match User kb_gate
    GatewayPorts yes
"""


class Scene:
    """Both servers, on this machine or in a root of another release."""
    _numbers = itertools.count(1)

    def __init__(self, root="", release=12):
        self.root, self.release = root, release
        self.chroot = ["chroot", root] if root else []
        self.base = f"{sp.SCRATCH}/kb{release}"
        shutil.rmtree(self.base, ignore_errors=True)
        os.makedirs(self.base + "/bin")
        self.key = self.base + "/id"
        for path in (self.key, self.base + "/host"):
            sp.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "habits", "-f", path], check=0)
        accounts.make(root, open(self.key + ".pub").read())
        with open(root + "/etc/kb_banner", "w") as f:
            f.write("Authorized use only.\nSecond line: \u00fc\n")
        with open(root + "/etc/motd", "w") as f:
            f.write("Message of the day.\n")
        os.makedirs(f"{root}/run/sshd", exist_ok=True)
        self.pam()
        if root:
            install(root)
        self.servers = [Theirs(self, 4600 + release), Ours(self, 4700 + release)]

    def pam(self):
        """Debian's own stack, without the programs of update-motd.d and the
        two seconds that a wrong password costs."""
        self.was = {}
        for name, text, put in (("sshd", "motd=/run/motd.dynamic", "noupdate motd=/etc/kb_banner"),
                                ("common-auth", "pam_unix.so nullok", "pam_unix.so nullok nodelay")):
            path = f"{self.root}/etc/pam.d/{name}"
            self.was[path] = open(path).read()
            with open(path, "w") as f:
                f.write(self.was[path].replace(text, put))

    def stop(self):
        for server in self.servers:
            server.stop()
        for name in accounts.ACCOUNTS:
            sp.run([*self.chroot, "pkill", "-KILL", "-u", "kb_" + name])
        accounts.remove(self.root)
        for path, text in self.was.items():
            with open(path, "w") as f:
                f.write(text)

    def has(self, row):
        return self.release in row.on and all(
            shutil.which(program, path=":".join(
                self.root + place for place in ("/usr/bin", "/usr/sbin", "/bin", "/usr/lib/openssh")))
            for program in row.needs.split())

    def play(self, row):
        """What each server shows."""
        return [self.turn(row, server) for server in self.servers]

    def turn(self, row, server):
        number = next(self._numbers)
        here, there = f"{self.base}/{number}", f"/home/kb_h/w{number}"
        os.makedirs(here)
        os.makedirs(self.root + there)
        os.chown(self.root + there, accounts.UID, accounts.UID)
        os.chmod(self.root + there, 0o777)
        env = {"PATH": f"{server.bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
               "HOME": here, "TERM": "xterm", "LANG": "C.UTF-8", "D": here, "W": there, "K": self.key,
               "PORT": str(server.port), "PW": accounts.PASSWORD, "N": str(number),
               "CONF": server.conf, "LOG": server.log_file,
               "FREE": str(20000 + number * 4)}  # and the three above
        self.root_script(row.before, env)
        try:
            status, out, err = (self.piped if row.talk is None else self.typed)(row, env)
        finally:
            effects = self.root_script(row.after, env)
        shown = f"status {status}\n--- output\n{out}\n--- errors\n{err}\n--- effects\n{effects}\n"
        return self.normal(shown, row, server, env)

    def argv(self, script):
        return [*self.chroot, "bash", "-c", PRELUDE + script]

    def root_script(self, script, env):
        if not script:
            return ""
        p = sp.run(self.argv(script), env=env, timeout=LIMIT, text=False)
        return (p.stdout + p.stderr).decode(errors="backslashreplace")

    def piped(self, row, env):
        """Files, not pipes: a client in the background holds these for long."""
        names = [f"{env['D']}.out", f"{env['D']}.err"]
        with open(names[0], "wb") as out, open(names[1], "wb") as err:
            p = subprocess.Popen(self.argv(row.script), env=env, stdin=subprocess.DEVNULL, stdout=out,
                                 stderr=err, start_new_session=True)
            try:
                status = p.wait(LIMIT * sp.SLOW)
            except subprocess.TimeoutExpired:
                status = "TIMEOUT"
            try:
                os.killpg(p.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            p.wait()
        return [status] + [open(name, "rb").read().decode(errors="backslashreplace") for name in names]

    def typed(self, row, env):
        t = Terminal(["env", "-i", *(f"{k}={v}" for k, v in env.items()), *self.argv(row.script)])
        t.size(24, 80)
        seen = b""
        try:
            for pattern, answer in row.talk:
                m = t.expect(pattern.encode(), LIMIT)
                seen += t.before + m.group(0)
                if isinstance(answer, tuple):
                    t.size(*answer)
                elif isinstance(answer, signal.Signals):
                    os.kill(t.pid, answer)
                elif isinstance(answer, float):
                    time.sleep(answer)
                elif answer is not None:
                    t.send(answer)
        except AssertionError as e:
            if ": ended with " not in str(e):
                os.kill(t.pid, signal.SIGKILL)
                t.wait()
                return "TIMEOUT", seen.decode(errors="backslashreplace") + f"\n=== {e}", ""
        except OSError:
            pass  # it ended, and nobody takes the answer
        status, rest = last_words(t)
        return status, re.sub("\r+\n", "\n", (seen + rest).decode(errors="backslashreplace")), ""

    def normal(self, shown, row, server, env):
        for text, name in ((server.conf, "CONF"), (env["W"], "W"), (env["D"], "D"), (str(server.port), "PORT")):
            shown = shown.replace(text, name)
        for n in range(3, -1, -1):
            shown = shown.replace(str(int(env["FREE"]) + n), f"FREE{n}")
        shown = re.sub("\r+\n", "\n", shown)
        for pattern, put in (*SCRUB, *row.scrub):
            shown = re.sub(pattern, put, shown, flags=re.M)
        return shown


def last_words(t):
    """What is left to be read of a terminal, and its program's status."""
    rest, end = t.seen, time.monotonic() + LIMIT * sp.SLOW
    while True:
        try:
            left = end - time.monotonic()
            if left <= 0 or not select.select([t.fd], [], [], left)[0]:
                os.kill(t.pid, signal.SIGKILL)
                os.waitpid(t.pid, 0)
                os.close(t.fd)
                return "TIMEOUT", rest
            data = os.read(t.fd, 65536)
        except OSError:
            break
        if not data:
            break
        rest += data
    _, status = os.waitpid(t.pid, 0)
    os.close(t.fd)
    return os.waitstatus_to_exitcode(status), rest


def install(root):
    """The build of this machine in the root of a newer release, which has the
    same libraries, but for those that we bring."""
    sp.run(["make", "-s", "-C", sp.BUILD, "install", "DESTDIR=" + root], check=0, timeout=120)
    for path in re.findall(r"=> (/\S+)", sp.run(["ldd", sp.BUILD + "/sallyportd"], check=0).stdout):
        name = os.path.basename(path)
        if not glob.glob(f"{root}/usr/lib/*/{name}") and not glob.glob(f"{root}/lib/*/{name}"):
            shutil.copy(path, f"{root}/usr/lib/{name}")
    for name in ("sallyport", "sallyport-keys"):
        sp.run(["chroot", root, "useradd", "--system", "--no-create-home", "--home-dir", "/nonexistent",
                "--shell", "/usr/sbin/nologin", name])


class Server:
    def __init__(self, scene, port):
        self.scene, self.port = scene, port
        self.dir = f"{scene.base}/{port}"
        self.bin, self.conf = self.dir + "/bin", self.dir + "/ssh_config"
        self.log_file = self.dir + "/log"
        os.makedirs(self.bin)
        with open(self.dir + "/sshd_config", "w") as f:
            more = "PerSourcePenalties no" if scene.release > 12 else ""
            f.write(SSHD.format(port=port, key=scene.base + "/host", more=more))
        self.client()
        self.start()
        sp.wait_for(self.answers, 20, "a server")

    def client(self):
        with open(self.dir + "/known_hosts", "w") as f:
            f.write("h " + open(self.scene.base + "/host.pub").read())
        with open(self.conf, "w") as f:
            f.writelines(f"Host {name}\n  User kb_{name}\n" for name in accounts.ACCOUNTS)
            f.write(f"Host h2\n  User kb_h\nHost *\n  HostName 127.0.0.1\n  Port {self.port}\n  HostKeyAlias h\n"
                    f"  UserKnownHostsFile {self.dir}/known_hosts\n  GlobalKnownHostsFile /dev/null\n"
                    f"  IdentityFile {self.scene.key}\n  IdentitiesOnly yes\n  ConnectTimeout 30\n")
        for program in ("ssh", "scp", "sftp"):
            path = f"{self.bin}/{program}"
            with open(path, "w") as f:
                f.write(f'#!/bin/sh\nexec /usr/bin/{program} -F {self.conf} "$@"\n')
            os.chmod(path, 0o755)

    def answers(self):
        try:
            socket.create_connection(("127.0.0.1", self.port)).close()
            return True
        except OSError:
            return False


class Theirs(Server):
    def start(self):
        self.process = subprocess.Popen(
            [*self.scene.chroot, "/usr/sbin/sshd", "-D", "-e", "-f", self.dir + "/sshd_config"],
            stderr=open(self.log_file, "w"), start_new_session=True)

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Ours(Server):
    """Configured by what `import` makes of the other's file."""

    def start(self):
        theirs = self.dir + "/sshd_config"
        p = sp.run([*self.scene.chroot, "sallyportctl", "import", theirs])
        assert p.returncode == 0, p.stderr
        config = self.dir + "/sallyport.conf"
        text = p.stdout.replace('pid_file = "none"', f'pid_file = "{self.dir}/pid"')
        with open(config, "w") as f:
            f.write(f'control_socket = "{self.dir}/control";\n' + text)
        os.chmod(config, 0o600)
        p = sp.run([*self.scene.chroot, sp.DAEMON, "-f", config, "-E", self.log_file])
        assert p.returncode == 0, (p.stdout, p.stderr)
        self.pid = int(open(self.dir + "/pid").read())

    def stop(self):
        os.kill(self.pid, signal.SIGTERM)
        log = open(self.log_file, errors="replace").read()
        bad = re.search(r"(AddressSanitizer|runtime error:|internal error).*", log)
        assert not bad, bad.group(0)
