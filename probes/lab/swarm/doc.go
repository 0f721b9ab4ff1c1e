// Package swarm simulates very many Windows hosts in little memory: one listener
// for each protocol on all addresses of this machine, and a host known by the
// address at which it is called, of 127.0.0.0/8. Nothing is there of a host that
// nobody talks to: it is made from the seed when it is called, answers by the
// same WinRM server as the lab's hosts, and is forgotten when its last connection
// ends. So it keeps no change but the state that all hosts are in.
//
// Package lab has a machine and listeners for each host and port, all states, and
// every fault that a protocol can have; a swarm is for what only many hosts show.
//
// It needs Linux, where all of 127.0.0.0/8 is this machine.
package swarm
