package packed

import (
	"context"
	"strconv"
	"time"
)

// LongestQuestion is how long a query or a collector may take, for those that have a limit of
// their own.
const LongestQuestion = 45 * time.Second

// toAnswer is what a host needs at least to pack its answers and to end; a fifth of the time
// is left for it, of which the start of its PowerShell takes a part.
const toAnswer = 5 * time.Second

// Bound tells the script by its variables by when ctx is over; nothing where ctx has no end.
func Bound(ctx context.Context, env map[string]string) {
	end, limited := ctx.Deadline()
	if !limited {
		return
	}
	left := time.Until(end)
	env[Limit], env[End] = strconv.Itoa(secondsFor(left)), strconv.Itoa(secondsToEnd(left))
}

// secondsFor is after how long a host begins no further question, so that the
// last one that it has begun ends in time, and with it all answers.
func secondsFor(left time.Duration) int {
	return int(max(left-LongestQuestion, left/4, time.Second) / time.Second)
}

// secondsToEnd is by when a host has to be done with all.
func secondsToEnd(left time.Duration) int {
	return int(max(min(left-toAnswer, left*4/5), left/2, time.Second) / time.Second)
}
