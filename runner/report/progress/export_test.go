package progress

import "time"

// Draw draws once.
func (p *Progress) Draw(now time.Time) { p.beat(now) }
