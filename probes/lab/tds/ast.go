package tds

import "time"

// statement is one of those that a batch consists of.
type statement interface{ statement() }

type (
	selectStatement struct {
		with     []cte
		distinct bool
		top      node // nil for all rows
		list     []selected
		into     []string // the name of the table that it makes
		from     []source // the first table and those joined to it; none for no table
		where    node     // nil for all rows
		group    []node   // GROUP BY
		having   node
		sets     []setOperation // UNION and the like, with what comes after
		order    []ordering
		offset   node
		fetch    node
	}
	useStatement    struct{ database string }
	setStatement    struct{ option, value string } // of the session, in upper case
	assignStatement struct {
		variable, op string
		value        node
	}
	declareStatement struct {
		variable string
		typ      colType
		value    node // nil for none
	}
	waitStatement struct{ delay time.Duration }
	ifStatement   struct {
		condition       node
		then, otherwise []statement
	}
	tryStatement    struct{ body, catch []statement }
	tranStatement   struct{ op, name string } // BEGIN, COMMIT, ROLLBACK or SAVE
	printStatement  struct{ text node }
	raiseStatement  struct{ text, severity node }
	throwStatement  struct{ number, text, state node } // nil for the error in hand
	returnStatement struct{}
	// forbiddenStatement is what a login needs more rights for than the lab's have.
	forbiddenStatement struct{ err *sqlError }
	execStatement      struct {
		parts []string
		text  node // EXEC ('…') instead of a name
		args  []argument
	}
)

func (selectStatement) statement()    {}
func (useStatement) statement()       {}
func (setStatement) statement()       {}
func (assignStatement) statement()    {}
func (declareStatement) statement()   {}
func (waitStatement) statement()      {}
func (ifStatement) statement()        {}
func (tryStatement) statement()       {}
func (tranStatement) statement()      {}
func (printStatement) statement()     {}
func (raiseStatement) statement()     {}
func (throwStatement) statement()     {}
func (returnStatement) statement()    {}
func (forbiddenStatement) statement() {}
func (execStatement) statement()      {}

// The statements that write.
type (
	insertStatement struct {
		parts   []string
		columns []string // none for all
		output  []selected
		values  [][]node         // a nil is DEFAULT
		query   *selectStatement // instead of values
		exec    *execStatement   // instead of both
	}
	updateStatement struct {
		target []string
		set    []assignment
		output []selected
		from   []source
		where  node
	}
	deleteStatement struct {
		target []string
		output []selected
		from   []source
		where  node
	}
	createStatement struct {
		parts   []string
		columns []column
	}
	dropStatement struct {
		parts    []string
		ifExists bool
		truncate bool // the rows alone
	}
)

func (insertStatement) statement() {}
func (updateStatement) statement() {}
func (deleteStatement) statement() {}
func (createStatement) statement() {}
func (dropStatement) statement()   {}

// cte is a query that WITH gives a name.
type cte struct {
	name    string
	columns []string
	query   selectStatement
}

type selected struct {
	star   bool
	of     string // of one table alone: t.*
	expr   node
	alias  string
	assign string // the variable that takes it
}

// setOperation joins one more SELECT to the rows before it.
type setOperation struct {
	op    string // UNION, EXCEPT or INTERSECT
	all   bool
	query selectStatement
}

// source is a table in FROM.
type source struct {
	parts   []string // of its name
	alias   string   // the last part where there is no other
	join    joinKind
	on      node             // nil for the first one and for a cross join
	query   *selectStatement // a derived table
	values  [][]node         // a table that is written out
	columns []string         // what its columns are called, where the alias says so
	group   []source         // joins in brackets
	dirty   bool             // reads what is locked
	marked  bool             // what UPDATE or DELETE writes to
}

type joinKind int

const (
	joinInner joinKind = iota
	joinLeft
	joinRight
	joinFull
	joinCross
	joinCrossApply
	joinOuterApply
)

type ordering struct {
	expr node
	desc bool
}

// assignment is one of UPDATE's.
type assignment struct {
	column string
	value  node
}

// argument is one of a procedure's.
type argument struct {
	name  string // with its @; empty when given by position
	value node
	out   string // the variable that takes what it becomes
}

// node is an expression as it was written.
type node interface{ node() }

type (
	literal struct {
		typ   colType
		value any
	}
	variable struct{ name string } // @p1, @@VERSION
	name     struct{ parts []string }
	call     struct {
		name     string
		args     []node
		distinct bool
		star     bool  // COUNT(*)
		over     *over // of a window
	}
	over struct {
		partition []node
		order     []ordering
	}
	conversion struct {
		of    node
		to    colType
		style node // nil for none
		try   bool
	}
	caseNode struct {
		of        node // nil where every WHEN is a condition
		whens     []when
		otherwise node
	}
	when    struct{ condition, then node }
	binary2 struct {
		op          string
		left, right node
	}
	minus  struct{ of node }
	not    struct{ of node }
	isNull struct {
		of  node
		not bool
	}
	in struct {
		of    node
		list  []node
		query *selectStatement
		not   bool
	}
	like struct {
		of, pattern, escape node
		not                 bool
	}
	between struct {
		of, low, high node
		not           bool
	}
	exists   struct{ query selectStatement }
	subquery struct{ query selectStatement }
)

func (literal) node()    {}
func (variable) node()   {}
func (name) node()       {}
func (call) node()       {}
func (conversion) node() {}
func (caseNode) node()   {}
func (binary2) node()    {}
func (minus) node()      {}
func (not) node()        {}
func (isNull) node()     {}
func (in) node()         {}
func (like) node()       {}
func (between) node()    {}
func (exists) node()     {}
func (subquery) node()   {}

// isCondition tells what is true, false or unknown from what has a value: neither
// stands in the other's place.
func isCondition(n node) bool {
	switch n := n.(type) {
	case not, isNull, in, like, between, exists:
		return true
	case binary2:
		switch n.op {
		case "AND", "OR", "=", "<>", "!=", "<", "<=", ">", ">=":
			return true
		}
	}
	return false
}
