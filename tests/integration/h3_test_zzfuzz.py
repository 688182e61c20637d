"""Scratch: chaos of sound messages; SFTP chaos; bytes chaos before the login."""
import os, random, re, select, socket, struct, time, shutil, subprocess, glob
import pytest, sp
from rawssh import *
from babble import Babbler, NUMBERS, u32
from test_ctl import stats
OUT = os.path.dirname(sp.SCRATCH) + "/out"
SECONDS = float(os.environ.get("SP_FUZZ_SECONDS", "20"))
SEED = int(os.environ.get("SP_FUZZ_SEED", time.time_ns() % 10**9))
ONE = os.environ.get("SP_FUZZ_ONE")
BAD = r"AddressSanitizer|runtime error:|internal error|rules of the wall|wall_violation|Violation|sandbox|crash|LeakSan|Assertion"

def fds(pid):
    try: return len(os.listdir(f"/proc/{pid}/fd"))
    except OSError: return -1

class Chaos:
    def __init__(self, c, r, user):
        self.c, self.r, self.user = c, r, user
        self.chans = {}      # theirs -> dict
        self.waiting = []    # our opens without answer, by our number
        self.offered = []
        self.next = 0
        self.rekeying = False
    def pump(self, t=0):
        c = self.c
        while c.buffer and len(c.buffer) >= 4 or select.select([c.s], [], [], t)[0]:
            self.on(c.receive()); t = 0
    def on(self, p):
        n = p[0]
        if n == DISCONNECT:
            raise Gone(p)
        if n == 91:
            mine, theirs, win, mx = struct.unpack_from(">IIII", p, 1)
            self.chans[theirs] = {"mine": mine, "win": win, "max": mx, "sent_close": False}
        elif n in (99, 100): pass
        elif n == 93:
            mine, more = struct.unpack_from(">II", p, 1)
            for ch in self.chans.values():
                if ch["mine"] == mine: ch["win"] += more
        elif n == 97:
            mine = struct.unpack_from(">I", p, 1)[0]
            for t, ch in list(self.chans.items()):
                if ch["mine"] == mine:
                    if not ch["sent_close"]:
                        if self.r.random() < .9:
                            self.c.send(97, u32(t))
                        else:
                            ch["sent_close"] = True; continue
                    del self.chans[t]
        elif n == 90:
            l = struct.unpack_from(">I", p, 1)[0]
            their, win, mx = struct.unpack_from(">III", p, 5 + l)
            d = self.r.random()
            if d < .5:
                self.next += 1
                self.c.send(91, u32(their), u32(self.next), u32(self.r.choice([0, 1, 1000, 1 << 20, 0x7fffffff])), u32(self.r.choice([1, 100, 32768])))
                self.chans[their] = {"mine": self.next, "win": win, "max": mx, "sent_close": False}
            elif d < .7:
                self.c.send(92, u32(their), u32(self.r.choice([1, 2, 99])), string("no"), string(""))
            else:
                self.offered.append((their, win, mx))
        elif n == KEXINIT and not self.rekeying:
            self.rekey(p)
    def rekey(self, theirs=None):
        c = self.c
        self.rekeying = True
        c.mine = c.kexinit(compression='none' if c.deflate is None else 'zlib@openssh.com')
        c.send(c.mine)
        if theirs is None:
            while True:
                p = c.receive()
                if p[0] == KEXINIT: theirs = p; break
                self.on(p)
        c.theirs = theirs
        if self.r.random() < .3:
            self.some(self.r.randrange(1, 6))   # goes on talking meanwhile
        if self.r.random() < .1:
            raise Gone("left in kex")
        secret = X25519PrivateKey.generate()
        share = secret.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        c.send(KEX_INIT, string(share))
        while True:
            reply = c.receive()
            if reply[0] == KEX_REPLY: break
            self.on(reply)
        at, fields = 1, []
        for _ in range(3):
            n = struct.unpack_from(">I", reply, at)[0]
            fields.append(reply[at + 4:at + 4 + n]); at += 4 + n
        host_key, ts, _ = fields
        k = mpint(int.from_bytes(secret.exchange(X25519PublicKey.from_public_bytes(ts)), "big"))
        h = hashlib.sha256(string(c.version) + string(c.server_version) + string(c.mine) + string(c.theirs) +
                           string(host_key) + string(share) + string(ts) + k).digest()
        def derive(letter, size): return hashlib.sha256(k + h + letter + c.session_id).digest()[:size]
        while c.receive()[0] != NEWKEYS: pass
        if self.r.random() < .2: self.some(2)
        c.send(NEWKEYS)
        c.seal = (derive(b"C", 32), bytearray(derive(b"A", 12)))
        c.open = (derive(b"D", 32), bytearray(derive(b"B", 12)))
        if c.deflate is not None:
            c.deflate = zlib.compressobj(); c.inflate = zlib.decompressobj()
        self.rekeying = False
    def some(self, n):
        for _ in range(n): self.step()
    def pick(self):
        live = [t for t, ch in self.chans.items() if not ch["sent_close"]]
        return self.r.choice(live) if live else None
    def step(self):
        r, c = self.r, self.c
        t = self.pick()
        d = r.random()
        if t is None or d < .12:
            self.next += 1
            kind = r.choice(["session"] * 6 + ["direct-tcpip", "direct-tcpip", "direct-streamlocal@openssh.com", "tun@openssh.com"])
            m = bytes([90]) + string(kind) + u32(self.next) + u32(r.choice([0, 1, 5, 1000, 65536, 2 << 20, 0x7fffffff])) + u32(r.choice([1, 7, 1000, 32768, 32768, 0xffffffff]))
            if kind == "direct-tcpip": m += string(r.choice(["127.0.0.1", "localhost", "::1", "255.255.255.255", "nosuch.invalid"])) + u32(r.choice([c.s.getpeername()[1], 9, 9, 0, 65535])) + string("1.2.3.4") + u32(5)
            elif kind.startswith("direct-s"): m += string(r.choice(["/tmp/spt_fz1", "/tmp/spt_fz2", "/nonexistent"])) + string("") + u32(0)
            elif kind.startswith("tun"): m += u32(r.choice([1, 2])) + u32(r.choice([0x7fffffff, 3]))
            c.send(m); return
        if d < .30:
            name = r.choice(["exec"] * 8 + ["shell", "shell", "subsystem", "pty-req", "pty-req", "env", "x11-req", "auth-agent-req@openssh.com", "window-change", "signal", "signal", "break", "xon-xoff", "eow@openssh.com"])
            m = bytes([98]) + u32(t) + string(name) + bytes([r.randrange(2)])
            if name == "exec":
                m += string(r.choice(["cat", "true", "exit 3", "kill -9 $$", "yes | head -c 300000", "head -c 100 >/dev/null", "exec 0<&-; sleep 0.3", "exec 1>&- 2>&-; sleep 0.2; exit 4",
                    "cat >&2", "sleep 0.1; echo x", "trap '' HUP; sleep 0.5", "(sleep 0.3 &) ; exit 5", "setsid sleep 0.4 & exit 0", "ssh-add -l", "nc -U $SSH_AUTH_SOCK </dev/null & sleep 0.1", "stty -a; tty; cat", "kill -STOP $PPID; sleep 0.1; kill -CONT $PPID",
                    "python3 -c \"import socket,os;[socket.create_connection(('127.0.0.1',6010)) for _ in range(3)]\"", "dd if=/dev/zero bs=65536 count=40 2>/dev/null", "kill -9 $PPID" if r.random() < .1 else "true"]))
            elif name == "subsystem": m += string(r.choice(["sftp", "sftp", "nosuch"]))
            elif name == "pty-req": m += string("xterm") + u32(80) + u32(24) + u32(0) + u32(0) + string(b"\0")
            elif name == "env": m += string("LC_A") + string("x" * r.choice([1, 1000, 30000]))
            elif name == "x11-req": m += bytes([r.randrange(2)]) + string("MIT-MAGIC-COOKIE-1") + string("0123456789abcdef") + u32(0)
            elif name == "window-change": m += u32(r.choice(NUMBERS)) * 4
            elif name == "signal": m += string(r.choice(["TERM", "KILL", "HUP", "STOP", "INT", "XX"]))
            elif name == "break": m += u32(100)
            c.send(m); return
        ch = self.chans[t]
        if d < .55:
            if ch.get("eof"): return
            n = min(ch["win"], ch["max"], 32768, r.choice([0, 1, 3, 100, 5000, 32768, 32768]))
            ch["win"] -= n
            if r.random() < .1 and ch["win"] > 20:
                c.send(95, u32(t), u32(1), string(b"e" * min(n, 10)));
                ch["win"] -= 0 if n >= 10 else 0
                ch["win"] += n - min(n, 10)
            else:
                data = r.randbytes(n) if r.random() < .5 else (b"exit\n" * (n // 5 + 1))[:n]
                if r.random() < .2 and n > 20: data = (struct.pack(">IBI", 5, 1, 3) + struct.pack(">IBI", 9 + 1, 11, 1) + string("/") [:5] + data)[:n]
                c.send(94, u32(t), string(data))
        elif d < .68: c.send(93, u32(t), u32(r.choice([0, 1, 100, 32768, 1 << 20])))
        elif d < .74:
            if not ch.get("eof"):
                ch["eof"] = True; ch["win"] = 0; c.send(96, u32(t))
        elif d < .82:
            ch["sent_close"] = True; c.send(97, u32(t))
        elif d < .88:
            name = r.choice(["tcpip-forward", "tcpip-forward", "cancel-tcpip-forward", "streamlocal-forward@openssh.com", "cancel-streamlocal-forward@openssh.com", "keepalive@openssh.com", "no-such"])
            m = bytes([80]) + string(name) + bytes([r.randrange(2)])
            if "tcpip" in name: m += string(r.choice(["localhost", "", "127.0.0.1", "*"])) + u32(r.choice([0, 7001, 7002, 80]))
            elif "streaml" in name: m += string(r.choice(["/tmp/spt_fz1", "/tmp/spt_fz2"]))
            c.send(m)
        elif d < .90: c.send(r.choice([99, 100]), u32(t))
        elif d < .92: c.send(PING, string(b"p" * r.choice([0, 10, 3000])))
        elif d < .94: c.send(r.choice([81, 82]))
        elif d < .95 and not self.rekeying: self.rekey()
        elif d < .96 and self.offered:
            their, win, mx = self.offered.pop()
            self.next += 1
            c.send(91, u32(their), u32(self.next), u32(1000), u32(1000))
            self.chans[their] = {"mine": self.next, "win": win, "max": mx, "sent_close": False}
        elif d < .98:
            try:
                s = socket.socket(); s.settimeout(.2); s.connect(("127.0.0.1", r.choice([7001, 7002, 6010, 6011]))); s.send(b"x" * 100)
                if r.random() < .5: s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                s.close()
            except OSError: pass
        else: time.sleep(r.choice([.01, .05, .2]))

class Gone(Exception): pass

def chaos(server, user, seed):
    r = random.Random(seed)
    why = None
    with Raw(server, version=r.choice([b"SSH-2.0-hostile\r\n", b"SSH-2.0-OpenSSH_9.2\r\n"])) as c:
        c.login(user, compression=r.choice(["none"] * 3 + ["zlib@openssh.com"]))
        x = Chaos(c, r, user)
        try:
            for _ in range(r.randrange(5, 400)):
                x.step()
                if r.random() < .7: x.pump(r.choice([0, 0, 0, .01]))
            d = r.random()
            if d < .3:
                c.s.shutdown(socket.SHUT_WR)
                c.end()
            elif d < .6:
                c.s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            elif d < .8:
                c.send(1, u32(11), string("bye"), string(""))
        except Gone as e:
            why = e.args[0]
        except (Closed, OSError) as e:
            why = repr(e)
    return why

def settle(server, user, base, seed0, seed):
    sp.wait_for(lambda: not server.processes(r"monitor \S+"), 25, f"their end {seed0}..{seed}")
    for pid, n in base.items():
        now = fds(pid)
        if now > n + 2:
            time.sleep(1); now = fds(pid)
        assert now <= n + 2, (pid, server.processes().get(pid), n, now, [os.readlink(f"/proc/{pid}/fd/{f}") for f in os.listdir(f"/proc/{pid}/fd")])

def base_of(server):
    return {p: fds(p) for p in server.processes()}

def look(server, seed):
    log = server.log()
    bad = re.search(BAD, log)
    if bad:
        open(OUT + "/bad_%d.log" % seed, "w").write(log)
    for p in glob.glob(server.dir + "/asan.*"):
        text = open(p, errors="replace").read()
        if text:
            open(OUT + "/bad_asan_%d.log" % seed, "w").write(text)
            assert False, (seed, text[:3000])
    assert not bad, (seed, log[max(0, bad.start() - 2000):bad.end() + 3000])

LIM = "max_auth_tries = 100; startups = { begin = 1000; rate = 1; full = 2000; };"

def test_chaos(make_server, user):
    pass
    server = make_server(grants="x11 = true; tun = \"any\";" if os.environ.get("SP_TUN") else "x11 = true;", limits=LIM, extra="")
    server.ssh(user, "true", check=0)
    base = base_of(server)
    end = time.monotonic() + SECONDS
    seed, why = SEED, {}
    while time.monotonic() < end:
        w = chaos(server, user, int(ONE) if ONE else seed)
        key = repr(w)[:60] if not isinstance(w, bytes) else repr(w[9:60])
        why[key] = why.get(key, 0) + 1
        look(server, seed)
        seed += 1
        if (seed - SEED) % 25 == 0: settle(server, user, base, SEED, seed)
        if ONE: break
    settle(server, user, base, SEED, seed)
    server.ssh(user, "true", check=0)
    sp.wait_for(lambda: not [p for p in user.processes() if "sleep" not in p], 20, "programs")
    open(OUT + "/chaos.txt", "a").write(f"{SEED} {seed - SEED} {why}\n")

# ---- SFTP ----
def A(r):
    f = r.choice([0, 0, 1, 2, 4, 8, 15, 0x80000000, 0xffffffff, 3, 9])
    out = u32(f)
    if f & 1: out += struct.pack(">Q", r.choice([0, 1, 100, 1 << 31, 1 << 40, (1 << 63) - 1, (1 << 64) - 1]))
    if f & 2: out += u32(r.choice([0, os.getuid(), 1000, 0xffffffff])) * 2
    if f & 4: out += u32(r.choice([0o644, 0o7777, 0, 0o120777, 0xffffffff]))
    if f & 8: out += u32(r.choice([0, 1, 0xffffffff])) * 2
    if f & 0x80000000: out += u32(r.choice([0, 1, 2, 0xffffffff])) + (string("a") + string("b")) * r.randrange(3)
    return out

class Sftp:
    def __init__(self, r):
        self.r, self.handles, self.id = r, [], 0
        self.names = ["a", "b", "d", "d/x", "d/y", "l", ".", "/", "..", "../..", "/etc/passwd", "/../../etc/passwd", "l/x", "d/../a", "", "//", "a/b", "x" * 300, "\xff\xfe", "../outside", "/outside", "up/etc/passwd", "up/tmp/h3_canary", "lnk", "~", "~root", "~/a", "."*1000]
    def name(self): return string(self.r.choice(self.names).encode("latin1"))
    def handle(self):
        d = self.r.random()
        if d < .85 and self.handles: return string(self.r.choice(self.handles))
        return string(self.r.choice([b"", b"\0\0\0\0", b"\0\0\0\1", b"\xff\xff\xff\xff", b"x" * 256, b"\0\0\0\2\0", os.urandom(4)]))
    def off(self): return struct.pack(">Q", self.r.choice([0, 0, 0, 1, 100, 4096, 1 << 20, 1 << 31, (1 << 32) - 1, 1 << 40, (1 << 63) - 1, 1 << 63, (1 << 64) - 1]))
    def request(self):
        r = self.r; self.id += 1
        t = r.choice([3] * 6 + [4, 4, 5, 5, 5, 6, 6, 6, 7, 8, 9, 10, 11, 12, 12, 13, 14, 15, 16, 17, 18, 19, 20, 200, 200, 200, 21, 0, 255] + [1] * (r.random() < .02))
        body = {
            3: lambda: self.name() + u32(r.choice([1, 2, 3, 10, 26, 27, 58, 0, 0xffffffff, 63, 6])) + A(r),
            4: lambda: self.handle(), 5: lambda: self.handle() + self.off() + u32(r.choice([0, 1, 100, 32768, 65536, 261120, 1 << 20, 0xffffffff])),
            6: lambda: self.handle() + self.off() + string(b"w" * r.choice([0, 1, 10, 1000, 32000])) if r.random() < .8 else self.handle() + struct.pack(">Q", r.randrange(5000)) + string(b"z" * 2000),
            7: lambda: self.name(), 8: lambda: self.handle(), 9: lambda: self.name() + A(r), 10: lambda: self.handle() + A(r),
            11: lambda: self.name(), 12: lambda: self.handle(), 13: lambda: self.name(), 14: lambda: self.name() + A(r), 15: lambda: self.name(),
            16: lambda: self.name(), 17: lambda: self.name(), 18: lambda: self.name() + self.name(), 19: lambda: self.name(),
            20: lambda: string(r.choice(["../../../../etc/passwd", "/", "a", "/tmp/h3_canary", "up", ".."])) + self.name(),
            1: lambda: u32(r.choice([0, 3, 6])),
            200: lambda: self.ext(),
        }.get(t, lambda: r.randbytes(10))()
        if r.random() < .04: body = body[:r.randrange(len(body) + 1)]
        if r.random() < .03: body += r.randbytes(5)
        p = bytes([t]) + (u32(self.id) if t != 1 else b"") + body
        return string(p)
    def ext(self):
        r = self.r
        n = r.choice(["posix-rename@openssh.com", "statvfs@openssh.com", "fstatvfs@openssh.com", "hardlink@openssh.com", "fsync@openssh.com", "lsetstat@openssh.com", "limits@openssh.com", "expand-path@openssh.com", "copy-data", "copy-data", "home-directory", "users-groups-by-id@openssh.com", "nosuch"])
        d = {"posix-rename@openssh.com": lambda: self.name() + self.name(), "hardlink@openssh.com": lambda: self.name() + self.name(),
             "statvfs@openssh.com": self.name, "fstatvfs@openssh.com": self.handle, "fsync@openssh.com": self.handle,
             "lsetstat@openssh.com": lambda: self.name() + A(r), "expand-path@openssh.com": self.name,
             "copy-data": lambda: self.handle() + self.off() + struct.pack(">Q", r.choice([0, 1, 1000, 1 << 20, (1 << 63), (1 << 64) - 1])) + self.handle() + self.off(),
             "home-directory": self.name, "users-groups-by-id@openssh.com": lambda: string(u32(0) * r.randrange(50) + b"x" * r.randrange(3)) + string(u32(5) * r.randrange(9))}.get(n, lambda: r.randbytes(7))
        return string(n) + d()

def sftp_talk(server, user, seed):
    r = random.Random(seed)
    with Raw(server) as c:
        c.login(user)
        c.send(90, string("session"), u32(0), u32(1 << 30), u32(1 << 15))
        p = c.expect(91); ch = struct.unpack_from(">I", p, 5)[0]; win = struct.unpack_from(">I", p, 9)[0]
        c.send(98, u32(ch), string("subsystem"), 1, string("sftp")); c.expect(99)
        s = Sftp(r); buf = b""
        def give(data):
            nonlocal win
            while data:
                n = min(len(data), 30000, win)
                if n <= 0:
                    take(.5); n = min(len(data), 30000, win)
                    if n <= 0: raise Gone("window")
                c.send(94, u32(ch), string(data[:n])); data = data[n:]; win -= n
        def take(t=0):
            nonlocal buf, win
            while len(c.buffer) >= 4 or select.select([c.s], [], [], t)[0]:
                p = c.receive(); t = 0
                if p[0] == 94: buf += p[9:]; 
                elif p[0] == 93: win += struct.unpack_from(">I", p, 5)[0]
                elif p[0] == DISCONNECT: raise Gone(p)
                elif p[0] == 97: raise Gone("close")
                while len(buf) >= 4:
                    n = struct.unpack_from(">I", buf)[0]
                    if len(buf) < 4 + n: break
                    m, buf = buf[4:4 + n], buf[4 + n:]
                    if m[0] == 102:
                        l = struct.unpack_from(">I", m, 5)[0]; s.handles.append(m[9:9 + l])
                    if len(s.handles) > 50: s.handles.pop(0)
        try:
            give(string(b"\1" + u32(3)))
            for k in range(r.randrange(10, 600)):
                sftp_talk.last = k
                give(s.request() if r.random() < .9995 else r.choice([u32(0), u32(0xffffffff), u32(300000), string(b""), u32(3) + b"\5\0\0"]))
                if r.random() < .6: take(r.choice([0, 0, .01]))
            take(.2)
            if r.random() < .5: c.send(96, u32(ch)); take(.3)
        except Gone as e: return e.args[0]
        except (Closed, OSError) as e: return repr(e)

@pytest.mark.parametrize("kind", ["plain", "chroot", "readonly"])
def test_sftp(make_server, user, kind):
    pass
    root = f"{sp.SCRATCH}/jail_{kind}"
    shutil.rmtree(root, ignore_errors=True)
    os.makedirs(root + "/home/w", mode=0o755)
    os.chown(root + "/home/w", user.uid, user.gid)
    os.makedirs(root + "/etc"); open(root + "/etc/passwd", "w").write("inside\n")
    canary = "/tmp/h3_canary"
    open(canary, "w").write("canary"); os.chmod(canary, 0o666)
    grants = {"plain": "", "chroot": f'chroot = "{root}"; sftp_only = true; sftp_start = "/home/w";', "readonly": "sftp_read_only = true;"}[kind]
    server = make_server(grants=grants, limits=LIM)
    home = user.home if kind != "chroot" else root + "/home/w"
    if kind == "readonly":
        for n in ("a", "b"): open(f"{home}/{n}", "w").write(n * 1000); os.chown(f"{home}/{n}", user.uid, user.gid)
        os.makedirs(home + "/d"); os.chown(home + "/d", user.uid, user.gid)
        os.symlink("/", home + "/up")
        before = subprocess.run(["find", home, "-printf", "%p %s %m %U %G %T@ %l\n"], capture_output=True).stdout
    base = base_of(server)
    end = time.monotonic() + SECONDS / 3
    seed, why, sent = SEED, {}, 0
    while time.monotonic() < end:
        w = sftp_talk(server, user, int(ONE) if ONE else seed)
        why[repr(w)[:70]] = why.get(repr(w)[:70], 0) + 1; sent += sftp_talk.last
        look(server, seed); seed += 1
        if (seed - SEED) % 25 == 0: settle(server, user, base, SEED, seed)
        if kind == "chroot":
            assert open(canary).read() == "canary", seed
            assert "root:x" not in open(root + "/etc/passwd").read()
        if kind == "plain" and os.path.getsize("/var/log/wtmp") > 1 << 30: break
        for big in glob.glob(home + "/*"):
            try:
                if os.path.isfile(big) and os.lstat(big).st_blocks > 1 << 16: os.unlink(big)
            except OSError: pass
    if kind == "readonly":
        after = subprocess.run(["find", home, "-printf", "%p %s %m %U %G %T@ %l\n"], capture_output=True).stdout
        assert before == after
        assert open(canary).read() == "canary", seed
    settle(server, user, base, SEED, seed)
    open(OUT + "/chaos.txt", "a").write(f"sftp {kind} {SEED} {seed - SEED} {sent} {why}\n")

# ---- before the login, in bytes ----
def test_bytes(make_server, user):
    """Recorded flows mutated; resets everywhere."""
    pass
    server = make_server(limits=LIM, extra="crypto = { profile = \"compatible\"; };")
    base = base_of(server)
    end = time.monotonic() + SECONDS; seed = SEED; count = {}
    KEX = ["curve25519-sha256", "sntrup761x25519-sha512@openssh.com", "mlkem768x25519-sha256", "ecdh-sha2-nistp256", "ecdh-sha2-nistp384", "ecdh-sha2-nistp521", "diffie-hellman-group14-sha256", "diffie-hellman-group-exchange-sha256", "diffie-hellman-group16-sha512"]
    SIZES = {"curve25519-sha256": 32, "sntrup761x25519-sha512@openssh.com": 1190, "mlkem768x25519-sha256": 1216, "ecdh-sha2-nistp256": 65, "ecdh-sha2-nistp384": 97, "ecdh-sha2-nistp521": 133}
    blob = open(user.key + ".pub").read().split()[1]
    import base64
    while time.monotonic() < end:
        r = random.Random(seed); seed += 1
        try:
            with Raw(server, version=None) as c:
                c.s.settimeout(1.5); c.version = b"SSH-2.0-" + r.choice([b"x", b"OpenSSH_9.2", b"PuTTY_Release_0.78", b"a" * r.randrange(1, 246), bytes(r.randrange(32, 127) for _ in range(20))])
                data = c.version + r.choice([b"\r\n", b"\n"])
                for i in range(0, len(data), n := r.choice([1, 7, 300])): c.raw(data[i:i + n])
                c.server_version = c.line()
                kex = r.choice(KEX)
                mine = c.kexinit(kex=kex, strict=r.random() < .7)
                d = r.random()
                if d < .25:
                    m = bytearray(mine)
                    for _ in range(r.randrange(1, 5)): m[r.randrange(17, len(m))] = r.choice([0, 255, 44, r.randrange(256)])
                    mine = bytes(m)
                elif d < .3: mine = mine[:r.randrange(len(mine))] or b"\x14"
                elif d < .35: mine = mine[:-5] + b"\1" + mine[-4:]
                c.mine = mine
                c.send(mine)
                if r.random() < .1: raise Closed
                p = c.expect(KEXINIT)
                share = r.randbytes(SIZES.get(kex, 256) + r.choice([0, 0, 0, 1, -1]))
                if "group-ex" in kex:
                    c.send(34, u32(r.choice([1024, 2048, 0, 8192])), u32(r.choice([2048, 3072, 0xffffffff])), u32(r.choice([8192, 2048, 0xffffffff])))
                    c.expect(31); c.send(32, mpint(int.from_bytes(share, "big")))
                elif "hellman" in kex: c.send(30, mpint(int.from_bytes(share, "big")))
                else: c.send(30, string(share))
                c.expect(31, 33)
                if r.random() < .5: c.s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except (Closed, OSError, AssertionError) as e:
            k = repr(e)[:50]; count[k] = count.get(k, 0) + 1
        if seed % 3 == 0:
            try:
                with Raw(server) as c:
                    c.kex(); c.service()
                    b = Babbler(seed, user.name, base64.b64decode(blob))
                    for payload in b.talk(r.randrange(1, 30), False):
                        c.send(payload)
                        if r.random() < .5 and select.select([c.s], [], [], .01)[0]: c.receive()
                    if r.random() < .5: c.s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            except (Closed, OSError, AssertionError) as e:
                k = repr(e)[:50]; count[k] = count.get(k, 0) + 1
        look(server, seed)
        if seed % 40 == 0: settle(server, user, base, SEED, seed)
    settle(server, user, base, SEED, seed)
    open(OUT + "/chaos.txt", "a").write(f"bytes {SEED} {seed - SEED} {count}\n")
