package baseline

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

const (
	maxManifest = 64 << 20 // bytes

	digestKey = `"digest": "`
	digestEnd = "\"\n}\n"
)

// seal encodes a file with its digest, the last field, which has to be empty. The
// digest is of the very bytes, so that no other way to write the same JSON passes.
func seal(file any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(file); err != nil {
		return nil, err
	}
	if b.Len() > maxManifest {
		return nil, fmt.Errorf("the manifest is longer than %d bytes", maxManifest)
	}
	sum := sha256.Sum256(b.Bytes())
	open, found := bytes.CutSuffix(b.Bytes(), []byte(digestEnd))
	if !found {
		return nil, errors.New("the digest is not the manifest's last field")
	}
	return []byte(string(open) + hex.EncodeToString(sum[:]) + digestEnd), nil
}

// sealed reports whether a file's bytes are those that were sealed.
func sealed(data []byte) bool {
	open, ended := bytes.CutSuffix(data, []byte(digestEnd))
	at := len(open) - hex.EncodedLen(sha256.Size)
	if !ended || at < 0 || !bytes.HasSuffix(open[:at], []byte(digestKey)) {
		return false
	}
	hash := sha256.New()
	hash.Write(open[:at])
	hash.Write([]byte(digestEnd))
	return hex.EncodeToString(hash.Sum(nil)) == string(open[at:])
}

// isCut says whether JSON ended before it was whole.
func isCut(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }

// readManifest reads a run's manifest; what is wrong with it is a Damage.
func (s *Store) readManifest(ctx context.Context, run string) (Manifest, error) {
	m, _, err := s.loadManifest(ctx, run)
	return m, err
}

// loadManifest is readManifest with the bytes, which may be signed.
func (s *Store) loadManifest(ctx context.Context, run string) (Manifest, []byte, error) {
	data, err := s.read(ctx, key(run, manifestName), maxManifest)
	switch {
	case isMissing(err):
		return Manifest{}, nil, s.withoutManifest(ctx, run)
	case err != nil:
		return Manifest{}, nil, unreadable(run, err, "the manifest of baseline %s cannot be read", run)
	}
	m, damage := parseManifest(run, data)
	if damage != nil {
		return Manifest{}, nil, damage
	}
	return m, data, nil
}

// withoutManifest tells why a run has no manifest.
func (s *Store) withoutManifest(ctx context.Context, run string) error {
	names, err := s.names(ctx)
	if err != nil {
		return err // there is no store, or nothing in it
	}
	if !slices.Contains(names, run) {
		return s.noSuchRun(ctx, run, names)
	}
	damage := lacking(run, Unfinished, "baseline %s was cut off: it has hosts but no manifest", run)
	hosts, err := s.list(ctx, key(run, hostsFolder)+"/")
	if err != nil || len(hosts) == 0 {
		damage = lacking(run, Empty, "baseline %s holds nothing: it was cut off before the first host", run)
	}
	damage.unfinished = true
	return damage
}

// parseManifest reads a manifest's bytes and checks everything that can be
// checked without the hosts' files.
func parseManifest(run string, data []byte) (Manifest, *Damage) {
	var m Manifest
	if damage := unseal(run, "manifest", data, &m); damage != nil {
		return Manifest{}, damage
	}
	if damage := m.check(run); damage != nil {
		return Manifest{}, damage
	}
	return m, nil
}

// check finds what no manifest of ours says, whatever its digest.
func (m Manifest) check(run string) *Damage {
	switch {
	case m.Format < 1:
		return damaged(run, Unreadable, "baseline %s has format %d, which is none", run, m.Format)
	case m.Run != run:
		return damaged(run, Edited, "baseline %s was renamed: its manifest is of baseline %q", run, m.Run)
	case len(m.Hosts) == 0:
		return lacking(run, Empty, "baseline %s holds no host", run)
	}
	if m.Results != nil && (m.Results.Bytes < 0 || m.Results.Bytes > maxResults) {
		return damaged(run, Edited, "the manifest of baseline %s gives a wrong size for the results", run)
	}
	spelt := make(map[string]string, len(m.Hosts))
	for i, e := range m.Hosts {
		name := strings.ToLower(e.Host)
		if other, twice := spelt[name]; twice && other != e.Host {
			return damaged(run, Edited, "the manifest of baseline %s has one host as %q and as %q", run, other, e.Host)
		}
		spelt[name] = e.Host
		if i > 0 && m.Hosts[i-1].Host >= e.Host {
			return damaged(run, Edited, "the manifest of baseline %s has host %q twice or out of order", run, e.Host)
		}
		if e.File != hostFile(e.Host) {
			return damaged(run, Edited, "the manifest of baseline %s names a wrong file for host %q", run, e.Host)
		}
		if e.Bytes < 0 || e.Bytes > maxFile {
			return damaged(run, Edited, "the manifest of baseline %s gives a wrong size for host %q", run, e.Host)
		}
	}
	return nil
}

// Covers compares the suites of now with those that the snapshot was taken
// with. It returns those that have changed since; one that was not there at all
// is a Damage of the kind OtherSuite.
func (s *Snapshot) Covers(suites []SuiteInfo) (changed []string, err error) {
	captured := map[string]string{}
	var names, unknown []string
	for _, suite := range s.manifest.Suites {
		captured[suite.Name] = suite.Digest
		names = append(names, suite.Name)
	}
	for _, suite := range suites {
		digest, found := captured[suite.Name]
		switch {
		case !found:
			unknown = append(unknown, suite.Name)
		case digest != suite.Digest:
			changed = append(changed, suite.Name)
		}
	}
	if len(unknown) == 0 {
		return sortedOnce(changed), nil
	}
	return nil, lacking(s.manifest.Run, OtherSuite, "baseline %s was captured with %s, not %s",
		s.manifest.Run, suiteWords(names), strings.Join(sortedOnce(unknown), ", "))
}
