"""gssapi-with-mic against a KDC of our own: MIT's, on loopback."""

import os
import re
import signal
import subprocess

import pytest

import rawssh
import sp
from kerberos import (COMPLETE, CONF, ERRTOK, HERE, HOST, KEYTAB, KRB5, MIC, REALM, RESPONSE,
                      SPNEGO, TOKEN, Gss, come, gssapi, kadmin, kdc, put, pytestmark, refused,
                      serve, shifted, ticketholder)  # noqa: F401
from rawssh import string


def test_a_ticket_opens_a_session(serve, kdc, user):
    s = serve(extra="", grants="")
    cache = kdc.user(user.name)
    p = come(s, user, cache, "id -un; grep -h . $SSH_USER_AUTH")
    assert p.stdout.startswith(user.name + "\n"), (p.stderr, s.log()[-5000:])
    s.wait_log(rf"Authorized to {user.name}, krb5 principal {user.name}@{REALM} \(krb5_kuserok\)")
    s.wait_log(rf"Accepted gssapi-with-mic for {user.name} from 127\.0\.0\.1 port \d+ ssh2: "
               rf"{user.name}@{REALM}")
    # auth_to_local of krb5.conf as it was read before there was no file
    boss = kdc.user("boss")
    mark = s.mark()
    root = type("Root", (), {"name": "root", "key": None})
    assert come(s, root, boss).stdout == "root\n", s.log()[mark:]
    # and the others are in the default realm's way no root
    refused(s, root, cache, f"principal {user.name}@{REALM} is the account {user.name}")


def test_nobody_else_maps_kerberos(serve, kdc, user):
    """Not while a session that came in with a ticket is open."""
    from test_processes import check_row, rows
    s = serve()
    cache = kdc.user(user.name)
    argv = s.ssh_argv(user, "echo on; exec cat", GSSAPIAuthentication="yes",
                      PreferredAuthentications="gssapi-with-mic")
    p = subprocess.Popen(argv, env=dict(os.environ, KRB5CCNAME=cache), stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE)
    assert p.stdout.readline() == b"on\n"
    holders, others = set(), set()
    for pid, title in s.processes().items():
        maps = open(f"/proc/{pid}/maps").read()
        mapped = re.search(r"gssapi_krb5|libkrb5|k5crypto", maps) is not None
        (holders if mapped else others).add(title)
    assert holders == {"sallyportd: ticketholder"}
    for role in ("master", "keyholder", "monitors", "monitor", "workers", "worker", "session"):
        assert any(re.search(rf"\b{role}\b", t) for t in others), (role, others)
    check_row(ticketholder(s), rows()["ticketholder"], user)
    ctl = ["sallyportctl", "-s", s.control]
    principal = f"{user.name}@{REALM}"
    assert f", principal {principal}\n" in sp.run([*ctl, "sessions"]).stdout
    assert sp.run([*ctl, "kill", "principal:" + user.name]).returncode != 0
    assert p.poll() is None
    sp.run([*ctl, "kill", "principal:" + principal], check=0)
    sp.wait_for(lambda: p.poll() is not None, what="the end of the session")
    p.communicate()


@pytest.mark.parametrize("what", ["skew", "expired", "other_service", "somebody_else", "unmapped"])
def test_tickets_that_are_not_good(serve, kdc, user, make_user, what):
    if what == "expired":  # no later than it must: read at the start
        put("/etc/krb5.conf", CONF.replace("[realms]", " clockskew = 1\n[realms]"))
    s = serve()
    put("/etc/krb5.conf", CONF)
    cache = kdc.user(user.name)
    if what == "skew":
        refused(s, user, shifted(cache, 3600), "refused: Clock skew too great")
    elif what == "expired":
        short = shifted(kdc.ticket(user.name, "-l", "2s"), -200)
        with Gss(s) as g:
            g.start(user.name)
            g.context(short)
            g.expect(RESPONSE)
            token = g.ctx.step()
            subprocess.run(["sleep", "4"])
            g.send(TOKEN, string(token))
            g.expect(ERRTOK)
            g.failed()
        s.wait_log("refused: Ticket expired")
    elif what == "other_service":
        s.host = "127.0.0.1"
        with Gss(s) as g:
            g.start(user.name)
            g.context(cache, "other.test.example")
            g.expect(RESPONSE)
            g.send(TOKEN, string(g.ctx.step()))
            g.expect(ERRTOK)
            g.failed()
        s.wait_log("ticket for .* refused: .*other.test.example")
    elif what == "somebody_else":
        other = make_user()
        refused(s, other, cache, f"principal {user.name}@{REALM} is the account {user.name}")
    else:
        kadmin("addprinc -pw pw two/parts")
        refused(s, user, kdc.ticket("two/parts"), f"principal two/parts@{REALM} is no account's")


def test_k5login(serve, kdc, user, make_user):
    s = serve()
    own = kdc.user(user.name)
    other = make_user()
    guest = kdc.user(other.name)
    path = user.home + "/.k5login"
    put(path, f"# friends\n{other.name}@{REALM}  \n")
    os.chown(path, user.uid, user.gid)
    assert come(s, user, guest).stdout == user.name + "\n", s.log()[-3000:]
    s.wait_log(rf"Authorized to {user.name}, krb5 principal {other.name}@{REALM}")
    # as krb5_kuserok: whom the file does not name does not enter
    refused(s, user, own, f"principal {user.name}@{REALM} is not in {path}")
    put(path, f"{other.name}@{REALM}\n", 0o666)
    refused(s, user, guest, "refused: .*k5login: .*bad ownership or modes")
    os.unlink(path)
    os.symlink("/etc/shadow", path)
    refused(s, user, own, "refused: .*k5login")
    os.unlink(path)
    assert come(s, user, own).stdout == user.name + "\n"
    s = serve(options="k5login = false;")
    put(path, f"{other.name}@{REALM}\n")
    os.chown(path, user.uid, user.gid)
    refused(s, user, guest, "is the account")
    assert come(s, user, own).stdout == user.name + "\n"


def test_k5users_is_not_overlooked(serve, kdc, user):
    """sshd would limit the commands: without a limit nobody enters by name."""
    s = serve(options="k5users = true;")
    cache = kdc.user(user.name)
    assert come(s, user, cache).stdout == user.name + "\n"
    path = user.home + "/.k5users"
    put(path, f"{user.name}@{REALM} /bin/true\n", 0o000)
    refused(s, user, cache, f"{path} limits commands")
    put(user.home + "/.k5login", f"{user.name}@{REALM}\n")
    os.chown(user.home + "/.k5login", user.uid, user.gid)
    assert come(s, user, cache).stdout == user.name + "\n"


def test_a_new_key_needs_no_restart(serve, kdc, user):
    s = serve()
    cache = kdc.user(user.name)
    first = ticketholder(s)
    kadmin(f"cpw -randkey host/{HOST}")
    refused(s, user, cache, r"refused: .*kvno")
    kadmin(f"ktadd -k {KEYTAB} -norandkey host/{HOST}")
    s.wait_log("ticketholder was replaced: the keytab has changed")
    sp.wait_for(lambda: s.processes("ticketholder") not in ([first], []) and
                len(s.processes("ticketholder")) == 1, what="a new ticketholder")
    assert come(s, user, cache).stdout == user.name + "\n", s.log()[-3000:]
    # a keytab that cannot be used is told, and the old one's keys serve on
    good = open(KEYTAB, "rb").read()
    put(KEYTAB, "no keytab\n", 0o600)
    s.wait_log("error: kerberos.keytab: ")
    assert come(s, user, cache).stdout == user.name + "\n"
    with open(KEYTAB, "wb") as f:
        f.write(good)


def test_a_dead_ticketholder_costs_one_try(serve, kdc, user):
    s = serve()
    cache = kdc.user(user.name)
    with Gss(s) as g:
        g.start(user.name)
        g.context(cache)
        g.expect(RESPONSE)
        os.kill(ticketholder(s), signal.SIGKILL)
        s.wait_log("ticketholder was replaced: lost")
        token = g.ctx.step()
        g.send(TOKEN, string(token))
        g.expect(TOKEN)  # the door is the generation's: the next one hears
        os.kill(ticketholder(s), signal.SIGKILL)
        g.send(MIC, string(b"x" * 28))
        g.failed()
        s.wait_log("the ticketholder does not answer")
        g.offer(user.name)
        g.establish(cache)
        g.send(MIC, string(g.mic()))
        g.expect(rawssh.USERAUTH_SUCCESS)
    sp.wait_for(lambda: s.processes("ticketholder"), what="another ticketholder")
    assert come(s, user, cache).stdout == user.name + "\n", s.log()[-4000:]
    # one that hangs
    pid = ticketholder(s)
    os.kill(pid, signal.SIGSTOP)
    assert s.ssh(user, "id -un", PreferredAuthentications="publickey").stdout == user.name + "\n"
    with Gss(s) as g:
        g.start(user.name)
        g.context(cache)
        g.expect(RESPONSE)
        g.send(TOKEN, string(g.ctx.step()))
        s.wait_log("the ticketholder does not answer: timed out", seconds=30)
    os.kill(pid, signal.SIGKILL)


def test_the_steps_out_of_order(serve, kdc, user):
    s = serve(limits="max_auth_tries = 50;")
    cache = kdc.user(user.name)

    def wrong(reason, act, oids=()):
        with Gss(s) as g:
            mark = s.mark()
            g.start(user.name, *oids)
            act(g)
            g.failed()
            s.wait_log(reason, after=mark)
            # nothing of it is left: the next try is a good one
            g.offer(user.name)
            g.establish(cache)
            g.send(MIC, string(g.mic()))
            g.expect(rawssh.USERAUTH_SUCCESS)

    wrong("does.*not.*offer.*Kerberos", lambda g: None, (SPNEGO,))
    wrong("does.*not.*offer.*Kerberos", lambda g: None, (KRB5[:-1], KRB5 + b"\0"))
    wrong("malformed", lambda g: None, (b"x" * 300,))
    wrong("malformed", lambda g: None, (KRB5,) * 65)

    def packets(*list):
        def act(g):
            g.expect(RESPONSE)
            for p in list:
                g.send(*p)
        return act
    wrong("out.*of.*order", packets((MIC, string(b"mic"))))
    wrong("no.*MIC", packets((COMPLETE,)))
    wrong("malformed", packets((TOKEN, b"\0\0\0\x10abc")))
    wrong("malformed", packets((TOKEN, string(b"a") + b"b")))
    wrong("refused: ", packets((TOKEN, string(b""))))
    wrong("refused: ", packets((TOKEN, string(b"\x60\x82" + b"\xff" * 3000))))

    def with_mic(make):
        def act(g):
            g.establish(cache)
            g.send(MIC, string(make(g)))
        return act
    wrong("refused: ", with_mic(lambda g: g.mic(session=b"\0" * 32)))
    wrong("refused: ", with_mic(lambda g: g.mic(name="root")))
    wrong("refused: ", with_mic(lambda g: b""))
    wrong("refused: ", with_mic(lambda g: bytes([g.mic()[0] ^ 1]) + g.mic()[1:]))

    def complete(g):
        g.establish(cache)
        g.send(COMPLETE)
    wrong("no.*MIC", complete)

    def two_tokens(g):
        g.establish(cache)
        g.send(TOKEN, string(b"x"))
    wrong("token.*after.*the.*last", two_tokens)


def test_a_token_counts_once(serve, kdc, user):
    """Also with other bytes around what the client has encrypted."""
    s = serve()
    cache = kdc.user(user.name)
    with Gss(s) as g:
        g.start(user.name)
        g.context(cache)
        g.expect(RESPONSE)
        token = g.ctx.step()
        g.send(TOKEN, string(token))
        g.expect(TOKEN)
    at = token.index(b"\xa2\x07\x03\x05\x00") + 5  # ap-options: reserved bits
    for copy in (token, token[:at] + bytes([token[at] ^ 1]) + token[at + 1:]):
        with Gss(s) as g:
            mark = s.mark()
            g.start(user.name)
            g.expect(RESPONSE)
            g.send(TOKEN, string(copy))
            g.failed()
            s.wait_log("refused: Request is a replay", after=mark)
    assert come(s, user, cache).stdout == user.name + "\n"


def test_tries_that_are_left(serve, kdc, user):
    s = serve(limits="max_auth_tries = 50;")
    cache = kdc.user(user.name)
    with Gss(s) as g:
        g.start(user.name)
        g.expect(RESPONSE)
        # no answer to this one: a new request follows (RFC 4462 section 3.8)
        g.send(ERRTOK, string(b"no"))
        g.offer(user.name)
        g.establish(cache)
        old = g.mic()
        # interleaved: another method, then another try; the old MIC is worth nothing
        g.request(user.name, "publickey", b"\0", string("ssh-ed25519"), string(b"x"))
        g.failed()
        g.send(MIC, string(old))
        g.offer(user.name)
        g.expect(RESPONSE)
        g.send(MIC, string(old))
        g.failed()
        g.offer(user.name)
        g.establish(cache)
        g.send(MIC, string(old))
        g.failed()
        g.offer(user.name)
        g.establish(cache)
        g.send(MIC, string(g.mic()))
        g.expect(rawssh.USERAUTH_SUCCESS)
    s.wait_log("abandoned by the client|abandoned.*by.*the.*client")


def test_strangers_walk_the_same_path(serve, kdc, user):
    s = serve()
    cache = kdc.user(user.name)
    for name in ("nobody_of_that_name", "root"):
        with Gss(s) as g:
            mark = s.mark()
            g.start(name)
            g.establish(cache)
            g.send(MIC, string(g.mic()))
            g.failed()
            s.wait_log(rf"Failed gssapi-with-mic for (invalid user )?{name} ", after=mark)
            assert "Authorized to" not in s.log()[mark:]


def test_the_policy_knows_principals(serve, kdc, user):
    cache = kdc.user(user.name)
    s = serve(grants='principals = [ "*@OTHER.EXAMPLE" ];')
    refused(s, user, cache, f"principal {user.name}@{REALM} is not in principals")
    for principal, word in ((f"{user.name}@{REALM}", "no"), ("x@OTHER.EXAMPLE", "yes")):
        p = sp.run(["sallyportctl", "-f", s.config, "explain", "--user", user.name, "--from",
                    "127.0.0.1", "--principal", principal, "--brief", "--expect",
                    {"no": "deny", "yes": "allow"}[word]])
        assert p.returncode == 0 and "principal note: ~/.k5login" in p.stdout, p
    s = serve(grants="gssapi = false;")
    mark = s.mark()
    assert come(s, user, cache, PubkeyAuthentication="no").returncode == 255
    assert "gssapi-with-mic for" not in s.log()[mark:]
    s = serve(extra='guards = ( { name = "foreign"; match = { realm = "!OTHER.EXAMPLE"; }; '
                    'refuse = true; } );')
    refused(s, user, cache, "guard.*foreign")
    s = serve(extra=f'guards = ( {{ name = "foreign"; match = {{ principal = "{user.name}@*"; }}; '
                    'command = "echo forced"; } );')
    assert come(s, user, cache).stdout == "forced\n", s.log()[-3000:]


def test_a_keytab_that_cannot_serve_stops_a_start(serve, kdc, user):
    s = serve(start=False)
    for path, mode, why in ((f"{HERE}/none", None, "no such"),
                            (f"{HERE}/other.keytab", 0o600, f"has no key of host/{HOST}"),
                            (KEYTAB, 0o644, "is too open")):
        if why.startswith("has no"):
            kadmin(f"ktadd -k {path} host/other.test.example")
        if mode is not None:
            os.chmod(path, mode)
        s.write(s.text.replace(f'keytab = "{KEYTAB}"', f'keytab = "{path}"'))
        p = s.check()
        assert p.returncode != 0 and why in p.stderr, (why, p.stderr)
    os.chmod(KEYTAB, 0o600)
    # with any key of the keytab: a machine with several names
    s.write(s.text.replace(f'keytab = "{KEYTAB}"',
                           f'keytab = "{HERE}/other.keytab"; strict_acceptor = false'))
    assert s.check().returncode == 0


def test_the_settings_of_sshd(serve, kdc, user):
    """Its tickets are accepted where there is a keytab, and not elsewhere."""
    put(f"{HERE}/sshd_config", "GSSAPIAuthentication yes\nGSSAPIStrictAcceptorCheck no\n"
        "KerberosUseKuserok no\n"
        "Match User nobody\nGSSAPIAuthentication no\nGSSAPIEnablek5users yes\n")
    argv = ["sallyportctl", "import", f"{HERE}/sshd_config"]
    p = sp.run(argv)
    assert "gssapi" not in p.stdout and "there is no /etc/krb5.keytab" in p.stderr, p
    put("/etc/krb5.keytab", "", 0o600)
    try:
        p = sp.run(argv)
        for text in ('{ name = "gssapi"; options = { k5login = false; k5users = true; }; }',
                     "strict_acceptor = false", "gssapi = false", '"gssapi-with-mic"'):
            assert text in p.stdout, (text, p.stdout, p.stderr)
        assert "GSSAPIEnablek5users: is of all users here" in p.stderr
    finally:
        os.unlink("/etc/krb5.keytab")


def test_without_the_module_there_is_no_ticketholder(server, user):
    assert server.processes("ticketholder") == []
    assert server.ssh(user, "id -un").stdout == user.name + "\n"


def test_a_reload_leaves_what_is_open(serve, kdc, user):
    """The old ticketholder goes with its generation, and not before."""
    s = serve()
    cache = kdc.user(user.name)
    with Gss(s) as g:
        g.start(user.name)
        g.context(cache)
        g.expect(RESPONSE)
        old = ticketholder(s)
        mark = s.mark()
        os.kill(s.pid, signal.SIGHUP)
        s.wait_log("Configuration reloaded, generation 2", after=mark)
        assert len(s.processes("ticketholder")) == 2
        g.send(TOKEN, string(g.ctx.step()))
        g.ctx.step(g.expect(TOKEN)[5:])
        # one that dies now is replaced by the new image, from what it was left
        os.kill(old, signal.SIGKILL)
        g.send(MIC, string(g.mic()))
        g.failed()
        sp.wait_for(lambda: len(s.processes("ticketholder")) == 2, what="a new one")
        g.offer(user.name)
        g.establish(cache)
        g.send(MIC, string(g.mic()))
        g.expect(rawssh.USERAUTH_SUCCESS)
        assert come(s, user, cache).stdout == user.name + "\n"
    sp.wait_for(lambda: len(s.processes("ticketholder")) == 1, what="the end of the old one")
    assert come(s, user, cache).stdout == user.name + "\n"


def test_one_login_has_one_principal(serve, kdc, user, make_user):
    """A chain that asks for two tickets takes two of the same client."""
    s = serve(methods='"gssapi-with-mic,gssapi-with-mic"')
    own, other = kdc.user(user.name), make_user()
    second = kdc.user(other.name)
    path = user.home + "/.k5login"
    put(path, f"{user.name}@{REALM}\n{other.name}@{REALM}\n")
    os.chown(path, user.uid, user.gid)
    for caches, answer in (((own, second), rawssh.USERAUTH_FAILURE),
                           ((own, own), rawssh.USERAUTH_SUCCESS)):
        with Gss(s) as g:
            g.start(user.name)
            g.establish(caches[0])
            g.send(MIC, string(g.mic()))
            g.failed()  # partial success
            g.offer(user.name)
            g.establish(caches[1])
            g.send(MIC, string(g.mic()))
            g.expect(answer)
    s.wait_log("two principals in one login")
