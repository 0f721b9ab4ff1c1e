// Package examples holds the files that the program shows and the tests run.
package examples

import "embed"

// Demo are the files of the built-in scenario.
//
//go:embed demo
var Demo embed.FS

// Packs are the suites that others use by their names.
//
//go:embed packs/*.suite.yaml
var Packs embed.FS

// CI are pipelines, by the system that runs them.
//
//go:embed ci
var CI embed.FS
