package main

import (
	"os"
	"time"
)

// replaceBy puts a new file in the place of an old one, whole or not at all. On Windows
// somebody who just looks at the old one, as a scanner of viruses or a pipeline that picks it
// up, is in the way for a moment; that is waited for.
func replaceBy(temp, path string) error {
	const patience, pause = 2 * time.Second, 20 * time.Millisecond
	end := time.Now().Add(patience)
	for {
		err := os.Rename(temp, path)
		if err == nil || !isHeld(err) || time.Now().After(end) {
			return err
		}
		<-time.After(pause)
	}
}
