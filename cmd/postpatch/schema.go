package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"postpatch/probes/all"
	"postpatch/suites/schema"
)

func newSchema(a app) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "schema [suite|plan|credentials|channels]",
		Short: "Print the JSON Schema by which editors complete and check a file",
		Long: "Prints the JSON Schema (draft-07) of suites, plans, credentials or channels files, made from the\n" +
			"kinds that this program has. A file that begins with the line\n" +
			"  # yaml-language-server: $schema=postpatch.schema.json\n" +
			"is completed and checked by editors as it is typed; those of JetBrains want\n" +
			"  # $schema: postpatch.schema.json",
		Example:   "  postpatch schema -o postpatch.schema.json\n  postpatch schema plan",
		Args:      cobra.MatchAll(cobra.MaximumNArgs(1), cobra.OnlyValidArgs),
		ValidArgs: schema.Files(),
		RunE: func(_ *cobra.Command, args []string) error {
			file := schema.Files()[0]
			if len(args) == 1 {
				file = args[0]
			}
			text, err := schema.Of(file, all.Kinds())
			if err != nil {
				return err
			}
			if output != "" {
				return writeAtomic(output, text)
			}
			_, err = fmt.Fprintf(a.stdout, "%s", text)
			return err
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "write it to this `file`")
	return cmd
}
