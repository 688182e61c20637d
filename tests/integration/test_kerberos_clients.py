"""Other people's clients with tickets: plink, paramiko, ssh through a jump host,
and a user of a directory."""

import os

import pytest

import rawssh
import sp
from rawssh import string
from test_clients import host_fingerprint
from test_directory import directory, scene  # noqa: F401
from kerberos import (HOST, MIC, REALM, Gss, come, kdc, put, pytestmark,  # noqa: F401
                           refused, serve)

NAMES = "/etc/nsswitch.conf"


def test_plink(serve, kdc, user):
    """PuTTY finds libgssapi at run time."""
    s = serve()
    cache = kdc.user(user.name)
    p = sp.run(["plink", "-batch", "-ssh", "-P", str(s.port), "-l", user.name, "-hostkey",
                host_fingerprint(s), HOST, "id -un; exit 4"],
               env=dict(os.environ, KRB5CCNAME=cache))
    assert p.returncode == 4 and p.stdout == user.name + "\n", (p.stderr, s.log()[-3000:])
    s.wait_log(f"Accepted gssapi-with-mic for {user.name} .*: {user.name}@{REALM}")
    # it exchanges keys so where it can, and then needs no fingerprint
    s = serve(kerberos="key_exchange = true;",
              methods='"gssapi-keyex", "gssapi-with-mic", "publickey"')
    p = sp.run(["plink", "-batch", "-ssh", "-P", str(s.port), "-l", user.name, HOST,
                "id -un; exit 4"], env=dict(os.environ, KRB5CCNAME=cache))
    assert p.returncode == 4 and p.stdout == user.name + "\n", (p.stderr, s.log()[-3000:])
    s.wait_log(f"Accepted gssapi-keyex for {user.name} .*: {user.name}@{REALM}")


def test_paramiko(serve, kdc, user, monkeypatch):
    pytest.importorskip("pyasn1")
    import paramiko
    s = serve(grants="delegation = true;")
    monkeypatch.setenv("KRB5CCNAME", kdc.user(user.name))
    c = paramiko.SSHClient()
    c.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    c.connect(HOST, s.port, user.name, gss_auth=True, gss_deleg_creds=True, gss_host=HOST,
              allow_agent=False, look_for_keys=False, timeout=20)
    _, out, _ = c.exec_command("id -un; klist")
    text = out.read().decode()
    assert text.startswith(user.name + "\n") and f"krbtgt/{REALM}@{REALM}" in text, text
    c.close()
    s.wait_log(f"Accepted gssapi-with-mic for {user.name} ")
    # a ticket of somebody else's
    monkeypatch.setenv("KRB5CCNAME", kdc.user("spt_other"))
    with pytest.raises(paramiko.AuthenticationException):
        c.connect(HOST, s.port, user.name, gss_auth=True, gss_host=HOST, allow_agent=False,
                  look_for_keys=False, timeout=20)


def test_hops_with_one_ticket(serve, kdc, user):
    """ssh -J: each hop sees the ticket, the last one is given it."""
    jump = serve(grants='local_forward = [ "*:*" ];')
    last = serve(grants="delegation = true;")
    cache = kdc.user(user.name)
    config = f"{sp.SCRATCH}/hops_{user.name}"
    put(config, f"""
Host jump
  Port {jump.port}
Host last
  Port {last.port}
  ProxyJump jump
  GSSAPIDelegateCredentials yes
Host *
  HostName {HOST}
  User {user.name}
  HostKeyAlias %n
  GSSAPIAuthentication yes
  PreferredAuthentications gssapi-with-mic
  StrictHostKeyChecking no
  UserKnownHostsFile {config}.known
  LogLevel ERROR
""")
    p = sp.run(["ssh", "-F", config, "last", "id -un; klist"],
               env=dict(os.environ, KRB5CCNAME=cache))
    assert p.stdout.startswith(user.name + "\n") and f"krbtgt/{REALM}@{REALM}" in p.stdout, \
        (p.stderr, jump.log()[-2000:], last.log()[-2000:])
    for s in (jump, last):
        s.wait_log(f"Accepted gssapi-with-mic for {user.name} ")
    assert "Tickets delegated" not in jump.log()


def test_a_user_of_the_directory(serve, kdc, directory):  # noqa: F811
    """Neither the ticket's process nor krb5.conf knows the account."""
    files = open(NAMES).read()
    put(NAMES, files.replace("files", "files ldap").replace("hosts: files ldap", "hosts: files"))
    try:
        sp.wait_for(lambda: sp.run(["getent", "passwd", "spt_ann"]).returncode == 0,
                    30, "the directory's users")
        ann, cache = directory.ann, kdc.user("spt_ann")
        s = serve(grants='pam_service = "sp-directory"; delegation = true;',
                  extra='deadlines = { nss = 15; pam = 15; }; guards = ( { name = "admins"; '
                  'match = { group = "!spt_admins"; }; refuse = true; } );')
        p = come(s, ann, cache, "id -un; pwd; klist", GSSAPIDelegateCredentials="yes")
        lines = p.stdout.splitlines()
        assert lines[:2] == ["spt_ann", "/home/spt_ann"], (p.stderr, s.log()[-3000:])
        assert f"Default principal: spt_ann@{REALM}" in lines
        # not in the group; not the account's
        refused(s, directory.ben, kdc.user("spt_ben"), "guard.*admins")
        refused(s, directory.ben, cache, f"principal spt_ann@{REALM} is the account spt_ann")
    finally:
        put(NAMES, files)


@pytest.mark.parametrize("kind", ["chain", "key"])
def test_a_ticket_and_another_factor(serve, kdc, user, kind):
    """SSH_USER_AUTH and SSH_AUTH_INFO_0 name the principal, as sshd's do."""
    out = f"{sp.SCRATCH}/auth_info"
    put("/usr/local/sbin/krbinfo", f'#!/bin/sh\nprintf %s "$SSH_AUTH_INFO_0" >{out}\n', 0o755)
    sp.write_pam("krbinfo", open("/etc/pam.d/sallyport").read()
                 + "session optional pam_exec.so /usr/local/sbin/krbinfo\n")
    first = {"chain": "gssapi-with-mic,password", "key": "publickey,gssapi-with-mic"}[kind]
    s = serve(methods=f'"{first}"', grants='pam_service = "krbinfo"; expose_auth = true;')
    cache = kdc.user(user.name)
    options = {"chain": {"PreferredAuthentications": "gssapi-with-mic,password", "BatchMode": "no"},
               "key": {"PreferredAuthentications": "publickey,gssapi-with-mic"}}[kind]
    argv = s.ssh_argv(user, "cat $SSH_USER_AUTH", password=kind == "chain",
                      GSSAPIAuthentication="yes", **options)
    p = sp.run(argv, env=dict(os.environ, KRB5CCNAME=cache))
    line = f"gssapi-with-mic {user.name}@{REALM}"
    assert line in p.stdout.splitlines(), (p.stdout, p.stderr, s.log()[-3000:])
    assert len(p.stdout.splitlines()) == 2
    assert line in open(out).read().splitlines()
    # half of the chain is not enough
    with Gss(s) as g:
        g.kex()
        g.service()
        if kind == "key":
            g.offer(user.name)
            g.failed()
        else:
            g.offer(user.name)
            g.establish(cache)
            g.send(MIC, string(g.mic()))
            assert b"password" in g.expect(rawssh.USERAUTH_FAILURE)
