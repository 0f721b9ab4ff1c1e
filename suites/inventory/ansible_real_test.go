//go:build real

package inventory

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// listed is what ansible-inventory --list prints.
type listed struct {
	Hosts    []string `json:"hosts"`
	Children []string `json:"children"`
}

// TestAsAnsibleItself reads the inventories of testdata as ansible-inventory does:
// the same hosts, in the same groups, with the same variables.
func TestAsAnsibleItself(t *testing.T) {
	program, err := exec.LookPath("ansible-inventory")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	files, err := filepath.Glob("testdata/ansible/*")
	if err != nil || len(files) < 6 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), program, "-i", file, "--list")
			cmd.Env = append(os.Environ(), "ANSIBLE_LOCAL_TEMP="+t.TempDir(), "ANSIBLE_HOME="+t.TempDir(),
				"ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED=1", "ANSIBLE_DEVEL_WARNING=0", "LC_ALL=C.UTF-8")
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(theirs(t, out), ours(t, file)); diff != "" {
				t.Errorf("ansible-inventory and we (-theirs +ours):\n%s", diff)
			}
		})
	}
}

// seen is what is known of a host: its groups, its address, its variables as texts.
type seen struct {
	Groups  []string
	Address string
	Vars    map[string]string
}

func theirs(t *testing.T, out []byte) map[string]seen {
	t.Helper()
	groups := map[string]json.RawMessage{}
	if err := json.Unmarshal(out, &groups); err != nil {
		t.Fatal(err)
	}
	var meta struct {
		Hostvars map[string]map[string]any `json:"hostvars"`
	}
	if err := json.Unmarshal(groups["_meta"], &meta); err != nil {
		t.Fatal(err)
	}
	delete(groups, "_meta")
	tree := map[string]listed{}
	for name, raw := range groups {
		var l listed
		if err := json.Unmarshal(raw, &l); err != nil {
			t.Fatal(err)
		}
		tree[name] = l
	}
	of := map[string]map[string]bool{}
	var below func(group string, above []string)
	below = func(group string, above []string) {
		above = append(slices.Clone(above), group)
		for _, host := range tree[group].Hosts {
			if of[host] == nil {
				of[host] = map[string]bool{}
			}
			for _, g := range above {
				of[host][g] = true
			}
		}
		for _, child := range tree[group].Children {
			below(child, above)
		}
	}
	below("all", nil)
	all := map[string]seen{}
	for host, in := range of {
		s := seen{Vars: map[string]string{}, Groups: []string{}}
		for g := range in {
			if g != "all" && g != "ungrouped" {
				s.Groups = append(s.Groups, Tag(g))
			}
		}
		slices.Sort(s.Groups)
		for name, value := range meta.Hostvars[host] {
			text, isText := value.(string)
			if name == "ansible_host" && !strings.Contains(text, "{{") {
				s.Address = text
			}
			if !kept(name) || strings.HasPrefix(name, "ansible_") {
				continue
			}
			switch v := value.(type) {
			case bool:
				text = map[bool]string{true: "true", false: "false"}[v]
			case float64:
				text = strconv.FormatFloat(v, 'f', -1, 64)
			default:
				if !isText || strings.Contains(text, "{{") || strings.HasPrefix(text, "$ANSIBLE_VAULT") {
					continue // not read: what is no text
				}
			}
			s.Vars[name] = truth(text)
		}
		all[host] = s
	}
	return all
}

func ours(t *testing.T, file string) map[string]seen {
	t.Helper()
	all := map[string]seen{}
	for _, h := range read(t, file) {
		s := seen{Groups: append([]string{}, h.Groups...), Address: h.Address, Vars: map[string]string{}}
		for name, text := range h.Vars {
			s.Vars[name] = truth(text)
		}
		all[h.Name] = s
	}
	return all
}

// truth is one word for all by which Ansible and YAML say yes: we keep the file's.
func truth(text string) string {
	switch strings.ToLower(text) {
	case "true", "yes", "on":
		return "true"
	case "false", "no", "off":
		return "false"
	default:
		return text
	}
}

func read(t *testing.T, file string) []Host {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text, wrong := Decode(data)
	if wrong != nil {
		t.Fatal(*wrong)
	}
	inventory, problems := ReadAnsible(text)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	hosts, problems := inventory.Hosts(func(string) bool { return true })
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return hosts
}
