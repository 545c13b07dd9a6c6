package console

import (
	"context"
	"time"

	"homeroom/admin"
)

const (
	// eventsBack is over how long the page looks at what was published.
	eventsBack = 7 * 24 * time.Hour
	// eventsPatience is how long the page waits for the first answer.
	eventsPatience = 2 * time.Second
)

// eventsData says what the platform publishes.
type eventsData struct {
	admin.EventsStatus
	Ready          bool          `json:"ready"` // false: the first answer is being worked out
	Age            time.Duration `json:"-"`
	MaySeeLearners bool          `json:"-"`
}

// Listed returns the events that were seen, refused, or have something to be told of them.
func (d *eventsData) Listed() []admin.EventSeen {
	listed := []admin.EventSeen{}
	for _, e := range d.Events {
		if e.Seen > 0 || len(e.Refused) > 0 {
			listed = append(listed, e)
		}
	}
	return listed
}

// HasRemarks reports whether something of an event that counts cannot be used.
func (d *eventsData) HasRemarks() bool {
	for _, e := range d.Events {
		if len(e.Remarks) > 0 {
			return true
		}
	}
	return false
}

func (c *Console) showEvents(req *request) (*page, error) {
	status, age, ready, err := c.events.get(req.Context(), patienceOf(req, eventsPatience), func(ctx context.Context) (admin.EventsStatus, error) {
		return c.o.Installation.EventsStatus(ctx, admin.EventsStatusOptions{Since: c.o.Installation.Now().Add(-eventsBack)})
	})
	if err != nil {
		return nil, err
	}
	data := eventsData{EventsStatus: status, Ready: ready, Age: age.Round(time.Second), MaySeeLearners: req.person.May(RolePeople)}
	if !data.MaySeeLearners { // a learner's id is for people who may look learners up
		data.EventsStatus = status.WithoutLearners()
	}
	return &page{name: "events", title: "Events", section: "events", command: "homeroom events status --since 7d", data: &data}, nil
}
