package baseline

import (
	"context"
	"io"
)

// Told reads what a finished run came to without looking at its hosts, of which there may
// be thousands: the manifest, its signature and the results are compared with what was
// written. It is not ok for a run that stored no results. Whatever is wrong is a Damage.
func (s *Store) Told(ctx context.Context, run string) (text io.ReadCloser, ok bool, err error) {
	if err := checkRun(run); err != nil {
		return nil, false, &Damage{Run: run, Kind: Missing, Msg: err.Error()}
	}
	m, data, err := s.loadManifest(ctx, run)
	if err != nil {
		return nil, false, err
	}
	by, damage := s.signedBy(ctx, run, data)
	if damage != nil {
		return nil, false, damage
	}
	snapshot := &Snapshot{store: s, manifest: m, by: by}
	if damage := snapshot.checkBegun(ctx); damage != nil {
		return nil, false, damage
	}
	return snapshot.Results(ctx)
}
