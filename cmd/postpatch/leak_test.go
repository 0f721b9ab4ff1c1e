//go:build unix

package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"encoding/xml"
	"errors"
	"fmt"
	"html"
	"io/fs"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/klauspost/compress/zstd"
	"github.com/zalando/go-keyring"
)

// The canaries: what every form of writing would change is in them.
const (
	rightCanary = `Kanari-4711 +/&<"Ω%\`
	wrongCanary = `Zeisig-0815 +/&<"Ω%\`
)

// forms are a secret as it is and as protocols and formats would write it.
func forms(secret string) map[string]string {
	units := utf16.Encode([]rune(secret))
	var wide []byte
	for _, u := range units {
		wide = append(wide, byte(u), byte(u>>8))
	}
	var escaped bytes.Buffer
	_ = xml.EscapeText(&escaped, []byte(secret))
	inJSON, _ := json.Marshal(secret)
	all := map[string]string{
		"plain": secret, "UTF-16LE": string(wide),
		"hex": hex.EncodeToString([]byte(secret)), "UTF-16LE in hex": hex.EncodeToString(wide),
		"query": url.QueryEscape(secret), "path": url.PathEscape(secret), "HTML": html.EscapeString(secret),
		"XML": escaped.String(), "JSON": strings.Trim(string(inJSON), `"`), "Go": strings.Trim(strconv.Quote(secret), `"`),
		"ASCII":   strings.Trim(strconv.QuoteToASCII(secret), `"`),
		"decimal": strings.Trim(fmt.Sprintf("%d", []byte(secret)), "[]"),
	}
	for name, data := range map[string][]byte{"UTF-8": []byte(secret), "UTF-16LE": wide} {
		for skip := range 3 { // base64 depends on how many bytes stand before: a user and a colon
			text := base64.RawStdEncoding.EncodeToString(append(make([]byte, skip), data...))
			text = text[skip*2 : len(text)-3] // what the neighbours have a part in
			all[fmt.Sprintf("%s in base64, after %d", name, skip)] = text
			text = strings.NewReplacer("+", "-", "/", "_").Replace(text)
			all[fmt.Sprintf("%s in base64 of URLs, after %d", name, skip)] = text
		}
	}
	return all
}

// leaks lists what of the secrets is in data, in any form and any case of hex.
func leaks(where string, data []byte, secrets []string) []string {
	var found []string
	for _, secret := range secrets {
		for name, form := range forms(secret) {
			inHex := strings.Contains(name, "hex") && bytes.Contains(bytes.ToLower(data), []byte(form))
			if inHex || bytes.Contains(data, []byte(form)) {
				found = append(found, fmt.Sprintf("%s: %.12q… as %s", where, secret, name))
			}
		}
	}
	slices.Sort(found)
	return found
}

// leaksUnder looks into every file of a folder and its name; of what is packed, into what is
// in it: its bytes are as good as random, and the shortest forms have four letters.
func leaksUnder(t *testing.T, folder string, secrets []string) (found []string, files int) {
	t.Helper()
	unpack, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer unpack.Close()
	err = filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		found = append(found, leaks("the name "+path, []byte(path), secrets)...)
		if err != nil || entry.IsDir() {
			return err
		}
		files++
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if strings.HasSuffix(path, ".zst") {
			if data, err = unpack.DecodeAll(data, nil); err != nil {
				return err
			}
		}
		found = append(found, leaks(path, data, secrets)...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found, files
}

// What looks for canaries finds them, or its silence would mean nothing.
func TestTheSearchForSecretsFinds(t *testing.T) {
	folder := t.TempDir()
	pack, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	account := []byte(`LAB\probe:` + rightCanary + ` and more`)
	for name, text := range map[string]string{
		"plain": rightCanary, "a.zst": string(pack.EncodeAll([]byte(rightCanary), nil)),
		"basic": base64.StdEncoding.EncodeToString(account), "basic2": base64.StdEncoding.EncodeToString(account[1:]),
		"basic3": base64.StdEncoding.EncodeToString(account[2:]), "HEX": strings.ToUpper(hex.EncodeToString(account)),
		"url": "http://x/?" + url.Values{"p": {rightCanary}}.Encode(), "list": fmt.Sprintf("%d", account),
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		found, _ := leaksUnder(t, folder, []string{rightCanary})
		if len(found) == 0 || !strings.Contains(found[0], name) {
			t.Errorf("%s: found only %q", name, found)
		}
		if found, _ := leaksUnder(t, folder, []string{wrongCanary}); found != nil {
			t.Errorf("%s: found what is not there: %q", name, found)
		}
		if err := os.Remove(filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
}

// What is packed is looked into, and its own bytes, which spell short forms by chance, are not:
// here they do in a frame that readers skip.
func TestTheSearchForSecretsReadsWhatIsPacked(t *testing.T) {
	pack, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	var text []byte
	for i := range 500 { // or it is packed as it is
		text = fmt.Appendf(text, "web%03d has %d services\n", i, i*i)
	}
	const skipped = "\x50\x2a\x4d\x18\x04\x00\x00\x00YW5h" // "ana" in base64
	for name, c := range map[string]struct {
		packed []byte
		found  bool
	}{
		"with":    {pack.EncodeAll(fmt.Appendf(text, "Kanari"), nil), true},
		"without": {append([]byte(skipped), pack.EncodeAll(text, nil)...), false},
	} {
		folder := t.TempDir()
		if bytes.Contains(c.packed, []byte("Kanari")) {
			t.Fatalf("%s: it is not packed", name)
		}
		if err := os.WriteFile(filepath.Join(folder, "a.zst"), c.packed, 0o600); err != nil {
			t.Fatal(err)
		}
		found, _ := leaksUnder(t, folder, []string{"Kanari"})
		if (len(found) > 0) != c.found {
			t.Errorf("%s: found %q", name, found)
		}
	}
}

const canaryEstate = `estate: canary
hosts:
  web01:
    winrm: {plain: true, user: LAB\probe, password: %q}
    os: {caption: Microsoft Windows Server 2022 Standard, build: 20348, ubr: 4294, boot: 2026-11-01T02:00:00Z}
    services:
      W3SVC: {state: Running, mode: Auto, account: LocalSystem}
    sql: {user: probe, password: %q, databases: {Orders: {}}}
states:
  before: {}
  after: {web01: {services: {W3SVC: {state: Stopped}}}}
`

// TestNoSecretGetsOut takes a baseline, verifies, compares and lints with each
// place that keeps a secret: with the right one, a wrong one, and one that cannot
// be read. Then it looks for the secrets in all that has come out.
func TestNoSecretGetsOut(t *testing.T) {
	inputs := t.TempDir()
	write(t, filepath.Join(inputs, "canary.estate.yaml"), fmt.Sprintf(canaryEstate, rightCanary, rightCanary))
	l := startTestLab(t, filepath.Join(inputs, "canary.estate.yaml"))
	addresses, err := json.Marshal(l.Addresses(""))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(inputs, "lab.json"), string(addresses))
	write(t, filepath.Join(inputs, "ca.pem"), string(l.CA()))
	write(t, filepath.Join(inputs, "shop.suite.yaml"), "suite: shop\nhosts: [web01]\ntimeout: 30s\nchecks:\n"+
		"  - service: W3SVC\n  - services: {}\n  - os: {}\n  - sql: Orders\n")
	write(t, filepath.Join(inputs, "nov.plan.yaml"), "plan: nov\nreboot: allowed\nmay_change: [service.state]\n")
	for name, c := range canaries() {
		t.Run(name, func(t *testing.T) {
			out := t.TempDir()
			t.Setenv("KEEPER_SECRET", c.secret)
			keyring.MockInit()
			if c.prepare != nil {
				c.prepare(t, inputs, c.secret)
			}
			file := filepath.Join(inputs, "credentials.yaml")
			source := strings.ReplaceAll(c.source, "LOG", filepath.Join(out, "arguments"))
			forSQL := "password: {env: RIGHT}"
			if strings.HasPrefix(source, "password") {
				forSQL, source = source, source+", winrm: {allow_plain: true}"
			}
			write(t, file, "credentials:\n"+
				"  - {hosts: '*', for: winrm, user: 'LAB\\probe', "+source+"}\n"+
				"  - {hosts: '*', for: sql, user: probe, sql: {insecure: true}, "+forSQL+"}\n")
			t.Chdir(out)
			var said bytes.Buffer
			call := func(args ...string) int {
				fmt.Fprintf(&said, "\n$ %q\n", args)
				code := run(t.Context(), args, app{stdout: &said, stderr: &said, getenv: func(name string) string {
					return map[string]string{"CANARY": c.secret, "RIGHT": rightCanary}[name]
				}})
				fmt.Fprintf(&said, "exit %d\n", code)
				return code
			}
			reach := []string{
				filepath.Join(inputs, "shop.suite.yaml"), "--credentials", file,
				"--connect-to", filepath.Join(inputs, "lab.json"),
				"--ca", filepath.Join(inputs, "ca.pem"), "--progress", "plain",
			}
			plan := []string{"--plan", filepath.Join(inputs, "nov.plan.yaml")}
			for i, level := range []string{"-q", "-v", "-vv"} {
				n := strconv.Itoa(i)
				if err := l.Switch("before"); err != nil {
					t.Fatal(err)
				}
				captured := call(append([]string{
					"capture", level, "--name", "a" + n, "--junit", "a.xml", "--json", "a.jsonl",
				}, reach...)...)
				if captured != c.capture {
					t.Errorf("capture %s: exit %d, want %d", level, captured, c.capture)
				}
				if err := l.Switch("after"); err != nil {
					t.Fatal(err)
				}
				call(slices.Concat([]string{
					"verify", level, "--baseline", "a" + n, "--name", "b" + n, "--junit", "b.xml", "--json", "b.jsonl",
				}, plan, reach)...)
				call("diff", level, "a"+n, "b"+n, "--json", "c.jsonl", "--junit", "c.xml")
			}
			call(append([]string{"lint", filepath.Join(inputs, "shop.suite.yaml")}, plan[1])...)
			call("lint", file)
			call("capture", file)
			write(t, filepath.Join(out, "said"), said.String())
			secrets := []string{rightCanary, wrongCanary, "Kanari", "Zeisig"}
			if key, err := os.ReadFile(filepath.Join(inputs, "secret")); err == nil && bytes.Contains(key, []byte("BEGIN")) {
				block, _ := pem.Decode(key)
				secrets = append(secrets, string(block.Bytes), strings.Split(string(key), "\n")[2])
			}
			found, files := leaksUnder(t, out, secrets)
			if found != nil {
				t.Errorf("secrets have got out:\n%s\n%s", strings.Join(found, "\n"), said.String())
			}
			if files < 1 || c.capture != 2 && files < 10 {
				t.Errorf("only %d files to look into", files)
			}
			if !strings.Contains(said.String(), c.says) {
				t.Errorf("it says nothing of %q:\n%s", c.says, said.String())
			}
		})
	}
}

// canary is a place that keeps a secret, and what capture comes to with it.
type canary struct {
	source, secret string
	capture        int
	says           string
	prepare        func(t *testing.T, folder, secret string)
}

func canaries() map[string]canary {
	all := map[string]canary{
		"an unset variable":           {"password: {env: UNSET}", rightCanary, 2, "UNSET: it is not set", nil},
		"a file for everybody":        {"password: {file: secret}", rightCanary, 2, "chmod 600", fileFor(0o644)},
		"no file":                     {"password: {file: nowhere}", rightCanary, 2, "no such file", nil},
		"a file of two lines":         {"password: {file: secret}", rightCanary + "\n" + wrongCanary, 2, "more than one line", fileFor(0o600)},
		"a file that is no text":      {"password: {file: secret}", rightCanary + "\xff", 2, "no UTF-8", fileFor(0o600)},
		"a locked keyring":            {"password: {keyring: {service: s, user: u}}", rightCanary, 2, "no keyring to ask", lockedKeyring},
		"a keyring that has it not":   {"password: {keyring: {service: s, user: u}}", rightCanary, 2, "no such entry", nil},
		"a command that fails":        {"password: {command: [keeper, LOG, fail]}", rightCanary, 2, "exit status 3: the store is", nil},
		"a command that says nothing": {"password: {command: [keeper, LOG, silence]}", rightCanary, 2, "printed nothing", nil},
		"a command without end":       {"password: {command: [keeper, LOG, flood]}", rightCanary, 2, "more than 64 KiB", nil},
		"a command of two lines":      {"password: {command: [keeper, LOG, lines]}", rightCanary, 2, "more than one line", nil},
		"no such command":             {"password: {command: [no-such-keeper]}", rightCanary, 2, "not found", nil},
		"in the file itself":          {"password: '" + rightCanary + "'", rightCanary, 2, "cannot stand in the file itself", nil},
		"in a wrong place":            {"password: {env: '" + rightCanary + "'}", rightCanary, 2, "want a variable's name", nil},
		"as a key":                    {"password: {'" + rightCanary + "': env}", rightCanary, 2, "neither env nor file", nil},
	}
	for _, kind := range []string{"keytab", "ccache"} {
		all["a "+kind] = canary{kind + ": secret", "\x05\x02" + rightCanary, 3, "UNKN", fileFor(0o600)}
		all["a "+kind+" for everybody"] = canary{kind + ": secret", "\x05\x02" + rightCanary, 2, "chmod 600", fileFor(0o644)}
		all["a "+kind+" that is none"] = canary{kind + ": secret", rightCanary, 2, "neither PEM nor", fileFor(0o600)}
	}
	const pair = "certificate: {cert: cert.pem, key: secret}, winrm: {tls: true}"
	all["a certificate"] = canary{pair, rightCanary, 3, "UNKN", keyFor(0o600)}
	all["a certificate's key for everybody"] = canary{pair, rightCanary, 2, "chmod 600", keyFor(0o640)}
	all["a certificate's key that is none"] = canary{
		pair, rightCanary + "\n-----BEGIN PRIVATE KEY-----\nS2FuYXJp\n-----END PRIVATE KEY-----\n", 2, "with the key",
		func(t *testing.T, folder, secret string) {
			t.Helper()
			keyFor(0o600)(t, folder, "")
			fileFor(0o600)(t, folder, secret)
		},
	}
	for name, secret := range map[string]string{"right": rightCanary, "wrong": wrongCanary} {
		code, says := 0, "verify"
		if name == "wrong" {
			code, says = 1, "UNKN"
		}
		all[name+" variable"] = canary{"password: {env: CANARY}", secret, code, says, nil}
		all[name+" file"] = canary{"password: {file: secret}", secret, code, says, fileFor(0o600)}
		all[name+" keyring"] = canary{"password: {keyring: {service: s, user: u}}", secret, code, says, openKeyring}
		all[name+" command"] = canary{"password: {command: [keeper, LOG, tell]}", secret, code, says, nil}
	}
	return all
}

func fileFor(mode fs.FileMode) func(*testing.T, string, string) {
	return func(t *testing.T, folder, secret string) {
		t.Helper()
		path := filepath.Join(folder, "secret")
		_ = os.Remove(path)
		if err := os.WriteFile(path, []byte(secret), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
}

// keyFor writes a certificate, and its key with the secret above it, where no
// reader of PEM looks.
func keyFor(mode fs.FileMode) func(*testing.T, string, string) {
	return func(t *testing.T, folder, secret string) {
		t.Helper()
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		template := &x509.Certificate{SerialNumber: big.NewInt(1)}
		cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
		if err != nil {
			t.Fatal(err)
		}
		private, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(folder, "cert.pem"), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})))
		pemKey := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
		fileFor(mode)(t, folder, secret+"\n"+string(pemKey))
	}
}

func openKeyring(t *testing.T, _, secret string) {
	t.Helper()
	if err := keyring.Set("s", "u", secret); err != nil {
		t.Fatal(err)
	}
}

func lockedKeyring(*testing.T, string, string) {
	keyring.MockInitWithError(errors.New("the collection is locked"))
}
