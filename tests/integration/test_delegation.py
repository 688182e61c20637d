"""ssh -K: tickets that a client delegates, in the user's credential cache."""

import os
import re
import struct

import pytest

import rawssh
import sp
from rawssh import string
from kerberos import (CONF, HOST, MIC, REALM, RESPONSE, TOKEN, Gss, come, gssapi,  # noqa: F401
                           kdc, put, pytestmark, serve)

STORE = "/usr/libexec/sallyport-ticketstore"
TAKES = "delegation = true;"
SHOW = "echo $KRB5CCNAME; klist"


def delegate(s, user, cache, *command, **options):
    return come(s, user, cache, *(command or (SHOW,)), GSSAPIDelegateCredentials="yes", **options)


def name_of(p):
    return p.stdout.split("\n")[0]


def entries(user, name):
    """Does the cache exist, as the user sees it?"""
    return sp.run(["runuser", "-u", user.name, "--", "klist", "-c", name])


@pytest.fixture
def default_cache():
    """default_ccache_name for as long as the test runs."""
    def set_to(name):
        put("/etc/krb5.conf", CONF.replace("[realms]", f" default_ccache_name = {name}\n[realms]"))
    yield set_to
    put("/etc/krb5.conf", CONF)


def gone(s, user, name):
    sp.wait_for(lambda: entries(user, name).returncode != 0, what=f"the end of {name}")


def test_a_delegated_ticket_is_the_sessions(serve, kdc, user):
    s = serve(grants=TAKES)
    cache = kdc.user(user.name)
    p = delegate(s, user, cache, SHOW + "; stat -c '%U %a' ${KRB5CCNAME#FILE:}")
    name = name_of(p)
    assert re.fullmatch(rf"FILE:/tmp/krb5cc_{user.uid}_\w{{6}}", name), s.log()[-2500:]
    assert f"Default principal: {user.name}@{REALM}" in p.stdout
    assert f"krbtgt/{REALM}@{REALM}" in p.stdout and f"\n{user.name} 600\n" in p.stdout
    s.wait_log(f"Tickets delegated by {user.name}@{REALM} are in {name}")
    gone(s, user, name)
    assert not [f for f in os.listdir("/tmp") if f.startswith("krb5cc_")]
    # nothing was delegated, nothing is there
    assert name_of(come(s, user, cache, SHOW)) == ""


def test_the_ticket_opens_the_next_host(serve, kdc, user):
    """From within, with nothing but what was delegated."""
    s = serve(grants=TAKES)
    cache = kdc.user(user.name)
    command = (f"ssh -F none -p {s.port} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null"
               f" -o GSSAPIAuthentication=yes -o PreferredAuthentications=gssapi-with-mic"
               f" -K {HOST} 'id -un; echo $KRB5CCNAME'; echo $KRB5CCNAME")
    p = delegate(s, user, cache, command)
    lines = p.stdout.split("\n")
    assert lines[0] == user.name and lines[1].startswith("FILE:"), s.log()[-2500:]
    assert lines[2].startswith("FILE:") and lines[1] != lines[2]


def test_the_policy_decides_about_delegation(serve, kdc, user):
    cache = kdc.user(user.name)
    s = serve()  # off unless it is granted
    assert name_of(delegate(s, user, cache)) == ""
    s = serve(grants=TAKES, extra='guards = ( { name = "none"; match = { principal = "*"; }; '
              'delegation = false; } );')
    assert name_of(delegate(s, user, cache)) == ""
    assert "Tickets delegated" not in s.log()
    s = serve(grants=TAKES, extra='guards = ( { name = "local"; match = { delegated = true; }; '
              'refuse = true; } );')
    assert come(s, user, cache).stdout == user.name + "\n"
    assert delegate(s, user, cache).returncode == 255
    s.wait_log("guard.*local")
    s = serve(grants=TAKES + " keep_delegated = true;")
    name = name_of(delegate(s, user, cache))
    s.wait_log("Disconnected from user")
    assert entries(user, name).returncode == 0, s.log()[-3000:]
    os.unlink(name[5:])


@pytest.mark.parametrize("kind,pattern", [
    ("DIR:%s/caches", r"DIR::%s/caches/tkt\w+"),
    ("KEYRING:persistent:%%{uid}", r"KEYRING:persistent:\d+:krb_ccache_\w+"),
    ("KEYRING:user:cc", r"KEYRING:user:cc:krb_ccache_\w+"),
    ("FILE:%s/cc", r"FILE:%s/cc_\w{6}")])
def test_the_cache_is_of_the_users_default_type(serve, kdc, user, default_cache, kind, pattern):
    """And in a collection that has none yet it is the first."""
    home = user.home if "%s" in kind else ""
    cache = kdc.user(user.name)  # kinit would make the directory, as root
    default_cache(kind % home if home else kind.replace("%%", "%"))
    s = serve(grants=TAKES)
    p = delegate(s, user, cache, SHOW + "; unset KRB5CCNAME; klist -l")
    name = name_of(p)
    assert re.fullmatch(pattern % home if home else pattern, name), s.log()[-2500:]
    assert f"krbtgt/{REALM}@{REALM}" in p.stdout
    if not kind.startswith("FILE"):
        assert p.stdout.count(f"{user.name}@{REALM}") > 1
    s.wait_log("Disconnected from user")
    gone(s, user, name)


def test_what_cannot_be_stored_costs_no_login(serve, kdc, user, default_cache):
    s = serve(grants=TAKES)
    cache = kdc.user(user.name)
    for name, why in (("MEMORY:x", "does not outlive"), ("KEYRING:session:x", "does not outlive"),
                      ("FILE:/root/cc", "/root/cc_.*Permission denied"),
                      ("FILE:/nonexistent/cc", "No such file"),
                      ("DIR:/root/x/cc", "DIR:/root/x/cc")):
        default_cache(name)
        mark = s.mark()
        p = delegate(s, user, cache, "id -un; echo $KRB5CCNAME")
        assert p.stdout == user.name + "\n\n", (p, s.log()[mark:])
        s.wait_log(f"error: Tickets delegated by {user.name}@{REALM} are lost: .*{why}", after=mark)


@pytest.fixture
def store():
    """sallyport-ticketstore as something else for a while."""
    os.rename(STORE, STORE + ".real")

    def replace(script):
        with open(STORE, "w") as f:
            f.write(script)
        os.chmod(STORE, 0o755)
    yield replace
    os.rename(STORE + ".real", STORE)


def test_a_store_that_hangs_costs_no_login(serve, kdc, user, store):
    s = serve(grants=TAKES, extra="deadlines = { files = 1; };")
    cache = kdc.user(user.name)
    store("#!/bin/sh\nexec sleep 600\n")
    assert delegate(s, user, cache, "id -un; echo $KRB5CCNAME").stdout == user.name + "\n\n"
    s.wait_log("are lost: it took too long")
    for script, why in (("#!/bin/sh\nkill -9 $$\n", "ended with status 265"),
                        ("#!/bin/sh\nexit 0\n", "the cache has no name"),
                        ("#!/bin/sh\nprintf 'a\\nb'\n", "ended with status 0"),
                        ("#!/bin/sh\nyes\n", "printed too much")):
        store(script)
        mark = s.mark()
        assert delegate(s, user, cache, "id -un; echo $KRB5CCNAME").stdout == user.name + "\n\n"
        s.wait_log(why, after=mark)


def test_the_store_has_no_privileges(serve, kdc, user, store):
    """Neither of root's, nor for root itself; nothing of the server's is open in it."""
    s = serve(grants=TAKES, root=TAKES)
    out = "/tmp/store"
    store("#!/bin/sh\nls -l /proc/self/fd >>%s; cat /proc/self/status >>%s; env >>%s; exit 1\n"
          % (out, out, out))
    cache = kdc.user(user.name)
    for who in (user, type("Root", (), {"name": "root", "key": None, "uid": 0})):
        if who.uid == 0:
            cache = kdc.user("boss")
        assert delegate(s, who, cache, "id -un").stdout == who.name + "\n", s.log()[-3000:]
        text = open(out).read()
        os.unlink(out)
        assert re.search(rf"Uid:\t{who.uid}\t{who.uid}\t{who.uid}\t{who.uid}\n", text), text
        for line in ("CapPrm", "CapEff", "CapInh", "CapAmb"):
            assert re.search(rf"{line}:\t0+\n", text), (line, text)
        assert who.uid != 0 or re.search(r"CapBnd:\t0+\n", text)
        assert "NoNewPrivs:\t1" in text
        fds = [ln for ln in text.split("\n") if " -> " in ln]
        # its own directory listing, and the script that the shell reads
        assert len(fds) <= 5, fds
        assert not [ln for ln in fds if "socket:" in ln], fds


def said(g, command):
    """What a command prints, without a client."""
    g.send(90, string("session"), struct.pack(">III", 0, 1 << 20, 1 << 15))
    g.expect(91)
    g.send(98, struct.pack(">I", 0), string("exec"), b"\1", string(command))
    while True:
        p = g.receive()
        if p[0] == 94:
            return p[9:].decode()


def test_a_wrong_mic_delegates_nothing(serve, kdc, user):
    s = serve(grants=TAKES)
    cache = kdc.user(user.name)
    with Gss(s) as g:
        g.start(user.name)
        for good in (False, True):
            g.context(cache, more=(gssapi.RequirementFlag.delegate_to_peer,) if not good else ())
            g.expect(RESPONSE)
            g.send(TOKEN, string(g.ctx.step()))
            g.ctx.step(g.expect(TOKEN)[5:])
            mic = g.mic()
            g.send(MIC, string(mic if good else bytes([mic[0] ^ 1]) + mic[1:]))
            if not good:
                g.failed()
                g.offer(user.name)
        g.expect(rawssh.USERAUTH_SUCCESS)
        assert said(g, "echo =$KRB5CCNAME") == "=\n"
    assert "Tickets" not in s.log()
    # and with the right one it does
    with Gss(s) as g:
        g.start(user.name)
        g.context(cache, more=(gssapi.RequirementFlag.delegate_to_peer,))
        g.expect(RESPONSE)
        g.send(TOKEN, string(g.ctx.step()))
        g.ctx.step(g.expect(TOKEN)[5:])
        g.send(MIC, string(g.mic()))
        g.expect(rawssh.USERAUTH_SUCCESS)
        assert said(g, "echo =$KRB5CCNAME").startswith("=FILE:")


def test_pam_finds_the_ticket(serve, kdc, user):
    """Each of its modules that looks for one, from pam_setcred() to the end."""
    out = "/tmp/pam_env"
    with open("/etc/pam.d/krbtest", "w") as f:
        f.write(open("/etc/pam.d/sallyport").read()
                + "session optional pam_exec.so /usr/local/sbin/krbprobe\n")
    with open("/usr/local/sbin/krbprobe", "w") as f:
        f.write(f'#!/bin/sh\necho "$PAM_TYPE $KRB5CCNAME $(stat -c %U ${{KRB5CCNAME#FILE:}})" >>{out}\n')
    os.chmod("/usr/local/sbin/krbprobe", 0o755)
    s = serve(grants=TAKES + ' pam_service = "krbtest";')
    name = name_of(delegate(s, user, kdc.user(user.name)))
    assert name.startswith("FILE:")
    sp.wait_for(lambda: "close_session" in open(out).read(), what="the end of PAM's session")
    # opened behind the store, closed before the cache is removed
    assert open(out).read() == "".join(f"{k}_session {name} {user.name}\n" for k in ("open", "close"))
