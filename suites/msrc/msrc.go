// Package msrc reads the CVRF documents of Microsoft's Security Update Guide, in JSON
// as https://api.msrc.microsoft.com/cvrf/v3.0/cvrf/2026-Nov gives them, and says which
// build of which product has the fixes.
//
// What it rests on. Documented by Microsoft (docs/swagger.json and the PowerShell module
// of microsoft/MSRC-Microsoft-Security-Updates-API): the names and nesting of the fields,
// texts as {"Value": …}, enums as numbers (of a remediation 0 is a workaround, 1 a
// mitigation, 2 the vendor's fix, 5 a known issue; of a threat 0 is the impact, 1 the
// exploit status, 3 the severity), dates without a zone, a KB as digits in the
// Description. Seen in the months' documents as others keep them in XML, where the enums
// are words: several fixes of one product and vulnerability, such as a cumulative update
// beside a hotpatch (SubType "Security Hotpatch Update", before 2024 "AzureHotpatch")
// with a lower build of its own; SubType "Monthly Rollup", "Security Only", "Servicing
// Stack Update"; Server 2025 and Windows 11 24H2 of one family, 26100, with builds of
// their own; products "(Server Core installation)" beside those without; FixedBuild
// empty, a URL, a package's version ("6.6.150.1-1"), or of another version of Windows
// than the product (issue 131 there); the exploit status without products; revisions in
// no order; hundreds of vulnerabilities of Linux packages. Assumed: that release notes
// are 6; that dates are in UTC; that a build of one family and branch has all fixes of
// those below it, but a hotpatch, which is only what it is itself. So that more than is
// assumed can be true, texts may also be plain or numbers and enums words.
package msrc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// MaxSize is more bytes than any month's document has had: those of 2026 have about ten
// million.
const MaxSize = 64 << 20

// maxVulnerabilities is more than a year has.
const maxVulnerabilities = 100_000

// Document is what a CVRF document says of fixes.
type Document struct {
	Title    string    // "November 2026 Security Updates"
	ID       string    // "2026-Nov"
	Released time.Time // the day, in UTC; zero where it does not say
	// Products are all that it names, by its own id.
	Products map[string]string

	vulnerabilities []vulnerability
}

// Read reads a document. The error names the place, or what was given instead of one.
func Read(r io.Reader) (*Document, error) {
	// Whole, since a decoder looks at blanks anew whenever a few more bytes come.
	data, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	switch {
	case err != nil:
		return nil, err
	case len(data) > MaxSize:
		return nil, fmt.Errorf("it has more than %d MiB, which no document of the Security Update Guide has", MaxSize>>20)
	}
	if data, _, err = transform.Bytes(unicode.BOMOverride(transform.Nop), data); err != nil {
		return nil, err
	}
	if err := looksLikeJSON(data); err != nil {
		return nil, err
	}
	d := &Document{Products: map[string]string{}}
	in := decoder{Decoder: json.NewDecoder(bytes.NewReader(data)), doc: d}
	if err := in.document(); err != nil {
		return nil, in.place(err)
	}
	return d, in.isDocument()
}

// looksLikeJSON tells what else is downloaded in its place.
func looksLikeJSON(data []byte) error {
	switch trimmed := bytes.TrimLeft(data, " \t\r\n"); {
	case len(trimmed) == 0:
		return errors.New("it is empty")
	case bytes.HasPrefix(trimmed, []byte("\x1f\x8b")), bytes.HasPrefix(trimmed, []byte("PK\x03\x04")):
		return errors.New("it is compressed: unpack it first")
	case trimmed[0] == '<':
		return errors.New("it is XML or HTML: download it with the header Accept: application/json")
	case trimmed[0] != '{':
		return errors.New("it is no JSON object")
	}
	return nil
}

type decoder struct {
	*json.Decoder
	doc         *Document
	at          string // where in the document, for a problem
	tree, vulns bool
	list, csaf  bool // another document
}

// document reads the top, one vulnerability at a time.
func (in *decoder) document() error {
	if _, err := in.Token(); err != nil {
		return err
	}
	for in.More() {
		key, err := in.Token()
		if err != nil {
			return err
		}
		in.at = fmt.Sprint(key)
		if err := in.field(in.at); err != nil {
			return err
		}
	}
	in.at = "the end"
	if _, err := in.Token(); err != nil {
		return err
	}
	if _, err := in.Token(); !errors.Is(err, io.EOF) {
		if err == nil {
			err = errors.New("something follows the document")
		}
		return err
	}
	return nil
}

func (in *decoder) field(name string) error {
	switch name {
	case "DocumentTitle":
		var title text
		err := in.Decode(&title)
		in.doc.Title = string(title)
		return err
	case "DocumentTracking":
		return in.tracking()
	case "ProductTree":
		return in.products()
	case "Vulnerability":
		return in.all()
	case "value":
		in.list = true
	case "document":
		in.csaf = true
	}
	var skipped json.RawMessage
	return in.Decode(&skipped)
}

func (in *decoder) tracking() error {
	var tracking struct {
		Identification     struct{ ID text }
		InitialReleaseDate text
	}
	err := in.Decode(&tracking)
	in.doc.ID, in.doc.Released = string(tracking.Identification.ID), day(tracking.InitialReleaseDate)
	return err
}

func (in *decoder) products() error {
	var tree struct {
		FullProductName []struct{ ProductID, Value text }
	}
	err := in.Decode(&tree)
	for _, p := range tree.FullProductName {
		in.doc.Products[string(p.ProductID)] = string(p.Value)
	}
	in.tree = in.tree || len(tree.FullProductName) > 0
	return err
}

// all reads the vulnerabilities, and keeps of each only what is asked of it.
func (in *decoder) all() error {
	start, err := in.Token()
	switch {
	case err != nil:
		return err
	case start == nil:
		return nil
	case start != json.Delim('['):
		return errors.New("want a list")
	}
	in.vulns = true
	for i := 0; in.More(); i++ {
		if in.at = fmt.Sprintf("Vulnerability[%d]", i); i == maxVulnerabilities {
			return fmt.Errorf("it has more than %d vulnerabilities, which no document has", maxVulnerabilities)
		}
		var raw rawVulnerability
		if err := in.Decode(&raw); err != nil {
			return err
		}
		if v := raw.kept(); len(v.fixes) > 0 {
			in.doc.vulnerabilities = append(in.doc.vulnerabilities, v)
		}
	}
	_, err = in.Token()
	return err
}

// place adds to an error where it came up.
func (in *decoder) place(err error) error {
	syntax, kind := new(json.SyntaxError), new(json.UnmarshalTypeError)
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%sit is cut off after %d bytes: download it again", in.where(), in.InputOffset())
	case errors.As(err, &syntax):
		return fmt.Errorf("%sat byte %d: %w", in.where(), syntax.Offset, err)
	case errors.As(err, &kind):
		return fmt.Errorf("%s%s: got a JSON %s", in.where(), kind.Field, kind.Value)
	default:
		return fmt.Errorf("%sat byte %d: %w", in.where(), in.InputOffset(), err)
	}
}

func (in *decoder) where() string {
	if in.at == "" {
		return ""
	}
	return fmt.Sprintf("%.60s: ", in.at)
}

func (in *decoder) isDocument() error {
	switch {
	case in.tree && in.vulns:
		return nil
	case in.list:
		return errors.New("it is the list of all documents: download the one of the month, as the list's CvrfUrl says")
	case in.csaf:
		return errors.New("it is a CSAF document: download the month's CVRF document, .../cvrf/v3.0/cvrf/2026-Nov")
	default:
		return errors.New("it is no CVRF document: it has no " + strings.Join(in.missing(), " and no "))
	}
}

func (in *decoder) missing() (all []string) {
	if !in.tree {
		all = append(all, "ProductTree.FullProductName")
	}
	if !in.vulns {
		all = append(all, "Vulnerability")
	}
	return all
}
