package main

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"postpatch/suites/msrc"
)

// entry is a fix as a plan's must_change has it.
func (c importJob) entry(document *msrc.Document, f msrc.Fix) []string {
	about := shorten(cleanAll(f.Products)) + ": " + vulnerabilities(f)
	if len(f.KBs) > 1 {
		about += "; by " + shorten(f.KBs)
	}
	lines := []string{"# " + about}
	if h := f.Hotpatch; h.Build != "" {
		text := h.Build + " is hotpatch " + strings.Join(h.KBs, ", ")
		if n := len(h.Lacks); n > 0 {
			text += "; of what it fixes the document does not name " + shorten(cleanAll(h.Lacks))
		}
		lines = append(lines, "# "+text)
	}
	lines = append(lines, "- change: "+f.Reading)
	if to := f.To(); len(to) == 1 {
		lines = append(lines, "  to: "+yamlScalar(to[0]))
	} else {
		for i := range to {
			to[i] = yamlScalar(to[i])
		}
		lines = append(lines, "  to: {any of: ["+strings.Join(to, ", ")+"]}")
	}
	lines = append(lines, "  where: "+yamlScalar(f.Where))
	if update := c.update(f); len(update) > 0 {
		lines = append(lines, "  update: {"+strings.Join(update, ", ")+"}")
	}
	reason := brief(cmp.Or(document.Title, document.ID, "security updates"), mostTitle)
	return append(lines, "  reason: "+yamlScalar(reason))
}

func vulnerabilities(f msrc.Fix) string {
	text := count(f.Vulnerabilities, "vulnerability")
	if f.Vulnerabilities != 1 {
		text = fmt.Sprintf("%d vulnerabilities", f.Vulnerabilities)
	}
	if f.Exploited > 0 {
		text += fmt.Sprintf(", %d of them exploited already", f.Exploited)
	}
	return text
}

// update is what is known of the update, as the inside of a mapping.
func (c importJob) update(f msrc.Fix) []string {
	var all []string
	if len(f.KBs) > 0 {
		all = append(all, "kb: "+f.KBs[0])
	}
	if f.Severity != "" {
		all = append(all, "severity: "+f.Severity)
	}
	if f.Released.IsZero() {
		return all
	}
	all = append(all, "released: "+f.Released.Format(time.DateOnly))
	severity := f.Severity
	if f.Exploited > 0 {
		severity = "critical"
	}
	if within := c.within[severity]; within != "" {
		all = append(all, "within: "+within)
	}
	return all
}
