"""Shared by the tests of Kerberos: a realm with a KDC of our own (MIT's, on
loopback), servers in it, and a client that speaks gssapi-with-mic by hand."""

import os
import re
import signal
import struct
import subprocess

import pytest

import rawssh
import sp
from rawssh import Raw, string

PROGRAM = f"{sp.BUILD}/sallyport-ticketholder"
gssapi = pytest.importorskip("gssapi")
pytestmark = pytest.mark.skipif(
    not os.path.exists(PROGRAM) or not os.path.exists("/usr/sbin/krb5kdc"),
    reason="built without Kerberos, or no KDC here")

REALM = "TEST.EXAMPLE"
HOST = "testhost.test.example"
HERE = f"{sp.SCRATCH}/krb5"
KEYTAB = f"{HERE}/krb5.keytab"
RESPONSE, TOKEN, COMPLETE, ERROR, ERRTOK, MIC = 60, 61, 63, 64, 65, 66
KRB5 = bytes.fromhex("06092a864886f71201 0202")
SPNEGO = bytes.fromhex("06062b0601050502")

CONF = f"""
[libdefaults]
 default_realm = {REALM}
 dns_lookup_kdc = false
 dns_lookup_realm = false
 rdns = false
 forwardable = true
[realms]
 {REALM} = {{
  kdc = 127.0.0.1:8888
  auth_to_local = RULE:[1:$1](boss)s/.*/root/
  auth_to_local = DEFAULT
 }}
[domain_realm]
 .test.example = {REALM}
"""

KDC_CONF = f"""
[kdcdefaults]
 kdc_listen = 127.0.0.1:8888
 kdc_tcp_listen = 127.0.0.1:8888
[realms]
 {REALM} = {{
  database_name = {HERE}/principal
  key_stash_file = {HERE}/stash
  max_life = 1d
 }}
"""


def put(path, text, mode=0o644):
    with open(path, "w") as f:
        f.write(text)
    os.chmod(path, mode)


def kadmin(*queries):
    for q in queries:
        p = sp.run(["kadmin.local", "-r", REALM, "-q", q])
        assert p.returncode == 0 and "while" not in p.stderr, (q, p.stdout, p.stderr)


class Kdc:
    def __init__(self):
        os.makedirs(HERE, exist_ok=True)
        put("/etc/hosts", f"127.0.0.1 {HOST} testhost localhost\n")
        put("/etc/nsswitch.conf", "passwd: files\ngroup: files\nshadow: files\nhosts: files\n")
        put("/etc/krb5.conf", CONF)
        put(f"{HERE}/kdc.conf", KDC_CONF)
        os.environ["KRB5_KDC_PROFILE"] = f"{HERE}/kdc.conf"
        if not os.path.exists(f"{HERE}/principal"):
            sp.run(["kdb5_util", "-r", REALM, "create", "-s", "-P", "m"], check=0, timeout=60)
            kadmin(f"addprinc -randkey host/{HOST}", "addprinc -randkey host/other.test.example",
                   f"ktadd -k {KEYTAB} host/{HOST}")
        self.kdc = subprocess.Popen(["krb5kdc", "-n"], stdout=subprocess.DEVNULL,
                                    stderr=subprocess.DEVNULL)

    def user(self, name):
        p = sp.run(["kadmin.local", "-r", REALM, "-q", f"addprinc -pw pw {name}"])
        assert "created" in p.stdout or "already exists" in p.stderr, (p.stdout, p.stderr)
        return self.ticket(name)

    def ticket(self, name, *options):
        """A cache with a ticket of this principal."""
        path = f"{HERE}/cc_{re.sub('[^a-z0-9_]', '_', name)}"
        p = sp.wait_for(lambda: self.kinit(path, name, options), what="kinit")
        assert p
        os.chmod(path, 0o644)
        return path

    def kinit(self, path, name, options):
        return sp.run(["kinit", "-c", path, *options, name], input="pw\n").returncode == 0


@pytest.fixture(scope="module")
def kdc():
    saved = {p: open(p).read() for p in ("/etc/hosts", "/etc/nsswitch.conf", "/etc/krb5.conf")}
    k = Kdc()
    yield k
    k.kdc.kill()
    k.kdc.wait()
    for path, text in saved.items():
        put(path, text)


MODULES = '{ name = "pam"; }, { name = "publickey"; }, { name = "gssapi"; options = { %s }; }'


@pytest.fixture
def serve(make_server, kdc):
    def make(options="", kerberos="", methods='"gssapi-with-mic", "publickey"', grants="",
             extra="", root="", **kw):
        s = make_server(
            modules=MODULES % options,
            extra=f'kerberos = {{ keytab = "{KEYTAB}"; {kerberos} }}; {extra}',
            rules=f'rules = ( {{ name = "root"; match = {{ user = "root"; }}; '
                  f'methods = [ "gssapi-with-mic" ]; root_login = "key"; {root} }}, '
                  f'{{ name = "users"; methods = [ {methods} ]; {grants} }} );', **kw)
        s.host = HOST
        return s
    return make


def come(s, user, cache, *command, **options):
    options.setdefault("PreferredAuthentications", "gssapi-with-mic")
    argv = s.ssh_argv(user, *(command or ("id -un",)), GSSAPIAuthentication="yes", **options)
    return sp.run(argv, env=dict(os.environ, KRB5CCNAME=cache))


def refused(s, user, cache, pattern, **options):
    mark = s.mark()
    p = come(s, user, cache, **options)
    assert p.returncode == 255 and p.stdout == "", (p.stdout, p.stderr, s.log()[mark:][-4000:])
    s.wait_log(pattern, after=mark)


class Gss(Raw):
    """The method step by step."""

    def start(self, name, *oids):
        self.kex()
        self.service()
        self.offer(name, *oids)

    def offer(self, name, *oids):
        oids = oids or (KRB5,)
        self.name = name
        self.request(name, "gssapi-with-mic", struct.pack(">I", len(oids)),
                     *[string(o) for o in oids])

    def context(self, cache, host=HOST, more=()):
        creds = gssapi.Credentials(usage="initiate", store={"ccache": cache})
        target = gssapi.Name(f"host@{host}", gssapi.NameType.hostbased_service)
        self.ctx = gssapi.SecurityContext(name=target, creds=creds, usage="initiate",
                                          mech=gssapi.MechType.kerberos,
                                          flags=(gssapi.RequirementFlag.mutual_authentication,
                                                 gssapi.RequirementFlag.integrity, *more))

    def establish(self, cache):
        self.context(cache)
        self.expect(RESPONSE)
        token = self.ctx.step()
        while token is not None:
            self.send(TOKEN, string(token))
            if self.ctx.complete:
                break
            answer = self.expect(TOKEN)
            token = self.ctx.step(answer[5:])

    def mic(self, session=None, name=None):
        data = (string(session or self.session_id) + bytes([50]) + string(name or self.name)
                + string("ssh-connection") + string("gssapi-with-mic"))
        return self.ctx.get_signature(data)

    def failed(self):
        self.expect(rawssh.USERAUTH_FAILURE)


def shifted(cache, seconds):
    """The same cache, with a ticket for us, of a client whose clock goes by
    so much ahead of the KDC's."""
    sp.run(["kvno", "-c", cache, f"host/{HOST}"], check=0)
    data = open(cache, "rb").read()
    assert data[:4] == bytes.fromhex("0504000c"), data[:16]
    path = cache + f"_{seconds}"
    with open(path, "wb") as f:
        f.write(data[:8] + struct.pack(">ii", seconds, 0) + data[16:])
    return path


def ticketholder(s):
    return s.processes("ticketholder")[0]
