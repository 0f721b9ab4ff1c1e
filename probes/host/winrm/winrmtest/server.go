// Package winrmtest is a small strict WS-Man server for tests of what speaks to
// one; it counts messages and connections.
package winrmtest

import (
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"postpatch/probes/host/packed"
)

// User and Password are the account that a server takes.
const (
	User     = `lab\probe`
	Password = "s3cret"
)

// Config says how a server answers. The zero value has no classes and runs
// PowerShell that answers nothing.
type Config struct {
	TLS bool
	// Classes holds the items of each class as XML, see Fragment.
	Classes map[string][]string
	// Answer answers one question of a PowerShell payload; its ID is set by
	// the server.
	Answer func(packed.Question) packed.Answer
	// PullBytes is how much one Pull carries: half of what the client asked
	// for when 0.
	PullBytes int
	// NoPowerShell makes PowerShell end with an exit code and a complaint.
	NoPowerShell bool
	// Faults answers the n-th message (from 1) of an action's last word
	// ("Receive 1") with a fault.
	Faults map[string]Fault
	// Hang never answers these messages ("Receive 1", "Enumerate 1").
	Hang map[string]bool
	// Drop closes the connection instead of answering these messages.
	Drop map[string]bool
	// Output replaces what PowerShell writes; it is asked for the text of the n-th
	// Receive, from 0, and never ends unless it returns "".
	Output func(marks packed.Marks, n int) string
	// Body is what stands in the body of the reply to an action ("Enumerate"), in
	// place of the server's own.
	Body func(action string) (string, bool)
	// OwnNames names shells as servers before 2012 do, whatever the client wants.
	OwnNames bool
	// Pieces is over how many Receives the output is spread: 1 when 0.
	Pieces int
	// Seen is called with every message ("Receive 1") before it is answered.
	Seen func(turn string)
	// Raw answers every message in place of WS-Man.
	Raw http.HandlerFunc
}

// Fault is a fault in place of an answer.
type Fault struct {
	Action  string // of the reply; wsman/fault when empty
	Subcode string // "w:TimedOut"
	Code    uint32
	Reason  string // Reason/Text
	Detail  string // the provider's message
	Status  int    // 500 when 0
}

// TimedOut is WinRM's "nothing yet" to a Receive.
func TimedOut() Fault {
	return Fault{Subcode: "w:TimedOut", Code: 2150858793, Reason: "The WS-Management service cannot complete the " +
		"operation within the time specified in OperationTimeout."}
}

// BadClass is WMI's complaint about a class that it does not have.
func BadClass() Fault {
	return Fault{
		Action: "http://schemas.xmlsoap.org/ws/2004/09/enumeration/fault", Subcode: "n:CannotProcessFilter",
		Code: 2150858778, Reason: "The data source could not process the filter.",
		Detail: "There is no such class\r\nin this namespace. ",
	}
}

// Fragment makes an item as a query for columns gets it, from names and values.
func Fragment(namesAndValues ...string) string {
	var b strings.Builder
	b.WriteString(`<w:XmlFragment xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">`)
	for i := 0; i+1 < len(namesAndValues); i += 2 {
		fmt.Fprintf(&b, "<%s>%s</%[1]s>", namesAndValues[i], text(namesAndValues[i+1]))
	}
	return b.String() + "</w:XmlFragment>"
}

// Server is a running server.
type Server struct {
	Host string // what the client should call it
	Port int
	CA   []byte // PEM, with TLS

	tb       testing.TB
	config   Config
	mu       sync.Mutex
	messages []string
	count    map[string]int
	conns    map[net.Conn]bool
	opened   int
	ids      map[string]bool
	pending  map[string][]string // enumeration contexts and what is left
	shells   map[string]*shell
}

type shell struct {
	env     map[string]string
	output  []string // what Receives still bring
	errors  string
	brought int // Receives that had output
	code    int
}

// Start starts a server that ends with the test.
func Start(tb testing.TB, config Config) *Server {
	tb.Helper()
	s := &Server{
		Host: "127.0.0.1", tb: tb, config: config, count: map[string]int{}, conns: map[net.Conn]bool{},
		ids: map[string]bool{}, pending: map[string][]string{}, shells: map[string]*shell{},
	}
	server := httptest.NewUnstartedServer(s)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Config.ConnState = s.track
	ctx, cancel := context.WithCancel(context.Background())
	server.Config.BaseContext = func(net.Listener) context.Context { return ctx }
	if config.TLS {
		server.StartTLS()
		s.CA = certificate(server)
	} else {
		server.Start()
	}
	tb.Cleanup(func() {
		cancel()
		server.CloseClientConnections()
		server.Close()
	})
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	s.Port, _ = strconv.Atoi(port)
	return s
}

// Messages returns the last words of the actions that came, in their order.
func (s *Server) Messages() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string{}, s.messages...)
}

// Connections returns how many connections came, and how many are still open.
func (s *Server) Connections() (all, open int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.opened, len(s.conns)
}

// Shells returns how many shells have not been deleted.
func (s *Server) Shells() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.shells)
}

func (s *Server) track(conn net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch state {
	case http.StateNew:
		s.opened++
		s.conns[conn] = true
	case http.StateClosed, http.StateHijacked:
		delete(s.conns, conn)
	case http.StateActive, http.StateIdle:
	}
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 512000))
	if err != nil {
		return
	}
	if s.config.Raw != nil {
		s.config.Raw(w, r)
		return
	}
	if user, password, ok := r.BasicAuth(); !ok || user != User || password != Password {
		w.Header().Set("WWW-Authenticate", `Basic realm="WSMAN"`)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	var e envelope
	if err := xml.Unmarshal(body, &e); err != nil {
		s.tb.Errorf("winrmtest: reading a request: %v", err)
		http.Error(w, "no XML", http.StatusBadRequest)
		return
	}
	name := e.Action[strings.LastIndex(e.Action, "/")+1:]
	s.mu.Lock()
	s.messages = append(s.messages, name)
	s.count[name]++
	turn := name + " " + strconv.Itoa(s.count[name])
	s.check(r, &e)
	s.mu.Unlock()
	if s.config.Seen != nil {
		s.config.Seen(turn)
	}
	if s.config.Hang[turn] {
		<-r.Context().Done()
		return
	}
	if s.config.Drop[turn] {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", "application/soap+xml;charset=UTF-8")
	if fault, found := s.config.Faults[turn]; found {
		writeFault(w, &e, fault)
		return
	}
	if s.config.Body != nil {
		if body, its := s.config.Body(name); its {
			write(w, &e, body)
			return
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer(w, &e, name)
}
