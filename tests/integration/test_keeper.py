"""Sessions outlive their server, and the next server takes them over."""

import glob
import os
import re
import signal
import socket
import struct

import pytest

import leaks
import sp
from control import ctl, ctl_json, ended, fingerprint, login


def keepers():
    p = sp.run(["pgrep", "-f", "^sallyportd: draining"])
    return [int(x) for x in p.stdout.split()]


def terminate(s, left=1):
    """SIGTERM; back when the master is gone and so many keepers are up."""
    os.kill(s.pid, signal.SIGTERM)
    sp.wait_for(lambda: sp.has_ended(s.pid), 10, "the master's end")
    sp.wait_for(lambda: len(keepers()) == left, 10, f"{left} keepers")


def restart_at_once(s):
    """As a service manager does it: no time between the end and the start."""
    os.kill(s.pid, signal.SIGTERM)
    sp.wait_for(lambda: sp.has_ended(s.pid), 10, "the master's end")
    s.start()


def ours():
    """Every process of the server's that lives."""
    p = sp.run(["ps", "-eo", "pid=,stat=,args="])
    return [line for line in p.stdout.splitlines()
            if "sallyportd" in line and " Z" not in line]


def sockets(s):
    return glob.glob(s.control + ".keeper-*")


def sessions(s):
    return {x["id"]: x for x in ctl_json(s, "sessions")}


def finish(p):
    p.stdin.close()
    assert p.wait(20 * sp.SLOW) == 0


def test_the_next_server_takes_over(make_server, make_user):
    s = make_server(grants="max_user_sessions = 3;")
    ann, bob = make_user(), make_user()
    people = [login(s, ann), login(s, ann), login(s, bob)]
    before = sessions(s)
    first = s.pid
    terminate(s)
    (keeper,) = keepers()
    assert keeper != first and len(sockets(s)) == 1
    assert os.stat(sockets(s)[0]).st_mode & 0o777 == 0o600
    s.start()
    s.wait_log(rf"Server took over 3 connections from process {keeper}")
    sp.wait_for(lambda: not keepers(), 5, "the keeper's end")
    assert sockets(s) == []
    after = sessions(s)
    assert set(after) == set(before)
    for i in before:
        for field in ("user", "uid", "source", "port", "since", "rule",
                      "method", "key", "monitor", "worker"):
            assert after[i][field] == before[i][field], field
    status = ctl_json(s, "status")
    assert status["connections"] == 3 and status["unauthenticated"] == 0

    # the limit counts who stayed: ann has two, a third, no fourth
    third = login(s, ann)
    assert s.ssh(ann, "true").returncode != 0
    s.wait_log(r"max_user_sessions")
    s.ssh(bob, "true", check=0)
    finish(third)

    # bytes still flow, and a session that ends is counted and logged
    people[0].stdin.write(b"still there\n")
    people[0].stdin.flush()
    assert people[0].stdout.readline() == b"still there\n"
    finish(people[0])
    sp.wait_for(lambda: len(sessions(s)) == 2, 10, "two sessions")
    s.ssh(ann, "true", check=0)
    for p in people[1:]:
        finish(p)
    sp.wait_for(lambda: sessions(s) == {}, 10, "no session")
    # the predecessor's generation has gone with its last connection
    sp.wait_for(lambda: len([x for x in ours() if "keyholder" in x]) == 1, 10,
                "the old generation's end")
    for i in before:
        assert len(re.findall(rf"Disconnected from user .*conn={i}\b",
                              s.log())) == 1
    s.stop()
    assert ours() == []


@pytest.mark.parametrize("by", ["id", "user", "source", "key"])
def test_kill_reaches_who_stayed(make_server, make_user, by):
    s = make_server()
    ann, bob = make_user(), make_user()
    p, other = login(s, ann), login(s, bob)
    terminate(s)
    s.start()
    (one,) = [x for x in sessions(s).values() if x["user"] == ann.name]
    target = {"id": one["id"], "user": ann.name, "source": "127.0.0.1/32",
              "key": fingerprint(ann)}[by]
    ctl(s, "kill", target)
    code, err = ended(p)
    assert code == 255 and "administrator" in err, err
    if by == "source":
        ended(other)
        sp.wait_for(lambda: sessions(s) == {}, 10, "nobody")
    else:
        sp.wait_for(lambda: [x["user"] for x in sessions(s).values()]
                    == [bob.name], 10, "bob alone")
        finish(other)


def test_the_keeper_writes_what_the_dead_cannot(make_server, user):
    s = make_server()
    p = login(s, user)
    (one,) = sessions(s).values()
    terminate(s)
    mark = s.mark()
    os.kill(one["monitor"], signal.SIGKILL)
    s.wait_log(rf"conn={one['id']},.* ended: its monitor was killed", after=mark)
    ended(p)
    sp.wait_for(lambda: not ours(), 15, "the end of everything")
    assert sockets(s) == []


def test_kill_by_force_of_who_stayed(make_server, user):
    s = make_server(records="records = { wtmp = true; utmp = true; };")
    p = s.popen(user, "echo begun; exec cat", flags=("-tt",))
    assert p.stdout.readline().strip() == b"begun"
    terminate(s)
    s.start()
    (one,) = sessions(s).values()
    assert leaks.terminals(user)
    os.kill(one["monitor"], signal.SIGSTOP)
    ctl(s, "kill", one["id"])
    ended(p, 20)
    sp.wait_for(lambda: sessions(s) == {}, 20, "no session")
    s.wait_log(r"did not end in time: by force")

    # the logout the dead could not write
    sp.wait_for(lambda: not leaks.terminals(user), 10, "the logout")


def test_generations_of_keepers(make_server, make_user):
    """Stopped and started again and again: one keeper at most, none lost."""
    s = make_server()
    ann = make_user()
    people = []
    for round in range(3):
        people.append(login(s, ann))
        restart_at_once(s)
        s.wait_log(rf"took over {round + 1} connections? from")
        assert len(sessions(s)) == round + 1 and sockets(s) == []
    # a reload carries what was taken over
    ctl(s, "reload")
    assert len(sessions(s)) == 3
    ctl(s, "kill", ann.name)
    for p in people:
        assert ended(p)[0] == 255
    sp.wait_for(lambda: sessions(s) == {}, 10, "nobody")
    sp.wait_for(lambda: len([x for x in ours() if "keyholder" in x]) == 1, 15,
                "the old generations' end")
    s.stop()
    assert ours() == []


def another_keeper(than, s, left=1):
    """After a SIGKILL: somebody else keeps the sessions."""
    def there():
        return (len([k for k in keepers() if k not in than]) == left
                and len(listening(s)) == left)
    sp.wait_for(there, 10, f"{left} keepers")


def listening(s):
    """The keepers' sockets at which somebody hears."""
    found = []
    for path in sockets(s):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as c:
            c.setblocking(False)
            try:
                c.connect(path)
                found.append(path)
            except OSError:
                pass
    return found


def test_a_keeper_that_is_killed_has_a_successor(make_server, user):
    s = make_server()
    p = login(s, user)
    before = sessions(s)
    terminate(s)
    for _ in range(2):
        (keeper,) = keepers()
        mark = s.mark()
        os.kill(keeper, signal.SIGKILL)
        s.wait_log(r"server was killed: process \d+ keeps its 1 connections", after=mark)
        assert keepers() != [keeper]
    s.start()
    sp.wait_for(lambda: set(sessions(s)) == set(before), 10, "the session")
    # what the dead left lying is gone as well
    assert sockets(s) == []
    finish(p)
    sp.wait_for(lambda: len([x for x in ours() if "keyholder" in x]) == 1, 15,
                "the old generation's end")


def test_a_killed_server_loses_nobody(make_server, make_user):
    """SIGKILL: sessions live on, a restart works at once and knows them."""
    s = make_server(grants="max_user_sessions = 2;")
    ann, bob = make_user(), make_user()
    people = [login(s, ann), login(s, bob)]
    ctl(s, "reload")  # two generations: two templates
    people.append(login(s, ann))
    before = sessions(s)
    assert len(before) == 3
    os.kill(s.pid, signal.SIGKILL)
    sp.wait_for(lambda: sp.has_ended(s.pid), 10, "its end")
    s.start()  # stale pid file and control socket, the same port
    sp.wait_for(lambda: set(sessions(s)) == set(before), 15, "the sessions")
    assert len(re.findall(r"The server was killed: process \d+ keeps its", s.log())) == 2
    after = sessions(s)
    for i in before:
        for field in ("user", "uid", "source", "port", "since", "rule",
                      "method", "key", "monitor", "worker"):
            assert after[i][field] == before[i][field], (field, after[i])
    sp.wait_for(lambda: keepers() == [], 10, "the keepers' end")
    assert sockets(s) == []

    # the limit counts them, bytes flow, kill reaches them
    sp.wait_for(lambda: s.ssh(ann, "true").returncode != 0, 10, "the limit")
    people[0].stdin.write(b"still there\n")
    people[0].stdin.flush()
    assert people[0].stdout.readline() == b"still there\n"
    ctl(s, "kill", bob.name)
    code, err = ended(people[1])
    assert code == 255 and "administrator" in err, err
    finish(people[0])
    finish(people[2])
    sp.wait_for(lambda: sessions(s) == {}, 15, "nobody")
    for i in before:
        assert len(re.findall(rf"Disconnect\S+ .*conn={i}\b", s.log())) == 1
    sp.wait_for(lambda: len([x for x in ours() if "keyholder" in x]) == 1, 15,
                "the old generations' end")
    s.stop()
    assert ours() == []


def test_without_a_next_server_all_is_kept(make_server, make_user):
    """Deadlines, records and the modules' sessions of who was left behind."""
    s = make_server(records="records = { wtmp = true; utmp = true; };",
                    limits="login_grace = 6;")
    ann, bob = make_user(), make_user()

    def terminal(user):
        p = s.popen(user, "echo begun; exec cat", flags=("-tt",))
        assert p.stdout.readline().strip() == b"begun"
        return p

    first, second = terminal(ann), terminal(bob)
    of = {x["user"]: x for x in sessions(s).values()}
    late = s.connect()  # never logs in
    late.sendall(b"SSH-2.0-late\r\n")
    s.wait_log(r"remote software version SSH-2.0-late")
    assert leaks.terminals(ann) and leaks.terminals(bob)
    os.kill(s.pid, signal.SIGKILL)
    s.wait_log(r"The server was killed: process \d+ keeps its 3 connections")
    (keeper,) = keepers()
    with late:
        late.settimeout(30)
        while late.recv(4096):
            pass
    s.wait_log(r"Timeout before authentication")
    # one whose monitor is killed: the keeper writes what it cannot
    mark = s.mark()
    os.kill(of[bob.name]["monitor"], signal.SIGKILL)
    ended(second)
    s.wait_log(rf"conn={of[bob.name]['id']},.* ended: its monitor was killed", after=mark)
    sp.wait_for(lambda: not leaks.terminals(bob), 10, "bob's logout")
    # and one that goes by itself
    assert keepers() == [keeper] and leaks.terminals(ann)
    first.stdin.close()
    first.kill()
    first.wait(20)
    s.wait_log(rf"pam_unix\(.*\): session closed for user {ann.name}", after=mark)
    sp.wait_for(lambda: not leaks.terminals(ann), 10, "ann's logout")
    sp.wait_for(lambda: not ours(), 15, "the end of everything")
    assert sockets(s) == []


def test_a_keeper_that_comes_late_tells_the_server(make_server, user):
    s = make_server()
    p = login(s, user)
    (one,) = sessions(s).values()
    (template,) = [int(x.split()[0]) for x in ours() if "sallyportd: monitors" in x]
    os.kill(template, signal.SIGSTOP)
    os.kill(s.pid, signal.SIGKILL)
    sp.wait_for(lambda: sp.has_ended(s.pid), 10, "the master's end")
    s.start()
    assert sessions(s) == {}
    mark = s.mark()
    with s.connect() as waiting:  # greeted, and in the lobby
        assert waiting.recv(8) == b"SSH-2.0-"
        os.kill(template, signal.SIGCONT)
        sp.wait_for(lambda: one["id"] in sessions(s), 10, "the session")
        s.wait_log(r"Configuration reloaded, generation", after=mark)  # it counts them
        waiting.sendall(b"SSH-2.0-patient\r\n")
        s.wait_log(r"remote software version SSH-2.0-patient")
    s.ssh(user, "true", check=0)
    finish(p)
    sp.wait_for(lambda: sessions(s) == {}, 10, "nobody")


def test_a_keeper_that_hangs_delays_and_keeps(make_server, user):
    s = make_server()
    p = login(s, user)
    terminate(s)
    (keeper,) = keepers()
    os.kill(keeper, signal.SIGSTOP)
    s.start()
    s.wait_log(r"sessions kept by process \d+ stay with it")
    assert sessions(s) == {}
    s.ssh(user, "true", check=0)
    os.kill(keeper, signal.SIGCONT)
    s.wait_log(r"the sessions stay here")
    # the next start finds it again, beside those of this one
    q = login(s, user)
    terminate(s, left=2)
    assert len(sockets(s)) == 2
    s.start()
    assert len(sessions(s)) == 2 and keepers() == [] and sockets(s) == []
    finish(p)
    finish(q)
    sp.wait_for(lambda: sessions(s) == {}, 10, "nobody")


def test_a_start_that_fails_takes_nothing(make_server, user):
    s = make_server()
    p = login(s, user)
    terminate(s)
    s.write(s.text.replace("modules = (", 'modules = ( { name = "nosuch"; },'))
    s.start(expect=1)
    assert len(keepers()) == 1 and len(sockets(s)) == 1
    s.write(s.text)
    s.start()
    assert len(sessions(s)) == 1 and keepers() == []
    finish(p)


def test_a_start_that_failed_has_let_go_of_its_pid_file(make_server):
    s = make_server(start=False)
    s.write(s.text.replace("modules = (", 'modules = ( { name = "nosuch"; },'))
    for _ in range(25):
        s.start(expect=1)
        assert not os.path.exists(s.pid_file)


def test_the_keeper_tells_root_alone_and_all_or_nothing(make_server, user):
    s = make_server()
    p = login(s, user)
    terminate(s)
    (path,) = sockets(s)
    code = ("import socket,sys\ns=socket.socket(socket.AF_UNIX,"
            "socket.SOCK_SEQPACKET)\ns.connect(sys.argv[1])\n"
            "print(s.recv(10))")
    asked = sp.run(["setpriv", f"--reuid={user.uid}", f"--regid={user.gid}",
                    "--clear-groups", "/usr/bin/python3", "-c", code, path])
    assert asked.returncode != 0 and "Permission" in asked.stderr
    # others' eyes on it: even with the file opened up, the peer is asked
    os.chmod(path, 0o666)
    asked = sp.run(["setpriv", f"--reuid={user.uid}", f"--regid={user.gid}",
                    "--clear-groups", "/usr/bin/python3", "-c", code, path])
    assert "b''" in asked.stdout or asked.returncode != 0, asked
    # one that hears everything and does not take it leaves all as it was
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as c:
        c.connect(path)
        hello, fds, _, _ = socket.recv_fds(c, 64, 8)
        magic, count, pid = struct.unpack("=III", hello)
        assert pid in keepers() and count > 5 and len(fds) == 1
        for fd in fds:
            os.close(fd)
    s.wait_log(r"the sessions stay here")
    s.start()
    assert len(sessions(s)) == 1
    finish(p)


def test_one_that_speaks_nonsense_is_left_alone(make_server, user):
    s = make_server()
    s.stop()
    path = s.control + ".keeper-00000000"
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as c:
        c.bind(path)
        os.chmod(path, 0o600)
        c.listen(1)
        pid = os.fork()
        if pid == 0:
            t, _ = c.accept()
            r, w = os.pipe()
            socket.send_fds(t, [struct.pack("=III", 0x73616c79, 3, 7)], [r])
            socket.send_fds(t, [b"x"], [r, w, w])
            t.recv(1)
            os._exit(0)
        s.start()
        os.waitpid(pid, 0)
    s.wait_log(r"sessions kept by process 7 stay with it")
    s.ssh(user, "true", check=0)
    os.unlink(path)


def test_the_limit_counts_over_a_reload(make_server, user):
    s = make_server(grants="max_user_sessions = 1;")
    p = login(s, user)
    ctl(s, "reload")
    assert s.ssh(user, "true").returncode != 0
    finish(p)
    sp.wait_for(lambda: sessions(s) == {}, 10, "no session")
    s.ssh(user, "true", check=0)


def test_another_version_refuses_in_its_rehearsal(make_server):
    s = make_server()
    p = sp.run([sp.DAEMON, "--rehearse", "--state=1:1", "-f", s.config])
    assert p.returncode != 0
    assert "cannot take over from the one that runs" in p.stderr
