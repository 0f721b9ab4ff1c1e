package tds

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
)

// transaction is a session's open one.
type transaction struct {
	count      int // @@TRANCOUNT
	doomed     bool
	descriptor uint64
	before     map[*userTable]saved // what it wrote to, as it was
	points     []savepoint
}

type saved struct {
	rows    [][]any
	dropped bool
}

// savepoint is what a transaction had written by then.
type savepoint struct {
	name   string
	tables map[*userTable]saved
}

// The requests of a transaction manager.
// Source: MS-TDS, "Transaction Manager Request".
const (
	requestBegin    = 5
	requestCommit   = 7
	requestRollback = 8
	requestSave     = 9
)

func (s *session) begin() error {
	s.tran.count++
	if s.tran.count > 1 {
		return nil
	}
	s.tran.descriptor = s.server.nextDescriptor()
	s.tran.before = map[*userTable]saved{}
	return s.emit(envChange(envBegin, s.descriptor(), []byte{0}))
}

// descriptor is the transaction as ENVCHANGE carries it.
func (s *session) descriptor() []byte {
	return binary.LittleEndian.AppendUint64([]byte{8}, s.tran.descriptor)
}

func (s *session) commit() error {
	switch {
	case s.tran.count == 0:
		return failf(3902, 16, "The COMMIT TRANSACTION request has no corresponding BEGIN TRANSACTION.")
	case s.tran.doomed:
		return failf(3930, 16, "The current transaction cannot be committed and cannot support operations that write to "+
			"the log "+
			"file. Roll back the transaction.")
	case s.tran.count > 1:
		s.tran.count--
		return nil
	}
	return s.endTransaction(envCommit)
}

// rollback puts everything back that the transaction wrote; without one, nothing.
func (s *session) rollback() error {
	if s.tran.count == 0 {
		return nil
	}
	for t, was := range s.tran.before {
		s.server.store.replace(t, was.rows, was.dropped)
	}
	return s.endTransaction(envRollback)
}

func (s *session) endTransaction(how byte) error {
	old := s.descriptor()
	s.tran = transaction{}
	s.server.store.release(s)
	return s.emit(envChange(how, []byte{0}, old))
}

// touch keeps what a table was, before the transaction first writes to it.
func (s *session) touch(t *userTable) {
	if s.tran.count == 0 {
		return
	}
	if _, known := s.tran.before[t]; !known {
		s.tran.before[t] = saved{s.server.store.rowsOf(t), t.dropped}
	}
}

func (s *session) runTran(st tranStatement) error {
	switch st.op {
	case "BEGIN":
		return s.begin()
	case "COMMIT":
		return s.commit()
	case "SAVE":
		return s.save(st.name)
	}
	if st.name != "" {
		for i, point := range s.tran.points {
			if point.name == st.name {
				return s.backTo(i)
			}
		}
	}
	if s.tran.count == 0 {
		return failf(3903, 16, "The ROLLBACK TRANSACTION request has no corresponding BEGIN TRANSACTION.")
	}
	return s.rollback()
}

func (s *session) save(name string) error {
	if s.tran.count == 0 {
		return failf(628, 16, "Cannot issue SAVE TRANSACTION when there is no active transaction.")
	}
	point := savepoint{name, map[*userTable]saved{}}
	for t := range s.tran.before {
		point.tables[t] = saved{s.server.store.rowsOf(t), t.dropped}
	}
	s.tran.points = append(s.tran.points, point)
	return nil
}

func (s *session) backTo(i int) error {
	if s.tran.doomed {
		return failf(3931, 16, "The current transaction cannot be committed and cannot be rolled back to a savepoint. "+
			"Roll back the "+
			"entire transaction.")
	}
	for t, first := range s.tran.before {
		was, known := s.tran.points[i].tables[t]
		if !known {
			was = first
		}
		s.server.store.replace(t, was.rows, was.dropped)
	}
	s.tran.points = s.tran.points[:i+1]
	return nil
}

// beginImplicit begins a transaction where SET IMPLICIT_TRANSACTIONS wants one.
func (s *session) beginImplicit(st statement) error {
	if !s.settings.implicit || s.tran.count > 0 {
		return nil
	}
	switch st := st.(type) {
	case selectStatement:
		if len(st.from) == 0 {
			return nil
		}
	case insertStatement, updateStatement, deleteStatement, createStatement, dropStatement:
	default:
		return nil
	}
	return s.begin()
}

// runTransaction answers what a driver asks of the transaction manager.
func (s *session) runTransaction(_ context.Context, body []byte) error {
	r := &reader{body: body}
	request := r.uint16()
	var isolation byte
	if request == requestBegin {
		isolation = r.byte()
	}
	name := fromUCS2(r.take(2 * int(r.byte())))
	if r.err != nil {
		return r.err
	}
	var err error
	switch request {
	case requestBegin:
		levels := []string{"", "READ UNCOMMITTED", "READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE", "SNAPSHOT"}
		if isolation > 0 && int(isolation) < len(levels) {
			s.settings.isolation = levels[isolation]
		}
		err = s.begin()
	case requestCommit:
		err = s.commit()
	case requestRollback:
		err = s.runTran(tranStatement{op: "ROLLBACK", name: name})
	case requestSave:
		err = s.save(name)
	default:
		return errors.New("a request that no transaction manager knows")
	}
	if err != nil {
		if e, isSQL := errors.AsType[*sqlError](err); isSQL {
			return s.fail(e, false)
		}
		return err
	}
	// What is left of a commit or a rollback may begin the next one.
	if request == requestCommit || request == requestRollback {
		if flags := r.byte(); r.err == nil && flags&1 != 0 {
			if err := s.begin(); err != nil {
				return err
			}
		}
	}
	if err := s.hold(0, commandNone, 0); err != nil {
		return err
	}
	return s.endReply()
}

// checkDescriptor compares the transaction that a request says it belongs to with the
// session's.
func (s *session) checkDescriptor(headers []byte) error {
	const transactionHeader = 2
	for len(headers) >= 6 {
		size := int(binary.LittleEndian.Uint32(headers))
		if size < 6 || size > len(headers) {
			return nil
		}
		if binary.LittleEndian.Uint16(headers[4:]) == transactionHeader && size >= 14 {
			var own [8]byte
			binary.LittleEndian.PutUint64(own[:], s.tran.descriptor)
			if !bytes.Equal(headers[6:14], own[:]) {
				return failf(3989, 16, "New request is not allowed to start because it should come with valid transaction "+
					"descriptor.")
			}
			return nil
		}
		headers = headers[size:]
	}
	return nil
}

// leave rolls back what a client left open when it went.
func (s *session) leave() {
	for t, was := range s.tran.before {
		s.server.store.replace(t, was.rows, was.dropped)
	}
	s.server.store.release(s)
}
