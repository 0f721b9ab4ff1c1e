//go:build windows

// Command wineservice is a Windows service, and what sets one up, for the test on Wine.
//
//	wineservice install NAME   as an automatic service, of this very program, and starts it
//	wineservice disable NAME
//	wineservice run NAME       as the service control manager does; where C:\NAME.fails is
//	                           there, it fails by its own code 42, and while C:\NAME.waits
//	                           is there, it has not started yet
package main

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "want what to do, and a name")
		os.Exit(2)
	}
	name := os.Args[2]
	do := map[string]func(string) error{
		"install": install, "disable": disable,
		"run": func(name string) error { return svc.Run(name, service(name)) },
	}[os.Args[1]]
	if err := do(name); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

type service string

// Execute implements svc.Handler.
func (s service) Execute(_ []string, asked <-chan svc.ChangeRequest, status chan<- svc.Status) (bool, uint32) {
	status <- svc.Status{State: svc.StartPending}
	if _, err := os.Stat(`C:\` + string(s) + ".fails"); err == nil {
		return true, 42
	}
	for {
		if _, err := os.Stat(`C:\` + string(s) + ".waits"); err != nil {
			break
		}
		<-time.After(100 * time.Millisecond)
	}
	status <- svc.Status{State: svc.Running, Accepts: svc.AcceptStop}
	for request := range asked {
		switch request.Cmd {
		case svc.Interrogate:
			status <- request.CurrentStatus
		case svc.Stop:
			return false, 0
		}
	}
	return false, 0
}

func manager() (windows.Handle, error) {
	return windows.OpenSCManager(nil, nil, windows.SC_MANAGER_ALL_ACCESS)
}

func install(name string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	m, err := manager()
	if err != nil {
		return err
	}
	handle, err := windows.CreateService(m, wide(name), wide(name), windows.SERVICE_ALL_ACCESS,
		windows.SERVICE_WIN32_OWN_PROCESS, windows.SERVICE_AUTO_START, windows.SERVICE_ERROR_NORMAL,
		wide(`"`+self+`" run `+name), nil, nil, nil, nil, nil)
	if err != nil {
		return err
	}
	return windows.StartService(handle, 0, nil)
}

func disable(name string) error {
	m, err := manager()
	if err != nil {
		return err
	}
	handle, err := windows.OpenService(m, wide(name), windows.SERVICE_ALL_ACCESS)
	if err != nil {
		return err
	}
	return windows.ChangeServiceConfig(handle, windows.SERVICE_NO_CHANGE, windows.SERVICE_DISABLED,
		windows.SERVICE_NO_CHANGE, nil, nil, nil, nil, nil, nil, nil)
}

func wide(text string) *uint16 {
	units, err := windows.UTF16PtrFromString(text)
	if err != nil {
		panic(err) // the test gives no such name
	}
	return units
}
