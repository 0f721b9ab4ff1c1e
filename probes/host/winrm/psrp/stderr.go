package psrp

import "strings"

// clixmlHead begins what powershell.exe writes when it writes CLIXML.
const clixmlHead = "#< CLIXML"

// Stderr is what powershell.exe wrote to its standard error as a person would
// read it. PowerShell writes there, when nobody told it otherwise, a head,
// "#< CLIXML", and documents that hold all its streams; of them the errors' text
// stays. Words of other programs between them stay too, and so does a document
// that cannot be read. The result is still the host's text: it is not cleaned.
func Stderr(text string) string {
	at := strings.Index(text, clixmlHead)
	if at < 0 {
		return text
	}
	var b strings.Builder
	b.WriteString(text[:at])
	heads := strings.NewReplacer(clixmlHead+"\r\n", "", clixmlHead+"\n", "", clixmlHead, "")
	readable := false
	for rest := text[at:]; ; {
		words, document, after, found := cutDocument(rest)
		_, _ = heads.WriteString(&b, words) // a Builder never fails
		if !found {
			break
		}
		said, is := errorsOf(document)
		if !is {
			said = document
		}
		readable = readable || is
		b.WriteString(said)
		rest = after
	}
	if !readable {
		return text
	}
	return b.String()
}

// cutDocument finds the next document, and the words before and after it.
func cutDocument(text string) (words, document, after string, found bool) {
	const begin, end = "<Objs", "</Objs>"
	from := strings.Index(text, begin)
	if from < 0 {
		return text, "", "", false
	}
	to := strings.Index(text[from:], end)
	if to < 0 {
		return text, "", "", false
	}
	to += from + len(end)
	return text[:from], text[from:to], text[to:], true
}

// errorsOf is the text of a document's error stream.
func errorsOf(document string) (said string, readable bool) {
	// Words in the console's code page may be in it.
	values, err := decodeAll([]byte(strings.ToValidUTF8(document, "\ufffd")))
	if err != nil {
		return "", false
	}
	var b strings.Builder
	for _, v := range values {
		if strings.EqualFold(v.stream, "Error") {
			text, _ := v.scalar()
			b.WriteString(text)
		}
	}
	return b.String(), true
}
