//go:build real

package auth_test

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"postpatch/probes/host/winrm/auth"
)

// need ends the test unless the packages of Debian are there.
func need(t testing.TB, paths ...string) {
	t.Helper()
	for _, path := range paths {
		if _, err := os.Stat(path); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
}

// acceptor is the other side of a proof, in a process of its own.
type acceptor struct {
	t   testing.TB
	in  io.Writer
	out *bufio.Reader
}

func startAcceptor(t testing.TB, env []string, command ...string) *acceptor {
	t.Helper()
	const python = "/usr/bin/python3" // Debian's own, which has python3-gssapi
	need(t, python, "/usr/lib/python3/dist-packages/gssapi")
	command = append(command, python, "testdata/acceptor.py")
	process := exec.CommandContext(t.Context(), command[0], command[1:]...)
	process.Env = append(os.Environ(), env...)
	process.Stderr = os.Stderr
	in, err := process.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = process.Wait()
	})
	return &acceptor{t, in, bufio.NewReader(out)}
}

// do sends a command and returns the word and the bytes of the answer, and the
// text behind them.
func (a *acceptor) do(command string, data []byte) (word string, answer []byte, text string) {
	a.t.Helper()
	if _, err := fmt.Fprintf(a.in, "%s %x\n", command, data); err != nil {
		a.t.Fatal(err)
	}
	line, err := a.out.ReadString('\n')
	if err != nil {
		a.t.Fatal(err)
	}
	word, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
	bytes, text, _ := strings.Cut(rest, " ")
	answer, _ = hex.DecodeString(bytes)
	return word, answer, text
}

// handshake runs the whole proof; refused is what the acceptor says against it,
// err what we do.
func (a *acceptor) handshake(c auth.Context) (refused string, err error) {
	a.t.Helper()
	token, done, err := c.Step(a.t.Context(), nil)
	for err == nil {
		word, answer, text := a.do("token", token)
		if word == "error" {
			refused = text
			if done || len(answer) == 0 {
				return refused, nil
			}
		}
		if done {
			return refused, nil
		}
		token, done, err = c.Step(a.t.Context(), answer)
		if err == nil && done && len(token) == 0 {
			return refused, nil
		}
	}
	return refused, err
}

// talk sends messages both ways.
func (a *acceptor) talk(c auth.Context) {
	a.t.Helper()
	for _, text := range []string{"<one/>", "2", strings.Repeat("Ä long message. ", 10000)} {
		signature, sealed, err := c.Seal([]byte(text))
		if err != nil || len(sealed) != len(text) || text != "" && string(sealed) == text {
			a.t.Fatalf("sealed %d bytes as %d: %v", len(text), len(sealed), err)
		}
		if word, plain, why := a.do("open", append(signature, sealed...)); word != "sealed" || string(plain) != text {
			a.t.Fatalf("the acceptor opens %.20q: %s %s", plain, word, why)
		}
		_, token, why := a.do("seal", []byte(text))
		if len(token) < 16 {
			a.t.Fatalf("the acceptor seals %.20q as %d bytes: %s", text, len(token), why)
		}
		plain, err := c.Open(token[:16], token[16:])
		if err != nil || string(plain) != text {
			a.t.Fatalf("opened %.20q: %v", plain, err)
		}
	}
}

func TestRealNTLM(t *testing.T) {
	need(t, "/etc/gss/mech.d/mech.ntlmssp.conf")
	users := filepath.Join(t.TempDir(), "users")
	if err := os.WriteFile(users, []byte("CORP:probe:Pa55 word\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := []string{"NTLM_USER_FILE=" + users, "NETBIOS_COMPUTER_NAME=WEB01", "NETBIOS_DOMAIN_NAME=CORP"}
	binding := []byte("tls-server-end-point:0123456789abcdef0123456789abcdef")
	for name, test := range map[string]struct {
		user, password string
		ours, theirs   []byte
		refused        bool
	}{
		"the right password": {user: `CORP\probe`, password: "Pa55 word"},
		"another password":   {user: `CORP\probe`, password: "pa55 word", refused: true},
		"another user":       {user: `CORP\nobody`, password: "Pa55 word", refused: true},
		"the same binding":   {user: `CORP\probe`, password: "Pa55 word", ours: binding, theirs: binding},
		"another binding":    {user: `CORP\probe`, password: "Pa55 word", ours: binding[:30], theirs: binding, refused: true},
	} {
		t.Run(name, func(t *testing.T) {
			o := auth.Options{Method: "ntlm", Credential: password(test.user, test.password)}
			c, _ := mustProve(t, o, auth.Peer{Host: "web01", Bindings: test.ours})
			a := startAcceptor(t, env)
			if test.theirs != nil {
				a.do("bindings", test.theirs)
			}
			refused, err := a.handshake(c)
			if err != nil || (refused != "") != test.refused {
				t.Fatalf("refused %q, error %v", refused, err)
			}
			if !test.refused {
				a.talk(c)
			}
		})
	}
}
