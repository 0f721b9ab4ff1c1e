#!/bin/sh
# throwaway.sh DIR makes ca.pem, chain.pem and key.pem there: a certificate authority of a day
# and a certificate of it that may sign code, to try the signing of a release with.
set -eu
cd "$1"
openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 1 -subj '/CN=postpatch throw-away root' \
  -addext 'keyUsage=critical,keyCertSign,cRLSign' 2>/dev/null
openssl req -newkey rsa:2048 -nodes -keyout key.pem -out request.pem -subj '/CN=postpatch throw-away signer' 2>/dev/null
printf '%s\n' 'basicConstraints=CA:FALSE' 'keyUsage=critical,digitalSignature' 'extendedKeyUsage=codeSigning' >extensions
openssl x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 1 -extfile extensions \
  -out chain.pem 2>/dev/null
rm -f ca.key ca.srl request.pem extensions # nobody signs with this authority again
