package wsman

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"sync"

	"postpatch/probes/host/packed"
	"postpatch/probes/lab/estate"
)

// Kept keeps what hosts that are alike answer in the same way, so that a lab of
// ten thousand of them spends its time on none. It may be used by several
// goroutines.
type Kept struct {
	// Alike names what a host's answer to a question depends on: hosts of the same
	// name answer alike. It is empty for an answer that is the host's own.
	Alike func(h estate.Host, q packed.Question) string

	mu       sync.Mutex
	payloads map[string][]packed.Question // by their text
	answers  map[string]*answerOnce       // by what they depend on
}

// answerOnce is what is made once, and waited for by whoever asks meanwhile.
type answerOnce struct {
	sync.Once
	zip []byte
	err error
}

// mostKept bounds both: runs differ in what they ask.
const mostKept = 4096

// The JSON of answers, in front of them and behind them.
const (
	answersStart = `{"answers":[`
	answersEnd   = `]}`
)

// unpack is packed.Unpack for hosts that are all asked the same.
func (k *Kept) unpack(env map[string]string, command string) ([]packed.Question, packed.Marks, error) {
	if k == nil {
		return packed.Unpack(env, command)
	}
	var parts strings.Builder
	parts.WriteString(command)
	for i := range len(env) {
		parts.WriteString(env[fmt.Sprintf("POSTPATCH_%d", i)])
	}
	key := parts.String()
	k.mu.Lock()
	questions, found := k.payloads[key]
	k.mu.Unlock()
	if found {
		return questions, packed.MarksOf(env), nil
	}
	questions, marks, err := packed.Unpack(env, command)
	if err == nil {
		k.mu.Lock()
		defer k.mu.Unlock()
		if k.payloads == nil || len(k.payloads) > mostKept {
			k.payloads = map[string][]packed.Question{}
		}
		k.payloads[key] = questions
	}
	return questions, marks, err
}

// line packs the answers of a host. What it shares with others is one member of
// the gzip, which is kept, and what is its own the next.
func (k *Kept) line(
	questions []packed.Question, marks packed.Marks, h estate.Host,
	answer func(estate.Host, []packed.Question) []packed.Answer,
) (string, error) {
	if k == nil {
		return packed.EncodeAnswers(marks, answer(h, questions))
	}
	var shared, own []packed.Question
	var key strings.Builder
	for _, q := range questions {
		name := k.Alike(h, q)
		if name == "" {
			own = append(own, q)
			continue
		}
		shared = append(shared, q)
		fmt.Fprintf(&key, "%s\x00%+v\x00", name, q)
	}
	if len(shared) == 0 || len(own) == 0 {
		return packed.EncodeAnswers(marks, answer(h, questions))
	}
	first, err := k.member(key.String(), func() ([]byte, error) {
		text, err := packed.MarshalAnswers(answer(h, shared))
		return bytes.TrimSuffix(text, []byte(answersEnd)), err
	})
	if err != nil {
		return "", err
	}
	text, err := packed.MarshalAnswers(answer(h, own))
	if err != nil {
		return "", err
	}
	second, err := zipped(slices.Concat([]byte(","), bytes.TrimPrefix(text, []byte(answersStart))), gzip.NoCompression)
	return marks.Begin + base64.StdEncoding.EncodeToString(slices.Concat(first, second)) + marks.End, err
}

// member returns a kept member of a gzip, or makes it.
func (k *Kept) member(key string, text func() ([]byte, error)) ([]byte, error) {
	k.mu.Lock()
	if k.answers == nil || len(k.answers) > mostKept {
		k.answers = map[string]*answerOnce{}
	}
	a := k.answers[key]
	if a == nil {
		a = &answerOnce{}
		k.answers[key] = a
	}
	k.mu.Unlock()
	a.Do(func() {
		var plain []byte
		if plain, a.err = text(); a.err == nil {
			a.zip, a.err = zipped(plain, gzip.DefaultCompression)
		}
	})
	return a.zip, a.err
}

func zipped(text []byte, level int) ([]byte, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, level)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(text); err != nil {
		return nil, err
	}
	err = w.Close()
	return b.Bytes(), err
}
