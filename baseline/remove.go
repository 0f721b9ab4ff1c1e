package baseline

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Remove deletes a run, whole or cut off. Its manifest goes first, so that a
// removal which is cut off leaves a run that counts for nothing.
func (s *Store) Remove(run string) error {
	if err := checkRun(run); err != nil {
		return err
	}
	info, err := os.Lstat(s.path(run))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return s.withoutManifest(run)
	case err != nil:
		return fmt.Errorf("removing baseline %s: %w", run, err)
	case !info.IsDir(): // of a link, what it leads to is not the store's
		return fmt.Errorf("removing baseline %s: it is no folder", run)
	}
	if err := os.Remove(s.path(run, manifestName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing baseline %s: %w", run, err)
	}
	syncFolder(s.path(run))
	if err := os.RemoveAll(s.path(run)); err != nil {
		return fmt.Errorf("removing baseline %s: %w", run, err)
	}
	syncFolder(s.dir)
	return nil
}
