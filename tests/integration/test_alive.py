"""Liveness with everybody's clients: our keepalives are answered by all of them,
theirs by us; a peer that is gone is noticed by both."""

import os
import signal
import subprocess
import time

import pytest

import sp
from test_clients import host_fingerprint

QUIET = "sleep 4; echo still here"  # longer than interval * (count + 1) below


@pytest.fixture(scope="module")
def prober():
    """It asks once a second and hangs up after two questions in vain."""
    s = sp.Server(grants="keepalive_interval = 1; keepalive_count = 2;")
    s.user = sp.User()
    s.user.make_key()
    yield s
    s.user.remove()
    s.stop()
    import conftest
    conftest.check_log(s)


def putty(s):
    return ["plink", "-batch", "-ssh", "-P", str(s.port), "-l", s.user.name, "-pw",
            s.user.password, "-hostkey", host_fingerprint(s), "127.0.0.1"]


PARAMIKO = """
import paramiko, sys
c = paramiko.SSHClient(); c.set_missing_host_key_policy(paramiko.AutoAddPolicy())
c.connect("127.0.0.1", int(sys.argv[1]), sys.argv[2], key_filename=sys.argv[3],
          allow_agent=False, look_for_keys=False)
if sys.argv[5] == "asks": c.get_transport().set_keepalive(1)
print(c.exec_command(sys.argv[4])[1].read().decode(), end="")
"""
ASYNCSSH = """
import asyncio, asyncssh, sys
async def main():
    more = dict(keepalive_interval=1, keepalive_count_max=2) if sys.argv[5] == "asks" else {}
    async with asyncssh.connect("127.0.0.1", int(sys.argv[1]), username=sys.argv[2],
            client_keys=[sys.argv[3]], known_hosts=None, config=None, agent_path=None, **more) as c:
        print((await c.run(sys.argv[4])).stdout, end="")
asyncio.run(main())
"""


def python(text):
    return lambda s, asks: ["/usr/bin/python3", "-W", "ignore", "-c", text, str(s.port),
                            s.user.name, s.user.key, QUIET, "asks" if asks else "-"]


CLIENTS = {
    "ssh": lambda s, asks: s.ssh_argv(s.user, QUIET, ServerAliveCountMax="2",
                                      ServerAliveInterval="1" if asks else "0"),
    "plink": lambda s, asks: putty(s) + [QUIET],
    "dbclient": lambda s, asks: ["dbclient", "-y", "-y", *(["-K", "1"] if asks else []), "-p",
                                 str(s.port), f"{s.user.name}@127.0.0.1", QUIET],
    "paramiko": python(PARAMIKO),
    "asyncssh": python(ASYNCSSH),
}


def test_each_client_answers_and_is_answered(prober):
    """All at once, each both ways: asked by us, and asking besides."""
    env = dict(os.environ, DROPBEAR_PASSWORD=prober.user.password)
    started = {(name, asks): subprocess.Popen(argv(prober, asks), env=env, text=True,
                                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                              stderr=subprocess.PIPE)
               for name, argv in CLIENTS.items() for asks in (False, True)}
    for name, p in started.items():
        out, err = p.communicate(timeout=40 * sp.SLOW)
        assert out == "still here\n", (name, out, err, prober.log()[-3000:])


def test_a_client_that_is_gone_is_noticed(prober):
    """Stopped, it answers nothing: we hang up, and so ends what it ran."""
    p = prober.popen(prober.user, "echo $$; exec cat")
    pid = int(p.stdout.readline())
    os.kill(p.pid, signal.SIGSTOP)
    start = time.monotonic()
    try:
        sp.wait_for(lambda: not os.path.exists(f"/proc/{pid}"), 15, "the end")
        assert time.monotonic() - start > 1.5
    finally:
        os.kill(p.pid, signal.SIGCONT)
        p.kill()
        p.communicate()


def test_a_server_that_is_gone_is_noticed(prober):
    """The other way: the worker stopped, ssh's own questions stay unanswered."""
    before = set(prober.processes("worker"))
    p = prober.popen(prober.user, "echo up; exec sleep 60", ServerAliveInterval="1",
                     ServerAliveCountMax="2", LogLevel="INFO")
    assert p.stdout.readline() == b"up\n"
    worker, = set(prober.processes("worker")) - before
    os.kill(worker, signal.SIGSTOP)
    try:
        _, err = p.communicate(timeout=20 * sp.SLOW)
        assert p.returncode == 255 and b"Timeout, server" in err, err
    finally:
        os.kill(worker, signal.SIGCONT)
