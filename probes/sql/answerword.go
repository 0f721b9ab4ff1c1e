package sql

import (
	"fmt"
	"slices"

	"postpatch/probes/fact"
)

// answeredWell is what query and answer say when there was an answer.
const answeredWell = "ok"

// passingErrors are those that pass by themselves: a database that is being recovered (922)
// or whose replica has no role yet (983), a row that somebody else has locked (1222), and
// whoever gives way in a deadlock (1205).
// Source: Microsoft, "Database Engine events and errors".
func passingErrors() []int32 { return []int32{922, 983, 1205, 1222} }

func answersLater() []fact.Value {
	var values []fact.Value
	for _, number := range passingErrors() {
		values = append(values, fact.Text(answerWord(number)))
	}
	return values
}

// answerWord is what a database answered instead of rows.
func answerWord(number int32) string {
	if slices.Contains(passingErrors(), number) {
		return fmt.Sprintf("waiting %d", number)
	}
	return fmt.Sprintf("failed %d", number)
}

// isElsewhere knows the errors of a copy of a database in an availability group that is
// not to be read, and is well: a secondary that lets nobody in (976), or only those with
// read-only intent (978), a primary that does not let these in (979), and a group without
// a secondary for them (982).
// Source: Microsoft, "Database Engine events and errors".
func isElsewhere(number int32) bool { return slices.Contains([]int32{976, 978, 979, 982}, number) }
