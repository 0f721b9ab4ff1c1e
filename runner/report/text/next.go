package text

import (
	"slices"
	"strings"

	"postpatch/runner/report"
	"postpatch/runner/report/fold"
)

// next gives the commands that the reader wants now.
func (v *view) next(b *strings.Builder, s report.Summary) {
	if v.run.Command == "capture" && v.run.Name != "" && (s.ExitCode == 0 || s.ExitCode == 1 || s.ExitCode == 3) {
		v.stored(b, s.Unfinished)
	}
	if len(s.Next) == 0 {
		return
	}
	b.WriteString("\n")
	label := "Next     "
	for _, command := range s.Next {
		b.WriteString(label + command + "\n")
		label = "         "
	}
}

// nextOf is the command that looks again at what an entry tells, once somebody has mended
// it.
func nextOf(s report.Summary, e *fold.Entry) string {
	if e.Group == fold.Unreachable {
		return s.AwaitAgain(e.Hosts)
	}
	check := e.Check.ID
	if e.Check.OfRun() {
		check = ""
	}
	return s.AskAgain(e.Hosts, check)
}

// nextBelow puts the command below the first of the blocks, unless the block after it has the
// same one. It stays whole, since it is to be copied.
func (v *view) nextBelow(b *strings.Builder, blocks []*fold.Entry) {
	next := nextOf(v.sum, blocks[0])
	if next == "" || len(blocks) > 1 && nextOf(v.sum, blocks[1]) == next {
		return
	}
	indent, label := v.margin(blocks[0])
	b.WriteString(indent + v.pen.dim(padded("next", label)) + "  " + next + "\n")
}

// rest says how what is left out of a list is seen.
func (v *view) rest(flag string) string {
	if v.sum.Retell != "" {
		return ": " + v.sum.Retell + " " + flag
	}
	return " (" + flag + " lists them)"
}

// notes are sentences of the hosts, and how many there are beside those that are kept.
type notes struct {
	kept []string
	more int
}

func (n *notes) add(all []string, keep bool) {
	for _, note := range all {
		if keep || len(n.kept) < groupLimit {
			n.kept = append(n.kept, note)
		} else {
			n.more++
		}
	}
}

// hostNotes are those of the hosts, and of very many the first ones.
func (v *view) hostNotes() []string {
	if v.notes.more == 0 {
		return v.notes.kept
	}
	return append(slices.Clone(v.notes.kept), report.Thousands(v.notes.more)+" more of this sort"+v.rest("-vv"))
}
