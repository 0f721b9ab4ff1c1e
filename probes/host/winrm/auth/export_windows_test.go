package auth

import "github.com/alexbrainman/sspi"

// ProofOf is a proof by NTLM of Windows' own of a user who need not be logged on.
func ProofOf(credentials *sspi.Credentials, p Peer) (Context, error) {
	c, err := proofOf(credentials, sspi.NTLMSP_NAME, p)
	if proof, ok := c.(*sspiContext); ok {
		proof.system = silentOfFlags{proof.system}
	}
	return c, err
}

// silentOfFlags makes up for Wine 8, which agrees to sealing and does not say so.
type silentOfFlags struct{ secur32 }

func (s silentOfFlags) next(token, bindings []byte) (out []byte, kept, status uint32) {
	out, _, status = s.secur32.next(token, bindings)
	return out, sspiSealing | sspiIntegrity, status
}
