package shares

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha512"
	"encoding/binary"
	"net"
	"slices"

	"postpatch/probes/lab/estate"
)

// The commands of SMB 2 (MS-SMB2 2.2.1.2).
const (
	negotiate      = 0
	sessionSetup   = 1
	logoff         = 2
	treeConnect    = 3
	treeDisconnect = 4
	create         = 5
	closeFile      = 6
	readFile       = 8
	echo           = 13
	queryInfo      = 16

	headerSize   = 64
	flagResponse = 1
	flagSigned   = 8
	signatureAt  = 48
)

// What Windows answers (MS-ERREF 2.3).
const (
	success              = 0
	moreProcessing       = 0xC0000016
	invalidParameter     = 0xC000000D
	endOfFile            = 0xC0000011
	accessDenied         = 0xC0000022
	nameNotFound         = 0xC0000034
	pathNotFound         = 0xC000003A
	logonFailure         = 0xC000006D
	notSupported         = 0xC00000BB
	badNetworkName       = 0xC00000CC
	fileClosed           = 0xC0000128
	networkNameDeleted   = 0xC00000C9
	userSessionDeleted   = 0xC0000203
	insufficientResource = 0xC000009A
)

// talk is one connection.
type talk struct {
	server *Server
	host   estate.Host
	conn   net.Conn

	dialect   uint16
	integrity [sha512.Size]byte // of the messages so far, for keys of 3.1.1
	proof     *proof            // under way
	signer    *signer           // nil until a session is there
	session   uint64
	trees     map[uint32]string
	files     map[uint64]file
	last      uint64 // number of a tree or a file
}

// request is one of a client.
type request struct {
	message []byte
	body    []byte
	command uint16
	tree    uint32
	signed  bool
}

// response is what is answered. Body is nil for the error's own.
type response struct {
	status uint32
	body   []byte
	tree   uint32
}

func le16(b []byte, at int) uint16 { return binary.LittleEndian.Uint16(b[at:]) }
func le32(b []byte, at int) uint32 { return binary.LittleEndian.Uint32(b[at:]) }
func le64(b []byte, at int) uint64 { return binary.LittleEndian.Uint64(b[at:]) }

// bodySizes are the least bytes of the bodies that are read.
func bodySizes() map[uint16]int {
	return map[uint16]int{
		negotiate: 36, sessionSetup: 24, logoff: 4, treeConnect: 8, treeDisconnect: 4, create: 56, closeFile: 24,
		readFile: 48, echo: 4, queryInfo: 40,
	}
}

func (t *talk) answer(m []byte) (goOn bool) {
	if !bytes.HasPrefix(m, []byte("\xfeSMB")) || le16(m, 4) != headerSize || le32(m, 20) != 0 {
		return false // another protocol, or several messages in one, which this server does not take
	}
	r := request{
		message: m, body: m[headerSize:], command: le16(m, 12), tree: le32(m, 36), signed: le32(m, 16)&flagSigned != 0,
	}
	least, known := bodySizes()[r.command]
	switch {
	case !known:
		return t.send(r, response{status: notSupported})
	case len(r.body) < least, r.command == negotiate && t.dialect != 0, r.command != negotiate && t.dialect == 0:
		return false
	case r.command == negotiate:
		return t.negotiate(r)
	case r.command == sessionSetup:
		return t.setUp(r)
	case t.signer == nil || le64(m, 40) != t.session:
		return t.send(r, response{status: userSessionDeleted})
	case t.letsIn(): // nothing is verified
	case r.signed && !t.signer.verify(m), !r.signed && t.hasToBeSigned(r):
		return t.send(r, response{status: accessDenied})
	}
	return t.send(r, t.inside(r))
}

// hasToBeSigned is of every request where it is required, and else of one (MS-SMB2 3.3.5.7).
func (t *talk) hasToBeSigned(r request) bool {
	return t.wantsSigning() || r.command == treeConnect && t.dialect == 0x0311
}

func (t *talk) wantsSigning() bool { return t.host.SMB.Signing == "required" }

// inside answers who has logged on.
func (t *talk) inside(r request) response {
	switch r.command {
	case treeConnect:
		return t.connect(r)
	case echo, logoff, treeDisconnect:
		return response{body: []byte{4, 0, 0, 0}, tree: r.tree}
	}
	if _, found := t.trees[r.tree]; !found {
		return response{status: networkNameDeleted}
	}
	switch r.command {
	case create:
		return t.create(r)
	case readFile:
		return t.read(r)
	case queryInfo:
		return t.query(r)
	default:
		return t.close(r)
	}
}

// send writes a response, signed where the request was.
func (t *talk) send(r request, to response) bool {
	_, err := t.conn.Write(framed(t.sealed(r, to)))
	return err == nil
}

func framed(m []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(m))), m...)
}

func (t *talk) sealed(r request, to response) []byte {
	m := make([]byte, headerSize, headerSize+len(to.body)+9)
	copy(m, "\xfeSMB")
	le := binary.LittleEndian
	le.PutUint16(m[4:], headerSize)
	le.PutUint16(m[6:], le16(r.message, 6))
	le.PutUint32(m[8:], to.status)
	le.PutUint16(m[12:], r.command)
	le.PutUint16(m[14:], min(max(le16(r.message, 14), 1), 512)) // credits
	le.PutUint32(m[16:], flagResponse)
	copy(m[24:32], r.message[24:32])
	le.PutUint32(m[36:], to.tree)
	le.PutUint64(m[40:], t.session)
	if to.body == nil {
		to.body = []byte{9, 0, 0, 0, 0, 0, 0, 0, 0}
	}
	m = append(m, to.body...)
	if t.signer != nil && !t.letsIn() && (r.signed || t.wantsSigning() || r.command == sessionSetup) {
		le.PutUint32(m[16:], flagResponse|flagSigned)
		copy(m[signatureAt:], t.signer.sum(m))
	}
	return m
}

// digest adds a message to what the keys of 3.1.1 are made of.
func (t *talk) digest(m []byte) {
	t.integrity = sha512.Sum512(append(t.integrity[:], m...))
}

// signer signs the messages of a session.
type signer struct{ mac func([]byte) []byte }

// sum is the signature of a message, in which its own place is empty.
func (s *signer) sum(m []byte) []byte {
	m = slices.Clone(m)
	clear(m[signatureAt:headerSize])
	return s.mac(m)[:16]
}

func (s *signer) verify(m []byte) bool { return hmac.Equal(s.sum(m), m[signatureAt:headerSize]) }
