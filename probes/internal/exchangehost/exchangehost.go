// Package exchangehost has what the kinds share that look at an Exchange server from its
// own side: commands for its endpoint, and what its disk and registry tell.
package exchangehost

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/named"
	"postpatch/probes/internal/parts"
)

// Endpoint is Exchange's session configuration, which lives in its web server.
const Endpoint = "Microsoft.Exchange"

// MostName bounds a name that a host writes, in characters.
const MostName = 200

// Command is a command of the endpoint that reads properties of what is at one server,
// named by a parameter: a session may end up on another server of the organization.
func Command(name, param, server string, properties ...string) host.Cmdlet {
	return host.Cmdlet{
		Endpoint: Endpoint, Name: name, Properties: properties,
		Params: map[string][]string{param: {cmp.Or(server, host.Self)}},
	}
}

// Question asks the host's own disk and registry.
func Question() host.Collector { return host.Collector{Name: "exchange"} }

// Local is what the host's own disk and registry tell.
type Local struct {
	Installed bool
	Now       time.Time // by the host's clock; zero when not known
	Build     Build     // zero when not known
	Requests  []Request
	Asked     bool // the requests are known
	Engines   []string
	Filter    bool // the engines are known
}

// Spec declares the reading that Read makes.
func Spec() probes.ReadingSpec {
	return probes.ReadingSpec{
		Name: "installed", Type: fact.TypeBool, Gate: true, Severity: fact.Fail, Expect: "true",
		Doc: "Whether the host has Exchange 2013 or later; without it there are no other readings.",
	}
}

// Read reads the answer to Question, and whether Exchange is there: it is known not to be
// only where the host said so.
func Read(r *gather.Reader) (l Local, gone bool) {
	rows, ok := r.Rows("what the host's disk and registry tell", Question())
	if !ok {
		return Local{}, false
	}
	r.Add("", "installed", fact.Bool(len(rows) > 0))
	if len(rows) == 0 {
		return Local{}, true
	}
	l = Local{Installed: true}
	told := parts.Of(r, rows)
	if row, ok := told.One("now"); ok {
		l.Now, _ = row.Get("Now").Time()
	}
	if row, ok := told.One("setup"); ok {
		build, err := ParseBuild(gather.Text(row, "Version"))
		if err != nil {
			r.Fail("the version of ExSetup.exe", err)
		}
		l.Build = build
	}
	l.readRequests(r, told)
	engines, whole := told.Some("engine")
	l.Filter = whole
	for _, row := range engines {
		l.Engines = append(l.Engines, gather.Text(row, "Name"))
	}
	return l, false
}

// Build is a version of Exchange: 15.2.1544.11.
type Build [4]int

// ParseBuild reads four numbers with points.
func ParseBuild(text string) (Build, error) {
	var b Build
	fields := strings.Split(text, ".")
	if len(fields) != len(b) {
		return Build{}, fmt.Errorf("want four numbers, got %q", named.Within(text, MostName))
	}
	for i, field := range fields {
		n, err := strconv.ParseUint(field, 10, 16)
		if err != nil {
			return Build{}, fmt.Errorf("want four numbers, got %q", named.Within(text, MostName))
		}
		b[i] = int(n)
	}
	if b == (Build{}) {
		return Build{}, fmt.Errorf("the file has no version")
	}
	return b, nil
}

// String is the build as Microsoft writes it in lists of builds.
func (b Build) String() string { return fmt.Sprintf("%d.%d.%d.%d", b[0], b[1], b[2], b[3]) }

// Less says whether b is an earlier build.
func (b Build) Less(other Build) bool {
	for i := range b {
		if b[i] != other[i] {
			return b[i] < other[i]
		}
	}
	return false
}

// The versions of Exchange.
const (
	V2010 = "2010"
	V2013 = "2013"
	V2016 = "2016"
	V2019 = "2019"
	SE    = "SE"
)

// Version is the product that a build belongs to; empty when it is none that is known.
// Source: Microsoft's "Exchange Server build numbers and release dates": 15.2.2562 is the
// first build of Subscription Edition, which carries on the line of 2019.
func (b Build) Version() string {
	switch {
	case b[0] == 14:
		return V2010
	case b[0] == 15 && b[1] == 0:
		return V2013
	case b[0] == 15 && b[1] == 1:
		return V2016
	case b[0] == 15 && b[1] == 2 && b[2] < 2562:
		return V2019
	case b[0] == 15 && b[1] == 2:
		return SE
	default:
		return ""
	}
}
