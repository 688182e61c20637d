"""Files, with everybody's clients: each script of sftp/clients against the daemon.

A script puts and gets with hashes: odd names, trees with times and modes, resume.
Once as any user sees the server, while it asks for new keys every few megabytes,
once from a chroot with a start directory."""

import os
import subprocess

import pytest

import sp

HERE = os.path.dirname(os.path.abspath(__file__)) + "/sftp"
CLIENTS = sorted(os.listdir(HERE + "/clients"))


@pytest.fixture(scope="module")
def place():
    """A server, a user of it, and the directory where files arrive."""
    s = sp.Server(log_level="verbose", extra="crypto = { rekey_bytes = 4194304; };")
    s.user = sp.User()
    s.user.make_key()
    s.remote = make_remote(s.user.home, s.user)
    yield s
    s.user.remove()
    s.stop()
    import conftest
    conftest.check_log(s)


def make_remote(parent, user):
    path = parent + "/remote"
    os.mkdir(path)
    os.chown(path, user.uid, user.gid)
    return path


def play(server, client, seen=None):
    """One script; its own words where it fails."""
    env = dict(os.environ, SFTP_PORT=str(server.port), SFTP_USER=server.user.name,
               SFTP_KEY=server.user.key, SFTP_REMOTE=server.remote, HOME=sp.SCRATCH)
    if seen is not None:
        env["SFTP_REMOTE_SEEN"] = seen
    p = sp.run([HERE + "/run", client], env=env, timeout=120)
    if p.stdout.startswith("skip"):
        pytest.skip(p.stdout.strip())
    assert p.returncode == 0 and p.stdout.startswith("ok"), p.stdout + p.stderr


@pytest.mark.parametrize("client", CLIENTS)
def test_each_client(place, client):
    play(place, client)


def test_clients_that_go_by_our_name():
    """The order of SYMLINK's names: as towards OpenSSH, where we are called so."""
    s = sp.Server(extra='version_software = "OpenSSH_9.9";')
    s.user = sp.User()
    s.user.make_key()
    s.remote = make_remote(s.user.home, s.user)
    try:
        for client in ("asyncssh", "libssh", "phpseclib"):
            play(s, client)
    finally:
        s.user.remove()
        s.stop()


CHROOTED = ["sftp", "scp", "sshfs", "rclone", "psftp", "paramiko"]


@pytest.fixture(scope="module")
def jail():
    """The same user, who sees nothing but the chroot and starts in /files."""
    root = f"{sp.SCRATCH}/jail"
    os.makedirs(root + "/files", exist_ok=True)
    s = sp.Server(log_level="verbose", rules=f"""rules = ( {{ name = "jailed";
        methods = [ "publickey" ]; chroot = "{root}"; sftp_start = "/files";
        sftp_only = true; }} );""")
    s.user = sp.User()
    s.user.make_key()
    s.remote = make_remote(root + "/files", s.user)
    yield s
    s.user.remove()
    s.stop()
    sp.clean(root)


@pytest.mark.parametrize("client", CHROOTED)
def test_each_client_in_a_chroot(jail, client):
    play(jail, client, seen="/files/remote")


@pytest.mark.skipif(not os.path.exists("/usr/sbin/sshd"), reason="no sshd")
def test_our_program_behind_their_sshd():
    """sallyport-sftp-server as sshd's Subsystem."""
    program = sp.run(["find", "/usr/lib", "/usr/libexec", "-name", "sallyport-sftp-server"])
    p = sp.run([HERE + "/run-openssh", program.stdout.split()[0], "sftp"], timeout=60,
               env=dict(os.environ, HOME=sp.SCRATCH))
    assert p.stdout.startswith("ok"), p.stdout + p.stderr


@pytest.mark.skipif(not os.path.exists("/usr/lib/openssh/sftp-server"), reason="no sftp-server")
def test_our_program_takes_the_arguments_that_theirs_takes():
    ours = sp.run(["find", "/usr/lib", "/usr/libexec", "-name", "sallyport-sftp-server"]).stdout.split()[0]

    def answer(program, words):
        with subprocess.Popen([program, *words], bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL) as p:
            try:
                p.stdin.write(b"\0\0\0\x05\1\0\0\0\3")  # SSH_FXP_INIT
            except BrokenPipeError:
                pass
            version = p.stdout.read(9)[4:]
            p.stdin.close()
        return p.returncode, version
    for words in ((), ("one", "two"), ("-e", "-l", "QUIET"), ("-c", "ls -Z"), ("-R", "one", "-Z"), ("-R", "--", "-Z"),
                  ("-l", "nonsense"), ("-Z",), ("-u", "999"), ("-d", "/tmp", "-u", "077", "-f", "AUTH", "one"),
                  ("-Q", "nothing"), ("-p", "open", "-P", "remove", "x")):
        assert answer("/usr/lib/openssh/sftp-server", words) == answer(ours, words), words


@pytest.mark.skipif(not os.path.exists("/usr/lib/openssh/sftp-server"), reason="no sftp-server")
def test_their_program_behind_us():
    """What an administrator who moves from sshd may keep at first."""
    s = sp.Server(start=False)
    s.write(s.text.replace('command = "internal"', 'command = "/usr/lib/openssh/sftp-server"'))
    s.start()
    s.user = sp.User()
    s.user.make_key()
    s.remote = make_remote(s.user.home, s.user)
    try:
        play(s, "sftp")
    finally:
        s.user.remove()
        s.stop()
