package sql

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	mssql "github.com/microsoft/go-mssqldb"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/choice"
)

// part is one thing to ask of an instance beside itself and its databases. It may need
// a permission that the login has not: so it is asked in a batch of its own, and one that
// is not answered takes nothing else along.
type part struct {
	name  string // what a suite calls it
	state string // the reading of the item "" that tells whether it was looked at
	needs string // the permission, as a DBA would call it
	// grants are what gives it, for the script of explain: permissions of the server, and
	// tables of msdb from which to select.
	grants []string
	optIn  bool // looked at only where the suite names it
	// partial says that what was read before an error tells something by itself.
	partial bool
	specs   []probes.ReadingSpec
	notes   []string
	// read asks. An error of the server's own means that the part was not looked at.
	read func(ctx context.Context, v *visit) ([]fact.Reading, error)
}

// allParts are the parts, in the order in which they are asked.
func allParts() []part {
	return []part{
		serverPart(), availabilityPart(), backupPart(), agentPart(), integrityPart(), answersPart(), linksPart(),
	}
}

// wasRead is what a part's state says when it was looked at; whatever it says otherwise
// begins with notChecked.
const (
	wasRead    = "read"
	notChecked = "not checked: "
	tooSlow    = notChecked + "no answer in time"
	notThere   = notChecked + "this version has none"
	unreadable = notChecked + "it cannot be read"
)

func (p part) notAllowed() string { return notChecked + "needs " + p.needs }

// readings are what the part may report, its state first.
func (p part) readings() []probes.ReadingSpec {
	return append([]probes.ReadingSpec{{
		Name: p.state, Type: fact.TypeText,
		Unseen: []fact.Value{
			fact.Text(p.notAllowed()), fact.Text(tooSlow), fact.Text(notThere), fact.Text(unreadable),
		},
		Doc: "read; or not checked, and why: what the login needs, mostly.",
	}}, p.specs...)
}

// partReadings are what all parts may report.
func partReadings() []probes.ReadingSpec {
	var all []probes.ReadingSpec
	for _, p := range allParts() {
		all = append(all, p.readings()...)
	}
	return all
}

func partNotes() []string {
	var always, named []string
	for _, p := range allParts() {
		if p.optIn {
			named = append(named, p.name)
		} else {
			always = append(always, p.name)
		}
	}
	all := []string{fmt.Sprintf("The parts are %s; and %s, only where a suite names it.", strings.Join(always, ", "),
		strings.Join(named, ", "))}
	for _, p := range allParts() {
		all = append(all, p.notes...)
	}
	return all
}

func partNames() []string {
	var names []string
	for _, p := range allParts() {
		names = append(names, p.name)
	}
	return names
}

// chosen are the parts that a suite names, or those that are looked at by default.
func chosen(names []string) ([]part, error) {
	if err := choice.Some("part", partNames(), names...); len(names) > 0 && err != nil {
		return nil, err
	}
	return slices.DeleteFunc(allParts(), func(p part) bool {
		if len(names) == 0 {
			return p.optIn
		}
		return !slices.Contains(names, p.name)
	}), nil
}

// visit is one connection, and what is known of the instance so far.
type visit struct {
	probe     probe
	conn      connection
	offset    time.Duration // of the server's local time from UTC
	major     int           // of the version: 16 for SQL Server 2022; 0 when it is not told
	hadr      bool          // Always On availability groups are enabled
	edition   int           // EngineEdition: 5 and 8 are Azure's SQL Database and Managed Instance
	databases []database
	cut       bool            // a part took too long, and the driver may have given the connection up
	until     time.Time       // when the part in hand is out of time; zero for never
	closed    map[string]bool // items of databases that nobody can open here by right
}

// ask looks at a part. It takes half of the time that is left at most: what other parts
// tell is worth more than one that never ends. The error means that the server is lost.
func (v *visit) ask(ctx context.Context, p part) ([]fact.Reading, error) {
	asked, cancel := ctx, context.CancelFunc(func() {})
	v.until = time.Time{}
	if deadline, limited := ctx.Deadline(); limited {
		left := time.Until(deadline) / 2
		v.until = time.Now().Add(left)
		asked, cancel = within(ctx, left)
	}
	defer cancel()
	readings, err := p.read(asked, v)
	state := wasRead
	if err != nil {
		if !p.partial {
			readings = nil
		}
		state, err = p.whyNot(ctx, asked, err)
		if err != nil && v.cut && ctx.Err() == nil { // the connection went with the part before
			state, err = tooSlow, nil
		}
		if err != nil {
			return nil, err
		}
		v.cut = v.cut || state == tooSlow
	}
	return append([]fact.Reading{probes.Read("", p.state, fact.Text(state))}, readings...), nil
}

// within is a context that is cancelled after a time. It has no deadline of its own,
// because the driver takes a deadline that is over for a broken connection, and then
// nothing else could be asked.
func within(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	timer := time.AfterFunc(d, cancel)
	return ctx, func() { timer.Stop(); cancel() }
}

// whyNot is what a part's state says when it was asked within a part of the check's time
// and did not come; an error where the server itself is lost.
func (p part) whyNot(ctx, asked context.Context, err error) (state string, lost error) {
	var answer mssql.Error
	switch {
	case errors.Is(err, errNotAllowed):
		return p.notAllowed(), nil
	case ctx.Err() == nil && (asked.Err() != nil || errors.Is(err, errNoTime)):
		return tooSlow, nil
	case !errors.As(err, &answer) || answer.Number == 0: // no word of the server's
		return "", fmt.Errorf("reading %s: %w", p.name, err)
	case isDenied(answer.Number):
		return p.notAllowed(), nil
	case slices.Contains([]int32{207, 208, 2812}, answer.Number): // no such column, object, procedure
		return notThere, nil
	default: // msdb cannot be opened, say
		return unreadable, nil
	}
}

// isDenied knows the errors of a login that may not: SELECT denied on a table or a column
// (229, 230), no right to the server's state (297, 300), no way into the database (916).
// Source: sys.messages, as Microsoft documents it under "Database engine errors".
func isDenied(number int32) bool {
	return slices.Contains([]int32{229, 230, 297, 300, 916}, number)
}
