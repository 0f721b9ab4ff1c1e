package auth

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
)

// What Windows answers (SECURITY_STATUS), and what is asked of a proof:
// https://learn.microsoft.com/windows/win32/api/sspi/nf-sspi-initializesecuritycontextw.
const (
	sspiDone          = 0x0
	sspiGoOn          = 0x90312 // SEC_I_CONTINUE_NEEDED
	sspiComplete      = 0x90313 // SEC_I_COMPLETE_NEEDED
	sspiCompleteGoOn  = 0x90314 // SEC_I_COMPLETE_AND_CONTINUE
	sspiLogonDenied   = 0x8009030C
	sspiNoCredentials = 0x8009030E
	sspiUnknownTarget = 0x80090303
	sspiNoAuthority   = 0x80090311

	sspiMutual    = 0x2
	sspiReplay    = 0x4
	sspiSequence  = 0x8
	sspiSealing   = 0x10
	sspiIntegrity = 0x10000

	sspiNotSealed = 0x80000001 // SECQOP_WRAP_NO_ENCRYPT
)

// sspiFlags are what is asked of a proof.
func sspiFlags(p Peer) uint32 {
	flags := uint32(sspiMutual | sspiReplay | sspiSequence)
	if !p.Unsealed {
		flags |= sspiSealing | sspiIntegrity
	}
	return flags
}

// secur32 is what Windows does for one proof. A status of its own is an error.
type secur32 interface {
	// next makes the next token; kept are the flags that were agreed upon so far.
	next(token, bindings []byte) (out []byte, kept, status uint32)
	seal(plain []byte, n uint32) (signature, sealed []byte, status uint32)
	open(signature, sealed []byte, n uint32) (plain []byte, quality, status uint32)
}

// sspiContext is a proof that Windows makes.
type sspiContext struct {
	system   secur32
	explain  func(status uint32) error // in Windows' words
	named    func() string             // which package proved the user, once done
	bindings []byte
	wanted   uint32
	begun    bool
	done     bool
	name     string
	sent     uint32
	came     uint32
}

// Step implements Context.
func (c *sspiContext) Step(ctx context.Context, token []byte) (out []byte, done bool, err error) {
	const what = "proving the current user"
	switch {
	case ctx.Err() != nil:
		return nil, false, ctx.Err()
	case c.done:
		return nil, false, errors.New(what + ": the host went on after the proof was complete")
	case c.begun && len(token) == 0:
		return nil, false, fmt.Errorf("%s: %w", what, errRejected)
	case len(token) > maxToken:
		return nil, false, fmt.Errorf("%s: the host's token has %d bytes", what, len(token))
	}
	c.begun = true
	out, kept, status := c.system.next(token, c.bindings)
	switch status {
	case sspiDone, sspiComplete:
		c.done, c.name = true, c.named()
		// Who agreed to less than sealing would show the server's answers to who listens.
		if missing := c.wanted & (sspiSealing | sspiIntegrity) &^ kept; missing != 0 {
			c.done = false
			return nil, false, fmt.Errorf("%w: the host agreed to neither, or not to both: flags %#x", ErrDowngrade, kept)
		}
	case sspiGoOn, sspiCompleteGoOn:
	case sspiLogonDenied:
		return nil, false, fmt.Errorf("%s: %w: %w", what, ErrAccount, c.explain(status))
	case sspiNoCredentials:
		return nil, false, fmt.Errorf("%s: %w; a task has to run as a user whose password Windows keeps, "+
			"or as a service account", what, c.explain(status))
	case sspiUnknownTarget, sspiNoAuthority:
		return nil, false, fmt.Errorf("%s: %w; is the host's name the one that its domain knows?", what, c.explain(status))
	default:
		return nil, false, fmt.Errorf("%s: %w", what, c.explain(status))
	}
	return out, c.done, nil
}

// mechanism is for Settled.
func (c *sspiContext) mechanism() string { return c.name }

// Seal implements Context.
func (c *sspiContext) Seal(plain []byte) (signature, sealed []byte, err error) {
	if !c.done || c.wanted&sspiSealing == 0 || len(plain) > maxMessage {
		return nil, nil, errors.New("sealing: the proof is not complete, or not one to seal by, " +
			"or the message over the limit")
	}
	signature, sealed, status := c.system.seal(plain, c.sent)
	if status != sspiDone {
		return nil, nil, fmt.Errorf("sealing: %w", c.explain(status))
	}
	c.sent++
	return signature, sealed, nil
}

// Open implements Context.
func (c *sspiContext) Open(signature, sealed []byte) (plain []byte, err error) {
	if !c.done || c.wanted&sspiSealing == 0 || len(signature)+len(sealed) > maxMessage+maxToken {
		return nil, errors.New("opening: the proof is not complete, or not one to seal by, " +
			"or the message over the limit")
	}
	plain, quality, status := c.system.open(signature, sealed, c.came)
	switch {
	case status != sspiDone:
		return nil, fmt.Errorf("opening: %w", c.explain(status))
	case quality == sspiNotSealed:
		return nil, errors.New("opening: the message is signed, but not sealed")
	}
	c.came++
	return plain, nil
}

// sspiBindings is SEC_CHANNEL_BINDINGS: eight numbers, then the bytes that the
// last of them points to. There are no addresses.
func sspiBindings(application []byte) []byte {
	const fixed = 8 * 4
	b := make([]byte, fixed-8, fixed+len(application))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(application)))
	b = binary.LittleEndian.AppendUint32(b, fixed)
	return append(b, application...)
}

// joinSealed makes one message of the three buffers that Windows sealed, of
// which it used so many bytes each: the token is the signature, and what pads
// the message goes behind it.
func joinSealed(token, text, padding []byte, used [3]uint32) (signature, sealed []byte) {
	cut := func(b []byte, n uint32) []byte { return b[:min(int(n), len(b))] }
	sealed = append(bytes.Clone(cut(text, used[1])), cut(padding, used[2])...)
	return cut(token, used[0]), sealed
}
