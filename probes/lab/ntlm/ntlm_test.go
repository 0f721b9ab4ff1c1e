package ntlm_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/bodgit/ntlmssp"

	"postpatch/probes/lab/ntlm"
)

// client is a client of other people's making.
func client(t testing.TB, domain, user, password string) *ntlmssp.Client {
	t.Helper()
	c, err := ntlmssp.NewClient(ntlmssp.SetUserInfo(user, password), ntlmssp.SetDomain(domain),
		ntlmssp.SetWorkstation("RUNNER"), ntlmssp.SetVersion(&ntlmssp.Version{
			ProductMajorVersion: 10, ProductBuild: 19041, NTLMRevisionCurrent: 15,
		}))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func bindings(data string) *ntlmssp.ChannelBindings {
	if data == "" {
		return nil
	}
	return &ntlmssp.ChannelBindings{ApplicationData: []byte(data)}
}

// exchange runs a handshake; alter, if any, changes the last message.
func exchange(t testing.TB, a *ntlm.Acceptor, c *ntlmssp.Client, b *ntlmssp.ChannelBindings, alter func([]byte)) error {
	t.Helper()
	first, err := c.Authenticate(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	second, done, err := a.Accept(first)
	if err != nil || done {
		t.Fatalf("type 1: done %t, %v", done, err)
	}
	third, err := c.Authenticate(second, b)
	if err != nil {
		t.Fatal(err)
	}
	if alter != nil {
		alter(third)
	}
	out, done, err := a.Accept(third)
	if done == (err != nil) || out != nil {
		t.Errorf("type 3: out %x, done %t, %v", out, done, err)
	}
	return err
}

func account() ntlm.Config {
	return ntlm.Config{Computer: "SQL01", Domain: "corp.test", User: `CORP\probe`, Password: "Pr0be!Pässe"}
}

func TestSessionBothWays(t *testing.T) {
	a, c := ntlm.NewAcceptor(account()), client(t, "CORP", "Probe", "Pr0be!Pässe")
	if _, _, err := a.Seal(nil); err == nil {
		t.Error("seals without a session")
	}
	if err := exchange(t, a, c, nil, nil); err != nil {
		t.Fatal(err)
	}
	if a.User() != `CORP\Probe` {
		t.Errorf("got user %q", a.User())
	}
	for _, text := range []string{"one", "", strings.Repeat("long", 50_000)} {
		sealed, signature, err := c.SecuritySession().Wrap([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := a.Open(signature, sealed); err != nil || string(got) != text {
			t.Fatalf("request of %d bytes: got %d, %v", len(text), len(got), err)
		}
		signature, sealed, err = a.Seal([]byte("re: " + text))
		if err != nil || text != "" && bytes.Contains(sealed, []byte(text)) {
			t.Fatalf("sealing: %v", err)
		}
		got, err := c.SecuritySession().Unwrap(sealed, signature)
		if err != nil || string(got) != "re: "+text {
			t.Fatalf("reply of %d bytes: got %d, %v", len(text)+4, len(got), err)
		}
	}
	sealed, signature, err := c.SecuritySession().Wrap([]byte("last"))
	if err != nil {
		t.Fatal(err)
	}
	sealed[0] ^= 1
	if _, err := a.Open(signature, sealed); !errors.Is(err, ntlm.ErrSignature) {
		t.Errorf("a changed message: %v", err)
	}
	if _, err := a.Open(nil, sealed); !errors.Is(err, ntlm.ErrSignature) {
		t.Errorf("no signature: %v", err)
	}
}

func TestReplayedMessage(t *testing.T) {
	a, c := ntlm.NewAcceptor(account()), client(t, "CORP", "probe", "Pr0be!Pässe")
	if err := exchange(t, a, c, nil, nil); err != nil {
		t.Fatal(err)
	}
	sealed, signature, err := c.SecuritySession().Wrap([]byte("once"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Open(signature, sealed); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Open(signature, sealed); !errors.Is(err, ntlm.ErrSignature) {
		t.Errorf("the second time: %v", err)
	}
}

func TestWho(t *testing.T) {
	const right = "Pr0be!Pässe"
	for name, test := range map[string]struct {
		account                string // CORP\probe when empty
		domain, user, password string
		want                   error
	}{
		"as configured":                        {"", "CORP", "probe", right, nil},
		"another case":                         {"", "corp", "PROBE", right, nil},
		"the domain's DNS name":                {"", "corp.test", "probe", right, nil},
		"no domain":                            {"", "", "probe", right, nil},
		"a user principal name":                {"", "", "probe@corp.test", right, nil},
		"another domain's principal":           {"", "", "probe@other.test", right, ntlm.ErrUnknownUser},
		"another domain":                       {"", "OTHER", "probe", right, ntlm.ErrUnknownUser},
		"another user":                         {"", "CORP", "prob", right, ntlm.ErrUnknownUser},
		"wrong password":                       {"", "CORP", "probe", "pr0be!Pässe", ntlm.ErrPassword},
		"no password":                          {"", "CORP", "probe", "", ntlm.ErrPassword},
		"anonymous":                            {"", "", "", "", ntlm.ErrUnknownUser},
		"a local account":                      {"probe", "", "probe", right, nil},
		"a local account, the machine's name":  {"probe", "SQL01", "probe", right, nil},
		"a local account, an unknown domain":   {"probe", "RUNNER", "probe", right, nil},
		"a local account, the wrong password":  {"probe", "", "probe", "x", ntlm.ErrPassword},
		"a local account under another's name": {"probe", "", "admin", right, ntlm.ErrUnknownUser},
	} {
		t.Run(name, func(t *testing.T) {
			config := account()
			if test.account != "" {
				config.User = test.account
			}
			err := exchange(t, ntlm.NewAcceptor(config), client(t, test.domain, test.user, test.password), nil, nil)
			if !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}

func TestBinding(t *testing.T) {
	const ours = "tls-server-end-point:\x01\x02\x03"
	for name, test := range map[string]struct {
		policy       ntlm.BindingPolicy
		server, sent string
		want         error
	}{
		"nobody looks":      {ntlm.NoBinding, ours, "tls-server-end-point:x", nil},
		"relaxed, right":    {ntlm.RelaxedBinding, ours, ours, nil},
		"relaxed, absent":   {ntlm.RelaxedBinding, ours, "", nil},
		"relaxed, wrong":    {ntlm.RelaxedBinding, ours, "tls-server-end-point:x", ntlm.ErrBinding},
		"strict, right":     {ntlm.StrictBinding, ours, ours, nil},
		"strict, absent":    {ntlm.StrictBinding, ours, "", ntlm.ErrBinding},
		"strict, wrong":     {ntlm.StrictBinding, ours, "tls-server-end-point:x", ntlm.ErrBinding},
		"strict, no TLS":    {ntlm.StrictBinding, "", "", nil},
		"strict, TLS there": {ntlm.StrictBinding, "", ours, nil},
	} {
		t.Run(name, func(t *testing.T) {
			config := account()
			config.Policy = test.policy
			if test.server != "" {
				config.Bindings = []byte(test.server)
			}
			c := client(t, "CORP", "probe", config.Password)
			if err := exchange(t, ntlm.NewAcceptor(config), c, bindings(test.sent), nil); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}

func TestDamagedAnswers(t *testing.T) {
	put := func(at int, value uint32) func([]byte) {
		return func(m []byte) { binary.LittleEndian.PutUint32(m[at:], value) }
	}
	for name, test := range map[string]struct {
		alter func([]byte)
		want  error
	}{
		"the MIC":               {func(m []byte) { m[72] ^= 1 }, ntlm.ErrMIC},
		"the workstation":       {func(m []byte) { m[binary.LittleEndian.Uint32(m[48:])] ^= 1 }, ntlm.ErrMIC},
		"the proof":             {func(m []byte) { m[binary.LittleEndian.Uint32(m[24:])] ^= 1 }, ntlm.ErrPassword},
		"the blob's version":    {func(m []byte) { m[binary.LittleEndian.Uint32(m[24:])+16] = 9 }, ntlm.ErrMalformed},
		"the session key":       {func(m []byte) { m[binary.LittleEndian.Uint32(m[56:])] ^= 1 }, ntlm.ErrMIC},
		"a session key too few": {func(m []byte) { binary.LittleEndian.PutUint16(m[52:], 8) }, ntlm.ErrMalformed},
		"an offset too far":     {put(40, 1<<31), ntlm.ErrMalformed},
		"half a character":      {func(m []byte) { binary.LittleEndian.PutUint16(m[36:], 3) }, ntlm.ErrMalformed},
		"an NTLMv1 response":    {func(m []byte) { binary.LittleEndian.PutUint16(m[20:], 24) }, ntlm.ErrTooWeak},
		"56 bits":               {func(m []byte) { m[63] &^= 0x20 }, ntlm.ErrTooWeak},
		"no extended security":  {func(m []byte) { m[62] &^= 0x08 }, ntlm.ErrTooWeak},
	} {
		t.Run(name, func(t *testing.T) {
			err := exchange(t, ntlm.NewAcceptor(account()), client(t, "CORP", "probe", "Pr0be!Pässe"), nil, test.alter)
			if !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}

func TestOrderOfMessages(t *testing.T) {
	a, c := ntlm.NewAcceptor(account()), client(t, "CORP", "probe", "Pr0be!Pässe")
	var third []byte
	if err := exchange(t, a, c, nil, func(m []byte) { third = bytes.Clone(m); m[72] ^= 1 }); err == nil {
		t.Fatal("want an error")
	}
	if _, _, err := a.Accept(third); !errors.Is(err, ntlm.ErrMalformed) {
		t.Errorf("a second answer to one challenge: %v", err)
	}
	d := client(t, "CORP", "probe", "Pr0be!Pässe")
	if err := exchange(t, a, d, nil, func(m []byte) { third = bytes.Clone(m) }); err != nil {
		t.Errorf("beginning again: %v", err)
	}
	if _, _, err := a.Accept(third); !errors.Is(err, ntlm.ErrMalformed) {
		t.Errorf("the same answer again: %v", err)
	}
	if _, _, err := ntlm.NewAcceptor(account()).Accept(third); !errors.Is(err, ntlm.ErrMalformed) {
		t.Errorf("an answer without a challenge: %v", err)
	}
}

// A client like curl asks for OEM names and ends its message early.
func TestChallenge(t *testing.T) {
	a := ntlm.NewAcceptor(account())
	first := append([]byte("NTLMSSP\x00\x01\x00\x00\x00"), 0x06, 0x82, 0x08, 0x00)
	for range 2 { // the second begins anew
		out, done, err := a.Accept(first)
		if err != nil || done || !ntlm.IsMessage(out) || ntlm.IsNegotiate(out) {
			t.Fatalf("got %x, %t, %v", out, done, err)
		}
		flags := binary.LittleEndian.Uint32(out[20:])
		if flags != 0x02898206 || string(out[56:60]) != "CORP" {
			t.Errorf("got flags %#x, target %q", flags, out[56:60])
		}
		for _, name := range []string{"CORP", "SQL01", "corp.test", "sql01.corp.test"} {
			if !bytes.Contains(out, wide(name)) {
				t.Errorf("no %s in %q", name, out)
			}
		}
	}
	workgroup := account()
	workgroup.User, workgroup.Domain = "probe", ""
	out, _, err := ntlm.NewAcceptor(workgroup).Accept(first)
	if err != nil || binary.LittleEndian.Uint32(out[20:]) != 0x028a8206 || string(out[56:61]) != "SQL01" {
		t.Errorf("in a workgroup: %q, %v", out, err)
	}
}

func TestMechanismList(t *testing.T) {
	a, c := ntlm.NewAcceptor(account()), client(t, "CORP", "probe", "Pr0be!Pässe")
	if _, err := a.MIC([]byte("list")); err == nil {
		t.Error("signs without a session")
	}
	if err := a.CheckMIC([]byte("list"), nil); err == nil {
		t.Error("checks without a session")
	}
	if err := exchange(t, a, c, nil, nil); err != nil {
		t.Fatal(err)
	}
	// What the client's library calls a signature of the first message is one
	// over the sealed message too, and moves the cipher.
	if err := a.CheckMIC([]byte("list"), make([]byte, 16)); !errors.Is(err, ntlm.ErrMIC) {
		t.Errorf("a wrong signature: %v", err)
	}
	mic, err := a.MIC([]byte("list"))
	if err != nil || len(mic) != 16 || mic[0] != 1 || binary.LittleEndian.Uint32(mic[12:]) != 0 {
		t.Errorf("got %x, %v", mic, err)
	}
}

func wide(text string) []byte {
	var out []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		out = binary.LittleEndian.AppendUint16(out, unit)
	}
	return out
}

func FuzzAccept(f *testing.F) {
	c := client(f, "CORP", "probe", "Pr0be!Pässe")
	first, err := c.Authenticate(nil, nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(first)
	if err := exchange(f, ntlm.NewAcceptor(account()), c, nil, func(m []byte) { f.Add(bytes.Clone(m)) }); err != nil {
		f.Fatal(err)
	}
	f.Add([]byte{})
	f.Add([]byte("NTLMSSP\x00\x03\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, token []byte) {
		a := ntlm.NewAcceptor(account())
		if _, done, err := a.Accept(token); done {
			t.Errorf("done with one message: %v", err)
		}
		if _, _, err := a.Accept(first); err != nil {
			t.Fatal(err)
		}
		if _, done, _ := a.Accept(token); done {
			t.Error("a stranger's message is let in")
		}
	})
}
