package winrm

import (
	"context"
	"fmt"
	"net/http"
)

// Alive asks whether WinRM answers there, without an account and so as often as one
// likes: a host that is being patched is asked until it is back. It says nothing of
// which machine answers, nor of whether it was restarted.
func Alive(ctx context.Context, o Options) error {
	s, err := Open(ctx, o)
	if err != nil {
		return err
	}
	x := &examiner{Options: s.options, session: s, failed: map[string]string{}}
	got, err := x.talk(ctx, []byte(identifyRequest), map[string]string{"WSMANIDENTIFY": "unauthenticated"})
	switch {
	case err != nil && x.TLS && x.demandsCertificate(err):
		return nil
	case err != nil:
		return s.transport.explain(ctx, err, 0)
	case got.status == http.StatusUnauthorized: // it wants an account first
		return nil
	case got.status != http.StatusOK:
		return fmt.Errorf("asking %q who it is: HTTP %d, not WinRM's answer", o.Host, got.status)
	}
	if _, err := readWho(string(got.body)); err != nil {
		return fmt.Errorf("asking %q who it is: %w", o.Host, err)
	}
	return nil
}
