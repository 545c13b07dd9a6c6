package delivery

import (
	"context"
	"fmt"
	"time"

	"homeroom/internal/mailaddress"
	"homeroom/profile"
)

// Listed is an address on a suppression list of a provider, and what being there says of it: exactly one of Reason, SoftBounce and Topic.
type Listed struct {
	Email      string
	At         time.Time      // when it was put there
	Reason     profile.Reason // why it must not be written to
	SoftBounce bool           // it refused a message this time
	Topic      string         // what somebody left for this mailbox
}

// ListedEffect is what an entry of a list changed.
type ListedEffect string

// The effects of an entry.
const (
	ListedNew     ListedEffect = "new"     // the address was written to until now, and is not any more
	ListedKnown   ListedEffect = "known"   // the address was suppressed before
	ListedCounted ListedEffect = "counted" // a soft bounce was counted, or a topic was left; the address is written to
	ListedLifted  ListedEffect = "lifted"  // nothing: the suppression was lifted after the address came on the list
	ListedInvalid ListedEffect = "invalid" // nothing: what stands there is no address
)

// ListedEffects returns all effects.
func ListedEffects() []ListedEffect {
	return []ListedEffect{ListedNew, ListedKnown, ListedCounted, ListedLifted, ListedInvalid}
}

// AddressBook is where it is kept which addresses must not be written to. Every method may be called again with the same.
type AddressBook interface {
	Suppressions
	// Has reports whether an address is suppressed.
	Has(ctx context.Context, email string) (bool, error)
	// LeaveTopic notes that a topic was left for an address.
	LeaveTopic(ctx context.Context, email, topic string, at time.Time) error
}

// TakeListed takes in an entry of a provider's list. Taken again it changes nothing, and an entry that is older than the lifting of a suppression
// does not bring it back. An error holds no address.
func TakeListed(ctx context.Context, book AddressBook, l Listed) (ListedEffect, error) {
	if _, why := mailaddress.Deliverable(l.Email); why != "" || l.Email == "" {
		return ListedInvalid, nil
	}
	before, err := book.Has(ctx, l.Email)
	if err != nil {
		return "", fmt.Errorf("take in an entry of a suppression list: %w", err)
	}
	switch {
	case l.Reason != "":
		err = book.Add(ctx, l.Email, l.Reason, l.At)
	case l.SoftBounce:
		err = book.AddSoftBounce(ctx, l.Email, l.At)
	default:
		err = book.LeaveTopic(ctx, l.Email, l.Topic, l.At)
	}
	if err != nil {
		return "", fmt.Errorf("take in an entry of a suppression list: %w", err)
	}
	if before {
		return ListedKnown, nil
	}
	after, err := book.Has(ctx, l.Email)
	switch {
	case err != nil:
		return "", fmt.Errorf("take in an entry of a suppression list: %w", err)
	case after:
		return ListedNew, nil
	case l.Reason != "":
		return ListedLifted, nil
	}
	return ListedCounted, nil
}
