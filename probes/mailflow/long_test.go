package mailflow

import (
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"postpatch/probes/lab/mailtest"
)

// A long wait in a mailbox into which others write has many looks, each of which hears of
// all that is new: together more than a server may say to one.
func TestManyLooks(t *testing.T) {
	target, _ := mailtest.Lab(t, mailtest.Healthy)
	trip := newTrip(probe{MailboxPort: imapsPort, Limit: time.Hour}, target, mailtest.User)
	box, err := openIMAP(t.Context(), trip)
	if err != nil {
		t.Fatal(err)
	}
	defer box.Close()
	conn, err := target.Dial(t.Context(), "tcp", "ex01.corp.test:25")
	if err != nil {
		t.Fatal(err)
	}
	client := smtp.NewClient(conn)
	defer func() { _ = client.Close() }()
	message := "Subject: long\r\n" + strings.Repeat(" "+strings.Repeat("x", 500)+"\r\n", 64) + "\r\nx\r\n"
	for range 40 {
		if err := client.SendMail("a@corp.test", []string{mailtest.User}, strings.NewReader(message)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 5 {
		if seen, err := box.Look(); err != nil || seen.state != "" {
			t.Fatalf("look %d: %+v, %v", i, seen, err)
		}
	}
}
