package text

import (
	"path"
	"strings"

	"postpatch/runner/report"
)

// reports names the files of the run, below the verdict, and which to open where.
func (v *view) reports(b *strings.Builder) {
	if v.pen.Reports == nil {
		return
	}
	const label = "Reports  "
	var files []string
	open := ""
	for _, file := range v.pen.Reports() {
		file = report.CleanLine(file)
		files = append(files, file)
		if ext := strings.ToLower(path.Ext(file)); open == "" && (ext == ".html" || ext == ".htm") {
			open = file
		}
	}
	if len(files) == 0 {
		return
	}
	if worst := worstOf(v.sum); open != "" && worst != "" {
		files = append(files, "(open "+open+"#status="+string(worst)+")")
	}
	rows := v.pen.flow(files, v.pen.Width-len(label))
	b.WriteString(label + strings.Join(rows, "\n"+strings.Repeat(" ", len(label))) + "\n")
}

// worstOf is the worst outcome of a run that wants a person; empty where none does.
func worstOf(s report.Summary) report.Outcome {
	for _, o := range []report.Outcome{report.Regressed, report.Failed, report.Unmet, report.Unknown} {
		if s.Counts[o] > 0 {
			return o
		}
	}
	return ""
}
