package adcs_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/adcs"
	"postpatch/probes/host"
	"postpatch/probes/internal/changed"
	"postpatch/probes/probetest"
	"postpatch/runner/runnertest"
)

func recorded(t *testing.T, file string) host.Answers {
	t.Helper()
	return probetest.Recorded(t, "testdata/"+file, adcs.Kind, nil)
}

func TestKind(t *testing.T) {
	probetest.Run(t, probetest.Suite{Kind: adcs.Kind, Healthy: func(t *testing.T) probes.Target {
		return probes.Target{Answers: recorded(t, "issuing.json")}
	}})
}

func TestObserve(t *testing.T) {
	for file, want := range map[string]struct {
		texts []string
		err   string
	}{
		"issuing.json": {texts: []string{
			" present=true", " running=true", " ca=Corp Issuing CA", " type=enterprise subordinate", " answers=true",
			" certificate=0A1B2C3D4E5F60718293A4B5C6D7E8F901234567", " certificate_state=valid",
			" ca_expires=2031-05-01T10:00:00Z", " ca_days=1633", " publish_errors=",
			" crl_published=2026-11-09T02:00:00Z", " crl_next_update=2026-11-11T14:00:00Z", " crl_left=34h49m59s",
			" templates=DomainController, Machine, WebServer",
		}},
		"none.json": {texts: []string{" present=false"}},
		"root.json": {texts: []string{
			" present=true", " running=true", " ca=Corp Root", " type=standalone root", " answers=true", " certificate=00",
			" certificate_state=invalid", " ca_expires=2026-11-09T10:00:00Z", " ca_days=-1",
			" publish_errors=list 0: LDAP, list 0: file", " crl_published=2026-11-09T02:00:00Z",
			" crl_next_update=2026-11-10T01:00:00Z", " crl_left=-2h10m0s",
		}},
		"odd.json": {
			texts: []string{
				" present=true", " running=false", ` ca=Müller'; Remove-Item "x" $(calc)`, " answers=true", " certificate=",
			},
			err: `reading templates: Zugriff verweigert; type: CAType is "2147483647"; ` +
				`certificate_state: the state is "9"; ca_expires: want a time, got ""; ` +
				`crl: list 0: it is no revocation list`,
		},
	} {
		t.Run(file, func(t *testing.T) {
			readings, err := probetest.Observe(t, adcs.Kind, probes.Target{Answers: recorded(t, file)}, nil)
			got := ""
			if err != nil {
				got = err.Error()
			}
			if d := cmp.Diff(want.texts, probetest.Texts(readings)); d != "" {
				t.Errorf("readings (-want +got):\n%s", d)
			}
			if d := cmp.Diff(want.err, got); d != "" {
				t.Errorf("error (-want +got):\n%s", d)
			}
		})
	}
}

// What is cut off anywhere, or is another thing, is no list, and breaks nothing.
func TestListsThatAreNone(t *testing.T) {
	healthy := recorded(t, "issuing.json")
	rows, err := healthy.To(host.Collector{Name: "adcs"})
	if err != nil {
		t.Fatal(err)
	}
	der, err := base64.StdEncoding.DecodeString(rows[5]["Head"].Text)
	if err != nil {
		t.Fatal(err)
	}
	crlLeft := func(head string) (texts, problem string) {
		t.Helper()
		h := &changed.Host{T: t, Kind: adcs.Kind, Answers: recorded(t, "issuing.json")}
		h.Drop("adcs", "5")
		h.Set("adcs", "crl", "Head", head)
		readings, err := probetest.Observe(t, adcs.Kind, probes.Target{Answers: h.Answers}, nil)
		if err != nil {
			problem = err.Error()
		}
		return strings.Join(probetest.Texts(readings), "\n"), problem
	}
	const end = 93 // of the second time, in a list without revoked certificates
	for n := range len(der) {
		texts, problem := crlLeft(base64.StdEncoding.EncodeToString(der[:n]))
		told := strings.Contains(texts, "crl_left=34h49m59s")
		if told != (n >= end) || told == (problem != "") {
			t.Errorf("%d bytes: %q, %s", n, problem, texts)
		}
	}
	endless := base64.StdEncoding.EncodeToString([]byte("\x30\x84\xff\xff\xff\xff\x30\x80"))
	for _, head := range []string{"", "%", "MIIB", endless} {
		if texts, problem := crlLeft(head); problem == "" || strings.Contains(texts, "crl_") {
			t.Errorf("%q: %q, %s", head, problem, texts)
		}
	}
}

func told(t *testing.T, expect string, change func(*changed.Host)) []string {
	t.Helper()
	var seen [2]runnertest.Seen
	for i, change := range []func(*changed.Host){func(*changed.Host) {}, change} {
		h := &changed.Host{T: t, Kind: adcs.Kind, Answers: recorded(t, "issuing.json")}
		change(h)
		readings, err := probetest.Observe(t, adcs.Kind, probes.Target{Answers: h.Answers}, nil)
		seen[i] = runnertest.Seen{Readings: readings, Err: err}
	}
	return runnertest.Told(t, adcs.Kind, "- adcs: {}\n"+expect, seen)
}

func TestNoiseIsSilent(t *testing.T) {
	for name, change := range map[string]func(*changed.Host){
		"rows in another order": func(h *changed.Host) { h.Turn("adcs") },
		"a day later":           func(h *changed.Host) { h.Set("adcs", "now", "Now", "2026-11-11T03:10:00Z") },
		"one more template": func(h *changed.Host) {
			h.Set("adcs", "templates", "Names", "WebServer\nMachine\nDomainController\nUser")
		},
		"a list for the old key is no longer made": func(h *changed.Host) { h.Drop("adcs", "5") },
		"published by hand":                        func(h *changed.Host) { h.Set("adcs", "5", "Status", "77") },
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff([]string{"passed"}, told(t, "", change)); d != "" {
				t.Errorf("outcome (-want +got):\n%s", d)
			}
		})
	}
}

func TestWhatAPatchBreaks(t *testing.T) {
	for name, tt := range map[string]struct {
		expect string
		change func(*changed.Host)
		want   []string
	}{
		"it does not answer": {
			change: func(h *changed.Host) {
				h.Set("adcs", "answers", "Answers", "false")
				h.Set("adcs", "answers", "Reason", "The RPC server is unavailable.")
			},
			want: []string{"regressed failing", "answers: regressed true -> false"},
		},
		"the service does not run": {
			change: func(h *changed.Host) {
				h.Set("Win32_Service", "CertSvc", "State", "Stopped")
				h.Set("adcs", "answers", "Answers", "false")
			},
			want: []string{"regressed failing", "answers: regressed true -> false", "running: regressed true -> false"},
		},
		"a list has run out": {
			change: func(h *changed.Host) { h.Set("adcs", "now", "Now", "2026-11-11T14:10:00Z") },
			want:   []string{"regressed failing", "crl_left: regressed 34h49m59s -> -10m0s"},
		},
		"the owner wants more time": {
			expect: "  expect: {crl_left: '> 24h'}",
			change: func(h *changed.Host) { h.Set("adcs", "now", "Now", "2026-11-11T03:10:00Z") },
			want:   []string{"regressed failing", "crl_left: regressed 34h49m59s -> 10h50m0s"},
		},
		"a list could not be published": {
			change: func(h *changed.Host) { h.Set("adcs", "5", "Status", "261") },
			want:   []string{"regressed failing", "publish_errors: regressed  -> list 0: LDAP"},
		},
		"another certificate that is not valid": {
			change: func(h *changed.Host) {
				h.Set("adcs", "certificate", "Thumbprint", "FF")
				h.Set("adcs", "certificate", "State", "2")
			},
			want: []string{
				"regressed failing", "certificate: drifted 0A1B2C3D4E5F60718293A4B5C6D7E8F901234567 -> FF",
				"certificate_state: regressed valid -> revoked",
			},
		},
		"a template is gone": {
			change: func(h *changed.Host) { h.Set("adcs", "templates", "Names", "Machine\nWebServer") },
			want: []string{
				"drifted failing", "templates: drifted DomainController, Machine, WebServer -> Machine, WebServer",
			},
		},
		"no list at all": {
			change: func(h *changed.Host) { h.Drop("adcs", "5"); h.Drop("adcs", "6") },
			want:   []string{"unknown"},
		},
		"one list cannot be read": {
			change: func(h *changed.Host) { h.Set("adcs", "5", "Error", "Zugriff verweigert") },
			want:   []string{"unknown"},
		},
		"nothing of itself": {
			change: func(h *changed.Host) { h.Refuse("adcs", errors.New("Zugriff verweigert")) },
			want:   []string{"unknown"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := told(t, tt.expect, tt.change)
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("outcome (-want +got):\n%s", d)
			}
		})
	}
}

func FuzzAnswers(f *testing.F) {
	probetest.FuzzAnswers(f, adcs.Kind, nil,
		"testdata/issuing.json", "testdata/none.json", "testdata/root.json", "testdata/odd.json")
}
