package lab_test

import (
	"testing"

	"postpatch/probes/lab"
	"postpatch/probes/lab/estate"
)

// beside is an estate of two parts of 256 addresses, in a network that follows from no
// estate's name and has room for sixteen parts.
const beside = `estate: lab-beside-test
network: 127.252.16.0/20
hosts:
  h[001-300]: {}
`

// shared lists the addresses of a lab's hosts that another has taken, and takes them. Where
// hosts have no address of their own, as on macOS, all labs share one.
func shared(l *lab.Lab, taken map[string]*lab.Lab) []string {
	var found []string
	for _, route := range l.Routes() {
		if other := taken[route.Address]; other != nil && other != l && route.Address != "127.0.0.1" {
			found = append(found, route.Address)
		}
		taken[route.Address] = l
	}
	return found
}

// A port that one lab's host has closed is nobody's, so another lab may not be where the
// system could give it that port.
func TestLabsAtOnceShareNoAddress(t *testing.T) {
	taken := map[string]*lab.Lab{}
	for range 3 {
		if found := shared(start(t, beside), taken); found != nil {
			t.Errorf("two labs have %d addresses in common, as %s", len(found), found[0])
		}
	}
}

// What a lab had is free once it is closed: else the seventeenth had nothing of its own.
func TestClosedLabsLeaveTheirAddresses(t *testing.T) {
	const small = "estate: lab-again-test\nnetwork: 127.252.32.0/20\nhosts: {sql01: {}}\n"
	for range 16 {
		if err := start(t, small).Close(); err != nil {
			t.Fatal(err)
		}
	}
	taken := map[string]*lab.Lab{}
	for range 2 {
		if found := shared(start(t, small), taken); found != nil {
			t.Errorf("two labs have %q in common", found)
		}
	}
}

// With the protocols' own ports each host is where its estate says, and not beside.
func TestRealPortsAreAtTheEstatesAddresses(t *testing.T) {
	const file = "estate: lab-real-test\nhosts: {sql01: {}}\n"
	e, err := estate.Parse("test", []byte(file))
	if err != nil {
		t.Fatal(err)
	}
	start(t, file) // has the first part, unless another does
	l, err := lab.Start(t.Context(), e, lab.Options{RealPorts: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	got := l.Routes()["sql01"].Address
	if want := e.Address(0).String(); got != want && got != "127.0.0.1" {
		t.Errorf("it is at %s, want %s", got, want)
	}
}
