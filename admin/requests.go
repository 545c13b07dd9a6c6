package admin

import (
	"context"
	"errors"
	"fmt"

	"homeroom/store"
	"homeroom/subjects"
)

// LearnerRequest asks for a learner to be exported or erased, as package store keeps it.
type LearnerRequest = store.LearnerRequest

// RequestKind is what is asked for a learner.
type RequestKind = store.RequestKind

// The kinds of requests.
const (
	RequestExport = store.RequestExport
	RequestErase  = store.RequestErase
)

// FindByAddress returns the learners whose profile has a mail address, sorted. The look is recorded, with the address as a keyed hash. The
// first look of a connection reads every profile, later ones what is new.
func (i *Installation) FindByAddress(ctx context.Context, address string) ([]AddressOwner, error) {
	if err := CheckAddress(address); err != nil {
		return nil, err
	}
	var owners []AddressOwner
	err := i.recordAddress(ctx, store.ActionLookAtAddress, address, func() (err error) {
		owners, err = i.owners.OwnersOf(ctx, address)
		return err
	})
	return owners, err
}

// errNotMeant says that the id that was typed to confirm is not the learner's.
var errNotMeant = errors.New("that was another id: nothing was asked for")

// AskForLearner leaves a request to export or erase a learner, which [Installation.CarryOutRequests] carries out. typed is the id, typed once more by who asks.
func (i *Installation) AskForLearner(ctx context.Context, kind RequestKind, learner, typed string) error {
	action := store.ActionAskExport
	switch kind {
	case RequestExport:
	case RequestErase:
		action = store.ActionAskErase
	default:
		return inputError(fmt.Errorf("%q cannot be asked for a learner: export or erase", kind))
	}
	if typed != learner {
		return inputError(errNotMeant)
	}
	if learner == subjects.NoLearner {
		return inputError(fmt.Errorf("%s is no learner", learner))
	}
	return i.recordLearner(ctx, action, learner, func() error {
		return i.store.Control.PutRequest(ctx, LearnerRequest{
			Kind:    kind,
			Learner: learner,
			By:      i.actor.Name,
			At:      i.MachineNow().UTC(),
		})
	})
}

// TakeBackRequest takes a request about a learner back.
func (i *Installation) TakeBackRequest(ctx context.Context, kind RequestKind, learner string) error {
	if kind != RequestExport && kind != RequestErase {
		return inputError(fmt.Errorf("%q cannot be taken back: export or erase", kind))
	}
	return i.recordLearner(ctx, store.ActionTakeBackRequest, learner, func() error {
		return i.store.Control.DeleteRequest(ctx, kind, learner)
	})
}

// LearnerRequests returns the requests that wait for an operator, the oldest first.
func (i *Installation) LearnerRequests(ctx context.Context) ([]LearnerRequest, error) {
	return i.store.Control.Requests(ctx)
}

// CarryOutOptions say how requests are carried out.
type CarryOutOptions struct {
	// AtMost is how many may wait. If there are more, nothing is done: somebody is to look at them first.
	AtMost int
	// WriteExport keeps the document of an export, which has personal data; nil: exports go on waiting.
	WriteExport func(LearnerRequest, *LearnerDocument) error
	OnStage     func(string) // hears what is being done; may be nil
}

// CarriedOut is what became of a request.
type CarriedOut struct {
	LearnerRequest
	Receipt *ErasureReceipt `json:"receipt,omitempty"` // of an erasure; nil: it did not come to its end
	Waits   bool            `json:"waits,omitempty"`   // it goes on waiting, for the Problem of the request or for somewhere to write an export
}

// CarryOutRequests carries out the requests that wait. It needs the rights of an operator and the installation's secret. A request that cannot be carried out goes on waiting, with the problem.
func (i *Installation) CarryOutRequests(ctx context.Context, o CarryOutOptions) ([]CarriedOut, error) {
	requests, err := i.LearnerRequests(ctx)
	if err != nil {
		return nil, err
	}
	if o.AtMost > 0 && len(requests) > o.AtMost {
		return nil, inputError(fmt.Errorf("%d requests wait, more than %d: look at them, and allow as many if they are meant", len(requests), o.AtMost))
	}
	done := []CarriedOut{}
	erased := map[string]bool{} // their other requests went with them
	for _, r := range requests {
		if erased[r.Learner] {
			continue
		}
		c := CarriedOut{LearnerRequest: r}
		err := i.carryOutRequest(ctx, &c, o)
		if err != nil {
			c.Waits = true
			c.Problem = err.Error()
			if err := i.store.Control.PutRequest(context.WithoutCancel(ctx), c.LearnerRequest); err != nil { // an erasure that broke off may have removed it
				return append(done, c), err
			}
		}
		erased[r.Learner] = c.Receipt != nil
		done = append(done, c)
		if ctx.Err() != nil {
			return done, ctx.Err()
		}
	}
	return done, nil
}

// carryOutRequest carries one request out and takes it away.
func (i *Installation) carryOutRequest(ctx context.Context, c *CarriedOut, o CarryOutOptions) error {
	switch c.Kind {
	case RequestErase:
		receipt, err := i.EraseLearner(ctx, c.Learner, c.By, o.OnStage)
		if err != nil {
			return err
		}
		if !receipt.Complete {
			return fmt.Errorf("after %d rounds something remains: stop the platform from publishing about this learner", receipt.Rounds)
		}
		c.Receipt = &receipt
		return nil // the erasure has removed the request, too
	case RequestExport:
		if o.WriteExport == nil {
			c.Waits = true
			return nil
		}
		doc, err := i.ExportLearner(ctx, c.Learner, o.OnStage)
		if err == nil {
			err = o.WriteExport(c.LearnerRequest, doc)
		}
		if err != nil {
			return err
		}
		return i.store.Control.DeleteRequest(ctx, c.Kind, c.Learner)
	}
	return fmt.Errorf("this version of Homeroom cannot %s a learner", c.Kind)
}
