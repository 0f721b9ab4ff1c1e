//go:build real

package bucket_test

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"postpatch/baseline"
	"postpatch/baseline/bucket"
	"postpatch/cmd/postpatch/realtest"
)

func TestAzureBlob(t *testing.T) {
	azurite := realtest.StartAzurite(t, cmp.Or(os.Getenv("POSTPATCH_AZURITE"), "azurite-blob"))
	connection := "DefaultEndpointsProtocol=http;AccountName=" + realtest.AzuriteAccount + ";AccountKey=" +
		realtest.AzuriteKey + ";BlobEndpoint=http://" + azurite.Addr + "/" + realtest.AzuriteAccount + ";"
	client, err := azblob.NewClientFromConnectionString(connection, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.CreateContainer(t.Context(), "evidence", nil); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AZURE_STORAGE_ACCOUNT", realtest.AzuriteAccount)
	t.Setenv("AZURE_STORAGE_KEY", realtest.AzuriteKey)
	for _, query := range []string{"", "&prefix=hq/"} {
		keeps(t, at(t, "azblob://evidence?protocol=http&localemu=true&domain="+azurite.Addr+query))
	}
	_, err = at(t, "azblob://nowhere?protocol=http&localemu=true&domain="+azurite.Addr).Read(t.Context(), "before")
	if damage := (*baseline.Damage)(nil); !errors.As(err, &damage) || damage.Kind != baseline.Missing {
		t.Errorf("a container that is not there: %v", err)
	}
}

func at(t *testing.T, name string) *baseline.Store {
	t.Helper()
	place, err := bucket.At(name)
	if err != nil {
		t.Fatal(err)
	}
	s := baseline.Open(place)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// s3 is a simulated S3 behind a wire that can be cut.
type s3 struct {
	http.Handler
	cutFile     atomic.Value // a string: writes of files that end so are cut off in their middle
	cutRequest  atomic.Int32 // so many writes of hosts are
	cutResponse atomic.Int32 // so many are carried out, and the answer is lost
}

func startS3(t *testing.T) (*s3, string) {
	t.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket("evidence"); err != nil {
		t.Fatal(err)
	}
	s := &s3{Handler: gofakes3.New(backend).Server()}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	t.Setenv("AWS_ACCESS_KEY_ID", "probe")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "open-sesame")
	return s, "s3://evidence?region=eu-central-1&use_path_style=true&endpoint=" + server.URL
}

// ServeHTTP implements http.Handler.
func (s *s3) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	isHost := r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/hosts/")
	cutFile, _ := s.cutFile.Load().(string)
	switch {
	case r.Method == http.MethodPut && cutFile != "" && strings.HasSuffix(r.URL.Path, cutFile):
		_, _ = io.CopyN(io.Discard, r.Body, 10)
		hangUp(w)
	case isHost && s.cutRequest.Add(-1) >= 0:
		_, _ = io.CopyN(io.Discard, r.Body, 10)
		hangUp(w)
	case isHost && s.cutResponse.Add(-1) >= 0:
		s.Handler.ServeHTTP(httptest.NewRecorder(), r)
		hangUp(w)
	default:
		s.Handler.ServeHTTP(w, r)
	}
}

func hangUp(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

func TestS3(t *testing.T) {
	_, name := startS3(t)
	for _, query := range []string{"", "&prefix=hq/"} {
		keeps(t, at(t, name+query))
	}
	_, err := at(t, strings.Replace(name, "evidence", "nowhere", 1)).Read(t.Context(), "before")
	if damage := (*baseline.Damage)(nil); !errors.As(err, &damage) || damage.Kind != baseline.Missing {
		t.Errorf("a bucket that is not there: %v", err)
	}
}

// A store that fails in the middle of a write has the host whole or not at all, and
// the run can be taken up.
func TestS3FailsInTheMiddle(t *testing.T) {
	wire, name := startS3(t)
	s := at(t, name)
	head := baseline.Head{Run: "before", Command: "capture", Started: time.Unix(1, 0)}
	w, err := s.Create(t.Context(), head)
	if err != nil {
		t.Fatal(err)
	}
	host := func(name string) baseline.Host {
		return baseline.Host{Host: name, Checks: []baseline.Check{{Check: "hq/os", Kind: "os"}}}
	}
	if err := w.Put(t.Context(), host("web01")); err != nil {
		t.Fatal(err)
	}
	wire.cutRequest.Store(1000)
	if err := w.Put(t.Context(), host("web02")); err == nil {
		t.Error("a write that was cut off is none")
	}
	wire.cutRequest.Store(0)
	if w, err = s.Resume(t.Context(), head); err != nil || len(w.Stored()) != 1 {
		t.Fatalf("taken up: %v, %v", w, err)
	}
	wire.cutResponse.Store(1) // asked again, the store has the file already
	if err := w.Put(t.Context(), host("web02")); err != nil {
		t.Errorf("a host whose answer was lost: %v", err)
	}
	if err := w.Finish(t.Context(), time.Unix(2, 0), nil); err != nil {
		t.Fatal(err)
	}
	snapshot, err := s.Read(t.Context(), "before")
	if err != nil || len(snapshot.Manifest().Hosts) != 2 {
		t.Errorf("got %v", err)
	}
}

// What stands in a bucket can be looked at with other programs: it is not ours alone.
func TestS3HoldsPlainFiles(t *testing.T) {
	wire, name := startS3(t)
	keeps(t, at(t, name))
	for file, magic := range map[string]string{
		"begun.json": "{\n", "manifest.json": "{\n", "hosts/web01.jsonl.zst": "\x28\xb5\x2f\xfd",
	} {
		w := httptest.NewRecorder()
		wire.Handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/evidence/before/"+file, nil))
		if w.Code != http.StatusOK || !bytes.HasPrefix(w.Body.Bytes(), []byte(magic)) {
			t.Errorf("%s: %d %.20q", file, w.Code, w.Body)
		}
	}
}
