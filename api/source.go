package api

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Source is a source of the academy in force, for POST /v1/sources/<name>.
type Source struct {
	Name string
	// Header are what a message carries so that this source reads it.
	Header map[string][]string
	// Reads are the names of the request's headers that the source reads, in small letters. No other header is passed on.
	Reads []string
	// Signature says how bodies are signed; nil: they are not.
	Signature *Signature
	// Secrets are those with which bodies may be signed. Without any, or without Signature, a write key is needed.
	Secrets [][]byte
}

// Signature says how the bodies of a source are signed.
type Signature struct {
	Standard bool   // as Standard Webhooks has it; the fields below are then empty
	Header   string // the header with the HMAC-SHA256 of the body, in its canonical form
	Base64   bool   // how the HMAC is written; false: in hex
	Prefix   string // what stands before it; may be empty
}

// maxSigned is how large a signed body may be, in bytes: it is read before its sender is known.
const maxSigned = 1 << 20

// standardTolerance is how far the time of a signature may be from now, as Standard Webhooks advises.
const standardTolerance = 5 * time.Minute

// serveSource is POST /v1/sources/{name}.
func (a *API) serveSource(w http.ResponseWriter, r *http.Request) {
	source, known := a.o.Source(r.PathValue("name"))
	signed := known && source.Signature != nil && len(source.Secrets) > 0
	split := func(_ http.Header, body []byte) ([]item, *problem) {
		if !known {
			return nil, newProblem(http.StatusNotFound, codeNoSuchSource, fmt.Sprintf("the academy in force has no source %.64q", r.PathValue("name")),
				"name it under sources: in sources.yaml, and publish the academy")
		}
		return a.splitForSource(&source, r.Header, body)
	}
	if !signed {
		a.serveItems(w, r, ScopeSource(r.PathValue("name")), split, writeSourceResult)
		return
	}
	if p := source.checkSigned(r); p != nil {
		writeProblem(w, p)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxSigned)
	verify := func(body []byte) (Key, *problem) {
		if !source.verifySignature(r.Header, body, a.o.Now()) {
			return Key{}, newProblem(http.StatusUnauthorized, codeSignature, "the signature is not one of the body with a secret that is known", "compare the secret with the one of --source-secrets-file")
		}
		return Key{ID: ScopeSource(source.Name)}, nil
	}
	a.serveBody(w, r, verify, split, writeSourceResult)
}

// checkSigned refuses what cannot be a signed request before its body is read.
func (s *Source) checkSigned(r *http.Request) *problem {
	header := s.Signature.Header
	if s.Signature.Standard {
		header = headerStandardSignature
	}
	switch {
	case r.Header.Get(header) == "":
		return newProblem(http.StatusUnauthorized, codeSignature, "the request has no header "+header, "sign the body; the source in sources.yaml says how")
	case r.Header.Get("Content-Encoding") != "":
		return newProblem(http.StatusUnsupportedMediaType, codeEncoding, "a signed body is not compressed", "send it without Content-Encoding")
	case r.ContentLength > maxSigned:
		return describeReadError(errSignedTooLarge, nil)
	}
	return nil
}

const (
	headerStandardID        = "Webhook-Id"
	headerStandardTime      = "Webhook-Timestamp"
	headerStandardSignature = "Webhook-Signature"
	standardVersion         = "v1,"
)

// verifySignature reports whether a body was signed with one of the secrets.
func (s *Source) verifySignature(h http.Header, body []byte, now time.Time) bool {
	if s.Signature.Standard {
		return s.verifyStandard(h, body, now)
	}
	text, ok := strings.CutPrefix(strings.TrimSpace(h.Get(s.Signature.Header)), s.Signature.Prefix)
	if !ok {
		return false
	}
	decode := hex.DecodeString
	if s.Signature.Base64 {
		decode = base64.StdEncoding.DecodeString
	}
	given, err := decode(text)
	return err == nil && s.isSigned(given, body)
}

// verifyStandard reports whether a body was signed as Standard Webhooks has it: over its id, its time and itself.
func (s *Source) verifyStandard(h http.Header, body []byte, now time.Time) bool {
	seconds, err := strconv.ParseInt(h.Get(headerStandardTime), 10, 64)
	if err != nil || now.Sub(time.Unix(seconds, 0)).Abs() > standardTolerance {
		return false
	}
	content := append([]byte(h.Get(headerStandardID)+"."+h.Get(headerStandardTime)+"."), body...)
	for _, text := range strings.Fields(h.Get(headerStandardSignature)) {
		encoded, ok := strings.CutPrefix(text, standardVersion)
		if !ok {
			continue
		}
		if given, err := base64.StdEncoding.DecodeString(encoded); err == nil && s.isSigned(given, content) {
			return true
		}
	}
	return false
}

// isSigned reports whether a signature is that of the content with one of the secrets.
func (s *Source) isSigned(given, content []byte) bool {
	for _, secret := range s.Secrets {
		mac := hmac.New(sha256.New, secret)
		mac.Write(content)
		if hmac.Equal(given, mac.Sum(nil)) {
			return true
		}
	}
	return false
}

// splitForSource returns the bodies of a request as items that the source reads.
func (a *API) splitForSource(s *Source, h http.Header, body []byte) ([]item, *problem) {
	items, batch, p := splitItems(http.Header{headerContentType: h[headerContentType]}, body)
	if p != nil {
		return nil, p
	}
	header := map[string][]string{}
	for name, values := range s.Header {
		header[name] = values
	}
	for _, name := range s.Reads {
		if values := h.Values(name); len(values) > 0 {
			header[name] = values
		}
	}
	if !batch {
		items[0].header = header
		items, _ = a.splitForeignBatch(items[0])
	}
	for i := range items {
		items[i].header = header
		items[i].deadName = s.Name
		if p := checkObject(items[i].raw); p != nil {
			return nil, p
		}
	}
	return items, nil
}

// writeSourceResult answers a request of a platform that can send a body again, and cannot mend it.
func writeSourceResult(w http.ResponseWriter, r *Result, batch bool) { writeResult(w, r, batch) }
