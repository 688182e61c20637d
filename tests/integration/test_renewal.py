"""renew_delegated: tickets that a client delegates in a rekey take the place of the login's."""

import os
import re
import subprocess

import pytest

import rawssh
import sp
from rawssh import string
from test_delegation import (SHOW, STORE, TAKES, default_cache, entries, gone,  # noqa: F401
                             name_of, said, store)
from test_gss_kex import CURVE, GssKex, offer  # noqa: F401
from kerberos import REALM, gssapi, kdc, pytestmark, serve  # noqa: F401

RENEWS = TAKES + " renew_delegated = true;"
DELEGATES = (gssapi.RequirementFlag.delegate_to_peer,)
STORED = "Tickets delegated by {0}@{1} are in "
LOST = "error: Tickets delegated by {0}@{1} are lost: "


def ends(text):
    """When the ticket for tickets ends, as klist has it."""
    found = re.findall(rf"  (\S+ \S+)  krbtgt/{REALM}@{REALM}", text)
    assert len(found) == 1, text
    return found[0]


class Login(GssKex):
    """A client that delegates, in the login and in rekeys."""

    def login(self, user, cache, more=DELEGATES):
        self.user = user
        self.gss_kex(cache, more=more)
        self.service()
        self.keyex(user.name)
        self.expect(rawssh.USERAUTH_SUCCESS)
        self.name = said(self, "echo $KRB5CCNAME").strip()
        return self

    def rekey(self, cache, more=DELEGATES):
        self.gss_kex(cache, more=more)
        self.is_served()

    def is_served(self):
        """The monitor has come to its loop again."""
        self.send(80, string("no-such-request@example.com"), b"\1")
        self.expect(82)

    def ends(self):
        p = entries(self.user, self.name)
        assert p.returncode == 0, p
        return ends(p.stdout)

    def renewed(self, old, seconds=10):
        def differs():
            p = entries(self.user, self.name)
            return p.returncode == 0 and "krbtgt" in p.stdout and ends(p.stdout) != old
        sp.wait_for(differs, seconds, what="another ticket in " + self.name)
        return self.ends()


def stored(s, user, text=STORED):
    return s.log().count(text.format(user.name, REALM))


def test_the_client_renews_its_ticket(offer, kdc, user):
    """Debian's ssh exchanges keys again when its ticket is another."""
    s = offer(grants=RENEWS)
    kdc.user(user.name)
    cache = kdc.ticket(user.name, "-l", "1h")
    p = subprocess.Popen(
        s.ssh_argv(user, SHOW + "; cat >/dev/null; echo; klist", GSSAPIAuthentication="yes",
                   GSSAPIKeyExchange="yes", GSSAPIKexAlgorithms=CURVE,
                   GSSAPIDelegateCredentials="yes", GSSAPIRenewalForcesRekey="yes",
                   PreferredAuthentications="gssapi-with-mic"),
        env=dict(os.environ, KRB5CCNAME=cache), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True)
    try:
        name = p.stdout.readline().strip()
        assert name.startswith("FILE:"), s.log()[-3000:]
        kdc.ticket(user.name, "-l", "5h")

        def renewed():
            p.stdin.write("\n")  # it looks when there is something to do
            p.stdin.flush()
            return stored(s, user) == 2
        sp.wait_for(renewed, 60, what="the second store")
        out = p.communicate(timeout=30)[0].split("\n\n")
    finally:
        p.kill()
    shown = [t for t in "\n\n".join(out).split("Ticket cache:") if "krbtgt" in t]
    assert len(shown) == 2 and ends(shown[0]) != ends(shown[1]), out
    assert ends(shown[1]) == ends(sp.run(["klist", "-c", cache]).stdout)
    gone(s, user, name)


@pytest.mark.parametrize("kind", ["FILE:%s/cc", "DIR:%s/caches", "KEYRING:persistent:%%{uid}",
                                  "KEYRING:user:cc"])
def test_it_is_in_the_same_cache(offer, kdc, user, default_cache, kind):
    kdc.user(user.name)
    cache = kdc.ticket(user.name, "-l", "1h")
    default_cache(kind % user.home if "%s" in kind else kind.replace("%%", "%"))
    s = offer(grants=RENEWS)
    with Login(s) as g:
        g.login(user, cache)
        old = g.ends()
        kdc.ticket(user.name, "-l", "5h")
        g.rekey(cache)
        assert g.renewed(old) == ends(sp.run(["klist", "-c", cache]).stdout)
        for d in (user.home, user.home + "/caches"):  # nothing is left beside it
            if kind.endswith(d[len(user.home):] or "/cc") and os.path.isdir(d):
                left = [f for f in os.listdir(d) if f.startswith(("cc_", "tkt"))]
                assert left == [os.path.basename(g.name)], left
        if g.name[0] in "FD":
            st = os.stat(g.name.lstrip("FILEDR").lstrip(":"))
            assert (st.st_uid, st.st_mode & 0o777) == (user.uid, 0o600)
    gone(s, user, g.name)


def test_another_principals_does_not_replace(offer, kdc, user):
    """Also of one who could log in to the same account."""
    s = offer(grants=RENEWS)
    kdc.user(user.name)
    cache = kdc.ticket(user.name, "-l", "1h")
    kdc.user("renewer")
    others = kdc.ticket("renewer", "-l", "5h")
    with open(user.home + "/.k5login", "w") as f:
        f.write(f"{user.name}@{REALM}\nrenewer@{REALM}\n")
    os.chown(user.home + "/.k5login", user.uid, user.gid)
    with Login(s) as g:
        g.login(user, cache)
        old = g.ends()
        g.rekey(others)
        s.wait_log(LOST.format("renewer", REALM) + "the login is another principal's")
        assert g.ends() == old
        assert f"principal: {user.name}@{REALM}" in entries(user, g.name).stdout
        assert stored(s, user) == 1
        # the login's own does, on the same connection
        kdc.ticket(user.name, "-l", "6h")
        g.rekey(cache)
        g.renewed(old)


def test_the_policy_decides(offer, kdc, user):
    kdc.user(user.name)
    cache = kdc.ticket(user.name, "-l", "1h")

    def keeps(s, more=DELEGATES):
        with Login(s) as g:
            g.login(user, cache, more=more)
            mark = s.mark()
            old = g.ends() if g.name else None
            g.rekey(kdc.ticket(user.name, "-l", "5h"))
            s.wait_log("Rekeyed with", after=mark)
            g.is_served()
            assert "Tickets delegated" not in s.log()[mark:]
            assert old is None or g.ends() == old
        kdc.ticket(user.name, "-l", "1h")
    keeps(offer(grants=TAKES))  # off unless it is granted
    keeps(offer(grants=RENEWS, extra='guards = ( { name = "none"; match = { principal = "*"; }; '
                'renew_delegated = false; } );'))
    # nothing was stored at the login: nothing is to be renewed
    keeps(offer(grants=RENEWS), more=())
    keeps(offer(grants="renew_delegated = true;"))


def test_a_storm_of_rekeys_is_one_store_at_a_time(offer, kdc, user):
    s = offer(grants=RENEWS)
    kdc.user(user.name)
    cache = kdc.ticket(user.name, "-l", "1h")
    with Login(s) as g:
        g.login(user, cache)
        old = g.ends()
        g.rekey(kdc.ticket(user.name, "-l", "2h"))
        old = g.renewed(old)
        for _ in range(20):
            g.rekey(cache)
        # the last of them is what comes
        g.rekey(kdc.ticket(user.name, "-l", "5h"))
        assert g.renewed(old, 30) == ends(sp.run(["klist", "-c", cache]).stdout)
        assert stored(s, user) < 10


def test_what_the_user_has_made_of_it_stays(offer, kdc, user):
    s = offer(grants=RENEWS)
    cache = kdc.user(user.name)
    kdc.user("renewer")
    with Login(s) as g:
        g.login(user, cache)
        p = sp.run(["runuser", "-u", user.name, "--", "kinit", "-c", g.name, "renewer"],
                   input="pw\n")
        assert p.returncode == 0, p
        g.rekey(cache)
        s.wait_log(LOST.format(user.name, REALM) + f"{g.name}: it is another principal's by now")
        assert f"principal: renewer@{REALM}" in entries(user, g.name).stdout
        g.is_served()
    with Login(s) as g:
        g.login(user, cache)
        assert sp.run(["runuser", "-u", user.name, "--", "kdestroy", "-c", g.name]).returncode == 0
        mark = s.mark()
        g.rekey(cache)
        s.wait_log(LOST.format(user.name, REALM) + f"{g.name}: ", after=mark)
        assert entries(user, g.name).returncode != 0
        g.is_served()


def test_a_store_that_fails_costs_no_connection(offer, kdc, user, store):
    s = offer(grants=RENEWS, extra="deadlines = { files = 1; };")
    kdc.user(user.name)
    cache = kdc.ticket(user.name, "-l", "1h")
    store(f"#!/bin/sh\n[ $2 = renew ] || exec {STORE}.real \"$@\"\n"
          "exec sleep 600\n")
    with Login(s) as g:
        g.login(user, cache)
        old = g.ends()
        kdc.ticket(user.name, "-l", "5h")
        g.rekey(cache)
        s.wait_log(LOST.format(user.name, REALM) + "it took too long")
        assert g.ends() == old
        g.is_served()
    gone(s, user, g.name)
