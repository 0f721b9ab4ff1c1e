package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"time"
)

// profileVariable names a folder for profiles of the program itself. It is a
// variable and no flag: every command has it, and nobody meets it who looks for
// what a command does.
const profileVariable = "POSTPATCH_PROFILE"

// used is what the program took of the machine.
type used struct {
	Goroutines int `json:"goroutines"` // that are left
	Files      int `json:"files"`      // that are open, with sockets and pipes; 0 where the system does not tell
	Sockets    int `json:"sockets"`    // of these
	PeakRSS    int `json:"peak_rss"`   // bytes; 0 where the system does not tell
	// Allocated and Objects are what was asked of the heap, over the whole run.
	Allocated   uint64 `json:"allocated"`
	Objects     uint64 `json:"objects"`
	Collections uint32 `json:"collections"`
}

// profile begins to profile the program; what it returns ends that and writes
// cpu.pprof, allocs.pprof and used.json. Meanwhile heap.pprof has what is in use where
// that was most, as far as a look every second has seen it.
func profile(folder string) (stop func() error, err error) {
	if folder == "" {
		return func() error { return nil }, nil
	}
	cpu, err := os.Create(filepath.Join(folder, "cpu.pprof"))
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(cpu); err != nil {
		_ = cpu.Close()
		return nil, err
	}
	ended, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		watchHeap(filepath.Join(folder, "heap.pprof"), ended)
	}()
	return func() error {
		close(ended)
		<-stopped
		left := use() // before the profiles are written, which takes memory of its own
		pprof.StopCPUProfile()
		if err := cpu.Close(); err != nil {
			return err
		}
		allocs, err := os.Create(filepath.Join(folder, "allocs.pprof"))
		if err != nil {
			return err
		}
		err = pprof.Lookup("allocs").WriteTo(allocs, 0)
		if closing := allocs.Close(); err == nil {
			err = closing
		}
		if err != nil {
			return err
		}
		content, err := json.Marshal(left)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(folder, "used.json"), content, 0o644)
	}, nil
}

// watchHeap writes the profile of the heap whenever that has grown by a tenth.
func watchHeap(file string, ended <-chan struct{}) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	most := uint64(0)
	for {
		select {
		case <-ended:
			return
		case <-tick.C:
		}
		var memory runtime.MemStats
		runtime.ReadMemStats(&memory)
		if memory.HeapInuse < most+most/10 {
			continue
		}
		most = memory.HeapInuse
		if f, err := os.Create(file); err == nil {
			_ = pprof.Lookup("heap").WriteTo(f, 0) // the next one comes
			_ = f.Close()
		}
	}
}

func use() used {
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	u := used{
		Goroutines: runtime.NumGoroutine(), Allocated: memory.TotalAlloc, Objects: memory.Mallocs, Collections: memory.NumGC,
	}
	u.ofSystem()
	return u
}
