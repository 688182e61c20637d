"""A file server that is dead: whoever looks at it waits until he is killed."""

import contextlib
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
MNT_FORCE, MNT_DETACH = 1, 2


def call(name, *args):
    if getattr(libc, name)(*args) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


@contextlib.contextmanager
def mounted(path, uid=0, gid=0):
    """FUSE that is never answered, not even its first greeting.  Like a server
    that squashes root it hangs for uid alone: others are refused at once."""
    os.makedirs(path, exist_ok=True)
    fd = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
    try:
        call("mount", b"dead", path.encode(), b"fuse", ctypes.c_ulong(0),
             f"fd={fd},rootmode=40000,user_id={uid},group_id={gid}".encode())
        try:
            yield fd  # for who wants to bring it to life
        finally:
            call("umount2", path.encode(), MNT_FORCE | MNT_DETACH)
    finally:
        os.close(fd)
