"""What overlays set where the deciding rule sets nothing, with real clients;
and each switch that an overlay, a rule or a guard can turn."""

import sp
from test_forward import Echo, free_port
from test_keys import ca, certify  # noqa: F401 (a fixture)
from test_policy import only

KEY = 'methods = [ "publickey", "password", "keyboard-interactive" ];'


def in_groups(make_user, *names):
    for g in names:
        sp.run(["groupadd", "-f", g], check=0)
    return make_user(groups=names)


def test_each_setting_comes_from_the_first_overlay_that_has_it(make_server, make_user):
    a = in_groups(make_user, "spt_one", "spt_two")
    b = in_groups(make_user, "spt_two")
    c = make_user()
    s = make_server(rules=f"""
      overlays = (
        {{ name = "one"; match = {{ group = "spt_one"; }}; set_env = [ "MARK=one" ]; }},
        {{ name = "two"; match = {{ group = "spt_two"; }}; set_env = [ "MARK=two" ]; exec = true;
          command = "echo forced $MARK"; }},
        {{ name = "rest"; {KEY} set_env = [ "MARK=rest" ]; accept_env = [ "X" ]; }} );
      rules = ( {{ name = "all"; exec = true; }} );""")
    said = [s.ssh(u, "echo free $MARK", check=0).stdout for u in (a, b, c)]
    assert said == ["forced one\n", "forced two\n", "free rest\n"]


def test_what_an_overlay_does_not_undo(make_server, make_user):
    """A rule's refusal, a guard, a rule's own setting."""
    a, b = in_groups(make_user, "spt_one"), make_user()
    s = make_server(rules=f"""
      overlays = ( {{ name = "o"; {KEY} exec = true; command_restricts = false; pty = true; }} );
      guards = ( {{ name = "g"; match = {{ user = "{b.name}"; }}; exec = false; }} );
      rules = ( {{ name = "no"; match = {{ group = "spt_one"; }}; refuse = true; }},
                {{ name = "all"; pty = false; }} );""")
    assert s.ssh(a, "true").returncode == 255
    assert s.ssh(b, "echo no").stdout == ""
    assert "PTY allocation request failed" in s.ssh(b, flags=("-tt",)).stderr
    s.wait_log(rf"User {a.name} from 127.0.0.1 not allowed because listed in DenyUsers")


def test_an_overlay_s_command_undoes_no_refusal_but_its_own(make_server, make_user):
    a, b = in_groups(make_user, "spt_one"), in_groups(make_user, "spt_two")
    s = make_server(rules=f"""
      overlays = (
        {{ name = "one"; match = {{ group = "spt_one"; }}; command = "echo forced"; }},
        {{ name = "two"; match = {{ group = "spt_two"; }}; exec = false; command = "echo own"; }},
        {{ name = "all"; {KEY} }} );
      rules = ( {{ name = "strict"; match = {{ group = "spt_one"; }}; exec = false; }}, {{ name = "all"; }} );""")
    refused = s.ssh(a, "id")
    assert refused.returncode != 0 and refused.stdout == "", refused
    assert s.ssh(a, input="").stdout == "forced\n"  # a shell is permitted
    assert s.ssh(b, "id").stdout == "own\n"
    s.wait_log("command not permitted")


def test_lists_of_users_and_groups(make_server, make_user):
    """With the sentences that sshd's log has for them."""
    a, b = in_groups(make_user, "spt_one"), in_groups(make_user, "spt_two")
    for grants, sentence in (
            (f'deny_users = [ "{b.name}@127.0.0.0/8" ];', "listed in DenyUsers"),
            (f'allow_users = [ "{a.name}" ];', "not listed in AllowUsers"),
            ('deny_groups = [ "spt_tw?" ];', "a group is listed in DenyGroups"),
            ('allow_groups = [ "spt_one" ];', "none of user's groups are listed in AllowGroups")):
        for where in ("rules", "overlays", "guards"):
            text = {"rules": "", "overlays": "", "guards": ""}
            text[where] = grants
            guards = f'guards = ( {{ name = "g"; {grants} }} );' if where == "guards" else ""
            s = make_server(rules=f"""
              overlays = ( {{ name = "o"; {KEY} {text['overlays']} }} ); {guards}
              rules = ( {{ name = "all"; {text['rules']} }} );""")
            s.ssh(a, "true", check=0)
            assert s.ssh(b, "true").returncode == 255, where
            s.wait_log(rf"User {b.name} from 127.0.0.1 not allowed because {sentence}")
            s.stop()


def offered(s, user):
    """The methods that the server names to whom it let in by none."""
    p = s.ssh(user, "true", flags=("-v",), PreferredAuthentications="none", LogLevel="DEBUG1")
    line = [x for x in p.stderr.splitlines() if "can continue: " in x][-1]
    return line.split("can continue: ")[1].split(",")


def test_methods_are_switched_one_by_one(make_server, make_user):
    a, b = in_groups(make_user, "spt_one"), make_user()
    s = make_server(
        extra='', rules=f"""
      overlays = (
        {{ name = "1"; match = {{ group = "spt_one"; }}; password = false; }},
        {{ name = "2"; match = {{ user = "{a.name}"; }}; keyboard_interactive = false; }},
        {{ name = "3"; {KEY} password = true; hostbased = false; }} );
      guards = ( {{ name = "g"; match = {{ user = "{b.name}"; }}; publickey = false; }} );
      rules = ( {{ name = "all"; }} );""")
    assert offered(s, a) == ["publickey"]
    assert offered(s, b) == ["password", "keyboard-interactive"]
    s.ssh(a, "true", check=0)
    assert s.ssh(b, "true").returncode == 255
    s.ssh(b, "true", password=True, check=0)


def test_forwarding_is_switched(make_server, user):
    """Whatever the lists say, each direction and all of it."""
    grants = 'local_forward = "*:*"; remote_forward = "*:*"; agent = true;'
    echo = Echo()
    for switch, local, remote in (("forwarding = false;", False, False),
                                  ('tcp_forward = "local";', True, False),
                                  ('tcp_forward = "remote";', False, True)):
        s = make_server(rules=f"""overlays = ( {{ name = "o"; {KEY} {grants} }} );
            rules = ( {{ name = "all"; {switch} }} );""")
        p = s.ssh(user, flags=("-W", f"127.0.0.1:{echo.port}"), input="hallo")
        assert (p.stdout == "HALLO") == local, (switch, p)
        p = s.ssh(user, "true", flags=("-R", f"{free_port()}:127.0.0.1:{echo.port}"),
                  ExitOnForwardFailure="yes")
        assert (p.returncode == 0) == remote, (switch, p)
        s.stop()


def test_a_command_that_restricts_nothing(make_server, user):
    for value, granted in (("true", False), ("false", True)):
        s = only(make_server, f'command = "tty && echo terminal"; command_restricts = {value};')
        p = s.ssh(user, flags=("-tt",))
        assert ("terminal" in p.stdout) == granted, p
        s.stop()


def test_principals_that_a_rule_chooses(make_server, make_user, ca):
    """An authority for all, and lists of principals of which some count."""
    a, b = in_groups(make_user, "spt_one"), make_user()
    for name in ("ops", "web"):
        with open(f"{sp.SCRATCH}/names_{name}", "w") as f:
            f.write(name + "\n")
    s = make_server(
        publickey=f"""sources = [ "user", "ca", "names", "names-1" ];
            ca = {{ ca_keys = [ "{ca}.pub" ]; }};
            names = {{ principals = true; file = [ "{sp.SCRATCH}/names_web" ]; }};
            names-1 = {{ principals = true; file = [ "{sp.SCRATCH}/names_ops" ]; }};""",
        rules=f"""overlays = (
            {{ name = "1"; match = {{ group = "spt_one"; }}; key_sources = [ "+names=names-1" ]; }},
            {{ name = "2"; {KEY} key_sources = [ "+files=none", "+ca=ca", "+names=names" ]; }} );
          rules = ( {{ name = "all"; }} );""")
    for u, principal, good in ((a, "ops", True), (a, "web", False), (b, "web", True), (b, "ops", False)):
        plain = u.key
        assert s.ssh(u, "true").returncode == 255  # files are none
        certify(ca, u, principals=principal)
        assert (s.ssh(u, "true").returncode == 0) == good, (principal, good)
        u.key = plain
