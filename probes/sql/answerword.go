package sql

import (
	"fmt"
	"slices"

	"postpatch/probes/fact"
)

// answeredWell is what query and answer say when there was an answer.
const answeredWell = "ok"

// passingErrors pass by themselves: a database that is being recovered (922), changes its
// state (952), has yet to synchronize with its partner (956) or has no role yet (983), a
// row that somebody else has locked (1222), and what gives way in a deadlock (1205).
// Source: Microsoft, "Database Engine events and errors 0 to 999" and "1000 to 1999".
func passingErrors() []int32 { return []int32{922, 952, 956, 983, 1205, 1222} }

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

// isElsewhere knows the errors of a copy of a database that is not to be read, and is
// well: a mirror (954), a secondary that lets nobody in (976), or only those with
// read-only intent (978), a primary that does not let these in (979), and a group without
// a secondary for them (982).
// Source: Microsoft, "Database Engine events and errors 0 to 999".
func isElsewhere(number int32) bool { return slices.Contains([]int32{954, 976, 978, 979, 982}, number) }
