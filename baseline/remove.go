package baseline

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"gocloud.dev/gcerrors"
)

// Remove deletes a run, whole or cut off. Its manifest goes first, so that a
// removal which is cut off leaves a run that counts for nothing.
func (s *Store) Remove(ctx context.Context, run string) error {
	if err := checkRun(run); err != nil {
		return err
	}
	names, err := s.names(ctx)
	if err != nil {
		return err
	}
	if !slices.Contains(names, run) {
		return s.noSuchRun(ctx, run, names)
	}
	bucket, err := s.in(ctx, false)
	if err != nil {
		return err
	}
	err = bucket.Delete(ctx, key(run, manifestName))
	if err != nil && gcerrors.Code(err) != gcerrors.NotFound {
		return fmt.Errorf("removing baseline %s: %w", run, err)
	}
	s.syncFolder(run)
	files, err := s.all(ctx, run+"/")
	if err != nil {
		return fmt.Errorf("removing baseline %s: %w", run, err)
	}
	for _, file := range files {
		if err := bucket.Delete(ctx, file); err != nil && gcerrors.Code(err) != gcerrors.NotFound {
			return fmt.Errorf("removing baseline %s: %w", run, err)
		}
	}
	if err := s.removeFolders(run); err != nil {
		return fmt.Errorf("removing baseline %s: %w", run, err)
	}
	return nil
}

// removeFolders removes what deleting every file leaves of a run in a folder. What
// is not empty stays, and is an error: somebody else keeps something there.
func (s *Store) removeFolders(run string) error {
	if s.place.Folder == "" {
		return nil
	}
	var folders []string
	err := filepath.WalkDir(s.file(run), func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			folders = append(folders, path)
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, folder := range slices.Backward(folders) {
		if err := os.Remove(folder); err != nil {
			return err
		}
	}
	s.syncFolder("")
	return nil
}
