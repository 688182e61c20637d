"""What a line of authorized_keys takes away or gives back, and what lists
revoke: the stock client tries each."""

import os
import shutil
import subprocess
import time

import pytest

import sp
from test_keys import ca, certify  # noqa: F401 (a fixture)


@pytest.fixture(scope="module")
def agent():
    path = f"{sp.SCRATCH}/options_agent"
    p = subprocess.Popen(["ssh-agent", "-D", "-a", path], stdout=subprocess.DEVNULL)
    sp.wait_for(lambda: os.path.exists(path), what="the agent")
    yield path
    p.terminate()
    p.wait()


@pytest.fixture(scope="module")
def generous():
    """A rule that grants all that lines could take."""
    s = sp.Server(grants="x11 = true;")
    yield s
    s.stop()
    import conftest
    conftest.check_log(s)


def may(s, u, agent):
    """What the user may, tried."""
    rc = u.home + "/.ssh/rc"
    with open(rc, "w") as f:
        f.write("echo rc ran >&2\n")
    env = dict(os.environ, SSH_AUTH_SOCK=agent, DISPLAY=":77", HOME=s.dir)
    p = sp.run(s.ssh_argv(u, "echo agent=$SSH_AUTH_SOCK display=$DISPLAY", flags=("-A", "-Y")), env=env, check=0)
    found = set()
    if "agent=/" in p.stdout:
        found.add("agent")
    if "display=l" in p.stdout or "display=1" in p.stdout:
        found.add("x11")
    if "rc ran" in p.stderr + p.stdout:
        found.add("rc")
    p = s.ssh(u, flags=("-W", f"127.0.0.1:{s.port}"), text=False)
    if p.stdout.startswith(b"SSH-2.0"):
        found.add("forward")
    if "/dev/pts/" in s.ssh(u, "tty", flags=("-tt",)).stdout:
        found.add("pty")
    return found


ALL = {"pty", "agent", "x11", "rc", "forward"} if shutil.which("xauth") else {"pty", "agent", "rc", "forward"}


@pytest.mark.parametrize("options,left", [
    ("", ALL),
    ("no-pty,no-X11-forwarding", ALL - {"pty", "x11"}),
    ("no-agent-forwarding,no-user-rc", ALL - {"agent", "rc"}),
    ("no-port-forwarding", ALL - {"forward"}),
    ("restrict", set()),
    ("restrict,pty,agent-forwarding", ALL & {"pty", "agent"}),
    ("restrict,X11-forwarding,user-rc", ALL & {"x11", "rc"}),
    ("restrict,port-forwarding", {"forward"}),
])
def test_what_a_line_leaves(generous, make_user, agent, options, left):
    u = make_user(key=False)
    u.make_key(options=options)
    assert may(generous, u, agent) == left


@pytest.mark.parametrize("options,asked,good", [
    ('permitlisten="localhost:{0}"', "localhost:{0}", True),
    ('permitlisten="localhost:{0}"', "localhost:{1}", False),
    ('permitlisten="{0}",permitlisten="{1}"', "{1}", True),
    ('permitlisten="none.example:{0}"', "localhost:{0}", False),
])
def test_where_a_line_lets_listen(generous, make_user, options, asked, good):
    u = make_user(key=False)
    ports = (generous.port + 21000, generous.port + 21001)
    u.make_key(options=options.format(*ports))
    p = generous.ssh(u, "true", flags=("-R", asked.format(*ports) + ":127.0.0.1:1"), ExitOnForwardFailure="yes")
    assert (p.returncode == 0) == good, p.stderr


def krl(*argv):
    path = f"{sp.SCRATCH}/krl{time.monotonic_ns()}"
    sp.run(["ssh-keygen", "-q", "-k", "-f", path, *argv], check=0)
    return path


def spec(text):
    path = f"{sp.SCRATCH}/spec{time.monotonic_ns()}"
    with open(path, "w") as f:
        f.write(text + "\n")
    return path


@pytest.mark.parametrize("how", ["serial: 7", "serial: 5-9", "id: the id", "key: {key}", "sha256: {key}",
                                 "sha1: {key}", "hash: {fingerprint}", "plain"])
def test_what_a_list_revokes(make_server, user, ca, how):
    """One of two lists names it, however it does; a second certificate that
    it does not name stays good."""
    free = certify(ca, user, principals=user.name, serial="77", key_id="another")
    named = certify(ca, user, principals=user.name, serial="7", key_id="the id")
    key = open(named + ".pub").read().strip()
    fingerprint = sp.run(["ssh-keygen", "-lf", named + ".pub"], check=0).stdout.split()[1]
    if how == "plain":
        path = spec(key)
    else:
        signed = ("-s", ca + ".pub") if how.startswith(("serial", "id")) else ()
        path = krl(*signed, spec(how.format(key=key, fingerprint=fingerprint)))
    s = make_server(publickey=f'ca_keys = [ "{ca}.pub" ]; revoked = [ "{krl()}", "{path}" ];')
    assert s.ssh(user, "true").returncode == 255
    s.wait_log(r"(?i)revoked")
    user.key = free
    s.ssh(user, "true", check=0)


@pytest.mark.parametrize("spoil,why", [
    (os.unlink, "revo"), (lambda p: os.utime(p, (1, 1)), "old|renewed"), (lambda p: os.chmod(p, 0o666), "modes"),
    (lambda p: open(p, "r+b").write(b"\0" * 16), "revo")])
def test_a_list_that_is_no_good_refuses_all(make_server, user, spoil, why):
    path = krl()
    s = make_server(publickey=f'revoked = [ "{path}" ]; revoked_max_age = "1d";')
    s.ssh(user, "true", check=0)
    mark = s.mark()
    spoil(path)
    assert s.ssh(user, "true").returncode == 255
    s.wait_log(rf"(?i){path}.*({why})|({why}).*{path}", after=mark)
    shutil.copy(krl(), path)
    os.chmod(path, 0o600)
    s.ssh(user, "true", check=0)  # and good again without a reload
