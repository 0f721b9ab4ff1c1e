package lab

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"postpatch/probes"
)

// Addresses is where a lab is: what other programs need to reach it.
type Addresses struct {
	Estate  string `json:"estate"`
	State   string `json:"state"`
	Control string `json:"control"` // URL of the control server
	CAFile  string `json:"ca_file,omitempty"`
	// Krb5Conf is the file of a krb5.conf that leads to the estate's KDC.
	Krb5Conf string        `json:"krb5_conf,omitempty"`
	Routes   probes.Routes `json:"routes"`
}

// Addresses describes the running lab; caFile is where the caller has written
// CA, or empty.
func (l *Lab) Addresses(caFile string) Addresses {
	return Addresses{
		Estate: l.estate.Name, State: l.State(), Control: "http://" + l.control.address,
		CAFile: caFile, Routes: l.Routes(),
	}
}

// controlServer lets another process switch the lab's state.
type controlServer struct {
	address string
	server  *http.Server
	ended   chan struct{}
}

// startControl listens for: GET /state, POST /state/NAME, GET /routes, GET /stats
// with what reached each host, and GET /kdc with what the KDC was asked.
func (l *Lab) startControl(ctx context.Context) (*controlServer, error) {
	var config net.ListenConfig
	ln, err := config.Listen(ctx, "tcp", cmp.Or(l.options.Control, "127.0.0.1:0"))
	if err != nil {
		return nil, fmt.Errorf("starting the lab's control server: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /state", func(w http.ResponseWriter, _ *http.Request) {
		respond(w, map[string]any{"state": l.State(), "states": l.estate.States()})
	})
	mux.HandleFunc("POST /state/{name}", func(w http.ResponseWriter, r *http.Request) {
		switch err := l.Switch(r.PathValue("name")); {
		case errors.Is(err, ErrUnknownState):
			http.Error(w, err.Error(), http.StatusNotFound)
		case err != nil:
			http.Error(w, err.Error(), http.StatusInternalServerError)
		default:
			respond(w, map[string]any{"state": l.State(), "states": l.estate.States()})
		}
	})
	mux.HandleFunc("GET /routes", func(w http.ResponseWriter, _ *http.Request) { respond(w, l.Addresses("")) })
	mux.HandleFunc("GET /stats", func(w http.ResponseWriter, _ *http.Request) {
		all := map[string]Stats{}
		for i, h := range l.now.Load().hosts {
			all[h.Name] = l.machines[i].stats()
		}
		respond(w, all)
	})
	mux.HandleFunc("GET /kdc", func(w http.ResponseWriter, _ *http.Request) {
		asked := map[string]int{}
		if kdc := l.KDC(); kdc != nil {
			asked = kdc.Asked()
		}
		respond(w, asked)
	})
	c := &controlServer{
		address: ln.Addr().String(), ended: make(chan struct{}),
		server: &http.Server{
			Handler: mux, ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0),
		},
	}
	go func() {
		defer close(c.ended)
		_ = c.server.Serve(ln) // until close
	}()
	return c, nil
}

func respond(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // a client that went away wants no answer
}

func (c *controlServer) close() error {
	err := c.server.Close()
	<-c.ended
	return err
}
