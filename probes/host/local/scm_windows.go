package local

import (
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/windows"
)

// listServices asks the service control manager for all services, and for the parts of
// each that are wanted. One that is gone meanwhile is left out.
func listServices(want parts) ([]service, error) {
	manager, err := windows.OpenSCManager(nil, nil, windows.SC_MANAGER_CONNECT|windows.SC_MANAGER_ENUMERATE_SERVICE)
	if err != nil {
		return nil, systemError("opening the service control manager", err)
	}
	defer func() { _ = windows.CloseServiceHandle(manager) }()
	services, err := enumerateServices(manager)
	if err != nil || want == (parts{}) {
		return services, err
	}
	there := services[:0]
	for _, s := range services {
		if err := s.read(manager, want); errors.Is(err, windows.ERROR_SERVICE_DOES_NOT_EXIST) {
			continue
		}
		there = append(there, s)
	}
	return there, nil
}

// enumerateServices lists them with their states, a buffer full at a time.
func enumerateServices(manager windows.Handle) ([]service, error) {
	const entry = unsafe.Sizeof(windows.ENUM_SERVICE_STATUS_PROCESS{})
	buffer := make([]windows.ENUM_SERVICE_STATUS_PROCESS, (256<<10)/entry) // what the API takes at most
	var services []service
	var resume uint32
	for {
		var needed, returned uint32
		err := windows.EnumServicesStatusEx(manager, windows.SC_ENUM_PROCESS_INFO, kindService, windows.SERVICE_STATE_ALL,
			(*byte)(unsafe.Pointer(&buffer[0])), uint32(entry)*uint32(len(buffer)), &needed, &returned, &resume, nil)
		more := errors.Is(err, windows.ERROR_MORE_DATA)
		if err != nil && !more {
			return nil, systemError("listing the services", err)
		}
		for _, e := range buffer[:min(int(returned), len(buffer))] {
			p := e.ServiceStatusProcess
			services = append(services, service{
				name: windows.UTF16PtrToString(e.ServiceName), display: windows.UTF16PtrToString(e.DisplayName),
				status: status{
					kind: p.ServiceType, state: p.CurrentState, accepts: p.ControlsAccepted, exitCode: p.Win32ExitCode,
					specific: p.ServiceSpecificExitCode, process: p.ProcessId,
				},
			})
		}
		if !more {
			return services, nil
		}
		if returned == 0 || resume == 0 {
			return nil, fmt.Errorf("listing the services: %d of them, and no way to go on", len(services))
		}
	}
}

// read fills in the parts that are wanted, each by itself: one that the manager does not
// tell stays nil. The error is that the service cannot be opened.
func (s *service) read(manager windows.Handle, want parts) error {
	name, err := windows.UTF16PtrFromString(s.name)
	if err != nil {
		return err
	}
	handle, err := windows.OpenService(manager, name, windows.SERVICE_QUERY_CONFIG)
	if err != nil {
		return err
	}
	defer func() { _ = windows.CloseServiceHandle(handle) }()
	if want.config {
		s.config = readConfig(handle)
	}
	if want.description {
		s.description = readDescription(handle)
	}
	if want.delayed {
		s.delayed = readDelayed(handle)
	}
	return nil
}

// mostConfig is the most that the API needs for one part. Source: Microsoft's
// documentation of QueryServiceConfig and QueryServiceConfig2.
const mostConfig = 8 << 10

func readConfig(handle windows.Handle) *config {
	const fixed = unsafe.Sizeof(windows.QUERY_SERVICE_CONFIG{})
	buffer := make([]windows.QUERY_SERVICE_CONFIG, mostConfig/fixed)
	var needed uint32
	if windows.QueryServiceConfig(handle, &buffer[0], uint32(fixed)*uint32(len(buffer)), &needed) != nil {
		return nil
	}
	c := buffer[0]
	return &config{
		start: c.StartType, path: windows.UTF16PtrToString(c.BinaryPathName),
		account: windows.UTF16PtrToString(c.ServiceStartName),
	}
}

func readDescription(handle windows.Handle) *string {
	const fixed = unsafe.Sizeof(windows.SERVICE_DESCRIPTION{})
	buffer := make([]windows.SERVICE_DESCRIPTION, mostConfig/fixed)
	if !readLevel(handle, windows.SERVICE_CONFIG_DESCRIPTION, unsafe.Pointer(&buffer[0]), mostConfig/fixed*fixed) {
		return nil
	}
	text := windows.UTF16PtrToString(buffer[0].Description)
	return &text
}

func readDelayed(handle windows.Handle) *bool {
	var info struct{ delayed int32 } // SERVICE_DELAYED_AUTO_START_INFO
	if !readLevel(handle, windows.SERVICE_CONFIG_DELAYED_AUTO_START_INFO, unsafe.Pointer(&info), unsafe.Sizeof(info)) {
		return nil
	}
	delayed := info.delayed != 0
	return &delayed
}

// readLevel reads one level of QueryServiceConfig2. Older systems do not have every
// level: that is ERROR_INVALID_LEVEL, 124, and says nothing about the others.
func readLevel(handle windows.Handle, level uint32, at unsafe.Pointer, size uintptr) bool {
	var needed uint32
	return windows.QueryServiceConfig2(handle, level, (*byte)(at), uint32(size), &needed) == nil
}
