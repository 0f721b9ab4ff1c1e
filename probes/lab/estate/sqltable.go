package estate

import (
	"fmt"

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
