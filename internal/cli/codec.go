package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"time"

	"go.temporal.io/sdk/converter"

	"homeroom/internal/codec"
)

// CodecCmd is `homeroom codec`.
type CodecCmd struct {
	Keys   []string `name:"encryption-key-file" env:"HOMEROOM_ENCRYPTION_KEY_FILE" type:"existingfile" required:"" help:"Key files, as serve has them." placeholder:"FILE"`
	UI     []string `name:"ui" default:"http://127.0.0.1:8233" help:"Where the Temporal UI is reached: pages from there, and from nowhere else, may ask." placeholder:"URL"`
	Listen string   `default:"127.0.0.1:8234" help:"Address to listen on. Whoever reaches it can read what is encrypted: keep it to yourself." placeholder:"HOST:PORT"`
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
	origins, err := originsOf(c.UI)
	if err != nil {
		return usage(err)
	}
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("listening on %s: %w; choose another address with --listen", c.Listen, err)
	}
	server := &http.Server{
		Handler:           codecHandler(payloads, origins),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       time.Minute,
		WriteTimeout:      time.Minute,
		IdleTimeout:       2 * time.Minute,
	}
	fmt.Fprintf(o.Err, "Decrypting on http://%s with the keys %v, for %v.\n", listener.Addr(), keys, c.UI)
	stop := context.AfterFunc(ctx, func() {
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = server.Shutdown(ending)
	})
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("the codec server: %w", err)
	}
	return nil
}

// originsOf are what browsers call the pages of URLs: scheme, host and port.
func originsOf(urls []string) ([]string, error) {
	var origins []string
	for _, text := range urls {
		u, err := url.Parse(text)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, fmt.Errorf("--ui %s is not an address of a page; write https://temporal.internal", text)
		}
		origins = append(origins, u.Scheme+"://"+u.Host)
	}
	return origins, nil
}

// maxCodecBody is more than Temporal answers at once.
const maxCodecBody = 64 << 20

// codecHandler serves /encode and /decode, to pages of the origins and to programs, which send none.
func codecHandler(payloads converter.PayloadCodec, origins []string) http.Handler {
	inner := converter.NewPayloadCodecHTTPHandler(payloads)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin := r.Header.Get("Origin")
		w.Header().Set("Vary", "Origin")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		if origin != "" {
			if !slices.Contains(origins, origin) {
				http.Error(w, "pages from "+origin+" may not ask: name the Temporal UI with --ui", http.StatusForbidden)
				return
			}
			w.Header().Set("Access-Control-Allow-Origin", origin)
			w.Header().Set("Access-Control-Allow-Credentials", "true")
			w.Header().Set("Access-Control-Allow-Headers", "Authorization, Content-Type, X-Namespace")
			w.Header().Set("Access-Control-Allow-Methods", "POST, OPTIONS")
		}
		if r.Method == http.MethodOptions {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxCodecBody)
		inner.ServeHTTP(w, r)
	})
}
