"""Moving files: sftp, scp, rsync, git, tar."""

from keyboard.scene import Row

TREE = ("mkdir -p src/sub/.hid src/empty; echo one >src/a; echo two >'src/b c'; echo dot >src/.dot; head -c 300000 /dev/zero >src/sub/zero; "
        "ln -s a src/link; chmod 640 src/a; chmod 755 'src/b c'; touch -d 2020-02-02T02:02:02Z src/a 'src/b c' src/sub/zero; ")
LIST = "cd $W && find . -printf '%P %y %m %s %l\\n' | sort"
DATES = [(r"\w{3} +\d+ \d\d:\d\d", "DATE")]

ROWS = [
    Row("sftp: pwd, lpwd, cd, help", "printf 'pwd\\ncd /usr\\npwd\\nlcd /\\nlpwd\\ncd nowhere\\n' | sftp -b - h; echo $?; printf 'help\\nversion\\n' | sftp -b - h"),
    Row("sftp: put and get", TREE + "printf \"put src/a $W/a\\nput 'src/b c' $W/\\nget $W/a back\\n\" | sftp -b - h; cmp src/a back && echo same", after=LIST),
    Row("sftp: put -r and get -r", TREE + "printf \"put -r src $W/\\nget -r $W/src back\\n\" | sftp -b - h; echo $?; find back | sort", after=LIST),
    Row("sftp: put -p", TREE + "printf \"put -p src/a $W/a\\n\" | sftp -b - h", after="stat -c '%a %Y' $W/a"),
    Row("sftp: put -f, reput, reget", TREE + "head -c 100000 src/sub/zero >part; printf \"put part $W/z\\nreput src/sub/zero $W/z\\n!head -c 1000 src/sub/zero >back\\nreget $W/z back\\n\" | sftp -b - h; "
        "cmp back src/sub/zero && echo same", after=LIST),
    Row("sftp: reput of a longer file", "head -c 1000 /dev/zero >short; printf \"reput short $W/long\\n\" | sftp -b - h; echo $?", before="head -c 2000 /dev/zero >$W/long"),
    Row("sftp: globs", TREE + "printf \"mput src/* $W/\\nls -1 $W\\nls -1 $W/[ab]*\\nmget $W/a* .\\n\" | sftp -b - h; ls"),
    Row("sftp: ls formats", "printf \"ls -l $W\\nls -1a $W\\nls -1 $W\\nls -n $W\\nls -S1 $W\\nls -t1 $W\\nls -lh $W\\n\" | sftp -b - h",
        before="cd $W; echo a >a; head -c 5000000 /dev/zero >'b c'; echo h >.hidden; ln -s a ln; mkdir d; mkfifo p; chmod 4755 a; chmod 1777 d; chown kb_dash d; chgrp 12345 p; "
        "touch -d 2020-02-02T02:02:02Z a 'b c' d p .; touch -d 2021-02-02T02:02:02Z .hidden", scrub=DATES),
    Row("sftp: ls of what is not there", "printf -- '-ls /nowhere\\nls /root\\n' | sftp -b - h; echo $?"),
    Row("sftp: chmod, chown, chgrp", "printf \"chmod 600 $W/f\\n-chown 1 $W/f\\n-chgrp 1 $W/f\\nchmod 777 /etc/passwd\\n\" | sftp -b - h; echo $?", before="echo x >$W/f; chown kb_h:kb_h $W/f", after=LIST),
    Row("sftp: rename, over a file, and of nothing", "printf \"rename $W/a $W/b\\nrename $W/c $W/b\\nrename $W/none $W/x\\n\" | sftp -b - h; echo $?",
        before="cd $W; echo a >a; echo c >c", after=LIST + "; cat b"),
    Row("sftp: symlink, ln, rm, mkdir, rmdir", "printf \"symlink a $W/s\\nln $W/a $W/hard\\nmkdir $W/d\\nmkdir $W/e\\nrmdir $W/e\\nrm $W/gone\\n-rm $W/none\\n-rmdir $W/d/none\\n-mkdir $W/d\\n-rmdir /\\n\" | sftp -b - h; echo $?",
        before="cd $W; echo a >a; echo g >gone; chown kb_h * .", after=LIST),
    Row("sftp: rmdir of a full directory", "printf \"rmdir $W/d\\n\" | sftp -b - h; echo $?", before="mkdir -p $W/d/e; chown kb_h $W/d"),
    Row("sftp: df", "printf \"df $W\\ndf -h $W\\ndf -i $W\\n\" | sftp -b - h", scrub=[(r"[\d.]+[KMGTB]*", "#"), (r" +", " ")]),
    Row("sftp: no permission", "echo x >f; printf -- '-get /etc/shadow\\n-put f /etc/f\\n-mkdir /x\\n-rm /etc/passwd\\ncd /root\\n' | sftp -b - h; echo $?"),
    Row("sftp: a full disk", "head -c 3000000 /dev/zero >f; printf \"put f $W/m/f\\n\" | sftp -b - h; echo $?", before="mkdir $W/m; mount -t tmpfs -o size=1m,mode=777 none $W/m",
        after="umount $W/m"),
    Row("sftp: names with odd letters", "touch 'a\"b' \"c'd\" 'e*f' $'\\u00fc' $'\\xff'; for f in *; do cp -- \"$f\" x; printf \"put x \\\"$W/%s\\\"\\n\" \"${f//\\\"/\\\\\\\"}\" ; done >b; sftp -b b h; printf \"ls -1 $W\\n\" | sftp -b - h",
        after="ls -b $W"),
    Row("sftp: tilde and relative names", "echo x >f; printf 'put f rel_x\\nls -1 rel_x\\nrm rel_x\\n-ls ~\\n' | sftp -b - h; echo $?"),
    Row("sftp host:file", "sftp h:$W/f got; echo $?; cat got; sftp h:$W/none got; echo $?", before="echo x >$W/f"),
    Row("sftp host:dir/", "echo ls -1 | sftp -b - h:$W/; echo $?", before="mkdir $W/d"),
    # libedit takes the terminal over behind its prompt: what comes sooner is echoed twice.
    Row("sftp on a terminal", "sftp h", talk=[
        ("sftp> ", .5), ("", "pwd\n"), ("sftp> ", .5), ("", "ls -1 /etc/passwd\n"), ("sftp> ", .5), ("", "bye\n")]),
    Row("sftp: Ctrl-D", "sftp h; echo $?", talk=[("sftp> ", .5), ("", "\x04")]),
    Row("sftp: a large file is whole", "head -c 12000000 /dev/urandom >f; printf \"put f $W/f\\nget $W/f g\\n\" | sftp -q -b - h; cmp f g && echo same"),
    Row("sftp: many files", "mkdir m; (cd m; touch $(seq 500)); printf \"put -r m $W/\\nls -1 $W/m\\n\" | sftp -q -b - h | tail -n +2 | sort -u | wc -l", after="ls $W/m | wc -l"),
    Row("sftp -s and its server by name", "echo pwd | sftp -s /usr/lib/openssh/sftp-server -b - h"),
    Row("sftp: copy", "printf \"cp $W/a $W/b\\n\" | sftp -b - h; echo $?", before="echo a >$W/a; chmod 600 $W/a; chown kb_h $W/a", after=LIST),
    Row("sftp -C -l", "head -c 100000 /dev/zero >f; echo \"put f $W/f\" | sftp -C -l 90000 -b - h", after=LIST),
    Row("sftp: the umask of new files", "echo x >f; chmod 666 f; printf \"put f $W/f\\nmkdir $W/d\\n\" | sftp -b - h", after=LIST),
    Row("sshfs's questions", "ssh h -s sftp </dev/null | od -c | head -1; echo $?"),
    Row("scp: up and down", "echo x >f; scp f h:$W/f; scp h:$W/f g; cat g; scp -q f h:; ssh h 'cat f; rm f'"),
    Row("scp -O: up and down", "echo x >f; scp -O f h:$W/f; scp -O h:$W/f g; cat g", after=LIST),
    Row("scp -r -p", TREE + "scp -rp src h:$W; scp -rp h:$W/src back; find back -printf '%P %m %y %s\\n' | sort; stat -c %Y back/a", after=LIST),
    Row("scp -O -r -p", TREE + "scp -Orp src h:$W; scp -Orp h:$W/src back; find back -printf '%P %m %y %s\\n' | sort; stat -c %Y back/a", after=LIST),
    Row("scp -3", "scp -3 h:$W/a dash:; echo $?; ssh dash 'cat a; rm a'", before="echo a >$W/a"),
    Row("scp -3 -O", "scp -3 -O h:$W/a sh:; echo $?; ssh sh 'cat a; rm a'", before="echo a >$W/a"),
    Row("scp: globs", "scp \"h:$W/*.txt\" .; ls; scp -O \"h:$W/[a]*\" sub; ls", before="cd $W; touch a.txt b.txt c.bin"),
    Row("scp: what is not there", "scp h:$W/none .; echo $?; scp -O h:$W/none .; echo $?; scp none h:$W; echo $?"),
    Row("scp: no permission", "scp h:/etc/shadow .; echo $?; scp -O h:/etc/shadow .; echo $?; echo x >f; scp f h:/etc/kb; echo $?; scp -O f h:/etc/kb; echo $?"),
    Row("scp: a directory without -r", "scp h:$W/d .; echo $?; scp -O h:$W/d .; echo $?", before="mkdir $W/d", scrub=[(r"(?m)^download ", "")]),
    Row("scp: to a directory that is not there", "echo x >f; scp f h:$W/none/; echo $?; scp f h:$W/none/f; echo $?; scp -O f h:$W/none/f; echo $?"),
    Row("scp: blanks and quotes", "echo x >f; scp f \"h:$W/a b\"; scp \"h:$W/a b\" g; cat g; scp -O \"h:'$W/a b'\" k; cat k"),
    Row("scp: several", "echo 1 >a; echo 2 >b; scp a b h:$W; scp h:$W/a h:$W/b . && cat a b"),
    Row("scp -l -C", "head -c 200000 /dev/zero >f; scp -C -l 80000 f h:$W/f", after=LIST),
    Row("scp on a terminal shows progress", "head -c 100000 /dev/zero >file; scp file h:$W", talk=(), scrub=[(r"\d+\.\d[KM]B/s +(\d\d:\d\d|--:--)( ETA)?", "RATE"), (r"(file +\d+% [^\n]*\r)+(?=file)", ""), (r" +", " ")]),
    Row("scp over a symlink", "echo new >f; scp f h:$W/l", before="cd $W; echo old >t; ln -s t l; chown -h kb_h *", after="cat $W/t; " + LIST),
    Row("rsync -a", TREE + "rsync -a src/ h:$W/dst/; rsync -ai src/ h:$W/dst/; echo three >src/c; rsync -ai --delete --exclude=sub src/ h:$W/dst/; rsync -a h:$W/dst/ back; diff -r src back && echo same",
        needs="rsync", scrub=[(r"\.d\.\.t\.{6} \./\n", "")], after=LIST),
    Row("rsync -z, --partial, a missing source", TREE + "rsync -az --partial src/sub/zero h:$W/; rsync h:$W/none . ; echo $?", needs="rsync", scrub=[(r"\[[A-Za-z]+=[\d.]+\]", "")], after=LIST),
    Row("git push, clone, ls-remote", "export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b GIT_AUTHOR_DATE='1e9 +0000' GIT_COMMITTER_DATE='@1000000000 +0000' GIT_AUTHOR_DATE='@1000000000 +0000'; "
        "ssh h git init -q --bare $W/r.git; git init -q w; cd w; echo x >f; git add f; git commit -qm m; git push -q ssh://h$W/r.git HEAD:refs/heads/main; git ls-remote h:$W/r.git; "
        "git clone -q -b main h:$W/r.git ../c; cat ../c/f; git fetch ssh://h$W/none.git; echo $?", needs="git"),
    Row("tar to there and back", TREE + "tar -C src -c . | ssh h \"tar -C $W -x\"; ssh h \"tar -C $W -cz .\" | tar -tz | sort", after=LIST),
    Row("cat >file and dd", "head -c 3000000 /dev/zero | ssh h \"cat >$W/f\"; head -c 3000000 /dev/zero | ssh h \"dd of=$W/g bs=64k 2>/dev/null\"; ssh h \"dd if=$W/g bs=64k 2>/dev/null\" | wc -c", after=LIST),
    Row("an archive that is cut short is told", "ssh h 'head -c 100000 /dev/zero; exit 1' | gzip -t; echo ${PIPESTATUS[*]}"),
    Row("mosh-server starts", "ssh h mosh-server new -s -p $FREE -l LANG=C.UTF-8 </dev/null 2>&1 | grep -o 'MOSH CONNECT [0-9]*'", needs="mosh-server",
        after="pkill -u kb_h mosh-server; echo $?"),
]
