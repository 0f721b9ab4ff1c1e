package tds

import "errors"

// state is what a session keeps between the statements of a batch, and some of it
// between batches.
type state struct {
	settings  settings
	tran      transaction
	temps     map[string]*userTable // #tables
	rowCount  int                   // @@ROWCOUNT
	lastError int                   // @@ERROR
	caught    *sqlError             // what a CATCH is about
	tries     int                   // TRY blocks around
	nested    int                   // calls around
	captured  *[][]any              // rows go here instead of to the client
	fromCall  bool                  // the error in hand is of a call inside of TRY
	inCall    bool                  // the answer is that of a call
	held      *heldDone
}

// settings are what SET sets.
type settings struct {
	lockTimeout int // in milliseconds, -1 for no end
	rowCount    int // 0 for all
	xactAbort   bool
	noCount     bool
	implicit    bool // a transaction begins by itself
	isolation   string
}

func newState() state {
	return state{settings: settings{lockTimeout: -1, isolation: "READ COMMITTED"}, temps: map[string]*userTable{}}
}

// The ends of a batch before its last statement.
var (
	errAborted = errors.New("the batch was aborted")
	errEnded   = errors.New("the text was aborted") // the batch, or what EXEC runs
	errReturn  = errors.New("the batch returned")
)

// heldDone is a DONE that is not sent yet: whether more follows shows later.
type heldDone struct {
	token           byte
	status, command uint16
	rows            int
}

// emit writes tokens behind those that were held back.
func (s *session) emit(tokens ...[]byte) error {
	if h := s.held; h != nil {
		s.held = nil
		if err := s.write(done(h.token, h.status|doneMore, h.command, h.rows)); err != nil {
			return err
		}
	}
	return s.write(tokens...)
}

// hold ends the answer to a statement.
func (s *session) hold(status, command uint16, rows int) error {
	err := s.emit()
	token := byte(tokenDone)
	if s.inCall || s.nested > 0 {
		token = tokenDoneInProc
	}
	s.held = &heldDone{token, status, command, rows}
	return err
}

// endReply ends the answer to a batch or a call.
func (s *session) endReply() error {
	if s.inCall {
		s.inCall = false
		return s.emit([]byte{tokenReturnStatus, 0, 0, 0, 0}, done(tokenDoneProc, 0, commandNone, 0))
	}
	h := s.held
	s.held = nil
	if h == nil {
		return s.write(done(tokenDone, 0, commandNone, 0))
	}
	if h.token != tokenDone { // of a call at the batch's end
		return s.write(done(h.token, h.status|doneMore, h.command, h.rows), done(tokenDone, 0, commandNone, 0))
	}
	return s.write(done(h.token, h.status, h.command, h.rows))
}

// reset makes of a session what it was after the login, because a pool hands it on.
func (s *session) reset() error {
	err := s.rollback()
	before := s.database
	s.state = newState()
	s.database = "master"
	if name, _, found := findDatabase(s.sql(), s.login.database); found {
		s.database = name
	}
	tokens := [][]byte{envChange(envReset, []byte{0}, []byte{0})}
	if s.database != before {
		tokens = append(tokens, envChange(envDatabase, shortText(s.database), shortText(before)))
	}
	return errors.Join(err, s.write(tokens...))
}

const (
	envBegin    = 8
	envCommit   = 9
	envRollback = 10
	envReset    = 18
)
