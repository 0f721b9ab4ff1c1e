package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
)

// hook starts a receiver of messages in this process. It answers with one status after
// the other, and then with the last one; and it repeats in its answer what nobody is to see.
func hook(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: hook NAME STATUS…")
	}
	name := args[0]
	var codes []int
	for _, arg := range args[1:] {
		code, err := strconv.Atoi(arg)
		ts.Check(err)
		codes = append(codes, code)
	}
	var mu sync.Mutex
	n := 0
	work := ts.MkAbs(".")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		body, _ := io.ReadAll(r.Body)
		code := codes[min(n, len(codes)-1)]
		n++
		_ = os.WriteFile(fmt.Sprintf("%s/%s-%d.json", work, name, n), body, 0o644)
		w.Header().Set("Location", "http://"+r.Host+"/elsewhere")
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(code)
		_, _ = fmt.Fprintf(w, "no such hook: %s", r.URL)
	}))
	ts.Defer(server.Close)
	ts.Setenv("HOOK_"+strings.ToUpper(name), server.URL+"/hunter2-"+name+"?sig=hunter2secret")
}
