package auth

import (
	"bytes"
	"encoding/binary"
)

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
