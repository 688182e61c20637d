"""Users of a real directory: slapd and nslcd on loopback, nobody of them in
/etc/passwd.  They log in by password and by keys fetched from it, their
groups count in rules, and when it is down they are refused and say why."""

import os
import signal
import subprocess
import time

import pytest

import sp

BASE = "dc=test,dc=example"
WHERE = "/mnt/sp/ldap"
URI = "ldap://127.0.0.1:389/"
PASSWORD = "directory pass"

SLAPD = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/nis.schema
attributetype ( 1.3.6.1.4.1.24552.500.1.1.1.13 NAME 'sshPublicKey'
  EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 )
objectclass ( 1.3.6.1.4.1.24552.500.1.1.2.0 NAME 'ldapPublicKey' SUP top
  AUXILIARY MAY ( sshPublicKey $ uid ) )
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {where}/slapd.pid
database mdb
maxsize 16777216
suffix "{base}"
rootdn "cn=admin,{base}"
rootpw admin
directory {where}/data
access to attrs=userPassword by anonymous auth by self write by * none
access to * by * read
"""

NSLCD = f"""
uid nslcd
gid nslcd
uri {URI}
base {BASE}
ldap_version 3
bind_timelimit 2
timelimit 2
reconnect_sleeptime 1
reconnect_retrytime 1
threads 2
"""

# The shell sees the name as a parameter only; a name that could change the
# search is not searched for.
KEYS = f"""#!/bin/sh
case "$1" in ""|*[!a-z0-9_-]*) exit 1 ;; esac
answer=$(ldapsearch -x -LLL -o ldif-wrap=no -o nettimeout=3 -H {URI} \\
	-b {BASE} "(&(objectClass=posixAccount)(uid=$1))" sshPublicKey) || exit 1
printf '%s\\n' "$answer" | sed -n 's/^sshPublicKey: //p'
"""

PAM = """
auth     sufficient pam_unix.so
auth     required   pam_ldap.so use_first_pass
account  [success=1 default=ignore] pam_localuser.so
account  required   pam_ldap.so
account  required   pam_unix.so
session  required   pam_mkhomedir.so
session  required   pam_unix.so
"""


class LdapUser:
    """An account that only the directory knows."""

    def __init__(self, name, uid):
        self.name, self.uid, self.password = name, uid, PASSWORD
        self.home = f"/home/{name}"
        self.path = f"{WHERE}/{name}_key"
        sp.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name,
                "-f", self.path], check=0)
        self.key = None

    def entry(self):
        public = open(self.path + ".pub").read().strip()
        return f"""
dn: uid={self.name},ou=people,{BASE}
objectClass: account
objectClass: posixAccount
objectClass: ldapPublicKey
uid: {self.name}
cn: {self.name}
uidNumber: {self.uid}
gidNumber: 40000
homeDirectory: {self.home}
loginShell: /bin/bash
userPassword: {self.password}
sshPublicKey: {public}
"""


class Directory:
    def __init__(self):
        os.makedirs(WHERE + "/data")
        os.chmod(WHERE, 0o755)
        self.ann, self.ben = LdapUser("spt_ann", 40001), LdapUser("spt_ben", 40002)
        self.slapd = self.nslcd = None
        self.saved = {}
        self.put("/etc/nsswitch.conf", "passwd: files ldap\ngroup: files ldap\n"
                 "shadow: files ldap\nhosts: files\n", 0o644)
        self.put("/etc/nslcd.conf", NSLCD, 0o600)
        self.put(WHERE + "/slapd.conf", SLAPD.format(where=WHERE, base=BASE))
        self.put(WHERE + "/people.ldif", f"""dn: {BASE}
objectClass: domain
dc: test

dn: ou=people,{BASE}
objectClass: organizationalUnit
ou: people
{self.ann.entry()}{self.ben.entry()}
dn: cn=spt_everybody,{BASE}
objectClass: posixGroup
cn: spt_everybody
gidNumber: 40000

dn: cn=spt_admins,{BASE}
objectClass: posixGroup
cn: spt_admins
gidNumber: 40010
memberUid: spt_ann
""")
        self.put(WHERE + "/keys", KEYS, 0o755)
        sp.run(["slapadd", "-f", WHERE + "/slapd.conf", "-l", WHERE + "/people.ldif"], check=0)
        sp.write_pam("sp-directory", PAM)

    def put(self, path, text, mode=0o644):
        if os.path.exists(path):
            self.saved[path] = open(path).read()
        with open(path, "w") as f:
            f.write(text)
        os.chmod(path, mode)

    def start(self):
        if self.slapd is None:
            self.slapd = subprocess.Popen(
                ["slapd", "-d", "0", "-f", WHERE + "/slapd.conf", "-h", URI],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=open(WHERE + "/slapd.err", "w"))
            sp.wait_for(lambda: sp.run(["ldapsearch", "-x", "-H", URI, "-b", BASE, "-s", "base"]
                                       ).returncode == 0, 20, "slapd")
        if self.nslcd is None:
            os.makedirs("/run/nslcd", exist_ok=True)
            sp.run(["chown", "nslcd:nslcd", "/run/nslcd"], check=0)
            self.nslcd = subprocess.Popen(
                ["nslcd", "-n"], stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=open(WHERE + "/nslcd.err", "w"))
        # After a time without slapd nslcd waits a little before it asks again.
        sp.wait_for(lambda: sp.run(["getent", "passwd", "spt_ann"]).returncode == 0,
                    30, "the directory's users")

    def kill(self, name):
        p = getattr(self, name)
        if p is not None:
            p.send_signal(signal.SIGCONT)
            p.terminate()
            p.wait(timeout=20)
            setattr(self, name, None)

    def close(self):
        for name in ("nslcd", "slapd"):
            self.kill(name)
        for path, text in self.saved.items():
            with open(path, "w") as f:
                f.write(text)


@pytest.fixture(scope="module")
def scene():
    d = Directory()
    try:
        d.start()
        assert "spt_ann" not in open("/etc/passwd").read()
        yield d
    finally:
        d.close()


@pytest.fixture
def directory(scene):
    scene.start()
    scene.ann.key = scene.ben.key = None
    yield scene


SOURCE = (f'sources = [ "user", "ldap" ]; user = {{ file = [ "%h/.ssh/authorized_keys" ]; }}; '
          f'ldap = {{ command = [ "{WHERE}/keys", "%u" ]; user = "nobody"; }};')


def serve(make_server, **kw):
    kw.setdefault("publickey", SOURCE)
    return make_server(pam_service="sp-directory",
                       extra="deadlines = { nss = 15; pam = 15; key_command = 10; };", **kw)


def with_key(user):
    user.key = user.path
    return user


def test_by_password(make_server, directory):
    s = serve(make_server)
    p = s.ssh(directory.ann, "id -un; id -Gn; pwd", password=True, check=0)
    name, groups, home = p.stdout.splitlines()
    assert name == "spt_ann" and home == "/home/spt_ann"
    assert set(groups.split()) == {"spt_everybody", "spt_admins"}
    p = s.ssh(directory.ann, "echo no", password="wrong", NumberOfPasswordPrompts="1")
    assert p.returncode != 0 and "no" not in p.stdout
    s.wait_log(r"Failed password for spt_ann from 127.0.0.1")
    p = s.ssh(directory.ann, "echo in", password=True, check=0,
              PreferredAuthentications="keyboard-interactive")
    assert p.stdout == "in\n"


def test_by_keys_fetched_from_it(make_server, directory):
    s = serve(make_server)
    assert s.ssh(with_key(directory.ann), "id -un", check=0).stdout == "spt_ann\n"
    s.wait_log(r"Accepted publickey for spt_ann from 127.0.0.1 .* ED25519 SHA256:")
    # another's key opens nothing
    directory.ben.key = directory.ann.path
    assert s.ssh(directory.ben, "true").returncode == 255
    s.wait_log(r"Failed publickey for spt_ben|Key .* refused|key query: no")
    # a key taken out of the directory opens nothing any more
    change = (f"dn: uid=spt_ben,ou=people,{BASE}\nchangetype: modify\n"
              "{0}: sshPublicKey\n{1}-\n")
    admin = ["ldapmodify", "-x", "-H", URI, "-D", f"cn=admin,{BASE}", "-w", "admin"]
    s.ssh(with_key(directory.ben), "true", check=0)
    sp.run(admin, input=change.format("delete", ""), check=0)
    try:
        assert s.ssh(with_key(directory.ben), "true").returncode == 255
    finally:
        public = open(directory.ben.path + ".pub").read()
        sp.run(admin, input=change.format("add", "sshPublicKey: " + public), check=0)


def test_a_group_of_the_directory_decides(make_server, directory):
    s = serve(make_server, rules="""rules = (
      { name = "admins"; match = { group = "spt_admins"; }; methods = [ "publickey" ]; } );""")
    s.ssh(with_key(directory.ann), "true", check=0)
    assert s.ssh(with_key(directory.ben), "true").returncode == 255
    s.wait_log(r"User spt_ben from 127.0.0.1 not allowed because not listed in AllowUsers")


def test_slapd_is_down(make_server, directory, user):
    s = serve(make_server)
    s.ssh(with_key(directory.ann), "true", check=0)
    mark = s.mark()
    directory.kill("slapd")
    began = time.monotonic()
    p = s.ssh(directory.ann, "echo no", timeout=40)
    assert p.returncode == 255 and p.stdout == ""
    directory.ann.key = None
    p = s.ssh(directory.ann, "echo no", password=True, timeout=40,
              NumberOfPasswordPrompts="1")
    assert p.returncode != 0 and p.stdout == ""
    assert time.monotonic() - began < 40 * sp.SLOW
    s.wait_log(r"(Invalid user spt_ann .*why=.*source.*did.{1,4}not.{1,4}answer"
               r"|User spt_ann .* not allowed because a fact could not be learnt)", after=mark)
    # those whom files know do not need it
    s.ssh(user, "true", check=0)
    user.key = None
    s.ssh(user, "true", check=0, password=True)
    directory.start()
    s.ssh(with_key(directory.ann), "true", check=0)


def test_the_key_source_is_down(make_server, directory, make_user):
    """A user of /etc/passwd whose keys lie in the directory."""
    local = make_user(key=False)
    local.key = directory.ann.path
    s = serve(make_server)
    directory.kill("slapd")
    mark = s.mark()
    assert s.ssh(local, "true", timeout=40).returncode == 255
    s.wait_log(rf"Key source .* for {local.name} failed", after=mark)


def test_slapd_hangs(make_server, directory, user):
    """It takes connections and never answers: the deadlines hold."""
    s = serve(make_server)
    os.kill(directory.slapd.pid, signal.SIGSTOP)
    try:
        mark = s.mark()
        p = subprocess.Popen(s.ssh_argv(with_key(directory.ann), "echo no"),
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
        s.ssh(user, "true", check=0)  # nobody else waits
        e = sp.run(["sallyportctl", "-f", s.config, "explain", "--user", "spt_ann", "--from", "127.0.0.1"],
                   timeout=60)
        assert "user spt_ann: unknown" in e.stdout and "refused: " in e.stdout, e.stdout + e.stderr
        out, _ = p.communicate(timeout=40 * sp.SLOW)
        assert p.returncode == 255 and out == b""
        s.wait_log(r"did.{1,4}not.{1,4}answer|could not be learnt|(?i:deadline|took too long|did not return)",
                   after=mark)
        sp.wait_for(lambda: not s.processes("monitor "), 20, "the monitors' end")
    finally:
        os.kill(directory.slapd.pid, signal.SIGCONT)
    directory.start()
    s.ssh(with_key(directory.ann), "true", check=0)
