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

// findDenied learns what the NATS user may not ask. Without it each of these questions would wait until it is given up.
func (e *examination) findDenied(ctx context.Context, js jetstream.JetStream) error {
	var names []string
	for _, list := range askedSubjects() {
		names = append(names, list...)
	}
	slices.Sort(names)
	denied, err := store.DeniedSubjects(ctx, js, slices.Compact(names))
	e.denied = denied
	return err
}

// mayAsk reports whether the NATS user may ask what a check asks. If not, it is a finding for the check and for those that depend on it.
func (e *examination) mayAsk(check string, dependent ...string) bool {
	for _, subject := range askedSubjects()[check] {
		if slices.Contains(e.denied, subject) {
			e.reportNotChecked(fmt.Sprintf("this NATS user may not ask (%s): run the doctor as the operator", subject), append([]string{check}, dependent...)...)
			return false
		}
	}
	return true
}
