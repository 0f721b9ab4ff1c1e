//go:build real

package tap_test

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"postpatch/runner/report/reporttest"
)

// TestPerlReadsIt asks the reader of Perl's own tests, which is in Debian's perl.
func TestPerlReadsIt(t *testing.T) {
	const reader = `
use TAP::Parser;
binmode STDIN;
my $text = do { local $/; <STDIN> };
my $parser = TAP::Parser->new({tap => $text});
my $yaml = 0;
while (my $r = $parser->next) { $yaml++ if $r->is_yaml; print "UNKNOWN ", $r->raw, "\n" if $r->is_unknown }
printf "run %d failed %d todo %d skipped %d yaml %d errors %d problems %d\n", $parser->tests_run,
	scalar($parser->failed), scalar($parser->todo), scalar($parser->skipped), $yaml, scalar($parser->parse_errors),
	$parser->has_problems ? 1 : 0;
print "$_\n" for $parser->parse_errors;
`
	texts := map[string]string{"a night": string(night(t))}
	for i, nasty := range reporttest.Nasty() {
		texts[fmt.Sprintf("hostile %d", i)] = written(t, reporttest.Hostile(nasty))
	}
	for name, text := range texts {
		t.Run(name, func(t *testing.T) {
			failed, todo, skipped := 0, 0, 0
			points := read(t, text)
			for _, p := range points {
				switch {
				case p.directive == "TODO":
					todo++
				case p.directive == "SKIP":
					skipped++
				case !p.ok:
					failed++
				}
			}
			cmd := exec.CommandContext(t.Context(), "perl", "-e", reader)
			cmd.Stdin = strings.NewReader(text)
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("perl: %v\n%s", err, out)
			}
			want := fmt.Sprintf("run %d failed %d todo %d skipped %d yaml %d errors 0 problems 1\n", len(points), failed, todo,
				skipped, strings.Count(text, "\n  ---\n"))
			if string(out) != want {
				t.Errorf("got  %swant %s\n%s", out, want, text)
			}
		})
	}
}
