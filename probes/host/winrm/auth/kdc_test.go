package auth_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"postpatch/probes/host"
	"postpatch/probes/host/winrm/auth"
)

// rawKDC answers each connection with raw bytes.
type rawKDC struct {
	address string
	asked   atomic.Int32
}

// startKDC is a KDC that gives the nth connection, from 1 on, what answer says:
// no word for nil, only its end for an empty answer.
func startKDC(t testing.TB, answer func(n int) []byte) *rawKDC {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	k := &rawKDC{address: listener.Addr().String()}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			reply := answer(int(k.asked.Add(1)))
			if reply == nil {
				defer func() { _ = conn.Close() }()
				continue
			}
			head := make([]byte, 4)
			_, _ = io.ReadFull(conn, head)
			_, _ = io.CopyN(io.Discard, conn, int64(binary.BigEndian.Uint32(head)))
			_, _ = conn.Write(reply)
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		<-done
	})
	return k
}

// startRaw is a KDC that gives each connection the same answer.
func startRaw(t testing.TB, answer []byte) *rawKDC {
	t.Helper()
	return startKDC(t, func(int) []byte { return answer })
}

// startScripted is a KDC that gives one answer to each connection in turn, and
// hangs up on all that come after them.
func startScripted(t testing.TB, answers ...[]byte) *rawKDC {
	t.Helper()
	return startKDC(t, func(n int) []byte {
		if n > len(answers) {
			return []byte{}
		}
		return answers[n-1]
	})
}

// framed is a reply with its length in front.
func framed(b []byte) []byte { return append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...) }

func conf(kdcs ...string) string {
	text := "[libdefaults]\n default_realm = CORP.TEST\n[realms]\n CORP.TEST = {\n"
	for _, kdc := range kdcs {
		text += "  kdc = " + kdc + "\n"
	}
	return text + " }\n"
}

func errorReply(t testing.TB, code int32) []byte {
	t.Helper()
	e := krbError(code, 0, "")
	b, err := e.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return framed(b)
}

func ask(ctx context.Context, t *testing.T, o auth.Options) (auth.Used, error) {
	t.Helper()
	m, err := auth.New(o)
	if err != nil {
		t.Fatal(err)
	}
	_, used, err := m.New(ctx, auth.Peer{Host: "web01.corp.test"})
	return used, err
}

func kerberosOptions(l *auth.Logins, kdcs ...string) auth.Options {
	return auth.Options{
		Method: "kerberos", Credential: password("probe@corp.test", "pw"), Krb5Conf: conf(kdcs...), Logins: l,
	}
}

// TestKDCReplies holds replies that no KDC sends: none of them is a refused account.
func TestKDCReplies(t *testing.T) {
	for name, test := range map[string]struct {
		reply []byte
		want  string
		is    error
	}{
		"a length of nothing": {[]byte{0, 0, 0, 0}, "a reply of 0 bytes", auth.ErrNoKDC},
		"a huge length":       {[]byte{0xff, 0xff, 0xff, 0xff}, "a reply of 4294967295 bytes", auth.ErrNoKDC},
		"less than promised":  {[]byte{0, 0, 1, 0, 0x7e}, "unexpected EOF", auth.ErrNoKDC},
		"nothing":             {[]byte{}, "EOF", auth.ErrNoKDC},
		"half an error":       {framed(errorReply(t, 6)[4:20]), "cannot be read", auth.ErrNoKDC},
		"no Kerberos":         {framed([]byte("HTTP/1.1 400 Bad Request")), "reading the KDC's reply", nil},
		"no hints":            {errorReply(t, 25), "reading what the KDC wants", nil},
		"an error":            {errorReply(t, 6), "the KDC knows no user", nil},
		"busy":                {errorReply(t, 29), `no KDC of the realm "CORP.TEST" answered`, auth.ErrNoKDC},
	} {
		t.Run(name, func(t *testing.T) {
			k := startRaw(t, test.reply)
			_, err := ask(t.Context(), t, kerberosOptions(nil, k.address))
			if err == nil || !strings.Contains(err.Error(), test.want) || errors.Is(err, auth.ErrNoKDC) != (test.is != nil) {
				t.Errorf("got %v", err)
			}
			if errors.Is(err, auth.ErrAccount) || errors.Is(err, host.ErrNoAnswer) {
				t.Errorf("wraps too much: %v", err)
			}
		})
	}
}

// TestKDCNext goes on to the next KDC after one that does not answer or is busy.
func TestKDCNext(t *testing.T) {
	busy, good := startRaw(t, errorReply(t, 29)), startRaw(t, errorReply(t, 6))
	_, err := ask(t.Context(), t, kerberosOptions(nil, "127.0.0.1:1", busy.address, good.address))
	if err == nil || !strings.Contains(err.Error(), "knows no user") || busy.asked.Load() != 1 || good.asked.Load() != 1 {
		t.Errorf("asked %d and %d: %v", busy.asked.Load(), good.asked.Load(), err)
	}
}

// TestKDCCancelled ends a wait for a mute KDC when the caller's context does.
func TestKDCCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	o := kerberosOptions(nil, startRaw(t, nil).address)
	o.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		defer cancel()
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	if _, err := ask(ctx, t, o); !errors.Is(err, context.Canceled) || errors.Is(err, auth.ErrNoKDC) ||
		!strings.Contains(err.Error(), "asking the KDC of CORP.TEST: context canceled") {
		t.Errorf("got %v", err)
	}
}

// TestKDCSilence shows that a dead KDC is waited for once, whoever asks, and
// that negotiate says why it took NTLM.
func TestKDCSilence(t *testing.T) {
	k := startRaw(t, []byte{})
	l := auth.NewLogins()
	defer l.Close()
	for _, user := range []string{"probe@corp.test", "other@corp.test"} {
		o := kerberosOptions(l, k.address)
		o.Method, o.Credential = "negotiate", password(user, "pw")
		used, err := ask(t.Context(), t, o)
		if err != nil || used.Mechanism != "NTLM" ||
			!strings.HasPrefix(used.Why, `no KDC of the realm "CORP.TEST" answered`) ||
			!strings.HasSuffix(used.Why, ", so NTLM was used") {
			t.Errorf("used %v, %v", used, err)
		}
	}
	if n := k.asked.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

// TestWrongPasswordOnce shows that a refused account is asked for once in a run,
// by however many sessions, and never by NTLM.
func TestWrongPasswordOnce(t *testing.T) {
	k := startRaw(t, errorReply(t, 24))
	l := auth.NewLogins()
	defer l.Close()
	for range 5 {
		o := kerberosOptions(l, k.address)
		o.Method = "negotiate"
		if used, err := ask(t.Context(), t, o); !errors.Is(err, auth.ErrAccount) || used.Mechanism != "" {
			t.Errorf("used %v, %v", used, err)
		}
	}
	if n := k.asked.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
	o := kerberosOptions(l, k.address)
	o.Credential = password("probe@corp.test", "another")
	if _, err := ask(t.Context(), t, o); !errors.Is(err, auth.ErrAccount) || k.asked.Load() != 2 {
		t.Errorf("another password: asked %d times, %v", k.asked.Load(), err)
	}
}

func TestKDCLookup(t *testing.T) {
	k := startRaw(t, errorReply(t, 6))
	_, port, err := net.SplitHostPort(k.address)
	if err != nil {
		t.Fatal(err)
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		records []*net.SRV
		want    string
	}{
		"a record":  {[]*net.SRV{{Target: "127.0.0.1.", Port: uint16(number)}}, "knows no user"},
		"no record": {nil, "no KDC for realm CORP.TEST was found: name one in a krb5.conf, or mend the DNS record _kerberos._tcp.corp.test (lookup _kerberos._tcp.CORP.TEST.: no such host)"},
	} {
		m, err := auth.New(auth.Options{Method: "kerberos", Credential: password("probe@corp.test", "pw")})
		if err != nil {
			t.Fatal(err)
		}
		auth.Records(m, test.records...)
		_, _, err = m.New(t.Context(), auth.Peer{Host: "web01.corp.test"})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestNegotiate goes through what is decided without asking a KDC, and why.
func TestNegotiate(t *testing.T) {
	k := startRaw(t, errorReply(t, 6))
	for name, test := range map[string]struct {
		user, conf, host string
		why              string
		asked            int32
	}{
		"a user alone":         {"probe", conf(k.address), "web01.corp.test", "the user is written without a domain, so it may be the host's own account, which NTLM proves", 0},
		"a user of the host":   {`.\probe`, conf(k.address), "web01.corp.test", "the user is written as the host's own account, which NTLM proves", 0},
		"an unknown domain":    {`OTHER\probe`, conf(k.address), "web01.corp.test", `no realm is known for the domain "OTHER", so NTLM was used`, 0},
		"an address":           {`CORP\probe`, conf(k.address), "10.0.0.1", `a host is known to Kerberos by its name and not by its address, "10.0.0.1", so NTLM was used`, 0},
		"nobody that it knows": {`CORP\probe`, conf(k.address), "web01.corp.test", `the KDC knows no user "probe@CORP.TEST", so NTLM was used`, 1},
	} {
		t.Run(name, func(t *testing.T) {
			before := k.asked.Load()
			m, err := auth.New(auth.Options{Credential: password(test.user, "pw"), Krb5Conf: test.conf})
			if err != nil {
				t.Fatal(err)
			}
			_, used, err := m.New(t.Context(), auth.Peer{Host: test.host})
			if err != nil || used != (auth.Used{Mechanism: "NTLM", Why: test.why}) {
				t.Errorf("used %v, %v", used, err)
			}
			if n := k.asked.Load() - before; n != test.asked {
				t.Errorf("asked %d times", n)
			}
		})
	}
	m, err := auth.New(auth.Options{Credential: password("probe@corp.test", "pw")})
	if err != nil {
		t.Fatal(err)
	}
	auth.Records(m)
	_, used, err := m.New(t.Context(), auth.Peer{Host: "web01.corp.test"})
	if err != nil || used.Why != "no KDC for realm CORP.TEST was found, so NTLM was used" {
		t.Errorf("used %v, %v", used, err)
	}
}

func TestNewRefuses(t *testing.T) {
	secret := host.NewSecret("secret bytes")
	for name, test := range map[string]struct {
		options auth.Options
		want    string
	}{
		"a method":        {auth.Options{Method: "basic", Credential: password("probe", "pw")}, `the method "basic" is not negotiate, kerberos or ntlm`},
		"nobody":          {auth.Options{Credential: host.Credential{}}, "write a user, and a password, a keytab or a credential cache"},
		"no secret":       {auth.Options{Credential: host.Credential{User: "probe@corp.test"}}, "holds no password, keytab or credential cache: write one (NTLM needs a password, and there is none)"},
		"no user":         {auth.Options{Method: "kerberos", Credential: password("", "pw")}, "names no user: write one"},
		"no keytab":       {auth.Options{Credential: host.Credential{User: "probe@corp.test", Keytab: secret}}, "reading the keytab: it is no keytab file, or cut off (NTLM needs a password, and there is none)"},
		"an empty keytab": {auth.Options{Credential: host.Credential{User: "probe@corp.test", Keytab: host.NewSecret("\x05\x02\x00\x00\x00\x00")}}, `the keytab has no AES key for "probe@CORP.TEST" (it is empty): write one with ktpass -crypto AES256-SHA1, or name the user that it is for`},
		"no cache":        {auth.Options{Credential: host.Credential{CCache: secret}}, "reading the credential cache: its format is 0x7365"},
		"no krb5.conf":    {auth.Options{Credential: password("probe@corp.test", "pw"), Krb5Conf: "[realms]\n }\n"}, "reading the krb5.conf"},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "nobody" && runtime.GOOS == "windows" {
				t.Skip("it is the user who is logged on")
			}
			m, err := auth.New(test.options)
			if err == nil || !strings.Contains(err.Error(), test.want) || m != nil {
				t.Errorf("got %v, %v", m, err)
			}
			if err != nil && strings.Contains(err.Error(), "secret bytes") {
				t.Errorf("shows the secret: %v", err)
			}
		})
	}
	m, err := auth.New(kerberosOptions(nil, "127.0.0.1:1"))
	if err != nil {
		t.Fatal(err)
	}
	for _, spn := range []string{"HTTP", "HTTP/", "/web01"} {
		_, _, err := m.New(t.Context(), auth.Peer{SPN: spn})
		if err == nil || !strings.Contains(err.Error(), "has not the form service/host") {
			t.Errorf("%s: %v", spn, err)
		}
	}
}

// hints are what a KDC sends with error 25: the kind, the salt and the rounds.
func hints(kind byte, salt string, rounds ...byte) string {
	entry := der(0xa0, "\x02\x01"+string([]byte{kind})) + der(0xa1, der(0x1b, salt))
	if rounds != nil {
		entry += der(0xa2, der(4, string(rounds)))
	}
	info := der(0x30, der(0x30, entry))
	return der(0x30, der(0x30, der(0xa1, "\x02\x01\x13"), der(0xa2, der(4, info))))
}

func wantsProof(t testing.TB, data string) []byte {
	t.Helper()
	e := krbError(25, 0, "")
	e.EData = []byte(data)
	b, err := e.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestKDCHints(t *testing.T) {
	for name, test := range map[string]struct{ data, want string }{
		"AES-256":        {hints(18, "CORP.TESTprobe", 0, 0, 0x10, 0), "the KDC wants a proof"},
		"AES-128":        {hints(17, "CORP.TESTprobe"), "the KDC wants a proof"},
		"RC4":            {hints(23, ""), "the KDC has no AES key"},
		"nothing":        {"\x30\x00", "the KDC has no AES key"},
		"endless rounds": {hints(18, "salt", 0xff, 0xff, 0xff, 0xff), "the KDC wants 4294967295 rounds for a key"},
		"few rounds":     {hints(18, "salt", 0, 0, 0x0f, 0xff), "the KDC wants 4095 rounds for a key, not 4096 to"},
		"few of SHA-2":   {hints(20, "salt", 0, 0, 0x10, 0), "the KDC wants 4096 rounds for a key, not 32768 to"},
		"no rounds":      {hints(18, "salt", 0, 0, 0, 0), "the KDC wants 0 rounds for a key"},
	} {
		if err := auth.LoginReply(wantsProof(t, test.data)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzKDCReply(f *testing.F) {
	f.Add(wantsProof(f, hints(18, "CORP.TESTprobe", 0, 0, 0, 1)))
	f.Add(errorReply(f, 24)[4:])
	ticket := der(0x61, der(0x30, der(0xa0, "\x02\x01\x05"), der(0xa1, der(0x1b, "CORP.TEST"))))
	realm := der(0xa3, der(0x1b, "CORP.TEST"))
	f.Add([]byte(der(0x6b, der(0x30, der(0xa0, "\x02\x01\x05"), der(0xa1, "\x02\x01\x0b"), realm, der(0xa5, ticket)))))
	f.Fuzz(func(t *testing.T, reply []byte) {
		if err := auth.LoginReply(reply); err == nil {
			t.Error("a login without the password")
		}
	})
}
