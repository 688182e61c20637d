"""Which events of the catalogue (lib/audit_events.h) a log shows, in any of
its formats.  Every test's server is looked at (conftest.py); when the pool ran
all tests, an event that never happened is a failure: it is documented, and so
it must be real."""

import os
import re

TOP = os.environ.get("SALLYPORT_TOP") or os.path.dirname(os.path.dirname(
    os.path.dirname(os.path.abspath(__file__))))
ROW = re.compile(r'^E\((\w+), \d+, "([a-z0-9._]+)", \w+, \w+, "[^"]*", "[^"]*", \\\n'
                 r'((?:\s*"(?:[^"\\]|\\.)*"(?: \\\n)?)+)\)', re.M)


def as_pattern(sentence):
    """The sentence with its fields and options open."""
    groups = re.findall(r"<((?:[^<>]|<[^<>]*>)*)>", sentence)
    if "".join(f"<{g}>" for g in groups) == sentence:  # one of them
        return re.compile("|".join(as_pattern(g).pattern for g in groups))
    out = ""
    for part in re.findall(r"\{[^}]*\}|<|>|[^{}<>]+", sentence.replace('\\"', '"')):
        if part == "<":
            out += "(?:"
        elif part == ">":
            out += ")?"
        elif part.startswith("{"):
            if part[1] in "?!=" or part == "{on}":
                continue
            # who ends with a blank, if it is there at all
            out += {"{who}": "(?:.* )?", "{preauth}": "(?: \\[preauth\\])?"}.get(part, ".+?")
        else:
            out += re.escape(part)
    return re.compile(r"\]: (?:error: )?" + out)


def catalogue():
    """name: (dotted name, pattern of its sentence)"""
    text = open(os.path.join(TOP, "lib/audit_events.h")).read()
    found = {m[1]: (m[2], as_pattern("".join(re.findall(r'"((?:[^"\\]|\\.)*)"', m[3]))))
             for m in ROW.finditer(text)}
    assert len(found) == len(re.findall(r"^E\(", text, re.M)), "a row was not understood"
    return found


def seen_in(log, rows):
    """Names of those of rows that the log shows."""
    out = set()
    for name, (dotted, pattern) in rows.items():
        if (f'"event.action":"{dotted}"' in log or f'ev="{dotted}"' in log
                or pattern.search(log)):
            out.add(name)
    return out
