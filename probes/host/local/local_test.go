package local

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/host"
	"postpatch/probes/host/packed"
)

var _ registry = hives{}

// answering is a PowerShell that gives each question a row with its place.
func answering(t *testing.T) func(context.Context, map[string]string, string) (output, error) {
	return func(_ context.Context, env map[string]string, encoded string) (output, error) {
		asked, marks, err := packed.Unpack(env, encoded)
		if err != nil {
			t.Error(err)
		}
		var answers []packed.Answer
		for _, q := range asked {
			a := packed.Answer{ID: q.ID, Rows: []host.Row{{"Asked": text(q.Collector)}}}
			if q.Collector == "iis" {
				a = packed.Answer{ID: q.ID, Error: "no\x1b way", Code: packed.Denied}
			}
			answers = append(answers, a)
		}
		line, err := packed.EncodeAnswers(marks, answers)
		if err != nil {
			t.Error(err)
		}
		return output{stdout: []byte("a profile's greeting\r\n" + line)}, nil
	}
}

func fakeSources(t *testing.T) sources {
	return sources{
		registry: hives{`HKLM\A`: {}, `HKLM\` + servicesKey: {}},
		services: func(context.Context, parts) ([]service, error) { return []service{{name: "W3SVC"}}, nil },
		query: func(_ context.Context, q host.WQL) ([]host.Row, error) {
			if q.Class == "Gone" {
				return nil, &errWMI{code: wbemInvalidClass}
			}
			return []host.Row{{"Asked": text(q.Class)}}, nil
		},
		pending: func(context.Context) ([]host.Row, error) {
			return pendingRows(nil, &errWMI{code: wbemInvalidNamespace}, true, nil), nil
		},
		powerShell: answering(t),
	}
}

func TestAsk(t *testing.T) {
	boots, iis := host.Collector{Name: "boots"}, host.Collector{Name: "iis"}
	cmdlet := host.Cmdlet{Name: "Get-X", Endpoint: "E"}
	questions := []host.Question{
		host.WQL{Class: "Win32_Service", Columns: []string{"Name"}},
		host.WQL{Class: "Win32_OperatingSystem", Columns: []string{"X"}},
		host.WQL{Class: "Gone", Columns: []string{"X"}},
		host.Collector{Name: "servicekeys"},
		host.Collector{Name: "pendingreboot"},
		host.Collector{Name: "registry", Args: map[string][]string{"key": {`HKLM\A`}}},
		boots, iis, cmdlet,
	}
	s := &Session{sources: fakeSources(t)}
	answers, err := s.Ask(t.Context(), questions)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, q := range questions {
		rows, err := answers.To(q)
		line, _, _ := strings.Cut(q.String(), " ")
		switch {
		case errors.Is(err, host.ErrNoClass):
			line += " no class"
		case errors.Is(err, host.ErrDenied):
			line += " denied"
		case errors.Is(err, host.ErrNotTried):
			line += " not tried"
		case err != nil:
			line += " " + err.Error()
		default:
			line += " " + rows[0].Get("Asked").Text + rows[0].Get("Name").Text + rows[0].Get("There").Text
		}
		got = append(got, line)
	}
	want := []string{
		"root/cimv2: W3SVC", "root/cimv2: Win32_OperatingSystem", "root/cimv2: no class", "servicekeys ",
		"pendingreboot false", "registry ", "boots boots", "iis denied", "E: not tried",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("answers (-want +got):\n%s", d)
	}
	if s.How() != "on the machine itself" {
		t.Errorf("asked %q", s.How())
	}
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := s.Ask(t.Context(), questions); err == nil {
		t.Error("a closed session answers")
	}
}

// Exchange's commands go by its snap-in, within the script that asks all else, and only those that read.
func TestExchange(t *testing.T) {
	status := host.Cmdlet{
		Name: "Get-Queue", Endpoint: "Microsoft.Exchange", Properties: []string{"Status"},
		Params: map[string][]string{"Server": {host.Self}},
	}
	change := host.Cmdlet{Name: "Set-Queue", Endpoint: "Microsoft.Exchange", Properties: []string{"Status"}}
	row := func(index, stream, said string) host.Row {
		return host.Row{"Index": text(index), "Stream": text(stream), "Text": text(said)}
	}
	const ready = `<Obj RefId="0"><MS><S N="Status">Ready</S></MS></Obj>`
	for name, c := range map[string]struct {
		rows []host.Row
		want string
	}{
		"an Exchange server": {[]host.Row{row("", "loaded", ""), row("0", "output", ready), row("0", "done", "")}, "Ready"},
		"another":            {[]host.Row{row("", "absent", "")}, "no snap-in of Exchange is registered on the host, and the machine itself is asked"},
	} {
		t.Run(name, func(t *testing.T) {
			from := fakeSources(t)
			from.powerShell = func(_ context.Context, env map[string]string, encoded string) (output, error) {
				asked, marks, err := packed.Unpack(env, encoded)
				if err != nil || len(asked) != 1 || asked[0].Collector != "snapin" {
					t.Fatalf("asked %v, %v", asked, err)
				}
				if d := cmp.Diff([]string{"S srv01.corp.test"}, asked[0].Arg("0 -Server")); d != "" {
					t.Errorf("the server (-want +got):\n%s", d)
				}
				line, err := packed.EncodeAnswers(marks, []packed.Answer{{ID: asked[0].ID, Rows: c.rows}})
				return output{stdout: []byte(line)}, err
			}
			s := &Session{host: "srv01.corp.test", sources: from}
			answers, err := s.Ask(t.Context(), []host.Question{status, change})
			if err != nil {
				t.Fatal(err)
			}
			rows, err := answers.To(status)
			got := ""
			if len(rows) == 1 {
				got = rows[0].Get("Status").Text
			}
			if err != nil {
				got = err.Error()
			}
			if !strings.HasSuffix(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if _, err := answers.To(change); err == nil || !strings.Contains(err.Error(), "may change something") {
				t.Errorf("Set-Queue: %v", err)
			}
		})
	}
}

func TestLongestName(t *testing.T) {
	for want, names := range map[string][]string{
		"localhost":       {"localhost"},
		"srv01":           {"localhost", "srv01"},
		"srv01.corp.test": {"localhost", "srv01", "srv01.corp.test"},
	} {
		if got := longest(names); got != want {
			t.Errorf("of %v %q", names, got)
		}
	}
}

// Without PowerShell, or where it says nothing, only its questions have no answer.
func TestNoPowerShell(t *testing.T) {
	system, boots := host.WQL{Class: "Win32_OperatingSystem", Columns: []string{"X"}}, host.Collector{Name: "boots"}
	for name, run := range map[string]func(context.Context, map[string]string, string) (output, error){
		"blocked": func(context.Context, map[string]string, string) (output, error) {
			return output{}, errors.New("blocked by group policy")
		},
		"silent": func(context.Context, map[string]string, string) (output, error) { return output{}, nil },
		"broken": func(context.Context, map[string]string, string) (output, error) {
			return output{stdout: []byte("#postpatch-begin:x#"), stderr: []byte("out of memory"), code: 1}, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			from := fakeSources(t)
			from.powerShell = run
			s := &Session{sources: from}
			answers, err := s.Ask(t.Context(), []host.Question{system, boots})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := answers.To(boots); !errors.Is(err, host.ErrNoPowerShell) {
				t.Errorf("got %v", err)
			}
			if rows, err := answers.To(system); err != nil || len(rows) != 1 {
				t.Errorf("got %v, %v", rows, err)
			}
		})
	}
}

func TestAskIsOver(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	from := fakeSources(t)
	from.powerShell = func(context.Context, map[string]string, string) (output, error) {
		cancel()
		return output{}, errors.New("killed")
	}
	s := &Session{sources: from}
	if _, err := s.Ask(ctx, []host.Question{host.Collector{Name: "boots"}}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestThread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := startThread()
		defer th.stop()
		seven := func(context.Context) (int, error) { return 7, nil }
		if n, err := do(t.Context(), th, packed.LongestQuestion, seven); n != 7 || err != nil {
			t.Errorf("got %d, %v", n, err)
		}
		_, err := do(t.Context(), th, packed.LongestQuestion, func(context.Context) (int, error) { panic("odd") })
		if err == nil || !strings.Contains(err.Error(), "odd") {
			t.Errorf("a panic: %v", err)
		}
		_, err = do(t.Context(), th, packed.LongestQuestion, func(ctx context.Context) (int, error) {
			<-ctx.Done() // sees by itself that it is over
			return 0, ctx.Err()
		})
		if !errors.Is(err, context.DeadlineExceeded) || th.hangs {
			t.Errorf("slow: %v, hangs %t", err, th.hangs)
		}
		back := make(chan struct{})
		_, err = do(t.Context(), th, packed.LongestQuestion, func(context.Context) (int, error) {
			<-back
			return 0, nil
		})
		if err == nil || !th.hangs {
			t.Errorf("it hangs, and says %v", err)
		}
		if _, err := do(t.Context(), th, packed.LongestQuestion, seven); !errors.Is(err, errHangs) {
			t.Errorf("got %v", err)
		}
		close(back)
	})
}

// A caller whose time is over does not wait for what hangs.
func TestThreadIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := startThread()
		defer th.stop()
		ctx, cancel := context.WithCancel(t.Context())
		back := make(chan struct{})
		_, err := do(ctx, th, packed.LongestQuestion, func(context.Context) (int, error) {
			cancel()
			<-back
			return 0, nil
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		close(back)
	})
}

func TestPendingRows(t *testing.T) {
	told := host.Row{"ReturnValue": text("0"), "RebootPending": text("true"), "IsHardRebootPending": text("false")}
	rows := pendingRows(told, nil, false, errors.New("no such\nfolder"))
	want := []host.Row{
		{
			"Part": text("configmgr"), "There": text("true"), "ReturnValue": text("0"), "RebootPending": text("true"),
			"IsHardRebootPending": text("false"),
		},
		{"Part": text("pending_xml"), "Error": text("no such folder")},
	}
	if d := cmp.Diff(want, rows); d != "" {
		t.Errorf("rows (-want +got):\n%s", d)
	}
	rows = pendingRows(nil, &errWMI{code: wbemDenied}, false, nil)
	if rows[0].Get("Error").Text == "" {
		t.Errorf("a client that may not be asked: %v", rows[0])
	}
}

func TestAskIsOverInAQuery(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	from := fakeSources(t)
	from.query = func(context.Context, host.WQL) ([]host.Row, error) {
		cancel()
		return nil, context.Canceled
	}
	s := &Session{sources: from}
	q := host.WQL{Class: "Win32_OperatingSystem", Columns: []string{"X"}}
	if _, err := s.Ask(ctx, []host.Question{q}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
