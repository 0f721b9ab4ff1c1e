package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"postpatch/runner"
	"postpatch/runner/report"
	"postpatch/suites"
	"postpatch/suites/layout"
)

func newFmt(a app) *cobra.Command {
	var check bool
	cmd := &cobra.Command{
		Use:   "fmt FILE…",
		Short: "Lay out suites, plans and credentials files in one form",
		Long: "Puts keys into their order, indents by two, takes quotes off plain words and puts them on those that\n" +
			"other readers take for true or false. All else, comments too, stays as it is written; a file whose\n" +
			"meaning could change is left alone, and told. Tests, estates and scenarios keep their keys' order. Names\n" +
			"the files that it changes; - reads stdin and writes stdout.",
		Example: "  postpatch fmt web.suite.yaml\n" +
			"  postpatch fmt --check suites/*.suite.yaml    # exit 1 and a diff where it would change one",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error { return fmtAll(a, cmd.InOrStdin(), check, files) },
	}
	cmd.Flags().BoolVar(&check, "check", false, "change nothing; show what would, and exit 1 when there is any")
	return cmd
}

// maxFmt is more than a suite may have.
const maxFmt = 20 << 20

func fmtAll(a app, stdin io.Reader, check bool, files []string) error {
	changes, failed := false, false
	for _, file := range files {
		changed, err := fmtOne(a, stdin, check, file)
		if err != nil {
			a.talk("error: %s: %s\n", report.Clean(file), report.Clean(err.Error()))
			failed = true
		}
		changes = changes || changed
	}
	switch {
	case failed:
		return exitError(runner.ExitNoVerdict)
	case changes && check:
		return exitError(runner.ExitBroken)
	default:
		return nil
	}
}

// fmtOne lays out one file, and says whether that changes it.
func fmtOne(a app, stdin io.Reader, check bool, file string) (changed bool, err error) {
	isStdin := file == "-"
	var data []byte
	if isStdin {
		data, err = io.ReadAll(io.LimitReader(stdin, maxFmt+1))
	} else {
		data, err = readRegular(file)
	}
	if err != nil {
		return false, err
	}
	if len(data) > maxFmt {
		return false, fmt.Errorf("it is larger than %d MiB", maxFmt>>20)
	}
	laid, err := layout.Format(data)
	if err == nil {
		err = a.sameMeaning(file, data, laid)
	}
	if err != nil {
		return false, fmt.Errorf("left as it is: %w", err)
	}
	changed = !bytes.Equal(data, laid)
	switch {
	case check && changed:
		a.tell("%s", fmtDiff(file, data, laid))
	case isStdin && !check:
		_, err = a.stdout.Write(laid)
	case changed && !check:
		if err = replaceFile(file, laid); err == nil {
			a.tell("%s\n", report.Clean(file))
		}
	}
	return changed, err
}

// fmtDiff shows what would change. Of a credentials file it says only that something would:
// a password may stand there, where none belongs.
func fmtDiff(file string, was, laid []byte) string {
	if mayHoldSecrets(laid) {
		return report.Clean(file) + " would change\n"
	}
	return report.Clean(string(diff.Diff(file, was, file+" as fmt has it", laid)))
}

// mayHoldSecrets says whether a file is the operator's own, by its keys, or cannot be told.
func mayHoldSecrets(text []byte) bool {
	keys, told := topKeys(text)
	return !told || slices.Contains(keys, "credentials") || slices.Contains(keys, "channels")
}

// sameMeaning makes sure that a suite comes to the same checks as before. One that has
// problems comes to none; of it, as of all files, the values are known to be the same.
func (a app) sameMeaning(file string, was, laid []byte) error {
	lib := a.library()
	lib.Lone = true
	before, problems := lib.LoadBytes(file, was)
	if len(problems) > 0 {
		return nil
	}
	after, problems := lib.LoadBytes(file, laid)
	if len(problems) > 0 {
		return fmt.Errorf("it would have a problem that it has not: %w", problems[0])
	}
	if meaning(before) != meaning(after) {
		return errors.New("its checks would not be the same")
	}
	return nil
}

// meaning is all that a set says, but where it stands.
func meaning(set *suites.Set) string {
	var b strings.Builder
	lists := map[**suites.Check]int{}
	for _, s := range set.Suites {
		fmt.Fprintf(&b, "%q %q\n", s.Name, s.Owner)
	}
	for _, w := range set.Waivers {
		fmt.Fprintf(&b, "%q %s %q %q %s %q %q %q\n", w.Suite, w.Pattern, w.Checks, w.Hosts, w.Until, w.Reason, w.Ticket,
			w.Owner)
	}
	for _, h := range set.Hosts {
		fmt.Fprintf(&b, "%q %q %q %q %q %d\n", h.Name, h.Was, h.Address, h.Tags, h.Vars, len(h.Checks))
		if len(h.Checks) == 0 || lists[&h.Checks[0]] == len(h.Checks) {
			continue // hosts share their lists
		}
		lists[&h.Checks[0]] = len(h.Checks)
		for _, c := range h.Checks {
			fmt.Fprintf(&b, "%q %q %s %s %s %q %q %v %+v %v\n", c.Suite, c.ID, c.Kind.Name, c.Asked, c.Timeout, c.Why, c.Owner,
				c.Expect, c.Assert, c.Items)
			fmt.Fprintf(&b, "%s\n", c.Compare)
		}
	}
	return regexp.MustCompile(`Line:\d+`).ReplaceAllString(b.String(), "")
}

// readRegular reads a file that can be put in the place of.
func readRegular(file string) ([]byte, error) {
	info, err := os.Stat(file)
	switch {
	case err != nil:
		return nil, plainPath(err)
	case !info.Mode().IsRegular():
		return nil, errors.New("it is no file")
	case info.Size() > maxFmt:
		return make([]byte, maxFmt+1), nil
	}
	data, err := os.ReadFile(file)
	return data, plainPath(err)
}

// plainPath is an error without the path, which stands before it.
func plainPath(err error) error {
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		return path.Err
	}
	return err
}

// replaceFile puts content in the place of a file's, whole or not at all. The file keeps
// its permissions, and a link to it stays one.
func replaceFile(file string, content []byte) error {
	real, err := filepath.EvalSymlinks(file)
	if err != nil {
		return plainPath(err)
	}
	info, err := os.Stat(real)
	if err != nil {
		return plainPath(err)
	}
	temp, err := os.CreateTemp(filepath.Dir(real), "."+filepath.Base(real)+".*")
	if err != nil {
		return plainPath(err)
	}
	_, err = temp.Write(content)
	err = errors.Join(err, temp.Chmod(info.Mode().Perm()), temp.Sync(), temp.Close())
	if err == nil {
		err = replaceBy(temp.Name(), real)
	}
	if err != nil {
		_ = os.Remove(temp.Name())
		return plainPath(err)
	}
	return nil
}
