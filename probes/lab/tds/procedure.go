package tds

import (
	"context"
	"errors"
	"strings"
)

// procedure is a stored one that every instance has.
type procedure struct {
	name string
	run  func(sc scope, args []param) ([]table, error)
}

// procedures lists all that EXEC finds, but for sp_executesql.
func procedures() []procedure {
	return []procedure{
		{name: "sp_testlinkedserver", run: testLinkedServer},
		{name: "xp_msver", run: serverVersion},
	}
}

// deepestCalls is how deep calls may nest.
const deepestCalls = 32

// runExec answers EXEC.
func (s *session) runExec(ctx context.Context, st execStatement, sc scope) error {
	if s.nested >= deepestCalls {
		return failf(217, 16, "Maximum stored procedure, function, trigger, or view nesting level exceeded (limit 32).")
	}
	if st.text != nil {
		c, err := sc.expr(st.text)
		if err != nil {
			return err
		}
		text, _ := c.eval(nil).(string)
		return errors.Join(sc.run.err, s.runNested(ctx, text, sc, map[string]param{}))
	}
	call := rpc{name: st.parts[len(st.parts)-1]}
	for _, a := range st.args {
		c, err := sc.expr(a.value)
		if err != nil {
			return err
		}
		call.params = append(call.params, param{name: a.name, typ: c.typ, value: c.eval(nil)})
	}
	if sc.run.err != nil {
		return sc.run.err
	}
	if !strings.EqualFold(call.name, executeSQL) {
		s.nested++
		defer func() { s.nested-- }()
		return s.callProcedure(ctx, call, sc)
	}
	text, params, err := call.statement()
	if err != nil {
		return err
	}
	if err := s.runNested(ctx, text, sc, params); err != nil {
		return err
	}
	for i, a := range st.args { // what OUTPUT brings back
		if a.out == "" || i < 2 {
			continue
		}
		key, inner := strings.ToLower(a.out), strings.ToLower(a.name)
		if p, known := sc.params[key]; known {
			p.value = params[inner].value
			sc.params[key] = p
		}
	}
	return nil
}

// runNested runs a text inside of a batch. Its errors are for a TRY around the call.
func (s *session) runNested(ctx context.Context, text string, sc scope, params map[string]param) error {
	inner := scope{session: s, sql: sc.sql, params: params}
	database := s.database
	s.nested++
	var err error
	if s.tries > 0 {
		err = s.runCaught(ctx, text, inner)
	} else {
		err = s.runText(ctx, text, inner)
	}
	s.nested--
	sc.forget()
	if s.database != database { // USE inside is over with it
		s.database = database
		if err := s.emit(envChange(envDatabase, shortText(database), shortText(s.database))); err != nil {
			return err
		}
	}
	if err != nil && !errors.Is(err, errEnded) {
		return err
	}
	if err := s.emit(); err != nil { // only the text inside was ended
		return err
	}
	s.held = &heldDone{token: tokenDoneProc, command: commandNone}
	return nil
}

// runCaught is runText where a TRY waits for the error.
func (s *session) runCaught(ctx context.Context, text string, sc scope) error {
	statements, err := parseBatch(text)
	sc.run = newRunning(ctx)
	if err == nil {
		err = sc.check(statements)
	}
	if err == nil {
		err = s.runStatements(ctx, statements, sc)
	}
	if errors.Is(err, errReturn) {
		return nil
	}
	_, s.fromCall = errors.AsType[*sqlError](err)
	return err
}

// runCall answers a call of a procedure that a client makes by itself.
func (s *session) runCall(ctx context.Context, call rpc) error {
	s.inCall = true
	sc := scope{session: s, sql: s.sql(), params: map[string]param{}, run: newRunning(ctx)}
	parts := strings.Split(call.name, ".")
	call.name = strings.Trim(parts[len(parts)-1], "[]")
	err := s.callProcedure(ctx, call, sc)
	if e, isSQL := errors.AsType[*sqlError](err); isSQL {
		return s.fail(e, true)
	}
	if err != nil {
		return err
	}
	return s.endReply()
}

// callProcedure runs one of the server's own and writes its results.
func (s *session) callProcedure(ctx context.Context, call rpc, sc scope) error {
	for _, p := range procedures() {
		if !strings.EqualFold(p.name, call.name) {
			continue
		}
		tables, err := p.run(sc, call.params)
		if err != nil {
			return err
		}
		for _, t := range tables {
			n, err := s.writeResult(ctx, sc, plan{columns: t.columns, rows: func([]any) [][]any { return t.rows }})
			if err != nil {
				return err
			}
			if err := s.counted(commandSelect, n); err != nil {
				return err
			}
		}
		return nil
	}
	return failf(2812, 16, "Could not find stored procedure '%s'.", call.name)
}

// serverVersion is xp_msver, of which the lab knows a few rows.
func serverVersion(sc scope, _ []param) ([]table, error) {
	text := colType{kind: kindText, size: 128, nullable: true}
	t := table{columns: []column{
		{name: "Index", typ: colType{kind: kindSmallInt, nullable: true}},
		{name: "Name", typ: text},
		{name: "Internal_Value", typ: colType{kind: kindInt, nullable: true}},
		{name: "Character_Value", typ: text},
	}}
	v := version(sc.sql.Version)
	t.rows = [][]any{
		{int64(1), "ProductName", nil, "Microsoft SQL Server"},
		{int64(2), "ProductVersion", int64(v.part(0))<<16 | int64(v.part(1)), sc.sql.Version},
		{int64(3), "Language", int64(1033), "English (United States)"},
		{int64(4), "Platform", nil, "NT x64"},
	}
	return []table{t}, nil
}
