package mail

import (
	"bytes"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
)

// What a store keeps of each, so that a lab which runs for days stays small.
const (
	mostKept     = 1 << 20 // bytes of a message
	mostMessages = 1000    // of a mailbox, the newest
)

// Store holds a host's mailboxes. NewStore makes one; it may be used by several
// goroutines.
type Store struct {
	mu    sync.Mutex
	boxes map[string]*box
}

// Message is one of a mailbox.
type Message struct {
	UID imap.UID
	Raw []byte // with CRLF
}

// box is one mailbox: the library's, and what the library does not give back.
type box struct {
	user    *imapmemserver.User
	raw     map[imap.UID][]byte
	pending []pending
}

// pending is a message under way.
type pending struct {
	raw []byte
	due time.Time
}

// NewStore returns empty mailboxes.
func NewStore() *Store { return &Store{boxes: map[string]*box{}} }

// box is called with the lock held, and brings what is due.
func (s *Store) box(name string) *box {
	name = strings.ToLower(name)
	b := s.boxes[name]
	if b == nil {
		b = &box{user: imapmemserver.NewUser(name, ""), raw: map[imap.UID][]byte{}}
		_ = b.user.Create("INBOX", nil) // there is none yet
		s.boxes[name] = b
	}
	b.pending = slices.DeleteFunc(b.pending, func(p pending) bool {
		if time.Now().Before(p.due) {
			return false
		}
		if data, err := b.user.Append("INBOX", literal{bytes.NewReader(p.raw)}, &imap.AppendOptions{}); err == nil {
			b.raw[data.UID] = p.raw
		}
		return true
	})
	return b
}

// literal is a message to append.
type literal struct{ *bytes.Reader }

// Size implements imap.LiteralReader.
func (l literal) Size() int64 { return l.Reader.Size() }

// Deliver puts a message into a mailbox when it is due.
func (s *Store) Deliver(name string, raw []byte, due time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.box(name)
	b.pending = append(b.pending, pending{raw[:min(len(raw), mostKept)], due})
	if all := s.messages(b); len(all) >= mostMessages {
		s.remove(b, all[0].UID)
	}
}

// Messages are those that are in a mailbox, the oldest first.
func (s *Store) Messages(name string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.messages(s.box(name))
}

func (s *Store) messages(b *box) []Message {
	view := imapmemserver.NewUserSession(b.user)
	defer func() { _ = view.Close() }()
	if _, err := view.Select("INBOX", &imap.SelectOptions{}); err != nil {
		return nil
	}
	found, err := view.Search(uids, &imap.SearchCriteria{}, &imap.SearchOptions{})
	if err != nil {
		return nil
	}
	var all []Message
	for _, uid := range found.AllUIDs() {
		all = append(all, Message{uid, b.raw[uid]})
	}
	return all
}

// Remove takes a message out of a mailbox.
func (s *Store) Remove(name string, uid imap.UID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(s.box(name), uid)
}

func (s *Store) remove(b *box, uid imap.UID) {
	view := imapmemserver.NewUserSession(b.user)
	defer func() { _ = view.Close() }()
	if _, err := view.Select("INBOX", &imap.SelectOptions{}); err != nil {
		return
	}
	set := imap.UIDSetNum(uid)
	flags := &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{imap.FlagDeleted}}
	if view.Store(nil, set, flags, &imap.StoreOptions{}) == nil {
		_ = view.Expunge(nil, &set) // it has no way to fail
	}
	delete(b.raw, uid)
}

// view opens a mailbox for IMAP.
func (s *Store) view(name string) *imapmemserver.UserSession {
	s.mu.Lock()
	defer s.mu.Unlock()
	return imapmemserver.NewUserSession(s.box(name).user)
}

// arrive brings what is due.
func (s *Store) arrive(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.box(name)
}
