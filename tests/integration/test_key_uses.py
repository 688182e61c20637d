"""sallyportctl keys: what each key did, which keys nobody uses, which expire;
a damaged table costs no login, and root reads no file of a user."""

import csv
import io
import json
import os
import subprocess

import pytest

import deadfs
import sp
from control import ctl

TABLE = "/var/lib/sallyport/keys/uses"


@pytest.fixture
def server():
    for name in (TABLE, TABLE + ".damaged"):
        if os.path.exists(name):
            os.unlink(name)
    s = sp.Server()
    yield s
    s.stop()


@pytest.fixture
def users():
    made = [sp.User(), sp.User()]
    yield made
    for u in made:
        u.remove()


def fingerprint(path):
    return sp.run(["ssh-keygen", "-lf", path]).stdout.split()[1]


def keys(server, *argv, status=0):
    p = ctl(server, "--json", "keys", *argv, check=status)
    return {(row["fingerprint"], row["users"]): row for row in json.loads(p.stdout)}


def logged(server, user):
    assert server.ssh(user, "true").returncode == 0



def counted(server, fp, users, count):
    """The entry is written behind the client's answer."""
    def is_there():
        row = keys(server).get((fp, users))
        return row if row and row["count"] == count else None
    return sp.wait_for(is_there, 10, f"{count} uses of {fp}")


def test_keys_are_told_with_users_place_and_times(server, users):
    user, other = users
    user.make_key(options="pty")
    fp = fingerprint(user.key)
    other.authorize("# a comment line\n" + open(user.key + ".pub").read())
    other.key = user.key
    logged(server, user)
    logged(server, user)
    counted(server, fp, user.name, 2)
    logged(server, other)
    names = ",".join(u.name for u in sorted(users, key=lambda u: u.name))
    row = counted(server, fp, names, 3)
    assert row["type"] == "ssh-ed25519" and row["kind"] == "key"
    assert row["from"] == "127.0.0.1" and 0 < row["first"] <= row["last"]
    assert f"{user.home}/.ssh/authorized_keys:1" in row["where"].split(",")
    assert f"{other.home}/.ssh/authorized_keys:2" in row["where"].split(",")
    text = ctl(server, "keys").stdout
    assert fp in text and "3 logins" in text and "of 4096 places are used" in text
    stats = ctl(server, "stats").stdout
    assert 'sallyport_keys{type="ssh-ed25519"} 1\n' in stats
    size = os.path.getsize(TABLE)
    logged(server, user)
    counted(server, fp, names, 4)
    assert os.path.getsize(TABLE) == size
    assert os.stat(TABLE).st_mode & 0o777 == 0o600


def test_a_certificate_is_told_with_its_authority(server, users):
    user, _ = users
    ca = f"{sp.SCRATCH}/uses_ca"
    sp.clean_key(ca)
    sp.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", ca], check=0)
    user.make_key()
    sp.run(["ssh-keygen", "-q", "-s", ca, "-I", "id", "-n", user.name, user.key + ".pub"], check=0)
    os.unlink(user.home + "/.ssh/authorized_keys")
    user.authorize(open(ca + ".pub").read(), "cert-authority")
    logged(server, user)
    row = counted(server, fingerprint(ca), user.name, 1)
    assert row["kind"] == "authority"
    assert keys(server)[(fingerprint(user.key), user.name)]["kind"] == "certificate"
    assert (fingerprint(ca), user.name) not in keys(server, "--unused", "1d")


def test_keys_that_nobody_uses_and_that_expire_are_found(server, users):
    user, _ = users
    user.make_key()
    used = fingerprint(user.key)
    path = user.home + "/.ssh/authorized_keys"
    spare = f"{sp.SCRATCH}/uses_spare"
    sp.clean_key(spare)
    sp.run(["ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-C", '=cmd|"x"', "-f", spare], check=0)
    user.authorize(open(spare + ".pub").read(), 'expiry-time="20200101"')
    logged(server, user)
    counted(server, used, user.name, 1)
    unused = keys(server, "--unused", "90d")
    assert (fingerprint(spare), user.name) in unused and (used, user.name) not in unused
    assert unused[(fingerprint(spare), user.name)]["where"] == path + ":2"
    assert (used, user.name) in keys(server, "--unused", "0")
    assert set(keys(server, "--expiring")) == {(fingerprint(spare), user.name)}
    p = ctl(server, "keys", "--expiring", "10d", "--csv")
    rows = list(csv.DictReader(io.StringIO(p.stdout)))
    assert [r["fingerprint"] for r in rows] == [fingerprint(spare)]
    # a spreadsheet computes nothing that a user wrote
    assert rows[0]["comment"] == '\'=cmd|"x"'


def test_nobody_remarks_on_a_key_of_somebody_else(server, users):
    user, other = users
    user.make_key()
    fp = fingerprint(user.key)
    logged(server, user)
    row = counted(server, fp, user.name, 1)
    said = row["comment"]
    kind, blob = open(user.key + ".pub").read().split()[:2]
    other.authorize(f"{kind} {blob} a remark of somebody else", 'expiry-time="20200101"')
    row = counted(server, fp, user.name, 1)
    assert (row["comment"], row["expires"]) == (said, 0)
    # It stands there all the same, and that is told.
    assert other.home + "/.ssh/authorized_keys:1" in row["where"]
    # Nor does that cost more than some places, after those of its users.
    other.authorize(f"{kind} {blob}\n" * 100)
    where = counted(server, fp, user.name, 1)["where"].split(",")
    assert len(where) == 33 and where[-1] == "..."
    assert where[0].startswith(user.home + "/") and where[1].startswith(other.home + "/")


def test_keys_of_a_file_that_is_refused_are_not_told(server, users):
    user, _ = users
    user.make_key()
    path = user.home + "/.ssh/authorized_keys"
    os.chmod(path, 0o666)
    p = ctl(server, "keys", "--unused", "90d")
    assert f"no key of {path} counts: bad ownership or modes" in p.stderr
    assert fingerprint(user.key) not in p.stdout


def test_a_file_server_that_is_dead_makes_the_answer_incomplete(server, users):
    user, _ = users
    user.make_key()
    server.write(server.text + "deadlines = { key_command = 1; };\n")
    with deadfs.mounted(user.home + "/.ssh", user.uid, user.gid):
        p = ctl(server, "keys", "--unused", "90d", check=1)
    assert f"{user.name}: no key of {user.home}" in p.stderr


def test_root_reads_no_file_of_a_user(server, users):
    """A home that only its user can enter, as root without its capabilities
    cannot; and one that leads to a file of root's."""
    user, other = users
    user.make_key()
    other.make_key()
    secret = "/root/uses_secret"
    with open(secret, "w") as f:
        f.write(open(user.key + ".pub").read())
    os.chmod(secret, 0o600)
    path = other.home + "/.ssh/authorized_keys"
    os.unlink(path)
    os.symlink(secret, path)
    p = ctl(server, "--json", "keys", "--unused", "0", check=1)
    assert path in p.stderr
    assert [r["users"] for r in json.loads(p.stdout) if r["fingerprint"] == fingerprint(user.key)] == [user.name]


@pytest.mark.parametrize("damage", ["text", "cut", "entries", "directory"])
def test_a_damaged_table_costs_no_login(server, users, damage):
    user, _ = users
    user.make_key()
    fp = fingerprint(user.key)
    logged(server, user)
    counted(server, fp, user.name, 1)
    if damage == "text":
        with open(TABLE, "w") as f:
            f.write("something else\n")
    elif damage == "cut":
        os.truncate(TABLE, 5000)
    elif damage == "entries":
        with open(TABLE, "r+b") as f:
            f.seek(1024)
            f.write(os.urandom(os.path.getsize(TABLE) - 1024))
    else:
        os.unlink(TABLE)
        os.mkdir(TABLE)
    mark = server.mark()
    logged(server, user)
    server.wait_log({"entries": "damaged entries are no longer kept",
                     "directory": "cannot keep what keys did"}.get(damage, "has been renamed to uses.damaged"),
                    after=mark)
    if damage == "directory":
        os.rmdir(TABLE)
        logged(server, user)
    counted(server, fp, user.name, 1)


def test_a_locked_table_delays_no_login(server, users):
    user, _ = users
    user.make_key()
    logged(server, user)
    counted(server, fingerprint(user.key), user.name, 1)
    holder = subprocess.Popen(
        ["python3", "-c", "import fcntl,struct,sys\nf=open(sys.argv[1],'r+b')\n"
         "fcntl.fcntl(f,37,struct.pack('hhqqi4x',1,0,0,0,0))\nprint('held',flush=True)\nsys.stdin.read()",
         TABLE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout.readline() == "held\n"
        mark = server.mark()
        logged(server, user)
        server.wait_log("the table is locked", after=mark)
    finally:
        holder.communicate("")
    assert keys(server)[(fingerprint(user.key), user.name)]["count"] == 1
