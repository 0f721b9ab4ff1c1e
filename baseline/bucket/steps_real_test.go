//go:build real

package bucket_test

import (
	"regexp"
	"testing"
	"time"

	"postpatch/baseline"
)

// Whatever file of a run a store fails in the middle of: the run does not count, the
// error names the file, and it is taken up when the store answers again.
func TestS3FailsAtEveryStep(t *testing.T) {
	wire, name := startS3(t)
	sign := func([]byte) ([]byte, error) { return []byte("signed"), nil }
	for _, file := range []string{"begun.json", "web01.jsonl.zst", "manifest.json.sig", "manifest.json"} {
		s := at(t, name+"&prefix="+file+"/")
		head := baseline.Head{Run: "before", Command: "capture", Started: time.Unix(1, 0)}
		steps := func(begin func() (*baseline.Writer, error)) error {
			w, err := begin()
			if err != nil {
				return err
			}
			if len(w.Stored()) == 0 {
				h := baseline.Host{Host: "web01", Checks: []baseline.Check{{Check: "hq/os", Kind: "os"}}}
				if err := w.Put(t.Context(), h); err != nil {
					return err
				}
			}
			return w.Finish(t.Context(), time.Unix(2, 0), sign)
		}
		wire.cutFile.Store("/" + file)
		err := steps(func() (*baseline.Writer, error) { return s.Create(t.Context(), head) })
		if err == nil || !regexp.MustCompile(`writing "s3://evidence/before/[^"]*`+file+`"`).MatchString(err.Error()) {
			t.Errorf("%s: %v", file, err)
		}
		wire.cutFile.Store("")
		if _, err := s.Read(t.Context(), "before"); err == nil {
			t.Errorf("%s: it counts", file)
		}
		if err := steps(func() (*baseline.Writer, error) { return s.Resume(t.Context(), head) }); err != nil {
			t.Errorf("%s: taken up: %v", file, err)
		}
		if _, err := s.Read(t.Context(), "before"); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}
