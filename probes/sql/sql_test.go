package sql

import (
	"context"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/lab/estate"
	"postpatch/probes/probetest"
)

func TestKind(t *testing.T) {
	s := serve(t, healthy(), selfSigned(t, 7))
	probetest.Run(t, probetest.Suite{
		Kind:    Kind,
		Args:    map[string]any{"database": []string{"Orders"}},
		Healthy: func(*testing.T) probes.Target { return s.target() },
	})
}

func TestHealthyInstance(t *testing.T) {
	s := serve(t, healthy(), selfSigned(t, 7))
	observed, err := build(t, map[string]any{"database": []string{"ORDERS"}}).Observe(t.Context(), s.target())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		" login": "ok", " version": "16.0.4165.4", " update": "CU16", " kb": "KB5048033",
		" edition": "Standard Edition (64-bit)", " auth_scheme": "SQL", " encryption": "TLS 1.2",
		" started": "2026-11-20T03:12:44Z", " backup_history": "read", " answers": "read", "ORDERS answer": "ok", " availability": "read",
		" level": "RTM", " resource_version": "16.00.4165", " server_name": "SQL01", " instance": "MSSQLSERVER", " node": "SQL01", " clustered": "false",
		" collation": "SQL_Latin1_General_CP1_CI_AS", " hadr": "false", " single_user": "false",
		" server_state": "read", " dumps": "0", " last_dump": "1900-01-01T00:00:00Z", " encrypted": "true",
		" sql_ports": "1433", " endpoint_ports": "", " sees": "all", " snapshots": "",
		"ORDERS state": "ONLINE", "ORDERS opened": "true", "ORDERS access": "MULTI_USER",
		"ORDERS read_only": "false", "ORDERS recovery": "FULL", "ORDERS compatibility": "160",
	}
	for service, account := range map[string]string{"": "MSSQLSERVER", " Agent": "SQLSERVERAGENT"} {
		item := "service/SQL Server" + service + " (MSSQLSERVER) "
		want[item+"service"], want[item+"service_start"] = "running", "auto"
		want[item+"service_account"], want[item+"service_started"] = `NT Service\`+account, "2026-11-20T03:12:44Z"
	}
	for name, recovery := range map[string]string{
		"Stock": "SIMPLE", "master": "SIMPLE", "model": "FULL", "msdb": "SIMPLE", "tempdb": "SIMPLE",
	} {
		want[name+" other_state"], want[name+" access"], want[name+" read_only"] = "ONLINE", "MULTI_USER", "false"
		want[name+" recovery"], want[name+" compatibility"] = recovery, "160"
	}
	for _, name := range []string{"ORDERS", "Stock", "master", "model", "msdb", "tempdb"} {
		want[name+" standby"], want[name+" auto_close"], want[name+" cdc"] = "false", "false", "false"
		want[name+" broker"] = strconv.FormatBool(name != "master" && name != "model")
		want[name+" database_collation"], want[name+" log_wait"] = "SQL_Latin1_General_CP1_CI_AS", "NOTHING"
	}
	for name, text := range map[string]string{
		"agent": "started", "agent_jobs": "read", "jobs": "0", "jobs_failing": "0", "jobs_left_out": "0",
		"integrity": "read", "suspect_pages": "has room", "checkdb_history": "read",
	} {
		want[" "+name] = text
	}
	want["tempdb bad_pages"] = ""
	for _, name := range []string{"ORDERS", "Stock", "master", "model", "msdb"} {
		want[name+" bad_pages"], want[name+" last_checkdb"] = "", "1900-01-01T00:00:00Z"
		want[name+" backup_type"] = "none"
		for _, reading := range []string{"last_backup", "last_full_backup", "last_differential_backup"} {
			want[name+" "+reading] = "1900-01-01T00:00:00Z"
		}
	}
	for _, at := range []string{"ORDERS last_log_backup", "ORDERS last_restore", "Stock last_restore"} {
		want[at] = "1900-01-01T00:00:00Z"
	}
	if diff := cmp.Diff(want, readings(observed)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if n := s.dialled.Load(); n != 1 {
		t.Errorf("dialled %d times, want once", n)
	}
}

// trouble is what an instance says, shown by the readings that differ from a
// healthy one.
type trouble struct {
	name   string
	change func(*estate.SQL)
	want   map[string]string // a part of the readings; "" for none
}

func troubles() []trouble {
	return []trouble{
		{
			name:   "a named database is not recovered",
			change: func(s *estate.SQL) { s.Databases["Orders"] = estate.Database{State: "RECOVERY_PENDING"} },
			want:   map[string]string{" login": "ok", "Orders state": "RECOVERY_PENDING", "Orders opened": "false"},
		},
		{
			name:   "another database is suspect",
			change: func(s *estate.SQL) { s.Databases["Stock"] = estate.Database{State: "SUSPECT"} },
			want:   map[string]string{"Stock other_state": "SUSPECT", "Stock state": "", "Stock opened": ""},
		},
		{
			name:   "a named database is gone",
			change: func(s *estate.SQL) { delete(s.Databases, "Orders") },
			want:   map[string]string{"Orders state": "absent", "Orders opened": "false", "Orders recovery": ""},
		},
		{
			name:   "a release without an update",
			change: func(s *estate.SQL) { s.Update, s.KB = "", "" },
			want:   map[string]string{" update": "none", " kb": "none"},
		},
		{
			name:   "the password is wrong",
			change: func(s *estate.SQL) { s.Password = "changed" },
			want:   map[string]string{" login": "failed 18456", " version": ""},
		},
		{
			name:   "update scripts run",
			change: func(s *estate.SQL) { s.LoginError = 18401 },
			want:   map[string]string{" login": "waiting 18401", " version": ""},
		},
		{
			name:   "databases are being recovered",
			change: func(s *estate.SQL) { s.LoginError = 17187 },
			want:   map[string]string{" login": "waiting 17187"},
		},
		{
			name:   "the password has expired",
			change: func(s *estate.SQL) { s.LoginError = 18487 },
			want:   map[string]string{" login": "failed 18487"},
		},
		{
			name:   "the first error is the cause",
			change: func(s *estate.SQL) { s.Databases["master"] = estate.Database{State: "OFFLINE"} },
			want:   map[string]string{" login": "failed 4060"},
		},
		{
			name:   "it must be encrypted",
			change: func(s *estate.SQL) { s.Encrypt = "required" },
			want:   map[string]string{" login": "ok", " encryption": "TLS 1.2"},
		},
	}
}

func TestTroubledInstance(t *testing.T) {
	for _, c := range troubles() {
		t.Run(c.name, func(t *testing.T) {
			s := serve(t, changed(c.change), selfSigned(t, 7))
			observed, err := build(t, map[string]any{"database": []string{"Orders"}}).Observe(t.Context(), s.target())
			if err != nil {
				t.Fatal(err)
			}
			got := readings(observed)
			for key, want := range c.want {
				if got[key] != want {
					t.Errorf("%s: got %q, want %q", key, got[key], want)
				}
			}
			if n := s.dialled.Load(); n != 1 {
				t.Errorf("dialled %d times, want once", n)
			}
		})
	}
}

func TestUnobservable(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*estate.SQL)
		args   map[string]any
		way    host.SQLWay
		want   string
	}{
		{name: "it closes at once", change: func(s *estate.SQL) { s.Fault = "drop" }, want: `logging in to SQL Server at "sql01.corp.test:1433": it closed the connection`},
		{
			name: "it closes at once, in TDS 8", change: func(s *estate.SQL) { s.Fault = "drop" },
			way: host.SQLWay{Encrypt: "strict"}, want: ": it closed the connection",
		},
		{name: "it answers nonsense", change: func(s *estate.SQL) { s.Fault = "garbage" }, want: "it does not speak SQL Server's protocol: invalid packet size"},
		{name: "it has no memory left", change: func(s *estate.SQL) { s.Fault = "error" }, want: "insufficient"},
		{name: "it cannot encrypt", change: func(s *estate.SQL) { s.Encrypt = "none" }, want: "does not support encryption"},
		{
			name: "it must encrypt and may not", change: func(s *estate.SQL) { s.Encrypt = "required" },
			way: host.SQLWay{Encrypt: "disable"}, want: "it closed the connection",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := serve(t, changed(c.change), selfSigned(t, 7))
			if c.way.Encrypt != "strict" {
				c.way.Insecure = true
			}
			observed, err := build(t, c.args).Observe(t.Context(), s.by(c.way))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v and %v, want an error with %q", observed, err, c.want)
			}
			if errors.Is(err, probes.ErrNoAnswer) {
				t.Errorf("%v: but something answered", err)
			}
			if n := s.dialled.Load(); n != 1 {
				t.Errorf("dialled %d times, want once", n)
			}
		})
	}
}

func TestDeadlineHolds(t *testing.T) {
	for name, h := range map[string]estate.Host{
		"silent":  changed(func(s *estate.SQL) { s.Fault = "silent" }),
		"endless": changed(func(s *estate.SQL) { s.Fault = "endless" }),
		"slow":    {SQL: healthy().SQL, Think: time.Hour},
		"tiny":    changed(func(s *estate.SQL) { s.Fault = estate.TinyPackets }),
	} {
		for _, encrypt := range []string{"true", "strict", "false", "disable"} {
			t.Run(name+" with encrypt "+encrypt, func(t *testing.T) {
				cert := selfSigned(t, 7)
				s := serve(t, h, cert)
				ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
				defer cancel()
				_, err := build(t, nil).Observe(ctx, s.by(host.SQLWay{Encrypt: encrypt, Pin: pinOf(cert)}))
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v, want the deadline", err)
				}
				if errors.Is(err, probes.ErrNoAnswer) {
					t.Errorf("%v: but it accepted the connection", err)
				}
				if err == nil || !strings.HasSuffix(err.Error(), ": no answer within the check's time") {
					t.Errorf("got %v, want plain words", err)
				}
				leavesNone(t)
			})
		}
	}
}

// A server can come to a stop at any point: here at its first look at the host,
// its second and so on, until it gets through. In a bubble it gets as far each time.
func TestDeadlineHoldsWhereverTheServerStops(t *testing.T) {
	p, through := build(t, nil), false
	for stop := int32(1); !through && stop < 100; stop++ {
		_, err := stopping(t, p, stop)
		through = err == nil
		if err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("stopped at look %d: got %v, want the deadline", stop, err)
		}
	}
	if !through {
		t.Error("the server never got through")
	}
}

// stopping observes a server that stops at that look at the host. What goes on running
// would not let the bubble end.
func stopping(t *testing.T, p probes.Probe, stop int32) (observed []fact.Reading, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var looks atomic.Int32
		target, end := inMemoryFunc(t, func() estate.Host {
			h := healthy()
			if looks.Add(1) >= stop {
				h.Think = time.Hour
			}
			return h
		}, selfSigned(t, 7))
		defer end()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		observed, err = p.Observe(ctx, target)
	})
	return observed, err
}

func TestDoorOpensOnce(t *testing.T) {
	s := serve(t, healthy(), selfSigned(t, 7))
	d := newDoor(t.Context(), probe{params: params{Encrypt: "true"}}, s.target())
	conn, err := d.DialContext(t.Context(), "tcp", "")
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Error(err)
	}
	if conn, err := d.DialContext(t.Context(), "tcp", ""); err == nil {
		t.Errorf("got a second connection, to %s", conn.RemoteAddr())
	}
}

// Why, says limited.Write.
func TestWriteFailsLate(t *testing.T) {
	near, far := net.Pipe()
	_ = far.Close()
	l := limited{Conn: near, stop: func() bool { return true }, left: 4, farewells: farewells}
	for i := range farewells {
		if n, err := l.Write([]byte("four")); n != 4 || err != nil {
			t.Errorf("write %d: got %d and %v", i, n, err)
		}
	}
	if _, err := l.Write([]byte("four")); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("one more: %v", err)
	}
	if _, err := l.Read(make([]byte, 4)); err == nil || !errors.Is(l.fate(), io.ErrClosedPipe) {
		t.Errorf("the lost connection does not show: %v, %v", err, l.fate())
	}
}

func TestAnswerIsLimited(t *testing.T) {
	near, far := net.Pipe()
	defer func() { _, _ = near.Close(), far.Close() }()
	go func() { _, _ = far.Write([]byte("four")) }()
	l := limited{Conn: near, stop: func() bool { return true }, left: 4}
	got, err := io.ReadAll(&l)
	if string(got) != "four" || err == nil {
		t.Errorf("got %q and %v, want an error after four bytes", got, err)
	}
}

func TestNothingListens(t *testing.T) {
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{address: listener.Addr().String()}
	_ = listener.Close()
	observed, err := build(t, nil).Observe(t.Context(), s.target())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{" login": "refused"}, readings(observed)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestNoConnection(t *testing.T) {
	for name, c := range map[string]struct {
		err      error
		noAnswer bool
	}{
		"no route":       {errors.New("no route to host"), true},
		"no such name":   {&net.DNSError{Err: "no such host", Name: "sql01.corp.test", IsNotFound: true}, true},
		"never answered": {nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				target := (&server{}).target()
				target.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
					if c.err != nil {
						return nil, c.err
					}
					<-ctx.Done()
					return nil, ctx.Err()
				}
				ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
				defer cancel()
				observed, err := build(t, nil).Observe(ctx, target)
				if err == nil || len(observed) > 0 {
					t.Fatalf("got %v and %v", observed, err)
				}
				if got := errors.Is(err, probes.ErrNoAnswer); got != c.noAnswer {
					t.Errorf("%v: no answer is %t, want %t", err, got, c.noAnswer)
				}
			})
		})
	}
}

func TestInterruptedIsNotSilence(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	target := (&server{}).target()
	target.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
		cancel()
		return nil, ctx.Err()
	}
	_, err := build(t, nil).Observe(ctx, target)
	if !errors.Is(err, context.Canceled) || errors.Is(err, probes.ErrNoAnswer) {
		t.Errorf("got %v", err)
	}
}

func TestParameters(t *testing.T) {
	for name, c := range map[string]struct {
		args  map[string]any
		field string
	}{
		"a port out of range": {map[string]any{"port": 65536}, "port"},
		"an unknown word":     {map[string]any{"encrypt": "maybe"}, "encrypt"},
		"less encryption":     {map[string]any{"encrypt": "disable"}, "encrypt"},
		"the login alone":     {map[string]any{"encrypt": "false"}, "encrypt"},
		"an unknown intent":   {map[string]any{"intent": "write"}, "intent"},
		"an intent of none":   {map[string]any{"intent": "read_only"}, "intent"},
		"an empty name":       {map[string]any{"database": []string{"a", " "}}, "database"},
		"a name twice":        {map[string]any{"database": []string{"Orders", "ORDERS"}}, "database"},
	} {
		_, err := Kind.Build(c.args)
		var field *probes.FieldError
		if !errors.As(err, &field) || field.Field != c.field {
			t.Errorf("%s: got %v, want a problem of %s", name, err, c.field)
		}
	}
}

func TestAnotherAddressIsElsewhere(t *testing.T) {
	for address, want := range map[string]bool{"": false, "listener.corp.test": true} {
		p := build(t, map[string]any{"address": address})
		if got := strings.Join(p.(probes.Aimer).Aims(), "") != ""; got != want {
			t.Errorf("address %q: elsewhere is %t, want %t", address, got, want)
		}
	}
}

func TestNoCredential(t *testing.T) {
	target := (&server{}).target()
	target.Credential = func(use string) (host.Credential, error) {
		return host.Credential{}, errors.New("none for " + use)
	}
	if _, err := build(t, nil).Observe(t.Context(), target); err == nil || !strings.Contains(err.Error(), "none for sql") {
		t.Errorf("got %v", err)
	}
}

// A database that the suite names has to open, whatever the baseline was.
func TestNamedDatabasesHaveToOpen(t *testing.T) {
	spec, _ := Kind.Reading("opened")
	if spec.Expect != "true" || !spec.Rule.Holds(fact.Bool(false), fact.Bool(true)) {
		t.Errorf("opened is judged by %+v", spec)
	}
}
