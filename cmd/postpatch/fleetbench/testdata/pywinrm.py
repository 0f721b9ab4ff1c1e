"""python3-winrm in a pool of threads runs the scripts of the JSON on standard input on
every host: in one shell, or each by Session.run_ps in a shell of its own. A line for each host and script says how many
bytes came, and their first word; the first error ends it all."""
import base64
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor

import winrm


def by_one_shell(url):
    p = winrm.Protocol(url, transport="plaintext", username=job["user"], password=job["password"])
    shell = p.open_shell()
    for script in encoded:
        command = p.run_command(shell, "powershell", ["-NoProfile", "-EncodedCommand", script])
        yield p.get_command_output(shell, command)
        p.cleanup_command(shell, command)
    p.close_shell(shell)


def by_session(url):
    session = winrm.Session(url, auth=(job["user"], job["password"]), transport="plaintext")
    for script in job["scripts"]:
        r = session.run_ps(script)
        yield r.std_out, r.std_err, r.status_code


def visit(address):
    ask = by_session if job["apart"] else by_one_shell
    lines = []
    for out, err, code in ask("http://%s:%d/wsman" % (address, job["port"])):
        if code or err:
            raise RuntimeError("%s: exit %d: %r" % (address, code, err[:300]))
        lines.append("%s %d %s\n" % (address, len(out), out[:20].split()[0].decode()))
    return lines


job = json.load(sys.stdin)
encoded = [base64.b64encode(s.encode("utf-16-le")).decode() for s in job["scripts"]]
with ThreadPoolExecutor(job["threads"]) as pool:
    for lines in pool.map(visit, job["addresses"]):
        sys.stdout.writelines(lines)
sys.stdout.flush()
os._exit(0)  # connections that are still open need not be tidied up one by one
