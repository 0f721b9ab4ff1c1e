// Package psrp is the server's side of the PowerShell Remoting Protocol
// (MS-PSRP): runspace pools and pipelines of a session configuration whose
// commands answer what an estate says. What carries it is not its matter.
package psrp

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"postpatch/probes/lab/estate"
)

const (
	protocolVersion      = "2.3"
	serializationVersion = "1.1.0.1"
)

// ErrNotOpen is what a command gets of a pool that is not, or no longer, opened.
var ErrNotOpen = errors.New("the runspace pool is not opened")

// Config is what a pool is opened with.
type Config struct {
	Host     estate.Host
	Endpoint estate.Endpoint
	Room     int // the largest fragment that a reply has room for; Windows' own when 0
}

// phase is how far a pool has come.
type phase int

const (
	wantsCapability phase = iota
	wantsInit
	opened
	gone // broken or closed
)

// The states that a client is told of (MS-PSRP 2.2.3.4).
const (
	poolOpened = 2
	poolClosed = 3
	poolBroken = 5
)

// Pool is one runspace pool. It may be used from several goroutines.
type Pool struct {
	config Config
	out    *Outbox

	mu        sync.Mutex
	in        joiner
	phase     phase
	id        guid
	version   string // of the protocol: the client's, as the server comes down to it
	object    uint64 // of the last message that was sent
	max       int    // pipelines at once
	running   int
	queue     []*Pipeline
	pipelines map[*Pipeline]bool
}

// Open starts a pool with what the creationXml of its shell holds. The error
// tells how the client went against the protocol.
func Open(config Config, creation []byte) (*Pool, error) {
	p := &Pool{config: config, out: newOutbox(), pipelines: map[*Pipeline]bool{}}
	if err := p.Feed(creation); err != nil {
		return nil, err
	}
	if p.phase == wantsCapability {
		return nil, errors.New("the client sent no SESSION_CAPABILITY")
	}
	return p, nil
}

// Outbox holds what the pool itself sends.
func (p *Pool) Outbox() *Outbox { return p.out }

// Feed takes what the client sent to the pool itself.
func (p *Pool) Feed(data []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	messages, err := p.in.feed(data)
	if err != nil {
		return err
	}
	for _, m := range messages {
		if err := p.handle(m); err != nil {
			return fmt.Errorf("handling the message %#08x: %w", uint32(m.kind), err)
		}
	}
	return nil
}

// Close ends the pool, its pipelines and every Receive that waits for them.
func (p *Pool) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.phase, p.queue = gone, nil
	p.out.close()
	for pipeline := range p.pipelines {
		pipeline.out.close()
	}
	clear(p.pipelines)
}

func (p *Pool) handle(m message) error {
	if p.phase > wantsCapability && m.pool != p.id {
		return errors.New("the message is for another runspace pool")
	}
	switch {
	case p.phase == wantsCapability && m.kind == sessionCapability:
		p.id = m.pool
		return p.negotiate(m.data)
	case p.phase == wantsInit && m.kind == initRunspacePool:
		return p.init(m.data)
	case p.phase == opened:
		return p.manage(m)
	case p.phase == gone:
		return ErrNotOpen
	default:
		return errors.New("another message must come first")
	}
}

// negotiate compares the client's versions with ours (MS-PSRP 3.2.5.4.1).
func (p *Pool) negotiate(data []byte) error {
	v, err := readValue(data)
	if err != nil {
		return err
	}
	for _, ours := range [][2]string{
		{"protocolversion", protocolVersion}, {"PSVersion", "2.0"}, {"SerializationVersion", serializationVersion},
	} {
		theirs, err := v.need(ours[0], "Version")
		if err != nil {
			return err
		}
		if !accepts(ours[1], theirs.text) {
			return fmt.Errorf("the server's %s is %s, and does not serve a client of %s", ours[0], ours[1], theirs.text)
		}
		if ours[0] == "protocolversion" {
			p.version = strings.TrimSpace(theirs.text)
		}
	}
	p.phase = wantsInit
	return nil
}

// AcceptsProtocol says whether a client's version of the protocol is one that
// the server speaks: 2.0 to 2.3.
func AcceptsProtocol(version string) bool { return accepts(protocolVersion, version) }

// accepts says whether a server of one version serves a client of another: the
// major version is the same, and the server's minor one at least the client's.
func accepts(server, client string) bool {
	serverMajor, serverMinor, _ := majorMinor(server)
	major, minor, ok := majorMinor(client)
	return ok && major == serverMajor && minor <= serverMinor
}

func majorMinor(version string) (major, minor int, ok bool) {
	parts := strings.Split(strings.TrimSpace(version), ".")
	if len(parts) < 2 || len(parts) > 4 {
		return 0, 0, false
	}
	major, err1 := strconv.Atoi(parts[0])
	minor, err2 := strconv.Atoi(parts[1])
	return major, minor, err1 == nil && err2 == nil && major >= 0 && minor >= 0
}

// init opens the pool (MS-PSRP 3.2.5.4.2).
func (p *Pool) init(data []byte) error {
	v, err := readValue(data)
	if err != nil {
		return err
	}
	err = v.needAll("MinRunspaces:I32", "MaxRunspaces:I32", "PSThreadOptions:Obj", "ApartmentState:Obj",
		"HostInfo:Obj", "ApplicationArguments:Obj,Nil")
	if err != nil {
		return err
	}
	if err := checkHost(v.members["HostInfo"]); err != nil {
		return err
	}
	least, _ := strconv.Atoi(v.members["MinRunspaces"].text) // an I32, as was read
	p.max, _ = strconv.Atoi(v.members["MaxRunspaces"].text)
	if least < 1 || p.max < least {
		return fmt.Errorf("a pool of %d to %d runspaces cannot be", least, p.max)
	}
	// The pool has no id yet in the server's own capability.
	first := p.pieces(sessionCapability, capability(p.version), guid{}, guid{})
	first = append(first, p.pieces(applicationPrivateData, privateData(p.config.Host.OS), p.id, guid{})...)
	p.out.put(p.deliveries(first, time.Time{})...)
	if p.config.Endpoint.Broken {
		p.end(poolBroken)
		return nil
	}
	p.phase = opened
	p.tell(runspacePoolState, &object{notes: []member{{"RunspaceState", poolOpened}}})
	return nil
}

// end makes the pool unusable, and says so.
func (p *Pool) end(state int) {
	p.phase, p.queue = gone, nil
	notes := []member{{"RunspaceState", state}}
	if state == poolBroken {
		notes = append(notes, member{"ExceptionAsErrorRecord", brokenPool().record()})
	}
	p.tell(runspacePoolState, &object{notes: notes})
}

// manage answers what a client asks of an opened pool.
func (p *Pool) manage(m message) error {
	v, err := readValue(m.data)
	if err != nil {
		return err
	}
	ci, err := v.need("ci", "I64")
	if err != nil {
		return err
	}
	var response any = true
	switch m.kind {
	case getAvailableRunspaces:
		response = int64(p.max - p.running)
	case setMaxRunspaces:
		most, err := v.need("MaxRunspaces", "I32")
		if err != nil {
			return err
		}
		if n, _ := strconv.Atoi(most.text); n >= 1 {
			p.max = n
		} else {
			response = false
		}
	case setMinRunspaces, resetRunspaceState:
	default:
		return errors.New("the message is none for an opened pool")
	}
	id, _ := strconv.ParseInt(ci.text, 10, 64)
	p.tell(runspaceAvailability, &object{notes: []member{{"SetMinMaxRunspacesResponse", response}, {"ci", id}}})
	p.next()
	return nil
}

// tell sends one message of the pool itself.
func (p *Pool) tell(kind kind, body *object) {
	p.out.put(p.deliveries(p.pieces(kind, body, p.id, guid{}), time.Time{})...)
}

// pieces makes the fragments of a message.
func (p *Pool) pieces(kind kind, body any, pool, pipeline guid) [][]byte {
	m := message{kind: kind, pool: pool, pipeline: pipeline, data: serialize(body)}
	return p.split(m.marshal())
}

func (p *Pool) split(data []byte) [][]byte {
	size := wholePiece
	if p.config.Endpoint.Pieces > 0 {
		size = p.config.Endpoint.Pieces + headerSize
	}
	if p.config.Room > 0 {
		size = min(size, p.config.Room)
	}
	p.object++
	return split(p.object, data, size)
}

// deliveries puts all fragments into one, unless the estate wants them apart.
func (p *Pool) deliveries(fragments [][]byte, ready time.Time) []delivery {
	if len(fragments) == 0 {
		return nil
	}
	if p.config.Endpoint.Pieces == 0 {
		return []delivery{{fragments, ready}}
	}
	apart := make([]delivery, 0, len(fragments))
	for _, f := range fragments {
		apart = append(apart, delivery{[][]byte{f}, ready})
	}
	return apart
}
