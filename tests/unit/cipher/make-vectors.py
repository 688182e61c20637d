#!/usr/bin/python3
# Sealed packets for test_cipher.c, computed with python3-cryptography from
# the documents alone (RFC 4253, 4344, 5647, PROTOCOL.chacha20poly1305):
#	./make-vectors.py > vectors.h
import hashlib
import hmac
import struct
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.poly1305 import Poly1305

KEY = bytes(range(64))
IV = bytes(range(100, 116))
MAC_KEY = bytes(range(200, 232)) * 2


def plain(payload, block, apart):
    used = (1 if apart else 5) + len(payload)
    pad = block - used % block
    if pad < 4:
        pad += block
    body = bytes([pad]) + payload + bytes([0xAA]) * pad
    return struct.pack(">I", len(body)), body


def chacha(seq, payload):
    length, body = plain(payload, 8, True)
    nonce = struct.pack(">Q", seq)

    def stream(key, counter, data):
        iv = struct.pack("<Q", counter) + nonce
        return Cipher(algorithms.ChaCha20(key, iv), None).encryptor().update(data)

    main, head = KEY[:32], KEY[32:]
    poly = stream(main, 0, bytes(32))
    sealed = stream(head, 0, length) + stream(main, 1, body)
    return sealed + Poly1305.generate_tag(poly, sealed)


def gcm(bits):
    def seal(seq, payload):
        length, body = plain(payload, 16, True)
        count = struct.unpack(">Q", IV[4:12])[0] + seq
        iv = IV[:4] + struct.pack(">Q", count)
        return length + AESGCM(KEY[: bits // 8]).encrypt(iv, body, length)
    return seal


def ctr(bits, digest, etm):
    enc = Cipher(algorithms.AES(KEY[: bits // 8]), modes.CTR(IV)).encryptor()
    mac_key = MAC_KEY[: hashlib.new(digest).digest_size]

    def mac(seq, data):
        return hmac.new(mac_key, struct.pack(">I", seq) + data, digest).digest()

    def seal(seq, payload):
        length, body = plain(payload, 16, etm)
        if etm:
            sealed = length + enc.update(body)
            return sealed + mac(seq, sealed)
        return enc.update(length + body) + mac(seq, length + body)
    return seal


PAYLOADS = [b"\x02", bytes(range(1, 40)), bytes(i * 7 % 256 for i in range(300))]


def emit(cipher, mac, seal):
    for seq, payload in enumerate(PAYLOADS):
        text = seal(seq, payload).hex()
        lines = "\n\t    ".join(
            '"%s"' % text[i:i + 64] for i in range(0, len(text), 64))
        print('\t{ "%s", "%s", %d,\n\t    %s },' % (cipher, mac, seq, lines))


print("/* Made by make-vectors.py. */")
print("static const struct vector vectors[] = {")
emit("chacha20-poly1305@openssh.com", "", chacha)
emit("aes128-gcm@openssh.com", "", gcm(128))
emit("aes256-gcm@openssh.com", "", gcm(256))
for bits in (128, 192, 256):
    for digest in ("sha256", "sha512"):
        for etm in (False, True):
            name = "hmac-sha2-" + digest[3:] + ("-etm@openssh.com" if etm else "")
            emit("aes%d-ctr" % bits, name, ctr(bits, digest, etm))
print("};")
