package snapin

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/host"
	"postpatch/probes/host/winrm/psrp"
)

func command(name string) host.Cmdlet {
	return host.Cmdlet{Endpoint: "Microsoft.Exchange", Name: name, Properties: []string{"Identity", "Status"}}
}

// What a host leaves out is no answer.
func TestSnapInRowsThatAreMissing(t *testing.T) {
	row := func(index, stream, text string) host.Row {
		return host.Row{"Index": {Text: index}, "Stream": {Text: stream}, "Text": {Text: text}}
	}
	loaded, done := row("", "loaded", "x"), row("0", "done", "")
	for name, c := range map[string]struct {
		answer host.Answer
		want   error
	}{
		"the end":          {host.Answer{Rows: []host.Row{loaded, row("0", "output", "<S>x</S>")}}, psrp.ErrUnfinished},
		"all":              {host.Answer{}, psrp.ErrUnfinished},
		"another command":  {host.Answer{Rows: []host.Row{loaded, row("1", "done", "")}}, psrp.ErrUnfinished},
		"a stream's name":  {host.Answer{Rows: []host.Row{loaded, row("0", "", ""), done}}, psrp.ErrMalformed},
		"an object":        {host.Answer{Rows: []host.Row{loaded, row("0", "output", ""), done}}, psrp.ErrMalformed},
		"a second end":     {host.Answer{Rows: []host.Row{loaded, done, done}}, psrp.ErrMalformed},
		"the right to ask": {host.Answer{Err: host.ErrDenied}, host.ErrDenied},
		"nothing":          {host.Answer{Rows: []host.Row{loaded, done}}, nil},
	} {
		var s Commands
		s.Add(command("Get-Queue"), "ex01")
		var answers host.Answers
		answers.Put(s.question, c.answer)
		s.Answer(&answers)
		if rows, err := answers.To(command("Get-Queue")); !errors.Is(err, c.want) || len(rows) > 0 {
			t.Errorf("%s: %v, error %v", name, rows, err)
		}
	}
}

// Names and values travel as data, each value with its type.
func TestSnapInQuestion(t *testing.T) {
	var s Commands
	ask := command("Get-Queue")
	ask.Properties, ask.Switches = []string{"Status"}, []string{"Deep"}
	ask.Params = map[string][]string{
		"Server": {host.Self}, "Filter": {"'; calc", "$TRUE", "$null", "$false", ""}, "None": {}, "Exact": {"$true"},
	}
	s.Add(command("Set-Queue"), "ex01")
	s.Add(host.Cmdlet{Name: "Get-Queue"}, "ex01")
	s.Add(ask, "ex01")
	other := command("Test-Mailflow")
	other.Properties = []string{"Result"}
	s.Add(other, "ex01")
	want := host.Collector{Name: "snapin", Args: map[string][]string{
		"cmdlet":       {"Get-Queue", "Test-Mailflow"},
		"0 properties": {"Status"}, "1 properties": {"Result"},
		"0 -Server": {"S ex01"}, "0 -Filter": {"S '; calc", "B true", "N", "B false", "S "}, "0 -None": {},
		"0 -Exact": {"B true"}, "0 -Deep": {"B true"},
	}}
	if d := cmp.Diff(want, s.question); d != "" || len(s.unasked) != 2 {
		t.Errorf("%v are not asked (-want +got):\n%s", s.unasked, d)
	}
}
