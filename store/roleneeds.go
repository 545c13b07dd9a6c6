package store

import (
	"fmt"
	"strings"

	"homeroom/engine"
	"homeroom/subjects"
)

// checkToken stands in subjects where an id would.
const checkToken = "homeroom-check"

// roleNeed is one subject that a role publishes on.
type roleNeed struct {
	subject  string
	imported string // the subject under which deploy/nats/accounts.conf imports it
	stream   string // takes the subject, or is what a request of JetStream's API is about
	direct   bool   // whether only a stream that allows direct gets serves the subject
}

// importLine returns the import as it stands in deploy/nats/accounts.conf.
func (n roleNeed) importLine() string {
	line := fmt.Sprintf("{service: {account: HOMEROOM, subject: %q}", n.imported)
	if request, isAPI := strings.CutPrefix(n.imported, "$JS.API."); isAPI {
		line += fmt.Sprintf(", to: %q", "$JS.homeroom.API."+request)
	}
	return line + "}"
}

// subjectsOf returns the subjects of needs, in their order.
func subjectsOf(needs []roleNeed) []string {
	names := make([]string, 0, len(needs))
	for _, need := range needs {
		names = append(names, need.subject)
	}
	return names
}

// roleNeeds returns one subject of each kind that a role publishes. Of the worker they are all that its user in
// deploy/nats/accounts.conf may publish on, except the request for a stream's state, without which no store opens.
func roleNeeds(role string) []roleNeed {
	switch role {
	case "triggers":
		return triggersNeeds()
	case "worker":
		return workerNeeds()
	case "console":
		return []roleNeed{
			needOf(subjects.AuditStream, subjects.Audit(checkToken), subjects.AllAudit),
			recordNeed(BucketDrafts, checkToken, ">"),
			recordNeed(BucketRulesets, checkToken, ">"),
		}
	case "api":
		return []roleNeed{
			needOf(subjects.Stream, subjects.Publish(checkToken, checkToken), subjects.AllPublished),
			getNeed("KV_" + BucketWriteKeys),
		}
	case "edge":
		return []roleNeed{
			needOf(subjects.Stream, subjects.Publish(checkToken, checkToken), subjects.AllPublished),
			needOf(subjects.DecisionStream, subjects.Decision(checkToken, checkToken, checkToken), subjects.AllDecisions),
			recordNeed(BucketProfiles, checkToken, ">"),
			recordNeed(BucketSuppressions, checkToken, ">"),
			recordNeed(BucketSends, checkToken, ">"),
		}
	}
	return nil
}

// triggersNeeds returns the needs of the role triggers. Its user is in the account HOMEROOM and imports nothing.
func triggersNeeds() []roleNeed {
	return []roleNeed{
		requestNeed(subjects.Stream, "$JS.API.CONSUMER.CREATE."+subjects.Stream+"."+checkToken),
		getNeed(subjects.Stream),
		getNeed("KV_" + BucketStanding),
		requestNeed("KV_"+BucketStanding, "$JS.API.CONSUMER.CREATE.KV_"+BucketStanding+"."+checkToken),
		recordNeed(BucketStanding, checkToken, ">"),
		recordNeed(BucketLearned, pathsPrefix+checkToken, pathsPrefix+"*"),
		needOf(subjects.DeadStream, subjects.Dead(checkToken, checkToken), subjects.AllDead),
		needOf(subjects.Stream, subjects.Publish(checkToken, checkToken), subjects.AllPublished),
		needOf(subjects.SetAsideStream, subjects.SetAside(checkToken), subjects.AllSetAside),
	}
}

// workerNeeds returns the needs of the role worker.
func workerNeeds() []roleNeed {
	decisions := requestNeed(subjects.DecisionStream, "$JS.API.DIRECT.GET."+subjects.DecisionStream)
	decisions.direct = true
	traitSet := subjects.Publish(checkToken, engine.EventTraitSet)
	return []roleNeed{
		getNeed("KV_" + BucketStanding),
		getNeed("KV_" + BucketProfiles),
		getNeed("KV_" + BucketSuppressions),
		getNeed("KV_" + BucketSends),
		getNeed("KV_" + BucketLinks),
		getNeed("KV_" + BucketRetired),
		getNeed("KV_" + BucketLearned),
		getNeed("KV_" + BucketRulesets),
		getNeed("KV_" + BucketControl),
		decisions,
		needOf(subjects.DecisionStream, subjects.Decision(checkToken, checkToken, checkToken), subjects.AllDecisions),
		needOf(subjects.Stream, traitSet, strings.Replace(traitSet, checkToken, "*", 1)),
		needOf(subjects.NudgeStream, subjects.Nudge(checkToken, checkToken), subjects.AllNudges),
		recordNeed(BucketSuppressions, checkToken, ">"),
		recordNeed(BucketSends, checkToken, ">"),
		recordNeed(BucketLinks, checkToken, ">"),
		recordNeed(BucketRetired, checkToken, ">"),
		recordNeed(BucketLearned, weightsPrefix+checkToken, weightsPrefix+"*"),
		recordNeed(BucketRulesets, checkToken, ">"),
		recordNeed(BucketControl, instanceKey(checkToken), ">"),
	}
}

// needOf returns the need to publish on a subject that a stream takes.
func needOf(stream, subject, imported string) roleNeed {
	return roleNeed{
		subject:  subject,
		imported: imported,
		stream:   stream,
	}
}

// requestNeed returns the need to ask JetStream's API about a stream.
func requestNeed(stream, subject string) roleNeed { return needOf(stream, subject, subject) }

// getNeed returns the need to ask for the messages of a stream.
func getNeed(stream string) roleNeed { return requestNeed(stream, "$JS.API.STREAM.MSG.GET."+stream) }

// recordNeed returns the need to write a record. The keys are those that deploy/nats/accounts.conf imports.
func recordNeed(bucket, key, keys string) roleNeed {
	return needOf("KV_"+bucket, subjectOfKey(bucket, key), subjectOfKey(bucket, keys))
}
