package probes

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"postpatch/probes/fact"
)

// None is what a list, a map or a text is that is not given, unless its parameter says
// otherwise.
const None = "none"

// Otherwise is what the parameter is where it is not given: "required", a value with its
// unit, or words in place of one.
func (p Param) Otherwise() string {
	switch {
	case p.Required:
		return "required"
	case p.Default == "":
		return p.Absent
	case p.Unit != "":
		return p.Default + " " + p.Unit
	default:
		return p.Default
	}
}

// Short says whether a value alone, "kind: value", is enough for a check: no parameter but
// the main one is required.
func (k Kind) Short() bool {
	return k.Main != "" && !slices.ContainsFunc(k.Params, func(p Param) bool { return p.Required && p.Name != k.Main })
}

// What is what the parameter says, and the words that it may be.
func (p Param) What() string {
	if len(p.Words) == 0 {
		return p.Doc
	}
	return p.Doc + " Known: " + strings.Join(p.Words, ", ") + "."
}

// TypeName is the type as pages show it, with its unit: "whole number (KB)".
func (p Param) TypeName() string { return withUnit(string(p.Type), p.Unit) }

// TypeName is the type as pages show it, with its unit or with what is counted: "int
// (days)".
func (r ReadingSpec) TypeName() string {
	if r.Unit == "" {
		return withUnit(r.Type.String(), r.Of)
	}
	return withUnit(r.Type.String(), r.Unit)
}

func withUnit(name, unit string) string {
	if unit == "" {
		return name
	}
	return name + " (" + unit + ")"
}

// Expected is what the kind itself expects, in words; "-" for nothing.
func (r ReadingSpec) Expected() string {
	kept := r.Keep + ", if it was so before"
	switch {
	case r.Expect == "" && r.Keep == "":
		return "-"
	case r.Keep == "":
		return r.Expect
	case r.Expect == "":
		return kept
	default:
		return r.Expect + "; " + kept
	}
}

// Compared is how the reading is compared with its baseline unless a suite says
// otherwise, and what a change is worth; "-" for nothing.
func (r ReadingSpec) Compared() (rule, change string) {
	switch {
	case r.Evidence && r.Rule.Op == fact.Ignore:
		return "evidence", "-"
	case r.Rule.Op == fact.Ignore:
		return r.Rule.String(), "-"
	default:
		return r.Rule.String(), r.Severity.String()
	}
}

// written is a default as a suite would write it.
func written(value any) string {
	switch v := value.(type) {
	case []string:
		return "[" + strings.Join(v, ", ") + "]"
	case []int:
		return strings.ReplaceAll(fmt.Sprint(v), " ", ", ")
	case time.Duration:
		text := v.String()
		if v%time.Minute == 0 {
			text = strings.TrimSuffix(text, "0s")
		}
		if v%time.Hour == 0 {
			text = strings.TrimSuffix(text, "0m")
		}
		return text
	default:
		return fmt.Sprint(v)
	}
}
