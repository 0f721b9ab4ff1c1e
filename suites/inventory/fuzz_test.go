package inventory

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the .out files anew")

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

// sane is what holds of every list, whatever its bytes.
func sane(t *testing.T, text string, hosts []Host, problems []Problem) {
	t.Helper()
	if len(hosts) > MaxHosts || len(problems) > maxProblems {
		t.Errorf("%d hosts, %d problems", len(hosts), len(problems))
	}
	n := strings.Count(text, "\n") + 1
	for _, p := range problems {
		if p.Msg == "" || p.Line < 0 || p.Line > n+1 || p.Line > 0 && p.Column < 1 {
			t.Errorf("problem %+v of %d lines", p, n)
		}
	}
	for _, h := range hosts {
		if h.Line < 1 || h.Line > n || h.Column < 1 {
			t.Errorf("host %+v of %d lines", h, n)
		}
		for name, value := range h.Vars {
			if NamesSecret(name) || strings.HasPrefix(name, "ansible_") || strings.Contains(value, "{{") ||
				h.Unread[name] != "" {
				t.Errorf("host %q has %q", h.Name, name)
			}
		}
	}
}

func FuzzNames(f *testing.F) {
	f.Add([]byte("# a\nsrv01\nsrv02 10.0.0.2 # b\n"))
	f.Add(utf16LE("srv01\r\nsrv02"))
	f.Fuzz(func(t *testing.T, data []byte) {
		text, wrong := Decode(data)
		if wrong != nil {
			sane(t, string(data), nil, nil)
			return
		}
		hosts, problems := Names(text)
		sane(t, text, hosts, problems)
	})
}

func FuzzTable(f *testing.F) {
	f.Add([]byte("sep=;\r\nname;IP\r\n\"a;b\";10.0.0.1\r\n"), "name")
	f.Add([]byte("Hostname,Site\nsrv01,\"h\nq\"\n,\n"), "hostname")
	f.Fuzz(func(t *testing.T, data []byte, wanted string) {
		text, wrong := Decode(data)
		if wrong != nil {
			return
		}
		tab, problems := ReadTable(text, 0, wanted)
		sane(t, text, nil, problems)
		if tab == nil {
			return
		}
		last := len(tab.Header) - 1
		hosts, problems := tab.Hosts(Columns{Name: 0, Address: last, Tags: last, Vars: map[string]int{"x": last}})
		sane(t, text, hosts, problems)
	})
}

func FuzzAnsible(f *testing.F) {
	files, _ := filepath.Glob("testdata/ansible/*")
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte("[a:children]\nb\n[b:children]\na\n"))
	f.Add([]byte("all: &a {children: {b: *a}, hosts: {'c[1:3]': {<<: *a}}}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		text, wrong := Decode(data)
		if wrong != nil {
			return
		}
		v, problems := ReadAnsible(text)
		sane(t, text, nil, problems)
		if v == nil {
			return
		}
		hosts, problems := v.Hosts(func(string) bool { return true })
		sane(t, text, hosts, problems)
		if len(problems) == 0 && len(hosts) != len(v.members) {
			t.Errorf("%d hosts of %d", len(hosts), len(v.members))
		}
	})
}
