"""Patterns for key files: found and read as the user, in the order of their
names, bounded, each judged by itself; one place that hangs holds nobody else."""

import os
import re
import shutil

import pytest

import deadfs
import sp
from test_faults import others_go_on
from test_keys import certify

PATTERN = 'files = [ "%h/.ssh/keys.d/*.pub" ];'


def own(user, path, text, mode=0o600):
    with open(path, "w") as f:
        f.write(text)
    os.chown(path, user.uid, user.gid)
    os.chmod(path, mode)
    return path


@pytest.fixture
def keys(user):
    """The user's key line, and a directory for it; authorized_keys is gone."""
    path = user.home + "/.ssh/keys.d"
    os.mkdir(path, 0o700)
    os.chown(path, user.uid, user.gid)
    usual = user.home + "/.ssh/authorized_keys"
    line = open(usual).read()
    os.unlink(usual)
    return path, line


def explain(s, user):
    p = sp.run(["sallyportctl", "explain", "--user", user.name, "--from", "127.0.0.1",
                "--key", user.key + ".pub", "-f", s.config])
    return p.stdout + p.stderr


def test_a_key_in_one_of_the_files_logs_in(make_server, user, keys):
    path, line = keys
    s = make_server(publickey=PATTERN)
    s.ssh(user, "true", check=255)  # nothing matches: no error
    assert "Key source" not in s.log()
    own(user, path + "/a.pub", "# none\n")
    own(user, path + "/b.pub", "\n" + line)
    own(user, path + "/c.pub", line)
    s.ssh(user, "true", check=0)
    s.wait_log(rf"Accepted key ED25519 SHA256:\S+ found at {path}/b.pub:2")
    assert f"{path}/b.pub:2" in explain(s, user)


@pytest.mark.parametrize("name", [".hidden.pub", "x.pub.bak", "sub.pub/x"])
def test_a_name_that_does_not_match_counts_for_nothing(make_server, user, keys, name):
    path, line = keys
    os.makedirs(os.path.dirname(f"{path}/{name}"), exist_ok=True)
    own(user, f"{path}/{name}", line)
    s = make_server(publickey=PATTERN)
    s.ssh(user, "true", check=255)
    s.wait_log("Failed publickey|Connection closed by authenticating user")
    assert "cannot be read" not in s.log()


def test_one_file_with_bad_modes_does_not_spoil_the_others(make_server, user, keys):
    path, line = keys
    own(user, path + "/a.pub", line, mode=0o666)
    s = make_server(publickey=PATTERN)
    s.ssh(user, "true", check=255)
    s.wait_log(rf"Authentication refused: bad ownership or modes for file {path}/a.pub")
    own(user, path + "/b.pub", line)
    s.ssh(user, "true", check=0)
    s.wait_log(rf"found at {path}/b.pub:1")


def test_a_link_to_anothers_file_gains_nothing(make_server, make_user, user, keys):
    path, line = keys
    other = make_user()
    theirs = own(other, other.home + "/theirs.pub", line)
    os.chmod(other.home, 0o755)
    os.symlink(theirs, path + "/a.pub")
    os.symlink("/etc/shadow", path + "/b.pub")
    os.symlink("/dev/zero", path + "/c.pub")
    s = make_server(publickey=PATTERN)
    s.ssh(user, "true", check=255)
    s.wait_log(r"cannot open .*/(a|b).pub: Permission denied|bad ownership")
    assert "root:" not in s.log()
    os.chmod(theirs, 0o644)  # to be read, and still another user's
    s.ssh(user, "true", check=255)
    s.wait_log("bad ownership or modes for (file|directory)")
    # A link within what is the user's is followed.
    own(user, user.home + "/mine", line)
    os.symlink("../../mine", path + "/z.pub")
    s.ssh(user, "true", check=0)


def test_the_search_has_the_rights_of_the_user_alone(make_server, user):
    """root could look into it."""
    place = sp.SCRATCH + "/rootskeys"
    os.makedirs(place)
    os.chmod(place, 0o700)
    line = open(user.home + "/.ssh/authorized_keys").read()
    with open(place + "/a.pub", "w") as f:
        f.write(line)
    os.chmod(place + "/a.pub", 0o644)
    try:
        s = make_server(publickey=f'files = [ "{place}/*.pub" ];')
        s.ssh(user, "true", check=255)
        s.wait_log(rf"{place}/\*.pub: {place}/: Permission denied")
        os.chmod(place, 0o755)
        s.ssh(user, "true", check=0)
    finally:
        shutil.rmtree(place)


def test_more_files_than_may_match_are_told_and_not_read(make_server, user, keys):
    path, line = keys
    for i in range(10000):
        own(user, f"{path}/{i}.pub", "")
    own(user, path + "/mine.pub", line)
    s = make_server(publickey='files = [ "%h/.ssh/keys.d/*.pub", "%h/.ssh/keys.d/m*.pub" ];')
    s.ssh(user, "true", check=0, timeout=60)
    s.wait_log(r"keys.d/\*.pub: more than 1024 files match")
    s.wait_log(rf"found at {path}/mine.pub:1")
    t = make_server(publickey=PATTERN)
    t.ssh(user, "true", check=255, timeout=60)


def test_files_that_match_hold_together_no_more_than_one_file_may(make_server, user, keys):
    path, line = keys
    for i in range(200):
        os.truncate(own(user, f"{path}/{i:03}.pub", "#"), 1 << 20)
    own(user, path + "/x.pub", line)
    s = make_server(publickey=PATTERN)
    s.ssh(user, "true", check=255, timeout=60)
    s.wait_log("Key source user for .*004.pub: too large beside the files before it")
    # Four hold a line that is too long, twelve others are told, and that there are more.
    assert len(re.findall(r"\d\d\d\.pub", s.log())) <= 20
    for i in range(4, 200):
        os.unlink(f"{path}/{i:03}.pub")
    os.truncate(path + "/003.pub", 1 << 19)
    s.ssh(user, "true", check=0)


@pytest.mark.parametrize("what", ["lines that are none", "the key for another address"])
def test_a_file_full_of_faults_does_not_fill_the_log(make_server, user, what):
    """journald drops the records of a service that writes too many."""
    usual = user.home + "/.ssh/authorized_keys"
    line = open(usual).read()
    s = make_server()
    bad = "ssh-ed25519 AAAA\n" if what == "lines that are none" else 'from="192.0.2.1" ' + line
    own(user, usual, bad * 2000)
    s.ssh(user, "true", check=255)
    s.wait_log("further faults in these files are not told")
    assert 10 < len(re.findall(rf"{usual}", s.log())) < 100
    own(user, usual, bad * 2000 + line)
    s.ssh(user, "true", check=0)


def test_a_token_is_no_part_of_the_pattern(make_server, user, keys):
    """A home directory with a wildcard in its name is that directory alone."""
    path, line = keys
    old, odd = user.home, user.home + "[ab]*"
    sp.run(["usermod", "-d", odd, user.name], check=0)
    os.rename(old, odd)
    try:
        own(user, odd + "/.ssh/keys.d/a.pub", line)
        s = make_server(publickey=PATTERN)
        s.ssh(user, "true", check=0)
    finally:
        os.rename(odd, old)
        sp.run(["usermod", "-d", old, user.name], check=0)


def test_principals_files_may_be_a_pattern(make_server, user, tmp_path_factory):
    ca = f"{sp.SCRATCH}/globca"
    sp.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", ca], check=0)
    s = make_server(publickey=f'ca_keys = [ "{ca}.pub" ]; principals = {{ file = "%h/.ssh/who.*"; }};')
    certify(ca, user, principals="ops")
    s.ssh(user, "true", check=255)
    own(user, user.home + "/.ssh/who.b", "ops\n")
    own(user, user.home + "/.ssh/who.a", "nobody\n")
    s.ssh(user, "true", check=0)
    os.unlink(ca)


def test_a_directory_that_hangs_holds_nobody_else(make_server, make_user, user, keys):
    path, line = keys
    other = make_user()
    os.makedirs(other.home + "/.ssh/keys.d", exist_ok=True)
    os.chown(other.home + "/.ssh/keys.d", other.uid, other.gid)
    own(other, other.home + "/.ssh/keys.d/a.pub", open(other.home + "/.ssh/authorized_keys").read())
    own(user, path + "/a.pub", line)
    s = make_server(publickey=PATTERN, extra="deadlines = { files = 1; key_command = 1; };")
    with deadfs.hanging(path, user.uid, user.gid):
        p = s.popen(user, "true")
        s.wait_log(r"keys.d/\*.pub was not read in time", 30)
        others_go_on(s, other, 60 * sp.SLOW)
        p.kill()
        p.communicate()
    sp.wait_for(lambda: not user.processes(), 20, "the end of what was stuck")
    s.ssh(user, "true", check=0)


@pytest.mark.parametrize("pattern", ["%h/*/*/*/*/*.pub", "%h/.ssh/[[:alpha:]]*"])
def test_a_pattern_that_is_not_served_is_an_error_of_the_configuration(make_server, pattern):
    s = make_server(start=False, publickey=f'files = [ "{pattern}" ];')
    p = sp.run([sp.DAEMON, "-t", "-f", s.config])
    assert p.returncode != 0 and pattern in p.stdout + p.stderr
