package tds

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"postpatch/probes/lab/conns"
)

// runStatements runs one after another. An error ends the batch or only its statement,
// as on the server; within TRY it is the block's.
func (s *session) runStatements(ctx context.Context, statements []statement, sc scope) error {
	for _, st := range statements {
		sc.run.err, sc.run.now = nil, time.Now().UTC()
		err := s.runStatement(ctx, st, sc)
		s.noteRows(st)
		if err == nil {
			if _, isIf := st.(ifStatement); !isIf {
				s.lastError = 0
			}
			continue
		}
		if _, isSQL := errors.AsType[*sqlError](err); !isSQL {
			return err
		}
		if s.tries > 0 {
			s.doom(err)
			return err
		}
		if err := s.settle(err); err != nil {
			return err
		}
	}
	return nil
}

// noteRows forgets the rows after what has none.
func (s *session) noteRows(st statement) {
	switch st.(type) {
	case useStatement, setStatement, declareStatement, printStatement, raiseStatement, tranStatement, waitStatement:
		s.rowCount = 0
	}
}

// settle sends an error; nil means that the batch goes on with its next statement.
func (s *session) settle(err error) error {
	e, isSQL := errors.AsType[*sqlError](err)
	if !isSQL {
		return err
	}
	s.lastError = e.number
	tokens := [][]byte{notice(tokenError, s.server.host().Name, e)}
	if e.number == 300 { // which never comes alone
		tokens = append(tokens, notice(tokenError, s.server.host().Name, &sqlError{
			number: 297, state: 1, class: 16, text: "The user does not have permission to perform this action.",
		}))
	}
	if err := s.emit(tokens...); err != nil {
		return err
	}
	if err := s.hold(doneError, commandNone, 0); err != nil {
		return err
	}
	switch {
	case converts(e.number), s.settings.xactAbort && !ofCompiling(e):
		if err := s.rollback(); err != nil {
			return err
		}
		return errAborted
	case isThrown(err):
		return errAborted
	case ofCompiling(e):
		return errEnded
	}
	return nil
}

// converts knows the errors that end a batch and its transaction: failed conversions.
// Source: Erland Sommarskog, "Error and Transaction Handling in SQL Server", part 2.
func converts(number int) bool { return slices.Contains([]int{235, 241, 245, 8114, 8169}, number) }

// ofCompiling knows the errors over what a statement says, which no TRY around it
// catches: they end the batch.
func ofCompiling(e *sqlError) bool {
	return e.class == 15 || slices.Contains([]int{
		206, 207, 208, 209, 402, 529, 911, 913, 916, 922, 926, 927, 942, 945, 4104, 4121, 7202, 8117, 8120, 8623,
	}, e.number)
}

// thrown is an error of THROW: it ends the batch.
type thrown struct{ *sqlError }

// Unwrap returns the error itself.
func (t thrown) Unwrap() error { return t.sqlError }

func isThrown(err error) bool {
	_, is := errors.AsType[thrown](err)
	return is
}

// doom leaves of a transaction nothing but its rollback.
func (s *session) doom(err error) {
	if e := asError(err); s.tran.count > 0 && (converts(e.number) || s.settings.xactAbort) {
		s.tran.doomed = true
	}
}

// runStatement answers one statement with everything up to its DONE.
func (s *session) runStatement(ctx context.Context, st statement, sc scope) error {
	if err := s.beginImplicit(st); err != nil {
		return err
	}
	switch st := st.(type) {
	case selectStatement:
		rows, err := s.runSelect(ctx, st, sc)
		if err != nil {
			return err
		}
		return s.counted(commandSelect, rows)
	case insertStatement, updateStatement, deleteStatement, createStatement, dropStatement:
		return s.runWrite(ctx, st, sc)
	case ifStatement:
		return s.runIf(ctx, st, sc)
	case tryStatement:
		return s.runTry(ctx, st, sc)
	case execStatement:
		return s.runExec(ctx, st, sc)
	case tranStatement:
		if err := s.runTran(st); err != nil {
			return err
		}
	case useStatement:
		if err := s.use(sc, st.database); err != nil {
			return err
		}
		sc.forget()
	case waitStatement:
		if !conns.Wait(ctx, st.delay) {
			return context.Cause(ctx)
		}
		sc.forget()
	case setStatement:
		if err := s.set(st, sc); err != nil {
			return err
		}
	case declareStatement:
		return sc.declare(st)
	case assignStatement:
		return sc.assign(st)
	case printStatement, raiseStatement, throwStatement:
		return s.runMessage(st, sc)
	case forbiddenStatement:
		return st.err
	case returnStatement:
		return errReturn
	}
	return s.hold(0, commandNone, 0)
}

// counted ends a statement with the number of its rows.
func (s *session) counted(command uint16, rows int) error {
	s.rowCount = rows
	status := uint16(doneCount)
	if s.settings.noCount {
		status = 0
	}
	return s.hold(status, command, rows)
}

// forget drops what the batch has looked up: it may be otherwise by now.
func (sc scope) forget() { clear(sc.run.tables) }

func (s *session) runIf(ctx context.Context, st ifStatement, sc scope) error {
	branch := st.then
	if st.condition != nil {
		c, err := sc.expr(st.condition)
		if err != nil {
			return err
		}
		holds := c.eval(nil)
		if sc.run.err != nil {
			return sc.run.err
		}
		if holds != true {
			branch = st.otherwise
		}
	}
	return s.runStatements(ctx, branch, sc)
}

func (s *session) runTry(ctx context.Context, st tryStatement, sc scope) error {
	level := s.nested
	s.tries++
	err := s.runStatements(ctx, st.body, sc)
	s.tries--
	e, isSQL := errors.AsType[*sqlError](err)
	if !isSQL || ofCompiling(e) && !isThrown(err) && s.nested == level && !s.fromCall {
		return err
	}
	s.fromCall = false
	before := s.caught
	s.caught = e
	s.lastError = e.number
	sc.run.err = nil
	defer func() { s.caught = before }()
	return s.runStatements(ctx, st.catch, sc)
}

func (sc scope) declare(st declareStatement) error {
	key := strings.ToLower(st.variable)
	if _, known := sc.params[key]; !known {
		sc.params[key] = param{name: st.variable, typ: st.typ}
	}
	if st.value == nil {
		return nil
	}
	return sc.assign(assignStatement{variable: st.variable, value: st.value})
}

func (sc scope) assign(st assignStatement) error {
	value := st.value
	if st.op != "" {
		value = binary2{st.op, variable{st.variable}, st.value}
	}
	c, err := sc.expr(value)
	if err != nil {
		return err
	}
	if c, err = sc.assigning(st.variable, c); err != nil {
		return err
	}
	c.eval(nil)
	return sc.run.err
}

// set takes the settings that change something here.
func (s *session) set(st setStatement, sc scope) error {
	on := st.value == "ON"
	switch st.option {
	case "XACT_ABORT":
		s.settings.xactAbort = on
	case "NOCOUNT":
		s.settings.noCount = on
	case "IMPLICIT_TRANSACTIONS":
		s.settings.implicit = on
	case "TRANSACTION":
		level, found := strings.CutPrefix(st.value, "ISOLATION LEVEL ")
		if !found || !slices.Contains([]string{
			"READ UNCOMMITTED", "READ COMMITTED", "REPEATABLE READ", "SNAPSHOT", "SERIALIZABLE",
		}, level) {
			return failf(102, 15, "Incorrect syntax near '%s'.", st.value)
		}
		s.settings.isolation = level
	case "LOCK_TIMEOUT", "ROWCOUNT":
		n, err := s.setNumber(st, sc)
		if err != nil {
			return err
		}
		if st.option == "ROWCOUNT" {
			s.settings.rowCount = n
		} else {
			s.settings.lockTimeout = n
		}
	}
	return nil
}

func (s *session) setNumber(st setStatement, sc scope) (int, error) {
	text := strings.ReplaceAll(st.value, " ", "")
	if strings.HasPrefix(text, "@") {
		p, known := sc.params[strings.ToLower(text)]
		if !known {
			return 0, failf(137, 15, "Must declare the scalar variable \"%s\".", text)
		}
		n, _ := p.value.(int64)
		return int(n), nil
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		return 0, failf(102, 15, "Incorrect syntax near '%s'.", text)
	}
	return int(n), nil
}

// runMessage answers PRINT, RAISERROR and THROW.
func (s *session) runMessage(st statement, sc scope) error {
	var nodes []node
	switch st := st.(type) {
	case printStatement:
		nodes = []node{st.text}
	case raiseStatement:
		nodes = []node{st.text, st.severity}
	case throwStatement:
		if st.number == nil {
			if s.caught == nil {
				return failf(10704, 15, "To rethrow an error, a THROW statement must be used inside a CATCH block.")
			}
			return thrown{s.caught}
		}
		nodes = []node{st.text, st.number}
	}
	values := make([]any, len(nodes))
	for i, n := range nodes {
		c, err := sc.expr(n)
		if err != nil {
			return err
		}
		t := colType{kind: kindInt}
		if i == 0 {
			t = colType{kind: kindText, size: longestText, nullable: true}
		}
		values[i] = sc.convertTo(c, t).eval(nil)
	}
	if sc.run.err != nil {
		return sc.run.err
	}
	text, _ := values[0].(string)
	e := &sqlError{number: 50000, state: 1, class: 16, text: text}
	switch st.(type) {
	case throwStatement:
		n, _ := values[1].(int64)
		e.number = int(n)
		return thrown{e}
	case raiseStatement:
		n, _ := values[1].(int64)
		e.class = byte(min(max(n, 0), 18))
		if e.class > 10 {
			return e
		}
	case printStatement:
		e.number, e.class = 0, 0
	}
	if err := s.emit(notice(tokenInfo, s.server.host().Name, e)); err != nil {
		return err
	}
	return s.hold(0, commandNone, 0)
}
