package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"homeroom/internal/natstest"
	"homeroom/store"
)

func TestDisagreements(t *testing.T) {
	now := time.Now()
	instance := func(n int, role string, prints map[string][]string) store.Instance {
		return store.Instance{
			Name:         fmt.Sprintf("host-%d", n),
			Roles:        []string{role},
			Started:      now.Add(time.Duration(n) * time.Second),
			Seen:         now,
			Fingerprints: prints,
		}
	}
	within := func(n int, role, namespace string) store.Instance {
		i := instance(n, role, map[string][]string{})
		i.TemporalNamespace = namespace
		return i
	}
	of := func(what string, values ...string) map[string][]string { return map[string][]string{what: values} }
	for _, tc := range []struct {
		name string
		a, b store.Instance
		want string // what they disagree in; empty: nothing
	}{
		{"the same secret", instance(1, "edge", of("secret", "a")), instance(2, "worker", of("secret", "a")), ""},
		{"another secret", instance(1, "edge", of("secret", "a")), instance(2, "worker", of("secret", "b")), "secret"},
		{"a secret that is being replaced", instance(1, "edge", of("secret", "a")), instance(2, "worker", of("secret", "b", "a")), ""},
		{"another encryption key", instance(1, "triggers", of("encryption", "a")), instance(2, "worker", of("encryption", "b")), "encryption"},
		{"no encryption key", instance(1, "triggers", map[string][]string{}), instance(2, "worker", of("encryption", "b")), "encryption"},
		{"an edge needs no encryption key", instance(1, "edge", map[string][]string{}), instance(2, "worker", of("encryption", "b")), ""},
		{"another public URL", instance(1, "edge", of("public_url", "a")), instance(2, "worker", of("public_url", "b")), "public_url"},
		{"another webhook key", instance(1, "edge", of("webhook", "a")), instance(2, "edge", of("webhook", "b")), "webhook"},
		{"a worker has no webhook key", instance(1, "edge", of("webhook", "a")), instance(2, "worker", map[string][]string{}), ""},
		{"another NATS user of one role", instance(1, "edge", of("nats_user", "a")), instance(2, "edge", of("nats_user", "b")), "nats_user"},
		{"a NATS user per role", instance(1, "edge", of("nats_user", "a")), instance(2, "worker", of("nats_user", "b")), ""},
		{"another Temporal namespace", within(1, "api", "homeroom"), within(2, "worker", "default"), "temporal_namespace"},
		{"the same Temporal namespace", within(1, "triggers", "homeroom"), within(2, "worker", "homeroom"), ""},
		{"a Temporal namespace that is not known", within(1, "triggers", ""), within(2, "worker", "homeroom"), ""},
		{"no Temporal namespace", within(1, "triggers", "homeroom"), within(2, "api", ""), ""},
		{"an instance of an earlier version", instance(1, "edge", nil), instance(2, "worker", of("secret", "b")), ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			found := store.Disagreements([]store.Instance{tc.b, tc.a}, now)
			if tc.want == "" {
				if len(found) > 0 {
					t.Errorf("found %v", found)
				}
				return
			}
			if len(found) != 1 || found[0].What != tc.want || found[0].Instance != "host-2" || found[0].Other != "host-1" || found[0].Do == "" {
				t.Errorf("found %+v, want %s of the one that started later", found, tc.want)
			}
			if found := store.Disagreements([]store.Instance{tc.b, tc.a}, now.Add(time.Hour)); len(found) > 0 {
				t.Errorf("of instances that are gone: %v", found)
			}
		})
	}
}

func TestFingerprintsAreComparable(t *testing.T) {
	_, js, _ := natstest.Open(t)
	values := func(secret string) map[string][][]byte {
		return map[string][][]byte{"secret": {[]byte(secret), []byte("the old one")}, "encryption": {nil}}
	}
	prints := make([]map[string][]string, 0, 3)
	for _, secret := range []string{"swordfish", "swordfish", "another"} {
		p, err := store.Fingerprints(t.Context(), js, values(secret))
		if err != nil {
			t.Fatal(err)
		}
		prints = append(prints, p)
	}
	first := prints[0]["secret"]
	if len(first) != 2 || first[0] != prints[1]["secret"][0] || first[0] == prints[2]["secret"][0] || first[1] != prints[2]["secret"][1] {
		t.Errorf("fingerprints %v", prints)
	}
	if len(prints[0]["encryption"]) != 0 {
		t.Error("nothing has a fingerprint")
	}
	_, other, _ := natstest.Open(t)
	elsewhere, err := store.Fingerprints(t.Context(), other, values("swordfish"))
	if err != nil || elsewhere["secret"][0] == first[0] || strings.Contains(fmt.Sprint(elsewhere), "swordfish") {
		t.Errorf("another installation says %v, %v; want fingerprints under another key", elsewhere, err)
	}
}
