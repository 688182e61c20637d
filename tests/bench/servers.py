"""The servers beside each other: how each is started, what it costs."""

import glob
import os
import re
import signal
import subprocess
import time

import sp

STACK = "bench"
RUN = f"sallyport-bench-{time.time_ns():x}"
# Debian's sshd stack, the same for all who use PAM.
PAM = """
@include common-auth
account required pam_nologin.so
@include common-account
session required pam_loginuid.so
session optional pam_keyinit.so force revoke
@include common-session
session optional pam_motd.so motd=/run/motd.dynamic
session optional pam_motd.so noupdate
session optional pam_mail.so standard noenv
session required pam_limits.so
session required pam_env.so
session required pam_env.so user_readenv=0 envfile=/etc/default/locale
@include common-password
"""


class Cgroup:
    """CPU time of a server and all it started: v1 cpuacct or v2 cpu.stat;
    and kernel memory where a v1 memory controller counts it."""

    def __init__(self, name):
        self.name = f"{RUN}-{name}"
        self.cpu = self.make("/sys/fs/cgroup/cpuacct", "cpuacct.usage")
        self.memory = self.make("/sys/fs/cgroup/memory",
                                "memory.kmem.usage_in_bytes")
        if self.cpu is None:
            root = "/sys/fs/cgroup"
            if not os.path.exists(root + "/cgroup.controllers"):
                raise SystemExit("bench: neither cgroup v1 cpuacct nor v2")
            try:
                with open(root + "/cgroup.subtree_control", "w") as f:
                    f.write("+cpu +memory")
            except OSError:
                pass
            self.cpu = self.make(root, "cpu.stat")

    def make(self, root, needed):
        path = f"{root}/{self.name}"
        if not os.path.isdir(root):
            return None
        try:
            os.mkdir(path)
        except OSError:
            return None
        if os.path.exists(f"{path}/{needed}"):
            return path
        os.rmdir(path)
        return None

    def paths(self):
        return [p for p in (self.cpu, self.memory) if p]

    def enter(self):
        """Called in a child before it becomes a server."""
        for p in self.paths():
            with open(p + "/cgroup.procs", "w") as f:
                f.write(str(os.getpid()))

    def seconds(self):
        try:
            return int(open(self.cpu + "/cpuacct.usage").read()) / 1e9
        except FileNotFoundError:
            text = open(self.cpu + "/cpu.stat").read()
            return int(re.search(r"usage_usec (\d+)", text)[1]) / 1e6

    def pids(self):
        text = open(self.cpu + "/cgroup.procs").read()
        return {int(p) for p in text.split()}

    def kernel_kb(self):
        """What the kernel holds for these processes, in kB, or None."""
        if self.memory:
            path = self.memory + "/memory.kmem.usage_in_bytes"
            return int(open(path).read()) / 1024
        try:
            text = open(self.cpu + "/memory.stat").read()
            return int(re.search(r"^kernel (\d+)", text, re.M)[1]) / 1024
        except (FileNotFoundError, TypeError):
            return None

    def remove(self):
        for p in self.paths():
            for _ in range(50):
                try:
                    os.rmdir(p)
                    break
                except OSError:
                    time.sleep(0.1)


class OutOfIt:
    """A group that is nobody's, into which the users' commands move
    themselves, so that `cat` is not the server's cost."""

    def __init__(self):
        self.group = Cgroup("commands")
        self.file = self.group.cpu + "/cgroup.procs"
        os.chmod(self.file, 0o666)

    def command(self, text):
        return f"{{ echo $$ >{self.file}; }} 2>/dev/null; exec {text}"


class Server:
    pam = True
    macs = "hmac-sha2-256-etm@openssh.com"

    def __init__(self, user):
        self.user = user
        self.group = Cgroup(self.name)
        self.port = next(sp._ports)
        self.start()
        sp.wait_for(self.answers, 10, f"{self.name} answering")
        self.settle()
        self.base = self.group.pids()

    def answers(self):
        s = None
        try:
            import socket
            s = socket.create_connection(("127.0.0.1", self.port), timeout=5)
            return s.recv(4) == b"SSH-"
        except OSError:
            return False
        finally:
            if s:
                s.close()

    def settle(self, seconds=20):
        """Until what served the last connection is gone."""
        last, since = None, time.monotonic()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            now = self.group.pids()
            if hasattr(self, "base") and now <= self.base:
                return
            if now != last:
                last, since = now, time.monotonic()
            elif not hasattr(self, "base") and \
                    time.monotonic() - since > 0.5:
                return
            time.sleep(0.002)

    def connection_pids(self):
        return self.group.pids() - self.base

    def options(self, kex=None, cipher=None, mac=None, **more):
        argv = ["-F", "none", "-i", self.user.key]
        more = {"IdentitiesOnly": "yes", "BatchMode": "yes",
                "LogLevel": "ERROR", "StrictHostKeyChecking": "no",
                "UserKnownHostsFile": f"{sp.SCRATCH}/known_{self.name}",
                "GlobalKnownHostsFile": "/dev/null", **more}
        if kex:
            more["KexAlgorithms"] = kex
        if cipher:
            more["Ciphers"] = cipher
        if mac:
            more["MACs"] = mac
        for k, v in more.items():
            argv += ["-o", f"{k}={v}"]
        return argv

    def ssh(self, *command, host="127.0.0.1", flags=(), **options):
        return ["ssh", "-p", str(self.port), *flags, *self.options(**options),
                f"{self.user.name}@{host}", *command]

    def sftp(self, batch, **options):
        return ["sftp", "-q", "-P", str(self.port), "-b", batch,
                *self.options(**options), f"{self.user.name}@127.0.0.1"]

    def spawn(self, argv):
        self.process = subprocess.Popen(
            argv, preexec_fn=self.group.enter, stdin=subprocess.DEVNULL,
            stdout=open(f"{sp.SCRATCH}/{self.name}.log", "ab"),
            stderr=subprocess.STDOUT)

    def stop(self):
        for _ in range(30):
            for pid in self.group.pids():
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            if getattr(self, "process", None):
                self.process.poll()
            if not self.group.pids():
                break
            time.sleep(0.1)
        self.group.remove()


class Sallyport(Server):
    name = "sallyport"
    modules = None
    settings = {}  # more for sp.Server

    def start(self):
        pid = os.fork()
        if pid == 0:
            try:
                self.group.enter()
                self.configure()
                os._exit(0)
            except BaseException as e:
                print("sallyport:", e, flush=True)
                os._exit(1)
        if os.waitpid(pid, 0)[1] != 0:
            raise SystemExit("bench: sallyport does not start")

    def configure(self):
        limits = ("startups = { begin = 5000; full = 10000; }; "
                  "source = { connections = 20000; }; ")
        sp._ports = iter([self.port])
        sp.Server(limits=limits, log_level="info", pam_service=STACK,
                  host_keys=("ed25519",), listen="0.0.0.0",
                  modules=self.modules, **self.settings,
                  methods=("publickey",) if self.modules
                  else ("publickey", "password", "keyboard-interactive"))


class SallyportNoPam(Sallyport):
    name = "sallyport-nopam"
    modules = '{ name = "publickey"; }'
    pam = False


class OpenSSH(Server):
    name = "openssh"
    more = ""

    def start(self):
        key = f"{sp.SCRATCH}/openssh_key"
        if not os.path.exists(key):
            sp.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key],
                   check=0)
        config = f"{sp.SCRATCH}/{self.name}.conf"
        with open(config, "w") as f:
            f.write(f"Port {self.port}\nListenAddress 0.0.0.0\n"
                    f"HostKey {key}\nUsePAM {'yes' if self.pam else 'no'}\n"
                    "KbdInteractiveAuthentication no\nPrintMotd no\n"
                    "PidFile none\nMaxStartups 5000:30:10000\n"
                    "AcceptEnv LANG LC_*\n"
                    "Subsystem sftp /usr/lib/openssh/sftp-server\n" + self.more)
        self.spawn(["/usr/sbin/sshd", "-D", "-e", "-f", config])


class OpenSSHNoPam(OpenSSH):
    name = "openssh-nopam"
    pam = False


class OpenSSHNew(OpenSSH):
    """Debian 13's, in a root of its own (tests/integration/trixie root): its
    own libraries and PAM modules, our users, stack and files."""
    name = "openssh10"
    root = os.environ.get("SALLYPORT_TRIXIE", "/var/cache/sallyport-trixie")

    def spawn(self, argv):
        place = f"{sp.SCRATCH}/{self.name}"
        for part in ("upper", "work", "root"):
            os.makedirs(f"{place}/{part}")
        sp.run(["mount", "-t", "overlay", "overlay", "-o",
                f"lowerdir={self.root},upperdir={place}/upper,"
                f"workdir={place}/work", f"{place}/root"], check=0)
        inside = place + "/root"
        for path in ("/proc", "/dev", "/sys", "/home", "/mnt", "/etc/passwd",
                     "/etc/shadow", "/etc/group", "/etc/default"):
            os.makedirs(inside + path, exist_ok=True) if os.path.isdir(path) \
                else open(inside + path, "a").close()
            sp.run(["mount", "--rbind", path, inside + path], check=0)
        os.makedirs(inside + "/run/sshd", exist_ok=True)
        with open(inside + "/etc/pam.d/sshd", "w") as f:
            f.write(PAM)
        super().spawn(["chroot", inside, *argv])

    def stop(self):
        super().stop()
        sp.run(["umount", "-R", f"{sp.SCRATCH}/{self.name}/root"])


class OpenSSHNewNoPam(OpenSSHNew):
    name = "openssh10-nopam"
    pam = False


class Dropbear(Server):
    name = "dropbear"
    macs = "hmac-sha2-256"
    pam = False

    def start(self):
        key = f"{sp.SCRATCH}/dropbear_key"
        if not os.path.exists(key):
            sp.run(["dropbearkey", "-t", "ed25519", "-f", key], check=0)
        self.spawn(["/usr/sbin/dropbear", "-F", "-E", "-p",
                    f"0.0.0.0:{self.port}", "-r", key,
                    "-P", f"{sp.SCRATCH}/dropbear.pid"])


NEW = (OpenSSHNew, OpenSSHNewNoPam) \
    if os.path.exists(f"{OpenSSHNew.root}/usr/sbin/sshd") else ()
ALL = {c.name: c for c in (Sallyport, OpenSSH, Dropbear, SallyportNoPam,
                           OpenSSHNoPam, *NEW)}


def clean_groups():
    for root in ("/sys/fs/cgroup/cpuacct", "/sys/fs/cgroup/memory",
                 "/sys/fs/cgroup"):
        for path in glob.glob(f"{root}/{RUN}-*"):
            try:
                os.rmdir(path)
            except OSError:
                pass
