"""Principals that the options of the publickey module name, by user and group."""

import grp

import pytest

import sp
from control import ctl_json
from test_keys import ca, certify  # noqa: F401 (a fixture)

GROUP = "spt_dba"


@pytest.fixture
def member(make_user):
    sp.run(["groupadd", "-f", GROUP], check=0)
    yield make_user(key=False, groups=(GROUP,))
    sp.run(["groupdel", GROUP])


def enters(s, user):
    e = ctl_json(s, "explain", "--user", user.name, "--from", "127.0.0.1", "--key", user.key + "-cert.pub")["key"]
    accepted = s.ssh(user, "true").returncode == 0
    assert accepted == e["accepted"], e
    return accepted


@pytest.mark.parametrize("form", ["ca_keys", "source"])
@pytest.mark.parametrize("asked", [False, True])
def test_a_certificate_names_the_user_or_a_group(make_server, make_user, member, ca, form, asked):  # noqa: F811
    """Whether or not the policy asks for groups, too."""
    names = '[ "%u", "group:%g", "uid-%U", "ops%%" ]'
    other = make_user(key=False)
    s = make_server(methods=["publickey"], publickey=(
        f'ca_keys = [ "{ca}.pub" ]; principals = {names};' if form == "ca_keys" else
        f'sources = [ "user", "corp" ]; corp = {{ ca_keys = [ "{ca}.pub" ]; names = {names}; }};'),
        extra=f'guards = ( {{ name = "g"; match = {{ group = "{GROUP}"; }}; x11 = false; }} );' if asked else "")
    own = grp.getgrgid(member.gid).gr_name
    for principal, member_in, other_in in (
            (member.name, True, False), (f"group:{GROUP}", True, False), (f"group:{own}", True, False),
            (f"uid-{member.uid}", True, False), ("ops%", True, True), (GROUP, False, False), ("group:", False, False),
            (f"group:{GROUP}\n", False, False), ("group:%g", False, False), ("root", False, False)):
        for user, expected in ((member, member_in), (other, other_in)):
            certify(ca, user, principals=principal)
            assert enters(s, user) == expected, (principal, user.name)


def test_without_the_user_among_them_his_name_is_none(make_server, member, ca):  # noqa: F811
    s = make_server(methods=["publickey"], publickey=f'ca_keys = [ "{ca}.pub" ]; principals = [ "group:%g" ];')
    certify(ca, member, principals=member.name)
    assert not enters(s, member)
    certify(ca, member, principals=f"group:{GROUP},x")
    assert enters(s, member)
    # The restrictions of the certificate hold.
    certify(ca, member, "-O", "source-address=192.0.2.0/24", principals=f"group:{GROUP}")
    assert not enters(s, member)
    certify(ca, member, "-O", "force-command=echo forced", principals=f"group:{GROUP}")
    assert s.ssh(member, "echo own").stdout == "forced\n"


def test_beside_a_file(make_server, member, ca):  # noqa: F811
    member.authorize("from-file", name="principals")
    s = make_server(methods=["publickey"], publickey=f'sources = [ "user", "corp" ]; corp = {{ ca_keys = [ "{ca}.pub" ]; '
                    'names = "group:%g"; file = "%h/.ssh/principals"; };')
    for principal, expected in (("from-file", True), (f"group:{GROUP}", True), ("else", False)):
        certify(ca, member, principals=principal)
        assert enters(s, member) == expected


@pytest.mark.parametrize("options, error", [
    ('ca_keys = [ "CA.pub" ]; principals = [ "%h" ];', '"%h": of tokens there are %u, %U, %g and %%'),
    ('ca_keys = [ "CA.pub" ]; principals = [ "a%" ];', '"a%": of tokens'),
    ('principals = [ "%u" ];', "ca_keys is missing"),
    ('sources = [ "user" ]; user = { names = [ "%u" ]; };', "ca_keys is missing"),
])
def test_what_cannot_be_meant_is_refused(make_server, ca, options, error):  # noqa: F811
    s = make_server(start=False, publickey=options.replace("CA", ca))
    p = s.check()
    assert p.returncode != 0 and error in p.stdout + p.stderr, (p.stdout, p.stderr)
