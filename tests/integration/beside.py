"""OpenSSH's sshd beside ours, with the same accounts: for what both must do."""

import itertools
import os
import socket
import subprocess

import sp

SSHD = "/usr/sbin/sshd"
_ports = itertools.count(2600)


class Sshd:
    """A server of the machine's own sshd; a client drives it as sp.Server."""
    options, ssh_argv, ssh, popen = (sp.Server.options, sp.Server.ssh_argv,
                                     sp.Server.ssh, sp.Server.popen)

    def __init__(self, config="", pam="sshd", subsystem="internal-sftp"):
        self.port = next(_ports)
        self.dir = f"{sp.SCRATCH}/sshd{self.port}"
        os.makedirs(self.dir, exist_ok=True)
        os.makedirs("/run/sshd", exist_ok=True)
        conf = self.dir + "/sshd_config"
        with open(conf, "w") as f:
            f.write(f"{config}\nPort {self.port}\nListenAddress 127.0.0.1\n"
                    f"HostKey {sp.host_key('ed25519')}\nPidFile none\nUsePAM yes\n"
                    "PasswordAuthentication yes\nKbdInteractiveAuthentication yes\n"
                    f"Subsystem sftp {subsystem}\n")
        # PAM's service has the name that the program was called by.
        program = f"{self.dir}/{pam}"
        if not os.path.islink(program):
            os.symlink(SSHD, program)
        self.process = subprocess.Popen([program, "-D", "-e", "-f", conf],
                                        stderr=open(self.dir + "/log", "w"))
        sp.wait_for(self.answers, 10, "sshd")

    def answers(self):
        try:
            socket.create_connection(("127.0.0.1", self.port)).close()
            return True
        except OSError:
            return False

    def stop(self):
        self.process.terminate()
        self.process.wait()
