package baseline

import (
	"context"
	"fmt"

	"gocloud.dev/gcerrors"
)

const (
	signatureName = manifestName + ".sig"
	maxSignature  = 64 << 10 // bytes
)

// Signer signs a manifest's bytes.
type Signer func(manifest []byte) (signature []byte, err error)

// Checker says who signed a manifest's bytes. It is an error when the signature is
// not theirs, or of nobody who counts.
type Checker func(manifest, signature []byte) (by string, err error)

// Trust lets Read check the signatures of manifests. When required, one that is not
// signed is refused; otherwise it passes, and one that is has to be right.
func (s *Store) Trust(check Checker, required bool) { s.check, s.mustSign = check, required }

// signedBy checks the signature of a run's manifest.
func (s *Store) signedBy(ctx context.Context, run string, manifest []byte) (by string, damage *Damage) {
	if s.check == nil {
		return "", nil
	}
	signature, err := s.read(ctx, key(run, signatureName), maxSignature)
	switch {
	case isMissing(err) && !s.mustSign:
		return "", nil
	case isMissing(err):
		return "", damagef(run, Untrusted, "baseline %s is not signed, and only signed ones are trusted; "+
			"leave --trust out to take it all the same", run)
	case err != nil:
		return "", unreadable(run, err, "the signature of baseline %s cannot be read", run)
	}
	by, err = s.check(manifest, signature)
	if err != nil {
		return "", damaged(run, Untrusted, "baseline %s is not to be trusted: %v", run, err)
	}
	return by, nil
}

func (w *Writer) sign(ctx context.Context, manifest []byte, sign Signer) error {
	signature, err := sign(manifest)
	if err != nil {
		return err
	}
	if err := w.dropSignature(ctx); err != nil { // of a try before
		return err
	}
	return w.write(ctx, key(w.run, signatureName), signature)
}

// dropSignature removes the one of a manifest that was never written.
func (w *Writer) dropSignature(ctx context.Context) error {
	bucket, err := w.store.in(ctx, true)
	if err != nil {
		return err
	}
	err = bucket.Delete(ctx, key(w.run, signatureName))
	if err != nil && gcerrors.Code(err) != gcerrors.NotFound {
		return fmt.Errorf("taking up run %s: dropping the signature of a manifest that it has not: %w", w.run, err)
	}
	return nil
}
