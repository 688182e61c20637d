"""Other people's clients."""

import os
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
