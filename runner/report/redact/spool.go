package redact

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// spool keeps a stream until it can be told. It is as JSON, so that a stream that was kept
// and one that comes from a file are the same.
type spool struct {
	buffer bytes.Buffer
	writer *zstd.Encoder
	lines  *json.Encoder
	kept   int // messages
}

func (s *spool) put(message any) error {
	if s.writer == nil {
		writer, err := zstd.NewWriter(&s.buffer, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
			zstd.WithWindowSize(1<<18))
		if err != nil {
			return fmt.Errorf("keeping the results for redaction: %w", err)
		}
		s.writer, s.lines = writer, json.NewEncoder(writer)
		s.lines.SetEscapeHTML(false)
	}
	s.kept++
	if err := s.lines.Encode(message); err != nil {
		return fmt.Errorf("keeping the results for redaction: %w", err)
	}
	return nil
}

// read ends the writing.
func (s *spool) read() (*kept, error) {
	if err := s.writer.Close(); err != nil {
		return nil, fmt.Errorf("keeping the results for redaction: %w", err)
	}
	reader, err := zstd.NewReader(&s.buffer, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, fmt.Errorf("reading what was kept for redaction: %w", err)
	}
	return &kept{json.NewDecoder(reader), reader}, nil
}

type kept struct {
	*json.Decoder
	from *zstd.Decoder
}

func (k *kept) next(message any) error {
	if err := k.Decode(message); err != nil {
		return fmt.Errorf("reading what was kept for redaction: %w", err)
	}
	return nil
}

func (k *kept) close() { k.from.Close() }
