package main

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"postpatch/probes"
	"postpatch/probes/host"
	"postpatch/probes/host/winrm"
	"postpatch/runner"
	"postpatch/suites"
)

// options wires the runner to how this operator reaches the hosts.
func options(j job, atOnce int) runner.Options {
	return runner.Options{
		Hosts: atOnce, Dial: j.routes.Dial, Resolve: j.routes.Resolve, Roots: j.roots, Accounts: j.logins.Accounts(),
		Shared: &probes.Shared{},
		Credential: func(hostName, use string) (host.Credential, error) {
			if j.credentials == nil {
				return host.Credential{}, errors.New("there is no --credentials file")
			}
			return entry(j, hostName, use)
		},
		Open: func(ctx context.Context, h suites.Host) (host.Session, error) {
			return openSession(ctx, h, j)
		},
	}
}

// entry is the account for a use of a host, with the way in.
func entry(j job, hostName, use string) (host.Credential, error) {
	c, err := j.credentials.For(hostName, use)
	switch {
	case err != nil:
	case use == "sql":
		c.SQL, err = sqlWay(j, c, j.credentials.SQL(hostName))
	case use == "mail":
		c.Mail, err = mailWay(j, c)
	case use == "ldap" || use == "smb":
		c.Prove, err = proveWay(j, c, use)
	}
	return c, err
}

func openSession(ctx context.Context, h suites.Host, j job) (host.Session, error) {
	if j.here {
		return openHere(ctx, j)
	}
	s := j.credentials.WinRM(h.Name)
	if s.SSH != nil {
		return openSSH(ctx, h, j, *s.SSH)
	}
	if err := followable(h, s); err != nil {
		return nil, fmt.Errorf("%w: %w", probes.ErrNotTried, err)
	}
	o, err := sessionOptions(h, j)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", probes.ErrNotTried, err)
	}
	onlyKerberos := o.Auth == winrm.Negotiate && led(h, s)
	if onlyKerberos {
		o.Auth = winrm.Kerberos
	}
	session, err := winrm.Open(ctx, o)
	switch {
	case err != nil && onlyKerberos:
		return nil, fmt.Errorf("%w: %w", probes.ErrNotTried, astray(h, s)(err))
	case err != nil:
		return nil, fmt.Errorf("%w: %w", probes.ErrNotTried, err) // it sends nothing
	case onlyKerberos:
		return ledSession{session, astray(h, s)}, nil
	}
	return session, nil
}

// sessionOptions say how a host is entered, as the credentials file has it.
func sessionOptions(h suites.Host, j job) (winrm.Options, error) {
	credential, err := j.credentials.For(h.Name, "winrm")
	if err != nil {
		return winrm.Options{}, err
	}
	s := j.credentials.WinRM(h.Name)
	o := winrm.Options{
		Host: h.Name, Address: h.Address, Port: s.Port, TLS: s.TLS, Insecure: s.Insecure, Roots: j.roots,
		Auth: s.Auth, SPN: s.SPN, AllowPlain: s.AllowPlain, Credential: credential, Dial: j.routes.Dial,
		Logins: j.logins, Packer: j.packer, Forms: j.forms, SnapIn: s.SnapIn,
	}
	if o.CA, err = readCA(s); err != nil {
		return winrm.Options{}, err
	}
	o.Krb5Conf, err = readKrb5Conf(cmp.Or(s.Krb5Conf, j.krb5Conf), credential, "winrm")
	return o, err
}

// systemKrb5Conf is where Kerberos' own programs find their configuration.
const systemKrb5Conf = "/etc/krb5.conf"

// krb5ConfOf is the file that the variable KRB5_CONFIG names, which may be a list
// of files. Kerberos' own programs merge those that are there. The library here
// takes one text, and of two [realms] in it the last one alone, so the first file
// that is there is taken; where none is, reading the first tells so.
func krb5ConfOf(list string) string {
	files := slices.DeleteFunc(filepath.SplitList(list), func(file string) bool { return file == "" })
	for _, file := range files {
		if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
			return file
		}
	}
	if len(files) == 0 {
		return ""
	}
	return files[0]
}

// readKrb5Conf reads the configuration that the operator names, or the system's
// where there is one. The system's default realm says nothing about an account
// that is written without one: it may be the host's own.
func readKrb5Conf(file string, c host.Credential, use string) (string, error) {
	named := file != ""
	if !named {
		none := host.Secret{}
		plain := c.Password != none && !strings.ContainsAny(c.User, `\@`)
		if plain || c.User == "" && c.CCache == none {
			return "", nil
		}
		file = systemKrb5Conf
	}
	content, err := readText(file)
	if err != nil && (named || !errors.Is(err, fs.ErrNotExist)) {
		return "", fmt.Errorf("reading the krb5_conf of %s: %w", use, err)
	}
	return string(content), nil
}

// credentialUses lists for what a host's checks need credentials, "winrm" or "sql", and
// for which servers: the host, or others to which a check leads.
func credentialUses(h suites.Host) (uses []string, servers map[string][]string) {
	at := map[string]map[string]bool{}
	need := func(use, server string) {
		if at[use] == nil {
			at[use] = map[string]bool{}
		}
		at[use][server] = true
	}
	for _, c := range h.Checks {
		if _, asks := c.Probe.(probes.Asker); asks {
			need("winrm", h.Name)
		}
		if p, enters := c.Probe.(probes.Entrant); enters && p.Enters() != "" {
			server := h.Name
			if at, elsewhere := c.Probe.(probes.EntrantAt); elsewhere {
				server = cmp.Or(at.EntersAt(), h.Name)
			}
			need(p.Enters(), server)
		}
		if c.Kind.Credential == "" {
			continue
		}
		aims := []string{""}
		if aimer, aims2 := c.Probe.(probes.Aimer); aims2 {
			aims = aimer.Aims()
		}
		for _, aim := range aims {
			need(c.Kind.Credential, cmp.Or(aim, h.Name))
		}
	}
	servers = map[string][]string{}
	for use, names := range at {
		servers[use] = sortedKeys(names)
	}
	return slices.Sorted(maps.Keys(at)), servers
}

// enterable makes sure that there is a credential wherever one is needed, and
// reads all of them, so that a forgotten variable is told now and not as a
// thousand unknown checks.
func enterable(j job) error {
	wanting := map[string][]string{} // by what is wrong: what it is needed for
	for _, h := range j.set.Hosts {
		uses, servers := credentialUses(h)
		if j.here {
			uses = slices.DeleteFunc(uses, func(use string) bool { return use == "winrm" })
		}
		if len(uses) > 0 && j.credentials == nil {
			return fmt.Errorf("host %q is asked by %s, and there is no --credentials file; "+
				"`postpatch explain credentials` tells how to write one", h.Name, strings.Join(uses, " and "))
		}
		for _, use := range uses {
			for _, server := range servers[use] {
				_, err := entry(j, server, use)
				if err == nil && use == "winrm" {
					s := j.credentials.WinRM(h.Name)
					err = cmp.Or(followable(h, s), readable(s))
					if s.SSH != nil {
						err = openable(h, j, *s.SSH)
					}
				}
				if err != nil {
					wanting[err.Error()] = append(wanting[err.Error()], use+" on "+server)
				}
			}
		}
	}
	if len(wanting) == 0 {
		return nil
	}
	const most = 10
	var lines []string
	for _, wrong := range slices.Sorted(maps.Keys(wanting)) {
		if len(lines) == most {
			lines = append(lines, fmt.Sprintf("and %d more", len(wanting)-most))
			break
		}
		lines = append(lines, fmt.Sprintf("%s (needed for %s)", wrong, shorten(wanting[wrong])))
	}
	return fmt.Errorf("nothing was sent to any host:\n  %s", strings.Join(lines, "\n  "))
}

// readable makes sure that the files that the settings name can be read.
func readable(s suites.WinRMSettings) error {
	if _, err := readCA(s); err != nil {
		return err
	}
	if s.Krb5Conf != "" {
		if _, err := os.ReadFile(s.Krb5Conf); err != nil {
			return fmt.Errorf("reading the krb5_conf of winrm: %w", err)
		}
	}
	return nil
}

// readCA reads the authorities that an entry of the credentials file trusts.
func readCA(s suites.WinRMSettings) ([]byte, error) { return readAuthorities(s.CAFile, "winrm") }

func readAuthorities(file, use string) ([]byte, error) {
	if file == "" {
		return nil, nil
	}
	pem, err := readText(file)
	if err != nil {
		return nil, fmt.Errorf("reading the ca_file of %s: %w", use, err)
	}
	if !x509.NewCertPool().AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("reading the ca_file of %s: %q holds no PEM certificate", use, file)
	}
	return pem, nil
}
