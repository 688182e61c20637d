"""Sessions that are recorded: what is in the files, and that nothing of what
the user can do keeps it out."""

import contextlib
import glob
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import time

import pytest

import sp
from test_policy import only
from test_terminal import Terminal


class Recording:
    """A finished recording, its chain and its manifest held against each other."""

    def __init__(self, path, manifest=True):
        self.path = path
        self.data = open(path, "rb").read()
        self.lines = self.data.splitlines(keepends=True)
        self.header = json.loads(self.lines[0])
        self.ours = self.header["sallyport"]
        self.events = [json.loads(line) for line in self.lines[1:]]
        self.check_chain()
        if manifest:
            self.manifest = json.load(open(path[:-5] + ".manifest"))
            m = self.manifest
            assert m["file"] == os.path.basename(path) and m["format"] == 1
            assert m["bytes"] == len(self.data)
            assert (m["blocks"], m["head"]) == (self.blocks, self.head)
            assert m["marks"] == len(self.marks())

    def check_chain(self):
        chain = hashlib.sha256(b"sallyport-recording\0" + self.lines[0])
        self.blocks, self.head, size, last = 0, None, 0, None
        for line, event in zip(self.lines[1:], self.events):
            last = event[1]
            if event[1] != "b":
                chain.update(line)
                size += len(line)
                assert size <= 65536
                continue
            chain.update(line[:-67])
            digest = chain.digest()
            assert event[2] == f"{self.blocks} {digest.hex()}" and line.endswith(f"{digest.hex()}\"]\n".encode())
            self.blocks, self.head, size = self.blocks + 1, digest.hex(), 0
            chain = hashlib.sha256(digest)
        self.whole = last == "b"

    def text(self, code="o"):
        return "".join(e[2] for e in self.events if e[1] == code)

    def marks(self):
        return [e[2] for e in self.events if e[1] == "m"]


def record(make_server, keys, grants="", **kw):
    server = make_server(
        grants=f"record = {{ {keys} }}; {grants}",
        extra='recordings = { directory = "%s"; };' % (sp.SCRATCH + "/recordings"), **kw)
    shutil.rmtree(sp.SCRATCH + "/recordings", ignore_errors=True)
    return server


def files(suffix=".cast"):
    return sorted(glob.glob(sp.SCRATCH + "/recordings/*/*/*/*" + suffix), key=os.path.getmtime)


def recordings(count=1):
    """Once so many have ended: their files, the oldest first."""
    sp.wait_for(lambda: len(files(".manifest")) >= count, 20, "manifests")
    assert len(files(".manifest")) == count
    return [Recording(path) for path in files()]


def recorded_terminal(server, user, *command):
    t = Terminal(server.ssh_argv(user, *command, flags=("-tt",)))
    return t


def test_a_terminal_is_recorded_with_its_sizes_and_its_end(make_server, user):
    s = record(make_server, "pty = true;")
    t = recorded_terminal(s, user)
    t.send("echo ru''ns\n")
    t.expect(rb"runs")
    t.size(50, 132)
    t.send("while [ \"$(stty size)\" != '50 132' ]; do sleep 0.1; done; stty size; echo \"gr\"üß \"end\"; exit 3\n")
    t.expect(rb"50 132")
    t.expect("grüß end".encode())
    assert t.wait() == 3
    r, = recordings()
    assert "grüß end" in r.text() and "50 132" in r.text()
    assert [e[2] for e in r.events if e[1] == "r"] == ["132x50"]
    assert r.marks() == ["exit 3"] and r.manifest["end"] == "exit 3"
    assert r.whole and r.ours["user"] == user.name and r.ours["kind"] == "shell"
    assert r.ours["pty"] is True and r.ours["input"] is False and r.ours["required"] is False
    assert r.ours["source"] == "127.0.0.1" and r.ours["fp"].startswith("SHA256:")
    assert r.header["env"]["TERM"] and r.header["version"] == 2 and r.text("i") == ""
    start = s.wait_log(r"recording\.start|Recording of \S+ .* started: (\S+)")
    assert start
    end = s.wait_log(r"Recording of \S+ .* ended: exit 3 \[.*head=([0-9a-f]{64})")
    assert end.group(1) == r.head


def test_ssh_keygen_verifies_the_manifest(make_server, user):
    s = record(make_server, "exec = true;")
    s.ssh(user, "echo signed", check=0)
    r, = recordings()
    assert r.manifest["signed"] is True and "unsigned" not in r.manifest
    path = r.path[:-5] + ".manifest"
    allowed = sp.SCRATCH + "/allowed"
    keys = [open(k + ".pub").read().split()[:2] for k in s.host_keys]
    open(allowed, "w").write("".join(f"host {' '.join(k)}\n" for k in keys))
    argv = ["ssh-keygen", "-Y", "verify", "-f", allowed, "-I", "host",
            "-n", "sallyport-recording@sallyport", "-s", path + ".sig"]
    text = open(path).read()
    sp.run(argv, input=text, check=0)
    assert sp.run(argv, input=text.replace("exit 0", "exit 1")).returncode != 0
    p = sp.run(["sallyportctl", "-f", s.config, "recordings", "verify", r.path])
    assert p.returncode == 0, (p.stdout, p.stderr)


def test_files_and_directories_are_roots_alone(make_server, user):
    s = record(make_server, "exec = true;")
    s.ssh(user, "true", check=0)
    r, = recordings()
    path = r.path
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/[0-9a-f]{16}-\d+\.cast", os.path.relpath(path, sp.SCRATCH + "/recordings"))
    for p in (path, path[:-5] + ".manifest"):
        st = os.stat(p)
        assert (st.st_uid, st.st_mode & 0o7777) == (0, 0o600)
    while path != sp.SCRATCH + "/recordings":
        path = os.path.dirname(path)
        st = os.stat(path)
        assert (st.st_uid, st.st_mode & 0o7777) == (0, 0o700)


def test_a_terminal_is_recorded_whatever_its_command_is(make_server, user):
    """By the channel, never by its text."""
    s = record(make_server, "pty = true;")
    t = recorded_terminal(s, user, "scp -t x </dev/null; echo af''ter")
    t.expect(rb"after")
    t.wait()
    r, = recordings()
    assert "after" in r.text() and r.ours["request"].startswith("scp -t")
    assert r.ours["kind"] == "exec" and r.ours["pty"] is True
    s.ssh(user, "echo plain", check=0)
    assert len(files()) == 1


def test_a_command_is_recorded_where_exec_asks_for_it(make_server, user):
    s = record(make_server, "exec = true;")
    p = s.ssh(user, "echo out; echo err >&2; cat; exit 7", input="typed\n")
    assert (p.returncode, p.stdout, p.stderr) == (7, "out\ntyped\n", "err\n")
    r, = recordings()
    assert (r.text("o"), r.text("e"), r.text("i")) == ("out\ntyped\n", "err\n", "")
    assert r.ours["pty"] is False and r.manifest["output"] == 10 and r.manifest["error"] == 4
    assert r.marks() == ["exit 7"]


def test_a_shell_without_a_terminal_is_a_command(make_server, user):
    s = record(make_server, "exec = true; input = true;")
    p = s.ssh(user, flags=("-T",), input="echo he''re; kill -9 $$\n")
    assert "here" in p.stdout
    r, = recordings()
    assert r.text("i") == "echo he''re; kill -9 $$\n" and "here" in r.text()
    assert r.marks() == ["signal KILL"] and r.manifest["end"] == "signal KILL"


def test_a_subsystem_that_is_a_program_is_recorded(make_server, user):
    s = record(make_server, "exec = true;",
               grants='subsystem_commands = [ "talk=echo hello" ];')
    p = s.ssh(user, "talk", flags=("-s",), check=0)
    assert p.stdout == "hello\n"
    r, = recordings()
    assert r.ours["kind"] == "subsystem" and r.text() == "hello\n"


def test_sftp_of_the_server_and_forwards_are_not_recorded(make_server, user):
    s = record(make_server, "exec = true; pty = true;")
    batch = sp.SCRATCH + "/batch"
    open(batch, "w").write("pwd\n")
    sp.run(["sftp", "-q", "-b", batch, "-P", str(s.port), *s.options(user),
            f"{user.name}@127.0.0.1"], check=0)
    assert files() == []
    s.ssh(user, "true", check=0)
    assert len(recordings()) == 1


def test_input_is_recorded_where_it_is_asked_for_and_shown(make_server, user):
    s = record(make_server, "pty = true; input = true;")
    # What is typed while the echo is switched off counts as hidden.
    t = recorded_terminal(s, user, "echo re''ady; read -r a; until [ -e go ]; do sleep 0.05; done; "
                          "stty -echo; echo pass''word; read -r b; stty echo; "
                          "echo do''ne $a $b | rev; read -r c")
    t.expect(rb"ready")
    t.send("visible\n")
    t.expect(rb"visible")
    open(user.home + "/go", "w").close()
    t.expect(rb"password")
    t.send("hunter2\n")
    t.expect(rb"2retnuh elbisiv")
    t.send("again\n")
    t.wait()
    r, = recordings()
    assert "visible" in r.text("i") and "again" in r.text("i")
    assert "hunter2" not in r.data.decode() and "hunter" not in r.text("i")
    assert r.manifest["hidden"] == 8 and "hidden 8" in r.marks()
    assert r.manifest["input"] == len("visible\nagain\n")


def test_the_user_is_told_of_the_recording(make_server, user):
    s = record(make_server, 'pty = true; exec = true; notice = "This session is recorded.";')
    t = recorded_terminal(s, user, "echo ru''ns")
    t.expect(rb"This session is recorded\.\r\n")
    t.expect(rb"runs")
    t.wait()
    p = s.ssh(user, "echo runs", check=0)
    assert (p.stdout, p.stderr) == ("runs\n", "This session is recorded.\n")


def test_bytes_that_are_no_text_do_not_break_the_form(make_server, user):
    s = record(make_server, "exec = true;")
    p = s.ssh(user, r"printf 'a\xff\xc3'; sleep 0.3; printf '\xa9\0\"\\\033[1m\xe2\x82'", check=0, text=False)
    assert p.stdout == b'a\xff\xc3\xa9\0"\\\x1b[1m\xe2\x82'
    r, = recordings()
    assert r.text() == 'a\ufffdé\0"\\\x1b[1m\ufffd\ufffd' and r.manifest["output"] == len(p.stdout)


def test_a_large_output_is_recorded_in_a_chain_of_blocks(make_server, user):
    s = record(make_server, "exec = true;")
    p = s.ssh(user, "seq 1 300000; seq 1 20000 >&2", check=0, timeout=60)
    expected = "".join(f"{i}\n" for i in range(1, 300001))
    assert p.stdout == expected
    r, = recordings()
    assert r.text() == expected and r.text("e").endswith("\n20000\n")
    assert r.blocks > 30


def test_a_reader_that_leaves_ends_the_program(make_server, user):
    """eow@openssh.com and SIGPIPE come through as without a recorder."""
    s = record(make_server, "exec = true;")
    argv = " ".join(f"'{a}'" for a in s.ssh_argv(user, "yes; echo ${PIPESTATUS} $? >~/ended"))
    sp.run(["bash", "-c", argv + " | head -1"], timeout=20)
    sp.wait_for(lambda: os.path.exists(user.home + "/ended"), what="the end of yes")
    r, = recordings()
    assert r.text().startswith("y\n")


def test_the_end_of_input_comes_through(make_server, user):
    s = record(make_server, "exec = true; input = true;")
    p = s.ssh(user, "wc -c; echo more", input="x" * 100000, check=0)
    assert p.stdout.split() == ["100000", "more"]
    r, = recordings()
    assert r.text("i") == "x" * 100000


def test_a_program_on_a_terminal_is_hung_up_when_its_client_is_lost(make_server, user):
    s = record(make_server, "pty = true;")
    t = recorded_terminal(s, user, "trap 'echo hup >~/hup; exit' HUP; echo re''ady; while :; do sleep 0.1; done")
    t.expect(rb"ready")
    os.kill(t.pid, signal.SIGKILL)
    sp.wait_for(lambda: os.path.exists(user.home + "/hup"), what="SIGHUP")
    t.wait()
    r, = recordings()
    assert "ready" in r.text() and r.whole


def test_a_command_goes_on_when_its_client_is_lost(make_server, user):
    s = record(make_server, "exec = true;")
    p = s.popen(user, "echo on; sleep 2; echo end >~/end; sleep 1")
    assert p.stdout.readline() == b"on\n"
    p.kill()
    p.communicate()
    r, = recordings()
    assert r.text() == "on\n"
    sp.wait_for(lambda: os.path.exists(user.home + "/end"), what="the program's end")


# ---- where it cannot be recorded ----

def tiny(size="256k"):
    """A full file system of its own for the recordings."""
    path = sp.SCRATCH + "/recordings"
    os.makedirs(path, mode=0o700, exist_ok=True)
    sp.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", path], check=0)


@pytest.fixture
def full(request):
    yield tiny
    sp.run(["umount", "-l", sp.SCRATCH + "/recordings"])


def test_a_required_recording_ends_its_channel_when_the_disk_is_full(make_server, user, full):
    s = record(make_server, "exec = true; required = true;")
    full()
    p = s.ssh(user, "trap 'echo hup >~/hup; exit 9' HUP PIPE; while :; do seq 1 2000; done", timeout=60)
    assert p.returncode != 0 and "must be recorded, and cannot be any more" in p.stderr
    assert p.stdout.startswith("1\n2\n")
    s.wait_log(r"Recording of \S+ .* failed: No space left on device \[.*required")
    shown = len(p.stdout)
    sp.wait_for(lambda: user.processes() == [], what="the program's end")
    r = Recording(files()[0], manifest=False) if files() and files()[0].endswith("\n") else None
    assert r is None or len(r.text()) >= shown


def test_a_required_recording_ends_its_terminal_at_its_size(make_server, user):
    s = record(make_server, 'pty = true; required = true; max_size = "64K";')
    t = recorded_terminal(s, user, "while :; do seq 1 2000; done")
    t.expect(rb"must be recorded, and cannot be any more", 20)
    assert t.wait() != 0
    r, = recordings()
    assert r.manifest["end"] == "full" and r.marks() == ["full"] and r.whole
    assert len(r.data) <= 65536
    sp.wait_for(lambda: user.processes() == [], what="the program's end")


def test_what_need_not_be_recorded_goes_on_without(make_server, user):
    s = record(make_server, 'exec = true; max_size = "64K";')
    p = s.ssh(user, "seq 1 100000", check=0, timeout=60)
    assert p.stdout.endswith("\n100000\n") and p.stderr == ""
    s.wait_log(r"Recording of \S+ .* failed: it has reached max_size; the session goes on unrecorded")
    r, = recordings()
    assert r.manifest["end"] == "full" and p.stdout.startswith(r.text())


@pytest.mark.parametrize("flags", [(), ("-tt",)])
def test_what_must_be_recorded_and_cannot_be_is_refused(make_server, user, flags):
    s = record(make_server, "pty = true; exec = true; required = true;")
    os.makedirs(sp.SCRATCH + "/recordings")
    os.chmod(sp.SCRATCH + "/recordings", 0o777)  # another's to write
    p = s.ssh(user, "touch ~/ran", flags=flags)
    assert p.returncode != 0 and "must be recorded, and cannot be" in p.stdout + p.stderr
    s.wait_log(r"request by user \S+ failed, it cannot be recorded")
    assert not os.path.exists(user.home + "/ran")


@pytest.mark.parametrize("flags", [(), ("-tt",)])
def test_what_need_not_be_recorded_starts_without_a_file(make_server, user, flags):
    s = record(make_server, "pty = true; exec = true;")
    os.makedirs(sp.SCRATCH + "/recordings")
    os.chmod(sp.SCRATCH + "/recordings", 0o777)
    p = s.ssh(user, "echo ru''ns", flags=flags, check=0)
    assert "runs" in p.stdout
    s.wait_log(r"Recording of \S+ .* failed: .*; the session goes on unrecorded")


@contextlib.contextmanager
def one_connection(server, user):
    """Its clients' options: each of their channels has the same number."""
    path = server.dir + "/master"
    p = server.popen(user, flags=("-N", "-M"), ControlPath=path)
    sp.wait_for(lambda: os.path.exists(path), what="the client's socket")
    try:
        yield {"ControlPath": path}
    finally:
        p.terminate()
        p.communicate(timeout=20)


@contextlib.contextmanager
def without_recorder(server, user):
    """A connection on which no recorder can be started."""
    with one_connection(server, user) as options:
        os.rename(server.dir + "/empty", server.dir + "/gone")  # recorders live in it
        yield options


def empty_of_its_own(s):
    """The directory that processes without files live in, to be taken away."""
    os.makedirs(s.dir + "/empty", mode=0o755)
    s.write(s.text + f'privsep = {{ empty_directory = "{s.dir}/empty"; }};')
    s.start()
    return s


@pytest.mark.parametrize("flags", [(), ("-tt",)])
def test_what_need_not_be_recorded_starts_without_a_recorder(make_server, user, flags):
    s = empty_of_its_own(record(make_server, "pty = true; exec = true; notice = \"Recorded.\";", start=False))
    with without_recorder(s, user) as options:
        p = s.ssh(user, "echo ru''ns; stty size; tty; exit 4", flags=flags, **options)
    assert p.returncode == 4 and "runs" in p.stdout and "Recorded." not in p.stdout + p.stderr
    assert ("/dev/pts/" in p.stdout) == (flags != ()), p.stdout
    s.wait_log(r"Recording of \S+ .* failed: .*; the session goes on unrecorded")


def test_a_terminal_without_a_recorder_has_its_modes_and_sizes(make_server, user):
    s = empty_of_its_own(record(make_server, "pty = true;", start=False))
    with without_recorder(s, user) as options:
        t = Terminal(["sh", "-c", "stty erase '^X'; exec " + " ".join(
            f"'{a}'" for a in s.ssh_argv(user, flags=("-tt",), **options))])
        t.send("stty -a | grep -o 'erase = [^;]*'; echo mo''des\n")
        t.expect(rb"erase = \^X\r\n")
        t.expect(rb"modes")
        t.size(50, 132)
        t.send("while [ \"$(stty size)\" != '50 132' ]; do sleep 0.1; done; echo si''zed; exit 5\n")
        t.expect(rb"sized")
        assert t.wait() == 5


@pytest.mark.parametrize("flags", [(), ("-tt",)])
def test_what_must_be_recorded_is_refused_without_a_recorder(make_server, user, flags):
    s = empty_of_its_own(record(make_server, "pty = true; exec = true; required = true;", start=False))
    with without_recorder(s, user) as options:
        p = s.ssh(user, "touch ~/ran", flags=flags, **options)
    assert p.returncode != 0 and "must be recorded, and cannot be" in p.stdout + p.stderr
    s.wait_log(r"request by user \S+ failed, it cannot be recorded")
    assert not os.path.exists(user.home + "/ran")


def test_names_do_not_run_out_where_many_are_taken(make_server, user):
    s = record(make_server, "pty = true; exec = true; required = true;")
    with one_connection(s, user) as options:
        s.ssh(user, "echo 0", check=0, **options)
        first, = recordings()
        base = first.path[:-len("0.cast")]
        for name in ("1", "2", *(f"1-{n}" for n in range(2, 100))):
            open(f"{base}{name}.cast", "w").close()
        for name in ("1-100", "2-101"):
            s.ssh(user, f"echo {name}", check=0, **options)
            sp.wait_for(lambda: os.path.exists(f"{base}{name}.manifest"), what="its manifest")
            assert Recording(f"{base}{name}.cast").text() == f"{name}\n"


def test_a_file_or_a_link_that_lies_in_its_place_is_left_alone(make_server, user):
    s = record(make_server, "pty = true; exec = true; required = true;")
    with one_connection(s, user) as options:
        s.ssh(user, "echo 0", check=0, **options)
        first, = recordings()
        base = first.path[:-len("0.cast")]
        target = sp.SCRATCH + "/planted"
        with contextlib.suppress(FileNotFoundError):
            os.unlink(target)
        os.symlink(target, f"{base}1.cast")  # to nothing: O_CREAT would make it
        open(f"{base}1-2.cast", "w").write("another's")
        os.symlink(target, f"{base}1-3.manifest")
        s.ssh(user, "echo 1", check=0, **options)
        s.wait_log(r"failed: File exists", 20)  # of the manifest
    assert not os.path.exists(target) and os.path.islink(f"{base}1.cast")
    assert open(f"{base}1-2.cast").read() == "another's"
    assert Recording(f"{base}1-3.cast", manifest=False).text() == "1\n"


@pytest.mark.parametrize("level", [0, 1, 2])
def test_a_link_in_place_of_a_day_is_not_followed(make_server, user, level):
    s = record(make_server, "exec = true; required = true;")
    elsewhere = sp.SCRATCH + "/elsewhere"
    shutil.rmtree(elsewhere, ignore_errors=True)
    os.makedirs(elsewhere, mode=0o700)
    for day in {time.strftime("%Y/%m/%d", time.gmtime(time.time() + more)) for more in (0, 86400)}:
        parts = [sp.SCRATCH + "/recordings"] + day.split("/")[:level]
        os.makedirs(os.path.join(*parts), mode=0o700, exist_ok=True)
        os.chmod(parts[0], 0o700)
        with contextlib.suppress(FileExistsError):
            os.symlink(elsewhere, os.path.join(*parts, day.split("/")[level]))
    p = s.ssh(user, "touch ~/ran")
    assert p.returncode != 0 and "must be recorded, and cannot be" in p.stderr
    assert os.listdir(elsewhere) == [] and not os.path.exists(user.home + "/ran")


@pytest.fixture
def frozen():
    """A file system for the recordings that stands still when it is told to."""
    path, image = sp.SCRATCH + "/recordings", sp.SCRATCH + "/image"

    def make():
        os.makedirs(path, mode=0o700, exist_ok=True)
        with open(image, "wb") as f:
            f.truncate(256 << 20)
        sp.run(["mkfs.ext4", "-q", "-F", image], check=0)
        if sp.run(["mount", "-o", "loop", image, path]).returncode != 0:
            pytest.skip("there is no loop device")
        os.chmod(path, 0o700)

    def stand_still(on):
        return sp.run(["fsfreeze", "-f" if on else "-u", path])
    yield make, stand_still
    stand_still(False)
    sp.run(["umount", path])


def test_a_disk_that_stands_still_holds_its_programs_and_nothing_else(make_server, user, frozen):
    """A process in write() to it cannot be killed: nobody may wait for it."""
    make, stand_still = frozen
    s = record(make_server, "exec = true; required = true;")
    make()
    p = s.popen(user, "echo on; read a; seq 1 2000000; echo $? >~/ended")
    assert p.stdout.readline() == b"on\n"
    sp.wait_for(lambda: files() and os.path.getsize(files()[0]) > 0, what="the first line")
    assert stand_still(True).returncode == 0
    try:
        p.stdin.write(b"go\n")
        p.stdin.flush()

        def held():
            pid, = recorder_of(s)
            return sp.status(pid).get("State", "").startswith("D")
        sp.wait_for(held, 20, "a recorder in write()")
        # The others are served, and the administrator is answered.
        sp.run(["sallyportctl", "-f", s.config, "status"], check=0, timeout=20)
        assert s.connect().recv(4) == b"SSH-"
        sp.wait_for(lambda: any("seq" in line for line in user.processes()), what="seq")
        assert not os.path.exists(user.home + "/ended"), "it must wait for its recorder"
    finally:
        stand_still(False)
    expected = "".join(f"{i}\n" for i in range(1, 2000001)).encode()
    out, err = p.communicate(timeout=60)
    assert (p.returncode, err) == (0, b"") and out == expected
    r, = recordings()
    assert r.text() == "on\n" + expected.decode() and r.whole
    assert s.processes(), "the master lives"


def recorder_of(server):
    return [p for p, t in server.processes().items() if "recorder" in t]


def test_a_recorder_that_dies_ends_what_must_be_recorded(make_server, user):
    s = record(make_server, "exec = true; required = true;")
    p = s.popen(user, "echo on; exec cat")
    assert p.stdout.readline() == b"on\n"
    pid, = recorder_of(s)
    os.kill(pid, signal.SIGKILL)
    # communicate() would end the input, and `cat` with status 0 before the monitor has seen the death.
    p.wait(timeout=20)
    err = p.stderr.read()
    assert p.returncode != 0 and b"must be recorded, and cannot be any more" in err
    sp.wait_for(lambda: files(".manifest"), what="the manifest")
    m = json.load(open(files(".manifest")[0]))
    assert m["end"] == "lost" and m["bytes"] == os.path.getsize(files()[0]) and "head" not in m
    s.wait_log(r"Recording of \S+ .* failed: the recorder has gone")
    sp.wait_for(lambda: user.processes() == [], what="the program's end")


# ---- what the user can do ----

HOSTILE = r"""
import os, signal, subprocess, ctypes, sys, glob
rec = [int(p.split('/')[2]) for p in glob.glob('/proc/[0-9]*/cmdline')
       if b'sallyportd: recorder' in open(p, 'rb').read() and p != '/proc/%d/cmdline' % os.getpid()]
rec = [p for p in rec if p != os.getpid() and os.stat('/proc/%d' % p).st_uid != os.getuid()]
print('recorders', len(rec))
libc = ctypes.CDLL(None, use_errno=True)
for pid in rec:
    for sig in (signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM):
        try:
            os.kill(pid, sig); print('BAD signal')
        except PermissionError:
            pass
    if libc.ptrace(16, pid, 0, 0) == 0:
        print('BAD ptrace')
    for name in ('fd', 'mem', 'root', 'cwd', 'environ', 'maps'):
        try:
            p = '/proc/%d/%s' % (pid, name)
            os.listdir(p) if name == 'fd' else os.readlink(p) if name in ('root', 'cwd') else open(p).read(1)
            print('BAD', name)
        except OSError:
            pass
try:
    os.listdir(DIRECTORY); print('BAD directory')
except OSError:
    pass
for i in range(20):
    try:
        with open('/tmp/fill%d' % i, 'wb') as f:
            f.write(bytes(1 << 20))
    except OSError:
        pass
subprocess.run(['unshare', '-Ur', 'true'], stderr=subprocess.DEVNULL)
for name in ('/proc/self/fd/1', '/dev/tty'):
    try:
        os.write(os.open(name, os.O_WRONLY | os.O_NOCTTY), ('by %s\n' % name).encode())
    except OSError:
        pass
sys.stdout.flush()
child = os.fork()
if child == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    os.write(1, b'from a daemon\n')
    os._exit(0)
os.waitpid(child, 0)
stopped = subprocess.Popen(['sleep', '100'])
os.kill(stopped.pid, signal.SIGSTOP); os.kill(stopped.pid, signal.SIGKILL); stopped.wait()
for p in [os.getppid()]:
    try:
        os.kill(p, signal.SIGSTOP); os.kill(p, signal.SIGCONT)
    except OSError:
        pass
import time; time.sleep(0.5)
print('the last line'); sys.stdout.flush()
for fd in (0, 1, 2):
    os.close(fd)
"""


@pytest.mark.parametrize("flags", [(), ("-tt",)])
def test_nothing_that_the_user_does_stops_or_edits_it(make_server, user, flags):
    s = record(make_server, "pty = true; exec = true; required = true;")
    script = user.home + "/hostile.py"
    open(script, "w").write(HOSTILE.replace("DIRECTORY", repr(sp.SCRATCH + "/recordings")))
    p = s.ssh(user, f"python3 {script}", flags=flags, timeout=60)
    out = p.stdout.replace("\r\n", "\n")
    assert "recorders 1" in out and "BAD" not in out, (p.stdout, p.stderr)
    assert "from a daemon" in out and "the last line" in out
    r, = recordings()
    assert r.text().replace("\r\n", "\n") == out and r.whole
    for path in glob.glob("/tmp/fill*"):
        os.unlink(path)


def test_asciinema_plays_the_file(make_server, user):
    if shutil.which("asciinema") is None:
        pytest.skip("asciinema is not installed")
    s = record(make_server, 'pty = true; idle = "1";')
    t = recorded_terminal(s, user, "echo one; echo tw''o")
    t.wait()
    r, = recordings()
    assert r.header["idle_time_limit"] == 1
    for how in ("cat", "play -s 20"):
        p = sp.run(["script", "-qec", f"asciinema {how} {r.path}", "/dev/null"], check=0,
                   env=dict(os.environ, HOME="/root", TERM="xterm"))
        assert "one\ntwo\n" in p.stdout.replace("\r\n", "\n"), how


# ---- the policy's side ----

def test_a_guard_adds_to_what_a_rule_records(make_server, user):
    s = make_server(
        grants='record_pty = true; record_max_size = "1M"; record_notice = "Ours."; record_idle = 5;',
        extra='recordings = { directory = "%s"; };'
        'guards = ( { name = "more"; record_exec = true; record_input = true; record_required = true;'
        ' record_notice = "Theirs."; } );' % (sp.SCRATCH + "/recordings"))
    shutil.rmtree(sp.SCRATCH + "/recordings", ignore_errors=True)
    p = s.ssh(user, "cat", input="in\n", check=0)
    assert p.stdout == "in\n" and p.stderr == "Ours.\n"
    r, = recordings()
    assert r.ours["required"] is True and r.ours["input"] is True and r.text("i") == "in\n"
    assert r.header["idle_time_limit"] == 5
