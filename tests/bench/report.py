"""The machine's limits, and the table."""

import os
import platform
import re
import socket
import subprocess
import threading
import time


def openssl_speed(algorithm, size=16384):
    p = subprocess.run(["openssl", "speed", "-seconds", "1", "-bytes",
                        str(size), "-evp", algorithm],
                       capture_output=True, text=True)
    m = re.search(r"([\d.]+)k\s*$", p.stdout.strip())
    return float(m[1]) * 1000 / 1e9 if m else None


def openssl_operations(algorithm):
    p = subprocess.run(["openssl", "speed", "-seconds", "1", algorithm],
                       capture_output=True, text=True)
    # The columns: seconds of each operation, then operations per second.
    rates = re.findall(r"(?<=\s)\d+\.\d+(?=\s|$)", p.stdout)
    return 1e6 / float(rates[0]) if rates else None


def stream_gbs(read_end, write_end, reader, writer, size=1 << 30):
    block = bytes(1 << 16)
    start = time.perf_counter()
    pid = os.fork()
    if pid == 0:
        left = size
        while left > 0:
            left -= writer(write_end, block)
        os._exit(0)
    got = 0
    while got < size:
        got += len(reader(read_end, 1 << 16))
    os.waitpid(pid, 0)
    return size / 1e9 / (time.perf_counter() - start)


def pipe_gbs():
    r, w = os.pipe()
    try:
        return stream_gbs(r, w, os.read, os.write)
    finally:
        os.close(r)
        os.close(w)


def loopback_gbs():
    server = socket.create_server(("127.0.0.1", 0))
    box = []
    t = threading.Thread(target=lambda: box.append(server.accept()[0]))
    t.start()
    out = socket.create_connection(server.getsockname())
    t.join()
    try:
        return stream_gbs(box[0], out, lambda s, n: s.recv(n),
                          lambda s, b: s.send(b))
    finally:
        for s in (server, out, box[0]):
            s.close()


def limits():
    model = "?"
    for line in open("/proc/cpuinfo"):
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    return {
        "cpu": model, "cores": os.cpu_count(),
        "kernel": platform.release(),
        "load": os.getloadavg()[0],
        "aes-128-gcm GB/s": openssl_speed("aes-128-gcm"),
        "chacha20-poly1305 GB/s": openssl_speed("chacha20-poly1305"),
        "aes-256-ctr GB/s": openssl_speed("aes-256-ctr"),
        "sha256 GB/s": openssl_speed("sha256"),
        "ed25519 sign µs": openssl_operations("ed25519"),
        "x25519 µs": openssl_operations("ecdhx25519"),
        "pipe GB/s": pipe_gbs(),
        "loopback TCP GB/s": loopback_gbs(),
    }


def number(value, digits):
    return "–" if value is None else f"{value:.{digits}f}"


def ratio(measure, results, name, against):
    mine, theirs = results.get(name), results.get(against)
    if mine is None or not theirs:
        return None
    return mine / theirs


def base(results, more=""):
    """The newest OpenSSH that took part."""
    new = "openssh10" + more
    return new if new in results else "openssh" + more


def verdict(measure, results):
    """Whether the goal is met: 'yes', 'no', or '' where there is none."""
    mine = results.get("sallyport")
    if mine is None or measure.goal is None:
        return ""
    if isinstance(measure.goal, float):
        r = ratio(measure, results, "sallyport", base(results))
        return "" if r is None else "yes" if r <= measure.goal else "no"
    if "idle" in measure.goal:
        idle = results.get("idle")
        return "" if idle is None else "yes" if mine <= idle + 1 else "no"
    sign, bound = measure.goal.split()
    return "yes" if (mine >= float(bound) if sign == ">=" else
                     mine <= float(bound)) else "no"


COLUMNS = {"sallyport": "sallyport", "openssh10": "sshd 10", "openssh": "sshd 9.2",
           "dropbear": "dropbear", "sallyport-nopam": "sallyport, no PAM",
           "openssh10-nopam": "sshd 10, no PAM",
           "openssh-nopam": "sshd 9.2, no PAM"}


def table(measures, results):
    """A row a measure; ratios are to the newest OpenSSH there is."""
    there = [c for c in COLUMNS if any(c in (results.get(m.name) or {})
                                       for m in measures)]
    head = ["measure (lower is better unless ↑)", *(COLUMNS[c] for c in there),
            "ratio", "goal", "met", "no PAM"]
    lines = ["| " + " | ".join(head) + " |",
             "|---" + "|--:" * (len(head) - 1) + "|"]
    for m in measures:
        r = results.get(m.name)
        if not r:
            continue
        values = dict(r)
        if m.name in ("echo_load", "echo_up_load"):
            values["idle"] = results.get("echo_idle", {}).get("sallyport")
        goal = f"≤ {m.goal}×" if isinstance(m.goal, float) else \
            (m.goal or "–").replace("<=", "≤").replace(">=", "≥")
        cells = [m.title, *(number(r.get(c), m.digits) for c in there),
                 number(ratio(m, r, "sallyport", base(r)), 2), goal,
                 verdict(m, values),
                 number(ratio(m, r, "sallyport-nopam", base(r, "-nopam")), 2)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def limits_table(values):
    out = ["| the machine | |", "|---|--:|"]
    for k, v in values.items():
        out.append(f"| {k} | {v if isinstance(v, (str, int)) else number(v, 2)} |")
    return "\n".join(out)


BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"


def into_markdown(path, text):
    """Replace what stands between the marks; the rest is people's."""
    old = open(path).read() if os.path.exists(path) else f"{BEGIN}\n{END}\n"
    before, _, rest = old.partition(BEGIN)
    _, _, after = rest.partition(END)
    with open(path, "w") as f:
        f.write(f"{before}{BEGIN}\n{text}\n{END}{after}")
