package wsman

// ParseSealed takes a sealed message to pieces.
func ParseSealed(body []byte) (signature, sealed []byte, length int, err error) {
	return parseSealed(body, sealedBySPNEGO)
}
