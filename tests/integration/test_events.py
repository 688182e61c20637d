"""Events that no other test would make happen; events.py and the pool see to
it that every event of the catalogue does."""

import sp


def test_a_login_that_was_not_finished(server, user):
    user.key = None
    p = server.ssh(user, "true", PreferredAuthentications="none")
    assert p.returncode == 255
    server.wait_log(rf"Authentication not completed by authenticating user {user.name} "
                    r"127.0.0.1 port \d+: (closed|reset)")


def test_a_host_certificate_that_is_past(make_server, user):
    s = make_server(start=False)
    ca = f"{s.dir}/ca"
    sp.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", ca], check=0)
    sp.run(["ssh-keygen", "-q", "-s", ca, "-I", "host", "-h", "-V", "20200101:20200102",
            s.host_keys[0] + ".pub"], check=0)
    certificate = s.host_keys[0] + "-cert.pub"
    s.write(s.text + f'host_certificates = [ "{certificate}" ];\n')
    s.start()
    s.wait_log(rf"error: Unable to load host key {certificate}: .*")
    s.ssh(user, "true", check=0)


def test_a_log_that_cannot_be_opened(make_server, user):
    s = make_server(start=False)
    s.write(s.text.replace(
        'log = { level = "debug"; };',
        f'log = {{ level = "debug"; targets = [ "{s.log_file}", "/nosuch/log" ]; }};'))
    sp.run([sp.DAEMON, "-f", s.config], check=0)
    s.pid = int(open(s.pid_file).read())
    s.wait_log(r"\]: Audit records cannot be written to /nosuch/log: No such file or directory")
    s.ssh(user, "true", check=0)
