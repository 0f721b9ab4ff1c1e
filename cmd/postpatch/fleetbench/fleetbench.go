//go:build linux

package fleetbench

import "time"

// Fleet says what is measured.
type Fleet struct {
	Swarm       SwarmOptions
	Concurrency int           // hosts visited at the same time
	Budget      time.Duration // of each check; a host that does not answer costs it
	Program     string        // the postpatch binary
	Folder      string        // for all files of the run
	Part        Part          // of the suite that is looked at; all of it when zero
}

// Part is the checks of some kinds.
type Part struct {
	Kinds  []string
	Checks int // that they are
}

// checks is how many a host has.
func (f Fleet) checks() int {
	if len(f.Part.Kinds) > 0 {
		return f.Part.Checks
	}
	return Checks
}

// Figures are what one run of the program came to.
type Figures struct {
	Command     string  `json:"command"`
	Hosts       int     `json:"hosts"`
	Checks      int     `json:"checks"` // of each host
	Concurrency int     `json:"concurrency"`
	Exit        int     `json:"exit"`
	Wall        float64 `json:"wall_s"`
	Ideal       Ideal   `json:"ideal"`
	Ratio       float64 `json:"wall_to_ideal"`
	HostsPerSec float64 `json:"hosts_per_s"`
	CPU         float64 `json:"cpu_ms_per_host"`
	// Bare is what a client takes that does nothing but talk to the hosts, by WinRM alone,
	// before and after the run: how dear the machine is at the moment.
	Bare        float64 `json:"bare_cpu_ms_per_host"`
	LabCPU      float64 `json:"lab_cpu_ms_per_host"`
	PeakRSS     float64 `json:"peak_rss_mb"`
	Allocated   float64 `json:"allocated_kb_per_host"`
	MostSockets int64   `json:"most_sockets"` // open at the same time, as the hosts saw it
	Messages    float64 `json:"messages_per_host"`
	Received    float64 `json:"wire_kb_per_host"`   // over TCP, both ways
	Answer      float64 `json:"answer_kb_per_host"` // what its commands printed
	Stored      float64 `json:"stored_kb_per_host"`
	// False counts checks and hosts that came to something else than the seed says;
	// FirstFalse are some of them.
	False      int      `json:"false_verdicts"`
	FirstFalse []string `json:"first_false,omitempty"`
	Dead       int      `json:"dead_hosts"`
	Latest     float64  `json:"latest_dead_s"` // how long the last of them took
	Goroutines int      `json:"goroutines_left"`
	Sockets    int      `json:"sockets_left"`
	Shells     int64    `json:"shells_left"` // on the hosts
	Load       string   `json:"load"`        // of the machine, before and after
	Costs      []Cost   `json:"costs"`
	Allocs     []Cost   `json:"allocations"`
}
