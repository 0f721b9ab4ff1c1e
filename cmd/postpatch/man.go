package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// newMan writes the man pages of all commands. It is hidden: packages bring the
// pages along, and nobody else needs to make them.
func newMan(a app) *cobra.Command {
	return &cobra.Command{
		Use:    "man DIR",
		Short:  "Write the man pages of all commands into a folder",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return fmt.Errorf("writing man pages: %w", err)
			}
			root := cmd.Root()
			root.DisableAutoGenTag = true // the day of the build is no news; SOURCE_DATE_EPOCH dates the foot
			header := doc.GenManHeader{Section: "1", Source: "postpatch " + version, Manual: "postpatch"}
			if err := doc.GenManTree(root, &header, args[0]); err != nil {
				return fmt.Errorf("writing man pages: %w", err)
			}
			return nil
		},
	}
}
