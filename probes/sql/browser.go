package sql

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/reach"
)

// The SQL Server Resolution Protocol: one datagram asks, one answers.
// Source: Microsoft, "[MC-SQLR]: SQL Server Resolution Protocol", 2.2.
const (
	browserPort  = 1434
	askForAll    = 0x03 // CLNT_UCAST_EX
	askForOne    = 0x04 // CLNT_UCAST_INST
	browserReply = 0x05 // SVR_RESP
	replyHeader  = 3    // that byte, and the length of what follows
)

// What becomes of asking the Browser. It keeps silent over an instance that it cannot tell
// of ([MC-SQLR] 2.2.5: "the server ignores the client request"), so that only its list
// shows that it runs at all.
const (
	browserAnswered = "answered"
	browserUnknown  = "no such instance"
	browserNoTCP    = "no tcp"
	browserSilent   = reach.NoAnswer
	browserRefused  = reach.Refused
)

func browserReadings() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "browser", Type: fact.TypeText, Gate: true, Severity: fact.Fail, Expect: browserAnswered,
			Silence: []fact.Value{fact.Text(browserSilent), fact.Text(browserRefused)},
			Doc: "What SQL Server Browser (udp/1434) says of the instance that the suite names: answered; no such instance, " +
				"where it is stopped, hidden or misspelt; no tcp, where it has no port; no answer; refused, where no Browser runs.",
		},
		{
			Name: "browser_cause", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Evidence: true,
			Doc: "Why the Browser was of no help, and what it does know.",
		},
		{
			Name: "port", Type: fact.TypeInt, Of: "TCP port",
			Doc: "The TCP port that the Browser tells: one that moved is nothing to who asks the Browser, and breaks firewall " +
				"rules and programs that have it written down.",
		},
	}
}

// offer is what the Browser tells of one instance.
type offer struct {
	instance string
	port     int // 0 where it has none
}

// found is the outcome of asking the Browser.
type found struct {
	state string
	port  int
	cause string
}

func (f found) readings() []fact.Reading {
	readings := []fact.Reading{probes.Read("", "browser", fact.Text(f.state))}
	if f.cause != "" {
		readings = append(readings, probes.Read("", "browser_cause", fact.Text(f.cause)))
	}
	if f.port != 0 {
		readings = append(readings, probes.Read("", "port", fact.Int(f.port)))
	}
	return readings
}

// browse asks the Browser at a host for an instance. The error means that it could not be
// asked at all.
func browse(ctx context.Context, t probes.Target, host, instance string) (found, error) {
	conn, err := reach.Dial(ctx, t, "udp", reach.JoinPort(host, browserPort))
	if err != nil {
		return found{}, fmt.Errorf("asking SQL Server Browser: %w", err)
	}
	defer func() { _ = conn.Close() }()
	b := browsing{conn: conn, instance: instance, packet: make([]byte, 1<<16)}
	ends, whole := rounds(ctx)
	for round, limit := range ends {
		asked := [][]byte{append(append([]byte{askForOne}, instance...), 0)}
		if round > 0 { // it may know nothing of the instance, and be well
			asked = append(asked, []byte{askForAll})
		}
		f, err := b.ask(limit, asked)
		switch {
		case ctx.Err() != nil:
			return found{}, fmt.Errorf("asking SQL Server Browser at %q: %w", host, reach.Cause(ctx, ctx.Err()))
		case isRefused(err):
			return found{
				state: browserRefused,
				cause: "nothing listens on udp/1434: is the service SQLBrowser running? With port: it is not asked",
			}, nil
		case reach.State(err) == reach.Unreachable:
			return found{}, fmt.Errorf("asking SQL Server Browser at %q: %w", host, reach.Silent(err))
		case err != nil && !isTimeout(err):
			return found{}, fmt.Errorf("asking SQL Server Browser at %q: %w", host, err)
		case f.state != "":
			return f, nil
		}
	}
	return b.silence(whole), nil
}

// rounds are the ends of the waits, and how long they are together: datagrams get lost.
// Half of the check's time is left for the instance itself.
func rounds(ctx context.Context) (ends []time.Time, whole time.Duration) {
	const longest = 4 * time.Second
	now := time.Now()
	whole = longest
	if end, limited := ctx.Deadline(); limited {
		whole = min(longest, end.Sub(now)/2)
	}
	return []time.Time{now.Add(whole / 4), now.Add(whole / 2), now.Add(whole)}, whole
}

// browsing is one conversation with a Browser.
type browsing struct {
	conn     net.Conn
	instance string
	packet   []byte
	strays   int      // datagrams that were no answer to what was asked
	known    []string // instances that its list has; nil where there was no list
}

// mostStrays are more than any network doubles or forges by accident.
const mostStrays = 64

// ask puts questions and waits for the answer until limit. A zero found means that there
// was none. A list in which the instance is not ends the wait only with the limit: some
// Browsers cut it short.
func (b *browsing) ask(limit time.Time, questions [][]byte) (found, error) {
	if err := b.conn.SetDeadline(limit); err != nil {
		return found{}, err
	}
	for _, q := range questions {
		if _, err := b.conn.Write(q); err != nil {
			return found{}, err
		}
	}
	for b.strays < mostStrays {
		n, err := b.conn.Read(b.packet)
		if err != nil {
			if isTimeout(err) && b.known != nil {
				return b.unknown(), nil
			}
			return found{}, err
		}
		offers, err := parseOffers(b.packet[:n])
		if err != nil {
			b.strays++
			continue
		}
		b.known = []string{}
		for _, o := range offers {
			if strings.EqualFold(o.instance, b.instance) {
				return o.found(), nil
			}
			b.known = append(b.known, printable(o.instance))
		}
		b.strays++ // an answer, and none to this question
	}
	return found{}, errors.New("it answers without end, and never what was asked")
}

func (o offer) found() found {
	if o.port == 0 {
		return found{state: browserNoTCP, cause: "the instance does not listen on TCP: it is not enabled, or not up yet"}
	}
	return found{state: browserAnswered, port: o.port}
}

func (b *browsing) unknown() found {
	const most = 10
	names := b.known
	more := ""
	if len(names) > most {
		names, more = names[:most], fmt.Sprintf(" and %d more", len(names)-most)
	}
	return found{
		state: browserUnknown,
		cause: fmt.Sprintf("it knows %s%s, and not %s: stopped, hidden (HideInstance) or misspelt",
			strings.Join(names, ", "), more, b.instance),
	}
}

// printable is a name that anyone may have sent.
func printable(name string) string {
	const most = 255 // [MC-SQLR] 2.2.5
	if name = name[:min(len(name), most)]; badInstance(name, true) != "" {
		return strconv.Quote(name)
	}
	return name
}

// silence tells how long was meant to be waited: by how much later it was, the machine was
// busy.
func (b *browsing) silence(waited time.Duration) found {
	if b.strays > 0 {
		return found{state: browserSilent, cause: fmt.Sprintf("%d datagrams came that were no answer", b.strays)}
	}
	return found{
		state: browserSilent,
		cause: fmt.Sprintf("nothing came back from udp/1434 within %s: a firewall, or a Browser that has nothing to tell "+
			"because the instance is stopped or hidden (HideInstance). With port: it is not asked",
			waited.Round(100*time.Millisecond)),
	}
}

// isRefused also knows Windows, which says of a UDP port that nobody listens at that the
// connection was reset.
func isRefused(err error) bool {
	state := reach.State(err)
	return state == reach.Refused || state == reach.Reset
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// parseOffers reads an answer of the Browser: "ServerName;SQL01;InstanceName;SHOP;
// IsClustered;No;Version;16.0.1000.6;tcp;49172;;" for each instance. What comes behind
// the version is in any order, and of what else there may be nothing is needed.
func parseOffers(packet []byte) ([]offer, error) {
	if len(packet) < replyHeader || packet[0] != browserReply {
		return nil, errors.New("no answer of SQL Server Browser")
	}
	data := packet[replyHeader:]
	if size := int(binary.LittleEndian.Uint16(packet[1:])); size != len(data) {
		return nil, fmt.Errorf("an answer of %d bytes that says it has %d", len(data), size)
	}
	words := strings.Split(strings.ToValidUTF8(string(data), "\ufffd"), ";")
	var offers []offer
	var current offer
	for i := 0; i < len(words); i += 2 {
		key := words[i]
		if key == "" { // the end of one instance
			if current.instance != "" {
				offers = append(offers, current)
			}
			current = offer{}
			i-- // it has no value
			continue
		}
		if i+1 == len(words) {
			return nil, fmt.Errorf("an answer that ends with %q", key)
		}
		switch value := words[i+1]; strings.ToLower(key) {
		case "instancename":
			current.instance = value
		case "tcp":
			port, err := number16(value)
			if err != nil {
				return nil, fmt.Errorf("an answer with the port %q", value)
			}
			current.port = port
		}
	}
	if current.instance != "" || len(offers) == 0 {
		return nil, errors.New("an answer that is cut short")
	}
	return offers, nil
}
