package device

// words says what a problem's number means. Source: Microsoft's list of device
// manager errors, of which the numbers stand in cfg.h of the Windows SDK.
func words(code int64) string {
	all := [...]string{
		1: "not configured", 2: "loader failed", 3: "out of memory", 4: "wrong type of entry", 5: "no arbiter",
		6: "conflict at boot", 7: "failed filter", 8: "no loader", 9: "invalid data", 10: "failed to start",
		11: "no reason given",
		12: "not enough resources", 13: "resources not verified", 14: "needs a restart", 15: "problem of enumeration",
		16: "resources not known", 17: "unknown resource", 18: "needs to be installed anew", 19: "broken registry entry",
		20: "failed to load", 21: "will be removed", 22: "disabled", 23: "loader not ready", 24: "not there",
		25: "moved", 26: "too early", 27: "no valid resources", 28: "no driver", 29: "disabled in hardware",
		30: "interrupt cannot be shared", 31: "driver failed to add it", 32: "driver is disabled",
		33: "resources not translated", 34: "needs settings by hand", 35: "missing in the BIOS",
		36: "interrupt not translated", 37: "driver failed at its entry", 38: "driver still in memory",
		39: "driver failed to load", 40: "driver's registry key is invalid", 41: "driver found no device",
		42: "duplicate device", 43: "stopped after a failure", 44: "halted by software", 45: "not connected",
		46: "not available at shutdown", 47: "held for removal", 48: "driver blocked", 49: "registry too large",
		50: "properties not set", 51: "waits for another device", 52: "driver not signed", 53: "used by the debugger",
		54: "being reset", 55: "blocked while the console is locked", 56: "needs configuration of its class",
		57: "not assigned to a guest",
	}
	if code > 0 && code < int64(len(all)) {
		return all[code]
	}
	return "unknown problem"
}
