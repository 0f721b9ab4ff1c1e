package auth_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"postpatch/probes/host/winrm/auth"
)

// TestLoginsOnce has many ask at once and one fetch.
func TestLoginsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := auth.NewLogins()
		defer l.Close()
		fetches, refused := 0, errors.New("no such service")
		get := func(context.Context) error {
			fetches++
			time.Sleep(time.Second)
			return refused
		}
		var all sync.WaitGroup
		for range 1000 {
			all.Go(func() {
				if err := l.Once(t.Context(), "a", get); !errors.Is(err, refused) {
					t.Errorf("got %v", err)
				}
			})
		}
		all.Wait()
		if err := l.Once(t.Context(), "b", get); err == nil || fetches != 2 {
			t.Errorf("fetched %d times: %v", fetches, err)
		}
		time.Sleep(2 * time.Minute) // an error is remembered for a while
		if err := l.Once(t.Context(), "a", get); err == nil || fetches != 3 {
			t.Errorf("fetched %d times: %v", fetches, err)
		}
		account := func(context.Context) error { fetches++; return auth.ErrAccount }
		for range 3 { // a refused account for ever
			if err := l.Once(t.Context(), "c", account); !errors.Is(err, auth.ErrAccount) || fetches != 4 {
				t.Errorf("fetched %d times: %v", fetches, err)
			}
			time.Sleep(10 * time.Hour)
		}
	})
}

// TestLoginsLeave ends a fetch when the last who waits for it has left, and not before.
func TestLoginsLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := auth.NewLogins()
		defer l.Close()
		var ended atomic.Int32
		get := func(ctx context.Context) error {
			<-ctx.Done()
			ended.Add(1)
			return ctx.Err()
		}
		first, leave := context.WithCancel(t.Context())
		second, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		var all sync.WaitGroup
		for _, ctx := range []context.Context{first, second} {
			all.Go(func() {
				if err := l.Once(ctx, "a", get); !errors.Is(err, ctx.Err()) || ctx.Err() == nil {
					t.Errorf("got %v", err)
				}
			})
		}
		synctest.Wait()
		leave()
		synctest.Wait()
		if ended.Load() != 0 {
			t.Error("the fetch ended with the first who left")
		}
		all.Wait()
		synctest.Wait()
		if ended.Load() != 1 {
			t.Error("the fetch outlives who waits")
		}
		if err := l.Once(t.Context(), "a", func(context.Context) error { return nil }); err != nil {
			t.Errorf("the next who asks gets %v", err)
		}
	})
}

// TestLoginsClose ends what is on its way; synctest finds what is left.
func TestLoginsClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := auth.NewLogins()
		var all sync.WaitGroup
		all.Go(func() {
			err := l.Once(t.Context(), "a", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
			if !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
		})
		synctest.Wait()
		l.Close()
		all.Wait()
		if err := l.Once(t.Context(), "a", func(context.Context) error { return nil }); err == nil {
			t.Error("goes on after the end")
		}
	})
}

// TestLoginsSilence has one ask fail while others are answered: the realm is not silent.
func TestLoginsSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := auth.NewLogins()
		defer l.Close()
		began := time.Now()
		time.Sleep(time.Second)
		l.Heard("CORP.TEST")
		time.Sleep(time.Second)
		if l.Hush("CORP.TEST", began); l.IsSilent("CORP.TEST") {
			t.Error("a KDC that answers counts as silent")
		}
		if l.Hush("CORP.TEST", time.Now()); !l.IsSilent("CORP.TEST") {
			t.Error("a KDC that answers no more does not count as silent")
		}
		time.Sleep(2 * time.Minute)
		if l.IsSilent("CORP.TEST") {
			t.Error("silent for ever")
		}
	})
}
