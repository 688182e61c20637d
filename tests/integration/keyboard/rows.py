"""The whole table."""

from keyboard import rows_commands, rows_files, rows_forward, rows_login, rows_terminal

ROWS = [*rows_commands.ROWS, *rows_terminal.ROWS, *rows_login.ROWS, *rows_files.ROWS, *rows_forward.ROWS]
