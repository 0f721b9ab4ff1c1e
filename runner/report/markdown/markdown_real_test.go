//go:build real

package markdown_test

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"postpatch/runner/report"
	"postpatch/runner/report/markdown"
	"postpatch/runner/report/reporttest"
)

// TestGitHubsOwnRenderer asks cmark-gfm, of Debian's package of that name.
func TestGitHubsOwnRenderer(t *testing.T) {
	for i, nasty := range reporttest.Nasty() {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), "cmark-gfm", "--unsafe", "-e", "table", "-e", "autolink", "-e",
				"strikethrough", "-e", "tasklist", "-e", "footnotes")
			cmd.Stdin = strings.NewReader(written(t, reporttest.Hostile(nasty), markdown.Options{}))
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("cmark-gfm: %v", err)
			}
			if codes := inspect(t, string(out)); !slices.Contains(codes, report.Brief(nasty, 200)) {
				t.Errorf("nowhere %q in\n%s", nasty, out)
			}
		})
	}
}
