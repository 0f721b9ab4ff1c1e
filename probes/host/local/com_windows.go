package local

import (
	"errors"
	"fmt"
	"syscall"
	"unicode/utf16"
	"unsafe"

	"golang.org/x/sys/windows"
)

// com are the functions of COM and Automation that reading WMI takes.
type com struct {
	createInstance, initializeSecurity, setProxyBlanket *windows.LazyProc
	allocString, freeString, clearVariant               *windows.LazyProc
	arrayDim, arrayElement, arrayLow, arrayHigh         *windows.LazyProc
	arrayAccess, arrayUnaccess                          *windows.LazyProc
}

func loadCOM() (com, error) {
	ole, automation := windows.NewLazySystemDLL("ole32.dll"), windows.NewLazySystemDLL("oleaut32.dll")
	if err := errors.Join(ole.Load(), automation.Load()); err != nil {
		return com{}, err
	}
	return com{
		ole.NewProc("CoCreateInstance"), ole.NewProc("CoInitializeSecurity"), ole.NewProc("CoSetProxyBlanket"),
		automation.NewProc("SysAllocStringLen"), automation.NewProc("SysFreeString"), automation.NewProc("VariantClear"),
		automation.NewProc("SafeArrayGetDim"), automation.NewProc("SafeArrayGetElemsize"),
		automation.NewProc("SafeArrayGetLBound"), automation.NewProc("SafeArrayGetUBound"),
		automation.NewProc("SafeArrayAccessData"), automation.NewProc("SafeArrayUnaccessData"),
	}, nil
}

// object is an interface's pointer: what it points to begins with the table of its
// methods, of which only those that the interface has may be called.
type object struct{ methods *[32]uintptr }

// The methods that every interface has.
const methodRelease = 2

// call calls a method by its place in the table. A success that is not S_OK is returned
// as it is.
//
//go:uintptrescapes
func (o *object) call(method int, args ...uintptr) (hresult, error) {
	all := append([]uintptr{uintptr(unsafe.Pointer(o))}, args...)
	r, _, _ := syscall.SyscallN(o.methods[method], all...)
	return result(r)
}

func (o *object) release() {
	if o != nil {
		_, _ = o.call(methodRelease)
	}
}

// result reads what a function of COM's returned.
func result(r uintptr) (hresult, error) {
	code := hresult(uint32(r))
	if int32(code) < 0 {
		return code, &errWMI{code: code, says: windows.Errno(code).Error()}
	}
	return code, nil
}

// bstr is a string of Automation's; who made it frees it.
type bstr struct{ text unsafe.Pointer }

func (c com) bstr(text string) (bstr, error) {
	units := utf16.Encode([]rune(text))
	units = append(units, 0)
	var b bstr
	r, _, _ := c.allocString.Call(uintptr(unsafe.Pointer(&units[0])), uintptr(len(units)-1))
	if r == 0 {
		return b, errors.New("out of memory")
	}
	*(*uintptr)(unsafe.Pointer(&b.text)) = r // it is no address of Go's
	return b, nil
}

func (b bstr) arg() uintptr { return uintptr(b.text) }

func (c com) free(b bstr) { _, _, _ = c.freeString.Call(b.arg()) }

// variant is VARIANT, as processors of 64 bits have it.
type variant struct {
	kind uint16
	_    [3]uint16
	data [2]uint64
}

// The kinds of a variant. Source: the Windows SDK's wtypes.h, VARENUM.
const (
	vtEmpty, vtNull, vtI2, vtI4, vtR4, vtR8 = 0, 1, 2, 3, 4, 5
	vtText, vtDispatch, vtBool, vtUnknown   = 8, 9, 11, 13
	vtI1, vtUI1, vtUI2, vtUI4, vtI8, vtUI8  = 16, 17, 18, 19, 20, 21
	vtInt, vtUint                           = 22, 23
	vtArray                                 = 0x2000
)

// What is read of one value at most.
const (
	maxItems = 1 << 16
	maxText  = 1 << 24 // bytes
)

// value reads a variant.
func (c com) value(v *variant) (any, error) {
	if v.kind&vtArray != 0 {
		return c.list(v.kind&^vtArray, *(*unsafe.Pointer)(unsafe.Pointer(&v.data)))
	}
	return scalar(v.kind, unsafe.Pointer(&v.data))
}

// scalar reads a value of a kind.
func scalar(kind uint16, at unsafe.Pointer) (any, error) {
	switch kind {
	case vtEmpty, vtNull:
		return nil, nil
	case vtI1:
		return *(*int8)(at), nil
	case vtUI1:
		return *(*uint8)(at), nil
	case vtI2:
		return *(*int16)(at), nil
	case vtUI2:
		return uint64(*(*uint16)(at)), nil
	case vtI4, vtInt:
		return *(*int32)(at), nil
	case vtUI4, vtUint:
		return uint64(*(*uint32)(at)), nil
	case vtI8:
		return *(*int64)(at), nil
	case vtUI8:
		return *(*uint64)(at), nil
	case vtR4:
		return *(*float32)(at), nil
	case vtR8:
		return *(*float64)(at), nil
	case vtBool:
		return *(*int16)(at) != 0, nil
	case vtText:
		return bstrText(*(*unsafe.Pointer)(at))
	case vtDispatch, vtUnknown:
		return nil, errors.New("an object, of which the columns cannot be read")
	default:
		return nil, fmt.Errorf("a value of the kind %d, which is not read", kind)
	}
}

// bstrText reads a string, before which its length in bytes stands.
func bstrText(at unsafe.Pointer) (any, error) {
	if at == nil {
		return "", nil
	}
	length := *(*uint32)(unsafe.Add(at, -4))
	if length > maxText {
		return nil, fmt.Errorf("a text of %d bytes", length)
	}
	return string(utf16.Decode(unsafe.Slice((*uint16)(at), length/2))), nil
}

// list reads an array of one dimension.
func (c com) list(kind uint16, array unsafe.Pointer) (any, error) {
	if array == nil {
		return nil, nil
	}
	if dimensions, _, _ := c.arrayDim.Call(uintptr(array)); dimensions != 1 {
		return nil, fmt.Errorf("an array of %d dimensions", dimensions)
	}
	var low, high int32
	if err := c.bounds(array, &low, &high); err != nil {
		return nil, err
	}
	size, _, _ := c.arrayElement.Call(uintptr(array))
	count := int64(high) - int64(low) + 1
	if count > maxItems {
		return nil, fmt.Errorf("a list of %d items", count)
	}
	var data unsafe.Pointer
	r, _, _ := c.arrayAccess.Call(uintptr(array), uintptr(unsafe.Pointer(&data)))
	if _, err := result(r); err != nil {
		return nil, err
	}
	defer func() { _, _, _ = c.arrayUnaccess.Call(uintptr(array)) }()
	items := []any{}
	for i := range max(count, 0) {
		item, err := scalar(kind, unsafe.Add(data, uintptr(i)*size))
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, nil
}

func (c com) bounds(array unsafe.Pointer, low, high *int32) error {
	r, _, _ := c.arrayLow.Call(uintptr(array), 1, uintptr(unsafe.Pointer(low)))
	if _, err := result(r); err != nil {
		return err
	}
	r, _, _ = c.arrayHigh.Call(uintptr(array), 1, uintptr(unsafe.Pointer(high)))
	_, err := result(r)
	return err
}
