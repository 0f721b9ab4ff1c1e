package baseline

import (
	"bytes"
	"context"
	"errors"
)

// text returns a host's lines, or reports that the run has none of that name. The
// file is compared with its digest.
func (s *Snapshot) text(ctx context.Context, name string) (text string, found bool, err error) {
	i, found := s.find(name)
	if !found {
		return "", false, nil
	}
	var stored bytes.Buffer
	if damage := s.load(ctx, s.manifest.Hosts[i], &stored); damage != nil {
		return "", false, damage
	}
	text, damage := s.unpack(name, stored.Bytes())
	if damage != nil {
		return "", false, damage
	}
	return text, true, nil
}

func (s *Snapshot) unpack(name string, stored []byte) (string, *Damage) {
	buffer, _ := s.buffers.Get().(*[]byte)
	if buffer == nil {
		buffer = new([]byte)
	}
	defer s.buffers.Put(buffer)
	text, err := s.zstd.DecodeAll(stored, (*buffer)[:0])
	*buffer = text
	if err != nil {
		run := s.manifest.Run
		return "", damaged(run, Unreadable, "host %q in baseline %s cannot be unpacked: %v", name, run, err)
	}
	return string(text), nil
}

// parse reads a host's lines.
func (s *Snapshot) parse(name, text string) (Host, *Damage) {
	run := s.manifest.Run
	h, err := parseHost(text)
	var later newerError
	switch {
	case errors.As(err, &later):
		return Host{}, newer(run, int(later))
	case errors.Is(err, errCut):
		return Host{}, damaged(run, Truncated, "host %q in baseline %s is cut short: %v", name, run, err)
	case err != nil:
		return Host{}, damaged(run, Unreadable, "host %q in baseline %s cannot be read: %v", name, run, err)
	case h.Host != name:
		return Host{}, damaged(run, Edited, "the file of host %q in baseline %s is that of host %q", name, run, h.Host)
	}
	return h, nil
}
