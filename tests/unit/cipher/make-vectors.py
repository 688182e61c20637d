#!/usr/bin/python3
# Sealed packets for test_cipher.c, computed with python3-cryptography from
# the documents alone (RFC 4253, 4344, 4418, 5647, PROTOCOL.chacha20poly1305):
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


def umac(key, message, nonce, size):
    """RFC 4418, in the document's own terms."""
    def cipher(key, data):
        return Cipher(algorithms.AES(key), modes.ECB()).encryptor().update(data)

    def kdf(index, size):
        blocks = range(1, (size + 15) // 16 + 1)
        return b"".join(cipher(key, struct.pack(">QQ", index, i)) for i in blocks)[:size]

    def words(data, form):
        return struct.unpack("%s%d%s" % (form[0], len(data) // struct.calcsize(form), form[1]),
                             data)

    def nh(k, m):
        k, m = words(k[:len(m)], ">I"), words(m, "<I")
        return sum(((m[i + j] + k[i + j]) % 2**32) * ((m[i + j + 4] + k[i + j + 4]) % 2**32)
                   for i in range(0, len(m), 8) for j in range(4)) % 2**64

    def poly(k, values):
        p, y = 2**64 - 59, 1
        for m in values:
            if m >= 2**64 - 2**32:
                y = (k * y + p - 1) % p
                m -= 59
            y = (k * y + m) % p
        return y

    rounds = size // 4
    l1 = kdf(1, 1024 + (rounds - 1) * 16)
    l2, l3, l4 = kdf(2, rounds * 24), kdf(3, rounds * 64), kdf(4, rounds * 4)
    chunks = [message[i:i + 1024] for i in range(0, len(message), 1024)] or [b""]
    hashed = b""
    for r in range(rounds):
        a = [(nh(l1[16 * r:], c + bytes(-len(c) % 32 if c else 32)) + 8 * len(c)) % 2**64
             for c in chunks]
        k64 = words(l2[24 * r:24 * r + 8], ">Q")[0] & 0x01ffffff01ffffff
        b = a[0] if len(message) <= 1024 else poly(k64, a)
        k = [x % (2**36 - 5) for x in words(l3[64 * r:64 * r + 64], ">Q")]
        y = sum(x * m for x, m in zip(k, words(b.to_bytes(16, "big"), ">H"))) % (2**36 - 5)
        hashed += struct.pack(">I", y % 2**32 ^ words(l4[4 * r:4 * r + 4], ">I")[0])
    index = 0
    if size <= 8:
        index = nonce[-1] % (16 // size)
        nonce = nonce[:-1] + bytes([nonce[-1] ^ index])
    pad = cipher(kdf(0, 16), nonce + bytes(16 - len(nonce)))
    return bytes(x ^ y for x, y in zip(hashed, pad[index * size:(index + 1) * size]))


def stream(bits, tag, etm, mode=modes.CTR):
    enc = Cipher(algorithms.AES(KEY[: bits // 8]), mode(IV)).encryptor()

    def mac(seq, data):
        if tag in (8, 16):
            return umac(MAC_KEY[:16], data, struct.pack(">Q", seq), tag)
        mac_key = MAC_KEY[: hashlib.new(tag).digest_size]
        return hmac.new(mac_key, struct.pack(">I", seq) + data, tag).digest()

    def seal(seq, payload):
        length, body = plain(payload, 16, etm)
        if etm:
            sealed = length + enc.update(body)
            return sealed + mac(seq, sealed)
        return enc.update(length + body) + mac(seq, length + body)
    return seal


PAYLOADS = [b"\x02", bytes(range(1, 40)), bytes(i * 7 % 256 for i in range(300))]
TAGS = {"sha256": "hmac-sha2-256", "sha512": "hmac-sha2-512", "sha1": "hmac-sha1",
        8: "umac-64", 16: "umac-128"}


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
    # The MAC does not know how long the cipher's key is: one length is enough.
    for tag, name in list(TAGS.items())[:None if bits == 128 else 2]:
        for etm in (False, True):
            name += "-etm" if etm else ""
            at = "@openssh.com" if "-etm" in name or "umac" in name else ""
            emit("aes%d-ctr" % bits, name + at, stream(bits, tag, etm))
    for etm in (False, True):
        emit("aes%d-cbc" % bits, "hmac-sha2-256" + ("-etm@openssh.com" if etm else ""),
             stream(bits, "sha256", etm, modes.CBC))
print("};")
