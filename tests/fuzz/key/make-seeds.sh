#!/bin/sh
# Seeds from the unit tests' data (tests/unit/key/make-data.sh).
set -eu
cd "$(dirname "$0")"
data=../../unit/key/data
rm -rf corpus
for t in key cert key_file krl known_hosts authorized_keys signature sshsig; do
	mkdir -p "corpus/fuzz_$t"
done
for f in ed25519 ecdsa256 ecdsa384 ecdsa521 rsa2048; do
	cut -d' ' -f2 < "$data/$f.pub" | base64 -d > "corpus/fuzz_key/$f"
	cp "$data/$f" "corpus/fuzz_key_file/$f"
done
for f in ecdsa256.pem rsa2048.pem ecdsa256.pkcs8 ed25519.pkcs8 \
    ed25519.locked rsa2048.locked.PEM rsa2048.locked.PKCS8; do
	cp "$data/$f" "corpus/fuzz_key_file/$f"
done
for f in user user_ecdsa user_rsa user_options user_unknown_critical \
    user_unknown_extension user_no_principals host; do
	cut -d' ' -f2 < "$data/$f-cert.pub" | base64 -d > "corpus/fuzz_cert/$f"
done
cp "$data"/krl_* "$data/other.pub" corpus/fuzz_krl/
cp "$data"/known_hosts* corpus/fuzz_known_hosts/
for f in ed25519 ecdsa256 rsa2048; do
	cp "$data/$f.sig" "corpus/fuzz_sshsig/$f"
	sed "1d;\$d" "$data/$f.sig" | base64 -d > "corpus/fuzz_sshsig/$f.blob"
done
sed 's/^/"/; s/$/"/' < "$data/host-cert.pub" > certificate.inc
key=$(cat "$data/ed25519.pub")
line() { cat > "corpus/fuzz_authorized_keys/$1"; }
echo "$key" | line plain
echo "restrict,pty,command=\"a \\\"b\\\"\",from=\"10.0.0.0/8,!h\" $key" | line options
printf '%s\n%s\n' "permitopen=\"a:1\",permitopen=\"*:2\",tunnel=\"3\" $key" \
	"permitopen=\"a:*\",expiry-time=\"20300101Z\",environment=\"A=b\" $key" | line two
echo "cert-authority,principals=\"a,b\",verify-required $key" | line ca
echo 'no-pty,permitlisten="8080" alice' | line principal
python3 - << 'P'
import base64, struct
def s(b): return struct.pack('>I', len(b)) + b
def blob(f): return base64.b64decode(open('../../unit/key/data/%s.pub' % f).read().split()[1])
names = {'ed25519': (8, b'ssh-ed25519'), 'ecdsa256': (9, b'ecdsa-sha2-nistp256'),
    'ecdsa521': (11, b'ecdsa-sha2-nistp521'), 'rsa2048': (14, b'rsa-sha2-512')}
mpints = s(s(b'\1' * 32) + s(b'\2' * 32))
for f, (number, name) in names.items():
    value = mpints if b'ecdsa' in name else s(b'\5' * (256 if b'rsa' in name else 64))
    open('corpus/fuzz_signature/' + f, 'wb').write(
        bytes([number]) + s(blob(f)) + s(name) + value)
ed = blob('ed25519')[15:]
ec = blob('ecdsa256')[4 + 19:]
for number, name, rest, value in (
    (12, b'sk-ssh-ed25519@openssh.com', ed, s(b'\5' * 64)),
    (13, b'sk-ecdsa-sha2-nistp256@openssh.com', ec, mpints)):
    key = s(name) + rest + s(b'ssh:')
    tail = s(name) + value + b'\5' + struct.pack('>I', 7)
    label = name.decode().split('@')[0]
    open('corpus/fuzz_signature/' + label, 'wb').write(bytes([number]) + s(key) + tail)
    open('corpus/fuzz_key/' + label, 'wb').write(key)
P
