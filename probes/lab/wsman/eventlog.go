package wsman

import (
	"maps"
	"slices"
	"strings"
	"time"

	"postpatch/probes/host"
	"postpatch/probes/host/packed"
	"postpatch/probes/lab/estate"
)

// eventLogs answers the collector eventlog. An estate that writes rows of logs
// answers with its rows as they are; one that writes events alone has whole logs:
// System and Application, and those in which its events are. An event has log,
// provider, id and what else is known of it.
func eventLogs(h estate.Host, q packed.Question) []host.Row {
	own := h.Collectors["eventlog"]
	if slices.ContainsFunc(own, func(r map[string]any) bool { return r["kind"] == "log" }) {
		return cells(own)
	}
	boot := h.OS.Boot
	var rows []host.Row
	for _, log := range q.Arg("log") {
		events := eventsOf(own, log, boot)
		head := row{
			"log": log, "kind": "log", "now": time.Now().UTC(), "from": boot.Add(-10 * time.Second),
			"oldest": boot.AddDate(0, -2, 0), "read": len(events), "more": 0,
			"cut": false, "error": "", "code": "",
		}
		if len(events) == 0 && !strings.EqualFold(log, "System") && !strings.EqualFold(log, "Application") {
			head["oldest"], head["error"], head["code"] = nil, "There is no such log.", "missing"
		}
		rows = append(rows, cells([]map[string]any{head})...)
		rows = append(rows, cells(events)...)
	}
	return rows
}

// eventsOf are the estate's events of a log, with what it left out.
func eventsOf(own []map[string]any, log string, boot time.Time) []map[string]any {
	var events []map[string]any
	for _, r := range own {
		name, _ := r["log"].(string)
		if !strings.EqualFold(name, log) {
			continue
		}
		event := map[string]any{
			"kind": "event", "level": 2, "detail": "", "service": "", "count": 1, "first": boot.Add(time.Minute),
			"last": boot.Add(5 * time.Minute), "text": "",
		}
		maps.Copy(event, r)
		events = append(events, event)
	}
	return events
}
