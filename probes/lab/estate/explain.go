package estate

import _ "embed" // the list of keys

// Explain is the page on estate files, for who writes one.
func Explain() string { return aboutEstates + keys }

// keys lists all keys of a host, as the types of this package have them. A test writes
// it, with -update.
//
//go:embed keys.txt
var keys string

// The example is indented by four spaces, and a test reads it.
const aboutEstates = `estate: simulated servers, for "postpatch test", lab, demo and scenarios (*.estate.yaml)

    estate: shop                       # its name
    realm: SHOP.TEST                   # optional: a KDC of this Kerberos realm
    profiles:                          # optional: what hosts are built on, beside windows-server-2022
      web: {profile: windows-server-2022, winrm: {http: true, user: 'SHOP\probe', password: lab}}
    hosts:
      web[01-02].shop.test:            # two hosts that are alike; each has all names below
        profile: web
        services: {W3SVC: {state: Running, mode: Auto, account: LocalSystem}}
        http: [{tls: {}, pages: {/health: {body: healthy}}}]
      sql01.shop.test:
        profile: windows-server-2022   # a freshly installed member server: its services, its roles, its network
        winrm: {http: true, user: 'SHOP\probe', password: lab}
        services: {MSSQLSERVER: {state: Running, mode: Auto}}
        sql: {user: probe, password: lab, databases: {Orders: {}}}
    states:                            # optional: what becomes of the hosts; the first is before, as written above
      after:
        web01.shop.test:
          os: {ubr: 4405, boot: 2026-11-23T02:10:55Z}
          services: {W3SVC: {state: Stopped, exit_code: 1067}}
        sql01.shop.test: {power: off}
      later:
        from: after                    # a state is built on before, unless it says otherwise
        sql01.shop.test: {power: on, services: {SQLBrowser: null}}

A state, a profile and what a test's case sets are laid over what is below them: mappings key by key, all else
in place of what was there; null takes a key away. A server without a key, such as sql, has nothing that listens
there. Checks enter the hosts with the accounts of winrm, sql, and of the first mailbox of exchange or mail.
Of the classes that a role asks for by WMI, and of collectors, the member server answers as one without that role;
wmi, collectors and registry give it what it has instead. What a kind asks for is in the examples/scenarios of it.

The keys of a host, and of what stands in it. NAME stands for any name.
`
