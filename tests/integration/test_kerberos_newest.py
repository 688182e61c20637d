"""Debian 13's client with a ticket, from a root of its own."""

import pytest

import sp
import test_interop_trixie as interop
from test_interop_trixie import root  # noqa: F401
from kerberos import REALM, kdc, put, pytestmark, serve  # noqa: F401


@pytest.mark.skipif(interop.HERE is None, reason="no Debian 13 here")
def test_the_newest_client(serve, kdc, user, root):  # noqa: F811
    """Debian 13's ssh -K, also when it asks for a key exchange that is off."""
    s = serve(grants="delegation = true;")
    cache = kdc.user(user.name)
    for path in ("/etc/krb5.conf", "/etc/hosts", "/etc/nsswitch.conf"):
        put(root + path, open(path).read())
    for exchange in ("no", "yes"):
        p = sp.run(["env", "KRB5CCNAME=" + cache,
                    *interop.argv(root, s, user, "id -un; klist", flags=("-K",),
                                  GSSAPIAuthentication="yes", GSSAPIKeyExchange=exchange,
                                  PreferredAuthentications="gssapi-with-mic")])
        assert p.stdout.startswith(user.name + "\n"), (p.stderr[-3000:], s.log()[-2000:])
        assert f"krbtgt/{REALM}@{REALM}" in p.stdout
