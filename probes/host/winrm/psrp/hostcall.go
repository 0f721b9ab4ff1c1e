package psrp

import "fmt"

// hostCall takes a call to the host program, which we do not have (MS-PSRP
// 2.2.2.15, 2.2.2.27). Writing and the like want no answer and are counted;
// whoever asks would wait for ever.
func hostCall(data []byte, notes *Notes) error {
	v, err := decode(data)
	if err != nil {
		return fmt.Errorf("reading a call to the host program: %w", err)
	}
	method, err := v.numberOf("mi")
	if err != nil {
		return err
	}
	if wantsNoAnswer(method) {
		notes.HostCalls++
		return nil
	}
	name := clean(v.textOf("mi"))
	return fmt.Errorf("%w: it called the method %d %q, which nobody is there to answer", ErrHostCall, method, name)
}

// wantsNoAnswer knows the methods that return nothing (MS-PSRP 2.2.3.17). Of
// those, entering a nested prompt and another runspace still wait for a person.
func wantsNoAnswer(method int64) bool {
	switch method {
	case 6, // SetShouldExit
		8, 9, 10, // ExitNestedPrompt, NotifyBeginApplication, NotifyEndApplication
		13, 14, 15, 16, 17, 18, 19, 20, 21, 22, // Write1 to WriteWarningLine
		28, 30, 32, 34, 36, 38, 40, 42, // SetForegroundColor to SetWindowTitle
		47, 48, 49, 51, // FlushInputBuffer, SetBufferContents, ScrollBufferContents
		53: // PopRunspace
		return true
	}
	return false
}
