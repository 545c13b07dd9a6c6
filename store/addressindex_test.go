package store_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/internal/natstest"
	"homeroom/profile"
	"homeroom/store"
	"homeroom/subjects"
)

// TestAnAddressIsFoundAfterEveryChange: the index says at each moment what the profiles say, though it reads only those that were written since: after an address
// changed hands, after an erasure that leaves no trace in the bucket, and after the bucket was made anew.
func TestAnAddressIsFoundAfterEveryChange(t *testing.T) {
	_, js, st := natstest.Open(t)
	ctx := t.Context()
	index := store.NewAddressIndex(js)
	check := func(when, address string, want ...string) {
		t.Helper()
		owners, err := index.OwnersOf(ctx, address)
		var got []string
		for _, owner := range owners {
			got = append(got, owner.Learner)
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %s is of %v, %v; want %v", when, address, got, err, want)
		}
	}
	check("at first", "ada@learners.example")
	setAddress(t, st, "auth0|1", "Ada@Learners.example")
	setAddress(t, st, "u_2", "ada@learners.example")
	check("once written", " ADA@learners.example", "auth0|1", "u_2")
	setAddress(t, st, "u_2", "bob@learners.example")
	check("after it changed hands", "ada@learners.example", "auth0|1")
	check("after it changed hands", "bob@learners.example", "u_2")

	stream, err := js.Stream(ctx, "KV_"+store.BucketProfiles)
	if err != nil {
		t.Fatal(err)
	}
	subject := "$KV." + store.BucketProfiles + "." + subjects.Escape("auth0|1")
	if err := stream.Purge(ctx, jetstream.WithPurgeSubject(subject)); err != nil {
		t.Fatal(err)
	}
	check("after an erasure", "ada@learners.example")

	remakeBucket(ctx, t, js, stream)
	setAddress(t, st, "u_9", "bob@learners.example")
	check("after the bucket was made anew", "bob@learners.example", "u_9")
}

// TestAnAddressIsFoundAfterNATSWentBack: NATS is started on older files, and profiles that are written then get sequences that were read before.
func TestAnAddressIsFoundAfterNATSWentBack(t *testing.T) {
	server, js, st := natstest.Open(t)
	ctx := t.Context()
	index := store.NewAddressIndex(js)
	setAddress(t, st, "u_0", "zero@learners.example")
	saved := server.SaveFiles()
	setAddress(t, st, "u_1", "one@learners.example")
	setAddress(t, st, "u_2", "two@learners.example")
	if owners, err := index.OwnersOf(ctx, "two@learners.example"); err != nil || len(owners) != 1 {
		t.Fatalf("%v, %v", owners, err)
	}
	server.RestoreFiles(saved)
	for n := range 3 {
		setAddress(t, st, fmt.Sprint("u_", 7+n), fmt.Sprintf("new-%d@learners.example", n))
	}
	for n := range 3 {
		owners, err := index.OwnersOf(ctx, fmt.Sprintf("new-%d@learners.example", n))
		if err != nil || len(owners) != 1 || owners[0].Learner != fmt.Sprint("u_", 7+n) {
			t.Errorf("%d: %v, %v", n, owners, err)
		}
	}
	if owners, err := index.OwnersOf(ctx, "two@learners.example"); err != nil || len(owners) != 0 {
		t.Errorf("who was lost with the files is found: %v, %v", owners, err)
	}
}

// setAddress writes a learner's address into their profile.
func setAddress(t *testing.T, st *store.Store, learner, address string) {
	t.Helper()
	if err := st.Profiles.Change(t.Context(), learner, func(p *profile.Profile) bool { p.Email = address; return true }); err != nil {
		t.Fatal(err)
	}
}

// remakeBucket makes a bucket anew, without what was in it.
func remakeBucket(ctx context.Context, t *testing.T, js jetstream.JetStream, stream jetstream.Stream) {
	t.Helper()
	config := stream.CachedInfo().Config
	if err := js.DeleteStream(ctx, config.Name); err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateStream(ctx, config); err != nil {
		t.Fatal(err)
	}
}
