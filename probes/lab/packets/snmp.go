package packets

import (
	"bytes"
	"cmp"
	"encoding/asn1"
	"encoding/hex"
	"fmt"
	"math/big"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"postpatch/probes/lab/estate"
)

// NewSNMP answers GET by version 2c as Windows' agent does; who has another community is
// not answered.
func NewSNMP(host func() estate.Host) *Server {
	return newServer(host, func(h estate.Host, packet []byte) ([]byte, estate.Fault) {
		if h.SNMP == nil {
			return nil, estate.Drop
		}
		return agent(h, packet), h.SNMP.Fault
	})
}

// snmpMessage is Message of RFC 3416 and RFC 1901.
type snmpMessage struct {
	Version   int
	Community []byte
	PDU       asn1.RawValue
}

// snmpPDU is what is in a PDU, without its tag.
type snmpPDU struct {
	ID, Status, Index int
	Variables         []variable
}

type variable struct {
	Name  asn1.ObjectIdentifier
	Value asn1.RawValue
}

const (
	version2c   = 1
	getRequest  = 0
	getResponse = 2
	genErr      = 5
)

// agent makes the answer; nil for silence.
func agent(h estate.Host, packet []byte) []byte {
	var m snmpMessage
	if rest, err := asn1.Unmarshal(packet, &m); err != nil || len(rest) > 0 || m.Version != version2c ||
		string(m.Community) != cmp.Or(h.SNMP.Community, "public") {
		return nil
	}
	if m.PDU.Class != asn1.ClassContextSpecific || m.PDU.Tag != getRequest || !m.PDU.IsCompound {
		return nil
	}
	sequence, err := asn1.Marshal(asn1.RawValue{Tag: asn1.TagSequence, IsCompound: true, Bytes: m.PDU.Bytes})
	if err != nil {
		return nil
	}
	var pdu snmpPDU
	if rest, err := asn1.Unmarshal(sequence, &pdu); err != nil || len(rest) > 0 {
		return nil
	}
	for i, v := range pdu.Variables {
		pdu.Variables[i].Value = lookUp(h, v.Name.String())
	}
	if h.SNMP.Fault == estate.Error {
		pdu.Status, pdu.Index = genErr, 1
	}
	return response(m, pdu)
}

func response(m snmpMessage, pdu snmpPDU) []byte {
	inner, err := asn1.Marshal(pdu)
	if err != nil {
		return nil
	}
	var sequence asn1.RawValue
	if _, err := asn1.Unmarshal(inner, &sequence); err != nil {
		return nil
	}
	m.PDU = asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: getResponse, IsCompound: true, Bytes: sequence.Bytes}
	packet, err := asn1.Marshal(m)
	if err != nil {
		return nil
	}
	return packet
}

// lookUp is an object's value.
func lookUp(h estate.Host, oid string) asn1.RawValue {
	written, found := h.SNMP.Values[oid]
	if !found {
		written, found = system(h)[oid]
	}
	if !found {
		const noSuchInstance = 1
		return asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: noSuchInstance}
	}
	kind, rest, typed := strings.Cut(written, "] ")
	if !typed || !strings.HasPrefix(kind, "[") {
		if n, err := strconv.ParseInt(written, 10, 32); err == nil {
			return asn1.RawValue{Tag: asn1.TagInteger, Bytes: integer(n)}
		}
		return asn1.RawValue{Tag: asn1.TagOctetString, Bytes: []byte(written)}
	}
	return typedValue(kind[1:], rest)
}

// typedValue is a value of an application's type, of RFC 2578.
func typedValue(kind, text string) asn1.RawValue {
	const application = asn1.ClassApplication
	n, _ := strconv.ParseInt(text, 10, 64) // 0 where it is no number
	switch kind {
	case "ip":
		if address, err := netip.ParseAddr(text); err == nil && address.Is4() {
			return asn1.RawValue{Class: application, Tag: 0, Bytes: address.AsSlice()}
		}
	case "counter":
		return asn1.RawValue{Class: application, Tag: 1, Bytes: integer(n)}
	case "gauge":
		return asn1.RawValue{Class: application, Tag: 2, Bytes: integer(n)}
	case "ticks":
		return asn1.RawValue{Class: application, Tag: 3, Bytes: integer(n)}
	case "counter64":
		return asn1.RawValue{Class: application, Tag: 6, Bytes: integer(n)}
	case "hex":
		if data, err := hex.DecodeString(text); err == nil {
			return asn1.RawValue{Tag: asn1.TagOctetString, Bytes: data}
		}
	case "oid":
		if encoded, err := asn1.Marshal(parseOID(text)); err == nil {
			return asn1.RawValue{FullBytes: encoded}
		}
	}
	return asn1.RawValue{Tag: asn1.TagOctetString, Bytes: []byte(text)}
}

// integer are the bytes of a whole number.
func integer(n int64) []byte {
	encoded, err := asn1.Marshal(big.NewInt(n))
	if err != nil {
		return []byte{0}
	}
	return bytes.Clone(encoded[2:]) // it is short: one byte of type, one of length
}

func parseOID(text string) asn1.ObjectIdentifier {
	var oid asn1.ObjectIdentifier
	for part := range strings.SplitSeq(text, ".") {
		n, _ := strconv.Atoi(part) // 0 where it is no number
		oid = append(oid, n)
	}
	return oid
}

// system is what every agent tells, as that of Windows does.
func system(h estate.Host) map[string]string {
	const group = "1.3.6.1.2.1.1."
	return map[string]string{
		group + "1.0": fmt.Sprintf("Hardware: Intel64 Family 6 Model 85 Stepping 7 AT/AT COMPATIBLE - "+
			"Software: Windows Version 6.3 (Build %d Multiprocessor Free)", h.OS.Build),
		group + "2.0": "[oid] 1.3.6.1.4.1.311.1.1.3.1.2",
		group + "3.0": "[ticks] " + strconv.FormatInt(int64(time.Since(h.OS.Boot)/(10*time.Millisecond))&0xFFFFFFFF, 10),
		group + "4.0": "",
		group + "5.0": h.Name,
		group + "6.0": "",
		group + "7.0": "76",
	}
}
