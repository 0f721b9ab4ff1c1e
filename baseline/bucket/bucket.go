// Package bucket finds the place of a store by its name: a folder, S3, Azure Blob
// or this program's own memory.
package bucket

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"gocloud.dev/blob"
	_ "gocloud.dev/blob/azureblob" // azblob://
	"gocloud.dev/blob/fileblob"
	"gocloud.dev/blob/memblob"
	_ "gocloud.dev/blob/s3blob" // s3://

	"postpatch/baseline"
)

// At reads a store's name: a folder's path, "file:///path", "s3://bucket",
// "azblob://container" or "mem://". The parameters behind a ? are those of
// gocloud.dev/blob, such as region=, endpoint= and prefix=; how S3 and Azure are
// entered is in their own environment variables and files. A name tells nothing
// secret: a URL with a user in it is refused.
func At(name string) (baseline.Place, error) {
	scheme, _, isURL := strings.Cut(name, "://")
	if !isURL {
		return folder(name, name)
	}
	u, err := url.Parse(name)
	switch {
	case err != nil:
		return baseline.Place{}, fmt.Errorf("opening the store: it is no URL: %w", errors.Unwrap(err))
	case u.User != nil:
		return baseline.Place{}, errors.New("opening the store: no user or password belongs into its URL: " +
			"they come from the provider's own environment variables or files")
	}
	switch scheme {
	case "file":
		if u.Host != "" && u.Host != "localhost" && u.Host != "." || u.RawQuery != "" {
			return baseline.Place{}, fmt.Errorf("opening the store %q: want file:///path and nothing else", name)
		}
		path := u.Path
		if u.Host == "." || filepath.VolumeName(strings.TrimPrefix(path, "/")) != "" {
			path = strings.TrimPrefix(path, "/")
		}
		return folder(name, filepath.FromSlash(path))
	case "s3", "azblob":
		if u.Host == "" {
			return baseline.Place{}, fmt.Errorf("opening the store %q: want %s://NAME", name, scheme)
		}
		return baseline.Place{Name: name, Open: func(ctx context.Context, _ bool) (*blob.Bucket, error) {
			return blob.OpenBucket(ctx, name)
		}}, nil
	case "mem":
		memory := memblob.OpenBucket(nil)
		return baseline.Place{Name: name, Open: func(context.Context, bool) (*blob.Bucket, error) {
			return memory, nil
		}}, nil
	default:
		return baseline.Place{}, fmt.Errorf("opening the store %q: want a folder, s3://NAME, azblob://NAME or mem://", name)
	}
}

// folder is a place on this machine, or on a share that it sees. Nothing but the
// files themselves is written to it, each first under a temporary name beside its own.
func folder(name, dir string) (baseline.Place, error) {
	if dir == "" {
		return baseline.Place{}, errors.New("opening the store: no folder given")
	}
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return baseline.Place{}, fmt.Errorf("opening the store: %w", err)
	case !info.IsDir():
		return baseline.Place{}, fmt.Errorf("opening the store %q: it is a file, not a folder", name)
	}
	return baseline.Place{Name: name, Folder: dir, Open: func(_ context.Context, create bool) (*blob.Bucket, error) {
		if _, err := os.Stat(dir); err != nil && !create {
			return nil, err
		}
		if create {
			if err := os.MkdirAll(dir, 0o750); err != nil {
				return nil, err
			}
		}
		return fileblob.OpenBucket(dir, &fileblob.Options{
			NoTempDir: true, DirFileMode: 0o750, Metadata: fileblob.MetadataDontWrite,
		})
	}}, nil
}
