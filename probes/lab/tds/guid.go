package tds

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"golang.org/x/text/encoding/charmap"
)

// guid is a uniqueidentifier as the wire has it: the first three groups turned round.
type guid [16]byte

func parseGUID(text string) (guid, bool) {
	var g guid
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, "{") {
		text = strings.TrimSuffix(text[1:], "}")
	}
	if len(text) != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-' {
		return g, false
	}
	raw, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
	if err != nil || len(raw) != len(g) {
		return g, false
	}
	for i, from := range guidOrder() {
		g[i] = raw[from]
	}
	return g, true
}

func guidOrder() [16]int { return [16]int{3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15} }

func (g guid) String() string {
	var raw [16]byte
	for i, from := range guidOrder() {
		raw[from] = g[i]
	}
	return strings.ToUpper(fmt.Sprintf("%x-%x-%x-%x-%x", raw[:4], raw[4:6], raw[6:8], raw[8:10], raw[10:]))
}

func hexOf(b []byte) string { return hex.EncodeToString(b) }

// toCodePage writes a text in the code page of the collation, 1252; what is not in it
// is a question mark, as on the server.
func toCodePage(s string) []byte {
	var b []byte
	for _, r := range s {
		if one, known := charmap.Windows1252.EncodeRune(r); known {
			b = append(b, one)
		} else {
			b = append(b, '?')
		}
	}
	return b
}

func fromCodePage(b []byte) string {
	var s strings.Builder
	for _, one := range b {
		s.WriteRune(charmap.Windows1252.DecodeByte(one))
	}
	return s.String()
}

// guidOf is a uniqueidentifier that the same thing always has.
func guidOf(what ...string) guid {
	sum := sha256.Sum256([]byte(strings.Join(what, "\x00")))
	return guid(sum[:16])
}
