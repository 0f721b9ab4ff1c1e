package choice_test

import (
	"errors"
	"testing"

	"postpatch/probes"
	"postpatch/probes/internal/choice"
)

func TestWords(t *testing.T) {
	known := []string{"a", "b"}
	for name, tt := range map[string]struct {
		err  error
		want string
	}{
		"known ones":         {choice.Some("part", known, "b", "a"), ""},
		"one that is not":    {choice.Some("part", known, "a", "c"), `must be a, b, got "c"`},
		"in another case":    {choice.Check("part", known, "A"), `must be a, b, got "A"`},
		"none":               {choice.Check("part", known), ""},
		"none of some":       {choice.Some("part", known), "the list is empty: want a, b"},
		"an empty one alone": {choice.Check("part", known, ""), `must be a, b, got ""`},
	} {
		var field *probes.FieldError
		if is := errors.As(tt.err, &field); is != (tt.want != "") || is && (field.Field != "part" || field.Msg != tt.want) {
			t.Errorf("%s: got %v, want %q", name, tt.err, tt.want)
		}
	}
}

func TestAllBut(t *testing.T) {
	some := []string{"a", "b"}
	for name, err := range map[string]error{
		"all":                  choice.AllBut(nil, "doors", "door", nil),
		"all but some":         choice.AllBut(some, "doors", "door", nil),
		"those that are named": choice.AllBut(nil, "doors", "door", some),
	} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	var field *probes.FieldError
	err := choice.AllBut([]string{"b"}, "doors", "door", some)
	want := `goes with all doors only: leave "b" out of door`
	if !errors.As(err, &field) || field.Field != "except" || field.Msg != want {
		t.Errorf("named ones but some: got %v, want %q", err, want)
	}
}
