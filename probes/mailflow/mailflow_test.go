package mailflow_test

import (
	"context"
	"errors"
	"maps"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/imap"
	"postpatch/probes/lab/mailtest"
	"postpatch/probes/mailflow"
	"postpatch/probes/probetest"
)

func args(more map[string]any) map[string]any {
	all := map[string]any{"limit": 2 * time.Second}
	maps.Copy(all, more)
	return all
}

// messages is how many the mailbox has.
func messages(t *testing.T, target probes.Target) string {
	t.Helper()
	readings, err := probetest.Observe(t, imap.Kind, target, map[string]any{"login": true})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range readings {
		if r.Key.Name == "messages" {
			return r.Value.String()
		}
	}
	return "none told"
}

func TestKind(t *testing.T) {
	probetest.Run(t, probetest.Suite{
		Kind: mailflow.Kind, Args: map[string]any{"limit": 100 * time.Millisecond},
		Healthy: func(t *testing.T) probes.Target {
			t.Helper()
			target, _ := mailtest.Lab(t, mailtest.Healthy)
			return target
		},
	})
}

func TestRoundTrip(t *testing.T) {
	target, _ := mailtest.Lab(t, mailtest.Healthy)
	for name, more := range map[string]map[string]any{
		"25":                         nil,
		"587 with a login":           {"port": 587, "login": true, "to": "PROBE@corp.test", "from": "other@corp.test"},
		"465, and STARTTLS for IMAP": {"port": 465, "login": true, "mailbox_port": 143},
	} {
		t.Run(name, func(t *testing.T) {
			readings, err := probetest.Observe(t, mailflow.Kind, target, args(more))
			if err != nil {
				t.Fatal(err)
			}
			want := []string{"mailbox=open", "accepted=ok", "delivery=delivered", "removed=yes"}
			if got := texts(readings); !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
			if left := messages(t, target); left != "0" {
				t.Errorf("%s messages are left", left)
			}
		})
	}
}

// texts are the readings without the item, which is empty, and the time.
func texts(readings []fact.Reading) []string {
	all := probetest.Texts(readings, "delivery_time")
	for i := range all {
		all[i] = strings.TrimSpace(all[i])
	}
	return all
}

func TestWhatBecomesOfTheMessage(t *testing.T) {
	const mailbox = "\n    os: {domain: corp.test}\n    mail: {users: {probe@corp.test: swordfish}, imap: {}"
	for name, tt := range map[string]struct {
		host string
		more map[string]any
		want []string
	}{
		"lost": {
			mailbox + ", fate: lost}\n    smtp: {}\n",
			map[string]any{"limit": 300 * time.Millisecond},
			[]string{"mailbox=open", "accepted=ok", "delivery=not delivered in 300ms"},
		},
		"bounced": {
			mailbox + ", fate: bounced}\n    smtp: {}\n", nil,
			[]string{
				"mailbox=open", "accepted=ok", "delivery=bounced", "reason=the report says smtp;554 5.2.2 mailbox full",
				"removed=yes",
			},
		},
		"short of resources": {
			mailbox + "}\n    smtp: {envelope: 452 4.3.1 Insufficient system resources}\n", nil,
			[]string{
				"mailbox=open", "accepted=452",
				"reason=452 4.3.1 Insufficient system resources (back pressure: it is short of memory or disk space)",
			},
		},
		"inactive": {
			mailbox + "}\n    smtp: {greeting: 421 4.3.2 Service not active}\n", nil,
			[]string{
				"mailbox=open", "accepted=421", "reason=421 4.3.2 Service not active (the transport service takes no mail: " +
					"its component is inactive, or it is overloaded)",
			},
		},
		"no connector": {mailbox + "}\n    smtp: {fault: refuse}\n", nil, []string{"mailbox=open", "accepted=refused"}},
		"no mailbox": {
			"\n    smtp: {}\n    mail: {imap: {greeting: '* BYE not now'}}\n", nil,
			[]string{"mailbox=declined", "reason=the server takes no session: BYE not now"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			target, _ := mailtest.Lab(t, tt.host)
			readings, err := probetest.Observe(t, mailflow.Kind, target, args(tt.more))
			if err != nil {
				t.Fatal(err)
			}
			got := slices.DeleteFunc(texts(readings), func(s string) bool { return strings.HasPrefix(s, "reason=connecting") })
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// A gateway writes into subjects, and a report of a message that it marked is no message.
func TestMarkedSubjects(t *testing.T) {
	for name, tt := range map[string]struct{ more, want string }{
		"delivered": {"", "delivery=delivered"}, "bounced": {", fate: bounced", "delivery=bounced"},
	} {
		t.Run(name, func(t *testing.T) {
			target, _ := mailtest.Lab(t, strings.Replace(mailtest.Healthy, "imap:", "mark: '[EXTERNAL] '"+tt.more+", imap:", 1))
			readings, err := probetest.Observe(t, mailflow.Kind, target, args(nil))
			got := texts(readings)
			if err != nil || !slices.Contains(got, tt.want) || !slices.Contains(got, "removed=yes") {
				t.Errorf("got %q, %v", got, err)
			}
			if left := messages(t, target); left != "0" {
				t.Errorf("%s messages are left", left)
			}
		})
	}
}

func TestWordsAreFitToBeShown(t *testing.T) {
	const mailbox = "\n    os: {domain: corp.test}\n    mail: {users: {probe@corp.test: swordfish}, imap: "
	for name, hostile := range map[string]string{
		"the mailbox":       mailbox + `{greeting: "* BYE \e[31m \u202eno\a"}}` + "\n    smtp: {}\n",
		"the mailbox later": mailbox + `{login: "NO [UNAVAILABLE] \e[31mlater\u0085"}}` + "\n    smtp: {}\n",
		"the connector":     mailbox + "{}}\n    smtp: {greeting: \"421 \\e[2J \\u0085no\\a\"}\n",
		"a later answer":    mailbox + "{}}\n    smtp: {envelope: \"452 \\e[2J \\u0085no\\a\"}\n",
	} {
		t.Run(name, func(t *testing.T) {
			target, _ := mailtest.Lab(t, hostile)
			readings, err := probetest.Observe(t, mailflow.Kind, target, args(nil))
			mailtest.Fit(t, readings, err)
			if got := strings.Join(texts(readings), "\n"); err != nil || !strings.Contains(got, "\ufffd") {
				t.Errorf("what was said is not told: %s, %v", got, err)
			}
		})
	}
}

func TestLateIsAReading(t *testing.T) {
	target, _ := mailtest.Lab(t, strings.Replace(mailtest.Healthy, "imap:", "delay: 500ms, imap:", 1))
	readings, err := probetest.Observe(t, mailflow.Kind, target, args(nil))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range readings {
		if took, is := r.Value.(fact.Duration); is && time.Duration(took) < 500*time.Millisecond {
			t.Errorf("it took %s", took)
		}
	}
	if !slices.Contains(texts(readings), "delivery=delivered") {
		t.Errorf("got %q", texts(readings))
	}
}

// sending says when it is closed: then the message has been taken, however slow that was.
type sending struct {
	net.Conn
	over func()
}

func (s sending) Close() error {
	s.over()
	return s.Conn.Close()
}

// A check that is over takes its message along, when that has come.
func TestCancelledChecksCleanUp(t *testing.T) {
	target, _ := mailtest.Lab(t, strings.Replace(mailtest.Healthy, "imap:", "delay: 350ms, imap:", 1))
	probe, err := mailflow.Kind.Build(map[string]any{"limit": time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	dial := target.Dial
	conns := 0
	target.Dial = func(c context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(c, network, address)
		if conns++; conns == 2 && err == nil { // the connector's
			conn = sending{conn, func() { time.AfterFunc(600*time.Millisecond, cancel) }} // between two looks
		}
		return conn, err
	}
	readings, err := probe.Observe(ctx, target)
	if err == nil && !slices.Contains(texts(readings), "removed=yes") {
		t.Errorf("got %q", texts(readings))
	}
	if left := messages(t, target); left != "0" {
		t.Errorf("%s messages are left: %q, %v", left, texts(readings), err)
	}
}

func TestNothingIsSent(t *testing.T) {
	for name, tt := range map[string]struct {
		user string
		mail *host.Mail
		args map[string]any
		time time.Duration
		want string
	}{
		"to somebody else":    {mailtest.User, nil, map[string]any{"to": "boss@corp.test"}, time.Minute, "the operator's test mailbox is"},
		"to no address":       {`CORP\probe`, nil, nil, time.Minute, "is no mail address"},
		"in too short a time": {mailtest.User, nil, map[string]any{"limit": time.Minute}, time.Minute, "longer timeout"},
		"another address":     {`CORP\probe`, &host.Mail{Address: "x@corp.test"}, map[string]any{"to": mailtest.User}, time.Minute, "is \"x@corp.test\""},
	} {
		t.Run(name, func(t *testing.T) {
			target, l := mailtest.Lab(t, mailtest.Healthy)
			target = mailtest.With(target, host.Credential{User: tt.user, Password: host.NewSecret("swordfish"), Mail: tt.mail})
			probe, err := mailflow.Kind.Build(args(tt.args))
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), tt.time)
			defer cancel()
			_, err = probe.Observe(ctx, target)
			if !errors.Is(err, probes.ErrNotTried) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
			if n := l.Stats("ex01.corp.test").Connections["tcp/25"]; n != 0 {
				t.Errorf("%d connections to the connector", n)
			}
		})
	}
}

func TestParameters(t *testing.T) {
	probetest.Refuses(t, mailflow.Kind, map[string]map[string]any{
		"via":   {"via": "pigeon"},
		"to":    {"to": "x\r\nBcc: y@z"},
		"from":  {"from": "X <x@y.test>"},
		"port":  {"port": 0},
		"ehlo":  {"ehlo": "a\r\nb"},
		"limit": {"limit": 2 * time.Hour},
	})
}
