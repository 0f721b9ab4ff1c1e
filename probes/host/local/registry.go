package local

import (
	"encoding/binary"
	"errors"
	"strconv"
	"strings"
	"unicode/utf16"

	"postpatch/probes/host"
)

// regValue is one value of the registry, as it is stored.
type regValue struct {
	kind uint32
	data []byte
}

// The kinds of values. Source: the Windows SDK's winnt.h.
const (
	regNone      = 0
	regText      = 1
	regExpand    = 2
	regBinary    = 3
	regNumber    = 4
	regBigEndian = 5
	regTexts     = 7
	regLong      = 11
)

// cell writes a value as the collector registry does, which reads it by .NET's
// RegistryKey.GetValue: texts unexpanded, numbers without a sign, bytes in decimal.
func (v regValue) cell() host.Cell {
	switch v.kind {
	case regNumber, regLong:
		if n, ok := v.number(); ok {
			return host.Cell{Text: strconv.FormatUint(n, 10)}
		}
		return v.bytes()
	case regText, regExpand:
		return host.Cell{Text: v.text()}
	case regTexts:
		return host.Cell{List: v.texts()}
	case regNone, regBinary, regBigEndian:
		return v.bytes()
	default:
		return host.Cell{Null: true}
	}
}

// number reads a number of 32 or 64 bits; one that is stored with more bytes is none.
func (v regValue) number() (uint64, bool) {
	if v.kind != regNumber && v.kind != regLong || len(v.data) > 8 {
		return 0, false
	}
	var whole [8]byte
	copy(whole[:], v.data)
	return binary.LittleEndian.Uint64(whole[:]), true
}

// is says whether the value is this number.
func (v regValue) is(n uint64) bool {
	got, ok := v.number()
	return ok && got == n
}

func (v regValue) bytes() host.Cell {
	cell := host.Cell{List: make([]string, len(v.data))}
	for i, b := range v.data {
		cell.List[i] = strconv.Itoa(int(b))
	}
	return cell
}

// units are the UTF-16 of a text; half a one at the end is filled up.
func (v regValue) units() []uint16 {
	units := make([]uint16, (len(v.data)+1)/2)
	for i := range units {
		units[i] = uint16(v.data[2*i])
		if 2*i+1 < len(v.data) {
			units[i] |= uint16(v.data[2*i+1]) << 8
		}
	}
	return units
}

// text is the value without the one zero that ends it.
func (v regValue) text() string {
	units := v.units()
	if n := len(units); n > 0 && units[n-1] == 0 {
		units = units[:n-1]
	}
	return string(utf16.Decode(units))
}

// texts are those that zeros separate; the last zero is the list's own. One of no
// length in between is kept.
func (v regValue) texts() []string {
	units := v.units()
	texts := []string{}
	if n := len(units); n > 0 && units[n-1] != 0 {
		units = append(units, 0)
	}
	for begin, i := 0, 0; i < len(units); i++ {
		if units[i] != 0 {
			continue
		}
		if i > begin || i < len(units)-1 {
			texts = append(texts, string(utf16.Decode(units[begin:i])))
		}
		begin = i + 1
	}
	return texts
}

// hive is a root of the registry.
type hive string

// hiveOf splits a key as the collector registry takes it: HKLM\SOFTWARE\….
func hiveOf(key string) (root hive, path string, err error) {
	name, path, _ := strings.Cut(key, `\`)
	switch strings.ToUpper(name) {
	case "HKLM", "HKEY_LOCAL_MACHINE":
		root = "HKLM"
	case "HKU", "HKEY_USERS":
		root = "HKU"
	case "HKCU", "HKEY_CURRENT_USER":
		root = "HKCU"
	case "HKCR", "HKEY_CLASSES_ROOT":
		root = "HKCR"
	default:
		return "", "", errors.New("unknown registry hive")
	}
	parts := strings.FieldsFunc(path, func(r rune) bool { return r == '\\' })
	return root, strings.Join(parts, `\`), nil
}

// registry reads keys, in the 64-bit view. A key that is absent is no error.
type registry interface {
	// values returns those of a key's values that are there, by the names as asked.
	values(root hive, path string, names []string) (values map[string]regValue, there bool, err error)
	// keys returns the names of the keys below a key.
	keys(root hive, path string) (names []string, there bool, err error)
}

// registryRows answer the collector registry: a cell for every value, null for one that
// is absent, and no row without the key.
func registryRows(r registry, q host.Collector) ([]host.Row, error) {
	keys := q.Args["key"]
	if len(keys) != 1 {
		return nil, errors.New("want one key")
	}
	root, path, err := hiveOf(keys[0])
	if err != nil {
		return nil, err
	}
	values, there, err := r.values(root, path, q.Args["values"])
	if err != nil || !there {
		return nil, err
	}
	row := host.Row{}
	for _, name := range q.Args["values"] {
		row[name] = host.Cell{Null: true}
		if v, there := values[name]; there {
			row[name] = v.cell()
		}
	}
	return []host.Row{row}, nil
}
