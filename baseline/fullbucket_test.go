package baseline

import (
	"context"
	"errors"
	"testing"

	"gocloud.dev/blob"
	"gocloud.dev/blob/driver"
	"gocloud.dev/gcerrors"
)

// full is a bucket with no room: a write fails, and its end would make a file of what
// little was written, unless it has been cancelled.
type full struct {
	driver.Bucket
	ends []error // why each write was cancelled
}

var errFull = errors.New("there is no room")

func (f *full) NewTypedWriter(ctx context.Context, _, _ string, _ *driver.WriterOptions) (driver.Writer, error) {
	return &fullWriter{ctx: ctx, bucket: f}, nil
}
func (f *full) ErrorCode(error) gcerrors.ErrorCode { return gcerrors.Unknown }
func (f *full) ErrorAs(error, any) bool            { return false }
func (f *full) Close() error                       { return nil }

type fullWriter struct {
	ctx    context.Context
	bucket *full
}

func (w *fullWriter) Write([]byte) (int, error) { return 0, errFull }

func (w *fullWriter) Close() error {
	w.bucket.ends = append(w.bucket.ends, w.ctx.Err())
	return nil
}

// What could not be written whole is dropped, and not ended as if it were.
func TestAWriteThatFailsLeavesNoFile(t *testing.T) {
	bucket := &full{}
	s := Open(Place{Name: "full://x", Open: func(context.Context, bool) (*blob.Bucket, error) {
		return blob.NewBucket(bucket), nil
	}})
	if err := s.write(t.Context(), key("before", "five"), []byte("12345")); !errors.Is(err, errFull) {
		t.Errorf("got %v", err)
	}
	if len(bucket.ends) != 1 || !errors.Is(bucket.ends[0], context.Canceled) {
		t.Errorf("it ended with %v", bucket.ends)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
