package probes

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"postpatch/probes/fact"
)

// Kind is what a check can look at, as data: it can be listed, documented and
// checked before anything is sent. Define completes it.
type Kind struct {
	Name     string        // what a suite calls it: "http"
	Doc      string        // one sentence: what it looks at
	Item     string        // what an item of it is: "the service's name"
	Items    Naming        // when two names mean the same item
	Main     string        // the parameter that `kind: value` fills
	Example  string        // an entry of a suite's checks, as YAML
	Readings []ReadingSpec // all that it may report
	// Notes are sentences that explain prints below the example: what the account has
	// to be allowed, lists that the kind brings along.
	Notes []string
	// Setup is a script, line by line, that an administrator runs once on a server: what it
	// grants is what the account of the checks needs.
	Setup []string
	// Credential is the use for which its probes want one, "sql"; empty for none.
	// What asks through a host's session needs none of its own.
	Credential string
	// Settles is the role whose time to settle after a reboot its checks have, "sql";
	// empty for the time that every host has.
	Settles string
	// Timeout is how long one of its checks that go out from the runner may take, unless
	// the suite says otherwise; 0 for what all may.
	Timeout time.Duration
	// Final are patterns of items, with * and ?, that tell, where they are new, that what
	// a role waits for will not come: the event of an upgrade that failed. By the role.
	Final map[string][]string
	// RunsCode says that its checks run on the host what the suite brings: the
	// operator has to allow that.
	RunsCode bool
	// Words are the only ones that some of its parameters take, by the parameter.
	Words  map[string][]string
	Params []Param // filled in by Define from the parameter struct

	build func(args map[string]any) (Probe, error)
}

// ReadingSpec declares one reading of a kind.
type ReadingSpec struct {
	Name string
	Type fact.Type
	Unit string // "%", "days", which an expectation may write; empty where the type says it all
	Of   string // what a number without a unit is one of: "messages", or "a code" that counts nothing
	Doc  string // one line
	// Values are the texts that it can be; none where that is open.
	Values   []string
	Rule     fact.Rule
	Severity fact.Severity // of a change that the rule does not allow
	// Expect is what is expected unless the suite says otherwise, in the words
	// of a suite's expect; empty expects nothing.
	Expect string
	// Keep, instead of Expect, is expected only of what met it at the baseline:
	// what ran before has to run again, and what did not may do as it likes.
	Keep string
	// Gate says that where it is not as expected the other readings of its item, or of
	// the whole check when its item is "", cannot be there: of a page that does not
	// answer nobody needs to hear that its status has gone, too. Nothing else speaks
	// for what is missing.
	Gate bool
	// Excused are the values that neither meet nor miss what the kind expects, where
	// it was met at the baseline: a service that Windows has yet to start. To change
	// to one, or from one, is no drift. They excuse nothing that the suite itself
	// expects, and nothing without a baseline: another reading has to tell of them.
	Excused []fact.Value
	// Pending are such values that are about to be as the kind expects: at the
	// baseline they count as met by what is to be kept.
	Pending []fact.Value
	// Waits are the values by which a host itself says that it is on its way, and has to
	// be waited for after a reboot.
	Waits []fact.Value
	// Refused are the values after which a check is asked no more than once again in a
	// run that waits: every login that is refused counts toward the lock of its account.
	Refused []fact.Value
	// Unseen are the values that mean "could not be observed": where more than the kind
	// itself is expected of the reading, they leave the check unknown.
	Unseen []fact.Value
	// Behind is a reading of the item "" that tells whether this one was looked at at all:
	// where it is Unseen, or not there, this one is neither gone nor new. Where it is Unseen
	// and something is wanted of this one, or it was looked at at the baseline, the check is
	// unknown. It may be a reading of this one's own item, too, and has one behind it then:
	// where that is Unseen, this one can be seen from another host, and nothing is wanted
	// of it here.
	Behind string
	// Partial says that items of the same sort may be without it: what a suite expects of
	// it binds those alone that have it, or had it.
	Partial bool
	// Silence are the values that mean "nothing answered", by which the runner
	// tells a dead host.
	Silence []fact.Value
	Role    Role
	// Trend, unless it is 0, is by how many percent it may grow from one pass after the
	// patch to the next; of numbers and durations.
	Trend float64
	// Fallback is compared only where the check was not observed whole, now or at the
	// baseline: elsewhere what is counted item by item tells the same, and more.
	Fallback bool
	// Evidence is shown beside a finding of the same item, and of the item "", to
	// tell why: an exit code, the service that another waits for, an error's text.
	Evidence bool
}

// Role marks readings that the runner itself needs to know.
type Role int

// The roles.
const (
	NoRole       Role = iota
	BootTime          // when the host was started
	IdentityRole      // which machine it is
	// Boots is a set with one element for each time the host was started. An element
	// begins with that time, in RFC 3339 to the second and in UTC, and a space; it is
	// recorded once, so that one boot always has the same time and two never do. What
	// follows says why, and may become known only later.
	Boots
	// Uptime is how long the host has been running when it told so: its own clock less
	// its boot time, which a clock that is set moves together.
	Uptime
	// ClockSkew is how far the host's clock is from the runner's, without a sign.
	ClockSkew
	// Configuring is a set of what a host is still at after a start, before it is what
	// it will be; empty when it is done.
	Configuring
	// RebootPending is a bool: something that cannot be put off waits for a reboot.
	RebootPending
)

// Param declares one parameter of a kind.
type Param struct {
	Name     string
	Type     ParamType
	Doc      string
	Default  string   // as YAML; empty where Absent says it
	Absent   string   // what it means that an optional one without a Default is not given: "all volumes"
	Unit     string   // of a number: "KB", "days"; empty where there is none
	Words    []string // the only ones that it may be; none where any text will do
	Required bool
}

// ParamType is the type of a parameter, as the suite's author sees it.
type ParamType string

// The parameter types, with the Go type that Build wants for each.
const (
	ParamText     ParamType = "text"             // string
	ParamTexts    ParamType = "list of texts"    // []string; a single text is a list of one
	ParamInt      ParamType = "whole number"     // int
	ParamInts     ParamType = "list of numbers"  // []int; a single number is a list of one
	ParamBool     ParamType = "true or false"    // bool
	ParamDuration ParamType = "duration like 5s" // time.Duration
	ParamMap      ParamType = "map of texts"     // map[string]string
	ParamFile     ParamType = "file"             // File
)

// File is a file of the suite's folder, or of one below it: the suites package
// reads it, so that a kind's parameters stay data.
type File struct {
	Name string // as the suite writes it
	Text string
}

// Define completes a kind. P is its parameter struct: each exported field has a
// `param:"name"` or `param:"name,required"` tag and a `doc:"…"` tag, and may have
// `absent:"…"` and `unit:"…"`. Defaults is the value that an absent
// parameter keeps. Define panics on a struct that does not fit, which any test that loads
// the table of kinds shows.
func Define[P any](k Kind, defaults P, build func(P) (Probe, error)) Kind {
	shape := reflect.TypeFor[P]()
	for i := range shape.NumField() {
		p := paramOf(shape.Field(i), reflect.ValueOf(defaults).Field(i))
		p.Words = k.Words[p.Name]
		k.Params = append(k.Params, p)
	}
	k.build = func(args map[string]any) (Probe, error) {
		p := defaults
		v := reflect.ValueOf(&p).Elem()
		for name, arg := range args {
			i := slices.IndexFunc(k.Params, func(p Param) bool { return p.Name == name })
			if i < 0 {
				return nil, Fieldf(name, "unknown parameter of %s", k.Name)
			}
			value := reflect.ValueOf(arg)
			if !value.IsValid() || value.Type() != v.Field(i).Type() {
				return nil, Fieldf(name, "want a %s, got %T", k.Params[i].Type, arg)
			}
			v.Field(i).Set(value)
		}
		for i, param := range k.Params {
			if param.Required && v.Field(i).IsZero() {
				return nil, Fieldf(param.Name, "missing")
			}
		}
		return build(p)
	}
	return k
}

// Build makes the probe of one check. Args holds the parameters that the suite
// gave, each in the Go type of its ParamType. Problems are FieldErrors.
func (k Kind) Build(args map[string]any) (Probe, error) { return k.build(args) }

// Reading finds a reading's declaration.
func (k Kind) Reading(name string) (ReadingSpec, bool) {
	for i := range k.Readings { // which are large, and asked for a thousand times a host
		if k.Readings[i].Name == name {
			return k.Readings[i], true
		}
	}
	return ReadingSpec{}, false
}

func paramOf(field reflect.StructField, zero reflect.Value) Param {
	name, option, _ := strings.Cut(field.Tag.Get("param"), ",")
	p := Param{
		Name: name, Doc: field.Tag.Get("doc"), Required: option == "required",
		Absent: field.Tag.Get("absent"), Unit: field.Tag.Get("unit"),
	}
	if name == "" || p.Doc == "" {
		panic(fmt.Sprintf("field %s: want a param and a doc tag", field.Name))
	}
	switch zero.Interface().(type) {
	case string:
		p.Type = ParamText
	case []string:
		p.Type = ParamTexts
	case int:
		p.Type = ParamInt
	case []int:
		p.Type = ParamInts
	case bool:
		p.Type = ParamBool
	case time.Duration:
		p.Type = ParamDuration
	case map[string]string:
		p.Type = ParamMap
	case File:
		p.Type = ParamFile
	default:
		panic(fmt.Sprintf("field %s: %s is no parameter type", field.Name, field.Type))
	}
	switch {
	case !zero.IsZero(), p.Type == ParamBool && !p.Required:
		p.Default = written(zero.Interface())
	case !p.Required && p.Absent == "":
		p.Absent = None
	}
	return p
}
