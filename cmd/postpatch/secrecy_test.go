package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// revealers are the functions that may see a secret's text, as "file function",
// each with its reason. What speaks to a host may have any in its room.
func revealers() map[string]string {
	return map[string]string{
		`suites/credentials_secret.go SecretRef.check`: "tells a wrong file from a password before a host does",
		`suites/credentials_secret.go proof.read`:      "tries whether a certificate and its key are a pair",
		`probes/sql/auth.go door.(open|token)`:         "logs on to SQL Server",
		`suites/credentials_ssh.go proof.readKey`:      "its certificate is no secret",
		`cmd/postpatch/entra.go entraTokens.identity`:  "tells the applications of Entra ID apart",
		`cmd/postpatch/entra.go newIdentity`:           "proves an application to Entra ID",
		`probes/host/winrm/\w+\.go [\w.]+`:             "logs on to WinRM",
		`probes/host/ssh/entering.go [\w.]+`:           "logs on by SSH, once the host has shown its key",
		`probes/exchangeclient/owa.go visit.form`:      "logs on to OWA",
		`probes/internal/webtalk/logon.go Talk.plain`:  "logs on over the web",
		`probes/lab/kerberos/account.go newEntry`:      "makes an account's keys in a lab",
		`probes/host/winrm/auth/\w+\.go [\w.]+`:        "proves an account",
		`probes/host/accounts.go Accounts.of`:          "tells two passwords of an account apart, by their hash",
		`probes/internal/kdc/key.go Key`:               "makes an account's key, which proves it to a KDC",
		`probes/internal/mailtalk/\w+.go LogOn\w+`:     "logs on to SMTP and IMAP",
		`cmd/postpatch/webhook.go [\w.]+`:              "sends a message to a channel's address",
		`probes/ldap/bind.go entering.show`:            "binds to a directory, within TLS",
		`probes/smb/ntlm.go newResponses`:              "proves an account to a file server by NTLM",
		`probes/radius/radius.go (probe|visit)\.\w+`:   "proves a client, and who logs on, to a RADIUS server",
		`probes/snmp/ask.go probe.enter`:               "proves a user, or shows a community, to an SNMP agent",
		`probes/pop3/session.go session.logIn`:         "logs on to POP3",
		`suites/inventory/directory/directory.go ask`:  "logs on to a directory",
	}
}

// secretive are the rooms in which a secret may pass.
func secretive(file string) bool {
	return whole(`(suites|suites/inventory/directory|probes/host|probes/host/.*|cmd/postpatch)/[^/]+\.go`, file)
}

// TestSecretsAreSecrets holds two rules: only who has to sees a secret's text,
// and no field in which a secret could be is of a type that prints.
func TestSecretsAreSecrets(t *testing.T) {
	used := map[string]bool{}
	root := os.DirFS("../..")
	err := fs.WalkDir(root, ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := entry.Name(); entry.IsDir() && (name == "testdata" || name != "." && strings.HasPrefix(name, ".")) {
			return fs.SkipDir
		}
		if entry.IsDir() || path.Ext(file) != ".go" || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		source, err := fs.ReadFile(root, file)
		if err != nil {
			return err
		}
		for _, function := range reveals(t, file, source) {
			allowed := ""
			for pattern := range revealers() {
				if whole(pattern, function) {
					allowed = pattern
				}
			}
			if used[allowed] = true; allowed == "" {
				t.Errorf("%s reveals a secret; has it to? Then it belongs to revealers, with a reason", function)
			}
		}
		if secretive(file) {
			for _, field := range openFields(t, file, source) {
				t.Errorf("%s: a secret there would print; make it a host.Secret", field)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for pattern := range maps.Keys(revealers()) {
		if !used[pattern] {
			t.Errorf("nothing that is like %s reveals a secret any more", pattern)
		}
	}
}

// reveals lists the functions of a file that call Reveal, or take it as a value.
func reveals(t *testing.T, path string, source []byte) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, source, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, decl := range file.Decls {
		name := "var"
		if function, ok := decl.(*ast.FuncDecl); ok {
			name = function.Name.Name
			if function.Recv != nil {
				name = strings.TrimPrefix(types.ExprString(function.Recv.List[0].Type), "*") + "." + name
			}
		}
		ast.Inspect(decl, func(node ast.Node) bool {
			if selector, ok := node.(*ast.SelectorExpr); ok && selector.Sel.Name == "Reveal" {
				found = append(found, path+" "+name)
			}
			return true
		})
	}
	return slices.Compact(found)
}

// openFields lists the fields of a file's structs that are called like a secret
// and are of a type that prints.
func openFields(t *testing.T, path string, source []byte) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, source, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	secret := regexp.MustCompile(`(?i)passw|passphrase|secret|keytab|ccache|token|private|pwd`)
	prints := regexp.MustCompile(`\b(string|byte|rune|any|interface|error)\b|Buffer|Builder`)
	var found []string
	ast.Inspect(file, func(node ast.Node) bool {
		object, ok := node.(*ast.StructType)
		if !ok {
			return true
		}
		for _, field := range object.Fields.List {
			kind := types.ExprString(field.Type)
			if function, ok := field.Type.(*ast.FuncType); ok { // only what it returns is in question
				kind = strings.TrimSuffix(results(function), " error")
			}
			if field.Tag != nil && strings.Contains(field.Tag.Value, "asn1:") {
				continue // what travels to the host in the open
			}
			for _, name := range field.Names {
				if secret.MatchString(name.Name) && prints.MatchString(kind) {
					found = append(found, path+" "+name.Name+" "+kind)
				}
			}
		}
		return true
	})
	return found
}

// results are the types that a function returns.
func results(function *ast.FuncType) string {
	var all []string
	if function.Results != nil {
		for _, result := range function.Results.List {
			all = append(all, types.ExprString(result.Type))
		}
	}
	return strings.Join(all, " ")
}

func TestSecretsAreSecretsBites(t *testing.T) {
	source := []byte(`package a
type c struct { Password string; keytab []byte; Secret host.Secret; secret bool; source source
	Token []byte ` + "`asn1:\"tag:1\"`" + `
	secrets func(Ref) (host.Secret, error); passwords map[string]string; read func() (string, error) }
func (c *c) f() { func() { print(c.Secret.Reveal()) }() }
func g() { _ = host.Secret.Reveal; d.Reveal() }
func Reveal() {}
`)
	if d := cmp.Diff([]string{"a.go c.f", "a.go g"}, reveals(t, "a.go", source)); d != "" {
		t.Errorf("who reveals (-want +got):\n%s", d)
	}
	want := []string{"a.go Password string", "a.go keytab []byte", "a.go passwords map[string]string"}
	if d := cmp.Diff(want, openFields(t, "a.go", source)); d != "" {
		t.Errorf("open fields (-want +got):\n%s", d)
	}
}
