package main

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"postpatch/runner/report/annotate"
	"postpatch/suites"
)

// The forms in which lint tells.
const (
	formText   = "text"
	formJSON   = "json"
	formGitHub = "github"
	formGitLab = "gitlab"
	formAzure  = "azure"
)

const formsHelp = `Forms:
  text    for people: the line, a caret, a hint; the first twenty, and how many more there are
  json    {"version": 1, "problems": [{"file", "line", "column", "message", "hint"}],
          "suites": n, "plans": n, "credentials": n, "hosts": n, "checks": n}
          line and column begin with 1, count characters, and are left out of a problem of the
          whole file, as is an empty hint; version changes when a key is taken away or changes
  github  annotations of GitHub Actions (::error file=…,line=…,col=…::…)
  gitlab  a Code Quality report, for artifacts: reports: codequality:
  azure   issues of Azure Pipelines (##vso[task.logissue …]…)
All but text have every problem, and of one file the first thousand.`

// lintForm writes what lint has come to.
type lintForm func(w io.Writer, l linted) error

func formOf(name string) (lintForm, error) {
	switch name {
	case formText:
		return lintText, nil
	case formJSON:
		return lintJSON, nil
	case formGitHub:
		return lintGitHub, nil
	case formGitLab:
		return lintGitLab, nil
	case formAzure:
		return lintAzure, nil
	default:
		return nil, fmt.Errorf("--format %q: want text, json, github, gitlab or azure", name)
	}
}

func lintText(w io.Writer, l linted) error {
	if len(l.problems) > 0 {
		_, err := io.WriteString(w, suites.Format(l.problems, os.ReadFile))
		return err
	}
	counted := []string{
		count(l.counts.Suites, "suite"), count(l.plans, "plan"),
		count(l.counts.Hosts, "host"), count(l.counts.Checks, "check"),
	}
	if l.credentials > 0 {
		counted = append(counted, count(l.credentials, "credentials file"))
	}
	_, err := fmt.Fprintf(w, "no problems: %s%s\n", strings.Join(counted, ", "), notAsked(l.counts.Unasked))
	return err
}

type jsonProblem struct {
	File    string `json:"file"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

func lintJSON(w io.Writer, l linted) error {
	document := struct {
		Version     int           `json:"version"`
		Problems    []jsonProblem `json:"problems"`
		Suites      int           `json:"suites"`
		Plans       int           `json:"plans"`
		Credentials int           `json:"credentials"`
		Hosts       int           `json:"hosts"`
		Checks      int           `json:"checks"`
	}{1, []jsonProblem{}, l.counts.Suites, l.plans, l.credentials, l.counts.Hosts, l.counts.Checks}
	for _, p := range l.problems {
		document.Problems = append(document.Problems, jsonProblem{p.File, p.Line, p.Column, p.Msg, p.Hint})
	}
	return harmlessJSON(w, document)
}

// harmlessJSON writes JSON that no runner of pipelines takes for its own commands: Azure's
// agent and GitHub's runner look for ##vso[ and ##[ anywhere in a line.
func harmlessJSON(w io.Writer, document any) error {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(document); err != nil {
		return fmt.Errorf("writing JSON: %w", err)
	}
	_, err := w.Write(bytes.ReplaceAll(text.Bytes(), []byte("##"), []byte(`#\u0023`)))
	return err
}

// inRepository is a file's name as pipelines know it: relative to the folder in which
// they run, where it is below, with slashes.
func inRepository(file string) string {
	if here, err := os.Getwd(); err == nil && filepath.IsAbs(file) {
		if inside, err := filepath.Rel(here, file); err == nil && filepath.IsLocal(inside) {
			file = inside
		}
	}
	return filepath.ToSlash(filepath.Clean(file))
}

// withHint is a problem's message with its hint behind it.
func withHint(p suites.Problem) string {
	if p.Hint == "" {
		return p.Msg
	}
	return p.Msg + " (" + p.Hint + ")"
}

func lintGitLab(w io.Writer, l linted) error {
	type lines struct {
		Begin int `json:"begin"`
	}
	type location struct {
		Path  string `json:"path"`
		Lines lines  `json:"lines"`
	}
	type issue struct {
		Description string   `json:"description"`
		CheckName   string   `json:"check_name"`
		Fingerprint string   `json:"fingerprint"`
		Severity    string   `json:"severity"`
		Location    location `json:"location"`
	}
	issues, seen := []issue{}, map[string]int{}
	for _, p := range l.problems {
		path := inRepository(p.File)
		// Without the line: a problem that moves is no new one.
		text := path + "\x00" + p.Msg
		seen[text]++
		sum := sha256.Sum256([]byte(text + "\x00" + strconv.Itoa(seen[text])))
		issues = append(issues, issue{
			withHint(p), "postpatch-lint", hex.EncodeToString(sum[:16]), "major", location{path, lines{cmp.Or(p.Line, 1)}},
		})
	}
	return harmlessJSON(w, issues)
}

func lintGitHub(w io.Writer, l linted) error { return lintAnnotations(w, l, annotate.GitHub) }

func lintAzure(w io.Writer, l linted) error { return lintAnnotations(w, l, annotate.Azure) }

func lintAnnotations(w io.Writer, l linted, form annotate.Form) error {
	for _, p := range l.problems {
		text := form(annotate.Annotation{
			Level: annotate.Error, File: suites.Harmless(inRepository(p.File)), Line: p.Line, Column: p.Column,
			Text: suites.Harmless(withHint(p)),
		})
		if _, err := io.WriteString(w, text+"\n"); err != nil {
			return err
		}
	}
	return nil
}
