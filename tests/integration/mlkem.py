"""ML-KEM (FIPS 203) once more, slowly and from the standard's text alone: the
client's half for tests of the server's."""

import hashlib

Q, N = 3329, 256
SIZES = {768: (3, 10, 4), 1024: (4, 11, 5)}  # k, du, dv


def reversed_bits(i):
    return int(f"{i:07b}"[::-1], 2)


ZETAS = [pow(17, reversed_bits(i), Q) for i in range(128)]
GAMMAS = [pow(17, 2 * reversed_bits(i) + 1, Q) for i in range(128)]


def ntt(f):
    f, i, length = f[:], 1, 128
    while length >= 2:
        for start in range(0, N, 2 * length):
            zeta, i = ZETAS[i], i + 1
            for j in range(start, start + length):
                t = zeta * f[j + length] % Q
                f[j], f[j + length] = (f[j] + t) % Q, (f[j] - t) % Q
        length //= 2
    return f


def inverse_ntt(f):
    f, i, length = f[:], 127, 2
    while length <= 128:
        for start in range(0, N, 2 * length):
            zeta, i = ZETAS[i], i - 1
            for j in range(start, start + length):
                t = f[j]
                f[j] = (t + f[j + length]) % Q
                f[j + length] = zeta * (f[j + length] - t) % Q
        length *= 2
    return [x * 3303 % Q for x in f]


def multiply(f, g):
    out = []
    for i in range(128):
        a, b, c, d = f[2 * i], f[2 * i + 1], g[2 * i], g[2 * i + 1]
        out += [(a * c + b * d * GAMMAS[i]) % Q, (a * d + b * c) % Q]
    return out


def add(*polynomials):
    return [sum(x) % Q for x in zip(*polynomials)]


def encode(f, d):
    return sum(x << (d * i) for i, x in enumerate(f)).to_bytes(32 * d, "little")


def decode(data, d):
    bits = int.from_bytes(data, "little")
    return [bits >> (d * i) & ((1 << d) - 1) for i in range(N)]


def compress(f, d):
    return [((x << (d + 1)) + Q) // (2 * Q) % (1 << d) for x in f]


def decompress(f, d):
    return [(2 * x * Q + (1 << d)) >> (d + 1) for x in f]


def uniform(rho, row, column):
    stream = hashlib.shake_128(rho + bytes([column, row])).digest(3000)
    out = []
    for i in range(0, len(stream), 3):
        a, b, c = stream[i:i + 3]
        out += [x for x in (a | (b & 15) << 8, b >> 4 | c << 4) if x < Q]
    return out[:N]


def noise(seed, number):
    bits = int.from_bytes(hashlib.shake_256(seed + bytes([number])).digest(128), "little")
    return [((bits >> 4 * i & 1) + (bits >> 4 * i + 1 & 1) -
             (bits >> 4 * i + 2 & 1) - (bits >> 4 * i + 3 & 1)) % Q for i in range(N)]


class Key:
    def __init__(self, size, d, z):
        self.k, self.du, self.dv = SIZES[size]
        self.z, k = z, self.k
        g = hashlib.sha3_512(d + bytes([k])).digest()
        rho, sigma = g[:32], g[32:]
        self.s = [ntt(noise(sigma, i)) for i in range(k)]
        e = [ntt(noise(sigma, k + i)) for i in range(k)]
        t = [add(e[i], *(multiply(uniform(rho, i, j), self.s[j]) for j in range(k)))
             for i in range(k)]
        self.ek = b"".join(encode(x, 12) for x in t) + rho

    def encrypt(self, m, r):
        k, ek = self.k, self.ek
        t = [decode(ek[384 * i:384 * (i + 1)], 12) for i in range(k)]
        y = [ntt(noise(r, i)) for i in range(k)]
        u = [add(inverse_ntt(add(*(multiply(uniform(ek[-32:], j, i), y[j]) for j in range(k)))),
                 noise(r, k + i)) for i in range(k)]
        v = add(inverse_ntt(add(*(multiply(t[i], y[i]) for i in range(k)))),
                noise(r, 2 * k), decompress(decode(m, 1), 1))
        return (b"".join(encode(compress(x, self.du), self.du) for x in u) +
                encode(compress(v, self.dv), self.dv))

    def decaps(self, c):
        n = 32 * self.du
        u = [decompress(decode(c[n * i:n * (i + 1)], self.du), self.du) for i in range(self.k)]
        v = decompress(decode(c[n * self.k:], self.dv), self.dv)
        w = inverse_ntt(add(*(multiply(self.s[i], ntt(u[i])) for i in range(self.k))))
        m = encode(compress([(a - b) % Q for a, b in zip(v, w)], 1), 1)
        g = hashlib.sha3_512(m + hashlib.sha3_256(self.ek).digest()).digest()
        if self.encrypt(m, g[32:]) != c:
            return hashlib.shake_256(self.z + c).digest(32)
        return g[:32]
