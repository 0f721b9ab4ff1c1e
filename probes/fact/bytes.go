package fact

import (
	"math/big"
	"regexp"
	"strconv"
	"strings"
)

// Bytes reads a number of bytes with a larger unit: "512 MiB", "1.5 GB". Units of
// the one sort are thousands (ISO 80000-13), of the other 1024. It is not ok where
// that is no whole number of bytes.
func Bytes(plain string) (n int64, ok bool) {
	parts := regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?) ?([kKmMgGtT])(i?)[bB]$`).FindStringSubmatch(plain)
	if parts == nil {
		return 0, false
	}
	amount, ok := new(big.Rat).SetString(parts[1])
	if !ok {
		return 0, false
	}
	base := big.NewInt(1000)
	if parts[3] != "" {
		base = big.NewInt(1024)
	}
	power := big.NewInt(int64(strings.Index("kmgt", strings.ToLower(parts[2])) + 1))
	amount.Mul(amount, new(big.Rat).SetInt(new(big.Int).Exp(base, power, nil)))
	if !amount.IsInt() || !amount.Num().IsInt64() {
		return 0, false
	}
	return amount.Num().Int64(), true
}

// bytesText writes a number of bytes so that Bytes, or its digits alone, give it back:
// with the largest unit of which it is a whole number.
func bytesText(n int64) string {
	for _, base := range []struct {
		of    int64
		units []string
	}{{1024, []string{"TiB", "GiB", "MiB", "KiB"}}, {1000, []string{"TB", "GB", "MB", "kB"}}} {
		size := base.of * base.of * base.of * base.of
		for _, unit := range base.units {
			if n%size == 0 {
				return strconv.FormatInt(n/size, 10) + " " + unit
			}
			size /= base.of
		}
	}
	return counted(n, unitBytes)
}
