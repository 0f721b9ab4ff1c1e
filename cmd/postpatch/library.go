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
	lib.Built = builtPacks(examples.Packs)
	return lib
}

// builtPacks is the folder of the packs among the program's own files.
func builtPacks(files fs.FS) fs.FS {
	built, err := fs.Sub(files, "packs")
	if err != nil {
		panic(err) // the folder's name stands here
	}
	return built
}
