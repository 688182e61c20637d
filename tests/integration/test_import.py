"""sshd_config imported, beside sshd on the same file: the same logins, the same
answers; scanners' policies; and -T, for tools that read sshd's words."""

import os
import subprocess

import pytest

import sp
from test_forward import Echo

CTL = "/usr/sbin/sallyportctl"


def imported(make_server, text, port=None, **kw):
    """Our server with what becomes of the text, on a port of its own."""
    s = make_server(start=False, **kw)
    theirs = s.dir + "/sshd_config"
    with open(theirs, "w") as f:
        f.write(text.format(port=s.port, pid=s.pid_file))
    p = sp.run([CTL, "-f", s.config, "import", theirs])
    assert p.returncode == 0, p.stderr
    s.write(f'control_socket = "{s.control}";\n' + p.stdout)
    s.imported = p
    return s


HEAD = """Port {{port}}
ListenAddress 127.0.0.1
PidFile {{pid}}
HostKey {key}
UsePAM yes
"""


# ---- the same file, two servers ----

SITE = """
PermitRootLogin no
KbdInteractiveAuthentication no
PasswordAuthentication no
AcceptEnv LANG
SetEnv FROM=global
DenyGroups spt_denied
Subsystem sftp internal-sftp
Match Group spt_tunnel
    ForceCommand echo "tunnels  only: $SSH_ORIGINAL_COMMAND"
    PermitTTY no
    SetEnv FROM=tunnel
Match Group spt_files
    ForceCommand internal-sftp -d %d
    AllowTcpForwarding no
Match Group spt_tunnel,spt_env
    AcceptEnv SPT_*
    AllowTcpForwarding local
    SetEnv FROM=env
Match User spt_none,*_none Address 127.0.0.0/8
    X11Forwarding yes
"""


class Theirs:
    """sshd on the same file, with the same PAM stack."""

    def __init__(self, s, text):
        self.dir = s.dir + "/theirs"
        os.makedirs(self.dir, exist_ok=True)
        self.port = s.port + 700
        path = self.dir + "/sshd_config"
        with open(path, "w") as f:
            f.write(text.format(port=self.port, pid="none"))
        self.process = subprocess.Popen(["/usr/sbin/sshd", "-D", "-e", "-f", path],
                                        stderr=open(self.dir + "/log", "w"))
        sp.wait_for(lambda: f":{self.port}" in sp.run(["ss", "-tln"]).stdout, what="sshd")

    def stop(self):
        self.process.terminate()
        self.process.wait()


def answers(s, user, echo):
    """What this user gets, of all that the file speaks of."""
    def said(*argv, **kw):
        p = s.ssh(user, *argv, **kw)
        # That there is SFTP alone each says in words of its own, ours not on stdout.
        return p.returncode, "" if "ftp " in p.stdout.lower() else p.stdout
    batch = sp.run(["sftp", "-q", "-b", "-", "-P", str(s.port), *s.options(user), f"{user.name}@127.0.0.1"],
                   input="pwd\n")
    return {
        "command": said("echo  got $FROM $SPT_X $OTHER", flags=("-o", "SetEnv=SPT_X=x OTHER=o")),
        "terminal": said("tty >/dev/null && echo tty", flags=("-tt",)),
        "forward": said(flags=("-W", f"127.0.0.1:{echo.port}"), input="hallo"),
        "sftp": (batch.returncode, batch.stdout),
    }


@pytest.mark.skipif(not os.path.exists("/usr/sbin/sshd"), reason="no sshd to compare with")
def test_logins_are_answered_as_by_sshd(make_server, make_user):
    text = HEAD.format(key=sp.host_key("ed25519")) + SITE
    users = []
    for groups in ((), ("spt_tunnel",), ("spt_files",), ("spt_env",), ("spt_env", "spt_tunnel"), ("spt_denied",)):
        for g in groups:
            sp.run(["groupadd", "-f", g], check=0)
        users.append(make_user(groups=groups))
    with open("/etc/pam.d/sshd", "w") as f:
        f.write(open("/etc/pam.d/sallyport").read())
    s = imported(make_server, text)
    s.start()
    theirs = Theirs(s, text)
    other = sp.Server.__new__(sp.Server)
    other.port, other.dir = theirs.port, theirs.dir
    echo = Echo()
    try:
        for u in users:
            assert answers(s, u, echo) == answers(other, u, echo), u.name
    finally:
        theirs.stop()


# ---- scanners ----

HOST_KEYS = """sk-ssh-ed25519-cert-v01@openssh.com,ssh-ed25519-cert-v01@openssh.com,\
rsa-sha2-512-cert-v01@openssh.com,rsa-sha2-256-cert-v01@openssh.com,sk-ssh-ed25519@openssh.com,ssh-ed25519,\
rsa-sha2-512,rsa-sha2-256"""
CIPHERS = "chacha20-poly1305@openssh.com,aes256-gcm@openssh.com,aes256-ctr,aes192-ctr,aes128-gcm@openssh.com,aes128-ctr"
# Lines that ssh-audit's guides have people write, and its policies then ask for.
HARDENED = {
    "Debian 12": dict(
        kex="sntrup761x25519-sha512@openssh.com,curve25519-sha256,curve25519-sha256@libssh.org,"
            "diffie-hellman-group16-sha512,diffie-hellman-group18-sha512,diffie-hellman-group-exchange-sha256",
        macs="hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,umac-128-etm@openssh.com"),
    "Debian 13": dict(
        kex="mlkem768x25519-sha256,sntrup761x25519-sha512,sntrup761x25519-sha512@openssh.com",
        macs="hmac-sha2-512-etm@openssh.com,hmac-sha2-256-etm@openssh.com,umac-128-etm@openssh.com"),
}


@pytest.mark.parametrize("release", HARDENED)
def test_ssh_audits_policy_passes_with_the_imported_file(make_server, release):
    lists = HARDENED[release]
    rsa = f"{sp.SCRATCH}/audit_rsa"
    if not os.path.exists(rsa):
        sp.run(["ssh-keygen", "-q", "-t", "rsa", "-b", "4096", "-N", "", "-f", rsa], check=0, timeout=120)
    moduli = f"{sp.SCRATCH}/audit_moduli"
    with open("/etc/ssh/moduli") as f, open(moduli, "w") as out:
        out.writelines(line for line in f if line[0] != "#" and int(line.split()[4]) >= 3071)
    text = HEAD.format(key=sp.host_key("ed25519")) + f"""HostKey {rsa}
KexAlgorithms {lists['kex']}
Ciphers {CIPHERS}
MACs {lists['macs']}
HostKeyAlgorithms {HOST_KEYS}
RequiredRSASize 3072
CASignatureAlgorithms sk-ssh-ed25519@openssh.com,ssh-ed25519,rsa-sha2-512,rsa-sha2-256
GSSAPIKexAlgorithms gss-curve25519-sha256-,gss-group16-sha512-
HostbasedAcceptedAlgorithms {HOST_KEYS}
PubkeyAcceptedAlgorithms {HOST_KEYS}
ModuliFile {moduli}
"""
    s = imported(make_server, text)
    s.start()
    policy = f"{s.dir}/policy"
    with open(policy, "w") as f:
        f.write(f"""name = "hardened {release}"
version = 1
host keys = ssh-ed25519, rsa-sha2-512, rsa-sha2-256
key exchanges = {lists['kex'].replace(',', ', ')}, kex-strict-s-v00@openssh.com
ciphers = {CIPHERS.replace(',', ', ')}
macs = {lists['macs'].replace(',', ', ')}
hostkey_size_rsa-sha2-256 = 4096
hostkey_size_rsa-sha2-512 = 4096
""")
        if "group-exchange" in lists["kex"]:
            # Before 3.0 it takes the group for clients that want 2048 bits at most, which
            # OpenSSH has besides the file's, for the smallest; its policies then say 2048.
            bits = 2048 if "v2." in sp.run(["ssh-audit", "--help"]).stdout else 3072
            f.write(f"dh_modulus_size_diffie-hellman-group-exchange-sha256 = {bits}\n")
    p = sp.run(["ssh-audit", "-n", "-P", policy, "-p", str(s.port), "127.0.0.1"], timeout=120)
    assert p.returncode == 0 and "Passed" in p.stdout, p.stdout + p.stderr
    # A server that has more than the policy says does not pass.
    with open(policy) as f:
        less = f.read().replace(", aes128-ctr", "")
    with open(policy, "w") as f:
        f.write(less)
    p = sp.run(["ssh-audit", "-n", "-P", policy, "-p", str(s.port), "127.0.0.1"], timeout=120)
    assert p.returncode != 0, p.stdout


# ---- the page for the change request ----

def test_a_report_tells_what_becomes_of_each_line_and_user(make_server, make_user):
    for g in ("spt_one", "spt_denied"):
        sp.run(["groupadd", "-f", g], check=0)
    a, b, c = make_user(groups=("spt_one",)), make_user(groups=("spt_denied",)), make_user()
    s = make_server(start=False)
    theirs = s.dir + "/sshd_config"
    with open(theirs, "w") as f:
        f.write(HEAD.format(key=sp.host_key("ed25519")).format(port=s.port, pid=s.pid_file) + f"""StrictModes no
VersionAddendum <b>&"x"</b>
DebianBanner no
DenyGroups spt_denied
Match Group spt_one
    PermitTTY no
Match User {c.name} Address 10.0.0.0/8
    PermitTTY no
""")
    text, html = s.dir + "/report", s.dir + "/report.html"
    p = sp.run([CTL, "-f", s.config, "import", "--report", text, "--report", html, theirs])
    assert p.returncode == 0 and "overlays = (" in p.stdout, p.stderr
    said = open(text).read()
    maps, left = said.index("What maps"), said.index("What is left out")
    assert said.index("PermitTTY no (Match Group spt_one)") > maps
    assert left < said.index("DebianBanner no") < maps
    assert "StrictModes no: sallyport has" in said[:left]
    rows = said.splitlines()
    lines = {x.split(":")[0]: y.strip() for x, y in zip(rows, rows[1:])}
    assert lines[a.name] == "may log in; match-1"
    assert lines[b.name].startswith("refused: ") and "deny_groups" in lines[b.name]
    assert lines[c.name] == "depends on where they come from; match-2 (from some addresses)"
    page = open(html).read()
    assert "&lt;b&gt;&amp;&quot;x&quot;&lt;/b&gt;" in page and "<b>" not in page
    assert page.startswith("<!DOCTYPE html>") and page.rstrip().endswith("</html>")
    for wrong in (["--report", text], ["--report", s.dir + "/no/where", theirs], ["--reports", text, theirs]):
        assert sp.run([CTL, "-f", s.config, "import", *wrong]).returncode != 0, wrong


# ---- -T ----

def says(s, *flags):
    p = sp.run(["/usr/sbin/sallyportd", "-T", "-f", s.config, *flags])
    assert p.returncode == 0, p.stderr
    return p.stdout.splitlines()


def test_settings_in_the_words_of_sshd(make_server, user):
    sp.run(["groupadd", "-f", "spt_one"], check=0)
    sp.run(["usermod", "-aG", "spt_one", user.name], check=0)
    s = imported(make_server, HEAD.format(key=sp.host_key("ed25519")) + f"""
PermitRootLogin no
MaxAuthTries 4
X11Forwarding no
DenyUsers guest
Match Group spt_one
    X11Forwarding yes
    ForceCommand /bin/echo "a  b"
Match User root Address 10.0.0.0/8
    PermitRootLogin yes
""")
    plain = says(s)
    for line in ("permitrootlogin no", "maxauthtries 4", "x11forwarding no", f"port {s.port}", "usepam yes",
                 "denyusers guest", "forcecommand none", "strictmodes yes", "permitemptypasswords no",
                 f"hostkey {sp.host_key('ed25519')}", f"listenaddress 127.0.0.1:{s.port}"):
        assert line in plain, line
    one = says(s, "-C", f"user={user.name},host=h,addr=192.0.2.1")
    assert "x11forwarding yes" in one and 'forcecommand /bin/echo "a  b"' in one
    assert "permitrootlogin yes" in says(s, "-C", "user=root,addr=10.1.1.1,laddr=127.0.0.1")
    assert "permitrootlogin no" in says(s, "-C", "user=root,addr=192.0.2.1")
    for wrong in (["-T", "-C", "usr=x"], ["-T", "-C", "addr=nowhere"], ["-C", "user=x"]):
        p = sp.run(["/usr/sbin/sallyportd", "-f", s.config, *wrong])
        assert p.returncode == 1 and not p.stdout, wrong
    s.write("nonsense")
    p = sp.run(["/usr/sbin/sallyportd", "-T", "-f", s.config])
    assert p.returncode != 0 and not p.stdout
