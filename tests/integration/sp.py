"""The harness: a daemon started as an administrator would, users made and
removed, clients run with a deadline, and the log read back."""

import contextlib
import glob
import itertools
import os
import re
import shutil
import signal
import socket
import subprocess
import time

SCRATCH = os.environ["SP_SCRATCH"]
BUILD = os.environ["SALLYPORT_BUILD"]
TOP = os.environ["SALLYPORT_TOP"]
DAEMON = "/usr/sbin/sallyportd"
PENALTIES = "/var/lib/sallyport/penalties"
ASAN = "asan" in os.path.basename(BUILD)
SLOW = 4 if ASAN else 1  # deadlines, not assertions, stretch under ASan
# What kills a process that is broken: ASan makes an exit of a SIGSEGV.
CRASH = signal.SIGABRT if ASAN else signal.SIGSEGV
_ports = itertools.count(2200)
_names = itertools.count(1)


def run(argv, timeout=30, check=None, **kw):
    """Run a program to its end; returns it with text in stdout and stderr."""
    kw.setdefault("stdin", subprocess.DEVNULL)
    if "input" in kw:
        kw.pop("stdin")
    p = subprocess.run(argv, capture_output=True, timeout=timeout * SLOW,
                       text=kw.pop("text", True), **kw)
    if check is not None:
        assert p.returncode == check, (argv, p.returncode, p.stdout, p.stderr)
    return p


def debian_release():
    """Debian's number; one that is not released yet counts as 13."""
    said = open("/etc/debian_version").read().split(".")[0]
    return int(said) if said.isdigit() else 13


def wait_for(condition, seconds=10, what="condition"):
    end = time.monotonic() + seconds * SLOW
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"{what}: not within {seconds * SLOW} s")


def clean_key(path):
    """Another run on the same scene counts its names from the start."""
    for name in (path, path + ".pub"):
        if os.path.exists(name):
            os.unlink(name)


def set_password(name, password):
    """At the least cost of a hash: Debian's takes 45 ms of a login."""
    run(["chpasswd", "-c", "YESCRYPT", "-s", "1"], input=f"{name}:{password}\n", check=0)


class User:
    """A real account with a home, a password and a key."""

    def __init__(self, shell="/bin/bash", password="s3cret pass", groups=()):
        self.name = f"spt_u{next(_names)}"
        self.password = password
        argv = ["useradd", "-m", "-s", shell]
        if groups:
            argv += ["-G", ",".join(groups)]
        run(argv + [self.name], check=0)
        self.home = os.path.expanduser("~" + self.name)
        if password is not None:
            set_password(self.name, password)
        import pwd
        self.uid = pwd.getpwnam(self.name).pw_uid
        self.gid = pwd.getpwnam(self.name).pw_gid
        self.key = None

    def make_key(self, kind="ed25519", extra=(), options=""):
        path = f"{SCRATCH}/{self.name}_{kind}_{next(_names)}"
        clean_key(path)
        run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", self.name,
             "-f", path, *extra], check=0)
        self.key = path
        self.authorize(open(path + ".pub").read(), options)
        return path

    def authorize(self, line, options="", name="authorized_keys", mode=0o600):
        directory = self.home + "/.ssh"
        os.makedirs(directory, mode=0o700, exist_ok=True)
        path = f"{directory}/{name}"
        with open(path, "a") as f:
            f.write((options + " " if options else "") + line.rstrip() + "\n")
        os.chmod(path, mode)
        for p in (directory, path):
            os.chown(p, self.uid, self.gid)

    def processes(self):
        p = run(["ps", "-u", str(self.uid), "-o", "pid=,stat=,args="])
        return [line for line in p.stdout.splitlines() if " Z" not in line]

    def remove(self):
        run(["pkill", "-KILL", "-u", str(self.uid)])
        run(["userdel", "-r", "-f", self.name])


def host_key(kind):
    """One key of each type a run: making an RSA key takes seconds."""
    path = f"{SCRATCH}/host_{kind}"
    if not os.path.exists(path):
        extra = ["-b", "3072"] if kind == "rsa" else []
        run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", path, *extra],
            check=0, timeout=120)  # half a minute has been seen, for RSA
    return path


RULES = """
rules = (
  { name = "root"; match = { user = "root"; }; methods = [ "publickey" ];
    root_login = "key"; },
  { name = "users"; methods = [ %(methods)s ];
    local_forward = [ "*:*" ]; remote_forward = [ "*:*" ];
    unix_local = [ "*" ]; unix_remote = [ "*" ]; agent = true; accept_env = [ "LANG", "LC_*" ]; %(grants)s }
);
"""


class Server:
    """An installed daemon with a configuration of its own."""

    def __init__(self, methods=("publickey", "password", "keyboard-interactive"),
                 grants="", rules=None, limits="", extra="", modules=None,
                 publickey="", pam_service="sallyport", listeners=None,
                 penalties="enabled = false;", start=True, args=(), env=None,
                 log_level="debug", host_keys=("ed25519", "ecdsa", "rsa"),
                 listen="127.0.0.1", records=""):
        self.port = next(_ports)
        # Another run on the same scene counts its ports from the start, too.
        self.dir = f"{SCRATCH}/server{self.port}"
        shutil.rmtree(self.dir, ignore_errors=True)
        os.makedirs(self.dir, mode=0o755)
        self.config = self.dir + "/sallyport.conf"
        self.penalty_file = PENALTIES + "/" + self.config.replace("/", "%2F")
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.penalty_file)  # of a server before, on that port
        self.log_file = self.dir + "/log"
        self.pid_file = self.dir + "/pid"
        self.control = self.dir + "/control"
        self.args = list(args)
        # Reports of a sanitizer that no log file takes (see conftest.py).
        self.env = dict(os.environ, SALLYPORT_REPORT=self.dir + "/asan.report",
                        **(env or {}))
        self.host_keys = []
        for kind in host_keys:
            path = f"{self.dir}/ssh_host_{kind}_key"
            made = host_key(kind)
            for suffix in ("", ".pub"):
                shutil.copy(made + suffix, path + suffix)  # modes too
            self.host_keys.append(path)
        if modules is None:
            modules = ('{ name = "pam"; options = { service = "%s"; }; },'
                       '{ name = "publickey"; options = { %s }; }'
                       % (pam_service, publickey))
        if rules is None:
            rules = RULES % {
                "methods": ", ".join(f'"{m}"' for m in methods),
                "grants": grants}
        if listeners is None:
            listeners = (f'listeners = ( {{ name = "main"; address = '
                         f'"{listen}"; port = {self.port}; }} );')
        self.text = f"""
{listeners}
host_keys = [ {", ".join(f'"{k}"' for k in self.host_keys)} ];
pid_file = "{self.pid_file}";
control_socket = "{self.control}";
log = {{ level = "{log_level}"; }};
limits = {{ {limits} penalties = {{ {penalties} }}; }};
modules = ( {modules} );
subsystems = ( {{ name = "sftp"; command = "internal"; }} );
{records}
{extra}
{rules}
"""
        self.write(self.text)
        self.pid = None
        if start:
            self.start()

    def write(self, text, path=None):
        path = path or self.config
        # The tests look for fields, which the default format leaves out.
        text = re.sub(r'^log = \{ level = "(\w+)"; \};', r'log = { level = "\1"; format = "text"; };',
                      text, flags=re.M)
        with open(path, "w") as f:
            f.write(text)
        os.chmod(path, 0o600)

    def check(self):
        """sallyportd -t."""
        return run([DAEMON, "-t", "-f", self.config], env=self.env)

    def start(self, expect=0):
        p = run([DAEMON, "-f", self.config, "-E", self.log_file, *self.args],
                env=self.env, timeout=30)
        assert p.returncode == expect, (p.returncode, p.stdout, p.stderr,
                                        self.log())
        if expect == 0:
            self.pid = int(open(self.pid_file).read())
        return p

    def log(self):
        try:
            return open(self.log_file, errors="replace").read()
        except FileNotFoundError:
            return ""

    def wait_log(self, pattern, seconds=10, after=0):
        def found():
            return re.search(pattern, self.log()[after:])
        try:
            return wait_for(found, seconds, pattern)
        except AssertionError:
            raise AssertionError(f"no line {pattern!r} in:\n"
                                 + self.log()[after:][-6000:])

    def mark(self):
        return len(self.log())

    def processes(self, title=None):
        """pid by title of our processes: those below the master."""
        found = {}
        children = {}
        for path in glob.glob("/proc/[0-9]*/stat"):
            try:
                text = open(path).read()
            except OSError:
                continue
            pid = int(text.split(" ", 1)[0])
            ppid = int(text.rsplit(")", 1)[1].split()[1])
            children.setdefault(ppid, []).append(pid)
        todo = [self.pid]
        while todo:
            pid = todo.pop()
            try:
                line = open(f"/proc/{pid}/cmdline").read()
            except OSError:
                continue
            found[pid] = line.split("\0")[0].strip()
            todo += children.get(pid, [])
        if title is not None:
            return [p for p, t in found.items()
                    if re.match(rf"sallyportd: {title}(\b|$)", t)]
        return found

    def stop(self, sig=signal.SIGTERM):
        if self.pid is None:
            return
        children = list(self.processes())
        try:
            os.kill(self.pid, sig)
        except ProcessLookupError:
            pass

        wait_for(lambda: has_ended(self.pid), 10, "the master's end")
        for pid in children:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.pid = None

    # ---- clients ----

    def options(self, user=None, **options):
        known = f"{self.dir}/known_hosts"
        argv = ["-F", "none"]
        for k, v in {"UserKnownHostsFile": known,
                     "GlobalKnownHostsFile": "/dev/null",
                     "StrictHostKeyChecking": "accept-new",
                     "LogLevel": "ERROR", "ConnectTimeout": "20",
                     **options}.items():
            argv += ["-o", f"{k}={v}"]
        if user is not None and user.key:
            argv += ["-i", user.key, "-o", "IdentitiesOnly=yes"]
        return argv

    def ssh_argv(self, user, *command, password=False, flags=(), **options):
        argv = []
        if password is True:
            password = user.password
        if password:
            argv = ["sshpass", "-p", password]
            options.setdefault("PreferredAuthentications", "password")
            options.setdefault("PubkeyAuthentication", "no")
        else:
            options.setdefault("BatchMode", "yes")
        host = self.__dict__.get("host", "127.0.0.1")
        return (argv + ["ssh", "-p", str(self.port), *flags]
                + self.options(user, **options)
                + [f"{user.name}@{host}", *command])

    def ssh(self, user, *command, password=False, flags=(), timeout=30,
            check=None, input=None, text=True, **options):
        kw = {} if input is None else {"input": input}
        return run(self.ssh_argv(user, *command, password=password,
                                 flags=flags, **options),
                   timeout=timeout, check=check, text=text, **kw)

    def popen(self, user, *command, password=False, flags=(), **options):
        return subprocess.Popen(
            self.ssh_argv(user, *command, password=password, flags=flags,
                          **options),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)

    def connect(self):
        s = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        return s


def has_ended(pid):
    """Is the process gone, or a zombie that nobody has waited for?"""
    try:
        return open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def status(pid):
    """/proc/PID/status as a dictionary."""
    out = {}
    for line in open(f"/proc/{pid}/status"):
        k, _, v = line.partition(":")
        out[k] = v.strip()
    return out


def write_pam(name, text):
    with open(f"/etc/pam.d/{name}", "w") as f:
        f.write(text)
    return name


def clean(directory):
    shutil.rmtree(directory, ignore_errors=True)
