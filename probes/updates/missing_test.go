package updates_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/host"
	"postpatch/probes/probetest"
	"postpatch/probes/updates"
)

func offline() map[string]any {
	return map[string]any{"part": []string{"wsus"}, "missing": "offline", "catalogue": `D:\wsus\wsusscn2.cab`}
}

func TestMissing(t *testing.T) {
	readings, err := probetest.Load(t, updates.Kind, "offline.json", offline()).Observe(offline())
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		" wsus_server=http://wsus01.corp.example:8530",
		"KB5066586 severity=Critical", "KB5068405 severity=Important", "KB890830 severity=unrated", "e7 severity=unrated",
		" missing=KB5066586, KB5068405, KB890830, e7", " missing_critical=KB5066586",
		` source=offline catalogue D:\wsus\wsusscn2.cab`,
	}
	if d := cmp.Diff(want, probetest.Texts(readings)); d != "" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
}

// searched observes a search that answers so, on a host with or without WSUS.
func searched(t *testing.T, source, server string, rows ...host.Row) ([]string, error) {
	t.Helper()
	args := map[string]any{"part": []string{}, "missing": source}
	if source == "offline" {
		args = offline()
	}
	var answers host.Answers
	for _, q := range probetest.Questions(t, updates.Kind, args) {
		answer := host.Answer{Rows: []host.Row{{"WUServer": text(server), "UseWUServer": text("1")}}}
		if c, is := q.(host.Collector); is && c.Name == "updatemissing" {
			answer.Rows = rows
		}
		answers.Put(q, answer)
	}
	readings, err := probetest.Observe(t, updates.Kind, probes.Target{Answers: answers}, args)
	return probetest.Texts(readings, "wsus_server"), err
}

func summary(selection, result, warnings, total string) host.Row {
	return host.Row{
		"Part": text("search"), "Selection": text(selection), "Result": text(result), "Warnings": text(warnings),
		"Total": text(total),
	}
}

func TestWhoAnsweredIsTold(t *testing.T) {
	for name, tt := range map[string]struct{ source, server, selection, want string }{
		"WSUS by default":    {"default", "http://wsus01", "0", "WSUS server http://wsus01: what is approved there"},
		"no policy":          {"default", "", "0", "default server, which no policy sets"},
		"managed":            {"managed", "http://wsus01", "1", "WSUS server http://wsus01: what is approved there"},
		"managed by nothing": {"managed", "", "1", "managed server, of which no policy names the address"},
		"Microsoft Update":   {"microsoft_update", "http://wsus01", "3", "Microsoft Update"},
		"Windows Update": {
			"microsoft_update", "http://wsus01", "2", "Windows Update, for Microsoft Update is not registered",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := searched(t, tt.source, tt.server, summary(tt.selection, "2", "0", "0"))
			want := []string{" missing=", " missing_critical=", " source=" + tt.want}
			if d := cmp.Diff(want, got); d != "" || err != nil {
				t.Errorf("readings (-want +got), %v:\n%s", err, d)
			}
		})
	}
}

// A search that was not whole has found nothing that could be told.
func TestSearchesThatAreNotWhole(t *testing.T) {
	update := host.Row{"Part": text("update"), "KBs": text("5066586"), "Severity": text("Critical")}
	for name, tt := range map[string]struct {
		rows []host.Row
		want string
	}{
		"nothing said":  {nil, "the host named none"},
		"no summary":    {[]host.Row{update}, "does not say what the search came to"},
		"with errors":   {[]host.Row{summary("0", "3", "0", "1"), update}, "whole: it succeeded with errors, with 0 warnings"},
		"with warnings": {[]host.Row{summary("0", "2", "1", "1"), update}, "not whole: it succeeded, with 1 warnings"},
		"aborted":       {[]host.Row{summary("0", "5", "0", "0")}, "not whole: it aborted"},
		"cut off":       {[]host.Row{summary("0", "2", "0", "900"), update}, "found 900 updates, and the host sent 1"},
		"a stranger":    {[]host.Row{summary("0", "2", "0", "0"), {"Part": text("x")}}, `the unknown part "x"`},
		"late": {
			[]host.Row{{"Part": text("search"), "Code": text("-2146233083"), "Error": text("x"), "Late": text("true")}},
			"reading missing: the search was not done within 5m0s; a longer limit waits for it",
		},
		"warnings untold": {[]host.Row{summary("0", "2", "", "0")}, "does not say what the search came to"},
		"from afar": {
			[]host.Row{{"Part": text("search"), "Code": text("-2147024891"), "Error": text("Zugriff verweigert")}},
			"access denied (0x80070005): the update agent does not take this from a remote sign-in of this account; " +
				"use an administrator of the host, or leave missing out",
		},
		"the server is away": {
			[]host.Row{{"Part": text("search"), "Code": text("-2145107934"), "Error": text("Ausnahme von HRESULT")}},
			"reading missing: 0x80244022: the update server is not available",
		},
		"no catalogue": {
			[]host.Row{{"Part": text("search"), "Code": text("-2147024894"), "Error": text("no such file")}},
			`reading missing by the catalogue D:\wsus\wsusscn2.cab: 0x80070002: a file is missing`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			source := "default"
			if name == "no catalogue" {
				source = "offline"
			}
			got, err := searched(t, source, "http://wsus01", tt.rows...)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q in it", err, tt.want)
			}
			if len(got) != 0 {
				t.Errorf("readings %v", got)
			}
		})
	}
}
