package tds

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"postpatch/probes/lab/conns"
)

// run answers a batch, a call or a request of transactions up to its last token.
func (s *session) run(ctx context.Context, m message) error {
	s.server.batches.Add(1)
	headers, body, err := splitHeaders(m.body)
	if err != nil {
		return err
	}
	if m.reset {
		if err := s.reset(); err != nil {
			return err
		}
	}
	if err := s.checkDescriptor(headers); err != nil && !m.reset { // which ended the one that the client knows of
		return s.fail(err, m.kind == packetRPC)
	}
	switch m.kind {
	case packetBatch:
		return s.runBatch(ctx, fromUCS2(body), nil, false)
	case packetTransaction:
		return s.runTransaction(ctx, body)
	case packetRPC:
		call, err := parseRPC(body)
		if err != nil {
			return err
		}
		if !strings.EqualFold(call.name, executeSQL) {
			return s.runCall(ctx, call)
		}
		text, params, err := call.statement()
		if err != nil {
			return s.fail(err, true)
		}
		return s.runBatch(ctx, text, params, true)
	default:
		return fmt.Errorf("packet of kind %#x", m.kind)
	}
}

// splitHeaders cuts ALL_HEADERS off, which stand before every batch and call.
func splitHeaders(body []byte) (headers, rest []byte, err error) {
	if len(body) < 4 {
		return nil, nil, errors.New("request without headers")
	}
	size := binary.LittleEndian.Uint32(body)
	if size < 4 || int64(size) > int64(len(body)) {
		return nil, nil, fmt.Errorf("headers of %d bytes", size)
	}
	return body[4:size], body[size:], nil
}

// runBatch runs statement after statement, until one ends the batch.
func (s *session) runBatch(ctx context.Context, text string, params map[string]param, call bool) error {
	sql := s.sql()
	if sql.Fault == "error" {
		return s.fail(failf(701, 17, "There is insufficient system memory in resource pool 'default' to run this "+
			"query."), call)
	}
	if params == nil {
		params = map[string]param{}
	}
	s.inCall = call
	err := s.runText(ctx, text, scope{session: s, sql: sql, params: params})
	if err != nil && !errors.Is(err, errAborted) && !errors.Is(err, errEnded) {
		return err
	}
	return s.endReply()
}

// runText parses and runs a batch, or a text within one.
func (s *session) runText(ctx context.Context, text string, sc scope) error {
	statements, err := parseBatch(text)
	sc.run = newRunning(ctx)
	if err == nil {
		err = sc.check(statements)
	}
	if err != nil {
		return s.settle(err)
	}
	if err := s.runStatements(ctx, statements, sc); err != nil && !errors.Is(err, errReturn) {
		return err
	}
	if s.nested == 0 && s.tran.doomed {
		return errors.Join(s.rollback(), s.settle(&sqlError{number: 3998, state: 1, class: 16, text: "Uncommittable " +
			"transaction is detected at the end of the batch. The transaction is rolled back."}))
	}
	return nil
}

// fail ends the answer with an error.
func (s *session) fail(err error, call bool) error {
	s.inCall = call
	if err := s.emit(notice(tokenError, s.server.host().Name, asError(err))); err != nil {
		return err
	}
	if err := s.hold(doneError, commandNone, 0); err != nil {
		return err
	}
	return s.endReply()
}

// runSelect writes a result and returns the number of its rows.
func (s *session) runSelect(ctx context.Context, st selectStatement, sc scope) (int, error) {
	p, err := compile(st, sc)
	if err != nil {
		return 0, err
	}
	assigns := 0
	for _, item := range st.list {
		if item.assign != "" {
			assigns++
		}
	}
	switch {
	case assigns != 0 && assigns != len(st.list):
		return 0, failf(141, 15, "A SELECT statement that assigns a value to a variable must not be combined with "+
			"data-retrieval "+
			"operations.")
	case assigns > 0:
		rows := p.rows(nil)
		return len(rows), sc.run.err
	case st.into != nil:
		rows := p.rows(nil)
		if sc.run.err != nil {
			return 0, sc.run.err
		}
		return len(rows), sc.selectInto(st.into, p.columns, rows)
	}
	return s.writeResult(ctx, sc, p)
}

// writeResult writes the columns and rows of a result.
func (s *session) writeResult(ctx context.Context, sc scope, p plan) (int, error) {
	if s.captured != nil {
		rows := p.rows(nil)
		*s.captured = append(*s.captured, rows...)
		return len(rows), sc.run.err
	}
	p = s.spoil(p, sc.sql)
	if err := s.emit(columnsToken(p.columns)); err != nil {
		return 0, err
	}
	if len(p.order) > 0 {
		var ids []byte
		for _, id := range p.order {
			ids = binary.LittleEndian.AppendUint16(ids, uint16(id))
		}
		if err := s.write(sized(tokenOrder, ids)); err != nil {
			return 0, err
		}
	}
	rows := p.rows(nil)
	if most := s.settings.rowCount; most > 0 {
		rows = rows[:min(most, len(rows))]
	}
	nullRows := s.login.tdsVersion >= tds73B || s.login.tdsVersion == tds80
	for {
		for _, row := range rows {
			if ctx.Err() != nil {
				return 0, context.Cause(ctx)
			}
			token := rowToken(p.columns, row, nullRows)
			if err := s.mangle(sc.sql.Fault, token); err != nil {
				return 0, err
			}
			if err := s.write(token); err != nil {
				return 0, err
			}
		}
		if sc.run.err != nil { // those before it were right
			return 0, sc.run.err
		}
		if sc.sql.Fault != "endless" || len(rows) == 0 {
			return len(rows), nil
		}
		// A little slower than the line allows: it shall cost the client.
		if !conns.Wait(ctx, time.Millisecond) {
			return 0, context.Cause(ctx)
		}
	}
}

// use changes the session's database.
func (s *session) use(sc scope, database string) error {
	name, db, found := findDatabase(sc.sql, database)
	if !found {
		return noDatabase(database)
	}
	if err := cannotOpen(name, db); err != nil {
		return err
	}
	if err := sc.denied(name, "", nil); err != nil {
		return err
	}
	before := s.database
	s.database = name
	return s.emit(
		envChange(envDatabase, shortText(name), shortText(before)),
		notice(tokenInfo, s.server.host().Name, changedDatabase(name)),
	)
}
