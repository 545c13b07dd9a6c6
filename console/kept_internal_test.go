package console

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// TestAFailureMakesNoAnswerYounger: a figure that cannot be counted again keeps its age.
func TestAFailureMakesNoAnswerYounger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := kept[int]{work: newBackground()}
		defer k.work.close()
		away := errors.New("NATS is away")
		ask := func(answer int, err error) (int, time.Duration) {
			value, age, ok, failed := k.get(t.Context(), time.Second, func(context.Context) (int, error) { return answer, err })
			if !ok || failed != nil {
				t.Fatal(ok, failed)
			}
			synctest.Wait()
			return value, age
		}
		ask(7, nil)
		time.Sleep(3 * time.Hour) // by the clock of synctest, at once
		ask(0, away)
		if value, age := ask(0, away); value != 7 || age < 3*time.Hour {
			t.Errorf("%d, %s old", value, age)
		}
	})
}
