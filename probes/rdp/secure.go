package rdp

import (
	"context"
	"fmt"
	"io"
	"net"
	"time"

	"postpatch/probes/fact"
	"postpatch/probes/internal/reach"
)

// secure starts TLS, and CredSSP where it was chosen.
func (v *visit) secure(ctx context.Context, conn net.Conn, protocol uint32) error {
	secured, err := reach.Handshake(ctx, conn, v.name)
	if err != nil {
		if reach.State(err) != reach.TLSFailed {
			return err
		}
		v.add("state", fact.Text(reach.TLSFailed))
		v.because(err.Error())
		return nil
	}
	v.add("state", fact.Text(ready))
	v.add("protocol", fact.Text(protocolName(protocol)))
	trust := reach.Trust{Name: v.name, Roots: v.target.Roots}
	v.readings = append(v.readings, reach.CertificateReadings(v.item, secured.ConnectionState(), trust, time.Now())...)
	if protocol != protocolHybrid && protocol != protocolEarly {
		return nil
	}
	got, err := begin(secured)
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return reach.Cause(ctx, err)
	default:
		v.add("credssp", fact.Text(failed))
		v.because(err.Error())
		return nil
	}
	v.add("credssp", fact.Text(answers))
	v.add("credssp_version", fact.Int(got.version))
	if got.computer != "" {
		v.add("computer", fact.Text(got.computer))
	}
	if got.build != "" {
		v.add("build", fact.Text(got.build))
	}
	return nil
}

// begin begins CredSSP and leaves it at the server's challenge.
func begin(secured io.ReadWriter) (challenge, error) {
	message, err := hello()
	if err != nil {
		return challenge{}, err
	}
	if _, err = secured.Write(message); err != nil {
		err = fmt.Errorf("beginning CredSSP: %w", err)
	}
	var answer []byte
	if err == nil {
		answer, err = readMessage(secured)
	}
	if reach.State(reach.Ended(err)) == reach.Reset { // which may be seen ahead of what it was about
		return challenge{}, reach.Tell("the server ended the connection when CredSSP began", err)
	}
	if err != nil {
		return challenge{}, err
	}
	got, err := parseChallenge(answer)
	if err == nil && got.status != 0 {
		err = fmt.Errorf("CredSSP is declined with the status 0x%08X", got.status)
	}
	return got, err
}
