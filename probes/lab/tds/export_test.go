package tds

// Catalogue are the names of all views, as a query writes them behind a database.
func Catalogue() []string {
	var names []string
	for _, v := range catalogue() {
		names = append(names, v.name)
	}
	return names
}

// SSPIOf is the token of a LOGIN7 message that was read.
func SSPIOf(login7 []byte) ([]byte, error) {
	if _, err := parseLogin(login7); err != nil {
		return nil, err
	}
	return sspiOf(login7)
}

// FedAuthOf reads the feature of a LOGIN7 message.
func FedAuthOf(login7 []byte) { _, _, _ = fedAuthOf(login7) }
