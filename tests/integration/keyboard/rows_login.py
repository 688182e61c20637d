"""Who is let in and how they are greeted: shells, profiles, passwords,
messages, records, keys with options."""

import glob

from keyboard.scene import Row

PROMPT = r"@testhost:~\$ "
SFTP = "import puts the internal server in the place of Debian's program; SSH_ORIGINAL_COMMAND has what sshd says of its internal one."
# Programs ask in several ways.
PW, NEW = "s3cret pass\n", "N3w-habit_pw\n"
BYPW = "-o PubkeyAuthentication=no"
CHANGE = [("(?i)(old|current) password: ", PW), ("(?i)new password: ", NEW), ("(?i)retype.*new password: ", NEW)]


def expire(name):
    return f"echo 'kb_{name}:s3cret pass' | chpasswd; chage -d 0 kb_{name}"


CHANGED = "su kb_h -c true; getent shadow kb_%s | cut -d: -f3 | sed 's/^[1-9].*/changed/'"
END = [(r"(?m)^(Received disconnect|Disconnected|Connection closed).*\n", ""), (r"(?m)^\n", "")]
FIRST = [(r"(?m)^Last login:.*\n", "")]  # the second server's is the second login
LAST = [(r"Last (login|failed login): .*? from", r"Last \1: DATE from"), (r"(?m)^.*\d\d:\d\d.*kb_who.*", "kb_who line")]
if glob.glob("/usr/lib*/*/security/pam_lastlog2.so"):
    # The module's line tells of the last login of whatever kind, and sshd has one of its own beside it.
    LAST.append((r"(?m)^Last login: DATE from 127.0.0.1.*\r?\n", ""))

ROWS = [
    # shells
    Row("a login shell of bash", "printf 'echo $0; shopt -q login_shell; echo $?\\n' | ssh h"),
    Row("a login shell of dash", "printf 'echo $0 $-\\n' | ssh dash"),
    Row("argv of a command's shell", "ssh h 'tr \"\\0\" \" \" </proc/$$/cmdline'; ssh dash 'tr \"\\0\" \" \" </proc/$$/cmdline'"),
    Row("argv of a shell on a terminal", "ssh h", talk=[(PROMPT, "tr '\\0' ' ' </proc/$$/cmdline; echo $0; exit\n")]),
    Row("profile files of a login", "ssh profile", talk=[(r"profile.*\n.*[$] ", "exit\n")]),
    Row("profile files of a command", "ssh profile 'echo command'; echo 'echo by input' | ssh profile"),
    Row("profile files of a command with -t", "ssh -t profile 'echo command'", talk=()),
    Row("nologin, a command", "ssh nologin true; echo $?"),
    Row("nologin, a shell on a terminal", "ssh -t nologin; echo $?", talk=()),
    Row("nologin, no command", "ssh nologin </dev/null; echo $?"),
    Row("/bin/false", "ssh false true; echo $?; ssh -N false & sleep 1; kill $! && echo served"),
    Row("a shell that is not there", "ssh noshell true; echo $?",
        differs="The reason is told to the account's owner, once the key has proved who it is; sshd asks on.",
        theirs="Permission denied", ours="This account has no shell that can be run"),
    Row("a shell that is no program", "ssh noexec true; echo $?",
        differs="The status is a shell's for what cannot be run, 126; sshd's is 1.",
        theirs="^1\n(.*\n)*.*Exec format error", ours="^126\n(.*\n)*.*Exec format error"),
    Row("sftp and a nologin shell", "echo pwd | sftp -b - nologin; echo $?",
        differs="The client reads the reason, where with sshd it takes the shell's words for a message of SFTP.",
        theirs="Received message too long", ours="This account has no shell, and no SFTP."),
    # homes
    Row("a home that is not there, a command", f"sshpass -p \"$PW\" ssh {BYPW} nohome 'pwd; echo $HOME'; echo $?", needs="sshpass"),
    Row("a home that is not there, a terminal", f"ssh {BYPW} nohome", talk=[("password: ", PW), (r"\$ ", "pwd; exit\n")], scrub=FIRST),
    Row("a home that is not there, sftp", f"echo pwd | sshpass -p \"$PW\" sftp -oBatchMode=no {BYPW} -b - nohome; echo $?", needs="sshpass"),
    Row("a home that is not there, scp", f"echo x >f; sshpass -p \"$PW\" scp {BYPW} f nohome:/tmp/kb_$N; echo $?; sshpass -p \"$PW\" scp -O {BYPW} f nohome:/tmp/kb_$N; echo $?",
        needs="sshpass", after="cat /tmp/kb_$N; rm /tmp/kb_$N"),
    Row("a home that anybody may write refuses keys", "ssh -o BatchMode=yes badhome true; echo $?"),
    # ~/.ssh/rc, environment, keys
    Row("~/.ssh/rc, a command", "ssh rc 'echo command' 2>&1 | sort"),
    Row("~/.ssh/rc, where its output goes", "ssh rc 'echo command' 2>/dev/null",
        differs="What ~/.ssh/rc prints goes to standard error, so that no program reads it.",
        theirs="rc ran", ours=r"output\ncommand\n"),
    Row("~/.ssh/rc on a terminal", "ssh -t rc 'echo command'", talk=()),
    Row("~/.ssh/rc and sftp", "echo pwd | sftp -b - rc; echo $?"),
    Row("~/.ssh/rc gets the cookie", "DISPLAY=127.0.0.1:77 ssh -Y rcx true 2>&1 | grep -v Warning", needs="xauth"),
    Row("a forced command", "ssh forced one 'two  three'; echo $?; ssh forced </dev/null; echo $?"),
    Row("a forced command on a terminal", "ssh -t forced 'ls -l'; echo $?", talk=()),
    Row("a forced command and sftp", "ssh -s forced sftp </dev/null; echo $?", differs=SFTP, theirs="^/usr/lib/openssh/sftp-server$", ours="^internal-sftp$"),
    Row("a forced command and ~/.ssh/rc", "ssh forcedrc true 2>/dev/null | tail -1; echo $?"),
    Row("a forced command and -N -L", "up -L $FREE:127.0.0.1:$PORT forced; hello $FREE; down"),
    Row("ForceCommand of the configuration", "ssh forcecmd 'ls -l'; ssh forcecmd </dev/null; ssh -s forcecmd sftp </dev/null; echo $?",
        differs=SFTP, theirs="config: /usr/lib/openssh/sftp-server$", ours="config: internal-sftp$"),
    Row("an account for sftp alone", "ssh sftponly id; echo $?; echo pwd | sftp -b - sftponly; echo x >f; scp f sftponly:up; echo $?; scp -O f sftponly:up2; echo $?",
        after="cat ~kb_sftponly/up", 
        differs="What the account does not allow is said on standard error, and to scp -O, too.",
        theirs="output\nThis service allows sftp connections only.", ours="errors\nThis account allows SFTP only."),
    Row("restrict: no terminal", "ssh -tt restrict 'tty; echo ran' </dev/null; echo $?"),
    Row("restrict: no forwarding", "ssh -o ExitOnForwardFailure=yes -R $FREE:127.0.0.1:1 restrict true; echo $?; ssh -W 127.0.0.1:$PORT restrict </dev/null; echo $?"),
    Row("restrict, pty, port-forwarding", "ssh -tt restpty tty </dev/null; ssh -W 127.0.0.1:$PORT restpty </dev/null | head -c4", scrub=[(r"\r", "")]),
    Row("permitopen", "ssh -W 127.0.0.1:$PORT permit </dev/null; echo $?; ssh -W 127.0.0.1:1 permit </dev/null; echo $?"),
    Row("from= elsewhere", "ssh -o BatchMode=yes from true; echo $?"),
    Row("expiry-time gone by", "ssh -o BatchMode=yes old true; echo $?"),
    Row("terminals off by configuration", "ssh -tt noforward 'tty; echo ran' </dev/null; echo $?"),
    # passwords
    Row("a password at the prompt", f"ssh {BYPW} h 'echo in; tty'", talk=[(r"kb_h@h's password: ", PW)]),
    Row("a wrong password, then the right one", f"ssh {BYPW} h echo in", talk=[("password: ", "wrong\n"), ("try again", None), ("password: ", PW)]),
    Row("three wrong passwords", f"ssh {BYPW} h echo in; echo $?", talk=[("password: ", "wrong\n")] * 3),
    Row("an empty password", f"ssh {BYPW} h echo in; echo $?", talk=[("password: ", "\n"), ("password: ", "\x03")]),
    Row("an unknown user's password", f"ssh {BYPW} -l kb_nobody h echo in; echo $?", talk=[("password: ", "wrong\n")] * 3),
    Row("a user whom DenyUsers names", f"ssh {BYPW} denied echo in; echo $?", talk=[("password: ", PW)] * 3),
    Row("a locked account and its password", f"ssh {BYPW} locked echo in; echo $?", talk=[("password: ", PW)] * 3),
    Row("a locked account and its key", "ssh -o BatchMode=yes locked echo in; echo $?"),
    Row("sshpass", f"sshpass -p \"$PW\" ssh {BYPW} h id -un; echo $?; sshpass -p wrong ssh {BYPW} h id -un; echo $?", needs="sshpass"),
    Row("SSH_ASKPASS", f"printf '#!/bin/sh\\necho \"$1\" >&2\\necho \"$PW\"\\n' >ask; chmod 755 ask; DISPLAY=:1 SSH_ASKPASS=$D/ask SSH_ASKPASS_REQUIRE=force ssh {BYPW} h id -un"),
    Row("BatchMode asks nobody", f"ssh -o BatchMode=yes {BYPW} h id -un; echo $?"),
    Row("the methods that are named", "ssh -v -o PreferredAuthentications=none h true 2>&1 | grep -i 'can continue' | head -1"),
    Row("keyboard-interactive at the prompt", f"ssh {BYPW} kbd echo in", talk=[(r"Password: ", PW)]),
    Row("keyboard-interactive, wrong", f"ssh {BYPW} kbd echo in; echo $?", talk=[("Password: ", "wrong\n")] * 3),
    Row("a key and a password", "ssh both echo in", talk=[("password: ", PW)]),
    Row("a key and a password, told with -v", "ssh -v -o BatchMode=yes both true 2>&1 | grep -iE 'partial|can continue' | sed 's/^debug1: //'"),
    Row("too many keys", "for i in 1 2 3 4 5 6 7; do ssh-keygen -q -t ed25519 -N '' -f k$i; o=\"$o -i k$i\"; done; "
        "ssh -o IdentityFile=none -o BatchMode=yes $o -i $K h true; echo $?", scrub=[(r"(?m)^no such identity: .*\n", "")],
        differs="A key that is merely offered is no try, so that an agent with many keys gets in.",
        theirs="Too many authentication failures", ours=r"output\n0"),
    Row("an unknown user's key", "ssh -o BatchMode=yes -l kb_nobody h true; echo $?"),
    Row("a banner", "ssh banner echo in; ssh -q banner echo quiet"),
    Row("a password that has expired, on a terminal", f"ssh {BYPW} expiredtty", before=expire("expiredtty"),
        talk=[("password: ", PW), *CHANGE, (r"\$ |closed", "exit\n")], after=CHANGED % "expiredtty",
        differs="The password is changed while logging in (RFC 4252, 8), and the login goes on; sshd starts passwd(1) and ends.",
        theirs=r"(?s)Current password: .*passwd: password updated.*closed.*changed", ours=r"(?s)old password: .*new password: .*\$ exit.*changed"),
    Row("a password that has expired, a command", f"ssh {BYPW} expired echo in; echo $?", before=expire("expired"), talk=[("password: ", PW), *CHANGE],
        after=CHANGED % "expired",
        differs="The password can be changed in each kind of login; sshd wants a terminal.",
        theirs=r"(?s)Password change required but no TTY available.*\n0\n", ours=r"(?s)\nin\n0\n.*changed"),
    Row("a password that has expired, keyboard-interactive", f"ssh {BYPW} expiredkbd echo in; echo $?", before=expire("expiredkbd"),
        talk=[("Password: ", PW), *CHANGE], scrub=[(r"(?m)^\r*\(kb_\w*@h\) |^\n", "")], after=CHANGED % "expiredkbd"),
    Row("a password that has expired, a key, a terminal", "ssh -t expiredkey", before=expire("expiredkey"),
        talk=[*CHANGE, (r"\$ |closed", "exit\n")], after=CHANGED % "expiredkey",
        differs="The login goes on when the password has been changed; sshd wants another.", theirs=r"(?s)log ?in again!.*closed.*changed",
        ours=r"(?s)\$ exit.*changed"),
    Row("an account that has expired", f"ssh -o BatchMode=yes gone echo in; echo $?", scrub=END),
    Row("a password that soon expires", "ssh warned true 2>&1 | sort -u; ssh warned", talk=[(PROMPT, "exit\n")],
        scrub=[*FIRST, (r"(Warning: your password will expire in \d days.\n)+", "Warning: your password will expire.\n")]),
    # greetings
    Row("motd and Last login", "ssh -t greet true >/dev/null 2>&1; ssh greet", talk=[(PROMPT, "exit\n")], scrub=LAST, alone=True),
    Row("a command on a terminal is not greeted", "ssh -t greet 'echo just this'", talk=(), alone=True,),
    Row(".hushlogin", "ssh quiet", talk=[(PROMPT, "exit\n")], scrub=LAST),
    Row("a shell without a terminal is not greeted", "echo 'echo in' | ssh greet; echo 'echo in' | ssh h", alone=True,
        differs="Greetings are for terminals: here they get into nothing that a program reads.",
        theirs="Message of the day", ours=r"output\nin\nin\n"),
    Row("new mail", "ssh greet", talk=[(PROMPT, "exit\n")], scrub=LAST, alone=True,
        before="printf 'From a\\n\\nb\\n' >/var/mail/kb_greet; chown kb_greet /var/mail/kb_greet", after="rm -f /var/mail/kb_greet"),
    Row("the nologin file, a key", "ssh -o BatchMode=yes h echo in; echo $?", before="echo Back at noon. >/etc/nologin", after="rm -f /etc/nologin",
        alone=True, scrub=END),
    Row("the nologin file, a password", f"ssh {BYPW} h echo in; echo $?", before="echo Back at noon. >/etc/nologin", after="rm -f /etc/nologin",
        alone=True, talk=[("password: ", PW)],
        scrub=END),
    # records
    Row("who and w while on a terminal", "ssh -tt who 'who | grep kb_who; w -h kb_who | wc -l' </dev/null", needs="who w", on=(12,),
        scrub=[(r"\d{4}-\d\d-\d\d \d\d:\d\d", "DATE"), (r"\r", ""), (r" +", " ")]),
    Row("who of a command", "ssh who 'who | grep -c kb_who'", needs="who", alone=True),
    Row("last after a terminal, a command and sftp", "ssh -tt who true </dev/null; ssh who true; echo pwd | sftp -b - who", needs="last", alone=True,
        before="! [ -e /var/log/wtmp ] || >/var/log/wtmp; last kb_who | grep -c ^kb_who >$W/seen; true",
        after="sleep .3; echo $(($(last kb_who | grep -c ^kb_who) - $(cat $W/seen))); last -w kb_who | head -1",
        scrub=[(r"(?m)\w{3} \w{3} +\d+ \d\d:\d\d.*", "DATE")]),
    Row("lastlog", "ssh -tt who true </dev/null", needs="lastlog", alone=True, after="lastlog -u kb_who | tail -1",
        scrub=[(r"\w{3} \w{3} +\d+ \d\d:\d\d.*", "DATE")]),
    Row("lastb", f"sshpass -p wrong ssh {BYPW} who true; sshpass -p wrong ssh {BYPW} -l kb_nobody h true", needs="sshpass lastb", alone=True,
        before=">/var/log/btmp", after="lastb -w | grep -o '^kb_[a-z]* *ssh:[a-z]* *127.0.0.1\\|^kb_[a-z]*' | sort -u"),
]
