package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"postpatch/probes/lab"
	"postpatch/probes/lab/estate"
)

func newLab(a app) *cobra.Command {
	var addresses, state, control string
	cmd := &cobra.Command{
		Use:   "lab ESTATE.yaml",
		Short: "Simulate an estate of servers, for trying suites without any server",
		Long: "Serves every host of the estate on its own loopback address until interrupted. The control address\n" +
			"switches states: POST /state/after. Let capture and verify find the hosts with --connect-to.",
		Example: "  postpatch lab examples/demo/acme.estate.yaml --addresses lab.json\n" +
			"  postpatch capture … --connect-to lab.json --ca lab.ca.pem",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			e, err := estate.Load(args[0])
			if err != nil {
				return err
			}
			l, err := lab.Start(cmd.Context(), e, lab.Options{Control: control})
			if err != nil {
				return err
			}
			defer func() { _ = l.Close() }()
			if state != "" {
				if err := l.Switch(state); err != nil {
					return err
				}
			}
			if err := tellAddresses(a, l, addresses); err != nil {
				return err
			}
			a.talk("serving; Ctrl-C ends the lab\n")
			<-cmd.Context().Done()
			return nil
		},
	}
	cmd.Flags().StringVar(&addresses, "addresses", "", "write the addresses to this file, as JSON for --connect-to")
	cmd.Flags().StringVar(&state, "state", "", "the state to start in (default: the estate's first)")
	cmd.Flags().StringVar(&control, "control", "127.0.0.1:0", "where to listen for state changes")
	return cmd
}

func tellAddresses(a app, l *lab.Lab, file string) error {
	ca := ""
	if file != "" {
		ca = strings.TrimSuffix(file, ".json") + ".ca.pem"
		if err := os.WriteFile(ca, l.CA(), 0o644); err != nil {
			return fmt.Errorf("writing the lab's CA: %w", err)
		}
	}
	if known := l.KnownHosts(); file != "" && len(known) > 0 {
		if err := os.WriteFile(strings.TrimSuffix(file, ".json")+".known_hosts", known, 0o644); err != nil {
			return fmt.Errorf("writing the lab's known_hosts: %w", err)
		}
	}
	document := l.Addresses(ca)
	if conf := l.Krb5Conf(); file != "" && conf != "" {
		document.Krb5Conf = strings.TrimSuffix(file, ".json") + ".krb5.conf"
		if err := os.WriteFile(document.Krb5Conf, []byte(conf), 0o644); err != nil {
			return fmt.Errorf("writing the lab's krb5.conf: %w", err)
		}
	}
	a.tell("estate %s in state %s, control %s\n", document.Estate, document.State, document.Control)
	for _, host := range slices.Sorted(maps.Keys(document.Routes)) {
		route := document.Routes[host]
		a.tell("%s  %s\n", host, route.Address)
		for _, port := range slices.Sorted(maps.Keys(route.Ports)) {
			a.tell("  %-9s %s\n", port, route.Ports[port])
		}
	}
	if file == "" {
		return nil
	}
	f, err := createAtomic(file)
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(f)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(document); err != nil {
		f.discard()
		return err
	}
	return f.commit()
}
