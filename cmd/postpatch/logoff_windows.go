package main

import (
	"os"

	winapi "golang.org/x/sys/windows"
)

// logoffEvent is CTRL_LOGOFF_EVENT of
// https://learn.microsoft.com/windows/console/handlerroutine.
const logoffEvent = 5

// stayAtLogoff lets a scheduled task or a service go on when a user logs off. Windows tells
// all programs of its own session of it, and does not say who has: it is somebody who looked
// in at the jump host, and not whoever runs this. Where there is a user's session, who logs
// off ends it.
func stayAtLogoff() {
	var session uint32
	err := winapi.ProcessIdToSessionId(uint32(os.Getpid()), &session)
	if err != nil || session != 0 {
		return
	}
	// The newest is asked first; what it does not take goes on to Go's own.
	handler := winapi.NewLazySystemDLL("kernel32.dll").NewProc("SetConsoleCtrlHandler")
	if handler.Find() == nil {
		_, _, _ = handler.Call(winapi.NewCallback(takeLogoff), 1)
	}
}

// takeLogoff takes the one event and leaves all others.
func takeLogoff(event uint32) uintptr {
	if event == logoffEvent {
		return 1
	}
	return 0
}
