package suites

import (
	"testing"
	"time"
)

func TestShare(t *testing.T) {
	for _, c := range []struct {
		share           Share
		total           int
		atMost, atLeast int
	}{
		{Share{N: 2}, 30, 2, 2},
		{Share{N: 5, Percent: true}, 30, 1, 2},
		{Share{N: 95, Percent: true}, 30, 28, 29},
		{Share{N: 100, Percent: true}, 7, 7, 7},
		{Share{N: 0, Percent: true}, 7, 0, 0},
		{Share{N: 70, Percent: true}, 10, 7, 7}, // 0.7 × 10 is less than 7 in floating point
		{Share{N: 7, Percent: true}, 100, 7, 7},
		{Share{}, 0, 0, 0},
	} {
		if most, least := c.share.AtMost(c.total), c.share.AtLeast(c.total); most != c.atMost || least != c.atLeast {
			t.Errorf("%s of %d: at most %d, at least %d, want %d and %d", c.share, c.total, most, least, c.atMost, c.atLeast)
		}
	}
}

func TestSettleLimit(t *testing.T) {
	s := Settle{Default: 6 * time.Minute, Roles: map[string]time.Duration{
		"sql": 30 * time.Minute, "tag:old": 10 * time.Minute, "quick": time.Minute,
	}}
	for _, c := range []struct {
		tags, roles []string
		want        time.Duration
	}{
		{nil, nil, 6 * time.Minute},
		{nil, []string{"sql"}, 30 * time.Minute},
		{nil, []string{"", "exchange"}, 6 * time.Minute},
		{[]string{"old"}, nil, 10 * time.Minute},
		{[]string{"old"}, []string{"sql"}, 30 * time.Minute},
		{nil, []string{"quick"}, 6 * time.Minute}, // nobody has less than all have
	} {
		if got := s.Limit(Host{Tags: c.tags}, c.roles...); got != c.want {
			t.Errorf("tags %v, roles %v: %s, want %s", c.tags, c.roles, got, c.want)
		}
	}
}
