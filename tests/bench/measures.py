"""What is measured.  Each measure yields samples of one server's figure; the
bench interleaves the servers and keeps the medians."""

import importlib.util
import os
import re
import select
import socket
import statistics
import subprocess
import time

import sp

CURVE = "curve25519-sha256"
LIGHT = f"{sp.BUILD}/tests/bench/light"
DEVNULL = subprocess.DEVNULL
GCM = "aes128-gcm@openssh.com"
CHACHA = "chacha20-poly1305@openssh.com"
CTR = "aes256-ctr"


class Scene:
    """What the measures share: sizes, files, the long path."""

    def __init__(self, quick, commands):
        self.quick = quick
        self.commands = commands
        self.bulk = (64 if quick else 256) << 20
        self.logins = 8 if quick else 12
        self.path = self.tickets = None
        self.file = f"{sp.SCRATCH}/bulk"
        self.tree = f"{sp.SCRATCH}/tree"

    def bulk_file(self):
        if not os.path.exists(self.file):
            block = os.urandom(1 << 20)
            with open(self.file, "wb") as f:
                for _ in range(self.bulk >> 20):
                    f.write(block)
            os.chmod(self.file, 0o644)
        return self.file

    def small_files(self, count, size=1024):
        tree = f"{self.tree}{count}"
        if not os.path.isdir(tree):
            os.mkdir(tree, 0o755)
            for i in range(count):
                with open(f"{tree}/{i:05d}", "wb") as f:
                    f.write(os.urandom(size))
        return tree

    def long_path(self):
        """Start the delay line once; argv that enters its far end."""
        if self.path is None:
            self.path = subprocess.Popen(
                [f"{sp.BUILD}/tests/bench/delay", "50", "1000"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            self.far = self.path.stdout.readline().strip()
            if not self.far:
                raise Skip("no /dev/net/tun for a long path")
        return ["nsenter", "-t", self.far, "-n"]

    def end(self):
        if self.tickets:
            self.tickets.end()
        if self.path:
            self.path.stdin.close()
            self.path.wait()


class Skip(Exception):
    pass


def call(argv, **kw):
    kw.setdefault("stdin", DEVNULL)
    kw.setdefault("stdout", DEVNULL)
    p = subprocess.run(argv, stderr=subprocess.PIPE, timeout=300, **kw)
    if p.returncode != 0:
        raise RuntimeError(f"{argv}: {p.returncode}: "
                           f"{p.stderr.decode(errors='replace')[-500:]}")


def cpu_of(server, work):
    before = server.group.seconds()
    work()
    server.settle()
    return server.group.seconds() - before


def login_cpu(scene, server):
    def work():
        for _ in range(scene.logins):
            call(server.ssh("true", kex=CURVE))
    return [1e3 * cpu_of(server, work) / scene.logins]


def login_cpu_default(scene, server):
    def work():
        for _ in range(scene.logins):
            call(server.ssh("true"))
    return [1e3 * cpu_of(server, work) / scene.logins]


def login_ticket(scene, server):
    if not os.path.exists("/usr/sbin/krb5kdc") or \
            importlib.util.find_spec("gssapi") is None or \
            not os.path.exists(f"{sp.BUILD}/sallyport-ticketholder"):
        raise Skip("no KDC, no python3-gssapi, or built without Kerberos")
    if scene.tickets is None:
        import tickets
        scene.tickets = tickets.Tickets(server.user)
    server = scene.tickets.beside(server)
    if server is None:
        raise Skip("takes no tickets here")
    argv = scene.tickets.login(server)

    def work():
        for _ in range(scene.logins):
            call(argv, env=scene.tickets.env)
    return [1e3 * cpu_of(server, work) / scene.logins]


def wall_of(argv, count):
    out = []
    for _ in range(count):
        start = time.perf_counter()
        call(argv)
        out.append(1e3 * (time.perf_counter() - start))
    return out


def login_wall(scene, server):
    return wall_of(server.ssh("true"), scene.logins)


def login_wall_curve(scene, server):
    return wall_of(server.ssh("true", kex=CURVE), scene.logins)


def light(server, mode, *args):
    return [LIGHT, mode, str(server.port), server.user.name,
            server.user.key, *map(str, args)]


def login_wall_light(scene, server):
    p = sp.run(light(server, "login", scene.logins), check=0, timeout=120)
    return [float(x) for x in p.stdout.split()]


def many_at_once(server):
    if server.name == "dropbear":
        raise Skip("dropbear takes no more than 5 at once from one address")


def logins_per_second(scene, server):
    many_at_once(server)
    count = 100 if scene.quick else 160
    start = time.perf_counter()
    sp.run(light(server, "login", count, 16), check=0, timeout=240)
    return [count / (time.perf_counter() - start)]


def logins_per_second_stock(scene, server):
    many_at_once(server)
    count = 48 if scene.quick else 96
    start = time.perf_counter()
    argv = server.ssh("true", kex=CURVE)
    call(["xargs", "-P16", "-I{}", *argv], input=b"x\n" * count, stdin=None)
    return [count / (time.perf_counter() - start)]


def connect_close(scene, server):
    count = 50 if scene.quick else 100

    def work():
        for _ in range(count):
            with socket.create_connection(("127.0.0.1", server.port)) as s:
                s.settimeout(20)
                data = b""
                while b"\n" not in data:
                    data += s.recv(256)
            server.settle()
    return [1e3 * cpu_of(server, work) / count]


def macs_of(server, cipher):
    return {"mac": server.macs} if cipher == CTR else {}


def without_login(server, argv, work):
    """CPU of the transfer, less that of a login which transfers nothing."""
    login = cpu_of(server, lambda: call(argv))
    return max(cpu_of(server, work) - login, 0)


def bulk_down(cipher):
    def measure(scene, server):
        if server.name == "dropbear" and cipher == GCM:
            raise Skip("dropbear 2022.83 has no AES-GCM")
        command = scene.commands.command(f"cat {scene.bulk_file()}")
        argv = server.ssh(command, cipher=cipher, **macs_of(server, cipher))
        login = server.ssh("true", cipher=cipher, **macs_of(server, cipher))
        used = without_login(server, login, lambda: call(argv))
        return [used * 1e9 / scene.bulk]
    return measure


def bulk_up(cipher):
    def measure(scene, server):
        if server.name == "dropbear" and cipher == GCM:
            raise Skip("dropbear 2022.83 has no AES-GCM")
        command = scene.commands.command("cat >/dev/null")
        argv = server.ssh(command, cipher=cipher, **macs_of(server, cipher))

        def work():
            with open(scene.bulk_file(), "rb") as f:
                call(argv, stdin=f)
        login = server.ssh("true", cipher=cipher, **macs_of(server, cipher))
        return [without_login(server, login, work) * 1e9 / scene.bulk]
    return measure


def sftp_run(scene, server, batch):
    path = f"{sp.SCRATCH}/batch"
    with open(path, "w") as f:
        f.write(batch)
    empty = f"{sp.SCRATCH}/empty"
    with open(empty, "w") as f:
        f.write("pwd\n")
    return without_login(server, server.sftp(empty),
                         lambda: call(server.sftp(path)))


def sftp_put(scene, server):
    target = f"{server.user.home}/put"
    used = sftp_run(scene, server, f"put {scene.bulk_file()} {target}\n")
    os.unlink(target)
    return [used * 1e9 / scene.bulk]


def sftp_get(scene, server):
    target = f"{sp.SCRATCH}/got"
    used = sftp_run(scene, server, f"get {scene.bulk_file()} {target}\n")
    os.unlink(target)
    return [used * 1e9 / scene.bulk]


def sftp_small_put(count):
    def measure(scene, server):
        target = f"{server.user.home}/many"
        used = sftp_run(scene, server, f"mkdir {target}\n"
                        f"put -r {scene.small_files(count)} {target}\n")
        call(["rm", "-rf", target])
        return [used]
    return measure


def sftp_small_get(scene, server):
    target = f"{sp.SCRATCH}/many"
    os.mkdir(target)
    used = sftp_run(scene, server, f"get -r {scene.small_files(2000)} {target}\n")
    call(["rm", "-rf", target])
    return [used]


def sftp_list(scene, server):
    directory = scene.small_files(100000, size=0)
    return [sftp_run(scene, server, f"ls -1f {directory}\n")]


def long_upload(scene, server):
    enter = scene.long_path()
    size = (64 if scene.quick else 1024) << 20
    if server.name == "dropbear":
        size = 1 << 20  # a window of 24 kB: a quarter of a MB in a second
    argv = enter + server.ssh("cat >/dev/null", host="10.99.0.1", cipher=GCM
                              if server.name != "dropbear" else None)
    started = time.perf_counter()
    with open("/dev/zero", "rb") as zero:
        head = subprocess.Popen(["head", "-c", str(size)], stdin=zero,
                                stdout=subprocess.PIPE)
        call(argv, stdin=head.stdout)
        head.wait()
    # What remains when the login's round trips are taken out.
    login = statistics.median(long_walls(scene, server, 2)) / 1e3
    return [size / 1e6 / (time.perf_counter() - started - 3 * login)]


def long_walls(scene, server, count):
    enter = scene.long_path()
    return wall_of(enter + server.ssh("true", host="10.99.0.1", kex=CURVE),
                   count)


def long_login(scene, server):
    return long_walls(scene, server, 2 if scene.quick else 5)


class Echo:
    """Two sessions in one connection: one echoes, the other sends bulk."""

    def __init__(self, scene, server):
        self.path = f"{sp.SCRATCH}/mux{server.port}"
        mux = {"ControlPath": self.path}
        # One that was left behind looks like a master, and each session would
        # quietly have a connection of its own.
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.master = subprocess.Popen(
            server.ssh(flags=("-N", "-M"), cipher=None, **mux),
            stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL)
        sp.wait_for(lambda: os.path.exists(self.path), 20, "the master")
        self.echo = subprocess.Popen(
            server.ssh("cat", **mux), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, bufsize=0)
        self.down = server.ssh("cat /dev/zero", **mux)
        self.up = server.ssh("cat >/dev/null", **mux)
        self.once()

    def once(self):
        start = time.perf_counter()
        self.echo.stdin.write(b"x")
        if not select.select([self.echo.stdout], [], [], 20)[0]:
            raise RuntimeError("no echo")
        self.echo.stdout.read(1)
        return 1e3 * (time.perf_counter() - start)

    def samples(self, count):
        out = []
        for _ in range(count):
            out.append(self.once())
            time.sleep(0.005)
        return sorted(out)

    def end(self):
        for p in (self.echo, self.master):
            p.kill()
            p.wait()


def p99(sorted_samples):
    return sorted_samples[int(len(sorted_samples) * 0.99) - 1]


def median(sorted_samples):
    return sorted_samples[len(sorted_samples) // 2]


def echo_beside(scene, server, look, up=False):
    """What look(echo) says while a bulk transfer shares the connection."""
    e = Echo(scene, server)
    try:
        server.echo_idle = p99(e.samples(200))
        with open("/dev/zero", "rb") as zero:
            bulk = subprocess.Popen(e.up if up else e.down, stdin=zero,
                                    stdout=DEVNULL)
        time.sleep(0.5)
        try:
            return look(e)
        finally:
            bulk.kill()
            bulk.wait()
    finally:
        e.end()
        server.settle()


def echo_under_load(which, up=False):
    """p50 or p99 beside a transfer; the idle connection's p99 is kept."""
    def measure(scene, server):
        count = 200 if scene.quick else 500
        return [echo_beside(scene, server, lambda e: which(e.samples(count)),
                            up)]
    return measure


def beside_alone(e, seconds):
    def taken():
        with open(f"/proc/{e.master.pid}/io") as f:
            return int(f.readline().split()[1])

    def rate(meanwhile):
        before, start = taken(), time.perf_counter()
        while time.perf_counter() < start + seconds:
            meanwhile()
            time.sleep(0.02)
        return (taken() - before) / (time.perf_counter() - start)

    time.sleep(1.2)  # nobody types any more
    alone = rate(lambda: None)
    return rate(e.once) / alone


def bulk_beside_echo(up):
    """The transfer's rate while somebody types, to its rate before."""
    def measure(scene, server):
        seconds = 1 if scene.quick else 3
        return [echo_beside(scene, server, lambda e: beside_alone(e, seconds),
                            up)]
    return measure


def echo_idle(which):
    def measure(scene, server):
        e = Echo(scene, server)
        try:
            return [which(e.samples(200))]
        finally:
            e.end()
            server.settle()
    return measure


def pss_kb(pids):
    total = 0
    for pid in pids:
        try:
            text = open(f"/proc/{pid}/smaps_rollup").read()
        except (FileNotFoundError, ProcessLookupError):
            continue
        m = re.search(r"^Pss:\s+(\d+)", text, re.M)
        total += int(m[1]) if m else 0
    return total


def idle_connections(scene, server):
    """(PSS, kernel memory) in kB of a connection among 20 that idle."""
    count = 20
    before = server.group.kernel_kb()
    p = subprocess.Popen(light(server, "idle", count), text=True,
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        if p.stdout.readline() != "ready\n":
            raise RuntimeError("the idle connections did not come up")
        time.sleep(4)  # buffers are given back after a while
        pss = pss_kb(server.connection_pids()) / count
        kernel = server.group.kernel_kb()
    finally:
        p.stdin.close()
        p.wait()
    server.settle()
    return pss, None if kernel is None else (kernel - before) / count


def idle_pss(scene, server):
    pss, kernel = idle_connections(scene, server)
    server.idle_kernel = kernel
    return [pss]


def idle_kernel(scene, server):
    """From the same connections, when these have been measured."""
    if hasattr(server, "idle_kernel"):
        kernel = server.idle_kernel
    else:
        kernel = idle_connections(scene, server)[1]
    if kernel is None:
        raise Skip("no controller counts kernel memory")
    return [kernel]


def unauthenticated_pss(scene, server):
    import paramiko
    # dropbear takes no more of these from one address than 5.
    count = 4 if server.name == "dropbear" else 20
    made = []
    for _ in range(count):
        t = paramiko.Transport(socket.create_connection(
            ("127.0.0.1", server.port)))
        t.start_client(timeout=20)
        made.append(t)
    time.sleep(4)
    pss = pss_kb(server.connection_pids()) / count
    for t in made:
        t.close()
    server.settle()
    return [pss]


def scale(server, count):
    """Many idle connections: what each costs, what a login costs then."""
    master = min(server.base)

    def cpu_of_master():
        f = open(f"/proc/{master}/stat").read().rsplit(")", 1)[1].split()
        return (int(f[11]) + int(f[12])) / os.sysconf("SC_CLK_TCK")

    def logins():
        p = sp.run(light(server, "login", 50), check=0, timeout=240)
        return statistics.median(float(x) for x in p.stdout.split())

    def state(connections, took):
        kernel = server.group.kernel_kb()
        print(f"| {connections} | {logins():.1f} | {took:.1f} | "
              f"{cpu_of_master():.2f} | {pss_kb([master])} | "
              f"{pss_kb(server.group.pids()) // 1024} | "
              f"{'–' if kernel is None else int(kernel) // 1024} |",
              flush=True)

    print("| idle connections | login p50 ms | seconds to connect | master "
          "CPU s, all told | master PSS kB | all processes PSS MB | kernel "
          "MB |\n|--:|--:|--:|--:|--:|--:|--:|")
    state(0, 0)
    held, total, step = [], 0, max(1, count // 4)
    while total < count:
        start = time.monotonic()
        p = subprocess.Popen(light(server, "idle", step), text=True,
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        held.append(p)
        if p.stdout.readline() != "ready\n":
            raise RuntimeError("the connections did not come up")
        took = time.monotonic() - start
        total += step
        time.sleep(4)
        state(total, took)
    before = cpu_of_master()
    time.sleep(10)
    print(f"\nThe master in 10 s of {total} idle connections: "
          f"{cpu_of_master() - before:.2f} s of CPU time.")
    start = time.monotonic()
    for p in held:
        p.stdin.close()
        p.wait()
    server.settle(120)
    print(f"All ended within {time.monotonic() - start:.1f} s.")
    state(0, 0)


class Measure:
    def __init__(self, name, title, run, goal, digits=2, rounds=5, up=False,
                 nopam=False):
        self.name, self.title, self.run, self.goal = name, title, run, goal
        self.digits, self.rounds, self.up = digits, rounds, up
        self.nopam = nopam  # the servers without PAM take part too


MEASURES = [
    Measure("login_cpu", "login (publickey, exec `true`), server CPU ms, curve25519",
            login_cpu, 0.4, nopam=True),
    Measure("login_cpu_default", "the same, the client's default kex (sntrup761)",
            login_cpu_default, 0.4, nopam=True),
    Measure("login_ticket", "login (gssapi-with-mic, exec `true`), server CPU ms, curve25519",
            login_ticket, 0.5),
    Measure("login_wall", "login wall, stock client, default kex, p50 ms",
            login_wall, 0.2, digits=1, rounds=3),
    Measure("login_wall_curve", "login wall, stock client, curve25519, p50 ms",
            login_wall_curve, 0.2, digits=1, rounds=3),
    Measure("login_wall_light", "login wall, light client, p50 ms",
            login_wall_light, None, digits=1, rounds=3),
    Measure("logins_16", "logins/s, 16 in parallel, light client ↑",
            logins_per_second, None, digits=0, rounds=3, up=True),
    Measure("logins_16_stock", "logins/s, 16 in parallel, stock client ↑",
            logins_per_second_stock, None, digits=0, rounds=3, up=True),
    Measure("connect_close", "connect, banner, close: CPU ms",
            connect_close, 0.06, digits=3, nopam=True),
    Measure("gcm_down", "bulk aes128-gcm down, CPU s/GB", bulk_down(GCM), 0.55),
    Measure("gcm_up", "bulk aes128-gcm up, CPU s/GB", bulk_up(GCM), 0.55),
    Measure("chacha_down", "bulk chacha20-poly1305 down, CPU s/GB",
            bulk_down(CHACHA), 0.45),
    Measure("chacha_up", "bulk chacha20-poly1305 up, CPU s/GB",
            bulk_up(CHACHA), 0.45),
    Measure("ctr_down", "bulk aes256-ctr + hmac-sha2-256-etm down, CPU s/GB",
            bulk_down(CTR), 0.75),
    Measure("ctr_up", "bulk aes256-ctr + hmac-sha2-256-etm up, CPU s/GB",
            bulk_up(CTR), 0.75),
    Measure("sftp_put", "sftp put of a large file, CPU s/GB", sftp_put, 0.5),
    Measure("sftp_get", "sftp get of a large file, CPU s/GB", sftp_get, 0.5),
    Measure("sftp_small_put", "sftp put of 2000 × 1 KiB, CPU s",
            sftp_small_put(2000), 0.6, rounds=3),
    Measure("sftp_small_get", "sftp get of 2000 × 1 KiB, CPU s",
            sftp_small_get, 0.6, rounds=3),
    Measure("sftp_many_put", "sftp put of 10,000 × 1 KiB, CPU s",
            sftp_small_put(10000), None, rounds=2),
    Measure("sftp_list", "sftp ls of 100,000 entries, CPU s", sftp_list, None,
            rounds=2),
    Measure("long_upload", "upload over a 100 ms path (1 Gbit/s), MB/s ↑",
            long_upload, ">= 110", digits=1, rounds=1, up=True),
    Measure("long_login", "login over a 100 ms path, curve25519, ms",
            long_login, "<= 920", digits=0, rounds=2),
    Measure("echo_idle_median", "echo p50 in an idle connection, ms",
            echo_idle(median), None, rounds=3),
    Measure("echo_idle", "echo p99 in an idle connection, ms", echo_idle(p99),
            None, rounds=3),
    Measure("echo_load", "echo p99 under a bulk download in it, ms",
            echo_under_load(p99), "<= idle + 1", rounds=3),
    Measure("echo_median", "echo p50 under a bulk download in it, ms",
            echo_under_load(median), 1.0, rounds=3),
    Measure("echo_up_load", "echo p99 under a bulk upload in it, ms",
            echo_under_load(p99, up=True), "<= idle + 1", rounds=3),
    Measure("echo_up_median", "echo p50 under a bulk upload in it, ms",
            echo_under_load(median, up=True), 1.0, rounds=3),
    Measure("echo_bulk", "the download's rate beside typing, of its own ↑",
            bulk_beside_echo(up=False), ">= 0.95", rounds=3, up=True),
    Measure("echo_up_bulk", "the upload's rate beside typing, of its own ↑",
            bulk_beside_echo(up=True), ">= 0.95", rounds=3, up=True),
    Measure("idle_pss", "idle authenticated connection, PSS kB", idle_pss,
            0.25, digits=0, rounds=2, nopam=True),
    Measure("idle_kernel", "idle authenticated connection, kernel kB",
            idle_kernel, 0.25, digits=0, rounds=2, nopam=True),
    Measure("unauth_pss", "connection before authentication, PSS kB",
            unauthenticated_pss, 0.2, digits=0, rounds=2, nopam=True),
]
