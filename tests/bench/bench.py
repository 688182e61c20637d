"""bench.py [--quick] [--servers a,b] [--rounds N] [--json FILE]
[--markdown FILE] [measure...] | list |
--shell COMMAND | --scale COUNT | --recheck COUNT

Runs in the scene that tests/integration/inside has set up; see run."""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../integration")]

import measures  # noqa: E402
import report  # noqa: E402
import rounds  # noqa: E402
import servers  # noqa: E402
import sp  # noqa: E402

QUICK = ("login_cpu", "login_wall_curve", "login_wall_light", "connect_close",
         "gcm_down", "gcm_up", "chacha_down", "chacha_up", "ctr_down",
         "sftp_put", "sftp_get", "long_login", "idle_pss", "unauth_pss",
         "logins_16")


def of_caller(path):
    """The scene has a directory of its own; names are the caller's."""
    return os.path.join(os.environ.get("BENCH_FROM", ""), path)


def arguments():
    p = argparse.ArgumentParser(prog="tests/bench/run BUILD_DIR")
    p.add_argument("--quick", action="store_true",
                   help="small sizes, one round: under two minutes")
    p.add_argument("--servers", help="names, comma separated: "
                   + ",".join(servers.ALL))
    p.add_argument("--rounds", type=int)
    p.add_argument("--json", type=of_caller)
    p.add_argument("--markdown", type=of_caller)
    p.add_argument("--shell", metavar="COMMAND", help="run this beside the "
                   "first server, with PORT, SSH_USER, KEY, PIDS and LIGHT "
                   "in its environment: for perf and strace")
    p.add_argument("--scale", type=int, metavar="COUNT",
                   help="hold so many idle connections, and say what they "
                   "cost")
    p.add_argument("--recheck", type=int, metavar="COUNT",
                   help="hold so many, and say how long it takes until all "
                   "are judged anew")
    p.add_argument("measures", nargs="*",
                   help="names (or beginnings of names); all without")
    return p.parse_args()


def chosen(args):
    if args.measures == ["list"]:
        for m in measures.MEASURES:
            print(f"{m.name:18} {m.title}")
        sys.exit(0)
    if args.measures:
        found = [m for m in measures.MEASURES
                 if any(m.name.startswith(a) for a in args.measures)]
        if not found:
            sys.exit("bench: no such measure (try: list)")
        return found
    return [m for m in measures.MEASURES
            if not args.quick or m.name in QUICK]


def people():
    for service in (servers.STACK, "sshd"):
        sp.write_pam(service, servers.PAM)
    user = sp.User(shell="/bin/sh")
    user.make_key()
    return user


def start_servers(args, wanted):
    names = args.servers.split(",") if args.servers else list(servers.ALL)
    if not args.servers and not any(m.nopam for m in wanted):
        names = [n for n in names if "nopam" not in n]
    user = people()
    return [servers.ALL[n](user) for n in names]


def one(measure, scene, server, samples):
    if "nopam" in server.name and not measure.nopam:
        return
    if samples.get(server.name) is None and server.name in samples:
        return  # skipped before
    try:
        samples.setdefault(server.name, []).extend(
            measure.run(scene, server))
    except measures.Skip as e:
        print(f"  {server.name}: {e}")
        samples[server.name] = None
    except Exception as e:
        print(f"  {measure.name}: {server.name}: {e!r}", flush=True)


def measure_all(args, wanted, scene, started):
    results, raw = {}, {}
    for m in wanted:
        rounds = args.rounds or (1 if args.quick else m.rounds)
        samples = {}
        start = time.monotonic()
        for _ in range(rounds):
            for server in started:
                one(m, scene, server, samples)
        raw[m.name] = samples
        results[m.name] = {n: statistics.median(s)
                           for n, s in samples.items() if s}
        text = "  ".join(f"{n} {v:.{m.digits}f}"
                         for n, v in results[m.name].items())
        print(f"{m.name}: {text}  ({time.monotonic() - start:.0f} s)",
              flush=True)
    return results, raw


def shell(command, server):
    env = dict(os.environ, PORT=str(server.port), KEY=server.user.key,
               SSH_USER=server.user.name, LIGHT=measures.LIGHT,
               PIDS=",".join(map(str, sorted(server.base))),
               SSH=" ".join(server.ssh()), SCRATCH=sp.SCRATCH,
               CGROUP=server.group.cpu)
    subprocess.run(["bash", "-c", command], env=env)
    server.stop()
    sys.exit(0)


def scale(args):
    args.servers = args.servers or "sallyport"
    for server in start_servers(args, []):
        print(f"\n{server.name}:\n")
        measures.scale(server, args.scale)
        server.stop()
    sys.exit(0)


def recheck(args):
    users = [people() for _ in range(min(rounds.USERS, args.recheck))]
    rounds.measure(users, args.recheck)
    servers.clean_groups()
    sys.exit(0)


def main():
    args = arguments()
    if args.recheck:
        recheck(args)
    if args.scale:
        scale(args)
    if args.shell:
        args.servers = args.servers or "sallyport"
        shell(args.shell, start_servers(args, [])[0])
    wanted = chosen(args)
    commands = servers.OutOfIt()
    scene = measures.Scene(args.quick, commands)
    limits = report.limits() if not args.measures else {}
    started = start_servers(args, wanted)
    try:
        results, raw = measure_all(args, wanted, scene, started)
    finally:
        scene.end()
        for server in started:
            server.stop()
        commands.group.remove()
        servers.clean_groups()
    text = report.table(wanted, results)
    if limits:
        text += "\n\n" + report.limits_table(limits)
    print("\n" + text)
    if args.json:
        with open(args.json, "w") as f:
            json.dump({"limits": limits, "medians": results, "samples": raw,
                       "when": time.strftime("%Y-%m-%d %H:%M")}, f, indent=1)
    if args.markdown:
        when = time.strftime("%Y-%m-%d")
        report.into_markdown(args.markdown,
                             f"Measured {when}, medians:\n\n{text}")


main()
