package suites

import (
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"

	"gopkg.in/yaml.v3"

	"postpatch/suites/expect"
)

// parsed is a file whose document has been read before its turn.
type parsed struct {
	data []byte
	root *yaml.Node // nil where it cannot be walked
}

// readAll reads files, each once, the documents of several at once: to take YAML apart is
// most of the work. What they say is looked at in their order, so that it is the same
// each time.
func (l *loader) readAll(given []string) {
	if len(given) == 0 {
		l.found.add(Problem{File: "suites", Msg: "no suite file is given"})
	}
	var files []string
	seen := map[string]bool{}
	for _, file := range given {
		if path := filepath.Clean(file); !seen[path] {
			seen[path] = true
			files = append(files, file)
		}
	}
	const most = 64 // documents that wait for their turn
	turns := make([]chan reader, len(files))
	for i := range turns {
		turns[i] = make(chan reader, 1)
	}
	free, next := make(chan bool, most), make(chan int)
	go func() { // the one whose turn it is has its place before those behind it
		defer close(next)
		for i := range files {
			free <- true
			next <- i
		}
	}()
	for range min(len(files), runtime.GOMAXPROCS(0)) {
		go func() {
			for i := range next {
				turns[i] <- parseAhead(files[i])
			}
		}()
	}
	texts := map[heldText]expect.Predicate{}
	for _, turn := range turns {
		r := <-turn
		<-free
		l.found.take(r.found)
		r.parsedTexts = texts
		if r.found = l.found; r.parsed != nil {
			l.suite(r, r.parsed.data)
		}
	}
}

func parseAhead(file string) reader {
	r := reader{file: file, found: &problems{}}
	if data, ok := r.bytes(); ok {
		r.parsed = &parsed{data, r.document(data)}
	}
	return r
}

// atOnce does n things, as many at a time as there are processors.
func atOnce(n int, do func(i int)) {
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		workers.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				do(int(i))
			}
		})
	}
	workers.Wait()
}

// buildAll builds the suites, several at once: each writes to what is its own and to
// nothing else. What hosts have of several suites is put together in their order.
func (l *loader) buildAll() {
	unread := l.found.any() // not while they are built: that would tell of whoever was faster
	atOnce(len(l.entries), func(i int) {
		s := l.entries[i]
		s.makeRoom()
		l.build(s, unread)
	})
	for _, s := range l.entries {
		if !s.dry {
			s.shareChecks()
		}
	}
}
