package estate

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Table is a table of a user's. A client may write to it as long as the lab runs.
type Table struct {
	Columns Columns `yaml:"columns"`
	Rows    [][]any `yaml:"rows"`   // the cells of each in the order of the columns
	Locked  bool    `yaml:"locked"` // somebody holds it and does not let it go
}

// Columns keep the order in which a file has them.
type Columns []Column

// Column is one column: "nvarchar(50)", "int not null".
type Column struct{ Name, Type string }

// UnmarshalYAML implements yaml.Unmarshaler.
func (c *Columns) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: want a mapping of column to type", n.Line)
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		var column Column
		if err := n.Content[i].Decode(&column.Name); err != nil {
			return err
		}
		if err := n.Content[i+1].Decode(&column.Type); err != nil {
			return err
		}
		*c = append(*c, column)
	}
	return nil
}

// columnTypes are the types that a column may have.
func columnTypes() []string {
	return strings.Fields(`bigint binary bit char date datetime datetime2 datetimeoffset decimal float image int money
		nchar ntext numeric nvarchar real smalldatetime smallint smallmoney sql_variant sysname text time tinyint
		uniqueidentifier varbinary varchar xml`)
}

func (p *parser) checkColumns(n *yaml.Node) {
	p.pairs(n, func(_, value *yaml.Node) {
		p.checkScalar(value, reflect.TypeFor[string](), "")
		word, _, _ := strings.Cut(value.Value, "(")
		word, _, _ = strings.Cut(word, " ")
		if !slices.Contains(columnTypes(), strings.ToLower(word)) {
			p.problemf(value, "want a type of SQL Server like \"nvarchar(50)\", got %q", value.Value)
		}
	})
}
