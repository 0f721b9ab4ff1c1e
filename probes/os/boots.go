package os

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
)

func events() host.Collector { return host.Collector{Name: "boots"} }

// mostEvents is what the collector returns, but for one that shows that there are
// more.
const mostEvents = 500

// The ids of the events that tell of starts. Source: the providers' manifests, and
// Microsoft's description of Kernel-Power 41.
const (
	started      = 12   // Kernel-General
	shutDown     = 13   // Kernel-General
	dirty        = 41   // Kernel-Power: started without a shutdown
	bugcheck     = 1001 // WER-SystemErrorReporting
	asked        = 1074 // User32: a restart was asked for
	unexpectedly = 6008 // EventLog: the last shutdown was
)

// event is one row of the collector.
type event struct {
	id      int64
	at      time.Time
	code    int64  // of a bugcheck
	process string // that asked for a restart
	user    string // for whom it asked
	reason  int64  // its reason code
	text    string
}

// start is one boot with what is known of its cause.
type start struct {
	at       time.Time
	request  *event // the last one for a restart before it
	shutDown bool
	dirty    bool
	code     int64 // of the bugcheck before it; 0 for none
}

// starts reads when and why Windows was started.
func starts(r *gather.Reader, boot, now time.Time) {
	rows, ok := r.Rows("boots", events())
	if !ok {
		return
	}
	all, ok := readEvents(r, rows)
	if !ok {
		return
	}
	boots := list(all)
	if len(boots) == 0 && !now.IsZero() && !boot.IsZero() && now.Sub(boot) < 24*time.Hour {
		// A log that was cleared since would hide a crash.
		r.Failf("boots", "the System log tells of no start, and Windows was started at %s", fact.Time(boot))
		return
	}
	var told, crashes, unclean []string
	for _, b := range boots {
		at := fact.Time(b.at).String()
		told = append(told, at+" "+b.why())
		switch {
		case b.code != 0:
			crashes = append(crashes, at+" "+b.bugcheck())
		case b.dirty:
			unclean = append(unclean, at+" power loss, reset or hang")
		}
	}
	for _, e := range all {
		if e.died() {
			crashes = append(crashes, fact.Time(e.at).String()+" "+e.death())
		}
	}
	r.Add("", "boots", fact.SetOf(told...))
	r.Add("", "crashes", fact.SetOf(crashes...))
	r.Add("", "unclean_boots", fact.SetOf(unclean...))
}

// readEvents returns the events by time; what cannot be read of one leaves all
// unknown, since it might have been a crash.
func readEvents(r *gather.Reader, rows []host.Row) ([]event, bool) {
	if len(rows) > mostEvents {
		r.Failf("boots", "the System log has more than %d events of starts in 30 days", mostEvents)
		return nil, false
	}
	all := make([]event, 0, len(rows))
	for _, row := range rows {
		id, err := row.Get("Id").Int()
		if err != nil {
			r.Fail("boots", err)
			return nil, false
		}
		at, err := row.Get("Time").Time()
		if err != nil {
			r.Fail("boots", err)
			return nil, false
		}
		e := event{id: id, at: at, process: program(gather.Text(row, "Process")), text: gather.Text(row, "Text")}
		e.user = account(gather.Text(row, "User"))
		e.reason, _ = strconv.ParseInt(gather.Text(row, "Reason"), 0, 64)
		if id == dirty {
			e.code, _ = gather.Number(row, "Code")
		}
		if id == bugcheck {
			e.code = codeIn(e.text)
		}
		all = append(all, e)
	}
	slices.SortStableFunc(all, func(a, b event) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.id, b.id)) })
	return all, true
}

// program is the file's name in "C:\Windows\servicing\TrustedInstaller.exe (SRV01)".
func program(text string) string {
	if i := strings.LastIndex(text, " ("); i > 0 {
		text = text[:i]
	}
	text = text[strings.LastIndexByte(text, '\\')+1:]
	return strings.Map(printable, text[:min(len(text), 100)])
}

// account is the name in "CORP\admin".
func account(text string) string {
	text = text[strings.LastIndexByte(text, '\\')+1:]
	return strings.Map(printable, text[:min(len(text), 60)])
}

// printable drops what would leave its line; what a log holds is anybody's text.
func printable(r rune) rune {
	if r < ' ' || r == 0x7f || r == '\uFFFD' {
		return -1
	}
	return r
}

// codeIn reads the code at the front of "0x0000009f (0x3, …)". A bugcheck whose
// code cannot be read is one all the same.
func codeIn(text string) int64 {
	word, _, _ := strings.Cut(text, " ")
	code, err := strconv.ParseInt(word, 0, 64)
	if err != nil || code == 0 {
		return -1
	}
	return code
}

// list makes the boots of the events, the oldest first. What is logged while
// Windows starts may carry a time just before the start's own.
func list(all []event) []start {
	var boots []start
	for _, e := range all {
		if e.id == started {
			boots = append(boots, start{at: e.at})
		}
	}
	for i := range all {
		e := &all[i]
		after, _ := slices.BinarySearchFunc(boots, e.at, func(b start, at time.Time) int { return b.at.Compare(at) })
		switch e.id {
		case asked, shutDown:
			if after < len(boots) {
				boots[after].led(e)
			}
		case dirty, bugcheck, unexpectedly:
			const early = time.Minute
			if after < len(boots) && boots[after].at.Sub(e.at) <= early {
				boots[after].followed(e)
			} else if after > 0 {
				boots[after-1].followed(e)
			}
		}
	}
	return boots
}

// led takes in what came before a start. After a shutdown an older request says
// nothing more.
func (b *start) led(e *event) {
	if e.id == asked {
		b.request = e
	} else {
		b.shutDown = true
	}
}

// followed takes in what Windows found when it started.
func (b *start) followed(e *event) {
	b.dirty = true
	if e.code > 0 || b.code == 0 {
		b.code = e.code
	}
}

// bugcheck names the one before the start.
func (b *start) bugcheck() string {
	if b.code < 0 {
		return "bugcheck, its code is not known"
	}
	return fmt.Sprintf("bugcheck 0x%x", b.code)
}

// why is the start's cause, in words that are the same in every language.
func (b *start) why() string {
	switch {
	case b.code != 0:
		return "after " + b.bugcheck()
	case b.dirty:
		return "after a power loss, reset or hang"
	case b.request != nil && b.request.died():
		return "restart by wininit.exe, " + b.request.death()
	case b.request != nil && b.request.reason&planned != 0:
		return "restart by " + b.request.asker() + ", planned"
	case b.request != nil:
		return "restart by " + b.request.asker() + ", unplanned"
	case b.shutDown:
		return "after a shutdown"
	default:
		return "for a reason that is not logged"
	}
}

// asker is the program that asked for a restart, and for whom.
func (e *event) asker() string {
	if e.user == "" {
		return e.process
	}
	return e.process + " for " + e.user
}

// The parts of a reason code. Source: the Windows SDK's reason.h.
const (
	planned     = 0x80000000 // SHTDN_REASON_FLAG_PLANNED
	majorMask   = 0x00ff0000
	majorSystem = 0x00050000 // SHTDN_REASON_MAJOR_SYSTEM: a failure of the system
)

// died says whether Windows restarted itself since it could not be without a
// process that had died. Others restart through wininit.exe too, for other reasons.
func (e *event) died() bool {
	return e.id == asked && strings.EqualFold(e.process, "wininit.exe") &&
		e.reason&planned == 0 && e.reason&majorMask == majorSystem
}

// death says what died, as far as the host's words, which are in its language,
// hold names and numbers.
func (e *event) death() string {
	name := regexp.MustCompile(`(?i)[a-z]:\\[^'"<>|*?]*\\([^\\'"<>|*?]{1,60}\.exe)`).FindStringSubmatch(e.text)
	status := regexp.MustCompile(`-\d{5,10}\b`).FindString(e.text)
	text := "a critical process died"
	if len(name) == 2 {
		text = strings.Map(printable, name[1]) + " died"
	}
	if n, err := strconv.ParseInt(status, 10, 64); err == nil {
		text += fmt.Sprintf(" with 0x%08x", uint32(n)) //nolint:gosec // an NTSTATUS is 32 bits with a sign
	}
	return text
}
