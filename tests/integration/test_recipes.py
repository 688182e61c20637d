"""doc/RECIPES.md: each policy as it stands there, and each login of its table."""

import os
import re
import shutil
import socket
import subprocess
import threading

import pytest

import sp

TEXT = open(os.path.join(sp.TOP, "doc/RECIPES.md")).read()
PASSWORD = "s3cret pass"
PLACE = "/etc/sallyport"
PEOPLE = {"alice": "ops", "bob": "partners", "carol": "contractors", "git": None, "root": None}


def recipes():
    found = []
    for part in re.split(r"(?m)^## ", TEXT)[1:]:
        rows = [tuple(cell.strip() for cell in line.strip("|").split("|"))
                for line in part.splitlines() if line.startswith("|")][2:]
        (policy,) = re.findall(r"(?s)```\n(.*?)```", part)
        found.append((part.splitlines()[0], policy, rows))
    return found


def authorized(name):
    return f"{PLACE}/keys/{name}" if name in ("root", "git") else f"/home/{name}/.ssh/authorized_keys"


def make_key(name):
    path = f"{sp.SCRATCH}/recipe_{name}"
    sp.clean_key(path)
    sp.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=0)
    return path


def add_line(path, line, owner=None):
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    with open(path, "a") as f:
        f.write(line)
    if owner:
        sp.run(["chown", "-R", f"{owner}:", os.path.dirname(path)], check=0)


def make_files():
    os.makedirs("/var/lib/sftp/bob/in", exist_ok=True)
    shutil.chown("/var/lib/sftp/bob/in", "bob")
    with open("/var/lib/sftp/bob/in/offer", "w") as f:
        f.write("offer\n")
    sp.run(["git", "init", "-q", "--bare", "/var/lib/git/one.git"], check=0)
    sp.run(["chown", "-R", "git:", "/var/lib/git"], check=0)
    sp.write_pam("sallyport-otp", "auth required pam_unix.so\naccount required pam_permit.so\n")
    shutil.copy(sp.host_key("rsa"), PLACE + "/ssh_host_rsa_key")
    shutil.copy(make_key("ca") + ".pub", PLACE + "/user_ca.pub")
    stolen = make_key("stolen")
    add_line(authorized("alice"), open(stolen + ".pub").read())
    shutil.copy(stolen + ".pub", PLACE + "/revoked")
    with open(PLACE + "/terms.txt", "w") as f:
        f.write("Work here is logged.\n")


@pytest.fixture(scope="module")
def people():
    """The accounts, their keys, and machines inside that answer on port 22."""
    os.makedirs(PLACE + "/keys", mode=0o755, exist_ok=True)
    for name, group in PEOPLE.items():
        if group:
            sp.run(["groupadd", "-f", group], check=0)
        if name != "root":
            sp.run(["useradd", "-m", "-s", "/bin/bash", *(["-G", group] if group else []), name], check=0)
            sp.set_password(name, PASSWORD)
        public = open(make_key(name) + ".pub").read()
        add_line(authorized(name), public, owner=None if name in ("root", "git") else name)
    make_files()
    for address in ("10.8.0.1", "10.8.0.7", "192.0.2.1", "192.0.2.7", "192.0.2.8"):
        sp.run(["ip", "address", "add", address + "/32", "dev", "lo"], check=0)
    inside = []
    for address, port in (("10.8.0.1", 22), ("10.8.0.1", 23), ("192.0.2.1", 22)):
        inside.append(socket.create_server((address, port)))
        threading.Thread(target=answer, args=(inside[-1],), daemon=True).start()
    yield
    for s in inside:
        s.close()
    for name in PEOPLE:
        if name != "root":
            sp.run(["userdel", "-r", "-f", name])
    for address in ("10.8.0.1", "10.8.0.7", "192.0.2.1", "192.0.2.7", "192.0.2.8"):
        sp.run(["ip", "address", "del", address + "/32", "dev", "lo"])
    for path in (PLACE, "/var/lib/sftp", "/var/lib/git"):
        shutil.rmtree(path)
    for group in filter(None, PEOPLE.values()):
        sp.run(["groupdel", group])


def answer(server):
    while True:
        try:
            c, _ = server.accept()
        except OSError:
            return
        c.sendall(b"inside\n")
        c.close()


def serve(make_server, policy):
    """The policy alone is the main file; a drop-in puts this test's places beside it."""
    s = make_server(start=False)
    os.makedirs(s.dir + "/policy.d")
    s.write(f'listeners = ( {{ name = "main"; address = "10.8.0.1"; port = {s.port}; }} );\n'
            f'host_keys = [ "{s.host_keys[0]}" ];\npid_file = "{s.pid_file}";\ncontrol_socket = "{s.control}";\n'
            'log = { level = "debug"; };\n', s.dir + "/policy.d/00-test.conf")
    with open(s.config, "w") as f:
        f.write(policy)
    os.chmod(s.config, 0o600)
    p = sp.run(["sallyportctl", "-f", s.config, "check"], check=0)
    assert "warning" not in p.stdout, p.stdout
    s.start()
    return s


def credentials(user, what):
    """Options of ssh, and what is typed."""
    key = f"{sp.SCRATCH}/recipe_{'stolen' if what == 'stolen key' else user}"
    alone = ["-o", "IdentitiesOnly=yes", "-o", "NumberOfPasswordPrompts=1"]
    if what in ("password", "wrong password"):
        return [*alone, "-o", "PreferredAuthentications=password"], PASSWORD if what == "password" else "guess"
    if what == "code":
        return [*alone, "-o", "PreferredAuthentications=keyboard-interactive"], PASSWORD
    if what == "key and code":
        return [*alone, "-i", key, "-o", "PreferredAuthentications=publickey,keyboard-interactive"], PASSWORD
    if what.startswith("certificate for "):
        cert = make_key(user + "_cert")
        sp.run(["ssh-keygen", "-q", "-s", f"{sp.SCRATCH}/recipe_ca", "-I", what, "-n", what.split()[-1], cert + ".pub"],
               check=0)
        return [*alone, "-i", cert, "-o", "PreferredAuthentications=publickey"], None
    m = re.fullmatch(r'key and "(\w+)"', what)
    if m:
        return [*alone, "-i", key, "-o", "PreferredAuthentications=publickey,keyboard-interactive"], m[1]
    m = re.fullmatch(r"key and (\S+)", what)
    if m:
        alone += ["-o", ("HostKeyAlgorithms=" if m[1].startswith("ssh-") else "Ciphers=") + m[1]]
    assert m or what in ("key", "stolen key"), what
    return [*alone, "-i", key, "-o", "PreferredAuthentications=publickey"], None


def by_balancer(balancer, source, port):
    """As HAProxy's send-proxy does it."""
    header = f"PROXY TCP4 {source} 10.8.0.1 40000 {port}\\r\\n"
    return (f"ProxyCommand=bash -c '(printf \"{header}\"; exec cat) | "
            f"socat - TCP4:10.8.0.1:{port},bind={balancer}'")


def try_it(s, user, source, what, does):
    what, _, port = what.partition(" at port ")
    port = port or str(s.port)
    options, typed = credentials(user, what)
    source, _, balancer = source.partition(" by ")
    options += ["-F", "none", "-o", "UserKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=no", "-o",
                "LogLevel=ERROR"]
    options += ["-o", by_balancer(balancer, source, port) if balancer else f"BindAddress={source}"]
    if typed is None:
        options += ["-o", "BatchMode=yes"]
    typing = ["sshpass", "-P", "agree" if '"' in what else "assword", "-p", typed] if typed else []
    where = f"{user}@10.8.0.1"
    m = re.fullmatch(r"(put|get) (\S+)", does)
    if m:
        line = f"put /etc/hostname {m[2]}\n" if m[1] == "put" else f"get {m[2]} /tmp/spt_got\n"
        return sp.run([*typing, "sftp", "-b", "-", "-P", port, *options, where], input=line)
    m = re.fullmatch(r"connect (\S+)", does)
    if m:
        p = sp.run([*typing, "ssh", "-p", port, *options, "-W", m[1], where])
        assert (p.stdout == "inside\n") == (p.returncode == 0), p
        return p
    m = re.fullmatch(r"git ls-remote (\S+)", does)
    if m:
        ssh = " ".join(["ssh", *options])
        return sp.run(["git", "ls-remote", f"ssh://{where}:{port}{m[1]}"], env=dict(os.environ, GIT_SSH_COMMAND=ssh))
    return sp.run([*typing, "ssh", "-p", port, *options, where, does.strip("`")])


def comes(s, user, source, at, result):
    e = {"yes": "allow", "no login": "deny"}[result]
    sp.run(["sallyportctl", "-f", s.config, "explain", "--user", user, "--from", source, "--at", at, "--expect", e],
           check=0, env=dict(os.environ, TZ="Europe/Berlin"))


def was_in(log):
    return re.search(r"Accepted \S+ for", log) is not None


@pytest.mark.parametrize("title, policy, rows", recipes(), ids=[r[0] for r in recipes()])
def test_a_recipe_lets_in_whom_it_says_and_nobody_else(make_server, people, title, policy, rows):
    assert len(policy.splitlines()) <= 15 and rows
    s = serve(make_server, policy)
    for user, source, what, does, result in rows:
        if "failures" not in policy:
            sp.run(["sallyportctl", "-f", s.config, "penalties", "clear"], check=0)
        if does.startswith("comes on "):
            comes(s, user, source, does.removeprefix("comes on "), result)
            continue
        mark = s.mark()
        p = try_it(s, user, source, what, does)
        row = (title, user, source, what, does, result, p.stdout, p.stderr, s.log()[mark:][-3000:])
        if result == "no login":
            assert p.returncode != 0 and not was_in(s.log()[mark:]), row
        elif result == "refused":
            assert p.returncode != 0 and was_in(s.log()[mark:]), row
        else:
            assert p.returncode == 0 and was_in(s.log()[mark:]), row
            assert result == "yes" or result.removeprefix("prints ") in p.stdout, row


def test_there_are_fifteen():
    assert [title.split(".")[0] for title, _, _ in recipes()] == [str(n) for n in range(1, 16)]


PAGES = ("sallyport-pam", "sallyport-publickey", "sallyport-hostbased", "sallyport.conf")


@pytest.mark.parametrize("page", PAGES)
def test_the_examples_of_the_manual_can_be_pasted(page):
    text = open(f"{sp.TOP}/packaging/man/{page}.5").read().split(".Sh EXAMPLES")[1]
    examples = re.findall(r"(?s)\.Bd -literal -offset indent\n(.*?)\.Ed", text)
    assert examples
    for example in examples:
        example = example.replace("\\-", "-").replace("\\e", "\\")
        for name, more in (("modules", 'modules = ( { name = "pam"; }, { name = "publickey"; } );'),
                           ("rules", 'rules = ( { name = "all"; methods = [ "publickey" ]; } );')):
            if f"{name} = (" not in example:
                example += more
        with open("/tmp/spt_example.conf", "w") as f:
            f.write(example)
        p = subprocess.run(["sallyportctl", "check", "--lint", "/tmp/spt_example.conf"], capture_output=True, text=True)
        os.unlink("/tmp/spt_example.conf")
        assert p.returncode == 0 and "warning" not in p.stdout, (example, p.stdout)
