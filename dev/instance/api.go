package instance

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/app"
	"homeroom/internal/writekey"
	"homeroom/store"
)

// listenForEvents opens the listener of the way in over HTTP, on this machine only.
func (h *Instance) listenForEvents(port int) (*app.APIOptions, error) {
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return nil, fmt.Errorf("listening for events over HTTP: %w", err)
	}
	h.APIURL = "http://" + listener.Addr().String()
	return &app.APIOptions{Listener: listener}, nil
}

// makeWriteKey makes a key that may be used for everything.
func makeWriteKey(ctx context.Context, js jetstream.JetStream) (string, error) {
	keys, err := store.OpenWriteKeys(ctx, js)
	if err != nil {
		return "", err
	}
	defer keys.Close()
	key, id := writekey.New()
	return key, keys.Create(ctx, store.WriteKey{ID: id, Hash: writekey.Hash(key), Name: "dev", By: "dev", At: time.Now().UTC()})
}
