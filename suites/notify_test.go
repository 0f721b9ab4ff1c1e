package suites

import (
	"os"
	"strings"
	"testing"

	"postpatch/probes/host"
)

func TestBadChannels(t *testing.T) {
	pairs(t, "badchannels", 4, func(file string) []Problem {
		_, problems := LoadChannels(file, nil, nil)
		if text := Format(problems, os.ReadFile); strings.Contains(text, "hunter2") {
			t.Errorf("a webhook shows:\n%s", text)
		}
		return problems
	})
}

func TestNoWebhookOfASuiteShows(t *testing.T) {
	for _, file := range []string{"notify-url", "notify-webhook", "a-channels-file"} {
		_, problems := Load([]string{"testdata/bad/" + file + ".yaml"}, testKinds())
		if text := Format(problems, os.ReadFile); len(problems) == 0 || strings.Contains(text, "hunter2") {
			t.Errorf("%s:\n%s", file, text)
		}
	}
}

func TestASuiteNamesItsChannel(t *testing.T) {
	for _, text := range []string{"web-team", "{channel: web-team}"} {
		set, problems := LoadBytes("s.suite.yaml",
			[]byte("suite: s\nnotify: "+text+"\nhosts: [a]\nchecks: [{ping: {}}]\n"), testKinds())
		if len(problems) > 0 || set.Suites[0].Notify != "web-team" {
			t.Errorf("%s: %v", text, problems)
		}
	}
}

func TestTheOperatorSaysWhereAChannelLeads(t *testing.T) {
	file := t.TempDir() + "/c.channels.yaml"
	if err := os.WriteFile(file, []byte(`channels:
  web-team: {type: teams, webhook: {env: HOOK}}
  dba: {type: slack, webhook: {env: NONE}, suites: ["sql-*"]}
`), 0o600); err != nil {
		t.Fatal(err)
	}
	c, problems := LoadChannels(file, nil, func(ref SecretRef) (host.Secret, error) {
		if ref.Env != "HOOK" {
			return host.Secret{}, os.ErrNotExist
		}
		return host.NewSecret("https://hooks.example.org/1"), nil
	})
	if len(problems) > 0 {
		t.Fatal(Format(problems, os.ReadFile))
	}
	for _, one := range []struct {
		suite Suite
		want  string
	}{
		{Suite{Name: "shop", Notify: "web-team"}, ""},
		{Suite{Name: "sql-hq", Notify: "dba"}, "reading the webhook from environment variable NONE: file does not exist"},
		{Suite{Name: "shop", Notify: "dba"}, `suite shop wants channel "dba", and the entry at ` + file + `:3 is for other suites`},
		{Suite{Name: "shop", Notify: "web-taem"}, `suite shop wants channel "web-taem", and ` + file +
			` has none of that name: did you mean "web-team"?`},
	} {
		suite, want := one.suite, one.want
		channel, err := c.For(suite)
		if err == nil {
			_, err = c.Webhook(channel)
		}
		if got := ""; err != nil {
			if got = err.Error(); got != want {
				t.Errorf("%v: got %q", suite.Name, got)
			}
		} else if want != "" {
			t.Errorf("%v: no error", suite.Name)
		}
	}
}

// FuzzChannels: whatever is in the file, it is read or refused, with a place, and shows none of
// its lines.
func FuzzChannels(f *testing.F) {
	f.Add("channels: {a: {type: teams, webhook: {env: A}, suites: [x]}}")
	f.Add("channels:\n  a: &a {type: json, webhook: *a}")
	f.Add("channels: [x]")
	f.Fuzz(func(t *testing.T, text string) {
		file := t.TempDir() + "/c.yaml"
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, problems := LoadChannels(file, nil, nil)
		if (c == nil) == (len(problems) == 0) {
			t.Errorf("channels %v beside %d problems", c, len(problems))
		}
		for _, p := range problems {
			if !p.NoExcerpt || p.File != file {
				t.Errorf("a problem of another place, or one that shows the line: %+v", p)
			}
		}
	})
}
