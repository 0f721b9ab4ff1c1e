package draft

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Check is one that a draft adds to its packs.
type Check struct {
	ID    string
	Hosts []string // that it is for; none for all
	Lines []string // of YAML, without id, hosts and why
	Why   string
	// Guess marks one that need not hold on a healthy host, such as a page that wants a
	// login: it is left out where it does not, and nobody is alarmed.
	Guess bool
}

// own are the checks of one host.
func own(s Seen) []Check {
	var all []Check
	add := func(c *Check) {
		if c != nil {
			c.Hosts = []string{s.Host}
			all = append(all, *c)
		}
	}
	if s.isWindows() {
		add(services(s))
		add(certificates(s))
		for _, c := range instances(s) {
			add(&c)
		}
	}
	add(ports(s))
	for _, c := range pages(s) {
		add(&c)
	}
	return all
}

// services are those that somebody installed: what Windows brings along is in its folder,
// and the packs know it.
func services(s Seen) *Check {
	var names []string
	for _, name := range s.items("services", "start_mode", "auto") {
		path := strings.ToLower(s.value("services", name, "path"))
		state := s.value("services", name, "state")
		if state == "running" && path != "" && !ofWindows(path) && !strings.Contains(name, "#") {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return &Check{
		ID:    "own-services",
		Lines: []string{"service: " + list(names), "expect: {state: running, start_mode: auto}"},
		Why:   "no part of Windows, installed for something, and running by itself when this was written",
	}
}

// ofWindows says of a service's command line, in small letters, that Windows brings it
// along, or a role that has a pack.
func ofWindows(path string) bool {
	return slices.ContainsFunc([]string{
		`\windows\`, "%systemroot%", "windows defender", `\microsoft\edgeupdate`, `\google\`, "microsoft sql server",
		`\exchange server\`,
	}, func(part string) bool { return strings.Contains(path, part) })
}

// certificates are those with which the host proves itself to others.
func certificates(s Seen) *Check {
	var subjects []string
	for _, r := range s.Facts["certificate"] {
		name, mine := strings.CutPrefix(r.Key.Item, "My/")
		if mine && name != "" && r.Key.Name == "purposes" && strings.Contains(r.Value.String(), "server") &&
			s.value("certificate", r.Key.Item, "private_key") == "true" {
			subjects = append(subjects, name)
		}
	}
	if len(subjects) == 0 {
		return nil
	}
	slices.Sort(subjects)
	return &Check{
		ID: "own-certificates",
		Lines: []string{
			"certificate: " + list(slices.Compact(subjects)), `expect: {days_left: ">= 14", private_key: "true"}`,
		},
		Why: "a certificate that ends, or loses its key with an update, ends all that is proved by it",
	}
}

// instances are those of SQL Server that are not the default one.
func instances(s Seen) []Check {
	var all []Check
	for _, name := range sqlInstances(s) {
		if _, instance, named := strings.Cut(name, "$"); named {
			all = append(all, Check{
				ID: "own-sql/" + instance, Lines: []string{"sql: {instance: " + quote(instance) + "}"}, Guess: true,
				Why: "the instance has to let logins in, with all its databases up",
			})
		}
	}
	return all
}

// ports are those that take connections from here.
func ports(s Seen) *Check {
	open := s.open()
	if len(open) == 0 {
		return nil
	}
	slices.SortFunc(open, func(a, b string) int {
		x, _ := strconv.Atoi(a)
		y, _ := strconv.Atoi(b)
		return x - y
	})
	return &Check{
		ID: "own-ports", Lines: []string{"tcp: [" + strings.Join(open, ", ") + "]"},
		Why: "they took connections from here when this was written",
	}
}

// pages are the sites that clients come to.
func pages(s Seen) []Check {
	var all []Check
	open := s.open()
	secure := slices.Contains(open, "443")
	switch {
	case s.service("MSExchangeIS"): // its pack asks its pages
	case secure:
		all = append(all, page("https", s.Host))
	case slices.Contains(open, "80"):
		all = append(all, page("http", s.Host))
	}
	return all
}

func page(scheme, host string) Check {
	return Check{
		ID: "own-page", Guess: true,
		Lines: []string{"http: " + quote(fmt.Sprintf("%s://%s/", scheme, host))},
		Why:   "a port that is open is not yet a page",
	}
}
