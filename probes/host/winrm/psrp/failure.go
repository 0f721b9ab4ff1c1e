package psrp

import (
	"errors"
	"fmt"
	"strings"

	"postpatch/probes/host"
	"postpatch/probes/host/winrm/markup"
)

// What an error record can mean, beside host.ErrNoCommand.
var (
	// ErrParameter is wrapped when the command does not take a parameter, a
	// value of it, or the set of them.
	ErrParameter = errors.New("a parameter was refused")
	// ErrDenied is wrapped when the account may not do this.
	ErrDenied = errors.New("access denied")
	// ErrNoLanguage is wrapped when the endpoint takes commands only and read
	// one as script.
	ErrNoLanguage = errors.New("the endpoint takes no script")
	// ErrHostCall is wrapped when the command asks a person something: nobody
	// is there to answer.
	ErrHostCall = errors.New("the command asks for input")
	// ErrBroken is wrapped when the host closed the runspace pool or could not
	// open it.
	ErrBroken = errors.New("the runspace pool is closed")
	// ErrStopped is wrapped when the host stopped the pipeline.
	ErrStopped = errors.New("the command was stopped")
	// ErrFailed is wrapped when a command failed in a way of its own.
	ErrFailed = errors.New("the command failed")
)

// Error is one error record (MS-PSRP 2.2.3.15), which the command or PowerShell
// wrote. It prints as one line without control characters and unwraps to one of
// the sentinels above or to host.ErrNoCommand.
type Error struct {
	ID       string // FullyQualifiedErrorId: "CommandNotFoundException"
	Category int    // ErrorCategory (MS-PSRP 2.2.3.9): 13 is ObjectNotFound
	Message  string // as the host wrote it, in the host's language
	// Terminating tells an error that ended the command from one that it wrote
	// beside its output.
	Terminating bool
	// More counts the further errors that the command wrote.
	More int

	cause error
}

// Error is one line of at most 400 characters.
func (e *Error) Error() string {
	parts := []string{e.cause.Error()}
	for _, part := range []string{e.Message, e.ID} {
		if part = clean(part); part != "" {
			parts = append(parts, part)
		}
	}
	line := strings.Join(parts, ": ")
	if e.More > 0 {
		return markup.Cut(line, maxLine-moreRoom) + fmt.Sprintf(" (and %d more)", e.More)
	}
	return markup.Cut(line, maxLine)
}

// Unwrap returns what the error means.
func (e *Error) Unwrap() error { return e.cause }

// Categories that say more than an identity does (MS-PSRP 2.2.3.9).
const (
	permissionDenied = 18
	securityError    = 25
)

// errorOf reads an error record; asked is the command that was put, or "".
func errorOf(record *value, asked string) *Error {
	e := &Error{ID: record.textOf("FullyQualifiedErrorId")}
	category, _ := record.numberOf("ErrorCategory_Category")
	e.Category = int(category)
	exception := record.get("Exception")
	said, _ := record.scalar()
	for _, text := range []string{
		record.textOf("ErrorDetails_Message"), exception.textOf("Message"), said,
		record.textOf("ErrorCategory_Message"),
	} {
		if e.Message = strings.TrimSpace(text); e.Message != "" {
			break
		}
	}
	e.cause = e.means(record, asked)
	return e
}

func (e *Error) means(record *value, asked string) error {
	id, _, _ := strings.Cut(e.ID, ",") // what follows names the command
	thrown := []string{record.textOf("ErrorCategory_Reason")}
	if exception := record.get("Exception"); exception != nil {
		thrown = append(thrown, exception.types...)
	}
	isA := func(name string) bool {
		for _, t := range thrown {
			if strings.HasSuffix(t, name) {
				return true
			}
		}
		return false
	}
	switch {
	case id == "CommandNotFoundException" || isA("CommandNotFoundException"):
		if !isAbout(record.textOf("ErrorCategory_TargetName"), asked) {
			return ErrFailed // it is there, and itself calls what is not
		}
		return host.ErrNoCommand
	case id == "ScriptsNotAllowed":
		return ErrNoLanguage
	case isA("ParameterBindingException"), isA("ParameterBindingValidationException"),
		isA("ParameterBindingArgumentTransformationException"), isA("ParameterBindingParameterDefaultValueException"):
		return ErrParameter
	case e.Category == permissionDenied, e.Category == securityError,
		isA("UnauthorizedAccessException"), isA("PSSecurityException"), isA("AccessDeniedException"):
		return ErrDenied
	case isA("PipelineStoppedException"):
		return ErrStopped
	}
	return ErrFailed
}

// isAbout tells whether a record's target is the command that was asked. Windows
// shortens long names with dots and may give none.
func isAbout(target, asked string) bool {
	return target == "" || asked == "" || strings.Contains(target, "...") || strings.EqualFold(target, asked)
}

const (
	maxLine  = 400 // characters
	moreRoom = 24
)

func clean(text string) string { return markup.Line(text) }
