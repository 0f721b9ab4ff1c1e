package certificate

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"

	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/named"
)

// certificate is one row, or the newest of several alike.
type certificate struct {
	store, name, issuer string
	purposes, names     []string
	begins, ends        time.Time
	left                int64 // whole days
	row                 host.Row
	older               int // how many like it the store holds besides
}

// certificate reads a row; it is false for one that the check does not look at, or
// that cannot be read.
func (o *observing) certificate(row host.Row) (certificate, bool) {
	c := certificate{
		store: gather.Text(row, "store"), issuer: gather.Text(row, "issuer"), row: row,
		purposes: purposes(row), names: names(row.Get("names").Text),
	}
	thumbprint := named.Short(gather.Text(row, "thumbprint"), 100)
	c.name = cmp.Or(commonName(row.Get("subject").Text), slices.Concat(c.names, []string{""})[0],
		gather.Text(row, "subject"), thumbprint)
	c.name = named.Short(c.name, 200)
	what := "certificate " + named.Line(thumbprint)
	if !row.Get("problem").Null {
		o.fail(what, errors.New(named.Line(row.Get("problem").Text)))
		return c, false
	}
	if !o.wanted(c.name) {
		return c, false
	}
	var beginsErr, endsErr error
	c.begins, beginsErr = row.Get("begins").Time()
	c.ends, endsErr = row.Get("expires").Time()
	now, dated := o.now[named.Fold(c.store)]
	if err := errors.Join(beginsErr, endsErr); err != nil || !dated {
		o.fail(what, errors.New("the host does not tell when it is valid"))
		return c, false
	}
	c.left = daysLeft(now, c.ends)
	return c, true
}

// newest folds certificates of one name, issuer and purpose in a store into the one
// that ends last, in a fixed order.
func newest(all []certificate) []certificate {
	alike := func(a, b certificate) int {
		return cmp.Or(
			strings.Compare(named.Fold(a.store), named.Fold(b.store)),
			strings.Compare(named.Fold(a.name), named.Fold(b.name)),
			strings.Compare(named.Fold(a.issuer), named.Fold(b.issuer)),
			slices.Compare(a.purposes, b.purposes),
		)
	}
	slices.SortStableFunc(all, func(a, b certificate) int {
		return cmp.Or(alike(a, b), b.ends.Compare(a.ends), b.begins.Compare(a.begins),
			strings.Compare(a.row.Get("thumbprint").Text, b.row.Get("thumbprint").Text))
	})
	var kept []certificate
	for _, c := range all {
		if last := len(kept) - 1; last >= 0 && alike(kept[last], c) == 0 {
			kept[last].older++
			continue
		}
		kept = append(kept, c)
	}
	return kept
}

func (o *observing) readings(c certificate) {
	item := o.twins.Item(c.store + "/" + c.name)
	if c.left >= 0 { // one that has ended may be tidied away, and its key with it
		o.Add(item, "present", fact.Bool(true))
		o.key(item, c)
	}
	o.Add(item, "thumbprint", fact.Text(strings.ToUpper(gather.Text(c.row, "thumbprint"))))
	o.Add(item, "expires", fact.Time(c.ends))
	o.Add(item, "days_left", fact.Int(c.left))
	o.Add(item, "warnings", o.warnings(c))
	o.Add(item, "issuer", fact.Text(named.Short(c.issuer, mostText)))
	o.Add(item, "purposes", fact.SetOf(c.purposes...))
	o.Add(item, "names", fact.SetOf(c.names...))
	o.Add(item, "older", fact.Int(c.older))
}

// key tells of the private key.
func (o *observing) key(item string, c certificate) {
	if key, known := c.row.Get("key").Bool(); known {
		o.Add(item, "private_key", fact.Bool(key))
	} else {
		o.Failf("private_key of "+named.Line(item), "the host does not tell it")
	}
	if opens, known := c.row.Get("opens").Bool(); known {
		o.Add(item, "key_opens", fact.Bool(opens))
	}
	if reason := named.Line(c.row.Get("unopened").Text); reason != "" {
		o.Failf("key_opens of "+named.Line(item), "the account may not open it: %s", reason)
	}
	if why := named.Line(c.row.Get("why").Text); why != "" {
		o.Add(item, "key_error", fact.Text(why))
	}
}

func (o *observing) warnings(c certificate) fact.Set {
	var all []string
	switch {
	case c.left < 0:
		all = append(all, "has ended")
	case c.left < int64(o.Days):
		all = append(all, "ends soon")
	}
	if o.now[named.Fold(c.store)].Before(c.begins) {
		all = append(all, "not yet valid")
	}
	return fact.SetOf(all...)
}

// daysLeft counts whole days: 0 on the last one, negative after the end.
func daysLeft(now, ends time.Time) int64 {
	left := ends.Sub(now)
	days := int64(left / (24 * time.Hour))
	if left < 0 {
		days--
	}
	return days
}
