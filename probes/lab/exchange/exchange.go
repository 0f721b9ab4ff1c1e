// Package exchange is the web side of an Exchange server as its clients see it:
// logon and Extended Protection per virtual directory, EWS over mailboxes in
// memory, Autodiscover, MAPI over HTTP, OWA's logon by form, ActiveSync and the
// offline address book. It is written from Microsoft's open specifications and
// knows no client's code.
package exchange

import (
	"cmp"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"

	"postpatch/probes/lab/estate"
)

// Acceptor takes a client's messages of one mechanism to authenticate until it is
// done.
type Acceptor interface {
	Accept(token []byte) (out []byte, done bool, err error)
	User() string
}

// Server is the Exchange of one host. Its mailboxes, its sessions and what it has
// counted outlive every listener. It may be used by many requests at once.
type Server struct {
	// Kerberos makes the server's end of Kerberos for a setting of Extended Protection
	// and the application data of a channel binding; nil, or an answer of nil, is none.
	Kerberos func(protection estate.Protection, bindings []byte) Acceptor
	// Inbox is where mail arrives that did not come by EWS; nil is a store of its own.
	Inbox Inbox

	host func() estate.Host
	now  func() time.Time

	mu       sync.Mutex
	stats    Stats
	wrong    map[string]int    // passwords in a row, by mailbox
	sessions map[string]string // OWA's, by the value of cadata: the mailbox

	store sync.Mutex          // of the mailboxes, one operation at a time
	boxes map[string]*mailbox // by address in lower case
}

// Stats is what clients did at a server. Its names are those of the mailboxes.
type Stats struct {
	Logons  map[string]int `json:"logons"`  // right ones, by mailbox
	Refused map[string]int `json:"refused"` // wrong passwords, by mailbox
	Locked  []string       `json:"locked"`  // mailboxes that are now
	Unbound int            `json:"unbound"` // right passwords without the right channel binding
	Unknown int            `json:"unknown"` // logons of accounts that are not here
	// Requests are those that were let in, by virtual directory.
	Requests map[string]int `json:"requests"`
	// Operations are those of EWS, by name.
	Operations map[string]int `json:"operations"`
}

// New returns a server that answers as host says at the time of each request.
func New(host func() estate.Host) *Server {
	return &Server{
		host: host, now: time.Now, wrong: map[string]int{}, sessions: map[string]string{},
		boxes: map[string]*mailbox{},
		stats: Stats{
			Logons: map[string]int{}, Refused: map[string]int{}, Requests: map[string]int{}, Operations: map[string]int{},
		},
	}
}

// Stats returns what was counted so far.
func (s *Server) Stats() Stats {
	e := s.host().Exchange
	s.mu.Lock()
	defer s.mu.Unlock()
	counted := s.stats
	counted.Logons, counted.Refused = maps.Clone(s.stats.Logons), maps.Clone(s.stats.Refused)
	counted.Requests, counted.Operations = maps.Clone(s.stats.Requests), maps.Clone(s.stats.Operations)
	counted.Locked = nil
	if e != nil {
		for _, address := range addresses(e) {
			if e.Lockout > 0 && s.wrong[address] >= e.Lockout {
				counted.Locked = append(counted.Locked, address)
			}
		}
	}
	return counted
}

// Unlock forgets the wrong passwords of all accounts.
func (s *Server) Unlock() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.wrong)
}

// Directory returns the virtual directory that a path lies in; false for none.
func Directory(path string) (estate.Directory, bool) {
	first, _, _ := strings.Cut(strings.TrimPrefix(strings.ToLower(path), "/"), "/")
	for _, directory := range estate.Directories() {
		if string(directory) == first {
			return directory, true
		}
	}
	return "", false
}

// visit is one request to a virtual directory.
type visit struct {
	*Server
	w         http.ResponseWriter
	r         *http.Request
	host      estate.Host
	exchange  estate.Exchange
	directory estate.Directory
	who       account // whoever was let in
}

// ServeDirectory answers a request to a virtual directory over TLS.
func (s *Server) ServeDirectory(w http.ResponseWriter, r *http.Request, directory estate.Directory) {
	h := s.host()
	if h.Exchange == nil {
		panic(http.ErrAbortHandler)
	}
	v := &visit{Server: s, w: w, r: r, host: h, exchange: *h.Exchange, directory: directory}
	v.w.Header()["X-AspNet-Version"] = []string{"4.0.30319"} // spelled as ASP.NET does
	if v.misbehave() {
		return
	}
	switch directory {
	case "owa", "ecp":
		v.serveForms()
	case "autodiscover":
		v.serveAutodiscover()
	default:
		if v.admit() {
			v.serve()
		}
	}
}

// serve answers whoever was let in, in the directories that have no pages for
// strangers.
func (v *visit) serve() {
	switch v.directory {
	case "ews":
		v.serveEWS()
	case "mapi":
		v.serveMAPI()
	case estate.ActiveSync:
		v.serveActiveSync()
	case "oab":
		v.serveOAB()
	default: // rpc has no more than its door here, and powershell is another server
		v.page(http.StatusOK, "")
	}
}

// version is the build as numbers and as text.
func version(e estate.Exchange) (numbers [4]string, text string) {
	text = cmp.Or(e.Version, "15.2.1748.10")
	numbers = [4]string{"15", "2", "0", "0"}
	for i, part := range strings.SplitN(text, ".", 4) {
		if part != "" && strings.Trim(part, "0123456789") == "" {
			numbers[i] = part
		}
	}
	return numbers, strings.Join(numbers[:], ".")
}

// node is the server's name as it says itself, and its first part in capitals.
func (v *visit) node() (full, short string) {
	full = cmp.Or(v.exchange.Node, v.host.Name)
	short, _, _ = strings.Cut(full, ".")
	return full, strings.ToUpper(short)
}

// page sends a small page of HTML.
func (v *visit) page(status int, body string) {
	v.send(status, "text/html; charset=utf-8", body)
}

// send answers with a whole body.
func (v *visit) send(status int, kind, body string) {
	if body != "" {
		v.w.Header().Set("Content-Type", kind)
	}
	v.w.WriteHeader(status)
	_, _ = v.w.Write([]byte(body)) // a client that went away wants no answer
}
