"""sallyportctl compliance: each item passes and fails, and the change that it
names makes it pass; show --effective; what the table calls fixed by design."""

import json
import os
import re
import shutil
import subprocess
import xml.etree.ElementTree

import paramiko
import pytest

import sp

CTL = os.path.join(sp.BUILD, "sallyportctl")
BENCHMARKS = ("cis-debian12", "cis-rhel9", "stig-rhel9", "stig-ubuntu2404")
DIRECTORY = sp.SCRATCH + "/compliance"
SERVICE = "/etc/systemd/system/multi-user.target.wants/sallyport.service"

# The rule's part and the top level's part stand on lines of their own.
BASE = """modules = ( { name = "pam"; }, { name = "publickey"; } );
host_keys = [ "%(dir)s/ssh_host_ed25519_key" ];
rules = ( { name = "all"; match = { group = "staff"; };
%(rule)s
methods = [ "publickey" ]; } );
%(top)s
"""

# Items (all that have the check), what breaks them in the rule or at the top
# level, and the line that is blamed.
BREAKS = [
    ("access", ["cis-debian12 5.1.4", "cis-rhel9 5.1.7"], "", "", "rule"),
    ("banner", ["cis-debian12 5.1.5", "cis-rhel9 5.1.8", "stig-rhel9 RHEL-09-255025",
                "stig-ubuntu2404 UBTU-24-200640"], "", 'banner = "/nowhere/issue";', "top"),
    ("cbc", ["cis-debian12 5.1.6", "cis-rhel9 5.1.4", "cis-rhel9 1.6.5"], "",
     'crypto = { ciphers = [ "+aes128-cbc" ]; };', "top"),
    ("chacha", ["cis-rhel9 1.6.6"], "", 'crypto = { ciphers = [ "chacha20-poly1305@openssh.com" ]; };', "top"),
    ("ciphers", ["stig-rhel9 RHEL-09-255065", "stig-ubuntu2404 UBTU-24-100820"], "",
     'crypto = { profile = "modern"; };', "top"),
    ("macs", ["cis-debian12 5.1.15", "cis-rhel9 5.1.6", "stig-rhel9 RHEL-09-255075",
              "stig-ubuntu2404 UBTU-24-100830"], "", 'crypto = { macs = [ "hmac-sha1" ]; };', "top"),
    ("etm", ["cis-rhel9 1.6.7"], "", 'crypto = { macs = [ "hmac-sha2-256-etm@openssh.com" ]; };', "top"),
    ("kex", ["cis-debian12 5.1.12", "cis-rhel9 5.1.5", "stig-ubuntu2404 UBTU-24-100840"], "",
     'crypto = { kex = [ "diffie-hellman-group14-sha1" ]; };', "top"),
    ("keepalive", ["cis-debian12 5.1.7", "cis-rhel9 5.1.9"], "keepalive_interval = 301;", "", "rule"),
    ("keepalive count", ["cis-debian12 5.1.7", "cis-rhel9 5.1.9"],
     "keepalive_interval = 300; keepalive_count = 4;", "", "rule"),
    ("once", ["stig-rhel9 RHEL-09-255095", "stig-ubuntu2404 UBTU-24-600000"],
     "keepalive_interval = 600; keepalive_count = 2;", "", "rule"),
    ("idle", ["stig-rhel9 RHEL-09-255100", "stig-ubuntu2404 UBTU-24-600010"],
     'keepalive_interval = 600; idle_timeout = "11m";', "", "rule"),
    *[(f"forwarding {i}", ["cis-debian12 5.1.8", "cis-rhel9 5.1.10"], text, "", "rule")
      for i, text in enumerate(('local_forward = [ "db:1" ];', 'remote_forward = [ "localhost:1" ];',
                                'unix_local = [ "/run/x" ];', 'unix_remote = [ "/run/x" ];', "agent = true;",
                                "x11 = true;", 'tun = "ethernet";'))],
    ("gssapi", ["cis-debian12 5.1.9", "cis-rhel9 5.1.11", "stig-rhel9 RHEL-09-255135"],
     'methods = [ "gssapi-with-mic", "publickey" ];', "", "rule"),
    ("hostbased", ["cis-debian12 5.1.10", "cis-rhel9 5.1.12", "stig-rhel9 RHEL-09-255080"],
     'methods = [ "publickey", "publickey,hostbased" ];', "", "rule"),
    ("grace", ["cis-debian12 5.1.13", "cis-rhel9 5.1.14"], "", "limits = { login_grace = 61; };", "top"),
    ("level", ["cis-debian12 5.1.14", "cis-rhel9 5.1.15", "stig-rhel9 RHEL-09-255030"], "",
     'log = { level = "warn"; };', "top"),
    ("tries", ["cis-debian12 5.1.16", "cis-rhel9 5.1.16"], "max_auth_tries = 5;", "", "rule"),
    ("sessions", ["cis-debian12 5.1.17", "cis-rhel9 5.1.18"], "max_sessions = 11;", "", "rule"),
    ("startups", ["cis-debian12 5.1.18", "cis-rhel9 5.1.17"], "",
     "limits = { startups = { begin = 11; }; };", "top"),
    ("root", ["cis-debian12 5.1.20", "cis-rhel9 5.1.20", "stig-rhel9 RHEL-09-255045"],
     'match = { user = "root"; }; root_login = "key";', "", "rule"),
    ("environment", ["cis-debian12 5.1.21", "cis-rhel9 5.1.21", "stig-rhel9 RHEL-09-255085",
                     "stig-ubuntu2404 UBTU-24-300031"], 'accept_env = [ "*" ];', "", "rule"),
    ("rekey", ["stig-rhel9 RHEL-09-255090"], 'rekey_bytes = "2G";', "", "rule"),
    ("x11", ["stig-rhel9 RHEL-09-255155", "stig-ubuntu2404 UBTU-24-300022"], "x11 = true;", "", "rule"),
    ("last login", ["stig-rhel9 RHEL-09-255165"], "", 'records = { last_login = "none"; };', "top"),
    ("compression", ["stig-rhel9 sshd_disable_compression"], "",
     'crypto = { compression = [ "zlib@openssh.com" ]; };', "top"),
    ("consent", ["stig-ubuntu2404 UBTU-24-200680"], 'consent = { file = "/etc/issue.net"; require = false; };',
     "", "rule"),
    # Without a drop-in that would pass: these are changed by hand.
    ("pam", ["cis-debian12 5.1.22", "cis-rhel9 5.1.22", "stig-rhel9 RHEL-09-255050",
             "stig-ubuntu2404 UBTU-24-500050"], "", "", None),
    ("publickey", ["stig-rhel9 RHEL-09-255035", "stig-ubuntu2404 UBTU-24-400030"], "", "", None),
    ("user files", ["cis-debian12 5.1.11", "cis-rhel9 5.1.13", "stig-rhel9 RHEL-09-255145",
                    "stig-rhel9 RHEL-09-255150"], "", "", None),
]
# What stands in place of another line of BASE.
BY_HAND = {
    "pam": ('{ name = "pam"; }, ', ""),
    "publickey": ('methods = [ "publickey" ]', 'methods = [ "password" ]'),
    "user files": ('{ name = "publickey"; } );',
                   '{ name = "publickey"; }, { name = "hostbased"; options = { user_files = true; }; } );'),
}
# Items that look at files, and what spoils which of them.
FILES = {
    "5.1.1": ["config mode", "config owner", "directory"], "5.1.2": ["key mode", "key owner"],
    "5.1.3": ["public mode"], "RHEL-09-255105": ["config group"], "RHEL-09-255110": ["config owner"],
    "RHEL-09-255115": ["config mode", "directory"], "RHEL-09-255120": ["key mode"],
    "RHEL-09-255125": ["public mode"],
}
INSTALLED = {"RHEL-09-255010", "RHEL-09-255015", "UBTU-24-100800", "UBTU-24-100810"}


class Place:
    """A configuration's directory."""

    def __init__(self):
        shutil.rmtree(DIRECTORY, ignore_errors=True)
        os.makedirs(DIRECTORY + "/policy.d", mode=0o755)
        self.config = DIRECTORY + "/sallyport.conf"
        for suffix in ("", ".pub"):
            shutil.copy(sp.host_key("ed25519") + suffix, f"{DIRECTORY}/ssh_host_ed25519_key{suffix}")

    def write(self, text, **drop_ins):
        for name in os.listdir(DIRECTORY + "/policy.d"):
            os.unlink(f"{DIRECTORY}/policy.d/{name}")
        for name, words in [("/sallyport", text), *((f"/policy.d/{n}", t) for n, t in drop_ins.items())]:
            with open(f"{DIRECTORY}{name}.conf", "w") as f:
                f.write(words)
            os.chmod(f"{DIRECTORY}{name}.conf", 0o600)

    def ctl(self, *words, check=None):
        return sp.run([CTL, "-f", self.config, *words], check=check)

    def judge(self, *words):
        p = self.ctl("compliance", "--json", *words)
        report = json.loads(p.stdout)
        assert p.returncode == (1 if report.get("fail") else 0), (p.returncode, p.stdout, p.stderr)
        return {item["id"]: item for item in report["items"]}

    def item(self, which):
        benchmark, name = which.split()
        return self.judge(benchmark, "--item", name)[name]


@pytest.fixture
def place():
    return Place()


def shipped(place, benchmark):
    """The shipped file, with the drop-in of the benchmark's kind."""
    example = "cis" if benchmark.startswith("cis") else "stig"
    text = open(f"{sp.TOP}/config/sallyport.conf").read()
    place.write(text + f'host_keys = [ "{DIRECTORY}/ssh_host_ed25519_key" ];\n',
                example=open(f"{sp.TOP}/config/examples/{example}.conf").read())


def base(place, rule="", top=""):
    text = BASE % {"dir": DIRECTORY, "rule": rule, "top": top}
    # what is in the rule's part goes before the line of the base
    for key in ("match", "methods"):
        if f"{key} = " in rule:
            text = re.sub(r'match = \{ group = "staff"; \};|^methods = \[ "publickey" \];(?= )'.split("|")[key == "methods"],
                          "", text, count=1, flags=re.M)
    place.write(text)
    return text


@pytest.fixture
def installed():
    os.makedirs(os.path.dirname(SERVICE), exist_ok=True)
    made = not os.path.lexists(SERVICE)
    if made:
        os.symlink("/lib/systemd/system/sallyport.service", SERVICE)
    yield
    if made:
        os.unlink(SERVICE)


@pytest.mark.parametrize("benchmark", BENCHMARKS)
def test_the_shipped_drop_ins_pass_theirs(place, installed, benchmark):
    shipped(place, benchmark)
    items = place.judge(benchmark)
    assert [i for i in items.values() if i["status"] == "fail"] == []
    assert place.ctl("compliance", benchmark, check=0).stdout.endswith(" not applicable\n")
    for item in items.values():
        if item["status"] == "notapplicable":
            assert item["reason"]


def test_the_shipped_file_alone_is_reported_as_it_is(place, installed):
    place.write(open(f"{sp.TOP}/config/sallyport.conf").read() +
                f'host_keys = [ "{DIRECTORY}/ssh_host_ed25519_key" ];\n')
    failing = {b: [i for i, item in place.judge(b).items() if item["status"] == "fail"] for b in BENCHMARKS}
    assert failing == {
        "cis-debian12": ["5.1.4", "5.1.5", "5.1.7", "5.1.8", "5.1.15", "5.1.20"],
        "cis-rhel9": ["1.6.6", "1.6.7", "5.1.6", "5.1.7", "5.1.8", "5.1.9", "5.1.10", "5.1.20"],
        "stig-rhel9": ["RHEL-09-255025", "RHEL-09-255045", "RHEL-09-255065", "RHEL-09-255075",
                       "RHEL-09-255095", "RHEL-09-255100", "sshd_disable_compression"],
        "stig-ubuntu2404": ["UBTU-24-100820", "UBTU-24-100830", "UBTU-24-100840", "UBTU-24-200640",
                            "UBTU-24-200680",
                            "UBTU-24-600000", "UBTU-24-600010"]}


def test_each_item_is_tried(place):
    shipped(place, "cis")
    tried = {which for _, items, *_ in BREAKS for which in items}
    for benchmark in BENCHMARKS:
        for name, item in place.judge(benchmark).items():
            fixed = item["reason"] is not None
            assert fixed or name in FILES or name in INSTALLED or f"{benchmark} {name}" in tried, name
            assert not fixed or item["status"] == "notapplicable" or item["proof"], name


@pytest.mark.parametrize("name,items,rule,top,blamed", BREAKS, ids=[b[0] for b in BREAKS])
def test_an_item_fails_at_its_line_and_passes_with_the_change(place, name, items, rule, top, blamed):
    for which in items:
        text = base(place, rule, top)
        if name == "access":
            text = text.replace('match = { group = "staff"; };', "")
            place.write(text)
        if name in BY_HAND:
            assert place.item(which)["status"] == "pass"
            place.write(text.replace(*BY_HAND[name]))
            assert place.item(which)["status"] == "fail", which
            continue
        item = place.item(which)
        assert item["status"] == "fail", item
        line = {"rule": text.split("\n").index(rule) + 1 if rule else 3, "top": len(text.split("\n")) - 1}[blamed]
        wrong = [f for f in item["findings"] if not f["pass"]]
        places = [(f.get("file"), f.get("line")) for f in wrong]
        assert (place.config, line) in places, (places, line, text)
        # the change, as a drop-in; in place of what the top level said
        assert not item["change"].startswith("#"), item["change"]
        place.write(text.replace(top, "") if top else text, change=item["change"])
        assert place.item(which)["status"] == "pass", (item["change"], place.item(which))


def spoil(how):
    key = DIRECTORY + "/ssh_host_ed25519_key"
    {"config mode": lambda: os.chmod(DIRECTORY + "/policy.d/more.conf", 0o644),
     "config owner": lambda: os.chown(DIRECTORY + "/policy.d", 12345, 0),
     "config group": lambda: os.chown(DIRECTORY + "/sallyport.conf", 0, 12345),
     "directory": lambda: os.chmod(DIRECTORY + "/policy.d", 0o775),
     "key mode": lambda: os.chmod(key, 0o640),
     "key owner": lambda: os.chown(key, 12345, 0),
     "public mode": lambda: os.chmod(key + ".pub", 0o664)}[how]()


@pytest.mark.parametrize("benchmark,name,how", [
    (b, name, how) for b in ("cis-debian12", "cis-rhel9", "stig-rhel9") for name, ways in FILES.items()
    for how in ways if name.startswith("RHEL") == b.startswith("stig")])
def test_owners_and_modes_are_looked_at(place, benchmark, name, how):
    base(place)
    place.write(open(place.config).read(), more="")
    judge = ["compliance", "--json", benchmark, "--item", name]
    place.ctl(*judge, check=0)
    spoil(how)
    p = place.ctl(*judge)
    if how in ("config owner", "directory"):
        # the reading of the configuration refuses it before anything is judged
        assert p.returncode == 2 and "bad ownership or modes" in p.stderr, (p.returncode, p.stdout, p.stderr)
        return
    (item,) = json.loads(p.stdout)["items"]
    assert p.returncode == 1 and item["status"] == "fail"
    assert all(("12345" in f["value"] or re.search("0(644|640|664)$", f["value"]))
               for f in item["findings"] if not f["pass"])


def test_the_service_is_installed_and_enabled(place, installed):
    base(place)
    for which in ("stig-rhel9 RHEL-09-255010", "stig-ubuntu2404 UBTU-24-100800",
                  "stig-rhel9 RHEL-09-255015", "stig-ubuntu2404 UBTU-24-100810"):
        assert place.item(which)["status"] == "pass", place.item(which)


def test_what_is_not_enabled_fails(place):
    if os.path.lexists(SERVICE):
        pytest.skip("it is enabled here")
    base(place)
    for which in ("stig-rhel9 RHEL-09-255015", "stig-ubuntu2404 UBTU-24-100810"):
        assert place.item(which)["status"] == "fail", place.item(which)


# ---- the effective value ----

GUARDED = [
    # a guard for everybody counts, one for some does not
    ('guards = ( { name = "g"; max_sessions = 5; } );', "pass", "g"),
    ('guards = ( { name = "g"; match = { group = "staff"; }; max_sessions = 5; } );', "pass", "g"),
    ('guards = ( { name = "g"; match = { group = "other"; }; max_sessions = 5; } );', "fail", None),
    ('guards = ( { name = "g"; match = { from = "10.0.0.0/8"; }; max_sessions = 5; } );', "fail", None),
    ('guards = ( { name = "g"; match = { method = "password"; }; max_sessions = 5; } );', "fail", None),
    # so does a rule that refuses whoever comes, or that nobody reaches
    ('guards = ( { name = "g"; refuse = true; } );', "pass", None),
]


@pytest.mark.parametrize("top,status,by", GUARDED)
def test_a_guard_counts_where_it_holds_for_all(place, top, status, by):
    base(place, "max_sessions = 20;", top)
    item = place.item("cis-debian12 5.1.17")
    assert item["status"] == status, item
    if by:
        assert item["findings"][0]["by"] == f"guard {by}" and item["findings"][0]["value"] == "5"


def test_an_overlay_that_may_apply_counts_against_the_item(place):
    base(place, "", 'overlays = ( { name = "o"; match = { user = "bob"; }; max_sessions = 20; } );')
    item = place.item("cis-debian12 5.1.17")
    assert item["status"] == "fail"
    (wrong,) = [f for f in item["findings"] if not f["pass"]]
    assert wrong["where"] == "rule all with overlay o" and wrong["by"] == "overlay o" and wrong["line"] == 6
    base(place, "max_sessions = 10;", 'overlays = ( { name = "o"; match = { user = "bob"; }; max_sessions = 20; } );')
    assert place.item("cis-debian12 5.1.17")["status"] == "pass"


def test_a_listener_of_its_own_counts(place):
    base(place, "", 'crypto = { profile = "cis"; };\n'
         'listeners = ( { name = "a"; address = "*"; port = 22; }, { name = "b"; address = "*"; port = 23;\n'
         '  banner = "none"; crypto = { ciphers = [ "aes128-cbc" ]; }; } );\nbanner = "/etc/issue.net";')
    item = place.item("cis-debian12 5.1.6")
    assert [(f["where"], f["pass"]) for f in item["findings"]] == [("listener a", True), ("listener b", False)]
    assert place.item("cis-debian12 5.1.5")["status"] == "fail"


def test_root_is_asked_of_rules_that_name_somebody(place):
    base(place, 'root_login = "key";')
    assert place.item("cis-debian12 5.1.20")["status"] == "pass"  # wildcards and groups match no uid 0
    base(place, 'match = { user = "root"; }; root_login = "key";',
         'guards = ( { name = "g"; match = { user = "root"; }; root_login = "no"; } );')
    assert place.item("cis-debian12 5.1.20")["status"] == "pass"


def test_show_effective_folds_the_guards_in(place):
    base(place, "max_sessions = 20; agent = true;",
         'guards = ( { name = "g"; max_sessions = 5; forwarding = false; }, { name = "some"; '
         'match = { user = "bob"; }; max_sessions = 1; } );')
    text = place.ctl("show", "--effective", check=0).stdout
    assert text.startswith("rule all:\n")
    assert re.search(r"(?m)^  max_sessions = 5;\t# guard g, \S+:6$", text), text
    assert "\n  agent = false;" in text and "\n  local_forward = [];" in place.ctl(
        "show", "--effective", "--defaults", "all", check=0).stdout
    (one,) = json.loads(place.ctl("show", "--effective", "--json", "all", check=0).stdout)
    assert one["rule"] == "all" and one["grants"]["max_sessions"]["guard"] == "g"
    assert place.ctl("show", "--effective", "nobody").returncode == 1


# What reads as if an item held: item, rule's part, top level's part.
DECEPTIVE = {
    "a library's variable": ("cis-debian12 5.1.21", 'accept_env = [ "LD_*" ];', ""),
    "a shell's start file": ("cis-debian12 5.1.21", 'accept_env = [ "BASH_*" ];', ""),
    "a log that goes nowhere": ("cis-debian12 5.1.14", "", 'log = { level = "verbose"; targets = []; };'),
    "everybody beside a name": ("cis-debian12 5.1.4", 'match = { user = [ "*", "alice" ]; };', ""),
    "everybody from somewhere": ("cis-debian12 5.1.4", 'match = { user = "*@10.0.0.0/8"; };', ""),
    "every uid": ("cis-debian12 5.1.4", 'match = { uid = [ "0-999", "1000-4294967294" ]; };', ""),
    "a refusal of names that nobody has": (
        "cis-debian12 5.1.4", "# without match", 'guards = ( { name = "g"; match = { user = "a"; invalid_user = true; }; refuse = true; } );'),
    "another name of uid 0": ("cis-debian12 5.1.20", 'match = { user = "toor"; }; root_login = "key";', ""),
    "uid 0 behind a rule that takes root": (
        "cis-debian12 5.1.20", 'match = { user = [ "root", "toor" ]; }; root_login = "key";',
        'guards = ( { name = "g"; match = { user = "root"; }; root_login = "no"; } );'),
}


@pytest.mark.parametrize("case", DECEPTIVE)
def test_a_value_that_only_looks_right_fails(place, case):
    which, rule, top = DECEPTIVE[case]
    text = base(place, rule, top)
    if "match" in rule:
        place.write(text.replace('match = { group = "staff"; };', ""))
    assert place.item(which)["status"] == "fail", place.item(which)


@pytest.mark.parametrize("rule,operator,value,status", [
    ('accept_env = [ "*", "!LANG" ];', "has", '"LANG"', "fail"),
    ('accept_env = [ "LANG", "!LC_*" ];', "has", '"LANG"', "pass"),
    ('accept_env = [ "!LANG" ];', "without", '"PATH"', "fail"),
    ('accept_env = [ "P*" ];', "without", '"*H"', "fail"),
    ('accept_env = [ "!LANG" ];', "only", '"LANG"', "fail"),
    ('local_forward = [ "db:5432" ];', "only", '"db:*"', "fail"),
    ('local_forward = [ "db:5432" ];', "only", '"db:5432"', "pass"),
])
def test_patterns_are_compared_as_patterns(place, rule, operator, value, status):
    base(place, rule)
    key = rule.split()[0]
    (item,) = json.loads(own(place, f"""title = "t";
items = ( {{ id = "1"; title = "x"; key = "{key}"; operator = "{operator}"; value = [ {value} ]; }} );
""").stdout)["items"]
    assert item["status"] == status, item


def test_each_module_of_a_kind_counts(place):
    text = base(place)
    place.write(text.replace('{ name = "publickey"; } );', '{ name = "publickey"; }, { name = "hostbased"; }, '
                '{ name = "again"; file = "hostbased.so"; options = { user_files = true; }; } );'))
    assert place.item("cis-debian12 5.1.11")["status"] == "fail"


def test_a_list_that_a_guard_closes_is_shown_closed(place):
    base(place, 'accept_env = [ "LANG" ];', 'guards = ( { name = "g"; accept_env = []; } );')
    assert "\n  accept_env = [];" in place.ctl("show", "--effective", check=0).stdout

# ---- the site's own items ----

OWN = """title = "House rules";
items = (
	{ id = "H-1"; title = "Idle sessions end"; key = "idle_timeout"; operator = "<="; value = "10m"; },
	{ id = "H-2"; title = "No passwords"; key = "methods"; operator = "without"; value = [ "password" ]; }
);
"""


def own(place, text):
    path = DIRECTORY + "/items.conf"
    with open(path, "w") as f:
        f.write(text)
    return place.ctl("compliance", "--json", "own", path)


def test_own_items_pass_and_fail(place):
    base(place)
    p = own(place, OWN)
    report = json.loads(p.stdout)
    assert p.returncode == 1 and report["title"] == "House rules"
    assert [i["status"] for i in report["items"]] == ["fail", "pass"]
    base(place, "idle_timeout = 600;")
    assert own(place, OWN).returncode == 0


@pytest.mark.parametrize("change,said", [
    (('"idle_timeout"', '"idle_timout"'), r'items.conf:3: H-1: there is no key "idle_timout"; did you mean "idle_timeout"'),
    (('"<="', '"<"'), 'operator "<": "idle_timeout" .* takes "=", "!=", "<=", ">=", "set", "unset"'),
    (('"10m"', '"soon"'), "items.conf:3: H-1: "),
    (('"10m"', "true"), "items.conf:3: H-1: wrong type"),
    (("H-2", "H-1"), 'there are two "H-1"'),
    (('value = "10m"; ', ""), 'operator "<=" takes a value'),
    (('title = "No', 'titel = "No'), 'unknown key "titel"'),
    (("title = \"House", "tilte = \"House"), "there are title and items"),
    (('"methods"', '"times"'), "tests of the policy"),
    (('"methods"', '"modules"'), "cannot be compared"),
    (("items", "thing"), '"items" is missing'),
    ((");", ""), "items.conf:"),
    (('operator = "<="', 'value = "9m"'), "items.conf:3: value: is set already"),
])
def test_own_items_are_read_strictly(place, change, said):
    base(place)
    p = own(place, OWN.replace(*change))
    assert p.returncode == 2 and re.search(said, p.stderr), p.stderr


def test_words_that_do_not_hold_are_an_error(place):
    base(place)
    for words in ([], ["cis-debian11"], ["own"], ["own", "/nowhere"], ["own", "/dev/zero"],
                  ["cis-rhel9", "--item", "5.1.99"], ["cis-rhel9", "stig-rhel9"], ["--html", "--json", "cis-rhel9"]):
        assert place.ctl("compliance", *words).returncode == 2, words
    place.write("rules = 3;")
    assert place.ctl("compliance", "cis-rhel9").returncode == 2


# ---- the page ----

def test_the_page_loads_and_runs_nothing(place):
    evil = '<script>alert(1)</script>&\\"'
    base(place, "", "")
    path = DIRECTORY + "/items.conf"
    with open(path, "w") as f:
        f.write(OWN.replace("House rules", evil))
    page = place.ctl("compliance", "--html", "own", path).stdout
    assert "default-src 'none'" in page and "<script" not in page and "&lt;script&gt;" in page
    assert not re.search(r"(?i)(src|href)=|url\(|@import", page)
    tree = xml.etree.ElementTree.fromstring(re.sub(r"<!DOCTYPE html>|<meta[^>]*>", "", page)
                                            .replace("<details open>", "<details>"))
    assert len(tree.findall(".//details")) == 2


def test_the_commands_of_the_document_answer(place, installed):
    commands = re.findall(r"(?m)^\tsallyportctl (.*)$", open(f"{sp.TOP}/doc/COMPLIANCE.md").read())
    assert len(commands) == 6
    for command in commands:
        shipped(place, "stig" if "stig" in command else "cis")
        assert place.ctl(*command.split(), check=0).stdout, command


# ---- scanners ----

def test_the_xccdf_file_has_every_item_and_its_check_answers(place, installed):
    scap = sp.TOP + "/packaging/scap"
    ns = "{http://checklists.nist.gov/xccdf/1.2}"
    tree = xml.etree.ElementTree.parse(scap + "/sallyport-xccdf.xml")
    values = {v.findtext(ns + "value") for v in tree.iter(ns + "Value")}
    shipped(place, "cis")
    assert values == {f"{b} {i}" for b in BENCHMARKS for i in place.judge(b)}
    # the script as oscap runs it; this configuration in place of the machine's
    own = DIRECTORY + "/bin"
    os.makedirs(own)
    with open(own + "/sallyportctl", "w") as f:
        f.write(f'#!/bin/sh\nexec {CTL} -f {place.config} "$@"\n')
    os.chmod(own + "/sallyportctl", 0o755)
    for item, status in (("cis-debian12 5.1.6", 101), ("cis-rhel9 1.6.2", 105), ("stig-rhel9 RHEL-09-255095", 102),
                         ("cis-rhel9 9.9", 103)):
        env = dict(os.environ, PATH=own + ":" + os.environ["PATH"], XCCDF_VALUE_SALLYPORT_ITEM=item)
        assert sp.run([scap + "/sallyport-sce.sh"], env=env).returncode == status, item


@pytest.mark.skipif(not shutil.which("oscap"), reason="no oscap")
def test_oscap_asks_and_is_answered(place, installed):
    """Its parser loses an export that follows its neighbour without a space."""
    shipped(place, "cis")
    shutil.copytree(sp.TOP + "/packaging/scap", DIRECTORY + "/scap")
    script = DIRECTORY + "/scap/sallyport-sce.sh"
    text = open(script).read()
    with open(script, "w") as f:  # oscap sets PATH itself
        f.write(text.replace("$(sallyportctl ", f"$({CTL} -f {place.config} "))
    p = sp.run(["oscap", "xccdf", "eval", "--profile", "xccdf_org.sallyport_profile_cis-rhel9",
                DIRECTORY + "/scap/sallyport-xccdf.xml"], timeout=60)
    said = re.findall(r"(?m)^Result\s+(\S+)", p.stdout)
    assert sorted(set(said)) == ["notapplicable", "pass"], (p.stdout, p.stderr)
    assert len(said) == len(place.judge("cis-rhel9"))


# ---- fixed by design ----

def test_an_empty_password_lets_nobody_in(make_server, make_user):
    """Though the stack says nullok, and su would let in."""
    u = make_user(key=False)
    sp.run(["passwd", "-d", u.name], check=0)
    sp.write_pam("sallyport-blank", "auth required pam_unix.so nullok\naccount required pam_permit.so\n")
    s = make_server(pam_service="sallyport-blank")
    for ask in (lambda t: t.auth_password(u.name, "", fallback=False),
                lambda t: t.auth_interactive(u.name, lambda title, text, prompts: [""] * len(prompts))):
        t = paramiko.Transport(("127.0.0.1", s.port))
        try:
            t.start_client(timeout=30)
            with pytest.raises(paramiko.AuthenticationException):
                ask(t)
            assert not t.is_authenticated()
        finally:
            t.close()
    s.wait_log(f"Failed none for {u.name}")  # as sshd calls an empty password
    s.wait_log(f"Failed keyboard-interactive.* for .*{u.name}")


@pytest.mark.skipif(not os.path.exists("/usr/bin/xauth"), reason="no xauth")
def test_a_display_listens_on_loopback_alone(make_server, user):
    s = make_server(grants="x11 = true; gateway_ports = \"yes\";")
    env = dict(os.environ, XAUTHORITY=f"{s.dir}/Xauthority", DISPLAY=":77")
    sp.run(["xauth", "-f", env["XAUTHORITY"], "add", ":77", ".", "00112233445566778899aabbccddeeff"], check=0)
    p = subprocess.run(s.ssh_argv(user, "echo $DISPLAY; cat /proc/net/tcp /proc/net/tcp6", flags=("-Y",)),
                       env=env, capture_output=True, text=True, timeout=60)
    number = int(re.match(r"(?:localhost|127\.0\.0\.1):(\d+)", p.stdout)[1])
    where = re.findall(rf"(?m)^ *\d+: ([0-9A-F]+):{6000 + number:04X} \S+ 0A", p.stdout)
    assert where and set(where) <= {"0100007F", "00000000000000000000000001000000"}, where
