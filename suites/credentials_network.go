package suites

// The uses of what serves the network around a host. An entry serves them only by name.
const (
	forSNMP   = "snmp"   // a user of version 3, or without one the community of version 2c
	forRADIUS = "radius" // the secret that the server shares with this machine
	// forRADIUSUser is an account that logs on by RADIUS, as a user of the network does.
	forRADIUSUser = "radius_user"
)

// isUserless says whether an entry may be without a user: all that it is for has a secret
// alone.
func (r *credential) isUserless() bool {
	for _, use := range r.uses {
		if use != forSNMP && use != forRADIUS {
			return false
		}
	}
	return len(r.uses) > 0
}
