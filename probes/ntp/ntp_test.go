package ntp_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/lab/labtest"
	"postpatch/probes/ntp"
	"postpatch/probes/probetest"
)

func TestKind(t *testing.T) {
	probetest.Run(t, probetest.Suite{
		Kind: ntp.Kind, Args: map[string]any{},
		Healthy: func(t *testing.T) probes.Target { return labtest.Start(t, "{ntp: {}}") },
	})
}

// observe returns the readings as texts, but for those that are other every time.
func observe(t *testing.T, yaml string) (texts []string, offset time.Duration) {
	t.Helper()
	readings, err := probetest.Observe(t, ntp.Kind, labtest.Start(t, yaml), map[string]any{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range readings {
		switch r.Key.Name {
		case "offset":
			offset = time.Duration(r.Value.(fact.Duration))
		case "latency":
		default:
			texts = append(texts, r.Key.Name+"="+r.Value.String())
		}
	}
	return texts, offset
}

func TestWhatServersSay(t *testing.T) {
	for name, tt := range map[string]struct {
		yaml string
		want []string
		none []string
	}{
		"a domain controller": {"{ntp: {}}", []string{
			"state=answered", "synchronized=true", "stratum=3", "leap=none", "reference=10.0.0.1", "source=another server",
			"reference_age=34s",
		}, nil},
		"its own clock": {"{ntp: {stratum: 1}}", []string{"stratum=1", "source=LOCL", "synchronized=true"}, nil},
		"a receiver":    {"{ntp: {stratum: 1, reference: GPS}}", []string{"source=GPS", "reference=GPS"}, nil},
		"older servers' own clock": {
			"{ntp: {stratum: 6, reference: 127.127.1.0}}", []string{"source=LOCL", "reference=127.127.1.0"}, nil,
		},
		"just started":  {"{ntp: {unsynchronized: true}}", []string{"synchronized=false", "leap=unsynchronized"}, []string{"source", "reason"}},
		"not for us":    {"{ntp: {kiss: DENY}}", []string{"synchronized=false", "reason=DENY"}, []string{"source", "direction"}},
		"lost its time": {"{ntp: {fault: error}}", []string{"synchronized=false", "stratum=16"}, nil},
		"stopped":       {"{ntp: {fault: refuse}}", []string{"state=refused"}, []string{"synchronized"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, _ := observe(t, tt.yaml)
			for _, want := range tt.want {
				if !slices.Contains(got, want) {
					t.Errorf("want %s in %s", want, strings.Join(got, " "))
				}
			}
			for _, none := range tt.none {
				if strings.Contains(strings.Join(got, " "), none+"=") {
					t.Errorf("want no %s in %s", none, strings.Join(got, " "))
				}
			}
		})
	}
}

// A quarter of an hour is far beyond what a busy machine adds.
func TestOffset(t *testing.T) {
	for yaml, tt := range map[string]struct {
		direction string
		low, high time.Duration
	}{
		"{ntp: {offset: 10h}}":                       {"ahead", 9*time.Hour + 45*time.Minute, 10*time.Hour + 15*time.Minute},
		"{ntp: {}, os: {clock: -10h}}":               {"behind", 9*time.Hour + 45*time.Minute, 10*time.Hour + 15*time.Minute},
		"{ntp: {unsynchronized: true, offset: 10h}}": {"ahead", 9*time.Hour + 45*time.Minute, 10*time.Hour + 15*time.Minute},
	} {
		got, offset := observe(t, yaml)
		if offset < tt.low || offset > tt.high || !slices.Contains(got, "direction="+tt.direction) {
			t.Errorf("%s: offset %s, %v", yaml, offset, got)
		}
	}
}

func TestParameters(t *testing.T) {
	probetest.Refuses(t, ntp.Kind, map[string]map[string]any{"no port": {"port": 0}, "too high": {"port": 65536}})
}

func TestNotObserved(t *testing.T) {
	for yaml, noAnswer := range map[string]bool{
		"{ntp: {fault: silent}}": true, "{ntp: {fault: garbage}}": false, "{ntp: {kiss: RATE}}": false,
	} {
		probe, err := ntp.Kind.Build(map[string]any{})
		if err != nil {
			t.Fatal(err)
		}
		target, limit := labtest.Start(t, yaml), time.Minute
		if noAnswer { // however early the time ends
			limit = 100 * time.Millisecond
		}
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		readings, err := probe.Observe(ctx, target)
		cancel()
		if err == nil || errors.Is(err, probes.ErrNoAnswer) != noAnswer {
			t.Errorf("%s: got %v, %v", yaml, readings, err)
		}
	}
}
