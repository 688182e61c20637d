"""A round over many open connections: how long until all are judged anew, and
what logins wait meanwhile."""

import base64
import hashlib
import json
import os
import signal
import statistics
import subprocess
import threading
import time

import measures
import servers
import sp

USERS = 20
REVOKED = 1000  # keys in the revocation list
QUIET = 3  # seconds of logins before the round


class Judged(servers.Sallyport):
    name = "sallyport-judged"

    @property
    def settings(self):
        return {"publickey": f'revoked = [ "{revoked()}" ];',
                "extra": 'recheck_interval = "none";'}

    def ctl(self, *words):
        config = f"{sp.SCRATCH}/server{self.port}/sallyport.conf"
        p = sp.run(["sallyportctl", "-f", config, "--json", *words], check=0,
                   timeout=120)
        return json.loads(p.stdout)


def revoked():
    """A list of keys that nobody has."""
    path = f"{sp.SCRATCH}/revoked"
    if not os.path.exists(path):
        with open(path + "~", "w") as f:
            for i in range(REVOKED):
                digest = hashlib.sha256(str(i).encode()).digest()
                text = base64.b64encode(digest).decode().rstrip("=")
                f.write(f"hash: SHA256:{text}\n")
        made = path + "~~"
        sp.run(["ssh-keygen", "-k", "-f", made, path + "~"], check=0)
        os.rename(made, path)
    return path


def hold(server, users, count):
    """count idle connections, of all users alike."""
    held = []
    for i, user in enumerate(users):
        share = count // len(users) + (i < count % len(users))
        argv = [measures.LIGHT, "idle", str(server.port), user.name, user.key,
                str(share)]
        held.append(subprocess.Popen(argv, text=True, stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE))
    for p in held:
        if p.stdout.readline() != "ready\n":
            raise RuntimeError("the connections did not come up")
    return held


class Logins:
    """One after the other, each with the moment of its end."""

    def __init__(self, server):
        self.seen = []
        self.process = subprocess.Popen(
            measures.light(server, "login", 100000), text=True,
            stdout=subprocess.PIPE, start_new_session=True)
        self.thread = threading.Thread(target=self.collect)
        self.thread.start()

    def collect(self):
        for line in self.process.stdout:
            self.seen.append((time.monotonic(), float(line)))

    def between(self, start, end):
        return sorted(ms for when, ms in self.seen if start <= when <= end)

    def end(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.thread.join()


def judge(server, count):
    start, cpu = time.monotonic(), server.group.seconds()
    answer = server.ctl("recheck")
    took = time.monotonic() - start
    answer = answer[0] if isinstance(answer, list) else answer
    if int(answer["allowed"]) < count or int(answer["waiting"]) > 0:
        raise RuntimeError(f"not all were judged: {answer}")
    return took, server.group.seconds() - cpu


def row(name, took, cpu, logins):
    cells = [name, "–" if took is None else f"{took:.2f}",
             "–" if cpu is None else f"{cpu:.2f}"]
    if logins:
        cells += [str(len(logins)), f"{statistics.median(logins):.1f}",
                  f"{measures.p99(logins) if len(logins) > 1 else logins[0]:.1f}",
                  f"{logins[-1]:.1f}"]
    else:
        cells += ["–"] * 4
    print("| " + " | ".join(cells) + " |", flush=True)


def measure(users, count, rounds=3):
    server = Judged(users[0])
    held = []
    print(f"| {count} open connections of {len(users)} users | seconds until "
          "all are judged | server CPU s | logins | p50 ms | p99 ms | longest "
          "ms |\n|---|--:|--:|--:|--:|--:|--:|")
    try:
        held = hold(server, users, count)
        time.sleep(4)
        for _ in range(rounds):
            row("a round alone", *judge(server, count), [])
        logins = Logins(server)
        try:
            for _ in range(rounds):
                before = time.monotonic()
                time.sleep(QUIET)
                start = time.monotonic()
                row("logins, no round", None, None,
                    logins.between(before, start))
                took, _ = judge(server, count)
                row("logins beside a round", took, None,
                    logins.between(start, start + took))
        finally:
            logins.end()
    finally:
        for p in held:
            p.stdin.close()
            p.wait()
        server.stop()
