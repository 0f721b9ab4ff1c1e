package psrp

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrMalformed is wrapped when what the host sent is not this protocol.
var ErrMalformed = errors.New("not the PowerShell remoting protocol")

// kind is a message's type (MS-PSRP 2.2.1).
type kind uint32

const (
	sessionCapability      kind = 0x00010002
	initRunspacePool       kind = 0x00010004
	publicKeyRequest       kind = 0x00010007
	runspacePoolInitData   kind = 0x0002100B
	runspaceAvailability   kind = 0x00021004
	runspacePoolState      kind = 0x00021005
	createPipeline         kind = 0x00021006
	userEvent              kind = 0x00021008
	applicationPrivateData kind = 0x00021009
	runspacePoolHostCall   kind = 0x00021100
	pipelineOutput         kind = 0x00041004
	errorRecord            kind = 0x00041005
	pipelineState          kind = 0x00041006
	debugRecord            kind = 0x00041007
	verboseRecord          kind = 0x00041008
	warningRecord          kind = 0x00041009
	progressRecord         kind = 0x00041010
	informationRecord      kind = 0x00041011
	pipelineHostCall       kind = 0x00041100
)

const (
	toClient = 1
	toServer = 2

	messageHeader = 40 // destination, type, the pool's and the pipeline's identity
)

// guid is an identity in the order in which it is written.
type guid [16]byte

func newGUID() guid {
	var id guid
	_, _ = rand.Read(id[:]) // never fails
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id
}

func (g guid) String() string {
	return fmt.Sprintf("%X-%X-%X-%X-%X", g[:4], g[4:6], g[6:8], g[8:10], g[10:])
}

// swapped is the order of .NET's bytes, where the first three groups are little
// endian; swapped twice it is itself.
func (g guid) swapped() guid {
	g[0], g[1], g[2], g[3] = g[3], g[2], g[1], g[0]
	g[4], g[5] = g[5], g[4]
	g[6], g[7] = g[7], g[6]
	return g
}

// message is one of the protocol, its data still as CLIXML.
type message struct {
	kind           kind
	pool, pipeline guid // zero: no pipeline
	data           []byte
}

// encode is the message to a server.
func (m message) encode() []byte {
	b := make([]byte, 0, messageHeader+len(m.data))
	b = binary.LittleEndian.AppendUint32(b, toServer)
	b = binary.LittleEndian.AppendUint32(b, uint32(m.kind))
	pool, pipeline := m.pool.swapped(), m.pipeline.swapped()
	b = append(b, pool[:]...)
	b = append(b, pipeline[:]...)
	return append(b, m.data...)
}

// decodeMessage reads a message to a client.
func decodeMessage(b []byte) (message, error) {
	if len(b) < messageHeader {
		return message{}, fmt.Errorf("%w: a message of %d bytes", ErrMalformed, len(b))
	}
	if to := binary.LittleEndian.Uint32(b); to != toClient {
		return message{}, fmt.Errorf("%w: a message with destination %d", ErrMalformed, to)
	}
	m := message{kind: kind(binary.LittleEndian.Uint32(b[4:]))}
	m.pool = guid(b[8:24]).swapped()
	m.pipeline = guid(b[24:40]).swapped()
	// .NET's writer begins with a byte order mark.
	m.data = bytes.TrimPrefix(b[messageHeader:], []byte("\xef\xbb\xbf"))
	return m, nil
}
