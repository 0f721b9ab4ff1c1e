package main

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// redate has a time in a manifest be so long from now, as a machine writes it whose
// clock is wrong, and seals the file again.
func redate(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: redate FILE FIELD DURATION")
	}
	from, err := time.ParseDuration(args[2])
	ts.Check(err)
	content, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	field := regexp.MustCompile(`"` + args[1] + `": "[^"]*"`)
	if !field.Match(content) {
		ts.Fatalf("%s has no time %s", args[0], args[1])
	}
	at := time.Now().Add(from).UTC().Format(time.RFC3339Nano)
	text := field.ReplaceAllString(string(content), `"`+args[1]+`": "`+at+`"`)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(resealed(text)), 0o644))
}

// resealed gives a sealed file the digest of what it holds now.
func resealed(text string) string {
	const key, end = `"digest": "`, "\"\n}\n"
	open := text[:strings.LastIndex(text, key)+len(key)]
	sum := sha256.Sum256([]byte(open + end))
	return open + hex.EncodeToString(sum[:]) + end
}
