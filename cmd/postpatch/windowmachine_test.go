package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing/synctest"
	"time"

	"postpatch/probes/host"
	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/tds"
	"postpatch/probes/lab/wsman"
)

// windowNight is a server over a maintenance window: what it is like now, what is yet to
// become of it, and, where something is planted, what is wrong with it for good.
type windowNight struct {
	pace time.Duration // that a session takes

	mu      sync.Mutex
	host    estate.Host
	mute    bool    // WinRM is up and refuses everything
	events  []event // yet to come, earliest first
	fault   func(h *estate.Host, up time.Duration)
	planted time.Time // from when on
	moves   bool      // what the fault does changes with time
	age     int       // of what host is: answers of another age are no good
	starts  int       // how often nothing but a service has changed meanwhile
	kept    map[string]kept
	open    []io.Closer
}

// event is something that happens to a server.
type event struct {
	at      time.Time
	do      func(n *windowNight)
	service bool // it is nothing but a service's
}

// kept is an answer that stands until something happens.
type kept struct {
	age, starts int
	answer      host.Answer
}

// at has something happen later.
func (n *windowNight) at(when time.Time, do func(n *windowNight)) { n.put(event{at: when, do: do}) }

func (n *windowNight) put(e event) {
	i, _ := slices.BinarySearchFunc(n.events, e.at, func(e event, at time.Time) int {
		if e.at.After(at) {
			return 1
		}
		return -1
	})
	n.events = slices.Insert(n.events, i, e)
}

// now is what the server is like; the caller holds mu.
func (n *windowNight) now() estate.Host {
	t := time.Now()
	for len(n.events) > 0 && !n.events[0].at.After(t) {
		e := n.events[0]
		n.events = n.events[1:]
		e.do(n)
		if e.service {
			n.starts++
		} else {
			n.age++
		}
	}
	if n.fault != nil && !t.Before(n.planted) && n.host.Power != "off" {
		n.fault(&n.host, t.Sub(n.host.OS.Boot))
		if n.moves {
			n.age++
		}
	}
	return n.host
}

func (n *windowNight) is() estate.Host {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.now()
}

func isOff(h estate.Host) bool { return h.Power == "off" }

// wait takes time, unless nobody waits any longer.
func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Ask implements host.Session.
func (n *windowNight) Ask(ctx context.Context, questions []host.Question) (host.Answers, error) {
	var answers host.Answers
	if isOff(n.is()) {
		return answers, fmt.Errorf("connecting: %w", host.ErrNoAnswer)
	}
	if err := wait(ctx, n.pace/2); err != nil {
		return answers, err
	}
	n.mu.Lock()
	h := n.now()
	switch {
	case isOff(h):
		n.mu.Unlock()
		return answers, fmt.Errorf("asking: %w", io.ErrUnexpectedEOF)
	case n.mute:
		n.mu.Unlock()
		return answers, fmt.Errorf("asking: HTTP 503 Service Unavailable")
	}
	for _, q := range questions {
		answers.Put(q, n.answer(h, q))
	}
	n.mu.Unlock()
	return answers, wait(ctx, n.pace/2)
}

// answer is what the lab says, which is the same until something happens, but for what
// has a clock in it.
func (n *windowNight) answer(h estate.Host, q host.Question) host.Answer {
	text := q.String()
	for _, class := range []string{"Win32_OperatingSystem", "domain", "tasks", "certificates", "eventlog", "reach"} {
		if strings.Contains(text, class) {
			return wsman.Answer(h, q)
		}
	}
	starts := 0
	for _, class := range []string{"Win32_Service", "servicekeys", "Win32_Process"} {
		if strings.Contains(text, class) {
			starts = n.starts
		}
	}
	if k, found := n.kept[text]; found && k.age == n.age && k.starts == starts {
		return k.answer
	}
	if strings.HasPrefix(text, "registry") { // no check asks for a service's key, of which the lab makes many
		h.Services = nil
	}
	k := kept{n.age, starts, wsman.Answer(h, q)}
	n.kept[text] = k
	return k.answer
}

// Close implements host.Session.
func (*windowNight) Close(context.Context) error { return nil }

// alive says whether WinRM answers.
func (n *windowNight) alive(context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if h := n.now(); isOff(h) || n.mute {
		return fmt.Errorf("connecting: %w", host.ErrNoAnswer)
	}
	return nil
}

// dial connects to one of the server's ports.
func (n *windowNight) dial(ctx context.Context, port string) (net.Conn, error) {
	if isOff(n.is()) {
		<-ctx.Done()
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: ctx.Err()}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	h := n.now()
	near, far := net.Pipe()
	switch {
	case port == "1433" && h.SQL != nil && h.SQL.Fault != estate.Refuse && h.Services[sqlServer].State == stateRunning:
		server := tds.New(n.is, func(estate.TLS) (*tls.Certificate, error) { return nil, nil })
		go func() { _ = server.Serve(&once{conn: far, done: make(chan struct{})}) }()
		n.open = append(n.open, server)
	case port == "80" && len(h.HTTP) > 0 && h.Services["W3SVC"].State == stateRunning:
		go answerPage(far, h.HTTP[0].Pages["/health"].Status)
	case isOpen(h, port):
		_ = far.Close()
	default:
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	return near, nil
}

func isOpen(h estate.Host, port string) bool {
	number, err := strconv.Atoi(port)
	_, open := h.TCP[number]
	return err == nil && open
}

// answerPage answers one request.
func answerPage(conn net.Conn, status int) {
	defer func() { _ = conn.Close() }()
	if _, err := http.ReadRequest(bufio.NewReader(conn)); err != nil {
		return
	}
	_, _ = fmt.Fprintf(conn, "HTTP/1.1 %d X\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok", status)
}

// once is a listener that takes one connection.
type once struct {
	conn net.Conn
	done chan struct{}
	mu   sync.Mutex
}

func (o *once) Accept() (net.Conn, error) {
	o.mu.Lock()
	conn := o.conn
	o.conn = nil
	o.mu.Unlock()
	if conn != nil {
		return conn, nil
	}
	<-o.done
	return nil, net.ErrClosed
}

func (o *once) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	select {
	case <-o.done:
	default:
		close(o.done)
	}
	return nil
}

func (*once) Addr() net.Addr { return &net.TCPAddr{} }

// end closes what is open, when the window is over.
func (n *windowNight) end() {
	n.mu.Lock()
	open := n.open
	n.mu.Unlock()
	for _, c := range open {
		_ = c.Close()
	}
	synctest.Wait()
}

const (
	stateRunning = "Running"
	stateStopped = "Stopped"
	statePending = "Start Pending"

	neverStarted = 1077 // since the boot: ERROR_SERVICE_NEVER_STARTED
	sqlServer    = "MSSQLSERVER"
)

// set changes a service that is there.
func set(h *estate.Host, service string, change func(s *estate.Service)) {
	s, found := h.Services[service]
	if found {
		change(&s)
		h.Services[service] = s
	}
}

// cloned is a host of which nothing is another's.
func cloned(h estate.Host) estate.Host {
	h.Services, h.WMI, h.Collectors = maps.Clone(h.Services), maps.Clone(h.WMI), maps.Clone(h.Collectors)
	h.Registry, h.TCP = maps.Clone(h.Registry), maps.Clone(h.TCP)
	if h.WMI == nil {
		h.WMI = map[string][]map[string]any{}
	}
	if h.Registry == nil {
		h.Registry = map[string]map[string]any{}
	}
	if h.TCP == nil {
		h.TCP = map[int]string{}
	}
	return h
}
