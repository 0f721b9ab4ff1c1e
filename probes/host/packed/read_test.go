package packed

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"postpatch/probes/host"
)

// reference reads answers by the standard library, as a whole.
type reference struct {
	Answers []struct {
		ID    int                        `json:"id"`
		Rows  []map[string]referenceCell `json:"rows"`
		Error string                     `json:"error"`
		Code  Code                       `json:"code"`
	} `json:"answers"`
}

type referenceCell host.Cell

func (c *referenceCell) UnmarshalJSON(data []byte) error {
	*c = referenceCell{}
	switch {
	case string(data) == "null":
		c.Null = true
		return nil
	case data[0] == '[':
		return json.Unmarshal(data, &c.List)
	default:
		return json.Unmarshal(data, &c.Text)
	}
}

func referenced(document string) ([]Answer, error) {
	var r reference
	if err := json.Unmarshal([]byte(document), &r); err != nil {
		return nil, err
	}
	answers := []Answer{}
	for _, w := range r.Answers {
		a := Answer{ID: w.ID, Error: w.Error, Code: w.Code}
		for _, cells := range w.Rows {
			row := host.Row{}
			for name, c := range cells {
				row[name] = host.Cell(c)
			}
			a.Rows = append(a.Rows, row)
		}
		answers = append(answers, a)
	}
	return answers, nil
}

// lineOf packs a document, whatever it is.
func lineOf(tb testing.TB, marks Marks, document string) []byte {
	tb.Helper()
	var zip bytes.Buffer
	w := gzip.NewWriter(&zip)
	if _, err := w.Write([]byte(document)); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return []byte(marks.Begin + base64.StdEncoding.EncodeToString(zip.Bytes()) + marks.End)
}

func documents() []string {
	return []string{
		`{"answers": [{"id": 0, "rows": [{"Name": "Spooler", "Null": null, "List": ["a", ""], "None": []}], "error": ""}]}`,
		`{"answers":[{"id":1,"rows":[{"A":"\u00e4\n\"\\\/ \ud83d\ude00","Ä":"ß"}],"error":"Invalid class ","code":"class"}]}`,
		`{"answers":null}`, `{}`, `null`, `{"answers":[null]}`, `{"answers":[{"rows":null}]}`, `{"answers":[{"rows":[null]}]}`,
		`{"more":[1,{"x":2}],"answers":[{"id":3,"what":true,"rows":[{}]}],"and":"so"}`,
		`{"answers":[{"rows":[{"A":"1","A":"2"}]}]}`, "{\"answers\":[{\"rows\":[{\"A\":\"\xff\xfe\"}]}]}",
		`{"answers":[{"rows":[{"A":"\ud800"}]}]}`, `{"answers":[{"id":null,"error":null}]}`,
		`{"answers":[{"rows":[{"A":1}]}]}`, `{"answers":[{"rows":[{"A":true}]}]}`, `{"answers":[{"rows":[{"A":{}}]}]}`,
		`{"answers":[{"rows":[{"A":[1]}]}]}`, `{"answers":[{"id":"1"}]}`, `{"answers":[{"id":1.5}]}`, `{"answers":{}}`,
		`{"answers":[{"rows":{}}]}`, `[]`, `"x"`, ``, `{"answers":[]`, `{"answers":[]} {}`, `{"answers":[],}`, "\x00",
		`{"answers":[{"rows":[{"A":"` + strings.Repeat("long ", 1000) + `"}]}]}`,
	}
}

// same compares what the two readers make of a document. A null in a list is an empty
// text to both.
func same(tb testing.TB, k *Packer, document string) {
	tb.Helper()
	marks := MarksOf(map[string]string{idVariable: "X"})
	want, wantErr := referenced(document)
	got, err := k.Answers(marks, lineOf(tb, marks, document))
	if (err == nil) != (wantErr == nil) {
		tb.Fatalf("%.200q: %v, and by the standard library %v", document, err, wantErr)
	}
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); err == nil && d != "" {
		tb.Errorf("%.200q (-standard library's +ours):\n%s", document, d)
	}
}

// TestAnswersAsTheStandardLibraryReadsThem reads each document anew, and by a packer
// that has read the others before.
func TestAnswersAsTheStandardLibraryReadsThem(t *testing.T) {
	k := new(Packer)
	for range 2 {
		for _, document := range documents() {
			same(t, nil, document)
			same(t, k, document)
		}
	}
}

func FuzzAnswersAsTheStandardLibraryReadsThem(f *testing.F) {
	for _, document := range documents() {
		f.Add(document)
	}
	k := new(Packer)
	var mu sync.Mutex
	f.Fuzz(func(t *testing.T, document string) {
		// The names of members in another case are nobody's here.
		lower := strings.ToLower(document)
		for _, name := range []string{"answers", "id", "rows", "error", "code", `\u`} {
			if strings.Count(lower, name) != strings.Count(document, name) {
				t.Skip()
			}
		}
		mu.Lock()
		defer mu.Unlock()
		same(t, k, document)
	})
}

// TestReadersKeepNoOutput holds that a reader that waits for its next host keeps nothing of
// the last one's output, which may be of 16 MB.
func TestReadersKeepNoOutput(t *testing.T) {
	k := new(Packer)
	for _, document := range documents() {
		same(t, k, document)
	}
	for _, r := range k.readers {
		if n := r.base64.Size(); n > 0 {
			t.Errorf("%d bytes of output are kept", n)
		}
	}
	if len(k.readers) == 0 {
		t.Error("no reader is kept")
	}
}

// TestTextsAreKeptOnce holds that hosts share what they all say, that long texts are
// nobody's, and that what is kept has an end.
func TestTextsAreKeptOnce(t *testing.T) {
	var all texts
	allocated := testing.AllocsPerRun(100, func() {
		if all.of([]byte("LocalSystem")) != "LocalSystem" {
			t.Error("another text came back")
		}
	})
	if allocated > 0 {
		t.Errorf("%v allocations for a text that is known", allocated)
	}
	if all.of(bytes.Repeat([]byte("x"), longText+1)); len(all) != 1 {
		t.Errorf("%d texts are kept, with a long one", len(all))
	}
	for i := range 3 * mostTexts {
		all.of([]byte(fmt.Sprint(i)))
	}
	if len(all) > mostTexts {
		t.Errorf("%d texts are kept", len(all))
	}
}

// TestRowsAreKeptOnce holds that hosts share the rows that they all say, that long ones and
// other ones are each host's own, and that what is kept has an end.
func TestRowsAreKeptOnce(t *testing.T) {
	k := new(Packer)
	marks := MarksOf(map[string]string{idVariable: "X"})
	read := func(rows string) []host.Row {
		t.Helper()
		answers, err := k.Answers(marks, lineOf(t, marks, `{"answers":[{"id":0,"rows":[`+rows+`]}]}`))
		if err != nil {
			t.Fatal(err)
		}
		return answers[0].Rows
	}
	long := `{"A":"` + strings.Repeat("x", longRow) + `"}`
	first := read(`{"A":"1","B":["x"]},{"A":"2"},` + long)
	second := read(`{"A":"1","B":["x"]},{"A":"3"},` + long)
	shared := func(i int) bool { return reflect.ValueOf(first[i]).Pointer() == reflect.ValueOf(second[i]).Pointer() }
	if !shared(0) || shared(1) || shared(2) {
		t.Errorf("shared are %t, %t, %t; want the first one alone", shared(0), shared(1), shared(2))
	}
	if second[1].Get("A").Text != "3" || len(second[2].Get("A").Text) != longRow {
		t.Errorf("the second host said %v", second[1:])
	}
	for i := range 2*mostRows + 2 {
		k.rows.keep(fmt.Append(nil, i), first[0])
	}
	if n := len(k.rows.kept); n > mostRows {
		t.Errorf("%d rows are kept", n)
	}
}
