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

// run answers a batch or a call up to its last token.
func (s *session) run(ctx context.Context, m message) error {
	body, err := skipHeaders(m.body)
	if err != nil {
		return err
	}
	switch m.kind {
	case packetBatch:
		return s.runBatch(ctx, fromUCS2(body), nil, false)
	case packetRPC:
		call, err := parseRPC(body)
		if err != nil {
			return err
		}
		if !strings.EqualFold(call.name, executeSQL) {
			if procedure := s.procedure(call.name); procedure != nil {
				return s.runProcedure(ctx, procedure, call)
			}
			return s.fail(failf(2812, 16, "Could not find stored procedure '%s'.", call.name), true)
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

// skipHeaders drops ALL_HEADERS, which stand before every batch and call.
func skipHeaders(body []byte) ([]byte, error) {
	if len(body) < 4 {
		return nil, errors.New("request without headers")
	}
	size := binary.LittleEndian.Uint32(body)
	if size < 4 || int64(size) > int64(len(body)) {
		return nil, fmt.Errorf("headers of %d bytes", size)
	}
	return body[size:], nil
}

// runBatch runs statement after statement, until one fails.
func (s *session) runBatch(ctx context.Context, text string, params map[string]param, call bool) error {
	sql := s.sql()
	if sql.Fault == "error" {
		return s.fail(failf(701, 17, "There is insufficient system memory to run this query."), call)
	}
	statements, err := parseBatch(text)
	if err != nil {
		return s.fail(err, call)
	}
	in := scope{session: s, sql: sql, params: params}
	for i, st := range statements {
		more := i < len(statements)-1
		if err := s.runStatement(ctx, st, in, ending(call, call || more)); err != nil {
			if e, ok := errors.AsType[*sqlError](err); ok {
				return s.fail(e, call)
			}
			return err
		}
	}
	switch {
	case call:
		return s.write([]byte{tokenReturnStatus, 0, 0, 0, 0}, done(tokenDoneProc, 0, commandNone, 0))
	case len(statements) == 0:
		return s.write(done(tokenDone, 0, commandNone, 0))
	default:
		return nil
	}
}

// fail ends the answer with an error.
func (s *session) fail(err error, call bool) error {
	end := byte(tokenDone)
	if call {
		end = tokenDoneProc
	}
	return s.write(
		notice(tokenError, s.server.host().Name, asError(err)),
		done(end, doneError, commandNone, 0),
	)
}

// end is how a statement's answer ends.
type end struct {
	token  byte
	status uint16
}

func ending(inCall, more bool) end {
	e := end{token: tokenDone}
	if inCall {
		e.token = tokenDoneInProc
	}
	if more {
		e.status = doneMore
	}
	return e
}

// runStatement answers one statement with everything up to its DONE.
func (s *session) runStatement(ctx context.Context, st statement, sc scope, e end) error {
	switch st := st.(type) {
	case selectStatement:
		rows, err := s.runSelect(ctx, st, sc)
		if err != nil {
			return err
		}
		return s.write(done(e.token, e.status|doneCount, commandSelect, rows))
	case useStatement:
		if err := s.use(sc, st.database); err != nil {
			return err
		}
	case waitStatement:
		if !conns.Wait(ctx, st.delay) {
			return context.Cause(ctx)
		}
	case setStatement:
	}
	return s.write(done(e.token, e.status, commandNone, 0))
}

// runSelect writes a result and returns the number of its rows.
func (s *session) runSelect(ctx context.Context, st selectStatement, sc scope) (int, error) {
	result, err := compile(st, sc)
	if err != nil {
		return 0, err
	}
	if err := s.write(columnsToken(result.columns)); err != nil {
		return 0, err
	}
	if len(result.order) > 0 {
		var ids []byte
		for _, id := range result.order {
			ids = binary.LittleEndian.AppendUint16(ids, uint16(id))
		}
		if err := s.write(sized(tokenOrder, ids)); err != nil {
			return 0, err
		}
	}
	rows, err := result.rows()
	if err != nil {
		return 0, err
	}
	nullRows := s.login.tdsVersion >= tds73B || s.login.tdsVersion == tds80
	for {
		for _, row := range rows {
			if ctx.Err() != nil {
				return 0, context.Cause(ctx)
			}
			if err := s.write(rowToken(result.columns, row, nullRows)); err != nil {
				return 0, err
			}
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
	if err := sc.closedCopy(name); err != nil {
		return err
	}
	before := s.database
	s.database = name
	return s.write(
		envChange(envDatabase, shortText(name), shortText(before)),
		notice(tokenInfo, s.server.host().Name, changedDatabase(name)),
	)
}
