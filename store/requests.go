package store

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// RequestKind is what is asked for a learner.
type RequestKind string

// The kinds of requests. A console leaves them, because its NATS user may neither read everything that is held of a learner nor remove it.
const (
	RequestExport RequestKind = "export" // everything that is held of them is to be written out
	RequestErase  RequestKind = "erase"  // everything that is held of them is to be removed
)

// LearnerRequest asks for a learner to be exported or erased. An operator's process carries it out.
type LearnerRequest struct {
	Kind    RequestKind `json:"kind"`
	Learner string      `json:"learner"`
	By      string      `json:"by"` // who asked
	At      time.Time   `json:"at"`
	// Problem says why it was not carried out when it was tried last; empty: it was not tried yet.
	Problem string `json:"problem,omitempty"`
}

const requestPrefix = "request."

// requestKey is the key of a request: one of each kind for a learner.
func requestKey(kind RequestKind, learner string) string {
	return requestPrefix + string(kind) + "." + hashedKey(learner)
}

// PutRequest leaves a request, in place of an earlier one of the kind for the learner.
func (c *Control) PutRequest(ctx context.Context, r LearnerRequest) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	data, err := json.Marshal(r)
	if err == nil {
		_, err = c.kv.Put(ctx, requestKey(r.Kind, r.Learner), data)
	}
	if err != nil {
		return fmt.Errorf("leave the request: %w", err)
	}
	return nil
}

// DeleteRequest takes a request away. What is not there is not an error.
func (c *Control) DeleteRequest(ctx context.Context, kind RequestKind, learner string) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	if err := c.kv.Delete(ctx, requestKey(kind, learner)); err != nil && !errors.Is(err, jetstream.ErrKeyNotFound) {
		return fmt.Errorf("take the request away: %w", err)
	}
	return nil
}

// Requests returns the requests that wait, the oldest first. One that cannot be read is left out.
func (c *Control) Requests(ctx context.Context) ([]LearnerRequest, error) {
	entries, err := newFollower(c.bucket, BucketControl, requestPrefix+">").readNewest(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the requests about learners: %w", err)
	}
	requests := []LearnerRequest{}
	for _, e := range entries {
		var r LearnerRequest
		if !e.deleted && json.Unmarshal(e.value, &r) == nil && e.key == requestKey(r.Kind, r.Learner) {
			requests = append(requests, r)
		}
	}
	slices.SortStableFunc(requests, func(a, b LearnerRequest) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Learner, b.Learner))
	})
	return requests, nil
}
