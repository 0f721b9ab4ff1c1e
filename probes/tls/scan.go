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
		case err != nil:
			return nil, err
		case got.Version != version:
			return taken, nil // an older one is all that it takes
		case !slices.Contains(open, got.Suite):
			return nil, fmt.Errorf("the server chose %s, which was not offered", tlshello.SuiteName(got.Suite))
		}
		taken = append(taken, got.Suite)
		if !s.probe.Ciphers {
			break
		}
		open = slices.DeleteFunc(open, func(suite uint16) bool { return suite == got.Suite })
	}
	return taken, nil
}

// declines says whether a server does not take an offer. Windows often says so by ending
// the connection.
func declines(err error) bool {
	_, is := errors.AsType[tlshello.Alert](err)
	return is || errors.Is(err, io.EOF) || reach.State(err) == reach.Reset
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
