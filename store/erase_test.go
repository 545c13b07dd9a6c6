package store

import "testing"

// TestWhatAWronglySpelledLearnerMeans: events that were published under an id that is not escaped as it should be belong to
// somebody all the same.
func TestWhatAWronglySpelledLearnerMeans(t *testing.T) {
	for _, tt := range []struct {
		name, token, learner string
		want                 bool
	}{
		{"as it is", "auth0|7", "auth0|7", true},
		{"an address as it is", "ada@example", "ada@example", true},
		{"lower case hex", "auth0=7c7", "auth0|7", true},
		{"letters escaped", "=41da", "Ada", true},
		{"half escaped", "ada@example=2eorg", "ada@example.org", true},
		{"an escape cut short", "ada=4", "ada=4", true},
		{"somebody else", "auth0=7c8", "auth0|7", false},
		{"only the beginning", "auth0|", "auth0|7", false},
		{"nothing", "", "auth0|7", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tokenMeansLearner(tt.token, tt.learner); got != tt.want {
				t.Errorf("means(%q, %q) = %v, want %v", tt.token, tt.learner, got, tt.want)
			}
		})
	}
}

// TestATombstoneTellsNobody: it is under a hash that differs with the secret, the learner, and from any address's.
func TestATombstoneTellsNobody(t *testing.T) {
	s := &Suppressions{secrets: [][]byte{[]byte("first secret"), []byte("old secret")}}
	seen := map[string]string{}
	for name, key := range map[string]string{
		"a learner": s.hashLearner("ada", 0), "another": s.hashLearner("bob", 0), "the old secret": s.hashLearner("ada", 1), "an address": s.hashAddress("ada", 0),
	} {
		if was, twice := seen[key]; twice || len(key) != 64 {
			t.Errorf("%s has the key %q, like %s", name, key, was)
		}
		seen[key] = name
	}
	if s.TombstoneKey("ada") != s.hashLearner("ada", 0) {
		t.Error("tombstones are not written under the first secret")
	}
}
