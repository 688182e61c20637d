"""sallyportctl explain and import."""

import os
import re

import pytest

import sp
from control import ctl, ctl_json, fingerprint

# ---- explain ----

RULES = '''
rules = (
  { name = "root"; match = { user = "root"; }; methods = [ "publickey" ];
    root_login = "key"; },
  { name = "office"; match = { group = "%(group)s"; from = "10.0.0.0/8";
    time = "mon-fri 08:00-18:00 UTC"; };
    methods = [ "publickey" ]; pty = true; },
  { name = "rest"; match = { user = "%(user)s"; };
    methods = [ "publickey,password" ]; pty = false; }
);
guards = (
  { name = "no-agent"; match = { from = "10.0.0.0/8"; }; agent = false; },
  { name = "no-rsa"; match = { key_type = "ssh-rsa"; }; refuse = true; }
);
'''


@pytest.fixture
def explained(make_server, user):
    import grp
    group = grp.getgrgid(user.gid).gr_name
    return make_server(start=False,
                       rules=RULES % {"group": group, "user": user.name})


def explain(s, user, address, *more, check=0):
    return ctl_json(s, "explain", "--user", user, "--from", address, *more,
                    check=check)


def test_explain_says_rule_by_rule_why(explained, user):
    monday = "2026-11-23 09:00"
    os.environ["TZ"] = "UTC"
    e = explain(explained, user.name, "10.1.2.3", "--at", monday)
    assert e["verdict"] == "granted" and e["rule"] == "office"
    results = {r["name"]: r["result"] for r in e["rules"]}
    assert results == {"root": "no", "office": "yes", "rest": "not asked"}
    guards = {g["name"]: g["result"] for g in e["guards"]}
    assert guards == {"no-agent": "yes", "no-rsa": "not asked"}
    assert e["settings"]["pty"]["value"] is True
    assert e["settings"]["pty"]["file"] == explained.config
    line = open(explained.config).read().splitlines()[
        e["settings"]["pty"]["line"] - 1]
    assert "pty = true" in line
    # The time has a say,
    sunday = explain(explained, user.name, "10.1.2.3", "--at",
                     "2026-11-22 09:00")
    assert sunday["rule"] == "rest"
    assert "time" in [r["why"] for r in sunday["rules"]][1]
    # and the address; an unknown user meets nobody.
    away = explain(explained, user.name, "192.0.2.1", "--at", monday)
    assert away["rule"] == "rest" and away["chains"] == ["publickey,password"]
    nobody = explain(explained, "nobody-here", "10.1.2.3", "--at", monday)
    assert nobody["verdict"] == "refused" and nobody["decoy"] is True
    text = ctl(explained, "explain", "--user", user.name, "--from",
               "10.1.2.3", "--at", monday).stdout
    assert re.search(rf"rule office \({re.escape(explained.config)}:\d+\): "
                     "matches", text)
    assert re.search(rf"pty = true\t# {re.escape(explained.config)}:\d+",
                     text)


def test_explain_a_key_that_is_accepted(explained, user):
    e = explain(explained, user.name, "10.1.2.3", "--at", "2026-11-23 09:00",
                "--key", user.key + ".pub")
    k = e["key"]
    assert k["accepted"] is True and e["verdict"] == "granted"
    assert k["place"] == f"{user.home}/.ssh/authorized_keys:1"
    assert k["fingerprint"] == fingerprint(user)
    text = ctl(explained, "explain", "--user", user.name, "--from",
               "10.1.2.3", "--key", user.key).stdout
    assert "would be accepted, by " \
        f"{user.home}/.ssh/authorized_keys:1" in text


def test_explain_tells_what_a_key_may_not(make_server, user):
    """Its line's options and a certificate's; and root's forced command."""
    key = user.key
    os.unlink(user.home + "/.ssh/authorized_keys")
    user.authorize(open(key + ".pub").read(), options=(
        'from="127.0.0.0/8,10.0.0.0/8",no-pty,permitopen="db:5432",permitlisten="8080",'
        'command="echo \\"hi\\"",environment="LC_A=b",environment="A=b",expiry-time="20990101Z",verify-required'))
    s = make_server()
    k = explain(s, user.name, "10.1.2.3", "--key", key + ".pub")["key"]
    assert k["accepted"]
    assert k["restrictions"] == [
        "from 127.0.0.0/8,10.0.0.0/8", "expiry-time 2099-01-01T00:00:00Z", "verify-required",
        "no-pty", 'command="echo "hi""', 'permitopen="db:5432"', 'permitlisten="*:8080"',
        'environment="LC_A=b"', 'environment="A=b", which is not set: accept_env does not list it']
    assert 'with permitopen="db:5432"\n' in ctl(
        s, "explain", "--user", user.name, "--from", "10.1.2.3", "--key", key + ".pub").stdout
    assert not explain(s, user.name, "192.0.2.1", "--key", key + ".pub")["key"]["accepted"]
    ca = f"{sp.SCRATCH}/explain_ca"
    sp.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", ca])
    sp.run(["ssh-keygen", "-q", "-s", ca, "-I", "staff", "-n", f"{user.name},ops", "-O", "clear",
            "-O", "force-command=id", "-O", "source-address=10.0.0.0/8", "-V",
            "20200101:20990101", key + ".pub"], check=0)
    s = make_server(publickey=f'ca_keys = [ "{ca}.pub" ];')
    k = explain(s, user.name, "10.1.2.3", "--key", key + "-cert.pub")["key"]
    assert k["accepted"] and k["source"] == "ca_keys"
    assert {"from 10.0.0.0/8", "certificate staff", "serial 0", f"principal {user.name}",
            "principal ops", "no-pty", 'command="id"', "no-port-forwarding"} <= set(k["restrictions"])
    # a key with a command is what root_login = "forced-command" wants
    rules = """rules = ( { name = "root"; match = { user = "root"; }; methods = [ "publickey" ];
        root_login = "forced-command"; } );"""
    s = make_server(rules=rules, publickey='files = [ "/mnt/sp/root_keys" ];')
    public = open(key + ".pub").read()
    for options, verdict in (("", "refused"), ('command="id" ', "granted")):
        with open("/mnt/sp/root_keys", "w") as f:
            f.write(options + public)
        assert explain(s, "root", "127.0.0.1", "--key", key + ".pub")["verdict"] == verdict


def test_explain_a_key_that_is_not(explained, user, make_user):
    def reason(expect):
        e = explain(explained, user.name, "10.1.2.3", "--key",
                    user.key + ".pub")
        assert e["key"]["accepted"] is False
        everything = e["key"]["reason"] + " ".join(e["key"]["notes"])
        assert expect in everything, e["key"]
        # It agrees with what the server does.
        return e["key"]
    stranger = make_user()
    e = explain(explained, user.name, "10.1.2.3", "--key",
                stranger.key + ".pub")
    assert e["key"]["accepted"] is False
    assert "not found" in e["key"]["reason"]
    path = user.home + "/.ssh/authorized_keys"
    os.chmod(path, 0o666)
    reason("bad ownership or modes")
    os.chmod(path, 0o600)
    line = open(user.key + ".pub").read()
    open(path, "w").write('from="192.0.2.0/24" ' + line)
    reason("not from this address")
    open(path, "w").write('expiry-time="20200101" ' + line)
    reason("expired")
    open(path, "w").write('frobnicate="1" ' + line)
    reason("authorized_keys:1")
    open(path, "w").write("# nothing\n")
    reason("not found")
    os.unlink(path)
    reason("no such file")


def test_explain_a_revoked_key(make_server, user):
    krl = f"{sp.SCRATCH}/revoked_{user.name}"
    sp.run(["ssh-keygen", "-kf", krl, user.key + ".pub"], check=0)
    s = make_server(publickey=f'revoked = [ "{krl}" ];')
    k = explain(s, user.name, "127.0.0.1", "--key", user.key)["key"]
    assert k["accepted"] is False and "revoked" in k["reason"]
    assert s.ssh(user, "true").returncode == 255


def test_explain_a_key_that_policy_refuses(explained, user):
    user.make_key("rsa", extra=("-b", "3072"))
    e = explain(explained, user.name, "10.1.2.3", "--at", "2026-11-23 09:00",
                "--key", user.key + ".pub")
    # The module has it, the guard does not want it: so it is not used.
    assert e["key"]["accepted"] is False
    assert f"guard no-rsa refuses ({explained.config}:" in e["key"]["reason"]
    line = int(re.search(r":(\d+)\)$", e["key"]["reason"]).group(1))
    assert '"no-rsa"' in open(explained.config).read().splitlines()[line - 1]


def test_explain_live_asks_the_generation_that_serves(make_server, user):
    s = make_server()
    s.write(s.text.replace('name = "users"', 'name = "renamed"'))
    assert explain(s, user.name, "127.0.0.1")["rule"] == "renamed"
    assert explain(s, user.name, "127.0.0.1", "--live")["rule"] == "users"
    ctl(s, "reload")
    assert explain(s, user.name, "127.0.0.1", "--live")["rule"] == "renamed"


def test_explain_agrees_with_the_server(make_server, make_user):
    """Whoever explain says gets in by key gets in, and nobody else."""
    inside, outside = make_user(), make_user()
    s = make_server(rules='''
rules = ( { name = "some"; match = { user = "%s"; };
            methods = [ "publickey" ]; } );''' % inside.name)
    for u in (inside, outside):
        e = explain(s, u.name, "127.0.0.1", "--key", u.key)
        goes = e["verdict"] == "granted" and e["key"]["accepted"]
        assert goes is (u is inside)
        assert (s.ssh(u, "true").returncode == 0) is goes


def test_explain_usage(explained):
    for words in ([], ["--user", "x"], ["--user", "x", "--from", "nowhere"],
                  ["--user", "x", "--from", "::1", "--at", "teatime"],
                  ["--frobnicate"], ["--user"]):
        assert "usage" in ctl(explained, "explain", *words, check=2).stderr
    p = ctl(explained, "explain", "--user", "x", "--from", "::1",
            "--listener", "none", check=1)
    assert "no such listener" in p.stderr


# ---- import ----

def test_import_prints_a_configuration_that_passes_check(make_server, user):
    s = make_server(start=False)
    theirs = s.dir + "/sshd_config"
    with open(theirs, "w") as f:
        f.write(f"Port {s.port}\nListenAddress 127.0.0.1\n"
                f"HostKey {s.host_keys[0]}\nPasswordAuthentication no\n"
                f"PermitRootLogin no\nAllowUsers {user.name}\n"
                f"PidFile {s.pid_file}\nUsePAM yes\n"
                "Subsystem sftp internal-sftp\n")
    p = ctl(s, "import", theirs, check=None)
    assert "rules = (" in p.stdout
    own = f'control_socket = "{s.control}";\n'
    if "pid_file" not in p.stdout:
        own += f'pid_file = "{s.pid_file}";\n'
    s.write(own + p.stdout)
    out = ctl(s, "check", check=None)
    assert out.returncode == 0, (out.stdout, p.stdout, p.stderr)
    s.start()
    assert s.ssh(user, "echo imported").stdout == "imported\n"
    j = ctl_json(s, "import", theirs, check=p.returncode)
    assert j["config"] == p.stdout
    assert ctl(s, "import", s.dir + "/none", check=1).stderr
