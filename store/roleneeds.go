package store

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"homeroom/engine"
	"homeroom/subjects"
)

// checkToken stands in subjects where an id would.
const checkToken = "homeroom-check"

// How requests of JetStream's API begin, and among them those for a stream's state.
const (
	apiPrefix   = "$JS.API."
	statePrefix = apiPrefix + "STREAM.INFO."
)

// roleNeed is one subject that a role publishes on.
type roleNeed struct {
	subject  string
	imported string // what deploy/nats/accounts.conf imports for it, often with wildcards ($KV.homeroom_sends.>); the role triggers imports nothing
	stream   string // takes the subject, or is what a request of JetStream's API is about
	// direct is whether only a stream that allows direct gets serves the subject, and perConsumer whether only a consumer does, of which there is none here.
	direct, perConsumer bool
}

// importLine returns the import as it stands in deploy/nats/accounts.conf.
func (n roleNeed) importLine() string {
	line := fmt.Sprintf("{service: {account: HOMEROOM, subject: %q}", n.imported)
	if request, isAPI := strings.CutPrefix(n.imported, apiPrefix); isAPI {
		line += fmt.Sprintf(", to: %q", "$JS.homeroom.API."+request)
	}
	return line + "}"
}

// permissionLine returns what deploy/nats/accounts.conf lets the role's user publish for this.
func (n roleNeed) permissionLine(role string) string {
	subject := n.imported
	if request, isAPI := strings.CutPrefix(subject, apiPrefix); isAPI && accountOf(role) != "HOMEROOM" {
		subject = "$JS.homeroom.API." + request // permissions are checked after the account's mapping
	}
	return strconv.Quote(subject)
}

// selectNeeds returns the needs that have one of the subjects.
func selectNeeds(needs []roleNeed, subjects []string) []roleNeed {
	var selected []roleNeed
	for _, need := range needs {
		if slices.Contains(subjects, need.subject) {
			selected = append(selected, need)
		}
	}
	return selected
}

// subjectsOf returns the subjects of needs, in their order.
func subjectsOf(needs []roleNeed) []string {
	names := make([]string, 0, len(needs))
	for _, need := range needs {
		names = append(names, need.subject)
	}
	return names
}

// roleNeeds returns one subject for each right that the role's user has in deploy/nats/accounts.conf. Left out are the records that are written once in the life of an
// installation, such as the secret, and purges.
func roleNeeds(role string) []roleNeed {
	needs := ownNeeds(role)
	if len(needs) == 0 {
		return nil
	}
	return append(needs, needOf("KV_"+BucketControl, statePrefix+"KV_"+BucketControl, statePrefix+"*"))
}

// ownNeeds returns the needs of a role but for a stream's state, which all roles ask for.
func ownNeeds(role string) []roleNeed {
	switch role {
	case "triggers":
		return triggersNeeds()
	case "worker":
		return workerNeeds()
	case "console":
		return consoleNeeds()
	case "api":
		return []roleNeed{
			needOf(subjects.Stream, subjects.Publish(checkToken, checkToken), subjects.AllPublished),
			getNeed("KV_" + BucketWriteKeys),
			getNeed("KV_" + BucketRulesets),
			getNeed("KV_" + BucketControl),
			recordNeed(BucketControl, instanceKey(checkToken), instancePrefix+"*"),
		}
	case "edge":
		return edgeNeeds()
	}
	return nil
}

// edgeNeeds returns the needs of the role edge.
func edgeNeeds() []roleNeed {
	return []roleNeed{
		needOf(subjects.Stream, subjects.Publish(checkToken, checkToken), subjects.AllPublished),
		needOf(subjects.DecisionStream, subjects.Decision(checkToken, checkToken, checkToken), subjects.AllDecisions),
		getNeed("KV_" + BucketProfiles),
		getNeed("KV_" + BucketSuppressions),
		getNeed("KV_" + BucketSends),
		getNeed("KV_" + BucketLinks),
		getNeed("KV_" + BucketRulesets),
		getNeed("KV_" + BucketControl),
		recordNeed(BucketProfiles, checkToken, ">"),
		recordNeed(BucketSuppressions, checkToken, ">"),
		recordNeed(BucketSends, checkToken, ">"),
		recordNeed(BucketControl, instanceKey(checkToken), instancePrefix+"*"),
	}
}

// consoleNeeds returns the needs of the console.
func consoleNeeds() []roleNeed {
	return []roleNeed{
		directNeed(subjects.Stream),
		directNeed(subjects.DeadStream),
		directNeed(subjects.DecisionStream),
		directNeed(subjects.AuditStream),
		getNeed("KV_" + BucketControl),
		getNeed("KV_" + BucketRulesets),
		getNeed("KV_" + BucketDrafts),
		getNeed("KV_" + BucketProfiles),
		requestNeed(subjects.DeadStream, "$JS.API.STREAM.MSG.DELETE."+subjects.DeadStream),
		needOf(subjects.Stream, subjects.Publish(checkToken, checkToken), subjects.AllPublished),
		needOf(subjects.AuditStream, subjects.Audit(checkToken), subjects.AllAudit),
		recordNeed(BucketRulesets, checkToken, ">"),
		recordNeed(BucketDrafts, checkToken, ">"),
		recordNeed(BucketControl, pauseKey, pauseKey),
		recordNeed(BucketControl, requestPrefix+checkToken+"."+checkToken, requestPrefix+"*.*"),
	}
}

// triggersNeeds returns the needs of the role triggers. Its user is in the account HOMEROOM and imports nothing. The right to purge HOMEROOM_SET_ASIDE is not tried: a
// server carries out a purge whose body is not JSON, and everything would be gone.
func triggersNeeds() []roleNeed {
	needs := consumerNeeds(subjects.Stream)
	needs = append(needs, consumerNeeds("KV_"+BucketStanding)...)
	return append(needs,
		needOf(subjects.Stream, apiPrefix+"CONSUMER.UNPIN."+subjects.Stream+"."+checkToken, apiPrefix+"CONSUMER.UNPIN."+subjects.Stream+".*"),
		acknowledgeNeed(subjects.Stream),
		directLastNeed(subjects.Stream),
		getNeed(subjects.Stream),
		getNeed(subjects.DeadStream),
		getNeed(subjects.SetAsideStream),
		getNeed("KV_"+BucketStanding),
		getNeed("KV_"+BucketProfiles),
		getNeed("KV_"+BucketSuppressions),
		getNeed("KV_"+BucketSends),
		getNeed("KV_"+BucketRetired),
		getNeed("KV_"+BucketLearned),
		getNeed("KV_"+BucketRulesets),
		getNeed("KV_"+BucketControl),
		recordNeed(BucketStanding, checkToken, ">"),
		recordNeed(BucketProfiles, checkToken, ">"),
		recordNeed(BucketSuppressions, checkToken, ">"),
		recordNeed(BucketLearned, pathsPrefix+checkToken, pathsPrefix+"*"),
		recordNeed(BucketControl, instanceKey(checkToken), ">"),
		needOf(subjects.DeadStream, subjects.Dead(checkToken, checkToken), subjects.AllDead),
		needOf(subjects.Stream, subjects.Publish(checkToken, checkToken), subjects.AllPublished),
		needOf(subjects.SetAsideStream, subjects.SetAside(checkToken), subjects.AllSetAside),
	)
}

// workerNeeds returns the needs of the role worker.
func workerNeeds() []roleNeed {
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
		directNeed(subjects.DecisionStream),
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

// consumerNeeds returns the needs to make consumers of a stream, to look at them and to ask them for messages.
func consumerNeeds(stream string) []roleNeed {
	create := apiPrefix + "CONSUMER.CREATE." + stream + "."
	look := apiPrefix + "CONSUMER.INFO." + stream + "."
	ask := apiPrefix + "CONSUMER.MSG.NEXT." + stream + "."
	next := needOf(stream, ask+checkToken, ask+"*")
	next.perConsumer = true
	return []roleNeed{
		needOf(stream, create+checkToken, create+">"),
		needOf(stream, look+checkToken, look+"*"),
		next,
	}
}

// acknowledgeNeed returns the need to acknowledge the messages of a stream.
func acknowledgeNeed(stream string) roleNeed {
	acknowledge := "$JS.ACK." + stream + "."
	need := needOf(stream, acknowledge+checkToken, acknowledge+">")
	need.perConsumer = true
	return need
}

// getNeed returns the need to ask for the messages of a stream.
func getNeed(stream string) roleNeed { return requestNeed(stream, "$JS.API.STREAM.MSG.GET."+stream) }

// directNeed returns the need to ask whichever server has a copy for the messages of a stream.
func directNeed(stream string) roleNeed {
	need := requestNeed(stream, "$JS.API.DIRECT.GET."+stream)
	need.direct = true
	return need
}

// directLastNeed returns the need to ask whichever server has a copy for the last message of a subject of a stream.
func directLastNeed(stream string) roleNeed {
	last := apiPrefix + "DIRECT.GET." + stream + "."
	need := needOf(stream, last+checkToken, last+">")
	need.direct = true
	return need
}

// recordNeed returns the need to write a record. The keys are those that deploy/nats/accounts.conf imports.
func recordNeed(bucket, key, keys string) roleNeed {
	return needOf("KV_"+bucket, subjectOfKey(bucket, key), subjectOfKey(bucket, keys))
}
