package smb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"sync"
)

const (
	mostMessage = 2 << 20 // bytes of one message; files are read in smaller parts
	mostTalk    = 2 << 20 // bytes that a server says beside the files
	mostFile    = 1 << 20 // bytes of a file that are read

	setUpCommand   = 1
	statusPending  = 0x103
	statusGoOn     = 0xC0000016 // a proof has another leg
	guestFlag      = 1          // of a session (MS-SMB2 2.2.6)
	nobodyFlag     = 2
	watchedMessage = 4 + headerSize + 4 // with the length ahead, as far as the flags of a session
)

var (
	// errGuest is wrapped where a server lets in, and does not say whom.
	errGuest = errors.New("the server lets the account in as a guest: it did not verify the password")
	errOpen  = errors.New("the server lets in, and does not show that it has verified the account")
	errFrame = errors.New("the server's answer is no message of SMB 2")
)

// watched is a connection from which only so much comes, and no message that is too long. It
// hears what a server answers to a logon, which the library tells in words alone, or not.
type watched struct {
	net.Conn
	most int // bytes in all

	mu    sync.Mutex
	all   int
	head  []byte // of the message that comes, as far as it is watched
	left  int    // bytes of the message behind that
	heard heard
}

// heard is the last answer to a logon.
type heard struct {
	answered bool
	status   uint32
	flags    uint16
}

func (h heard) declined() error {
	if h.answered && h.status != 0 && h.status != statusGoOn {
		return &declined{status: h.status}
	}
	return nil
}

func (h heard) isGuest() bool {
	return h.answered && h.status == 0 && h.flags&(guestFlag|nobodyFlag) != 0
}

func (w *watched) last() heard {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.heard
}

// Read implements net.Conn.
func (w *watched) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.all += n; w.all > w.most {
		return 0, fmt.Errorf("the server says more than %d MiB", w.most>>20)
	}
	for rest := p[:n]; len(rest) > 0; {
		took, err := w.take(rest)
		if err != nil {
			return 0, err
		}
		rest = rest[took:]
	}
	return n, err
}

// take looks at a part of what came, and says how much of it.
func (w *watched) take(rest []byte) (int, error) {
	if w.left > 0 {
		skip := min(w.left, len(rest))
		w.left -= skip
		return skip, nil
	}
	want := 4
	if len(w.head) >= 4 {
		want = min(watchedMessage, 4+int(binary.BigEndian.Uint32(w.head)))
	}
	took := min(want-len(w.head), len(rest))
	w.head = append(w.head, rest[:took]...)
	if len(w.head) < 4 {
		return took, nil
	}
	length := int(binary.BigEndian.Uint32(w.head))
	switch {
	case length > mostMessage:
		return 0, fmt.Errorf("%w, or one of %d bytes", errFrame, length)
	case len(w.head) < min(watchedMessage, 4+length):
		return took, nil
	}
	w.listen(w.head[4:])
	w.left, w.head = 4+length-len(w.head), w.head[:0]
	return took, nil
}

// listen notes an answer to a logon.
func (w *watched) listen(m []byte) {
	le := binary.LittleEndian
	if len(m) < headerSize+4 || string(m[:4]) != "\xfeSMB" || le.Uint16(m[12:]) != setUpCommand ||
		le.Uint32(m[8:]) == statusPending {
		return
	}
	w.heard = heard{true, le.Uint32(m[8:]), le.Uint16(m[headerSize+2:])}
}
