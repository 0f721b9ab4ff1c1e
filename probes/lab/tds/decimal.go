package tds

import (
	"math/big"
	"strings"
)

// maxPrecision is how many digits a numeric has at most.
const maxPrecision = 38

// decimal is an exact number: n shifted right by scale digits. Money is one of scale 4.
type decimal struct {
	n     *big.Int
	scale int
}

func parseDecimal(text string) (decimal, bool) {
	text = strings.TrimPrefix(strings.TrimSpace(text), "+")
	whole, fraction, _ := strings.Cut(text, ".")
	digits := strings.TrimPrefix(whole, "-") + fraction
	if digits == "" || strings.Trim(digits, "0123456789") != "" || len(digits) > 2*maxPrecision {
		return decimal{}, false
	}
	n, ok := new(big.Int).SetString(digits, 10)
	if !ok {
		return decimal{}, false
	}
	if strings.HasPrefix(whole, "-") {
		n.Neg(n)
	}
	return decimal{n, len(fraction)}, true
}

func decimalOf(n int64) decimal { return decimal{n: big.NewInt(n)} }

func (d decimal) String() string {
	digits := new(big.Int).Abs(d.n).String()
	if d.scale > 0 {
		if missing := d.scale + 1 - len(digits); missing > 0 {
			digits = strings.Repeat("0", missing) + digits
		}
		digits = digits[:len(digits)-d.scale] + "." + digits[len(digits)-d.scale:]
	}
	if d.n.Sign() < 0 {
		digits = "-" + digits
	}
	return digits
}

func (d decimal) precision() int { return len(strings.TrimLeft(new(big.Int).Abs(d.n).String(), "0")) }

func tenTo(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// rescaled has another number of digits behind the point, rounded half away from zero.
func (d decimal) rescaled(scale int) decimal {
	if scale >= d.scale {
		return decimal{new(big.Int).Mul(d.n, tenTo(scale-d.scale)), scale}
	}
	divisor := tenTo(d.scale - scale)
	quotient, rest := new(big.Int).QuoRem(d.n, divisor, new(big.Int))
	if new(big.Int).Mul(rest.Abs(rest), big.NewInt(2)).Cmp(divisor) >= 0 {
		quotient.Add(quotient, big.NewInt(int64(d.n.Sign())))
	}
	return decimal{quotient, scale}
}

// truncated is the whole part.
func (d decimal) truncated() *big.Int { return new(big.Int).Quo(d.n, tenTo(d.scale)) }

func (d decimal) float() float64 {
	f, _ := new(big.Rat).SetFrac(d.n, tenTo(d.scale)).Float64()
	return f
}

func (d decimal) cmp(other decimal) int {
	scale := max(d.scale, other.scale)
	return d.rescaled(scale).n.Cmp(other.rescaled(scale).n)
}

// decimalFrom is the exact number nearest to a float, with so many digits behind the point.
func decimalFrom(f float64, scale int) (decimal, bool) {
	r := new(big.Rat).SetFloat64(f)
	if r == nil {
		return decimal{}, false
	}
	d, ok := parseDecimal(r.FloatString(min(scale, maxPrecision) + 1))
	return d.rescaled(scale), ok
}
