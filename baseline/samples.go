package baseline

import (
	"context"
	"fmt"
	"path"
	"strconv"
)

// samplesFolder keeps what was seen before the last look, until the run is finished.
const samplesFolder = "samples"

// sampleFile is where the n-th look at a host is kept.
func (w *Writer) sampleFile(n int, host string) string {
	return key(w.run, samplesFolder, strconv.Itoa(n), path.Base(hostFile(host)))
}

// PutSample stores what the n-th look at a host saw, from 1. It is no part of the run
// yet: Learned folds it in.
func (w *Writer) PutSample(ctx context.Context, n int, h Host) error {
	data, err := w.pack(h.sorted())
	if err == nil {
		err = w.write(ctx, w.sampleFile(n, h.Host), data)
	}
	if err != nil {
		return fmt.Errorf("storing sample %d of host %q: %w", n, h.Host, err)
	}
	return nil
}

// Sampled tells which hosts the n-th look is done with.
func (w *Writer) Sampled(ctx context.Context, n int) (func(host string) bool, error) {
	files, err := w.store.list(ctx, key(w.run, samplesFolder, strconv.Itoa(n))+"/")
	if err != nil {
		return nil, fmt.Errorf("looking for sample %d of run %s: %w", n, w.run, err)
	}
	known := make(map[string]bool, len(files))
	for _, file := range files {
		known[file] = true
	}
	return func(host string) bool { return known[w.sampleFile(n, host)] }, nil
}

// Learned folds the samples of a host and its last look into one, see Learn. A sample
// that cannot be read teaches nothing: then less is taken for noise, never more.
func (w *Writer) Learned(ctx context.Context, last Host, naming Naming) (Host, error) {
	var all []Host
	for n := 1; n < w.begun.Samples; n++ {
		h, _, err := w.load(ctx, w.sampleFile(n, last.Host))
		if ctx.Err() != nil {
			return Host{}, ctx.Err()
		}
		if err == nil && h.Host == last.Host {
			all = append(all, h)
		}
	}
	return Learn(append(all, last), naming)
}

// dropSamples removes what has been folded in. What stays of it is removed with the
// run, and counts for nothing.
func (w *Writer) dropSamples(ctx context.Context) {
	bucket, err := w.store.in(ctx, true)
	if err != nil {
		return
	}
	files, _ := w.store.all(ctx, key(w.run, samplesFolder)+"/")
	for _, file := range files {
		_ = bucket.Delete(ctx, file)
	}
	_ = w.store.removeFolders(key(w.run, samplesFolder))
}
