package main

import (
	"os"
	"strings"

	"postpatch/probes/all"
	"postpatch/suites"
	"postpatch/suites/schema"
)

// bySchema is what the schemas refuse of files in which lint finds no problem: what an
// editor would mark, or refuse to complete.
func bySchema(args []string) ([]suites.Problem, error) {
	files, err := filesOf(args, new(linted))
	if err != nil {
		return nil, err
	}
	checkers := map[string]*schema.Checker{}
	var problems []suites.Problem
	for _, file := range files {
		form := formOfFile(file)
		if checkers[form] == nil {
			if checkers[form], err = schema.NewChecker(form, all.Kinds()); err != nil {
				return nil, err
			}
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		for _, r := range checkers[form].Check(text) {
			p := suites.Problem{
				File: file, Line: r.Line, Column: r.Column, Msg: "by the schema: " + r.Said,
				Hint: "lint takes it, and editors mark it; the schema is " + schema.Name(form),
			}
			if form == "credentials" { // which shows nothing that stands in it
				p.Msg, p.NoExcerpt = "the schema refuses what stands here", true
			}
			problems = append(problems, p)
		}
	}
	return problems, nil
}

// formOfFile tells by its name which of the schema's files one is.
func formOfFile(file string) string {
	switch {
	case strings.HasSuffix(file, planEnding):
		return "plan"
	case strings.HasSuffix(file, credentialsEnding):
		return "credentials"
	default:
		return "suite"
	}
}
