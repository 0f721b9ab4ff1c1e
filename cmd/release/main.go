// Command release makes what goreleaser does not: what goes into every package beside the
// program, and the packages of Windows. .goreleaser.yaml calls it; so does nobody else.
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := newRoot().ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "error: %v\n", err)
		os.Exit(1)
	}
}

func newRoot() *cobra.Command {
	root := &cobra.Command{Use: "release", SilenceErrors: true, SilenceUsage: true}
	root.AddCommand(newPrepare(), newWindows())
	return root
}

// newPrepare is called once, before anything is built.
func newPrepare() *cobra.Command {
	var exe program
	var committed int64
	cmd := &cobra.Command{
		Use:   "prepare DIR",
		Short: "Write completions, man pages, and the licences of what is linked in",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			exe.prepared, exe.made = args[0], time.Unix(committed, 0).UTC()
			return prepare(cmd.Context(), exe)
		},
	}
	cmd.Flags().StringVar(&exe.version, "version", "", "semantic version, without a v")
	cmd.Flags().Int64Var(&committed, "time", 0, "Unix time of the commit, which man pages have at their foot")
	return cmd
}

// newWindows is called for each exe, before it goes into any archive.
func newWindows() *cobra.Command {
	var exe program
	var committed int64
	cmd := &cobra.Command{
		Use:   "windows EXE",
		Short: "Give an exe its resources and signature, and pack it as MSI and for Chocolatey",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			exe.path, exe.made = args[0], time.Unix(committed, 0).UTC()
			exe.sign = strings.Fields(os.Getenv("POSTPATCH_SIGN"))
			return windows(cmd.Context(), exe)
		},
	}
	cmd.Flags().StringVar(&exe.version, "version", "", "semantic version, without a v")
	cmd.Flags().StringVar(&exe.arch, "arch", "", "amd64 or arm64")
	cmd.Flags().StringVar(&exe.prepared, "prepared", "", "the folder that prepare has written")
	cmd.Flags().StringVar(&exe.out, "out", "", "the folder that the packages go to")
	cmd.Flags().Int64Var(&committed, "time", 0, "Unix time of the commit, which the files in packages get")
	return cmd
}

// program is what is to be packed.
type program struct {
	path, version, arch string
	prepared, out       string
	made                time.Time
	sign                []string // certificate and key, as osslsigncode takes them; none leaves all unsigned
}

// windows gives the exe its final bytes, then packs it.
func windows(ctx context.Context, exe program) error {
	if exe.arch != "amd64" && exe.arch != "arm64" {
		return fmt.Errorf("packing %s: no package of Windows for %q: amd64 and arm64 are known", exe.path, exe.arch)
	}
	for _, step := range []func(context.Context, program) error{addResources, signExe, writeMSI, writeNupkg} {
		if err := step(ctx, exe); err != nil {
			return fmt.Errorf("packing %s: %w", exe.path, err)
		}
	}
	return nil
}

// name is how a package of this exe is called.
func (p program) name(suffix string) string {
	return fmt.Sprintf("postpatch_%s_windows_%s%s", p.version, p.arch, suffix)
}

// command runs a program to its end and returns what it wrote; what it said of an
// error becomes the error.
func command(ctx context.Context, environment []string, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), environment...)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(said.String()))
	}
	return out, nil
}
