package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"postpatch/probes"
	"postpatch/probes/all"
	"postpatch/probes/lab/estate"
	"postpatch/suites"
)

func newExplain(a app) *cobra.Command {
	return &cobra.Command{
		Use:   "explain [KIND|TOPIC]",
		Short: "Explain a kind of check, or a file's format",
		Long: "Without an argument: lists the kinds and the topics. With one: its parameters, readings, default\n" +
			"expectations and rules, and an example.",
		Example: "  postpatch explain service\n  postpatch explain scenario",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			page := overview()
			if len(args) == 1 {
				var err error
				if page, err = explain(args[0]); err != nil {
					return err
				}
			}
			_, err := fmt.Fprint(a.stdout, page)
			return err
		},
	}
}

// topics are the pages beside the kinds'.
func topics() []string {
	return append(suites.Topics(),
		"packs", "local", "settle", "pace", "gate", "store", "reports", "history", "scenario", "test", "estate")
}

// pages are those of the topics that do not depend on anything.
func pages() map[string]string {
	return map[string]string{
		"estate": estate.Explain(), "gate": aboutGate, "history": aboutHistory, "local": aboutLocal, "pace": aboutPace,
		"reports":  aboutReports,
		"scenario": scenarioPage, "settle": aboutSettle, "store": aboutStore, "test": trialPage,
	}
}

func explain(word string) (string, error) {
	kinds := all.Kinds()
	i := slices.IndexFunc(kinds, func(k probes.Kind) bool { return k.Name == word })
	switch {
	case i >= 0:
		return suites.ExplainKind(kinds[i]), nil
	case word == "packs":
		return packsPage()
	}
	if page, found := pages()[word]; found {
		return page, nil
	}
	if page, found := suites.ExplainTopic(word); found {
		return page, nil
	}
	return "", fmt.Errorf("explaining %q: neither a kind nor a topic; `postpatch explain` lists them", word)
}

func overview() string {
	var b strings.Builder
	b.WriteString("Kinds of checks\n")
	width := 0
	for _, k := range all.Kinds() {
		width = max(width, len(k.Name))
	}
	for _, k := range all.Kinds() {
		fmt.Fprintf(&b, "  %-*s  %s\n", width, k.Name, k.Doc)
	}
	b.WriteString("\nTopics\n  " + strings.Join(topics(), ", ") + "\n")
	return b.String()
}
