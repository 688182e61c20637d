"""A file server that is dead: whoever looks at it waits until he is killed."""

import contextlib
import ctypes
import os
import struct
import threading

libc = ctypes.CDLL(None, use_errno=True)
MNT_FORCE, MNT_DETACH = 1, 2


def call(name, *args):
    if getattr(libc, name)(*args) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


@contextlib.contextmanager
def mounted(path, uid=0, gid=0, more=""):
    """FUSE that is never answered, not even its first greeting.  Like a server
    that squashes root it hangs for uid alone: others are refused at once."""
    os.makedirs(path, exist_ok=True)
    fd = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
    try:
        call("mount", b"dead", path.encode(), b"fuse", ctypes.c_ulong(0),
             f"fd={fd},rootmode=40000,user_id={uid},group_id={gid}{more}".encode())
        try:
            yield fd  # for who wants to bring it to life
        finally:
            call("umount2", path.encode(), MNT_FORCE | MNT_DETACH)
    finally:
        os.close(fd)


# linux/fuse.h
OP_GETATTR, OP_INIT = 3, 26


def serve_little(fd, uid, gid, waiting):
    """The greeting and the root's attributes are answered, nothing else: the
    kernel then waits for good, since a request that a server has read cannot
    be taken back."""
    while True:
        try:
            request = os.read(fd, 1 << 17)
        except OSError:
            return  # not mounted any more
        _, operation, unique, node = struct.unpack_from("<IIQQ", request)
        if operation == OP_INIT:
            major, _, ahead, _ = struct.unpack_from("<IIII", request, 40)
            answer = struct.pack("<IIIIHHIIHHI28x", major, 31, ahead, 0, 12, 9, 1 << 16, 1, 0, 0, 0)
        elif operation == OP_GETATTR and node == 1:
            answer = struct.pack("<QII6Q3I4I3I", 3600, 0, 0, 1, 4096, 8, 0, 0, 0,
                                 0, 0, 0, 0o40755, 2, uid, gid, 0, 4096, 0)
        else:
            waiting.append(operation)
            continue
        os.write(fd, struct.pack("<IiQ", 16 + len(answer), 0, unique) + answer)


@contextlib.contextmanager
def hanging(path, uid, gid):
    """A file server that greets and then hangs: not even SIGKILL ends a process
    that has looked there, root's included, until it is unmounted."""
    waiting = []  # what nobody gets an answer to
    with mounted(path, uid, gid, ",allow_other") as fd:
        threading.Thread(target=serve_little, args=(fd, uid, gid, waiting), daemon=True).start()
        os.stat(path)
        yield waiting
