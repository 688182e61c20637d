"""Writes recordings as the recorder does, and broken ones: the form is that of
doc/EVIDENCE.md.  Used where a test needs recordings that nobody made."""

import hashlib
import json
import os
import subprocess
import time

NAMESPACE = "sallyport-recording@sallyport"


class Cast:
    """One recording; lines are added, and then it is written."""

    def __init__(self, conn="00000000000000a1", channel=0, timestamp=None, width=80, height=24, **own):
        self.base = f"{conn}-{channel}"
        self.timestamp = int(time.time()) - 3600 if timestamp is None else timestamp
        self.header = {"version": 2, "width": width, "height": height, "timestamp": self.timestamp,
                       "command": own.get("request", ""), "env": {"TERM": "xterm-256color"},
                       "sallyport": {"format": 1, "host": "testhost", "conn": conn, "channel": channel,
                                     "user": "alice", "rule": "users", "source": "192.0.2.7", "port": 40000,
                                     "kind": "shell", "pty": True, "request": "", "fp": "SHA256:" + "a" * 43,
                                     "input": False, "required": True, "started": self.stamp(0), **own}}
        first = json.dumps(self.header) + "\n"
        self.chain = hashlib.sha256(b"sallyport-recording\0" + first.encode())
        self.text = first
        self.block = 0
        self.head = None
        self.when = 0.0
        self.count = {"o": 0, "e": 0, "i": 0, "m": 0}

    def stamp(self, after):
        return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(self.timestamp + int(after))) + ".000000Z"

    def add(self, data, code="o", after=0.1):
        self.when += after
        line = json.dumps([round(self.when, 6), code, data], ensure_ascii=False) + "\n"
        self.text += line
        self.chain.update(line.encode())
        if code in self.count:
            self.count[code] += 1 if code == "m" else len(data.encode())
        return self

    def end_block(self):
        line = json.dumps([round(self.when, 6), "b", f"{self.block} "])[:-2]
        self.chain.update(line.encode())
        self.head = self.chain.digest()
        self.text += line + self.head.hex() + '"]\n'
        self.block += 1
        self.chain = hashlib.sha256(self.head)
        return self

    def manifest(self, end="exit 0", unsigned=None, **more):
        """What is None is left out."""
        m = {"format": 1, "conn": self.header["sallyport"]["conn"], "channel": self.header["sallyport"]["channel"],
             "file": self.base + ".cast", "bytes": len(self.text.encode()),
             "blocks": self.block, "head": self.head.hex() if self.head else "", "started": self.header["sallyport"]["started"],
             "ended": self.stamp(self.when), "output": self.count["o"], "error": self.count["e"],
             "input": self.count["i"], "hidden": 0, "marks": self.count["m"], "end": end}
        if unsigned is None:
            m["signed"] = True
        else:
            m["unsigned"] = unsigned
        m.update(more)
        return json.dumps({name: value for name, value in m.items() if value is not None})

    def folder(self, directory):
        path = os.path.join(directory, time.strftime("%Y/%m/%d", time.gmtime(self.timestamp)))
        os.makedirs(path, mode=0o700, exist_ok=True)
        return path

    def write(self, directory, key=None, unsigned=None, running=False, **more):
        """The file, and its manifest unless it is running, signed by the key; the path of the file."""
        path = os.path.join(self.folder(directory), self.base)
        with open(path + ".cast", "w") as f:
            f.write(self.text)
        if not running:
            if key is None and unsigned is None:
                unsigned = "the keyholder did not answer"
            with open(path + ".manifest", "w") as f:
                f.write(self.manifest(unsigned=unsigned, **more))
            if key:
                sign(path, key)
        return path + ".cast"


def sign(path, key):
    subprocess.run(["ssh-keygen", "-q", "-Y", "sign", "-f", key, "-n", NAMESPACE, path + ".manifest"], check=True,
                   capture_output=True)


def simple(conn="00000000000000a1", **own):
    """A short session of three blocks."""
    c = Cast(conn, **own)
    c.add("alice@testhost:~$ ").end_block()
    c.add("ls\r\n", after=1).add("notes.txt  secret.txt\r\n").end_block()
    return c.add("logout\r\n", after=60).add("exit 0", "m").end_block()
