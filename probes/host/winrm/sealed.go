package winrm

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"mime"
	"strconv"
	"strings"
)

// A sealed message travels as a multipart body of two parts (MS-WSMV 2.2.9.1):
// what it was, and its bytes with their signature in front. Windows demands the
// tab before each line of a part's header, and puts no empty line behind it.
const (
	soapType   = "application/soap+xml;charset=UTF-8"
	sealedType = `multipart/encrypted;protocol="application/HTTP-SPNEGO-session-encrypted";boundary="Encrypted Boundary"`

	sealedPart   = "--Encrypted Boundary\r\n"
	sealedEnd    = "--Encrypted Boundary--\r\n"
	maxSignature = 256 // bytes; NTLM has 16, Kerberos with AES 60 to 84
)

// errUnsealed is a reply in clear on a connection where all has to be sealed.
var errUnsealed = errors.New("the host answered in clear where messages have to be sealed")

// wrapSealed makes the body of a sealed message of size bytes.
func wrapSealed(size int, signature, sealed []byte) []byte {
	var b bytes.Buffer
	b.Grow(len(sealed) + 512)
	b.WriteString(sealedPart + "\tContent-Type: application/HTTP-SPNEGO-session-encrypted\r\n" +
		"\tOriginalContent: type=" + soapType + ";Length=" + strconv.Itoa(size) + "\r\n" +
		sealedPart + "\tContent-Type: application/octet-stream\r\n")
	_ = binary.Write(&b, binary.LittleEndian, uint32(len(signature))) // a Buffer takes everything
	b.Write(signature)
	b.Write(sealed)
	b.WriteString(sealedEnd)
	return b.Bytes()
}

// envelopeOf is a sealed message taken out of its body.
type envelopeOf struct {
	contentType string // of what is sealed
	size        int    // of what is sealed
	signature   []byte
	sealed      []byte
}

// unwrapSealed reads the body of a sealed message. It is lenient in what
// servers are known to write otherwise: Exchange puts a space behind the dashes
// of a boundary, others leave out the tabs.
func unwrapSealed(contentType string, body []byte) (envelopeOf, error) {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil || kind != "multipart/encrypted" {
		return envelopeOf{}, errUnsealed
	}
	boundary := params["boundary"]
	if boundary == "" {
		return envelopeOf{}, errors.New("a sealed reply without a boundary")
	}
	head, rest, err := partHeader(body, boundary)
	if err != nil {
		return envelopeOf{}, err
	}
	var got envelopeOf
	if got.contentType, got.size, err = originalContent(head); err != nil {
		return envelopeOf{}, err
	}
	if _, rest, err = partHeader(rest, boundary); err != nil {
		return envelopeOf{}, err
	}
	rest, ended := cutEnd(rest, boundary)
	if !ended {
		return envelopeOf{}, errors.New("a sealed reply without its end")
	}
	if len(rest) < 4 {
		return envelopeOf{}, errors.New("a sealed reply without a signature")
	}
	length := binary.LittleEndian.Uint32(rest)
	rest = rest[4:]
	if length > maxSignature || int(length) > len(rest) {
		return envelopeOf{}, fmt.Errorf("a sealed reply with a signature of %d bytes", length)
	}
	got.signature, got.sealed = rest[:length], rest[length:]
	return got, nil
}

// partHeader reads a boundary's line and the header lines behind it, which end
// with the one of the content's type, or of the original content.
func partHeader(body []byte, boundary string) (map[string]string, []byte, error) {
	line, rest, found := bytes.Cut(body, []byte("\r\n"))
	name := strings.TrimSpace(strings.TrimPrefix(string(line[:min(len(line), 200)]), "--"))
	if !found || !bytes.HasPrefix(line, []byte("--")) || name != boundary {
		return nil, nil, errors.New("a sealed reply with another boundary than it announced")
	}
	head := map[string]string{}
	const mostLines = 8
	for range mostLines {
		if bytes.HasPrefix(rest, []byte("--")) || len(head) > 0 && head["content-type"] == "application/octet-stream" {
			break
		}
		line, after, found := bytes.Cut(rest, []byte("\r\n"))
		key, value, isField := strings.Cut(string(line[:min(len(line), 400)]), ":")
		if !found || !isField {
			return nil, nil, errors.New("a sealed reply with a broken part")
		}
		head[strings.ToLower(strings.TrimSpace(key))] = strings.TrimSpace(value)
		rest = after
	}
	return head, rest, nil
}

// originalContent reads "type=application/soap+xml;charset=UTF-8;Length=1234".
func originalContent(head map[string]string) (contentType string, size int, err error) {
	text, found := head["originalcontent"]
	if !found {
		return "", 0, errors.New("a sealed reply that does not say what is in it")
	}
	var kind []string
	size = -1
	for field := range strings.SplitSeq(text, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		switch strings.ToLower(name) {
		case "type":
			kind = append(kind, value)
		case "length":
			if size, err = strconv.Atoi(value); err != nil {
				return "", 0, fmt.Errorf("a sealed reply of length %q", clean(value))
			}
		default:
			kind = append(kind, name+"="+value)
		}
	}
	if size < 0 || size > maxBody {
		return "", 0, fmt.Errorf("a sealed reply of length %d", size)
	}
	return strings.Join(kind, ";"), size, nil
}

// cutEnd takes the closing boundary off, which stands at the very end: the
// sealed bytes may hold anything, a boundary too.
func cutEnd(body []byte, boundary string) ([]byte, bool) {
	body = bytes.TrimSuffix(body, []byte("\r\n"))
	for _, end := range []string{"--" + boundary + "--", "-- " + boundary + "--"} {
		if rest, found := bytes.CutSuffix(body, []byte(end)); found {
			return rest, true
		}
	}
	return nil, false
}
