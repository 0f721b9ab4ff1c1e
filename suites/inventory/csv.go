package inventory

import (
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// Table is a table of CSV: RFC 4180, with a header.
type Table struct {
	Header []string
	rows   []row
}

type row struct {
	cells []string
	at    []place
}

// maxColumns bounds a table's width.
const maxColumns = 1000

// ReadTable reads a table. The delimiter is one of , ; and tab; 0 finds it by the
// header, preferring one under which a column has the wanted name.
func ReadTable(text string, delimiter rune, wanted string) (*Table, []Problem) {
	var found problems
	text, said, skipped := separator(text)
	if delimiter == 0 {
		if delimiter = said; said == 0 {
			delimiter = delimiterOf(text, wanted)
		}
	}
	r := csv.NewReader(strings.NewReader(text))
	r.Comma, r.FieldsPerRecord, r.TrimLeadingSpace = delimiter, -1, delimiter != '\t'
	all := lines(text)
	t := &Table{}
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			found.add(wrongAt(err, all, skipped), "a text with a quote in it is in quotes, and the quote is doubled",
				"this is no CSV: %s", csvReason(err))
			return nil, found.list
		}
		at := make([]place, len(cells))
		for i := range cells {
			line, column := r.FieldPos(i)
			at[i] = place{line + skipped, inCharacters(all, line, column)}
			cells[i] = strings.TrimSpace(cells[i])
		}
		switch {
		case len(cells) > maxColumns:
			found.add(at[0], "", "more than %d columns", maxColumns)
			return nil, found.list
		case t.Header == nil:
			t.Header = slices.Clone(cells)
			t.header(at, &found)
		case strings.Join(cells, "") == "": // Excel leaves such lines at the end
		case len(cells) != len(t.Header):
			found.add(at[0], "a text with the delimiter in it is put in quotes",
				"the line has %d columns, and the header has %d", len(cells), len(t.Header))
		case len(t.rows) == MaxHosts:
			found.add(at[0], "make several files of it", "the list has more than %d lines", MaxHosts)
			return nil, found.list
		default:
			t.rows = append(t.rows, row{cells, at})
		}
	}
	if t.Header == nil {
		found.add(place{}, "the first line names the columns", "the table is empty")
		return nil, found.list
	}
	return t, found.list
}

// header reports columns that cannot be told apart.
func (t *Table) header(at []place, found *problems) {
	first := map[string]int{}
	for i, name := range t.Header {
		key := strings.ToLower(name)
		if k, twice := first[key]; twice && name != "" {
			found.add(at[i], "rename one of them", "column %q is there twice, first as number %d", shorten(name), k+1)
			continue
		}
		first[key] = i
	}
}

// separator takes off the line "sep=;" that Excel understands.
func separator(text string) (rest string, delimiter rune, skipped int) {
	line, rest, _ := strings.Cut(text, "\n")
	line = strings.TrimSuffix(line, "\r")
	if value, found := strings.CutPrefix(strings.ToLower(line), "sep="); found && len(value) == 1 &&
		slices.Contains(Delimiters(), rune(value[0])) {
		return rest, rune(value[0]), 1
	}
	return text, 0, 0
}

// Delimiters are those that a table can have.
func Delimiters() []rune { return []rune{',', ';', '\t'} }

// delimiterOf finds it by the header.
func delimiterOf(text, wanted string) rune {
	best, most := ',', -1
	for _, d := range Delimiters() {
		r := csv.NewReader(strings.NewReader(text))
		r.Comma, r.FieldsPerRecord = d, -1
		cells, err := r.Read()
		if err != nil {
			continue
		}
		weight := len(cells)
		if slices.ContainsFunc(cells, func(c string) bool { return strings.EqualFold(strings.TrimSpace(c), wanted) }) {
			weight += maxColumns
		}
		if weight > most {
			best, most = d, weight
		}
	}
	return best
}

func wrongAt(err error, all []string, skipped int) place {
	if wrong, is := errors.AsType[*csv.ParseError](err); is {
		return place{wrong.Line + skipped, inCharacters(all, wrong.Line, wrong.Column)}
	}
	return place{}
}

// csvReason is what is wrong, without the place that the error has in it.
func csvReason(err error) string {
	if wrong, is := errors.AsType[*csv.ParseError](err); is {
		return wrong.Err.Error()
	}
	return err.Error()
}

// inCharacters is a column that was counted in bytes.
func inCharacters(all []string, line, column int) int {
	if line < 1 || line > len(all) {
		return column
	}
	text := all[line-1]
	return utf8.RuneCountInString(text[:min(max(column-1, 0), len(text))]) + 1
}

// Columns says which columns of a table are what, by their numbers from 0; -1 for
// none.
type Columns struct {
	Name, Address, Tags int
	Vars                map[string]int // variables
	// Where is what a line's cells have to be, for it to be taken.
	Where map[int]func(cell string) bool
}

// Hosts makes hosts of a table's lines.
func (t *Table) Hosts(c Columns) ([]Host, []Problem) {
	var hosts []Host
	var found problems
	for _, r := range t.rows {
		if !r.taken(c.Where) {
			continue
		}
		h := Host{Name: r.cells[c.Name], Line: r.at[c.Name].line, Column: r.at[c.Name].column}
		if h.Name == "" {
			found.add(r.at[c.Name], "fill it in, or leave the line out by where:", "the line has no %q",
				shorten(t.Header[c.Name]))
			continue
		}
		if c.Address >= 0 {
			h.Address = r.cells[c.Address]
		}
		if c.Tags >= 0 {
			h.Groups = tags(r.cells[c.Tags])
		}
		for name, i := range c.Vars {
			value := r.cells[i]
			switch {
			case value == "": // nothing is said of it
				continue
			case len(value) > maxValue:
				found.add(r.at[i], "", "a value of more than %d KiB", maxValue>>10)
			case strings.Contains(value, "{{"):
				h.unread(name, "a template, which is not evaluated")
			default:
				if h.Vars == nil {
					h.Vars = make(map[string]string, len(c.Vars))
				}
				h.Vars[name] = value
			}
		}
		hosts = append(hosts, h)
	}
	return hosts, found.list
}

func (h *Host) unread(name, why string) {
	if h.Unread == nil {
		h.Unread = map[string]string{}
	}
	h.Unread[name] = why
}

func (r row) taken(where map[int]func(string) bool) bool {
	for i, wanted := range where {
		if !wanted(r.cells[i]) {
			return false
		}
	}
	return true
}

// tags are those of a cell: several stand apart by , ; or |.
func tags(cell string) []string {
	var all []string
	for _, tag := range strings.FieldsFunc(cell, func(c rune) bool { return strings.ContainsRune(",;|", c) }) {
		if tag = Tag(tag); tag != "" {
			all = append(all, tag)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Tag makes of a text what a tag can be: letters, digits, ".", "_" and "-"; what
// else there is becomes a "_", as in Ansible's names of groups.
func Tag(text string) string {
	return strings.Map(func(c rune) rune {
		if isLetter(c) || c >= '0' && c <= '9' || strings.ContainsRune("._-", c) {
			return c
		}
		return '_'
	}, strings.TrimSpace(text))
}
