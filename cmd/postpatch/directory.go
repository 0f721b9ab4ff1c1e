package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"postpatch/suites"
	"postpatch/suites/inventory"
	"postpatch/suites/inventory/directory"
)

// directoryFlags are those of a command that asks no host: how a directory is asked
// that keeps the hosts of a suite.
func (in *inputs) directoryFlags(f *pflag.FlagSet, a app) {
	in.asksNobody = true
	in.reachFlags(f, a)
	f.Lookup("credentials").Usage = "file of users, to ask a directory that keeps hosts (env POSTPATCH_CREDENTIALS)"
}

// directory asks directories for the hosts of lists, entered as the operator's own file
// says and nothing else. It is nil where nobody is to be asked: something is wrong already.
func (in *inputs) directory(ctx context.Context, a app, j *job, well bool) suites.Directory {
	if !well {
		return nil
	}
	return func(s inventory.Search) (none inventory.Found, err error) {
		in.asked = true
		if in.credentials == "" {
			return none, errors.New("the hosts are kept in a directory, and there is no --credentials file; " +
				"`postpatch explain credentials` tells how to write one")
		}
		if wrong := in.enter(ctx, a, j); len(wrong) > 0 {
			return none, fmt.Errorf("the directory was not asked: %w", wrong[0])
		}
		if err := in.reach(j); err != nil {
			return none, err
		}
		c, err := j.credentials.For(s.Server, "ldap")
		if err != nil {
			return none, fmt.Errorf("nothing was sent to the directory: %w", err)
		}
		return directory.Ask(ctx, s, directory.Options{
			Dial: j.routes.Dial, Roots: j.roots, User: c.User, Password: c.Password,
		})
	}
}

// unaskedNotes names the directories whose hosts nobody has asked for.
func unaskedNotes(lists []suites.HostList) []string {
	var notes []string
	for _, l := range lists {
		notes = append(notes, fmt.Sprintf("%s: the directory %s was not asked: its hosts are not known", l.Place(), l.Name))
	}
	return notes
}

// notAsked ends a summary with what was not asked; it is empty where all hosts are known.
func notAsked(lists []suites.HostList) string {
	notes := unaskedNotes(lists)
	if len(notes) == 0 {
		return ""
	}
	return "\nnote: " + strings.Join(notes, "\nnote: ")
}
