package rpc

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"postpatch/probes/lab/estate"
)

// mapperUUID and ndrUUID are those of the endpoint mapper and of NDR.
const (
	mapperUUID = "e1af8308-5d1f-11c9-91a4-08002b14a0fa"
	ndrUUID    = "8a885d04-1ceb-11c9-9fe8-08002b104860"
)

// uuidOf is a UUID as it travels, in words.
func uuidOf(b []byte) string {
	return fmt.Sprintf("%08x-%04x-%04x-%x-%x", binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint16(b[4:]),
		binary.LittleEndian.Uint16(b[6:]), b[8:10], b[10:16])
}

// uuidBytes is the way back; of what is no UUID, nothing anybody has.
func uuidBytes(text string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
	if err != nil || len(b) != 16 {
		return make([]byte, 16)
	}
	for _, part := range [][]byte{b[0:4], b[4:6], b[6:8]} {
		for i, j := 0, len(part)-1; i < j; i, j = i+1, j-1 {
			part[i], part[j] = part[j], part[i]
		}
	}
	return b
}

// version takes an interface's version apart, 1.0 where it has none.
func version(i estate.Interface) (major, minor uint16) {
	first, second, found := strings.Cut(i.Version, ".")
	if !found {
		return 1, 0
	}
	a, _ := strconv.ParseUint(first, 10, 16) // as the estate was checked
	b, _ := strconv.ParseUint(second, 10, 16)
	return uint16(a), uint16(b)
}

// has says whether the port has an interface in a version: one that is no older, of the
// same number before the dot.
func (c *client) has(uuid string, major, minor uint16) bool {
	if c.server.port == Port {
		return uuid == mapperUUID && major == 3
	}
	i, found := interfaces(c.server.host(), c.server.port)[uuid]
	if !found || i.Fault == estate.Error {
		return false
	}
	ours, least := version(i)
	return ours == major && least >= minor
}

// bind answers a bind or an alter_context (MS-RPCE 2.2.2, C706 12.6.4): for each of its
// contexts whether the interface is to be had.
func (c *client) bind(head [header]byte, body []byte) bool {
	if len(body) < 12 {
		return false
	}
	contexts, at := int(body[8]), 12
	var results []byte
	for range contexts {
		if at+24 > len(body) {
			return false
		}
		syntaxes := int(body[at+2])
		uuid := uuidOf(body[at+4:])
		major, minor := binary.LittleEndian.Uint16(body[at+20:]), binary.LittleEndian.Uint16(body[at+22:])
		at += 24
		if at+20*syntaxes > len(body) {
			return false
		}
		result := []byte{2, 0, 2, 0} // no way to write data in common
		for i := range syntaxes {
			if bytes.Equal(body[at+20*i:at+20*i+16], uuidBytes(ndrUUID)) {
				result = []byte{0, 0, 0, 0}
			}
		}
		at += 20 * syntaxes
		if !c.has(uuid, major, minor) {
			result = []byte{2, 0, 1, 0}
		}
		results = append(results, result...)
		if result[0] != 0 {
			results = append(results, make([]byte, 20)...)
			continue
		}
		c.bound, c.mapper = true, uuid == mapperUUID
		results = append(append(results, uuidBytes(ndrUUID)...), 2, 0, 0, 0)
	}
	kind := byte(bindAck)
	if head[2] == alter {
		kind = alterAck
	}
	return c.send(head, kind, c.acknowledgement(contexts, results)) == nil
}

func (c *client) acknowledgement(contexts int, results []byte) []byte {
	b := binary.LittleEndian.AppendUint16(nil, mostFrag)
	b = binary.LittleEndian.AppendUint16(b, mostFrag)
	b = append(b, 0x17, 0x53, 0, 0) // the group
	address := strconv.Itoa(c.server.port) + "\x00"
	b = binary.LittleEndian.AppendUint16(b, uint16(len(address)))
	b = append(b, address...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return append(append(b, byte(contexts), 0, 0, 0), results...)
}
