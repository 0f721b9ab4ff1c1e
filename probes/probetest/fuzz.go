package probetest

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"postpatch/probes"
	"postpatch/probes/host"
)

// FuzzAnswers holds that whatever a host writes into the answers of recorded
// files, a check of the kind makes only readings that it declares, each once, and
// errors that a person can read. It changes any two cells of a recording, or
// takes a row away, or puts it there twice.
func FuzzAnswers(f *testing.F, kind probes.Kind, args map[string]any, files ...string) {
	f.Helper()
	recorded := make([][]exchange, len(files))
	for i, file := range files {
		recorded[i] = Load(f, kind, file, args).all
		for _, text := range []string{
			"", "-1", "4294967296", "\x1b[31m\n", "'; DROP", `\\?\x`, "null", strings.Repeat("a", 300),
		} {
			f.Add(uint8(i), uint32(len(text)<<16+3*len(text)+1), text)
		}
	}
	f.Fuzz(func(t *testing.T, file uint8, places uint32, text string) {
		answers := recorded[int(file)%len(recorded)]
		probe, err := kind.Build(args)
		if err != nil {
			t.Fatal(err)
		}
		var target probes.Target
		for _, e := range spoiled(answers, [2]uint16{uint16(places), uint16(places >> 16)}, text) {
			target.Answers.Put(e.question, e.answer)
		}
		readings, err := probe.Observe(t.Context(), target)
		for _, problem := range slices.Concat(undeclared(kind, readings), unreadable(err)) {
			if !strings.Contains(problem, "is not for an operator") || !strings.Contains(text, "\n") {
				t.Error(problem)
			}
		}
		for _, r := range readings {
			if n := len(r.Key.Item) + len(r.Value.String()); n > mostBytes+len(text) {
				t.Errorf("reading %s of %.80q has %d bytes", r.Key.Name, r.Key.Item, n)
			}
		}
	})
}

// mostBytes is what the runner takes of a reading.
const mostBytes = 128 << 10

// spoiled is a copy of the answers with two cells changed and one row more or
// less.
func spoiled(answers []exchange, at [2]uint16, text string) []exchange {
	var all []exchange
	rows := 0
	for _, e := range answers {
		copied := exchange{e.question, host.Answer{Err: e.answer.Err}}
		for _, row := range e.answer.Rows {
			copied.answer.Rows = append(copied.answer.Rows, maps.Clone(row))
			rows++
		}
		all = append(all, copied)
	}
	if rows == 0 {
		return all
	}
	for _, place := range at {
		spoilCell(all, int(place)%(rows*20), text)
	}
	e := &all[int(at[0])%len(all)].answer
	if len(e.Rows) == 0 {
		return all
	}
	i := int(at[1]) % len(e.Rows)
	switch at[0] / 5 % 4 {
	case 1:
		e.Rows = append(e.Rows, e.Rows[i])
	case 2:
		e.Rows = slices.Delete(e.Rows, i, i+1)
	}
	return all
}

func spoilCell(all []exchange, place int, text string) {
	how := (place + len(text)) % 3
	for _, e := range all {
		for _, row := range e.answer.Rows {
			names := make([]string, 0, len(row))
			for name := range row {
				names = append(names, name)
			}
			slices.Sort(names)
			if place >= len(names) {
				place -= len(names)
				continue
			}
			switch how {
			case 0:
				row[names[place]] = host.Cell{Text: text}
			case 1:
				row[names[place]] = host.Cell{Null: true}
			default:
				row[names[place]] = host.Cell{List: []string{text, "", text}}
			}
			return
		}
	}
}
