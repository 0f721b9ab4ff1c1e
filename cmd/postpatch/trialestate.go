package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"postpatch/runner/report"
	"postpatch/suites"
)

// starter is one host of an estate to begin with.
type starter struct {
	Profile  string                    `yaml:"profile"`
	WinRM    starterWinRM              `yaml:"winrm,flow"`
	Services map[string]starterService `yaml:"services,omitempty"`
	TCP      map[int]string            `yaml:"tcp,omitempty,flow"`
	TLS      map[int]struct{}          `yaml:"tls,omitempty,flow"`
	HTTP     []*starterSite            `yaml:"http,omitempty"`
	DNS      *starterDNS               `yaml:"dns,omitempty"`
	SMTP     *starterSMTP              `yaml:"smtp,omitempty,flow"`
	Mail     map[string]any            `yaml:"mail,omitempty,flow"`
	SQL      *starterSQL               `yaml:"sql,omitempty"`
	Exchange *struct{}                 `yaml:"exchange,omitempty,flow"`
	// Servers are those of the directory and of the network, by their keys in the estate.
	Servers map[string]flowMap `yaml:",inline"`
}

// labWord is what a simulated host takes for a password: no secret.
type labWord string

type starterWinRM struct {
	HTTP     bool
	TLS      bool `yaml:"tls,omitempty"`
	User     string
	Password labWord
}

type starterService struct {
	State, Mode, Account string
}

// MarshalYAML implements yaml.Marshaler: a service is one line.
func (s starterService) MarshalYAML() (any, error) {
	type plain starterService
	var n yaml.Node
	err := n.Encode(plain(s))
	n.Style = yaml.FlowStyle
	return &n, err
}

type starterSite struct {
	Port  int                          `yaml:"port"`
	TLS   *struct{}                    `yaml:"tls,omitempty,flow"`
	Pages map[string]map[string]string `yaml:"pages,flow"`
}

type starterSMTP struct {
	Extensions []string `yaml:"extensions"`
	TLS        struct{} `yaml:"tls"`
}

type starterSQL struct {
	User      string              `yaml:"user"`
	Password  labWord             `yaml:"password"`
	Version   string              `yaml:"version"`
	Level     string              `yaml:"level"`
	Edition   string              `yaml:"edition"`
	Databases map[string]struct{} `yaml:"databases,omitempty,flow"`
}

func newStarter() *starter {
	return &starter{
		Profile: "windows-server-2022",
		WinRM:   starterWinRM{HTTP: true, User: `LAB\probe`, Password: "lab"},
	}
}

// rounds is how often the estate is tried and mended: a role has to be there before what
// it lacks is seen.
const rounds = 4

// writeEstate writes an estate in which each host of a suite is a plain member server, and
// has what the suite's checks were seen to miss, as far as they say it.
func writeEstate(ctx context.Context, a app, f trialFlags, file string) error {
	if _, err := os.Lstat(f.write); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("writing %q: it is there already, and may hold what you have written", f.write)
	}
	folder, err := os.MkdirTemp("", "postpatch-estate-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	tried := filepath.Join(folder, "tried.estate.yaml")
	name := strings.TrimSuffix(filepath.Base(file), suiteEnding)
	hosts, err := f.hostsOf(a, file)
	if err != nil {
		return err
	}
	var done tested
	for round := range rounds {
		text, err := estateText(name, hosts)
		if err != nil {
			return err
		}
		if err := os.WriteFile(tried, text, 0o644); err != nil {
			return err
		}
		f.estate, f.verbose = tried, 0
		if done, err = try(ctx, a, f, file); err != nil {
			return err
		}
		if round+1 == rounds || !mendAll(hosts, done) {
			break // what is written is what was tried last
		}
	}
	text, err := os.ReadFile(tried)
	if err != nil {
		return err
	}
	if err := writeAtomic(f.write, text); err != nil {
		return err
	}
	done.trial.Estate.path = f.write
	tellChecks(a, done)
	a.tell("%s is written; what else the servers have is yours to say: postpatch explain estate\n", f.write)
	return nil
}

// hostsOf are a suite's hosts, each with nothing but its profile.
func (f trialFlags) hostsOf(a app, file string) (map[string]*starter, error) {
	t := &trial{Suite: file}
	if err := t.give(f); err != nil {
		return nil, err
	}
	if t.Hosts.Kind == 0 && isPack(file) {
		return nil, fmt.Errorf("writing an estate for %s: it is a pack: name its hosts by --hosts", file)
	}
	var set *suites.Set
	if _, problems := t.reader(a.library(), &set)([]string{file}); len(problems) > 0 {
		return nil, tellProblems(a, problems)
	}
	hosts := map[string]*starter{}
	for _, h := range set.Hosts {
		hosts[h.Name] = newStarter()
	}
	return hosts, nil
}

// try runs a suite against the flags' estate, in which nothing changes.
func try(ctx context.Context, a app, f trialFlags, file string) (tested, error) {
	t, err := stillTrial(file)
	if err != nil {
		return tested{}, err
	}
	t.Estate = part{path: f.estate}
	if err := t.give(f); err != nil {
		return tested{}, err
	}
	return t.run(ctx, a, f)
}

// mendAll gives all hosts what their checks miss. A port that is merely open comes last:
// what a protocol's own check has brought opens it as well.
func mendAll(hosts map[string]*starter, t tested) bool {
	for _, ports := range []bool{false, true} {
		mended := false
		for _, c := range t.cases {
			for _, h := range c.end.hosts {
				for _, check := range h.Checks {
					s := hosts[h.Host]
					if s != nil && (check.Kind == "tcp") == ports && s.mend(h.Host, check) {
						mended = true
					}
				}
			}
		}
		if mended {
			return true
		}
	}
	return false
}

// mend gives the host what a check misses, and says whether it could.
func (s *starter) mend(host string, c report.Check) bool {
	if c.Kind == "sql" && s.SQL == nil {
		s.SQL = &starterSQL{
			User: "probe", Password: "lab", Version: "16.0.4165.4", Level: "RTM", Edition: "Standard Edition (64-bit)",
		}
		return true
	}
	mended := s.serve(c)
	for _, f := range c.Findings {
		if f.Reading == "state" || f.Reading == "health" || c.Kind == "dns" && f.Outcome != report.Passed {
			mended = s.add(host, c.Kind, f.Item) || mended
		}
	}
	return mended
}

// add gives the host an item of a kind that is not there.
func (s *starter) add(host, kind, item string) bool {
	switch kind {
	case "service":
		return put(&s.Services, item, starterService{"Running", "Auto", "LocalSystem"})
	case "tcp":
		port, err := strconv.Atoi(item)
		return err == nil && put(&s.TCP, port, "")
	case "tls":
		port, err := strconv.Atoi(item)
		return err == nil && put(&s.TLS, port, struct{}{})
	case "http":
		return s.addPage(item)
	case "dns":
		return s.addRecord(host, item)
	case "smtp":
		return begin(&s.SMTP, starterSMTP{Extensions: []string{"STARTTLS"}})
	case "imap", "pop3":
		put[string, any](&s.Mail, "users", map[string]string{"probe@lab.test": "lab"})
		return put[string, any](&s.Mail, kind, map[string]any{})
	case "exchange":
		return begin(&s.Exchange, struct{}{})
	case "sql":
		return s.SQL != nil && item != "" && put(&s.SQL.Databases, item, struct{}{})
	default:
		return false
	}
}

// begin sets what is not set yet.
func begin[T any](to **T, value T) bool {
	if *to != nil {
		return false
	}
	*to = &value
	return true
}

// put adds what is not there yet.
func put[K comparable, V any](to *map[K]V, key K, value V) bool {
	if _, found := (*to)[key]; found {
		return false
	}
	if *to == nil {
		*to = map[K]V{}
	}
	(*to)[key] = value
	return true
}

func (s *starter) addPage(item string) bool {
	u, err := url.Parse(item)
	if err != nil {
		return false
	}
	site := &starterSite{Port: 443, TLS: &struct{}{}, Pages: map[string]map[string]string{}}
	if u.Scheme == "http" { // a path alone is asked of the host by https
		site.Port, site.TLS = 80, nil
	}
	if port, err := strconv.Atoi(u.Port()); err == nil {
		site.Port = port
	}
	i := slices.IndexFunc(s.HTTP, func(other *starterSite) bool { return other.Port == site.Port })
	if i < 0 {
		i = len(s.HTTP)
		s.HTTP = append(s.HTTP, site)
	}
	path := u.Path
	if path == "" {
		path = "/"
	}
	return put(&s.HTTP[i].Pages, path, map[string]string{"body": "ok"})
}

// estateText is the file.
func estateText(name string, hosts map[string]*starter) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("# A healthy estate to begin with, by postpatch test --write-estate. What else the servers have is\n" +
		"# yours to say: postpatch explain estate\n")
	encoder := yaml.NewEncoder(&b)
	encoder.SetIndent(2)
	err := encoder.Encode(struct {
		Estate string
		Realm  string `yaml:",omitempty"`
		Hosts  map[string]*starter
	}{name, realmOf(hosts), hosts})
	return b.Bytes(), err
}
