package sql

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	mssql "github.com/microsoft/go-mssqldb"

	"postpatch/probes"
	"postpatch/probes/fact"
)

// stance is what an error number asks of whoever was turned away.
type stance int

const (
	stanceFail    stance = iota // somebody has to do something
	stanceWait                  // it is on its way
	stanceRefused               // every further try may count toward the lock of the account
)

// meaning is what an error number means that a login ends with.
type meaning struct {
	number int32
	stance stance
	hint   string // in plain words, and the way out
}

// meanings are of the numbers that a login may end with. Source: Microsoft's "Database
// engine events and errors" (0 to 999, 16000 to 17999, 18000 to 18999), and its pages on
// MSSQLSERVER_4060, 4064, 17142, 18452 and 18456. From memory: 17809, 17810, 17892, and
// Azure's 10928 and 10929.
func meanings() []meaning {
	return slices.Concat(startMeanings(), accountMeanings(), limitMeanings(), databaseMeanings(), groupMeanings())
}

func startMeanings() []meaning {
	return []meaning{
		{18401, stanceWait, "its update scripts run, as they do at the first start after a patch; " +
			"event 912 in the Application log says that one has failed"},
		{17187, stanceWait, "it is still starting"},
		{17188, stanceWait, "it is shutting down"},
		{18451, stanceWait, "only administrators may connect: it is starting or stopping"},
		{17142, stanceFail, "the service is paused: continue it"},
		{18461, stanceFail, "it runs in single-user mode, as maintenance leaves it: " +
			"take -m out of its startup parameters and restart it"},
		{17194, stanceFail, "it cannot load what it encrypts with: look at its certificate and at Schannel's protocols"},
		{17892, stanceFail, "a logon trigger turns the login away: disable it, or let the login through"},
	}
}

func accountMeanings() []meaning {
	return []meaning{
		{18456, stanceRefused, "it does not take this user and password, or the login may not connect; " +
			"its ERRORLOG has the state that says why. If it worked before, was the password changed, or the login lost?"},
		{18452, stanceRefused, "Windows does not vouch for the account: the domain is not trusted, or no domain controller " +
			"or secure channel was there to ask; try Test-ComputerSecureChannel on the server"},
		{18470, stanceRefused, "the login is disabled: ALTER LOGIN ... ENABLE"},
		{18486, stanceRefused, "the login is locked after too many wrong passwords: find who tries them, " +
			"then ALTER LOGIN ... WITH PASSWORD ... UNLOCK"},
		{18487, stanceRefused, "the login's password has expired: set a new one, or CHECK_EXPIRATION = OFF"},
		{18488, stanceRefused, "the login's password must be changed before its first use: a check cannot do that"},
	}
}

func limitMeanings() []meaning {
	const licence = "the licences are used up: close connections, or look at the licensing mode"
	const azure = "a limit of the database's service tier is reached"
	return []meaning{
		{17809, stanceFail, "no more user connections are allowed: see the setting 'user connections', and who holds them"},
		{17810, stanceFail, "the one dedicated administrator connection is in use"},
		{17189, stanceFail, "it has no thread left for a connection: it is short of memory or of workers"},
		{17197, stanceFail, "the login took it too long: it is under heavy load"},
		{18458, stanceFail, licence},
		{18459, stanceFail, licence},
		{18460, stanceFail, licence},
		{10928, stanceFail, azure},
		{10929, stanceFail, azure},
	}
}

func databaseMeanings() []meaning {
	return []meaning{
		{4060, stanceFail, "the database is not there, is not ONLINE, or the login is no user of it"},
		{4064, stanceFail, "the login's default database cannot be opened: ALTER LOGIN ... WITH DEFAULT_DATABASE = master"},
		{916, stanceFail, "the login is no user of the database"},
		{921, stanceWait, "the database has not been recovered yet"},
		{922, stanceWait, "the database is being recovered"},
		{941, stanceWait, "the database is not started yet"},
		{952, stanceWait, "the database is in transition"},
		{923, stanceFail, "the database is in RESTRICTED_USER mode, as maintenance leaves it"},
		{924, stanceFail, "the database is in SINGLE_USER mode, and somebody is in it"},
		{926, stanceFail, "recovery has marked the database SUSPECT: its ERRORLOG says why; restore it"},
		{927, stanceFail, "the database is in the middle of a restore"},
		{942, stanceFail, "the database is offline: ALTER DATABASE ... SET ONLINE"},
		{945, stanceFail, "a file of the database cannot be reached, or memory or disk space is short: see the ERRORLOG"},
		{946, stanceFail, "the database was not upgraded to this version: see the ERRORLOG"},
	}
}

func groupMeanings() []meaning {
	return []meaning{
		{976, stanceWait, "the database is on a secondary replica that may not be read, or its data movement is suspended"},
		{978, stanceFail, "the secondary replica lets in only who asks for read-only access"},
		{979, stanceFail, "the secondary replica lets nobody in who asks for read-only access"},
		{982, stanceWait, "no secondary replica that may be read is online"},
		{983, stanceWait, "the replica is neither primary nor secondary: the availability group is resolving"},
		{988, stanceWait, "the availability group has no quorum"},
	}
}

// meaningOf is what a number means; it has no hint where nothing is known of it.
func meaningOf(number int32) meaning {
	all := meanings()
	if i := slices.IndexFunc(all, func(m meaning) bool { return m.number == number }); i >= 0 {
		return all[i]
	}
	return meaning{number: number}
}

// word is what the reading login says.
func (m meaning) word() fact.Text {
	if m.stance == stanceWait {
		return fact.Text(fmt.Sprintf("waiting %d", m.number))
	}
	return fact.Text(fmt.Sprintf("failed %d", m.number))
}

// loginWords are the readings of login that mean a stance.
func loginWords(s stance) []fact.Value {
	var words []fact.Value
	for _, m := range meanings() {
		if m.stance == s {
			words = append(words, m.word())
		}
	}
	return words
}

func hintReadings() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "login_hint", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Evidence: true,
			Doc: "What the error number of a login that did not get in means, and the way out.",
		},
		{
			Name: "login_message", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Evidence: true,
			Doc: "What the server itself said to it, in its language.",
		},
	}
}

// loginAnswer are the readings of a login that the server has answered with an error. The
// first error is the cause: a database that cannot be opened comes before the login that
// fails with it.
func loginAnswer(answer mssql.Error) []fact.Reading {
	if len(answer.All) > 0 {
		answer = answer.All[0]
	}
	m := meaningOf(answer.Number)
	readings := []fact.Reading{probes.Read("", "login", m.word())}
	if m.hint != "" {
		readings = append(readings, probes.Read("", "login_hint", fact.Text(m.hint)))
	}
	if text := messageLine(answer.Message); text != "" {
		readings = append(readings, probes.Read("", "login_message", fact.Text(text)))
	}
	return readings
}

// messageLine is a text of the server's without what could damage a report.
func messageLine(text string) string {
	const most = 300
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	runes := []rune(strings.Join(strings.Fields(text), " "))
	if len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return string(runes)
}
