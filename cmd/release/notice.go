package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// linked is a package that the program has in it, as go list tells.
type linked struct {
	Dir    string
	Module *struct{ Path, Version, Dir string }
}

// notice is the text of all licences that come with what is linked in, for any of the
// systems: Go's own, and of each module those at its root and on the way down to the
// packages that are used, where code was taken over from elsewhere.
func notice(ctx context.Context, systems []string) ([]byte, error) {
	files := map[string][]string{} // by module
	for _, system := range systems {
		out, err := command(ctx, []string{"GOOS=" + system, "CGO_ENABLED=0"},
			"go", "list", "-deps", "-json=Dir,Module", "./cmd/postpatch")
		if err != nil {
			return nil, err
		}
		for packages := json.NewDecoder(bytes.NewReader(out)); ; {
			var l linked
			if err := packages.Decode(&l); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return nil, fmt.Errorf("reading what go list says: %w", err)
			}
			if l.Module == nil || l.Module.Version == "" { // of Go, or ours
				continue
			}
			if err := l.licences(files); err != nil {
				return nil, err
			}
		}
	}
	root, err := command(ctx, nil, "go", "env", "GOROOT")
	if err != nil {
		return nil, err
	}
	files["The Go programming language and its standard library"] = []string{
		filepath.Join(strings.TrimSpace(string(root)), "LICENSE"),
	}
	return writeNotice(files)
}

// licences adds what lies between a package's folder and its module's.
func (l linked) licences(files map[string][]string) error {
	looksLike := regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|patents|unlicense)([.-].*)?$`)
	module := l.Module.Path + " " + l.Module.Version
	for dir := l.Dir; strings.HasPrefix(dir, l.Module.Dir); dir = filepath.Dir(dir) {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return fmt.Errorf("%s: %w", module, err)
		}
		for _, entry := range entries {
			path := filepath.Join(dir, entry.Name())
			isText := looksLike.MatchString(entry.Name()) && !strings.HasSuffix(entry.Name(), ".go")
			if isText && entry.Type().IsRegular() && !slices.Contains(files[module], path) {
				files[module] = append(files[module], path)
			}
		}
	}
	if len(files[module]) == 0 {
		return fmt.Errorf("%s has no licence: what does not say what one may do with it must not be packed", module)
	}
	return nil
}

func writeNotice(files map[string][]string) ([]byte, error) {
	var out bytes.Buffer
	out.WriteString("postpatch is under the Apache License 2.0 (LICENSE). These are in it, too:\n")
	modules := make([]string, 0, len(files))
	for module := range files {
		modules = append(modules, module)
	}
	slices.Sort(modules)
	for _, module := range modules {
		_, _ = fmt.Fprintf(&out, "\n%s\n%s\n", strings.Repeat("=", 100), module)
		slices.Sort(files[module])
		for _, path := range files[module] {
			text, err := os.ReadFile(path)
			if err != nil {
				return nil, err
			}
			text = bytes.ReplaceAll(bytes.TrimSpace(text), []byte("\r\n"), []byte("\n"))
			_, _ = fmt.Fprintf(&out, "%s\n%s\n", strings.Repeat("-", 100), text)
		}
	}
	return out.Bytes(), nil
}
