package suites

import (
	"bytes"
	"fmt"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"postpatch/probes/host"
)

// What an entry leaves open is decided by its user and its proof.
func TestHowSQLIsEntered(t *testing.T) {
	for entry, want := range map[string]string{
		`user: sa, password: {env: P}`:                                         "sql true",
		`user: 'CORP\probe', password: {env: P}`:                               "negotiate true",
		`user: probe@corp.test, password: {env: P}`:                            "negotiate true",
		`user: '.\probe', password: {env: P}`:                                  "negotiate true",
		`user: probe@corp.test, keytab: k`:                                     "negotiate true",
		`ccache: c`:                                                            "negotiate true",
		`current_user: true`:                                                   "negotiate true",
		`managed_identity: true`:                                               "entra true managed_identity",
		`workload_identity: true`:                                              "entra true workload_identity",
		`token: {command: [az, account]}`:                                      "entra true token",
		`user: probe@srv, password: {env: P}, sql: {auth: sql}`:                "sql true",
		`user: 'C\p', password: {env: P}, sql: {auth: ntlm}`:                   "ntlm true",
		`user: sa, password: {env: P}, sql: {encrypt: strict}`:                 "sql strict",
		`user: sa, password: {env: P}, sql: {encrypt: disable}`:                "sql disable",
		`for: sql, user: id, certificate: {cert: c, key: k}, sql: {tenant: t}`: "entra true",
	} {
		c, _ := credentials(t, "credentials:\n  - {hosts: '*', "+entry+"}\n", secretsOf(nil))
		s := c.SQL("sql01")
		got := s.Auth + " " + s.Encrypt
		if s.Identity != "" {
			got += " " + s.Identity
		}
		if got != want {
			t.Errorf("%s: %s, want %s", entry, got, want)
		}
	}
	if s := (*Credentials)(nil).SQL("sql01"); s.Auth != "sql" || s.Encrypt != "true" || s.Insecure {
		t.Errorf("without a file: %+v", s)
	}
}

func TestAPinIsASumOrAFile(t *testing.T) {
	sum := bytes.Repeat([]byte{0xab}, 32)
	for text, isSum := range map[string]bool{
		fmt.Sprintf("%x", sum): true, fmt.Sprintf("% X", sum): true, fmt.Sprintf("sha256:%x", sum): true,
		"certs/sql01.pem": false, "abcdef.cer": false,
	} {
		entry := "credentials:\n  - {hosts: '*', user: sa, password: {env: P}, sql: {pin: '" + text + "'}}\n"
		c, _ := credentials(t, entry, secretsOf(nil))
		s := c.SQL("sql01")
		named := filepath.Base(s.PinFile) == filepath.Base(text)
		if isSum != bytes.Equal(s.Pin, sum) || isSum != (s.PinFile == "") || !isSum && !named {
			t.Errorf("%s: %x %q", text, s.Pin, s.PinFile)
		}
	}
}

// Proofs without a password are for SQL Server, too; a client certificate is for WinRM, unless
// it is said to be Entra ID's.
func TestWhatProvesToSQL(t *testing.T) {
	c, _ := credentials(t, `credentials:
  - {hosts: "k*", user: p, keytab: p.keytab}
  - {hosts: "me*", current_user: true}
  - {hosts: "c*", certificate: {cert: c, key: k}, winrm: {tls: true}}
  - {hosts: "t*", token: {file: token.txt}}
`, secretsOf(map[string]string{"p.keytab": "\x05\x02keys", "token.txt": "ey"}))
	if got, err := c.For("k1", "sql"); err != nil || got.Keytab.Reveal() != "\x05\x02keys" || got.User != "p" {
		t.Errorf("keytab: %v, %v", got, err)
	}
	if got, err := c.For("me", "sql"); err != nil || got.User != "" || got.Password != (host.Secret{}) {
		t.Errorf("current user: %v, %v", got, err)
	}
	if got, err := c.For("t1", "sql"); err != nil || got.Token.Reveal() != "ey" {
		t.Errorf("token: %v, %v", got, err)
	}
	for _, none := range [][2]string{{"c1", "sql"}, {"t1", "winrm"}} {
		if _, err := c.For(none[0], none[1]); err == nil {
			t.Errorf("%s has an entry for %s", none[0], none[1])
		}
	}
}

// A token is not kept for ever, as a password is.
func TestATokenIsReadAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reads := 0
		read := func(SecretRef) (host.Secret, error) { reads++; return host.NewSecret("ey"), nil }
		token, password := source{ref: SecretRef{Env: "A"}, brief: true}, source{ref: SecretRef{Env: "A"}}
		for range 3 {
			for _, s := range []*source{&token, &password} {
				if _, err := s.read(read); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(tokenLife / 2)
		}
		if reads != 3 {
			t.Errorf("read %d times, want the token twice and the password once", reads)
		}
	})
}
