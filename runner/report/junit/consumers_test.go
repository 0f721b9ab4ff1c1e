package junit_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// The consumers' own ways to read the files, made again from what their sources do:
// Jenkins' junit plugin, the agent of Azure Pipelines, GitLab, dorny/test-reporter and
// EnricoMi/publish-unit-test-result-action.

// seen is a case as a consumer shows it.
type seen struct {
	group, name, state string // state is passed, skipped, failed or error
	message, text      string
	file               string
	line               int
	owner              string
}

func (s seen) red() bool { return s.state == "failed" || s.state == "error" }

// consumer reads the files of a job.
type consumer func(files ...[]byte) ([]seen, error)

func consumers() map[string]consumer {
	return map[string]consumer{
		"Jenkins": jenkins, "Azure": azure, "GitLab": gitlab, "dorny": dorny, "EnricoMi": enricomi,
	}
}

// element is an element of a document.
type element struct {
	name  string
	attrs map[string]string
	kids  []*element
	text  string
}

func (e *element) all(name string) (found []*element) {
	for _, k := range e.kids {
		if k.name == name {
			found = append(found, k)
		}
	}
	return found
}

func (e *element) first(name string) *element {
	if all := e.all(name); len(all) > 0 {
		return all[0]
	}
	return nil
}

// content is the text of a child, and whether there is one.
func (e *element) content(name string) (string, bool) {
	if k := e.first(name); k != nil {
		return k.text, true
	}
	return "", false
}

func tree(data []byte) (*element, error) {
	root := &element{}
	stack := []*element{root}
	for dec := xml.NewDecoder(bytes.NewReader(data)); ; {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return root, nil
		}
		if err != nil {
			return nil, err
		}
		top := stack[len(stack)-1]
		switch token := token.(type) {
		case xml.StartElement:
			e := &element{name: token.Name.Local, attrs: map[string]string{}}
			for _, a := range token.Attr {
				e.attrs[a.Name.Local] = a.Value
			}
			top.kids, stack = append(top.kids, e), append(stack, e)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		case xml.CharData:
			top.text += string(token)
		}
	}
}

// jenkins reads nested suites, too. It drops those without a case, and of two with one
// name and time the second. An error's text wins over a failure's, skipped over both; the
// class is split at its last dot into package and class; of the output of what passes it
// keeps a thousand characters.
func jenkins(files ...[]byte) ([]seen, error) {
	var cases []seen
	suites := map[string]bool{}
	var suite func(e *element) error
	suite = func(e *element) error {
		for _, k := range e.all("testsuite") {
			if err := suite(k); err != nil {
				return err
			}
		}
		if e.first("testcase") == nil {
			return nil
		}
		name := e.attrs["name"]
		if pkg := e.attrs["package"]; pkg != "" {
			name = pkg + "." + name
		}
		key := name + "\n" + e.attrs["timestamp"]
		if suites[key] {
			return nil
		}
		suites[key] = true
		for _, c := range e.all("testcase") {
			s, err := jenkinsCase(c)
			if err != nil {
				return err
			}
			cases = append(cases, s)
		}
		return nil
	}
	for _, data := range files {
		root, err := tree(data)
		if err != nil {
			return nil, err
		}
		for _, e := range root.kids {
			if err := suite(e); err != nil {
				return nil, err
			}
		}
	}
	return cases, nil
}

func jenkinsCase(c *element) (seen, error) {
	class := c.attrs["classname"]
	cut := strings.LastIndex(class, ".")
	s := seen{group: "(root)|" + class, name: c.attrs["name"], state: "passed"}
	if cut >= 0 {
		s.group = class[:cut] + "|" + class[cut+1:]
	}
	if _, err := strconv.ParseFloat(strings.ReplaceAll(c.attrs["time"], ",", ""), 32); err != nil {
		return s, err
	}
	bad := c.first("error")
	if bad == nil {
		bad = c.first("failure")
	}
	if bad != nil {
		s.state, s.message, s.text = "failed", bad.attrs["message"], bad.text
	} else if out, _ := c.content("system-out"); utf8.RuneCountInString(out) > 1000 {
		s.text = "[truncated]"
	} else {
		s.text = out
	}
	if k := c.first("skipped"); k != nil {
		s.state, s.text = "skipped", k.text
		if message, has := k.attrs["message"]; has {
			s.text = message
		}
	}
	return s, nil
}

// azure takes the name alone for the title. A failure wins over an error, which is one,
// too; of what is skipped it knows the attribute only. A name of more than 512 characters
// ends the publishing, a message is cut at 4000.
func azure(files ...[]byte) ([]seen, error) {
	var cases []seen
	for _, data := range files {
		root, err := tree(data)
		if err != nil {
			return nil, err
		}
		doc := root.first("testsuites")
		if doc == nil {
			doc = root
		}
		for _, s := range doc.all("testsuite") {
			found, err := azureSuite(s)
			if err != nil {
				return nil, err
			}
			cases = append(cases, found...)
		}
	}
	return cases, nil
}

func azureSuite(e *element) ([]seen, error) {
	var cases []seen
	for _, k := range e.all("testsuite") {
		inner, err := azureSuite(k)
		if err != nil {
			return nil, err
		}
		cases = append(cases, inner...)
	}
	if _, err := time.Parse("2006-01-02T15:04:05", e.attrs["timestamp"]); err != nil {
		return nil, err
	}
	for _, c := range e.all("testcase") {
		s := seen{group: c.attrs["classname"], name: c.attrs["name"], state: "passed", owner: c.attrs["owner"]}
		if utf8.RuneCountInString(s.name) > 512 {
			return nil, fmt.Errorf("a title of %d characters", utf8.RuneCountInString(s.name))
		}
		bad := c.first("failure")
		if bad == nil {
			bad = c.first("error")
		}
		switch k := c.first("skipped"); {
		case bad != nil:
			s.state, s.text, s.message = "failed", bad.text, bad.attrs["message"]
			if runes := []rune(s.message); len(runes) > 4000 {
				s.message = string(runes[:4000])
			}
		case k != nil:
			s.state, s.message = "skipped", k.attrs["message"]
		}
		if s.name != "" {
			cases = append(cases, s)
		}
	}
	return cases, nil
}

// gitlab shows what stands in an element and no attribute of it, and of two cases with
// one class and name only the first. It refuses a file of 30 MB. Rails makes a type of
// what is called so: an element with type="integer" is a number.
func gitlab(files ...[]byte) ([]seen, error) {
	var cases []seen
	known := map[string]bool{}
	var walk func(e *element) error
	walk = func(e *element) error {
		for _, c := range e.all("testcase") {
			s := seen{group: c.attrs["classname"], name: c.attrs["name"], state: "passed", file: c.attrs["file"]}
			for _, k := range [][2]string{{"failure", "failed"}, {"error", "error"}, {"skipped", "skipped"}} {
				e := c.first(k[0])
				if e == nil {
					continue
				}
				switch e.attrs["type"] {
				case "symbol", "yaml", "integer", "boolean", "date", "datetime", "float", "decimal", "file", "array", "string":
					return fmt.Errorf("a type of Rails: %s", e.attrs["type"])
				}
				s.state, s.text = k[1], e.text
				break
			}
			if key := s.group + "\n" + s.name; !known[key] {
				known[key] = true
				cases = append(cases, s)
			}
		}
		for _, k := range e.all("testsuite") {
			if err := walk(k); err != nil {
				return err
			}
		}
		return nil
	}
	for _, data := range files {
		if len(data) > 30<<20 {
			return nil, errors.New("more than 30 MB")
		}
		root, err := tree(data)
		if err != nil {
			return nil, err
		}
		for _, e := range append(root.all("testsuites"), root.all("testsuite")...) {
			if err := walk(e); err != nil {
				return nil, err
			}
		}
	}
	return cases, nil
}

// dorny does not look into nested suites, and throws where a suite or a case has no
// name. It takes the first failure, and an error where there is none, for one thing.
func dorny(files ...[]byte) ([]seen, error) {
	var cases []seen
	for _, data := range files {
		root, err := tree(data)
		if err != nil {
			return nil, err
		}
		doc := root.first("testsuites")
		if doc == nil {
			doc = root
		}
		for _, e := range doc.all("testsuite") {
			if _, has := e.attrs["name"]; !has {
				return nil, errors.New("reading 'trim' of undefined: a suite")
			}
			for _, c := range e.all("testcase") {
				name, has := c.attrs["name"]
				if !has {
					return nil, errors.New("reading 'trim' of undefined: a case")
				}
				s := seen{group: c.attrs["classname"], name: strings.TrimSpace(name), state: "passed"}
				bad := c.first("failure")
				if bad == nil {
					bad = c.first("error")
				}
				switch {
				case bad != nil:
					s.state, s.text, s.message = "failed", bad.text, bad.attrs["message"]
				case c.first("skipped") != nil:
					s.state = "skipped"
				}
				cases = append(cases, s)
			}
		}
	}
	return cases, nil
}

// enricomi reads nested cases and takes the worst of their results. Its counts are those
// of the suites at the top, which have to be right. Line has to be a number.
func enricomi(files ...[]byte) ([]seen, error) {
	var cases []seen
	sums := map[string]int{}
	var walk func(e *element) error
	walk = func(e *element) error {
		for _, k := range e.all("testsuite") {
			if err := walk(k); err != nil {
				return err
			}
		}
		for _, c := range e.all("testcase") {
			s := seen{group: c.attrs["classname"], name: c.attrs["name"], state: "passed", file: c.attrs["file"]}
			for _, k := range [][2]string{{"error", "error"}, {"failure", "failed"}, {"skipped", "skipped"}} {
				if e := c.first(k[0]); e != nil {
					s.state, s.message, s.text = k[1], e.attrs["message"], e.text
					break
				}
			}
			if text, has := c.attrs["line"]; has {
				n, err := strconv.Atoi(text)
				if err != nil {
					return err
				}
				s.line = n
			}
			sums["tests"]--
			sums[map[string]string{"error": "errors", "failed": "failures", "skipped": "skipped"}[s.state]]--
			cases = append(cases, s)
		}
		return nil
	}
	for _, data := range files {
		root, err := tree(data)
		if err != nil {
			return nil, err
		}
		doc := root.first("testsuites")
		if doc == nil {
			doc = root
		}
		for _, e := range doc.all("testsuite") {
			for _, counter := range []string{"tests", "errors", "failures", "skipped"} {
				n, err := strconv.Atoi(e.attrs[counter])
				if err != nil {
					return nil, err
				}
				sums[counter] += n
			}
			if err := walk(e); err != nil {
				return nil, err
			}
		}
	}
	delete(sums, "")
	for counter, n := range sums {
		if n != 0 {
			return nil, fmt.Errorf("the suites' %s are %d off", counter, n)
		}
	}
	return cases, nil
}
