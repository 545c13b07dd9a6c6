package store

import (
	"slices"
	"testing"
)

// An international domain is one address however it is spelled, and what was recorded under the spelling as published is still found.
func TestAddressKeys(t *testing.T) {
	s := &Suppressions{secrets: [][]byte{[]byte("first secret"), []byte("old secret")}}
	ascii := s.addressKeys("X@xn--exmple-cua.org")
	if want := []string{s.hashAddress("x@xn--exmple-cua.org", 0), s.hashAddress("x@xn--exmple-cua.org", 1)}; !slices.Equal(ascii, want) {
		t.Errorf("in ASCII: %q, want %q", ascii, want)
	}
	published := s.addressKeys(" X@exämple.org")
	if published[0] != ascii[0] || !slices.Contains(published, ascii[1]) {
		t.Errorf("as published it is written under %s, in ASCII under %s", published[0], ascii[0])
	}
	for secret := range s.secrets {
		if before := s.hashAddress("x@exämple.org", secret); !slices.Contains(published, before) {
			t.Errorf("what was recorded of it before, under secret %d, is not looked for", secret)
		}
	}
}
