package main

import (
	"encoding/json"
	"os"

	"github.com/rogpeppe/go-internal/testscript"

	"postpatch/suites/inventory/directory/directorytest"
)

// startDirectory starts a directory with computers, or gives the one that runs others.
// It is at example.com by way of lab.json, and its authority is in directory.ca.pem. Its
// account is CORP\probe with $LAB_PASSWORD. A name with a ! is of a disabled account.
func startDirectory(ts *testscript.TestScript, _ bool, args []string) {
	s := ts.Value(labKey{}).(*running).directory
	if s == nil {
		s = &directorytest.Server{User: `CORP\probe`, Password: ts.Getenv("LAB_PASSWORD")}
		ts.Check(directorytest.Start(s, false))
		ts.Defer(func() { _ = s.Close() })
		ts.Value(labKey{}).(*running).directory = s
		routeTo(ts, s.Addr())
		ts.Check(os.WriteFile(ts.MkAbs("directory.ca.pem"), s.Roots(), 0o644))
	}
	var all []directorytest.Computer
	for _, name := range args {
		flags := "4096"
		if name[0] == '!' {
			name, flags = name[1:], "4098"
		}
		all = append(all, directorytest.Computer{
			DN:         "CN=" + name + ",OU=Servers,DC=corp,DC=example,DC=org",
			Attributes: map[string]string{"cn": name, "dNSHostName": name, "userAccountControl": flags},
		})
	}
	s.Know(all)
}

// routeTo has lab.json lead to the directory.
func routeTo(ts *testscript.TestScript, addr string) {
	content, err := os.ReadFile(ts.MkAbs("lab.json"))
	ts.Check(err)
	var document map[string]any
	ts.Check(json.Unmarshal(content, &document))
	routes, _ := document["routes"].(map[string]any)
	routes[directorytest.Name] = map[string]any{"ports": map[string]string{"tcp/636": addr}}
	content, err = json.Marshal(document)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("lab.json"), content, 0o644))
}
