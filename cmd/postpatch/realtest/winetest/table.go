package main

import "strings"

// packages are those whose tests are run where none is named: where files, paths, texts,
// consoles, sockets and proofs are otherwise on Windows. All others pass on Wine, too, but
// for what skips says; to build and link the tests of each of them takes longer than they
// find out.
func packages() []string {
	return []string{
		"./baseline/...", "./suites", "./suites/inventory",
		"./probes/host/winrm/auth", "./probes/internal/echo", "./probes/internal/reach", "./probes/internal/webtalk",
		"./probes/ping", "./probes/tcp", "./cmd/postpatch",
	}
}

// skip is a test that is not run on Wine, for a reason that is Wine's. One that is
// Windows' stands in the test.
type skip struct{ test, why string }

func skips() []skip {
	return []skip{}
}

// skipPattern is skips as go test has it.
func skipPattern() string {
	var tests []string
	for _, s := range skips() {
		tests = append(tests, s.test)
	}
	return "^(" + strings.Join(tests, "|") + ")$"
}
