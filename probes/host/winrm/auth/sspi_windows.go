package auth

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"syscall"
	"unsafe"

	"github.com/alexbrainman/sspi"
)

// currentUser proves the user who runs this program, as Windows does it.
type currentUser struct{ pkg string }

func newCurrentUser(method string) (Mechanism, error) {
	switch method {
	case "", "negotiate":
		return currentUser{sspi.NEGOSSP_NAME}, nil
	case "kerberos":
		return currentUser{sspi.MICROSOFT_KERBEROS_NAME}, nil
	case "ntlm":
		return currentUser{sspi.NTLMSP_NAME}, nil
	default:
		return nil, fmt.Errorf("preparing the proof: the method %q is not negotiate, kerberos or ntlm", method)
	}
}

// New implements Mechanism.
func (m currentUser) New(ctx context.Context, p Peer) (Context, Used, error) {
	if err := ctx.Err(); err != nil {
		return nil, Used{}, err
	}
	if len(p.Bindings) > maxBindings {
		return nil, Used{}, errBindings
	}
	name := p.SPN
	if name == "" {
		name = "HTTP/" + p.Host
	}
	target, err := syscall.UTF16PtrFromString(name)
	if err != nil {
		return nil, Used{}, fmt.Errorf("proving the current user to %q: %w", name, err)
	}
	info, err := sspi.QueryPackageInfo(m.pkg)
	if err != nil {
		return nil, Used{}, fmt.Errorf("asking Windows for %s: %w", m.pkg, err)
	}
	credentials, err := sspi.AcquireCredentials("", m.pkg, sspi.SECPKG_CRED_OUTBOUND, nil)
	if err != nil {
		return nil, Used{}, fmt.Errorf("asking Windows for the current user: %w", err)
	}
	flags := uint32(sspi.ISC_REQ_MUTUAL_AUTH | sspi.ISC_REQ_REPLAY_DETECT | sspi.ISC_REQ_SEQUENCE_DETECT)
	if !p.Unsealed {
		flags |= sspi.ISC_REQ_CONFIDENTIALITY | sspi.ISC_REQ_INTEGRITY
	}
	c := &sspiContext{
		handle: sspi.NewClientContext(credentials, flags), target: target, maxToken: min(info.MaxToken, maxToken),
	}
	if len(p.Bindings) > 0 {
		c.bindings = sspiBindings(p.Bindings)
	}
	// A Context has no end of its own; its handles go with it.
	runtime.AddCleanup(c, func(handle *sspi.Context) {
		if handle.Handle != nil {
			_ = handle.Release()
		}
		_ = credentials.Release()
	}, c.handle)
	return c, Used{Mechanism: m.pkg, Why: "Windows proves the current user"}, nil
}

// sspiContext is a proof that Windows makes.
type sspiContext struct {
	handle   *sspi.Context
	target   *uint16
	bindings []byte
	maxToken uint32
	done     bool
	name     string // of the package that proved the user, once done
	sent     uint32
	came     uint32
}

// Step implements Context.
func (c *sspiContext) Step(ctx context.Context, token []byte) (out []byte, done bool, err error) {
	switch {
	case ctx.Err() != nil:
		return nil, false, ctx.Err()
	case c.done:
		return nil, false, errors.New("proving the current user: the host went on after the proof was complete")
	case c.handle.Handle != nil && len(token) == 0:
		return nil, false, fmt.Errorf("proving the current user: %w", errRejected)
	case len(token) > maxToken:
		return nil, false, fmt.Errorf("proving the current user: the host's token has %d bytes", len(token))
	}
	var in []sspi.SecBuffer
	if len(token) > 0 {
		in = append(in, buffered(sspi.SECBUFFER_TOKEN, token))
	}
	if len(c.bindings) > 0 {
		in = append(in, buffered(sspi.SECBUFFER_CHANNEL_BINDINGS, c.bindings))
	}
	var input *sspi.SecBufferDesc
	if len(in) > 0 {
		input = sspi.NewSecBufferDesc(in)
	}
	made := make([]byte, c.maxToken)
	output := []sspi.SecBuffer{buffered(sspi.SECBUFFER_TOKEN, made)}
	desc := sspi.NewSecBufferDesc(output)
	status := c.handle.Update(c.target, desc, input)
	if status == sspi.SEC_I_COMPLETE_NEEDED || status == sspi.SEC_I_COMPLETE_AND_CONTINUE {
		if completed := sspi.CompleteAuthToken(c.handle.Handle, desc); completed != sspi.SEC_E_OK {
			return nil, false, fmt.Errorf("proving the current user: %w", completed)
		}
	}
	switch status {
	case sspi.SEC_E_OK, sspi.SEC_I_COMPLETE_NEEDED:
		c.done, c.name = true, c.negotiated()
		if err := c.handle.VerifySelectiveFlags(sspi.ISC_REQ_CONFIDENTIALITY | sspi.ISC_REQ_INTEGRITY); err != nil {
			return nil, false, fmt.Errorf("%w: %w", ErrDowngrade, err)
		}
	case sspi.SEC_I_CONTINUE_NEEDED, sspi.SEC_I_COMPLETE_AND_CONTINUE:
	case sspi.SEC_E_LOGON_DENIED:
		return nil, false, fmt.Errorf("proving the current user: %w: %w", ErrAccount, status)
	default:
		return nil, false, fmt.Errorf("proving the current user: %w", status)
	}
	return slices.Clone(made[:min(output[0].BufferSize, c.maxToken)]), c.done, nil
}

// mechanism is for Settled.
func (c *sspiContext) mechanism() string { return c.name }

// negotiated is the name of the package that Negotiate has come to, "Kerberos" or
// "NTLM"; empty where Windows does not say.
func (c *sspiContext) negotiated() string {
	const negotiationInfo = 12 // SECPKG_ATTR_NEGOTIATION_INFO
	const longest = 1 << 10    // of a package's name, which ends with a zero
	var info struct {          // SecPkgContext_NegotiationInfoW
		chosen *sspi.SecPkgInfo
		state  uint32
	}
	status := sspi.QueryContextAttributes(c.handle.Handle, negotiationInfo, (*byte)(unsafe.Pointer(&info)))
	runtime.KeepAlive(c)
	if status != sspi.SEC_E_OK || info.chosen == nil {
		return ""
	}
	defer func() { _ = sspi.FreeContextBuffer((*byte)(unsafe.Pointer(info.chosen))) }()
	if info.chosen.Name == nil {
		return ""
	}
	return syscall.UTF16ToString((*[longest]uint16)(unsafe.Pointer(info.chosen.Name))[:])
}

func buffered(kind uint32, data []byte) (b sspi.SecBuffer) {
	b.Set(kind, data)
	return b
}

// Seal implements Context.
func (c *sspiContext) Seal(plain []byte) (signature, sealed []byte, err error) {
	if !c.done || len(plain) > maxMessage {
		return nil, nil, errors.New("sealing: the proof is not complete, or the message over the limit")
	}
	_, _, block, trailer, err := c.handle.Sizes()
	if err != nil {
		return nil, nil, fmt.Errorf("sealing: %w", err)
	}
	first, text, padding := make([]byte, trailer), slices.Clone(plain), make([]byte, block)
	buffers := []sspi.SecBuffer{
		buffered(sspi.SECBUFFER_TOKEN, first), buffered(sspi.SECBUFFER_DATA, text),
		buffered(sspi.SECBUFFER_PADDING, padding),
	}
	status := sspi.EncryptMessage(c.handle.Handle, 0, sspi.NewSecBufferDesc(buffers), c.sent)
	if status != sspi.SEC_E_OK {
		return nil, nil, fmt.Errorf("sealing: %w", status)
	}
	c.sent++
	signature, sealed = joinSealed(first, text, padding, [3]uint32{
		buffers[0].BufferSize, buffers[1].BufferSize, buffers[2].BufferSize,
	})
	return signature, sealed, nil
}

// Open implements Context.
func (c *sspiContext) Open(signature, sealed []byte) (plain []byte, err error) {
	if !c.done || len(signature)+len(sealed) > maxMessage+maxToken {
		return nil, errors.New("opening: the proof is not complete, or the message over the limit")
	}
	// Windows opens in place.
	token, text := slices.Clone(signature), slices.Clone(sealed)
	buffers := []sspi.SecBuffer{buffered(sspi.SECBUFFER_TOKEN, token), buffered(sspi.SECBUFFER_DATA, text)}
	var quality uint32
	status := sspi.DecryptMessage(c.handle.Handle, sspi.NewSecBufferDesc(buffers), c.came, &quality)
	const notSealed = 0x80000001 // SECQOP_WRAP_NO_ENCRYPT
	switch {
	case status != sspi.SEC_E_OK:
		return nil, fmt.Errorf("opening: %w", status)
	case quality == notSealed:
		return nil, errors.New("opening: the message is signed, but not sealed")
	}
	c.came++
	return text[:min(int(buffers[1].BufferSize), len(text))], nil
}
