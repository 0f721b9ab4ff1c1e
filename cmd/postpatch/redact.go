package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/pflag"

	"postpatch/runner/report"
	"postpatch/runner/report/redact"
)

// redaction are the flags that say whether names are replaced in what is told.
type redaction struct {
	redact    bool
	redactMap string // the file of what stands for what
}

func (r *redaction) redactFlags(f *pflag.FlagSet) {
	f.BoolVar(&r.redact, "redact", false,
		"replace hosts, accounts, addresses and domains on stdout and in all report files; not on stderr")
	f.StringVar(&r.redactMap, "redact-map", "",
		"with --redact: file of what stands for what; read where it is there, and written for your eyes alone")
}

// redacted has views hear of the run when it is over, under other names: that of a host is
// known only when it was met, and it may be named before. It is for what goes to stdout and
// into files. Channels, which are the owners' own, and the progress are told the names, and
// so is the store.
func (o *outputs) redacted(v *views) (*views, error) {
	if !o.redact {
		if o.redactMap != "" {
			return v, errors.New("--redact-map: it goes with --redact")
		}
		return v, nil
	}
	key, file, err := o.openKey()
	if err != nil {
		return v, err
	}
	if file != nil {
		v.files = append(v.files, &reportFile{view: report.Tee(), file: file})
	}
	return &views{Handler: redact.New(v, key), redacted: v, talk: v.talk}, nil
}

// openKey reads the key, where there is one. That it can be written is known now.
func (o *outputs) openKey() (*redact.Key, *redactionKey, error) {
	key := redact.NewKey()
	path := o.redactMap
	if path == "" {
		return key, nil, nil
	}
	if err := distinct(append(o.files(), formFile{"redact-map", path, nil})); err != nil {
		return nil, nil, err
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real // a link stays one
	}
	from, err := os.Open(path)
	if err == nil {
		key, err = redact.ReadKey(from)
		_ = from.Close()
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("reading --redact-map %q: %w", path, err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return nil, nil, fmt.Errorf("making the folder of %q: %w", path, err)
	}
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // for nobody else to read
	if err != nil {
		return nil, nil, fmt.Errorf("creating %q: %w", path, err)
	}
	return key, &redactionKey{key, temp, path}, nil
}

// redactionKey is where a key goes when the run is over.
type redactionKey struct {
	key  *redact.Key
	temp *os.File
	path string
}

func (f *redactionKey) commit() error {
	err := errors.Join(f.key.Write(f.temp), f.temp.Sync(), f.temp.Close())
	if err == nil {
		err = replaceBy(f.temp.Name(), f.path)
	}
	if err != nil {
		_ = os.Remove(f.temp.Name())
	}
	return named(f.path, err)
}

func (f *redactionKey) discard() {
	_ = f.temp.Close()
	_ = os.Remove(f.temp.Name())
}

func (f *redactionKey) name() string { return f.path }
