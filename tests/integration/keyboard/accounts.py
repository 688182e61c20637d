"""The accounts of the habits: kb_NAME, made by writing the files of the
machine, or of the root of another release."""

import dataclasses
import os
import shutil
import subprocess

PASSWORD = "s3cret pass"
UID = 17000  # of the first


@dataclasses.dataclass
class Account:
    shell: str = "/bin/bash"
    options: str = ""  # of its line in authorized_keys
    files: dict = dataclasses.field(default_factory=dict)  # in its home
    home: bool = True
    hush: bool = True  # a .hushlogin
    shadow: str = "19000:0:99999:7:::"  # after the password


ACCOUNTS = {
    "h": Account(),
    "dash": Account("/bin/dash"),
    "sh": Account("/bin/sh"),
    "nologin": Account("/usr/sbin/nologin"),
    "false": Account("/bin/false"),
    "noshell": Account("/nonexistent/shell"),
    "noexec": Account("/etc/hostname"),
    "nohome": Account(home=False),
    "greet": Account(hush=False),
    "quiet": Account(),
    "rc": Account(files={".ssh/rc": "echo rc ran $SSH_CONNECTION | cut -d' ' -f1-3; echo rc error >&2\n"}),
    "rcx": Account(files={".ssh/rc": "read proto cookie; echo \"$proto ${#cookie} ${DISPLAY%%:*}\"\n"}),
    "profile": Account(files={".profile": "echo profile $0\n", ".bashrc": "echo bashrc $0\n",
                              ".bash_logout": "echo logout $0\n"}),
    "env": Account(options='environment="KEYVAR=1"', files={".ssh/environment": "FILEVAR=1\n"}),
    "forced": Account(options='command="echo forced; echo \\"$SSH_ORIGINAL_COMMAND\\"; tty; exit 5"'),
    "forcedrc": Account(options='command="echo forced"', files={".ssh/rc": "echo rc\n"}),
    "restrict": Account(options="restrict"),
    "restpty": Account(options="restrict,pty,port-forwarding"),
    "permit": Account(options='permitopen="127.0.0.1:1"'),
    "from": Account(options='from="10.0.0.0/8"'),
    "old": Account(options='expiry-time="20200101"'),
    "noforward": Account(),
    "sftponly": Account(),
    "forcecmd": Account(),
    "kbd": Account(),
    "both": Account(),
    "banner": Account(),
    "alive": Account(),
    "rekey": Account(),
    "few": Account(),
    "gate": Account(),
    "local": Account(),
    "expired": Account(shadow="0:0:99999:7:::"),
    "expiredtty": Account(shadow="0:0:99999:7:::"),
    "expiredkbd": Account(shadow="0:0:99999:7:::"),
    "expiredkey": Account(shadow="0:0:99999:7:::"),
    "gone": Account(shadow="19000:0:99999:7::1000:"),
    "warned": Account(hush=False, shadow="TODAY:0:5:7:::"),
    "locked": Account(),
    "denied": Account(),
    "badhome": Account(),
    "who": Account(hush=False),
}


def line(name, account, uid, hashed):
    import time
    today = str(int(time.time() // 86400))
    if name == "locked":
        hashed = "!" + hashed
    return (f"kb_{name}:x:{uid}:{uid}::/home/kb_{name}:{account.shell}\n",
            f"kb_{name}:{hashed}:{account.shadow.replace('TODAY', today)}\n", f"kb_{name}:x:{uid}:\n")


def put(path, text, uid, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        f.write(text)
    os.chown(path, uid, uid)
    os.chmod(path, mode)


def home(root, name, account, uid, public):
    place = f"{root}/home/kb_{name}"
    shutil.rmtree(place, ignore_errors=True)
    if not account.home:
        return
    shutil.copytree(f"{root}/etc/skel", place)
    files = dict(account.files)
    files[".ssh/authorized_keys"] = f"{account.options} {public}".lstrip()
    if account.hush:
        files[".hushlogin"] = ""
    for path, text in files.items():
        put(f"{place}/{path}", text, uid)
    subprocess.run(["chown", "-R", f"{uid}:{uid}", place], check=True)
    os.chmod(place, 0o777 if name == "badhome" else 0o755)


def make(root, public):
    hashed = subprocess.run(["openssl", "passwd", "-6", PASSWORD], stdout=subprocess.PIPE, text=True,
                            check=True).stdout.strip()
    remove(root)
    texts = zip(*(line(name, a, UID + n, hashed) for n, (name, a) in enumerate(ACCOUNTS.items())))
    for path, lines in zip(("passwd", "shadow", "group"), texts):
        with open(f"{root}/etc/{path}", "a") as f:
            f.writelines(lines)
    for n, (name, account) in enumerate(ACCOUNTS.items()):
        home(root, name, account, UID + n, public)


def remove(root):
    for path in ("passwd", "shadow", "group"):
        path = f"{root}/etc/{path}"
        lines = [text for text in open(path) if not text.startswith("kb_")]
        with open(path, "w") as f:
            f.writelines(lines)
    for name in ACCOUNTS:
        shutil.rmtree(f"{root}/home/kb_{name}", ignore_errors=True)
