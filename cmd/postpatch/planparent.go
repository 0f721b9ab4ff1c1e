package main

import "github.com/spf13/cobra"

// newPlanParent holds the subcommands of plan until plan itself is here.
func newPlanParent(a app) *cobra.Command {
	cmd := &cobra.Command{Use: "plan", Short: "Write what the patch has to change into a plan"}
	cmd.AddCommand(newImportMSRC(a))
	return cmd
}
