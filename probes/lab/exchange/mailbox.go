package exchange

import (
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"postpatch/probes/lab/estate"
)

// What a mailbox keeps, so that a lab which runs for days stays small.
const (
	maxItems   = 1000 // of a folder, the newest
	maxFolders = 200
	maxKept    = 1 << 20 // bytes of a message
)

// Inbox is a store that other protocols deliver into and show, too.
type Inbox interface {
	// Messages are those in a mailbox now, the oldest first.
	Messages(address string) []Mail
	Deliver(address string, raw []byte)
	Remove(address string, uid uint32)
}

// Mail is a message of an Inbox.
type Mail struct {
	UID uint32
	Raw []byte
}

// mailbox holds the folders of one account; the first is the root of all.
type mailbox struct {
	address string
	id      uuid.UUID
	folders []*folder
	last    int // number that was given
}

type folder struct {
	number, parent, change int
	name, class, wellKnown string
	items                  []*item
	next                   int // UID of IMAP
}

type item struct {
	number, change int
	raw            []byte
	class          string
	received       time.Time
	modified       time.Time
	read, draft    bool
	uid            int
	mail           uint32            // of the Inbox; 0 for none
	extended       map[string]string // by their ids, as clients set them
	categories     []string
	isSent         bool
}

// wellKnown are the folders of every mailbox: the name of the schema, the name that
// people see, the class, and the parent.
func wellKnown() [][4]string {
	return [][4]string{
		{"root", "", "", ""},
		{"msgfolderroot", "Top of Information Store", "", "root"},
		{"searchfolders", "Finder", "", "root"},
		{"inbox", "Inbox", "IPF.Note", "msgfolderroot"},
		{"drafts", "Drafts", "IPF.Note", "msgfolderroot"},
		{"sentitems", "Sent Items", "IPF.Note", "msgfolderroot"},
		{"deleteditems", "Deleted Items", "IPF.Note", "msgfolderroot"},
		{"outbox", "Outbox", "IPF.Note", "msgfolderroot"},
		{"junkemail", "Junk Email", "IPF.Note", "msgfolderroot"},
		{"calendar", "Calendar", "IPF.Appointment", "msgfolderroot"},
		{"contacts", "Contacts", "IPF.Contact", "msgfolderroot"},
		{"tasks", "Tasks", "IPF.Task", "msgfolderroot"},
		{"notes", "Notes", "IPF.StickyNote", "msgfolderroot"},
		{"journal", "Journal", "IPF.Journal", "msgfolderroot"},
	}
}

// absent are folders that the schema knows and no mailbox here has.
func absent() []string {
	return []string{
		"publicfoldersroot", "voicemail", "recoverableitemsroot", "recoverableitemsdeletions", "recoverableitemsversions",
		"recoverableitemspurges", "recoverableitemsdiscoveryholds", "archiveroot", "archivemsgfolderroot",
		"archivedeleteditems", "archiveinbox", "archiverecoverableitemsroot", "archiverecoverableitemsdeletions",
		"archiverecoverableitemsversions", "archiverecoverableitemspurges", "syncissues", "conflicts", "localfailures",
		"serverfailures", "recipientcache", "quickcontacts", "conversationhistory", "adminauditlogs", "todosearch",
		"mycontacts", "directory", "imcontactlist", "peopleconnect", "favorites",
	}
}

// box is an account's mailbox, filled as the estate says when it is first looked
// at. The caller holds the lock of the store.
func (s *Server) box(a account) *mailbox {
	b := s.boxes[a.address]
	if b == nil {
		b = &mailbox{address: a.address, id: uuid.MustParse(mailboxGUID(a.address))}
		s.boxes[a.address] = b
		for _, known := range wellKnown() {
			parent := 0
			if up := b.known(known[3]); up != nil {
				parent = up.number
			}
			f := b.add(parent, known[1], known[2])
			f.wellKnown = known[0]
		}
		b.fill(a, s.now())
	}
	s.arrive(b)
	return b
}

// fill puts into a new mailbox what the estate says.
func (b *mailbox) fill(a account, now time.Time) {
	for _, path := range a.mailbox.Folders {
		b.walk(path)
	}
	for _, letter := range a.mailbox.Messages {
		to := b.known(cmp.Or(strings.ToLower(letter.Folder), "inbox"))
		if to == nil {
			to = b.walk(letter.Folder)
		}
		at := now.Add(-letter.Age)
		it := b.put(to, letterOf(a, letter, at), at)
		it.read = letter.Read
	}
}

// walk finds a folder by its path below the top, and makes what is missing.
func (b *mailbox) walk(path string) *folder {
	f := b.known("msgfolderroot")
	for name := range strings.SplitSeq(path, "/") {
		next := b.named(f, name)
		if next == nil {
			next = b.add(f.number, name, "IPF.Note")
		}
		f = next
	}
	return f
}

// arrive takes over what has come to the Inbox, and forgets what is gone from it.
func (s *Server) arrive(b *mailbox) {
	if s.Inbox == nil {
		return
	}
	in := b.known("inbox")
	there := map[uint32]bool{}
	for _, m := range s.Inbox.Messages(b.address) {
		there[m.UID] = true
		if !slices.ContainsFunc(in.items, func(it *item) bool { return it.mail == m.UID }) {
			b.put(in, m.Raw, s.now()).mail = m.UID
		}
	}
	in.items = slices.DeleteFunc(in.items, func(it *item) bool { return it.mail != 0 && !there[it.mail] })
}

// leave takes a message out of the Inbox that is no longer in its folder.
func (s *Server) leave(b *mailbox, it *item) {
	if s.Inbox != nil && it.mail != 0 {
		s.Inbox.Remove(b.address, it.mail)
	}
	it.mail = 0
}

func (b *mailbox) number() int {
	b.last++
	return b.last
}

func (b *mailbox) add(parent int, name, class string) *folder {
	n := b.number()
	f := &folder{number: n, parent: parent, change: n, name: name, class: class, next: 1}
	b.folders = append(b.folders, f)
	return f
}

// put adds a message to a folder.
func (b *mailbox) put(f *folder, raw []byte, at time.Time) *item {
	n := b.number()
	it := &item{
		number: n, change: n, raw: raw[:min(len(raw), maxKept)], class: "IPM.Note", received: at, modified: at,
		extended: map[string]string{},
	}
	b.take(f, it)
	return it
}

// take puts an item into a folder, where it has a new UID.
func (b *mailbox) take(f *folder, it *item) {
	it.uid = f.next
	f.next++
	f.items = append(f.items, it)
	f.change = b.number()
	if len(f.items) > maxItems {
		f.items = slices.Delete(f.items, 0, 1)
	}
}

func (b *mailbox) known(name string) *folder {
	for _, f := range b.folders {
		if f.wellKnown != "" && f.wellKnown == name {
			return f
		}
	}
	return nil
}

func (b *mailbox) named(parent *folder, name string) *folder {
	for _, f := range b.folders {
		if f.parent == parent.number && strings.EqualFold(f.name, name) {
			return f
		}
	}
	return nil
}

func (b *mailbox) folder(number int) *folder {
	for _, f := range b.folders {
		if f.number == number {
			return f
		}
	}
	return nil
}

// item finds an item and the folder that it is in.
func (b *mailbox) item(number int) (*folder, *item) {
	for _, f := range b.folders {
		for _, it := range f.items {
			if it.number == number {
				return f, it
			}
		}
	}
	return nil, nil
}

// below are the folders in a folder; all of them, or only its own.
func (b *mailbox) below(f *folder, deep bool) []*folder {
	var found []*folder
	for _, child := range b.folders {
		if child.parent != f.number || child == f {
			continue
		}
		found = append(found, child)
		if deep {
			found = append(found, b.below(child, true)...)
		}
	}
	return found
}

func (f *folder) unread() int {
	n := 0
	for _, it := range f.items {
		if !it.read {
			n++
		}
	}
	return n
}

// Ids of folders and items name the mailbox, too. Exchange's are as opaque, and a
// little longer.
const (
	folderKind = 'F'
	itemKind   = 'I'
	idMagic    = "\x00\x00\x00\x32"
)

func (b *mailbox) idOf(kind byte, number int) string {
	raw := append([]byte(idMagic), b.id[:]...)
	raw = append(raw, kind)
	raw = binary.BigEndian.AppendUint64(raw, uint64(number))
	return base64.StdEncoding.EncodeToString(append(raw, make([]byte, 61)...))
}

// readID takes an id apart; false for what is none of its kind.
func readID(text string, kind byte) (box uuid.UUID, number int, ok bool) {
	raw, err := base64.StdEncoding.DecodeString(text)
	const itself = len(idMagic) + 16 + 1 + 8
	if err != nil || len(raw) != itself+61 || string(raw[:len(idMagic)]) != idMagic || raw[20] != kind {
		return box, 0, false
	}
	copy(box[:], raw[len(idMagic):])
	n := binary.BigEndian.Uint64(raw[21:])
	return box, int(n & 0x7fffffff), true
}

func changeKey(change int) string {
	raw := binary.BigEndian.AppendUint64([]byte("CQAAABYAAA"), uint64(change))
	return base64.StdEncoding.EncodeToString(raw)
}

// letterOf writes a message of the estate as mail.
func letterOf(a account, letter estate.Letter, at time.Time) []byte {
	m := outgoing{
		from: cmp.Or(letter.From, a.address), to: []string{cmp.Or(letter.To, a.address)},
		subject: letter.Subject, body: letter.Body, at: at,
		id: uuid.NewSHA1(uuid.NameSpaceDNS, []byte(a.address+letter.Subject+letter.Body)).String(),
	}
	return m.write(a.address)
}
