package assert

import (
	"errors"
	"fmt"
	"iter"
	"math"
	"time"

	"github.com/expr-lang/expr"

	"postpatch/suites/expect"
)

// function is one of ours, beside the language's own.
type function struct {
	name   string
	call   func(args ...any) (any, error)
	shapes []any // pointers to functions of the types that it has
}

func functions() []function {
	return []function{
		{"date", date, []any{new(func(string) time.Time)}},
		{"compareVersions", compareVersions, []any{new(func(string, string) int)}},
		{"covers", covers, []any{
			new(func([]string, []string) bool), new(func([]string, []any) bool), new(func([]any, []string) bool),
		}},
	}
}

// date reads an instant as an expectation does: nothing of it depends on where
// postpatch runs.
func date(args ...any) (any, error) {
	text, _ := args[0].(string)
	t, ok := expect.Time(text)
	if !ok {
		return nil, fmt.Errorf("want a time like 2026-11-23T22:15:00Z or 2026-11-23, got %.80q", text)
	}
	return t.UTC(), nil
}

func compareVersions(args ...any) (any, error) {
	a, _ := args[0].(string)
	b, _ := args[1].(string)
	order, ok := expect.CompareVersions(a, b)
	if !ok {
		return nil, fmt.Errorf("want version numbers like 15.2.1748.10, got %.80q and %.80q", a, b)
	}
	return order, nil
}

// covers says whether all elements of the second are in the first. Written as
// all(b, # in a) it would take the product of their sizes.
func covers(args ...any) (any, error) {
	has := map[any]bool{}
	for elem := range elements(args[0]) {
		has[elem] = true
	}
	for elem := range elements(args[1]) {
		if !has[elem] {
			return false, nil
		}
	}
	return true, nil
}

// elements are those of a set, or of a list that is written out.
func elements(list any) iter.Seq[any] {
	return func(yield func(any) bool) {
		switch list := list.(type) {
		case []string:
			for _, elem := range list {
				if !yield(elem) {
					return
				}
			}
		case []any:
			for _, elem := range list {
				if !yield(elem) {
					return
				}
			}
		}
	}
}

// nameOfScaled is the function in place of * between a duration and a fraction, for
// which the language has a type and no result.
const nameOfScaled = " scaled"

func scaled() expr.Option {
	return expr.Function(nameOfScaled, func(args ...any) (any, error) {
		d, isDuration := args[0].(time.Duration)
		factor, isFactor := args[1].(float64)
		if !isDuration {
			d, isDuration = args[1].(time.Duration)
			factor, isFactor = args[0].(float64)
		}
		product := float64(d) * factor
		if !isDuration || !isFactor || !(math.Abs(product) < math.MaxInt64) {
			return nil, errors.New("the product is no duration")
		}
		return time.Duration(product), nil
	})
}
