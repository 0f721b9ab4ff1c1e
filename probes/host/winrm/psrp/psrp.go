// Package psrp is the client's side of PowerShell's remoting protocol (MS-PSRP)
// for endpoints that take nothing but commands by name: Exchange's, and those of
// Just Enough Administration. It does no input or output and knows no SOAP; its
// caller carries the bytes.
//
// The messages of WS-Man, in order, and what goes in and out of them:
//
//	pool := psrp.New(psrp.Options{})
//	Create    ShellId=pool.ID(), creationXml=pool.Creation(), streams "stdin pr"
//	          and "stdout", option protocolversion=ProtocolVersion, MustComply
//	Receive   on the shell, every Stream to pool.Feed, until pool.Opened()
//	run, err := pool.Pipeline(question)
//	Command   CommandId=run.ID(), an empty Command, Arguments=run.Argument()
//	Send      on the command, stream "stdin", one for each of run.Rest()
//	Receive   on the command, every Stream to run.Feed, until run.Done()
//	          (the host ends the command before: run.End says what is missing)
//	Signal    terminate, when run.Feed failed or the caller gave up
//	Delete
//
// A pool takes one pipeline after the other. run.Answer is the result.
//
// A fragment must fit into one WS-Man message, where it travels in base64 (4/3
// of its size) beside some 2 KB of headers. The default size fits into the
// smallest MaxEnvelopeSize that servers have, 150 KB, with room to spare;
// FragmentSize gives the most for another.
package psrp

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"

	"postpatch/probes/host"
)

// Options are limits; zero values mean the defaults.
type Options struct {
	FragmentSize int // of what we send, in bytes with the header; 32 KB
	MaxMessage   int // of one message from the host, in bytes; 16 MB
	MaxStream    int // of all that the host sends in one stream, in bytes; 64 MB
}

func (o Options) withDefaults() Options {
	return Options{
		FragmentSize: max(cmp.Or(o.FragmentSize, 32<<10), minFragment),
		MaxMessage:   cmp.Or(o.MaxMessage, 16<<20),
		MaxStream:    cmp.Or(o.MaxStream, 64<<20),
	}
}

const (
	minFragment = 64
	envelope    = 4 << 10 // of a message, beside the fragment
)

// FragmentSize is the largest fragment that fits into a WS-Man message of so
// many bytes.
func FragmentSize(maxEnvelopeSize int) int {
	return max((maxEnvelopeSize-envelope)/4*3, minFragment)
}

// Pool is one runspace on the host. It is used by one goroutine at a time.
type Pool struct {
	options  Options
	id       guid
	sent     fragmenter
	received defragmenter
	server   version
	opened   bool
	err      error // that ended it
	notes    Notes
	runs     map[guid]*Pipeline
}

// New begins a pool, which is not open before the host has said so.
func New(options Options) *Pool {
	options = options.withDefaults()
	return &Pool{
		options: options, id: newGUID(),
		sent:     fragmenter{size: options.FragmentSize},
		received: defragmenter{maxMessage: options.MaxMessage, maxStream: options.MaxStream},
		runs:     map[guid]*Pipeline{},
	}
}

// ID is the pool's identity in upper case, which is to be the shell's ShellId.
func (p *Pool) ID() string { return p.id.String() }

// Creation is the text of the element creationXml, of the namespace
// http://schemas.microsoft.com/powershell: the first two messages in base64.
func (p *Pool) Creation() string {
	var opening []byte
	for _, m := range []message{
		{kind: sessionCapability, pool: p.id, data: capability()},
		{kind: initRunspacePool, pool: p.id, data: initPool()},
	} {
		for _, fragment := range p.sent.cut(m.encode()) {
			opening = append(opening, fragment...)
		}
	}
	return base64.StdEncoding.EncodeToString(opening)
}

// Feed takes the bytes of a Stream that was received on the shell, no longer in
// base64. Its error ends the pool and is returned from then on.
func (p *Pool) Feed(stream []byte) error {
	if p.err != nil {
		return p.err
	}
	if err := p.received.feed(stream, func(b []byte) error { return p.take(b, nil) }); err != nil {
		p.fail(fmt.Errorf("reading the runspace pool's stream: %w", err))
	}
	return p.err
}

// Opened tells whether commands can be put.
func (p *Pool) Opened() bool { return p.opened && p.err == nil }

// Version is the host's version of the protocol, "2.3", or "" before it told.
func (p *Pool) Version() string {
	if p.server == (version{}) {
		return ""
	}
	return p.server.String()
}

// Notes are of the pool alone; a pipeline has its own.
func (p *Pool) Notes() Notes { return p.notes }

// fail keeps the first error.
func (p *Pool) fail(err error) {
	if p.err == nil {
		p.err = err
	}
}

// Pipeline begins to ask one question; the pool must be open.
func (p *Pool) Pipeline(q host.Cmdlet) (*Pipeline, error) {
	switch {
	case p.err != nil:
		return nil, p.err
	case !p.opened:
		return nil, errors.New("the runspace pool is not open yet")
	}
	data, err := pipelineOf(q, p.server)
	if err != nil {
		return nil, err
	}
	run := &Pipeline{
		pool: p, id: newGUID(), asked: q.Name,
		received: defragmenter{maxMessage: p.options.MaxMessage, maxStream: p.options.MaxStream},
		reader:   reader{wanted: q.Properties, left: p.options.MaxStream},
	}
	m := message{kind: createPipeline, pool: p.id, pipeline: run.id, data: data}
	run.fragments = p.sent.cut(m.encode())
	p.runs[run.id] = run
	return run, nil
}

// take handles one message that came in a pool's stream or in that of a run.
func (p *Pool) take(b []byte, run *Pipeline) error {
	m, err := decodeMessage(b)
	if err != nil {
		return err
	}
	if m.pool != p.id && m.pool != (guid{}) {
		return fmt.Errorf("%w: a message for another runspace pool", ErrMalformed)
	}
	if m.kind&0xffff0000 != pipelineTarget {
		return p.handle(m)
	}
	if run == nil && m.pipeline == (guid{}) {
		return p.remark(m)
	}
	if run == nil {
		run = p.runs[m.pipeline]
	}
	if run == nil || m.pipeline != run.id && m.pipeline != (guid{}) {
		return fmt.Errorf("%w: a message for another pipeline", ErrMalformed)
	}
	return run.handle(m)
}

// remark takes what a session configuration's own start wrote before any
// command: warnings, mostly.
func (p *Pool) remark(m message) error {
	if known, err := p.notes.count(m); known || err != nil {
		return err
	}
	return fmt.Errorf("%w: a message for no pipeline", ErrMalformed)
}

// pipelineTarget marks the types of messages to a pipeline.
const pipelineTarget = 0x00040000

// handle takes a message to the pool (MS-PSRP 3.1.5.4).
func (p *Pool) handle(m message) error {
	switch m.kind {
	case sessionCapability:
		return p.negotiate(m.data)
	case runspacePoolState:
		return p.state(m.data)
	case runspacePoolHostCall:
		return hostCall(m.data, &p.notes)
	case publicKeyRequest:
		return errSecret
	case applicationPrivateData:
		return p.private(m.data)
	case runspacePoolInitData, runspaceAvailability, userEvent: // answers to what we never ask
	default:
		p.notes.Other++
	}
	return nil
}

// errSecret: the host waits for a key before it sends a SecureString.
var errSecret = fmt.Errorf("%w: the host wants to send a secret under a key, which we do not agree on", ErrHostCall)

// negotiate reads the host's SESSION_CAPABILITY (MS-PSRP 3.1.5.4.1).
func (p *Pool) negotiate(data []byte) error {
	v, err := decode(data)
	if err != nil {
		return fmt.Errorf("reading what the host is capable of: %w", err)
	}
	text := v.textOf("protocolversion")
	server, err := parseVersion(text)
	if err != nil {
		return err
	}
	if server.major != 2 {
		return fmt.Errorf("%w: the host speaks version %s, we speak %s", ErrMalformed, server, ProtocolVersion)
	}
	p.server = server
	return nil
}

// private reads APPLICATION_PRIVATE_DATA (MS-PSRP 2.2.2.13), of which PowerShell's
// own version is worth knowing. Endpoints may leave it out.
func (p *Pool) private(data []byte) error {
	v, err := decode(data)
	if err != nil {
		return fmt.Errorf("reading the host's private data: %w", err)
	}
	p.notes.PowerShell = clean(v.get("ApplicationPrivateData").get("PSVersionTable").textOf("PSVersion"))
	return nil
}

// state reads a RUNSPACEPOOL_STATE message (MS-PSRP 2.2.2.9, 2.2.3.4).
func (p *Pool) state(data []byte) error {
	const opened, closed, closing, broken = 2, 3, 4, 5
	v, err := decode(data)
	if err != nil {
		return fmt.Errorf("reading the runspace pool's state: %w", err)
	}
	state, err := v.numberOf("RunspaceState")
	if err != nil {
		return err
	}
	switch state {
	case opened:
		if p.server == (version{}) {
			return fmt.Errorf("%w: open before the versions were agreed on", ErrMalformed)
		}
		p.opened = true
	case closed, closing, broken:
		p.fail(brokenBy(v.get("ExceptionAsErrorRecord")))
		return p.err
	}
	return nil
}

func brokenBy(record *value) error {
	if record == nil || record.isNull() {
		return ErrBroken
	}
	e := errorOf(record, "")
	e.Terminating = true
	return fmt.Errorf("%w: %w", ErrBroken, e)
}
