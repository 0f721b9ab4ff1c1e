package mailtalk

import (
	"errors"
	"slices"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
)

// Record is what was read of one item.
type Record struct {
	Item     string
	Readings []fact.Reading
}

// Add adds a reading.
func (r *Record) Add(name string, value fact.Value) {
	r.Readings = append(r.Readings, probes.Read(r.Item, name, value))
}

// Has says whether there is a reading of that name.
func (r *Record) Has(name string) bool {
	return slices.ContainsFunc(r.Readings, func(f fact.Reading) bool { return f.Key.Name == name })
}

// Because gives the reason for what failed, with a server's words in it; the first counts.
func (r *Record) Because(words string) {
	if words != "" && !r.Has("reason") {
		r.Add("reason", Reason(words))
	}
}

// LoggedIn adds what became of a logon, of which err tells as that of Target.LogOn does,
// and says whether the account was let in. It returns what is no reading.
func (r *Record) LoggedIn(took time.Duration, err error) (in bool, _ error) {
	no, said := errors.AsType[*SaidNo](err)
	switch {
	case err == nil:
		r.Add("login", fact.Text(OK))
		r.Add("login_time", fact.Duration(took))
		return true, nil
	case errors.Is(err, probes.ErrRefused):
		r.Add("login", fact.Text(RefusedLogin))
		r.Because(err.Error())
		return false, nil
	case said:
		r.Add("login", fact.Text(Unavailable))
		r.Because(no.Words)
		return false, nil
	default:
		return false, err
	}
}
