"""python3-winrm in a pool of threads: a shell for each host, and in it a command for
each script of the JSON on standard input. A line for each host and script says how many
bytes came, and their first word; the first error ends it all."""
import base64
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor

import winrm


def visit(address):
    p = winrm.Protocol("http://%s:%d/wsman" % (address, job["port"]), transport="plaintext",
                       username=job["user"], password=job["password"])
    shell = p.open_shell()
    lines = []
    for script in encoded:
        command = p.run_command(shell, "powershell", ["-NoProfile", "-EncodedCommand", script])
        out, err, code = p.get_command_output(shell, command)
        p.cleanup_command(shell, command)
        if code or err:
            raise RuntimeError("%s: exit %d: %r" % (address, code, err[:300]))
        lines.append("%s %d %s\n" % (address, len(out), out[:20].split()[0].decode()))
    p.close_shell(shell)
    return lines


job = json.load(sys.stdin)
encoded = [base64.b64encode(s.encode("utf-16-le")).decode() for s in job["scripts"]]
with ThreadPoolExecutor(job["threads"]) as pool:
    for lines in pool.map(visit, job["addresses"]):
        sys.stdout.writelines(lines)
sys.stdout.flush()
os._exit(0)  # connections that are still open need not be tidied up one by one
