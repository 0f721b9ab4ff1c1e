package main

const aboutStore = `store: where runs are kept (--store)

    evidence                                a folder; made when it is not there
    s3://patch-evidence?region=eu-central-1&prefix=hq/
    azblob://evidence?storage_account=corppatch&prefix=hq/

A run is RUN/begun.json, one file for each host, RUN/hosts/HOST.jsonl.zst, and at last
RUN/manifest.json, which makes it count. Each is written once and whole. The manifest holds
the SHA-256 of each host's file and of itself: a store that was edited is refused.

S3 is entered as by the AWS command line: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a
profile, or the machine's role. Other makes of S3 take endpoint=https://HOST and
use_path_style=true. Azure Blob is entered by AZURE_STORAGE_ACCOUNT with AZURE_STORAGE_KEY,
AZURE_STORAGE_SAS_TOKEN or AZURE_STORAGE_CONNECTION_STRING, or as the Azure SDK finds it.
prefix= keeps several stores in one bucket. No user or password belongs into the name.

A run that was cut off, at whatever moment, is taken up by the same command with --resume:
hosts that it has are kept, the others are asked. With --name, a pipeline can always say
--resume: a run that is not there is begun, one that is finished is judged and asks nothing.
Take a capture up only before the patch: verify says when a baseline was taken in two goes.
So it is with a disk that was full: make room, and say --resume. Reports that had no room are
written again by it, too, and no host is asked.

The newest baseline is the one that was finished last, by the clock of who took it. Where a
clock is wrong, so that one lies ahead, none of several is chosen: name it with --baseline.
What a check asks since a baseline that lies ahead is unknown; all else is compared as ever.
A host that was renamed since is named {name: NEW, was: OLD} in its suite: it is compared
with what the baseline knows of OLD, and has to be the same machine.

A digest tells an edited file, not who wrote it. --sign KEY signs the manifest (RUN/
manifest.json.sig) with a key of OpenSSH or Ed25519 in PEM, and --trust FILE reads only runs
that one of its public keys signed. The passphrase of an encrypted key is taken from the
environment, POSTPATCH_SIGN_PASSPHRASE. OpenSSH can check them too: ssh-keygen -Y verify
-n postpatch.

    ssh-keygen -t ed25519 -f patch-key
    postpatch capture web.suite.yaml --name november --sign patch-key
    postpatch verify web.suite.yaml --baseline november --trust patch-key.pub
    postpatch capture web.suite.yaml --name november --resume
    postpatch baselines ls --store s3://patch-evidence
`
