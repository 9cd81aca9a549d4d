"""Runs a command on a terminal of its own with a pager (a shell command) and prints what was seen as JSON."""

import json
import os
import pty
import sys

pager, command = sys.argv[1], sys.argv[2:]
child, terminal = pty.fork()
if child == 0:
    os.environ.update(PAGER=pager, TERM="xterm-256color")
    os.environ.pop("NO_COLOR", None)
    os.execv(command[0], command)
output = b""
while True:
    try:
        piece = os.read(terminal, 65536)
    except OSError:
        break
    if not piece:
        break
    output += piece
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
print(json.dumps({
    "status": status,
    "paged": output.count(b"paged "),
    "colours": b"\x1b[1m" in output,
}))
