package history

import (
	"slices"
	"strings"

	"postpatch/runner/report"
)

// column is one of a table. Its cells are plain; color paints them once they are padded.
type column struct {
	title, short string
	long         string // the title, once the short one stands there
	cells, brief []string
	color        func(row int) string
	left         bool // aligned
	least        int  // how narrow it may become; 0 for not at all
	spare        int  // the highest goes first where there is no room; 0 never goes
	rare         bool // it goes first where every cell is empty
}

// beside is the least spare of columns that are nothing but a convenience, which nobody
// has to be told of that they are not there.
const beside = 8

// table is columns that are fitted into the room that there is.
type table struct {
	pen     pen
	columns []column
	gap     int
	gone    []string // the titles of the columns that had no room
}

func (c column) width() int {
	n := report.Columns(c.title)
	for _, cell := range c.cells {
		n = max(n, report.Columns(cell))
	}
	return n
}

// isEmpty says whether there is nothing in it to be told.
func (c column) isEmpty() bool {
	return !slices.ContainsFunc(c.cells, func(cell string) bool { return cell != "" && cell != "0" && cell != "-" })
}

// counting paints what is not nothing.
func (c column) counting(color string) column {
	cells := c.cells
	c.color = func(row int) string {
		if cells[row] == "0" {
			return faint
		}
		return color
	}
	return c
}

func (t *table) width() int {
	n := -t.gap
	for _, c := range t.columns {
		n += c.width() + t.gap
	}
	return n
}

// fit makes the table as narrow as it has to be, by what costs the reader least first.
func (t *table) fit() {
	t.gap = 2
	for _, step := range []func(){
		func() {
			t.columns = slices.DeleteFunc(t.columns, func(c column) bool { return c.rare && c.isEmpty() })
		},
		t.shorten,
		func() { t.drop(beside) },
		func() { t.gap = 1 },
		func() { t.narrow(2) },
		func() { t.narrow(1) },
		func() { t.drop(1) },
	} {
		if t.over() <= 0 {
			return
		}
		step()
	}
}

func (t *table) over() int { return t.width() - t.pen.Width }

func (t *table) shorten() {
	for i := range t.columns {
		c := &t.columns[i]
		if c.short != "" {
			c.long, c.title = c.title, c.short
		}
		if c.brief != nil {
			c.cells = c.brief
		}
	}
}

// legend says what short titles stand for.
func (t *table) legend() string {
	var words []string
	for _, c := range t.columns {
		if c.long != "" {
			words = append(words, c.title+" "+c.long)
		}
	}
	return strings.Join(words, ", ")
}

// drop leaves columns out that can be spared, those of the highest number first.
func (t *table) drop(least int) {
	for t.over() > 0 {
		at, most := -1, least-1
		for i, c := range t.columns {
			if c.spare > most {
				at, most = i, c.spare
			}
		}
		if at < 0 {
			return
		}
		if most < beside {
			t.gone = append(t.gone, t.columns[at].title)
		}
		t.columns = slices.Delete(t.columns, at, at+1)
	}
}

// narrow takes of the columns that may become narrower, down to so many times the least.
func (t *table) narrow(times int) {
	for i := range t.columns {
		c := &t.columns[i]
		by := t.over()
		if c.least == 0 || by <= 0 || c.width() <= times*c.least {
			continue
		}
		to := max(times*c.least, c.width()-by)
		for n := range c.cells {
			c.cells[n] = t.pen.cut(c.cells[n], to)
		}
		c.title = t.pen.cut(c.title, to)
	}
}

// write writes the table; indent is before each row.
func (t *table) write(b *strings.Builder, rows int) {
	put := func(paint func(c column, text string) string, text func(c column) string) {
		var parts []string
		for _, c := range t.columns {
			cell := aligned(text(c), c.width())
			if c.left {
				cell = padded(text(c), c.width())
			}
			parts = append(parts, paint(c, cell))
		}
		b.WriteString(strings.Join(parts, strings.Repeat(" ", t.gap)) + "\n")
	}
	put(func(_ column, text string) string { return t.pen.paint(text, faint) }, func(c column) string { return c.title })
	for row := range rows {
		put(func(c column, text string) string {
			if c.color == nil {
				return text
			}
			return t.pen.paint(text, c.color(row))
		}, func(c column) string { return c.cells[row] })
	}
}
