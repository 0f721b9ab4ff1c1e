package psrp

import "strings"

// Stderr is what powershell.exe wrote to its standard error as a person would
// read it. PowerShell writes there, when nobody told it otherwise, blocks that
// begin with "#< CLIXML" and hold all its streams; of them the errors' text
// stays. What is no such block stays as it is, and so does a block that cannot
// be read. The result is still the host's text: it is not cleaned.
func Stderr(text string) string {
	const head = "#< CLIXML"
	var b strings.Builder
	for {
		before, block, found := strings.Cut(text, head)
		b.WriteString(before)
		if !found {
			return b.String()
		}
		documents, rest := cutDocuments(block)
		said, readable := errorsOf(documents)
		if !readable {
			said = head + block[:len(block)-len(rest)]
		}
		b.WriteString(said)
		text = rest
	}
}

// cutDocuments cuts off the documents that follow a block's head. One without an
// end takes all there is.
func cutDocuments(block string) (documents []string, rest string) {
	const begin, end = "<Objs", "</Objs>"
	for {
		after := strings.TrimLeft(block, " \t\r\n")
		if !strings.HasPrefix(after, begin) {
			return documents, block
		}
		at := strings.Index(after, end)
		if at < 0 {
			return append(documents, after), ""
		}
		documents = append(documents, after[:at+len(end)])
		block = after[at+len(end):]
	}
}

// errorsOf gathers the error stream of documents.
func errorsOf(documents []string) (said string, readable bool) {
	var b strings.Builder
	for _, document := range documents {
		// Words in the console's code page may be in it.
		values, err := decodeAll([]byte(strings.ToValidUTF8(document, "\ufffd")))
		if err != nil {
			return "", false
		}
		for _, v := range values {
			if strings.EqualFold(v.stream, "Error") {
				text, _ := v.scalar()
				b.WriteString(text)
			}
		}
	}
	return b.String(), len(documents) > 0
}
