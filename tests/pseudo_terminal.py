"""A command on a pseudo-terminal, and what is then seen on it."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios

CONTROL = re.compile(r"\x1b\[([?\d;]*)([A-Za-z])|([\r\n])|([^\x1b\r\n]+)|\x1b")


def run_on_terminal(command, columns=100, lines=30, **options):
    """Run a command whose standard streams are a terminal; return its exit code and everything that it wrote."""
    here, there = pty.openpty()
    fcntl.ioctl(there, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    process = subprocess.Popen(
        [str(part) for part in command], stdin=there, stdout=there, stderr=there, start_new_session=True, **options
    )
    os.close(there)
    written = b""
    while True:
        try:
            part = os.read(here, 65536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        written += part
    os.close(here)
    return process.wait(), written.decode("utf-8", errors="replace")


def screen(written):
    """Lines as a terminal without end shows them, colours apart: cursor up, erased lines, text over text."""
    rows, row, column = [""], 0, 0
    for number, letter, move, text in (match.groups() for match in CONTROL.finditer(written)):
        if text:
            rows[row] = rows[row][:column].ljust(column) + text + rows[row][column + len(text) :]
            column += len(text)
        elif move == "\r":
            column = 0
        elif move == "\n":  # a terminal sends both for a new line
            row += 1
            rows += [""] * (row - len(rows) + 1)
        elif letter == "A":
            row = max(0, row - int(number or 1))
        elif letter == "K":
            rows[row] = "" if number == "2" else rows[row][:column]
        elif letter and letter not in "mhl":
            raise ValueError(f"unknown control {number}{letter}")
    while rows and not rows[-1].strip():
        rows.pop()
    return [line.rstrip() for line in rows]
