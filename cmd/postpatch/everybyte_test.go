package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"postpatch/probes/lab"
	"postpatch/probes/lab/estate"
)

const byteEstate = `estate: shop
hosts:
  srv01:
    winrm: {http: true, user: 'SHOP\probe', password: lab}
    os: {boot: 2026-10-14T02:31:00Z}
    services: {W3SVC: {state: Running, mode: Auto, account: LocalSystem}}
`

const byteSuite = `suite: shop
hosts: [srv01]
checks:
  - service: W3SVC
`

// inProcess carries out a command line of the program in this process.
func inProcess(args ...string) (code int, stdout, stderr string) {
	var out, talk bytes.Buffer
	a := app{stdout: &out, stderr: &talk, getenv: os.Getenv, width: 100}
	code = run(context.Background(), args, a)
	return code, out.String(), talk.String()
}

// labOf starts a lab in this process, in the test's own folder.
func labOf(t *testing.T, text string) {
	t.Helper()
	t.Chdir(t.TempDir())
	write(t, "shop.estate.yaml", text)
	e, err := estate.Load("shop.estate.yaml")
	if err != nil {
		t.Fatal(err)
	}
	l, err := lab.Start(t.Context(), e, lab.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	document, err := json.Marshal(l.Addresses(""))
	if err != nil {
		t.Fatal(err)
	}
	write(t, "lab.json", string(document))
	write(t, "keys.yaml", "credentials:\n"+
		"  - {hosts: '*', user: 'SHOP\\probe', password: {env: LAB_PASSWORD}, winrm: {auth: ntlm}}\n")
	t.Setenv("LAB_PASSWORD", "lab")
}

// newSigningKey makes a private key, in PEM.
func newSigningKey(t *testing.T) []byte {
	t.Helper()
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// Whatever byte of a stored file changes, and wherever one ends: no command that reads
// it comes to a verdict, and each says what is wrong. Every byte is tried with one of
// the commands in turn.
func TestEveryByteThroughTheCommands(t *testing.T) {
	labOf(t, byteEstate)
	write(t, "shop.suite.yaml", byteSuite)
	if err := os.WriteFile("key.pem", newSigningKey(t), 0o600); err != nil {
		t.Fatal(err)
	}
	reach := []string{"--credentials", "keys.yaml", "--connect-to", "lab.json", "--progress", "never"}
	with := func(args ...string) []string { return slices.Concat(args, reach) }
	for _, args := range [][]string{
		with("capture", "shop.suite.yaml", "--name", "before", "--sign", "key.pem"),
		with("verify", "shop.suite.yaml", "--name", "after", "--baseline", "before"),
		with("capture", "shop.suite.yaml", "--name", "cut"),
	} {
		if code, out, said := inProcess(args...); code != 0 {
			t.Fatal(args, code, out, said)
		}
	}
	if err := os.Remove("evidence/cut/manifest.json"); err != nil {
		t.Fatal(err)
	}
	readers := map[string][]string{
		"verify":           with("verify", "shop.suite.yaml", "--baseline", "before"),
		"judge":            {"judge", "after", "shop.suite.yaml"},
		"judge itself":     {"judge", "before", "shop.suite.yaml"},
		"report":           {"report", "before"},
		"report in a form": {"report", "before", "--format", "tap", "--exit-code"},
		"diff":             {"diff", "before", "after"},
		"diff, as second":  {"diff", "after", "before"},
		"accept":           {"accept", "after", "shop.suite.yaml"},
		"baselines verify": {"baselines", "verify"},
		"baselines show":   {"baselines", "show", "before"},
		"show a host":      {"baselines", "show", "before", "srv01"},
	}
	for _, file := range []string{
		"manifest.json", "manifest.json.sig", "begun.json", "hosts/srv01.jsonl.zst", "results.jsonl.zst",
	} {
		everyByte(t, filepath.Join("evidence", "before", filepath.FromSlash(file)), readers)
	}
	everyByte(t, filepath.Join("evidence", "cut", "begun.json"), map[string][]string{
		"resume": with("capture", "shop.suite.yaml", "--name", "cut", "--resume"),
	})
	for name, args := range readers {
		if code, _, said := inProcess(args...); code != 0 {
			t.Errorf("undamaged, %s exits %d: %s", name, code, said)
		}
	}
}

func everyByte(t *testing.T, file string, readers map[string][]string) {
	t.Helper()
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	names := slices.Sorted(maps.Keys(readers))
	tries := 0
	try := func(bad []byte, what string) {
		name := names[tries%len(names)]
		tries++
		if err := os.WriteFile(file, bad, 0o640); err != nil {
			t.Fatal(err)
		}
		code, out, said := inProcess(readers[name]...)
		told := strings.Contains(said, "error: ") && !strings.Contains(said, "crashed")
		if code != 2 || strings.Contains(out, "VERDICT") || !told {
			t.Errorf("%s, with %s of %s: exits %d\n%s%s", name, what, file, code, out, said)
		}
	}
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= []byte{0x01, 0x20, 0x80}[i%3]
		try(bad, fmt.Sprintf("byte %d flipped", i))
		if i%16 == 0 {
			try(good[:i], fmt.Sprintf("%d bytes", i))
		}
	}
	try(append(bytes.Clone(good), '\n'), "one byte more")
	if err := os.WriteFile(file, good, 0o640); err != nil {
		t.Fatal(err)
	}
	t.Logf("%s: %d tries", file, tries)
}
