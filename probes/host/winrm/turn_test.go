package winrm

import (
	"testing"

	"postpatch/probes/host"
)

// TestTurnOfASession: who has all that a host says waits for its turn to read it, once. Who
// is to ask it more takes none: an Exchange server's commands take minutes, and as many
// such servers as there are turns would keep every other host waiting.
func TestTurnOfASession(t *testing.T) {
	for name, c := range map[string]struct {
		questions []host.Question
		turns     int
	}{
		"a script":                    {[]host.Question{build(), system()}, 1},
		"a script and then a command": {[]host.Question{build(), command("Test-Health")}, 0},
	} {
		_, o := lab(t, jea())
		turns := 0
		answers, err := session(t, o).Ask(host.WithTurn(t.Context(), func() { turns++ }), c.questions)
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range c.questions {
			if rows, err := answers.To(q); err != nil || len(rows) == 0 {
				t.Errorf("%s: %v: %v", name, q, err)
			}
		}
		if turns != c.turns {
			t.Errorf("%s: %d turns, want %d", name, turns, c.turns)
		}
	}
}
