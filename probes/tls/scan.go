package tls

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"postpatch/probes/fact"
	"postpatch/probes/internal/reach"
	"postpatch/probes/internal/tlshello"
)

// scan tries each version by itself and, where that is wanted, all cipher suites of it.
func (s *session) scan(ctx context.Context) error {
	var versions, ciphers []string
	for _, version := range tlshello.Versions() {
		suites, err := s.try(ctx, version)
		if err != nil {
			return fmt.Errorf("trying %s: %w", tlshello.VersionName(version), err)
		}
		if len(suites) > 0 {
			versions = append(versions, tlshello.VersionName(version))
		}
		for _, suite := range suites {
			ciphers = append(ciphers, tlshello.VersionName(version)+" "+tlshello.SuiteName(suite))
		}
	}
	if own := tlshello.VersionName(s.spoken); s.spoken != 0 && !slices.Contains(versions, own) {
		return fmt.Errorf("the server spoke %s and then does not take it, so that nothing is known of the others", own)
	}
	s.add("versions", fact.SetOf(versions...))
	if s.probe.Ciphers {
		s.add("ciphers", fact.SetOf(ciphers...))
	}
	return nil
}

// try offers a version with all cipher suites, and then with those that were not chosen
// yet. None is a version that the server does not take.
func (s *session) try(ctx context.Context, version uint16) (taken []uint16, err error) {
	for open := tlshello.Suites(version); len(open) > 0; {
		got, err := s.offer(ctx, tlshello.Offer{Version: version, Suites: open, Name: s.probe.ServerName})
		switch {
		case declines(err):
			return taken, nil
		case cut(err):
			return taken, s.still(ctx)
		case err != nil:
			return nil, err
		case got.Version != version:
			return taken, nil // an older one is all that it takes
		case !slices.Contains(open, got.Suite):
			return nil, fmt.Errorf("the server chose %s, which was not offered", tlshello.SuiteName(got.Suite))
		}
		taken = append(taken, got.Suite)
		s.taken = tlshello.Offer{Version: version, Suites: []uint16{got.Suite}, Name: s.probe.ServerName}
		if !s.probe.Ciphers {
			break
		}
		open = slices.DeleteFunc(open, func(suite uint16) bool { return suite == got.Suite })
	}
	return taken, nil
}

// declines says whether a server says that it does not take an offer.
func declines(err error) bool {
	_, is := errors.AsType[tlshello.Alert](err)
	return is
}

// cut says whether a server ended the connection without a word, as Windows often does when
// it does not take an offer, and as whoever limits how many connections there are does, too.
func cut(err error) bool { return errors.Is(err, io.EOF) || reach.State(err) == reach.Reset }

// still offers once more what was taken before: where that is cut, too, it was not for what
// was offered.
func (s *session) still(ctx context.Context) error {
	if len(s.taken.Suites) == 0 {
		return nil
	}
	_, err := s.offer(ctx, s.taken)
	switch name := tlshello.VersionName(s.taken.Version); {
	case declines(err), cut(err):
		return fmt.Errorf("the server ends connections, now also of %s, which it took before: "+
			"it, or something on the way, may limit how many there are", name)
	case err != nil:
		return fmt.Errorf("%s once more: %w", name, err)
	}
	return nil
}

func (s *session) offer(ctx context.Context, o tlshello.Offer) (tlshello.Answer, error) {
	hello, err := o.Bytes()
	if err != nil {
		return tlshello.Answer{}, err
	}
	c, err := reach.Dial(ctx, s.target, "tcp", s.address)
	if err != nil {
		return tlshello.Answer{}, err
	}
	defer func() { _ = c.Close() }()
	if _, err := c.Write(hello); err != nil {
		return tlshello.Answer{}, reach.Cause(ctx, err)
	}
	answer, err := tlshello.Read(c)
	return answer, reach.Cause(ctx, err)
}
