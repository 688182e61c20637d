"""A client whose reader has gone while its window is closed: as with the machine's sshd."""

import struct

import pytest

from beside import Sshd
from rawssh import CHANNEL_CONFIRM, CHANNEL_OPEN, Raw, string

DATA, CLOSE, REQUEST, SUCCESS = 94, 97, 98, 99


def told(server, user, command):
    """What a client hears of a program whose output it does not take, until CLOSE."""
    with Raw(server, version=b"SSH-2.0-OpenSSH_9.2\r\n") as c:
        c.login(user)
        c.send(CHANNEL_OPEN, string("session"), struct.pack(">III", 7, 0, 1 << 15))
        channel = c.expect(CHANNEL_CONFIRM)[5:9]
        c.send(REQUEST, channel, string("exec"), 1, string(command))
        c.expect(SUCCESS)
        c.send(REQUEST, channel, string("eow@openssh.com"), 0)
        heard = set()
        while CLOSE not in heard:
            p = c.receive()
            if p[0] == REQUEST and p[9:14] == b"exit-":
                heard.add(p[9:].split(b"\0")[0])
            elif p[0] in (DATA, CLOSE):
                heard.add(p[0])
        return heard


@pytest.mark.parametrize("command", ("yes", "exec yes", "exit 3", "sleep 1"))
def test_a_closed_window_does_not_keep_the_channel_open(make_server, user, command):
    sshd = Sshd()
    try:
        theirs = told(sshd, user, command)
    finally:
        sshd.stop()
    assert CLOSE in theirs and DATA not in theirs
    assert told(make_server(), user, command) == theirs
