package main

import (
	"fmt"
	"strings"

	"postpatch/examples"
	"postpatch/suites"
)

// packsPage lists the packs that come with the program, and what each wants to be told.
func packsPage() (string, error) {
	packs, err := suites.Packs(builtPacks(examples.Packs))
	if err != nil {
		return "", fmt.Errorf("reading the packs: %w", err)
	}
	var b strings.Builder
	b.WriteString("packs: suites without hosts, which other suites use by their names (postpatch explain use)\n")
	for _, p := range packs {
		fmt.Fprintf(&b, "\n%s\n", p.Name)
		for line := range strings.Lines(p.About) {
			fmt.Fprintf(&b, "  %s", strings.TrimPrefix(line, " "))
		}
		for _, v := range p.Vars {
			note := ""
			if v.Required {
				note = "; required"
			} else if v.Default != "" {
				note = "; " + v.Default + " unless given"
			}
			fmt.Fprintf(&b, "  %-14s %s%s\n", v.Name, v.Doc, note)
		}
	}
	return b.String(), nil
}
