"""sallyportctl check without root: a draft is judged by its words."""

import json
import os
import subprocess

import pytest

import sp

DRAFT = """
listeners = ( { name = "main"; address = "198.51.100.9"; port = 22; } );
host_keys = [ "/etc/sallyport/keys/not_here" ];
modules = ( { name = "pam"; file = "/nowhere/pam.so"; }, { name = "publickey"; file = "/nowhere/publickey.so"; } );
rules = ( { name = "ops"; match = { group = "spt_group_of_elsewhere"; from = "10.0.0.0/8"; };
    methods = [ "publickey,password" ]; banner = "/nowhere/banner"; chroot = "/tmp/somewhere"; } );
guards = ( { name = "contractors"; match = { user = "spt_user_of_elsewhere"; }; agent = false; } );
"""
UNSEEN = ("not looked at: owners and modes, host keys, files that it names, accounts and groups, modules and their "
          "options, addresses of listeners")


@pytest.fixture
def draft(user):
    """A folder that anybody could have written to, as a pipeline's is."""
    place = "/tmp/spt_lint"
    os.makedirs(place + "/policy.d", exist_ok=True)
    os.chmod(place, 0o777)

    def check(text, *words, name="draft.conf", root=False):
        with open(f"{place}/{name}", "w") as f:
            f.write(text)
        os.chmod(f"{place}/{name}", 0o666)
        argv = ["sallyportctl", *words]
        if not root:
            argv = ["setpriv", f"--reuid={user.uid}", f"--regid={user.gid}", "--clear-groups", *argv]
        return subprocess.run(argv, capture_output=True, text=True, cwd=place)
    yield check
    sp.run(["rm", "-r", place], check=0)


@pytest.mark.parametrize("root", [False, True])
def test_a_draft_is_judged_by_its_words_alone(draft, root):
    more = ("--lint",) if root else ()
    p = draft(DRAFT, "check", *more, "draft.conf", root=root)
    assert p.returncode == 0 and p.stderr == "", (p.stdout, p.stderr)
    assert p.stdout.splitlines() == ["draft.conf: no errors", f"draft.conf: {UNSEEN}"]
    p = draft(DRAFT, "--json", "check", *more, "draft.conf", root=root)
    (note,) = json.loads(p.stdout)
    assert note["severity"] == "note" and note["message"] == UNSEEN
    # To a start it would matter who wrote it.
    if root:
        p = draft(DRAFT, "check", "draft.conf", root=True)
        assert p.returncode == 1 and "bad ownership or modes" in p.stdout


@pytest.mark.parametrize("change, error", [
    (("agent = false", "agnet = false"), "draft.conf:7: "),
    (('"publickey,password"', '"pubilckey"'), "pubilckey"),
    (("10.0.0.0/8", "10.0.0.0/80"), "10.0.0.0/80"),
    (("agent = false; }", "agent = false; "), "draft.conf:"),
    (("port = 22", "port = 220000"), "port"),
    (("modules = (", 'crypto = { ciphers = [ "aes1024-ctr" ]; }; modules = ('), "aes1024-ctr"),
    (("agent = false", 'times = [ "moon-fri 08:00-18:00" ]'), "moon-fri"),
])
def test_what_is_wrong_in_its_words_is_found(draft, change, error):
    text = DRAFT.replace(*change)
    assert text != DRAFT
    p = draft(text, "check", "draft.conf")
    assert p.returncode == 1 and error in p.stdout and "no errors" not in p.stdout, p.stdout


def test_drop_ins_beside_it_count(draft):
    draft('guards = ( { name = "more"; refsue = true; } );', "--version", name="policy.d/10-more.conf")
    p = draft(DRAFT, "check", "draft.conf")
    assert p.returncode == 1 and "10-more.conf:1: " in p.stdout and "refuse" in p.stdout, p.stdout


def test_a_pipeline_tests_the_rules_of_a_draft(draft, user):
    text = DRAFT.replace("spt_group_of_elsewhere", "*")
    where = ("-f", "draft.conf", "explain", "--user", user.name, "--brief", "--from")
    p = draft(text, *where, "192.0.2.1", "--expect", "deny")
    assert p.returncode == 0 and "may log in: no, policy: no rule matches: rule ops: from: 192.0.2.1" in p.stdout
    # Its shadow entry, root alone can see: that is not "yes".
    p = draft(text.replace(' chroot = "/tmp/somewhere";', ""), *where, "10.0.0.1", "--expect", "allow")
    assert p.returncode == 1 and "may log in: unknown" in p.stdout and "decided by rule ops" in p.stdout, p.stdout


def test_no_code_of_a_draft_runs(draft, user):
    """A module that the draft names is not loaded if anybody could write it."""
    with open("/tmp/spt_lint/evil.c", "w") as f:
        f.write('#include <fcntl.h>\n__attribute__((constructor)) static void f(void) '
                '{ open("/tmp/spt_lint/ran", O_CREAT | O_WRONLY, 0666); }\n')
    sp.run(["gcc", "-shared", "-fPIC", "-o", "/tmp/spt_lint/evil.so", "/tmp/spt_lint/evil.c"], check=0)
    os.chmod("/tmp/spt_lint/evil.so", 0o777)
    os.chmod(user.key + ".pub", 0o644)
    text = DRAFT.replace("/nowhere/pam.so", "/tmp/spt_lint/evil.so").replace("spt_group_of_elsewhere", "*")
    text = text.replace("publickey,password", "publickey")
    ask = ("-f", "draft.conf", "explain", "--user", user.name, "--from", "10.0.0.1")
    for words in (("check", "draft.conf"), ask, (*ask, "--key", user.key + ".pub")):
        p = draft(text, *words)
        assert p.returncode in (0, 1) and "bad ownership or modes" in p.stdout + p.stderr or words[0] == "check", p
    assert not os.path.exists("/tmp/spt_lint/ran")


def test_a_file_that_is_not_there_is_called_that(make_server):
    p = sp.run(["sallyportctl", "check", "/tmp/spt_not_here.conf"], check=1)
    assert p.stdout == "/tmp/spt_not_here.conf: no such file\n"
    s = make_server(start=False)
    s.write(s.text.replace(s.host_keys[0], "/tmp/spt_no_key"))
    p = sp.run(["sallyportctl", "-f", s.config, "check"], check=1)
    assert "host_keys: /tmp/spt_no_key: no such file" in p.stdout
