package api

import (
	_ "embed"
	"net/http"
)

// document describes the API, as OpenAPI 3.1. A test holds it to the handlers.
//
//go:embed openapi.json
var document []byte

// serveDocument is GET /v1/openapi.json.
func serveDocument(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set(headerContentType, "application/json")
	_, _ = w.Write(document)
}
