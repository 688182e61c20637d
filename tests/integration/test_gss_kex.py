"""Key exchange by GSS-API (RFC 4462 section 2, RFC 8732) and gssapi-keyex, with
Debian's ssh, which has the patch, and a KDC of our own."""

import hashlib
import os
import re
import signal
import struct
import subprocess

import pytest

import evil_worker
import rawssh
import sp
from rawssh import Raw, mpint, string
from test_delegation import SHOW, TAKES, gone, name_of
from kerberos import (HERE, HOST, KRB5, MIC, REALM, Gss, come, gssapi,  # noqa: F401
                           kdc, put, pytestmark, serve, shifted, ticketholder)
from test_modules import hostile  # noqa: F401

INIT, CONTINUE, COMPLETE, HOSTKEY, ERROR = range(30, 35)
OID = "toWM5Slw5Ew8Mqkay+al2g=="
CURVE = "gss-curve25519-sha256-"
FAMILIES = (CURVE, "gss-nistp256-sha256-", "gss-group14-sha256-", "gss-group16-sha512-")
ON = "key_exchange = true;"
BOTH = '"gssapi-keyex", "gssapi-with-mic", "publickey"'


@pytest.fixture
def offer(serve):
    """A server that exchanges keys by GSS-API."""
    def make(kerberos="", methods=BOTH, **kw):
        return serve(kerberos=ON + kerberos, methods=methods, **kw)
    return make


def keyex(s, user, cache, *command, family=CURVE, **options):
    options.setdefault("PreferredAuthentications", "gssapi-keyex")
    return come(s, user, cache, *command, GSSAPIKeyExchange="yes",
                GSSAPIKexAlgorithms=family, **options)


class GssKex(Gss):
    """The exchange step by step."""

    def start_gss(self, cache, family=CURVE, host_key="ssh-ed25519,null", more=(), **kw):
        self.start_kex(kex=family + OID, host_key=host_key, **kw)
        self.new_context(cache, more)
        self.k_s = b""

    def new_context(self, cache, more=()):
        self.context(cache, more=more)
        self.token = self.ctx.step()

    def send_init(self, token=None):
        self.secret = rawssh.X25519PrivateKey.generate()
        self.share = self.secret.public_key().public_bytes(
            rawssh.Encoding.Raw, rawssh.PublicFormat.Raw)
        self.send(INIT, string(self.token if token is None else token), string(self.share))

    def finish_gss(self, k_s=None):
        """The server's proof; then the keys.  k_s: another host key to hash."""
        p = self.expect(HOSTKEY, COMPLETE)
        if p[0] == HOSTKEY:
            self.k_s = p[5:]
            p = self.expect(COMPLETE)
        fields, at = [], 1
        for _ in range(2):
            n = struct.unpack_from(">I", p, at)[0]
            fields.append(p[at + 4:at + 4 + n])
            at += 4 + n
        share, mic = fields
        assert p[at] == 1  # the server's token is there
        self.ctx.step(p[at + 5:])
        assert self.ctx.complete
        k = mpint(int.from_bytes(self.secret.exchange(
            rawssh.X25519PublicKey.from_public_bytes(share)), "big"))
        h = hashlib.sha256(
            string(self.version) + string(self.server_version) + string(self.mine)
            + string(self.theirs) + string(self.k_s if k_s is None else k_s)
            + string(self.share) + string(share) + k).digest()
        self.ctx.verify_signature(h, mic)
        self.use_keys(k, h)

    def use_keys(self, k, h):
        first = self.session_id is None
        if first:
            self.session_id = h

        def derive(letter, size):
            return hashlib.sha256(k + h + letter + self.session_id).digest()[:size]
        self.expect(rawssh.NEWKEYS)
        self.send(rawssh.NEWKEYS)
        self.seal = (derive(b"C", 32), bytearray(derive(b"A", 12)))
        self.open = (derive(b"D", 32), bytearray(derive(b"B", 12)))

    def gss_kex(self, cache, **kw):
        self.start_gss(cache, **kw)
        self.send_init()
        self.finish_gss()
        return self

    def keyex_mic(self, name, session=None, method="gssapi-keyex"):
        return self.ctx.get_signature(
            string(session or self.session_id) + bytes([50]) + string(name)
            + string("ssh-connection") + string(method))

    def keyex(self, name, mic=None):
        self.request(name, "gssapi-keyex", string(self.keyex_mic(name) if mic is None else mic))


def lists(payload):
    """The name-lists of a KEXINIT."""
    at, out = 17, []
    for _ in range(10):
        n = struct.unpack_from(">I", payload, at)[0]
        out.append(payload[at + 4:at + 4 + n].decode().split(","))
        at += 4 + n
    return out


def offered(s):
    with Raw(s) as r:
        r.start_kex()
        return lists(r.theirs)


@pytest.mark.parametrize("family", FAMILIES)
def test_each_method(offer, kdc, user, family):
    """No key is known of the host, and none is asked for."""
    s = offer()
    cache = kdc.user(user.name)
    p = keyex(s, user, cache, family=family, StrictHostKeyChecking="yes",
              UserKnownHostsFile="/dev/null")
    assert p.stdout == user.name + "\n", (p.stderr, s.log()[-4000:])
    s.wait_log(re.escape(family + OID))
    s.wait_log(rf"Authorized to {user.name}, krb5 principal {user.name}@{REALM} \(krb5_kuserok\)")
    s.wait_log(rf"Accepted gssapi-keyex for {user.name} from 127\.0\.0\.1 port \d+ ssh2: "
               rf"{user.name}@{REALM}")


def test_off_by_default(serve, kdc, user):
    cache = kdc.user(user.name)
    s = serve()
    kex, host_keys = offered(s)[:2]
    assert not [k for k in kex if k.startswith("gss-")] and "null" not in host_keys
    # a client that would like to goes on without
    assert keyex(s, user, cache, PreferredAuthentications="gssapi-with-mic").stdout == \
        user.name + "\n"
    s.write(s.text.replace('"gssapi-with-mic", ', '"gssapi-keyex", '))
    p = s.check()
    assert p.returncode != 0 and "needs kerberos.key_exchange" in p.stderr, p


def test_the_offer(offer, kdc, user):
    s = offer()
    kex, host_keys = offered(s)[:2]
    assert kex[:4] == [f + OID for f in (*FAMILIES[:2], FAMILIES[3], FAMILIES[2])]
    assert "mlkem768x25519-sha256" in kex and host_keys[-1] == "null"
    # a method that needs a host key is not chosen without one
    with Raw(s) as r:
        r.start_kex(host_key="null")
        assert r.end()[1].startswith("no matching host key type found")
    s = offer(extra='crypto = { gss_kex = [ "gss-nistp256-sha256-" ]; };')
    assert [k for k in offered(s)[0] if k.startswith("gss-")] == [FAMILIES[1] + OID]
    s.write(s.text.replace("gss-nistp256-sha256-", "gss-nistp256-sha1-"))
    assert "unknown name" in s.check().stderr


def test_a_listener_that_offers_none(offer, kdc, user, monkeypatch):
    """Nor can a broken worker of that listener ask for one."""
    evil_worker.build()
    monkeypatch.setattr(sp, "DAEMON", evil_worker.DAEMON)
    s = offer(start=False)
    s.write(s.text.replace("listeners = (", 'listeners = ( { name = "outside"; address = "127.0.0.1"; '
                           f"port = {s.port + 500}; crypto = {{ gss_kex = [ ]; }}; }}, ", 1))
    s.start()
    cache = kdc.user(user.name)
    assert offered(s)[0][0].startswith("gss-")
    s.port += 500
    kex, host_keys = offered(s)[:2]
    assert not [k for k in kex if k.startswith("gss-")] and "null" not in host_keys
    messages = evil_worker.table()
    with evil_worker.Evil(s, messages) as e:
        e.send("version", client=b"SSH-2.0-evil", server=b"SSH-2.0-good")
        e.raw(e.kex_bytes(CURVE + OID))
        e.wait_end()
        assert not e.got
        s.wait_log("broke the rules of the wall: .*message kex in state KEX")
    p = keyex(s, user, cache, PreferredAuthentications="gssapi-keyex,gssapi-with-mic")
    assert p.stdout == user.name + "\n", (p.stderr, s.log()[-3000:])
    s.wait_log("Accepted gssapi-with-mic for ")


@pytest.mark.parametrize("host_key", ["null", "ssh-ed25519", "ssh-ed25519,null"])
def test_the_host_key_is_not_part_of_it(offer, kdc, user, host_key):
    """Neither sent nor hashed; and each byte that is hashed counts."""
    s = offer()
    cache = kdc.user(user.name)
    with GssKex(s) as g:
        g.gss_kex(cache, host_key=host_key)
        assert rawssh.EXT_INFO not in g.number_seen  # not asked for
        g.service()
        g.keyex(user.name)
        g.expect(rawssh.USERAUTH_SUCCESS)
    with GssKex(s) as g:
        g.start_gss(cache, host_key=host_key)
        g.send_init()
        with pytest.raises(gssapi.exceptions.BadMICError):
            g.finish_gss(k_s=b"another")


def test_strict_and_the_wrong_guess(offer, kdc, user):
    """A packet that was guessed for another method is passed over."""
    s = offer()
    cache = kdc.user(user.name)
    with GssKex(s) as g:
        g.strict = True
        g.mine = bytearray(g.kexinit(kex="ext-info-c,unheard-of," + CURVE + OID))
        g.mine[-5] = 1
        g.mine = bytes(g.mine)
        g.send(g.mine)
        g.send(INIT, string(b"guess"))
        g.theirs = g.expect(rawssh.KEXINIT)
        g.new_context(cache)
        g.send_init()
        g.k_s = b""
        g.finish_gss()
        g.expect(rawssh.EXT_INFO)
        g.service()
        g.keyex(user.name)
        g.expect(rawssh.USERAUTH_SUCCESS)


def test_the_mic_is_of_this_session(offer, kdc, user):
    s = offer(limits="max_auth_tries = 50;")
    cache = kdc.user(user.name)

    def wrong(mic_of, reason):
        with GssKex(s) as g:
            mark = s.mark()
            g.gss_kex(cache)
            g.service()
            g.keyex(user.name, mic_of(g))
            g.failed()
            s.wait_log(f"Kerberos ticket .*refused: .*{reason}", after=mark)
            # it was the only one; a context of its own is another thing
            g.keyex(user.name)
            g.failed()
            s.wait_log("has made its MIC already", after=mark)
            g.offer(user.name)
            g.establish(cache)
            g.send(MIC, string(g.mic()))
            g.expect(rawssh.USERAUTH_SUCCESS)

    invalid = "A token had an invalid"
    wrong(lambda g: g.keyex_mic(user.name, session=b"x" * 32), invalid)
    wrong(lambda g: g.keyex_mic("root"), invalid)
    wrong(lambda g: g.keyex_mic(user.name, method="gssapi-with-mic"), invalid)
    wrong(lambda g: b"", "")
    wrong(lambda g: b"x" * 2000, "the MIC is too large")
    with GssKex(s) as g:
        g.gss_kex(cache)
        g.service()
        g.request(user.name, "gssapi-keyex", b"\0\0")
        g.failed()
        s.wait_log("the request is malformed")
    # without such an exchange there is nothing to prove it with
    with GssKex(s) as g:
        g.kex()
        g.service()
        g.context(cache)
        g.ctx.step()
        g.request(user.name, "gssapi-keyex", string(b"x" * 28))
        g.failed()
        s.wait_log("the first key exchange was not one of GSS-API")


def test_who_may_enter(offer, kdc, user, make_user):
    """As with gssapi-with-mic: the same names, rules and guards."""
    s = offer()
    cache = kdc.user(user.name)
    other = make_user()
    mark = s.mark()
    assert keyex(s, other, cache).returncode == 255
    s.wait_log(f"principal {user.name}@{REALM} is the account {user.name}", after=mark)
    put(other.home + "/.k5login", f"{user.name}@{REALM}\n")
    os.chown(other.home + "/.k5login", other.uid, other.gid)
    assert keyex(s, other, cache).stdout == other.name + "\n"
    for name in ("nobody_of_that_name", "root"):
        with GssKex(s) as g:
            g.gss_kex(cache)
            g.service()
            g.keyex(name)
            g.failed()
            s.wait_log(rf"Failed gssapi-keyex for (invalid user )?{name} ")
    s = offer(extra=f'guards = ( {{ name = "foreign"; match = {{ principal = "{user.name}@*"; }}; '
                    'command = "echo forced"; } );')
    assert keyex(s, user, cache).stdout == "forced\n"
    s = offer(grants='principals = [ "*@OTHER.EXAMPLE" ];')
    assert keyex(s, user, cache).returncode == 255
    s.wait_log(f"principal {user.name}@{REALM} is not in principals")


def test_a_chain_names_it(offer, kdc, user):
    cache = kdc.user(user.name)
    s = offer(methods='"gssapi-keyex,publickey"')
    assert keyex(s, user, cache).returncode == 255
    p = keyex(s, user, cache, PreferredAuthentications="gssapi-keyex,publickey")
    assert p.stdout == user.name + "\n", s.log()[-3000:]
    s.wait_log("Partial gssapi-keyex for ")
    # neither does the other's step
    s = offer(methods='"gssapi-with-mic"')
    assert keyex(s, user, cache).returncode == 255
    assert keyex(s, user, cache, PreferredAuthentications="gssapi-keyex,gssapi-with-mic"
                 ).stdout == user.name + "\n"
    s = offer(methods='"publickey"')
    assert keyex(s, user, cache, PreferredAuthentications="publickey").stdout == user.name + "\n"


def test_delegation(offer, kdc, user):
    s = offer(grants=TAKES)
    cache = kdc.user(user.name)
    p = keyex(s, user, cache, SHOW, GSSAPIDelegateCredentials="yes")
    name = name_of(p)
    assert re.fullmatch(rf"FILE:/tmp/krb5cc_{user.uid}_\w{{6}}", name), s.log()[-2500:]
    assert f"krbtgt/{REALM}@{REALM}" in p.stdout
    s.wait_log(f"Tickets delegated by {user.name}@{REALM} are in {name}")
    gone(s, user, name)
    assert name_of(keyex(s, user, cache, SHOW)) == ""


def test_rekeys(offer, kdc, user):
    """The client's, with a context of its own each.  More than a window: the
    rest comes behind the new keys only."""
    s = offer()
    cache = kdc.user(user.name)
    p = keyex(s, user, cache, "head -c 3000000 /dev/zero | tr '\\0' x", RekeyLimit="64K")
    assert p.stdout == "x" * 3000000, p.stderr
    s.wait_log("Rekeyed with")
    with GssKex(s) as g:
        g.gss_kex(cache)
        first = g.session_id
        g.service()
        g.keyex(user.name)
        g.expect(rawssh.USERAUTH_SUCCESS)
        g.gss_kex(cache)
        assert g.session_id == first
        g.kex(strict=False)  # and one of another method
        g.start_gss(cache)
        g.send_init(b"no token")
        assert g.end() is not None
    s.wait_log("Key exchange with 127.* refused: the token is not one that Kerberos begins with")


def test_tokens_that_are_not_good(offer, kdc, user):
    s = offer()
    cache = kdc.user(user.name)

    def refused(reason, *numbers, token=None, cache=cache, **kw):
        with GssKex(s) as g:
            mark = s.mark()
            g.start_gss(cache, **kw)
            g.send_init(token)
            for n in numbers:
                g.expect(n)
            assert "the ticket is not accepted" in g.end()[1]
            s.wait_log(f"Key exchange with 127.* refused: .*{reason}", after=mark)

    refused("Clock skew too great", CONTINUE, ERROR, cache=shifted(cache, 3600))
    refused("not one that Kerberos begins with", ERROR, token=b"")
    refused("not one that Kerberos begins with", ERROR, token=KRB5 * 4000)
    with GssKex(s) as g:
        g.gss_kex(cache)
        token = g.token
    refused("Request is a replay", ERROR, token=token)
    # proof of the host is the point of it
    creds = gssapi.Credentials(usage="initiate", store={"ccache": cache})
    ctx = gssapi.SecurityContext(
        name=gssapi.Name(f"host@{HOST}", gssapi.NameType.hostbased_service), creds=creds,
        usage="initiate", mech=gssapi.MechType.kerberos,
        flags=(gssapi.RequirementFlag.integrity,))
    refused("asks for no proof of this host", ERROR, token=ctx.step())
    # what is too large, and what is not awaited, breaks the protocol
    with GssKex(s) as g:
        g.start_gss(cache)
        g.send_init(b"x" * 65537)
        assert g.end() is not None
    with GssKex(s) as g:
        g.start_gss(cache)
        g.send(CONTINUE, string(g.token))
        assert g.end() is not None
    p = keyex(s, user, shifted(cache, 3600))
    assert p.returncode == 255 and "gss_init_context failed" in p.stderr, p.stderr
    assert keyex(s, user, cache).stdout == user.name + "\n"


def test_a_dead_ticketholder_costs_one_exchange(offer, kdc, user):
    s = offer()
    cache = kdc.user(user.name)
    pid = ticketholder(s)
    with GssKex(s) as g, GssKex(s) as open_one:
        open_one.gss_kex(cache)
        open_one.service()
        g.start_gss(cache)
        os.kill(pid, signal.SIGSTOP)
        g.send_init()
        g.expect(ERROR)
        assert g.end() is not None
        s.wait_log("Key exchange with 127.* refused: the ticketholder does not answer")
        os.kill(pid, signal.SIGKILL)
        # the context of another went with it; its connection did not
        open_one.keyex(user.name)
        open_one.failed()
        s.wait_log("ticket .*refused: the ticketholder does not answer")
        open_one.offer(user.name)
        open_one.establish(cache)
        open_one.send(MIC, string(open_one.mic()))
        open_one.expect(rawssh.USERAUTH_SUCCESS)
    assert keyex(s, user, cache).stdout == user.name + "\n"


def test_a_broken_worker_has_one_token(offer, kdc, user, monkeypatch):
    """What is refused is not tried again, and a context is no exchange."""
    evil_worker.build()
    monkeypatch.setattr(sp, "DAEMON", evil_worker.DAEMON)
    messages = evil_worker.table()
    s = offer()
    with evil_worker.Evil(s, messages) as e:
        e.send("version", client=b"SSH-2.0-evil", server=b"SSH-2.0-good")
        kex = e.kex_bytes(CURVE + OID)
        e.raw(kex)
        assert e.expect("kex_failed")["token"] == b""
        mark = s.mark()
        e.raw(kex)
        e.wait_end()
        assert "kex_done" not in [n for n, _ in e.got]
        s.wait_log("broke the rules of the wall", after=mark)


def test_a_module_s_child_has_no_context(offer, kdc, user):
    """Nor the door to the ticketholder."""
    s = offer(methods='"password,gssapi-keyex"', start=False)
    s.write(s.text.replace("modules = (", 'modules = ( { name = "hostile"; '
                           'options = { call = "child"; at = "authenticate"; }; },', 1))
    s.start()
    with GssKex(s) as g:
        g.gss_kex(kdc.user(user.name))
        g.service()
        g.request(user.name, "password", b"\0" + string("wrong"))
        left = int(s.wait_log(r"has left process (\d+) behind").group(1))
        g.failed()  # in part: the context is there for the next step
        monitor = next(p for p in s.processes(r"monitor \S+") if p != left)
        def sockets(pid):
            links = (os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd"))
            return {link for link in links if link.startswith("socket:")}
        # The child closes them before fork() returns to it, which may be later than the log's line.
        sp.wait_for(lambda: not sockets(left) & sockets(monitor), 10, "the child's closing")
        g.keyex(user.name)
        g.expect(rawssh.USERAUTH_SUCCESS)


def test_sshd_does_the_same(kdc, user, tmp_path):
    """Debian's, on the same exchange: no host key is sent or hashed, and "null" is offered only
    where there is no other."""
    config, port = tmp_path / "sshd_config", 2299
    config.write_text(f"Port {port}\nListenAddress 127.0.0.1\nHostKey {sp.host_key('ed25519')}\n"
                      "GSSAPIAuthentication yes\nGSSAPIKeyExchange yes\n"
                      f"GSSAPIKexAlgorithms {','.join(FAMILIES)}\nUsePAM no\nPidFile none\n"
                      "StrictModes no\n")
    p = subprocess.Popen(["/usr/sbin/sshd", "-D", "-e", "-f", str(config)],
                         env=dict(os.environ, KRB5_KTNAME=f"FILE:{HERE}/krb5.keytab"),
                         stderr=subprocess.PIPE)
    server = type("Sshd", (), {"port": port})
    try:
        def reachable():
            try:
                return offered(server)
            except OSError:
                return None
        kex, host_keys = sp.wait_for(reachable, what="sshd")[:2]
        assert kex[:4] == [f + OID for f in FAMILIES] and "null" not in host_keys
        cache = kdc.user(user.name)
        with GssKex(server) as g:
            g.gss_kex(cache, host_key="ssh-ed25519,null")
            assert HOSTKEY not in g.number_seen
            g.service()
            g.keyex(user.name)
            g.expect(rawssh.USERAUTH_SUCCESS)
    finally:
        p.kill()
        p.wait()


def test_the_import(kdc, user):
    put(f"{HERE}/sshd_config", "GSSAPIAuthentication yes\nGSSAPIKeyExchange yes\n"
        "GSSAPIKexAlgorithms gss-group16-sha512-,gss-group1-sha1-\n"
        "GSSAPIStoreCredentialsOnRekey yes\n")
    put("/etc/krb5.keytab", "", 0o600)
    try:
        p = sp.run(["sallyportctl", "import", f"{HERE}/sshd_config"])
    finally:
        os.unlink("/etc/krb5.keytab")
    for text in ("kerberos = { key_exchange = true; };", 'gss_kex = [ "gss-group16-sha512-" ];',
                 '"gssapi-keyex"', '"gssapi-with-mic"', "renew_delegated = true;"):
        assert text in p.stdout, (text, p.stdout, p.stderr)
    assert 'sallyport has no "gss-group1-sha1-"' in p.stderr, p.stderr
    assert "GSSAPIStoreCredentialsOnRekey" not in p.stderr
