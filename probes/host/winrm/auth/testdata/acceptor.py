# The other side of a proof, by the GSS-API of the system: NTLM by gss-ntlmssp,
# Kerberos and SPNEGO by MIT. It knows nothing of ours. Each line of input is a
# command and bytes in hexadecimal; each line of output is what came of it.
import sys
import gssapi
from gssapi.raw import ChannelBindings

bindings = None
context = None
for line in sys.stdin:
    command, _, text = line.strip().partition(' ')
    data = bytes.fromhex(text)
    try:
        if command == 'bindings':
            bindings = ChannelBindings(application_data=data)
            print('ok', flush=True)
        elif command == 'token':
            if context is None:
                context = gssapi.SecurityContext(usage='accept', channel_bindings=bindings)
            out = context.step(data) or b''
            print('complete' if context.complete else 'continue', out.hex(), flush=True)
        elif command == 'who':
            print(str(context.initiator_name), flush=True)
        elif command == 'open':
            opened = context.unwrap(data)
            print('sealed' if opened.encrypted else 'signed', opened.message.hex(), flush=True)
        elif command == 'seal':
            print('ok', context.wrap(data, True).message.hex(), flush=True)
    except gssapi.exceptions.GSSError as e:
        token = getattr(e, 'token', None) or b''
        print('error', token.hex(), str(e).replace('\n', ' '), flush=True)
