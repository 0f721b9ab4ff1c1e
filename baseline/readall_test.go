package baseline

import (
	"bytes"
	"fmt"
	"testing"
)

// Read compares every file with its digest, before anybody asks for its host; of several
// that are damaged it tells the first by name.
func TestReadComparesEveryFile(t *testing.T) {
	const hosts = 2*readsAtOnce + 1
	var all []Host
	for i := range hosts {
		all = append(all, Host{Host: fmt.Sprintf("h%02d", i)})
	}
	s := stored(t, all...)
	if _, err := s.Read(t.Context(), "before"); err != nil {
		t.Fatal(err)
	}
	damage := func(i int) (path string, data []byte) {
		path = s.path("before", hostFile(all[i].Host))
		data = read(t, path)
		bad := bytes.Clone(data)
		bad[len(bad)-1]++
		write(t, path, bad)
		return path, data
	}
	for i := range hosts {
		path, data := damage(i)
		_, err := s.Read(t.Context(), "before")
		wantDamage(t, err, Edited, fmt.Sprintf("host %q in baseline before was edited", all[i].Host))
		write(t, path, data)
	}
	damage(hosts - 1)
	damage(1)
	_, err := s.Read(t.Context(), "before")
	wantDamage(t, err, Edited, `host "h01" in baseline before was edited`)
}

// A host that the run has not is not found.
func TestAHostThatIsNotThere(t *testing.T) {
	snapshot, err := stored(t, small()).Read(t.Context(), "before")
	if err != nil {
		t.Fatal(err)
	}
	if h, found, err := snapshot.Host(t.Context(), "ex02"); found || err != nil || h.Host != "" {
		t.Errorf("got %v, %v, %v", h, found, err)
	}
}
