package rpc

import (
	"fmt"
	"strconv"
	"strings"

	"postpatch/probes"
	"postpatch/probes/host/rpcname"
	"postpatch/probes/internal/dcerpc"
)

// parse reads an interface: a name, a UUID, or a UUID and a version.
func parse(written string) (dcerpc.Syntax, error) {
	text, version, versioned := strings.Cut(strings.ToLower(written), "/")
	if !versioned {
		version = "1.0"
	}
	if k, named := rpcname.Named(text); named && !versioned {
		text, version = k.UUID, k.Version
	}
	id, err := dcerpc.ParseUUID(text)
	if err != nil {
		return dcerpc.Syntax{}, probes.Fieldf("interface", "want a UUID, or one of %s; got %q", names(), written)
	}
	first, second, _ := strings.Cut(version, ".")
	major, err := strconv.ParseUint(first, 10, 16)
	minor, wrong := strconv.ParseUint(second, 10, 16)
	if err != nil || wrong != nil {
		return dcerpc.Syntax{}, probes.Fieldf("interface", "want a version as in UUID/1.0, got %q", written)
	}
	return dcerpc.Syntax{ID: id, Major: uint16(major), Minor: uint16(minor)}, nil
}

func names() string {
	var all []string
	for _, k := range rpcname.All() {
		all = append(all, k.Name)
	}
	return strings.Join(all, ", ")
}

func notes() []string {
	return append(listed("The names"),
		"Any other interface is written by its UUID, of version 1.0, or as UUID/2.0.",
		"No account is shown, and nothing is called but the endpoint mapper.",
		"An interface answers where it lets itself be bound, which Windows allows to anybody.",
		"Where a policy has the mapper tell strangers nothing (RestrictRemoteClients), interfaces are unknown.",
	)
}

// listed are the names and what they stand for, a few in each sentence.
func listed(what string) []string {
	var all []string
	line := what + ": "
	for i, k := range rpcname.All() {
		item := fmt.Sprintf("%s (%s)", k.Name, k.Doc)
		if len(line)+len(item) > 110 {
			all = append(all, strings.TrimSuffix(line, ", ")+".")
			line = "And "
		}
		line += item
		if i < len(rpcname.All())-1 {
			line += ", "
		}
	}
	return append(all, line+".")
}
