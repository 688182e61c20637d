"""sallyportctl recordings, over recordings that casts.py wrote: what is whole, what is changed, cut or hostile."""

import json
import os
import re
import shutil

import pytest

import casts
import sp

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
