package domain

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/named"
	"postpatch/probes/internal/parts"
)

// readTrust tells what the domain makes of the host.
func readTrust(r *gather.Reader, told parts.Parts, is standing) {
	if !is.controller {
		if row, ok := told.One("channel"); ok {
			told.Bool(row, "Holds", "secure_channel")
		}
	}
	if row, ok := told.One("site"); ok {
		site := gather.Text(row, "Fixed")
		if site == "" {
			site = gather.Text(row, "Site")
		}
		if site != "" {
			r.Add("", "site", fact.Text(named.Within(site, mostText)))
		}
	}
	if row, ok := told.One("dc"); ok {
		readDC(r, told, row, is)
	}
}

// readDC reads the answer of a domain controller's rootDSE.
func readDC(r *gather.Reader, told parts.Parts, row host.Row, is standing) {
	if !told.Answers(row, "dc_answers", "dc_error") {
		return
	}
	r.Add("", "dc", fact.Text(named.Within(gather.Text(row, "Name"), mostText)))
	if is.controller {
		return // it may have asked itself
	}
	skew, err := skewOf(row)
	if err != nil {
		r.Fail("domain_skew", err)
		return
	}
	r.Add("", "domain_skew", fact.Duration(skew))
}

// skewOf holds the domain controller's time against the middle of the time that
// asking took. The directory tells no parts of a second.
func skewOf(row host.Row) (time.Duration, error) {
	before, err := row.Get("Before").Time()
	if err != nil {
		return 0, err
	}
	after, err := row.Get("After").Time()
	if err != nil {
		return 0, err
	}
	theirs, err := row.Get("Time").Time()
	if err != nil {
		return 0, err
	}
	ours := before.Add(after.Sub(before) / 2)
	return ours.Sub(theirs.Add(time.Second / 2)).Abs().Truncate(time.Second), nil
}

// readTime reads how the Windows Time service is set; a group policy goes before
// what is set on the host. Source: the documented registry entries of W32Time.
func readTime(r *gather.Reader, told parts.Parts) {
	row, ok := told.One("time")
	if !ok {
		return
	}
	kind := first(row, "PolicyType", "Type")
	if kind != "" {
		r.Add("", "time_type", fact.Text(named.Within(kind, mostText)))
	}
	// The list is there, and not used, where all time is the domain's.
	if kind != "" && !strings.EqualFold(kind, "NT5DS") {
		servers, err := named.Set("time servers", strings.Fields(first(row, "PolicyServers", "Servers")), mostServers)
		if err != nil {
			r.Fail("ntp_servers", err)
		} else {
			r.Add("", "ntp_servers", servers)
		}
	}
	readSample(r, gather.Text(row, "LastSample"))
}

const mostServers = 100

// readSample reads a time in steps of 100 ns since 1601, and from whom it came,
// with semicolons between. Nobody documents it: what looks otherwise is left out.
func readSample(r *gather.Reader, sample string) {
	fields := strings.Split(sample, ";")
	if at, ok := fileTime(fields[0]); ok {
		r.Add("", "time_synced", fact.Time(at))
	}
	isWord := func(field string) bool { return strings.Trim(field, " 0123456789") != "" }
	if i := slices.IndexFunc(fields, isWord); i >= 0 {
		r.Add("", "time_source", fact.Text(named.Within(fields[i], mostText)))
	}
}

// fileTime reads a Windows time, of the years that a server may be in.
func fileTime(text string) (time.Time, bool) {
	const perSecond, to1970 = 10_000_000, 11_644_473_600
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil {
		return time.Time{}, false
	}
	at := time.Unix(n/perSecond-to1970, n%perSecond*100).UTC()
	return at, at.Year() >= 2000 && at.Year() < 2200
}

func first(row host.Row, columns ...string) string {
	for _, column := range columns {
		if text := gather.Text(row, column); text != "" {
			return text
		}
	}
	return ""
}
