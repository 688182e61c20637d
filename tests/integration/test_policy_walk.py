"""doc/POLICY.md is a walk from an empty file to a fleet: each command of it is
run as it stands there, one after the other, and says what stands there."""

import datetime
import os
import re
import shutil
import subprocess

import pytest

import sp

TEXT = open(os.path.join(sp.TOP, "doc/POLICY.md")).read()
ETC = "/etc/sallyport"
PLACE = "/root/policy"
PEOPLE = {"alice": "1000 ops", "bob": "1001 staff", "carol": "1002 ops"}
FROM = "10.1.2.3"
# A prompt, and all that is said until the next.
STEP = re.compile(r"(?ms)^\$ (.*?)$\n?(.*?)(?=^\$ |\Z)")


def blocks():
    """(kind, text) of each; "" are commands."""
    return re.findall(r"(?ms)^```([\w-]*)\n(.*?)^```$", TEXT)


def test_all_commands_of_the_document_are_in_blocks_that_are_run():
    assert {kind for kind, _ in blocks()} == {"", "policy", "users", "drop-in", "roll-out"}
    assert all(text.startswith("$ ") for kind, text in blocks() if not kind)
    rest = re.sub(r"(?ms)^```.*?^```$", "", TEXT)
    assert not re.search(r"(?m)^(\t|    )", rest)


def public_key(name):
    path = f"{sp.SCRATCH}/walk_{name}"
    sp.clean_key(path)
    sp.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=0)
    return path, open(path + ".pub").read()


def make_account(name):
    home = "/root" if name == "root" else f"/home/{name}"
    if name != "root":
        group = PEOPLE[name].split()[1]
        sp.run(["groupadd", "-f", group], check=0)
        sp.run(["useradd", "-m", "-s", "/bin/bash", "-G", group, name], check=0)
    path, line = public_key(name)
    os.makedirs(home + "/.ssh", mode=0o700, exist_ok=True)
    with open(home + "/.ssh/authorized_keys", "w") as f:
        f.write(line)
    sp.run(["chown", "-R", f"{name}:", home + "/.ssh"], check=0)
    return path


def write_client(port, keys):
    """this-host, as the administrator's own ssh reaches it."""
    with open("/root/.ssh/config", "w") as f:
        for name in ("root", "carol"):
            f.write(f"Match host this-host user {name}\n  IdentityFile {keys[name]}\n")
        f.write(f"Host this-host\n  User alice\n  IdentityFile {keys['alice']}\n  IdentitiesOnly yes\n"
                f"  HostName {FROM}\n  Port {port}\n  BindAddress {FROM}\n  BatchMode yes\n"
                "  StrictHostKeyChecking no\n  UserKnownHostsFile /dev/null\n  LogLevel ERROR\n")
    os.chmod("/root/.ssh/config", 0o600)


@pytest.fixture
def host(make_server):
    """A server of a distribution's own places, which nobody may use yet."""
    keys = {name: make_account(name) for name in ("root", *PEOPLE)}
    sp.run(["ip", "address", "add", FROM + "/32", "dev", "lo"], check=0)
    os.makedirs(ETC + "/policy.d", exist_ok=True)
    s = make_server(start=False)
    for path in s.host_keys:
        for suffix in ("", ".pub"):
            shutil.copy(path + suffix, ETC)
    write_client(s.port, keys)
    s.write(f'listeners = ( {{ name = "main"; address = "{FROM}"; port = {s.port}; }} );\n'
            f'pid_file = "{s.pid_file}";\n'
            'log = { level = "debug"; };\n', ETC + "/policy.d/00-test.conf")
    s.config = ETC + "/sallyport.conf"
    s.write('modules = ( { name = "publickey"; } );\n')
    s.start()
    os.makedirs(PLACE, mode=0o700)
    yield s
    s.stop()
    sp.run(["ip", "address", "del", FROM + "/32", "dev", "lo"])
    for name in PEOPLE:
        sp.run(["userdel", "-r", "-f", name])
    for path in (PLACE, ETC):
        shutil.rmtree(path)
    for path in ("/root/.ssh/config", "/root/.ssh/authorized_keys"):
        os.unlink(path)


def settled():
    """Nothing is on trial, and one generation alone is there."""
    def is_so():
        text = sp.run(["sallyportctl", "status"]).stdout
        return "(1 alive)" in text and "on trial" not in text
    sp.wait_for(is_so, 20, "the end of the trial")


class Walk:
    def __init__(self):
        self.open = []
        self.grant = None

    def before(self, command):
        if command.startswith("gpasswd"):
            for user in ("alice", "alice", "carol"):
                p = subprocess.Popen(["ssh", f"{user}@this-host", "echo in; exec cat"], stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                self.open.append(p)
                assert p.stdout.readline() == b"in\n", p.stderr.read()

    def after(self, command):
        if command in ("sallyportctl revert", "ssh this-host true"):
            settled()
        if command == "sallyportctl recheck":
            assert self.open[2].wait(20 * sp.SLOW) != 0
            assert [p.poll() for p in self.open[:2]] == [None, None]
        elif command.startswith("sallyportctl grant "):
            bob = sp.run(["ssh", "-l", "bob", "-i", f"{sp.SCRATCH}/walk_bob", "this-host", "echo in"])
            assert bob.stdout == ("" if "revoke" in command else "in\n"), bob.stderr
        elif command == "sh roll-out":
            assert open(ETC + "/sallyport.conf").read() == open(PLACE + "/new.conf").read()

    def run(self, command, said):
        self.before(command)
        line = command.replace("22:30", (datetime.datetime.now() + datetime.timedelta(days=1)).strftime("%Y-%m-%dT%H:%M"))
        if self.grant:
            line = line.replace("5f0c...", self.grant)
        p = sp.run(["bash", "-c", line], cwd=PLACE, timeout=120)
        text = (p.stdout + p.stderr).replace(PLACE + "/", "")
        m = re.match(r"grant ([0-9a-f]{16}): ", text)
        if m:
            self.grant = m[1]
        for wanted in said.strip().splitlines():
            pattern = re.escape(wanted.replace("5f0c...", self.grant or "")).replace(re.escape("..."), ".*")
            assert re.search(f"(?m)^{pattern}$", text), (command, wanted, text)
        refuses = re.search(r"(?m)there is none: nobody|: expected deny, came allow|^LOOSER$", text) is not None
        assert (p.returncode != 0) == refuses, (command, p.returncode, text)
        assert bool(said) == bool(text), (command, text)
        self.after(command)

    def end(self):
        for p in self.open:
            p.kill()
            p.communicate()


def test_the_walk_of_the_document_can_be_made(host):
    walk = Walk()
    try:
        for kind, text in blocks():
            if kind == "policy":
                with open(PLACE + "/policy.conf", "w") as f:
                    f.write(text)
                careless = text.replace('{ name = "ops"', '{ name = "all"; methods = [ "publickey" ]; }, { name = "ops"', 1)
                assert careless != text
                with open(PLACE + "/careless.conf", "w") as f:
                    f.write(careless)
            elif kind == "drop-in":
                host.write(text, ETC + "/policy.d/50-maintenance.conf")
            elif kind:
                with open(f"{PLACE}/{kind}", "w") as f:
                    f.write(text)
            else:
                for command, said in STEP.findall(text):
                    walk.run(command, said)
    finally:
        walk.end()
