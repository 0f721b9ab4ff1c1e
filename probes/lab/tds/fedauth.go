package tds

import (
	"encoding/binary"
	"errors"
	"fmt"

	"postpatch/probes/lab/estate"
)

// Federated authentication, MS-TDS 2.2.6.4, 2.2.6.5, 2.2.6.3 and 2.2.7.12.
const (
	optionFedAuth    = 0x06
	packetFedAuth    = 0x08
	tokenFedAuthInfo = 0xee
	featureFedAuth   = 0x02
	librarySecurity  = 0x01
	libraryADAL      = 0x02
	offsetExtension  = 56
	fedAuthSTS       = 0x01
	fedAuthSPN       = 0x02
	entraScheme      = "entra"
	featuresEnd      = 0xff
)

// withFedAuth adds to a PRELOGIN reply that the server takes tokens, where the client asks for
// it and the instance does.
func withFedAuth(prelogin []byte, sql estate.SQL, reply []byte) []byte {
	if sql.Token == "" || !asksForFedAuth(prelogin) {
		return reply
	}
	const head = 5
	var options []byte
	at := 0
	for reply[at] != optionEnd {
		o := append([]byte{}, reply[at:at+head]...)
		binary.BigEndian.PutUint16(o[1:], binary.BigEndian.Uint16(o[1:])+head)
		options, at = append(options, o...), at+head
	}
	data := reply[at+1:]
	options = append(options, optionFedAuth)
	options = binary.BigEndian.AppendUint16(options, uint16(at+head+1+len(data)))
	options = append(options, 0, 1, optionEnd)
	return append(append(options, data...), 1)
}

func asksForFedAuth(prelogin []byte) bool {
	for at := 0; at+5 <= len(prelogin) && prelogin[at] != optionEnd; at += 5 {
		if prelogin[at] == optionFedAuth {
			return true
		}
	}
	return false
}

// fedAuth is a client's wish to be known by a token.
type fedAuth struct {
	library byte
	echo    bool   // it has heard that the server takes tokens
	token   string // of the security token library
}

// fedAuthOf looks for the feature in LOGIN7.
func fedAuthOf(login7 []byte) (f fedAuth, found bool, err error) {
	bad := errors.New("LOGIN7 with features outside of it")
	if len(login7) < loginHeader || login7[offsetFlags3]&flagExtension == 0 {
		return f, false, nil
	}
	at := int(binary.LittleEndian.Uint16(login7[offsetExtension:]))
	if at+4 > len(login7) {
		return f, false, bad
	}
	at = int(binary.LittleEndian.Uint32(login7[at:]))
	for at >= 0 && at < len(login7) && login7[at] != featuresEnd {
		if at+5 > len(login7) {
			return f, false, bad
		}
		id, size := login7[at], int(binary.LittleEndian.Uint32(login7[at+1:]))
		if at += 5; size < 0 || size > len(login7)-at {
			return f, false, bad
		}
		if id == featureFedAuth {
			f, err = parseFedAuth(login7[at : at+size])
			return f, err == nil, err
		}
		at += size
	}
	if at < 0 || at >= len(login7) {
		return f, false, bad
	}
	return f, false, nil
}

func parseFedAuth(data []byte) (fedAuth, error) {
	if len(data) < 1 {
		return fedAuth{}, errors.New("FEDAUTH without options")
	}
	f := fedAuth{library: data[0] >> 1, echo: data[0]&1 != 0}
	switch f.library {
	case libraryADAL:
		return f, nil
	case librarySecurity:
		if len(data) < 5 || int64(binary.LittleEndian.Uint32(data[1:])) > int64(len(data)-5) {
			return fedAuth{}, errors.New("FEDAUTH with a token cut short")
		}
		f.token = fromUCS2(data[5 : 5+binary.LittleEndian.Uint32(data[1:])])
		return f, nil
	default:
		return fedAuth{}, fmt.Errorf("FEDAUTH with the library %d", f.library)
	}
}

// proveToken takes a token of Entra ID: in LOGIN7, or after the client has heard whom to ask
// for one.
func (s *session) proveToken(f fedAuth) error {
	sql := s.sql()
	s.proved.scheme, s.proved.fedAuth = entraScheme, true
	if sql.Token != "" && !f.echo {
		return errors.New("FEDAUTH without the echo of FEDAUTHREQUIRED")
	}
	token := f.token
	if f.library == libraryADAL {
		info := fedAuthInfo("https://login.microsoftonline.com/lab", "https://database.windows.net/")
		if err := s.write(info); err != nil {
			return err
		}
		if err := s.out.Finish(); err != nil {
			return err
		}
		m, err := readMessage(s.conn)
		if err != nil {
			return err
		}
		if m.kind != packetFedAuth {
			return fmt.Errorf("packet of kind %#x in the place of a token", m.kind)
		}
		if len(m.body) < 8 || int64(binary.LittleEndian.Uint32(m.body[4:])) > int64(len(m.body)-8) {
			return errors.New("FEDAUTH message cut short")
		}
		token = fromUCS2(m.body[8 : 8+binary.LittleEndian.Uint32(m.body[4:])])
	}
	if sql.Token != "" && equalText(token, sql.Token) {
		s.proved.user = "token"
	}
	return nil
}

func fedAuthInfo(sts, spn string) []byte {
	const header = 4 + 2*9
	a, b := toUCS2(sts), toUCS2(spn)
	body := binary.LittleEndian.AppendUint32(nil, 2)
	for _, o := range []struct {
		id     byte
		data   []byte
		offset int
	}{{fedAuthSTS, a, header}, {fedAuthSPN, b, header + len(a)}} {
		body = append(body, o.id)
		body = binary.LittleEndian.AppendUint32(body, uint32(len(o.data)))
		body = binary.LittleEndian.AppendUint32(body, uint32(o.offset))
	}
	body = append(append(body, a...), b...)
	return append(binary.LittleEndian.AppendUint32([]byte{tokenFedAuthInfo}, uint32(len(body))), body...)
}

// features is the FEATUREEXTACK.
func (p proved) features() []byte {
	b := []byte{tokenFeatureAck}
	if p.fedAuth {
		b = append(b, featureFedAuth, 0, 0, 0, 0)
	}
	return append(b, featuresEnd)
}
