"""Habits of people who log in, played against this server and against sshd."""
