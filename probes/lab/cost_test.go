package lab_test

import (
	"context"
	"net"
	"sync/atomic"
	"testing"

	"postpatch/probes/host"
	"postpatch/probes/host/packed"
	"postpatch/probes/host/winrm"
	"postpatch/probes/host/winrm/auth"
	"postpatch/probes/lab"
	"postpatch/probes/lab/estate"
)

// counted is a connection whose bytes are counted.
type counted struct {
	net.Conn
	out, in *atomic.Int64
}

func (c counted) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.out.Add(int64(n))
	return n, err
}

func (c counted) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.in.Add(int64(n))
	return n, err
}

// BenchmarkSession asks a host with some eighty services for all of them, its
// system and a registry value, by each way in and by both plans. It reports
// SOAP messages, HTTP requests, and bytes both ways. The time is the client's
// and the lab's together; the fleet's benchmark tells them apart.
func BenchmarkSession(b *testing.B) {
	e, err := estate.Parse("bench.estate.yaml", []byte(domain))
	if err != nil {
		b.Fatal(err)
	}
	l, err := lab.Start(b.Context(), e, lab.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = l.Close() })
	services := host.WQL{Class: "Win32_Service", Columns: []string{
		"Name", "DisplayName", "State", "StartMode", "StartName", "PathName", "ExitCode", "ProcessId",
	}}
	for _, way := range []struct {
		name   string
		change func(*winrm.Options)
	}{
		{"Basic-TLS", func(o *winrm.Options) { o.Auth, o.TLS, o.Credential.User = winrm.Basic, true, `CORP\probe` }},
		{"NTLM-sealed", func(o *winrm.Options) { o.Auth = winrm.NTLM }},
		{"NTLM-TLS", func(o *winrm.Options) { o.Auth, o.TLS = winrm.NTLM, true }},
		{"Kerberos-sealed", func(o *winrm.Options) { o.Auth = winrm.Kerberos }},
		{"Kerberos-TLS", func(o *winrm.Options) { o.Auth, o.TLS = winrm.Kerberos, true }},
	} {
		for plan, questions := range map[string][]host.Question{
			"queries": {services, boot()}, "script": {services, boot(), ubr()},
		} {
			b.Run(way.name+"/"+plan, func(b *testing.B) {
				logins := auth.NewLogins()
				defer logins.Close()
				var out, in atomic.Int64
				o := winrm.Options{
					Host: "ex01.corp.test", CA: l.CA(), Krb5Conf: l.Krb5Conf(), Logins: logins, Packer: new(packed.Packer),
					Credential: host.Credential{User: "probe@corp.test", Password: host.NewSecret("pw")},
					Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
						conn, err := l.Routes().Dial(ctx, network, address)
						return counted{conn, &out, &in}, err
					},
				}
				way.change(&o)
				before := l.Stats("ex01.corp.test").WinRM
				for b.Loop() {
					askOnce(b, o, questions)
				}
				now := l.Stats("ex01.corp.test").WinRM
				messages := 0
				for verb, n := range now.Messages {
					messages += n - before.Messages[verb]
				}
				each := func(n int) float64 { return float64(n) / float64(b.N) }
				b.ReportMetric(each(messages), "messages/op")
				b.ReportMetric(each(now.Requests-before.Requests), "requests/op")
				b.ReportMetric(each(int(out.Load())), "sent-B/op")
				b.ReportMetric(each(int(in.Load())), "got-B/op")
			})
		}
	}
}

func askOnce(b *testing.B, o winrm.Options, questions []host.Question) {
	b.Helper()
	s, err := winrm.Open(b.Context(), o)
	if err != nil {
		b.Fatal(err)
	}
	got, err := s.Ask(b.Context(), questions)
	if err != nil {
		b.Fatal(err)
	}
	for _, q := range questions {
		if _, err := got.To(q); err != nil {
			b.Fatal(err)
		}
	}
	if err := s.Close(b.Context()); err != nil {
		b.Fatal(err)
	}
}
