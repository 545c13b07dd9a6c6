package doctor

import (
	"context"
	"fmt"
	"slices"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/store"
	"homeroom/subjects"
)

// controlChecks are the checks that read the control bucket and the rules.
var controlChecks = []string{"rules", "instances", "rights", "secret", "provider", "provider-lists", "kill-switch", "marks", "set-aside", "rewinds"}

// askedSubjects returns, by check, what is asked of JetStream.
func askedSubjects() map[string][]string {
	asked := map[string][]string{
		"jetstream":  {"$JS.API.INFO"},
		"streams":    {"$JS.API.STREAM.INFO." + subjects.Stream},
		"consumers":  {"$JS.API.CONSUMER.LIST." + subjects.Stream},
		"write-keys": {"$JS.API.STREAM.MSG.GET.KV_" + store.BucketWriteKeys},
		"records":    {"$JS.API.CONSUMER.CREATE.KV_" + store.BucketControl + ".homeroom-doctor"},
	}
	for _, check := range controlChecks {
		asked[check] = []string{"$JS.API.STREAM.MSG.GET.KV_" + store.BucketControl, "$JS.API.STREAM.MSG.GET.KV_" + store.BucketRulesets}
	}
	return asked
}

// findUnanswered learns what the NATS user may not ask, and what nobody would answer. Without it each of these questions would wait until it is given up, and records that cannot be
// read would count as records that are not there. If nobody serves any of it, the server has no JetStream, which checkNATS finds out by itself.
func (e *examination) findUnanswered(ctx context.Context, js jetstream.JetStream) error {
	var names []string
	for _, list := range askedSubjects() {
		names = append(names, list...)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	denied, unserved, err := store.UnansweredSubjects(ctx, js, names)
	e.denied = denied
	if len(unserved) < len(names) {
		e.unserved = unserved
	}
	return err
}

// mayAsk reports whether the NATS user may ask what a check asks, and somebody answers. If not, it is a finding for the check and for those that depend on it.
func (e *examination) mayAsk(check string, dependent ...string) bool {
	for _, subject := range askedSubjects()[check] {
		if slices.Contains(e.denied, subject) {
			e.reportNotChecked(fmt.Sprintf("this NATS user may not ask (%s): run the doctor as the operator", subject), append([]string{check}, dependent...)...)
			return false
		}
		if slices.Contains(e.unserved, subject) {
			e.reportNotChecked(fmt.Sprintf("the account of this NATS user does not import %s: run the doctor as the operator", subject), append([]string{check}, dependent...)...)
			return false
		}
	}
	return true
}
