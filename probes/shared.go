package probes

import (
	"reflect"
	"sync"
)

// Shared is what the probes of one run hold in common, such as a socket. Whoever puts
// something into it sees to it that nothing of that outlives its use. The zero value is
// empty and ready.
type Shared struct {
	mu  sync.Mutex
	all map[reflect.Type]any
}

// Common is the run's one T, made when it is first asked for. Without a run, it is made
// anew.
func Common[T any](s *Shared, make func() *T) *T {
	if s == nil {
		return make()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	of := reflect.TypeFor[T]()
	if common, found := s.all[of]; found {
		return common.(*T)
	}
	common := make()
	if s.all == nil {
		s.all = map[reflect.Type]any{}
	}
	s.all[of] = common
	return common
}
