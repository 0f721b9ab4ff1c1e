package auth_test

import (
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"github.com/go-krb5/krb5/keytab"
	"github.com/go-krb5/krb5/messages"
	"github.com/go-krb5/krb5/types"

	"postpatch/probes/host"
	"postpatch/probes/host/winrm/auth"
)

// cacheFile writes the format of MIT's documentation, version 4.
type cacheFile struct{ b []byte }

func (f *cacheFile) u32(n int)        { f.b = binary.BigEndian.AppendUint32(f.b, uint32(n)) }
func (f *cacheFile) u16(n int)        { f.b = binary.BigEndian.AppendUint16(f.b, uint16(n)) }
func (f *cacheFile) data(data []byte) { f.u32(len(data)); f.b = append(f.b, data...) }

func (f *cacheFile) principal(realm string, names ...string) {
	f.u32(1)
	f.u32(len(names))
	f.data([]byte(realm))
	for _, name := range names {
		f.data([]byte(name))
	}
}

func newCache(version int, user string) *cacheFile {
	f := new(cacheFile)
	f.u16(version)
	if version == 0x0504 {
		f.u16(12)
		f.u16(1) // the offset of the KDC's clock
		f.u16(8)
		f.b = append(f.b, make([]byte, 8)...)
	}
	f.principal("CORP.TEST", user)
	return f
}

// ticket adds a ticket, with addresses and authorization data that nobody wants.
func (f *cacheFile) ticket(t testing.TB, user string, end time.Time, service ...string) {
	t.Helper()
	ticket := messages.Ticket{
		TktVNO: 5, Realm: "CORP.TEST", SName: types.PrincipalName{NameType: 2, NameString: service},
		EncPart: types.EncryptedData{EType: 18, KVNO: 1, Cipher: []byte("sealed")},
	}
	b, err := ticket.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	f.entry(user, end, b, "CORP.TEST", service...)
}

func (f *cacheFile) entry(user string, end time.Time, ticket []byte, realm string, service ...string) {
	version3 := f.b[1] == 3
	f.principal("CORP.TEST", user)
	f.principal(realm, service...)
	f.u16(18)
	if version3 {
		f.u16(18)
	}
	f.data(make([]byte, 32))
	f.u32(1)
	f.u32(1)
	f.u32(int(end.Unix()))
	f.u32(0)
	f.b = append(f.b, 0, 0, 0, 0, 0)
	for range 2 {
		f.u32(1)
		f.u16(2)
		f.data([]byte{127, 0, 0, 1})
	}
	f.data(ticket)
	f.data(nil)
}

func TestReadCache(t *testing.T) {
	for _, version := range []int{0x0503, 0x0504} {
		f := newCache(version, "probe")
		f.ticket(t, "probe", time.Now().Add(time.Hour), "krbtgt", "CORP.TEST")
		f.entry("probe", time.Now(), []byte("yes"), "X-CACHECONF:", "krb5_ccache_conf_data", "fast_avail")
		f.ticket(t, "probe", time.Now().Add(time.Hour), "HTTP", "web01.corp.test")
		client, tickets, err := auth.ReadCache(string(f.b))
		if client != "probe@CORP.TEST" || tickets != 2 || err != nil {
			t.Errorf("version %#x: %s, %d tickets, %v", version, client, tickets, err)
		}
		cut := 0
		for n := range f.b {
			if _, _, err := auth.ReadCache(string(f.b[:n])); err != nil {
				cut++
			}
		}
		if whole := len(f.b) - cut; whole > 4 { // behind the header and behind each ticket it looks whole
			t.Errorf("version %#x: %d of %d files that were cut off are read", version, whole, len(f.b))
		}
	}
}

func TestCache(t *testing.T) {
	l := auth.NewLogins()
	defer l.Close()
	full, later := newCache(0x0504, "probe"), time.Now().Add(time.Hour)
	full.ticket(t, "probe", later, "HTTP", "web01.corp.test")
	old := newCache(0x0504, "probe")
	old.ticket(t, "probe", time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), "krbtgt", "CORP.TEST")
	mixed := newCache(0x0504, "probe")
	mixed.ticket(t, "other", later, "HTTP", "web01.corp.test")
	for name, test := range map[string]struct {
		user string
		file *cacheFile
		want string
	}{
		"the service's own":  {"", full, ""},
		"by a user":          {"probe@corp.test", full, ""},
		"by a domain":        {`CORP\Probe`, full, ""},
		"of somebody else":   {"other@corp.test", full, `the credential cache is that of "probe@CORP.TEST" and not of "other@corp.test": write the user that it is for, or none`},
		"of another realm":   {"probe@shop.test", full, `and not of "probe@shop.test"`},
		"without any ticket": {"", newCache(0x0504, "probe"), `the credential cache of "probe@CORP.TEST" holds no ticket-granting ticket: get one with kinit`},
		"somebody's ticket":  {"", mixed, `the credential cache of "probe@CORP.TEST" holds no ticket-granting ticket`},
		"expired":            {"", old, `the ticket of "probe@CORP.TEST" in the credential cache expired at 2026-01-02T03:04:05Z: get one with kinit`},
	} {
		t.Run(name, func(t *testing.T) {
			c := host.Credential{User: test.user, CCache: host.NewSecret(string(test.file.b))}
			m, err := auth.New(auth.Options{Credential: c, Krb5Conf: conf("127.0.0.1:1"), Logins: l})
			if err == nil {
				_, _, err = m.New(t.Context(), auth.Peer{Host: "web01.corp.test"})
			}
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestKeytabOfAnother(t *testing.T) {
	keys := keytab.New()
	for _, name := range []string{"a", "b", "c", "d"} {
		if err := keys.AddEntry(name, "CORP.TEST", "pw", time.Now(), 1, 18); err != nil {
			t.Fatal(err)
		}
	}
	if err := keys.AddEntry("weak", "CORP.TEST", "pw", time.Now(), 1, 23); err != nil {
		t.Fatal(err)
	}
	b, err := keys.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	for _, user := range []string{"probe", "weak"} {
		c := host.Credential{User: user + "@corp.test", Keytab: host.NewSecret(string(b))}
		_, err := auth.New(auth.Options{Credential: c})
		want := `the keytab has no AES key for "` + user + `@CORP.TEST" ` +
			`(it has keys for "a@CORP.TEST", "b@CORP.TEST", "c@CORP.TEST" and 2 more)`
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v", err)
		}
	}
}

func FuzzFiles(f *testing.F) {
	c := newCache(0x0504, "probe")
	c.ticket(f, "probe", time.Now(), "krbtgt", "CORP.TEST")
	f.Add(string(c.b))
	f.Add("\x05\x02\x00\x00\x00\x00")
	f.Add("\x05\x03\xff\xff\xff\xff\xff\xff\xff\xff")
	f.Fuzz(func(_ *testing.T, file string) {
		_, _, _ = auth.ReadCache(file) // no panic, and no more memory than the file has
		_ = auth.ReadKeytab(file)
	})
}

// TestSSPIParts holds what is done around Windows' calls, which need no Windows.
func TestSSPIParts(t *testing.T) {
	b := auth.SSPIBindings([]byte("tls-server-end-point:hash"))
	if len(b) != 32+25 || binary.LittleEndian.Uint32(b[24:]) != 25 || binary.LittleEndian.Uint32(b[28:]) != 32 ||
		string(b[32:]) != "tls-server-end-point:hash" || strings.Trim(string(b[:24]), "\x00") != "" {
		t.Errorf("bindings % x", b)
	}
	signature, sealed := auth.JoinSealed([]byte("token.."), []byte("text"), []byte("pad."), [3]uint32{5, 4, 1})
	if string(signature) != "token" || string(sealed) != "textp" {
		t.Errorf("%q %q", signature, sealed)
	}
	signature, sealed = auth.JoinSealed([]byte("token"), []byte("text"), nil, [3]uint32{9, 9, 9})
	if string(signature) != "token" || string(sealed) != "text" {
		t.Errorf("%q %q", signature, sealed)
	}
}
