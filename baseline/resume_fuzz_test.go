package baseline

import (
	"context"
	"testing"

	"github.com/klauspost/compress/zstd"
	"gocloud.dev/blob"
	"gocloud.dev/blob/memblob"
)

// FuzzResume: whatever a run that was cut off has for begun.json and for a host's file,
// taking it up is refused, or drops the host, or has it as it is read later.
func FuzzResume(f *testing.F) {
	text, err := appendHost(nil, small())
	if err != nil {
		f.Fatal(err)
	}
	encoder, err := zstd.NewWriter(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(nil), text, true)
	f.Add([]byte(nil), encoder.EncodeAll(text, nil), false)
	f.Add([]byte(`{"format": 4}`+"\n"), text, true)
	f.Fuzz(func(t *testing.T, beginning, file []byte, packed bool) {
		ctx := context.Background() // a fuzz target has none
		bucket := memblob.OpenBucket(nil)
		s := Open(Place{Name: "mem://", Open: func(context.Context, bool) (*blob.Bucket, error) { return bucket, nil }})
		if _, err := s.Create(ctx, head("before")); err != nil {
			t.Fatal(err)
		}
		if packed {
			file = encoder.EncodeAll(file, nil)
		}
		at := key("before", hostFile("ex01.corp.test"))
		if err := bucket.WriteAll(ctx, at, file, nil); err != nil {
			t.Fatal(err)
		}
		if len(beginning) > 0 {
			if err := bucket.WriteAll(ctx, key("before", begunName), beginning, nil); err != nil {
				t.Fatal(err)
			}
		}
		w, err := s.Resume(ctx, head("before"))
		if err != nil {
			if len(beginning) == 0 {
				t.Errorf("a file that is not whole is asked for anew: %v", err)
			}
			return
		}
		kept, found, err := w.Host(ctx, "ex01.corp.test")
		if err != nil {
			t.Fatal(err)
		}
		if there, err := bucket.Exists(ctx, at); there != found || err != nil {
			t.Errorf("kept %v, and the file is there: %v, %v", found, there, err)
		}
		if !found {
			if err := w.Put(ctx, small()); err != nil {
				t.Fatal(err)
			}
			kept = small()
		}
		if err := w.Finish(ctx, finishedAt(), nil); err != nil {
			t.Fatal(err)
		}
		hosts, err := whole(s, "before")
		if err != nil || len(hosts) != 1 || same(kept, hosts[0]) != "" {
			t.Errorf("kept, and read otherwise: %v %s", err, same(kept, hosts[0]))
		}
	})
}
