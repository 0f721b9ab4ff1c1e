package main

import (
	"fmt"
	"strings"

	"postpatch/suites"
)

// inEstate makes sure that nothing outside of the lab is asked as a host of the suites.
func (st stage) inEstate(set *suites.Set) error {
	routes := st.lab.Routes()
	for _, h := range set.Hosts {
		if _, found := routes[strings.ToLower(h.Address)]; found {
			continue
		}
		if h.Address != h.Name {
			return fmt.Errorf("host %s has the address %s, which leads to no host of estate %s: give its host there the alias",
				h.Name, h.Address, st.estate.Name)
		}
		var names []string
		for _, own := range st.estate.Hosts(st.estate.States()[0]) {
			names = append(names, own.Name)
		}
		return fmt.Errorf("the suites' host %s is not in estate %s, which has %s", h.Name, st.estate.Name, shorten(names))
	}
	return nil
}
