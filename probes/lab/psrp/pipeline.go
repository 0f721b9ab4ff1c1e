package psrp

import (
	"errors"
	"fmt"
	"time"
)

// The states that a client is told of (MS-PSRP 2.2.3.5).
const (
	stateStopped   = 3
	stateCompleted = 4
	stateFailed    = 5
)

// Pipeline is one pipeline of a pool. It may be used from several goroutines.
type Pipeline struct {
	pool *Pool
	out  *Outbox

	// What follows belongs to the pool's lock.
	in         joiner
	id         guid
	request    *request // nil until it has come whole
	inputEnded bool
	running    bool
	over       bool
	statement  int         // the next one
	waiting    func() bool // goes on when the client's host has answered
	fragments  [][]byte    // that were not put out yet
	think      time.Duration
}

// Start begins a pipeline with the first fragments of its CREATE_PIPELINE; the
// others are fed to it. The error tells how the client went against the protocol.
func (p *Pool) Start(first []byte) (*Pipeline, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.phase != opened {
		return nil, ErrNotOpen
	}
	pl := &Pipeline{pool: p, out: newOutbox(), think: p.config.Host.Think}
	p.pipelines[pl] = true
	if err := pl.feed(first); err != nil {
		delete(p.pipelines, pl)
		return nil, err
	}
	return pl, nil
}

// Outbox holds what the pipeline sends. It ends with the pipeline.
func (pl *Pipeline) Outbox() *Outbox { return pl.out }

// Feed takes what the client sent to the pipeline.
func (pl *Pipeline) Feed(data []byte) error {
	pl.pool.mu.Lock()
	defer pl.pool.mu.Unlock()
	return pl.feed(data)
}

// Stop interrupts the pipeline; one that is over stays as it is.
func (pl *Pipeline) Stop() {
	p := pl.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	pl.fragments = append(pl.fragments, pl.state(stateStopped, stopped())...)
	pl.out.interrupt(p.deliveries(pl.fragments, time.Time{})...)
	pl.fragments = nil
	pl.leave()
}

// Close forgets the pipeline, and ends every Receive that waits for it.
func (pl *Pipeline) Close() {
	pl.pool.mu.Lock()
	defer pl.pool.mu.Unlock()
	delete(pl.pool.pipelines, pl)
	pl.out.close()
	pl.leave()
}

func (pl *Pipeline) feed(data []byte) error {
	messages, err := pl.in.feed(data)
	if err != nil {
		return err
	}
	for _, m := range messages {
		if err := pl.handle(m); err != nil {
			return fmt.Errorf("handling the message %#08x: %w", uint32(m.kind), err)
		}
	}
	return nil
}

func (pl *Pipeline) handle(m message) error {
	switch {
	case m.pool != pl.pool.id:
		return errors.New("the message is for another runspace pool")
	case pl.request == nil && m.kind != createPipeline:
		return errors.New("CREATE_PIPELINE must come first")
	case pl.request != nil && m.pipeline != pl.id:
		return errors.New("the message is for another pipeline")
	}
	switch m.kind {
	case createPipeline:
		if pl.request != nil {
			return errors.New("the pipeline was created already")
		}
		r, err := readRequest(m.data, pl.pool.version)
		if err != nil {
			return err
		}
		pl.request, pl.id = &r, m.pipeline
		pl.pool.queue = append(pl.pool.queue, pl)
		pl.pool.next()
	case pipelineInput, endOfPipelineInput:
		return pl.input(m)
	case pipelineHostResponse:
		return pl.answer(m.data)
	default:
		return errors.New("the message is none for a pipeline")
	}
	return nil
}

// input takes objects for the pipeline, which no command of an estate reads.
func (pl *Pipeline) input(m message) error {
	if !pl.request.takesInput || pl.inputEnded {
		return errors.New("the pipeline takes no input")
	}
	if m.kind == pipelineInput {
		_, err := readValue(m.data)
		return err
	}
	pl.inputEnded = true
	if pl.running && !pl.over {
		pl.run()
	}
	return nil
}

// answer takes what the client's host said (MS-PSRP 2.2.2.28).
func (pl *Pipeline) answer(data []byte) error {
	v, err := readValue(data)
	if err != nil {
		return err
	}
	if err := v.needAll("ci:I64", "mi:Obj"); err != nil {
		return err
	}
	if pl.waiting == nil || v.members["ci"].text != "1" {
		return errors.New("the pipeline asked nothing of that id")
	}
	goOn := pl.waiting
	pl.waiting = nil
	if goOn() {
		pl.run()
	}
	return nil
}

// next runs pipelines while the pool has a runspace for them; the caller holds
// the lock.
func (p *Pool) next() {
	for len(p.queue) > 0 && p.running < p.max {
		pl := p.queue[0]
		p.queue = p.queue[1:]
		if pl.over {
			continue
		}
		p.running++
		pl.running = true
		if !pl.request.takesInput || pl.inputEnded {
			pl.run()
		}
	}
}

// leave gives the pipeline's runspace back.
func (pl *Pipeline) leave() {
	if pl.running && !pl.over {
		pl.pool.running--
	}
	if !pl.over {
		pl.over = true
		pl.pool.next()
	}
}

// run runs the statements that are left.
func (pl *Pipeline) run() {
	for pl.statement < len(pl.request.statements) {
		commands := pl.request.statements[pl.statement]
		pl.statement++
		if !pl.runStatement(commands) {
			return
		}
	}
	pl.finish(stateCompleted, nil)
}

// runStatement runs one statement. It is false when the pipeline is over with
// it, or waits.
func (pl *Pipeline) runStatement(commands []command) bool {
	var last cmdlet
	for _, c := range commands {
		bound, failed := bind(pl.pool.config.Endpoint, c)
		if failed != nil {
			pl.finish(stateFailed, failed)
			return false
		}
		last = bound
	}
	pl.think += last.Think
	pl.speak(last)
	switch last.HostCall {
	case "":
	case "ReadLine":
		pl.send(pipelineHostCall, hostCall(last.HostCall))
		pl.flush()
		pl.waiting = func() bool { return pl.output(last) }
		return false
	default:
		pl.send(pipelineHostCall, hostCall(last.HostCall))
	}
	return pl.output(last)
}

// speak sends what comes before the output.
func (pl *Pipeline) speak(c cmdlet) {
	for _, text := range c.Progress {
		pl.send(progressRecord, progress(text))
	}
	for _, text := range c.Verbose {
		pl.send(verboseRecord, said("Verbose", text))
	}
	for _, text := range c.Warnings {
		pl.send(warningRecord, said("Warning", text))
	}
	for _, text := range c.Information {
		h := pl.pool.config.Host
		pl.send(informationRecord, information(text, h.Name, h.OS.Boot))
	}
}

// output sends rows and the error. It is false when the pipeline is over or
// never will be.
func (pl *Pipeline) output(c cmdlet) bool {
	failed := (*failure)(nil)
	if c.Error != "" && c.action != "silentlycontinue" && c.action != "ignore" || c.Terminating {
		failed = own(c)
	}
	switch {
	case c.Breaks != "":
		state := poolBroken
		if c.Breaks == "closed" {
			state = poolClosed
		}
		pl.pool.end(state)
		pl.finish(stateFailed, brokenPool())
		return false
	case c.Terminating:
		pl.finish(stateFailed, failed)
		return false
	case c.Garbage != "":
		pl.fragments = append(pl.fragments, pl.garbage(c.Garbage)...)
	default:
		for _, row := range c.Rows {
			pl.send(pipelineOutput, rowOf(row, c.Type))
		}
	}
	if failed != nil && c.action == "stop" {
		pl.finish(stateFailed, failed.becomesFatal())
		return false
	}
	if failed != nil {
		pl.send(errorRecordMessage, failed.record())
	}
	if c.Endless {
		pl.flush()
		return false
	}
	return true
}

func (pl *Pipeline) send(kind kind, body any) {
	pl.fragments = append(pl.fragments, pl.pool.pieces(kind, body, pl.pool.id, pl.id)...)
}

// flush puts out what was sent, while the pipeline goes on.
func (pl *Pipeline) flush() {
	pl.out.put(pl.pool.deliveries(pl.fragments, time.Now().Add(pl.think))...)
	pl.fragments = nil
}

// finish ends the pipeline with a state.
func (pl *Pipeline) finish(state int, why *failure) {
	pl.fragments = append(pl.fragments, pl.state(state, why)...)
	pl.out.finish(pl.pool.deliveries(pl.fragments, time.Now().Add(pl.think))...)
	pl.fragments = nil
	pl.leave()
}

// state makes a PIPELINE_STATE (MS-PSRP 2.2.2.21).
func (pl *Pipeline) state(state int, why *failure) [][]byte {
	notes := []member{{"PipelineState", state}}
	if why != nil {
		notes = append(notes, member{"ExceptionAsErrorRecord", why.record()})
	}
	return pl.pool.pieces(pipelineStateMessage, &object{notes: notes}, pl.pool.id, pl.id)
}

// garbage makes what no client can read.
func (pl *Pipeline) garbage(kind string) [][]byte {
	p := pl.pool
	m := message{kind: pipelineOutput, pool: p.id, pipeline: pl.id, data: serialize("never to be read")}
	p.object++
	whole := fragment{object: p.object, start: true, end: true, blob: m.marshal()}
	switch kind {
	case "length":
		data := whole.append(nil)
		copy(data[17:], "\xff\xff\xff\xff")
		return [][]byte{data}
	case "order":
		pieces := split(p.object, m.marshal(), headerSize+20)
		pieces[1], pieces[2] = pieces[2], pieces[1]
		return pieces
	case "xml":
		m.data = []byte(`<Obj RefId="0"><MS><S N="Name">cut`)
		whole.blob = m.marshal()
	case "short":
		whole.blob = whole.blob[:10]
	default:
		return [][]byte{[]byte("\x00\x16\x03\xff\xfe\x00garbage\x00\r\n\r\n<<<&;\x80")}
	}
	return [][]byte{whole.append(nil)}
}
