package host

import "strings"

// IdentityQuestion asks which machine answers; the runner puts it to every
// host, so that a baseline is never compared with another machine that has
// taken over the name.
func IdentityQuestion() WQL {
	return WQL{Class: "Win32_ComputerSystemProduct", Columns: []string{"UUID"}}
}

// Identity reads the machine's SMBIOS UUID, in lower case. It is empty when the
// host did not tell, or told one of the values that boards without one carry.
func Identity(answers Answers) string {
	rows, err := answers.To(IdentityQuestion())
	if err != nil || len(rows) == 0 {
		return ""
	}
	uuid := strings.ToLower(strings.TrimSpace(rows[0].Get("UUID").Text))
	if strings.Trim(uuid, "0-") == "" || strings.Trim(uuid, "f-") == "" {
		return ""
	}
	return uuid
}
