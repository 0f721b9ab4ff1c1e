package tds

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"postpatch/probes/lab/conns"
	"postpatch/probes/lab/estate"
)

// Browser is SQL Server Browser, which tells over UDP where a host's instances listen.
// Source: Microsoft, "[MC-SQLR]: SQL Server Resolution Protocol".
type Browser struct {
	host  func() estate.Host
	group *conns.Group
	lost  atomic.Int64
}

// NewBrowser makes the Browser of the host that h returns, asked anew for every answer.
func NewBrowser(h func() estate.Host) *Browser { return &Browser{host: h, group: conns.New()} }

// Serve refuses: nobody asks a Browser over TCP.
func (b *Browser) Serve(net.Listener) error { return errors.New("SQL Server Browser has UDP alone") }

// Close ends all that it still does.
func (b *Browser) Close() error { return b.group.Close() }

// ServePacket answers over UDP until Close.
func (b *Browser) ServePacket(pc net.PacketConn) error {
	if !b.group.Keep(pc) {
		return nil
	}
	defer b.group.Release(pc)
	buf := make([]byte, 1<<16)
	for {
		n, from, err := pc.ReadFrom(buf)
		switch {
		case b.group.Context().Err() != nil:
			return nil
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("reading from %s: %w", pc.LocalAddr(), err)
		case err != nil: // an ICMP error about an earlier answer
			continue
		}
		question := append([]byte(nil), buf[:n]...)
		b.group.Go(func(ctx context.Context) { b.answer(ctx, pc, from, question) })
	}
}

func (b *Browser) answer(ctx context.Context, pc net.PacketConn, from net.Addr, question []byte) {
	h := b.host()
	browser, runs := h.SQLBrowser()
	if !runs || browser.Fault == estate.Silent || !conns.Wait(ctx, h.Think) {
		return
	}
	if b.lost.Add(1) <= int64(browser.Lose) {
		return
	}
	switch browser.Fault {
	case estate.Garbage:
		_, _ = pc.WriteTo(conns.Noise(64), from)
		return
	case estate.Endless:
		for conns.Wait(ctx, time.Millisecond) {
			if _, err := pc.WriteTo(offers(h, "", maxOffer), from); err != nil {
				return
			}
		}
		return
	default: // the others are of connections
	}
	if reply := offered(h, question); reply != nil {
		_, _ = pc.WriteTo(reply, from)
	}
}

// The questions and the answer, and how long the answer may be.
const (
	askForAll  = 0x03
	askForOne  = 0x04
	theOffer   = 0x05
	maxOffer   = 65535 - 3
	maxOneName = 32
	maxOne     = 1024
)

// offered is the answer to a question; nil where the Browser keeps silent, as it does
// over a question that is none and over an instance of which it cannot tell.
func offered(h estate.Host, question []byte) []byte {
	switch {
	case len(question) == 1 && question[0] == askForAll:
		return offers(h, "", maxOffer)
	case len(question) > 2 && question[0] == askForOne:
		name, rest, ended := strings.Cut(string(question[1:]), "\x00")
		if !ended || rest != "" || len(name) > maxOneName {
			return nil
		}
		return offers(h, name, maxOne)
	default:
		return nil
	}
}

// offers tells of one instance, or of all. An instance that does not run is not told of
// (from memory: the documentation only says "if available").
func offers(h estate.Host, wanted string, most int) []byte {
	machine, _, _ := strings.Cut(strings.ToUpper(h.Name), ".")
	var data strings.Builder
	for _, sql := range h.AllSQL() {
		name := orElse(sql.Instance, "MSSQLSERVER")
		if sql.Hidden || sql.Fault == estate.Refuse || wanted != "" && !strings.EqualFold(name, wanted) {
			continue
		}
		clustered := "No"
		if sql.Server.Clustered {
			clustered = "Yes"
		}
		one := fmt.Sprintf("ServerName;%s;InstanceName;%s;IsClustered;%s;Version;%s;tcp;%d;;",
			machine, name, clustered, sql.Version, sql.Listens())
		if sql.NoTCP {
			one = strings.Replace(one, fmt.Sprintf("tcp;%d", sql.Listens()), `np;\\`+machine+`\pipe\MSSQL$`+name+`\sql\query`, 1)
		}
		if data.Len()+len(one) <= most {
			data.WriteString(one)
		}
	}
	if data.Len() == 0 {
		return nil
	}
	reply := binary.LittleEndian.AppendUint16([]byte{theOffer}, uint16(data.Len()))
	return append(reply, data.String()...)
}
