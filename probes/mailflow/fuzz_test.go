package mailflow

import (
	"testing"

	"postpatch/probes/internal/flatxml"
)

// FuzzEWSItems holds that every message that is found has an id, by which it can be deleted.
func FuzzEWSItems(f *testing.F) {
	f.Add([]byte(`<Items><Message><ItemId Id="a"/><Subject>postpatch mailflow x</Subject>` +
		`<ItemClass>REPORT.IPM.Note.NDR</ItemClass><From><Mailbox><EmailAddress>postmaster@x</EmailAddress></Mailbox></From>` +
		`</Message><Message><Subject>y</Subject></Message></Items>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		all, err := flatxml.Read(body)
		if err != nil {
			return
		}
		for _, m := range ewsItems(all) {
			if _ = m.isReport(); m.id == "" {
				t.Errorf("%+v has no id", m)
			}
		}
	})
}
