#!/usr/bin/python3
"""Seeds of fuzz_log_book: short logs of each form, whole and damaged."""

import hashlib
import os

PLACE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus/fuzz_log_book")
CONN, SERVER = "00000000000000c1", "00000000000000aa"


def chain(name, makers):
    """Each maker makes the two parts around the hash of one record, of its number."""
    before, out = hashlib.sha256(f"sallyport-audit\n{name}\n".encode()).digest(), []
    for number, (make, around) in enumerate(makers, 1):
        text, rest = make(name, number)
        before = hashlib.sha256(before + text.encode() + rest.encode()).digest()
        out.append((around(text, rest, before.hex()), f"{number}:{before.hex()}"))
    return out


def sd(event, more=""):
    return (lambda c, n: (f'[sallyport@32473 ev="{event}" comp="monitor"{more} time="t" chain="{c}" n="{n}"',
                          '][meta sequenceId="1"] a sentence'),
            lambda text, rest, h: f'Nov 30 19:00:00 host sallyportd[7]: {text} hash="{h}"{rest}\n')


def json(event, more=""):
    return (lambda c, n: (f'{{"@timestamp":"t","event.action":"{event}","event.category":["a","b"]{more},'
                          f'"sallyport.chain":"{c}","sallyport.n":{n}', "}"),
            lambda text, rest, h: f'{text},"sallyport.hash":"{h}"{rest}\n')


def export(event, more=""):
    def make(c, n):
        lines = ["MESSAGE=m", "PRIORITY=6", f"SALLYPORT_CHAIN={c}", f"SALLYPORT_N={n}",
                 f"SALLYPORT_EVENT={event}"] + ([more] if more else [])
        return "".join(line + "\n" for line in sorted(lines)), ""
    return make, lambda text, rest, h: f"__CURSOR=s\n{text}SALLYPORT_HASH={h}\n_PID=7\n\n"


def log(form, pair, member):
    conn = chain(CONN, [form("conn.open"), form("auth.ok"), form("conn.close")])
    head = conn[-1][1]
    heads = [form("server.start"), form("audit.heads", pair.format(CONN, head))]
    number, value = chain(SERVER, heads)[-1][1].split(":")
    heads.append(form("audit.checkpoint", member.format(number, value)))
    return [text for text, _ in conn + chain(SERVER, heads)]


os.makedirs(PLACE, exist_ok=True)
for name, lines in {
        "sd": log(sd, ' h_{}="{}"', ' number="{}" chead="{}" at="2026" last="true" sig_1="U1NIU0lH"'),
        "json": log(json, ',"sallyport.heads.{}":"{}"',
                    ',"sallyport.number":{},"sallyport.chain_head":"{}","sallyport.at":"2026"'),
        "export": log(export, "SALLYPORT_M_{}={}", "SALLYPORT_NUMBER={}\nSALLYPORT_CHAIN_HEAD={}\nSALLYPORT_AT=2026"),
}.items():
    for kind, some in (("whole", lines), ("missing", lines[:1] + lines[2:]), ("doubled", lines + lines[1:2]),
                       ("reversed", lines[::-1])):
        with open(f"{PLACE}/{name}-{kind}", "w") as f:
            f.write("".join(some))
with open(f"{PLACE}/journal-json", "w") as f:
    f.write('{"__CURSOR":"s","MESSAGE":"a \\"b\\"","SALLYPORT_EVENT":"conn.open","SALLYPORT_CHAIN":"c",'
            f'"SALLYPORT_N":"1","SALLYPORT_HASH":"{"0" * 64}"}}\n')
with open(f"{PLACE}/binary", "wb") as f:
    f.write(b"__CURSOR=s\nMESSAGE\n\x03\0\0\0\0\0\0\0a\nb\nSALLYPORT_CHAIN=c\n\n__CURSOR=t\nX\n\xff\xff\xff\xff\xff\xff\xff\xff")
