package store

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
	"sync"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/internal/mailaddress"
	"homeroom/subjects"
)

// AddressIndex finds learners by their mail address. The first question reads every profile, without a consumer; each later one only the profiles that were written since. It
// keeps no address, but a hash whose seed is the process's own, and reads a profile again before it says that it has the address: so a learner who was erased is not
// found. It may be used from several goroutines.
type AddressIndex struct {
	js   jetstream.JetStream
	seed maphash.Seed

	mu         sync.Mutex
	follow     *follower         // nil: nothing was read yet, or it has to be read anew
	reconnects uint64            // of the connection, when all profiles were read last
	hashes     map[string]uint64 // of the normalized address, by learner
}

// NewAddressIndex returns an index that has read nothing yet.
func NewAddressIndex(js jetstream.JetStream) *AddressIndex {
	return &AddressIndex{
		js:     js,
		seed:   maphash.MakeSeed(),
		hashes: map[string]uint64{},
	}
}

// OwnersOf returns the learners whose profile has an address, sorted; none: the list is empty, not nil.
func (x *AddressIndex) OwnersOf(ctx context.Context, address string) ([]AddressOwner, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if err := x.readProfiles(ctx); err != nil {
		return nil, fmt.Errorf("read the profiles: %w", err)
	}
	wanted := mailaddress.Normalize(address)
	hash := maphash.String(x.seed, wanted)
	owners := []AddressOwner{}
	for learner, own := range x.hashes {
		if own != hash {
			continue
		}
		owner, has, err := x.readOwner(ctx, learner, wanted)
		if err != nil {
			return nil, fmt.Errorf("read a profile: %w", err)
		}
		if has {
			owners = append(owners, owner)
		}
	}
	slices.SortFunc(owners, func(a, b AddressOwner) int { return strings.Compare(a.Learner, b.Learner) })
	return owners, nil
}

// readAnewFrom is from how many new entries on all profiles are read anew: that asks for several at once, and what is new one after another.
const readAnewFrom = 1000

// readProfiles takes in what was written since the last time, or every profile: after a reconnection too, because NATS may have been started on older files, and have
// given sequences out again. The caller holds the lock.
func (x *AddressIndex) readProfiles(ctx context.Context) error {
	reconnects := x.js.Conn().Stats().Reconnects
	if x.follow != nil && reconnects == x.reconnects && x.follow.isNear(ctx, readAnewFrom) {
		entries, err := x.follow.readNew(ctx)
		for i := range entries {
			x.takeEntry(&entries[i])
		}
		if err != nil {
			x.follow = nil
		}
		return err
	}
	x.follow = nil
	stream, err := x.js.Stream(ctx, "KV_"+BucketProfiles)
	if err != nil {
		return err
	}
	follow := newFollower(stream, BucketProfiles, ">")
	clear(x.hashes)
	info, err := follow.eachNewest(ctx, func(e entry) { x.takeEntry(&e) })
	if err != nil {
		return err
	}
	follow.next = info.State.LastSeq + 1
	follow.made = info.Created
	x.follow = follow
	x.reconnects = reconnects
	return nil
}

func (x *AddressIndex) takeEntry(e *entry) {
	learner, err := subjects.Unescape(e.key)
	if err != nil {
		return
	}
	delete(x.hashes, learner)
	if address := addressIn(e); address != "" {
		x.hashes[learner] = maphash.String(x.seed, address)
	}
}

// addressIn returns the normalized address in a profile; empty: there is none, or the profile cannot be read.
func addressIn(e *entry) string {
	var known Profile
	if e.deleted || decodeRecord(e.value, &known) != nil {
		return ""
	}
	return mailaddress.Normalize(known.Email)
}

// readOwner reads a learner's profile and reports whether it has an address.
func (x *AddressIndex) readOwner(ctx context.Context, learner, address string) (owner AddressOwner, has bool, err error) {
	e, err := x.follow.readLast(ctx, x.follow.prefix+subjects.Escape(learner))
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return AddressOwner{}, false, nil
	}
	var known Profile
	if err != nil || addressIn(&e) != address || decodeRecord(e.value, &known) != nil {
		return AddressOwner{}, false, err
	}
	return newAddressOwner(learner, known), true, nil
}
