package task

import "fmt"

// result is what a task's last run came to.
type result struct {
	text     string
	broken   bool
	exitCode int64
}

// resultOf reads a LastTaskResult: what the scheduler says, of which SCHED_S_… is
// well, an error of Windows, which has the highest bit, or what the program
// returned. A run that the reboot ended is no trouble of the task's own, nor is one
// whose program could not start any more (STATUS_DLL_INIT_FAILED), or was refused
// (ERROR_SHUTDOWN_IN_PROGRESS), since Windows was shutting down. Source: Microsoft's
// lists of the Task Scheduler's constants, of NTSTATUS values and of system errors.
func resultOf(n uint32) result {
	if words, known := harmless(n); known {
		return result{text: words}
	}
	words := fmt.Sprintf("0x%08x", n)
	if means := meaning(n); means != "" {
		words += ": " + means
	}
	if n >= 1<<31 {
		return result{text: words, broken: true}
	}
	return result{text: fmt.Sprintf("exit code %d", n), exitCode: int64(n)}
}

// harmless names results that tell of no trouble, although some are not 0.
func harmless(n uint32) (words string, known bool) {
	switch n {
	case 0:
		return "ok", true
	case 0x00041300:
		return "ready", true
	case 0x00041301:
		return "running", true
	case 0x00041302:
		return "disabled", true
	case 0x00041303:
		return "has not run yet", true
	case 0x00041304:
		return "no more runs", true
	case 0x00041305:
		return "not scheduled", true
	case 0x00041306, 0x40010004, 0xC000013A, 0xC0000142, 0x8007045B:
		return "ended before it was done", true
	case 0x00041307:
		return "no valid triggers", true
	case 0x00041308:
		return "triggered by events alone", true
	case 0x0004131B:
		return "some triggers failed", true
	case 0x0004131C:
		return "its account may not be allowed to log on as a batch job", true
	case 0x00041325:
		return "queued", true
	case 0x8004131F, 0x80070420, 0x800710E0:
		return "not run, since it ran already or was not allowed to", true
	case 0x80041320:
		return "not run, since its user is not logged on", true
	case 0x80041324:
		return "not run, since a condition of the task did not hold", true
	default:
		return "", false
	}
}

func meaning(n uint32) string {
	switch n {
	case 0x80070001:
		return "incorrect function"
	case 0x80070002:
		return "the file was not found"
	case 0x80070003:
		return "the path was not found"
	case 0x80070005:
		return "access denied"
	case 0x800700C1:
		return "not a program for this Windows"
	case 0x80070102:
		return "it took too long"
	case 0x8007010B:
		return "the folder to start in is not there"
	case 0x8007052E:
		return "the account's password is wrong"
	case 0x80070533:
		return "the account is disabled"
	case 0x80070569:
		return "the account may not log on as a batch job"
	case 0x80070532:
		return "the account's password has expired"
	case 0x80070775:
		return "the account is locked"
	case 0x80041326:
		return "the task is disabled"
	case 0xC0000005:
		return "its program crashed"
	case 0xC0000135:
		return "a library was not found"
	case 0xC000006D:
		return "the logon failed"
	case 0xE0434352:
		return "an exception in .NET"
	default:
		return ""
	}
}
