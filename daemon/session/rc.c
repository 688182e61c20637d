/*
 * Commands run before the user's program: ~/.ssh/rc where the policy permits
 * it, else the system's sshrc.  With X11 that script gets "protocol cookie" on
 * its input; if there is no script, xauth is called.  All run as the user.
 */
#include "daemon/session/inside.h"

#include "lib/mem.h"

#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define USER_RC ".ssh/rc"

/* Run argv with input on its standard input; output where ours goes. */
static void
run(char *const argv[], char **environment, const char *input)
{
	int fds[2];
	pid_t pid;

	if (pipe(fds) != 0)
		return;
	pid = fork();
	if (pid == 0) {
		if (dup2(fds[0], STDIN_FILENO) < 0)
			_exit(127);
		close(fds[0]);
		close(fds[1]);
		/* It shall not mix with what the program prints. */
		if (dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
			_exit(127);
		execve(argv[0], argv, environment);
		_exit(127);
	}
	close(fds[0]);
	/* A pipe takes this much at once; who does not read it, may. */
	signal(SIGPIPE, SIG_IGN);
	if (pid > 0 && write(fds[1], input, strlen(input)) < 0)
		errno = 0;
	signal(SIGPIPE, SIG_DFL);
	close(fds[1]);
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
}

static const char *
system_rc(void)
{
	static const char *const paths[] = {
	    SYSCONFDIR "/sshrc", "/etc/ssh/sshrc"};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (access(paths[i], R_OK) == 0)
			return paths[i];
	return NULL;
}

static void
run_xauth(const struct session *s, const struct display *d, char **environment)
{
	char *argv[4] = {mem_strdup(s->start->xauth), mem_strdup("-q"),
	    mem_strdup("-"), NULL};
	char *input = mem_printf("remove %s\nadd %s %s %s\n", d->authname,
	    d->authname, d->protocol, d->cookie);

	run(argv, environment, input);
	free(input);
}

void
rc_run(struct session *s, const struct launch *l, char **environment)
{
	const struct display *d = l->display;
	const char *shell =
	    s->start->shell[0] != '\0' ? s->start->shell : "/bin/sh";
	char *input = d == NULL ? mem_strdup("") :
				  mem_printf("%s %s\n", d->protocol, d->cookie);

	if (l->user_rc && access(USER_RC, R_OK) == 0) {
		char *argv[4] = {mem_strdup(shell), mem_strdup("-c"),
		    mem_strdup("/bin/sh " USER_RC), NULL};

		run(argv, environment, input);
	} else if (!s->in_chroot && system_rc() != NULL) {
		char *argv[3] = {
		    mem_strdup("/bin/sh"), mem_strdup(system_rc()), NULL};

		run(argv, environment, input);
	} else if (d != NULL && s->start->xauth[0] != '\0') {
		run_xauth(s, d, environment);
	}
	free(input);
}
