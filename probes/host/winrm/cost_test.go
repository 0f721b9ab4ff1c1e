package winrm

import (
	"testing"

	"postpatch/probes/host"
	"postpatch/probes/host/winrm/winrmtest"
)

// What is said beforehand is what is sent, by query and by script.
func TestCostOf(t *testing.T) {
	class := func(name string) host.WQL { return host.WQL{Class: name, Columns: []string{"Name"}} }
	for name, c := range map[string]struct {
		questions []host.Question
		want      Cost
	}{
		"nothing":       {nil, Cost{}},
		"one instance":  {[]host.Question{system(), product()}, Cost{Messages: 2}},
		"a list":        {[]host.Question{services(), system()}, Cost{Messages: 3}},
		"a script":      {[]host.Question{system(), build()}, Cost{5, true}},
		"many queries":  {[]host.Question{class("A"), class("B"), class("C"), services()}, Cost{5, true}},
		"asked twice":   {host.Merge([]host.Question{services(), services()}), Cost{Messages: 2}},
		"three queries": {[]host.Question{class("A"), class("B"), services()}, Cost{Messages: 6}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := CostOf(c.questions); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
			many := classes(300)
			for _, class := range []string{"A", "B", "C"} {
				many[class] = many["Win32_Service"]
			}
			server := winrmtest.Start(t, winrmtest.Config{Classes: many, Answer: answer})
			if _, err := session(t, options(server)).Ask(t.Context(), c.questions); err != nil {
				t.Fatal(err)
			}
			if sent := server.Messages(); len(sent) != c.want.Messages {
				t.Errorf("%d messages, want %d: %v", len(sent), c.want.Messages, sent)
			}
		})
	}
	two := []host.Question{
		host.Cmdlet{Endpoint: "Microsoft.Exchange", Name: "A"}, host.Cmdlet{Endpoint: "microsoft.exchange", Name: "B"}, system(),
	}
	if got := CostOf(two); got != (Cost{Messages: 1 + 4 + 2*3}) {
		t.Errorf("commands: %+v", got)
	}
}
