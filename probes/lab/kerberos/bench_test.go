package kerberos_test

import (
	"net"
	"testing"
	"time"

	"github.com/go-krb5/krb5/client"
	"github.com/go-krb5/krb5/config"

	"postpatch/probes/host"
	"postpatch/probes/lab/kerberos"
)

const (
	realm    = "CORP.TEST"
	password = "Pr0be!Pass"
	web      = "HTTP/web1.corp.test"
)

// accounts are the people and the computers of the tests' domain.
func accounts() []kerberos.Account {
	pw := host.NewSecret(password)
	return []kerberos.Account{
		{Name: "probe", Password: pw},
		{Name: "Mixed.Case", Password: pw},
		{Name: "off", Password: pw, State: kerberos.Disabled},
		{Name: "locked", Password: pw, State: kerberos.Locked},
		{Name: "gone", Password: pw, State: kerberos.Expired},
		{Name: "old", Password: pw, State: kerberos.PasswordExpired},
		{Name: "ancient", Password: pw, EncTypes: []int32{23}},
		{Name: "small", Password: pw, EncTypes: []int32{17}},
		{Name: "WEB1$", Password: pw, SPNs: []string{web, "HOST/web2.corp.test", "WSMAN/web1"}},
		{Name: "SQL1$", Password: pw, SPNs: []string{"MSSQLSvc/sql1.corp.test:1433"}},
	}
}

// domain is a KDC that listens, and its address.
func domain(t testing.TB, options kerberos.Options) (*kerberos.KDC, string) {
	t.Helper()
	options.Realm = realm
	k, err := kerberos.NewKDC(options, accounts()...)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error)
	go func() { served <- k.Serve(ln) }()
	t.Cleanup(func() {
		if err := k.Close(); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Errorf("serving: %v", err)
		}
	})
	return k, ln.Addr().String()
}

// late is a clock that is off.
func late(by time.Duration) func() time.Time {
	return func() time.Time { return time.Now().Add(by) }
}

func settings(t testing.TB, k *kerberos.KDC, addr string) *config.Config {
	t.Helper()
	c, err := config.NewFromString(k.Config(addr))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// user is a client of the domain. Like any client of Active Directory it does
// without FAST.
func user(t testing.TB, k *kerberos.KDC, addr, name string) *client.Client {
	t.Helper()
	cl := client.NewWithPassword(name, realm, password, settings(t, k, addr), client.DisablePAFXFAST(true))
	t.Cleanup(cl.Destroy)
	return cl
}
