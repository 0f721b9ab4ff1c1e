package baseline

import (
	"context"
	"strings"

	"postpatch/probes/fact"
)

// Of is a host of a snapshot.
type Of struct {
	Snapshot *Snapshot
	Host     string // under the name that the snapshot has for it
}

// Both reads one host from two snapshots, under the name that each has for it. Lines
// that both have are decoded once, which is most of the work where little changed. A
// host that a snapshot does not have is empty; an error is a Damage.
func Both(ctx context.Context, before, now Of) (b, n Host, err error) {
	was, is := before.Host, now.Host
	wasText, foundBefore, err := before.Snapshot.text(ctx, was)
	if err != nil {
		return Host{}, Host{}, err
	}
	isText, foundNow, err := now.Snapshot.text(ctx, is)
	if err != nil {
		return Host{}, Host{}, err
	}
	b, n, read := parseBoth(wasText, isText) // not, where a text is missing
	if read && b.Host == was && n.Host == is {
		b.Taken, n.Taken = before.Snapshot.manifest.Started, now.Snapshot.manifest.Started
		return b, n, nil
	}
	// What is wrong is told by who reads one alone.
	if foundBefore {
		var damage *Damage
		if b, damage = before.Snapshot.parse(was, wasText); damage != nil {
			return Host{}, Host{}, damage
		}
		b.Taken = before.Snapshot.manifest.Started
	}
	if foundNow {
		var damage *Damage
		if n, damage = now.Snapshot.parse(is, isText); damage != nil {
			return Host{}, Host{}, damage
		}
		n.Taken = now.Snapshot.manifest.Started
	}
	return b, n, nil
}

// parseBoth is parseHost of two texts. It is not ok where one of them is no stored
// host.
func parseBoth(before, now string) (b, n Host, ok bool) {
	x, err := newLines(before)
	if err != nil {
		return Host{}, Host{}, false
	}
	y, err := newLines(now)
	if err != nil {
		return Host{}, Host{}, false
	}
	x.host.Readings = make([]fact.Reading, 0, strings.Count(x.rest, "\n"))
	y.host.Readings = make([]fact.Reading, 0, strings.Count(y.rest, "\n"))
	for !x.ended() || !y.ended() {
		if !shared(x, y) || x.look() != nil || y.look() != nil {
			return Host{}, Host{}, false
		}
		if comesFirst(x, y) < 0 {
			x.keep()
		} else if !y.ended() {
			y.keep()
		}
	}
	return x.host, y.host, x.host.checkMoves() == nil && y.host.checkMoves() == nil
}

// shared decodes the lines that both sides have next, once, and keeps them for both.
func shared(x, y *lines) bool {
	same := commonLines(x.rest, y.rest)
	if same == "" {
		return true
	}
	x.rest, y.rest = x.rest[len(same):], y.rest[len(same):]
	from := len(y.host.Readings)
	for last, began := x.last, x.began; same != ""; began = true {
		line, rest, _ := strings.Cut(same, "\n")
		r, err := parseReading(x.host.Host, line)
		if err != nil || len(line) >= maxLine {
			return false
		}
		likeLast(&r.Key, last)
		if began && last.Compare(r.Key) >= 0 {
			return false
		}
		last, same = r.Key, rest
		x.host.Readings = append(x.host.Readings, r)
		r.Key.Host = y.host.Host
		y.host.Readings = append(y.host.Readings, r)
	}
	follows := y.follows(y.host.Readings[from].Key) == nil
	x.passed(x.host.Readings[len(x.host.Readings)-1].Key)
	y.passed(y.host.Readings[len(y.host.Readings)-1].Key)
	return follows
}

// keep takes the first line in, which was looked at, and goes on behind it.
func (l *lines) keep() {
	l.host.Readings = append(l.host.Readings, l.first)
	l.drop()
}

// checkMoves says whether all moves go with the readings.
func (h Host) checkMoves() error {
	for _, m := range h.Moves {
		if err := h.checkMove(m); err != nil {
			return err
		}
	}
	return nil
}
