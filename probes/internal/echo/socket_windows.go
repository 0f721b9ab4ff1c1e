package echo

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// few is none: the helper needs no privilege, as a socket of one's own does.
func few() int { return 0 }

// helper is a conn by the ICMP helper of Windows (iphlpapi.dll), for any number of echoes:
// one thread asks for all of them, and is called back by the system (an APC) when one is over.
type helper struct {
	api    icmpAPI
	six    bool
	handle uintptr
	take   func(reply)
	wake   windows.Handle // an event: there is something in asked
	over   chan struct{}  // closed by close

	mu     sync.Mutex
	asked  []*helperEcho
	closed bool

	// The thread's alone.
	flying map[*helperEcho]struct{} // which keeps what the system writes to from being collected
	back   []*helperEcho            // that the system has called back about
}

// helperEcho is one echo, or a mere question whether all that has come is taken.
type helperEcho struct {
	of      *helper
	to      netip.Addr
	seq     uint16
	carried []byte
	within  time.Duration
	begun   time.Time
	came    time.Time
	buffer  []byte
	sent    chan error // nil once sent
}

// icmpAPI are the functions that are used.
type icmpAPI struct {
	create, close, send, parse, wait *windows.LazyProc
}

func loadAPI(six bool) (icmpAPI, error) {
	dll, kernel := windows.NewLazySystemDLL("iphlpapi.dll"), windows.NewLazySystemDLL("kernel32.dll")
	api := icmpAPI{
		create: dll.NewProc("IcmpCreateFile"), close: dll.NewProc("IcmpCloseHandle"),
		send: dll.NewProc("IcmpSendEcho2"), parse: dll.NewProc("IcmpParseReplies"),
		wait: kernel.NewProc("WaitForSingleObjectEx"),
	}
	if six {
		api.create, api.send = dll.NewProc("Icmp6CreateFile"), dll.NewProc("Icmp6SendEcho2")
		api.parse = dll.NewProc("Icmp6ParseReplies")
	}
	var errs []error
	for _, proc := range []*windows.LazyProc{api.create, api.close, api.send, api.parse, api.wait} {
		errs = append(errs, proc.Find())
	}
	return api, errors.Join(errs...)
}

func open(six bool, take func(reply)) (c conn, room int, err error) {
	const atOnce = 1024 // each answer has a buffer of its own, and the network has its limits
	api, err := loadAPI(six)
	if err != nil {
		return nil, 0, err
	}
	handle, _, err := api.create.Call()
	if windows.Handle(handle) == windows.InvalidHandle {
		return nil, 0, os.NewSyscallError("IcmpCreateFile", err)
	}
	wake, err := windows.CreateEvent(nil, 0, 0, nil)
	if err != nil {
		_, _, _ = api.close.Call(handle)
		return nil, 0, os.NewSyscallError("CreateEvent", err)
	}
	h := &helper{
		api: api, six: six, handle: handle, take: take, wake: wake, over: make(chan struct{}),
		flying: map[*helperEcho]struct{}{},
	}
	go h.serve()
	return h, atOnce, nil
}

func (h *helper) send(to netip.Addr, seq uint16, carried []byte, within time.Duration) error {
	return h.ask(&helperEcho{
		to: to, seq: seq, carried: append([]byte(nil), carried...), within: within,
		buffer: make([]byte, helperRoom(len(carried))),
	})
}

// ask hands an echo to the thread, and waits until it is sent.
func (h *helper) ask(e *helperEcho) error {
	e.of, e.begun, e.sent = h, time.Now(), make(chan error, 1)
	h.mu.Lock()
	if h.closed {
		h.mu.Unlock()
		return os.ErrClosed
	}
	h.asked = append(h.asked, e)
	err := windows.SetEvent(h.wake)
	h.mu.Unlock()
	if err != nil {
		return os.NewSyscallError("SetEvent", err)
	}
	return <-e.sent
}

// receive has nothing to wait for but the end: the thread takes what comes.
func (h *helper) receive(wait bool) (lost uint32, err error) {
	if wait {
		<-h.over
		return 0, os.ErrClosed
	}
	return 0, h.ask(&helperEcho{})
}

// close lets the thread end with the last echo that is still on its way, at the latest when
// nobody would wait for it any longer: the system writes to its buffer until then.
func (h *helper) close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	close(h.over)
	return windows.SetEvent(h.wake)
}

// serve is the thread.
func (h *helper) serve() {
	runtime.LockOSThread() // which is the one that the system calls back
	defer runtime.UnlockOSThread()
	for {
		const forever, alertable = windows.INFINITE, 1
		_, _, _ = h.api.wait.Call(uintptr(h.wake), forever, alertable)
		h.takeBack()
		h.mu.Lock()
		asked, closed := h.asked, h.closed
		h.asked = nil
		h.mu.Unlock()
		for _, e := range asked {
			e.sent <- h.start(e)
		}
		if closed && len(h.flying) == 0 {
			_, _, _ = h.api.close.Call(h.handle)
			_ = windows.CloseHandle(h.wake)
			return
		}
	}
}

// start sends an echo.
func (h *helper) start(e *helperEcho) error {
	if len(e.carried) == 0 {
		return nil
	}
	ms := max(1, min(e.within.Milliseconds(), time.Hour.Milliseconds()))
	done := windows.NewCallback(calledBack) // the same each time
	h.flying[e] = struct{}{}
	var told uintptr
	var err error
	if h.six {
		from := windows.RawSockaddrInet6{Family: windows.AF_INET6}
		to := windows.RawSockaddrInet6{Family: windows.AF_INET6, Addr: e.to.As16()}
		told, _, err = h.api.send.Call(h.handle, 0, done, uintptr(unsafe.Pointer(e)),
			uintptr(unsafe.Pointer(&from)), uintptr(unsafe.Pointer(&to)),
			uintptr(unsafe.Pointer(&e.carried[0])), uintptr(len(e.carried)), 0,
			uintptr(unsafe.Pointer(&e.buffer[0])), uintptr(len(e.buffer)), uintptr(ms))
	} else {
		to := e.to.As4()
		told, _, err = h.api.send.Call(h.handle, 0, done, uintptr(unsafe.Pointer(e)),
			uintptr(*(*uint32)(unsafe.Pointer(&to))), // as its bytes stand
			uintptr(unsafe.Pointer(&e.carried[0])), uintptr(len(e.carried)), 0,
			uintptr(unsafe.Pointer(&e.buffer[0])), uintptr(len(e.buffer)), uintptr(ms))
	}
	if told != 0 || errors.Is(err, windows.ERROR_IO_PENDING) {
		return nil
	}
	delete(h.flying, e)
	return refused(err)
}

// refused is why the system would not send.
func refused(err error) error {
	var code syscall.Errno
	if !errors.As(err, &code) {
		return err
	}
	switch status := ipStatus(code); {
	case status == ipNoResources:
		return fmt.Errorf("%w: %w", syscall.ENOBUFS, status) // for a moment
	case status > 11000 && status <= 11050:
		return fmt.Errorf("sending an echo: %w", status)
	default:
		return os.NewSyscallError("IcmpSendEcho2", code)
	}
}

// calledBack is called by the system on the thread that sent the echo, while that waits.
func calledBack(context, _, _ uintptr) uintptr {
	e := *(**helperEcho)(unsafe.Pointer(&context))
	e.came = time.Now()
	e.of.back = append(e.of.back, e)
	return 0
}

// takeBack takes what has come.
func (h *helper) takeBack() {
	for _, e := range h.back {
		delete(h.flying, e)
		base := unsafe.Pointer(&e.buffer[0])
		if n, _, _ := h.api.parse.Call(uintptr(base), uintptr(len(e.buffer))); n == 0 {
			continue // nothing came, or only that the address cannot be reached
		}
		if answer, ok := parseHelped(h.six, e.buffer, uint64(uintptr(base))); ok {
			at := e.begun.Add(refined(e.came.Sub(e.begun), answer.rtt))
			h.take(reply{from: answer.from, seq: e.seq, nonce: answer.nonce, at: at})
		}
	}
	h.back = h.back[:0]
}
