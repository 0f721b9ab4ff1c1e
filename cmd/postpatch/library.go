package main

import (
	"io/fs"
	"path/filepath"

	"postpatch/examples"
	"postpatch/probes/all"
	"postpatch/suites"
)

// library is what suites can use: the kinds, the operator's packs, and those that come
// with the program.
func (a app) library() suites.Library {
	lib := suites.Library{Kinds: all.Kinds(), Packs: filepath.SplitList(a.getenv("POSTPATCH_PACKS"))}
	if a.packs != nil && len(*a.packs) > 0 {
		lib.Packs = *a.packs
	}
	if built, err := fs.Sub(examples.Packs, "packs"); err == nil {
		lib.Built = built
	}
	return lib
}
