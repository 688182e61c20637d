"""The log as evidence (doc/EVIDENCE.md): what was taken out, changed or doubled
is found, in each format in which records are linked, and nothing else is."""

import gzip
import hashlib
import lzma
import os
import random
import re
import subprocess

import paramiko
import pytest

import sp

KINDS = {"rfc5424": '[sallyport@', "json": '{"@timestamp"'}


def serve(make_server, form, extra=""):
    s = make_server(start=False)
    s.write(s.text.replace(
        'log = { level = "debug"; };',
        f'log = {{ level = "verbose"; format = "{form}"; targets = [ "{s.dir}/log" ]; }}; {extra}'))
    p = sp.run([sp.DAEMON, "-f", s.config], env=s.env)
    assert p.returncode == 0, (p.stdout, p.stderr)
    s.pid = int(open(s.pid_file).read())
    return s


def verify(*files, text=None, options=()):
    return sp.run(["sallyportctl", "audit", "verify", *options, *files], check=None, input=text)


def judge(lines, *options):
    """Status and what is said of a log with these lines."""
    p = verify("-", text="".join(lines), options=options)
    assert p.returncode in (0, 1), (p.returncode, p.stdout, p.stderr)
    return p.returncode, p.stdout


def records(lines, form):
    return [i for i, line in enumerate(lines) if KINDS[form] in line]


@pytest.fixture(scope="module")
def logs():
    """Of each format: the lines of a server's whole life; made once."""
    return {}


def whole(logs, form, make_server, user):
    if form not in logs:
        s = serve(make_server, form)
        s.ssh(user, "true", check=0)
        s.ssh(user, "echo two", check=0)
        s.ssh(user, "true", password="wrong", NumberOfPasswordPrompts="1")
        sp.wait_for(lambda: len(re.findall(r"conn\.close", s.log())) == 3, 10, "the ends")
        s.stop()
        logs[form] = s.log().splitlines(keepends=True)
    return logs[form]


@pytest.mark.parametrize("form", KINDS)
def test_a_whole_log_is_complete(make_server, user, logs, form):
    lines = whole(logs, form, make_server, user)
    status, said = judge(lines)
    assert status == 0 and said.splitlines()[-1].startswith("complete: "), said
    assert "0 checkpoints" not in said, said


@pytest.mark.parametrize("form", KINDS)
def test_lines_out_of_order_are_no_fault(make_server, user, logs, form):
    lines = whole(logs, form, make_server, user)
    lines = lines[:]
    random.Random(5).shuffle(lines)
    status, said = judge(lines)
    assert status == 0, said


@pytest.mark.parametrize("form", KINDS)
def test_every_record_that_is_taken_out_changed_or_doubled_is_found(make_server, user, logs, form):
    lines = whole(logs, form, make_server, user)
    # Records of the templates and the keyholder end where they end: nobody counts them.
    ours = records(lines, form)
    chance = random.Random(20)
    counted = [i for i in ours if is_counted(lines, i, form)]
    assert len(counted) > 30
    for i in counted:
        last = "audit.checkpoint" in lines[i]
        status, said = judge(lines[:i] + lines[i + 1:])
        if last:
            assert "open: " in said, (lines[i], said)
        else:
            assert status == 1 and "missing: " in said, (lines[i], said)
    for i in ours:
        status, said = judge(lines[:i] + [lines[i]] + lines[i:])
        assert status == 1 and "doubled: " in said, (lines[i], said)
        start = lines[i].index(KINDS[form])
        at = chance.randrange(start + len(KINDS[form]) + 1, len(lines[i]) - 2)
        other = chance.choice([c for c in "abcxyz0189" if c != lines[i][at]])
        changed = lines[i][:at] + other + lines[i][at + 1:]
        status, said = judge(lines[:i] + [changed] + lines[i + 1:])
        assert status == 1, (lines[i], changed, said)


def is_counted(lines, i, form):
    """A record of the master or of a connection."""
    comp = re.search(r'comp="(\w+)"|component.name":"(\w+)"', lines[i])
    return (comp[1] or comp[2]) in ("master", "monitor")


@pytest.mark.parametrize("form", KINDS)
def test_numbers_that_change_places_are_found(make_server, user, logs, form):
    lines = whole(logs, form, make_server, user)
    pattern = re.compile({"rfc5424": r'( chain="\w+" n=")(\d+)',
                          "json": r'("sallyport.chain":"\w+","sallyport.n":)(\d+)'}[form])
    chance = random.Random(7)
    ours = [i for i in records(lines, form) if pattern.search(lines[i])]
    for _ in range(20):
        a, b = chance.sample(ours, 2)
        na, nb = pattern.search(lines[a])[2], pattern.search(lines[b])[2]
        if na == nb:
            continue
        changed = lines[:]
        changed[a] = pattern.sub(lambda m: m[1] + nb, lines[a])
        changed[b] = pattern.sub(lambda m: m[1] + na, lines[b])
        status, said = judge(changed)
        assert status == 1, (lines[a], lines[b], said)


def test_a_chain_that_was_made_anew_does_not_fit_what_the_server_counts(make_server, user, logs):
    """Whoever can hash can also mend a chain: the heads and the signature tell."""
    lines = whole(logs, "rfc5424", make_server, user)
    conn = re.search(r'ev="auth.fail".*? chain="(\w+)"', "".join(lines))[1]
    out, before = [], hashlib.sha256(f"sallyport-audit\n{conn}\n".encode()).digest()
    number = 0
    for line in lines:
        if f' chain="{conn}"' not in line:
            out.append(line)
            continue
        if 'ev="auth.fail"' in line:
            continue
        number += 1
        head, text = line.rstrip("\n").split("[sallyport@", 1)
        text = re.sub(r' n="\d+"', f' n="{number}"', "[sallyport@" + text)
        bare = re.sub(r' hash="\w{64}"', "", text)
        before = hashlib.sha256(before + bare.encode()).digest()
        out.append(head + re.sub(r' hash="\w{64}"', f' hash="{before.hex()}"', text) + "\n")
    status, said = judge(out)
    assert status == 1 and f"the end of chain {conn}" in said, said


def test_checkpoints_are_verified_with_the_host_s_key(make_server, user, tmp_path):
    s = serve(make_server, "json", 'audit = { checkpoint = "1s"; };')
    s.ssh(user, "true", check=0)
    sp.wait_for(lambda: s.log().count('"audit.checkpoint"') >= 2, 15, "checkpoints")
    sp.wait_for(lambda: '"audit.heads"' in s.log(), 15, "heads")
    s.stop()
    key = str(tmp_path / "host.pub")
    with open(key, "w") as f:
        subprocess.run(["ssh-keygen", "-y", "-f", s.host_keys[0]], check=True, stdout=f)
    log = s.dir + "/log"
    p = verify(log, options=("--key", key))
    assert p.returncode == 0 and " signatures verified" in p.stdout, (p.stdout, p.stderr)
    assert ", 0 signatures" not in p.stdout and "not signed" not in p.stdout, p.stdout
    other = str(tmp_path / "other")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", other], check=True)
    p = verify(log, options=("--key", other + ".pub"))
    assert p.returncode == 1 and "by none of the keys given" in p.stdout, p.stdout
    text = s.log()
    changed = re.sub(r'("sallyport.at":"\d+-\d+-\d+T\d+:\d+):\d+Z', r'\1:61Z', text)
    assert changed != text
    status, said = judge([changed], "--key", key)
    assert status == 1 and "signature of the checkpoint" in said, said


def test_packed_and_rotated_files_are_read_together(make_server, user, logs, tmp_path):
    lines = whole(logs, "json", make_server, user)
    third = len(lines) // 3
    os.chmod(tmp_path, 0o755)
    with gzip.open(tmp_path / "log.2.gz", "wt") as f:
        f.write("".join(lines[:third]))
    with lzma.open(tmp_path / "log.1.xz", "wt") as f:
        f.write("".join(lines[third:2 * third]))
    (tmp_path / "log").write_text("".join(lines[2 * third:]))
    names = [str(tmp_path / n) for n in ("log", "log.1.xz", "log.2.gz")]
    p = verify(*names)
    assert p.returncode == 0, (p.stdout, p.stderr)
    p = verify(*names[:2])
    assert p.returncode == 1 and "missing: records 1 to " in p.stdout, p.stdout
    cut = tmp_path / "cut.gz"
    cut.write_bytes((tmp_path / "log.2.gz").read_bytes()[:-20])
    p = verify(names[0], names[1], str(cut))
    assert p.returncode == 1 and "cut.gz: cannot be read to its end" in p.stdout, p.stdout


def test_a_log_without_its_end_is_open(make_server, user, logs):
    lines = whole(logs, "rfc5424", make_server, user)
    ours = [i for i in records(lines, "rfc5424") if 'comp="master"' in lines[i]]
    status, said = judge(lines[:ours[-1]])
    assert "open: chain " in said, said


def test_a_monitor_that_was_killed_is_counted(make_server, user):
    s = serve(make_server, "rfc5424")
    p = subprocess.Popen(["ssh", *s.options(user), "-p", str(s.port), f"{user.name}@127.0.0.1", "sleep 600"],
                         stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        sp.wait_for(lambda: 'ev="exec.start"' in s.log(), 20, "the command")
        m = re.search(r'sallyportd\[(\d+)\]: .*ev="exec.start".* chain="(\w+)"', s.log())
        conn = m[2]
        os.kill(int(m[1]), 9)
        sp.wait_for(lambda: 'ev="monitor.crash"' in s.log(), 20, "the crash")
    finally:
        p.kill()
        p.wait()
    s.stop()
    lines = s.log().splitlines(keepends=True)
    status, said = judge(lines)
    assert status == 0, said
    gone = [i for i, line in enumerate(lines) if f' chain="{conn}"' in line]
    status, said = judge(lines[:gone[-1]] + lines[gone[-1] + 1:])
    assert status == 1 and f"missing: the end of chain {conn}" in said, said
    status, said = judge([line for line in lines if f' chain="{conn}"' not in line])
    assert status == 1 and f"records of chain {conn}" in said, said


def forged(chain, *events, first=1, before=None):
    """Records that somebody made who can hash, each "ev" and what follows it."""
    before = before or hashlib.sha256(f"sallyport-audit\n{chain}\n".encode()).digest()
    lines = []
    for number, (event, more) in enumerate(events, first):
        bare = f'[sallyport@32473 ev="{event}"{more} chain="{chain}" n="{number}"'
        before = hashlib.sha256(before + f"{bare}] forged".encode()).digest()
        lines.append(f'x {bare} hash="{before.hex()}"] forged\n')
    return lines


def hash_of(line):
    return re.search(r' hash="(\w{64})"', line)[1]


CONN, SERVER = "00000000000000c0", "000000000000005e"
LOGIN = (("conn.open", ""), ("auth.ok", ' user="root"'), ("conn.close", ""))


def checkpoint(line, number, last=""):
    return ("audit.checkpoint", f' number="{number}" chead="{hash_of(line)}" at="2026-11-30T20:00:00Z"{last}')


def forged_log():
    """A whole life of a server with one connection, which never was."""
    lines = forged(CONN, *LOGIN)
    events = [("server.start", ""), ("audit.heads", f' count="1" h_{CONN}="3:{hash_of(lines[-1])}"')]
    before = forged(SERVER, *events)
    return lines + forged(SERVER, *events, checkpoint(before[-1], 2, ' last="1"'))


@pytest.fixture(scope="module")
def host_key():
    path = f"{sp.SCRATCH}/evidence_host.pub"
    with open(path, "w") as f:
        subprocess.run(["ssh-keygen", "-y", "-f", sp.host_key("ed25519")], check=True, stdout=f)
    return path


def test_with_a_key_a_log_that_nobody_signed_is_not_complete(host_key):
    lines = forged_log()
    status, said = judge(lines)
    assert status == 0 and "not signed: the checkpoint" in said, said
    status, said = judge(lines, "--key", host_key)
    assert status == 1 and f"not signed: chain {SERVER} of a server" in said, said
    # Nor is one of which the server's own records were taken out.
    status, said = judge(lines[:3], "--key", host_key)
    assert status == 1 and "not signed: there is no checkpoint" in said, said


def test_a_forged_log_beside_a_signed_one_is_not_complete(make_server, user, logs, host_key):
    lines = whole(logs, "rfc5424", make_server, user)
    status, said = judge(lines, "--key", host_key)
    assert status == 0, said
    status, said = judge(lines + forged_log(), "--key", host_key)
    assert status == 1 and f"not signed: chain {SERVER} of a server" in said, said


def test_a_signature_covers_no_records_but_its_own(make_server, user, logs, host_key):
    """A checkpoint that was signed, in a chain of that name made anew behind it."""
    lines = whole(logs, "rfc5424", make_server, user)
    (real,) = [line for line in lines if 'ev="audit.checkpoint"' in line]
    chain, number = re.search(r' chain="(\w+)" n="(\d+)"', real).groups()
    fields = re.search(r'ev="audit.checkpoint"(.*?) time="', real)[1]
    made = forged(chain, ("audit.checkpoint", re.sub(r' last="\w*"', "", fields)), ("server.stop", ""),
                  first=int(number), before=b"x" * 32)
    status, said = judge(made, "--partial", "--key", host_key)
    assert status == 1 and "signature of the checkpoint" in said, said
    made = forged(chain, ("audit.checkpoint", fields), first=int(number), before=b"x" * 32)
    status, said = judge(made, "--partial", "--key", host_key)
    assert status == 1 and f"not signed: chain {chain} of a server" in said, said


def test_nothing_stands_behind_the_last_checkpoint():
    lines = forged_log()
    more = forged(SERVER, ("server.stop", ""), first=4, before=bytes.fromhex(hash_of(lines[-1])))
    status, said = judge(lines + more)
    assert status == 1, said
    assert f"changed: chain {SERVER} goes on behind stdin:6, its last checkpoint" in said, said


def test_a_connection_that_no_server_counts_is_told(make_server, user, logs, host_key):
    lines = whole(logs, "rfc5424", make_server, user)
    status, said = judge(lines + forged(CONN, *LOGIN))
    assert f"open: chain {CONN} has ended with record 3" in said, said
    assert "but no record of a server counts it" in said, said
    # Nor is one counted by a record that anybody may have added behind the last signature.
    status, said = judge(forged_log(), "--key", host_key)
    assert f"open: chain {CONN} has ended" in said and "but no signed record" in said, said


@pytest.mark.parametrize("head", ["3", "x:y", "3:" + "0" * 63, "0:" + "0" * 64, "3:" + "0" * 64 + "++"])
def test_a_count_that_is_not_understood_is_a_fault(head):
    status, said = judge(forged(SERVER, ("audit.heads", f' count="1" h_{CONN}="{head}"')))
    assert status == 1 and "in a way that is not understood" in said, said
    status, said = judge(forged(SERVER, ("audit.heads", f' count="1" h_c0="3:{"0" * 64}"')))
    assert status == 1 and "in a way that is not understood" in said, said


@pytest.mark.parametrize("begin", [b"\x28\xb5\x2f\xfd", b"BZh9", b"\x04\x22\x4d\x18"])
def test_a_file_that_cannot_be_unpacked_is_no_log_of_others(begin, tmp_path):
    os.chmod(tmp_path, 0o755)
    (tmp_path / "log").write_text("".join(forged_log()))
    (tmp_path / "log.1").write_bytes(begin + bytes(range(200)))
    p = verify(str(tmp_path / "log"), str(tmp_path / "log.1"))
    assert p.returncode == 1 and "log.1: is packed, and not by gzip or xz" in p.stdout, p.stdout
    (tmp_path / "log.1").write_text("a line of others\n")
    p = verify(str(tmp_path / "log"), str(tmp_path / "log.1"))
    assert p.returncode == 0 and "log.1: has no records of the server" in p.stdout, p.stdout


def test_xz_from_a_pipe_is_not_taken_for_a_log(tmp_path):
    os.chmod(tmp_path, 0o755)
    (tmp_path / "log").write_text("".join(forged_log()))
    p = subprocess.run(["sallyportctl", "audit", "verify", str(tmp_path / "log"), "-"],
                       input=lzma.compress(b"a line\n"), capture_output=True)
    assert p.returncode == 1 and b"stdin: is packed" in p.stdout, p.stdout


@pytest.mark.parametrize("form", KINDS)
def test_a_name_cannot_pass_for_what_links_records(make_server, user, form):
    s = serve(make_server, form)
    zeros = "0" * 64
    names = [f'x" chain="{CONN}" n="1" hash="{zeros}"] y', f'[sallyport@32473 ev="a" chain="{CONN}" n="1" hash="{zeros}"]',
             f'{{"@timestamp":"","event.action":"a","sallyport.chain":"{CONN}","sallyport.n":1,"sallyport.hash":"{zeros}"}}',
             'a\\', '"__CURSOR"', "b]\\\"", "tab\tcr\rnl\nend"]
    for name in names:  # OpenSSH's client refuses to send some of these
        t = paramiko.Transport(("127.0.0.1", s.port))
        t.start_client(timeout=20)
        with pytest.raises(paramiko.SSHException):
            t.auth_none(name)
        t.close()
    sp.wait_for(lambda: len(re.findall(r"conn\.close", s.log())) >= len(names), 20, "the ends")
    s.stop()
    p = verify(s.dir + "/log")
    assert p.returncode == 0, (p.stdout, s.log())
    assert CONN not in p.stdout
    assert s.log().count(CONN) >= 3


def commands():
    """The commands of EVIDENCE.md's part on the log."""
    text = open(os.path.join(sp.TOP, "doc/EVIDENCE.md")).read().split("## The log")[1].split("\n## ")[0]
    return [line.strip() for line in text.splitlines() if re.match(r"    (sallyportctl|journalctl) ", line)]


def test_the_commands_of_the_document_do_what_it_says(make_server, user, logs, tmp_path):
    lines = whole(logs, "json", make_server, user)
    os.chmod(tmp_path, 0o755)
    log, half = tmp_path / "sallyport.log", len(lines) // 2
    log.write_text("".join(lines[half:]))
    with gzip.open(f"{log}.1.gz", "wt") as f:
        f.write("".join(lines[:half]))
    found = commands()
    assert len(found) == 4, found
    ran = 0
    for command in found:
        if command.startswith("journalctl"):
            assert command.endswith("| sallyportctl audit verify")
            continue  # test_journal.py: test_the_chain_of_the_journal_is_complete
        words = [w.replace("/var/log/sallyport.log", str(log)) for w in command.split()]
        if "--key" in words:
            words[words.index("--key") + 1] = str(tmp_path / "host.pub")
            with open(tmp_path / "host.pub", "w") as f:
                subprocess.run(["ssh-keygen", "-y", "-f", sp.host_key("ed25519")], check=True, stdout=f)
            words.append(f"{log}.1.gz")
        p = sp.run(words, check=None)
        assert p.returncode == 0 and "\ncomplete: " in "\n" + p.stdout, (command, p.stdout, p.stderr)
        ran += 1
    assert ran == 3
