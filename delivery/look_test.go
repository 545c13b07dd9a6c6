package delivery_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"homeroom/delivery"
	"homeroom/profile"
)

// lookWorld is a provider with two lists of pages of two, and everything that a look writes to.
type lookWorld struct {
	now      time.Time
	lists    map[string][]delivery.Listed
	errs     map[string]error // of the next reading of a list
	asked    []string
	record   delivery.LookRecord
	revision uint64
	book     map[string]string
}

func newLookWorld() *lookWorld {
	w := &lookWorld{now: start, lists: map[string][]delivery.Listed{}, errs: map[string]error{}, book: map[string]string{}}
	for n := range 5 {
		w.list("bounces", delivery.Listed{Email: fmt.Sprintf("b%d@example.org", n), At: start.AddDate(-1, 0, n), Reason: profile.ReasonBounced})
	}
	w.list("blocks", delivery.Listed{Email: "s@example.org", At: start.AddDate(0, 0, -1), SoftBounce: true})
	return w
}

func (w *lookWorld) list(name string, l delivery.Listed) { w.lists[name] = append(w.lists[name], l) }

func (w *lookWorld) process(name string) *delivery.ListLook {
	return delivery.NewListLook(delivery.ListLookOptions{
		Provider: w,
		Lists:    []string{"bounces", "blocks"},
		PageSize: 2,
		Book:     w,
		Records:  w,
		By:       name,
		Now:      func() time.Time { return w.now },
	})
}

func (w *lookWorld) ReadList(_ context.Context, list string, from, to time.Time, offset int) ([]delivery.Listed, error) {
	w.asked = append(w.asked, fmt.Sprintf("%s+%d", list, offset))
	if err := w.errs[list]; err != nil {
		delete(w.errs, list)
		return nil, err
	}
	var within []delivery.Listed
	for _, l := range w.lists[list] {
		if !l.At.Before(from) && !l.At.After(to) {
			within = append(within, l)
		}
	}
	within = within[min(offset, len(within)):]
	return within[:min(2, len(within))], nil
}

func (w *lookWorld) Look(context.Context) (delivery.LookRecord, uint64, error) {
	return w.record, w.revision, nil
}

func (w *lookWorld) PutLook(_ context.Context, r delivery.LookRecord, revision uint64) (uint64, error) {
	if revision != w.revision {
		return 0, delivery.ErrConflict
	}
	w.record = r
	w.revision++
	return w.revision, nil
}

func (w *lookWorld) Add(_ context.Context, email string, reason profile.Reason, _ time.Time) error {
	w.book[email] = string(reason)
	return nil
}

func (w *lookWorld) AddSoftBounce(_ context.Context, email string, _ time.Time) error { return nil }

func (w *lookWorld) AddDelivery(context.Context, string, time.Time) error { return nil }

func (w *lookWorld) LeaveTopic(context.Context, string, string, time.Time) error { return nil }

func (w *lookWorld) Has(_ context.Context, email string) (bool, error) {
	return w.book[email] != "", nil
}

// run looks and returns how often the provider was asked.
func (w *lookWorld) run(t *testing.T, l *delivery.ListLook) (result delivery.LookResult, asked int, err error) {
	t.Helper()
	before := len(w.asked)
	result, err = l.Run(t.Context())
	return result, len(w.asked) - before, err
}

func TestListsAreReadOnceADayByOneProcess(t *testing.T) {
	w := newLookWorld()
	a := w.process("a")
	b := w.process("b")
	result, _, err := w.run(t, a)
	if err != nil || result.Entries[delivery.ListedNew] != 5 || result.Entries[delivery.ListedCounted] != 1 || len(w.book) != 5 {
		t.Fatalf("the first look: %+v, %v; suppressed %v", result, err, w.book)
	}
	for _, process := range []*delivery.ListLook{a, b} {
		w.now = w.now.Add(11 * time.Hour)
		if result, asked, err := w.run(t, process); err != nil || asked != 0 || result.Looked {
			t.Errorf("the same day: asked %d times, %+v, %v", asked, result, err)
		}
	}
	w.now = start.Add(24 * time.Hour)
	w.list("bounces", delivery.Listed{Email: "new@example.org", At: start.Add(-time.Hour), Reason: profile.ReasonBounced}) // heard of late
	if result, asked, err := w.run(t, b); err != nil || asked != 2 || result.Entries[delivery.ListedNew] != 1 || len(result.Entries) != 2 {
		t.Errorf("the next day: asked %d times, %+v, %v", asked, result, err)
	}
	if n := b.Counts()[delivery.ListedCount{List: "bounces", Effect: delivery.ListedNew}]; n != 1 || b.Last().NextAt.IsZero() {
		t.Errorf("counted %d, last %+v", n, b.Last())
	}
}

func TestALookGoesOnWhereItStopped(t *testing.T) {
	w := newLookWorld()
	dead := w.process("dead")
	if _, _, err := w.run(t, dead); err != nil {
		t.Fatal(err)
	}
	// As if it had died after the second page: the cursor stands, and its lease.
	w.record.NextAt = time.Time{}
	w.record.Lease = w.now.Add(5 * time.Minute)
	w.record.Lists = map[string]delivery.ListCursor{"bounces": {To: w.now, Offset: 4}}
	other := w.process("other")
	if _, asked, err := w.run(t, other); err != nil || asked != 0 {
		t.Errorf("while the other holds it: asked %d times, %v", asked, err)
	}
	w.now = w.now.Add(6 * time.Minute)
	w.asked = nil
	if result, _, err := w.run(t, other); err != nil || !result.Looked || w.asked[0] != "bounces+4" {
		t.Errorf("asked %v, %+v, %v", w.asked, result, err)
	}
}

func TestALookThatFails(t *testing.T) {
	forbidden := &delivery.Error{Class: delivery.Refused, Status: 403, Message: "access forbidden"}
	busy := &delivery.Error{Class: delivery.Retry, Status: 429, RetryAfter: time.Hour, Message: "too many requests of ada@example.org"}
	t.Run("without permission, said once", func(t *testing.T) {
		w := newLookWorld()
		l := w.process("a")
		for day := range 3 {
			w.now = start.Add(time.Duration(day) * 24 * time.Hour)
			w.errs["bounces"] = forbidden
			result, _, err := w.run(t, l)
			if err != nil || !result.Looked || (len(result.Forbidden) == 1) != (day == 0) || !w.record.Lists["bounces"].Forbidden {
				t.Errorf("day %d: %+v, %v, %+v", day, result, err, w.record)
			}
		}
		w.now = w.now.Add(24 * time.Hour)
		if result, _, err := w.run(t, l); err != nil || result.Entries[delivery.ListedNew] != 5 || w.record.Lists["bounces"].Forbidden {
			t.Errorf("with permission: %+v, %v", result, err)
		}
	})
	t.Run("asked too often", func(t *testing.T) {
		w := newLookWorld()
		l := w.process("a")
		w.errs["blocks"] = busy
		if _, _, err := w.run(t, l); !errors.Is(err, busy) {
			t.Fatalf("got %v", err)
		}
		if r := w.record; !r.NextAt.Equal(start.Add(time.Hour)) || r.Problem == "" || r.Problem != "read the provider's list blocks: too many requests of (address)" {
			t.Errorf("record %+v", r)
		}
		w.now = start.Add(59 * time.Minute)
		if _, asked, _ := w.run(t, l); asked != 0 {
			t.Error("it asks before it may")
		}
		w.now = start.Add(time.Hour)
		if result, _, err := w.run(t, l); err != nil || !result.Looked || w.record.Problem != "" {
			t.Errorf("later: %+v, %v", result, err)
		}
	})
	t.Run("no answer", func(t *testing.T) {
		w := newLookWorld()
		w.errs["bounces"] = errors.New("no route to host")
		if _, _, err := w.run(t, w.process("a")); err == nil || !w.record.NextAt.Equal(start.Add(15*time.Minute)) {
			t.Errorf("got %v, %+v", err, w.record)
		}
	})
}

func TestWhatAnEntryOfAListChanges(t *testing.T) {
	w := newLookWorld()
	for _, c := range []struct {
		entry delivery.Listed
		want  delivery.ListedEffect
	}{
		{delivery.Listed{Email: "a@example.org", Reason: profile.ReasonBounced}, delivery.ListedNew},
		{delivery.Listed{Email: "a@example.org", Reason: profile.ReasonComplained}, delivery.ListedKnown},
		{delivery.Listed{Email: "b@example.org", SoftBounce: true}, delivery.ListedCounted},
		{delivery.Listed{Email: "b@example.org", Topic: "offers"}, delivery.ListedCounted},
		{delivery.Listed{Email: "", Reason: profile.ReasonBounced}, delivery.ListedInvalid},
		{delivery.Listed{Email: "no address", Reason: profile.ReasonBounced}, delivery.ListedInvalid},
	} {
		if got, err := delivery.TakeListed(t.Context(), w, c.entry); err != nil || got != c.want {
			t.Errorf("%+v: %s, %v; want %s", c.entry, got, err, c.want)
		}
	}
}
