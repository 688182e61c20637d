"""Other people's clients."""

import os
import re
import subprocess

import pytest

import sp


def test_plink(server, user):
    p = sp.run(["plink", "-batch", "-ssh", "-P", str(server.port), "-l", user.name,
                "-pw", user.password, "-hostkey",
                host_fingerprint(server), "127.0.0.1", "echo plink; exit 4"])
    assert p.returncode == 4 and p.stdout == "plink\n", p.stderr


def host_fingerprint(server):
    p = sp.run(["ssh-keygen", "-lf", server.host_keys[0] + ".pub"], check=0)
    return p.stdout.split()[1]


def test_psftp_and_pscp(server, user, tmp_path):
    (tmp_path / "a file").write_bytes(os.urandom(300000))
    common = ["-batch", "-P", str(server.port), "-l", user.name, "-pw",
              user.password, "-hostkey", host_fingerprint(server)]
    sp.run(["pscp", *common, str(tmp_path / "a file"), "127.0.0.1:up"], check=0)
    assert open(user.home + "/up", "rb").read() == (tmp_path / "a file").read_bytes()


def test_dbclient(server, user):
    p = sp.run(["dbclient", "-y", "-y", "-p", str(server.port),
                f"{user.name}@127.0.0.1", "echo dropbear; exit 6"],
               env=dict(os.environ, DROPBEAR_PASSWORD=user.password))
    assert p.returncode == 6 and p.stdout == "dropbear\n", p.stderr


def test_paramiko(server, user):
    import paramiko
    c = paramiko.SSHClient()
    c.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    c.connect("127.0.0.1", server.port, user.name, password=user.password,
              allow_agent=False, look_for_keys=False, timeout=20)
    keep, out, _ = c.exec_command("cat; exit 5")
    out.channel.sendall(b"x" * 500000)
    out.channel.shutdown_write()
    assert len(out.read()) == 500000 and out.channel.recv_exit_status() == 5
    sftp = c.open_sftp()
    with sftp.open("f", "w") as f:
        f.write("hello")
    assert sftp.stat("f").st_size == 5
    keep.close()
    c.close()
    k = paramiko.SSHClient()
    k.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    k.connect("127.0.0.1", server.port, user.name, key_filename=user.key,
              allow_agent=False, look_for_keys=False, timeout=20)
    k.close()


def test_an_agents_key(server, user, tmp_path):
    env = dict(os.environ)
    out = sp.run(["ssh-agent", "-s"]).stdout
    for part in out.replace("\n", "").split(";"):
        if "=" in part:
            k, v = part.strip().split("=", 1)
            env[k] = v
    try:
        sp.run(["ssh-add", user.key], env=env, check=0)
        key, user.key = user.key, None
        sp.run(server.ssh_argv(user, "true"), env=env, check=0)
        p = sp.run(server.ssh_argv(user, "ssh-add -l", flags=("-A",)), env=env,
                   check=0)
        assert user.name in p.stdout
    finally:
        sp.run(["kill", env["SSH_AGENT_PID"]])


@pytest.fixture
def agent(user):
    sock = f"{sp.SCRATCH}/agent_{user.name}"
    p = subprocess.Popen(["ssh-agent", "-D", "-a", sock], stdout=subprocess.DEVNULL)
    sp.wait_for(lambda: os.path.exists(sock), what="the agent")
    yield dict(os.environ, SSH_AUTH_SOCK=sock)
    p.terminate()
    p.wait()


def hop(first, second, user, env, command="echo $SSH_CONNECTION"):
    """From the first server on to the second, with the agent's key alone."""
    there = " ".join(second.ssh_argv(user, f"'{command}'", UserKnownHostsFile=user.home + "/known"))
    return sp.run(first.ssh_argv(user, there, flags=("-A",)), env=env)


def test_a_second_host_by_the_agent(make_server, user, agent):
    a, b = make_server(), make_server()
    sp.run(["ssh-add", "-q", user.key], env=agent, check=0)
    user.key = None
    p = hop(a, b, user, agent)
    assert p.returncode == 0 and p.stdout.endswith(f" {b.port}\n"), p.stderr
    # What the agent is for is gone when its session has ended.
    sp.wait_for(lambda: not a.processes("session"), what="the session's end")
    assert not [n for n in os.listdir("/tmp") if "agent" in n and n.startswith("sallyport")]


def test_a_key_for_some_ways_only(make_server, user, agent, tmp_path):
    """ssh-add -h: the agent learns by session-bind@openssh.com, which passes
    through us, what way a request came; it signs for this one and no other."""
    a, b, c = make_server(), make_server(), make_server()
    known = tmp_path / "known_hosts"
    # One key each, or the agent could not tell them apart.
    for s in (a, b, c):
        os.unlink(s.host_keys[0])
        sp.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", s.host_keys[0]], check=0)
        s.write(s.text.replace(", ".join(f'"{k}"' for k in s.host_keys), f'"{s.host_keys[0]}"'))
        s.stop()
        s.start()
        with open(known, "a") as f:
            f.write(f"[127.0.0.1]:{s.port} " + open(s.host_keys[0] + ".pub").read())
    first, second = f"[127.0.0.1]:{a.port}", f"[127.0.0.1]:{b.port}"
    sp.run(["ssh-add", "-q", "-H", str(known), "-h", first, "-h", f"{first}>{second}", user.key],
           env=agent, check=0)
    user.key = None
    assert hop(a, b, user, agent, "echo in").stdout == "in\n"
    p = hop(a, c, user, agent, "echo in")
    assert p.returncode == 255 and p.stdout == "", p.stdout


def test_scp_both_protocols(server, user, tmp_path):
    data = os.urandom(1_000_000)
    (tmp_path / "f").write_bytes(data)
    for flags in ([], ["-O"]):
        sp.run(["scp", *flags, "-P", str(server.port), *server.options(user),
                str(tmp_path / "f"), f"{user.name}@127.0.0.1:up"], check=0)
        assert open(user.home + "/up", "rb").read() == data
        sp.run(["scp", *flags, "-P", str(server.port), *server.options(user),
                f"{user.name}@127.0.0.1:up", str(tmp_path / "down")], check=0)
        assert (tmp_path / "down").read_bytes() == data


def rsh(server, user):
    return " ".join(["ssh", "-p", str(server.port)] + server.options(user))


def test_rsync(server, user, tmp_path):
    src = tmp_path / "src"
    src.mkdir()
    for i in range(50):
        (src / f"f{i}").write_bytes(os.urandom(10000))
    sp.run(["rsync", "-a", "-e", rsh(server, user), f"{src}/",
            f"{user.name}@127.0.0.1:dst/"], check=0)
    sp.run(["rsync", "-a", "-e", rsh(server, user), f"{user.name}@127.0.0.1:dst/",
            str(tmp_path / "back")], check=0)
    assert sp.run(["diff", "-r", str(src), str(tmp_path / "back")]).returncode == 0


def test_git(server, user, tmp_path):
    env = dict(os.environ, GIT_SSH_COMMAND=rsh(server, user),
               GIT_AUTHOR_NAME="a", GIT_AUTHOR_EMAIL="a@b",
               GIT_COMMITTER_NAME="a", GIT_COMMITTER_EMAIL="a@b", HOME=str(tmp_path))
    server.ssh(user, "git init -q --bare r.git", check=0)
    work = tmp_path / "w"
    sp.run(["git", "init", "-q", str(work)], env=env, check=0)
    (work / "f").write_text("x\n")
    sp.run(["git", "-C", str(work), "add", "f"], env=env, check=0)
    sp.run(["git", "-C", str(work), "commit", "-qm", "c"], env=env, check=0)
    url = f"ssh://{user.name}@127.0.0.1:{server.port}{user.home}/r.git"
    sp.run(["git", "-C", str(work), "push", "-q", url, "HEAD:main"], env=env, check=0)
    sp.run(["git", "clone", "-q", "-b", "main", url, str(tmp_path / "c")], env=env,
           check=0)
    assert (tmp_path / "c/f").read_text() == "x\n"


def test_ssh_copy_id(server, user):
    new = user.home + "-new"
    sp.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", new], check=0)
    opts = server.options(None)
    p = sp.run(["sshpass", "-p", user.password, "ssh-copy-id", "-i", new + ".pub",
                "-p", str(server.port), "-o", "StrictHostKeyChecking=accept-new",
                "-o", f"UserKnownHostsFile={server.dir}/known_hosts",
                "-o", "PreferredAuthentications=password", "-o", "PubkeyAuthentication=no",
                f"{user.name}@127.0.0.1"])
    assert p.returncode == 0, (p.stderr, opts)
    user.key = new
    server.ssh(user, "true", check=0)


def test_keyscan_gets_every_key(server):
    p = sp.run(["ssh-keyscan", "-p", str(server.port), "127.0.0.1"])
    kinds = {line.split()[1] for line in p.stdout.splitlines()
             if line and line[0] != "#"}
    assert kinds == {"ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256"}


# ---- what is built on ssh ----

@pytest.mark.parametrize("pipelining", ["False", "True"])
def test_ansible(server, user, tmp_path, pipelining):
    """ping, copy, template, fetch, and a change that is none the second time."""
    (tmp_path / "inventory").write_text(
        f"target ansible_host=127.0.0.1 ansible_port={server.port} ansible_user={user.name} "
        f"ansible_ssh_private_key_file={user.key} ansible_python_interpreter=/usr/bin/python3\n")
    (tmp_path / "template.j2").write_text("{{ greeting }} on {{ inventory_hostname }}\n")
    (tmp_path / "data").write_bytes(os.urandom(300000))
    (tmp_path / "play.yml").write_text(f"""
- hosts: target
  gather_facts: false
  vars: {{ greeting: "g\u00fc\u00df \u20ac" }}
  tasks:
  - ping:
  - copy: {{ src: "{tmp_path}/data", dest: "{user.home}/a data", mode: "0640" }}
    register: copied
  - template: {{ src: "{tmp_path}/template.j2", dest: "{user.home}/templated" }}
  - copy: {{ src: "{tmp_path}/data", dest: "{user.home}/a data", mode: "0640" }}
    register: again
  - fetch: {{ src: "{user.home}/a data", dest: "{tmp_path}/back", flat: true }}
  - command: sh -c 'exit 3'
    register: failed
    failed_when: failed.rc != 3
  - assert: {{ that: [ copied.changed, not again.changed ] }}
""")
    env = dict(os.environ, HOME=str(tmp_path), ANSIBLE_PIPELINING=pipelining,
               ANSIBLE_LOCAL_TEMP=str(tmp_path), ANSIBLE_NOCOLOR="1", ANSIBLE_SSH_ARGS=(
                   "-F none -o ControlMaster=auto -o ControlPersist=10s "
                   f"-o ControlPath={tmp_path}/%C -o StrictHostKeyChecking=no "
                   "-o UserKnownHostsFile=/dev/null -o IdentitiesOnly=yes"))
    mark = server.mark()
    p = sp.run(["ansible-playbook", "-i", str(tmp_path / "inventory"),
                str(tmp_path / "play.yml")], env=env, timeout=90)
    assert p.returncode == 0 and "failed=0" in p.stdout, p.stdout + p.stderr
    data = (tmp_path / "data").read_bytes()
    assert open(user.home + "/a data", "rb").read() == data == (tmp_path / "back").read_bytes()
    assert os.stat(user.home + "/a data").st_mode & 0o777 == 0o640
    assert open(user.home + "/templated").read() == "g\u00fc\u00df \u20ac on target\n"
    # ControlPersist: all of it in one connection.
    assert server.log()[mark:].count("Accepted publickey") == 1
    server.wait_log("(?i)closed|disconnect", seconds=30, after=mark)


@pytest.fixture
def master(server, user):
    """A shared connection; run() plays a client of it."""
    import types
    path = server.dir + "/master"
    p = server.popen(user, flags=("-N", "-M"), ControlPath=path)
    sp.wait_for(lambda: os.path.exists(path), what="the master")
    yield types.SimpleNamespace(
        argv=lambda *command, flags=(): server.ssh_argv(user, *command, flags=flags,
                                                        ControlPath=path))
    sp.run(server.ssh_argv(user, flags=("-O", "exit"), ControlPath=path))
    p.communicate(timeout=20)


def test_a_hundred_sessions_in_a_row(master, server, user):
    mark = server.mark()
    for i in range(100):
        p = sp.run(master.argv(f"echo {i}; exit {i}"))
        assert (p.returncode, p.stdout) == (i, f"{i}\n"), p.stderr
    assert "Connection from" not in server.log()[mark:]
    # Nothing of the hundred is left: neither programs nor descriptors.
    sp.wait_for(lambda: len(user.processes()) <= 1, what="an empty house")
    worker, = server.processes("worker")[-1:]
    assert len(os.listdir(f"/proc/{worker}/fd")) < 30


def test_ten_sessions_at_once(master, user):
    """All ten run at the same time: each waits for the nine others."""
    gate = user.home + "/gate"
    os.mkdir(gate)
    os.chmod(gate, 0o777)
    command = (f"touch {gate}/$$; while [ $(ls {gate} | wc -l) -lt 10 ]; do sleep 0.1; done; "
               "cat; exit 7")
    started = [subprocess.Popen(master.argv(command), stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE) for _ in range(10)]
    for i, p in enumerate(started):
        out, _ = p.communicate(b"%d" % i * 100000, timeout=30 * sp.SLOW)
        assert (p.returncode, out) == (7, b"%d" % i * 100000)


def test_an_eleventh_session_is_refused(master, server, user):
    started = [subprocess.Popen(master.argv("echo up; exec cat"), stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE) for _ in range(10)]
    for p in started:
        assert p.stdout.readline() == b"up\n"
    p = sp.run(master.argv("true"))
    assert "Session open refused by peer" in p.stderr, p.stderr
    for p in started:
        p.communicate(timeout=20)
        assert p.returncode == 0
    sp.run(master.argv("true"), check=0)


def test_an_editors_remote(server, user):
    """As Visual Studio Code does: a script on a shell's input that starts a server
    and says its port, and -D of the same connection to reach it."""
    import socket
    from test_forward import free_port, ready
    from test_forward_clients import socks
    port = free_port()
    p = server.popen(user, "bash", flags=("-T", "-D", str(port)))
    p.stdin.write(b"""unset HISTFILE; cd; echo "running on $(uname -s)"
python3 - <<'END' &
import socket
s = socket.create_server(("127.0.0.1", 0)); print("listeningOn==%d==" % s.getsockname()[1], flush=True)
while True:
    c, _ = s.accept(); c.sendall(b"HTTP/1.1 101\\r\\n" + c.recv(100)); c.close()
END
wait
""")
    p.stdin.flush()
    assert p.stdout.readline() == b"running on Linux\n"
    there = int(p.stdout.readline().split(b"==")[1])
    ready(port)
    for i in range(20):
        c = socks(port, b"127.0.0.1", there)
        c.sendall(b"%d" % i)
        c.shutdown(socket.SHUT_WR)
        assert c.makefile("rb").read() == b"HTTP/1.1 101\r\n%d" % i
        c.close()
    p.kill()
    p.communicate()
    # The connection gone, the editor's server goes on, for the next one.
    sp.wait_for(lambda: not server.processes("monitor "), what="the connection's end")
    assert [line for line in user.processes() if "python3" in line]


def test_mosh(server, user):
    """mosh needs an exec on a terminal that leaves a server behind, then UDP."""
    from test_terminal import Terminal
    t = Terminal(["env", "LC_ALL=C.UTF-8", "TERM=xterm", "sh", "-c",
                  'stty rows 24 cols 80; exec "$@"', "sh", "mosh", "--ssh=" + rsh(server, user),
                  "--bind-server=127.0.0.1", f"{user.name}@127.0.0.1", "--", "sh", "-c",
                  "echo mo''sh is up; read x; echo got $x; read y"])
    t.expect(rb"mosh is up", seconds=20)
    # The connection it came by is closed, what runs stays.
    assert any("mosh-server" in line for line in user.processes())
    sp.wait_for(lambda: not server.processes("session"), what="the end of the connection")
    t.send("roaming\n")
    t.expect(rb"got roaming")
    t.send("\n")
    t.wait()


def test_tmux_outlives_the_connection(server, user):
    """Windows and their sizes; attach, lose the connection, attach again."""
    from test_terminal import Terminal
    env = ["env", "TERM=xterm"]
    argv = env + server.ssh_argv(user, "exec tmux -f /dev/null -u new-session -A -s work",
                                 flags=("-tt",))
    open(user.home + "/.hushlogin", "w").close()
    t = Terminal(argv)
    t.size(30, 100)
    t.expect(rb"\$ |\[0\]|work", seconds=20)
    sp.wait_for(lambda: tmux_size(user) == "100x29", what="the size")
    t.send("echo $((40+2))-kept\n")
    t.expect(rb"42-kept")
    t.size(24, 80)
    sp.wait_for(lambda: tmux_size(user) == "80x23", what="another size")
    os.kill(t.pid, 9)
    t.wait()
    sp.wait_for(lambda: not server.processes("session"), what="the end of the connection")
    t = Terminal(argv)
    t.expect(rb"42-kept", seconds=20)
    t.send("tmux kill-server\n")
    t.wait()


def tmux_size(user):
    return sp.run(["runuser", "-u", user.name, "--", "tmux", "display-message", "-p", "-t", "work",
                   "#{window_width}x#{window_height}"]).stdout.strip()


@pytest.mark.parametrize("extra,line", [
    ("", rb"SSH-2\.0-OpenSSH_compatible_sallyport_[0-9.]+\r\n"),
    ('version_software = "OpenSSH_9.9"; version_addendum = "sallyport";',
     rb"SSH-2\.0-OpenSSH_9\.9 sallyport\r\n")])
def test_output_that_is_read_no_more(make_server, user, extra, line):
    """ssh host yes | head: the client tells a server whose name begins with
    OpenSSH, and the program hears of it; how it ends is still told."""
    s = make_server(extra=extra)
    with s.connect() as c:
        assert re.fullmatch(line, c.makefile("rb").readline())
    p = s.popen(user, "yes; echo $? >~/status; exit 3")
    assert p.stdout.readline() == b"y\n"
    p.stdout.close()
    assert p.wait(20 * sp.SLOW) == 3
    assert open(user.home + "/status").read() == "141\n"
    sp.wait_for(lambda: not user.processes(), what="an empty house")
