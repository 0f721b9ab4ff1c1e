package disk

import (
	"cmp"
	"fmt"
	"math/big"
	"strings"

	"postpatch/probes"
	"postpatch/probes/fact"
)

// readings makes the readings of one volume. Of one whose file system Windows
// does not know, most columns are null, and so are the readings: absent. The
// error names what is there and cannot be read.
func (v volume) readings() ([]fact.Reading, error) {
	if v.row == nil {
		return []fact.Reading{probes.Read(v.item, "present", fact.Bool(false))}, nil
	}
	fileSystem := strings.TrimSpace(v.row.Get("FileSystem").Text)
	if fileSystem == "" {
		fileSystem = "RAW"
	}
	all := []fact.Reading{
		probes.Read(v.item, "present", fact.Bool(true)),
		probes.Read(v.item, "file_system", fact.Text(fileSystem)),
		probes.Read(v.item, "label", fact.Text(v.row.Get("Label").Text)),
	}
	if id := guid(v.row.Get("DeviceID").Text); id != "" {
		all = append(all, probes.Read(v.item, "volume", fact.Text(id)))
	}
	if dirty, known := v.row.Get("DirtyBitSet").Bool(); known {
		all = append(all, probes.Read(v.item, "dirty", fact.Bool(dirty)))
	}
	size, sizeOdd := v.bytes("size", "Capacity")
	if size >= 0 {
		all = append(all, probes.Read(v.item, "size", fact.Int(size)))
	}
	free, freeOdd := v.bytes("free", "FreeSpace")
	if free >= 0 {
		all = append(all, probes.Read(v.item, "free", fact.Int(free)))
	}
	if size > 0 && free >= 0 {
		all = append(all, probes.Read(v.item, "free_percent", percent(free, size)))
	}
	return all, cmp.Or(sizeOdd, freeOdd)
}

// bytes reads a number of bytes, for the reading of that name. It is negative
// when there is none, because it is null or odd.
func (v volume) bytes(name, column string) (int64, error) {
	cell := v.row.Get(column)
	if cell.Null {
		return -1, nil
	}
	n, err := cell.Int()
	if err == nil && n < 0 {
		err = fmt.Errorf("want a number of bytes, got %d", n)
	}
	if err != nil {
		return -1, fmt.Errorf("reading %s of %q: %w", name, v.item, err)
	}
	return n, nil
}

// percent rounds down; 100 times the bytes of a large volume would overflow an
// int64.
func percent(part, whole int64) fact.Int {
	hundredfold := new(big.Int).Mul(big.NewInt(part), big.NewInt(100))
	return fact.Int(hundredfold.Quo(hundredfold, big.NewInt(whole)).Int64())
}

// guid is the volume's GUID of its path, \\?\Volume{…}\.
func guid(path string) string {
	_, rest, begun := strings.Cut(path, "{")
	id, _, ended := strings.Cut(rest, "}")
	if !begun || !ended {
		return strings.TrimRight(path, `\`)
	}
	return strings.ToLower(id)
}
