package push

import (
	"testing"

	"homeroom/delivery"
)

// One app that took the message is enough; what may have arrived is not sent again; what nobody took may be.
func TestWhatSeveralAppsMean(t *testing.T) {
	taken := result{receipt: delivery.Receipt{MessageID: "1"}}
	failed := func(class delivery.Class) result { return result{err: &delivery.Error{Class: class}} }
	gone := result{err: &delivery.Error{Class: delivery.Final, Err: errTokenGone, Message: "gone"}}
	for _, c := range []struct {
		name    string
		results []result
		class   delivery.Class
	}{
		{"one took it", []result{gone, failed(delivery.Uncertain), taken}, ""},
		{"one may have got it", []result{failed(delivery.Retry), failed(delivery.Uncertain), gone}, delivery.Uncertain},
		{"an error that nobody knows", []result{failed(delivery.Retry), {err: errTokenGone}}, delivery.Uncertain},
		{"the account is refused", []result{failed(delivery.Retry), failed(delivery.Refused)}, delivery.Refused},
		{"not now", []result{gone, failed(delivery.Retry), failed(delivery.Final)}, delivery.Retry},
		{"all are gone", []result{gone, gone}, delivery.Final},
		{"none", nil, delivery.Final},
	} {
		_, err := outcomeOf(c.results)
		class, _ := delivery.Classify(err)
		if err == nil {
			class = ""
		}
		if class != c.class {
			t.Errorf("%s: %s, want %s", c.name, class, c.class)
		}
	}
}
