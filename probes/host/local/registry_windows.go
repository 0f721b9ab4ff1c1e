package local

import (
	"errors"

	"golang.org/x/sys/windows"
)

// windowsRegistry is the machine's own.
type windowsRegistry struct{}

// What is read of the registry at most.
const (
	mostValue = 16 << 20 // bytes
	mostKeys  = 1 << 17
)

// openKey opens a key to read it, in the 64-bit view.
func openKey(root hive, path string) (key windows.Handle, there bool, err error) {
	roots := map[hive]windows.Handle{
		"HKLM": windows.HKEY_LOCAL_MACHINE, "HKU": windows.HKEY_USERS,
		"HKCU": windows.HKEY_CURRENT_USER, "HKCR": windows.HKEY_CLASSES_ROOT,
	}
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return 0, false, err
	}
	err = windows.RegOpenKeyEx(roots[root], name, 0, windows.KEY_READ|windows.KEY_WOW64_64KEY, &key)
	switch {
	case err == nil:
		return key, true, nil
	case isAbsent(err):
		return 0, false, nil
	default:
		return 0, false, systemError("opening a key of the registry", err)
	}
}

func isAbsent(err error) bool {
	return errors.Is(err, windows.ERROR_FILE_NOT_FOUND) || errors.Is(err, windows.ERROR_PATH_NOT_FOUND) ||
		errors.Is(err, windows.ERROR_KEY_DELETED)
}

func (windowsRegistry) values(root hive, path string, names []string) (map[string]regValue, bool, error) {
	key, there, err := openKey(root, path)
	if err != nil || !there {
		return nil, false, err
	}
	defer func() { _ = windows.RegCloseKey(key) }()
	values := map[string]regValue{}
	for _, name := range names {
		v, there, err := readValue(key, name)
		if err != nil {
			return nil, true, err
		}
		if there {
			values[name] = v
		}
	}
	return values, true, nil
}

// readValue reads a value, which may grow meanwhile.
func readValue(key windows.Handle, name string) (v regValue, there bool, err error) {
	wide, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return v, false, err
	}
	size := uint32(256)
	for size <= mostValue {
		buffer := make([]byte, size)
		err := windows.RegQueryValueEx(key, wide, nil, &v.kind, &buffer[0], &size)
		switch {
		case err == nil:
			v.data = buffer[:min(int(size), len(buffer))]
			return v, true, nil
		case isAbsent(err):
			return v, false, nil
		case !errors.Is(err, windows.ERROR_MORE_DATA):
			return v, false, systemError("reading a value of the registry", err)
		}
		size = max(size, uint32(len(buffer))+1)
	}
	return v, false, errors.New("reading a value of the registry: it is larger than 16 MB")
}

func (windowsRegistry) keys(root hive, path string) ([]string, bool, error) {
	key, there, err := openKey(root, path)
	if err != nil || !there {
		return nil, false, err
	}
	defer func() { _ = windows.RegCloseKey(key) }()
	var names []string
	for i := range uint32(mostKeys) {
		var buffer [256]uint16 // a key's name has 255 characters at most
		length := uint32(len(buffer))
		err := windows.RegEnumKeyEx(key, i, &buffer[0], &length, nil, nil, nil, nil)
		switch {
		case errors.Is(err, windows.ERROR_NO_MORE_ITEMS):
			return names, true, nil
		case err != nil:
			return nil, true, systemError("listing the keys of the registry", err)
		}
		names = append(names, windows.UTF16ToString(buffer[:length]))
	}
	return nil, true, errors.New("listing the keys of the registry: too many")
}

// pendingXML says whether servicing has left work for the next start.
func pendingXML() (there bool, err error) {
	root, err := windows.GetSystemWindowsDirectory()
	if err != nil {
		return false, err
	}
	pattern, err := windows.UTF16PtrFromString(root + `\WinSxS\pending.xml`)
	if err != nil {
		return false, err
	}
	var data windows.Win32finddata
	// A look at the file alone would say no of what may not be read.
	find, err := windows.FindFirstFile(pattern, &data)
	if errors.Is(err, windows.ERROR_FILE_NOT_FOUND) {
		return false, nil
	}
	if err != nil {
		return false, systemError("looking for pending.xml", err)
	}
	defer func() { _ = windows.FindClose(find) }()
	return data.FileAttributes&windows.FILE_ATTRIBUTE_DIRECTORY == 0, nil
}
