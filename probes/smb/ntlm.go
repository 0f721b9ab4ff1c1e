package smb

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5" //nolint:gosec // NTLM has no other
	"encoding/binary"
	"errors"
	"strings"
	"unicode/utf16"

	smb2 "github.com/cloudsoda/go-smb2"

	"postpatch/probes/host"
)

// responses is a proof by NTLM, whose second message is what proves. The library makes it; whose
// account it is, it says as the sessions of Windows hosts do: .\name is the server's own, and
// name@domain goes whole, since what stands behind the @ need not be the name of a domain.
type responses struct {
	*smb2.NTLMInitiator

	steps *steps
	local bool   // the domain is the server's own name, which its challenge says
	first []byte // the first message
}

func newResponses(c host.Credential, spn string, s *steps) *responses {
	domain, user, qualified := strings.Cut(c.User, `\`)
	if !qualified {
		domain, user = "", c.User
	}
	return &responses{NTLMInitiator: &smb2.NTLMInitiator{
		User: user, Password: c.Password.Reveal(), Domain: domain, TargetSPN: spn,
	}, steps: s, local: domain == "."}
}

// InitSecContext implements smb2.Initiator.
func (r *responses) InitSecContext() (out []byte, err error) {
	r.first, err = r.NTLMInitiator.InitSecContext()
	return bytes.Clone(r.first), err
}

// AcceptSecContext implements smb2.Initiator.
func (r *responses) AcceptSecContext(challenge []byte) ([]byte, error) {
	out, err := r.respond(challenge)
	r.steps.out, r.steps.err = err == nil, err
	return out, err
}

func (r *responses) respond(challenge []byte) ([]byte, error) {
	if r.local {
		if r.Domain = computerOf(challenge); r.Domain == "" {
			return nil, errors.New("the server does not say its own name, which .\\ stands for")
		}
		// The library keeps the domain from here on; the message is the same.
		if _, err := r.NTLMInitiator.InitSecContext(); err != nil {
			return nil, err
		}
	}
	if !strings.Contains(r.User, "@") || r.Domain != "" || len(challenge) < 20 {
		return r.NTLMInitiator.AcceptSecContext(challenge)
	}
	// Where there is no domain the library takes the one that the challenge names.
	nameless := bytes.Clone(challenge)
	clear(nameless[12:16])
	out, err := r.NTLMInitiator.AcceptSecContext(nameless)
	if err != nil {
		return nil, err
	}
	return r.sealed(out, challenge), nil
}

// sealed ties the three messages together (MS-NLMP 3.1.5.1.2), which the library has done with
// another challenge.
func (r *responses) sealed(out, challenge []byte) []byte {
	const at, size = 72, md5.Size
	clear(out[at : at+size])
	mic := hmac.New(md5.New, r.SessionKey())
	for _, message := range [][]byte{r.first, challenge, out} {
		_, _ = mic.Write(message)
	}
	copy(out[at:], mic.Sum(nil))
	return out
}

// computerOf is the NetBIOS name that the server has of itself by its challenge (MS-NLMP
// 2.2.1.2); "" when it says none.
func computerOf(challenge []byte) string {
	const fields, end, computer = 40, 0, 1
	if len(challenge) < fields+8 {
		return ""
	}
	length := uint64(binary.LittleEndian.Uint16(challenge[fields:]))
	start := uint64(binary.LittleEndian.Uint32(challenge[fields+4:]))
	if start+length > uint64(len(challenge)) {
		return ""
	}
	for info := challenge[start : start+length]; len(info) >= 4; {
		id, size := binary.LittleEndian.Uint16(info), int(binary.LittleEndian.Uint16(info[2:]))
		if info = info[4:]; id == end || size > len(info) {
			return ""
		}
		if id == computer {
			return fromUTF16(info[:size])
		}
		info = info[size:]
	}
	return ""
}

func fromUTF16(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}
