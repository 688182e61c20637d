"""The tests that a policy brings: check, -t, the reload."""

import os

import sp

CTL = os.path.join(sp.BUILD, "sallyportctl")
FAILS = """tests = ( { name = "nobody"; user = "%s"; uid = 4000; groups = [ ];
    from = "192.0.2.1"; at = "@0"; listener = "main"; expect = "%s"; } );
"""


def ctl(server, *words, check=0):
    return sp.run([CTL, "-f", server.config, "-s", server.control, *words], check=check)


def test_a_failing_test_stops_check_and_t_and_reload_but_no_start(make_server, user):
    s = make_server()
    good = s.text
    s.write(good + FAILS % ("nobody-here", "allow"))
    for expect in ("allow", "deny"):
        s.write(good + FAILS % ("nobody-here", expect))
        p = ctl(s, "check", check=None)
        t = s.check()
        r = ctl(s, "reload", check=None)
        failed = [x.returncode != 0 for x in (p, t, r)]
        assert len(set(failed)) == 1, (p.stdout, t.stderr, r.stdout + r.stderr)
        if failed[0]:
            line = open(s.config).read().split("tests = (")[0].count("\n") + 1
            for text in (p.stdout, t.stdout + t.stderr, r.stdout + r.stderr):
                assert f"{s.config}:{line}: tests.nobody: expected {expect}, came " in text
                assert "why: user nobody-here: uid 4000" in text
            wrong = expect
    s.write(good + FAILS % ("nobody-here", wrong))
    # sallyportd -T prints, a start serves
    sp.run([os.path.join(sp.BUILD, "sallyportd"), "-T", "-f", s.config], check=0)
    s.stop()
    s.start()
    assert s.ssh(user, "echo in", check=0).stdout == "in\n"


def test_an_account_of_this_machine_is_looked_up(make_server, user):
    s = make_server()
    good = s.text
    s.write(good + f"""tests = ( {{ name = "account"; user = "{user.name}"; from = "127.0.0.1";
        at = "@0"; expect = "allow"; }} );\n""")
    assert "no errors" in ctl(s, "check").stdout
    s.write(good + """tests = ( { name = "account"; user = "no-such-user"; from = "127.0.0.1";
        at = "@0"; expect = "allow"; } );\n""")
    assert "came deny (unknown_user)" in ctl(s, "check", check=1).stdout
    assert "not run" in ctl(s, "check", "--lint").stdout
