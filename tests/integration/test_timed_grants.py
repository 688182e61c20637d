"""Grants for a time: a rule with by_grant holds while there is a file for that
user and rule, and its end ends what came in by it."""

import json
import os
import re
import time

import pytest

import sp
from control import ctl
from test_recheck import NONE, Session, judged

RULES = """grants_directory = "%s";
rules = ( { name = "maintenance"; match = { by_grant = true; }; methods = [ "publickey" ]; warn_before = 0; %s } );"""


@pytest.fixture
def scene(make_server, user):
    place = f"{sp.SCRATCH}/grants{time.monotonic_ns()}"
    s = make_server(rules=RULES % (place, ""), extra=NONE)
    s.place = place
    return s


def grant(s, user, *words, time="1h"):
    p = ctl(s, "grant", "add", "--user", user.name, "--rule", "maintenance", "--for", time, *words)
    return re.match(r"grant ([0-9a-f]{16}): ", p.stdout).group(1)


def enters(s, user):
    return s.ssh(user, "true").returncode == 0


def explained(s, user):
    return sp.run(["sallyportctl", "-f", s.config, "explain", "--user", user.name, "--from", "127.0.0.1"]).stdout


def test_a_rule_by_grant_holds_while_there_is_one(scene, user, make_user):
    s, other = scene, make_user()
    other.make_key()
    assert not enters(s, user)
    assert "by_grant: the user has no grant for it that is in force" in explained(s, user)
    name = grant(s, user, "--ticket", "CHG-123", "--approver", "ann")
    assert enters(s, user) and not enters(s, other)
    s.wait_log(rf"Accepted publickey for {user.name} .*ticket=CHG-123.*approver=ann")
    s.wait_log(rf"User {user.name} from 127.0.0.1 allowed by rule maintenance .*ticket=CHG-123 approver=ann")
    assert re.search(r"grant for rule maintenance until \S+Z, ticket CHG-123, approved by ann", explained(s, user))
    (line,) = ctl(s, "grant", "list").stdout.splitlines()
    assert re.match(rf"{name}  {user.name}, rule maintenance, in force until \S+Z, ticket CHG-123, approved by ann", line)
    (one,) = json.loads(ctl(s, "--json", "grant", "list").stdout)
    assert one["state"] == "in force" and one["ticket"] == "CHG-123" and one["made_by"]
    assert ctl(s, "grant", "revoke", name).returncode == 0
    assert not enters(s, user) and ctl(s, "grant", "list").stdout == ""


def test_the_end_of_a_grant_ends_its_connections(scene, user):
    s = scene
    grant(s, user, "--ticket", "CHG-9", time="8s")
    x = Session(s, user)
    out, err = x.end()
    assert "the grant that opened it is over" in out and "the grant that opened it is over" in err
    s.wait_log(r"judged anew after the end of a grant: it was allowed by maintenance and is refused .*ticket=CHG-9")


def test_a_longer_grant_keeps_them(scene, user):
    s = scene
    grant(s, user, time="6s")
    x = Session(s, user)
    longer = grant(s, user, time="1h")
    s.wait_log("sallyportd.*: Login of")
    sp.wait_for(lambda: "over" in ctl(s, "grant", "list").stdout, what="the end of the first")
    assert judged(s).endswith("1 allowed, 0 refused, 0 not known") and x.echoes()
    ctl(s, "grant", "revoke", longer)
    assert "the grant that opened it is over" in x.end()[1]


def write(s, text, mode=0o600, owner=0, name="x.grant"):
    os.makedirs(s.place, mode=0o755, exist_ok=True)
    path = f"{s.place}/{name}"
    with open(path, "w") as f:
        f.write(text)
    os.chown(path, owner, -1)
    os.chmod(path, mode)
    return path


def text(user, more="", until="2099-01-01T00:00:00Z"):
    return f"# by a tool of the site's\nuser = {user.name}\nrule = maintenance\nuntil = {until}\n{more}"


def test_files_of_other_tools_count(scene, user):
    write(scene, text(user, "ticket = INC 7\n"))
    assert enters(scene, user)
    scene.wait_log(r"ticket=INC\\x207")


@pytest.mark.parametrize("wrong", [
    dict(more="colour = red\n"), dict(more="until = 2098-01-01T00:00:00Z\n"), dict(more="ticket =\n"),
    dict(more="ticket = a"), dict(until="tomorrow"), dict(until="2099-02-30T00:00:00Z")],
    ids=["key", "twice", "empty", "cut", "time", "day"])
def test_a_file_that_is_not_understood_grants_nothing(scene, user, make_user, wrong):
    path = write(scene, text(user, **wrong))
    assert not enters(scene, user)
    scene.wait_log(f"Grant file {path} grants nothing: ")
    p = ctl(scene, "grant", "list", check=1)
    assert f"{path} grants nothing: " in p.stderr
    # and that one alone
    other = make_user()
    other.make_key()
    write(scene, text(other), name="y.grant")
    assert enters(scene, other)


@pytest.mark.parametrize("mode, owner", [(0o620, 0), (0o602, 0), (0o600, 12345)])
def test_a_file_that_others_may_write_grants_nothing(scene, user, mode, owner):
    path = write(scene, text(user), mode, owner)
    assert not enters(scene, user)
    scene.wait_log(f"Grant file {path} grants nothing: bad ownership or modes")


def test_a_directory_that_others_may_write_grants_nothing(scene, user):
    write(scene, text(user))
    assert enters(scene, user)
    os.chmod(scene.place, 0o777)
    assert not enters(scene, user)


def test_a_directory_that_cannot_be_read_refuses(scene, user):
    with open(scene.place, "w"):
        pass
    assert not enters(scene, user)
    scene.wait_log("by_grant: whether there is a grant is not known")


PAST = "2020-01-01T00:00:00Z"


def write_many(s, user, until):
    for i in range(4097):
        write(s, text(user, until=until), name=f"many{i}.grant")


def test_grants_that_are_over_refuse_nobody_and_are_taken_away(scene, user):
    s = scene
    write_many(s, user, PAST)
    write(s, text(user))
    assert enters(s, user)
    kept = {"x.grant", "broken.grant", "linked.grant", "theirs.grant", "note.txt"}
    write(s, text(user, "colour = red\n", PAST), name="broken.grant")
    write(s, text(user, until=PAST), owner=12345, name="theirs.grant")
    write(s, text(user, until=PAST), name="note.txt")
    os.symlink("note.txt", f"{s.place}/linked.grant")
    name = grant(s, user)
    assert set(os.listdir(s.place)) == kept | {f"{name}.grant"}
    write(s, text(user, until=PAST), name="y.grant")
    assert ctl(s, "grant", "revoke", name).returncode == 0
    assert set(os.listdir(s.place)) == kept
    write(s, text(user, until=PAST), name="y.grant")
    assert re.search(r"^y  .* over until", ctl(s, "grant", "list", check=1).stdout, re.M)
    assert set(os.listdir(s.place)) == kept


def test_more_grants_than_are_read_refuse(scene, user):
    write(scene, text(user))
    assert enters(scene, user)
    write_many(scene, user, "2099-01-01T00:00:00Z")
    assert not enters(scene, user)
    scene.wait_log("by_grant: whether there is a grant is not known")
    assert "has more than 4096 grants" in ctl(scene, "grant", "list", check=1).stderr
    assert len(os.listdir(scene.place)) == 4098


def test_mistakes_of_the_command_are_told(scene, user):
    s = scene

    def said(*words, check=1):
        return ctl(s, "grant", *words, check=check).stderr
    add = ["add", "--user", user.name, "--for", "1h", "--rule"]
    assert "there is no such rule" in said(*add, "nothing")
    assert "there is no such user" in said("add", "--user", "nobody-here", "--for", "1h", "--rule", "maintenance")
    assert "No such file" in said("revoke", "0123456789abcdef")
    assert "no id of a grant" in said("revoke", "../../passwd", check=2)
    said(*add, "maintenance", "--ticket", "a\nrule = x", check=2)
    said("add", check=2)
    assert not os.path.exists(s.place)
    s.write(s.text.replace("match = { by_grant = true; };", ""))
    assert "does not say by_grant" in said(*add, "maintenance")


def test_tests_of_a_policy_declare_grants(scene, user):
    s = scene
    case = ('\ntests = ( { name = "t"; user = "ann"; uid = 4000; groups = [ ]; from = "192.0.2.1"; at = "@0"; '
            'granted = [ %s ]; expect = "%s"; } );\n')
    for granted, expect, good in (('"maintenance"', "allow", True), ("", "allow", False), ("", "deny", True)):
        s.write(s.text + case % (granted, expect))
        assert (ctl(s, "check", check=None).returncode == 0) == good


def test_by_grant_stands_in_rules_only(scene):
    scene.write(scene.text + '\nguards = ( { name = "g"; match = { by_grant = true; }; pty = false; } );\n')
    assert "can stand in a rule only: a grant names one" in ctl(scene, "check", check=1).stdout
