"""explain answers whether somebody can log in now, and the server agrees."""

import datetime
import os
import shutil
import subprocess

import pytest

import sp
from control import ctl, ctl_json


def explain(s, user, *more, check=0, source="127.0.0.1"):
    return ctl_json(s, "explain", "--user", user, "--from", source, *more, check=check)


def standing(e, what):
    return {x["state"]: x["text"] for x in e["standing"] if x["what"] == what}


def agrees(s, user, answer, because, word=None, password=False, **options):
    """explain's answer, and the server's."""
    e = explain(s, user.name)
    assert e["may_log_in"] == answer and because in (e["because"] or ""), e
    p = s.ssh(user, "true", password=password, **options)
    assert (p.returncode == 0) == (answer == "yes"), (p.stdout, p.stderr)
    if word is not None:
        assert any(word in x["text"] for x in e["standing"]), e["standing"]


def test_an_account_that_may_and_one_that_does_not_exist(server, user):
    e = explain(server, user.name)
    assert e["may_log_in"] == "yes" and e["because"] is None
    assert standing(e, "server")["good"].startswith(f"process {server.pid} ")
    assert {x["state"] for x in e["standing"]} <= {"good"}, e["standing"]
    assert explain(server, "spt_nobody")["may_log_in"] == "no"
    text = ctl(server, "explain", "--user", user.name, "--from", "127.0.0.1").stdout
    assert text.endswith("may log in: yes\n")


@pytest.mark.parametrize("modules", ["pam", "none"])
def test_expiry_lock_and_shell_as_the_server_judges_them(make_server, user, modules):
    pam = modules == "pam"
    name = "spt_account"
    sp.write_pam(name, "auth required pam_unix.so\n@include spt_more\nsession required pam_permit.so\n")
    sp.write_pam("spt_more", "account [success=1 default=ignore] pam_unix.so\naccount requisite pam_deny.so\n"
                 "account required pam_shells.so\n")
    more = {} if pam else {"modules": '{ name = "publickey"; }', "methods": ["publickey"]}
    s = make_server(pam_service=name, **more)
    agrees(s, user, "yes", "")
    sp.run(["chage", "-E", "2020-01-01", user.name], check=0)
    agrees(s, user, "no", "account: it expired on 2020-01-01")
    sp.run(["chage", "-E", "-1", user.name], check=0)
    sp.run(["chage", "-d", "2020-01-01", "-M", "10", "-I", "5", user.name], check=0)
    if pam:
        agrees(s, user, "no", "password: it was due on 2020-01-12 and not changed in time")
    else:
        agrees(s, user, "yes", "")
    sp.run(["chage", "-M", "-1", "-I", "-1", "-d", "0", user.name], check=0)
    if pam:
        e = explain(s, user.name)
        assert standing(e, "password")["note"] == "it must be changed at this login"
    sp.run(["chage", "-d", "2026-01-01", user.name], check=0)
    sp.run(["passwd", "-l", user.name], check=0)
    if pam:
        agrees(s, user, "yes", "", "its password is locked: a key still lets in")
    else:
        agrees(s, user, "no", f'account: it is locked; "passwd -u {user.name}" unlocks it')
    sp.run(["passwd", "-u", user.name], check=0)
    for shell, because in (("/bin/spt_missing", "shell: /bin/spt_missing: No such file"),
                           ("/etc/passwd", "shell: /etc/passwd cannot be executed"),
                           ("/usr/bin/env", "not in /etc/shells, which pam_shells" if pam else None)):
        sp.run(["usermod", "-s", shell, user.name], check=0)
        if because is not None:
            agrees(s, user, "no", because)
    sp.run(["usermod", "-s", "/usr/sbin/nologin", user.name], check=0)
    if not pam:
        e = explain(s, user.name)
        assert e["may_log_in"] == "no" and "sftp_without_shell" in e["because"]
        s.write(s.text.replace("agent = true;", "agent = true; sftp_without_shell = true;"))
        e = explain(s, user.name)
        assert e["may_log_in"] == "yes" and "sftp works" in standing(e, "shell")["note"]
        assert s.ssh(user, "true").returncode == 1
        s.write(s.text.replace("agent = true;", "agent = true; subsystems = [ ];"))
        e = explain(s, user.name)
        assert e["may_log_in"] == "no" and "a session ends at once" in e["because"]


def test_home_modes_and_chroot(make_server, make_user):
    user = make_user()
    s = make_server(methods=["publickey"])
    os.chmod(user.home, 0o777)
    e = explain(s, user.name)
    assert "bad ownership or modes for directory " + user.home in standing(e, "keys")["note"]
    agrees(s, user, "no", "keys: every chain needs a key, and no file of keys counts")
    both = make_server(methods=["publickey", "password"], start=False)
    assert explain(both, user.name)["may_log_in"] == "yes"
    os.chmod(user.home, 0o755)
    jail = "/var/lib/spt_jail"
    os.makedirs(f"{jail}/{user.name}", exist_ok=True)
    c = make_server(grants='chroot = "/var/lib/spt_jail/%u"; sftp_only = true;', methods=["publickey"], start=False)
    assert standing(explain(c, user.name), "chroot")["good"] == f"{jail}/{user.name}"
    os.chown(f"{jail}/{user.name}", user.uid, -1)
    e = explain(c, user.name, check=0)
    assert e["may_log_in"] == "no" and f'chroot: {jail}/{user.name}: "{user.name}": it must be root' in e["because"]
    os.chown(f"{jail}/{user.name}", 0, -1)
    os.chmod(jail, 0o777)
    assert '"spt_jail": it must be root' in explain(c, user.name)["because"]
    shutil.rmtree(jail)
    assert "No such file" in explain(c, user.name)["because"]


def test_penalty_draining_and_nologin(make_server, user):
    s = make_server(penalties="enabled = true;", records='records = { nologin = "server"; };')
    ctl(s, "penalties", "add", "192.0.2.7", "10m")
    e = explain(s, user.name, source="192.0.2.7")
    assert e["may_log_in"] == "no" and "penalty: 192.0.2.7" in e["because"] and "penalties clear" in e["because"]
    assert explain(s, user.name, source="192.0.2.8")["may_log_in"] == "yes"
    # At another moment the server of today says nothing.
    assert explain(s, user.name, "--at", "2026-11-23 09:00", source="192.0.2.7")["may_log_in"] == "yes"
    with open("/etc/nologin", "w") as f:
        f.write("closed\n")
    try:
        agrees(s, user, "no", "machine: /etc/nologin is there")
    finally:
        os.unlink("/etc/nologin")
    ctl(s, "drain", "on")
    e = explain(s, user.name)
    assert e["may_log_in"] == "no" and 'until "sallyportctl drain off"' in e["because"]
    ctl(s, "drain", "off")


def test_without_a_server_it_says_what_it_did_not_look_at(make_server, user):
    s = make_server(start=False)
    e = explain(s, user.name)
    assert e["may_log_in"] == "yes" and "penalties and draining were not looked at" in standing(e, "server")["note"]


GROUPS = '''
rules = ( { name = "ops"; match = { group = [ "spt_ops", "spt_dba" ]; }; methods = [ "publickey" ]; },
  { name = "day"; match = { user = "*"; time = "mon-fri 08:00-18:00 UTC"; }; methods = [ "publickey" ];
    times = [ "mon-fri 09:00-12:00 UTC" ]; } );
guards = ( { name = "lunch"; match = { from = "10.0.0.0/8"; }; times = [ "00:00-11:00 UTC" ]; } );
'''


def test_groups_and_hours_are_told_with_the_clock_and_the_window(make_server, user):
    s = make_server(rules=GROUPS, start=False)

    def at(clock, **kw):
        moment = datetime.datetime.fromisoformat(f"2026-11-23T{clock}+00:00")  # a Monday
        return explain(s, user.name, "--at", f"@{int(moment.timestamp())}", **kw)
    e = at("07:02:00")
    why = {r["name"]: r["why"] for r in e["rules"]}
    assert "wanted is spt_ops, spt_dba" in why["ops"]
    assert why["day"] == "time: it is Mon 07:02 UTC, outside mon-fri 08:00-18:00 UTC"
    assert e["may_log_in"] == "no" and e["because"].startswith("policy: no rule matches: rule ops: group: wanted")
    e = at("16:02:00")
    assert e["because"] == "policy: times of rule day: it is Mon 16:02 UTC, outside mon-fri 09:00-12:00 UTC"
    assert e["decider"] == "day"
    e = at("11:15:00", source="10.0.0.1")
    assert "times of guard lunch (" in e["because"] and "it is Mon 11:15 UTC, outside 00:00-11:00 UTC" in e["because"]
    assert e["decider"] == "lunch"
    assert at("10:15:00", source="10.0.0.1")["may_log_in"] == "yes"


def test_without_the_listener_of_several_it_is_not_known(make_server, user):
    s = make_server(start=False)
    listeners = ('listeners = ( { name = "in"; address = "127.0.0.1"; port = 2900; },'
                 '{ name = "out"; address = "127.0.0.1"; port = 2901; } );')
    text = s.text[s.text.index("\nhost_keys"):s.text.index("rules =")]
    s.write(listeners + text + 'rules = ( { name = "inside"; match = { listener = "in"; }; '
            'methods = [ "publickey" ]; } );')
    e = explain(s, user.name)
    assert e["listener"] == "unknown" and e["verdict"] == "unknown" and e["may_log_in"] == "unknown"
    assert "listener: it is not known by which" in e["because"]
    assert explain(s, user.name, "--listener", "in")["may_log_in"] == "yes"
    assert explain(s, user.name, "--listener", "out")["may_log_in"] == "no"
    for expect in ("allow", "deny"):
        explain(s, user.name, "--expect", expect, check=1)
    text = ctl(s, "explain", "--user", user.name, "--from", "127.0.0.1").stdout
    assert "listener unknown: it was not said" in text and "not known: rule inside: listener" in text
    s.write(listeners + s.text[s.text.index("\nhost_keys"):])
    assert explain(s, user.name)["may_log_in"] == "yes"  # no rule asks which


def test_expect_gives_an_exit_status_and_brief_leaves_defaults_out(make_server, user):
    s = make_server(start=False)
    explain(s, user.name, "--expect", "allow")
    explain(s, user.name, "--expect", "deny", check=1)
    explain(s, "spt_nobody", "--expect", "deny")
    explain(s, "spt_nobody", "--expect", "allow", check=1)
    assert "allow or deny" in ctl(s, "explain", "--user", "x", "--from", "::1", "--expect", "maybe", check=2).stderr
    words = ("explain", "--user", user.name, "--from", "127.0.0.1")
    whole, brief = ctl(s, *words).stdout, ctl(s, *words, "--brief").stdout
    assert "# default" in whole and "# default" not in brief
    assert "rule root" in whole and "rule root" not in brief and "rule users" in brief
    assert "agent = true" in brief and "shell good" not in brief
    assert brief.endswith("may log in: yes\n") and len(brief) < len(whole) / 2


def test_without_root_what_cannot_be_seen_is_unknown(make_server, user):
    s = make_server(start=False)
    shutil.copy(s.config, "/tmp/spt_explain.conf")
    os.chmod("/tmp/spt_explain.conf", 0o644)
    p = subprocess.run(["setpriv", f"--reuid={user.uid}", f"--regid={user.gid}", "--clear-groups",
                        "sallyportctl", "-f", "/tmp/spt_explain.conf", "explain", "--user", user.name,
                        "--from", "127.0.0.1", "--expect", "allow"], capture_output=True, text=True)
    os.unlink("/tmp/spt_explain.conf")
    assert p.returncode == 1 and "may log in: unknown, account: " in p.stdout, (p.stdout, p.stderr)
