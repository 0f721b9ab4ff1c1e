package smb

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/google/uuid"

	"postpatch/probes/internal/reach"
)

// What a server says of itself in the first exchange (MS-SMB2 2.2.3 and 2.2.4).
const (
	headerSize = 64
	fixedSize  = 65 // of the answer's body
	mostAnswer = 64 << 10

	signingEnabled  = 1
	signingRequired = 2
	capDFS          = 1
	capEncryption   = 0x40

	contextPreauth = 1
	contextCiphers = 2
)

// offered are the dialects from the oldest on.
func dialects() map[uint16]string {
	return map[uint16]string{0x0202: "2.0.2", 0x0210: "2.1", 0x0300: "3.0", 0x0302: "3.0.2", 0x0311: "3.1.1"}
}

const noCipher = "none"

// ciphers by their numbers.
func ciphers() []string {
	return []string{noCipher, "AES-128-CCM", "AES-128-GCM", "AES-256-CCM", "AES-256-GCM"}
}

// errNoSMB is an answer that no file server gives.
var errNoSMB = errors.New("the answer is none of SMB 2")

// spoken is what a server says of itself.
type spoken struct {
	dialect string
	signing string
	cipher  string
	dfs     bool
	server  uuid.UUID
	time    time.Time // zero when it does not tell
}

// ask negotiates on a connection that has no other use.
func ask(ctx context.Context, conn net.Conn) (spoken, error) {
	if _, err := conn.Write(framed(negotiation())); err != nil {
		return spoken{}, reach.Cause(ctx, err)
	}
	answer, err := readFrame(conn)
	if err != nil {
		return spoken{}, reach.Cause(ctx, err)
	}
	return read(answer)
}

// framed puts the length of the direct transport in front (MS-SMB2 2.1).
func framed(message []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(message))), message...)
}

func readFrame(r io.Reader) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); errors.Is(err, io.EOF) {
		return nil, reach.ErrEnded
	} else if err != nil {
		return nil, err
	}
	length := binary.BigEndian.Uint32(head[:])
	if length > mostAnswer {
		return nil, errNoSMB
	}
	message := make([]byte, length)
	_, err := io.ReadFull(r, message)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, reach.ErrEnded
	}
	return message, err
}

// negotiation offers all dialects and all ciphers, the best first.
func negotiation() []byte {
	le := binary.LittleEndian
	m := append([]byte("\xfeSMB"), make([]byte, headerSize-4)...)
	le.PutUint16(m[4:], headerSize)
	le.PutUint16(m[14:], 1) // credits
	numbers := []uint16{0x0202, 0x0210, 0x0300, 0x0302, 0x0311}
	m = le.AppendUint16(m, 36)
	m = le.AppendUint16(m, uint16(len(numbers)))
	m = le.AppendUint16(m, signingEnabled)
	m = le.AppendUint16(m, 0)
	m = le.AppendUint32(m, capDFS|capEncryption)
	id := uuid.New()
	m = append(m, id[:]...)
	offsetAt := len(m)
	m = append(m, make([]byte, 8)...)
	for _, number := range numbers {
		m = le.AppendUint16(m, number)
	}
	m = aligned(m)
	le.PutUint32(m[offsetAt:], uint32(len(m)))
	le.PutUint16(m[offsetAt+4:], 2)
	salt := make([]byte, 32)
	_, _ = rand.Read(salt) // never fails
	preauth := append([]byte{1, 0, 32, 0, 1, 0}, salt...)
	m = aligned(appendContext(m, contextPreauth, preauth))
	return appendContext(m, contextCiphers, []byte{4, 0, 4, 0, 2, 0, 3, 0, 1, 0})
}

func aligned(m []byte) []byte {
	return append(m, make([]byte, (8-len(m)%8)%8)...)
}

func appendContext(m []byte, kind uint16, data []byte) []byte {
	m = binary.LittleEndian.AppendUint16(m, kind)
	m = binary.LittleEndian.AppendUint16(m, uint16(len(data)))
	return append(append(m, 0, 0, 0, 0), data...)
}

// read takes an answer apart.
func read(m []byte) (spoken, error) {
	le := binary.LittleEndian
	switch {
	case bytes.HasPrefix(m, []byte("\xffSMB")):
		return spoken{}, errors.New("the server speaks SMB 1 alone")
	case len(m) < headerSize || !bytes.HasPrefix(m, []byte("\xfeSMB")) || le.Uint16(m[12:]) != 0:
		return spoken{}, errNoSMB
	}
	if status := le.Uint32(m[8:]); status != 0 {
		return spoken{}, &declined{status: status}
	}
	body := m[headerSize:]
	if len(body) < fixedSize-1 || le.Uint16(body) != fixedSize {
		return spoken{}, errNoSMB
	}
	number := le.Uint16(body[4:])
	s := spoken{dialect: dialects()[number], signing: "off", cipher: noCipher}
	if s.dialect == "" {
		return spoken{}, fmt.Errorf("the server chooses the dialect %#04x, which was not offered", number)
	}
	switch mode := le.Uint16(body[2:]); {
	case mode&signingRequired != 0:
		s.signing = "required"
	case mode&signingEnabled != 0:
		s.signing = "offered"
	}
	s.server = guid(body[8:24])
	capabilities := le.Uint32(body[24:])
	s.dfs = capabilities&capDFS != 0
	s.time = fileTime(le.Uint64(body[40:]))
	switch {
	case number == 0x0311:
		cipher, err := cipherOf(m, int(le.Uint32(body[60:])), int(le.Uint16(body[6:])))
		if err != nil {
			return spoken{}, err
		}
		s.cipher = cipher
	case number >= 0x0300 && capabilities&capEncryption != 0:
		s.cipher = ciphers()[1]
	}
	return s, nil
}

// cipherOf looks for the cipher in the contexts of an answer.
func cipherOf(m []byte, at, count int) (string, error) {
	le := binary.LittleEndian
	for range count {
		if at < headerSize || at+8 > len(m) {
			return "", errNoSMB
		}
		kind, length := le.Uint16(m[at:]), int(le.Uint16(m[at+2:]))
		data := m[at+8:]
		if length > len(data) {
			return "", errNoSMB
		}
		if kind == contextCiphers && length >= 4 {
			number := int(le.Uint16(data[2:]))
			if known := ciphers(); number < len(known) {
				return known[number], nil
			}
			return "", fmt.Errorf("the server chooses the cipher %d, which was not offered", number)
		}
		at += 8 + length + (8-length%8)%8
	}
	return noCipher, nil
}

// guid reads one as Windows stores it: the first three parts are little endian.
func guid(b []byte) uuid.UUID {
	le := binary.LittleEndian
	id := uuid.UUID(b[:16])
	binary.BigEndian.PutUint32(id[0:], le.Uint32(b))
	binary.BigEndian.PutUint16(id[4:], le.Uint16(b[4:]))
	binary.BigEndian.PutUint16(id[6:], le.Uint16(b[6:]))
	return id
}

// fileTime is a time in units of 100 ns since 1601.
func fileTime(ticks uint64) time.Time {
	const toUnix = 11_644_473_600
	if seconds := int64(ticks / 10_000_000); ticks != 0 && seconds > toUnix {
		return time.Unix(seconds-toUnix, int64(ticks%10_000_000)*100)
	}
	return time.Time{}
}
