package rpc

import (
	"encoding/binary"

	"postpatch/probes/lab/estate"
)

// mapEndpoint answers ept_map: in come an object, a tower with the interface, a handle
// and how many towers are wanted; out go the handle, as many towers, and a status.
func mapEndpoint(h estate.Host, stub []byte) (out []byte, ok bool) {
	at := 4
	if len(stub) < 8 {
		return nil, false
	}
	if binary.LittleEndian.Uint32(stub) != 0 {
		at += 16 // the object
	}
	if at+12 > len(stub) || binary.LittleEndian.Uint32(stub[at:]) == 0 {
		return nil, false
	}
	length := int(binary.LittleEndian.Uint32(stub[at+8:]))
	at += 12
	if length < 0 || length > len(stub)-at {
		return nil, false
	}
	wanted := stub[at : at+length]
	at = (at + length + 3) &^ 3
	if at+24 > len(stub) {
		return nil, false
	}
	handle, most := stub[at:at+20], binary.LittleEndian.Uint32(stub[at+20:])
	uuid, major, minor, byTCP := wish(wanted)
	var towers [][]byte
	if i, found := h.RPC.Interfaces[uuid]; found && byTCP && !i.Lost && most > 0 {
		ours, least := version(i)
		if ours == major && least >= minor {
			towers = append(towers, endpoint(uuid, i))
		}
	}
	return mapAnswer(handle, towers, min(most, 500)), true
}

// wish reads the tower of a question.
func wish(tower []byte) (uuid string, major, minor uint16, byTCP bool) {
	if len(tower) < 2 {
		return "", 0, 0, false
	}
	floors, at := int(binary.LittleEndian.Uint16(tower)), 2
	part := func() []byte {
		if at+2 > len(tower) {
			return nil
		}
		n := int(binary.LittleEndian.Uint16(tower[at:]))
		at += 2
		if n > len(tower)-at {
			at = len(tower)
			return nil
		}
		at += n
		return tower[at-n : at]
	}
	for i := range min(floors, 8) {
		left, right := part(), part()
		switch {
		case i == 0 && len(left) == 19 && left[0] == 0x0d && len(right) == 2:
			uuid, major, minor = uuidOf(left[1:]), binary.LittleEndian.Uint16(left[17:]), binary.LittleEndian.Uint16(right)
		case i == 3 && len(left) == 1 && left[0] == 0x07:
			byTCP = true
		}
	}
	return uuid, major, minor, byTCP
}

// endpoint is the tower of an interface at its port.
func endpoint(uuid string, i estate.Interface) []byte {
	major, minor := version(i)
	b := []byte{5, 0}
	floor := func(left, right []byte) {
		b = append(binary.LittleEndian.AppendUint16(b, uint16(len(left))), left...)
		b = append(binary.LittleEndian.AppendUint16(b, uint16(len(right))), right...)
	}
	syntax := func(uuid string, major, minor uint16) {
		left := append([]byte{0x0d}, uuidBytes(uuid)...)
		floor(binary.LittleEndian.AppendUint16(left, major), binary.LittleEndian.AppendUint16(nil, minor))
	}
	syntax(uuid, major, minor)
	syntax(ndrUUID, 2, 0)
	floor([]byte{0x0b}, []byte{0, 0})
	floor([]byte{0x07}, binary.BigEndian.AppendUint16(nil, uint16(i.Port)))
	floor([]byte{0x09}, []byte{0, 0, 0, 0}) // any of the host's addresses
	return b
}

func mapAnswer(handle []byte, towers [][]byte, most uint32) []byte {
	b := append([]byte{}, handle...)
	u32 := func(n uint32) { b = binary.LittleEndian.AppendUint32(b, n) }
	u32(uint32(len(towers)))
	u32(most)
	u32(0)
	u32(uint32(len(towers)))
	for i := range towers {
		u32(uint32(3 + i))
	}
	for _, tower := range towers {
		u32(uint32(len(tower)))
		u32(uint32(len(tower)))
		b = append(b, tower...)
		for len(b)%4 != 0 {
			b = append(b, 0)
		}
	}
	if len(towers) == 0 {
		u32(notRegistered)
	} else {
		u32(0)
	}
	return b
}
