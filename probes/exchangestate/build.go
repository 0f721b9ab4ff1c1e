package exchangestate

import (
	"fmt"
	"strings"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/exchangehost"
)

func buildPart() part {
	return part{name: "build", read: readBuild, specs: []probes.ReadingSpec{
		{
			Name: "build", Type: fact.TypeText,
			Doc: "The version of ExSetup.exe, such as 15.2.1544.11: the build with its security update.",
		},
		{
			Name: "known_bad", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Expect: good,
			Doc: "no; or what Microsoft has found wrong with this very build, and which one mends it.",
		},
	}}
}

const good = "no"

func readBuild(v visit) {
	build := v.local.Build
	if build == (exchangehost.Build{}) {
		return // noted
	}
	v.Add("", "build", fact.Text(build.String()))
	v.Add("", "known_bad", fact.Text(wrongWith(build)))
}

// wrongWith says what is known to be wrong with a build.
func wrongWith(build exchangehost.Build) string {
	for line := range strings.Lines(knownBad) {
		words := strings.Fields(line)
		if len(words) > 2 && words[0] == build.String() {
			return strings.Join(words[2:], " ") + ", mended in " + words[1]
		}
	}
	return good
}

// knownBad are builds that were replaced for what they broke, with the one that mended it.
// Source: the known issues that CSS-Exchange's HealthChecker tells by build.
const knownBad = `
15.2.986.14  15.2.986.15  the update of November 2021 redirects OWA in a circle
15.2.922.19  15.2.922.20  the update of November 2021 redirects OWA in a circle
15.1.2375.17 15.1.2375.18 the update of November 2021 redirects OWA in a circle
15.1.2308.20 15.1.2308.21 the update of November 2021 redirects OWA in a circle
15.0.1497.26 15.0.1497.28 the update of November 2021 redirects OWA in a circle
15.2.1118.7  15.2.1118.9  the update of March 2022 crashes the Exchange Service Host
15.2.986.22  15.2.986.26  the update of March 2022 crashes the Exchange Service Host
15.1.2507.6  15.1.2507.9  the update of March 2022 crashes the Exchange Service Host
15.1.2375.24 15.1.2375.28 the update of March 2022 crashes the Exchange Service Host
15.2.1118.21 15.2.1118.25 the update of January 2023 breaks OWA previews and the page of sites
15.1.2507.17 15.1.2507.21 the update of January 2023 breaks OWA previews and the page of sites
15.2.1118.25 15.2.1118.26 the update of February 2023 crashes the application pool of EWS
15.2.1544.9  15.2.1544.11 the update of March 2024 breaks search, OWA downloads and add-ins
15.1.2507.37 15.1.2507.39 the update of March 2024 breaks search, OWA downloads and add-ins
15.2.1544.13 15.2.1544.14 the update of November 2024 stops transport rules after some hours
15.2.1258.38 15.2.1258.39 the update of November 2024 stops transport rules after some hours
15.1.2507.43 15.1.2507.44 the update of November 2024 stops transport rules after some hours
`

func enginePart() part {
	return part{name: "engine", read: readEngine, specs: []probes.ReadingSpec{
		{
			Name: "engine", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Evidence: true,
			Doc: "The newest version of the malware filter's engine on the disk; it updates itself many times a day.",
		},
		{
			Name: "engine_fits", Type: fact.TypeBool, Severity: fact.Fail, Expect: "true",
			Doc: "false where the engine's version is too large a number for this build of Exchange: mail stays in the queue.",
		},
	}}
}

// The number of an engine is a date, of which 1 January 2022 was the first one beyond
// 2^31. Source: Microsoft, "Email Stuck in Exchange On-premises Transport Queues", and
// HealthChecker's rule, by which builds since the updates of March 2022 take it.
const tooLarge = 2201010000

func readEngine(v visit) {
	if !v.local.Filter || v.local.Build == (exchangehost.Build{}) {
		return // noted
	}
	newest := int64(-1)
	for _, name := range v.local.Engines {
		var n int64
		if _, err := fmt.Sscanf(name, "%d", &n); err == nil && fmt.Sprint(n) == name {
			newest = max(newest, n)
		}
	}
	if newest < 0 {
		return // an Edge Transport server, or the filter was never used
	}
	v.Add("", "engine", fact.Text(fmt.Sprint(newest)))
	v.Add("", "engine_fits", fact.Bool(newest < tooLarge || takesLarge(v.local.Build)))
}

// takesLarge knows the builds that take any number; 2013 is not affected.
func takesLarge(b exchangehost.Build) bool {
	since := map[[3]int]int{{15, 2, 1118}: 7, {15, 2, 986}: 22, {15, 1, 2507}: 6, {15, 1, 2375}: 24}
	if revision, listed := since[[3]int{b[0], b[1], b[2]}]; listed {
		return b[3] >= revision
	}
	newest := exchangehost.Build{15, 2, 1118, 7}
	if b.Version() == exchangehost.V2016 {
		newest = exchangehost.Build{15, 1, 2507, 6}
	}
	return b.Version() == exchangehost.V2013 || !b.Less(newest)
}
