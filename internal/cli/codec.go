package cli

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"homeroom/internal/codec"
	"homeroom/internal/guard"
)

// CodecCmd is `homeroom codec`.
type CodecCmd struct {
	Keys   []string `name:"encryption-key-file" env:"HOMEROOM_ENCRYPTION_KEY_FILE" type:"existingfile" required:"" help:"Key files, as serve has them." placeholder:"FILE"`
	UI     []string `name:"ui" default:"http://127.0.0.1:8233" help:"Where the Temporal UI is reached: pages from there, and from nowhere else, may ask. Default: ${default}." placeholder:"URL"`
	Listen string   `default:"127.0.0.1:8234" help:"Address to listen on. Whoever reaches it can read what is encrypted: keep it to yourself. Default: ${default}." placeholder:"HOST:PORT"`
}

// Help is shown by `homeroom codec --help`.
func (*CodecCmd) Help() string {
	return `Decrypts for the Temporal UI what serve encrypted (--encryption-key-file). Run it on the machine of whoever looks, and
enter its address in the UI under "Configure Data Encoder" (the sunglasses), or for tctl and temporal with
--codec-endpoint.

Example:
  homeroom codec --encryption-key-file key --ui https://temporal.internal`
}

// Run serves until ctx ends.
func (c *CodecCmd) Run(ctx context.Context, o IO) error {
	keys, err := codec.ReadKeys(c.Keys...)
	if err != nil {
		return usage(err)
	}
	payloads, err := codec.New(keys...)
	if err != nil {
		return usage(err)
	}
	origins, err := codec.Origins(c.UI)
	if err != nil {
		return usage(fmt.Errorf("--ui %w", err))
	}
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("listening on %s: %w; choose another address with --listen", c.Listen, err)
	}
	log := slog.New(slog.NewTextHandler(o.Err, nil))
	server := &http.Server{
		Handler:           guard.Requests(codec.NewHandler(payloads, origins), guard.Options{Report: guard.LogTo(log, "a request to decrypt panicked", guard.LogPath)}),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       time.Minute,
		WriteTimeout:      time.Minute,
		IdleTimeout:       2 * time.Minute,
	}
	fmt.Fprintf(o.Err, "Decrypting on http://%s with the keys %v, for %v.\n", listener.Addr(), keys, c.UI)
	if err := serveUntil(ctx, listener, server); err != nil {
		return fmt.Errorf("the codec server: %w", err)
	}
	return nil
}
