"""Other languages' SSH libraries: each does all it can, and what it reports is the
same of Debian's sshd and of us.  With SALLYPORT_CLIENTS=all, where they are
installed: ruby-net-sftp ruby-net-scp, erlang-ssh, golang-golang-x-crypto-dev."""

import os
import shutil

import pytest

import sp
from test_differential import pair, pytestmark  # noqa: F401 (a fixture, a mark)

HERE = os.path.dirname(os.path.abspath(__file__)) + "/clients/other/"
CLIENTS = {
    "ruby": ["ruby", "-W0", HERE + "ruby.rb"],
    "erlang": ["escript", HERE + "erlang.escript"],
    "go": [sp.SCRATCH + "/go-client"],
}
# The program each needs.
NEEDS = {"ruby": "ruby", "erlang": "escript", "go": "go"}


def prepare(name, user, directory):
    if name == "go":
        sp.run(["go", "build", "-o", CLIENTS["go"][0], HERE + "go.go"], check=0, timeout=240,
               env=dict(os.environ, GOPATH="/usr/share/gocode", GO111MODULE="off",
                        GOCACHE=sp.SCRATCH + "/go-cache"))
    os.mkdir(directory / "ud")
    for suffix in ("", ".pub"):
        shutil.copy(user.key + suffix, directory / ("ud/id_ed25519" + suffix))


def play(name, server, target, user, directory):
    """What it says, on standard output alone: a home as it was before."""
    directory.mkdir()
    prepare(name, user, directory)
    kept = set(os.listdir(user.home))
    p = sp.run(CLIENTS[name], timeout=60, cwd=directory,
               env=dict(os.environ, PORT=str(server.port), U=user.name, PASS=user.password,
                        KEY=user.key, TARGET=str(target.port), PWD=str(directory)))
    for left in set(os.listdir(user.home)) - kept:
        sp.run(["rm", "-rf", f"{user.home}/{left}"])
    lines = [x for x in p.stdout.splitlines() if not x.startswith("REMOTE")]  # net-ssh itself
    said = "\n".join(lines).replace(str(server.port), "PORT").replace(str(directory), ".")
    return p.returncode, said, p.stderr


@pytest.mark.parametrize("name", CLIENTS)
def test_the_same_to_a_client(pair, name, tmp_path):
    if os.environ.get("SALLYPORT_CLIENTS") != "all":
        pytest.skip("SALLYPORT_CLIENTS is not all")
    if shutil.which(NEEDS[name]) is None:
        pytest.skip(f"no {NEEDS[name]}")
    theirs = play(name, pair.theirs, pair.theirs, pair.user, tmp_path / "theirs")
    ours = play(name, pair.ours, pair.theirs, pair.user, tmp_path / "ours")
    # A comparison of nothing would be none.
    assert theirs[0] == 0 and len(theirs[1].splitlines()) > 10, theirs
    assert ours[:2] == theirs[:2], ours[2]
