"""Whom rules and guards are for: each condition, with real clients."""

import datetime

import sp
from test_keys import ca, certify  # noqa: F401 (a fixture)

KEY = 'methods = [ "publickey", "password" ];'


def mark_of(s, user, *flags, **kw):
    """Which rule decided, as the program is told."""
    p = s.ssh(user, "echo $MARK", flags=flags, **kw)
    return p.stdout.strip() if p.returncode == 0 else None


def serve(make_server, *rules, **kw):
    text = ",\n".join(f'{{ name = "r{i}"; match = {{ {m} }}; {KEY} set_env = [ "MARK={i}" ]; }}'
                      for i, m in enumerate(rules))
    return make_server(rules=f"rules = ( {text} );", **kw)


def test_users(make_server, make_user):
    a, b, c = (make_user() for _ in range(3))
    s = serve(make_server, f'user = "{a.name}";', f'uid = "{b.uid}-{b.uid}";',
              f'user = [ "spt_*", "!{c.name}" ];', 'user = "*";')
    assert [mark_of(s, u) for u in (a, b, c)] == ["0", "1", "3"]
    # the name as the name service gives it, never as it was typed
    loud = type("Loud", (), dict(name=a.name.upper(), key=a.key))
    assert s.ssh(loud, "true").returncode == 255
    s.wait_log(rf"Invalid user {loud.name}")


def test_groups_and_their_absence(make_server, make_user):
    for g in ("spt_in", "spt_out"):
        sp.run(["groupadd", "-f", g], check=0)
    a, b = make_user(groups=("spt_in",)), make_user(groups=("spt_in", "spt_out"))
    s = serve(make_server, 'group = [ "spt_in", "!spt_out" ];', 'group = "spt_out";')
    assert [mark_of(s, u) for u in (a, b)] == ["0", "1"]


def test_sources_of_both_families(make_server, user):
    # dual-stack sockets would say ::ffff:127.0.0.1: it is the same address
    s = serve(make_server, 'from = [ "127.0.0.0/8", "!127.0.0.2", "!127.0.1.0/24" ];',
              'from = [ "::1/128" ];', 'from = [ "127.0.0.2/31" ];', listen="*")
    assert mark_of(s, user) == "0"
    assert mark_of(s, user, "-b", "127.0.0.2") == "2"
    assert mark_of(s, user, "-b", "127.0.0.9") == "0"
    assert mark_of(s, user, "-b", "127.0.1.9") is None
    s.host = "::1"
    assert mark_of(s, user) == "1"


def test_listeners(make_server, user):
    s = serve(make_server, 'listener = "inner";', 'listener = "outer*";', start=False)
    s.write(s.text.replace(
        'listeners = (', f'listeners = ( {{ name = "inner"; address = "127.0.0.1"; port = {s.port + 10000}; }},')
        .replace('name = "main"', 'name = "outer1"'))
    s.start()
    assert mark_of(s, user) == "1"
    s.port += 10000
    assert mark_of(s, user) == "0"


def test_times(make_server, user):
    """A window in a zone of its own: now there, not now here."""
    there = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=14)
    minute = there.hour * 60 + there.minute
    span = "-".join(f"{m // 60:02}:{m % 60:02}" for m in (max(minute - 30, 0), min(minute + 30, 24 * 60)))
    days = "mon tue wed thu fri sat sun".split()
    today, other = days[there.weekday()], days[(there.weekday() + 3) % 7]
    s = serve(make_server, f'time = "{other} 00:00-24:00 Pacific/Kiritimati";', f'time = "{span} UTC";',
              f'time = [ "{other} {span} Pacific/Kiritimati", "{today} {span} Pacific/Kiritimati" ];')
    assert mark_of(s, user) == "2"


def test_guards_on_the_proof(make_server, user, ca):
    """They look at the key and the method that let in; others pass."""
    out = sp.run(["ssh-keygen", "-lf", ca + ".pub"], check=0).stdout.split()[1]
    matches = {"key_type": "ssh-rsa", "key_ca": out, "key_source": "second", "method": "password"}
    guards = ", ".join(f'{{ name = "{k}"; match = {{ {k} = "{v}"; }}; command = "echo {k}"; }}'
                       for k, v in matches.items())
    s = make_server(extra=f"guards = ( {guards} );",
                    publickey=f'sources = [ "user", "second" ]; second = {{ file = "%h/.ssh/second"; }}; '
                              f'ca_keys = [ "{ca}.pub" ];')

    def says(**kw):
        return s.ssh(user, "echo none", check=0, **kw).stdout.strip()
    assert says() == "none"
    assert says(password=True) == "method"
    user.make_key("rsa", extra=["-b", "2048"])
    assert says() == "key_type"
    certify(ca, user, principals=user.name)
    assert says() == "key_ca"
    path = f"{sp.SCRATCH}/{user.name}_second"
    sp.clean_key(path)
    sp.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=0)
    user.key = path
    user.authorize(open(path + ".pub").read(), name="second")
    assert says() == "key_source"
