package baseline

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"

	"postpatch/probes/fact"
)

// small is a host with one reading of every type and a check that failed.
func small() Host {
	at := time.Date(2026, 11, 10, 3, 4, 5, 600, time.UTC)
	key := func(check, item, name string) fact.Key {
		return fact.Key{Host: "ex01.corp.test", Check: check, Item: item, Name: name}
	}
	return Host{
		Host:     "ex01.corp.test",
		Identity: "4c4c4544-0042-3510-8056-b4c04f4d4d31",
		Checks: []Check{
			{Check: "hq/dns", Kind: "dns", Error: "asking \"10.0.0.1\": no answer", Took: 5 * time.Second},
			{Check: "hq/os", Kind: "os", Took: 12 * time.Millisecond},
			{Check: "hq/services", Kind: "services"},
		},
		Readings: []fact.Reading{
			{Key: key("hq/os", "", "boot"), Value: fact.Time(at)},
			{Key: key("hq/os", "", "pending"), Value: fact.Bool(true)},
			{Key: key("hq/os", "", "ubr"), Value: fact.Int(4294)},
			{Key: key("hq/os", "", "uptime"), Value: fact.Duration(90 * time.Minute)},
			{Key: key("hq/services", "Spooler", "depends"), Value: fact.SetOf("RPCSS", "http")},
			{Key: key("hq/services", "Spooler", "state"), Value: fact.Text("running")},
			{Key: key("hq/services", "W\xff3\nSVC\u202e", "path"), Value: fact.Text(`"C:\x y" -k`)},
		},
	}
}

// moved is small, with a reading of every type that moved.
func moved() Host {
	h := small()
	move := func(item, name string, absent bool, seen ...fact.Value) {
		check := "hq/os"
		if item != "" {
			check = "hq/services"
		}
		key := fact.Key{Host: h.Host, Check: check, Item: item, Name: name}
		h.Moves = append(h.Moves, Move{Key: key, Absent: absent, Seen: seen})
	}
	at := time.Date(2026, 11, 10, 3, 4, 5, 600, time.UTC)
	move("", "boot", false, fact.Time(at.Add(-time.Second)), fact.Time(at))
	move("", "pending", false, fact.Bool(false), fact.Bool(true))
	move("", "ubr", false, fact.Int(3), fact.Int(4294))
	move("", "uptime", true, fact.Duration(90*time.Minute), fact.Duration(90*time.Minute))
	move("Spooler", "depends", false, fact.SetOf("RPCSS"), fact.SetOf("RPCSS", "http", "x\xff"))
	move("Spooler", "gone", true, fact.Text("}\"]"))
	move("Spooler", "state", false, fact.Text("running"), fact.Text("stopped"))
	return h
}

// stored makes a store with one finished run, named "before".
func stored(t testing.TB, hosts ...Host) *Store {
	t.Helper()
	s := open(t, filepath.Join(t.TempDir(), "evidence"))
	finish(t, s, "before", hosts...)
	return s
}

// open makes a store in a folder as the package bucket does, which cannot be
// imported from here.
func open(t testing.TB, dir string) *Store {
	t.Helper()
	s := Open(Place{Name: dir, Folder: dir, Open: func(_ context.Context, create bool) (*blob.Bucket, error) {
		if _, err := os.Stat(dir); err != nil && !create {
			return nil, err
		}
		return fileblob.OpenBucket(dir, &fileblob.Options{
			CreateDir: true, NoTempDir: true, Metadata: fileblob.MetadataDontWrite,
		})
	}})
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// foldCase takes names that differ only in case for the same.
func foldCase(_, item string) string { return strings.ToLower(item) }

// path is where a file of a run stands.
func (s *Store) path(run string, parts ...string) string { return s.file(key(run, parts...)) }

func begin(t testing.TB, s *Store, run string) *Writer {
	t.Helper()
	w, err := s.Create(t.Context(), head(run))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func finish(t testing.TB, s *Store, run string, hosts ...Host) {
	t.Helper()
	w := begin(t, s, run)
	for _, h := range hosts {
		if err := w.Put(t.Context(), h); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Finish(t.Context(), finishedAt(), nil); err != nil {
		t.Fatal(err)
	}
}

func head(run string) Head {
	return Head{
		Run: run, Command: "capture", Tool: "postpatch 0.1.0", By: "ops@jump01",
		Started: time.Date(2026, 11, 10, 20, 0, 0, 0, time.UTC),
		Suites:  []SuiteInfo{{Name: "hq", Digest: "ab12"}}, Asked: "cd34",
	}
}

func finishedAt() time.Time { return time.Date(2026, 11, 10, 20, 3, 0, 0, time.UTC) }

// whole reads a run and all of its hosts.
func whole(s *Store, run string) ([]Host, error) {
	ctx := context.Background() // a fuzz target has none
	snapshot, err := s.Read(ctx, run)
	if err != nil {
		return nil, err
	}
	var hosts []Host
	for _, e := range snapshot.Manifest().Hosts {
		h, found, err := snapshot.Host(ctx, e.Host)
		if err != nil {
			return nil, err
		}
		if !found {
			return nil, errors.New("a host of the manifest is not there")
		}
		hosts = append(hosts, h)
	}
	return hosts, nil
}

func wantDamage(t *testing.T, err error, kind Kind, words ...string) {
	t.Helper()
	var damage *Damage
	if !errors.As(err, &damage) {
		t.Fatalf("want damage %q, got %v", kind, err)
	}
	if damage.Kind != kind {
		t.Errorf("want damage %q, got %q: %v", kind, damage.Kind, err)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("want %q in %q", word, err)
		}
	}
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// randomHost makes a host that a hostile server could be the cause of.
func randomHost(r *rand.Rand, name string) Host {
	text := func() string { return randomText(r) }
	h := Host{Host: name, Identity: text(), Unreachable: []string{"", "", text()}[r.IntN(3)]}
	for range r.IntN(4) {
		h.Checks = append(h.Checks, Check{
			Check: text(), Kind: text(), Error: []string{"", text()}[r.IntN(2)], Took: time.Duration(randomInt(r)),
		})
	}
	for range r.IntN(12) {
		check := text()
		if n := len(h.Checks); n > 0 {
			check = h.Checks[r.IntN(n)].Check
		}
		key := fact.Key{Host: name, Check: check, Item: text(), Name: text()}
		h.Readings = append(h.Readings, fact.Reading{Key: key, Value: randomValue(r, fact.Type(1+r.IntN(6)))})
	}
	return distinct(h)
}

// distinct sorts a host and leaves no key twice.
func distinct(h Host) Host {
	h = h.sorted()
	h.Checks = slices.CompactFunc(h.Checks, func(a, b Check) bool { return a.Check == b.Check })
	h.Readings = slices.CompactFunc(h.Readings, func(a, b fact.Reading) bool { return a.Key == b.Key })
	return h
}

func randomText(r *rand.Rand) string {
	pool := []string{
		"", "a", "B", "Ä", "\xff", "\xc3", "\x00", "\n", "\r", "\"", "\\", `\u0041`, "\u2028", "\u202e", "\x7f",
		"😀", "\u0085", "}", "{", `"}`, "!", " ", "aB", "a!",
	}
	var b strings.Builder
	for range r.IntN(5) {
		b.WriteString(pool[r.IntN(len(pool))])
	}
	return b.String()
}

func randomInt(r *rand.Rand) int64 {
	return []int64{0, 1, -1, math.MinInt64, math.MaxInt64, r.Int64(), 1 << 53}[r.IntN(7)]
}

func randomValue(r *rand.Rand, t fact.Type) fact.Value {
	switch t {
	case fact.TypeBool:
		return fact.Bool(r.IntN(2) == 0)
	case fact.TypeInt:
		return fact.Int(randomInt(r))
	case fact.TypeText:
		return fact.Text(randomText(r))
	case fact.TypeDuration:
		return fact.Duration(randomInt(r))
	case fact.TypeTime:
		return fact.Time(time.Unix(randomInt(r), r.Int64N(1e9)))
	default:
		return fact.SetOf(randomText(r), randomText(r), randomText(r))
	}
}

// varied is a host as it may look at another time.
func varied(r *rand.Rand, h Host) Host {
	other := randomHost(r, h.Host)
	if r.IntN(2) == 0 {
		other = Host{}
	}
	h.Checks, h.Moves = slices.Concat(h.Checks, other.Checks), nil
	h.Readings = slices.Concat(h.Readings, other.Readings)
	for i := range h.Checks {
		switch r.IntN(8) {
		case 0:
			h.Checks[i].Error = "denied"
		case 1:
			h.Checks[i].Asked = "otherwise"
		}
	}
	h.Readings = slices.DeleteFunc(h.Readings, func(fact.Reading) bool { return r.IntN(8) == 0 })
	for i, reading := range h.Readings {
		switch r.IntN(8) {
		case 0:
			h.Readings[i].Value = randomValue(r, fact.Type(1+r.IntN(6)))
		case 1, 2:
			h.Readings[i].Value = randomValue(r, reading.Value.Type())
		}
	}
	return distinct(h)
}

// sampled is a random host of which several samples were taken.
func sampled(t testing.TB, r *rand.Rand, name string) Host {
	t.Helper()
	samples := []Host{randomHost(r, name)}
	for range r.IntN(4) {
		samples = append(samples, varied(r, samples[0]))
	}
	h, err := Learn(samples, foldCase)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func random(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

// same compares hosts; an empty list is as good as none.
func same(a, b Host) string {
	for _, h := range []*Host{&a, &b} {
		h.Taken = time.Time{} // the manifest's, and in no file
		if len(h.Checks) == 0 {
			h.Checks = nil
		}
		if len(h.Readings) == 0 {
			h.Readings = nil
		}
		if len(h.Moves) == 0 {
			h.Moves = nil
		}
	}
	return cmp.Diff(a, b)
}

// large is a host with n readings in checks of 20.
func large(n int) Host {
	h := Host{Host: "sql01.corp.test", Identity: "4c4c4544-0042-3510-8056-b4c04f4d4d31"}
	for i := range n {
		check := "windows/services-" + string(rune('a'+i/20%26)) + string(rune('a'+i/520))
		if i%20 == 0 {
			h.Checks = append(h.Checks, Check{Check: check, Kind: "services", Took: time.Second})
		}
		var value fact.Value = fact.Text("running")
		switch i % 4 {
		case 1:
			value = fact.Int(i * 7919)
		case 2:
			value = fact.Duration(time.Duration(i) * time.Millisecond)
		case 3:
			value = fact.SetOf("RPCSS", "DcomLaunch", "LSM")
		}
		key := fact.Key{Host: h.Host, Check: check, Item: "Service" + string(rune('A'+i%20)), Name: "state"}
		h.Readings = append(h.Readings, fact.Reading{Key: key, Value: value})
	}
	return h.sorted()
}
