"""hostbased with the stock client and its ssh-keysign: two hosts, each a
network namespace of its own, and we the server to both."""

import os

import pytest

import sp

OURS = "10.77.0.1"
HOSTS = {"friend": ("10.77.0.2", "friend.test"), "other": ("10.77.1.2", "other.test")}
KEY = "/etc/ssh/ssh_host_ed25519_key"
KNOWN = "/mnt/sp/hb_known_hosts"
EQUIV = "/mnt/sp/hb_equiv"


def put(path, text, mode=0o644):
    with open(path, "w") as f:
        f.write(text)
    os.chmod(path, mode)


@pytest.fixture(scope="module")
def hosts():
    saved = {p: open(p).read() for p in ("/etc/hosts", "/etc/ssh/ssh_config", "/etc/nsswitch.conf")}
    os.makedirs("/run/netns", exist_ok=True)
    for n, (name, (address, full)) in enumerate(HOSTS.items()):
        for argv in (
                ["netns", "add", name],
                ["link", "add", f"sp{n}", "type", "veth", "peer", "name", "eth0", "netns", name],
                ["addr", "add", f"10.77.{n}.1/24", "dev", f"sp{n}"],
                ["link", "set", f"sp{n}", "up"],
                ["-n", name, "addr", "add", f"{address}/24", "dev", "eth0"],
                ["-n", name, "link", "set", "eth0", "up"],
                ["-n", name, "link", "set", "lo", "up"],
                ["-n", name, "route", "add", "default", "via", f"10.77.{n}.1"]):
            sp.run(["ip", *argv], check=0)
    put("/etc/hosts", "127.0.0.1 localhost testhost\n" +
        "".join(f"{address} {full}\n" for address, full in HOSTS.values()))
    put("/etc/nsswitch.conf", "passwd: files\ngroup: files\nshadow: files\nhosts: files\n")
    put("/etc/ssh/ssh_config", "Host *\n\tEnableSSHKeysign yes\n")
    for kind in ("ed25519", "ecdsa", "rsa"):
        path = f"/etc/ssh/ssh_host_{kind}_key"
        for suffix in ("", ".pub", "-cert.pub"):
            if os.path.exists(path + suffix):
                os.unlink(path + suffix)
    sp.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", KEY], check=0)
    yield
    for name in HOSTS:
        sp.run(["ip", "netns", "delete", name])
    for path, text in saved.items():
        put(path, text)


def public():
    return " ".join(open(KEY + ".pub").read().split()[:2])


@pytest.fixture
def believed(hosts):
    """friend.test is equivalent, and its key known, by a hashed name."""
    put(EQUIV, "friend.test\n")
    put(KNOWN, f"friend.test {public()}\n")
    sp.run(["ssh-keygen", "-q", "-H", "-f", KNOWN], check=0)
    os.chmod(KNOWN, 0o644)
    assert "friend.test" not in open(KNOWN).read()
    yield
    if os.path.exists(KEY + "-cert.pub"):
        os.unlink(KEY + "-cert.pub")


def serve(make_server, options="", methods='"hostbased"', service="sallyport"):
    return make_server(
        listen="0.0.0.0",
        modules=f'{{ name = "pam"; options = {{ service = "{service}"; }}; }},'
        f'{{ name = "hostbased"; options = {{ known_hosts = [ "{KNOWN}" ]; equiv = [ "{EQUIV}" ]; {options} }}; }}',
        rules=f'rules = ( {{ name = "users"; methods = [ {methods} ]; }} );')


def come(s, user, host="friend", as_user=None):
    """As one user of the other host, with the stock client."""
    return sp.run(["ip", "netns", "exec", host, "runuser", "-u", (as_user or user).name, "--",
                   "ssh", "-F", "none", "-p", str(s.port), "-o", "BatchMode=yes",
                   "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
                   "-o", "LogLevel=ERROR", "-o", "HostbasedAuthentication=yes",
                   "-o", "EnableSSHKeysign=yes", "-o", "PreferredAuthentications=hostbased",
                   f"{user.name}@{OURS if host == 'friend' else '10.77.1.1'}", "id -un"])


def refused(s, pattern, *args, **kw):
    mark = s.mark()
    p = come(s, *args, **kw)
    assert p.returncode == 255 and p.stdout == "", (p.stdout, p.stderr)
    s.wait_log(pattern, after=mark)


def test_the_account_has_the_last_word(make_server, user, believed):
    sp.write_pam("sp-hosts", "auth required pam_deny.so\naccount required pam_deny.so\n"
                 "session required pam_permit.so\n")
    s = serve(make_server, service="sp-hosts")
    refused(s, rf"User {user.name} from \S+ not allowed because ", user)


def test_the_stock_client_comes_in(make_server, user, believed):
    s = serve(make_server)
    p = come(s, user)
    assert p.stdout == user.name + "\n", (p.stderr, s.log()[-3000:])
    s.wait_log(rf"Accepted hostbased for {user.name} from 10\.77\.0\.2 port \d+ ssh2: ED25519 SHA256:")


def test_from_the_wrong_host(make_server, user, believed):
    """It has the friend's very key: its address has another name."""
    s = serve(make_server)
    refused(s, "other.test.*not.*among.*equivalent", user, host="other")
    # nor does it help that it is equivalent, when the key is another host's
    put(EQUIV, "friend.test\nother.test\n")
    refused(s, "key.*not.*known.*for.*other.test", user, host="other")
    come_in = come(s, user)
    assert come_in.stdout == user.name + "\n", come_in.stderr


def test_with_the_wrong_key(make_server, user, believed):
    s = serve(make_server)
    put(KNOWN, "friend.test " + " ".join(open(sp.host_key("ed25519") + ".pub").read().split()[:2]) + "\n")
    refused(s, "key.*not.*known.*for.*friend.test", user)
    put(KNOWN, f"friend.test {public()}\n@revoked friend.test {public()}\n")
    refused(s, "revoked", user)


def test_as_somebody_else(make_server, user, make_user, believed):
    s = serve(make_server)
    refused(s, "not.*among.*equivalent", user, as_user=make_user())
    put(EQUIV, f"friend.test -{user.name}\n")
    refused(s, "refused.*by.*name", user)
    put(EQUIV, "+\n+ +\n")
    refused(s, "not.*among.*equivalent", user)


def test_users_files_count_only_if_configured(make_server, user, believed):
    put(EQUIV, "")
    path = user.home + "/.shosts"
    put(path, "friend.test\n", 0o600)
    os.chown(path, user.uid, user.gid)
    s = serve(make_server)
    refused(s, "not.*among.*equivalent", user)
    s = serve(make_server, "user_files = true;")
    p = come(s, user)
    assert p.stdout == user.name + "\n", p.stderr
    os.chmod(path, 0o666)
    refused(s, "refused", user)


def test_a_host_certificate(make_server, user, believed):
    ca = "/mnt/sp/hb_ca"
    if not os.path.exists(ca):
        sp.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", ca], check=0)

    def certify(*flags):
        sp.run(["ssh-keygen", "-q", "-s", ca, "-I", "friend", "-z", "9", *flags, KEY + ".pub"], check=0)
    put(KNOWN, "@cert-authority *.test " + open(ca + ".pub").read())
    s = serve(make_server)
    certify("-h", "-n", "friend.test")
    p = come(s, user)
    assert p.stdout == user.name + "\n", (p.stderr, s.log()[-3000:])
    s.wait_log(r"Accepted hostbased .*ED25519-CERT .* ID friend .*CA ED25519 SHA256:")
    for flags in (("-h", "-n", "somebody.test"), ("-n", "friend.test"),
                  ("-h", "-n", "friend.test", "-V", "-2d:-1d")):
        certify(*flags)
        refused(s, r"Failed hostbased|hostbased.*(fail|refus)", user)


def test_in_a_chain(make_server, user, believed):
    s = serve(make_server, methods='"hostbased,password"')
    assert come(s, user).returncode == 255
    s.wait_log(rf"Partial hostbased for {user.name} from 10\.77\.0\.2")
