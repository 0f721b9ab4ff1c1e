package inventory

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

const maxPattern = 1000

// expand makes names of a pattern: web[01:50].corp, db-[a:f], node[0:9:3]; a port
// behind it goes.
func expand(pattern string) ([]string, error) {
	if !strings.ContainsAny(pattern, "[:") {
		return []string{pattern}, nil
	}
	if len(pattern) > maxPattern {
		return nil, fmt.Errorf("it has more than %d characters", maxPattern)
	}
	if m := regexp.MustCompile(`^\[(.+)\]:[0-9]+$`).FindStringSubmatch(pattern); m != nil {
		pattern = m[1]
	}
	if m := regexp.MustCompile(`^((?:[^:\[\]]|\[[^\]]*\])*):[0-9]+$`).FindStringSubmatch(pattern); m != nil {
		pattern = m[1]
	}
	count := 1
	var parts []span // of the pattern, one behind the other
	for rest := pattern; rest != ""; {
		before, after, found := strings.Cut(rest, "[")
		if before != "" {
			parts = append(parts, span{texts: []string{before}})
		}
		if !found {
			break
		}
		inside, tail, closed := strings.Cut(after, "]")
		if !closed {
			return nil, fmt.Errorf("a [ that is never closed")
		}
		p, err := spanOf(inside)
		if err != nil {
			return nil, err
		}
		if count *= p.count; count > MaxHosts {
			return nil, fmt.Errorf("it stands for more than %d hosts", MaxHosts)
		}
		parts, rest = append(parts, p), tail
	}
	names := []string{""}
	for _, p := range parts {
		texts := p.all()
		longer := make([]string, 0, len(names)*len(texts))
		for _, name := range names {
			for _, text := range texts {
				longer = append(longer, name+text)
			}
		}
		names = longer
	}
	return names, nil
}

// span is a part of a pattern: a text, or what a range counts.
type span struct {
	texts             []string // nil for a range
	begin, step, fill int
	letters           bool
	count             int
}

const alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

// spanOf reads what stands between [ and ]: begin:end or begin:end:step.
func spanOf(inside string) (span, error) {
	wrong := fmt.Errorf("want a range like [01:50] or [a:f], got [%s]", shorten(inside))
	bounds := strings.Split(inside, ":")
	if len(bounds) < 2 || len(bounds) > 3 || bounds[1] == "" {
		return span{}, wrong
	}
	s := span{step: 1}
	if len(bounds) == 3 {
		step, ok := natural(bounds[2])
		if !ok || step == 0 {
			return span{}, wrong
		}
		s.step = step
	}
	begin, end := bounds[0], bounds[1]
	if begin == "" {
		begin = "0"
	}
	var last int
	if len(begin) == 1 && len(end) == 1 && strings.Contains(alphabet, begin) && strings.Contains(alphabet, end) {
		s.letters, s.begin, last = true, strings.Index(alphabet, begin), strings.Index(alphabet, end)
	} else {
		first, isNumber := natural(begin)
		number, endsWell := natural(end)
		if !isNumber || !endsWell {
			return span{}, wrong
		}
		s.begin, last = first, number
		if begin[0] == '0' && len(begin) > 1 {
			if s.fill = len(begin); len(end) != s.fill {
				return span{}, fmt.Errorf("the range [%s] begins with a zero: want as many digits at its end", shorten(inside))
			}
		}
	}
	if last < s.begin {
		return span{}, fmt.Errorf("the range [%s] ends before it begins", shorten(inside))
	}
	if s.count = (last-s.begin)/s.step + 1; s.count > MaxHosts {
		return span{}, fmt.Errorf("the range [%s] stands for more than %d hosts", shorten(inside), MaxHosts)
	}
	return s, nil
}

// natural reads digits alone, and no more of them than any range has.
func natural(text string) (int, bool) {
	n, err := strconv.ParseUint(text, 10, 32)
	return int(n), err == nil && text[0] != '+'
}

// all are the texts that a part stands for.
func (s span) all() []string {
	if s.texts != nil {
		return s.texts
	}
	texts := make([]string, s.count)
	for i := range texts {
		n := s.begin + i*s.step
		if s.letters {
			texts[i] = alphabet[n : n+1]
		} else {
			texts[i] = fmt.Sprintf("%0*d", s.fill, n)
		}
	}
	return texts
}
