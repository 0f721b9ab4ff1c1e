package winrm

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"postpatch/probes/host"
	"postpatch/probes/host/packed"
	"postpatch/probes/host/winrm/auth"
)

// The ways to enter a host. What is proved to a connection (the first three)
// also seals messages where there is no TLS.
const (
	Negotiate   = "negotiate" // Kerberos, or NTLM where Kerberos cannot be had
	Kerberos    = "kerberos"
	NTLM        = "ntlm"
	Basic       = "basic"       // the password itself, hidden by TLS alone
	Certificate = "certificate" // a TLS client certificate, shown in TLS 1.2
)

// Options say where a session goes and as whom.
type Options struct {
	Host     string // name, for messages, the certificate, the SPN and the a:To header
	Address  string // name or IP address to dial, without a port; Host when empty
	Port     int    // 0: 5986 with TLS, 5985 without
	TLS      bool
	Insecure bool           // takes any certificate
	CA       []byte         // PEM; those of Roots when empty
	Roots    *x509.CertPool // the system's when nil
	// Auth is one of the ways above; when empty, Certificate with one, Basic with
	// AllowPlain, and else Negotiate. A host that speaks TLS 1.3 alone is not entered
	// by Certificate.
	Auth string
	SPN  string // of the host; HTTP/<Host> when empty
	// Krb5Conf is the text of a krb5.conf; without it the KDCs of the user's realm
	// are looked up in the DNS.
	Krb5Conf string
	// AllowPlain lets Basic go without TLS, with the password readable: only for
	// the lab.
	AllowPlain bool
	Credential host.Credential
	// SnapIn has Exchange's commands run by its snap-in in the one PowerShell process,
	// and not at its endpoint: Exchange's roles do not bind the account there.
	SnapIn bool
	// Logins is shared by the sessions of a run, so that an account fetches its
	// Kerberos tickets once, and is not locked by a wrong password on many hosts;
	// nil for none to share with.
	Logins *auth.Logins
	// Packer is shared by the sessions of a run likewise, so that what most hosts
	// are asked is packed once; nil for none to share with.
	Packer *packed.Packer
	// Forms is shared likewise, so that the messages that most hosts are sent are made once.
	Forms *Forms
	// Dial connects; a net.Dialer does when nil.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	path string // of the endpoint; /wsman when empty
}

// complete fills in what was left out, and refuses what cannot be.
func (o Options) complete() (Options, error) {
	o.Address = cmp.Or(o.Address, o.Host)
	if o.Host == "" || o.Port < 0 || o.Port > 65535 {
		return o, fmt.Errorf("want a host and a port, got %q and %d", o.Host, o.Port)
	}
	if o.Port == 0 {
		o.Port = map[bool]int{true: 5986, false: 5985}[o.TLS]
	}
	switch {
	case o.Auth != "":
	case o.AllowPlain && !o.TLS:
		o.Auth = Basic
	case len(o.Credential.Certificate) > 0:
		o.Auth = Certificate
	default:
		o.Auth = Negotiate
	}
	if o.Dial == nil {
		o.Dial = (&net.Dialer{}).DialContext
	}
	return o, nil
}

func newTransport(o Options) (*transport, error) {
	scheme := map[bool]string{true: "https", false: "http"}[o.TLS]
	t := &transport{
		url:  &url.URL{Scheme: scheme, Host: net.JoinHostPort(o.Host, strconv.Itoa(o.Port)), Path: cmp.Or(o.path, "/wsman")},
		dial: dialTo(o), patience: patience,
	}
	var err error
	if o.TLS {
		if t.tls, err = tlsConfig(o); err != nil {
			return nil, err
		}
	}
	t.entry, err = enter(o)
	t.entry.try = trying(o)
	t.alone = o.Logins != nil && o.Logins.Alone()
	return t, err
}

// dialTo connects to the address, whatever the name in the URL, and marks
// failures: nothing answered there.
func dialTo(o Options) func(context.Context) (net.Conn, error) {
	address := net.JoinHostPort(o.Address, strconv.Itoa(o.Port))
	return func(ctx context.Context) (net.Conn, error) {
		conn, err := o.Dial(ctx, "tcp", address)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", host.ErrNoAnswer, err)
		}
		return conn, nil
	}
}

func tlsConfig(o Options) (*tls.Config, error) {
	config := &tls.Config{
		ServerName: o.Host, InsecureSkipVerify: o.Insecure, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"},
	}
	config.RootCAs = o.Roots
	if len(o.CA) > 0 {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(o.CA) {
			return nil, errors.New("reading the CA: no certificate in PEM")
		}
	}
	if o.Auth == Certificate {
		pair, err := tls.X509KeyPair(o.Credential.Certificate, []byte(o.Credential.Key.Reveal()))
		if err != nil {
			return nil, fmt.Errorf("reading the client certificate: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
		// http.sys asks for it when it has seen the request, unless the listener's
		// binding says to negotiate it: by a second handshake in TLS 1.2, and in 1.3
		// by an authentication after the handshake, which crypto/tls does not have.
		config.Renegotiation, config.MaxVersion = tls.RenegotiateOnceAsClient, tls.VersionTLS12
	}
	return config, nil
}

// enter prepares the way into the host.
func enter(o Options) (entry, error) {
	e := entry{method: o.Auth, user: o.Credential.User, peer: auth.Peer{Host: o.Host, SPN: o.SPN}}
	switch o.Auth {
	case Basic:
		if !o.TLS && !o.AllowPlain {
			return e, errors.New("without TLS, Basic authentication would send the password readable: leave out auth: basic, " +
				"or write winrm: {auth: basic, tls: true} in the credentials file or, for a lab only, " +
				"winrm: {allow_plain: true}")
		}
		if e.user == "" || strings.Contains(e.user, ":") {
			return e, errors.New("want a user name without a colon")
		}
		pair := e.user + ":" + o.Credential.Password.Reveal()
		e.header = host.NewSecret("Basic " + base64.StdEncoding.EncodeToString([]byte(pair)))
	case Certificate:
		if !o.TLS {
			return e, errors.New("a client certificate needs TLS: write winrm: {tls: true} in the credentials file")
		}
		e.header = host.NewSecret(byCertificate)
	case Negotiate, Kerberos, NTLM:
		var err error
		e.mechanism, err = auth.New(auth.Options{
			Method: o.Auth, Credential: o.Credential, Krb5Conf: o.Krb5Conf, Dial: o.Dial, Logins: o.Logins,
		})
		return e, err
	default:
		return e, fmt.Errorf("auth: want negotiate, kerberos, ntlm, basic or certificate, got %q", o.Auth)
	}
	return e, nil
}
