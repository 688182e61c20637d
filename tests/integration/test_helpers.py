"""The helper process of a module: what it is for, and what it cannot do."""

import os
import re
import signal
import socket
import subprocess
import threading
import time

import pytest

import sp
from control import ctl
from test_modules import build
from test_processes import check_row, rows

# A module that lets everybody in, whatever its helper says: what keeps them
# out is the host.  The password is the request; the helper does what it says.
SOURCE = r"""
#include <sallyport_helper.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct sallyport_host *host;

static int
load(const struct sallyport_host *h, const struct sallyport_setting *s, size_t n, void **state)
{
	host = h;
	(void)s;
	(void)n;
	(void)state;
	return 0;
}

static enum sallyport_verdict
authenticate(void *c, struct sallyport_login *login)
{
	static char reply[SALLYPORT_HELPER_MAX + 1], request[SALLYPORT_HELPER_MAX + 2];
	size_t len, got = 0, answer, size, max = SALLYPORT_HELPER_MAX;
	const void *password = host->bytes(login, SALLYPORT_PASSWORD, &len);
	int err, sized;

	(void)c;
	memset(request, 'x', sizeof(request));
	memcpy(request, password, len + 1);
	sized = sscanf(request, "size%zux%zum%zu", &answer, &size, &max);
	if (sized < 2)
		size = len;
	request[len] = 'x';
	err = host->ask_helper(login, request, size, reply, max, &got, 1500);
	reply[got] = '\0';
	if (sized >= 2)
		snprintf(reply, sizeof(reply), "%zu of %zu", strspn(reply, "b"), got);
	host->log(login, SALLYPORT_LOG_INFO, "asked %.*s: %d <%.600s>", (int)len,
	    (const char *)password, err, reply);
	return SALLYPORT_ALLOW;
}

static int is(const struct sallyport_request *r, const char *what)
{
	return r->len >= strlen(what) && memcmp(r->data, what, strlen(what)) == 0;
}

static const char *
option(const struct sallyport_helper *h, const char *name)
{
	for (size_t i = 0; i < h->count; i++)
		if (strcmp(h->settings[i].name, name) == 0)
			return h->settings[i].value;
	return "";
}

/* Each attempt, and what the kernel says. */
static void
attack(const struct sallyport_helper *h, char *out, size_t size)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	FILE *f = fopen("/proc/self/status", "r");
	char line[256], caps[300] = "";
	pid_t pid;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, "CapPrm", 6) == 0 || strncmp(line, "CapBnd", 6) == 0)
			strcat(strcat(caps, strtok(line, "\n")), " ");
#define TRY(name, call) do { errno = 0; long r_ = (long)(call); \
	snprintf(&out[strlen(out)], size - strlen(out), "%s=%s ", name, r_ >= 0 ? "YES" : "no"); } while (0)
	TRY("setuid", setuid(0));
	TRY("setgid", setgid(0));
	TRY("setgroups", syscall(SYS_setgroups, 0, NULL));
	pid = fork();
	if (pid == 0)
		_exit(0);
	TRY("fork", pid);
	pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (pid == 0)
		_exit(0);
	TRY("clone", pid);
	pid = (pid_t)syscall(SYS_vfork);
	if (pid == 0)
		_exit(0);
	TRY("vfork", pid);
	TRY("exec", execl("/bin/true", "true", NULL));
	TRY("userns", unshare(CLONE_NEWUSER));
	TRY("deathsig", prctl(PR_SET_PDEATHSIG, 0));
	TRY("deathsig64", syscall(SYS_prctl, (1UL << 32) | PR_SET_PDEATHSIG, 0));
	TRY("dumpable", prctl(PR_SET_DUMPABLE, 1));
	TRY("ptrace", syscall(SYS_ptrace, 16, getppid(), 0, 0));
	TRY("kill", kill(getppid(), 0));
	TRY("shadow", open("/etc/shadow", O_RDONLY));
	TRY("uring", syscall(SYS_io_uring_setup, 1, NULL));
	snprintf(un.sun_path, sizeof(un.sun_path), "%s", option(h, "control"));
	TRY("control", connect(socket(AF_UNIX, SOCK_SEQPACKET, 0), (void *)&un, sizeof(un)));
	snprintf(&out[strlen(out)], size - strlen(out), "%s", caps);
}

/* The fd of the wall in which the request came: the highest. */
static int
highest(void)
{
	int fd = 1023;

	while (fd > 0 && fcntl(fd, F_GETFD) < 0)
		fd--;
	return fd;
}

static int
helper(struct sallyport_helper *h)
{
	struct sallyport_request *r, *kept = NULL;
	static char out[SALLYPORT_HELPER_MAX + 1];
	int n = 0;

	h->log(h, SALLYPORT_LOG_INFO, "Accepted password for root from 192.0.2.66 port 22 ssh2\nFailed %d", 1);
	for (;;) {
		int err = h->next(h, -1, &r);

		if (err == SALLYPORT_GONE && strcmp(option(h, "stays"), "true") == 0)
			for (;;)
				pause(); /* an option: it does not go */
		if (err != 0)
			return 0;
		n++;
		if (is(r, "hang"))
			sleep(3600);
		if (is(r, "crash"))
			abort();
		if (is(r, "stop"))
			raise(SIGSTOP);
		if (is(r, "shut")) { /* for each helper that comes after it, too */
			(void)shutdown(h->fd, r->len == 4 ? SHUT_RDWR : SHUT_RD);
			for (;;)
				pause();
		}
		if (is(r, "full")) { /* no descriptor is left for a request */
			h->answer(h, r, "", 0);
			while (dup(0) >= 0)
				;
			continue;
		}
		if (is(r, "size")) { /* of the request, and of the answer that it wishes */
			size_t size = strtoul((const char *)r->data + 4, NULL, 10);
			char *big = malloc(size + 1);

			memset(big, 'b', size);
			if (h->answer(h, r, big, size) != 0)
				h->log(h, SALLYPORT_LOG_INFO, "refused to answer %zu", size);
			free(big);
			continue;
		}
		if (is(r, "return"))
			return 0;
		if (is(r, "none")) {
			h->answer(h, r, NULL, 0);
			continue;
		}
		if (is(r, "keep")) {
			kept = r; /* until the next */
			continue;
		}
		if (is(r, "garbage")) {
			memset(out, 0xff, sizeof(out));
			for (int i = 0; i < 100; i++)
				(void)send(highest(), out, i * 600 + 1, MSG_NOSIGNAL | MSG_DONTWAIT);
			continue;
		}
		if (is(r, "fds")) { /* more than one descriptor where none may be */
			int fds[2] = {0, 1};
			char control[CMSG_SPACE(sizeof(fds))] = {0};
			struct iovec iov = {out, 5};
			struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			    .msg_controllen = sizeof(control)};
			struct cmsghdr *c = CMSG_FIRSTHDR(&m);

			c->cmsg_level = SOL_SOCKET;
			c->cmsg_type = SCM_RIGHTS;
			c->cmsg_len = CMSG_LEN(sizeof(fds));
			memcpy(CMSG_DATA(c), fds, sizeof(fds));
			(void)sendmsg(highest(), &m, MSG_NOSIGNAL);
			continue;
		}
		if (is(r, "flood"))
			for (int i = 0; i < 200000; i++)
				h->log(h, SALLYPORT_LOG_ERROR, "flood %d", i);
		if (is(r, "wall")) {
			for (int fd = 3; fd < 10; fd++)
				if (fd != h->fd)
					(void)send(fd, "\xff\xff\xff\xff", 4, MSG_NOSIGNAL | MSG_DONTWAIT);
			sleep(2);
		}
		if (is(r, "door"))
			for (int i = 0; i < 100000; i++)
				(void)send(h->fd, out, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
		out[0] = '\0';
		if (is(r, "attack"))
			attack(h, out, sizeof(out));
		else
			snprintf(out, sizeof(out), "%d:%d:%.*s", (int)getpid(), n, (int)r->len, (const char *)r->data);
		/* The last request is answered first. */
		h->answer(h, r, out, strlen(out));
		if (kept != NULL) {
			snprintf(out, sizeof(out), "%d:%d:%.*s", (int)getpid(), n, (int)kept->len,
			    (const char *)kept->data);
			h->answer(h, kept, out, strlen(out));
			kept = NULL;
		}
	}
}

static const char *const methods[] = {"password", NULL};
static const struct sallyport_option options[] = {
	{"stays", SALLYPORT_BOOL, 0, 0, 0, NULL, "false", "The helper does not end."},
	{"control", SALLYPORT_PATH, 0, 0, 0, NULL, NULL, "A socket that it tries."}, {0}};
SALLYPORT_MODULE = { SALLYPORT_SIZES, .name = "helped", .methods = methods, .options = options,
    .load = load, .authenticate = authenticate, .helper = helper };
"""


@pytest.fixture(scope="module", autouse=True)
def modules():
    build("helped", SOURCE, ["-D_GNU_SOURCE"])
    build("helped2", SOURCE, ["-D_GNU_SOURCE"])
    if subprocess.run(["id", "sallyport-help2"], capture_output=True).returncode != 0:
        subprocess.run(["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin",
                        "sallyport-help2"], check=True)


@pytest.fixture
def served(make_server):
    def make(more="", **kw):
        kw.setdefault("extra", "deadlines = { module = 20; };")
        return make_server(modules=f'{{ name = "helped"; {more} }}, {{ name = "publickey"; }}',
                           methods=("password", "publickey"), **kw)
    return make


def helpers(s, name="helped"):
    return [p for p, t in s.processes().items() if t == f"sallyportd: helper of {name}"]


def ask(s, user, what, check=None):
    """A login whose password is the request; what the module was told."""
    mark = s.mark()
    p = s.ssh(user, "true", password=what, NumberOfPasswordPrompts="1",
              PreferredAuthentications="password")
    if check is not None:
        assert (p.returncode == 0) == check, p.stderr + s.log()[mark:]
    assert "authenticate() for" not in s.log()[mark:], "ask_helper() did not end at its deadline"
    found = re.search(rf"asked {what}: (-?\d+) <([^>]*)>", s.log()[mark:].replace("\\x20", " "))
    assert found, s.log()[mark:]
    return int(found.group(1)), found.group(2)


def ended(pid):
    sp.wait_for(lambda: sp.has_ended(pid), 20, what=f"the end of helper {pid}")


def test_a_helper_outlives_logins_and_is_its_row(served, user):
    s = served()
    pid, = helpers(s)
    check_row(pid, rows()["helper"], user)
    assert ask(s, user, "one", True) == (0, f"{pid}:1:one")
    assert ask(s, user, "two", True) == (0, f"{pid}:2:two")
    kinds = sorted(os.readlink(f"/proc/{pid}/fd/{n}").split("[")[0] for n in os.listdir(f"/proc/{pid}/fd"))
    assert kinds == ["/dev/null", "/dev/null", "/dev/null", "socket:", "socket:"] or sp.ASAN, kinds
    assert sp.status(pid)["Groups"] == ""
    want = rf"helpers of modules: helped \(generation 1\): ready, process {pid}, 0 restarts, 2 requests, 2 answers"
    sp.wait_for(lambda: re.search(want, ctl(s, "-s", s.control, "status").stdout), 10, what="the counts")


def test_a_helper_cannot_gain_anything(served, user):
    s = served('options = { control = "/run/sallyport/control"; };')
    _, text = ask(s, user, "attack", True)
    found = dict(w.split("=") for w in text.split() if "=" in w)
    assert len(found) == 16 and set(found.values()) == {"no"}, text
    assert text.count("0" * 16) == 2, text  # permitted, bounding


@pytest.mark.parametrize("deed,error", [
    ("hang", -3), ("crash", -5), ("return", -5), ("none", -5), ("garbage", -5), ("fds", -5), ("wall", -5)])
def test_without_an_answer_nobody_gets_in(served, user, deed, error):
    """Although the module says ALLOW."""
    s = served()
    mark = s.mark()
    assert ask(s, user, deed, False)[0] in (error, -3)
    s.wait_log("module helped goes on without its helper's answer", after=mark)
    s.wait_log("Could not check password", after=mark)
    assert "Failed password" not in s.log()[mark:]
    s.ssh(user, "true", check=0)  # by key, meanwhile


@pytest.mark.parametrize("size,error,got", [
    ("0x65536", 0, "0 of 0"), ("65536x65536", 0, "65536 of 65536"), ("100x20m100", 0, "100 of 100"),
    ("65537x20", -5, ""), ("20x65537", -4, ""), ("100x20m99", -4, "")])
def test_requests_and_answers_have_a_most(served, user, size, error, got):
    s = served()
    mark = s.mark()
    found = ask(s, user, "size" + size, error == 0)
    assert found == (error, got or "0 of 0"), s.log()[mark:]
    if error == -5:
        s.wait_log("refused_to_answer_65537", after=mark)
    ask(s, user, "well", True)


def requests_wait(s):
    return ", requests wait" in ctl(s, "-s", s.control, "status").stdout


def test_a_helper_that_is_stopped_can_be_seen_and_ended(served, user):
    s = served()
    pid, = helpers(s)
    assert not requests_wait(s)
    assert ask(s, user, "stop", False)[0] == -3
    assert ask(s, user, "behind", False)[0] == -3
    assert requests_wait(s)
    os.kill(pid, signal.SIGKILL)
    sp.wait_for(lambda: helpers(s) not in ([], [pid]), 20, what="another helper")
    ask(s, user, "well", True)
    assert not requests_wait(s)
    pid, = helpers(s)
    ask(s, user, "stop", False)
    s.stop()
    ended(pid)


@pytest.mark.parametrize("deed", ["shut", "shut-reading"])
def test_a_helper_that_shuts_its_door_is_replaced_with_it(served, user, deed):
    s = served()
    for _ in range(3):
        pid, = helpers(s)
        mark = s.mark()
        assert ask(s, user, deed, False)[0] == -5
        s.wait_log("helper of module helped has shut its door: it is ended", after=mark)
        s.wait_log("helper of module helped of generation 1 ended: signal 9", after=mark)
        sp.wait_for(lambda: helpers(s) not in ([], [pid]), 30, what="another helper")
        new, = helpers(s)
        assert ask(s, user, "well", True) == (0, f"{new}:1:well")


def test_a_helper_without_descriptors_is_replaced(served, user):
    s = served()
    pid, = helpers(s)
    ask(s, user, "full", True)
    assert ask(s, user, "another", False)[0] == -5
    sp.wait_for(lambda: helpers(s) not in ([], [pid]), 30, what="another helper")
    ask(s, user, "well", True)


def test_a_helper_that_hangs_holds_up_nobody_else(served, user):
    s = served()
    pid, = helpers(s)
    got = {}

    def hang(word):
        got[word] = ask(s, user, word, False)[0]

    words = [f"hang{i}" for i in range(4)]
    waiting = [threading.Thread(target=hang, args=(word,), daemon=True) for word in words]
    for t in waiting:
        t.start()
    for _ in range(3):
        s.ssh(user, "true", check=0)
    assert "ready" in ctl(s, "-s", s.control, "status").stdout
    for t in waiting:
        t.join(30 * sp.SLOW)
    assert got == dict.fromkeys(words, -3)
    # An administrator ends it: what waited for it so long is not served.
    os.kill(pid, signal.SIGKILL)
    sp.wait_for(lambda: helpers(s) not in ([], [pid]), 20, what="another helper")
    new, = helpers(s)
    assert ask(s, user, "later", True) == (0, f"{new}:1:later")


def test_a_helper_that_ends_is_started_again_at_a_bounded_rate(served, user):
    s = served()
    mark = s.mark()
    for i in range(2):
        pid, = helpers(s)
        began = time.monotonic()
        ask(s, user, "crash", False)
        s.wait_log(r"helper of module helped of generation 1 ended: signal 6", after=mark)
        sp.wait_for(lambda: helpers(s) not in ([], [pid]), 30, what="another helper")
        assert time.monotonic() - began >= (1, 2)[i]
    assert "2 restarts" in ctl(s, "-s", s.control, "status").stdout
    ask(s, user, "well", True)


def test_two_connections_do_not_mix_answers(served, user):
    """The first is answered last, and both at the same time."""
    s = served()
    got = {}

    def one(word):
        got[word] = ask(s, user, word, True)

    for turn in range(5):
        first = threading.Thread(target=one, args=(f"keep{turn}",))
        mark = s.mark()
        first.start()
        sp.wait_for(lambda: s.log()[mark:].count("Connection from") >= 1, 10, what="it")
        time.sleep(0.5)
        one(f"next{turn}")
        first.join()
    for word, (err, text) in got.items():
        assert err == 0 and text.split(":")[2] == word, got
    assert len(got) == 10


def test_an_answer_that_comes_late_is_seen_by_nobody(served, user):
    s = served()
    assert ask(s, user, "keep-alone", False)[0] == -3
    assert ask(s, user, "another", True)[1].split(":")[2] == "another"


def test_lines_of_a_helper_are_marked_and_bounded(served, user):
    s = served()
    s.wait_log("helper of module helped: ")
    assert "Accepted password for root" not in s.log()
    mark = s.mark()
    began = time.monotonic()
    flood = threading.Thread(target=ask, args=(s, user, "flood"))
    flood.start()
    s.wait_log("helper of module helped says too much: it is not heard for a while", after=mark)
    while flood.is_alive():
        ctl(s, "-s", s.control, "status", check=0)
        s.ssh(user, "true", check=0)
    windows = (time.monotonic() - began) / 10 + 2
    assert s.log()[mark:].count("flood_") <= 130 * windows


def test_a_helper_that_fills_its_door_hurts_itself_alone(served, user):
    s = served()
    ask(s, user, "door")
    s.ssh(user, "true", check=0)
    ask(s, user, "well", True)


@pytest.mark.parametrize("stays", ["false", "true"])
def test_a_helper_ends_with_its_generation(served, user, stays):
    s = served(f"options = {{ stays = {stays}; }};")
    old, = helpers(s)
    p = s.popen(user, "echo on; exec cat")
    assert p.stdout.readline() == b"on\n"
    ctl(s, "-s", s.control, "reload", check=0)
    new, = [q for q in helpers(s) if q != old]
    assert os.path.exists(f"/proc/{old}")
    assert ask(s, user, "of the new", True)[1].startswith(f"{new}:")
    p.kill()
    p.communicate()
    ended(old)
    assert helpers(s) == [new]
    s.stop()
    ended(new)


@pytest.mark.parametrize("stays", ["false", "true"])
def test_a_helper_ends_with_a_master_that_is_killed(served, user, stays):
    s = served(f"options = {{ stays = {stays}; }};")
    pid, = helpers(s)
    p = s.popen(user, "echo on; exec cat")
    assert p.stdout.readline() == b"on\n"
    os.kill(s.pid, signal.SIGKILL)
    ended(pid)
    p.stdin.write(b"still\n")
    p.stdin.flush()
    assert p.stdout.readline() == b"still\n"
    p.kill()
    p.communicate()


ACCOUNTS = [
    ('helper_user = "nobody-there";', "helper_user nobody-there: no such account in /etc/passwd"),
    ('helper_user = "root";', "helper_user root: a helper never runs as root"),
    ('helper_user = "sallyport-keys";',
     "helper_user sallyport-keys is the account of another process of the server"),
]


@pytest.mark.parametrize("more,says", ACCOUNTS)
def test_an_account_that_cannot_be_is_an_error_at_the_start(served, more, says):
    s = served(more, start=False)
    p = s.check()
    assert p.returncode != 0
    assert re.search(r"sallyport\.conf:\d+: module helped: " + says, p.stderr), p.stderr
    assert re.search(says, s.start(expect=1).stderr)
    p = ctl(s, "check", check=1)
    assert says in p.stdout + p.stderr


def test_each_helper_needs_an_account_of_its_own(make_server):
    def modules(user):
        return ('{ name = "helped"; }, { name = "helped2"; helper_user = "%s"; }, { name = "publickey"; }' % user)
    s = make_server(modules=modules("sallyport-help"), methods=("password",), start=False)
    assert "is the account of the helper of module helped: each needs its own" in s.check().stderr
    p = ctl(s, "check", check=1)
    assert "is the account of the helper of module helped: each needs its own" in p.stdout + p.stderr
    s = make_server(modules=modules("sallyport-help2"), methods=("password",))
    assert len(helpers(s)) == len(helpers(s, "helped2")) == 1


def test_explain_says_whom_a_helper_runs_as_and_starts_none(served, user):
    s = served(start=False)
    p = ctl(s, "explain", "--user", user.name, "--from", "127.0.0.1", check=None)
    assert "a helper process, as sallyport-help (not started here)" in p.stdout, p.stdout + p.stderr


@pytest.mark.parametrize("body,says", [
    ("return 0;", r"its helper ended: status 9"),
    ("abort();", r"its helper ended: signal 6"),
    ("for (;;) pause();", r"its helper was not ready in time"),
])
def test_a_helper_that_does_not_start_stops_the_start(make_server, body, says):
    build("unready", """
#include <sallyport_helper.h>
#include <stdlib.h>
#include <unistd.h>
static int helper(struct sallyport_helper *h) { (void)h; %s }
SALLYPORT_MODULE = { SALLYPORT_SIZES, .name = "unready", .helper = helper };
""" % body)
    s = make_server(modules='{ name = "unready"; }, { name = "publickey"; }', methods=("publickey",),
                    start=False, extra="deadlines = { module = 2; };")
    p = s.start(expect=1)
    assert re.search(r"sallyport\.conf:\d+: module unready: " + says, p.stderr), p.stderr


def test_one_connection_to_a_service_serves_many_logins(make_server, user):
    """modules/example/example_helper.c"""
    example = os.environ["SALLYPORT_TOP"] + "/modules/example/example_helper.c"
    build("example_helper", open(example).read().replace("#include <sallyport_module.h>", "", 1))
    path = "/run/helper-service"
    if os.path.exists(path):
        os.unlink(path)
    service = socket.socket(socket.AF_UNIX)
    service.bind(path)
    os.chmod(path, 0o666)
    service.listen()
    accepted = []

    def serve():
        while True:
            try:
                c, _ = service.accept()
            except OSError:
                return
            accepted.append(c)
            f = c.makefile("rb")
            while line := f.readline():
                word, name, source, length = line.decode().split()
                good = f.read(int(length)) == b"good" and name == user.name and source == "127.0.0.1"
                c.sendall(b"yes\n" if good and word == "auth" else b"no wrong\n")

    threading.Thread(target=serve, daemon=True).start()
    s = make_server(modules=f'{{ name = "example_helper"; options = {{ socket = "{path}"; }}; }},'
                    ' { name = "publickey"; }', methods=("password",))
    for word, status in (("good", 0), ("bad", 255), ("good", 0)):
        p = s.ssh(user, "true", password=word, NumberOfPasswordPrompts="1")
        assert p.returncode == status, p.stderr
    assert len(accepted) == 1
    # A service that was restarted: one more.
    accepted[0].shutdown(socket.SHUT_RDWR)
    assert s.ssh(user, "true", password="good").returncode == 0
    assert len(accepted) == 2
    service.close()
