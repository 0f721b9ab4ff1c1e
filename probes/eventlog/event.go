package eventlog

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"postpatch/probes/internal/named"
)

// levelNames are the words of the levels, by number. Source: the documentation of
// System.Diagnostics.Eventing.Reader.StandardEventLevel; 0 is what providers write
// that know no levels.
func levelNames() []string {
	return []string{"information", "critical", "error", "warning", "information", "verbose"}
}

// event is a group of events that differ in nothing but their time and text.
type event struct {
	log, provider, detail, service, text string
	id, count                            int
	peak                                 int // of count, within one hour
	level                                int
	last                                 time.Time
}

// with adds the count of the same at another level, of which Windows keeps apart
// what it wrote as an error and as a warning.
func (e event) with(other event) event {
	if other.last.After(e.last) {
		e, other = other, e
	}
	e.count += other.count
	e.peak += other.peak
	if other.level != 0 && (e.level == 0 || other.level < e.level) {
		e.level = other.level
	}
	return e
}

// subject is what an event is about: the service's own name, which Windows does
// not translate, or the first value.
func (e event) subject() string {
	if plain := regexp.MustCompile(`^[!-~]+$`); plain.MatchString(e.service) {
		return e.service
	}
	return e.detail
}

func (e event) item() string { return e.log + "/" + e.name() }

// name is the event's in its log, without what another boot or an update of a
// program would change.
func (e event) name() string {
	name, subject := fmt.Sprintf("%s/%d", e.provider, e.id), e.stable()
	if subject == "" || strings.EqualFold(e.provider, esent) {
		return name
	}
	return name + ": " + subject
}

// stable is the subject without a version, the number of a logon, and the random end of
// the driver that Defender installs with each of its signatures.
func (e event) stable() string {
	subject := regexp.MustCompile(`\d+(\.\d+)+`).ReplaceAllString(e.subject(), "#")
	if template, ok := perUser(subject); ok {
		subject = template + "_#"
	}
	return regexp.MustCompile(`(?i)^(MpKsl)[0-9a-f]{8}$`).ReplaceAllString(subject, "$1#")
}

// perUser reads the name of a service that each user has one of, which ends in the
// number of the logon. Source: Microsoft's list of such services.
func perUser(name string) (template string, ok bool) {
	at := regexp.MustCompile(`_[0-9a-f]{3,8}$`).FindStringIndex(name)
	if at == nil {
		return "", false
	}
	template = name[:at[0]]
	lower := strings.ToLower(template)
	for _, end := range []string{"usersvc", "userservice", "user service"} {
		if strings.HasSuffix(lower, end) {
			return template, true
		}
	}
	return template, slices.Contains([]string{
		"captureservice", "cdpusersvc", "devicesflowusersvc", "messagingservice", "onesyncsvc",
		"pimindexmaintenancesvc", "unistoresvc", "aarsvc", "cbdhsvc", "deviceassociationbrokersvc", "npsmsvc",
		"p9rdrservice", "penservice", "credentialenrollmentmanagerusersvc",
	}, lower)
}

// sample is what an operator reads of an event: "3 times: text".
func (e event) sample() string {
	times := "once"
	if e.count > 1 {
		times = fmt.Sprintf("%d times", e.count)
	}
	return times + ": " + cmp.Or(e.text, "(no text)")
}

// newest tells of the newest events, the newest first.
func newest(all []event) string {
	const most = 3
	slices.SortStableFunc(all, func(a, b event) int { return b.last.Compare(a.last) })
	var texts []string
	for _, e := range all[:min(most, len(all))] {
		texts = append(texts, e.name()+", "+e.sample())
	}
	return strings.Join(texts, "; ")
}

// The bounds of what is taken from an event, in characters.
const (
	mostName = 100
	mostText = 300
)

// clean makes one line of a text, without what moves a terminal's cursor, and cuts
// it off.
func clean(text string, most int) string { return strings.Map(printable, named.Within(text, most)) }

func printable(r rune) rune {
	if r < ' ' || r == 0x7f {
		return '�'
	}
	return r
}
