package app

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"os"
	"strings"

	"homeroom/api"
	"homeroom/sources"
)

// SourceSecrets are the secrets with which bodies for POST /v1/sources/<name> are signed, by source.
type SourceSecrets map[string][][]byte

// String keeps secrets out of logs.
func (SourceSecrets) String() string { return "(secrets)" }

// GoString keeps secrets out of logs.
func (SourceSecrets) GoString() string { return "(secrets)" }

// minSourceSecret is the least length of a secret, in bytes.
const minSourceSecret = 8

// ReadSourceSecrets reads a file of lines of a source's name and a secret: as the platform shows it, or whsec_… in base64 for Standard Webhooks.
// Empty lines and those that begin with # do not count. A source may have several lines. No error tells a secret.
func ReadSourceSecrets(file string) (SourceSecrets, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("reading the secrets of sources: %w", err)
	}
	defer f.Close()
	secrets := SourceSecrets{}
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, text, _ := strings.Cut(line, " ")
		text = strings.TrimSpace(text)
		secret := []byte(text)
		if encoded, standard := strings.CutPrefix(text, "whsec_"); standard {
			if secret, err = base64.StdEncoding.DecodeString(encoded); err != nil {
				return nil, fmt.Errorf("%s: line %d: what follows whsec_ is not base64", file, n)
			}
		}
		if !sources.ValidName(name) || len(secret) < minSourceSecret {
			return nil, fmt.Errorf("%s: line %d is not the name of a source and a secret of at least %d bytes; write: thinkific SECRET", file, n, minSourceSecret)
		}
		secrets[name] = append(secrets[name], secret)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading the secrets of sources: %w", err)
	}
	return secrets, nil
}

// findSource returns a source of the academy in force as the API needs it.
func findSource(revs *revisions, secrets SourceSecrets, name string) (api.Source, bool) {
	source := revs.sourcesInForce().Source(name)
	if source == nil {
		return api.Source{}, false
	}
	found := api.Source{
		Name:    name,
		Header:  map[string][]string{sources.HeaderSource: {name}},
		Reads:   source.Headers(),
		Secrets: secrets[name],
	}
	if s := source.Signature(); s != nil {
		signature := api.Signature(*s)
		found.Signature = &signature
	}
	return found, true
}
