package inventory

import "time"

// Search is what is asked of a directory over LDAP.
type Search struct {
	Server   string // name or IP address, without a port
	Port     int
	StartTLS bool // turn a plain connection into TLS first; otherwise it is TLS from its begin
	Base     string
	Filter   string
	// Seen leaves out computers that have not logged on for so long; 0 takes all.
	Seen     time.Duration
	Disabled bool // takes computers in, too, whose account is disabled
}

// Found is what a directory answered.
type Found struct {
	Hosts []Host // sorted by name
	// LeftOut says of how many computers, by why, it has left the rest out.
	LeftOut []string
}
