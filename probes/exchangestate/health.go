package exchangestate

import (
	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/exchangehost"
)

func healthPart() part {
	return part{
		name: "health", read: readHealth,
		asks: func(p probe) []host.Question { return []host.Question{healthReport(p)} },
		specs: []probes.ReadingSpec{
			{
				Name: "alert", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore},
				Expect: "one of healthy, disabled, repairing",
				// Degraded is the first minute of what may become unhealthy.
				Waits: texts("uninitialized", "unknown", "unavailable", "degraded"),
				Doc: "Of a health set of managed availability: healthy, unhealthy, degraded, repairing, disabled; " +
					"uninitialized for minutes after a start.",
			},
			{
				Name: "alert_since", Type: fact.TypeTime, Rule: fact.Rule{Op: fact.Ignore}, Evidence: true,
				Doc: "Since when a health set is as it is, where it is not healthy.",
			},
		},
	}
}

func healthReport(p probe) host.Cmdlet {
	return exchangehost.Command("Get-HealthReport", "Identity", p.Server, "HealthSet", "AlertValue", "LastTransitionTime")
}

func readHealth(v visit) {
	rows, ok := v.Some("health sets", healthReport(v.probe))
	if !ok {
		return
	}
	for _, row := range v.rows("health sets", "health/", rows, column("HealthSet")) {
		alert, known := v.word(row, "AlertValue")
		if !known {
			continue
		}
		v.Add(row.Item, "alert", fact.Text(alert))
		if when, err := row.Get("LastTransitionTime").Time(); err == nil && alert != "healthy" {
			v.Add(row.Item, "alert_since", fact.Time(when))
		}
	}
}
