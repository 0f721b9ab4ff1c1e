"""Begins a context with MIT's GSS-API and talks through it, in lines of base64.

usage: initiator.py service flags [bindings]

It writes its token and reads the answer. Then it writes "ok" or why not. After
that it reads lines: "wrap <text>" writes the sealed text, "unwrap <token>" writes
the text.
"""
import base64
import sys

import gssapi
from gssapi.raw import ChannelBindings


def say(data):
    print(base64.b64encode(data).decode() or "-", flush=True)


def hear(text):
    return b"" if text == "-" else base64.b64decode(text)


service, flags, bindings = sys.argv[1], int(sys.argv[2], 0), sys.argv[3:]
context = gssapi.SecurityContext(
    usage="initiate",
    name=gssapi.Name(service, gssapi.NameType.kerberos_principal),
    mech=gssapi.MechType.kerberos,
    flags=flags,
    channel_bindings=ChannelBindings(application_data=bindings[0].encode()) if bindings else None,
)
say(context.step())
try:
    answer = hear(sys.stdin.readline().strip())
    if answer:
        context.step(answer)
    print("ok" if context.complete else "incomplete", context.actual_flags & 0x3E, flush=True)
except gssapi.exceptions.GSSError as error:
    print("error", str(error).replace("\n", " "), flush=True)
    sys.exit()
for line in sys.stdin:
    verb, data = line.split()
    if verb == "wrap":
        say(context.wrap(hear(data), True).message)
    else:
        result = context.unwrap(hear(data))
        assert result.encrypted
        say(result.message)
