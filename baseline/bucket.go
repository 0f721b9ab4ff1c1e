package baseline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"
)

// Place is where a store is kept.
type Place struct {
	Name string // as the operator gave it
	// Open opens the bucket. Without create, one that is not there is
	// fs.ErrNotExist.
	Open func(ctx context.Context, create bool) (*blob.Bucket, error)
	// Folder is the bucket's own folder where it is one; empty otherwise. A folder
	// can be made to last a power cut, and can hold what is no file.
	Folder string
}

// isMissing says whether an error means that a file, or the whole store, is not
// there.
func isMissing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || gcerrors.Code(err) == gcerrors.NotFound
}

// in returns the store's bucket, and opens it the first time.
func (s *Store) in(ctx context.Context, create bool) (*blob.Bucket, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bucket == nil {
		bucket, err := s.place.Open(ctx, create)
		if err != nil {
			return nil, err
		}
		s.bucket = bucket
	}
	return s.bucket, nil
}

// Close lets the store's connections go.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bucket == nil {
		return nil
	}
	err := s.bucket.Close()
	s.bucket = nil
	return err
}

// reader opens a file and nothing else: a pipe would be waited for.
func (s *Store) reader(ctx context.Context, key string) (io.ReadCloser, error) {
	bucket, err := s.in(ctx, false)
	if err != nil {
		return nil, err
	}
	if s.place.Folder != "" {
		info, err := os.Lstat(s.file(key))
		if err != nil {
			return nil, err
		}
		if !info.Mode().IsRegular() {
			return nil, errors.New("it is no ordinary file")
		}
	}
	r, err := bucket.NewReader(ctx, key, nil)
	if err != nil {
		return nil, err // r would be an interface that is not nil
	}
	return r, nil
}

// read reads a whole file of at most limit bytes.
func (s *Store) read(ctx context.Context, key string, limit int64) ([]byte, error) {
	r, err := s.reader(ctx, key)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("it is longer than %d bytes", limit)
	}
	return data, err
}

// errTaken says that a file which is written once is there already.
var errTaken = errors.New("it is stored already")

// write writes a file whole or not at all, and only once. Where it is to last from then on,
// it takes what a disk takes for it.
func (s *Store) write(ctx context.Context, key string, data []byte) error {
	return s.writeAs(ctx, key, data, (*os.File).Sync)
}

// writeAs writes a file; of one in a folder, last is called before it gets its name.
func (s *Store) writeAs(ctx context.Context, key string, data []byte, last func(*os.File) error) error {
	err := s.writeOnce(ctx, key, data, last)
	if err == nil || errors.Is(err, errTaken) || ctx.Err() != nil {
		return err
	}
	return &writeError{s.place.where(key), err}
}

func (s *Store) writeOnce(ctx context.Context, key string, data []byte, last func(*os.File) error) error {
	bucket, err := s.in(ctx, true)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var file *os.File // of a folder
	w, err := bucket.NewWriter(ctx, key, &blob.WriterOptions{
		IfNotExist: true, ContentType: "application/octet-stream",
		BeforeWrite: func(as func(any) bool) error {
			if !as(&file) {
				return nil
			}
			return file.Chmod(0o640) // what servers say of themselves is not for everybody
		},
	})
	if err != nil {
		return err
	}
	_, err = w.Write(data)
	if err == nil && file != nil {
		err = last(file)
	}
	if err != nil {
		cancel() // so that closing drops what was written
		_ = w.Close()
		return err
	}
	err = w.Close()
	if gcerrors.Code(err) != gcerrors.FailedPrecondition {
		return err
	}
	// A store that did not hear its own answer asks again, and finds what it wrote.
	if stored, err := s.read(ctx, key, int64(len(data))); err == nil && bytes.Equal(stored, data) {
		return nil
	}
	return errTaken
}

// list lists the files whose keys begin with a prefix, without what was never a
// whole file.
func (s *Store) list(ctx context.Context, prefix string) ([]string, error) {
	keys, err := s.all(ctx, prefix)
	return slices.DeleteFunc(keys, isLitter), err
}

func (s *Store) all(ctx context.Context, prefix string) ([]string, error) {
	bucket, err := s.in(ctx, false)
	if err != nil {
		return nil, err
	}
	var keys []string
	for it := bucket.List(&blob.ListOptions{Prefix: prefix}); ; {
		object, err := it.Next(ctx)
		switch {
		case errors.Is(err, io.EOF):
			return keys, nil
		case err != nil:
			return nil, err
		default:
			keys = append(keys, object.Key)
		}
	}
}

// file is where a key stands in the store's folder. What runs and hosts are called
// there needs no escape.
func (s *Store) file(key string) string {
	return filepath.Join(s.place.Folder, filepath.FromSlash(key))
}
