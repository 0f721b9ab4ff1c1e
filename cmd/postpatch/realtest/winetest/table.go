package main

import "strings"

// chosen are the arguments of go test where no package is named: packages in which files,
// paths, texts, consoles, sockets or proofs are otherwise on Windows, and of the program's own
// the tests of these. To build and link the tests of all the others takes longer than they
// find out.
func chosen() [][]string {
	return [][]string{
		{
			"./baseline/...", "./suites/inventory", "./probes/host/winrm/auth", "./probes/internal/echo",
			"./probes/internal/reach", "./probes/internal/webtalk", "./probes/ping",
		},
		{"-run", "^Test(MissingFile|BadSuites|LinksOut|Use|EveryEncoding|AScript)", "./suites"},
		{"-run", "^Test(" + strings.Join(ofProgram(), "|") + ")", "./cmd/postpatch"},
	}
}

// ofProgram are the tests of the program itself that look at Windows.
func ofProgram() []string {
	return []string{
		"FilesOfWindows", "TextsOfWindows", "AReportThatIsBeingRead", "LongPaths", "PlainPaths", "WhoMayUseAFile",
		"CommandSecrets", "FilesOfHostileNames",
	}
}

// skip is a test that is not run on Wine, for a reason that is Wine's. One that is
// Windows' stands in the test.
type skip struct{ test, why string }

func skips() []skip {
	const slow = "it makes thousands of files, each by way of Wine's server, and takes minutes; nothing in it is Windows'"
	const datagrams = "datagrams to and from addresses of 127/8 other than 127.0.0.1 get lost"
	return []skip{
		{"TestMutations", slow},
		{"TestDiffTextSeesEveryDamage", slow},
		{"TestResumeAfterEveryDamage", slow},
		{"TestReadComparesEveryFile", slow},
		{"TestEveryDamageIsTold", slow},
		{"TestLimits", slow},
		{"TestAllCapturesAreNamed", slow},
		{"TestWhatServersSay", datagrams},          // probes/dhcpanswer, whose TestKind fails by it as well
		{"TestFaults", datagrams},                  // probes/kerberos
		{"TestEveryProtocolHasItsDoor", datagrams}, // probes/lab
		// Two sockets may be bound to one address, by which labs tell that another is there.
		{"TestLabsAtOnceShareNoAddress", "Wine 8 binds two sockets of datagrams to one address"},
		{"TestClosedLabsLeaveTheirAddresses", "Wine 8 binds two sockets of datagrams to one address"},
	}
}

// skipPattern is skips as go test has it.
func skipPattern() string {
	var tests []string
	for _, s := range skips() {
		tests = append(tests, s.test)
	}
	return "^(" + strings.Join(tests, "|") + ")$"
}
