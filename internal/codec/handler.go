package codec

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"go.temporal.io/sdk/converter"
)

// Origins returns what browsers call the origins of pages: scheme, host and port.
func Origins(urls []string) ([]string, error) {
	var origins []string
	for _, text := range urls {
		u, err := url.Parse(text)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, fmt.Errorf("%s is not an address of a page; write https://temporal.internal", text)
		}
		origins = append(origins, u.Scheme+"://"+u.Host)
	}
	return origins, nil
}

// maxBody is more than Temporal answers at once, in bytes.
const maxBody = 64 << 20

// NewHandler serves /encode and /decode to pages of the origins, and to programs, which send no origin.
func NewHandler(payloads converter.PayloadCodec, origins []string) http.Handler {
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
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		inner.ServeHTTP(w, r)
	})
}
