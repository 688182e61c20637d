#!/bin/sh
# Makes tests/unit/key/data anew with the ssh-keygen and openssl at hand
# (Debian 12's: OpenSSH 9.2, OpenSSL 3.0).  The files are kept in the tree, so
# that the tests need neither.  No key here has ever guarded anything.
set -eu
cd "$(dirname "$0")"
rm -rf data
mkdir data
cd data
quiet() { "$@" >/dev/null 2>&1; }
key() { name=$1; shift; quiet ssh-keygen -q -N '' -C "$name@test" -f "$name" "$@"; }

key ed25519 -t ed25519
key ecdsa256 -t ecdsa -b 256
key ecdsa384 -t ecdsa -b 384
key ecdsa521 -t ecdsa -b 521
key rsa2048 -t rsa -b 2048
key rsa1024 -t rsa -b 1024
key other -t ed25519
key ca_ed25519 -t ed25519
key ca_ecdsa -t ecdsa -b 256
key ca_rsa -t rsa -b 2048

ssh-keygen -l -f ed25519.pub | cut -d' ' -f2 > ed25519.fingerprint

# The same keys in other clothes.
for k in ecdsa256 ecdsa384 ecdsa521 rsa2048; do
	cp "$k" "$k.pem"; quiet ssh-keygen -p -N '' -m PEM -f "$k.pem"
	cp "$k" "$k.pkcs8"; quiet ssh-keygen -p -N '' -m PKCS8 -f "$k.pkcs8"
done
openssl genpkey -algorithm ed25519 -out ed25519.pkcs8 2>/dev/null
openssl ecparam -name secp256k1 -genkey -noout -out secp256k1.pem
openssl genpkey -algorithm ed448 -out ed448.pkcs8 2>/dev/null
for f in PEM PKCS8 RFC4716; do
	cp rsa2048 "rsa2048.locked.$f"
	quiet ssh-keygen -p -N secret -m "$f" -f "rsa2048.locked.$f"
done
cp ed25519 ed25519.locked; quiet ssh-keygen -p -N secret -f ed25519.locked

# Signatures as ssh-keygen makes them (PROTOCOL.sshsig), over this line.
printf 'signed by ssh-keygen\n' > message
for k in ed25519 ecdsa256 ecdsa384 ecdsa521 rsa2048; do
	ssh-keygen -q -Y sign -n test -f "$k" < message > "$k.sig" 2>/dev/null
done

# Certificates: cert NAME KEY CA ssh-keygen's options...
cert() {
	name=$1 of=$2 ca=$3; shift 3
	cp "$of.pub" "$name.pub"
	ssh-keygen -q -s "$ca" "$@" "$name.pub" 2>/dev/null
	rm "$name.pub"
}
V="-V 20260101000000Z:20270101000000Z"
# shellcheck disable=SC2086
{
cert user ed25519 ca_ed25519 -I 'user one' -n alice,bob -z 1001 $V
cert user_ecdsa ecdsa256 ca_ecdsa -I ecdsa -n alice -z 1002 $V
cert user_ecdsa384 ecdsa384 ca_ecdsa -I ecdsa384 -n alice -z 1003 $V
cert user_ecdsa521 ecdsa521 ca_ecdsa -I ecdsa521 -n alice -z 1004 $V
cert user_rsa rsa2048 ca_rsa -I rsa -n alice -z 1005 -t rsa-sha2-512 $V
cert user_rsa256 rsa2048 ca_rsa -I rsa256 -n alice -z 1006 -t rsa-sha2-256 $V
cert user_rsa_sha1 rsa2048 ca_rsa -I sha1 -n alice -z 1007 -t ssh-rsa $V
cert user_options ed25519 ca_ed25519 -I options -n alice -z 1008 $V \
	-O clear -O force-command='echo "hi, there"' -O permit-pty \
	-O source-address=192.0.2.0/24,2001:db8::/32 -O verify-required \
	-O no-touch-required
cert user_unknown_critical ed25519 ca_ed25519 -I critical -n alice -z 1009 $V \
	-O critical:novel@example.org=x
cert user_unknown_extension ed25519 ca_ed25519 -I ext -n alice -z 1010 $V \
	-O extension:novel@example.org=x -O extension:other@example.org
cert user_no_principals ed25519 ca_ed25519 -I nobody -z 1011 $V
cert user_forever ed25519 ca_ed25519 -I forever -n alice -z 1012
cert user_serial0 ed25519 ca_ed25519 -I zero -n alice $V
cert user_short_key rsa1024 ca_ed25519 -I short -n alice -z 1013 $V
cert host ed25519 ca_ed25519 -h -I host -n 'host.example.org,*.lab.example.org' -z 2001 $V
cert host_rsa rsa2048 ca_rsa -h -I hostrsa -n host.example.org -z 2002 $V
}

# Revocation lists.
cat > krl.spec <<E
serial: 1001
serial: 5-9
serial: 20
serial: 100000-200000
serial: 300001
serial: 300003
serial: 300004
serial: 300007
serial: 300010
serial: 300012
serial: 300013
serial: 300016
serial: 300020
serial: 300022
serial: 300025
id: rsa256
id: unheard of
E
quiet ssh-keygen -k -f krl_serials -s ca_ed25519.pub -z 7 krl.spec
quiet ssh-keygen -k -f krl_keys -z 8 other.pub rsa2048.pub
cat > krl_sha1.spec <<E
sha1: $(cat other.pub)
E
quiet ssh-keygen -k -f krl_sha1 -z 9 krl_sha1.spec
cat > krl_sha256.spec <<E
sha256: $(cat ecdsa256.pub)
hash: $(ssh-keygen -l -f ecdsa384.pub | cut -d' ' -f2)
E
quiet ssh-keygen -k -f krl_sha256 -z 10 krl_sha256.spec
printf 'id: rsa256\n' > krl_any.spec
quiet ssh-keygen -k -f krl_id -s ca_rsa.pub -z 11 krl_any.spec
quiet ssh-keygen -k -f krl_cert -s ca_ecdsa.pub user_ecdsa-cert.pub
quiet ssh-keygen -k -f krl_ca ca_rsa.pub
quiet ssh-keygen -k -f krl_empty -z 12 /dev/null
rm ./*.spec

# known_hosts, plain and hashed.
{
	echo "# a comment"
	echo "plain.example.org,192.0.2.7 $(cut -d' ' -f1,2 < ed25519.pub) comment"
	echo "[port.example.org]:2222 $(cut -d' ' -f1,2 < ecdsa256.pub)"
	echo "*.wild.example.org,!not.wild.example.org $(cut -d' ' -f1,2 < ecdsa384.pub)"
	echo "@cert-authority *.ca.example.org $(cut -d' ' -f1,2 < ca_ed25519.pub)"
	echo "@revoked * $(cut -d' ' -f1,2 < other.pub)"
	echo "old.example.org $(cut -d' ' -f1,2 < other.pub)"
} > known_hosts
printf 'hashed.example.org %s\n[hashed.example.org]:2222 %s\n' \
	"$(cut -d' ' -f1,2 < ed25519.pub)" "$(cut -d' ' -f1,2 < ecdsa256.pub)" \
	> known_hosts.hashed
quiet ssh-keygen -H -f known_hosts.hashed
rm -f known_hosts.hashed.old
