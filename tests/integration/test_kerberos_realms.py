"""Whom a KDC vouches for, and what becomes of it here: another realm's users,
disabled principals, names of odd bytes, files in homes that are no files, and
where the keys are."""

import os
import re
import subprocess

import pytest

import rawssh
import sp
from rawssh import string
from kerberos import (CONF, ERRTOK, HERE, HOST, KDC_CONF, KEYTAB, MIC, REALM,  # noqa: F401
                           RESPONSE, TOKEN, Gss, come, gssapi, kadmin, kdc, put, pytestmark,
                           refused, serve, ticketholder)
from test_processes import memory_has

OTHER = "OTHER.EXAMPLE"


class Abroad:
    """A second KDC, which both realms trust by a key of their own."""

    def __init__(self):
        self.here = f"{HERE}/abroad"
        os.makedirs(self.here, exist_ok=True)
        put(f"{self.here}/kdc.conf", KDC_CONF.replace(REALM, OTHER).replace("8888", "8889")
            .replace(HERE, self.here)
            # MIT's KDC does not recognize its own PACs of names with backslashes
            .replace("max_life", "disable_pac = true\n  max_life"))
        put("/etc/krb5.conf", CONF.replace(
            "[realms]", f"[realms]\n {OTHER} = {{\n  kdc = 127.0.0.1:8889\n }}"))
        self.env = dict(os.environ, KRB5_KDC_PROFILE=f"{self.here}/kdc.conf")
        sp.run(["kdb5_util", "-r", OTHER, "create", "-s", "-P", "m"], check=0, timeout=60,
               env=self.env)
        trust = f"krbtgt/{REALM}@{OTHER}"
        self.kadmin(f"addprinc -pw between {trust}")
        kadmin(f"addprinc -pw between {trust}")
        self.kdc = subprocess.Popen(["krb5kdc", "-n", "-r", OTHER], stdout=subprocess.DEVNULL,
                                    stderr=subprocess.DEVNULL, env=self.env)

    def kadmin(self, query):
        p = sp.run(["kadmin.local", "-r", OTHER, "-q", query], env=self.env)
        assert p.returncode == 0 and "while" not in p.stderr, (query, p.stdout, p.stderr)

    def user(self, kdc, name):
        self.kadmin(f"addprinc -pw pw {name}")
        return kdc.ticket(f"{name}@{OTHER}")


@pytest.fixture(scope="module")
def abroad(kdc):
    a = Abroad()
    yield a
    a.kdc.kill()
    a.kdc.wait()
    put("/etc/krb5.conf", CONF)


def test_another_realms_user(serve, kdc, abroad, user):
    """Nobody's account by name, however it is called; let in by ~/.k5login."""
    s = serve()
    cache = abroad.user(kdc, user.name)
    principal = f"{user.name}@{OTHER}"
    refused(s, user, cache, f"principal {principal} is no account's")
    root = type("Root", (), {"name": "root", "key": None})
    refused(s, root, abroad.user(kdc, "root"), f"principal root@{OTHER} is no account's")
    # krb5.conf's rule for boss names no realm: it is of all, as for sshd; and so
    # the policy has one
    boss = abroad.user(kdc, "boss")
    assert come(s, root, boss).stdout == "root\n", s.log()[-3000:]
    s = serve(root=f'principals = [ "*@{REALM}" ];')
    refused(s, root, boss, f"principal boss@{OTHER} is not in principals")
    s = serve()
    path = user.home + "/.k5login"
    put(path, principal + "\n")
    os.chown(path, user.uid, user.gid)
    assert come(s, user, cache).stdout == user.name + "\n", s.log()[-3000:]
    s.wait_log(f"Authorized to {user.name}, krb5 principal {principal}")
    s = serve(grants=f'principals = [ "*@{REALM}" ];')
    refused(s, user, cache, f"principal {principal} is not in principals")
    s = serve(extra=f'guards = ( {{ name = "own"; match = {{ realm = "!{REALM}"; }}; '
              'command = "echo foreign"; } );')
    assert come(s, user, cache).stdout == "foreign\n", s.log()[-3000:]


def test_a_realm_has_letters_of_one_size(serve, kdc, abroad, user):
    """Realms are compared byte by byte, as Kerberos does."""
    cache = kdc.user(user.name)
    for pattern in (f"*@{REALM.lower()}", f"*@{REALM}@*", f"*@*@{REALM}", f"{REALM}", "*@"):
        s = serve(grants=f'principals = [ "{pattern}" ];')
        refused(s, user, cache, "is not in principals")
        s.stop()
    s = serve(extra=f'guards = ( {{ name = "small"; match = {{ realm = "{REALM.lower()}"; }}; '
              'refuse = true; } );')
    assert come(s, user, cache).stdout == user.name + "\n"


def odd_credentials(kdc, abroad, name):
    """A ticket of a principal that a foreign KDC has made up; the name as
    libkrb5 quotes it.  As arguments: -q has quotes of its own."""
    p = sp.run(["kadmin.local", "-r", OTHER, "addprinc", "-pw", "pw", name], env=abroad.env)
    assert p.returncode == 0 and (p.stderr == "" or "already exists" in p.stderr), p
    return kdc.ticket(f"{name}@{OTHER}")


@pytest.mark.parametrize("name", [
    r"evil\@TEST.EXAMPLE", r"two\nlines", r"a\tb", r"with/slash/and\/more", "blank name", "'quote",
    "ü", r"back\\slash", "Accepted publickey for root from 127.0.0.1 port 1 ssh2: x"])
def test_names_of_odd_bytes(serve, kdc, abroad, user, name):
    """One line of the log, in which nothing of it can look like ours; and "@" of
    a name is no realm's."""
    s = serve(grants=f'principals = [ "*@{REALM}" ];')
    creds = odd_credentials(kdc, abroad, name)
    with Gss(s) as g:
        mark = s.mark()
        g.start(user.name)
        g.establish(creds)
        g.send(MIC, string(g.mic()))
        g.failed()
        s.wait_log("Failed gssapi-with-mic", after=mark)
    text = s.log()[mark:]
    assert "is not in principals" in text.replace("_", " "), text
    for line in text.splitlines():
        assert re.match(r"\d{4}-\d\d-\d\dT\S+ sallyportd\[\d+\]: ", line), line
        assert not re.search(r"\]: Accepted", line), line
    # and where the rule takes them all, they are nobody's account
    s = serve()
    with Gss(s) as g:
        mark = s.mark()
        g.start(user.name)
        g.establish(creds)
        g.send(MIC, string(g.mic()))
        g.failed()
        s.wait_log("is_no_account's|is no account's", after=mark)


def test_disabled_principals(serve, kdc, user):
    """A KDC gives them no tickets; the ones they have end here by the policy."""
    s = serve()
    cache = kdc.user(user.name)
    kadmin(f"modprinc -allow_tix {user.name}")
    try:
        p = sp.run(["kinit", "-c", cache + "_new", user.name], input="pw\n")
        assert p.returncode != 0 and "revoked" in p.stderr, p
        # without a ticket the next method goes on
        p = come(s, user, cache + "_new", PreferredAuthentications="gssapi-with-mic,publickey")
        assert p.stdout == user.name + "\n"
        s.wait_log(f"Accepted publickey for {user.name} ")
        # a ticket from before is good until it expires: Kerberos asks nobody
        assert come(s, user, cache).stdout == user.name + "\n"
        s = serve(grants=f'principals = [ "!{user.name}@{REALM}", "*@{REALM}" ];')
        refused(s, user, cache, "is not in principals")
    finally:
        kadmin(f"modprinc +allow_tix {user.name}")
    # the host's own principal: no ticket for it
    kadmin(f"modprinc -allow_svr host/{HOST}")
    try:
        assert come(s, user, kdc.ticket(user.name)).returncode == 255
    finally:
        kadmin(f"modprinc +allow_svr host/{HOST}")


def test_a_key_that_went_before(serve, kdc, user):
    """A keytab keeps old keys for the tickets that were made with them; without
    them these are refused, and new ones are taken."""
    s = serve()
    cache = kdc.user(user.name)
    assert come(s, user, cache).stdout == user.name + "\n"  # its ticket is of this kvno
    mark = s.mark()
    kadmin(f"ktadd -k {KEYTAB} host/{HOST}")  # a new key beside the old ones
    s.wait_log("ticketholder was replaced: the keytab has changed", after=mark)
    s.wait_log(r"ticketholder: \d+ keys of", after=mark)  # or it would read the next change as well
    assert come(s, user, cache).stdout == user.name + "\n", s.log()[mark:]
    mark = s.mark()
    kadmin(f"ktremove -k {KEYTAB} host/{HOST} old")
    s.wait_log("ticketholder was replaced: the keytab has changed", after=mark)
    s.wait_log(r"ticketholder: \d+ keys of", after=mark)
    sp.wait_for(lambda: len(s.processes("ticketholder")) == 1, what="the end of the old one")
    refused(s, user, cache, r"refused: .*kvno")
    assert come(s, user, kdc.ticket(user.name)).stdout == user.name + "\n", s.log()[mark:]


def test_a_k5login_that_is_no_file(serve, kdc, user, make_user):
    """A login of its user by the mapped name is refused, and nothing hangs."""
    s = serve(extra="deadlines = { files = 2; };")
    own = kdc.user(user.name)
    other = make_user()
    path = user.home + "/.k5login"
    makers = {"fifo": lambda: os.mkfifo(path, 0o600),
              "directory": lambda: os.mkdir(path, 0o755),
              "dangling": lambda: os.symlink("/nonexistent", path),
              "device": lambda: os.symlink("/dev/zero", path),
              "of another user": lambda: (put(path, f"{user.name}@{REALM}\n"),
                                          os.chown(path, other.uid, other.gid)),
              "large": lambda: put(path, f"{user.name}@{REALM}\n" * 10000),
              "unreadable": lambda: put(path, f"{user.name}@{REALM}\n", 0o000)}
    for kind, make in makers.items():
        make()
        if kind != "of another user":
            os.chown(path, user.uid, user.gid, follow_symlinks=False)
        mark = s.mark()
        p = come(s, user, own)
        if kind == "dangling":  # there is none: the mapped name counts
            assert p.stdout == user.name + "\n", s.log()[mark:]
        else:
            assert p.returncode == 255 and p.stdout == "", (kind, s.log()[mark:])
            s.wait_log("k5login", after=mark)
        os.rmdir(path) if kind == "directory" else os.unlink(path)
    # a home in which others write
    put(path, f"{user.name}@{REALM}\n", 0o600)
    os.chown(path, user.uid, user.gid)
    os.chmod(user.home, 0o777)
    refused(s, user, own, "bad ownership or modes")
    os.chmod(user.home, 0o755)
    assert come(s, user, own).stdout == user.name + "\n"


def keys_of(keytab):
    """The keys themselves, as klist shows them."""
    text = sp.run(["klist", "-K", "-k", keytab], check=0).stdout
    keys = [bytes.fromhex(k) for k in re.findall(r"\(0x([0-9a-f]+)\)", text)]
    assert keys and all(len(k) >= 16 for k in keys), text
    return keys


def holders(s, needles):
    """Titles of the processes whose memory has them."""
    found = set()
    for pid, title in s.processes().items():
        try:
            found |= {title} if memory_has(pid, needles) else set()
        except (FileNotFoundError, ProcessLookupError):
            pass  # it has ended
    return found


def test_the_keys_are_in_one_processs_memory(serve, kdc, user):
    s = serve(grants="delegation = true;")
    cache = kdc.user(user.name)
    argv = s.ssh_argv(user, "echo on; exec cat", GSSAPIAuthentication="yes",
                      PreferredAuthentications="gssapi-with-mic")
    p = subprocess.Popen(argv, env=dict(os.environ, KRB5CCNAME=cache), stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE)
    assert p.stdout.readline() == b"on\n"
    needles = {"key": keys_of(KEYTAB)}
    assert holders(s, needles) == {"sallyportd: ticketholder"}
    # also after a keytab was read again by a new process
    mark = s.mark()
    kadmin(f"ktadd -k {KEYTAB} -norandkey host/{HOST}")
    s.wait_log("ticketholder was replaced: the keytab has changed", after=mark)
    s.wait_log(r"ticketholder: \d+ keys of", after=mark)
    sp.wait_for(lambda: len(s.processes("ticketholder")) == 1, what="the end of the old one")
    assert holders(s, needles) == {"sallyportd: ticketholder"}
    p.communicate()


def test_tokens_of_two_users_are_not_one_exchange(serve, kdc, user, make_user):
    """Parts and MICs of one connection are worth nothing in another."""
    s = serve(limits="max_auth_tries = 50;")
    other = make_user()
    own, theirs = kdc.user(user.name), kdc.user(other.name)
    with Gss(s) as a, Gss(s) as b:
        a.start(user.name)
        b.start(user.name)
        a.context(own)
        b.context(theirs)
        a.expect(RESPONSE)
        b.expect(RESPONSE)
        first, second = a.ctx.step(), b.ctx.step()
        # crossed: each carries the other's token
        a.send(TOKEN, string(second))
        b.send(TOKEN, string(first))
        for g, ctx in ((a, b.ctx), (b, a.ctx)):
            ctx.step(g.expect(TOKEN)[5:])
        a.send(MIC, string(a.mic()))  # by the own ticket's key
        b.send(MIC, string(a.mic()))  # right key, the other session
        a.failed()
        b.failed()
    # in two halves, the second with a new token's beginning
    with Gss(s) as g:
        for cut in (1, 20, 200):
            g.start(user.name) if cut == 1 else g.offer(user.name)
            g.context(own)
            g.expect(RESPONSE)
            token = g.ctx.step()
            g.send(TOKEN, string(token[:cut]))
            answer = g.receive()
            while answer[0] == ERRTOK:
                answer = g.receive()
            assert answer[0] == rawssh.USERAUTH_FAILURE
        # the largest that a packet takes, and a length that lies
        g.offer(user.name)
        g.expect(RESPONSE)
        g.send(TOKEN, string(token + b"\0" * (30000 - len(token))))
        g.failed()
        g.offer(user.name)
        g.establish(own)
        g.send(MIC, string(g.mic()))
        g.expect(rawssh.USERAUTH_SUCCESS)
    assert ticketholder(s)
    assert "was replaced" not in s.log()
