package suites

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/all"
	"postpatch/suites/inventory"
)

// loadHosts loads a suite of these hosts, one line each, beside some files.
func loadHosts(t *testing.T, hosts string, files map[string]string, ask Directory) (*Set, []string) {
	t.Helper()
	folder := t.TempDir()
	t.Chdir(folder)
	if files == nil {
		files = map[string]string{}
	}
	files["a.suite.yaml"] = "suite: a\nvars: {site: nowhere}\nhosts:\n" + hosts
	if !strings.Contains(hosts, "checks:") {
		files["a.suite.yaml"] += "\nchecks:\n  - {ping: {}}\n"
	}
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	set, problems := Library{Kinds: testKinds(), Ask: ask}.Load([]string{"a.suite.yaml"})
	if text := Format(problems, os.ReadFile); strings.Contains(text, "hunter2") {
		t.Errorf("a secret shows:\n%s", text)
	}
	var told []string
	for _, p := range problems {
		told = append(told, p.Error())
	}
	return set, told
}

// shown are a set's hosts, a line each.
func shown(set *Set) []string {
	var lines []string
	for _, h := range set.Hosts {
		lines = append(lines, fmt.Sprintf("%s %s %v %v", h.Name, h.Address, h.Tags, h.Vars))
	}
	return lines
}

// A host of several lists and of the suite itself is one host: the suite's own word
// comes first, then that of the list above.
func TestHostsOfSeveralLists(t *testing.T) {
	set, wrong := loadHosts(t, `
  - {file: names.txt, tags: [listed], vars: {rack: r1, site: hq}}
  - {csv: table.csv, vars: [site]}
  - {name: b, address: 10.9.9.9, vars: {rack: r9}}
  - {ansible: hosts.ini, except: "x*", address: "{{ host.name }}.{{ site }}.example.org"}`, map[string]string{
		"names.txt": "a 10.0.0.1\nb 10.0.0.2\n",
		"table.csv": "Name,Site\nB,branch\nc,\n",
		"hosts.ini": "[web]\na ansible_host=10.7.7.7\nd site=depot\nx9\n",
	}, nil)
	if wrong != nil {
		t.Fatal(wrong)
	}
	want := []string{
		"b 10.9.9.9 [listed] map[rack:r9 site:hq]", "a a.hq.example.org [listed web] map[rack:r1 site:hq]",
		"c c [] map[]", "d d.depot.example.org [web] map[site:depot]",
	}
	if diff := cmp.Diff(want, shown(set)); diff != "" {
		t.Errorf("hosts (-want +got):\n%s", diff)
	}
	for _, h := range set.Hosts {
		if len(h.Checks) != 1 {
			t.Errorf("%s has %d checks", h.Name, len(h.Checks))
		}
	}
}

func TestListsThatAreNone(t *testing.T) {
	for name, c := range map[string]struct {
		hosts string
		files map[string]string
		want  []string
	}{
		"two addresses": {
			hosts: "  - {file: a.txt}\n  - {file: b.txt}",
			files: map[string]string{"a.txt": "a 10.0.0.1", "b.txt": "\nA 10.0.0.2"},
			want:  []string{`b.txt:2:1: host "A" has the address "10.0.0.2" here and "10.0.0.1" at a.txt:1`},
		},
		"an address that nobody evaluates": {
			hosts: "  - {ansible: h.ini}",
			files: map[string]string{"h.ini": "a ansible_host=\"{{ ip }}\"\nb ansible_host={{inventory_hostname}}"},
			want:  []string{`h.ini:1:1: host "a": its ansible_host is a template of Ansible, which is not evaluated`},
		},
		"nobody left": {
			hosts: "  - {file: a.txt, except: '*'}\n  - {csv: t.csv, where: {Env: prod}}",
			files: map[string]string{"a.txt": "a", "t.csv": "Name,Env\na,test"},
			want: []string{
				"a.suite.yaml:4:12: hosts[0].file: no host is in it, or none is left of it",
				"a.suite.yaml:5:11: hosts[1].csv: no host is in it, or none is left of it",
			},
		},
		"a name that is none": {
			hosts: "  - {file: a.txt}", files: map[string]string{"a.txt": "web/01\nfe80::1"},
			want: []string{`a.txt:1:1: want a host name, got "web/01"`, `a.txt:2:1: want a host name, got "fe80::1"`},
		},
		"a column that holds secrets": {
			hosts: "  - {csv: t.csv, vars: [Admin Password, Site, site]}",
			files: map[string]string{"t.csv": "Name,Admin Password,Site\na,hunter2,hq"},
			want: []string{`a.suite.yaml:4:25: hosts[0].csv: vars: "Admin Password": ` +
				"what a suite reads is shown in reports, so no secret can"},
		},
		"no column of names": {
			hosts: "  - {csv: t.csv}", files: map[string]string{"t.csv": "IP;Computer\n10.0.0.1;a"},
			want: []string{`a.suite.yaml:4:11: hosts[0].csv: the table has no column "name"`},
		},
		"a delimiter that is none": {
			hosts: "  - {csv: t.csv, delimiter: '|'}", files: map[string]string{"t.csv": "Name\na"},
			want: []string{`a.suite.yaml:4:29: hosts[0].csv: delimiter: want ",", ";" or tab, got "|"`},
		},
		"a folder": {
			hosts: "  - {file: sub}", files: map[string]string{"sub/a.txt": "a"},
			want: []string{`a.suite.yaml:4:12: hosts[0].file: "sub" cannot be read: it is no file`},
		},
		"an absolute path": {
			hosts: "  - {file: /etc/hostname}",
			want: []string{
				`a.suite.yaml:4:12: hosts[0].file: want a file of the suite's folder or below it, got "/etc/hostname"`,
			},
		},
		"a template": {
			hosts: "  - {file: '{{ site }}.txt'}",
			want:  []string{"a.suite.yaml:4:12: hosts[0].file: a template can stand only in parameters and in a host's address"},
		},
		"a huge file": {
			hosts: "  - {file: a.txt}", files: map[string]string{"a.txt": strings.Repeat("#", inventory.MaxBytes+1)},
			want: []string{`a.suite.yaml:4:12: hosts[0].file: "a.txt" cannot be read: it is larger than 20 MiB`},
		},
		"another encoding": {
			hosts: "  - {file: a.txt}",
			files: map[string]string{"a.txt": "a\nGr\xFCn"},
			want:  []string{"a.txt:2:3: a byte that is not UTF-8"},
		},
		"a password in the URL": {
			hosts: "  - {ldap: 'ldaps://probe:hunter2@dc01', base: 'DC=x'}",
			want: []string{
				"a.suite.yaml:4:12: hosts[0].ldap: want the URL of a directory, with nothing behind its host and port",
			},
		},
		"no base": {
			hosts: "  - {ldap: 'ldaps://dc01'}", want: []string{"a.suite.yaml:4:12: hosts[0].ldap: base is missing"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			set, wrong := loadHosts(t, c.hosts, c.files, nil)
			if diff := cmp.Diff(c.want, wrong); diff != "" || set != nil {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

// No link leads out of the suite's folder, and what is no file is not opened: to open a
// pipe is to wait for who writes.
func TestLinksOut(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "secret.txt")
	if err := os.WriteFile(outside, []byte("outside01\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	t.Chdir(folder)
	for link, to := range map[string]string{
		"out.txt": outside, "up.txt": "../" + filepath.Base(filepath.Dir(outside)) + "/secret.txt", "folder": filepath.Dir(outside),
		"in.txt": "real.txt",
	} {
		symlink(t, to, link)
	}
	if err := os.WriteFile("real.txt", []byte("real01\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"out.txt": "path escapes from parent", "up.txt": "path escapes from parent", "folder/secret.txt": "path escapes from parent",
		"in.txt": "",
	} {
		text := "suite: a\nhosts: [{file: " + name + "}]\nchecks: [{ping: {}}]\n"
		set, problems := LoadBytes("a.suite.yaml", []byte(text), testKinds())
		switch {
		case want == "" && (len(problems) > 0 || set.Hosts[0].Name != "real01"):
			t.Errorf("%s: %v", name, problems)
		case want != "" && (len(problems) != 1 || !strings.Contains(problems[0].Msg, want)):
			t.Errorf("%s: %v", name, problems)
		}
	}
}

// A variable that the inventory gives in a way that nobody can read has no value: not
// the suite's, which is another's, but that of the list's entry.
func TestUnreadVariables(t *testing.T) {
	files := func() map[string]string {
		return map[string]string{"h.ini": "a site=\"{{ where }}\" ansible_password=hunter2\nb\n"}
	}
	const check = "\nchecks:\n  - {ping: '{{ site }}.example.org'}"
	_, wrong := loadHosts(t, "  - {ansible: h.ini}"+check, files(), nil)
	if diff := cmp.Diff([]string{`a.suite.yaml:6:16: variable "site" is not set for host "a"`}, wrong); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	set, wrong := loadHosts(t, "  - {ansible: h.ini, vars: {site: hq}}"+check, files(), nil)
	if wrong != nil {
		t.Fatal(wrong)
	}
	if diff := cmp.Diff([]string{"a a [] map[site:hq]", "b b [] map[site:hq]"}, shown(set)); diff != "" {
		t.Errorf("hosts (-want +got):\n%s", diff)
	}
}

// A directory is asked once for one search, and no more after an error or where
// something is wrong already.
func TestDirectories(t *testing.T) {
	const hosts = `
  - {ldap: "ldap://DC01.corp.example.org", base: "DC=corp", tags: [one]}
  - {ldap: "ldap://dc01.corp.example.org:389", base: "DC=corp", tags: [two], except: old*}
  - {ldap: "ldaps://dc02", base: "DC=corp", filter: "(cn=*)", seen: 3 weeks, disabled: true}`
	var asked []inventory.Search
	answer := func(s inventory.Search) (inventory.Found, error) {
		asked = append(asked, s)
		if s.Server == "dc02" {
			return inventory.Found{Hosts: []inventory.Host{{Name: "c"}}, LeftOut: []string{"1 of them"}}, nil
		}
		return inventory.Found{Hosts: []inventory.Host{{Name: "a"}, {Name: "old1"}}}, nil
	}
	set, wrong := loadHosts(t, hosts, nil, answer)
	if wrong != nil {
		t.Fatal(wrong)
	}
	want := []inventory.Search{
		{Server: "dc01.corp.example.org", Port: 389, StartTLS: true, Base: "DC=corp"},
		{Server: "dc02", Port: 636, Base: "DC=corp", Filter: "(cn=*)", Seen: 21 * day, Disabled: true},
	}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"a a [one two] map[]", "old1 old1 [one] map[]", "c c [] map[]"}, shown(set)); diff != "" {
		t.Errorf("hosts (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"ldaps://dc02: left out: 1 of them"}, set.LeftOut); diff != "" || len(set.Unasked()) > 0 {
		t.Errorf("left out (-want +got):\n%s", diff)
	}
	asked = nil
	_, wrong = loadHosts(t, hosts, nil, func(s inventory.Search) (inventory.Found, error) {
		asked = append(asked, s)
		return inventory.Found{}, errors.New("it is closed")
	})
	if diff := cmp.Diff([]string{"a.suite.yaml:5:12: hosts[0].ldap: it is closed"}, wrong); diff != "" || len(asked) != 1 {
		t.Errorf("asked %d times (-want +got):\n%s", len(asked), diff)
	}
	asked = nil
	if _, wrong = loadHosts(t, hosts+"\n  - {nam: x}", nil, answer); len(wrong) == 0 || len(asked) > 0 {
		t.Errorf("asked %d times, %v", len(asked), wrong)
	}
}

// Without anybody to ask, what the hosts would decide is no problem, and the set says
// that it is not whole.
func TestUnaskedDirectory(t *testing.T) {
	set, wrong := loadHosts(t, `
  - {ldap: "ldaps://dc01", base: "DC=corp", tags: [win]}
  - other
checks:
  - {ping: {}, hosts: "tag:win"}
  - {ping: {}, id: two}
waivers: [{waive: ping.*, hosts: "sql*", until: 2099-12-31, reason: x}]`, nil, nil)
	if wrong != nil || len(set.Unasked()) != 1 || set.Unasked()[0].Place() != "a.suite.yaml:5" {
		t.Fatalf("%v, %+v", wrong, set)
	}
	plan, problems := LoadPlanBytes("p.plan.yaml", []byte("plan: p\nsuites: [a.suite.yaml]\nhosts: [ex01]\n"), testKinds())
	if len(problems) > 0 || len(plan.Against(set)) > 0 {
		t.Errorf("%v, %v", problems, plan.Against(set))
	}
}

// Tens of thousands of hosts are one list; more of what is shared by all of them is
// refused and not multiplied.
func TestManyHosts(t *testing.T) {
	var names, tags strings.Builder
	for i := range inventory.MaxHosts {
		fmt.Fprintf(&names, "srv%05d.corp.example.org\n", i)
	}
	files := map[string]string{"names.txt": names.String()}
	set, wrong := loadHosts(t, "  - {file: names.txt, tags: [all], vars: {rack: r1}}", files, nil)
	if wrong != nil || len(set.Hosts) != inventory.MaxHosts {
		t.Fatal(wrong)
	}
	for i := range 200 {
		fmt.Fprintf(&tags, "t%d, ", i)
	}
	_, wrong = loadHosts(t, "  - {file: names.txt, tags: ["+tags.String()+"]}", files, nil)
	if len(wrong) != 1 || !strings.Contains(wrong[0], "come to more than 5000000") {
		t.Errorf("got %v", wrong)
	}
}

// The examples are what they say: so many hosts, of these lists.
func TestTheExamplesOfLists(t *testing.T) {
	const folder = "../examples/hosts/"
	set, problems := Load([]string{folder + "lists.suite.yaml", folder + "directory.suite.yaml"}, all.Kinds())
	if len(problems) > 0 {
		t.Fatal(Format(problems, os.ReadFile))
	}
	want := []string{
		"jump01.corp.example.org jump01.corp.example.org [pilot] map[]",
		"print01.corp.example.org print01.corp.example.org [tier2] map[]",
		"print02.corp.example.org 10.20.4.12 [tier2] map[]",
		"legacy01 10.99.0.4 [tier2] map[]",
		"file01.corp.example.org 10.20.1.11 [DFS File_Server] map[site:hq]",
		"file02.corp.example.org 10.21.1.11 [File_Server] map[site:branch]",
		"ex01.corp.example.org ex01.corp.example.org [exchange mailbox] map[dag:dag01 site:hq]",
		"ex02.corp.example.org ex02.corp.example.org [exchange mailbox] map[dag:dag01 site:hq]",
		"edge01 192.0.2.25 [edge exchange] map[site:hq]",
		"dc01.corp.example.org dc01.corp.example.org [domain_controllers] map[]",
		"dc02.corp.example.org dc02.corp.example.org [domain_controllers] map[]",
		"dc03.corp.example.org dc03.corp.example.org [domain_controllers] map[]",
		"sql01.corp.example.org sql01.corp.example.org [sql] map[site:hq]",
		"sql02.corp.example.org 10.21.3.12 [sql] map[site:branch]",
	}
	if diff := cmp.Diff(want, shown(set)); diff != "" {
		t.Errorf("hosts (-want +got):\n%s", diff)
	}
	if unasked := set.Unasked(); len(unasked) != 1 || unasked[0].Name != "ldaps://dc01.corp.example.org" {
		t.Errorf("unasked %v", unasked)
	}
}
