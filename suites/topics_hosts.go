package suites

const aboutHosts = `hosts: the servers of a suite, one by one or from lists that others keep

    suite: example
    hosts:
      - web01.example.org
      - {name: web02, address: 10.20.0.12, tags: [pilot], vars: {site: hq}}
      - {file: servers.txt, tags: [tier2], vars: {site: branch}}
      - csv: servers.csv
        name: Hostname
        address: IP
        tags: Role
        where: {Env: prod}
        vars: [Site]
      - {ansible: inventory.ini, group: exchange, except: ["*-old"]}
      - ldap: "ldaps://dc01.corp.example.org"
        base: "OU=Servers,DC=corp,DC=example,DC=org"
        filter: "(operatingSystem=Windows Server*)"
        seen: 90d
        tags: [windows]
    checks:
      - os: {}

Every list may have
  tags      of all its hosts
  vars      of all its hosts; a host's own come first, and then the suite's
  except    hosts that are left out: names, patterns with * and ?
  address   of each host, like "{{ host.name }}.example.org", over what the list says (not of csv)
A host of two lists is one host, with the tags of both. The same host twice in one list is an
error, and so is a list without a host. Files are in the suite's folder or below it; no link leads
out. They are UTF-8, or UTF-16 as Notepad and Excel write it.

file        a name a line, behind it perhaps the address; # begins a comment

csv         a table with a header. Its delimiter is , ; or tab, found by the header
  name      the column of the names; name unless the suite says otherwise, in any case
  address   the column of the addresses; none unless given
  tags      the column of the tags, which stand apart by , ; or |; what a tag cannot have is a _
            there: "SQL Server" is tag:SQL_Server. A list is the tags of all hosts
  where     only lines with these values: {Env: prod, Role: [web, "sql*"]}
  vars      columns that are variables: [Site, Rack], or "*" for all others. A mapping is the vars
            of all hosts. An empty cell sets nothing
  delimiter ",", ";" or tab

ansible     an inventory in INI or YAML, as ansible-inventory reads it: groups and their children,
            ranges like web[01:50], variables of hosts and groups
  group     only hosts of this group, or of several; patterns with * and ?
            Groups are the hosts' tags, those above them too. ansible_host is the address. What
            holds a secret by its name, and what else begins with ansible_, is never read. A value
            in {{ }}, of a vault, a list or a mapping is none: a check that asks for it is an
            error, until the entry's vars say what it is. group_vars and host_vars beside it are
            not read, and neither are programs and plugins: ansible-inventory --list --yaml writes
            them out

ldap        computers of a directory: ldaps://, or ldap://, which is then StartTLS; the certificate
            is checked either way (--ca adds an authority)
  base      below which they are; required
  filter    only these; all computers unless given
  seen      only those that have logged on within the time, at least 15d: the directory itself
            notes it up to 14 days late
  disabled  true takes those in whose account is disabled
            The host is dNSHostName, or cn with the domain. The account is that of the operator's
            own file (postpatch explain credentials): an entry with for: ldap whose hosts name the
            directory. lint asks nobody; plan, judge, accept and gate ask with --credentials.
            Referrals are not followed, and an answer that is not whole is an error

A host that the baseline has, and that is on no list any more while its suite still keeps hosts in
lists, is unknown, with exit code 3: what has vanished from a list has not been verified. Put it
back, or say by except that it is gone for good.
`
