package suites

import (
	"math"
	"strconv"
	"time"
)

// Wave is a group of hosts that are patched together.
type Wave struct {
	Name  string
	Hosts []string // selectors, see Host.Chosen
	After []string // the waves that have to be well before this one begins
	Gate  Gate     // what is asked of it before the waves after it may begin
	Line  int

	said waveSaid
}

// Gate says how much of a wave has to be known and well.
type Gate struct {
	// Quorum is how many hosts at least have to be observed.
	Quorum Share
	// MaxRegressed is how many hosts at most may be worse than at the baseline.
	MaxRegressed Share
	// MaxUnknown is how many hosts at most may not be known.
	MaxUnknown Share
}

// Share is a number of hosts, or a percentage of those of a wave.
type Share struct {
	N       float64
	Percent bool
}

// AtMost is the share of total hosts as an upper bound: of 5 % of 30 hosts, 1.
func (s Share) AtMost(total int) int {
	if !s.Percent {
		return int(s.N)
	}
	return int(math.Floor(s.N*float64(total)/100 + rounding))
}

// AtLeast is the share of total hosts as a lower bound: of 95 % of 30 hosts, 29.
func (s Share) AtLeast(total int) int {
	if !s.Percent {
		return int(s.N)
	}
	return int(math.Ceil(s.N*float64(total)/100 - rounding))
}

// rounding is what floating-point arithmetic may add to a whole number of hosts.
const rounding = 1e-9

// String is the share as a plan writes it: "3", "5%".
func (s Share) String() string {
	text := strconv.FormatFloat(s.N, 'f', -1, 64)
	if s.Percent {
		text += "%"
	}
	return text
}

// Settle says how long hosts are waited for after a reboot.
type Settle struct {
	// Default is how long after its start, or after it answers again, a host may take until
	// all its checks are well.
	Default time.Duration
	// Roles are other such times, by what a kind's Settles says, or by "tag:NAME" for
	// hosts with that tag; the longest that fits counts.
	Roles map[string]time.Duration
	// Return is how long after verify has begun a host may take until it answers, or
	// until it has rebooted where the plan wants that.
	Return time.Duration
	// Stable is how long a pass has to hold.
	Stable time.Duration
	// Poll is how long after a question the next one comes, at first.
	Poll time.Duration
	// Slower is by how many percent a reading may take longer than in the window
	// before until it is worth a note.
	Slower float64
}

// Limit is how long after its start a host has for what the roles say.
func (s Settle) Limit(h Host, roles ...string) time.Duration {
	limit := s.Default
	for _, tag := range h.Tags {
		limit = max(limit, s.Roles["tag:"+tag])
	}
	for _, role := range roles {
		limit = max(limit, s.Roles[role])
	}
	return limit
}

// Budget is how long a command may take, or when it has to be done: the zero value
// sets no limit.
type Budget struct {
	For time.Duration
	At  string // a time of day, such as 04:30, in the operator's own time zone
}

// Pass is a verify run after the patch.
type Pass string

// The passes. Each is compared with the same baseline and with the pass before.
const (
	PassEarly   Pass = "early"   // as soon as the host answers
	PassSettled Pass = "settled" // once it has settled
	PassLate    Pass = "late"    // a day later
)

// Passes lists them in their order.
func Passes() []Pass { return []Pass{PassEarly, PassSettled, PassLate} }

// Precheck says what has to be so before the patch, see Set.Prechecked.
type Precheck struct {
	Free        int64         // bytes that every volume at least has to have free; 0 for 10 GiB on the system's
	Backup      time.Duration // how old the last backup of a database at most may be; 0 for 7 days
	RestoreTest time.Duration // how old the last restore of one at most may be; 0 asks for none
}

// Drift says how bad it is when something drifts.
type Drift struct {
	Pattern  Pattern // the zero Pattern is every reading
	Severity string  // fail, warn or note

	said choice
}

// Update is what is known of an update that a plan wants.
type Update struct {
	KB       string        // "KB5068787"
	Severity string        // in Microsoft's word, in lower case: critical, important…
	Released time.Time     // the day, in UTC
	Within   time.Duration // how long after its release it at most may take to be on; 0 for no limit
}
