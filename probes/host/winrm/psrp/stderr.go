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
		said, rest, readable := errorsOf(block)
		if !readable {
			said, rest = head, block
		}
		b.WriteString(said)
		text = rest
	}
}

// errorsOf reads the documents that follow a block's head and returns what
// follows them.
func errorsOf(block string) (said, rest string, readable bool) {
	const begin, end = "<Objs", "</Objs>"
	var b strings.Builder
	rest = block
	for {
		after := strings.TrimLeft(rest, " \t\r\n")
		at := strings.Index(after, end)
		if !strings.HasPrefix(after, begin) || at < 0 {
			return b.String(), rest, readable
		}
		document := after[:at+len(end)]
		// Words of the console's code page may be in it.
		values, err := decodeAll([]byte(strings.ToValidUTF8(document, "\ufffd")))
		if err != nil {
			return b.String(), rest, readable
		}
		for _, v := range values {
			if strings.EqualFold(v.stream, "Error") {
				said, _ := v.scalar()
				b.WriteString(said)
			}
		}
		readable = true
		rest = after[at+len(end):]
	}
}
