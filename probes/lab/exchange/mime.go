package exchange

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"time"
)

// outgoing is a message that has no form yet.
type outgoing struct {
	from       string
	to, cc     []string
	subject    string
	body       string
	html       bool
	id         string
	at         time.Time
	additional []string // whole header lines
}

// write gives the message the form of RFC 5322, sent by a server of that domain.
func (m outgoing) write(server string) []byte {
	_, domain, _ := strings.Cut(server, "@")
	kind := "text/plain"
	if m.html {
		kind = "text/html"
	}
	lines := []string{
		"From: " + oneLine(m.from), "To: " + oneLine(strings.Join(m.to, ", ")),
		"Subject: " + mime.QEncoding.Encode("utf-8", oneLine(m.subject)),
		"Date: " + m.at.Format(time.RFC1123Z), "Message-ID: <" + m.id + "@" + domain + ">",
	}
	if len(m.cc) > 0 {
		lines = append(lines, "Cc: "+oneLine(strings.Join(m.cc, ", ")))
	}
	lines = append(lines, m.additional...)
	lines = append(lines, "MIME-Version: 1.0", "Content-Type: "+kind+"; charset=utf-8",
		"Content-Transfer-Encoding: base64", "", "")
	text := base64.StdEncoding.EncodeToString([]byte(m.body))
	var b strings.Builder
	b.WriteString(strings.Join(lines, "\r\n"))
	for len(text) > 76 {
		b.WriteString(text[:76] + "\r\n")
		text = text[76:]
	}
	b.WriteString(text + "\r\n")
	return []byte(b.String())
}

// oneLine takes out what would begin a new header.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, text)
}

// headers are the header of a message; empty for what is no message.
func headers(raw []byte) mail.Header {
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return mail.Header{}
	}
	return m.Header
}

// decoded is a header's text with its encoded words read.
func decoded(h mail.Header, name string) string {
	text := h.Get(name)
	plain, err := new(mime.WordDecoder).DecodeHeader(text)
	if err != nil {
		return text
	}
	return plain
}

// people are the addresses of a header; none where they cannot be read.
func people(h mail.Header, name string) []*mail.Address {
	list, err := h.AddressList(name)
	if err != nil {
		return nil
	}
	return list
}

// headerText is the header of a message as it stands.
func headerText(raw []byte) string {
	if i := bytes.Index(raw, []byte("\r\n\r\n")); i >= 0 {
		return string(raw[:i+2])
	}
	return ""
}

// text is the first text in a message, and whether it is HTML.
func text(raw []byte) (body string, html bool) {
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return "", false
	}
	return part(m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"), m.Body, 0)
}

func part(kind, encoding string, body io.Reader, depth int) (text string, html bool) {
	media, params, err := mime.ParseMediaType(kind)
	if err != nil {
		media = "text/plain"
	}
	if strings.HasPrefix(media, "multipart/") && depth < 8 {
		r := multipart.NewReader(body, params["boundary"])
		for {
			p, err := r.NextRawPart()
			if err != nil {
				return "", false
			}
			text, html = part(p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p, depth+1)
			if text != "" {
				return text, html
			}
		}
	}
	if !strings.HasPrefix(media, "text/") {
		return "", false
	}
	switch strings.ToLower(encoding) {
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	}
	data, _ := io.ReadAll(io.LimitReader(body, maxKept)) // up to where it can be read
	return string(data), media == "text/html"
}

// attached says whether a message has more parts than its text.
func attached(h mail.Header) bool {
	media, _, _ := mime.ParseMediaType(h.Get("Content-Type"))
	return media == "multipart/mixed"
}
