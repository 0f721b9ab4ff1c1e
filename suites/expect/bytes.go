package expect

import (
	"math/big"
	"regexp"
	"strings"

	"postpatch/probes/fact"
)

// bytes reads a number of bytes with a larger unit: "512 MiB", "1.5 GB". Units of
// the one sort are thousands (ISO 80000-13), of the other 1024. It is not ok where
// that is no whole number of bytes.
func bytes(plain string) (n fact.Int, ok bool) {
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
	return fact.Int(amount.Num().Int64()), true
}
