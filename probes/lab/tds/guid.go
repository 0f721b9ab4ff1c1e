package tds

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

const guidSize = 16

// guidOf is a uniqueidentifier that the same thing always has, as the server writes one.
func guidOf(what ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(what, "\x00")))
	return strings.ToUpper(fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16]))
}

// guidBytes is a value of a GUIDTYPE with its length: the first three of its five numbers
// have their lowest byte first. Source: MS-TDS, "Data Type Dependent Data Streams".
func guidBytes(v any) []byte {
	text, _ := v.(string)
	b, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
	if err != nil || len(b) != guidSize {
		return []byte{0}
	}
	return []byte{
		guidSize, b[3], b[2], b[1], b[0], b[5], b[4], b[7], b[6],
		b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15],
	}
}
