package text

import (
	"fmt"
	"strings"

	"postpatch/runner/report"
)

// A Sections says for which pipeline's log parts of the report are put into sections that
// can be folded.
type Sections string

// The logs that know sections; others get none.
const (
	GitLab Sections = "gitlab"
	GitHub Sections = "github"
	Azure  Sections = "azure"
)

// part is what may be put into a section.
type part struct {
	title  string // its first line
	body   string
	folded bool // until somebody opens it
}

// put writes a part. What needs a person stays open: where a log can only fold, it is in no
// section.
func (v *view) put(b *strings.Builder, p part) {
	begin, end := "", "\n"
	switch v.pen.Sections {
	case GitLab:
		v.sectioned++
		name := fmt.Sprintf("postpatch_%d_%d", v.sum.Finished.UnixNano(), v.sectioned)
		folded := ""
		if p.folded {
			folded = "[collapsed=true]"
		}
		// One time for both, or the log would tell how long the report took.
		at := v.sum.Finished.Unix()
		begin = fmt.Sprintf("\x1b[0Ksection_start:%d:%s%s\r\x1b[0K", at, name, folded)
		end = fmt.Sprintf("\n\x1b[0Ksection_end:%d:%s\r\x1b[0K\n", at, name)
	case GitHub:
		if p.folded {
			begin, end = "::group::", "\n::endgroup::\n"
		}
	case Azure:
		if p.folded {
			begin, end = "##[group]", "\n##[endgroup]\n"
		}
	}
	b.WriteString("\n" + begin + p.title + "\n" + strings.TrimSuffix(p.body, "\n") + end)
}

// finished drops the spaces at the ends of lines, which cuts and columns leave. And where
// texts stand side by side, or one is broken to a line of its own, none may begin with what
// a pipeline takes for a command, but for the sections' own.
func (p pen) finished(s string) string {
	own := map[Sections][]string{GitHub: {"::group::", "::endgroup::"}, Azure: {"##[group]", "##[endgroup]"}}[p.Sections]
	all := strings.Split(s, "\n")
	for i, line := range all {
		line = strings.TrimRight(line, " ")
		begin := ""
		for _, command := range own {
			if strings.HasPrefix(line, command) {
				begin = command
			}
		}
		all[i] = begin + report.Tame(line[len(begin):])
	}
	return strings.Join(all, "\n")
}
