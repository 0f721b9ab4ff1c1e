package baseline

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"gocloud.dev/gcerrors"
)

// reason leaves out of an error what the sentence around it says already.
func reason(err error) string {
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		return path.Err.Error()
	}
	if link := (*os.LinkError)(nil); errors.As(err, &link) {
		return link.Err.Error()
	}
	if cause := errors.Unwrap(err); cause != nil && strings.HasPrefix(err.Error(), "blob (key ") {
		return cause.Error() // the library's own words name the key
	}
	return strings.TrimPrefix(err.Error(), "blob ")
}

// unreadable makes a Damage of what is there and cannot be read, with the way out.
func unreadable(run string, err error, format string, args ...any) *Damage {
	format += ": %s"
	args = append(args, reason(err))
	if errors.Is(err, fs.ErrPermission) || gcerrors.Code(err) == gcerrors.PermissionDenied {
		return damagef(run, Unreadable, format+permit, args...)
	}
	return damaged(run, Unreadable, format, args...)
}

// writeError names the file that could not be written.
type writeError struct {
	where string
	err   error
}

func (e *writeError) Error() string { return fmt.Sprintf("writing %q: %s", e.where, reason(e.err)) }
func (e *writeError) Unwrap() error { return e.err }

// where is a key as an operator finds it.
func (p Place) where(key string) string {
	if p.Folder != "" {
		return filepath.Join(p.Folder, filepath.FromSlash(key))
	}
	name, _, _ := strings.Cut(p.Name, "?") // the rest is how it is reached
	scheme, rest, _ := strings.Cut(name, "://")
	return scheme + "://" + path.Join(rest, key)
}
