package snmp

import (
	"encoding/hex"
	"fmt"
	"math"
	"math/big"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gosnmp/gosnmp"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/reach"
)

const mostText = 500 // characters of a value that are told

// values reads one object.
func values(item string, v gosnmp.SnmpPDU) []fact.Reading {
	state := func(s string) fact.Reading { return probes.Read(item, "state", fact.Text(s)) }
	with := func(name string, value fact.Value) []fact.Reading {
		return []fact.Reading{state(answered), probes.Read(item, name, value)}
	}
	switch v.Type {
	case gosnmp.NoSuchObject, gosnmp.NoSuchInstance, gosnmp.EndOfMibView, gosnmp.Null:
		return []fact.Reading{state(absent)}
	case gosnmp.Integer:
		return with("number", fact.Int(whole(v)))
	case gosnmp.Counter32, gosnmp.Counter64, gosnmp.Gauge32, gosnmp.Uinteger32:
		return with("gauge", fact.Int(whole(v)))
	case gosnmp.TimeTicks:
		return with("duration", fact.Duration(time.Duration(whole(v))*10*time.Millisecond))
	default:
		return with("value", fact.Text(text(v.Value)))
	}
}

// whole is a number, as far as it fits.
func whole(v gosnmp.SnmpPDU) int64 {
	n := gosnmp.ToBigInt(v.Value)
	if !n.IsInt64() {
		if n.Cmp(big.NewInt(0)) < 0 {
			return math.MinInt64
		}
		return math.MaxInt64
	}
	return n.Int64()
}

// text is a value as it can be shown: bytes that are no text in hex.
func text(value any) string {
	switch value := value.(type) {
	case []byte:
		shown := strings.TrimRight(string(value), "\x00")
		if utf8.ValidString(shown) && !strings.ContainsFunc(shown, func(r rune) bool {
			return !unicode.IsPrint(r) && !unicode.IsSpace(r)
		}) {
			return reach.Printable(shown, mostText)
		}
		return reach.Printable(hex.EncodeToString(value[:min(len(value), mostText)]), mostText)
	case string:
		return reach.Printable(strings.TrimPrefix(value, "."), mostText)
	default:
		return reach.Printable(fmt.Sprint(value), mostText)
	}
}
