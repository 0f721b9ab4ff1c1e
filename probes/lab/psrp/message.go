package psrp

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// kind is the type of a message (MS-PSRP 2.2.1).
type kind uint32

// The messages that the server knows.
const (
	sessionCapability      kind = 0x00010002
	initRunspacePool       kind = 0x00010004
	setMaxRunspaces        kind = 0x00021002
	setMinRunspaces        kind = 0x00021003
	runspaceAvailability   kind = 0x00021004
	runspacePoolState      kind = 0x00021005
	createPipeline         kind = 0x00021006
	getAvailableRunspaces  kind = 0x00021007
	applicationPrivateData kind = 0x00021009
	resetRunspaceState     kind = 0x0002100C
	pipelineInput          kind = 0x00041002
	endOfPipelineInput     kind = 0x00041003
	pipelineOutput         kind = 0x00041004
	errorRecordMessage     kind = 0x00041005
	pipelineStateMessage   kind = 0x00041006
	verboseRecord          kind = 0x00041008
	warningRecord          kind = 0x00041009
	progressRecord         kind = 0x00041010
	informationRecord      kind = 0x00041011
	pipelineHostCall       kind = 0x00041100
	pipelineHostResponse   kind = 0x00041101
)

const (
	toClient = 1
	toServer = 2
	byteMark = "\xef\xbb\xbf" // before the XML of Windows' own messages
)

// guid is one as it is on the wire. It is never compared with a written one:
// clients differ in the order of its bytes, and Windows does not mind.
type guid [16]byte

// message is one message of the protocol (MS-PSRP 2.2.1).
type message struct {
	kind           kind
	pool, pipeline guid
	data           []byte // XML
}

// parseMessage reads a message that a client sent.
func parseMessage(data []byte) (message, error) {
	if len(data) < 40 {
		return message{}, fmt.Errorf("a message of %d bytes has no whole header", len(data))
	}
	if destination := binary.LittleEndian.Uint32(data); destination != toServer {
		return message{}, fmt.Errorf("a message for destination %d is not for the server", destination)
	}
	m := message{kind: kind(binary.LittleEndian.Uint32(data[4:]))}
	copy(m.pool[:], data[8:])
	copy(m.pipeline[:], data[24:])
	m.data = bytes.TrimPrefix(data[40:], []byte(byteMark))
	return m, nil
}

// marshal writes a message for the client.
func (m message) marshal() []byte {
	data := binary.LittleEndian.AppendUint32(nil, toClient)
	data = binary.LittleEndian.AppendUint32(data, uint32(m.kind))
	data = append(data, m.pool[:]...)
	data = append(data, m.pipeline[:]...)
	data = append(data, byteMark...)
	return append(data, m.data...)
}
