package mail_test

import (
	"strings"
	"testing"

	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/mail"
)

func FuzzPOP3(f *testing.F) {
	f.Add([]byte("CAPA\r\nUSER probe@corp.test\r\nPASS swordfish\r\nSTAT\r\nLIST\r\nRETR 1\r\nDELE 1\r\nQUIT\r\n"))
	f.Add([]byte("USER probe@corp.test\r\nPASS swordfish\r\nTOP 1 -1\r\nTOP 1 99999999999\r\nUIDL 1\r\nRSET\r\n"))
	f.Add([]byte("STLS\r\nPASS\r\nLIST 0\r\n\x00\xff\r\n"))
	f.Fuzz(func(t *testing.T, said []byte) {
		h := exchange()
		h.Mail = &estate.Mail{
			Users: map[string]string{"probe@corp.test": "swordfish"}, POP3: &estate.Post{Plain: true, StartTLS: "absent"},
		}
		heard := mail.TalkPOP3(h, said)
		if first, _, _ := strings.Cut(heard, "\r\n"); !strings.HasPrefix(first, "+OK") {
			t.Errorf("the greeting is %q", first)
		}
	})
}
