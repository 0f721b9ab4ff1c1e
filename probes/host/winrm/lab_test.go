package winrm

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"

	"postpatch/probes/host"
	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/wsman"
)

// lab starts the lab's listener, which was written from the protocol and
// shares nothing with this client but the packed payload.
func lab(t *testing.T, h estate.Host) (*wsman.Server, Options) {
	t.Helper()
	server := wsman.New(func() estate.Host { return h }, nil)
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(ln)
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-ended
	})
	return server, Options{
		Host: h.Name, Address: "127.0.0.1", Port: ln.Addr().(*net.TCPAddr).Port, AllowPlain: true,
		Credential: host.Credential{User: h.WinRM.User, Password: host.NewSecret(h.WinRM.Password)},
	}
}

func labHost() estate.Host {
	return estate.Host{
		Name:  "ex01.corp.test",
		WinRM: &estate.WinRM{User: "probe", Password: "p", Plain: true},
		OS:    estate.OS{Caption: "Windows <&> Server", Build: 20348, UBR: 4294, UUID: "U-1"},
		Services: map[string]estate.Service{
			"Spooler": {State: "Running", Mode: "Auto"}, "W3SVC": {State: "Stopped", Mode: "Disabled"},
		},
	}
}

func TestAgainstTheLab(t *testing.T) {
	for name, c := range map[string]struct {
		blocked  bool
		most     int // messages
		registry bool
	}{
		"PowerShell runs":    {false, 6, true},
		"PowerShell blocked": {true, 10, false},
	} {
		t.Run(name, func(t *testing.T) {
			h := labHost()
			h.WinRM.NoPowerShell = c.blocked
			server, o := lab(t, h)
			questions := []host.Question{services(), system(), product(), build()}
			got, err := session(t, o).Ask(t.Context(), questions)
			if err != nil {
				t.Fatal(err)
			}
			states := map[string]string{}
			rows, err := got.To(services())
			for _, row := range rows {
				states[row.Get("Name").Text] = row.Get("State").Text
			}
			if err != nil || states["Spooler"] != "Running" || states["W3SVC"] != "Stopped" {
				t.Errorf("services %v, error %v", states, err)
			}
			if rows, err := got.To(system()); err != nil || len(rows) != 1 || rows[0].Get("Caption").Text != h.OS.Caption {
				t.Errorf("system %v, error %v", rows, err)
			} else if _, err := rows[0].Get("LastBootUpTime").Time(); err != nil {
				t.Errorf("boot time: %v", err)
			}
			if rows, err := got.To(product()); err != nil || len(rows) != 1 || rows[0].Get("UUID").Text != "U-1" {
				t.Errorf("product %v, error %v", rows, err)
			}
			rows, err = got.To(build())
			if c.registry && (err != nil || len(rows) != 1 || rows[0].Get("UBR").Text != "4294") {
				t.Errorf("registry %v, error %v", rows, err)
			}
			if !c.registry && !errors.Is(err, host.ErrNoPowerShell) {
				t.Errorf("registry: %v, want ErrNoPowerShell", err)
			}
			stats := server.Stats()
			if stats.Connections != 1 || stats.Requests > c.most {
				t.Errorf("%d connections and %d messages: %v", stats.Connections, stats.Requests, stats.Messages)
			}
		})
	}
}

func TestAgainstTheLabByQuery(t *testing.T) {
	server, o := lab(t, labHost())
	bad := host.WQL{Class: "Win32_Nope", Columns: []string{"Name"}}
	where := host.WQL{Class: "Win32_Service", Columns: []string{"Name"}, Where: "Name = 'W3SVC'"}
	got, err := session(t, o).Ask(t.Context(), []host.Question{where, system(), bad})
	if err != nil {
		t.Fatal(err)
	}
	if rows, err := got.To(where); err != nil || len(rows) != 1 || rows[0].Get("Name").Text != "W3SVC" {
		t.Errorf("one service: %v, error %v", rows, err)
	}
	if _, err := got.To(bad); !isKind(err, BadQuery) {
		t.Errorf("a class that is not there: %v, want a bad query", err)
	}
	if stats := server.Stats(); stats.Connections != 1 || stats.Messages["Create"] != 0 {
		t.Errorf("%d connections, messages %v", stats.Connections, stats.Messages)
	}
	o.Credential.Password = host.NewSecret("wrong")
	if _, err := session(t, o).Ask(t.Context(), []host.Question{system()}); !isKind(err, AccessDenied) {
		t.Errorf("a wrong password: %v, want access denied", err)
	}
}

func TestTheLabsFaults(t *testing.T) {
	for fault, check := range map[estate.Fault]func(error) bool{
		estate.Silent:  func(err error) bool { return errors.Is(err, host.ErrNoAnswer) },
		estate.Garbage: func(err error) bool { return !errors.Is(err, host.ErrNoAnswer) },
		estate.Error:   func(err error) bool { return isKind(err, NotWSMan) },
		estate.Endless: func(err error) bool { return isKind(err, NotWSMan) },
		estate.Drop: func(err error) bool {
			return !errors.Is(err, host.ErrNoAnswer) && strings.HasSuffix(err.Error(), ": the host closed the connection")
		},
	} {
		t.Run(string(fault), func(t *testing.T) {
			h := labHost()
			h.WinRM.Fault = fault
			_, o := lab(t, h)
			ctx := t.Context()
			if fault == estate.Silent {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, soon)
				defer cancel()
			}
			_, err := session(t, o).Ask(ctx, []host.Question{system(), build()})
			if err == nil || !check(err) {
				t.Errorf("error %v", err)
			}
		})
	}
}
