package inventory

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
)

// told are problems as "line:column: message".
func told(problems []Problem) []string {
	var all []string
	for _, p := range problems {
		all = append(all, fmt.Sprintf("%d:%d: %s", p.Line, p.Column, p.Msg))
	}
	return all
}

func utf16LE(text string) []byte {
	data := []byte{0xFF, 0xFE}
	for _, unit := range utf16.Encode([]rune(text)) {
		data = append(data, byte(unit), byte(unit>>8))
	}
	return data
}

func TestDecode(t *testing.T) {
	big := []byte{0xFE, 0xFF, 0, 'a', 0, '\n'}
	for name, c := range map[string]struct {
		data  []byte
		want  string
		wrong string
	}{
		"UTF-8":                 {data: []byte("srv01\r\nGrün\n"), want: "srv01\r\nGrün\n"},
		"UTF-8 with a mark":     {data: []byte("\xEF\xBB\xBFsrv01"), want: "srv01"},
		"UTF-16 of Notepad":     {data: utf16LE("srv01\r\nGrün😀"), want: "srv01\r\nGrün😀"},
		"UTF-16, the other way": {data: big, want: "a\n"},
		"UTF-16 cut":            {data: big[:5], wrong: "0:0: the file is UTF-16 and ends in the middle of a character"},
		"half a character":      {data: []byte{0xFF, 0xFE, 'a', 0, 0x00, 0xD8}, wrong: "1:2: half a character of UTF-16"},
		"UTF-32":                {data: []byte{0xFF, 0xFE, 0, 0, 'a', 0, 0, 0}, wrong: "0:0: the file is UTF-32"},
		"Windows-1252":          {data: []byte("srv01\nGr\xFCn"), wrong: "2:3: a byte that is not UTF-8"},
		"UTF-16 without a mark": {data: []byte("s\x00r\x00"), wrong: "1:2: a NUL byte"},
		"an escape":             {data: []byte("a\n\x1b[2J"), wrong: "2:1: a control character (U+001B)"},
		"a control of UTF-16":   {data: utf16LE("ab\x07"), wrong: "1:3: a control character (U+0007)"},
		"an old line end":       {data: []byte("a\rb"), wrong: "1:2: a line end that editors count in different ways"},
		"a line end of Unicode's": {
			data:  []byte("a\u2028b"),
			wrong: "1:2: a line end that editors count in different ways",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, wrong := Decode(c.data)
			said := ""
			if wrong != nil {
				said = told([]Problem{*wrong})[0]
			}
			if got != c.want || said != c.wrong {
				t.Errorf("got %q, %q; want %q, %q", got, said, c.want, c.wrong)
			}
		})
	}
}

func TestNames(t *testing.T) {
	hosts, problems := Names("# servers\n\n  srv01\nsrv02\t10.0.0.2  # two\nsrv03 a b\nsrv04 ansible_host=x y=z\n#end")
	want := []Host{
		{Name: "srv01", Line: 3, Column: 3},
		{Name: "srv02", Address: "10.0.0.2", Line: 4, Column: 1},
		{Name: "srv03", Address: "a", Line: 5, Column: 1},
		{Name: "srv04", Address: "ansible_host=x", Line: 6, Column: 1},
	}
	if diff := cmp.Diff(want, hosts); diff != "" {
		t.Errorf("hosts (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"5:9: more than a name and an address", "6:22: more than a name and an address"},
		told(problems)); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	if _, problems := Names(strings.Repeat("a\n", MaxHosts+1)); len(problems) != 1 || problems[0].Line != MaxHosts+1 {
		t.Errorf("too many: %v", problems)
	}
}

// table reads a table whose columns are name, ip, role and site, as far as it has them.
func table(t *testing.T, text string, delimiter rune) ([]Host, []string) {
	t.Helper()
	tab, problems := ReadTable(text, delimiter, "name")
	if tab == nil {
		return nil, told(problems)
	}
	c := Columns{Name: -1, Address: -1, Tags: -1, Vars: map[string]int{}}
	for i, name := range tab.Header {
		switch strings.ToLower(name) {
		case "name":
			c.Name = i
		case "ip":
			c.Address = i
		case "role":
			c.Tags = i
		case "site":
			c.Vars["site"] = i
		}
	}
	if c.Name < 0 {
		t.Fatalf("header %q", tab.Header)
	}
	hosts, more := tab.Hosts(c)
	return hosts, told(append(problems, more...))
}

func TestTables(t *testing.T) {
	for name, c := range map[string]struct {
		text      string
		delimiter rune
		want      []Host
		wrong     []string
	}{
		"commas": {text: "Name,IP,Role\r\nsrv01,10.0.0.1,\"web, SQL Server\"\r\n", want: []Host{
			{Name: "srv01", Address: "10.0.0.1", Groups: []string{"SQL_Server", "web"}, Line: 2, Column: 1},
		}},
		"semicolons, with more commas": {
			text: "a,b,c;name\n1,2,3;srv01\n",
			want: []Host{{Name: "srv01", Line: 2, Column: 7}},
		},
		"tabs": {text: "x\tname\n\tsrv01\n", want: []Host{{Name: "srv01", Line: 2, Column: 2}}},
		"one column": {
			text: "name\nsrv01\n\nsrv02",
			want: []Host{{Name: "srv01", Line: 2, Column: 1}, {Name: "srv02", Line: 4, Column: 1}},
		},
		"Excel's own word": {
			text: "sep=;\r\nname;ip\r\nsrv01;10.0.0.1",
			want: []Host{{Name: "srv01", Address: "10.0.0.1", Line: 3, Column: 1}},
		},
		"a delimiter that is said": {
			text: "name;ip,x\nsrv01,1", delimiter: ';',
			wrong: []string{"2:1: the line has 1 columns, and the header has 2"},
		},
		"columns count in characters": {text: "x,name\nÜß,srv01\n", want: []Host{{Name: "srv01", Line: 2, Column: 4}}},
		"lines in quotes are counted": {
			text: "x,name\n\"a\nb\",srv01\n,srv02\n",
			want: []Host{{Name: "srv01", Line: 3, Column: 4}, {Name: "srv02", Line: 4, Column: 2}},
		},
		"variables": {
			text: "name,site\na,hq\nb,\nc,{{ x }}",
			want: []Host{
				{Name: "a", Vars: map[string]string{"site": "hq"}, Line: 2, Column: 1},
				{Name: "b", Line: 3, Column: 1},
				{Name: "c", Unread: map[string]string{"site": "a template, which is not evaluated"}, Line: 4, Column: 1},
			},
		},
		"a huge variable": {
			text:  "name,site\na," + strings.Repeat("x", maxValue+1),
			want:  []Host{{Name: "a", Line: 2, Column: 1}},
			wrong: []string{"2:3: a value of more than 64 KiB"},
		},
		"lines of nothing": {
			text: "name,ip\n,\nsrv01,\n,,\n",
			want: []Host{{Name: "srv01", Line: 3, Column: 1}},
		},
		"no name": {text: "name,ip\n,10.0.0.1", wrong: []string{`2:1: the line has no "name"`}},
		"a quote in a text": {
			text:  "name\nsr\"v01\n",
			wrong: []string{`2:3: this is no CSV: bare " in non-quoted-field`},
		},
		"a quote that is open": {
			text:  "name\n\"srv01\n",
			wrong: []string{`2:7: this is no CSV: extraneous or missing " in quoted-field`},
		},
		"a column twice": {
			text:  "name,Name\na,b",
			want:  []Host{{Name: "b", Line: 2, Column: 3}},
			wrong: []string{`1:6: column "Name" is there twice, first as number 1`},
		},
		"nothing": {text: "", wrong: []string{"0:0: the table is empty"}},
		"too wide": {
			text:  "name" + strings.Repeat(",", maxColumns),
			wrong: []string{"1:1: more than 1000 columns"},
		},
		"too long": {
			text:  "name\n" + strings.Repeat("a\n", MaxHosts+1),
			wrong: []string{fmt.Sprintf("%d:1: the list has more than 50000 lines", MaxHosts+2)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			hosts, wrong := table(t, c.text, c.delimiter)
			if diff := cmp.Diff(c.want, hosts); diff != "" {
				t.Errorf("hosts (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.wrong, wrong); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

// Every inventory that Ansible itself reads in the real test is read here, too, so that
// what it says of them is held without it.
func TestInventories(t *testing.T) {
	files, err := filepath.Glob("testdata/ansible/*")
	if err != nil || len(files) < 6 {
		t.Fatal(files, err)
	}
	var b strings.Builder
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		v, problems := ReadAnsible(string(data))
		if len(problems) > 0 {
			t.Fatalf("%s: %v", file, problems)
		}
		hosts, problems := v.Hosts(func(string) bool { return true })
		fmt.Fprintf(&b, "%s %v %v\n", filepath.Base(file), v.Groups(), problems)
		for _, h := range hosts {
			fmt.Fprintf(&b, "  %d:%d %s %q %v %q %q\n", h.Line, h.Column, h.Name, h.Address, h.Groups, h.Vars, h.Unread)
		}
	}
	if strings.Contains(b.String(), "hunter2") || strings.Contains(b.String(), "abc\"") {
		t.Error("a secret is kept")
	}
	golden(t, "testdata/ansible.out", b.String())
}

func TestBadInventories(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"a vault": {
			"$ANSIBLE_VAULT;1.1;AES256\n6162", []string{"1:1: the file is encrypted by Ansible Vault"},
		},
		"a program":            {"#!/usr/bin/python3\nprint()", []string{"1:1: this is a program, and none is run"}},
		"nothing":              {"# nothing\n\n", []string{"0:0: the inventory is empty"}},
		"a section with space": {"[my group]\nsrv01", []string{"1:1: this is no section"}},
		"an unknown section":   {"[web:hosts2]\nsrv01", []string{`1:1: unknown kind of section "hosts2"`}},
		"children that are none": {
			"[a:children]\nb\n", []string{`2:1: children: "b", which is no group of the inventory`},
		},
		"variables of no group": {
			"[a:vars]\nx=1\n", []string{`1:1: variables of "a", which is no group of the inventory`},
		},
		"a circle": {
			"[a:children]\nb\n[b:children]\nc\n[c:children]\na", []string{"6:1: groups in a circle: a > b > c > a"},
		},
		"a child of itself": {"[a:children]\na", []string{"2:1: groups in a circle: a > a"}},
		"all below another": {"[a:children]\nall", []string{`2:1: groups in a circle: all > a > all`}},
		"two circles": {
			"[a:children]\nb\n[b:children]\na\n[c:children]\nd\n[d:children]\nc", []string{"4:1: groups in a circle: a > b > a", "8:1: groups in a circle: c > d > c"},
		},
		"an explosion": {
			"web[0:999999999]", []string{`1:1: host "web[0:999999999]": the range [0:999999999] stands for more than 50000 hosts`},
		},
		"an explosion by parts": {
			"w[0:999][0:999][0:999]", []string{`1:1: host "w[0:999][0:999][0:999]": it stands for more than 50000 hosts`},
		},
		"a huge number": {
			"w[0:99999999999999999999]", []string{`1:1: host "w[0:99999999999999999999]": want a range like [01:50] or [a:f], got [0:99999999999999999999]`},
		},
		"a range backwards": {"w[5:1]", []string{`1:1: host "w[5:1]": the range [5:1] ends before it begins`}},
		"no step": {
			"w[1:5:0]", []string{`1:1: host "w[1:5:0]": want a range like [01:50] or [a:f], got [1:5:0]`},
		},
		"zeros of two lengths": {
			"w[01:100]", []string{`1:1: host "w[01:100]": the range [01:100] begins with a zero: want as many digits at its end`},
		},
		"a range of words": {
			"w[ab:cd]", []string{`1:1: host "w[ab:cd]": want a range like [01:50] or [a:f], got [ab:cd]`},
		},
		"a range that is open": {"w[1:5", []string{`1:1: host "w[1:5": a [ that is never closed`}},
		"a pattern without end": {
			"w" + strings.Repeat("[0:0]", 300), []string{`1:1: host "w` + strings.Repeat("[0:0]", 15) + `[0:0…": it has more than 1000 characters`},
		},
		"a group without a host": {"web01:", nil}, // what reads it tells that nobody is in it
		"a quote":                {"web01 a='b", []string{"1:9: a quote that is never closed"}},
		"a backslash":            {`  web01 a=b\`, []string{"1:12: a backslash with nothing behind it"}},
		"no variable":            {"web01 hunter2", []string{"1:7: want a variable"}},
		"a variable for a host":  {"[web]\nansible_password=hunter2", []string{"2:1: a variable where a host is wanted"}},
		"no variable of a group": {"[web]\na\n[web:vars]\nhunter2", []string{"4:1: want a variable"}},
		"a priority that is none": {
			"[web]\na\n[web:vars]\nansible_group_priority=high", []string{`1:1: group "web": ansible_group_priority: want a number`},
		},
		"too many hosts": {
			"a[1:40000]\nb[1:40000]", []string{"2:1: the inventory has more than 50000 hosts, or more than 1000000 variables of hosts"},
		},
		"too many variables": {
			"a[1:50000] " + strings.Repeat("v=1 ", 1) + vars(30), []string{"1:1: the inventory has more than 50000 hosts, or more than 1000000 variables of hosts"},
		},
		"YAML that is none": {
			"all:\n  hosts: [\n", []string{"2:1: this is not YAML: did not find expected node content"},
		},
		"a list": {"---\n- web01", []string{"2:1: the inventory: want a mapping (name: …)"}},
		"a plugin": {
			"plugin: azure_rm", []string{"1:1: this configures a plugin of Ansible, and none is run"},
		},
		"what Ansible prints": {
			`{"_meta": {"hostvars": {}}, "all": {"children": ["a"]}}`, []string{"1:2: this is what ansible-inventory prints as JSON"},
		},
		"two documents": {"all:\n---\nall:\n", []string{"2:1: a second YAML document"}},
		"a host twice": {
			"all:\n  hosts:\n    a:\n    b:\n    a: {x: 1}", []string{`5:5: group "all": hosts: the key "a" is there twice, first in line 3`},
		},
		"a typing error":  {"all:\n  host: {a: }", []string{`2:3: group "all": unknown key "host"`}},
		"a host of text":  {"all:\n  hosts: {a: hunter2}", []string{`2:14: host "a": want a mapping (name: …)`}},
		"a group of text": {"all: web01", []string{`1:6: group "all": want a mapping (name: …)`}},
		"hosts of a list": {
			"all:\n  hosts: [a, b]", []string{`2:10: group "all": hosts: want a mapping (name: …)`},
		},
		"an alias in itself":   {"all: &a\n  children: {b: *a}", []string{`1:6: group "b": nested too deeply`}},
		"aliases that explode": {bomb(), []string{"1:21: the inventory comes to more than 2000000 values"}},
		"a circle in YAML": {
			"a:\n  children: {b: {children: {a: }}}", []string{"2:29: groups in a circle: a > b > a"},
		},
		"a range in YAML": {
			"all:\n  hosts: {'a[0:999999]': }", []string{`2:11: host "a[0:999999]": the range [0:999999] stands for more than 50000 hosts`},
		},
		"a huge value in YAML": {
			"all:\n  hosts: {a: {x: " + strings.Repeat("y", maxValue+1) + "}}", []string{"2:18: a value of more than 64 KiB"},
		},
		"all problems at once": {
			"[web]\na[2:1]\nb 'c\n[d:children]\ne", []string{`2:1: host "a[2:1]": the range [2:1] ends before it begins`, "3:3: a quote that is never closed", `5:1: children: "e", which is no group of the inventory`},
		},
		"a chain of many thousand": {chain(50_000), nil},
	} {
		t.Run(name, func(t *testing.T) {
			_, problems := ReadAnsible(c.text)
			if diff := cmp.Diff(c.want, told(problems)); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			for _, p := range problems {
				if strings.Contains(p.Msg+p.Hint, "hunter2") {
					t.Errorf("a secret shows: %v", p)
				}
			}
		})
	}
}

func vars(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "v%d=1 ", i)
	}
	return b.String()
}

// bomb nests aliases ten deep, each for ten of the next.
func bomb() string {
	var b strings.Builder
	b.WriteString("x0: &x0 {hosts: {h: }}\n")
	for i := range 10 {
		fmt.Fprintf(&b, "x%d: &x%d {children: {", i+1, i+1)
		for k := range 10 {
			fmt.Fprintf(&b, "g%d_%d: *x%d, ", i, k, i)
		}
		b.WriteString("}}\n")
	}
	b.WriteString("all: {children: {one: *x10, two: *x10}}\n")
	return b.String()
}

// chain has each group below the one before, with a host in each.
func chain(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "[g%d:children]\ng%d\n", i, i+1)
	}
	fmt.Fprintf(&b, "[g%d]\nh[1:100]\n", n)
	return b.String()
}

// Groups without end above each host are too many, and told in a moment.
func TestTooManyGroups(t *testing.T) {
	v, problems := ReadAnsible(chain(30_000))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	_, problems = v.Hosts(func(string) bool { return true })
	if len(problems) != 1 || !strings.Contains(problems[0].Msg, "more than 1000000 groups and variables") {
		t.Errorf("got %v", told(problems))
	}
}

// A value that cannot be read hides what stands below it: that does not hold.
func TestUnreadHides(t *testing.T) {
	v, problems := ReadAnsible("[web]\na site=\"{{ x }}\"\nb\nc site=here\n[web:vars]\nsite=hq\nrack={{ y }}")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	hosts, _ := v.Hosts(func(g string) bool { return g == "web" })
	rack := map[string]string{"rack": isTemplate}
	want := []Host{
		{Name: "a", Groups: []string{"web"}, Vars: map[string]string{}, Unread: map[string]string{"rack": isTemplate, "site": isTemplate}, Line: 2, Column: 1},
		{Name: "b", Groups: []string{"web"}, Vars: map[string]string{"site": "hq"}, Unread: rack, Line: 3, Column: 1},
		{Name: "c", Groups: []string{"web"}, Vars: map[string]string{"site": "here"}, Unread: rack, Line: 4, Column: 1},
	}
	if diff := cmp.Diff(want, hosts); diff != "" {
		t.Errorf("hosts (-want +got):\n%s", diff)
	}
}

func TestNamesSecret(t *testing.T) {
	for name, want := range map[string]bool{
		"db_password": true, "ADMIN_PASS": true, "api_token": true, "pwd": true, "ssh_private_key": true, "vaultSecret": true,
		"site": false, "bypass_check": false, "passive": false, "compass": false, "rack": false, "registry_key": false,
	} {
		if NamesSecret(name) != want {
			t.Errorf("%s: want %t", name, want)
		}
	}
}
