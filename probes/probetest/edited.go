package probetest

import (
	"testing"

	"postpatch/probes"
	"postpatch/probes/host"
)

// Edited is Recorded with the rows of each answer as edit returns them; it may
// change the rows that it is given. Question is as the recording writes it.
func Edited(
	t testing.TB, file string, kind probes.Kind, edit func(question string, rows []host.Row) []host.Row,
) host.Answers {
	t.Helper()
	var answers host.Answers
	for _, e := range record(t, file, kind, nil) {
		if e.answer.Err == nil {
			e.answer.Rows = edit(e.question.String(), e.answer.Rows)
		}
		answers.Put(e.question, e.answer)
	}
	return answers
}
