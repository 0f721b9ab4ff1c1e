package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// farewell is how long output is waited for after a process has ended: what it has
// started may hold it open.
const farewell = 2 * time.Second

// maxOutput bounds what a process may write; the answers are packed.
const maxOutput = 16 << 20

// runPowerShell runs Windows PowerShell, by its full path.
func runPowerShell(ctx context.Context, env map[string]string, encoded string) (output, error) {
	system, err := windows.GetSystemDirectory()
	if err != nil {
		return output{}, err
	}
	own, err := environment(env)
	if err != nil {
		return output{}, fmt.Errorf("reading the user's environment: %w", err)
	}
	cmd := exec.CommandContext(ctx, filepath.Join(system, `WindowsPowerShell\v1.0\powershell.exe`),
		"-NoLogo", "-NoProfile", "-NonInteractive", "-OutputFormat", "Text", "-EncodedCommand", encoded)
	cmd.Dir, cmd.Env = system, own
	return runProcess(cmd)
}

// runProcess runs a command, and ends it with all that it has started when its context is
// over or it says too much.
func runProcess(cmd *exec.Cmd) (output, error) {
	job, err := newJob()
	if err != nil {
		return output{}, fmt.Errorf("making a job: %w", err)
	}
	defer func() { _ = windows.CloseHandle(job) }() // which ends what is left in it
	stop := func() { _ = windows.TerminateJobObject(job, 1) }
	stdout, stderr := &bounded{most: maxOutput, full: stop}, &bounded{most: maxOutput, full: stop}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.SysProcAttr = &windows.SysProcAttr{HideWindow: true, CreationFlags: windows.CREATE_NO_WINDOW}
	cmd.WaitDelay = farewell
	cmd.Cancel = func() error {
		return errors.Join(windows.TerminateJobObject(job, 1), cmd.Process.Kill())
	}
	if err := cmd.Start(); err != nil {
		return output{}, err
	}
	// It takes far longer to start anything of its own than this.
	if err := assign(job, uint32(cmd.Process.Pid)); err != nil {
		_ = cmd.Cancel()
		return output{}, errors.Join(fmt.Errorf("taking it into a job: %w", err), ended(cmd.Wait()))
	}
	err = ended(cmd.Wait())
	out := output{stdout: stdout.Bytes(), stderr: stderr.Bytes(), code: cmd.ProcessState.ExitCode()}
	if stdout.over || stderr.over {
		err = fmt.Errorf("more than %d bytes of output", maxOutput)
	}
	return out, err
}

// ended leaves out of an error what an exit code says, too.
func ended(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) || errors.Is(err, exec.ErrWaitDelay) {
		return nil
	}
	return err
}

// environment is the one that the user has by the registry, as over WinRM, and the
// variables. What this program was given, a password it may be, is not in it.
func environment(variables map[string]string) ([]string, error) {
	var token windows.Token
	err := windows.OpenProcessToken(windows.CurrentProcess(),
		windows.TOKEN_QUERY|windows.TOKEN_DUPLICATE|windows.TOKEN_IMPERSONATE, &token)
	if err != nil {
		return nil, err
	}
	defer func() { _ = token.Close() }()
	all, err := token.Environ(false)
	if err != nil {
		return nil, err
	}
	var own []string
	for _, variable := range all {
		if !strings.HasPrefix(strings.ToUpper(variable), "POSTPATCH_") {
			own = append(own, variable)
		}
	}
	for name, value := range variables {
		own = append(own, name+"="+value)
	}
	return own, nil
}

// newJob makes a job whose processes end with it.
func newJob() (windows.Handle, error) {
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return 0, err
	}
	var info windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION
	info.BasicLimitInformation.LimitFlags = windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
	_, err = windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&info)), uint32(unsafe.Sizeof(info)))
	if err != nil {
		_ = windows.CloseHandle(job)
		return 0, err
	}
	return job, nil
}

func assign(job windows.Handle, pid uint32) error {
	process, err := windows.OpenProcess(windows.PROCESS_SET_QUOTA|windows.PROCESS_TERMINATE, false, pid)
	if err != nil {
		return err
	}
	defer func() { _ = windows.CloseHandle(process) }()
	return windows.AssignProcessToJobObject(job, process)
}

// bounded keeps what is written, and no more than so much.
type bounded struct {
	bytes.Buffer
	most int
	full func() // is called once there is more
	over bool
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > b.most {
		b.over = true
		b.full()
		return 0, errors.New("too much")
	}
	return b.Buffer.Write(p)
}
