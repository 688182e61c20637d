# What the client scripts share: the server's address, trees to move, and
# comparisons.  Sourced by run; each client runs in a shell of its own.
set -u
HOST=${SFTP_HOST:-127.0.0.1}
PORT=${SFTP_PORT:?the port of the server to test}
REMOTE_USER=${SFTP_USER:-$(id -un)}
KEY=${SFTP_KEY:?the private key to log in with}
WORK=${SFTP_WORK:?made by run}
DISK=$SFTP_DISK		# the client's own directory on the server, from here
SEEN=$SFTP_SEEN		# the same, as the server names it
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
KNOWN=$WORK/known_hosts
SSH_OPTS="-i $KEY -o UserKnownHostsFile=$KNOWN -o StrictHostKeyChecking=yes -o IdentitiesOnly=yes -o BatchMode=yes -o LogLevel=ERROR -F none"

skip() { echo "skip: $*"; exit 77; }
need() { command -v "$1" >/dev/null || skip "no $1"; }
fail() { echo "FAILED: $*" >&2; exit 1; }

# The same bytes?
same() { cmp -s "$1" "$2" || fail "$1 and $2 differ"; }

# Names, types, modes, whole seconds of mtime, contents of two trees.
tree_sum() {
	(cd "$1" && find . -mindepth 1 ! -type l \( -type d -printf '%P %y %m\0' -o -type f -printf '%P %y %m %s %Ts\0' \) | sort -z | tr '\0' '\n'
	 find . -type f -print0 | sort -z | xargs -0 -r sha256sum)
}
same_tree() {
	diff <(tree_sum "$1") <(tree_sum "$2") >"$WORK/diff.$$" || {
		head -20 "$WORK/diff.$$" >&2; fail "trees $1 and $2 differ"; }
}
# Contents and names only, for clients that keep neither modes nor times.
same_contents() {
	diff <(cd "$1" && find . -type f -print0 | sort -z | xargs -0 -r sha256sum) \
	     <(cd "$2" && find . -type f -print0 | sort -z | xargs -0 -r sha256sum) >"$WORK/diff.$$" || {
		head -20 "$WORK/diff.$$" >&2; fail "contents of $1 and $2 differ"; }
}
