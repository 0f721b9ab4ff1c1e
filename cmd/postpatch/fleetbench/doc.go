// Package fleetbench measures postpatch against a fleet: the real program and its
// real store, against a swarm that is a process of its own, so that neither's cost
// is the other's.
//
// It is a package beside the program, and its driver is a test, because one that
// runs with a hundred hosts in every build cannot rot, and because a test may start
// itself as the lab. `task bench:fleet` runs it with as many as one likes.
//
// It needs Linux, as the swarm does.
package fleetbench
