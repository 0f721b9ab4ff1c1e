package adcs_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"postpatch/probes/adcs"
	"postpatch/probes/probetest"
	"postpatch/runner/runnertest"
)

func healthy() runnertest.Check {
	return runnertest.Check{Kind: adcs.Kind, File: "issuing.json"}
}

func TestKind(t *testing.T) { probetest.RunRecorded(t, adcs.Kind, healthy().File, nil) }

func TestObserve(t *testing.T) {
	probetest.Reads(t, adcs.Kind, map[string]probetest.Case{
		"issuing.json": {File: "issuing.json", Want: []string{
			" present=true", " running=true", " ca=Corp Issuing CA", " type=enterprise subordinate", " answers=true",
			" certificate=0A1B2C3D4E5F60718293A4B5C6D7E8F901234567", " certificate_state=valid",
			" ca_expires=2031-05-01T10:00:00Z", " ca_days=1633", " warnings=",
			"certificate 0 crl_state=valid", "certificate 1 crl_state=valid", " publish_errors=",
			" crl_published=2026-11-09T02:00:00Z", " crl_next_update=2026-11-11T14:00:00Z", " crl_left=34h49m59s",
			" templates=DomainController, Machine, WebServer",
		}},
		"none.json": {File: "none.json", Want: []string{" present=false"}},
		"root.json": {File: "root.json", Want: []string{
			" present=true", " running=true", " ca=Corp Root", " type=standalone root", " answers=true", " certificate=00",
			" certificate_state=invalid", " ca_expires=2026-11-09T10:00:00Z", " ca_days=-1", " warnings=has ended",
			"certificate 0 crl_state=valid", "certificate 1 crl_state=valid",
			" publish_errors=list 0: LDAP, list 0: file", " crl_published=2026-11-09T02:00:00Z",
			" crl_next_update=2026-11-10T01:00:00Z", " crl_left=-2h10m0s",
		}},
		"odd.json": {
			File: "odd.json",
			Want: []string{
				" present=true", " running=false", ` ca=Müller'; Remove-Item "x" $(calc)`, " answers=true", " certificate=",
				"certificate 0 crl_state=valid",
			},
			Err: `reading templates: Zugriff verweigert; type: CAType is "2147483647"; ` +
				`certificate_state: the state is "9"; ca_expires: want a time, got ""; ` +
				`crl: list 0: it is no revocation list`,
		},
	})
}

// What is cut off anywhere, or is another thing, is no list, and breaks nothing.
func TestListsThatAreNone(t *testing.T) {
	rows := probetest.Load(t, adcs.Kind, healthy().File, nil).Answer("adcs").Rows
	der, err := base64.StdEncoding.DecodeString(rows[5]["Head"].Text)
	if err != nil {
		t.Fatal(err)
	}
	crlLeft := func(head string) (texts, problem string) {
		t.Helper()
		readings, err := probetest.Load(t, adcs.Kind, healthy().File, nil).With(
			probetest.Set("adcs", "5", "State", "4"), probetest.Set("adcs", "crl", "Head", head)).Observe(nil)
		return strings.Join(probetest.Texts(readings), "\n"), probetest.Words(err)
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
		if texts, problem := crlLeft(head); problem == "" || strings.Contains(texts, " crl_left") {
			t.Errorf("%q: %q, %s", head, problem, texts)
		}
	}
}

func TestNoiseIsSilent(t *testing.T) {
	healthy().Passes(t, map[string][]probetest.Change{
		"rows in another order": {probetest.Turn("adcs")},
		"a day later":           {probetest.Set("adcs", "now", "Now", "2026-11-11T03:10:00Z")},
		"one more template": {
			probetest.List("adcs", "templates", "Names", "WebServer\nMachine\nDomainController\nUser"),
		},
		"a list for the old key is no longer made": {probetest.Set("adcs", "5", "State", "4")},
		"published by hand":                        {probetest.Set("adcs", "5", "Status", "77")},
	})
}

// An authority lives for years: that its last days begin is to be told, and is nothing
// that a patch broke.
func TestTheAuthoritysEnd(t *testing.T) {
	ends := func(at string) []probetest.Change {
		return []probetest.Change{probetest.Set("adcs", "certificate", "Expires", at)}
	}
	healthy().Tells(t, map[string]runnertest.Story{
		"the last two weeks begin": {
			Before: ends("2026-11-24T03:20:00Z"), After: ends("2026-11-24T03:05:00Z"),
			Want: []string{"drifted", "warnings: drifted  -> ends soon"},
		},
		"they had begun": {
			Before: ends("2026-11-20T03:20:00Z"), After: ends("2026-11-20T03:05:00Z"), Want: []string{"passed"},
		},
		"it ends": {
			Before: ends("2026-11-10T03:20:00Z"), After: ends("2026-11-10T03:05:00Z"),
			Want: []string{
				"regressed failing", "warnings: drifted ends soon -> has ended", "ca_days: regressed 0 days -> -1 days",
			},
		},
	})
}

// The list of a key that has none any more is the one that counts, whatever the
// lists of the others say.
func TestAKeyWithoutAList(t *testing.T) {
	state := func(state string) []probetest.Change {
		return []probetest.Change{
			probetest.Drop("adcs", "6"),
			probetest.Add("adcs", "Part", "crl", "Index", "1", "State", state),
		}
	}
	renewed := probetest.Set("adcs", "certificate", "Count", "3")
	healthy().Tells(t, map[string]runnertest.Story{
		"it had one": {
			After: state("1"),
			Want:  []string{"regressed failing", "certificate 1 crl_state: regressed valid -> none"},
		},
		"it is revoked": {
			After: state("2"),
			Want:  []string{"regressed failing", "certificate 1 crl_state: regressed valid -> revoked"},
		},
		"its certificate has ended":   {After: state("4"), Want: []string{"passed"}},
		"it never had one of its own": {Before: state("1"), After: state("1"), Want: []string{"passed"}},
		"a state that nobody knows":   {After: state("7"), Want: []string{"unknown"}},
		"nothing is told of it":       {After: []probetest.Change{probetest.Drop("adcs", "6")}, Want: []string{"unknown"}},
		"renewed with its key": {
			After: []probetest.Change{renewed, probetest.Add("adcs", "Part", "crl", "Index", "2", "State", "1")},
			Want:  []string{"passed"},
		},
		"renewed, and nothing is told of the new one": {After: []probetest.Change{renewed}, Want: []string{"unknown"}},
		"how many there are is not told": {
			After: []probetest.Change{probetest.Null("adcs", "certificate", "Count")}, Want: []string{"unknown"},
		},
	})
}

func TestWhatAPatchBreaks(t *testing.T) {
	healthy().Tells(t, map[string]runnertest.Story{
		"it does not answer": {
			After: []probetest.Change{
				probetest.Set("adcs", "answers", "Answers", "false"),
				probetest.Set("adcs", "answers", "Reason", "The RPC server is unavailable."),
			},
			Want: []string{"regressed failing", "answers: regressed true -> false"},
		},
		"the service does not run": {
			After: []probetest.Change{
				probetest.Set("Win32_Service", "CertSvc", "State", "Stopped"),
				probetest.Set("adcs", "answers", "Answers", "false"),
			},
			Want: []string{"regressed failing", "answers: regressed true -> false", "running: regressed true -> false"},
		},
		"a list has run out": {
			After: []probetest.Change{probetest.Set("adcs", "now", "Now", "2026-11-11T14:10:00Z")},
			Want:  []string{"regressed failing", "crl_left: regressed 34h49m59s -> -10m0s"},
		},
		"the owner wants more time": {
			Expect: "expect: {crl_left: '> 24h'}",
			After:  []probetest.Change{probetest.Set("adcs", "now", "Now", "2026-11-11T03:10:00Z")},
			Want:   []string{"regressed failing", "crl_left: regressed 34h49m59s -> 10h50m0s"},
		},
		"a list could not be published": {
			After: []probetest.Change{probetest.Set("adcs", "5", "Status", "261")},
			Want:  []string{"regressed failing", "publish_errors: regressed  -> list 0: LDAP"},
		},
		"another certificate that is not valid": {
			After: []probetest.Change{
				probetest.Set("adcs", "certificate", "Thumbprint", "FF"),
				probetest.Set("adcs", "certificate", "State", "2"),
			},
			Want: []string{
				"regressed failing", "certificate: drifted 0A1B2C3D4E5F60718293A4B5C6D7E8F901234567 -> FF",
				"certificate_state: regressed valid -> revoked",
			},
		},
		"a template is gone": {
			After: []probetest.Change{probetest.List("adcs", "templates", "Names", "Machine\nWebServer")},
			Want: []string{
				"drifted failing", "templates: drifted DomainController, Machine, WebServer -> Machine, WebServer",
			},
		},
		"no list at all": {
			After: []probetest.Change{
				probetest.Drop("adcs", "5"),
				probetest.Drop("adcs", "6"),
			},
			Want: []string{"unknown"},
		},
		"one list cannot be read": {
			After: []probetest.Change{probetest.Set("adcs", "5", "Error", "Zugriff verweigert")},
			Want:  []string{"unknown"},
		},
		"nothing of itself": {
			After: []probetest.Change{probetest.Refuse("adcs", errors.New("Zugriff verweigert"))},
			Want:  []string{"unknown"},
		},
	})
}

func FuzzAnswers(f *testing.F) {
	probetest.FuzzAnswers(f, adcs.Kind, nil,
		"issuing.json", "none.json", "root.json", "odd.json")
}
