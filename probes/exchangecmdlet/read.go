package exchangecmdlet

import (
	"cmp"
	"regexp"
	"strconv"
	"strings"
	"time"

	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/exchangehost"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/named"
)

// apart makes an item of each row.
func (o run) apart(r *gather.Reader, rows []host.Row) {
	prefix := ""
	name := func(host.Row) string { return o.item }
	if len(o.shape.item) > 0 {
		prefix, name = o.item+"/", o.shape.name
	}
	for _, row := range named.Rows(r, o.item, rows, named.Naming{Prefix: prefix, Name: name}) {
		outcome, known := o.outcome(r, row.Item, row.Row)
		switch {
		case !known:
			continue
		case outcome == skipped:
			r.Add(row.Item, "not_tested", fact.Text(skipped))
			continue
		}
		r.Add(row.Item, "result", fact.Text(outcome))
		if took, ok := o.shape.took(row.Row); ok {
			r.Add(row.Item, "latency", fact.Duration(took))
		}
		if problem := named.Line(gather.Text(row.Row, o.shape.problem)); problem != "" && outcome == failure {
			r.Add(row.Item, "error", fact.SetOf(problem))
		}
		stopped := gather.List(row.Row, o.shape.stopped)
		if set, err := named.Set("services", stopped, mostTold); o.shape.stopped != "" && len(stopped) > 0 && err == nil {
			r.Add(row.Item, "stopped", set)
		}
	}
}

const (
	// mostTold bounds what stands beside a failure.
	mostTold = 20
	// mostFailing is more databases than a server can have, which is 100.
	mostFailing = 200
	// nameless is what of several databases has no name.
	nameless = "one without a name"
)

// together makes one item of all rows, which are there today and on another server
// tomorrow: it fails when one of them does, and names those that do, lest one that failed
// before hide another.
func (o run) together(r *gather.Reader, rows []host.Row) {
	result := ""
	var problems, failing []string
	var slowest time.Duration
	timed := false
	for _, row := range rows {
		name := o.shape.name(row)
		outcome, known := o.outcome(r, o.item, row)
		if !known || outcome == skipped {
			continue // what is not known is noted
		}
		if took, ok := o.shape.took(row); ok {
			slowest, timed = max(slowest, took), true
		}
		if outcome == failure {
			result = failure
			failing = append(failing, cmp.Or(name, nameless))
			problems = append(problems, strings.Trim(name+": "+named.Line(gather.Text(row, o.shape.problem)), ": "))
		} else if result == "" {
			result = success
		}
	}
	if result == "" {
		r.Failf(o.item, "none of its rows tells a result")
		return
	}
	r.Add(o.item, "result", fact.Text(result))
	if set, err := named.Set("databases", failing, mostFailing); err == nil {
		r.Add(o.item, "failing", set)
	} else {
		r.Fail(o.item, err)
	}
	if timed {
		r.Add(o.item, "latency", fact.Duration(slowest))
	}
	if len(problems) > 0 {
		r.Add(o.item, "error", fact.SetOf(problems[:min(len(problems), mostTold)]...))
	}
}

// outcome reads what a row comes to; a word that says nothing is noted.
func (o run) outcome(r *gather.Reader, item string, row host.Row) (outcome string, known bool) {
	word := gather.Text(row, o.shape.result)
	outcome, known = outcomeOf(word)
	if !known {
		r.Failf(named.Line(item), "want success or failure in %s, got %q",
			o.shape.result, named.Within(word, exchangehost.MostName))
	}
	return outcome, known
}

// name is what tells a row from the others.
func (s shape) name(row host.Row) string {
	var parts []string
	for _, column := range s.item {
		if part := named.Within(gather.Text(row, column), exchangehost.MostName); part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, " ")
}

// took reads how long something took: CLIXML writes PT1.5S, .NET 00:00:01.5000000, and a
// plain number is seconds. What took no time was not measured.
func (s shape) took(row host.Row) (took time.Duration, ok bool) {
	text := gather.Text(row, s.latency)
	if n, err := strconv.ParseFloat(text, 64); err == nil && n >= 0 && n < maxSeconds {
		return time.Duration(n * float64(time.Second)), true
	}
	for _, form := range []string{
		`^P(?:(\d{1,4})D)?(?:T(?:(\d{1,4})H)?(?:(\d{1,4})M)?(?:(\d{1,5}(?:\.\d+)?)S)?)?$`,
		`^(?:(\d{1,4})\.)?(\d{1,2}):(\d{1,2}):(\d{1,2}(?:\.\d+)?)$`,
	} {
		found := regexp.MustCompile(form).FindStringSubmatch(text)
		if found == nil {
			continue
		}
		seconds := 0.0
		for i, unit := range []float64{86400, 3600, 60, 1} {
			n, _ := strconv.ParseFloat("0"+found[i+1], 64)
			seconds += n * unit
		}
		return time.Duration(seconds * float64(time.Second)), seconds < maxSeconds
	}
	return 0, false
}

const maxSeconds = 1e7
