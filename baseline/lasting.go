package baseline

import (
	"context"
	"os"
	"sync"
)

// A run lasts a power cut from the moment at which it counts, and not before: until then
// its hosts' files are the system's to write when it likes, since to wait for the disk once
// for each took more of a processor than to compress it. What a power cut leaves of a run
// that was under way is looked at when that is taken up, and dropped where it is not whole.

// mostEach is how many files are made to last one by one. For more of them all that waits
// for the disk is written, also of others: it is less work.
const mostEach = 64

// writeLater writes a file that lastAll will make last.
func (s *Store) writeLater(ctx context.Context, key string, data []byte) error {
	if !syncsLater {
		return s.write(ctx, key, data)
	}
	return s.writeAs(ctx, key, data, func(*os.File) error { return nil })
}

// lastAll makes files last that writeLater has written, all in one folder.
func (s *Store) lastAll(folder string, keys []string) error {
	if s.place.Folder == "" || !syncsLater {
		return nil
	}
	if len(keys) > mostEach {
		return syncDisk(s.file(folder))
	}
	const atOnce = 8
	var all sync.WaitGroup
	slots, errs := make(chan struct{}, atOnce), make([]error, len(keys))
	for i, key := range keys {
		slots <- struct{}{}
		all.Go(func() {
			errs[i] = syncFile(s.file(key))
			<-slots
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	return f.Sync()
}

// syncFolder makes the names below a key last. Only a folder needs it, and Windows
// cannot; elsewhere a failure costs at most a run that then counts as cut off.
func (s *Store) syncFolder(key string) {
	if s.place.Folder != "" {
		_ = syncFile(s.file(key))
	}
}
