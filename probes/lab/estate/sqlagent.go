package estate

import "time"

// Agent is SQL Server Agent.
type Agent struct {
	// Down says that it has not started since the instance was: its newest session is of
	// the time before.
	Down    bool      `yaml:"down"`
	Absent  bool      `yaml:"absent"`  // it has never run, as with Express
	Started time.Time `yaml:"started"` // in the server's own time; a minute after the instance when zero
}

// Job is a job of SQL Server Agent.
type Job struct {
	ID       string    `yaml:"id"`       // of its name when ""
	Disabled bool      `yaml:"disabled"` //
	Category string    `yaml:"category"` // [Uncategorized (Local)] when ""
	Once     bool      `yaml:"once"`     // it is deleted when it has run
	Remote   bool      `yaml:"remote"`   // it has no target on this server
	Running  bool      `yaml:"running"`  //
	Next     time.Time `yaml:"next"`     // when it is due, in the server's own time; null when zero
	// Runs are told by the history, unless that is pruned; the newest one also by the job.
	Runs   []Run `yaml:"runs"`
	Pruned bool  `yaml:"pruned"`
}

// Run is one run of a job.
type Run struct {
	// Outcome is succeeded when "".
	Outcome string        `yaml:"outcome" oneof:"failed,succeeded,retry,cancelled,in progress,unknown"`
	Started time.Time     `yaml:"started"` // in the server's own time
	Age     time.Duration `yaml:"age"`     // instead of Started: so long ago, whenever it is asked
	Took    time.Duration `yaml:"took"`
	Message string        `yaml:"message"` // of the step that failed
}

// SuspectPage is one row of msdb.dbo.suspect_pages.
type SuspectPage struct {
	File    int       `yaml:"file"` // 1 when 0
	Page    int64     `yaml:"page"`
	Event   int       `yaml:"event"`  // 1, 2, 3 bad; 4, 5, 7 mended; 2 when 0
	Errors  int       `yaml:"errors"` // 1 when 0
	Updated time.Time `yaml:"updated"`
}
