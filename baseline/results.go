package baseline

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
	"gocloud.dev/gcerrors"
)

// resultsName is the file of what a run came to.
const resultsName = "results.jsonl.zst"

// maxResults are the bytes of it, as stored.
const maxResults = 512 << 20

// ResultsEntry is the results' line in the manifest.
type ResultsEntry struct {
	SHA256 string `json:"sha256"` // of the file as stored
	Bytes  int64  `json:"bytes"`
}

// Results are what a run came to, on their way into the store: text that the writer of
// the run chooses and the store does not look into. They wait compressed until the run
// is finished, since the run counts only from then on.
type Results struct {
	writer *Writer
	zstd   *zstd.Encoder
	packed bytes.Buffer
	err    error
}

// Results begins what the run came to. It is stored by the run's Finish when it has been
// closed by then; otherwise the run has none.
func (w *Writer) Results() (*Results, error) {
	r := &Results{writer: w}
	encoder, err := zstd.NewWriter(&r.packed, zstd.WithEncoderCRC(true), zstd.WithLowerEncoderMem(true),
		zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(packWindow))
	if err != nil {
		return nil, fmt.Errorf("preparing compression: %w", err)
	}
	r.zstd = encoder
	return r, nil
}

// Write implements io.Writer.
func (r *Results) Write(text []byte) (int, error) {
	if r.err != nil {
		return 0, r.err
	}
	n, err := r.zstd.Write(text)
	if err == nil && r.packed.Len() > maxResults {
		err = fmt.Errorf("what the run came to takes more than %d bytes", maxResults)
	}
	if r.err = err; err != nil {
		r.packed = bytes.Buffer{}
	}
	return n, err
}

// Close says that they are whole.
func (r *Results) Close() error {
	if r.err != nil {
		return r.err
	}
	if r.err = r.zstd.Close(); r.err != nil {
		return r.err
	}
	r.err = errors.New("the results are closed")
	r.writer.mu.Lock()
	defer r.writer.mu.Unlock()
	r.writer.results = r.packed.Bytes()
	return nil
}

// putResults stores what the run came to, and says so in the manifest. It is called
// before the manifest is written, which names the file.
func (w *Writer) putResults(ctx context.Context, m *Manifest) error {
	if w.resumed != nil {
		if err := w.dropResults(ctx); err != nil { // of a try before
			return err
		}
	}
	if w.results == nil {
		return nil
	}
	sum := sha256.Sum256(w.results)
	m.Results = &ResultsEntry{SHA256: hex.EncodeToString(sum[:]), Bytes: int64(len(w.results))}
	return w.write(ctx, key(w.run, resultsName), w.results)
}

// dropResults removes those of a manifest that was never written.
func (w *Writer) dropResults(ctx context.Context) error {
	bucket, err := w.store.in(ctx, true)
	if err != nil {
		return err
	}
	err = bucket.Delete(ctx, key(w.run, resultsName))
	if err != nil && gcerrors.Code(err) != gcerrors.NotFound {
		return fmt.Errorf("dropping the results of a manifest that was never written: %w", err)
	}
	return nil
}

// Results reads what the run came to, as it was written. It is not ok for a run that
// stored none. The file is compared with its digest again: it may have changed since Read.
func (s *Snapshot) Results(ctx context.Context) (text io.ReadCloser, ok bool, err error) {
	e := s.manifest.Results
	if e == nil {
		return nil, false, nil
	}
	var packed bytes.Buffer
	if damage := s.loadResults(ctx, &packed); damage != nil {
		return nil, false, damage
	}
	decoder, err := zstd.NewReader(&packed, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(64<<20))
	if err != nil {
		return nil, false, fmt.Errorf("preparing decompression: %w", err)
	}
	return decoder.IOReadCloser(), true, nil
}

// loadResults copies the file of what the run came to, and compares it with the manifest.
func (s *Snapshot) loadResults(ctx context.Context, into io.Writer) *Damage {
	e := s.manifest.Results
	if e == nil {
		return nil
	}
	return s.loadFile(ctx, storedFile{resultsName, "what it came to", e.SHA256, e.Bytes}, into)
}
