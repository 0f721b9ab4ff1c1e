package suites

const aboutUse = `use: the checks of other suites, which people share as packs

    suite: mail
    owner: messaging@example.org
    vars: {mail_domain: example.org}
    hosts:
      - {name: ex01.corp.example.org, tags: [dag]}
      - ex02.corp.example.org
      - web01.corp.example.org
    use:
      - windows-server                     # a pack, by its name
      - suite: exchange                    # on some of the hosts, with its variables
        hosts: ["ex*"]
        vars: {public_name: mail.example.org, test_mailbox: probe@example.org}
    override:                              # key by key over what the pack says
      exchange/queues: {timeout: 5m, why: our relay is slow}
      disk: {expect: {free_percent: "> 20"}}
    disable:                               # an id, a pattern, a list, or with why
      exchange/addresses: nobody has a phone here
    checks:
      - http: "https://web01.corp.example.org/"

A pack is a suite file without hosts: whoever uses it says on which. postpatch explain packs lists
those that come with postpatch.

use       a name or a path, a list of them, or of
            suite  the name or path
            vars   its variables; the suite's own flow into it as well, and a host's come first
            hosts  names, patterns, tag:NAME: on these of the suite's hosts alone
            as     stands before the ids, where a pack is used twice: as: shop makes shop/disk
          A name is looked up in the folders of --packs (POSTPATCH_PACKS), in packs/ beside the
          file, in a pack's own folder, and last among those of postpatch. A path is relative to
          the file, and leads not out of the folder that postpatch was called in (of a suite
          elsewhere: out of the suite's folder), nor does a link.
override  a check's id, and what is to be otherwise: any key of a check but id and locked.
          Mappings are put together key by key, all else is replaced. The check is read as if it
          stood so in the pack.
disable   checks that are left out. A report against a baseline that has them names them.
compare   of a suite is for the checks that it uses, too.

The same id twice is an error that names both places. A pack that comes by two ways with the same
variables is there once, for the hosts of both.

What a pack's author writes beside the keys of a suite
  vars: {port: {doc: where it listens, default: 443}}
                  a variable, what it is for, and what it is unless somebody says; without a
                  default whoever uses the pack has to say
  locked: true    of a check, or at the top for all: nobody may override or disable it, nor hide
                  by compare: what it compares
  hosts: tag:dag  of a check: on hosts with the tag alone, and there may be none
A pack has no hosts and no waivers; lint takes it as it is.

Templates: {{ name }} with filters, from the left to the right: {{ host.name | short | upper }}
  lower, upper     in small or capital letters
  short, domain    of a DNS name: the first label, and the rest
  default "x"      where the variable is not set
`
