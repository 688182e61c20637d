/*
 * sallyportd -T: the settings of a login in sshd's keyword form.
 */
#ifndef DAEMON_EFFECTIVE_H
#define DAEMON_EFFECTIVE_H

/*
 * Print them to standard output.  spec: "user=NAME,addr=ADDRESS,lport=PORT,
 * laddr=ADDRESS,host=NAME", each optional, or NULL for what holds for
 * somebody of whom nothing is known.  The exit status.
 */
int effective_print(const char *config_file, const char *spec);

#endif
