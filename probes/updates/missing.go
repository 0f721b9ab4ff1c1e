package updates

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/named"
)

// search asks the update agent for what applies and is not installed. Sources:
// Microsoft's documentation of IUpdateSearcher.Search, ServerSelection,
// IUpdateServiceManager.AddScanPackageService and of scanning offline. It counts
// AddScanPackageService among what the agent does not take from another computer;
// where a sign-in from afar is refused, the code says so.
func (p probe) search() host.Collector {
	args := map[string][]string{"source": {p.Missing}, "limit": {strconv.Itoa(int(p.Limit / time.Second))}}
	if p.Missing == missingOffline {
		args["catalogue"] = []string{p.Catalogue}
	}
	return host.Collector{Name: "updatemissing", Args: args}
}

// readMissing makes the readings of a search that has ended well. A search that
// found nothing because it was broken off must not look like one that did.
func (p probe) readMissing(r *gather.Reader, server string) {
	rows, ok := r.Some("missing", p.search())
	if !ok {
		return
	}
	ratings := map[string]string{}
	var summary host.Row
	sent := int64(0)
	for _, row := range rows {
		reason := refused(row, "missing")
		if gather.True(row, "Late") {
			reason = fmt.Errorf("the search was not done within %s; a longer limit waits for it", p.Limit)
		}
		if reason != nil {
			what := "missing"
			if p.Missing == missingOffline {
				what += " by the catalogue " + p.Catalogue
			}
			r.Fail(what, reason)
			return
		}
		switch part := gather.Text(row, "Part"); part {
		case "search":
			summary = row
		case "update":
			sent++
			p.rate(r, ratings, row)
		default:
			r.Failf("missing", "a row of the unknown part %.40q", part)
			return
		}
	}
	if err := ended(summary, sent); err != nil {
		r.Fail("missing", err)
		return
	}
	missing, critical := map[string]bool{}, map[string]bool{}
	for _, item := range slices.Sorted(maps.Keys(ratings)) {
		missing[item] = true
		critical[item] = strings.EqualFold(ratings[item], "Critical")
		r.Add(item, "severity", fact.Text(ratings[item]))
	}
	maps.DeleteFunc(critical, func(_ string, is bool) bool { return !is })
	r.Add("", "missing", setOf(missing))
	r.Add("", "missing_critical", setOf(critical))
	r.Add("", "source", fact.Text(p.answered(summary, server)))
}

// rate notes a missing update and how grave it is to lack it.
func (p probe) rate(r *gather.Reader, ratings map[string]string, row host.Row) {
	item := name(gather.Text(row, "Title"), gather.Text(row, "UpdateID"))
	if numbers := gather.List(row, "KBs"); len(numbers) > 0 {
		if kb := kbIn("KB" + strings.TrimSpace(numbers[0])); kb != "" {
			item = kb
		}
	}
	switch rating := named.Short(gather.Text(row, "Severity"), mostName); {
	case item == "":
		r.Failf("missing", "an update without KB number and identity")
	case p.except[item]:
	case rating != "" && !strings.EqualFold(ratings[item], "Critical"): // of several the gravest stays
		ratings[item] = rating
	case ratings[item] == "":
		ratings[item] = "unrated"
	}
}

// ended says whether the search was whole.
func ended(summary host.Row, sent int64) error {
	total, known := gather.Number(summary, "Total")
	result, ended := gather.Number(summary, "Result")
	warnings, counted := gather.Number(summary, "Warnings")
	switch {
	case !known || !ended || !counted:
		return errors.New("the host does not say what the search came to")
	case result != resultSucceeded || warnings > 0:
		return fmt.Errorf("the search was not whole: it %s, with %d warnings", entry{result: result}.outcome(), warnings)
	case sent != total:
		return fmt.Errorf("the search found %d updates, and the host sent %d", total, sent)
	default:
		return nil
	}
}

// answered says who answered the search: what is missing is so by its knowledge.
func (p probe) answered(summary host.Row, server string) string {
	selection, _ := gather.Number(summary, "Selection")
	switch {
	case p.Missing == missingOffline:
		return "offline catalogue " + p.Catalogue
	case p.Missing == missingMicrosoftUpdate && selection == 3:
		return "Microsoft Update"
	case p.Missing == missingMicrosoftUpdate:
		return "Windows Update, for Microsoft Update is not registered"
	case server != "":
		return "WSUS server " + server + ": what is approved there"
	case p.Missing == missingManaged:
		return "managed server, of which no policy names the address"
	default:
		return "default server, which no policy sets"
	}
}
