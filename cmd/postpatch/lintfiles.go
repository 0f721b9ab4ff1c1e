package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"postpatch/suites"
)

// How the files that lint knows end.
const (
	suiteEnding       = ".suite.yaml"
	planEnding        = ".plan.yaml"
	credentialsEnding = ".credentials.yaml"
)

// filesOf puts in place of each folder the suites and plans in it and below, in the order
// of their names. A folder without any is a problem: somebody believes that they are there.
func filesOf(args []string, l *linted) ([]string, error) {
	var files []string
	for _, arg := range args {
		info, err := os.Stat(arg)
		if err != nil || !info.IsDir() { // what cannot be read is told as a problem of the file
			files = append(files, arg)
			continue
		}
		found, err := filesBelow(arg)
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			l.problems = append(l.problems, suites.Problem{
				File: arg, Msg: "neither a suite nor a plan is in this folder or below",
				Hint: "their names end with " + suiteEnding + " and " + planEnding,
			})
		}
		files = append(files, found...)
	}
	return files, nil
}

// filesBelow follows no link to a folder, and none to a file outside.
func filesBelow(folder string) ([]string, error) {
	real, err := filepath.EvalSymlinks(folder)
	if err != nil {
		return nil, fmt.Errorf("reading the folder %q: %w", folder, reasonOf(err))
	}
	var files []string
	err = filepath.WalkDir(real, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && d.Name() == ".git":
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(d.Name(), suiteEnding) && !strings.HasSuffix(d.Name(), planEnding):
			return nil
		case d.Type().IsRegular(), d.Type()&fs.ModeSymlink != 0 && leadsInto(real, path):
			inside, err := filepath.Rel(real, path)
			files = append(files, filepath.Join(folder, inside))
			return err
		default:
			return nil
		}
	})
	if err != nil {
		return nil, fmt.Errorf("reading the folder %q: %w", folder, reasonOf(err))
	}
	return files, nil
}

// leadsInto says whether a link leads to a regular file of the folder.
func leadsInto(folder, link string) bool {
	target, err := filepath.EvalSymlinks(link)
	if err != nil {
		return false
	}
	inside, err := filepath.Rel(folder, target)
	info, statErr := os.Stat(target)
	return err == nil && filepath.IsLocal(inside) && statErr == nil && info.Mode().IsRegular()
}

// reasonOf leaves out a path that has been named already.
func reasonOf(err error) error {
	if at, ok := errors.AsType[*fs.PathError](err); ok {
		return fmt.Errorf("%q: %w", at.Path, at.Err)
	}
	return err
}

func credentialsIn(file string) []suites.Problem {
	trust := func(info fs.FileInfo) error { return ownersToChange(file, info) }
	_, problems := suites.LoadCredentials(file, trust, nil)
	return problems
}
