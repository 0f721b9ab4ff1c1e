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
	credentials, err := sspi.AcquireCredentials("", m.pkg, sspi.SECPKG_CRED_OUTBOUND, nil)
	if err != nil {
		return nil, Used{}, fmt.Errorf("asking Windows for the current user: %w", err)
	}
	c, err := proofOf(credentials, m.pkg, p)
	if err != nil {
		return nil, Used{}, err
	}
	return c, Used{Mechanism: m.pkg, Why: "Windows proves the current user"}, nil
}

// proofOf readies a proof of whomever the credentials are for, which go with it.
func proofOf(credentials *sspi.Credentials, pkg string, p Peer) (Context, error) {
	name := p.SPN
	if name == "" {
		name = "HTTP/" + p.Host
	}
	target, err := syscall.UTF16PtrFromString(name)
	var info *sspi.PackageInfo
	if err == nil {
		info, err = sspi.QueryPackageInfo(pkg)
	}
	if err != nil {
		_ = credentials.Release()
		return nil, fmt.Errorf("proving the current user to %q by %s: %w", name, pkg, err)
	}
	s := &sspiSystem{
		handle: sspi.NewClientContext(credentials, sspiFlags(p)), target: target, maxToken: min(info.MaxToken, maxToken),
	}
	c := &sspiContext{
		system: s, named: s.negotiated, wanted: sspiFlags(p),
		explain: func(status uint32) error { return syscall.Errno(status) },
	}
	if len(p.Bindings) > 0 {
		c.bindings = sspiBindings(p.Bindings)
	}
	// A Context has no end of its own; its handles go with it.
	runtime.AddCleanup(s, func(handle *sspi.Context) {
		if handle.Handle != nil {
			_ = handle.Release()
		}
		_ = credentials.Release()
	}, s.handle)
	return c, nil
}

// sspiSystem is the secur32.dll of this machine.
type sspiSystem struct {
	handle   *sspi.Context
	target   *uint16
	maxToken uint32
}

func (s *sspiSystem) next(token, bindings []byte) (out []byte, kept, status uint32) {
	var in []sspi.SecBuffer
	if len(token) > 0 {
		in = append(in, buffered(sspi.SECBUFFER_TOKEN, token))
	}
	if len(bindings) > 0 {
		in = append(in, buffered(sspi.SECBUFFER_CHANNEL_BINDINGS, bindings))
	}
	var input *sspi.SecBufferDesc
	if len(in) > 0 {
		input = sspi.NewSecBufferDesc(in)
	}
	made := make([]byte, s.maxToken)
	output := []sspi.SecBuffer{buffered(sspi.SECBUFFER_TOKEN, made)}
	desc := sspi.NewSecBufferDesc(output)
	said := s.handle.Update(s.target, desc, input)
	if said == sspi.SEC_I_COMPLETE_NEEDED || said == sspi.SEC_I_COMPLETE_AND_CONTINUE {
		if completed := sspi.CompleteAuthToken(s.handle.Handle, desc); completed != sspi.SEC_E_OK {
			said = completed
		}
	}
	runtime.KeepAlive(s)
	return slices.Clone(made[:min(output[0].BufferSize, s.maxToken)]), s.handle.EstablishedFlags, uint32(said)
}

// negotiated is the name of the package that Negotiate has come to, "Kerberos" or
// "NTLM"; empty where Windows does not say.
func (s *sspiSystem) negotiated() string {
	const negotiationInfo = 12 // SECPKG_ATTR_NEGOTIATION_INFO
	const longest = 1 << 10    // of a package's name, which ends with a zero
	var info struct {          // SecPkgContext_NegotiationInfoW
		chosen *sspi.SecPkgInfo
		state  uint32
	}
	status := sspi.QueryContextAttributes(s.handle.Handle, negotiationInfo, (*byte)(unsafe.Pointer(&info)))
	runtime.KeepAlive(s)
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

func (s *sspiSystem) seal(plain []byte, n uint32) (signature, sealed []byte, status uint32) {
	_, _, block, trailer, err := s.handle.Sizes()
	if err != nil {
		return nil, nil, statusOf(err)
	}
	first, text, padding := make([]byte, trailer), slices.Clone(plain), make([]byte, block)
	buffers := []sspi.SecBuffer{
		buffered(sspi.SECBUFFER_TOKEN, first), buffered(sspi.SECBUFFER_DATA, text),
		buffered(sspi.SECBUFFER_PADDING, padding),
	}
	said := sspi.EncryptMessage(s.handle.Handle, 0, sspi.NewSecBufferDesc(buffers), n)
	runtime.KeepAlive(s)
	signature, sealed = joinSealed(first, text, padding, [3]uint32{
		buffers[0].BufferSize, buffers[1].BufferSize, buffers[2].BufferSize,
	})
	return signature, sealed, uint32(said)
}

func (s *sspiSystem) open(signature, sealed []byte, n uint32) (plain []byte, quality, status uint32) {
	// Windows opens in place.
	token, text := slices.Clone(signature), slices.Clone(sealed)
	buffers := []sspi.SecBuffer{buffered(sspi.SECBUFFER_TOKEN, token), buffered(sspi.SECBUFFER_DATA, text)}
	said := sspi.DecryptMessage(s.handle.Handle, sspi.NewSecBufferDesc(buffers), n, &quality)
	runtime.KeepAlive(s)
	return text[:min(int(buffers[1].BufferSize), len(text))], quality, uint32(said)
}

// statusOf is the number of an error of Windows'.
func statusOf(err error) uint32 {
	var number syscall.Errno
	if errors.As(err, &number) {
		return uint32(number)
	}
	return 0x80090304 // SEC_E_INTERNAL_ERROR
}
