import os, time, subprocess, statistics, glob, shutil, signal
import pytest, sp

CG = "/sys/fs/cgroup/cpuacct/recbench-%d" % os.getpid()
OUT = CG + "-out"
MB = int(os.environ.get("RB_MB", "256"))
ROUNDS = int(os.environ.get("RB_ROUNDS", "3"))

def usage(g=None):
    return int(open((g or CG) + "/cpuacct.usage").read()) / 1e9

def procs():
    r = {}
    for p in open(CG + "/cgroup.procs").read().split():
        try:
            f = open(f"/proc/{p}/stat").read().rsplit(")", 1)[1].split()
            c = open(f"/proc/{p}/cmdline").read().replace("\0", " ").strip()
            r[c[:24]] = r.get(c[:24], 0) + int(f[11]) / 100 + int(f[12]) / 100
        except OSError:
            pass
    return r

def enter():
    open(CG + "/cgroup.procs", "w").write(str(os.getpid()))

def servers(make_server):
    for g in (CG, OUT):
        os.makedirs(g, exist_ok=True)
    os.chmod(OUT + "/cgroup.procs", 0o666)
    was = open("/proc/self/cgroup").read()
    open(CG + "/cgroup.procs", "w").write(str(os.getpid()))
    a = make_server()
    b = make_server(grants="record = { pty = true; exec = true; };",
                    extra='recordings = { directory = "%s"; };' % (sp.SCRATCH + "/recordings"))
    open("/sys/fs/cgroup/cpuacct/cgroup.procs", "w").write(str(os.getpid()))
    return a, b

def perf_start(out):
    for i in range(400):
        pid = subprocess.run(["pgrep", "-f", "recorder: "], capture_output=True, text=True).stdout.split()
        if pid and os.environ["RB_PERF"] == "strace":
            return subprocess.Popen(["strace", "-T", "-o", "/tmp/rb.strace", "-p", pid[0], "-s", "0"], stderr=subprocess.DEVNULL)
        if pid:
            return subprocess.Popen(["perf", "record", "-q", "-g", "-e", "cpu-clock", "-F", "2000", "-o", out, "-p", ",".join(pid)], stderr=subprocess.DEVNULL)
        time.sleep(0.01)

def perf_show(p, out, n=32):
    p.send_signal(signal.SIGINT); p.wait()
    if os.environ["RB_PERF"] == "strace":
        c = {}
        import re
        for l in open("/tmp/rb.strace"):
            m = re.match(r"(\w+)\((\d*).* = (-?\d+)", l)
            if m:
                k = m[1] + " " + m[2]
                v = int(m[3])
                c.setdefault(k, [0, 0, 0]); c[k][0] += 1; c[k][1] += max(v, 0); c[k][2] += v < 0
        for k, v in c.items():
            print(k, "calls", v[0], "avg", v[1] // v[0], "failed", v[2])
        print(subprocess.run("sed -n '2000,2040p' /tmp/rb.strace | cut -c1-110", shell=True, capture_output=True, text=True).stdout)
        return
    for extra in (["--sort", "dso"], ["--sort", "sym"]):
        t = subprocess.run(["perf", "report", "-i", out, "--no-children", "-g", "none", "--percent-limit", "0.7", *extra], capture_output=True, text=True).stdout
        print("\n".join([l for l in t.splitlines() if l and l[0] != "#"][:n]), flush=True)

def go(s, user, command, flags=(), total=0):
    shutil.rmtree(sp.SCRATCH + "/recordings", ignore_errors=True)
    before, t = usage(), time.time()
    p = subprocess.Popen(s.ssh_argv(user, "{ echo $$ >%s/cgroup.procs; } 2>/dev/null; exec %s" % (OUT, command), flags=flags),
                         stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL if not flags else subprocess.PIPE)
    last, perf = {}, None
    if total and os.environ.get("RB_PERF") and "recordings" in open(s.config).read():
        perf = perf_start("/tmp/rb.data")
    while p.poll() is None:
        time.sleep(0.05 if total else 0.01)
        if total:
            last = procs() or last
    wall = time.time() - t
    if perf:
        perf_show(perf, "/tmp/rb.data")
    time.sleep(0.5)
    size = sum(os.path.getsize(f) for f in glob.glob(sp.SCRATCH + "/recordings/*/*/*/*.cast"))
    return usage() - before, wall, total, last, size

def login(s, user, flags=()):
    return go(s, user, "true", flags)[0]

def compare(what, a, b, user, command, total, flags=()):
    r = {"plain": [], "recorded": []}
    for i in range(ROUNDS):
        for name, s in (("plain", a), ("recorded", b)):
            l = login(s, user, flags)
            cpu, wall, n, last, size = go(s, user, command, flags, total)
            r[name].append(((cpu - l) / n * (1 << 30), n / wall / 1e6))
            print(f"{what} {name}: {n>>20} MiB cpu {cpu:.2f} login {l:.3f} wall {wall:.2f} {n/wall/1e6:.0f} MB/s file {size>>20} MiB load {os.getloadavg()[0]:.1f}", {k: round(v, 2) for k, v in last.items() if v > .05}, flush=True)
    med = {k: [statistics.median(x[i] for x in v) for i in (0, 1)] for k, v in r.items()}
    print(f"== {what}: CPU s/GiB plain {med['plain'][0]:.2f} recorded {med['recorded'][0]:.2f} ({med['recorded'][0]/med['plain'][0]:.2f}x); MB/s {med['plain'][1]:.0f} {med['recorded'][1]:.0f}", flush=True)

@pytest.fixture
def pair(make_server, user):
    a, b = servers(make_server)
    f = sp.SCRATCH + "/bulk"
    with open(f, "w") as o:
        line = "-rw-r--r-- 1 root root %8d Nov 30 20:15 /usr/share/doc/some/file_%d.txt\n"
        i = 0
        while o.tell() < MB << 20:
            o.write("".join(line % (i * 7, i + k) for k in range(1000)))
            i += 1000
    os.chmod(f, 0o644)
    yield a, b, f
    os.unlink(f)

def test_exec(pair, user):
    a, b, f = pair
    print()
    compare("exec text", a, b, user, f"cat {f}", os.path.getsize(f))

def test_pty(pair, user):
    a, b, f = pair
    print()
    compare("pty text", a, b, user, f"head -c {MB << 18} {f}", MB << 18, ("-tt",))

def test_typing(pair, user):
    a, b, f = pair
    print()
    r = {"plain": [], "recorded": []}
    for i in range(ROUNDS):
        for name, s in (("plain", a), ("recorded", b)):
            p = subprocess.Popen(s.ssh_argv(user, "{ echo $$ >%s/cgroup.procs; } 2>/dev/null; exec /bin/bash --norc -i" % OUT, flags=("-tt",)), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            fd = p.stdout.fileno()
            p.stdin.write(b"PS1='$ '; echo rea''dy\n"); p.stdin.flush()
            got = b""
            while b"ready" not in got:
                got += os.read(fd, 4096)
            time.sleep(0.5)
            before = usage()
            perf = None
            if os.environ.get("RB_PERF") and name == "recorded":
                perf = perf_start("/tmp/rb.data"); time.sleep(0.5); before = usage()
            n = 2000
            for k in range(n):
                c = b"\n" if k % 40 == 39 else b"#" if k % 40 == 0 else b"x"
                p.stdin.write(c); p.stdin.flush()
                os.read(fd, 4096)
            u = usage() - before
            if perf:
                perf_show(perf, "/tmp/rb.data")
            r[name].append(u / n * 1e6)
            p.stdin.write(b"\nexit\n"); p.stdin.flush()
            p.stdin.close(); p.stdout.read(); p.wait()
            print(f"typing {name}: {u/n*1e6:.1f} us per key, load {os.getloadavg()[0]:.1f}", flush=True)
    m = {k: statistics.median(v) for k, v in r.items()}
    print(f"== typing: us/key plain {m['plain']:.1f} recorded {m['recorded']:.1f} ({m['recorded']/m['plain']:.2f}x)")
