package psrp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fragment is one as MS-PSRP 2.2.4 draws it, made without the code under test.
func fragment(id, number uint64, flags byte, blob string) []byte {
	b := binary.BigEndian.AppendUint64(nil, id)
	b = binary.BigEndian.AppendUint64(b, number)
	b = append(b, flags)
	b = binary.BigEndian.AppendUint32(b, uint32(len(blob)))
	return append(b, blob...)
}

const (
	middle = 0
	start  = 1
	end    = 2
	whole  = 3
)

// joined feeds streams one after the other and returns the messages.
func joined(d *defragmenter, streams ...[]byte) (messages []string, err error) {
	for _, stream := range streams {
		err := d.feed(stream, func(b []byte) error {
			messages = append(messages, string(b))
			return nil
		})
		if err != nil {
			return messages, err
		}
	}
	return messages, nil
}

func newDefragmenter() *defragmenter { return &defragmenter{maxMessage: 100, maxStream: 10_000} }

func TestFragments(t *testing.T) {
	f := fragmenter{size: headerSize + 4}
	got := bytes.Join(slices.Concat(f.cut([]byte("abcdefghij")), f.cut([]byte("wxyz")), f.cut(nil)), nil)
	want := slices.Concat(
		fragment(1, 0, start, "abcd"), fragment(1, 1, middle, "efgh"), fragment(1, 2, end, "ij"),
		fragment(2, 0, whole, "wxyz"), fragment(3, 0, whole, ""))
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("fragments (-want +got):\n%s", d)
	}
	messages, err := joined(newDefragmenter(), got)
	if d := cmp.Diff([]string{"abcdefghij", "wxyz", ""}, messages); d != "" || err != nil {
		t.Errorf("%v, messages (-want +got):\n%s", err, d)
	}
}

func TestFragmentsAlternate(t *testing.T) {
	d := newDefragmenter()
	messages, err := joined(d,
		fragment(7, 0, start, "a"), fragment(9, 0, start, "1"), fragment(8, 0, whole, "x"),
		fragment(7, 1, middle, "b"), fragment(9, 1, end, "2"), fragment(7, 2, end, "c"))
	if d := cmp.Diff([]string{"x", "12", "abc"}, messages); d != "" || err != nil {
		t.Errorf("%v, messages (-want +got):\n%s", err, d)
	}
	if err := d.end(); err != nil {
		t.Error(err)
	}
}

// The protocol does not cut fragments, PowerShell's own client bears it.
func TestFragmentsCutAnywhere(t *testing.T) {
	stream := slices.Concat(fragment(1, 0, start, "ab"), fragment(1, 1, end, "c"), fragment(2, 0, whole, "d"))
	for at := range stream {
		messages, err := joined(newDefragmenter(), stream[:at], stream[at:])
		if d := cmp.Diff([]string{"abc", "d"}, messages); d != "" || err != nil {
			t.Errorf("cut at %d: %v, messages (-want +got):\n%s", at, err, d)
		}
	}
	var single [][]byte
	for i := range stream {
		single = append(single, stream[i:i+1])
	}
	if messages, err := joined(newDefragmenter(), single...); len(messages) != 2 || err != nil {
		t.Errorf("byte by byte: %q, %v", messages, err)
	}
}

func TestFragmentsRefused(t *testing.T) {
	huge := fragment(1, 0, start, "")
	binary.BigEndian.PutUint32(huge[17:], 2<<30-1)
	var many [][]byte
	for id := range uint64(maxOpen + 1) {
		many = append(many, fragment(id, 0, start, ""))
	}
	for name, c := range map[string]struct {
		streams [][]byte
		want    error
	}{
		"the middle of nothing": {[][]byte{fragment(1, 1, middle, "a")}, ErrOutOfOrder},
		"a start in the middle": {[][]byte{fragment(1, 4, start, "a")}, ErrOutOfOrder},
		"no start":              {[][]byte{fragment(1, 0, end, "a")}, ErrOutOfOrder},
		"a gap":                 {[][]byte{fragment(1, 0, start, "a"), fragment(1, 2, end, "a")}, ErrOutOfOrder},
		"a second start":        {[][]byte{fragment(1, 0, start, "a"), fragment(1, 1, whole, "a")}, ErrOutOfOrder},
		"the same again":        {[][]byte{fragment(1, 0, start, "a"), fragment(1, 0, start, "a")}, ErrDuplicate},
		"a message again":       {[][]byte{fragment(1, 0, whole, "a"), fragment(1, 0, whole, "a")}, ErrDuplicate},
		"its end again":         {[][]byte{fragment(1, 0, start, "a"), fragment(1, 1, end, ""), fragment(1, 1, end, "")}, ErrDuplicate},
		"two gigabytes claimed": {[][]byte{huge}, ErrTooLarge},
		"many small ones":       {[][]byte{fragment(1, 0, start, strings.Repeat("a", 90)), fragment(1, 1, end, strings.Repeat("a", 11))}, ErrTooLarge},
		"many at once":          {many, ErrTooLarge},
		"a long stream":         {[][]byte{make([]byte, 10_001)}, ErrTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := joined(newDefragmenter(), c.streams...); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestFragmentsWithoutEnd(t *testing.T) {
	for _, stream := range [][]byte{fragment(1, 0, start, "a"), fragment(1, 0, whole, "abc")[:22], {0}} {
		d := newDefragmenter()
		if messages, err := joined(d, stream); len(messages) > 0 || err != nil {
			t.Errorf("%q, %v", messages, err)
		}
		if err := d.end(); !errors.Is(err, ErrUnfinished) {
			t.Errorf("%x: %v, want %v", stream, err, ErrUnfinished)
		}
	}
}

func TestFragmentsMany(t *testing.T) {
	d := &defragmenter{maxMessage: 10, maxStream: 1 << 30}
	var err error
	for id := uint64(0); err == nil && id <= maxMessages; id++ {
		_, err = joined(d, fragment(id, 0, whole, ""))
	}
	if !errors.Is(err, ErrTooLarge) || len(d.done) != maxMessages {
		t.Errorf("%v after %d messages", err, len(d.done))
	}
}

func FuzzDefragmenter(f *testing.F) {
	f.Add(slices.Concat(fragment(1, 0, start, "ab"), fragment(1, 1, end, "c")), 10)
	f.Add(slices.Concat(fragment(7, 0, start, "a"), fragment(9, 0, whole, "1"), fragment(7, 1, end, "c")), 25)
	f.Add(fragment(1, 3, end, "a"), 0)
	f.Add([]byte{0xff}, 1)
	f.Fuzz(func(t *testing.T, stream []byte, at int) {
		one := newDefragmenter()
		want, wantErr := joined(one, stream)
		for _, message := range want {
			if len(message) > one.maxMessage {
				t.Errorf("a message of %d bytes", len(message))
			}
		}
		// Where the stream is cut makes no difference.
		at = max(0, min(at, len(stream)))
		two := newDefragmenter()
		got, err := joined(two, stream[:at], stream[at:])
		if d := cmp.Diff(want, got); d != "" || (err == nil) != (wantErr == nil) {
			t.Errorf("cut at %d: %v, want %v (-want +got):\n%s", at, err, wantErr, d)
		}
		if wantErr == nil && (one.end() == nil) != (two.end() == nil) {
			t.Errorf("cut at %d: %v, want %v", at, two.end(), one.end())
		}
		// What was joined can be cut and joined again.
		for _, message := range want {
			cut := fragmenter{size: minFragment}
			again, err := joined(newDefragmenter(), cut.cut([]byte(message))...)
			if d := cmp.Diff([]string{message}, again); d != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, d)
			}
		}
	})
}
