package tds

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// The options of a PRELOGIN message.
const (
	optionVersion    = 0x00
	optionEncryption = 0x01
	optionInstance   = 0x02
	optionThread     = 0x03
	optionMARS       = 0x04
	optionEnd        = 0xff
)

// encryption is a side's word on encryption, as PRELOGIN carries it.
type encryption byte

const (
	encryptOff      encryption = 0 // the login alone
	encryptOn       encryption = 1 // everything
	encryptNone     encryption = 2 // cannot
	encryptRequired encryption = 3 // everything, or no connection
)

// parsePrelogin returns the client's word on encryption.
func parsePrelogin(body []byte) (encryption, error) {
	for at := 0; at < len(body); at += 5 {
		if body[at] == optionEnd {
			return 0, errors.New("PRELOGIN without encryption option")
		}
		if at+5 > len(body) {
			break
		}
		if body[at] != optionEncryption {
			continue
		}
		offset := int(binary.BigEndian.Uint16(body[at+1:]))
		size := int(binary.BigEndian.Uint16(body[at+3:]))
		if size < 1 || offset >= len(body) {
			return 0, errors.New("PRELOGIN with an encryption option outside of it")
		}
		return encryption(body[offset]), nil
	}
	return 0, errors.New("PRELOGIN without end")
}

// negotiate returns the server's answer to the client's word.
func negotiate(client encryption, setting string) (encryption, error) {
	switch {
	case client > encryptRequired:
		return 0, fmt.Errorf("no answer to encryption %d", client)
	case setting == "none":
		return encryptNone, nil
	case client == encryptOn || client == encryptRequired:
		return encryptOn, nil
	case setting == "required":
		return encryptRequired, nil
	default:
		return client, nil
	}
}

// preloginReply is the server's PRELOGIN. No option may be both last and empty:
// some clients take that for a damaged message.
func preloginReply(v version, answer encryption) []byte {
	options := []struct {
		token byte
		data  []byte
	}{
		{optionVersion, append(v.bytes(), 0, 0)},
		{optionEncryption, []byte{byte(answer)}},
		{optionInstance, []byte{0}},
		{optionThread, nil},
		{optionMARS, []byte{0}},
	}
	var head, data []byte
	for _, o := range options {
		head = append(head, o.token)
		head = binary.BigEndian.AppendUint16(head, uint16(5*len(options)+1+len(data)))
		head = binary.BigEndian.AppendUint16(head, uint16(len(o.data)))
		data = append(data, o.data...)
	}
	return append(append(head, optionEnd), data...)
}
