//go:build !windows

package main

import (
	"os"
	"regexp"
	"strconv"
)

// ofSystem takes in what Linux says of the process.
func (u *used) ofSystem() {
	if open, err := os.ReadDir("/proc/self/fd"); err == nil {
		u.Files = len(open)
		for _, file := range open {
			if to, err := os.Readlink("/proc/self/fd/" + file.Name()); err == nil && len(to) > 6 && to[:6] == "socket" {
				u.Sockets++
			}
		}
	}
	if status, err := os.ReadFile("/proc/self/status"); err == nil {
		if m := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status); m != nil {
			kilobytes, _ := strconv.Atoi(string(m[1])) // digits
			u.PeakRSS = kilobytes << 10
		}
	}
}
