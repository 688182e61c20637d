#!/usr/bin/python3
"""kernel_audit.py FILE: switch the kernel's auditing on, append its records to
FILE as auditd writes them, and put its state back at the end.

The kernel takes such orders in its first namespaces alone, so tests/integration/run
starts this before it makes those of the tests (SP_AUDIT=FILE)."""

import ctypes
import signal
import socket
import struct
import sys

GET, SET, READLOG, ENABLED = 1000, 1001, 1, 1
NAMES = {1006: "LOGIN", 1100: "USER_AUTH", 1101: "USER_ACCT", 1103: "CRED_ACQ", 1104: "CRED_DISP",
         1105: "USER_START", 1106: "USER_END", 1109: "USER_ERR", 1110: "CRED_REFR",
         1112: "USER_LOGIN", 1113: "USER_LOGOUT", 2100: "ANOM_LOGIN_FAILURES",
         2101: "ANOM_LOGIN_TIME", 2119: "ANOM_LOGIN_ROOT", 2404: "CRYPTO_KEY_USER",
         2407: "CRYPTO_SESSION"}


def ask(s, kind, data=b""):
    s.send(struct.pack("=IHHII", 16 + len(data), kind, 5, 1, 0) + data)
    got = {}
    while 2 not in got or (kind == GET and GET not in got):
        answer = s.recv(65536)
        got[struct.unpack("=H", answer[4:6])[0]] = answer[16:]
    error = struct.unpack("=i", got[2][:4])[0]
    if error:
        sys.exit(f"kernel_audit.py: the kernel refuses {kind}: {-error}")
    return got


def main():
    ctypes.CDLL(None).prctl(1, signal.SIGTERM, 0, 0, 0)  # with its parent
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    control = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 9)
    records = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 9)
    records.setsockopt(socket.SOL_SOCKET, 33, 16 << 20)  # SO_RCVBUFFORCE
    records.bind((0, READLOG))
    before = struct.unpack("=II", ask(control, GET)[GET][:8])[1]
    out = open(sys.argv[1], "a", buffering=1, errors="replace")

    def enable(value):
        ask(control, SET, struct.pack("=II", ENABLED, value) + bytes(56 - 8))
    try:
        enable(1)
        while True:
            message = records.recv(65536)
            length, kind = struct.unpack("=IH", message[:6])
            text = message[16:].rstrip(b"\0").decode(errors="replace")
            out.write(f"type={NAMES.get(kind, f'UNKNOWN[{kind}]')} msg={text}\n")
    finally:
        enable(before)


if __name__ == "__main__":
    main()
