"""Servers that take Kerberos tickets, for one measure: siblings of those that
are measured otherwise, which stay without Kerberos.  The KDC is that of
the integration tests."""

import os

import sp
import kerberos
from servers import STACK, OpenSSH, Sallyport

KEYTAB = "/etc/krb5.keytab"


class SallyportTickets(Sallyport):
    name = "sallyport-tickets"

    def configure(self):
        sp._ports = iter([self.port])
        sp.Server(limits="startups = { begin = 5000; full = 10000; }; "
                  "source = { connections = 20000; }; ", log_level="info",
                  host_keys=("ed25519",), listen="0.0.0.0",
                  modules='{ name = "pam"; options = { service = "%s"; }; }, '
                  '{ name = "publickey"; }, { name = "gssapi"; }' % STACK,
                  methods=("publickey", "gssapi-with-mic"))


class OpenSSHTickets(OpenSSH):
    name = "openssh-tickets"
    more = "GSSAPIAuthentication yes\n"


class Tickets:
    """The KDC, a ticket of the user's, and the servers, once each."""

    def __init__(self, user):
        self.kdc = kerberos.Kdc()
        self.cache = self.kdc.user(user.name)
        sp.run(["cp", "-p", kerberos.KEYTAB, KEYTAB], check=0)
        self.env = dict(os.environ, KRB5CCNAME=self.cache)
        self.servers = {}

    def beside(self, server):
        """The sibling of this server, or None if it has none."""
        kind = {"sallyport": SallyportTickets, "openssh": OpenSSHTickets}.get(server.name)
        if kind is not None and server.name not in self.servers:
            self.servers[server.name] = kind(server.user)
        return self.servers.get(server.name)

    def login(self, server):
        """argv of a login with the ticket."""
        return server.ssh("true", host=kerberos.HOST, kex="curve25519-sha256",
                          GSSAPIAuthentication="yes",
                          PreferredAuthentications="gssapi-with-mic")

    def end(self):
        for server in self.servers.values():
            server.stop()
        self.kdc.kdc.kill()
        self.kdc.kdc.wait()
