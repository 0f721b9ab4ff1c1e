package notify

import (
	"fmt"
	"strings"

	"postpatch/runner/report"
)

// heading is the verdict in one line.
func heading(m Message) string {
	return fmt.Sprintf("%s   %s: %s", m.Part.Verdict, strings.Join(m.Suites, ", "), m.Part.Reason)
}

// details say of what, and what the whole run came to.
func details(m Message) []string {
	of := fmt.Sprintf("%s %s, %s on %s", m.Run.Command, m.Run.Name, report.Count(m.Part.Checks, "check"),
		report.Count(m.Part.Hosts, "host"))
	if m.Run.Baseline != nil {
		of += ", compared with " + m.Run.Baseline.Name
	}
	if m.Run.Plan != "" {
		of += ", plan " + m.Run.Plan
	}
	rows := []string{of, "finished " + m.Finished.UTC().Format("2006-01-02 15:04 UTC")}
	if m.Whole.Verdict != m.Part.Verdict || m.Whole.Reason != m.Part.Reason {
		rows = append(rows, "the whole run: "+m.Whole.Verdict+", "+m.Whole.Reason)
	}
	for _, note := range m.Run.Notes {
		rows = append(rows, "note: "+note)
	}
	return rows
}

// heading is what is not well, and where.
func (it Item) heading() string {
	hosts := strings.Join(it.Hosts, ", ")
	if more := it.Count - len(it.Hosts); more > 0 {
		hosts += fmt.Sprintf(" and %d more", more)
	}
	if it.Subject == "" {
		return hosts + "   " + it.Text
	}
	return fmt.Sprintf("%s   %s on %s", strings.ToUpper(string(it.Outcome)), it.Subject, hosts)
}

func (it Item) details() []string {
	if it.Subject == "" {
		return nil
	}
	rows := []string{it.Text}
	because := ""
	if it.Why != "" {
		because = `"` + it.Why + `"`
	}
	owner := ""
	if it.Owner != "" {
		owner = "owner " + it.Owner
	}
	if last := strings.Join(nonEmpty(because, owner, it.Place), ", "); last != "" {
		rows = append(rows, last)
	}
	return rows
}

func nonEmpty(all ...string) []string {
	var some []string
	for _, s := range all {
		if s != "" {
			some = append(some, s)
		}
	}
	return some
}
