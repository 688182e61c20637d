"""sallyportctl hostkeys, check and show: the configuration before a start."""

import os
import re

import pytest

import sp
from control import ctl, ctl_json

# ---- without a server: host keys ----

def test_hostkeys_makes_what_is_missing_and_nothing_else(make_server):
    s = make_server(start=False)
    keys = [f"{s.dir}/new/deep/ssh_host_{kind}_key"
            for kind in ("ed25519", "ecdsa", "rsa")]
    for old, new in zip(s.host_keys, keys):
        s.text = s.text.replace(old, new)
    s.write(s.text)
    made = ctl_json(s, "hostkeys")
    assert [k["file"] for k in made] == keys
    assert all(k["made"] for k in made)
    assert [(k["type"], k["bits"]) for k in made] == [
        ("ED25519", 256), ("ECDSA", 256), ("RSA", 3072)]
    for k in made:
        assert os.stat(k["file"]).st_mode & 0o7777 == 0o600
        assert os.stat(k["file"] + ".pub").st_mode & 0o7777 == 0o644
        theirs = sp.run(["ssh-keygen", "-lf", k["file"]], check=0).stdout
        assert k["fingerprint"] == theirs.split()[1]
        pub = open(k["file"] + ".pub").read().split()[:2]
        again = sp.run(["ssh-keygen", "-yf", k["file"]], check=0).stdout
        assert again.split()[:2] == pub
    before = [open(k).read() for k in keys]
    same = ctl_json(s, "hostkeys")
    assert not any(k["made"] for k in same)
    assert [k["fingerprint"] for k in same] == [
        k["fingerprint"] for k in made]
    assert [open(k).read() for k in keys] == before
    assert [k["fingerprint"] for k in ctl_json(s, "fingerprints")] == [
        k["fingerprint"] for k in made]
    s.start()
    scan = sp.run(["ssh-keyscan", "-p", str(s.port), "127.0.0.1"], check=0)
    for k in keys:
        assert open(k + ".pub").read().split()[1] in scan.stdout
    os.unlink(keys[1])
    assert [k["made"] for k in ctl_json(s, "hostkeys")] == [
        False, True, False]


def test_hostkeys_refuses_what_it_cannot_make(make_server):
    s = make_server(start=False, host_keys=("ed25519",))
    s.write(s.text.replace(s.host_keys[0], s.dir + "/strange"))
    p = ctl(s, "hostkeys", check=1)
    assert "ssh-keygen" in p.stderr
    s.write(s.text)
    os.chmod(s.host_keys[0], 0o644)
    p = ctl(s, "fingerprints", check=1)
    assert "is too open for a private key" in p.stderr
    os.chmod(s.host_keys[0], 0o600)
    p = ctl(s, "fingerprints")
    assert s.host_keys[0] in p.stdout


# ---- without a server: the configuration ----

def test_check_finds_nothing_wrong_with_what_starts(make_server):
    s = make_server()
    assert "no errors" in ctl(s, "check").stdout
    assert [p for p in ctl_json(s, "check") if p["severity"] == "error"] == []


@pytest.mark.parametrize("change, line, message", [
    (("host_keys =", "hots_keys ="), "hots_keys", "host_keys"),
    (('name = "main"; address', 'name = "main"; adress'), "adress",
     "address"),
    (('name = "users"', 'name = "users"; metods = [ ]'), "metods", "methods"),
    (('"publickey", "password"', '"publickey", "frobnicate"'), "frobnicate",
     "no module serves"),
    (('"publickey", "password"', '"publickey:nomodule", "password"'),
     "nomodule", "there is no module"),
    (('service = "sallyport"', 'servise = "sallyport"'), "servise",
     "service"),
    (('name = "pam"', 'name = "missing"'), "missing", "missing"),
    (('ssh_host_rsa_key"', 'ssh_host_rsa_key.pub"'), "host_keys",
     "host_keys"),
])
def test_check_names_file_line_and_what_would_be_right(make_server, change,
                                                       line, message):
    s = make_server(start=False)
    assert change[0] in s.text
    s.write(s.text.replace(*change, 1))
    number = [i for i, text in enumerate(open(s.config), 1)
              if line in text][0]
    p = ctl(s, "check", check=1)
    found = [x for x in p.stdout.splitlines() if message in x]
    assert found, p.stdout
    assert any(re.match(rf"{re.escape(s.config)}:{number}: ", x)
               for x in found), (number, p.stdout)
    assert any(x["file"] == s.config and x["line"] == number
               and x["severity"] == "error" and message in x["message"]
               for x in ctl_json(s, "check", check=1))
    # sallyportd -t says so too, and a start refuses
    t = s.check()
    assert t.returncode != 0
    assert (s.dir if message == "host_keys" else message) in t.stderr
    s.start(expect=t.returncode)


def test_check_warns_of_a_list_that_names_nobody(make_server, user):
    s = make_server(extra=f'guards = ( {{ name = "g"; deny_users = [ "spt_gone@10.0.0.0/8", "{user.name}@192.0.2.0/24", '
                          '"spt_n*" ]; deny_groups = [ "spt_none" ]; } );')
    said = ctl(s, "check").stdout
    assert 'warning: guards.g.deny_users: there is no user "spt_gone"' in said
    assert 'warning: guards.g.deny_groups: there is no group "spt_none"' in said
    assert said.count("there is no") == 2


def test_t_and_check_find_the_same_errors(make_server):
    s = make_server(start=False, grants='times = [ "mon 08:00-09:00 No/Where" ]; chroot = "/mnt/sp/bad";',
                    methods=("publickey", "frobnicate:pam", "password:nomodule"))
    os.makedirs("/mnt/sp/bad", exist_ok=True)
    os.chmod("/mnt/sp/bad", 0o777)
    t = s.check()
    check = ctl(s, "check", check=1).stdout.splitlines()
    errors = {x for x in check if "warning: " not in x}
    assert len(errors) == 4, errors
    assert errors <= set((t.stdout + t.stderr).splitlines()), (errors, t.stderr)


def test_a_reload_is_refused_for_what_check_finds(make_server, user):
    """And a start for what the configuration itself has wrong; what may be
    mended beside it, it tells, and serves."""
    s = make_server()
    s.write(s.text.replace('"publickey", "password"', '"publickey", "frobnicate"'))
    p = ctl(s, "reload", check=1)
    assert "no module serves" in p.stdout + p.stderr
    s.ssh(user, "true", check=0)
    os.makedirs("/mnt/sp/bad", exist_ok=True)
    os.chmod("/mnt/sp/bad", 0o777)
    bad = s.text.replace('name = "users";', 'name = "users"; chroot = "/mnt/sp/bad";')
    s.write(bad)
    p = ctl(s, "reload", check=1)
    assert "/mnt/sp/bad must be" in p.stdout + p.stderr
    s.stop()
    s.start()
    s.wait_log(r"chroot: /mnt/sp/bad must be a directory of root's")


def test_check_warns_of_users_and_files_that_do_not_exist(make_server):
    s = make_server(start=False, rules='''rules = ( { name = "r";
        match = { group = "no-such-group"; }; banner = "/no/such/banner";
        methods = [ "publickey" ]; } );''')
    problems = ctl_json(s, "check")
    assert {p["severity"] for p in problems} == {"warning"}
    text = ctl(s, "check").stdout
    assert re.search(r":\d+: warning: .*no-such-group", text)
    assert re.search(r":\d+: warning: banner: /no/such/banner", text)


def test_check_of_what_only_a_start_finds_out(make_server):
    s = make_server(start=False,
                    publickey='user = { command = [ "/bin/true" ]; '
                              'user = "no-such-user"; };')
    text = ctl(s, "check", check=1).stdout
    number = [i for i, x in enumerate(open(s.config), 1)
              if "no-such-user" in x][0]
    assert f"{s.config}:{number}: " in text and "no-such-user" in text
    s.start(expect=1)


def test_show_prints_what_was_understood_and_it_loads_again(make_server):
    s = make_server(start=False)
    text = ctl(s, "show").stdout
    assert f"# {s.config}:" in text and s.control in text
    assert "login_grace" not in text
    full = ctl(s, "show", "--defaults").stdout
    assert re.search(r"login_grace = 60;\t# default", full)
    s.write(full)
    again = ctl(s, "show", "--defaults").stdout

    def bare(t):
        return re.sub(r"\s*#.*", "", t)
    assert bare(again) == bare(full)
    assert ctl(s, "show", "limits.login_grace").stdout == \
        "limits.login_grace = 60\n"
    p = ctl(s, "show", "limits.login_grave", check=1)
    assert "limits.login_grace" in p.stderr


def test_show_json(make_server):
    s = make_server(start=False)
    c = ctl_json(s, "show")
    assert c["control_socket"]["value"] == s.control
    assert c["control_socket"]["file"] == s.config
    assert "limits.login_grace" not in c
    assert [r["name"] for r in c["rules"]] == ["root", "users"]
    assert c["rules"][1]["grants"]["agent"]["value"] is True
    assert "pty" not in c["rules"][1]["grants"]
    assert c["rules"][0]["match"][0]["user"] == ["root"]
    assert [m["name"] for m in c["modules"]] == ["pam", "publickey"]
    assert c["modules"][0]["options"] == {"service": ["sallyport"]}
    assert c["listeners"][0]["port"] == s.port
    d = ctl_json(s, "show", "--defaults")
    assert d["limits.login_grace"] == {"value": 60}
    assert d["rules"][1]["grants"]["pty"] == {"value": True}
    assert ctl_json(s, "show", "limits.login_grace") == {
        "limits.login_grace": 60}


def test_show_keys_lists_the_schema(make_server):
    s = make_server(start=False)
    keys = {line.split("\t")[0]
            for line in ctl(s, "show", "--keys").stdout.splitlines()}
    assert {"limits.login_grace", "listeners.port", "rules.pty"} <= keys
    assert len(keys) > 100


def test_show_prints_groups_and_lists(server):
    text = ctl(server, "show", "limits.penalties").stdout
    assert "limits.penalties.crash = " in text and "login_grace" not in text
    assert "limits.penalties.crash" in ctl_json(server, "show", "limits")
    text = ctl(server, "show", "rules").stdout
    assert text.startswith("rules = (") and "guards" not in text
    assert [r["name"] for r in ctl_json(server, "show", "rules")["rules"]] == ["root", "users"]
    assert ctl(server, "show", "limit", check=1).stderr
