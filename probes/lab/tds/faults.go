package tds

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"postpatch/probes/lab/conns"
	"postpatch/probes/lab/estate"
)

// slowConn sends a byte per second.
type slowConn struct {
	net.Conn
	ctx context.Context
}

func (c slowConn) Write(b []byte) (int, error) {
	for i := range b {
		if !conns.Wait(c.ctx, time.Second) {
			return i, context.Cause(c.ctx)
		}
		if _, err := c.Conn.Write(b[i : i+1]); err != nil {
			return i, err
		}
	}
	return len(b), nil
}

var (
	// errStalled ends a session that said no more until the client went.
	errStalled = errors.New("stalled until the client went")
	// errMangled ends an answer that was written, whatever it is.
	errMangled = errors.New("the answer is over")
)

// stallAt hears what the client says and answers no more, if that is the fault.
func (s *session) stallAt(fault estate.Fault) error {
	if s.sql().Fault != fault {
		return nil
	}
	conns.Mute(s.conn)
	return errStalled
}

// spoil is a result as a server gives it that answers with other types than it has, or
// with nulls: in all columns or, as in "nulls 7", in the one with that number, counted
// over the whole session.
func (s *session) spoil(r plan, sql estate.SQL) plan {
	first := s.results
	s.results += len(r.columns)
	s.server.columns.Add(int64(len(r.columns)))
	word, number, one := strings.Cut(string(sql.Fault), " ")
	fault := estate.Fault(word)
	if fault != estate.WrongType && fault != estate.Nulls {
		return r
	}
	chosen, _ := strconv.Atoi(number)
	spoilt := make([]bool, len(r.columns))
	columns := slices.Clone(r.columns)
	for i := range columns {
		spoilt[i] = !one || chosen == first+i
		switch {
		case !spoilt[i]:
		case fault == estate.Nulls:
			columns[i].typ.nullable = true
		case columns[i].typ.kind == kindText:
			columns[i].typ = colType{kind: kindBigInt}
		default:
			columns[i].typ = colType{kind: kindText, size: 40}
		}
	}
	rows := r.rows
	return plan{columns: columns, order: r.order, rows: func(outer []any) [][]any {
		all := slices.Clone(rows(outer))
		for at, row := range all {
			row = slices.Clone(row) // it may be a table's own
			all[at] = row
			for i := range row {
				switch {
				case !spoilt[i]:
				case fault == estate.Nulls:
					row[i] = nil
				case columns[i].typ.kind == kindText:
					row[i] = "neither this nor that"
				default:
					row[i] = int64(4711)
				}
			}
		}
		return all
	}}
}

// mangle writes something in the place of a row, if that is the fault, and says how the
// session goes on.
func (s *session) mangle(fault estate.Fault, row []byte) error {
	var err error
	switch fault {
	case estate.StallRow, estate.CutRow:
		if err = s.write(row[:len(row)/2+1]); err == nil {
			err = s.out.send(s.out.body, 0)
		}
		if err == nil && fault == estate.StallRow {
			<-s.server.group.Context().Done()
		}
		_ = s.wire.Close() // without a farewell
		return errors.Join(err, errStalled)
	case estate.BadToken:
		err = s.write([]byte{0x13, 0x37})
	case estate.LongToken:
		err = s.write(binary.LittleEndian.AppendUint16([]byte{tokenError}, 0xfffe))
	case estate.LongPacket:
		_, err = s.conn.Write([]byte{packetReply, statusLast, 0xff, 0xff, 0, 0, 1, 0, tokenRow})
	default:
		return nil
	}
	if err == nil {
		err = s.out.Finish()
	}
	return errors.Join(err, errMangled)
}

// packetSize is the size of packets that the answer to a login names.
func packetSize(fault estate.Fault, size int) string {
	if fault == estate.TinyPackets {
		size = headerSize
	}
	return strconv.Itoa(size)
}
