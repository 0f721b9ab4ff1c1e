package cim_test

import (
	"errors"
	"strings"
	"testing"

	"postpatch/probes"
	"postpatch/probes/cim"
)

func columns(n int) (all []string) {
	for i := range n {
		all = append(all, "c"+strings.Repeat("x", i))
	}
	return all
}

// Each of these would ask something else than it says, or nothing that helps; it
// is refused before anything is sent, by the name of the parameter.
func TestBadParameters(t *testing.T) {
	for name, tt := range map[string]struct {
		args        map[string]any
		field, want string
	}{
		"no class":                   {map[string]any{"key": "Name"}, "class", "missing"},
		"no key":                     {map[string]any{"class": "Win32_Share"}, "key", "missing"},
		"a query as class":           {shareArgs("class", "Win32_Share WHERE Name='x'"), "class", "letters, digits"},
		"associators":                {shareArgs("class", "{Win32_Share.Name='x'}"), "class", "letters, digits"},
		"a long class":               {shareArgs("class", strings.Repeat("x", 200)), "class", "letters, digits"},
		"a class that repairs":       {shareArgs("class", "win32_PRODUCT"), "class", "repair every installed package"},
		"a class above it":           {shareArgs("class", "CIM_ManagedSystemElement"), "class", "repair"},
		"a list as key":              {shareArgs("key", "Name, Path"), "key", "letters, digits"},
		"WMI's own column as key":    {shareArgs("key", "__RELPATH"), "key", "WMI's own"},
		"every column":               {shareArgs("columns", []string{"*"}), "columns", "letters, digits"},
		"a quote in a column":        {shareArgs("columns", []string{"Path'"}), "columns", "letters, digits"},
		"a newline in a column":      {shareArgs("columns", []string{"Path\nFROM x"}), "columns", "letters, digits"},
		"letters of another script":  {shareArgs("lists", []string{"Größe"}), "lists", "letters, digits"},
		"a column twice":             {shareArgs("columns", []string{"Path", "PATH"}), "columns", "twice"},
		"a column that is a list":    {shareArgs("columns", []string{"Path"}, "lists", []string{"path"}), "lists", "twice"},
		"the key again":              {shareArgs("columns", []string{"name"}), "columns", "the key already"},
		"many columns":               {shareArgs("columns", columns(31)), "columns", "at most 30"},
		"another machine":            {shareArgs("namespace", `\\dc01\root\cimv2`), "namespace", "from root on"},
		"a namespace without root":   {shareArgs("namespace", "cimv2"), "namespace", "from root on"},
		"a namespace that goes up":   {shareArgs("namespace", "root/../x"), "namespace", "from root on"},
		"a namespace with a query":   {shareArgs("namespace", "root/cimv2?x"), "namespace", "from root on"},
		"a long namespace":           {shareArgs("namespace", "root/"+strings.Repeat("x", 300)), "namespace", "from root on"},
		"every file":                 {shareArgs("class", "CIM_DataFile"), "where", "takes a host minutes"},
		"every file, said nicely":    {shareArgs("class", "cim_datafile", "where", "  "), "where", "takes a host minutes"},
		"two lines":                  {shareArgs("where", "Type = 0\nOR Type = 1"), "where", "one line"},
		"bytes that are no text":     {shareArgs("where", "Name = '\xff'"), "where", "one line"},
		"a text without end":         {shareArgs("where", "Name = 'x"), "where", "never closed"},
		"an end that is escaped":     {shareArgs("where", `Name = 'x\'`), "where", "never closed"},
		"another statement":          {shareArgs("where", "Type = 0; SELECT * FROM x"), "where", "';'"},
		"a subquery":                 {shareArgs("where", "Type = (select Type from Win32_Share)"), "where", "SELECT"},
		"an event query":             {shareArgs("where", "Type = 0 GROUP WITHIN 5"), "where", "GROUP"},
		"the word itself":            {shareArgs("where", "WHERE Type = 0"), "where", "leave out the word"},
		"a bracket without end":      {shareArgs("where", "(Type = 0"), "where", "never closed"},
		"a bracket without a begin":  {shareArgs("where", "Type = 0) OR (Type = 1"), "where", "never opened"},
		"a condition without an end": {shareArgs("where", strings.Repeat("x", 1001)), "where", "at most 1000"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := cim.Kind.Build(tt.args)
			var field *probes.FieldError
			if !errors.As(err, &field) || field.Field != tt.field || !strings.Contains(field.Msg, tt.want) {
				t.Errorf("got %v, want %s: … %s", err, tt.field, tt.want)
			}
		})
	}
}

// What looks odd and is right.
func TestGoodParameters(t *testing.T) {
	for name, args := range map[string]map[string]any{
		"quotes, words and signs in texts": shareArgs("where", `Name = "it's; SELECT {x}" AND Path LIKE 'C:\\from\\%'`),
		"nested":                           shareArgs("where", "NOT (Type = 0 OR (Type = 1 AND Name IS NOT NULL))"),
		"words as parts of names":          shareArgs("where", "FromDate > 1 AND Select2 = 1"),
		"a file of a folder":               shareArgs("class", "CIM_DataFile", "where", `Path = '\\x\\'`),
		"a namespace in any spelling":      shareArgs("namespace", `ROOT\StandardCimv2`),
		"root itself":                      shareArgs("namespace", "root", "class", "__NAMESPACE"),
	} {
		if _, err := cim.Kind.Build(args); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whatever the condition is, checking it ends and never panics; what passes has
// no statement outside its texts.
func FuzzWhere(f *testing.F) {
	for _, where := range []string{"Type = 0", `Name = 'a\'b' OR (x)`, "'\\", "a;b", "\"';'\"", "SELECT", "((", ""} {
		f.Add(where)
	}
	f.Fuzz(func(t *testing.T, where string) {
		_, err := cim.Kind.Build(shareArgs("where", where))
		if err == nil && strings.Contains(where, ";") && !strings.ContainsAny(where, `'"`) {
			t.Errorf("%q was taken", where)
		}
	})
}
