"""sallyportctl recordings, over recordings that casts.py wrote: what is whole, what is changed, cut or hostile."""

import json
import os
import re
import shutil

import pytest

import casts
import sp
from test_recording import record, recorded_terminal, recordings

CTL = "/usr/sbin/sallyportctl"


@pytest.fixture(scope="module")
def host_key():
    return sp.host_key("ed25519")


@pytest.fixture
def store():
    path = f"{sp.SCRATCH}/recordings"
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path, mode=0o700)
    yield path
    shutil.rmtree(path)


def ctl(store, *words, check=None, **kw):
    p = sp.run([CTL, "recordings", *words, "--directory", store], check=check, **kw)
    assert "\x1b" not in p.stdout + p.stderr and "signal" not in p.stderr, p
    return p


def answer(store, *words, check=0):
    return json.loads(ctl(store, "--json", *words, check=check).stdout)


def verdict(store, host_key, name):
    p = ctl(store, "verify", "--key", host_key + ".pub", name)
    (line,) = p.stdout.splitlines()
    return p.returncode, line.split(": ", 1)[1]


def change(path, old, new):
    text = open(path, "rb").read()
    assert old in text
    with open(path, "wb") as f:
        f.write(text.replace(old, new, 1))


# ---- verify ----

def test_a_recording_that_is_whole_and_signed_is_complete(store, host_key):
    casts.simple().write(store, key=host_key)
    status, text = verdict(store, host_key, "00000000000000a1")
    fp = sp.run(["ssh-keygen", "-lf", host_key + ".pub"], check=0).stdout.split()[1]
    assert status == 0 and text == f"complete: signed by ED25519 {fp}"


def test_a_signature_of_another_key_does_not_make_it_complete(store, host_key):
    casts.simple().write(store, key=sp.host_key("ecdsa"))
    status, text = verdict(store, host_key, "00000000000000a1")
    assert status == 4 and text.startswith("unsigned: signed by ECDSA SHA256:") and "none of the given" in text


def test_a_signature_in_another_namespace_is_none(store, host_key, monkeypatch):
    monkeypatch.setattr(casts, "NAMESPACE", "file")
    casts.simple().write(store, key=host_key)
    status, text = verdict(store, host_key, "00000000000000a1")
    assert status == 1 and text.startswith("broken: the manifest's signature")


def test_a_recording_without_a_signature_says_why(store, host_key):
    casts.simple().write(store, unsigned="the keyholder was gone")
    assert verdict(store, host_key, "00000000000000a1") == (4, "unsigned: the keyholder was gone")


def test_a_recording_without_an_end_is_proven_to_its_last_block(store, host_key):
    casts.simple().write(store, running=True)
    status, text = verdict(store, host_key, "00000000000000a1")
    assert status == 4 and text.startswith("prefix: the end was not written")
    assert text.endswith("good up to block 2, at 00:01:01.300000 (line 9)")


EDITS = {
    "a word of the output": (".cast", b"secret", b"public"),
    "the user": (".cast", b'"alice"', b'"mallo"'),
    "a time": (".cast", b"[0.1,", b"[0.05,"),
    "an exit status": (".cast", b"exit 0", b"exit 1"),
    "a line that is taken out": (".cast", b'[1.2, "o", "notes.txt  secret.txt\\r\\n"]\n', b""),
    "a line that is doubled": (".cast", b'[1.1, "o", "ls\\r\\n"]\n', b'[1.1, "o", "ls\\r\\n"]\n' * 2),
    "a size in the manifest": (".manifest", b'"blocks": 3', b'"blocks": 2'),
    "an end in the manifest": (".manifest", b"exit 0", b"exit 7"),
    "a byte of the signature": (".manifest.sig", b"U1NI", b"U1NJ"),
}


@pytest.mark.parametrize("what", EDITS)
def test_each_change_is_found(store, host_key, what):
    ending, old, new = EDITS[what]
    path = casts.simple().write(store, key=host_key)
    change(path.replace(".cast", ending), old, new)
    status, text = verdict(store, host_key, "00000000000000a1")
    assert status == 1 and text.startswith("broken: "), text
    if ending == ".cast":
        assert re.search(r"line \d+: block [0-2]: its bytes do not have its hash", text), text


def test_a_new_chain_over_changed_lines_is_found_by_the_manifest(store, host_key):
    path = casts.simple().write(store, key=host_key)
    other = casts.simple(user="mallory")
    other.header["timestamp"] = 0
    with open(path, "w") as f:
        f.write(other.text)
    status, text = verdict(store, host_key, "00000000000000a1")
    assert status == 1 and text.startswith("broken: not what its manifest says"), text


def test_a_recording_that_was_cut_behind_a_block_is_found_by_the_manifest(store, host_key):
    path = casts.simple().write(store, key=host_key)
    text = open(path).read().splitlines(True)
    with open(path, "w") as f:
        f.writelines(text[:6])
    status, text = verdict(store, host_key, "00000000000000a1")
    assert status == 1 and "another size" in text and "good up to block 1, at 00:00:01.200000 (line 6)" in text


def test_a_recording_in_the_place_of_another_is_found(store, host_key):
    path = casts.simple().write(store, key=host_key)
    other = path.replace("a1-0", "a2-0")
    for ending in (".cast", ".manifest", ".manifest.sig"):
        shutil.copy(path.replace(".cast", ending), other.replace(".cast", ending))
    status, text = verdict(store, host_key, "00000000000000a2")
    assert status == 1 and "another connection" in text
    same = path.replace("a1-0", "a1-1")
    for ending in (".cast", ".manifest", ".manifest.sig"):
        shutil.copy(path.replace(".cast", ending), same.replace(".cast", ending))
    status, text = verdict(store, host_key, "00000000000000a1-1")
    assert status == 1 and "another name" in text


def test_a_signature_that_was_taken_away_is_missed(store, host_key):
    path = casts.simple().write(store, key=host_key)
    os.unlink(path.replace(".cast", ".manifest.sig"))
    status, text = verdict(store, host_key, "00000000000000a1")
    assert status == 1 and "its signature is missing" in text


def test_each_cut_of_a_recording_is_told_and_none_ends_the_reader(store, host_key):
    path = casts.simple().write(store, running=True)
    whole = open(path, "rb").read()
    (folder,) = {os.path.dirname(path)}
    names = []
    for i, n in enumerate(range(0, len(whole), 13)):
        names.append(f"{folder}/{i:016x}-0.cast")
        with open(names[-1], "wb") as f:
            f.write(whole[:n].replace(b"00000000000000a1", b"%016x" % i))
    p = ctl(store, "verify", "--key", host_key + ".pub", *names)
    assert p.returncode == 1 and len(p.stdout.splitlines()) == len(names)
    for line in p.stdout.splitlines():
        assert re.search(r"\.cast: (broken: (line 1: |changed: line)|prefix: )", line), line


HOSTILE = {
    "no JSON": b"\x00\xff garbage\n",
    "an empty file": b"",
    "another version": b'{"version": 1}\n',
    "deep": b"[" * 5000 + b"\n",
    "long": b'{"version": 2, "x": "' + b"a" * (3 << 20),
    "a time after the calendar": json.dumps({**casts.simple().header, "timestamp": 253402300800}).encode() + b"\n",
    "names twice": None,
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_recording_is_told_with_its_line(store, host_key, what):
    path = casts.simple().write(store, key=host_key)
    data = HOSTILE[what]
    if data is None:
        data = open(path, "rb").read().replace(b'"user"', b'"conn"', 1)
    with open(path, "wb") as f:
        f.write(data)
    status, text = verdict(store, host_key, "00000000000000a1")
    assert status == 1 and text.startswith("broken: line 1: "), text
    p = ctl(store, "list", check=1)
    assert "00000000000000a1-0.cast: line 1: " in p.stderr


# ---- list, show ----

@pytest.mark.parametrize("words", [("list",), ("verify",), ("search", "x"), ("prune", "--older-than", "1d")])
def test_a_day_that_cannot_be_read_is_not_taken_for_an_empty_one(store, host_key, words):
    """Root may be without the right to read all: a disk that fails says no less."""
    folder = os.path.dirname(casts.simple().write(store, key=host_key))
    os.chmod(folder, 0)
    argv = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", CTL, "recordings", *words, "--directory", store]
    p = sp.run(argv, check=None)
    os.chmod(folder, 0o700)
    assert p.returncode != 0 and "Permission denied" in p.stderr, p


@pytest.mark.parametrize("words", [("list",), ("verify",), ("search", "x")])
def test_a_recording_that_cannot_be_opened_fails_the_answer(store, host_key, words):
    casts.simple("00000000000000a1").write(store, key=host_key)
    path = casts.simple("00000000000000a2").write(store, key=host_key)
    os.unlink(path)
    os.symlink("/etc/hostname", path)
    p = ctl(store, *words)
    assert p.returncode == 1 and "00000000000000a2" in p.stderr, p


def test_list_filters_and_escapes(store, host_key):
    casts.simple("00000000000000b1", user="alice", source="192.0.2.7").write(store, key=host_key)
    casts.simple("00000000000000b2", user="bob", source="2001:db8::1", rule="ops").write(store)
    casts.simple("00000000000000b3", user="eve\x1b]0;x\x07\u202e", timestamp=1700000000).write(store, running=True)
    ids = {"b1", "b2", "b3"}

    def found(*words):
        return {r["id"][14:16] for r in answer(store, "list", *words)}
    assert found() == ids
    assert found("--user", "al*") == {"b1"}
    assert found("--user", "*,!bob") == {"b1", "b3"}
    assert found("--source", "192.0.2.0/24") == {"b1", "b3"}
    assert found("--source", "2001:db8::/32") == {"b2"}
    assert found("--rule", "ops") == {"b2"}
    assert found("--since", "2h") == {"b1", "b2"}
    assert found("--until", "2024-01-01 00:00") == {"b3"}
    assert found("--running") == set()
    text = ctl(store, "list", check=0).stdout
    assert "eve\\x1b]0;x\\x07\\xe2\\x80\\xae" in text and "broken off" in text and "ended" in text


def test_show_has_the_header_the_manifest_and_the_verdict(store, host_key):
    casts.simple(request="vim notes.txt").write(store, key=host_key)
    (r,) = answer(store, "show", "--key", host_key + ".pub", "00000000000000a1")
    assert r["command"] == "vim notes.txt" and r["end"] == "exit 0" and r["verdict"] == "complete"
    assert r["blocks"] == 3 and r["output_bytes"] == 53 and r["marks"] == 1 and r["state"] == "ended"
    text = ctl(store, "show", "00000000000000a1", "--key", host_key + ".pub", check=0).stdout
    assert "command: vim notes.txt\n" in text and "verdict: complete\n" in text


def test_what_is_no_recording_is_not_seen(store, host_key):
    path = casts.simple().write(store)
    folder = os.path.dirname(path)
    secret = f"{sp.SCRATCH}/secret"
    shutil.copy(path, secret)
    os.symlink(secret, folder + "/00000000000000a2-0.cast")
    os.symlink(folder, store + "/2020")
    for name in ("x.cast", "00000000000000a3.cast", "00000000000000A4-0.cast", ".00000000000000a5-0.cast"):
        shutil.copy(path, folder + "/" + name)
    p = ctl(store, "list")
    assert p.stdout.count("00000000000000a") == 1, p.stdout
    ctl(store, "show", "00000000000000a2", check=1)


def test_the_reader_has_no_rights(store, host_key):
    casts.simple().write(store)
    p = sp.run(["strace", "-f", "-qq", "-e", "trace=setresuid,setgroups,prctl,seccomp,openat,recvmsg", CTL, "recordings",
                "list", "--directory", store], check=0)
    (child,) = set(re.findall(r"\[pid +(\d+)\] setresuid\(65534, 65534, 65534\)", p.stderr))
    lines = [line.split("] ", 1)[1] for line in p.stderr.splitlines() if line.startswith(f"[pid {child:>5}]")]
    locked = max(i for i, line in enumerate(lines) if "SECCOMP" in line or line.startswith("seccomp("))
    first = min(i for i, line in enumerate(lines) if line.startswith("recvmsg("))
    assert locked < first and not any(line.startswith("openat(") for line in lines[locked:]), lines


def test_who_is_not_root_reads_what_he_may(store, host_key, user):
    casts.simple().write(user.home, key=host_key)
    sp.run(["chown", "-R", user.name, user.home], check=0)
    argv = ["setpriv", f"--reuid={user.uid}", f"--regid={user.gid}", "--clear-groups", CTL, "recordings"]
    p = sp.run([*argv, "list", "--directory", user.home], check=0)
    assert "00000000000000a1-0" in p.stdout
    casts.simple().write(store, key=host_key)
    p = sp.run([*argv, "list", "--directory", store], check=1)
    assert "Permission denied" in p.stderr


# ---- search ----

DRAWN = {
    "plain": ["needle in hay\r\n"],
    "in pieces": ["nee", "d", "le"],
    "in colours": ["n\x1b[1;31mee\x1b[0mdle"],
    "with the cursor": ["\x1b[5;10Hdle\x1b[5;7Hnee"],
    "over blanks": ["      \rneedle"],
    "and erased at once": ["needle\r\x1b[2K"],
    "and drawn over at once": ["needle\rxxxxxx"],
    "on the alternate screen": ["\x1b[?1049h\x1b[2J\x1b[3;1Hneedle\x1b[?1049l"],
    "and scrolled away at once": ["needle\r\n" + "\r\n" * 60],
    "over the end of a row": ["x" * 77 + "needle\r\n"],
    "over the end of the last row": ["\x1b[24;1H" + "x" * 77 + "needle"],
    "with a title between": ["nee\x1b]0;hay\x07dle"],
    "by inserting": ["nedle\r\x1b[2C\x1b[@e"],
    "and cleared by a reset": ["needle\x1bc"],
    "over three rows": ["x" * 79 + "needle" + "y" * 200 + "\r\n"],
    "behind a long line": ["\x1b[2J\x1b[H" + "x" * 1900 + "needle"],
    "in a window that scrolls": ["\x1b[2;4r\x1b[4;1Hneedle\n\n\n\n\n"],
}


@pytest.mark.parametrize("how", DRAWN)
def test_what_is_drawn_is_found(store, how):
    c = casts.Cast()
    for piece in DRAWN[how]:
        c.add(piece)
    c.add("\r\nbye\r\n").end_block().write(store)
    (found,) = answer(store, "search", "needle")
    assert "needle" in found["text"] and found["id"] == c.base and found["user"] == "alice"
    ctl(store, "search", "nedle hay", check=1)


def test_what_is_drawn_on_a_tiny_or_a_huge_terminal_is_found(store):
    casts.Cast("00000000000000a1", width=2, height=1).add("needle\r\n").end_block().write(store)
    casts.Cast("00000000000000a2").add("1x1", "r").add("needle\r\n").end_block().write(store)
    casts.Cast("00000000000000a3", width=0, height=0).add("needle\r\n").end_block().write(store)
    casts.Cast("00000000000000a4").add("65535x65535", "r").add("x" * 30000 + "needle\r\n").end_block().write(store)
    assert [f["id"][14:16] for f in answer(store, "search", "needle")] == ["a1", "a2", "a3", "a4"]


def test_search_says_file_line_and_time(store):
    casts.simple().write(store)
    p = ctl(store, "search", "SECRET.TXT", check=1)
    assert p.stdout == ""
    p = ctl(store, "search", "-i", "SECRET.TXT", check=0)
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/00000000000000a1-0\.cast:5: 00:00:01 \d{4}-\d\d-\d\d \d\d:\d\d:\d\d: "
                        r"notes.txt  secret.txt\n", p.stdout), p.stdout
    ctl(store, "search", "--user", "bob", "secret", check=1)
    ctl(store, "search", "--since", "10m", "secret", check=1)
    p = ctl(store, "search", "--since", "2h", "--user", "alice", "secret", check=0)


def test_search_finds_no_escape_sequence(store):
    casts.Cast().add("\x1b[31mred\x1b[0m \x1b]0;title\x07").end_block().write(store)
    for text in ("31m", "[0m", "title"):
        ctl(store, "search", text, check=1)
    ctl(store, "search", "red", check=0)


def test_a_line_that_grows_is_told_once(store):
    c = casts.Cast()
    for letter in "a needle, and more, and another":
        c.add(letter)
    c.add("\r\nneedle again, needle\r\n").end_block().write(store)
    assert len(answer(store, "search", "needle")) == 2


# ---- play ----

def in_terminal(argv, keys=(), size=(24, 80)):
    """Runs it on a terminal: each key is typed behind the text that is waited for.  What came, and its modes."""
    import fcntl
    import pty
    import struct
    import subprocess
    import termios
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
    before = termios.tcgetattr(slave)
    p = subprocess.Popen(argv, stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
    came = b""
    os.set_blocking(master, False)

    def more():
        nonlocal came
        try:
            came += os.read(master, 65536)
        except BlockingIOError:
            pass
        return came
    for text, key in keys:
        sp.wait_for(lambda: text in more(), 15, text)
        if callable(key):
            key(p)
        else:
            os.write(master, key)
    sp.wait_for(lambda: more() and p.poll() is not None, 20, "its end")
    more()
    after = termios.tcgetattr(slave)
    os.close(slave)
    os.close(master)
    assert before == after
    return p.returncode, came


def play(store, *words, keys=()):
    return in_terminal([CTL, "recordings", *words, "--directory", store], keys)


def test_play_shows_what_was_drawn_and_restores_the_terminal(store):
    casts.simple().write(store)
    status, came = play(store, "play", "--idle", "0.1", "00000000000000a1")
    assert status == 0 and b"alice@testhost:~$ ls\r\nnotes.txt  secret.txt\r\nlogout\r\n" in came
    assert came.endswith(b"\x1b[?2004l\r\n") and b"\x1b[!p" in came


def test_play_without_a_terminal_writes_what_was_drawn(store):
    casts.simple().write(store)
    p = ctl(store, "play", "--speed", "1000", "00000000000000a1", check=0)
    assert p.stdout == "alice@testhost:~$ ls\nnotes.txt  secret.txt\nlogout\n"


def test_play_is_paused_ended_and_moved_by_keys(store):
    c = casts.Cast().add("one ").add("two ", after=3600).add("three ", after=3600).end_block()
    c.write(store)
    status, came = play(store, "play", c.base, keys=[(b"one ", b"q")])
    assert status == 0 and b"two" not in came
    # an hour: sixty times a minute forward, and back again
    status, came = play(store, "play", c.base, keys=[(b"one ", b"\x1b[A" * 61), (b"two ", b"\x1b[B" * 70),
                                                     (b"\x1b[2J\x1b[Hone ", b"\x03")])
    assert status == 0 and b"three" not in came
    status, came = play(store, "play", "--speed", "500", "--idle", "2", c.base, keys=[(b"three", b"")])
    assert status == 0


def test_play_that_is_killed_restores_the_terminal(store):
    c = casts.Cast().add("one ").add("two ", after=3600).end_block()
    c.write(store)

    def kill_child(p):
        (child,) = open(f"/proc/{p.pid}/task/{p.pid}/children").read().split()
        os.kill(int(child), 9)
    status, came = play(store, "play", c.base, keys=[(b"one ", kill_child)])
    assert status == 1 and b"ended by signal 9" in came
    status, came = play(store, "play", c.base, keys=[(b"one ", lambda p: p.terminate())])
    assert b"two" not in came and came.endswith(b"\x1b[?2004l\r\n")


ASKS = ["\x1b[c", "\x1b[>c", "\x1b[6n", "\x1b[?6n", "\x1b[21t", "\x1b]52;c;QUJD\x07", "\x1b]0;title\x07", "\x1b]11;?\x1b\\",
        "\x1bP$qm\x1b\\", "\x1bZ", "\x05", "\x1b[?1000h", "\x1b[?1004;2004h", "\x1b[>4;2m", "\x1b[5i", "\x9b6n", "\x9d0;t\x9c",
        "\x1b[?u", "\x1b[=1;1u", "\x1b[4$p", "\x1b_Ga=q\x1b\\", "\x1b[x", "\x1b[6\x18n", "\x1b[!6n"]


def test_play_keeps_from_the_terminal_what_makes_it_answer(store):
    c = casts.Cast().add("begin").add("".join(ASKS)).add("\x1b[31;1mred\x1b[0m\x1b[?25l\x1b[2;3Hend").end_block()
    c.write(store)
    p = sp.run([CTL, "recordings", "play", "--directory", store, c.base], check=0, text=False)
    assert p.stdout == b"beginn" + b"\x1b[31;1mred\x1b[0m\x1b[?25l\x1b[2;3Hend"
    p = sp.run([CTL, "recordings", "play", "--raw", "--directory", store, c.base], check=0, text=False)
    assert "".join(ASKS).encode() in p.stdout


def test_play_says_that_a_recording_was_changed(store):
    path = casts.simple().write(store)
    change(path, b"secret", b"public")
    p = ctl(store, "play", "--speed", "1000", "00000000000000a1", check=1)
    assert "changed: line 6: block 1" in p.stderr and "public.txt" in p.stdout


# ---- prune ----

def aged(path, days):
    import time
    for ending in (".cast", ".manifest"):
        if os.path.exists(path.replace(".cast", ending)):
            os.utime(path.replace(".cast", ending), (time.time() - days * 86400,) * 2)


def left(store):
    return {name[14:16] for _, _, names in os.walk(store) for name in names if name.endswith(".cast")}


def test_prune_removes_by_age_and_by_size_and_nothing_else(store, host_key):
    import time
    now = int(time.time())
    for i, days in enumerate((1, 10, 40, 100)):
        path = casts.simple(f"00000000000000{i:02x}", timestamp=now - days * 86400).write(store, key=host_key)
        aged(path, days)
    path = casts.simple("00000000000000f0").write(store, running=True)
    folder = os.path.dirname(path)
    with open(folder + "/notes.txt", "w"):
        pass
    os.symlink(folder + "/notes.txt", folder + "/00000000000000ff-0.cast")
    os.symlink("/etc", store + "/1999")
    ctl(store, "prune", check=2)
    p = ctl(store, "prune", "--older-than", "30d", "--dry-run", check=0)
    assert p.stdout.count("would be removed") == 2 and left(store) == {"00", "01", "02", "03", "f0", "ff"}
    gone = answer(store, "prune", "--older-than", "30d")
    assert {g["id"][14:16] for g in gone} == {"02", "03"}
    assert left(store) == {"00", "01", "f0", "ff"} and not os.path.exists(store + time.strftime(
        "/%Y/%m/%d", time.gmtime(now - 100 * 86400)))
    ctl(store, "prune", "--max-total", "3K", check=0)
    assert left(store) == {"00", "f0", "ff"}
    ctl(store, "prune", "--max-total", "0", check=0)
    assert left(store) == {"f0", "ff"}  # the one goes on, the other is a link
    assert os.path.exists(folder + "/notes.txt") and os.path.exists("/etc/passwd")


# ---- with a server ----

OWN = "/var/lib/sallyport/recordings"


@pytest.fixture
def own():
    shutil.rmtree(OWN, ignore_errors=True)
    os.makedirs(OWN, mode=0o700)
    yield OWN
    shutil.rmtree(OWN)


def own_ctl(server, *words, check=0):
    return sp.run([CTL, "-f", server.config, "recordings", *words], check=check)


def test_a_running_recording_is_watched_and_that_is_audited(server, user, own):
    p = server.popen(user, "echo begun; exec cat")
    assert p.stdout.readline() == b"begun\n"
    (session,) = json.loads(sp.run([CTL, "-f", server.config, "--json", "sessions"], check=0).stdout)
    c = casts.Cast(session["id"]).add("first ")
    path = c.write(own, running=True)
    assert "running" in own_ctl(server, "list", "--running").stdout

    def go_on(_):
        with open(path, "a") as f:
            f.write(casts.Cast().add("second ").text.splitlines(True)[1])

    def end(_):
        with open(path.replace(".cast", ".manifest"), "w") as f:
            f.write(c.manifest())
    argv = [CTL, "-f", server.config, "recordings", "watch", session["id"]]
    aged(path, 50)
    own_ctl(server, "prune", "--older-than", "30d")
    assert left(own), "a session that goes on keeps its recording"
    status, came = in_terminal(argv, [(b"first ", go_on), (b"second ", end)])
    assert status == 0 and b"watching alice" in came
    server.wait_log(rf"sallyportctl: recordings watch {session['id']}-0 by uid 0")
    status, came = in_terminal(argv, [(b"second ", b"q")])
    assert status == 0
    # It asks the server once, however long it lasts; the monitor's end is the recording's.
    os.unlink(path.replace(".cast", ".manifest"))
    mark = server.mark()

    def kill_monitor(_):
        os.kill(session["monitor"], 9)
    status, came = in_terminal(argv, [(b"second ", kill_monitor)])
    assert status == 0 and server.log()[mark:].count("sallyportctl: sessions by") == 1
    p.stdin.close()
    p.wait(15)


def test_reading_and_removing_is_audited_or_not_done(server, own):
    path = casts.simple().write(own)
    aged(path, 50)
    own_ctl(server, "search", "secret")
    own_ctl(server, "play", "--speed", "1000", "00000000000000a1")
    own_ctl(server, "play", "--speed", "1000", path)
    sp.run([CTL, "-f", server.config, "recordings", "play", "--speed", "1000", "--directory", own + "/.", "00000000000000a1"],
           check=0)
    log = server.log()
    assert "sallyportctl: recordings search secret by uid 0" in log
    assert log.count("sallyportctl: recordings play 00000000000000a1-0 by uid 0") == 3
    server.stop()
    # Neither a server nor a syslog: nothing is shown, and nothing is removed.
    p = own_ctl(server, "prune", "--older-than", "30d", check=1)
    assert "cannot be audited" in p.stderr and left(own) == {"a1"}
    p = own_ctl(server, "play", "00000000000000a1", check=1)
    assert "cannot be audited" in p.stderr and "secret" not in p.stdout
    # What lies elsewhere is the business of who may read it.
    copy = shutil.copy(path, f"{sp.SCRATCH}/copy-0.cast")
    assert "of another connection" in own_ctl(server, "verify", copy, check=1).stdout
    assert "secret" in own_ctl(server, "play", "--speed", "1000", copy).stdout
    import socket
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.bind("/dev/log")
    try:
        own_ctl(server, "prune", "--older-than", "30d")
        assert left(own) == set()
        assert b"sallyportctl: recordings prune 00000000000000a1-0 by uid 0" in s.recv(4096)
    finally:
        s.close()
        os.unlink("/dev/log")


@pytest.mark.parametrize("old,new", [
    (b'[1.2, "b"', b'[1.9, "b"'), (b'[1.2, "b"', b'[1.2,"b" '), (b'"b", "1 ', b'"b", "\\u0031 '),
    (b'"]\n[61.2', b'" ]\n[61.2'), (b'"]\n[61.2', b'"]\r\n[61.2')], ids=["time", "space", "escape", "end", "cr"])
@pytest.mark.parametrize("running", [False, True], ids=["signed", "running"])
def test_the_line_that_ends_a_block_is_proven_too(store, host_key, running, old, new):
    path = casts.simple().write(store, key=host_key, running=running)
    change(path, old, new)
    status, text = verdict(store, host_key, "00000000000000a1")
    assert status == 1 and "block 1: its bytes do not have its hash; good up to block 0" in text


def test_a_recorder_that_died_leaves_a_prefix(store, host_key):
    c = casts.simple()
    c.text += '[61.4, "o", "cut in the mid'
    lost = {name: None for name in ("blocks", "head", "output", "error", "input", "hidden", "marks")}
    path = c.write(store, key=host_key, end="lost", **lost)
    status, text = verdict(store, host_key, "00000000000000a1")
    assert status == 4 and text.startswith("prefix: the recorder died; good up to block 2, at 00:01:01.300000"), text
    change(path, b"secret", b"public")
    assert verdict(store, host_key, "00000000000000a1")[0] == 1
    casts.simple().write(store, key=host_key, end="exit 0", **lost)
    status, text = verdict(store, host_key, "00000000000000a1")
    assert status == 1 and "the hash is missing" in text


def test_a_disk_that_failed_leaves_a_prefix(store, host_key):
    c = casts.simple()
    known = {"blocks": c.block, "head": c.head.hex()}
    # Of the write that failed, the disk took a block and a piece of a line.
    c.add("more").end_block().text += '[61.4, "o", "cut in the mid'
    path = c.write(store, key=host_key, end="failed: No space left on device", **known)
    status, text = verdict(store, host_key, "00000000000000a1")
    assert status == 4 and text.startswith("prefix: failed: No space left on device; good up to block 3, at"), text
    change(path, b"more", b"less")
    assert verdict(store, host_key, "00000000000000a1")[0] == 1
    change(path, b"less", b"more")
    change(path, b"cut in the mid", b"cut in the mi")
    status, text = verdict(store, host_key, "00000000000000a1")
    assert status == 1 and "the file has another size" in text
    c.write(store, key=host_key, end="failed: No space left on device", **dict(known, head="0" * 64))
    status, text = verdict(store, host_key, "00000000000000a1")
    assert status == 1 and "the chain of blocks has another end" in text
    c.write(store, key=host_key, end="failed: No space left on device", **dict(known, blocks=5))
    assert verdict(store, host_key, "00000000000000a1")[0] == 1
    # Only a disk's failure explains what stands behind the last block.
    c.write(store, key=host_key, end="exit 0", **known)
    assert verdict(store, host_key, "00000000000000a1")[0] == 1


# ---- export ----

def export(store, form, name="00000000000000a1", *words, **kw):
    return ctl(store, "export", "--format", form, name, *words, **kw)


def test_export_to_asciicast_is_what_every_player_knows(store):
    c = casts.simple().add("err", "e")
    c.end_block().write(store)
    first, *rest = export(store, "asciicast", check=0).stdout.splitlines()
    header = json.loads(first)
    assert header.keys() == {"version", "width", "height", "timestamp", "env"} and header["version"] == 2
    lines = [json.loads(line) for line in rest]
    assert {line[1] for line in lines} == {"o", "m"} and lines[2] == [1.2, "o", "notes.txt  secret.txt\r\n"]


def test_asciinema_plays_the_files_as_they_are_and_as_exported(store):
    if not shutil.which("asciinema"):
        pytest.skip("no asciinema")
    path = casts.simple().write(store)
    exported = f"{sp.SCRATCH}/exported.cast"
    with open(exported, "w") as f:
        f.write(export(store, "asciicast", check=0).stdout)
    for name in (path, exported):
        p = sp.run(["script", "-qec", f"asciinema cat {name}", "/dev/null"], check=0)
        assert p.stdout.replace("\r", "").split("\n")[:3] == ["alice@testhost:~$ ls", "notes.txt  secret.txt", "logout"]


def test_export_to_text_has_what_was_on_the_screen(store):
    c = casts.Cast()
    c.add("one\r\ntwo\x1b[1D\x1b[1D\x1b[1Dsix\r\n").add("x" * 100 + "\r\n").add("\x1b]0;t\x07\x1b[31mred\x1b[0m\r\n")
    c.add("\x1b[?1049h\x1b[2J\x1b[1;1Hfull screen\x1b[?1049l").add("".join(f"line {i}\r\n" for i in range(100)))
    c.end_block().write(store)
    text = export(store, "text", check=0).stdout.splitlines()
    assert text[:4] == ["full screen", "one", "six", "x" * 100] and text[4] == "red"
    assert text[5:] == [f"line {i}" for i in range(100)]


EVIL = "</script><script>document.title='owned'</script><img src=x onerror=document.title='owned'><!--\u2028\u2029]]>\\\"'`"


def evil_page(store):
    own = {name: EVIL for name in ("user", "rule", "source", "host", "request", "fp", "kind")}
    c = casts.Cast(**own).add(EVIL).add("needle" + EVIL, after=5).add(EVIL, "m").add("\r\nend", after=500).end_block()
    c.write(store, unsigned=EVIL)
    log = f"{sp.SCRATCH}/evil.log"
    with open(log, "w") as f:
        f.write(json.dumps({"@timestamp": c.stamp(3), "event.action": "file.open", "sallyport.conn": c.base[:16],
                            "message": "open " + EVIL}) + "\n")
        f.write(f"{c.stamp(4)} testhost sallyport[1]: sentence {EVIL.split(chr(0x2028))[0]} [conn={c.base[:16]} x=y]\n")
        f.write(json.dumps({"__REALTIME_TIMESTAMP": str((c.timestamp + 5) * 10**6), "SALLYPORT_CONN": c.base[:16],
                            "SALLYPORT_EVENT": "forward.open", "MESSAGE": "by the journal", "X": None}) + "\n")
        f.write(f'<86>1 {c.stamp(6)} testhost sallyport 1 SP7001 [sallyport@32473 ev="exec.start" conn="{c.base[:16]}" '
                'command="a \\"b\\] "][meta sequenceId="7"] Starting session\n')
        f.write(f"{c.stamp(7)} testhost sallyport[1]: another [conn=ffffffffffffffff x=y]\n")
        f.write("{" * 3000 + "\x00\xff\n" + c.base[:16] + "\n")
    page = f"{sp.SCRATCH}/page.html"
    with open(page, "w") as f:
        f.write(export(store, "html", c.base, "--log", log, check=0).stdout)
    return page


def test_an_exported_page_stands_alone_and_cannot_be_broken_out_of(store):
    page = open(evil_page(store)).read()
    assert page.count("<script") == 2 and page.count("</script>") == 2 and "<img" not in page and "\u2028" not in page
    assert not re.search(r"(?:src|href)=|https?:|url\(|@import", re.sub(r'(?s)id="recording">.*?</script>', "", page))
    (csp,) = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', page)
    assert re.fullmatch(r"default-src 'none'; script-src 'sha256-[\w+/]{43}='; style-src 'sha256-[\w+/]{43}='; "
                        r"base-uri 'none'; form-action 'none'", csp)
    data = json.loads(re.search(r'id="recording">(.*?)</script>', page, re.S)[1])
    assert data["header"]["user"] == EVIL and data["lines"][0][2] == EVIL and data["why"] == EVIL
    assert [(round(e[0]), e[1]) for e in data["events"]] == [
        (3, "file.open"), (4, ""), (5, "forward.open"), (6, "exec.start")]
    assert [e[2] for e in data["events"]][2:] == ["by the journal", "Starting session"]


def in_browser(page, fragment):
    """What the page has become, and what the browser says of it."""
    p = sp.run(["chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={sp.SCRATCH}/chromium",
                "--virtual-time-budget=5000", "--enable-logging=stderr", "--dump-dom", f"file://{page}#{fragment}"],
               timeout=120, check=0)
    assert "CONSOLE" not in p.stderr, p.stderr
    return p.stdout


def test_an_exported_page_plays_seeks_and_searches_in_a_browser(store):
    if not shutil.which("chromium"):
        pytest.skip("no chromium")
    page = evil_page(store)
    dom = in_browser(page, "t=0.2&q=NEEDLE")
    assert "<title>Recording</title>" in dom and "<img" not in dom
    screen, lists = re.search(r'<div id="screen">(.*?)<div id="controls">.*?<ol id="hits">(.*)</aside>', dom, re.S).groups()
    assert "&lt;/script&gt;&lt;script&gt;document.title" in screen and "needle" not in screen
    assert re.search(r"<time>00:00:05</time><b></b>[^<]*needle", lists)
    for text in ("file.open", "forward.open</b>by the journal", "exec.start</b>Starting session", "<b>mark</b>"):
        assert text in lists, lists
    dom = in_browser(page, "t=5.2")
    assert "needle" in dom.split('<div id="controls">')[0] and "unsigned: " in dom
    # as much of it as there is: 507 seconds, idle cut to two
    assert re.search(r'id="clock">00:00:0\d / 00:00:0\d<', dom)


def test_export_is_audited(server, own):
    casts.simple().write(own)
    own_ctl(server, "export", "--format", "text", "00000000000000a1")
    server.wait_log(r"sallyportctl: recordings export 00000000000000a1-0 by uid 0")


# ---- what the server has recorded itself ----

def test_a_session_of_the_server_is_watched_and_then_read_by_every_command(make_server, user):
    s = record(make_server, "pty = true; required = true;", log_level="verbose")
    t = recorded_terminal(s, user)
    t.send("printf 'nee\\033[1mdle\\033[0m\\n'\n")
    t.expect(rb"nee\x1b\[1mdle")
    (line,) = [r for r in json.loads(own_ctl(s, "--json", "list", "--running").stdout)]
    assert line["user"] == user.name and line["state"] == "running" and line["source"] == "127.0.0.1"

    def type_more(_):
        t.send("echo mo''re; exit 3\n")
    status, came = in_terminal([CTL, "-f", s.config, "recordings", "watch", line["id"]],
                               [(b"dle\x1b[0m", type_more), (b"more", b"")])
    assert status == 0 and b"needle" not in came
    assert t.wait() == 3
    r, = recordings()
    assert re.fullmatch(r"\S+\.cast: complete: signed by \S+ SHA256:\S+\n", own_ctl(s, "verify").stdout)
    (shown,) = json.loads(own_ctl(s, "--json", "show", line["id"][:10]).stdout)
    assert shown["verdict"] == "complete" and shown["end"] == "exit 3" and shown["head"] == r.manifest["head"]
    (found,) = json.loads(own_ctl(s, "--json", "search", "--user", user.name, "needle").stdout)
    assert found["text"] == "needle" and found["file"] in r.path
    text = own_ctl(s, "export", "--format", "text", line["id"]).stdout
    assert "\nneedle\n" in text and "\nmore\n" in text
    assert "more" in own_ctl(s, "play", "--speed", "1000", line["id"]).stdout
    page = own_ctl(s, "export", "--format", "html", "--log", s.log_file, line["id"]).stdout
    data = json.loads(re.search(r'id="recording">(.*?)</script>', page, re.S)[1])
    assert data["verdict"] == "complete" and any("Accepted publickey" in e[2] for e in data["events"]), data["events"]
    assert all(-60 < e[0] < 60 for e in data["events"])
    own_ctl(s, "prune", "--max-total", "0")
    assert not os.path.exists(r.path)


# ---- doc/EVIDENCE.md ----

def commands():
    text = open(os.path.join(sp.TOP, "doc/EVIDENCE.md")).read()
    part = re.split(r"(?m)^## ", text.split("## How an auditor checks a recording\n")[1])[0]
    return re.findall(r"(?m)^\t(.*)$", part)


def test_the_commands_of_the_documentation_work(user, host_key):
    folder = user.home + "/audit"
    os.makedirs(folder)
    c = casts.simple("9f86d081884c7d65", timestamp=1796032800).add("Drop Table users;\r\n").end_block()
    path = c.write(folder + "/recordings", key=host_key)
    assert path == folder + "/recordings/2026/11/30/9f86d081884c7d65-0.cast"
    shutil.copy(host_key + ".pub", folder + "/host_keys")
    with open(folder + "/sallyport.log", "w") as f:
        f.write(f"{c.stamp(1)} testhost sallyport[1]: Starting session [conn=9f86d081884c7d65 x=y]\n")
    sp.run(["chown", "-R", user.name, folder], check=0)
    assert len(commands()) == 11
    said = {}
    for command in commands():
        p = sp.run(["setpriv", f"--reuid={user.uid}", f"--regid={user.gid}", "--clear-groups", "sh", "-ec", command],
                   cwd=folder, check=0, env=dict(os.environ, PATH="/usr/sbin:/usr/bin:/sbin:/bin"))
        assert p.stderr == "" or " play " in command, (command, p.stderr)
        said[command.split(" ")[2] if command.startswith("sallyportctl") else command.split(" ")[0]] = p.stdout
    assert ".cast: complete: signed by ED25519 SHA256:" in said["verify"] and "verdict: complete" in said["show"]
    size, head = re.fullmatch(r'"bytes": (\d+)\n"head": "(\w{64})"\n', said["grep"]).groups()
    assert said["wc"].split()[0] == size and said["python3"] == f"0 {head}\n"
    assert "9f86d081884c7d65-0" in said["list"] and "Drop Table" in said["search"] and "secret.txt" in said["play"]
    page = open(folder + "/page.html").read()
    assert "Starting session" in page and '"verdict":"complete"' in page
