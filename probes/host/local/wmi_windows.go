package local

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unsafe"

	"golang.org/x/sys/windows"

	"postpatch/probes/host"
	"postpatch/probes/host/packed"
)

// The methods of WMI's interfaces, by their places. Source: the Windows SDK's wbemcli.h.
const (
	locatorConnect    = 3
	servicesGetObject = 6
	servicesQuery     = 20
	servicesMethod    = 24
	enumNext          = 4
	objectGet         = 4
)

// Flags and levels. Source: wbemcli.h and the Windows SDK's rpcdce.h.
const (
	connectMaxWait    = 0x80 // two minutes
	returnImmediately = 0x10
	forwardOnly       = 0x20

	authWinNT       = 10
	authDefault     = 0
	levelPrivacy    = 6
	impersonate     = 3
	inProcessServer = 1
)

// wbemTimedOut is the success of not having found all within the time.
const wbemTimedOut hresult = 0x40004

// onceMS is how long WMI is waited for before it is seen whether anybody still waits.
const onceMS = 200

// mostKept bounds the rows of one query, in bytes.
const mostKept = 64 << 20

// wmi reads WMI on the one thread that has initialized COM.
type wmi struct {
	com      com
	locator  *object
	services map[string]*object // by namespace
}

func openWMI() (*wmi, error) {
	functions, err := loadCOM()
	if err != nil {
		return nil, err
	}
	const again = windows.Errno(1) // S_FALSE: it was initialized before
	if err := windows.CoInitializeEx(0, windows.COINIT_MULTITHREADED); err != nil && !errors.Is(err, again) {
		return nil, fmt.Errorf("initializing COM: %w", err)
	}
	// Whose identity WMI's proxies show; a second call in a process is refused, and changes nothing.
	_, _, _ = functions.initializeSecurity.Call(0, ^uintptr(0), 0, 0, authDefault, impersonate, 0, 0, 0)
	w := &wmi{com: functions, services: map[string]*object{}}
	class := windows.GUID{
		Data1: 0x4590f811, Data2: 0x1d3a, Data3: 0x11d0, Data4: [8]byte{0x89, 0x1f, 0x00, 0xaa, 0x00, 0x4b, 0x2e, 0x24},
	}
	locator := windows.GUID{
		Data1: 0xdc12a687, Data2: 0x737f, Data3: 0x11cf, Data4: [8]byte{0x88, 0x4d, 0x00, 0xaa, 0x00, 0x4b, 0x2e, 0x24},
	}
	r, _, _ := functions.createInstance.Call(uintptr(unsafe.Pointer(&class)), 0, inProcessServer,
		uintptr(unsafe.Pointer(&locator)), uintptr(unsafe.Pointer(&w.locator)))
	if _, err := result(r); err != nil {
		windows.CoUninitialize()
		return nil, fmt.Errorf("finding WMI: %w", err)
	}
	return w, nil
}

func (w *wmi) close() {
	for _, service := range w.services {
		service.release()
	}
	w.locator.release()
	windows.CoUninitialize()
}

// connect opens a namespace, once.
func (w *wmi) connect(namespace string) (*object, error) {
	if namespace == "" {
		namespace = "root/cimv2"
	}
	namespace = strings.ReplaceAll(namespace, "/", `\`)
	if open := w.services[strings.ToLower(namespace)]; open != nil {
		return open, nil
	}
	name, err := w.com.bstr(namespace)
	if err != nil {
		return nil, err
	}
	defer w.com.free(name)
	var services *object
	_, err = w.locator.call(locatorConnect, name.arg(), 0, 0, 0, connectMaxWait, 0, 0, uintptr(unsafe.Pointer(&services)))
	if err != nil {
		return nil, err
	}
	w.identify(services)
	w.services[strings.ToLower(namespace)] = services
	return services, nil
}

// identify has a proxy show who asks. Where there is none, as in Wine, it fails, and
// nothing is lost.
func (w *wmi) identify(proxy *object) {
	_, _, _ = w.com.setProxyBlanket.Call(uintptr(unsafe.Pointer(proxy)), authWinNT, 0, 0, levelPrivacy, impersonate, 0, 0)
}

// query reads the rows of a query, and looks five times a second whether ctx is over.
func (w *wmi) query(ctx context.Context, q host.WQL) ([]host.Row, error) {
	services, err := w.connect(q.Namespace)
	if err != nil {
		return nil, err
	}
	list, err := w.begin(services, packed.Query(q))
	if err != nil {
		return nil, err
	}
	defer list.release()
	w.identify(list)
	rows := []host.Row{}
	kept := 0
	for {
		instances, end, err := next(list)
		for _, instance := range instances {
			row, size, readErr := w.row(instance, q.Columns)
			instance.release()
			rows, kept = append(rows, row), kept+size
			if err == nil {
				err = readErr
			}
		}
		switch {
		case err != nil:
			return nil, err
		case q.Most > 0 && len(rows) > q.Most:
			return nil, fmt.Errorf("more than %d instances", q.Most)
		case kept > mostKept:
			return nil, fmt.Errorf("an answer of more than %d bytes", mostKept)
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case end && len(rows) == 0:
			return rows, w.known(services, q.Class)
		case end:
			return rows, nil
		}
	}
}

// known makes sure that a class without instances is there: Wine answers a query over
// one that is not as if it were.
func (w *wmi) known(services *object, class string) error {
	name, err := w.com.bstr(class)
	if err != nil {
		return err
	}
	defer w.com.free(name)
	var found *object
	_, err = services.call(servicesGetObject, name.arg(), 0, 0, uintptr(unsafe.Pointer(&found)), 0)
	found.release()
	if isCode(err, wbemNotFound) {
		return &errWMI{code: wbemInvalidClass}
	}
	return err
}

func (w *wmi) begin(services *object, query string) (*object, error) {
	language, err := w.com.bstr("WQL")
	if err != nil {
		return nil, err
	}
	defer w.com.free(language)
	text, err := w.com.bstr(query)
	if err != nil {
		return nil, err
	}
	defer w.com.free(text)
	var list *object
	_, err = services.call(servicesQuery, language.arg(), text.arg(), returnImmediately|forwardOnly, 0,
		uintptr(unsafe.Pointer(&list)))
	return list, err
}

// next waits a moment for the next instances, which may be none yet.
func next(list *object) (instances []*object, end bool, err error) {
	var found [16]*object
	var count uint32
	code, err := list.call(enumNext, onceMS, uintptr(len(found)), uintptr(unsafe.Pointer(&found)),
		uintptr(unsafe.Pointer(&count)))
	return found[:min(int(count), len(found))], err == nil && code != wbemTimedOut && int(count) < len(found), err
}

// row reads an instance's columns, and says how much they take. One that the class does
// not have is null.
func (w *wmi) row(instance *object, columns []string) (row host.Row, size int, err error) {
	row = make(host.Row, len(columns))
	for _, column := range columns {
		cell, err := w.cell(instance, column)
		if err != nil {
			return nil, 0, fmt.Errorf("reading the column %s: %w", column, err)
		}
		row[column] = cell
		size += len(column) + len(cell.Text)
		for _, item := range cell.List {
			size += len(item)
		}
	}
	return row, size, nil
}

func (w *wmi) cell(instance *object, column string) (host.Cell, error) {
	name, err := windows.UTF16PtrFromString(column)
	if err != nil {
		return host.Cell{}, err
	}
	var v variant
	var kind cimType
	_, err = instance.call(objectGet, uintptr(unsafe.Pointer(name)), 0, uintptr(unsafe.Pointer(&v)),
		uintptr(unsafe.Pointer(&kind)), 0)
	if isCode(err, wbemNotFound) {
		return host.Cell{Null: true}, nil
	}
	if err != nil {
		return host.Cell{}, err
	}
	defer func() { _, _, _ = w.com.clearVariant.Call(uintptr(unsafe.Pointer(&v))) }()
	value, err := w.com.value(&v)
	if err != nil {
		return host.Cell{}, err
	}
	return cimCell(kind, value)
}

// run runs a class's own method that takes nothing, and reads what it returns.
func (w *wmi) run(namespace, class, method string, columns []string) (host.Row, error) {
	services, err := w.connect(namespace)
	if err != nil {
		return nil, err
	}
	if err := w.known(services, class); err != nil {
		return nil, err
	}
	path, err := w.com.bstr(class)
	if err != nil {
		return nil, err
	}
	defer w.com.free(path)
	name, err := w.com.bstr(method)
	if err != nil {
		return nil, err
	}
	defer w.com.free(name)
	var out *object
	_, err = services.call(servicesMethod, path.arg(), name.arg(), 0, 0, 0, uintptr(unsafe.Pointer(&out)), 0)
	if err != nil {
		return nil, err
	}
	defer out.release()
	row, _, err := w.row(out, columns)
	return row, err
}
